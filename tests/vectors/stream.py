#!/usr/bin/env python3
"""A second reader of what laptops send, written from core/FORMAT.md alone and sharing nothing with the C code:

    python3 tests/vectors/stream.py FOLDER --key RESEARCHER.key --passphrase-file FILE

Opens the study key, the packs and every segment of the target FOLDER; checks names, signatures, heads, boxes,
commitments, MACs, parts and approvals; replays every draw; prints one line an entry behind the root ("DEVICE POSITION
FIELD ANSWERS", hexadecimal) and the ledger of draws. Ends with status 1 and a sentence at the first thing that does
not fit, with 77 where PyNaCl or PyYAML (Debian: python3-nacl, python3-yaml) is missing. For tests.
"""
import argparse
import hashlib
import pathlib
import re
import sys

try:
    import nacl.bindings as sodium
    import nacl.exceptions
    import nacl.pwhash.argon2id
    import yaml
except ImportError as missing:
    print(f"skipped: {missing}; install python3-nacl and python3-yaml", file=sys.stderr)
    sys.exit(77)

sys.dont_write_bytecode = True  # the tree stays as it is
from assign import Chains  # noqa: E402

ROOT, ASSIGNED, CONTACT, COUNTED, OUTCOME, APPROVED, VOID, WITHDRAWN, FILLER = range(1, 10)
NOT_ASKED, FIELD_LEN, MAC_LEN, SIGN_LEN, TAG_LEN = 255, 128, 32, 64, 16
ZEROS = bytes(32)


def need(true, sentence):
    if not true:
        sys.exit(f"stream.py: {sentence}")


def label(use):
    return (b"sanaq1/" + use.encode()).ljust(16, b"\0")


def le(value, size):
    return value.to_bytes(size, "little")


def h(use, data, key=b""):
    return hashlib.blake2b(label(use) + data, digest_size=32, key=key).digest()


def signed(use, message, signature, key):
    try:
        sodium.crypto_sign_open(signature + label(use) + message, key)
        return True
    except nacl.exceptions.BadSignatureError:
        return False


class Bytes:
    """Reads from the front; running out is a fault of the file."""

    def __init__(self, data, name):
        self.data, self.at, self.name = data, 0, name

    def raw(self, n):
        need(self.at + n <= len(self.data), f"{self.name} is cut short")
        self.at += n
        return self.data[self.at - n:self.at]

    def u(self, size):
        return int.from_bytes(self.raw(size), "little")

    def magic(self, wanted):
        need(self.raw(8) == wanted and self.u(2) == 1, f"{self.name} is not {wanted.decode()} version 1")

    def done(self):
        need(self.at == len(self.data), f"{self.name} has bytes left over")


class StudyKey:
    def __init__(self, path, passphrase):
        r = Bytes(path.read_bytes(), path)
        r.magic(b"SANAQSK1")
        need(r.u(1) == 1, f"{path} is not a researcher's key")
        ops, mem, salt = r.u(8), r.u(8), r.raw(16)
        self.sign, self.box = r.raw(32), r.raw(32)
        ad = label("key") + r.data[:r.at]
        nonce, sealed = r.raw(24), r.raw(64 + TAG_LEN)
        r.done()
        wrap = nacl.pwhash.argon2id.kdf(32, passphrase, salt, opslimit=ops, memlimit=mem)
        plain = sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(sealed, ad, nonce, wrap)
        self.box_secret = plain[32:]
        need(sodium.crypto_sign_seed_keypair(plain[:32])[0] == self.sign, "the key's seed gives another public key")
        need(sodium.crypto_scalarmult_base(self.box_secret) == self.box, "the key's X25519 halves do not fit")


