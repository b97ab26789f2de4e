"""FORMAT.md section 9: the order of reading, and one verdict on every piece."""
from .basics import Refused, h, need, words, ZEROS
from .files import Notice, Pack
from .opening import Bad, Opening
from .segment import Name, read_segment

# From harmless to worst. The exit status of each: 0 harmless, 4 set aside, 1 something counted is in doubt.
VERDICTS = {"intact": 0, "duplicate": 0, "unknown device": 4, "revoked": 4, "unknown pack": 4, "truncated": 4,
            "damaged": 4, "behind damage": 4, "gap": 4, "foreign": 4, "not sealed to this key": 4, "fork": 1,
            "forged": 1, "assignment not the key's": 1}
RANK = list(VERDICTS)
# Verdicts on bytes: harmless where every position they speak of also came whole.
OF_BYTES = ("truncated", "damaged", "behind damage", "foreign")


class Line:
    def __init__(self, verdict, stream, first, last):
        self.verdict, self.stream, self.first, self.last = verdict, stream, first, last


class Device:
    """One laptop: its lines of verdicts, its vouched entries, its events."""

    def __init__(self, key):
        self.id, self.words = key, words(h("device", key))
        self.lines, self.at, self.events = [], {}, []
        self.pack = None
        self.approved = False
        self.entries = self.whole_to = self.replayed = self.mismatched = self.before_approval = 0

    def add(self, verdict, stream, first, last):
        before = self.lines[-1] if self.lines else None
        if before and (before.verdict, before.stream, before.last + 1) == (verdict, stream, first):
            before.last = last
        else:
            self.lines.append(Line(verdict, stream, first, last))

    def line(self, verdict, entry):
        self.add(verdict, entry.preamble.stream, entry.n, entry.n)

    def cost(self, field):
        self.ops, self.mem = field["ops"], field["mem"]

    def verdict(self):
        return max((line.verdict for line in self.lines), key=RANK.index, default="intact")

    # steps 1 to 5

    def take(self, name, data, packs):
        def all_of(verdict):
            self.add(verdict, name.stream, name.first, name.last)

        segment, verdict = read_segment(data, str(name))
        if verdict is not None:
            return all_of(verdict)
        preamble = segment.preamble
        if preamble.device != self.id or preamble.stream != name.stream:
            return all_of("foreign")
        if (segment.first, segment.first + segment.count - 1) != (name.first, name.last):
            return all_of("damaged")
        if preamble.pack not in packs:
            return all_of("unknown pack")
        pack = packs[preamble.pack]
        if not preamble.fits(pack):
            return all_of("damaged")
        self.pack = pack
        self.keep(segment)

    def keep(self, segment):
        stream, good = segment.preamble.stream, segment.vouched()
        for entry in segment.entries[:good]:
            self.at.setdefault(entry.n, {}).setdefault(entry.head, entry)
        there = len(segment.entries)
        first, last = segment.first, segment.first + segment.count - 1
        if good < there:
            self.add("damaged", stream, first + good, first + good)
            if good + 1 < there:
                self.add("behind damage", stream, first + good + 1, first + there - 1)
        if segment.truncated:
            self.add("truncated", stream, first + there, last)
        if segment.longer:
            self.add("truncated", stream, first, last)

    # step 6

    def leave_out_revoked(self, revocations):
        last = min((r.n for r in revocations if r.device == self.id), default=None)
        beyond = [n for n in self.at if last is not None and n > last]
        if beyond:
            some = next(iter(self.at[min(beyond)].values()))
            self.add("revoked", some.preamble.stream, min(beyond), max(beyond))
            for n in beyond:
                del self.at[n]

    def chain(self):
        """The entries in order, up to a fork; gaps and the fork get their lines."""
        out, before = [], None
        for n in sorted(self.at):
            these, expected = list(self.at[n].values()), before.n + 1 if before else 1
            if n > expected:
                self.add("gap", 0, expected, n - 1)
                before = None
            if len(these) > 1 or not self.follows(these[0], before, n):
                self.add("fork", these[0].preamble.stream, n, max(self.at))
                break
            before = these[0]
            out.append(before)
            if len(out) == n:
                self.whole_to = n
        self.entries = len(out)
        return out

    @staticmethod
    def follows(entry, before, n):
        first = n == entry.preamble.first
        if before is None:
            return n > 1 or entry.preamble.previous == ZEROS
        if first:
            return entry.preamble.previous == before.head
        return entry.preamble.id == before.preamble.id and entry.before == before.head

    def forgive(self):
        whole = {n for n in self.at}
        for line in self.lines:
            if line.verdict in OF_BYTES and all(n in whole for n in range(line.first, line.last + 1)):
                line.verdict = "duplicate"

    # steps 7 to 12

    def open(self, entries, key, packs, approvals):
        opening = Opening(self.id, key, packs, approvals, self)
        for entry in entries:
            try:
                event = opening.entry(entry)
            except Bad as bad:
                self.line(str(bad), entry)
                continue
            if event is not None:
                self.events.append(event)


