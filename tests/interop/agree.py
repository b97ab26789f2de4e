#!/usr/bin/python3
"""The reader in this folder and sanaq-admin give every piece the same verdict, and count and export the same.

    ADMIN=build/sanaq-admin tests/interop/agree.py [--full] [GROUP ...]
    ADMIN=build/sanaq-admin tests/interop/agree.py --folder DIR --key FILE --passphrase-file FILE

Without --folder: over the laptops of cases.py, a folder a group. --full takes all the odd records, not a few of them.
"""
import argparse
import csv
import json
import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # the tree stays as it is
try:
    import cases
    from reader.basics import words
    from reader.command import report, status
    from reader.contacts import Contacts, row
    from reader.files import RESEARCHER, StudyKey
    from reader.reading import Reading
    from reader.source import NOTICES, open_source
except ImportError as missing:
    print(f"skipped: {missing}; install python3-nacl and python3-yaml")
    sys.exit(77)

PASSPHRASE = b"for tests only"


def run(*command, ok=(0,)):
    done = subprocess.run([os.environ["ADMIN"], *map(str, command)], capture_output=True, text=True, check=False)
    if done.returncode not in ok:
        sys.exit(f"sanaq-admin {command[0]} ended with {done.returncode}: {done.stderr}")
    return done


class Theirs:
    """What sanaq-admin makes of an archive."""

    def __init__(self, archive, key, passphrase):
        secret = ("--key", key, "--passphrase-file", passphrase)
        done = run("verify", archive, *secret, "--json", ok=(0, 1, 4))
        self.told, self.status, self.rows = json.loads(done.stdout), done.returncode, None
        if self.told["draws"] is not None:
            table = archive.with_suffix(".csv")
            run("export", archive, *secret, "--format", "csv", "--out", table, "--force", "--unblind", "test", ok=(0, 1, 4))
            with open(table, newline="", encoding="utf-8") as f:
                self.rows = list(csv.DictReader(f))


class Ours:
    """What the reader makes of a folder or an archive."""

    def __init__(self, source, key, which):
        reading = Reading(open_source(source), key, None if source.is_file() else which)
        contacts = [Contacts(d) for d in reading.devices]
        self.told, self.status = report(reading, contacts), status(reading, contacts)
        self.rows = [row(c) for of_one in contacts for c in of_one.all]


def by_device(told):
    """Verdicts as the positions that have them: both cut their lines where they like."""
    out = {d["id"]: [d["words"], d["verdict"], d["entries"]] for d in told["devices"]}
    for v in sorted(told["verdicts"], key=lambda v: (v["verdict"], v["first"])):
        lines = out[v["device"]]
        if len(lines) > 3 and lines[-1][2] == v["verdict"] and v["first"] <= lines[-1][1] + 1:
            lines[-1] = (lines[-1][0], max(lines[-1][1], v["last"]), v["verdict"])
        else:
            lines.append((v["first"], v["last"], v["verdict"]))
    return out


def rows_apart(ours, theirs):
    """The export has the interviews of the frame, and columns that the reader leaves to others."""
    known = {}
    for r in ours:
        known.setdefault(r["id"], []).append({k: "" if v is None else str(v) for k, v in r.items()})
    return [f"row {r['id']}: reader {known.get(r['id'])}, admin {r}" for r in theirs
            if not any(all(r[k] == mine[k] for k in r if k in mine) for mine in known.get(r["id"], []))]


def differences(ours, theirs, names):
    apart, mine, other = [], by_device(ours.told), by_device(theirs.told)
    for device in sorted({*mine, *other}):
        if mine.get(device) != other.get(device):
            name = names.get(bytes.fromhex(device), device)
            apart.append(f"{name}: reader {mine.get(device)}, admin {other.get(device)}")
    for what in ("ok", "draws", "addresses", "assignment"):
        a, b = ours.told[what], theirs.told[what]
        b = {k: v for k, v in b.items() if k in a} if isinstance(b, dict) and isinstance(a, dict) else b
        if a != b:
            apart.append(f"{what}: reader {a}, admin {b}")
    if ours.status != theirs.status:
        apart.append(f"exit status: reader {ours.status}, admin {theirs.status}")
    return apart + (rows_apart(ours.rows, theirs.rows) if theirs.rows is not None else [])


def compare(top, archive, keys, passphrase, names, archive_only, which=None):
    apart = []
    for path, key in keys:
        theirs = Theirs(archive, path, passphrase)
        for source in (archive,) if archive_only or key.role != RESEARCHER else (top, archive):
            apart += [f"{path.name}: {sentence}" for sentence in differences(Ours(source, key, which), theirs, names)]
    return apart


def add_notices(archive, notices):
    """As `devices revoke` would: but these need no person."""
    db = sqlite3.connect(archive)
    with db:
        for data in notices:
            db.execute("INSERT INTO notice(kind, device, bytes) VALUES(?, ?, ?)", (NOTICES[data[:8]], data[42:74], data))
    db.close()


def lay_out(group, top):
    names, notices = {}, []
    for case in group():
        names[case.id] = case.name
        notices += case.notices
        for name, data in case.files.items():
            path = top / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            os.utime(path, (946684800, 946684800))
    return names, notices


def compare_groups(only, tmp):
    passphrase, keys, failed = tmp / "passphrase", [], 0
    passphrase.write_bytes(PASSPHRASE + b"\n")
    for person in (cases.FIRST, cases.FIELD, cases.THIRD):
        path = tmp / f"{person.name}.key"
        path.write_bytes(person.key_file(PASSPHRASE))
        keys.append((path, StudyKey(path.read_bytes(), PASSPHRASE, path)))
    for group in cases.GROUPS:
        if only and group.__name__ not in only:
            continue
        top, archive = tmp / group.__name__, tmp / f"{group.__name__}.archive"
        names, notices = lay_out(group, top)
        run("pull", f"dir:{top}", "--archive", archive, "--expect", words(cases.PACK.hash), ok=(0, 4))
        add_notices(archive, notices)
        readers = keys if group is cases.packs else keys[:2]  # the third reads under the last pack only
        apart = compare(top, archive, readers, passphrase, names, bool(notices), words(cases.PACK.hash))
        print(f"{group.__name__}: {len(names)} laptops, {len(apart)} differences")
        print("".join(f"  {sentence}\n" for sentence in apart), end="")
        failed += len(apart)
    return failed


def compare_folder(o, tmp):
    passphrase = o.passphrase_file.read_bytes().split(b"\n")[0]
    key, archive = StudyKey(o.key.read_bytes(), passphrase, o.key), tmp / "folder.archive"
    run("pull", f"dir:{o.folder}", "--archive", archive, ok=(0, 4))
    apart = compare(o.folder, archive, [(o.key, key)], o.passphrase_file, {}, False)
    print("\n".join(apart))
    return len(apart)


def main():
    cli = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cli.add_argument("group", nargs="*", help="of " + ", ".join(g.__name__ for g in cases.GROUPS))
    for name in ("folder", "key", "passphrase-file"):
        cli.add_argument(f"--{name}", type=pathlib.Path)
    cli.add_argument("--full", action="store_true")
    o = cli.parse_args()
    cases.ONE_IN = 1 if o.full else cases.ONE_IN
    with tempfile.TemporaryDirectory(prefix="sanaq-agree-") as tmp:
        tmp = pathlib.Path(tmp)
        return (compare_folder(o, tmp) if o.folder else compare_groups(o.group, tmp)) > 0


if __name__ == "__main__":
    sys.exit(main())
