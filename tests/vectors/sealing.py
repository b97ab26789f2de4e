"""The sealing half of core/FORMAT.md in Python: keys, packs, notices, and a laptop, all from fixed seeds.

The reading half is tests/interop/reader; neither knows the C code.
"""
import pathlib
import sys

import nacl.bindings as sodium
import nacl.pwhash.argon2id

sys.dont_write_bytecode = True  # the tree stays as it is
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "interop"))
from reader.assign import TEST, Chains, chain_key  # noqa: E402
from reader.basics import ZEROS, h, h512k, hk, label, le, words  # noqa: E402
from reader.records import KINDS  # noqa: E402
from reader.segment import FIELD_LEN, Name  # noqa: E402
from reader.study import Study  # noqa: E402

import hashlib  # noqa: E402

RESEARCHER, SUPERVISOR = 1, 2
INTERACTIVE = (2, 64 << 20)


def fixed(name, size=32):
    """Bytes that only this name gives, in the place of random ones."""
    return hashlib.blake2b(name.encode(), digest_size=size).digest()


def sign(use, message, seed):
    _, secret = sodium.crypto_sign_seed_keypair(seed)
    return sodium.crypto_sign(label(use) + message, secret)[:64]


def aead(plain, ad, key):
    return sodium.crypto_aead_chacha20poly1305_ietf_encrypt(plain, ad, bytes(12), key)


def box(message, to, secret):
    """crypto_box_seal with a given ephemeral key: its public half, then crypto_box under a hash of both."""
    public = sodium.crypto_scalarmult_base(secret)
    nonce = hashlib.blake2b(public + to, digest_size=24).digest()
    return public + sodium.crypto_box(message, nonce, to, secret)


class Person:
    def __init__(self, name, role=RESEARCHER):
        self.name, self.role = name, role
        self.seed, self.box_secret = fixed(name + " signs"), fixed(name + " opens")
        self.sign, _ = sodium.crypto_sign_seed_keypair(self.seed)
        self.box = sodium.crypto_scalarmult_base(self.box_secret)
        self.public = (self.sign, self.box)

    def key_file(self, passphrase, ops=INTERACTIVE[0], mem=INTERACTIVE[1]):
        salt, nonce = fixed(self.name + " salt", 16), fixed(self.name + " nonce", 24)
        front = b"SANAQSK1" + le(1, 2) + le(self.role, 1) + le(ops, 8) + le(mem, 8) + salt + self.sign + self.box
        wrap = nacl.pwhash.argon2id.kdf(32, passphrase, salt, opslimit=ops, memlimit=mem)
        sealed = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(self.seed + self.box_secret, label("key") + front,
                                                                   nonce, wrap)
        return front + nonce + sealed

    def public_file(self):
        both = self.sign + self.box
        return (f"sanaq public key 1\nrole: {'researcher' if self.role == RESEARCHER else 'supervisor'}\n"
                f"key: {both.hex()}\nwords: {words(h('key', both))}\n").encode()


class Pack:
    """A signed study; ``signers``: places among the researchers."""

    def __init__(self, study, points, researchers, supervisors=(), number=1, replaces=ZEROS, signers=(0,), version=1,
                 algorithm=1):
        self.study, self.number = Study(study, points, "a pack"), number
        self.researchers, self.supervisors = list(researchers), list(supervisors)
        strata = self.study.strata
        part = b"SANAQPK1" + le(version, 2) + le(algorithm, 2) + le(number, 4) + replaces
        for text in (study, points):
            part += le(len(text), 4) + text
        part += le(len(strata), 2) + b"".join(le(len(s.encode()), 1) + s.encode() for s in strata)
        for people in (self.researchers, self.supervisors):
            part += le(len(people), 1) + b"".join(p.sign + p.box for p in people)
        part += le(signers[0], 1)
        self.signed_part, self.hash, self.strata = part, h("pack", part), strata
        self.signers = list(signers)
        self.bytes = part + le(len(signers), 1) + b"".join(
            le(place, 1) + sign("pack", self.hash, self.researchers[place].seed) for place in signers)


def approval(pack, device, random, who):
    front = b"SANAQAP1" + le(1, 2) + pack.hash + device + random + le(who, 1)
    return front + sign("approve", front, pack.researchers[who].seed)


def revocation(pack, device, last, who):
    front = b"SANAQRV1" + le(1, 2) + pack.hash + device + le(last, 8) + le(who, 1)
    return front + sign("revoke", front, pack.researchers[who].seed)


def receipt(pack, device, n, head, who):
    front = b"SANAQRC1" + le(1, 2) + pack.hash + device + le(n, 8) + head + le(who, 1)
    return front + sign("receipt", front, pack.researchers[who].seed)


