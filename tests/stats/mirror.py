#!/usr/bin/env python3
"""Both directions. Support and opposition are one question asked from two sides, so data in which
every answer is turned round (J + 1 - y in treatment, J - y in control, direct' = 1 - direct, known'
= 1 - known) with --hide flipped and --ceiling and --floor exchanged must give 1 minus the
prevalence, the interval reversed, coefficients of opposite sign, the same standard errors and
log-likelihood, to 1e-10.

Each module of tests/stats/tables may have MIRROR, a list of dictionaries:

  data, args   as in fits.py, with --hide agree where the method assumes a direction
  same         prefixes of coefficients and entries that stay (who lies, who errs)
  swap         {"control.psi0": "control.psi1"}: equations that exchange their names as well
  coefficients False: only prevalences (where the intercept moves too)
  differences  entries that are differences of two prevalences and change their sign
  tolerance    1e-10"""
import csv
import importlib
import pathlib
import pkgutil
import sys
import tempfile

import fits

HERE = pathlib.Path(__file__).resolve().parent


def value_of(args, option, otherwise=None):
    return args[args.index(option) + 1] if option in args else otherwise


def mirrored_rows(rows, args):
    items = int(value_of(args, "--items"))
    lists = [(value_of(args, "--y"), value_of(args, "--treat")),
             (value_of(args, "--y2"), value_of(args, "--treat2"))]
    direct = value_of(args, "--direct")
    for row in rows:
        for y, treat in lists:
            if y and row[y] not in ("", "NA", "."):
                row[y] = str(items + (row[treat] != "0") - int(row[y]))
        if direct and row[direct] not in ("", "NA", "."):
            row[direct] = str(1 - int(row[direct]))
    return rows


def mirrored_args(args):
    swap = {"--ceiling": "--floor", "--floor": "--ceiling", "agree": "disagree",
            "--ceiling-covariates": "--floor-covariates",
            "--floor-covariates": "--ceiling-covariates"}
    args = [swap.get(a, a) for a in args]
    if "--known" in args: # "0.3" or "region=1:0.3,region=2:0.5"
        at = args.index("--known") + 1
        args[at] = ",".join(f"{k}{c}{1 - float(v):.17g}" for k, c, v in
                            (piece.rpartition(":") for piece in args[at].split(",")))
    return args


def mirrored_file(data, args, folder):
    path = pathlib.Path(folder) / "mirrored.csv"
    with open(fits.REFERENCE / data, newline="") as f:
        reader = csv.DictReader(f)
        rows = mirrored_rows(list(reader), args)
    with open(path, "w", newline="") as f:
        writer = csv.DictWriter(f, reader.fieldnames)
        writer.writeheader()
        writer.writerows(rows)
    return str(path)


def near(got, expected, tolerance, what):
    if got is None or expected is None:
        assert got is expected, (what, got, expected)
        return
    assert abs(got - expected) <= tolerance * max(1, abs(expected)), (what, got, expected)


def compare_prevalence(a, b, sign, tolerance, what):
    """Of a prevalence (sign 0: 1 - p), a difference of two (-1) or what stays as it is (1)."""
    turn = {0: lambda v: None if v is None else 1 - v, -1: lambda v: None if v is None else -v,
            1: lambda v: v}[sign]
    low, high = ("ci_low", "ci_high") if sign == 1 else ("ci_high", "ci_low")
    near(b["estimate"], turn(a["estimate"]), tolerance, what)
    near(b["se"], a["se"], tolerance, what + " se")
    near(b["ci_low"], turn(a[low]), tolerance, what + " ci_low")
    near(b["ci_high"], turn(a[high]), tolerance, what + " ci_high")


def other_name(name, row):
    for one, other in row.get("swap", {}).items():
        if name.startswith(one):
            return other + name[len(one):]
    return name


def compare_coefficients(row, a, b, tolerance):
    there = {fits.key_of(c): c for c in b["coefficients"]}
    swap = {"ceiling": "floor", "floor": "ceiling"}
    for c in a["coefficients"]:
        name = fits.key_of(c)
        keeps = name.startswith(tuple(row.get("same", [])) or ("\0",))
        first, dot, rest = name.partition(".")
        other = there[other_name(swap.get(first, first) + dot + rest, row)]
        near(other["estimate"], c["estimate"] if keeps else -c["estimate"], tolerance, name)
        near(other["se"], c["se"], tolerance, name + " se")


def entry_name(name):
    return name.replace("ceiling", "\0").replace("floor", "ceiling").replace("\0", "floor")


def check(row):
    tolerance = row.get("tolerance", 1e-10)
    a = fits.estimate(row["data"], *row["args"])
    with tempfile.TemporaryDirectory() as folder:
        path = mirrored_file(row["data"], row["args"], folder)
        b = fits.estimate(path, *mirrored_args(row["args"]))
    for g, h in zip(a["groups"], b["groups"], strict=True):
        compare_prevalence(g, h, 0, tolerance, f"{g['by']}={g['value']}")
    there = {(e["name"], e["item"]): e for e in b["prevalence"]["entries"]}
    for e in a["prevalence"]["entries"]:
        same = e["name"].startswith(tuple(row.get("same", [])) or ("\0",))
        difference = ":" in e["name"] or e["name"] in row.get("differences", [])
        other = there[entry_name(other_name(e["name"], row)), e["item"]]
        compare_prevalence(e, other, 1 if same else -1 if difference else 0,
                           tolerance, e["name"])
    if row.get("coefficients", True):
        compare_coefficients(row, a, b, tolerance)
    near(b["loglik"], a["loglik"], tolerance, "loglik")
    if a["prevalence"]["estimate"] is not None:
        compare_prevalence(a["prevalence"], b["prevalence"], 0, tolerance, "prevalence")


def main(words):
    sys.modules["mirror"] = sys.modules["__main__"]
    failed = total = 0
    for module in sorted(m.name for m in pkgutil.iter_modules([str(HERE / "tables")])):
        for row in getattr(importlib.import_module("tables." + module), "MIRROR", []):
            if words and not any(w in f"{module} {row['name']}" for w in words):
                continue
            total += 1
            try:
                check(row)
            except (AssertionError, KeyError, ValueError) as e:
                failed += 1
                print("FAILED", module, row["name"], repr(e)[:400])
    print(f"{total - failed} of {total} methods are the same from both sides")
    return 1 if failed or total == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
