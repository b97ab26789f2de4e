#!/usr/bin/env python3
"""Weights and their variances against R's survey package (reference/make_weights.R), through sanaq-admin ($ADMIN)."""
import csv
import json
import os
import pathlib
import subprocess
import sys
import tempfile

REFERENCE = pathlib.Path(__file__).resolve().parent / "reference"
ADMIN = os.environ.get("ADMIN", "sanaq-admin")
DATA = [str(REFERENCE / "weights.csv"), "--y", "y", "--treat", "treat", "--items", "4"]
DESIGN = ["--cluster", "psu", "--strata", "stratum"]
RAKED = """weights:
  base: base
  selection: eligible-adults
  adults: adults
  cap: 4
  rake:
    male: {0: 0.52, 1: 0.48}
    age: {18-29: 0.24, 30-49: 0.39, 50+: 0.37}
    edu: {1: 0.31, 2: 0.44, 3: 0.25}
"""
EXPECTED = json.loads((REFERENCE / "weights.json").read_text())


def run(*arguments):
    return subprocess.run([ADMIN, *map(str, arguments)], capture_output=True, text=True, check=False)


def written(folder, text):
    path = pathlib.Path(folder) / "weights.yaml"
    path.write_text(text)
    return path


def estimated(*arguments):
    done = run("estimate", *DATA, *arguments, "--json")
    assert done.returncode == 0, (arguments, done.stderr)
    return json.loads(done.stdout)


def weights_of(folder, text):
    out = pathlib.Path(folder) / "out.csv"
    done = run("export", *DATA, *DESIGN, "--weights-file", written(folder, text), "--format", "csv", "--out", out, "--force")
    assert done.returncode == 0, done.stderr
    with open(out, newline="") as lines:
        return [float(row["weight"]) for row in csv.DictReader(lines)]


def near(got, expected, tolerance, what):
    assert abs(got - expected) <= tolerance * abs(expected), f"{what}: {got!r}, expected {expected!r}"


def weights_are_those_of_calibrate_to_8_digits(folder):
    for text, name in ((RAKED, "raked"), (RAKED + f"  trim: {EXPECTED['trim']}\n", "trimmed")):
        got = weights_of(folder, text)
        assert len(got) == EXPECTED["n"]
        for i, (a, b) in enumerate(zip(got, EXPECTED[name])):
            near(a, b, 1e-8, f"{name} weight of row {i + 1}")


def each_stage_says_its_cv_and_design_effect(folder):
    got = estimated(*DESIGN, "--weights-file", written(folder, RAKED))["weights"]
    assert [stage["stage"] for stage in got] == ["base", "selection", "raking"]
    for stage in got:
        near(stage["cv"], EXPECTED["stages"][stage["stage"]]["cv"], 1e-10, stage["stage"])
        near(stage["design_effect"], EXPECTED["stages"][stage["stage"]]["design_effect"], 1e-10, stage["stage"])


def check_replicates(got, expected, tolerance):
    assert got["se_type"] == "replicates"
    for i in range(3): # all, male=0, male=1
        group = got["groups"][i]
        near(group["estimate"], expected["estimate"][i], tolerance, "estimate")
        near(group["se"], expected["se"][i], tolerance, "se")
    assert got["groups"][0]["df"] == EXPECTED["degf"]


def replicates_repeat_raking_as_svrepdesign_does(folder):
    raked = estimated(*DESIGN, "--weights-file", written(folder, RAKED), "--by", "male")
    check_replicates(raked, EXPECTED["replicates_raked"], 1e-9)
    names = raked["vcov"]["names"]
    covariance = raked["vcov"]["matrix"][names.index("sensitive.male=0")][names.index("sensitive.male=1")]
    near(covariance, EXPECTED["replicates_raked"]["cov_0_1"], 1e-9, "covariance of the groups")
    check_replicates(estimated(*DESIGN, "--weights", "base", "--se", "replicates", "--by", "male"), EXPECTED["replicates_base"], 1e-9)
    trimmed = written(folder, RAKED + f"  trim: {EXPECTED['trim']}\n")
    check_replicates(estimated(*DESIGN, "--weights-file", trimmed, "--by", "male"), EXPECTED["replicates_trimmed"], 1e-7)


