"""Laptops for which both readers must find the same: whole, cut, changed, mixed up, forked, forged, odd.

Each case is one laptop (or what is left of one) of its own name, so that many of them lie in one folder.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "vectors"))
import sealing as s  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
STUDY = [(HERE.parent / "vectors" / "study" / name).read_bytes() for name in ("study.yaml", "points.csv")]
FIRST, SECOND, THIRD = (s.Person(name) for name in ("first", "second", "third"))
FIELD = s.Person("field", s.SUPERVISOR)
PACK = s.Pack(*STUDY, [FIRST, SECOND], [FIELD])
NOBODYS = s.Pack(*STUDY, [FIELD, THIRD])  # what its researchers sign, no researcher of PACK signed
RANDOM = s.fixed("approval")
# A second pack with the same readers and another study; a third with one reader more, which two of the second signed.
LATER = [STUDY[0].replace(b"blocks: [6, 12]", b"blocks: [6]"), STUDY[1]]
SECOND_PACK = s.Pack(*LATER, [FIRST, SECOND], [FIELD], number=2, replaces=PACK.hash)
THIRD_PACK = s.Pack(*LATER, [THIRD, FIRST, SECOND], [FIELD], number=5, replaces=SECOND_PACK.hash, signers=(1, 2))
ONE_SIGNED = s.Pack(*LATER, [THIRD, FIRST, SECOND], [FIELD], number=3, replaces=SECOND_PACK.hash, signers=(1,))
OF_OTHERS = s.Pack(*LATER, [SECOND, THIRD], number=2, replaces=PACK.hash)
ANSWERS = [1, 1, 30, 1]
ONE_IN = 160  # of the odd records


class Case:
    """What one laptop leaves: ``files`` of a target folder, ``notices`` that only an archive holds."""

    def __init__(self, name, *laptops, approved=True):
        self.name, self.files, self.notices = name, {}, []
        for one in laptops:
            self.of(one, approved)

    def of(self, one, approved=True):
        self.id = one.id
        for p in one.packs:
            self.files[f"packs/{p.hash.hex()}.pack"] = p.bytes
        self.files.update(one.paths())
        if approved:
            self.files[f"down/{one.id.hex()}.approval"] = s.approval(one.packs[0], one.id, RANDOM, 1)
        return self

    def put(self, path, data):
        """Add or replace a file; without data: leave it out."""
        if data is None:
            del self.files[path]
        else:
            self.files[path] = data
        return self

    def note(self, *notices):
        self.notices += notices
        return self


def laptop(name, stop=3, root=None):
    """Three sessions: set-up with a test interview, approval and interviews, more interviews."""
    one = s.Laptop(name, PACK, root)
    one.begin()
    one.test = 1
    one.set_up()
    one.interview("p1", [1, 2, 0], [1, 3, 40, 2])
    one.fill()
    if stop == 1:
        return one
    one.begin()
    one.approve(s.approval(PACK, one.id, RANDOM, 1), RANDOM)
    one.test = 0
    one.interview("p2", [4, 0, None], [2, -3, 18, -2])
    one.interview("точка-3", [-1, -2, 3], [1, 0, 99, 5])
    one.refusal("p1")
    one.fill()
    if stop == 2:
        return one
    one.begin()
    one.interview("p1", [3, 3, 3], [1, 1, 50, 1])
    one.seal("void", dict(about=2, reason=2))
    one.interview("p2", [2, -4, -4], [1, -1, -2, -4], disposition=2120)
    one.seal("withdrawn", dict(about=5))
    one.fill()
    return one


def going_on(name, stop=2, **stream):
    """A laptop at the beginning of one more session."""
    one = laptop(name, stop)
    one.begin(**stream)
    return one


def two_more(one):
    one.interview("p1", [1, 1, 1], ANSWERS)
    one.interview("p2", [1, 1, 1], ANSWERS)
    one.fill()
    return one


# ---- what a carrier can do ----

def whole():
    yield Case("whole", laptop("whole"))
    yield Case("not approved", laptop("not approved"), approved=False)


def changed_bytes(steps=3):
    for place in range(3):
        size = len(list(laptop("size").paths().values())[place])
        for at in range(3 + place, size, max(1, size // steps)):
            name = f"segment {place}, byte {at} changed"
            one = laptop(name)
            path, data = list(one.paths().items())[place]
            yield Case(name, one).put(path, data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1:])


def flip(data, *places):
    out = bytearray(data)
    for at in places:
        out[at] ^= 1 << at % 8
    return bytes(out)


def changed_twice():
    """The numbers and heads in front of the entries, signatures, and several of them at once."""
    one = laptop("size")
    length = len(one.streams[0].sealed[0])
    front = len(list(one.paths().values())[0]) - 16 * length
    spots = {"first position": (front - 44,), "head before": (front - 20,), "count": (front - 4,),
             "count and length": (front - 3, 9), "the last signature": (front + 16 * length - 7,),
             "two signatures": (front + 3 * length - 7, front + 16 * length - 7),
             "two entries": (front + 3 * length + 9, front + 9 * length + 9),
             "the first entry": (front + 9,), "a mac": (front + 5 * length - 90,),
             "first position and an entry": (front - 44, front + 9 * length + 9)}
    for place in (0, 1):
        for what, where in spots.items():
            one = laptop(f"segment {place}: {what} changed")
            path, data = list(one.paths().items())[place]
            yield Case(one.name, one).put(path, flip(data, *where))
    for what, where in spots.items():
        one = laptop(f"every segment: {what} changed")
        case = Case(one.name, one)
        for path, data in one.paths().items():
            case.put(path, flip(data, *where))
        yield case
    for what, where in list(spots.items())[:4]:
        one = laptop(f"the front of half a segment: {what} changed")
        case = Case(one.name, one).put(list(one.paths())[1], None)
        path, data = one.path(one.streams[1], 6)
        yield case.put(*one.path(one.streams[1], 0, 6)).put(path, flip(data, *(at for at in where if at < len(data))))


def cut_short(steps=4):
    for place in range(3):
        size = len(list(laptop("size").paths().values())[place])
        for at in [*range(1 + place, size, max(1, size // steps)), size - 1, size + 4]:
            name = f"segment {place}, {at} bytes of {size}"
            one = laptop(name)
            path, data = list(one.paths().items())[place]
            yield Case(name, one).put(path, (data + b"more")[:at])


def missing():
    for place in range(3):
        one = laptop(f"segment {place} missing")
        yield Case(one.name, one).put(list(one.paths())[place], None)


def misplaced():
    one = laptop("under another range")
    paths = list(one.paths().items())
    name = s.Name.of(one.id, 2, 33, 48)
    yield Case(one.name, one).put(paths[1][0], None).put(f"up/{one.id.hex()}/{name}", paths[1][1])
    one = laptop("another laptop's segment")
    yield Case(one.name, one).put(list(one.paths())[2], list(laptop("another").paths().values())[2])
    one = laptop("under another stream too")
    yield Case(one.name, one).put(f"up/{one.id.hex()}/{s.Name.of(one.id, 7, 17, 32)}", list(one.paths().values())[1])
    one = laptop("twice, cut otherwise")
    yield Case(one.name, one).put(*one.path(one.streams[1], 2, 9)).put(*one.path(one.streams[1], 5, None))
    one = laptop("twice, one of them bad")
    yield Case(one.name, one).put(one.path(one.streams[1], 2, 9)[0], b"bad")


# ---- what somebody with a laptop's keys can do ----

def forks():
    for stop in (1, 2):
        name = f"fork behind session {stop}"
        a, b = (two_more(going_on(name, stop, branch=branch)) for branch in "ab")
        case = Case(name, a)
        case.files.update(b.paths())
        yield case
    name = "fork from the start"
    case = Case(name, laptop(name))
    case.files.update(laptop(name, root=(s.fixed("x"), s.fixed("y"))).paths())
    yield case
    one = going_on("a stream that names no head", 1, previous=s.ZEROS)
    one.seal("filler")
    yield Case(one.name, one)
    one = laptop("a stream number that falls", 1)
    one.begin(number=1)
    one.seal("filler")
    yield Case(one.name, one)


def other_keys():
    other = s.fixed("another key")
    for how in ("mac", "part"):
        one = going_on(f"a filler with another {how} key")
        one.seal_parts(s.write_field(dict(kind="filler")), s.write_answers("filler", {}, PACK.study), **{how: other})
        yield Case(one.name, two_more(one))
        one = going_on(f"a draw with another {how} key")
        stratum, drawn = one.draw("p1", [0, 1, 2])
        one.contacts += 1
        field = dict(kind="assigned", contact=one.contacts, interviewer="a", point="p1", stratum=stratum)
        one.seal_parts(s.write_field(field), s.write_answers("assigned", dict(draws=drawn), PACK.study), **{how: other})
        yield Case(one.name, two_more(one))
    one = s.Laptop("a root under another mac key", PACK)
    one.begin()
    one.mac = other
    one.seal("root", dict(pack_number=1), dict(mac=one.mac_root, assign=one.root))
    yield Case(one.name, one)
    one = going_on("commitments to other keys", committed=[other, other])
    yield Case(one.name, two_more(one))
    one = laptop("a stream that is not sealed to the first researcher", 2)
    one.begin(readers=[THIRD, SECOND])
    two_more(one)
    one.begin()
    yield Case(one.name, two_more(one))
    one = s.Laptop("no root at all", PACK)
    one.new_chains()
    one.mac = one.mac_root
    one.begin()
    one.seal("filler")
    yield Case(one.name, two_more(one))


def draws():
    one = going_on("a draw thrown away")
    one.draw("p1", [0, 1, 2])
    yield Case(one.name, two_more(one))
    one = going_on("a draw of one's own choice")
    one.interview("p1", [1, 1, 1], ANSWERS, draws=[(1, 0, 0), (0, 1, 0), (0, 2, 0)])
    yield Case(one.name, two_more(one))
    one = going_on("a stratum that is not the point's")
    one.interview("p1", [1, 1, 1], ANSWERS, stratum=2)
    yield Case(one.name, two_more(one))
    one = going_on("a point that is not in the list")
    PACK.study.stratum_of["nowhere"] = 1
    one.interview("nowhere", [1, 1, 1], ANSWERS)
    del PACK.study.stratum_of["nowhere"]
    yield Case(one.name, two_more(one))


def approvals():
    for random, name in ((s.fixed("own choice"), "an approval nobody gave"), (RANDOM, "an approval taken twice")):
        one = going_on(name)
        one.approve(s.approval(PACK, one.id, random, 1), random)
        yield Case(name, two_more(one))
    yield Case("an approval not taken", two_more(going_on("an approval not taken", 1)))
    one = laptop("an approval by a supervisor")
    yield Case(one.name, one).put(f"down/{one.id.hex()}.approval", s.approval(NOBODYS, one.id, RANDOM, 1))


# ---- packs that follow packs ----

def approve_under(one, pack, case):
    random = s.fixed(f"{one.name} {pack.number}")
    file = s.approval(pack, one.id, random, 0)
    one.approve(file, random)
    case.notices.append(file)


def packs():
    case = Case("under three packs")
    one = laptop(case.name)
    one.replace(SECOND_PACK, f"{one.name} 2")
    two_more(one)
    one.begin()
    approve_under(one, SECOND_PACK, case)
    two_more(one)
    one.replace(THIRD_PACK, f"{one.name} 3")
    approve_under(one, THIRD_PACK, case)
    two_more(one)
    yield case.of(one)
    one = laptop("to a pack that only one of two signed")
    one.replace(ONE_SIGNED, one.name)
    yield Case(one.name, two_more(one))
    one = laptop("to a pack of others")
    one.replace(OF_OTHERS, one.name)
    yield Case(one.name, two_more(one))
    one = laptop("over one pack")
    one.replace(THIRD_PACK, one.name)
    yield Case(one.name, two_more(one))
    one = laptop("and back")
    one.replace(SECOND_PACK, one.name)
    two_more(one)
    one.replace(PACK, f"{one.name} again")
    yield Case(one.name, two_more(one))
    one = laptop("without a root")
    one.pack = SECOND_PACK
    one.packs.append(SECOND_PACK)
    one.begin()
    yield Case(one.name, two_more(one))
    one = laptop("a root under its own mac root")
    one.pack, one.mac = SECOND_PACK, s.fixed("not the chain it ends")
    one.packs.append(SECOND_PACK)
    one.begin()
    one.mac_root = one.mac
    one.set_up()
    yield Case(one.name, two_more(one))
    one = laptop("the first approval again")
    one.replace(SECOND_PACK, one.name)
    one.approve(s.approval(PACK, one.id, RANDOM, 1), RANDOM)
    yield Case(one.name, two_more(one))
    case = Case("a revocation under a later pack")
    one = laptop(case.name)
    yield case.of(one).note(s.revocation(THIRD_PACK, one.id, 20, 0))


# ---- chains that restart, and what a researcher chooses ----

def restarted(name, n=None):
    """A laptop that lost its state and went on, behind entry n where it lost entries too."""
    one = laptop(name, 2)
    if n is not None:
        one.n, one.head = n, one.streams[0].heads[n - 1]
    one.restart(f"{name} again")
    root = one.n, one.head
    one.interview("p1", [1, 1, 1], ANSWERS)
    return two_more(one), root


def restarts():
    one, root = restarted("a chain restarted")
    yield Case(one.name, one)
    one, root = restarted("a chain restarted and chosen")
    yield Case(one.name, one).note(s.choice(PACK, one.id, *root, 1))
    one, root = restarted("a chain restarted behind lost entries", 16)
    yield Case(one.name, one)
    one, root = restarted("a chain restarted behind lost entries and chosen", 16)
    yield Case(one.name, one).note(s.choice(PACK, one.id, *root, 1))
    one, root = restarted("a chain restarted, another chosen")
    yield Case(one.name, one).note(s.choice(PACK, one.id, root[0], s.fixed("no head"), 1))
    one, root = restarted("a chain restarted, approved again")
    one.begin()
    one.approve(s.approval(PACK, one.id, RANDOM, 1), RANDOM)
    yield Case(one.name, two_more(one)).note(s.choice(PACK, one.id, *root, 1))
    one, root = restarted("a chain restarted, then a new pack")
    one.replace(SECOND_PACK, f"{one.name} 2")
    yield Case(one.name, two_more(one))
    one = laptop("a root that no chain asks for", 2)
    one.begin()
    one.set_up()
    yield Case(one.name, two_more(one))
    one, root = restarted("a chain restarted behind what never came")
    yield Case(one.name, one).put(list(one.paths())[1], None)
    one = laptop("a root in the middle of a session", 2)
    one.begin()
    one.interview("p1", [1, 1, 1], ANSWERS)
    one.set_up()
    yield Case(one.name, two_more(one))


def branches(name, stop=2):
    """Two histories of one laptop; what each begins with."""
    out = []
    for branch in "ab":
        one = going_on(name, stop, branch=branch)
        two_more(one)
        one.begin(branch=branch)
        two_more(one)
        out.append((one, (one.streams[stop].first, one.streams[stop].heads[0])))
    case = Case(name, out[0][0])
    case.files.update(out[1][0].paths())
    return case, out


def choices():
    for name, who in (("the first of two chosen", 0), ("the second of two chosen", 1)):
        case, two = branches(name)
        yield case.note(s.choice(PACK, case.id, *two[who][1], 1))
    case, two = branches("first one chosen, then the other")
    yield case.note(*(s.choice(PACK, case.id, *one[1], 1) for one in two))
    case, two = branches("the entry in front of both chosen")
    yield case.note(s.choice(PACK, case.id, 32, two[0][0].streams[1].heads[-1], 0))
    case, two = branches("an entry further on chosen")
    one = two[1][0]
    yield case.note(s.choice(PACK, case.id, one.n, one.head, 0))
    case, two = branches("something else chosen")
    yield case.note(s.choice(PACK, case.id, 33, s.fixed("no head"), 0))
    case, two = branches("chosen by a supervisor")
    yield case.note(s.choice(NOBODYS, case.id, *two[0][1], 0))
    case, two = branches("chosen, with a piece of it missing")
    case.note(s.choice(PACK, case.id, *two[1][1], 1))
    one = two[1][0]
    yield case.put(one.path(one.streams[2])[0], None).put(*one.path(one.streams[2], 0, 4)).put(
        *one.path(one.streams[2], 9, None))
    case, two = branches("chosen and revoked")
    yield case.note(s.choice(PACK, case.id, *two[1][1], 1), s.revocation(PACK, case.id, 40, 0))


# ---- what no contact may write ----

def contacts():
    def odd(name, act):
        one = going_on(name)
        act(one)
        one.fill()
        return Case(name, one)

    def outcome(one, contact):
        one.seal("outcome", dict(contact=contact, disposition=1100), dict(answers=ANSWERS))

    def after(one, act):
        one.interview("p1", [1, 1, 1], ANSWERS)
        act()
        one.interview("p1", [1, 1, 1], ANSWERS)

    def begun_twice(one):
        one.contacts -= 1

    def unfinished(one):
        stratum, drawn = one.draw("p1", [0, 1, 2])
        one.contacts += 1
        one.seal("assigned", dict(contact=one.contacts, interviewer="a", point="p1", stratum=stratum), dict(draws=drawn))
        one.seal("counted", dict(contact=one.contacts), dict(list=1, count=2))

    yield odd("counted before it began", lambda o: o.seal("counted", dict(contact=9), dict(list=0, count=1)))
    yield odd("an outcome before it began", lambda o: outcome(o, 9))
    yield odd("a void of nobody", lambda o: o.seal("void", dict(about=77, reason=1)))
    yield odd("two outcomes", lambda o: after(o, lambda: outcome(o, o.contacts)))
    yield odd("counted behind the outcome", lambda o: after(o, lambda: o.seal(
        "counted", dict(contact=o.contacts), dict(list=0, count=3))))
    yield odd("counted twice", lambda o: (unfinished(o), o.seal(
        "counted", dict(contact=o.contacts), dict(list=1, count=3))))
    yield odd("void and withdrawn", lambda o: (o.seal("void", dict(about=2)), o.seal("withdrawn", dict(about=2))))
    yield odd("begun twice", lambda o: after(o, lambda: begun_twice(o)))
    yield odd("unfinished", unfinished)
    yield odd("withdrawn on the way", lambda o: (unfinished(o), o.seal(
        "withdrawn", dict(contact=o.contacts, about=o.contacts))))


def odd_parts():
    """Every byte of both parts of every kind of entry, changed before it is sealed."""
    seen = set()
    for field, answers in laptop("records").log:
        if field["kind"] in seen or field["kind"] == "root":
            continue
        seen.add(field["kind"])
        plain = s.write_field(field) + s.write_answers(field["kind"], answers, PACK.study)
        for at in range(len(plain)):
            for value in sorted({0, 1, 2, 9, 31, 127, 128, 250, 251, 255, plain[at] + 1 & 255} - {plain[at]}):
                yield f"{field['kind']}, byte {at} as {value}", plain[:at] + bytes([value]) + plain[at + 1:]


def odd_records():
    for name, parts in list(odd_parts())[::ONE_IN]:
        one = s.Laptop(name, PACK)
        one.begin()
        one.set_up()
        one.seal_parts(parts[:128], parts[128:])
        yield Case(name, one)


def odd_roots():
    def rooted(name, **field):
        one = s.Laptop(name, PACK)
        one.begin()
        one.set_up(**field)
        return Case(name, two_more(one))
    yield rooted("a root of no pack number", pack_number=0)
    yield rooted("a root with a contact", contact=1)
    yield rooted("a root that replaces a laptop", replaces=s.fixed("old laptop"))


# ---- what a researcher decides ----

def revoked():
    for last in (0, 5, 16, 20, 48, 99):
        one = laptop(f"revoked behind {last}")
        yield Case(one.name, one).note(s.revocation(PACK, one.id, last, 0))
    one = laptop("revoked three times")
    yield Case(one.name, one).note(*(s.revocation(PACK, one.id, last, 0) for last in (30, 20, 25)))
    one = laptop("revoked by a supervisor")
    yield Case(one.name, one).note(s.revocation(NOBODYS, one.id, 3, 0))


GROUPS = (whole, changed_bytes, changed_twice, cut_short, missing, misplaced, forks, other_keys, draws, approvals, contacts, odd_roots,
          packs, restarts, choices, revoked, odd_records)
