"""FORMAT.md section 2, "What a reader needs of the study": study.yaml and points.csv as a pack carries them."""
import csv
import io

import yaml

from .basics import need

# Every scalar is text. libyaml where it is there: PyYAML's own parser stumbles over "{en: Why?}".
LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
MISSING = range(-5, 0)  # don't know, refused, not asked, not reached, no longer valid
SECTIONS = ("questions", "direct", "after", "observations")


class Question:
    def __init__(self, q):
        self.id, self.type = q["id"], q["type"] if "item" not in q else "choice"
        options = q.get("options", [])
        self.codes = [int(o.get("code", place)) for place, o in enumerate(options, 1)]
        low, high = {"integer": ("min", "max"), "scale": ("from", "to")}.get(self.type, (None, None))
        self.range = None
        if self.type == "multi":
            self.range = range(0, 2 ** len(options))
        elif low is not None:
            self.range = range(int(q[low]), int(q[high]) + 1)

    def fits(self, answer):
        return answer in MISSING or answer in (self.codes if self.range is None else self.range)


class List:
    def __init__(self, one, ratio):
        self.id, self.items, self.random = one["id"], len(one["items"]), one.get("order") == "random"
        self.sensitive = [s["id"] for s in one["sensitive"]]
        self.shares = [int(ratio.get(name, 1)) for name in ["control"] + self.sensitive]

    def shown(self, arm):
        return self.items + (arm > 0)


class Double:
    def __init__(self, one, lists):
        self.lists = [[li.id for li in lists].index(name) for name in one["lists"]]
        self.random = one.get("order") == "random"
        # the arm of each of the two lists that shows the double's item
        self.arm = [lists[i].sensitive.index(one["item"]) + 1 for i in self.lists]


class Study:
    def __init__(self, text, points, name):
        try:
            self.read(yaml.load(text, Loader=LOADER))
        except (yaml.YAMLError, KeyError, ValueError, TypeError, AttributeError) as fault:
            need(False, f"{name}: its study.yaml cannot be read: {fault!r}")
        self.read_points(points, name)

    def read(self, y):
        plan = y.get("assignment", {})
        self.id, self.languages = y["study"], len(y["languages"])
        self.lists = [List(one, plan.get("ratio", {})) for one in y["lists"]]
        self.doubles = [Double(one, self.lists) for one in y.get("doubles", [])]
        self.random_list_order = y.get("list-order") == "random"
        self.blocks = [int(b) for b in plan["blocks"]] if plan.get("method") == "blocks" else None
        self.targets = y.get("sync", {}).get("targets", [])
        self.strata_columns = plan.get("strata", [])
        self.questions = [Question(q) for section in SECTIONS for q in y.get(section, [])]
        longest = max(112, 66, 2 + 10 * len(self.lists), 2 + 4 * len(self.questions))
        self.answers_len = (longest + 15) // 16 * 16

    def read_points(self, points, name):
        rows = list(csv.DictReader(io.StringIO(points.decode("utf-8-sig"), newline="")))
        need(rows and all("id" in row for row in rows), f"{name}: its points.csv has no column id")
        called = {r["id"]: " / ".join(r.get(c) or "" for c in self.strata_columns) or "all" for r in rows}
        self.strata = sorted(set(called.values()), key=lambda s: s.encode())
        self.stratum_of = {point: self.strata.index(s) + 1 for point, s in called.items()}
