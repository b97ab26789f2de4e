"""FORMAT.md section 9: the order of reading, and one verdict on every piece."""
from .basics import Refused, h, need, words
from .files import Notice, Pack
from .history import History
from .opening import Bad, Opening
from .segment import File

# From harmless to worst. The exit status of each: 0 harmless, 4 set aside, 1 something counted is in doubt.
VERDICTS = {"intact": 0, "duplicate": 0, "repaired": 0, "chain restarted, chosen": 0, "unknown device": 4, "revoked": 4, "not chosen": 4,
            "unknown pack": 4, "truncated": 4, "damaged": 4, "behind damage": 4, "gap": 4, "foreign": 4,
            "not sealed to this key": 4, "without its root": 4, "chain restarted": 4, "not yet there": 4,
            "closing code differs": 1, "fork": 1, "forged": 1, "assignment not the key's": 1}
RANK = list(VERDICTS)
MAX_BITWISE = 32  # entries tried bit by bit in one reading


class Line:
    def __init__(self, verdict, stream, first, last):
        self.verdict, self.stream, self.first, self.last = verdict, stream, first, last


def without(first, last, pieces):
    """The positions of first..last for which no piece came that has its own verdict, in runs."""
    while first <= last:
        over = [p.last for p in pieces if p.first <= first <= p.last]
        if over:
            first = max(over) + 1
            continue
        end = min([p.first - 1 for p in pieces if first < p.first <= last], default=last)
        yield first, end
        first = end + 1


class Device:
    """One laptop: its lines of verdicts, its history, its events."""

    def __init__(self, key, segments, run):
        self.id, self.words = key, words(h("device", key))
        self.lines, self.events = [], []
        self.replayed = self.mismatched = self.before_approval = 0
        mine = [n for n in run.notices if n.device == key]
        choices = [(n.n, n.head) for n in mine if n.use == "choose"]
        last = min((n.n for n in mine if n.use == "revoke"), default=2**64)
        self.files = [File(name, data, key, run.packs) for name, data in segments]
        for f in self.files:
            f.heal(self.files, run.tries)
        self.history = History(self.files, choices, last)
        self.entries = sum(e.vouched for e in self.history.chain)
        self.approved = any(n.use == "approve" for n in mine)
        self.say_history()
        if self.approved:
            self.open(Opening(key, run.key, run.packs, [n for n in mine if n.use == "approve"], choices, self))
        else:
            for entry in self.history.all():
                if entry.n <= last:
                    self.line("unknown device", entry)
            self.say_loose({})
        self.lines.sort(key=lambda line: (line.first, line.last))

    def add(self, verdict, stream, first, last):
        before = self.lines[-1] if self.lines else None
        if before and (before.verdict, before.stream, before.last + 1) == (verdict, stream, first):
            before.last = last
        else:
            self.lines.append(Line(verdict, stream, first, last))

    def line(self, verdict, entry):
        self.add(verdict, entry.preamble.stream, entry.n, entry.n)

    def verdict(self):
        return max((line.verdict for line in self.lines), key=RANK.index, default="intact")

    def say_history(self):
        for f in self.files:
            for line in f.lines(self.history.came):
                self.add(*line)
        pieces = [line for line in self.lines if VERDICTS[line.verdict] != 0 and line.verdict != "foreign"]
        for stream, first, last in self.history.gaps():
            for gap in without(first, last, pieces):
                self.add("gap", stream, *gap)
        for verdict, entry in self.history.verdicts():
            if self.approved or verdict == "revoked":
                self.line(verdict, entry)

    def say_loose(self, told):
        """What no signature vouches for: the first of a run was hit, unless it opens."""
        for f in self.files:
            hit = True
            for entry in f.entries or []:
                if entry in self.history.loose:
                    self.line(told.get(entry, "damaged" if hit else "behind damage"), entry)
                hit = hit and entry.vouched

    def open(self, opening):
        told = {}
        for entry in self.history.chain:
            try:
                event = opening.entry(entry)
                if event is not None:
                    self.events.append(event)
            except Bad as bad:
                if entry.vouched:
                    self.line(str(bad), entry)
                else:
                    told[entry] = str(bad)
        self.say_loose(told)


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
        self.notices = self.parse(source.notices(), lambda data, name: Notice(data, self.packs, name))
        self.tries = [MAX_BITWISE]
        self.devices = [Device(device, segments, self) for device, segments in sorted(source.devices())]

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

    def status(self):
        worst = {VERDICTS[line.verdict] for d in self.devices for line in d.lines}
        return 1 if 1 in worst else 4 if 4 in worst else 0