class Reading:
    """Everything a source holds, judged. ``source`` gives packs, notices and segments as they came."""

    def __init__(self, source, key, which=None):
        self.key = key
        self.refused = []  # sentences about files that are no part of the study
        packs = self.parse(source.packs(), lambda data, name: Pack(data, name))
        self.pack = self.choose(packs, source.pinned(), which)
        self.packs = {p.hash: p for p in self.line(packs)}
        need(any(key.place(p) is not None for p in self.packs.values()),
             "this key is not among the researchers or supervisors of the study's packs")
        notices = self.parse(source.notices(), lambda data, name: Notice(data, self.packs, name))
        self.approvals = [n for n in notices if n.use == "approve"]
        self.revocations = [n for n in notices if n.use == "revoke"]
        self.devices = [self.device(d, segments) for d, segments in sorted(source.devices())]

    def parse(self, files, read):
        good = []
        for name, data in files:
            try:
                good.append(read(data, name))
            except Refused as fault:
                self.refused.append(str(fault))
        return good

    @staticmethod
    def choose(packs, pinned, which):
        """The study's pack: the archive's own, the one that was named, or the first of the only line there is."""
        if pinned is not None:
            own = [p for p in packs if p.hash == pinned]
            need(own, "the archive's own pack is not in it, or cannot be read")
        elif which is not None:
            own = [p for p in packs if p.words == " ".join(which.lower().replace(",", " ").split())]
            need(own, f'no pack here has the words "{which}"')
        else:
            own = [p for p in packs if not any(p.follows(q) for q in packs)]
            need(own, "there is no pack that can be read")
            need(len(own) == 1, "there are packs of several studies here; name yours with --pack: " +
                 "; ".join(f'"{p.words}" ({p.study.id})' for p in own))
        return own[0]

    def line(self, packs):
        """The study's pack, those it replaces and those that follow it, directly or not."""
        out = [self.pack]
        while True:
            before = [p for p in packs if out[0].follows(p)]
            if not before:
                break
            out.insert(0, before[0])
        for p in out:
            out += [q for q in packs if q.follows(p) and q not in out]
        return out

    def device(self, key, segments):
        d = Device(key)
        for name, data in sorted(segments, key=lambda s: (s[0].first, s[0].last, s[1])):
            d.take(name, data, self.packs)
        d.leave_out_revoked(self.revocations)
        entries = d.chain()
        d.approved = any(a.device == key for a in self.approvals)
        if d.approved:
            d.open(entries, self.key, self.packs, [a for a in self.approvals if a.device == key])
        elif entries:
            d.add("unknown device", 0, 1, entries[-1].n)
        d.forgive()
        d.lines.sort(key=lambda line: (line.first, line.last))
        return d

    def status(self):
        worst = {VERDICTS[line.verdict] for d in self.devices for line in d.lines}
        return 1 if 1 in worst else 4 if 4 in worst else 0
