#!/usr/bin/env python3
"""Drives sanaq-admin (path in $ADMIN) against the reference numbers, and the copies of the
reference files against their originals where those are there."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
REFERENCE = HERE / "reference"
ORIGINALS = HERE.parents[2] / "shared" / "reference"
ADMIN = os.environ.get("ADMIN", "sanaq-admin")
CSTO = [str(REFERENCE / "csto400.csv"), "--y", "y", "--treat", "treat", "--items", "4"]
STANDARD = [str(REFERENCE / "standard.csv"), "--y", "y", "--treat", "treat", "--items", "4"]
UNIVERSITY = "university=education:1-4=0,5-6=1"
TOLERANCE = 1e-9


def run(*arguments):
    return subprocess.run([ADMIN, *arguments], capture_output=True, text=True, check=False)


def result(*arguments):
    done = run("estimate", *arguments, "--json")
    assert done.returncode == 0, (arguments, done.stderr)
    return json.loads(done.stdout)


def near(got, expected, what):
    assert got is not None and abs(got - expected) <= TOLERANCE * max(1, abs(expected)), (
        f"{what}: {got!r}, expected {expected!r}")


def close_p(got, expected, what):
    """A p value may be tiny: relative."""
    assert got is not None and abs(got - expected) <= TOLERANCE * expected, (
        f"{what}: {got!r}, expected {expected!r}")


def check_welch(group, expected, name):
    for key, source in (("n", "n"), ("n_control", "n_control"), ("n_treatment", "n_treat")):
        assert group[key] == expected[source], (name, key)
    for key, source in (("control_mean", "mean_control"), ("treatment_mean", "mean_treat"),
                        ("estimate", "estimate"), ("se", "se_welch"), ("df", "df_welch")):
        near(group[key], expected[source], f"{name} {key}")
    near(group["ci_low"], expected["ci95_welch"][0], f"{name} ci_low")
    near(group["ci_high"], expected["ci95_welch"][1], f"{name} ci_high")
    close_p(group["p_value"], expected["p_welch_two_sided"], f"{name} p")


def all_eleven_rows_of_csto400_are_reproduced():
    reference = json.loads((REFERENCE / "csto400.json").read_text())
    expected = {(None, None): reference["difference_in_means"]}
    for name, numbers in reference["difference_in_means_subgroups"].items():
        expected[tuple(name.split("="))] = numbers
    got = result(*CSTO, "--by", "gender,university,ethnicity,region", "--derive", UNIVERSITY)
    rows = [(g["by"], g["value"]) for g in got["groups"]]
    assert rows == [(None, None), ("gender", "female"), ("gender", "male"), ("university", "0"),
                    ("university", "1"), ("ethnicity", "kazakh"), ("ethnicity", "other"),
                    ("ethnicity", "russian"), ("region", "almaty"), ("region", "nursultan"),
                    ("region", "other")], rows
    for group in got["groups"]:
        check_welch(group, expected.pop((group["by"], group["value"])), str(group["value"]))
    assert not expected
    assert any("ethnicity = other" in w and "outside" in w for w in got["warnings"])


def the_json_has_every_key_and_only_its_types():
    got = result(*CSTO, "--by", "gender")
    assert set(got) == {
        "method", "list", "items", "hide", "design", "se_type", "n", "n_control", "n_treatment",
        "missing_control", "missing_treatment", "n_psu", "weight_cv", "groups", "tests",
        "bounds", "warnings",
        "coefficients", "vcov", "loglik", "iterations", "converged", "starts", "starts_reached",
        "other_maxima", "tie", "prevalence", "named_tests", "numbers", "assumptions",
        "group_seconds", "fit_seconds", "unweighted", "weights", "bootstrap"}
    assert (got["method"], got["list"], got["items"], got["hide"]) == ("dim", None, 4, None)
    assert (got["design"], got["se_type"], got["n_psu"], got["weight_cv"]) == ("srs", "welch", None, None)
    assert result(*CSTO, "--hide", "disagree")["hide"] == "disagree"
    for group in got["groups"]:
        assert set(group) == {
            "by", "value", "item", "n", "n_control", "n_treatment", "control_mean", "treatment_mean",
            "estimate", "se", "df", "ci_low", "ci_high", "p_value", "prespecified", "withheld"}
        assert group["prespecified"] is False and group["item"] is None
        assert all(isinstance(group[k], int) for k in ("n", "n_control", "n_treatment"))
    (test,) = got["tests"]
    female, male = got["groups"][1:]
    wald = (female["estimate"] - male["estimate"]) ** 2 / (female["se"] ** 2 + male["se"] ** 2)
    assert test["by"] == "gender" and test["df"] == 1
    near(test["statistic"], wald, "Wald statistic of two independent groups")


def the_designs_of_the_survey_package_are_reproduced():
    reference = json.loads((REFERENCE / "standard_design.json").read_text())
    options = {
        "psu_strata_weight": ["--weights", "weight", "--cluster", "psu", "--strata", "strata"],
        "psu_weight": ["--weights", "weight", "--cluster", "psu"],
        "strata_weight": ["--weights", "weight", "--strata", "strata"],
        "psu_strata_noweight": ["--cluster", "psu", "--strata", "strata"],
    }
    for name, expected in reference["survey_design"].items():
        got = result(*STANDARD, *options[name])
        group = got["groups"][0]
        near(group["estimate"], expected["estimate"], name)
        near(group["se"], expected["se"], f"{name} se")
        assert group["df"] == expected["degf"], name
        assert got["design"] == ("clustered" if "psu" in name else "weighted")
        assert got["n_psu"] == (60 if "psu" in name else None)
    expected = reference["weighted"]
    group = result(*STANDARD, "--weights", "weight")["groups"][0]
    near(group["control_mean"], expected["mean_control"], "weighted mean")
    near(group["treatment_mean"], expected["mean_treat"], "weighted mean")
    near(group["se"], expected["svy_weights_only"]["se"], "weights only, se")
    assert group["df"] == expected["svy_weights_only"]["df"]


def domains_keep_the_design_of_the_whole_sample():
    reference = json.loads((REFERENCE / "standard_design.json").read_text())
    got = result(*STANDARD, "--weights", "weight", "--by", "male,university,ethnicity,region")
    for group in got["groups"][1:]:
        expected = reference["subgroups_weighted"][f"{group['by']}={group['value']}"]
        n, whole = expected["n"], got["n"]
        near(group["estimate"], expected["estimate"], "domain estimate")
        near(group["se"], expected["se"] * ((n - 1) / n * whole / (whole - 1)) ** 0.5, "domain se")
        assert group["df"] == expected["df"]


def an_export_gives_the_same_numbers():
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out.csv")
        design = ["--weights", "weight", "--cluster", "psu", "--strata", "strata"]
        done = run("export", *STANDARD, *design, "--format", "csv", "--out", out)
        assert done.returncode == 0, done.stderr
        assert os.path.exists(os.path.join(folder, "out.codebook.csv"))
        assert os.stat(out).st_mode & 0o777 == 0o600
        again = result(out, "--y", "list_y", "--treat", "list_treat", "--items", "4", *design,
                       "--by", "male,region")
        first = result(*STANDARD, *design, "--by", "male,region")
        assert again.pop("fit_seconds") >= 0 and first.pop("fit_seconds") >= 0 # processor time, no estimate
        assert again == first
        before = pathlib.Path(out).read_bytes()
        refused = run("export", *STANDARD, "--format", "csv", "--out", out)
        assert refused.returncode == 3 and "--force" in refused.stderr
        assert pathlib.Path(out).read_bytes() == before


def the_copies_are_those_of_the_collection():
    if not ORIGINALS.is_dir():
        return
    sets = ("csto400", "standard", "ceiling", "multi", "error", "overdisp", "double", "designeffect")
    for name in (one + end for one in sets for end in (".csv", ".json")):
        assert (REFERENCE / name).read_bytes() == (ORIGINALS / name).read_bytes(), name
    original = json.loads((ORIGINALS / "standard.json").read_text())["difference_in_means"]
    extract = json.loads((REFERENCE / "standard_design.json").read_text())
    for name, numbers in extract["survey_design"].items():
        for key, value in numbers.items():
            assert original["survey_design"][name][key] == value, (name, key)
    for key, value in extract["srs"].items():
        assert original[key] == value, key


def main():
    for check in (all_eleven_rows_of_csto400_are_reproduced, the_json_has_every_key_and_only_its_types,
                  the_designs_of_the_survey_package_are_reproduced,
                  domains_keep_the_design_of_the_whole_sample, an_export_gives_the_same_numbers,
                  the_copies_are_those_of_the_collection):
        check()
        print("ok", check.__name__)


if __name__ == "__main__":
    sys.exit(main())
