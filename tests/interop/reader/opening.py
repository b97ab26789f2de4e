"""FORMAT.md section 9, steps 7 to 12, for one device: from vouched entries to events."""
from .assign import TEST, Chains, chain_key
from .basics import Refused, h, h512k, hk, le, open_aead, open_box, label
from .files import RESEARCHER
from .records import read_answers, read_field
from .segment import FIELD_LEN
from .basics import TAG_LEN

FORGED, NOT_OURS, ASSIGNMENT = "forged", "not sealed to this key", "assignment not the key's"


class Bad(Exception):
    """A verdict on one entry."""


class Event:
    """One entry that came through. ``answers`` (and its ``raw`` half) is None for a supervisor's key."""

    def __init__(self, n, pack, raw, field, answers):
        self.n, self.pack, self.raw, self.field, self.answers = n, pack, raw, field, answers


class StreamKeys:
    """This reader's part keys of one stream; moved on entry by entry. ``fault``: why there are none."""

    def __init__(self, preamble, pack, key):
        self.id, self.next, self.fault = preamble.id, preamble.first, NOT_OURS
        place, self.part = key.place(pack), []
        if place is None:
            return
        both = open_box((preamble.researchers if key.role == RESEARCHER else preamble.supervisors)[place], key)
        if both is not None:
            self.part = [both[i:i + 32] for i in range(0, len(both), 32)]
            fits = [h("commit", part) for part in self.part] == preamble.commitments[:len(self.part)]
            self.fault = None if fits else FORGED

    def step(self):
        once = []
        for i, key in enumerate(self.part):
            both = h512k(key, "seal")
            once.append(both[:32])
            self.part[i] = both[32:]
        self.next += 1
        return once

    def open(self, entry):
        """The plain parts, one for a supervisor and two for a researcher."""
        while self.next < entry.n:
            self.step()
        cut = FIELD_LEN + TAG_LEN
        sealed = (("field", entry.parts[:cut]), ("answers", entry.parts[cut:]))
        plain = [open_aead(part, label(use) + self.id + le(entry.n, 8), key)
                 for key, (use, part) in zip(self.step(), sealed)]
        if None in plain:
            raise Bad(FORGED)
        return plain


class Opening:
    """Walks the entries of one device in order of position."""

    def __init__(self, device, key, packs, approvals, report):
        self.device, self.key, self.packs, self.report = device, key, packs, report
        self.approvals = {a.hash: a for a in approvals}
        self.keys = self.mac = self.chains = self.root_pack = None
        self.approved, self.at, self.mac_at = False, 0, 0

    def stream(self, entry):
        if self.keys is None or self.keys.id != entry.preamble.id:
            self.keys = StreamKeys(entry.preamble, self.packs[entry.preamble.pack], self.key)
        if self.keys.fault is not None:
            raise Bad(self.keys.fault)

    def check_mac(self, entry):
        """The MAC key moves on with every position, also with those that never came."""
        if self.key.role != RESEARCHER:
            return
        while self.mac_at < entry.n:
            self.mac, self.mac_at = hk(self.mac, "next"), self.mac_at + 1
        if hk(self.mac, "mac", self.device + le(entry.n, 8) + entry.before + entry.parts) != entry.mac:
            raise Bad(FORGED)

    def entry(self, entry):
        """The event of an entry; None for a root, and where the device's root is missing. Raises Bad."""
        begins = entry.n == 1
        if not begins and self.root_pack is None and self.key.role == RESEARCHER:
            return None
        if entry.n > self.at + 1:
            self.chains = None  # what never came may have been a draw
        self.at = entry.n
        try:
            self.stream(entry)
            if not begins:
                self.check_mac(entry)
            event = self.records(entry, self.keys.open(entry))
            if event.field["kind"] == "root":
                self.root(entry, event, begins)
            elif begins:
                raise Bad(FORGED)
        except Bad:
            self.chains = None
            raise
        self.follow(entry, event)
        return event if event.field["kind"] != "root" else None

    def records(self, entry, plain):
        pack = self.packs[entry.preamble.pack]
        try:
            field = read_field(plain[0])
            answers = read_answers(plain[1], field["kind"], pack.study) if len(plain) > 1 else None
        except Refused:
            raise Bad(FORGED) from None
        return Event(entry.n, pack, plain, field, answers)

    def root(self, entry, event, begins):
        """A root gives the MAC keys behind it (its own too where it begins the device) and the chains."""
        pack = event.pack
        if event.field["pack_number"] != pack.number:
            raise Bad(FORGED)
        self.report.cost(event.field)
        self.root_pack = pack
        if event.answers is None:
            return
        self.mac, self.mac_at = event.answers["mac"], entry.n if begins else entry.n + 1
        if begins:
            self.check_mac(entry)
        root = event.answers["assign"]
        self.chains = {False: Chains(pack.study, root),
                       True: Chains(pack.study, chain_key(root, TEST, 0, 0))}
        self.approved = False

    def follow(self, entry, event):
        kind = event.field["kind"]
        if event.answers is None or self.chains is None:
            return
        if event.pack is not self.root_pack:
            self.chains = None
        elif kind == "approved":
            self.approve(entry, event)
        elif kind == "assigned":
            self.replay(entry, event)

    def approve(self, entry, event):
        approval = self.approvals.get(event.field["hash"])
        if approval is None or approval.pack is not event.pack or self.approved:
            self.chains = None
            self.report.line(ASSIGNMENT, entry)
            return
        self.approved = True
        for chains in self.chains.values():
            chains.approve(approval.random)

    def replay(self, entry, event):
        field, answers, pack = event.field, event.answers, event.pack
        stratum = field["stratum"]
        own = pack.study.stratum_of.get(field["point"])
        drawn = self.chains[field["test"]].draw(stratum if stratum <= len(pack.strata) else 0, answers["asked"])
        self.report.replayed += 1
        self.report.before_approval += not self.approved
        if drawn != answers["draws"] or stratum != own:
            self.report.mismatched += 1
            self.report.line(ASSIGNMENT, entry)
