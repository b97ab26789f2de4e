"""FORMAT.md sections 4 and 5: the file that travels, as far as anybody can check it without a key."""
import re

from .basics import Bytes, Refused, h, le, need, verify, MAC_LEN, SIGN_LEN, TAG_LEN

NAME = re.compile(r"([0-9a-f]{16})-(\d{8,20})-(\d{8,20})-(\d{8,20})\.seg")
FIELD_LEN = 128
MAX_BYTES, MAX_ENTRIES = 4 << 20, 4096


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
        r = Bytes(data, name)
        r.magic(b"SANAQST1")
        self.pack, self.device = r.raw(32), r.raw(32)
        self.stream, self.first, self.previous = r.u(8), r.u(8), r.raw(32)
        self.lengths = (r.u(2), r.u(2))
        self.commitments = [r.raw(32), r.raw(32)]
        self.researchers = [r.raw(112) for _ in range(r.count(1, 2, 16, "researchers' boxes"))]
        self.supervisors = [r.raw(80) for _ in range(r.count(1, 0, 16, "supervisors' boxes"))]
        self.covered, self.signature = data[:r.at], r.raw(SIGN_LEN)
        r.done()
        need(min(self.lengths) > TAG_LEN and self.stream > 0 and self.first > 0, f"{name}: impossible numbers")
        self.id = h("stream", self.covered)

    def fits(self, pack):
        """Signed by its device, and made for this pack."""
        return ((len(self.researchers), len(self.supervisors)) == (len(pack.researchers), len(pack.supervisors)) and
                self.lengths == (FIELD_LEN + TAG_LEN, pack.study.answers_len + TAG_LEN) and
                verify("preamble", self.covered, self.signature, self.device))


class Entry:
    """One entry as it lies in a segment. ``before`` and ``head``: the heads around it."""

    def __init__(self, preamble, n, before, sealed):
        self.preamble, self.n, self.before = preamble, n, before
        self.parts, self.mac, self.signature = sealed[:-96], sealed[-96:-64], sealed[-64:]
        self.head = h("head", before + self.parts + self.mac)

    def signed(self):
        return verify("entry", self.preamble.id + le(self.n, 8) + self.head, self.signature, self.preamble.device)


class Segment:
    """``entries``: all that are there whole; ``truncated``: fewer than it says; ``longer``: bytes are left over."""

    def __init__(self, data, name):
        need(len(data) <= MAX_BYTES, f"{name} is larger than a segment may be")
        r = Bytes(data, name)
        r.magic(b"SANAQSG1")
        self.preamble = Preamble(r.raw(r.u(4)), name)
        self.first, before = r.u(8), r.raw(32)
        self.count = r.count(4, 1, MAX_ENTRIES, "entries")
        need(self.first >= self.preamble.first, f"{name} begins before its stream")
        need(self.first + self.count - 1 < 2**64, f"{name}: its positions cannot be")
        if self.first == self.preamble.first:
            need(before == self.preamble.id, f"{name}: the head before its stream is another")
        length, self.entries = sum(self.preamble.lengths) + MAC_LEN + SIGN_LEN, []
        while len(self.entries) < self.count and r.rest() >= length:
            self.entries.append(Entry(self.preamble, self.first + len(self.entries), before, r.raw(length)))
            before = self.entries[-1].head
        self.truncated, self.longer = len(self.entries) < self.count, r.rest() > 0 and len(self.entries) == self.count

    def vouched(self):
        """How many entries from the front the device signed: the last signature covers all before it."""
        return next((i + 1 for i in reversed(range(len(self.entries))) if self.entries[i].signed()), 0)


def read_segment(data, name):
    """A Segment, or the verdict on bytes that are none."""
    try:
        return Segment(data, name), None
    except Refused:
        return None, "damaged"
