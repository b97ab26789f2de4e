"""The command: options, what it prints, how it ends."""
import argparse
import csv
import getpass
import io
import json
import os
import pathlib
import sys

from .basics import Refused, need, words
from .contacts import Contacts, addresses, ledger, row
from .files import RESEARCHER, StudyKey
from .reading import Reading
from .source import open_source

ABOUT = """Opens, verifies and prints what laptops of a Sanaq study sealed, without any of Sanaq's own programs: with
a study key, Python and its packages nacl and yaml (Debian: python3-nacl, python3-yaml)."""
MORE = """SOURCE is the folder that laptops sync to (up, packs, down in it) or the researchers' archive. In a folder only
the laptops whose approvals lie in its down folder count; revocations are in archives only. Nothing is written to SOURCE.
Without --interviews, --entries or --json the verdicts are printed for people.
Exit status: 0 all intact, 1 something counted is in doubt, 2 usage, 3 something could not be read, 4 pieces set aside."""


def options():
    cli = argparse.ArgumentParser(prog="sanaq-read", description=ABOUT, epilog=MORE)
    cli.add_argument("source", metavar="SOURCE", help="a folder or an archive")
    cli.add_argument("--key", required=True, metavar="FILE", help="a researcher's or supervisor's study key")
    cli.add_argument("--passphrase-file", metavar="FILE", help="its first line is the passphrase; else it is asked for")
    cli.add_argument("--pack", metavar='"EIGHT WORDS"', help="the study's first pack, where the folder has several")
    cli.add_argument("--interviews", metavar="FILE", help="one row a contact, as CSV or (*.json) JSON; - prints CSV")
    cli.add_argument("--entries", metavar="FILE", help="every opened entry in hexadecimal, one a line; - prints them")
    cli.add_argument("--json", action="store_true", help="print the verdicts as JSON")
    return cli


def passphrase(path):
    """UTF-8 bytes of one line, without its end."""
    if path is None:
        return getpass.getpass("Passphrase of the key: ").encode()
    line = pathlib.Path(path).read_bytes().split(b"\n")[0]
    return line[:-1] if line.endswith(b"\r") else line


def status(reading, contacts):
    return 1 if any(c.irregular for c in contacts) else reading.status()


def report(reading, contacts):
    every = [c for of_one in contacts for c in of_one.all]
    opened = reading.key.role == RESEARCHER
    total = {name: sum(getattr(d, name) for d in reading.devices)
             for name in ("replayed", "mismatched", "before_approval")}
    return dict(
        ok=status(reading, contacts) == 0,
        devices=[dict(id=d.id.hex(), words=d.words, verdict=d.verdict(), entries=d.entries) for d in reading.devices],
        draws=ledger(every) if opened else None, addresses=addresses(every), assignment=total if opened else None,
        verdicts=[dict(device=d.id.hex(), stream=line.stream, first=line.first, last=line.last, verdict=line.verdict)
                  for d in reading.devices for line in d.lines])


def say(reading, told):
    print(f"study {reading.pack.study.id}, pack {reading.pack.number}: {reading.pack.words}")
    for d in told["devices"]:
        print(f"{d['verdict']:28} {d['entries']:8} entries  {d['words']}")
    for v in told["verdicts"]:
        print(f"  {v['device'][:16]}: stream {v['stream']}, entries {v['first']} to {v['last']}: {v['verdict']}")
    for what in ("draws", "addresses", "assignment"):
        print(f"{what}:", told_of(told[what]))


def told_of(counts):
    if counts is None:
        return "not checked with this key"
    return ", ".join(told_of(n) if isinstance(n, dict) else f"{n} {name.replace('_', ' ')}" for name, n in counts.items())


def write(path, text):
    """A new file that only its owner may read: it holds answers in clear."""
    if path == "-":
        sys.stdout.write(text)
        return
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as f:
            f.write(text)
    except FileExistsError:
        need(False, f"{path} is there already; give a new name")


def interviews(path, contacts):
    rows = sorted((row(c) for of_one in contacts for c in of_one.all), key=lambda r: r["id"])
    if path.endswith(".json"):
        return json.dumps(rows, indent=1, ensure_ascii=False) + "\n"
    out = io.StringIO()
    names = list(dict.fromkeys(name for r in rows for name in r))
    table = csv.DictWriter(out, names, lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return out.getvalue()


def entries(reading):
    return "".join(f"{d.id.hex()} {e.n} {' '.join(part.hex() for part in e.raw)}\n"
                   for d in reading.devices for e in d.events)


def run(arguments):
    o = options().parse_args(arguments)
    source = open_source(o.source)
    path = pathlib.Path(o.key)
    need(path.is_file(), f"{path} is not there; give the study key, FILE.key")
    key = StudyKey(path.read_bytes(), passphrase(o.passphrase_file), path)
    reading = Reading(source, key, o.pack)
    contacts = [Contacts(d) for d in reading.devices]
    told = report(reading, contacts)
    for sentence in reading.refused + [f"{name}: not a name it may have here; not read" for name in source.skipped]:
        print(f"sanaq-read: {sentence}", file=sys.stderr)
    if o.interviews is not None:
        write(o.interviews, interviews(o.interviews, contacts))
    if o.entries is not None:
        write(o.entries, entries(reading))
    if o.json:
        print(json.dumps(told, indent=2, ensure_ascii=False))
    elif o.interviews is None and o.entries is None:
        say(reading, told)
    return status(reading, contacts)


def main(arguments):
    try:
        return run(arguments)
    except (Refused, OSError) as fault:
        print(f"sanaq-read: {fault}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        return 3
