#!/usr/bin/env python3
"""Data that break fits: every method must answer with finite numbers, or with a sentence and exit 1
or 2 and nothing on standard output. Never NaN, never a crash, never a number without a standard
error. Methods come from HOSTILE in the modules of tests/stats/tables: lists of options."""
import concurrent.futures
import csv
import importlib
import json
import math
import pathlib
import pkgutil
import random
import sys
import tempfile

import fits

HERE = pathlib.Path(__file__).resolve().parent
COLUMNS = ["y", "treat", "x", "z", "w", "psu", "strata", "direct", "outcome", "y2", "treat2"]


def logistic(v):
    return 1 / (1 + math.exp(-v))


def person(r, i, items):
    x, z, treat = r.random() < 0.5, round(r.gauss(0, 1), 2), i % 2
    holds = r.random() < logistic(-0.5 + x)
    count = lambda: sum(r.random() < logistic(0.3 * z) for _ in range(items))
    return {"y": count() + (holds and treat), "treat": treat, "x": int(x), "z": z,
            "w": round(r.uniform(0.5, 2), 3), "psu": i // 10, "strata": i // 50,
            "direct": int(holds and r.random() < 0.7), "outcome": int(r.random() < 0.4),
            "y2": count() + (holds and not treat), "treat2": 1 - treat}


def people(n, items=4, seed=1):
    r = random.Random(seed)
    return [person(r, i, items) for i in range(n)]


def changed(rows, **columns):
    """Columns given as numbers or as functions of the row."""
    return [row | {k: v(row) if callable(v) else v for k, v in columns.items()} for row in rows]


def cases():
    plain = people(400)
    yield "all counts equal", changed(plain, y=2, y2=2), 4
    yield "all counts 0", changed(plain, y=0, y2=0), 4
    yield "all counts at the top", changed(plain, y=lambda r: 4 + r["treat"], y2=lambda r: 4 + r["treat2"]), 4
    yield "control all 0", changed(plain, y=lambda r: r["treat"] and min(1, r["y"])), 4
    yield "nobody treated", changed(plain, treat=0), 4
    yield "nobody in control", changed(plain, treat=1), 4
    yield "one treated", [r | {"treat": int(i == 0), "treat2": int(i != 0)} for i, r in enumerate(plain)], 4
    yield "covariate is the arm", changed(plain, x=lambda r: r["treat"]), 4
    yield "covariate is the count", changed(plain, z=lambda r: r["y"]), 4
    yield "separated by the covariate", changed(plain, y=lambda r: r["treat"] * r["x"] + 2 * r["x"], y2=lambda r: r["treat2"] * r["x"]), 4
    yield "collinear covariates", changed(plain, z=lambda r: 2 * r["x"] + 1), 4
    yield "constant covariate", changed(plain, x=1), 4
    yield "nearly collinear", changed(plain, z=lambda r: r["x"] + 1e-9 * r["z"]), 4
    yield "huge covariate", changed(plain, z=lambda r: r["z"] * 1e150), 4
    yield "tiny covariate", changed(plain, z=lambda r: r["z"] * 1e-150), 4
    yield "outlier", [r | ({"z": 1e6} if i == 7 else {}) for i, r in enumerate(plain)], 4
    yield "one respondent a group", [r | {"x": i} for i, r in enumerate(people(60))], 4
    yield "a group of one", [r | {"x": int(i == 3)} for i, r in enumerate(plain)], 4
    yield "one item", people(400, 1), 1
    yield "twenty items", people(400, 20), 20
    yield "twenty items, all said", changed(people(400, 20), y=lambda r: 20 + r["treat"]), 20
    yield "five respondents", people(5), 4
    yield "two respondents", people(2), 4
    yield "weights of zero", [r | ({"w": 0} if i % 7 == 0 else {}) for i, r in enumerate(plain)], 4
    yield "negative weight", [r | ({"w": -1} if i == 3 else {}) for i, r in enumerate(plain)], 4
    yield "weights over a billion", [r | {"w": 10 ** (9 * i / 399)} for i, r in enumerate(plain)], 4
    yield "one weight of a billion", [r | {"w": 1e9 if i == 11 else 1} for i, r in enumerate(plain)], 4
    yield "weights of 1e-300", changed(plain, w=lambda r: r["w"] * 1e-300), 4
    yield "weights of 1e300", changed(plain, w=lambda r: r["w"] * 1e300), 4
    yield "one sampling point", changed(plain, psu=1, strata=1), 4
    yield "a point a stratum", changed(plain, strata=lambda r: r["psu"]), 4
    yield "a point a respondent", [r | {"psu": i, "strata": 1} for i, r in enumerate(plain)], 4
    yield "direct always yes", changed(plain, direct=1), 4
    yield "direct always no", changed(plain, direct=0), 4
    yield "outcome constant", changed(plain, outcome=1), 4
    yield "missing everywhere", [r | ({"x": ""} if i % 3 else {}) for i, r in enumerate(plain)], 4
    yield "all missing", changed(plain, x="NA"), 4
    yield "harmless", plain, 4


