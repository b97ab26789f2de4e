#!/usr/bin/env python3
"""Simulated interviews through the real programs: everything verifies, and the estimates recover the truth.

ADMIN names sanaq-admin, SOURCE the repository. The truth is known twice: as the share asked for, and as each respondent's
own answer in truth.csv; the estimate must lie within five standard errors of both (t with about 38 degrees of freedom: one false alarm in 75,000).
"""
import csv
import json
import math
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ADMIN = os.environ["ADMIN"]
STUDY = pathlib.Path(os.environ["SOURCE"]) / "assets" / "studies" / "csto"
TWO_LISTS = pathlib.Path(__file__).resolve().parent / "two-lists"


def admin(*words, expect=0):
    done = subprocess.run([ADMIN, *map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == expect, (words, done.returncode, done.stdout, done.stderr)
    return done


class Study:
    def __init__(self, work, source, second=None):
        """second: a language that every text of an English study is given in too."""
        self.work = work
        shutil.copytree(source, work / "study")
        if second is not None:
            path = work / "study" / "study.yaml"
            path.write_text(re.sub(r"languages: \[en\]", f"languages: [en, {second}]",
                                   re.sub(r"\{en: ([^}]*)\}", rf"{{en: \1, {second}: \1}}", path.read_text())))
        (work / "pass").write_text("a passphrase for the test\n")
        for who, more in (("first", []), ("second", []), ("field", ["--supervisor"])):
            admin("keygen", "--out", work / "study" / f"{who}.key", "--cost", "interactive", "--passphrase-file",
                  work / "pass", *more)
        self.key = ["--key", work / "study" / "first.key", "--passphrase-file", work / "pass"]
        admin("pack", work / "study" / "study.yaml", "--out", work / "study.pack", *self.key)

    def simulate(self, name, interviews, devices, *more):
        admin("simulate", self.work / "study.pack", "--interviews", interviews, "--devices", devices, "--out",
              self.work / name, *self.key, *more)
        admin("pull", f"dir:{self.work / name}", "--archive", self.work / f"{name}.archive")
        return self.work / f"{name}.archive"


def check_verify(study, archive, interviews, devices):
    v = json.loads(admin("verify", archive, "--json", *study.key).stdout)
    assert v["ok"] and not v["verdicts"], v["verdicts"][:5]
    assert len(v["devices"]) == devices and all(d["verdict"] == "intact" for d in v["devices"])
    assert v["assignment"] == {"replayed": interviews, "mismatched": 0, "before_approval": 0}, v["assignment"]
    d = v["draws"]
    parts = ("counted", "dont_know", "refused", "broken_off", "void", "withdrawn", "unfinished")
    assert d["assigned"] == sum(d[p] for p in parts), d


def truth(study, name, item):
    with open(study.work / name / "truth.csv", encoding="utf-8") as f:
        values = [int(r["value"]) for r in csv.DictReader(f) if r["item"] == item]
    return sum(values) / len(values), len(values)


def check_estimate(study, name, archive, list_id, item, label, share):
    """The unweighted difference in means, and the weighted default, against the truth."""
    realised, n = truth(study, name, label)
    assert abs(realised - share) < 5 * math.sqrt(share * (1 - share) / n), (label, realised, share)
    for more in ([], ["--unweighted"]):
        e = json.loads(admin("estimate", archive, "--list", list_id, "--json", *more, *study.key).stdout)
        group = next(g for g in e["groups"] if g["by"] is None and g["item"] == item)
        assert abs(group["estimate"] - realised) < 5 * group["se"], (label, group["estimate"], realised, group["se"])
        assert abs(group["estimate"] - share) < 5 * group["se"], (label, group["estimate"], share, group["se"])
    print(f"ok: {name}: {label}: truth {share:.2f}, realised {realised:.3f}, estimate {group['estimate']:.3f} "
          f"(se {group['se']:.3f})")


def check_randomization(study, archive, list_id, mechanism, intervals):
    """Arms are drawn again by the mechanism that the archive is of, and again alike by the same seed."""
    options = ["--list", list_id, "--method", "randomization", "--draws", 499, "--json", *study.key]
    r = json.loads(admin("estimate", archive, *options, "--seed", 3).stdout)
    assert mechanism in r["assumptions"][0], r["assumptions"]
    assert r == {**json.loads(admin("estimate", archive, *options, "--seed", 3).stdout),
                 "fit_seconds": r["fit_seconds"], "group_seconds": r["group_seconds"]}
    plain = json.loads(admin("estimate", archive, "--list", list_id, "--unweighted", "--json", *study.key).stdout)
    for got, welch in zip(r["groups"], plain["groups"]):
        assert abs(got["estimate"] - welch["estimate"]) < 1e-12 and got["p_value"] == 1 / 500, got
        for end in ("ci_low", "ci_high"):
            assert (got[end] is not None) == intervals, got
            assert not intervals or abs(got[end] - welch[end]) < 0.3 * welch["se"], (end, got, welch)
    print(f"ok: randomisation test of {list_id}: {mechanism}")


def check_place(study, archive, list_id, items):
    """`test` compares lists by where they stood and by the language of the card; nothing was made to depend on either."""
    got = json.loads(admin("test", archive, "--list", list_id, "--json", "--unweighted", *study.key).stdout)
    clustered = json.loads(admin("test", archive, "--list", list_id, "--json", *study.key).stdout)
    tests, by_points = ({t["name"]: t for t in r["tests"]} for r in (got, clustered))
    suffix = [f", {item}" for item in items] if len(items) > 1 else [""]
    for what, groups in (("order of lists", 3), ("language of the card", 2)):
        for value in [f"difference in means{s}" for s in suffix] + ["control mean"]:
            t, c = tests[f"{what}, {value}"], by_points[f"{what}, {value}"]
            assert t["df"] == c["df"] == groups - 1 and t["df2"] is None and c["df2"] > 10, (t, c)
            assert t["p_value"] > 1e-4 and c["p_value"] > 1e-4, (t, c)
    whole = json.loads(admin("estimate", archive, "--list", list_id, "--unweighted", "--json", *study.key).stdout)
    for group, s in zip(whole["groups"], suffix):
        for kind in ([f"position {k}" for k in (1, 2, 3)], ["language en", "language ru"]):
            parts = [got["numbers"][f"{k}, difference in means{s}"] for k in kind]
            assert len(set(parts)) == len(parts) and min(parts) < group["estimate"] < max(parts), (group, parts)
    print(f"ok: {list_id} by position and language")


def check_export(study, archive):
    """The export, estimated as anybody's CSV, gives the archive's numbers."""
    admin("export", archive, "--format", "csv", "--out", study.work / "export.csv", *study.key)
    own = json.loads(admin("estimate", archive, "--json", "--by", "gender,region", *study.key).stdout)
    flat = json.loads(admin("estimate", study.work / "export.csv", "--y", "policies_y", "--treat", "policies_treat",
                            "--items", 4, "--weights", "weight", "--cluster", "point", "--strata", "region", "--by",
                            "gender,region", "--json").stdout)
    rows = {(g["by"], g["value"]): g for g in flat["groups"]}
    for g in own["groups"]:
        for field in ("n", "n_control", "n_treatment"):
            assert rows[g["by"], g["value"]][field] == g[field], (g, rows[g["by"], g["value"]])
        for field in ("estimate", "se", "df", "ci_low", "ci_high", "p_value"):
            a, b = g[field], rows[g["by"], g["value"]][field]
            assert a == b or abs(a - b) <= 1e-12 * max(1, abs(a)), (g["by"], g["value"], field, a, b)
    print("ok: the export gives the archive's numbers")


def check_no_answer_in_clear(study, name):
    """All entries of a study have one length, so segments differ only by how many they hold."""
    sizes = {}
    for path in (study.work / name / "up").glob("*/*.seg"):
        first, last = (int(x) for x in path.stem.split("-")[2:])
        sizes.setdefault(last - first + 1, set()).add(path.stat().st_size)
        assert path.stat().st_mtime == 946684800, path
    assert all(len(s) == 1 for s in sizes.values()), sizes
    per_entry = {(max(s) - min(sizes[min(sizes)])) / (n - min(sizes)) for n, s in sizes.items() if n != min(sizes)}
    assert len(per_entry) == 1, per_entry
    print(f"ok: entries have one length ({per_entry.pop():.0f} bytes)")


def main():
    work = pathlib.Path(tempfile.mkdtemp(prefix="sanaq-test-"))
    try:
        (work / "one").mkdir()
        study = Study(work / "one", STUDY)
        archive = study.simulate("four", 400, 4, "--seed", 7, "--prevalence", "csto=.6", "--control", ".5,.6,.7,.8")
        check_verify(study, archive, 400, 4)
        check_estimate(study, "four", archive, "policies", "csto", "csto", 0.6)
        check_no_answer_in_clear(study, "four")
        archive = study.simulate("many", 10000, 20, "--seed", 8, "--prevalence", "csto=.3")
        check_verify(study, archive, 10000, 20)
        check_estimate(study, "many", archive, "policies", "csto", "csto", 0.3)
        check_export(study, archive)
        check_randomization(study, archive, "policies", "each draw by itself", True)

        (work / "two").mkdir()
        study = Study(work / "two", TWO_LISTS, second="ru")
        archive = study.simulate("lists", 3000, 4, "--seed", 9, "--prevalence", "press=.25", "--prevalence", "courts=.7",
                                 "--prevalence", "csto=.5")
        check_verify(study, archive, 3000, 4)
        check_estimate(study, "lists", archive, "policies", "csto", "policies:csto", 0.5)
        check_estimate(study, "lists", archive, "policies-b", "csto", "policies-b:csto", 0.5)
        check_estimate(study, "lists", archive, "trust", "press", "trust:press", 0.25)
        check_estimate(study, "lists", archive, "trust", "courts", "trust:courts", 0.7)
        check_place(study, archive, "policies", ["csto"])
        check_place(study, archive, "trust", ["press", "courts"])
        check_randomization(study, archive, "policies-b", "in permuted blocks", True)
        check_randomization(study, archive, "trust", "in permuted blocks", False)
    finally:
        shutil.rmtree(work)
    print("ok: every simulated truth is recovered")


if __name__ == "__main__":
    sys.exit(main())
