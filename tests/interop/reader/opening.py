"""FORMAT.md section 9, steps 7 to 12, for one device: from its history to events."""
from .assign import TEST, Chains, chain_key
from .basics import Refused, h, h512k, hk, label, le, open_aead, open_box, TAG_LEN
from .files import RESEARCHER
from .records import read_answers, read_field
from .segment import FIELD_LEN

DAMAGED, BEHIND, FORGED, NOT_OURS = "damaged", "behind damage", "forged", "not sealed to this key"
ROOTLESS, RESTARTED, CHOSEN = "without its root", "chain restarted", "chain restarted, chosen"
ASSIGNMENT = "assignment not the key's"


class Bad(Exception):
    """A verdict on one entry."""


class Event:
    """One entry that came through. ``answers`` (and its half of ``raw``) is None for a supervisor's key."""

    def __init__(self, n, pack, raw, field, answers):
        self.n, self.pack, self.raw, self.field, self.answers = n, pack, raw, field, answers


class StreamKeys:
    """This reader's part keys of one stream, moved on entry by entry. ``fault``: why there are none."""

    def __init__(self, preamble, place, role):
        self.id, self.next = preamble.id, preamble.first
        self.boxes = preamble.researchers if role == RESEARCHER else preamble.supervisors
        self.commitments, self.place, self.part = preamble.commitments, place, []

    def open_box(self, key):
        if self.place is None:
            return NOT_OURS
        both = open_box(self.boxes[self.place], key)
        if both is None:
            return FORGED
        self.part = [both[i:i + 32] for i in range(0, len(both), 32)]
        fits = [h("commit", part) for part in self.part] == self.commitments[:len(self.part)]
        return None if fits else FORGED

    def step(self):
        once = []
        for i, key in enumerate(self.part):
            both = h512k(key, "seal")
            once.append(both[:32])
            self.part[i] = both[32:]
        self.next += 1
        return once

    def open(self, entry):
        """The plain parts, one for a supervisor and two for a researcher; None in them: it does not open."""
        while self.next < entry.n:
            self.step()
        cut = FIELD_LEN + TAG_LEN
        sealed = (("field", entry.parts[:cut]), ("answers", entry.parts[cut:]))
        return [open_aead(part, label(use) + self.id + le(entry.n, 8), key)
                for key, (use, part) in zip(self.step(), sealed)]


