#!/usr/bin/python3
"""Known answers for every byte of core/FORMAT.md, from the sealing half in sealing.py, which knows no C code.

    tests/vectors/make.py            writes v1/
    tests/vectors/make.py --check    says what differs from v1/ and writes nothing

v1/ is frozen: it must open for ever. A format that changes gets a folder of its own beside it. v1/home and v1/archive are as
sanaq-kiosk and sanaq-admin wrote them; they come from no script.
"""
import json
import pathlib
import sys

try:
    import sealing as s
    from reader.basics import h, hk, label, le, words
except ImportError as missing:
    print(f"skipped: {missing}; install python3-nacl and python3-yaml")
    sys.exit(77)

HERE = pathlib.Path(__file__).resolve().parent
USES = """pack golive approve revoke receipt choose device preamble entry stream head mac next seal field answers commit chain
    draw machine key row simulate slot share code local epoch state""".split()
PASSPHRASE = "семь слов: seven words"
STUDY = [(HERE / "study" / name).read_bytes() for name in ("study.yaml", "points.csv")]
LATER = [STUDY[0].replace(b"blocks: [6, 12]", b"blocks: [6]"), STUDY[1]]
FIRST, SECOND, THIRD = (s.Person(name) for name in ("first", "second", "third"))
FIELD = s.Person("field", s.SUPERVISOR)
PACK = s.Pack(*STUDY, [FIRST, SECOND], [FIELD], signers=(1, 0))
NEXT = s.Pack(*LATER, [THIRD, SECOND, FIRST], [FIELD], number=3, replaces=PACK.hash, signers=(1, 2))


