"""From events to contacts: the two ledgers, and one row an interview."""
import datetime

from .basics import h, le

DRAWS = "assigned counted dont_know refused broken_off void withdrawn unfinished".split()
OF_COUNT = {-1: "dont_know", -2: "refused"}


class Contact:
    def __init__(self, device, event):
        self.device, self.pack, self.field = device, event.pack, event.field
        self.draws = self.asked = self.outcome = self.answers = None
        if event.field["kind"] == "assigned":
            self.draws = (event.answers or {}).get("draws")
            self.asked = (event.answers or {}).get("asked", [])
        self.counts, self.void, self.withdrawn = {}, None, None

    def write(self, event):
        """False where it may not: one count a list, one outcome, and nothing behind that."""
        lst = event.answers["list"] if event.field["kind"] == "counted" and event.answers else None
        if self.outcome is not None or lst in self.counts:
            return False
        if lst is not None:
            self.counts[lst] = event.answers
        elif event.field["kind"] == "outcome":
            self.outcome = event.field
            self.answers = event.answers["answers"] if event.answers is not None else None
        return True

    def fate(self, lst):
        """The column of the ledger of draws that a list asked belongs to."""
        if self.withdrawn is not None:
            return "withdrawn"
        if self.void is not None:
            return "void"
        if lst not in self.counts:
            return "unfinished"
        count = self.counts[lst]["count"]
        return "counted" if count >= 0 else OF_COUNT.get(count, "broken_off")


class Contacts:
    """The contacts of a device as they began. ``irregular``: entries that a contact may not write."""

    def __init__(self, device):
        self.all, self.last, self.irregular = [], {}, 0
        for event in device.events:
            self.take(device, event)

    def take(self, device, event):
        field, kind = event.field, event.field["kind"]
        number = field["about"] if kind in ("void", "withdrawn") else field["contact"]
        contact = self.last.get(number)
        if kind in ("assigned", "contact"):
            self.irregular += contact is not None
            self.last[number] = Contact(device, event)
            self.all.append(self.last[number])
        elif contact is None:  # its beginning never came
            return
        elif kind in ("void", "withdrawn"):
            setattr(contact, kind, field["reason"])
        elif kind in ("counted", "outcome"):
            self.irregular += not contact.write(event)


def ledger(contacts):
    draws = dict.fromkeys(DRAWS + ["test", "simulated"], 0)
    for c in contacts:
        for lst in c.asked or []:
            draws["assigned"] += 1
            draws[c.fate(lst)] += 1
            draws["test"] += c.field["test"]
            draws["simulated"] += c.field["simulated"]
    return draws


def code_text(disposition):
    """2112 is 2.112 and 1100 is 1.1, as AAPOR prints them."""
    major, minor = divmod(disposition, 1000)
    text = f"{minor:03}"
    text = text[:2] if text.endswith("0") else text
    return f"{major}.{text[:1] if major == 1 else text}"


def addresses(contacts):
    final = {}
    for c in contacts:
        if c.outcome is not None:
            code = code_text(c.outcome["disposition"])
            final[code] = final.get(code, 0) + 1
    return dict(contacts=len(contacts), final=dict(sorted(final.items())),
                open=sum(c.outcome is None for c in contacts))


def since_1970(number, unit, form):
    """A laptop's clock may say anything: what no calendar has stays a number."""
    try:
        return (datetime.datetime(1970, 1, 1) + datetime.timedelta(**{unit: number})).strftime(form)
    except OverflowError:
        return str(number)


def row(c):
    """All that is known of a contact; of one that was withdrawn, nothing that the respondent said."""
    f, o, study, number = c.field, c.outcome or {}, c.pack.study, c.field["contact"]
    r = dict(id=h("row", c.device.id + le(number, 4))[:12].hex(), device=c.device.id.hex(), contact=number,
             pack=c.pack.number, test=int(f["test"]), simulated=int(f["simulated"]), void=int(c.void is not None), void_reason=c.void,
             withdrawn=int(c.withdrawn is not None), begun=since_1970(f["wall"], "minutes", "%Y-%m-%dT%H:%MZ"), interviewer=f["interviewer"],
             point=f["point"], stratum=dict(enumerate(study.strata, 1)).get(f["stratum"]), address=f["address"] or None,
             attempt=f["attempt"], eligible=f["eligible"] or None, selected=f["selected"] or None,
             disposition=code_text(o["disposition"]) if o else None, appointment=since_1970(o["day"], "days", "%Y-%m-%d") if o.get("day") else None,
             hour=o["hour"] if o.get("day") else None, link=o.get("link") or None)
    for lst, one in enumerate(study.lists):
        r.update(list_columns(c, lst, one))
    for question, value in zip(study.questions, c.answers or []):
        r[question.id] = None if c.withdrawn is not None else value
    return r


def list_columns(c, lst, one):
    arm, position, order = c.draws[lst] if c.draws else (None, None, None)
    if c.withdrawn is not None or lst not in (c.asked or []):
        arm = position = order = None
    n = c.counts.get(lst) if c.withdrawn is None else None
    count = n["count"] if n else None
    known = count is not None and count >= 0
    return {f"{one.id}_treat": arm, f"{one.id}_position": position, f"{one.id}_order": order,
            f"{one.id}_y": count if known else None, f"{one.id}_y_missing": None if known else count,
            f"{one.id}_items": one.items, f"{one.id}_seconds": n["seconds"] if n else None,
            f"{one.id}_language": n["language"] if n else None, f"{one.id}_mode": n["mode"] if n else None}