class Pack:
    def __init__(self, path):
        r = Bytes(path.read_bytes(), path)
        r.magic(b"SANAQPK1")
        need(r.u(2) == 1, f"{path} has another algorithm")
        self.number = r.u(4)
        r.raw(32)
        # libyaml where it is there: PyYAML's own parser stumbles over "{en: Why?}"
        study = yaml.load(r.raw(r.u(4)), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        r.raw(r.u(4))
        self.strata = r.u(2)
        for _ in range(self.strata):
            r.raw(r.u(1))
        self.researchers = [(r.raw(32), r.raw(32)) for _ in range(r.u(1))]
        self.supervisors = [(r.raw(32), r.raw(32)) for _ in range(r.u(1))]
        signer = r.u(1)
        self.hash = h("pack", r.data[:r.at])
        need(path.stem == self.hash.hex(), f"{path} is not named by its hash")
        places = []
        for _ in range(r.u(1)):
            places.append(r.u(1))
            need(signed("pack", self.hash, r.raw(64), self.researchers[places[-1]][0]), f"{path}: signature")
        need(places and len(set(places)) == len(places), f"{path} is signed by nobody, or by one twice")
        need(places[0] == signer, f"{path} is not signed by its signer first")
        r.done()
        self.design(study)

    def design(self, study):
        """What section 8 needs to know of the study."""
        plan = study.get("assignment", {})
        ratio, ids = plan.get("ratio", {}), [one["id"] for one in study["lists"]]
        sections = [s for name in ("questions", "direct", "after", "observations") for s in study.get(name, [])]
        self.lists, self.questions = len(ids), len(sections)
        self.assignment = dict(
            strata=self.strata,
            blocks=plan["blocks"] if plan.get("method") == "blocks" else None,
            list_order=study.get("list-order") == "random",
            doubles=[([ids.index(i) for i in d["lists"]], d.get("order") == "random")
                     for d in study.get("doubles", [])],
            lists=[dict(items=len(one["items"]), order=one.get("order") == "random",
                        shares=[ratio.get("control", 1)] + [ratio.get(s["id"], 1) for s in one["sensitive"]])
                   for one in study["lists"]])
        longest = max(112, 66, 2 + 10 * self.lists, 2 + 4 * self.questions)
        self.answers_len = (longest + 15) // 16 * 16


class Stream:
    """A preamble that was checked, and the part keys of the next entry."""

    def __init__(self, data, packs, key, name):
        r = Bytes(data, name)
        r.magic(b"SANAQST1")
        pack_hash, self.device = r.raw(32), r.raw(32)
        need(pack_hash in packs, f"{name}: its pack is not there")
        self.pack = packs[pack_hash]
        self.number, self.first, self.previous = r.u(8), r.u(8), r.raw(32)
        need((r.u(2), r.u(2)) == (FIELD_LEN + TAG_LEN, self.pack.answers_len + TAG_LEN), f"{name}: part sizes")
        commitments = [r.raw(32), r.raw(32)]
        boxes = [r.raw(112) for _ in range(r.u(1))]
        supervisors = [r.raw(80) for _ in range(r.u(1))]
        need((len(boxes), len(supervisors)) == (len(self.pack.researchers), len(self.pack.supervisors)),
             f"{name}: numbers of boxes")
        covered = r.data[:r.at]
        need(signed("preamble", covered, r.raw(64), self.device), f"{name}: preamble signature")
        r.done()
        self.id = h("stream", covered)
        own = boxes[self.pack.researchers.index((key.sign, key.box))]
        both = sodium.crypto_box_seal_open(own, key.box, key.box_secret)
        self.part = [both[:32], both[32:]]
        need([h("commit", k) for k in self.part] == commitments, f"{name}: commitments")
        self.next = self.first

    def open(self, n, sealed):
        """The two parts of entry n; keys move on. ``sealed``: cF and cA."""
        need(n == self.next, f"entry {n} is opened out of order")
        self.next += 1
        cut, plain = FIELD_LEN + TAG_LEN, []
        for i, (use, part) in enumerate((("field", sealed[:cut]), ("answers", sealed[cut:]))):
            both = hashlib.blake2b(label("seal"), digest_size=64, key=self.part[i]).digest()
            self.part[i] = both[32:]
            ad = label(use) + self.id + le(n, 8)
            plain.append(sodium.crypto_aead_chacha20poly1305_ietf_decrypt(part, ad, bytes(12), both[:32]))
        return plain


class Approval:
    def __init__(self, path, packs):
        r = Bytes(path.read_bytes(), path)
        r.magic(b"SANAQAP1")
        pack, self.device, self.random, who = r.raw(32), r.raw(32), r.raw(32), r.u(1)
        need(path.stem == self.device.hex(), f"{path} is for another laptop")
        covered = r.data[:r.at]
        need(signed("approve", covered, r.raw(64), packs[pack].researchers[who][0]), f"{path}: signature")
        r.done()
        self.hash = h("approve", r.data)


class Ledger(dict):
    NAMES = "assigned counted dont_know refused broken_off voided withdrawn unfinished".split()

    def __init__(self):
        super().__init__({name: 0 for name in self.NAMES})

    def close(self, contacts):
        for c in contacts.values():
            for lst in c["asked"]:
                self["assigned"] += 1
                count = c["counts"].get(lst)
                self["withdrawn" if c["withdrawn"] else "voided" if c["voided"] else "unfinished" if count is None
                     else "counted" if count >= 0 else {-1: "dont_know", -2: "refused"}.get(count, "broken_off")] += 1


class Device:
    def __init__(self, key, approval):
        self.device, self.approval, self.head, self.n = key, approval, ZEROS, 0
        self.mac = self.chains = self.stream = None
        self.contacts, self.replayed, self.lines = {}, 0, []

    def begin(self, stream, name):
        if self.stream is not None and self.stream.id == stream.id:
            return
        need(stream.first == self.n + 1 and stream.previous == self.head, f"{name}: not behind what came before")
        need(self.stream is None or stream.number > self.stream.number, f"{name}: stream numbers fall")
        self.stream, self.head = stream, stream.id

    def entry(self, n, before, sealed):
        need(n == self.n + 1 and before == self.head, f"entry {n}: the chain of heads is broken")
        parts, mac, sig = sealed[:-96], sealed[-96:-64], sealed[-64:]
        self.n, self.head = n, h("head", before + sealed[:-SIGN_LEN])
        need(signed("entry", self.stream.id + le(n, 8) + self.head, sig, self.device), f"entry {n}: signature")
        field, answers = self.stream.open(n, parts)
        if n == 1:
            need(field[1] == ROOT, "the first entry is no root")
            self.mac = answers[2:34]
            root = answers[34:66]
            design = self.stream.pack.assignment
            self.chains = [Chains(design, root), Chains(design, h("chain", bytes([10, 0, 0, 0]), root))]
        need(h("mac", self.device + le(n, 8) + before + parts, self.mac) == mac, f"entry {n}: mac")
        self.mac = h("next", b"", self.mac)
        self.event(n, field, answers)

    def event(self, n, field, answers):
        kind, contact = field[1], int.from_bytes(field[4:8], "little")
        need(field[0] == answers[0] == 1 and answers[1] == kind and field[3] == 0, f"entry {n}: versions or kinds")
        if kind == ASSIGNED:
            self.assigned(n, contact, field, answers)
        elif kind == COUNTED:
            count = int.from_bytes(answers[3:4], "little", signed=True)
            need(answers[2] not in self.contacts[contact]["counts"], f"entry {n}: a second count")
            self.contacts[contact]["counts"][answers[2]] = count
        elif kind == CONTACT:
            self.new(contact, [])
        elif kind == APPROVED:
            need(self.approval is not None and field[32:64] == self.approval.hash, f"entry {n}: another approval")
            for chains in self.chains:
                chains.approve(self.approval.random)
        elif kind in (VOID, WITHDRAWN):
            about = int.from_bytes(field[64:68], "little")
            self.contacts[about]["voided" if kind == VOID else "withdrawn"] = True
        if kind != ROOT:
            self.lines.append(f"{self.device.hex()} {n} {field.hex()} {answers.hex()}")

    def new(self, contact, asked):
        need(contact == len(self.contacts) + 1, f"contact {contact} is out of order")
        self.contacts[contact] = dict(asked=asked, counts={}, voided=False, withdrawn=False)

    def assigned(self, n, contact, field, answers):
        lists = range(self.stream.pack.lists)
        rows = [answers[2 + 10 * i:12 + 10 * i] for i in lists]
        sealed = [(r[0], r[1], int.from_bytes(r[2:], "little")) for r in rows]
        asked = [i for i in lists if sealed[i][0] != NOT_ASKED]
        stratum = int.from_bytes(field[69:71], "little")
        stratum = stratum if stratum <= self.stream.pack.strata else 0
        test = field[2] & 1
        need(self.chains[test].draw(stratum, asked) == sealed, f"entry {n}: the draw is not the key's")
        self.replayed += 1
        self.new(contact, asked)


def segments(folder):
    name = re.compile(r"([0-9a-f]{16})-(\d{8,})-(\d{8,})-(\d{8,})\.seg")
    for path in folder.glob("*.seg"):
        match = name.fullmatch(path.name)
        need(match and folder.name.startswith(match[1]), f"{path} is no name of a segment")
        need(int(path.stat().st_mtime) == 946684800, f"{path} tells when it was written")
        yield (int(match[3]), int(match[4]), int(match[2]), path)


def read_device(folder, packs, approvals, key):
    device = Device(bytes.fromhex(folder.name), approvals.get(bytes.fromhex(folder.name)))
    for first, last, number, path in sorted(segments(folder)):
        r = Bytes(path.read_bytes(), path)
        r.magic(b"SANAQSG1")
        stream = Stream(r.raw(r.u(4)), packs, key, path)
        need((stream.device, stream.number) == (device.device, number), f"{path} is another's")
        need(r.u(8) == first, f"{path} begins elsewhere")
        before, count = r.raw(32), r.u(4)
        need(first + count - 1 == last, f"{path} ends elsewhere")
        device.begin(stream, path)
        for n in range(first, last + 1):
            sealed = r.raw(FIELD_LEN + stream.pack.answers_len + 2 * TAG_LEN + MAC_LEN + SIGN_LEN)
            device.entry(n, before, sealed)
            before = device.head
        r.done()
    need(device.n % 16 == 0 or device.n == 1, f"{folder}: {device.n} entries are no multiple of 16")
    return device


def main():
    cli = argparse.ArgumentParser()
    cli.add_argument("folder", type=pathlib.Path)
    cli.add_argument("--key", type=pathlib.Path, required=True)
    cli.add_argument("--passphrase-file", type=pathlib.Path, required=True)
    o = cli.parse_args()
    key = StudyKey(o.key, o.passphrase_file.read_bytes().split(b"\n")[0])
    packs = {p.hash: p for p in map(Pack, o.folder.glob("packs/*.pack"))}
    approvals = {a.device: a for a in (Approval(p, packs) for p in o.folder.glob("down/*.approval"))}
    ledger, replayed = Ledger(), 0
    for folder in sorted((o.folder / "up").iterdir()):
        device = read_device(folder, packs, approvals, key)
        print(*device.lines, sep="\n")
        ledger.close(device.contacts)
        replayed += device.replayed
    print("ledger", *ledger.values())
    print("replayed", replayed)


main()
