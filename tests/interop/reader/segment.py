"""FORMAT.md sections 4, 5 and 9: the file that travels, as far as anybody can check it without a key."""
import functools
import re

from .basics import Bytes, Refused, h, le, need, verify, MAC_LEN, SIGN_LEN, TAG_LEN, ZEROS

NAME = re.compile(r"([0-9a-f]{16})-(\d{8,20})-(\d{8,20})-(\d{8,20})\.seg")
FIELD_LEN = 128
MAX_BYTES, MAX_ENTRIES, MAX_PREAMBLE, MAX_PART = 4 << 20, 4096, 16384, 4096
MAX_POSITION, MAX_IN_STREAM = 1 << 24, 1 << 20


class Name:
    def __init__(self, text):
        match = NAME.fullmatch(text)
        need(match, f"{text} is no name of a segment")
        self.device = bytes.fromhex(match[1])
        self.stream, self.first, self.last = (int(n) for n in match.groups()[1:])
        need(text == self.of(self.device, self.stream, self.first, self.last), f"{text} is no name of a segment")
        need(1 <= self.first <= self.last < 2**64, f"{text}: its positions cannot be")

    @staticmethod
    def of(device, stream, first, last):
        return f"{device.hex()[:16]}-{stream:08}-{first:08}-{last:08}.seg"


class Preamble:
    def __init__(self, data, name):
        need(len(data) <= MAX_PREAMBLE, f"{name}: its preamble is too long")
        r = Bytes(data, name)
        r.magic(b"SANAQST1")
        self.pack, self.device = r.raw(32), r.raw(32)
        self.stream, self.first, self.previous = r.u(8), r.u(8), r.raw(32)
        self.lengths = (r.u(2), r.u(2))
        self.commitments = [r.raw(32), r.raw(32)]
        self.researchers = [r.raw(112) for _ in range(r.count(1, 0, 16, "researchers' boxes"))]
        self.supervisors = [r.raw(80) for _ in range(r.count(1, 0, 16, "supervisors' boxes"))]
        self.covered, self.signature = data[:r.at], r.raw(SIGN_LEN)
        r.done()
        need(all(TAG_LEN + 16 <= n <= MAX_PART for n in self.lengths), f"{name}: impossible lengths")
        need(self.stream > 0 and self.first > 0 and (self.first > 1 or self.previous == ZEROS), f"{name}: no beginning")
        self.id = h("stream", self.covered)

    def signed(self):
        return verify("preamble", self.covered, self.signature, self.device)

    def fits(self, pack):
        return ((len(self.researchers), len(self.supervisors)) == (len(pack.researchers), len(pack.supervisors)) and
                self.lengths == (FIELD_LEN + TAG_LEN, pack.study.answers_len + TAG_LEN))


class Entry:
    """One entry as it lies in a segment. ``before`` and ``head``: the heads around it."""

    def __init__(self, preamble, n, before, sealed):
        self.preamble, self.n, self.before, self.vouched = preamble, n, before, False
        self.parts, self.mac, self.signature = sealed[:-96], sealed[-96:-64], sealed[-64:]
        self.head = h("head", before + self.parts + self.mac)

    def signed(self):
        return verify("entry", self.preamble.id + le(self.n, 8) + self.head, self.signature, self.preamble.device)

    def prior(self):
        """The head in front of it in its history, over the border of streams too."""
        return self.preamble.previous if self.n == self.preamble.first else self.before


class Segment:
    """``longer``, ``short``: not as long as it says."""

    def __init__(self, data, name):
        need(len(data) <= MAX_BYTES, f"{name} is larger than a segment may be")
        r = Bytes(data, name)
        r.magic(b"SANAQSG1")
        preamble = r.raw(r.u(4))
        self.first, self.before = r.u(8), r.raw(32)
        said = r.count(4, 1, MAX_ENTRIES, "entries")
        self.preamble = Preamble(preamble, name)
        length = sum(self.preamble.lengths) + MAC_LEN + SIGN_LEN
        there, rest = divmod(r.rest(), length)
        # bytes that make whole entries say better than the number how many there are
        count = there if there < said or (rest == 0 and 0 < there <= MAX_ENTRIES) else said
        self.odd_length = r.rest() != said * length
        self.sealed = [r.raw(length) for _ in range(count)]

    def in_range(self):
        return self.preamble.first <= self.first <= min(MAX_POSITION, self.preamble.first + MAX_IN_STREAM)

    def entries(self):
        """All entries, with heads folded from the front; vouched for as far as the signatures go."""
        out, head = [], self.preamble.id if self.first == self.preamble.first else self.before
        for i, sealed in enumerate(self.sealed):
            out.append(Entry(self.preamble, self.first + i, head, sealed))
            head = out[-1].head
        good = len(out) if out and out[-1].signed() else next((i for i, e in enumerate(out) if not e.signed()), 0)
        for entry in out[:good]:
            entry.vouched = True
        return out


