"""FORMAT.md section 7: the two parts of an entry, with every value checked against its range."""
import math

from .assign import NOT_ASKED
from .basics import Bytes, Refused, need
from .study import MISSING

KINDS = "root assigned contact counted outcome approved void withdrawn filler".split()
TEST, SIMULATED = 1, 2
NO_CONTACT, OWN_CONTACT = ("root", "approved", "filler"), ("assigned", "contact", "counted", "outcome")
DISPOSITIONS = frozenset(map(int, """1100 1200 2111 2112 2120 2230 2240 2250 2310 2320 2331 2332 2333 2360 3100 3110
    3170 3180 3200 3210 3900 4100 4500 4510 4520 4530 4600 4610 4620 4630 4700 4800""".split()))
HIDDEN = frozenset([*range(0x20), *range(0x7f, 0xa0), 0x61c, 0x200e, 0x200f, *range(0x2028, 0x202f),
                    *range(0x2066, 0x206a), 0xfeff])
BAD = "a record that may not be"


def padded(r, size):
    raw = r.raw(size)
    text = raw.rstrip(b"\0")
    need(text and b"\0" not in text, BAD)
    return text


def point_id(raw):
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(BAD) from None
    need(not HIDDEN & set(map(ord, text)), BAD)
    return text


def read_field(data):
    """The field part as a dict."""
    r = Bytes(data, "field part")
    need(r.u(1) == 1, BAD)
    kind, flags = r.count(1, 1, len(KINDS), "as kind"), r.u(1)
    need(flags <= 3 and r.u(1) == 0, BAD)
    f = dict(kind=KINDS[kind - 1], test=bool(flags & TEST), simulated=bool(flags & SIMULATED), contact=r.u(4),
             wall=r.u(4), monotonic=r.u(4), boot=r.raw(16))
    need(not (f["kind"] in NO_CONTACT and f["contact"]) and (f["contact"] or f["kind"] not in OWN_CONTACT), BAD)
    FIELDS[f["kind"]](r, f)
    need(not any(r.raw(r.rest())), BAD)
    return f


def field_root(r, f):
    f.update(pack_number=r.u(4), replaces=r.raw(32), ops=r.u(8), mem=r.u(8), machine=r.raw(16))


def field_contact(r, f):
    interviewer = padded(r, 8)
    need(all(0x20 <= c < 0x7f for c in interviewer), BAD)
    f.update(interviewer=interviewer.decode(), point=point_id(padded(r, 24)), address=r.u(4), attempt=r.u(1),
             stratum=r.u(2), eligible=r.u(1), selected=r.u(1))
    need(f["attempt"] >= 1 and f["stratum"] <= 1024 and f["selected"] <= f["eligible"], BAD)


def field_outcome(r, f):
    f.update(disposition=r.u(2), day=r.u(4), hour=r.u(1), link=r.u(8))
    need(f["disposition"] in DISPOSITIONS and f["hour"] <= 23 and (f["day"] or not f["hour"]), BAD)


def field_event(r, f):
    f.update(hash=r.raw(32), about=r.u(4), reason=r.u(2))
    if f["kind"] == "approved":
        need(not f["about"] and not f["reason"], BAD)
    else:
        need(not any(f["hash"]) and f["about"], BAD)


def nothing(*_):
    pass


FIELDS = dict(root=field_root, assigned=field_contact, contact=field_contact, counted=nothing, outcome=field_outcome,
              approved=field_event, void=field_event, withdrawn=field_event, filler=nothing)


def read_answers(data, kind, study):
    """The answers part of an entry of this kind as a dict."""
    r = Bytes(data, "answers part")
    need(r.u(1) == 1 and r.u(1) == KINDS.index(kind) + 1, BAD)
    a = ANSWERS.get(kind, lambda r, study: {})(r, study)
    need(not any(r.raw(r.rest())), BAD)
    return a


def answers_root(r, _):
    return dict(mac=r.raw(32), assign=r.raw(32))


def answers_assigned(r, study):
    draws = [(r.u(1), r.u(1), r.u(8)) for _ in study.lists]
    asked = [i for i, (arm, _, _) in enumerate(draws) if arm != NOT_ASKED]
    for i, (one, (arm, position, number)) in enumerate(zip(study.lists, draws)):
        if i not in asked:
            need((position, number) == (NOT_ASKED, 0), BAD)
            continue
        need(arm <= len(one.sensitive) and number < (math.factorial(one.shown(arm)) if one.random else 1), BAD)
    need(sorted(draws[i][1] for i in asked) == list(range(len(asked))), BAD)
    return dict(draws=draws, asked=asked)


def answers_counted(r, study):
    lst = r.u(1)
    need(lst < len(study.lists), BAD)
    count = r.u(1)
    count -= 256 if count > 127 else 0
    need(count in MISSING or 0 <= count <= study.lists[lst].items + 1, BAD)
    a = dict(list=lst, count=count, seconds=r.u(2), language=r.u(1), mode=r.u(1))
    need(a["seconds"] % 5 == 0 and a["language"] < study.languages and a["mode"] <= 3 and r.u(1) == 0, BAD)
    return a


def answers_outcome(r, study):
    answers = [int.from_bytes(r.raw(4), "little", signed=True) for _ in study.questions]
    need(all(q.fits(value) for q, value in zip(study.questions, answers)), BAD)
    return dict(answers=answers)


ANSWERS = dict(root=answers_root, assigned=answers_assigned, counted=answers_counted, outcome=answers_outcome)