def the_linear_variance_is_that_of_the_residuals(folder):
    got = estimated(*DESIGN, "--weights-file", written(folder, RAKED), "--by", "male", "--se", "linear")
    expected = EXPECTED["linear_raked"]
    assert got["se_type"] == "taylor"
    near(got["groups"][0]["se"], expected["se"], 1e-10, "se")
    near(got["groups"][2]["se"], expected["male_se"], 1e-10, "se of males")


def models_take_replicates_too(folder):
    got = estimated(*DESIGN, "--weights-file", written(folder, RAKED), "--method", "ml", "--covariates", "male")
    assert got["se_type"] == "replicates"
    again = estimated(*DESIGN, "--weights-file", written(folder, RAKED), "--method", "ml", "--covariates", "male", "--threads", "1")
    assert got["coefficients"] == again["coefficients"] and got["groups"] == again["groups"]
    linear = estimated(*DESIGN, "--weights-file", written(folder, RAKED), "--method", "ml", "--covariates", "male", "--se", "linear")
    assert linear["se_type"] == "design" and any("--se replicates" in w for w in linear["warnings"])
    for a, b in zip(got["coefficients"], linear["coefficients"]):
        assert a["estimate"] == b["estimate"]
        near(a["se"], b["se"], .3, "replicates and the design's own")


def adjustment_by_regression_is_lins(_):
    for arguments, name in ((["--covariates", "male,factor(edu)"], "lin"), (["--covariates", "edu", "--by", "male"], "lin_male")):
        group = estimated(*arguments)["groups"][-1]
        for key in ("estimate", "se", "df"):
            near(group[key], EXPECTED[name][key], 1e-10, f"{name} {key}")


def mistakes_are_said(folder):
    for text, words in (
        (RAKED.replace("  cap: 4\n", "  nonresponse: point\n"), "`nonresponse` needs the addresses"),
        (RAKED.replace("base: base", "base: wage"), "`base: wage`: the data have no such column"),
        (RAKED.replace("base: base", "base: stratum"), "holds texts"),
        (RAKED.replace("50+: 0.37", "50-99: 0.37"), "the data have `50+`, to which the margin gives no share"),
        (RAKED.replace("{18-29: 0.24", "{0-17: 0.04, 18-29: 0.20"), "nobody in the sample is `0-17`"),
        (RAKED.replace("  adults: adults\n", ""), "add `adults: COLUMN`"),
        (RAKED.replace("1: 0.48", "1: 0.58"), "add up to 1.1"),
        (RAKED + "  trim: 1.01\n", "raise `trim`"),
        (RAKED.replace("selection: eligible", "selektion: eligible"), "selektion"),
    ):
        done = run("estimate", *DATA, *DESIGN, "--weights-file", written(folder, text))
        assert done.returncode in (1, 2) and words in done.stderr and done.stdout == "", (words, done.stderr)
    done = run("estimate", *DATA, "--weights", "base", "--weights-file", written(folder, RAKED))
    assert done.returncode == 2 and "give one of them" in done.stderr
    done = run("estimate", *DATA, "--se", "replicates")
    assert done.returncode == 2 and "needs weights" in done.stderr


def main():
    for check in (weights_are_those_of_calibrate_to_8_digits, each_stage_says_its_cv_and_design_effect,
                  replicates_repeat_raking_as_svrepdesign_does, the_linear_variance_is_that_of_the_residuals,
                  models_take_replicates_too, adjustment_by_regression_is_lins, mistakes_are_said):
        with tempfile.TemporaryDirectory() as folder:
            check(folder)
        print("ok", check.__name__)


if __name__ == "__main__":
    sys.exit(main())
