#!/usr/bin/env python3
"""Every fit of the reference collection: sanaq-admin (path in $ADMIN) against numbers that were made
independently and converged. Each module of tests/stats/tables has ROWS; a row is a dictionary:

  data, args      the CSV in tests/stats/reference, and the options of `estimate`
  entry           where the numbers stand: "standard.json ml_constrained.polished"
  coef, se, vcov  keys of the entry ("coef", "se", None; None: not compared)
  loglik          True: the entry's `loglik` is compared
  tolerance       of coefficients, relative (1e-6; closed forms 1e-8)
  also            optional check(result, entry) for what is special

`fits.py NAME...` runs only the rows whose name contains one of the words."""
import importlib
import json
import os
import pathlib
import pkgutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
REFERENCE = HERE / "reference"
ADMIN = os.environ.get("ADMIN", "sanaq-admin")
SE_TOLERANCE, LOGLIK_TOLERANCE = 1e-5, 1e-8
_files = {}


def run(*arguments):
    return subprocess.run([ADMIN, *arguments], capture_output=True, text=True, check=False)


def estimate(data, *arguments):
    """The result of `sanaq-admin estimate` on a reference file, as a dictionary."""
    done = run("estimate", str(REFERENCE / data), *arguments, "--json")
    assert done.returncode == 0, (data, arguments, done.stderr)
    return json.loads(done.stdout)


def entry(where):
    """"standard.json a.b" -> the object; names of the files themselves may have dots."""
    name, path = where.split(" ", 1)
    if name not in _files:
        _files[name] = json.loads((REFERENCE / name).read_text())
    found = _files[name]
    while path:
        key = max((k for k in found if path == k or path.startswith(k + ".")), key=len)
        found, path = found[key], path[len(key) + 1:]
    return found


def key_of(coefficient):
    return ".".join(filter(None, (coefficient["equation"], coefficient["term"])))


def near(got, expected, tolerance, what):
    """Relative, as the collection's own accuracy is."""
    assert got is not None and abs(got - expected) <= tolerance * abs(expected), (
        f"{what}: {got!r}, expected {expected!r}")


def compare_vcov(got, expected, se, what):
    """Covariances on the scale of the standard errors: a covariance near 0 has no relative error."""
    assert got["names"] == expected["names"], (what, got["names"], expected["names"])
    for i, a in enumerate(got["names"]):
        for j, b in enumerate(got["names"]):
            off = abs(got["matrix"][i][j] - expected["matrix"][i][j]) / (se[a] * se[b])
            assert off <= 2 * SE_TOLERANCE, (what, a, b, off)


def check(row):
    expected = entry(row["entry"])
    got = estimate(row["data"], *row["args"])
    found = {key_of(c): c for c in got["coefficients"]}
    key = row.get("coef", "coef")
    coef = expected[key] if key else {}
    assert not coef or list(found) == list(coef), (row["name"], list(found), list(coef))
    for name, value in coef.items():
        near(found[name]["estimate"], value, row.get("tolerance", 1e-6), f"{row['name']} {name}")
    se = row.get("se", "se")
    for name, value in expected[se].items() if coef and se else ():
        near(found[name]["se"], value, SE_TOLERANCE, f"{row['name']} se {name}")
    if row.get("vcov"):
        compare_vcov(got["vcov"], expected[row["vcov"]], expected[se], row["name"])
    if row.get("loglik"):
        near(got["loglik"], expected["loglik"], LOGLIK_TOLERANCE, f"{row['name']} loglik")
        assert got["converged"] is True, row["name"]
    if "also" in row:
        row["also"](got, expected)


def tables():
    sys.path.insert(0, str(HERE))
    for module in sorted(m.name for m in pkgutil.iter_modules([str(HERE / "tables")])):
        yield module, importlib.import_module("tables." + module).ROWS


def main(words):
    sys.modules["fits"] = sys.modules["__main__"]
    failed = total = 0
    for module, rows in tables():
        assert rows, f"tables/{module}.py has no rows"
        for row in rows:
            if words and not any(w in f"{module} {row['name']}" for w in words):
                continue
            total += 1
            try:
                check(row)
            except (AssertionError, KeyError, ValueError) as e:
                failed += 1
                print("FAILED", module, row["name"], repr(e)[:400])
    print(f"{total - failed} of {total} fits agree")
    return 1 if failed or total == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