def choice(pack, device, n, head, who):
    front = b"SANAQCH1" + le(1, 2) + pack.hash + device + le(n, 8) + head + le(who, 1)
    return front + sign("choose", front, pack.researchers[who].seed)


def golive(pack):
    front, people = b"SANAQGL1" + le(1, 2) + pack.hash, pack.researchers + pack.supervisors
    return front + le(len(people), 1) + b"".join(sign("golive", front, p.seed) for p in people)


# ---- records ----

def pad(data, size):
    return data.ljust(size, b"\0")


def write_field(f):
    """The field part of a dict as reader.records gives it; what is not named is zero."""
    kind = f["kind"]
    out = bytes([1, KINDS.index(kind) + 1, f.get("test", 0) + 2 * f.get("simulated", 0), 0])
    out += le(f.get("contact", 0), 4) + le(f.get("wall", 0), 4) + le(f.get("monotonic", 0), 4) + f.get("boot", bytes(16))
    if kind == "root":
        out += le(f["pack_number"], 4) + f.get("replaces", ZEROS) + le(f.get("ops", 0), 8) + le(f.get("mem", 0), 8)
        out += f.get("machine", bytes(16))
    elif kind in ("assigned", "contact"):
        out += pad(f["interviewer"].encode(), 8) + pad(f["point"].encode(), 24) + le(f.get("address", 0), 4)
        out += le(f.get("attempt", 1), 1) + le(f.get("stratum", 0), 2)
        out += le(f.get("eligible", 0), 1) + le(f.get("selected", 0), 1)
    elif kind == "outcome":
        out += le(f["disposition"], 2) + le(f.get("day", 0), 4) + le(f.get("hour", 0), 1) + le(f.get("link", 0), 8)
    elif kind in ("approved", "void", "withdrawn"):
        out += f.get("hash", ZEROS) + le(f.get("about", 0), 4) + le(f.get("reason", 0), 2)
    return pad(out, FIELD_LEN)


def write_answers(kind, a, study):
    out = bytes([1, KINDS.index(kind) + 1])
    if kind == "root":
        out += a["mac"] + a["assign"]
    elif kind == "assigned":
        out += b"".join(bytes([arm, position]) + le(order, 8) for arm, position, order in a["draws"])
    elif kind == "counted":
        out += le(a["list"], 1) + le(a["count"] % 256, 1) + le(a.get("seconds", 0), 2)
        out += le(a.get("language", 0), 1) + le(a.get("mode", 0), 1) + b"\0"
    elif kind == "outcome":
        out += b"".join(le(value % 2**32, 4) for value in a["answers"])
    return pad(out, study.answers_len)


# ---- a laptop ----

class Stream:
    """An unlocked session, and the entries in it as they are sent."""

    def __init__(self, laptop, number, **instead):
        pack = laptop.pack
        self.number, self.first, self.sealed = number, laptop.n + 1, []
        self.befores, self.plain, self.heads = [], [], []
        name = f"{laptop.name} {number} {instead.get('branch', '')}"
        self.pack, self.ephemeral = pack, []
        self.part = [fixed("f " + name), fixed("a " + name)]
        self.part_keys = list(self.part)
        commits = [h("commit", k) for k in instead.get("committed", self.part)]
        covered = b"SANAQST1" + le(1, 2) + pack.hash + laptop.id + le(number, 8) + le(self.first, 8)
        covered += instead.get("previous", laptop.head)
        covered += le(FIELD_LEN + 16, 2) + le(pack.study.answers_len + 16, 2) + b"".join(commits)
        for people, message in ((instead.get("readers", pack.researchers), b"".join(self.part)), (pack.supervisors, self.part[0])):
            covered += le(len(people), 1)
            for p in people:
                self.ephemeral.append(fixed(f"ephemeral {name} {p.name}"))
                covered += box(message, p.box, self.ephemeral[-1])
        self.id = h("stream", covered)
        self.preamble = covered + sign("preamble", covered, laptop.seed)