def walk(value, path=""):
    if isinstance(value, dict):
        for k, v in value.items():
            yield from walk(v, f"{path}.{k}")
    elif isinstance(value, list):
        for i, v in enumerate(value):
            yield from walk(v, f"{path}[{i}]")
    else:
        yield path, value


def check(done, what):
    assert done.returncode in (0, 1, 2), (what, done.returncode, done.stderr[-500:])
    low = (done.stdout + done.stderr).lower()
    assert not any(w in low.replace("nanosecond", "").split() for w in ("nan", "-nan", "inf", "-inf")), (what, low[:300])
    if done.returncode != 0:
        assert done.stdout == "", (what, done.stdout[:200])
        assert done.stderr.startswith("sanaq-admin: ") and len(done.stderr) > 40, (what, done.stderr)
        return False
    got = json.loads(done.stdout)
    for path, value in walk(got):
        assert not isinstance(value, float) or math.isfinite(value), (what, path, value)
    for c in got["coefficients"]:
        assert c["estimate"] is not None and c["se"] is not None, (what, c)
        assert c["se"] > 0 or any("standard error is 0" in w for w in got["warnings"]), (what, c)
    for g in got["groups"]:
        assert g["n_control"] + g["n_treatment"] == g["n"], (what, g)
        if g["estimate"] is not None and got["coefficients"]:
            assert g["se"] is not None, (what, g)
            assert g["se"] == 0 or g["ci_low"] <= g["estimate"] <= g["ci_high"], (what, g)
    for e in got["prevalence"]["entries"]:
        assert e["estimate"] is not None and e["se"] is not None, (what, e)
    return True


def methods():
    for module in sorted(m.name for m in pkgutil.iter_modules([str(HERE / "tables")])):
        yield from getattr(importlib.import_module("tables." + module), "HOSTILE", [])


def main(words):
    answered = total = failed = 0
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(2) as pool:
        for name, rows, items in cases():
            path = pathlib.Path(folder) / "data.csv"
            with open(path, "w", newline="") as f:
                writer = csv.DictWriter(f, COLUMNS)
                writer.writeheader()
                writer.writerows(rows)
            chosen = [m for m in methods() if all(w in f"{name}: {' '.join(m)}" for w in words)]
            for method, done in zip(chosen, pool.map(
                    lambda m: fits.run("estimate", str(path), "--y", "y", "--treat", "treat",
                                       "--items", str(items), *m, "--json"), chosen)):
                what = f"{name}: {' '.join(method)}"
                total += 1
                try:
                    good = check(done, what)
                    answered += good
                    assert good or name != "harmless" or "--error" in method or "--overdispersed" in method, (
                        what, done.stderr)
                except (AssertionError, ValueError) as e:
                    failed += 1
                    print("FAILED", repr(e)[:600])
                if words:
                    print(what, "->", done.stderr.strip()[:300] or "answered")
    print(f"{total} fits of hostile data: {answered} answered, {total - answered - failed} refused in words, "
          f"{failed} failed")
    return 1 if failed or total == 0 or answered == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