def plain(value):
    """For JSON: bytes as hexadecimal."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value


# ---- the laptop ----

def approve(one, pack, notices):
    random = s.fixed(f"approval {pack.number} {one.n}")
    file = s.approval(pack, one.id, random, 1)
    notices.append(file)
    one.approve(file, random)


def make_laptop(notices):
    """Test, approval, live interviews of every ending, a second pack, and a chain restarted."""
    one = s.Laptop("vector", PACK)
    one.begin()
    one.test = 1
    one.set_up(machine=s.fixed("machine", 16))
    one.interview("p1", [1, 2, 0], [1, 3, 40, 2])
    one.fill()
    one.begin()
    approve(one, PACK, notices)
    one.test = 0
    one.interview("p2", [4, 0, None], [2, -3, 18, -2], eligible=3, selected=2, address=7, attempt=2)
    one.interview("точка-3", [-1, -2, 3], [1, 0, 99, 5])
    one.refusal("p1")
    one.fill()
    one.begin()
    one.interview("p1", [3, 3, 3], [1, 1, 50, 1])
    one.seal("void", dict(about=2, reason=2))
    one.interview("p2", [2, -4, -4], [1, -1, -2, -4], disposition=2120)
    one.seal("withdrawn", dict(about=5))
    one.fill()
    one.replace(NEXT, "vector under the next pack")
    one.interview("p1", [0, 1, 2], [1, 2, 77, -1])
    approve(one, NEXT, notices)
    one.interview("p2", [0, 4, None], [2, -3, 99, -2])
    one.fill()
    one.restart("vector restarted")
    notices.append(s.choice(NEXT, one.id, one.n, one.head, 2))
    approve(one, NEXT, notices)
    one.interview("точка-3", [2, 1, None], [2, -3, -2, 3])
    one.fill()
    return one


def told_stream(stream):
    entries = []
    for i, sealed in enumerate(stream.sealed):
        entries.append(dict(n=stream.first + i, field=stream.plain[i][0], answers=stream.plain[i][1],
                            before=stream.befores[i], head=stream.heads[i], sealed=sealed))
    return dict(number=stream.number, pack=f"{stream.pack.hash.hex()}.pack", f=stream.part[0], a=stream.part[1],
                ephemeral=stream.ephemeral, preamble=stream.preamble, id=stream.id, entries=entries)


# ---- the rest ----

def labels():
    key, message = s.fixed("label key"), b"the message"
    return [dict(use=use, label=label(use), message=message, key=key, h=h(use, message), hk=hk(key, use, message),
                 sign=s.sign(use, message, key)) for use in USES]


def steps():
    """The pieces of the stream one by one."""
    a, b, c = (s.fixed(f"step {i}") for i in range(3))
    both = s.h512k(a, "seal")
    return dict(key=a, device=b, before=c, n=7, parts=b"c" * 300, signature=bytes(64),
                seal_once=both[:32], seal_next=both[32:], mac=hk(a, "mac", b + le(7, 8) + c + b"c" * 300),
                next=hk(a, "next"), commit=h("commit", a), head=h("head", c + b"c" * 300 + b),
                field_ad=label("field") + a + le(7, 8), answers_ad=label("answers") + a + le(7, 8),
                entry_signed=label("entry") + a + le(7, 8) + b)


def draws():
    """A first draw and a second, a first one of the test chains, and one behind an approval."""
    root, random, asked = s.fixed("draws"), s.fixed("draws approved"), [0, 1, 2]
    chains, later = s.Chains(PACK.study, root), s.Chains(PACK.study, root)
    test = s.Chains(PACK.study, s.chain_key(root, s.TEST, 0, 0))
    later.approve(random)
    return dict(root=root, approval=random, first=chains.draw(1, asked), second=chains.draw(1, asked),
                test=test.draw(1, asked), approved=later.draw(1, asked))


def fingerprints():
    hashes = [bytes(32), b"\xff" * 32, bytes(range(32)), PACK.hash, h("device", s.fixed("some device"))]
    return [dict(hash=x, words=words(x)) for x in hashes]


def closing():
    out = []
    for n, mac in ((1, bytes(32)), (9999, b"\xff" * 32), (10000, s.fixed("closing")), (123456789, s.fixed("other"))):
        number = f"{int.from_bytes(mac, 'little') % 10**20:020}"
        digits = f"{n % 10000:04}" + number
        out.append(dict(n=n, mac=mac, code=" ".join(digits[i:i + 4] for i in range(0, 24, 4))))
    return out


def refused_records(laptop):
    """Sealed by nobody: what a reader must not take for a record."""
    study, out = PACK.study, []
    kinds = {f["kind"]: (s.write_field(f), s.write_answers(f["kind"], a, study)) for f, a in laptop.log
             if f["kind"] != "root" or f["pack_number"] == 1}

    def odd(kind, part, at, value, why):
        parts = list(kinds[kind])
        parts[part] = parts[part][:at] + value + parts[part][at + len(value):]
        out.append(dict(why=why, kind=kind, part=("field", "answers")[part], field=parts[0], answers=parts[1]))
    odd("filler", 0, 0, b"\2", "another version")
    odd("filler", 0, 1, b"\0", "no kind")
    odd("filler", 0, 1, b"\x0a", "an unknown kind")
    odd("filler", 0, 2, b"\4", "an unknown flag")
    odd("filler", 0, 3, b"\1", "a byte that is not zero")
    odd("filler", 0, 127, b"\1", "padding that is not zero")
    odd("filler", 0, 4, b"\1", "a filler with a contact")
    odd("counted", 0, 4, bytes(4), "a count without a contact")
    odd("root", 0, 32, bytes(4), "a root without a pack number")
    odd("assigned", 0, 32, bytes(8), "no interviewer")
    odd("assigned", 0, 32, b"\x07", "a control character in the interviewer's code")
    odd("assigned", 0, 40, bytes(24), "no point")
    odd("assigned", 0, 40, b"\xff", "a point that is not UTF-8")
    odd("assigned", 0, 40, "p\u202ex".encode(), "a point that changes the direction of text")
    odd("assigned", 0, 68, b"\0", "attempt 0")
    odd("assigned", 0, 69, le(1025, 2), "stratum 1025")
    odd("assigned", 0, 71, b"\1\2", "the second of one adult")
    odd("outcome", 0, 32, le(2113, 2), "no disposition")
    odd("outcome", 0, 34, bytes(4) + b"\x01", "an hour without a day")
    odd("outcome", 0, 34, b"\1\0\0\0\x18", "hour 24")
    odd("void", 0, 32, b"\1", "a void with a hash")
    odd("void", 0, 64, bytes(4), "a void of no contact")
    odd("filler", 1, 0, b"\2", "another version of the answers")
    odd("filler", 1, 1, b"\2", "another kind than the field part")
    odd("filler", 1, 2, b"\1", "answers of a filler")
    odd("assigned", 1, 2, b"\2", "an arm that the list does not have")
    odd("assigned", 1, 3, b"\3", "a position that is none")
    odd("assigned", 1, 3, b"\1" + bytes(8) + b"\1\1", "two lists in one position")
    odd("assigned", 1, 4, le(24, 8), "a permutation number too large")
    odd("assigned", 1, 14, le(1, 8), "a permutation of a fixed order")
    odd("assigned", 1, 2, b"\xff", "a position of a list not asked")
    odd("counted", 1, 2, b"\3", "a list that the study does not have")
    odd("counted", 1, 3, b"\5", "more than J + 1")
    odd("counted", 1, 3, b"\xfa", "no missing code")
    odd("counted", 1, 4, b"\4", "seconds that are no multiple of 5")
    odd("counted", 1, 6, b"\2", "a language that the study does not have")
    odd("counted", 1, 7, b"\4", "no mode")
    odd("counted", 1, 8, b"\1", "flags of a count")
    odd("outcome", 1, 2, le(3, 4), "a code that no option has")
    odd("outcome", 1, 6, le(4, 4), "an option that there is not")
    odd("outcome", 1, 10, le(17, 4), "a number below its range")
    odd("outcome", 1, 2, le(2**32 - 6, 4), "no missing code")
    return out


def refused_packs():
    flipped = bytearray(PACK.bytes)
    flipped[-1] ^= 1
    twice = s.Pack(*STUDY, [FIRST, SECOND], [FIELD], signers=(0, 0))
    return [
        dict(why="version", error="unsupported", bytes=s.Pack(*STUDY, [FIRST, SECOND], version=2).bytes),
        dict(why="algorithm", error="unsupported", bytes=s.Pack(*STUDY, [FIRST, SECOND], algorithm=2).bytes),
        dict(why="algorithm 0", error="unsupported", bytes=s.Pack(*STUDY, [FIRST, SECOND], algorithm=0).bytes),
        dict(why="a changed signature", error="signature", bytes=bytes(flipped)),
        dict(why="signed by one twice", error="format", bytes=twice.bytes),
        dict(why="a researcher twice", error="format", bytes=s.Pack(*STUDY, [FIRST, FIRST]).bytes),
        dict(why="one researcher", error="format", bytes=s.Pack(*STUDY, [FIRST]).bytes),
        dict(why="bytes left over", error="format", bytes=PACK.bytes + b"\0"),
        dict(why="number 2 that replaces nothing", error="format",
             bytes=s.Pack(*STUDY, [FIRST, SECOND], number=2).bytes)]


def everything():
    notices = []
    laptop = make_laptop(notices)
    last = laptop.streams[0]
    target = {f"packs/{p.hash.hex()}.pack": p.bytes for p in (PACK, NEXT)}
    target.update(laptop.paths())
    target[f"down/{laptop.id.hex()}.approval"] = notices[0]
    target[f"down/{laptop.id.hex()}.receipt"] = s.receipt(PACK, laptop.id, last.first + 15, last.heads[15], 0)
    target[f"down/{PACK.hash.hex()}.golive"] = s.golive(PACK)
    files = {f"target/{name}": data for name, data in target.items()}
    for n, data in enumerate(notices):
        files[f"notice-{n}"] = data
    files["revocation"] = s.revocation(NEXT, laptop.id, 20, 1)
    for p in (FIRST, SECOND, THIRD, FIELD):
        files[f"{p.name}.key"] = p.key_file(PASSPHRASE.encode())
        files[f"{p.name}.pub"] = p.public_file()
    told = dict(
        rows=[h("row", laptop.id + le(n, 4))[:12].hex() for n in range(1, laptop.contacts + 1)],
        passphrase=PASSPHRASE, approval=dict(file="notice-0", hash=h("approve", notices[0])), labels=labels(), steps=steps(), draws=draws(), fingerprints=fingerprints(), closing=closing(),
        keys=[dict(file=f"{p.name}.key", role=p.role, sign_seed=p.seed, sign=p.sign, box_secret=p.box_secret, box=p.box,
                   salt=s.fixed(p.name + " salt", 16), nonce=s.fixed(p.name + " nonce", 24),
                   words=words(h("key", p.sign + p.box))) for p in (FIRST, SECOND, THIRD, FIELD)],
        packs=[dict(file=f"target/packs/{p.hash.hex()}.pack", hash=p.hash, words=words(p.hash), number=p.number,
                    strata=[x.encode() for x in p.strata], signers=p.signers) for p in (PACK, NEXT)],
        refused_packs=refused_packs(),
        laptop=dict(seed=laptop.seed, id=laptop.id, words=words(h("device", laptop.id)),
                    streams=[told_stream(x) for x in laptop.streams]),
        refused_records=refused_records(laptop))
    files["vectors.json"] = (json.dumps(plain(told), indent=1, ensure_ascii=False) + "\n").encode()
    return files


def main():
    top, files = HERE / "v1", everything()
    if sys.argv[1:] == ["--check"]:
        wrong = [name for name, data in files.items() if not (top / name).exists() or (top / name).read_bytes() != data]
        print("\n".join(f"{name} is another" for name in wrong) or f"{len(files)} files as they were")
        return bool(wrong)
    for name, data in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_bytes(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