class Opening:
    """Walks the history of one device. ``report`` takes lines and counts; ``line``: all packs of the study."""

    def __init__(self, device, key, packs, approvals, choices, report):
        self.device, self.key, self.packs, self.report = device, key, packs, report
        self.researcher = key.role == RESEARCHER
        self.approvals, self.choices = {a.hash: a for a in approvals}, set(choices)
        self.pack = self.keys = self.fault = self.mac = self.chains = None
        self.root_pack = 0  # number of the last root's pack
        self.sure = False  # nothing was missed since an entry fitted the chain
        self.shut = False  # since the last root something came that is not sealed to this key
        self.counts, self.approved, self.next, self.mac_at = True, False, 1, 0

    # the stream

    def stream(self, entry):
        if self.keys is None or self.keys.id != entry.preamble.id:
            before, self.pack = self.pack, self.packs[entry.preamble.pack]
            self.keys = StreamKeys(entry.preamble, self.key.place(self.pack), self.key.role)
            back = before is not None and before not in self.line_of(self.pack)
            self.fault = FORGED if back else self.keys.open_box(self.key)
            if self.fault == NOT_OURS:
                self.shut, self.mac = True, None
            if self.fault is not None:
                self.chains = None
        return self.fault

    def line_of(self, pack):
        """The pack and those that it replaces, directly or not."""
        out = [pack]
        while True:
            before = [p for p in self.packs.values() if out[-1].follows(p)]
            if not before:
                return out
            out.append(before[0])

    # one entry

    def entry(self, entry):
        """The event of an entry that counts, or None. Raises Bad."""
        fault = self.stream(entry)
        if fault is not None:
            self.next = entry.n + 1
            raise Bad(fault)
        if entry.n != self.next or not entry.vouched:
            self.chains, self.sure = None, False
        self.next = entry.n + 1
        try:
            event, root = self.check(entry)
        except Bad:
            self.chains = None
            raise
        if not entry.vouched:
            self.chains = self.chains if root else None
            raise Bad(BEHIND)
        if root:
            return None
        if not self.counts:
            raise Bad(RESTARTED)
        self.replay(entry, event)
        return event

    def mac_fits(self, key, entry):
        return hk(key, "mac", self.device + le(entry.n, 8) + entry.before + entry.parts) == entry.mac

    def chain_fits(self, entry):
        """The MAC key moves on with every position, also with those that never came."""
        if self.mac is None or not entry.vouched or not self.researcher:
            return None
        while self.mac_at < entry.n:
            self.mac, self.mac_at = hk(self.mac, "next"), self.mac_at + 1
        return self.mac_at == entry.n and self.mac_fits(self.mac, entry)

    def check(self, entry):
        """The entry opened, and whether it is a root."""
        fits = self.chain_fits(entry)
        if fits is False and entry.n != entry.preamble.first:
            raise Bad(FORGED if self.sure else ROOTLESS)
        event = self.read(entry)
        if event.field["kind"] == "root":
            self.root(entry, event, fits)
            return event, True
        rooted = self.root_pack == self.pack.number
        if entry.n == 1 or (not rooted and self.root_pack and self.sure):
            raise Bad(FORGED)
        if self.researcher and (not rooted or self.mac is None):
            raise Bad(ROOTLESS)
        if fits is False:
            raise Bad(FORGED if self.sure else ROOTLESS)
        self.sure = self.sure or bool(fits)
        return event, False

    def read(self, entry):
        plain = self.keys.open(entry)
        try:
            if None in plain:
                raise Refused("it does not open")
            field = read_field(plain[0])
            answers = read_answers(plain[1], field["kind"], self.pack.study) if self.researcher else None
        except Refused:
            raise Bad(FORGED if entry.vouched else DAMAGED) from None
        return Event(entry.n, self.pack, plain, field, answers)

    # roots

    def judge_root(self, entry, event, fits):
        """What kind of root it is; a supervisor, who cannot check MACs, tells by the numbers."""
        number = event.field["pack_number"]
        if number != self.pack.number or entry.n != entry.preamble.first:
            return FORGED
        if not self.researcher:
            return "first" if entry.n == 1 else "restart" if number == self.root_pack else "next pack"
        if self.mac_fits(event.answers["mac"], entry):
            return "first" if entry.n == 1 else "restart"
        if entry.n == 1 or (fits and number <= self.root_pack):
            return FORGED
        if fits or (self.mac is None and self.reads_from_here()):
            return "next pack"
        return FORGED if self.mac is not None and self.sure else ROOTLESS

    def reads_from_here(self):
        """A reader who was named first by this pack has no chain in front to check its root against."""
        return self.shut or not any(self.key.place(p) is not None for p in self.line_of(self.pack)[1:])

    def root(self, entry, event, fits):
        kind = self.judge_root(entry, event, fits)
        if kind == FORGED and not entry.vouched:
            raise Bad(DAMAGED)
        if kind in (FORGED, ROOTLESS):
            raise Bad(kind)
        self.root_pack, self.sure, self.shut, self.approved = self.pack.number, True, False, False
        if kind == "restart":
            self.counts = entry.vouched and (entry.n, entry.head) in self.choices
            self.report.line(CHOSEN if self.counts else RESTARTED, entry)
        if self.researcher:
            self.mac, self.mac_at = event.answers["mac"], entry.n + (kind == "next pack")
            root, study = event.answers["assign"], self.pack.study
            self.chains = {False: Chains(study, root), True: Chains(study, chain_key(root, TEST, 0, 0))}

    # the draws

    def replay(self, entry, event):
        kind = event.field["kind"]
        if self.chains is None or kind not in ("approved", "assigned"):
            return
        if not (self.replay_approved(event) if kind == "approved" else self.replay_assigned(event)):
            self.report.line(ASSIGNMENT, entry)

    def replay_approved(self, event):
        approval = self.approvals.get(event.field["hash"])
        if approval is None or approval.pack is not event.pack or self.approved:
            self.chains = None
            return False
        self.approved = True
        for chains in self.chains.values():
            chains.approve(approval.random)
        return True

    def replay_assigned(self, event):
        field, answers, pack, stratum = event.field, event.answers, event.pack, event.field["stratum"]
        drawn = self.chains[field["test"]].draw(stratum if stratum <= len(pack.strata) else 0, answers["asked"])
        fits = drawn == answers["draws"] and stratum == pack.study.stratum_of.get(field["point"], 0)
        self.report.replayed += 1
        self.report.before_approval += not self.approved
        self.report.mismatched += not fits
        return fits
