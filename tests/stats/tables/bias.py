"""List minus direct of the same respondents, profiles, differences, simulated intervals."""
import csv
import math
import os
import tempfile

import fits

BASE = ["--y", "y", "--treat", "treat", "--items", "4"]
THREE = ["--covariates", "male,age10,university"]


def entries(got):
    return {e["name"]: e for e in got["prevalence"]["entries"]}


def list_minus_direct(got, _):
    """The collection takes the two for independent; the same people's covariance makes a little less
    or more. Estimates and the direct standard error are the same up to that."""
    there, here = fits.entry("standard.json predict.list_minus_direct_polished"), entries(got)
    fits.near(got["prevalence"]["estimate"], there["list"]["fit"], 1e-8, "list")
    fits.near(here["direct"]["estimate"], there["direct"]["fit"], 1e-8, "direct")
    fits.near(here["list minus direct"]["estimate"], there["difference"]["fit"], 1e-7, "difference")
    fits.near(here["direct"]["se"], there["direct"]["se"], 0.02, "direct se")
    fits.near(here["list minus direct"]["se"], there["difference"]["se"], 0.05, "difference se")


def covariance_by_hand(got, _):
    """Without covariates both are means: the variance of their difference from each row's share."""
    with open(fits.REFERENCE / "standard.csv", newline="") as f:
        rows = [(int(r["y"]), int(r["treat"]), int(r["direct"])) for r in csv.DictReader(f)]
    n = [sum(t == k for _, t, _ in rows) for k in (0, 1)]
    mean = [sum(y for y, t, _ in rows if t == k) / n[k] for k in (0, 1)]
    direct = sum(d for _, _, d in rows) / len(rows)
    variance = sum(((1 if t else -1) * (y - mean[t]) / n[t] - (d - direct) / len(rows)) ** 2
                   for y, t, d in rows)
    found = entries(got)["list minus direct"]
    fits.near(found["estimate"], mean[1] - mean[0] - direct, 1e-8, "difference of means")
    fits.near(found["se"], math.sqrt(variance), 1e-8, "its standard error")
    half = 1.959963984540054 * math.sqrt(variance)
    fits.near(found["ci_high"] - found["ci_low"], 2 * half, 1e-8, "its interval")


def profiles(got, _):
    there, here = fits.entry("standard.json predict.ml_male1_vs_male0_polished"), entries(got)
    for name, key in (("male=1", "male1"), ("male=0", "male0"), ("male=1:male=0", "difference")):
        fits.near(here[name]["estimate"], there[key]["fit"], 1e-8, name)
        fits.near(here[name]["se"], there[key]["se"], fits.SE_TOLERANCE, name + " se")


def first_rows(got, _):
    there, here = fits.entry("standard.json predict.ml_first6_polished"), entries(got)
    for name, fit, se in zip(FIRST, there["fit"], there["se"]):
        fits.near(here[name]["estimate"], fit, 1e-8, name)
        fits.near(here[name]["se"], se, fits.SE_TOLERANCE, name + " se")


def simulated(got, _):
    """10,000 draws: within a few Monte Carlo errors of the delta method where that holds."""
    there = fits.entry("standard.json predict.ml_avg_polished")
    found = got["prevalence"]
    assert abs(found["se"] / there["se"] - 1) < 0.06, found
    assert found["ci_low"] < found["estimate"] < found["ci_high"]
    assert abs((found["ci_high"] - found["ci_low"]) / (3.92 * there["se"]) - 1) < 0.06, found
    difference = entries(got)["male=1:male=0"]
    delta = fits.entry("standard.json predict.ml_male1_vs_male0_polished.difference")
    assert abs(difference["se"] / delta["se"] - 1) < 0.06, difference
    again = fits.estimate("standard.csv", *BASE, "--method", "ml", *THREE, "--simulate", "--seed", "9",
                          "--draws", "2000")
    other = fits.estimate("standard.csv", *BASE, "--method", "ml", *THREE, "--simulate", "--seed", "8",
                          "--draws", "2000")
    assert again["prevalence"] == fits.estimate(
        "standard.csv", *BASE, "--method", "ml", *THREE, "--simulate", "--seed", "9", "--draws", "2000")["prevalence"]
    assert again["prevalence"]["se"] != other["prevalence"]["se"]


def row(name, check, *more, method="ml", entry="standard.json ml_constrained.polished"):
    return {"name": name, "data": "standard.csv", "entry": entry, "coef": None,
            "args": ["--method", method, *BASE, *more], "also": check}


with open(fits.REFERENCE / "standard.csv", newline="") as _f:
    FIRST = [f"male={r['male']},age10={r['age10']},university={r['university']}"
             for r, _ in zip(csv.DictReader(_f), range(6))]

ROWS = [
    row("list minus direct", list_minus_direct, *THREE, "--direct", "direct"),
    row("covariance of the same people, by hand", covariance_by_hand, "--direct", "direct", method="lm"),
    row("profiles and their difference", profiles, *THREE, "--profile", "male=1", "--profile", "male=0",
        "--difference", "male=1:male=0"),
    row("single profiles", first_rows, *THREE, *(a for f in FIRST for a in ("--profile", f))),
    row("simulated intervals", simulated, *THREE, "--simulate", "--difference", "male=1:male=0"),
]

MIRROR = [
    {"name": f"list minus direct, {method}", "data": "standard.csv", "differences": ["list minus direct"],
     "coefficients": method != "lm", "args": ["--method", method, *BASE, *THREE, "--direct", "direct", *more]}
    for method, more in (("ml", []), ("nls", []), ("lm", []),
                         ("ml", ["--weights", "weight", "--cluster", "psu", "--strata", "strata"]))
]
HOSTILE = [["--method", m, "--covariates", "x", "--direct", "direct", "--simulate", "--draws", "100"]
           for m in ("ml", "nls", "lm")]


def posterior(got, _):
    """Refused unless forced; then in a file of its own, readable by its owner alone, and never in
    the result. Known z are 0 or 1 exactly."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "posterior.csv")
        args = ["estimate", str(fits.REFERENCE / "standard.csv"), *BASE, "--method", "ml", *THREE, "--json",
                "--posterior", path]
        refused = fits.run(*args)
        assert refused.returncode == 2 and "single people out" in refused.stderr and refused.stdout == ""
        assert not os.path.exists(path)
        done = fits.run(*args, "--force")
        assert done.returncode == 0 and "posterior" not in done.stdout, done.stderr
        assert os.stat(path).st_mode & 0o777 == 0o600
        with open(path, newline="") as f:
            found = [float(r["support"]) for r in csv.DictReader(f)]
        assert len(found) == 1200
        for value, expected in zip(found, fits.entry("standard.json predict.posterior_first10_polished.value")):
            assert abs(value - expected) <= 1e-8, (value, expected)
        with open(fits.REFERENCE / "standard.csv", newline="") as f:
            for row, value in zip(csv.DictReader(f), found):
                if row["treat"] == "1" and row["y"] in "05":
                    assert value == (row["y"] == "5"), (row, value)
        again = fits.run(*args, "--force")
        assert again.returncode == 3, "an existing file was replaced"


ROWS.append(row("posterior probabilities", posterior, *THREE))