@functools.lru_cache(maxsize=4096)
def one_bit_back(stream, device, n, before, sealed):
    """The entry with the one bit changed that makes its own signature fit; None if there is none."""
    data = bytearray(sealed)
    for bit in range(8 * len(data)):
        data[bit // 8] ^= 1 << bit % 8
        head = h("head", before + bytes(data[:-SIGN_LEN]))
        if verify("entry", stream + le(n, 8) + head, bytes(data[-SIGN_LEN:]), device):
            return bytes(data)
        data[bit // 8] ^= 1 << bit % 8
    return None


def elsewhere(files, preamble, n):
    """The entry at this position that a file of the same stream vouches for, or None."""
    for f in files:
        for e in f.entries or []:
            if e.vouched and e.n == n and e.preamble.id == preamble.id:
                return e
    return None


class File:
    """A segment under its name. ``fault``: why not all of it counts; ``entries`` is None where nothing does."""

    def __init__(self, name, data, device, packs):
        self.name, self.entries, self.segment = name, None, None
        self.fault = self.judge(data, device, packs)
        if self.fault is None:
            self.fault = self.judge_entries()

    def judge(self, data, device, packs):
        try:
            self.segment = Segment(data, str(self.name))
        except Refused:
            return "damaged"
        preamble = self.segment.preamble
        pack = packs.get(preamble.pack)
        if not preamble.signed() or (pack is not None and not preamble.fits(pack)):
            return "damaged"
        if pack is None:
            return "unknown pack"
        return "foreign" if preamble.device != device or preamble.stream != self.name.stream else None

    def judge_entries(self):
        s = self.segment
        self.entries = s.entries() if self.in_place() else []
        hit = s.first == s.preamble.first and s.before != s.preamble.id
        if not self.in_place() or hit or self.good() < len(s.sealed):
            return "damaged"
        return "truncated" if s.odd_length else None

    def in_place(self):
        return self.segment.first == self.name.first and self.segment.in_range()

    def good(self):
        return sum(e.vouched for e in self.entries)

    def heal(self, files, tries):
        """What a carrier changed and the signatures put right. ``tries``: entries left to try bit by bit, in a list."""
        if self.entries is None or self.fault is None:
            return
        if self.good() == 0:
            self.heal_front(files)
        while self.in_place() and self.good() < len(self.segment.sealed):
            good = self.good()
            whole = self.from_copy(files, good) or self.bit_by_bit(good, tries)
            if whole is None:
                break
            self.segment.sealed[good] = whole
            self.entries = self.segment.entries()
            if self.good() <= good:
                break
        if not self.in_place():
            self.entries = None

    def heal_front(self, files):
        """With the number that the name gives, and the head that the entry in front has elsewhere."""
        s = self.segment
        kept = s.first, s.before
        s.first = self.name.first
        front = elsewhere(files, s.preamble, s.first - 1)
        s.before = front.head if front is not None and s.first > s.preamble.first else s.before
        entries = s.entries() if s.in_range() else []
        if any(e.vouched for e in entries):
            self.entries = entries
        else:
            s.first, s.before = kept

    def from_copy(self, files, place):
        copy = elsewhere(files, self.segment.preamble, self.segment.first + place)
        return None if copy is None else copy.parts + copy.mac + copy.signature

    def bit_by_bit(self, place, tries):
        if tries[0] == 0:
            return None
        tries[0] -= 1
        e, p = self.entries[place], self.segment.preamble
        return one_bit_back(p.id, p.device, e.n, e.before, self.segment.sealed[place])

    def lines(self, came):
        """What is to be said of the file. ``came``: whether all these positions came whole."""
        if self.fault is None:
            return
        name, first, last = self.name, self.name.first, self.name.last
        if self.entries is None:
            if self.fault == "foreign":
                p = self.segment.preamble
                own = p.device[:8] == name.device
                first, last = self.segment.first, self.segment.first + len(self.segment.sealed) - 1
                if own and first <= last and came(first, last):
                    yield "duplicate", p.stream, first, last
                    return
            elif came(first, last):
                yield "duplicate", name.stream, first, last
                return
            yield self.fault, name.stream, name.first, name.last
            return
        end = self.segment.first + len(self.entries) - 1
        bad, last = self.segment.first + self.good(), max(name.last, end)
        if bad > last:
            yield "repaired", name.stream, name.first, last
        elif came(bad, last):
            yield "duplicate", name.stream, name.first, last
        elif last > end and not came(end + 1, last):
            yield "truncated", name.stream, end + 1, last