class Laptop:
    """Seals entries as a kiosk does. ``test``: draws come from the test chains until it is set to 0."""

    def __init__(self, name, pack, root=None):
        self.name, self.pack, self.packs, self.seed = name, pack, [pack], fixed(name + " device")
        self.log = []  # the fields and answers of every entry
        self.id, _ = sodium.crypto_sign_seed_keypair(self.seed)
        self.n, self.head, self.mac, self.streams = 0, ZEROS, None, []
        self.mac_root, self.root = root or (fixed(name + " mac"), fixed(name + " assign"))
        self.test, self.contacts, self.minute = 0, 0, 27_000_000
        self.boot = fixed(name + " boot", 16)

    def begin(self, **instead):
        self.streams.append(Stream(self, instead.pop("number", len(self.streams) + 1), **instead))
        self.before = self.streams[-1].id

    def new_chains(self):
        self.chains = [Chains(self.pack.study, self.root), Chains(self.pack.study, chain_key(self.root, TEST, 0, 0))]

    def set_up(self, **more):
        """The root of a device or, later, of another pack."""
        self.new_chains()
        first = self.mac is None
        self.mac = self.mac_root if first else self.mac
        self.seal("root", {"pack_number": self.pack.number, "ops": 2, "mem": 64 << 20, **more},
                  dict(mac=self.mac_root, assign=self.root))
        self.mac = self.mac if first else self.mac_root

    def replace(self, pack, name):
        """Go on under a newer pack."""
        self.packs.append(pack)
        self.pack, self.mac_root, self.root = pack, fixed(name + " mac"), fixed(name + " assign")
        self.begin()
        self.set_up()

    def restart(self, name):
        """Its state is lost and its device key is not: one more root, MACed under its own MAC root."""
        self.mac, self.mac_root, self.root = None, fixed(name + " mac"), fixed(name + " assign")
        self.contacts = self.n
        self.begin()
        self.set_up()

    def seal(self, kind, field=None, answers=None):
        f = dict(kind=kind, test=self.test, wall=self.minute, monotonic=self.minute % 1000, boot=self.boot)
        f.update(field or {})
        self.minute += 1
        self.log.append((f, answers or {}))
        self.seal_parts(write_field(f), write_answers(kind, answers or {}, self.pack.study))

    def seal_parts(self, field, answers, mac=None, part=None):
        """Any two parts, sealed as entry n + 1; ``mac``, ``part``: other keys than the laptop's own."""
        stream, n, cut = self.streams[-1], le(self.n + 1, 8), []
        for i, (use, plain) in enumerate((("field", field), ("answers", answers))):
            both = h512k(stream.part_keys[i], "seal")
            stream.part_keys[i] = both[32:]
            cut.append(aead(plain, label(use) + stream.id + n, part or both[:32]))
        parts = b"".join(cut)
        code = hk(mac or self.mac, "mac", self.id + n + self.before + parts)
        self.mac = hk(self.mac, "next")
        head = h("head", self.before + parts + code)
        stream.befores.append(self.before)
        stream.plain.append((field, answers))
        stream.heads.append(head)
        stream.sealed.append(parts + code + sign("entry", stream.id + n + head, self.seed))
        self.before = self.head = head
        self.n += 1

    def approve(self, file, random):
        for chains in self.chains:
            chains.approve(random)
        self.seal("approved", dict(hash=h("approve", file)))

    def draw(self, point, asked):
        stratum = self.pack.study.stratum_of[point]
        return stratum, self.chains[self.test].draw(stratum, asked)

    def interview(self, point, counts, answers, disposition=1100, draws=None, **field):
        """A whole contact; ``counts``: one a list, None where it was not asked."""
        asked = [i for i, count in enumerate(counts) if count is not None]
        stratum, drawn = self.draw(point, asked)
        self.contacts += 1
        who = dict(contact=self.contacts)
        self.seal("assigned", {**who, "interviewer": "ab12", "point": point, "stratum": stratum, **field},
                  dict(draws=draws or drawn))
        for i, count in enumerate(counts):
            self.seal("counted", who, dict(list=i, count=-3 if count is None else count,
                                           seconds=0 if count is None else 35, mode=0 if count is None else 2))
        self.seal("outcome", dict(who, disposition=disposition), dict(answers=answers))

    def refusal(self, point, disposition=2112):
        """A contact that ended before any draw."""
        self.contacts += 1
        who, study = dict(contact=self.contacts), self.pack.study
        self.seal("contact", dict(who, interviewer="ab12", point=point, stratum=study.stratum_of[point]))
        for i in range(len(study.lists)):
            self.seal("counted", who, dict(list=i, count=-4))
        self.seal("outcome", dict(who, disposition=disposition), dict(answers=[-4] * len(study.questions)))

    def fill(self):
        while self.n % 16:
            self.seal("filler")

    def segment(self, stream, start=0, end=None):
        """Name and bytes of the segment of entries start..end of a stream (places in it)."""
        sealed, first = stream.sealed[start:end], stream.first + start
        data = b"SANAQSG1" + le(1, 2) + le(len(stream.preamble), 4) + stream.preamble + le(first, 8)
        data += stream.befores[start] + le(len(sealed), 4) + b"".join(sealed)
        return Name.of(self.id, stream.number, first, first + len(sealed) - 1), data

    def path(self, stream, start=0, end=None):
        """The same with the name that it has in a target folder."""
        name, data = self.segment(stream, start, end)
        return f"up/{self.id.hex()}/{name}", data

    def paths(self):
        return dict(self.path(s) for s in self.streams if s.sealed)
