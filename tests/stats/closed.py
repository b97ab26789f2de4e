#!/usr/bin/env python3
"""Methods with closed forms against the reference collection: double, combined."""
import csv
import json
import sys

import fits

DOUBLE = ["--method", "double", "--y", "y_a", "--treat", "treat_a", "--y2", "y_b", "--treat2", "treat_b", "--items", "4"]
CLOSED = 1e-8


def entries(got):
    return {e["name"]: e for e in got["prevalence"]["entries"]}


def numbers(got):
    return got["numbers"]


def the_double_list_is_reproduced():
    got, expected = fits.estimate("double.csv", *DOUBLE), fits.entry("double.json average")
    group, parts, extra = got["groups"][0], entries(got), numbers(got)
    fits.near(group["estimate"], expected["estimate"], CLOSED, "average")
    fits.near(group["se"], expected["se"], CLOSED, "average se")
    for key, name in (("list_a", "a"), ("list_b", "b")):
        one = fits.entry(f"double.json {key}")
        fits.near(parts[f"difference, list {name}"]["estimate"], one["estimate"], CLOSED, name)
        fits.near(parts[f"difference, list {name}"]["se"], one["se_welch"], CLOSED, name + " se")
    least = expected["weights_min_variance"]
    fits.near(parts["minimum variance"]["estimate"], least["estimate"], CLOSED, "minimum variance")
    fits.near(parts["minimum variance"]["se"], least["se"], CLOSED, "minimum variance se")
    fits.near(extra["weight of the first list at minimum variance"], least["w_a"], CLOSED, "weight")
    fits.near(extra["covariance of the two"], expected["covariance_of_the_two"], CLOSED, "covariance")
    fits.near(extra["correlation of the two"], expected["correlation_of_the_two"], CLOSED, "correlation")
    difference = expected["difference_a_minus_b"]
    (test,) = got["named_tests"]
    fits.near(test["statistic"], difference["estimate"] / difference["se"], CLOSED, "equality")


def its_regression_is_reproduced():
    for se in ("CR0", "stata", "CR2"):
        expected = fits.entry(f"double.json stacked_regression.{se}.common_effect")
        got = fits.estimate("double.csv", *DOUBLE, "--se", se)
        treat = next(c for c in got["coefficients"] if fits.key_of(c) == "stacked.treat")
        fits.near(treat["estimate"], expected["estimate"], CLOSED, se)
        fits.near(treat["se"], expected["se"], CLOSED, se + " se")


def the_double_list_is_the_same_with_its_lists_exchanged():
    swapped = ["--method", "double", "--y", "y_b", "--treat", "treat_b", "--y2", "y_a", "--treat2", "treat_a", "--items",
               "4"]
    design = ["--weights", "weight", "--cluster", "psu", "--strata", "strata", "--by", "region"]
    a, b = (fits.estimate("double.csv", *args, *design) for args in (DOUBLE, swapped))
    for one, other in zip(a["groups"], b["groups"], strict=True):
        for key in ("estimate", "se", "ci_low", "n_control"):
            fits.near(one[key], other[key], 1e-12, key)
    for name, turned in (("difference, list a", "difference, list b"), ("minimum variance", "minimum variance")):
        for key in ("estimate", "se"):
            fits.near(entries(a)[name][key], entries(b)[turned][key], 1e-10, name)
    # the design's standard error of each difference is that of dim on that list alone
    alone = fits.estimate("double.csv", "--y", "y_b", "--treat", "treat_b", "--items", "4", *design)
    fits.near(entries(a)["difference, list b"]["estimate"], alone["groups"][0]["estimate"], CLOSED, "dim")
    fits.near(entries(a)["difference, list b"]["se"], alone["groups"][0]["se"], CLOSED, "dim se")


def the_combined_estimator_is_reproduced():
    standard = ["--method", "combined", "--y", "y", "--treat", "treat", "--items", "4", "--direct", "direct", "--hide", "agree"]
    for key, more in (("combined_plain", []), ("combined_covariates", ["--covariates", "male,age10,university"])):
        got, expected = fits.estimate("standard.csv", *standard, *more), fits.entry(f"standard.json {key}")
        group, parts = got["groups"][0], entries(got)
        best = expected.get("by_hand", expected["combined"])
        fits.near(group["estimate"], best["est"], CLOSED, key)
        fits.near(group["se"], best["se"], CLOSED, key + " se")
        for name, there in (("direct", "direct"), ("list alone", "conventional")):
            fits.near(parts[name]["estimate"], expected[there]["est"], CLOSED, key + name)
            fits.near(parts[name]["se"], expected[there]["se"], CLOSED, key + name + " se")
        for number, test in zip(("I", "II"), got["named_tests"], strict=True):
            placebo = expected[f"placebo_{number}"]
            assert test["name"] == f"placebo test {number}"
            fits.near(parts[test["name"]]["estimate"], placebo["estimate"], CLOSED, test["name"])
            fits.near(parts[test["name"]]["se"], placebo["se"], CLOSED, test["name"] + " se")
            fits.near(test["p_value"], placebo["p"], CLOSED, test["name"] + " p")


def the_sensitivity_bias_has_the_covariance_of_the_same_people():
    """By hand: D and the share who say yes are both sums over the same respondents."""
    got = fits.estimate("standard.csv", "--method", "combined", "--y", "y", "--treat", "treat", "--items", "4", "--direct",
                        "direct", "--hide", "agree")
    with open(fits.REFERENCE / "standard.csv", newline="") as f:
        rows = [(int(r["treat"]), int(r["y"]), int(r["direct"])) for r in csv.DictReader(f)]
    n, yes = len(rows), sum(d for _, _, d in rows) / len(rows)
    variance = sum((d - yes) ** 2 for _, _, d in rows) / (n - 1) / n
    for arm, sign in ((0, -1), (1, 1)):
        ys = [y for t, y, _ in rows if t == arm]
        m, mean = len(ys), sum(ys) / len(ys)
        variance += sum((y - mean) ** 2 for y in ys) / (m - 1) / m
        factor = (m / (m - 1) * n / (n - 1)) ** 0.5
        variance -= 2 * sign * factor * sum((y - mean) * (d - yes) for t, y, d in rows if t == arm) / m / n
    fits.near(entries(got)["list minus direct"]["se"], variance ** 0.5, 1e-10, "list minus direct")


def groups_outside_the_model_are_not_tested():
    """Their delta-method covariance knows nothing of the sampling of covariates: a chi-square of it would be of chance alone."""
    plain = ["--y", "y", "--treat", "treat", "--items", "4", "--method"]
    for method, more in (("ml", []), ("nls", []), ("lm", []), ("ml", ["--se", "replicates", "--cluster", "psu"])):
        got = fits.estimate("standard.csv", *plain, method, "--covariates", "male,age10", "--by", "male,region", *more)
        inside, outside = got["tests"]
        assert inside["by"] == "male" and inside["statistic"] > 0 and inside["df"] == 1, (method, inside)
        assert outside["by"] == "region" and outside["statistic"] is None and outside["p_value"] is None, (method, outside)
        (words,) = [w for w in got["warnings"] if "no test of equality" in w]
        assert words.startswith("region: ") and "not among the model's covariates" in words, words
        assert all(g["se"] > 0 for g in got["groups"]), method
    whole = fits.estimate("standard.csv", *plain, "ml", "--covariates", "male*factor(region)", "--by", "male:region,region")
    assert [t["statistic"] is not None for t in whole["tests"]] == [True, True], whole["tests"]
    crossed = fits.estimate("standard.csv", *plain, "ml", "--covariates", "male", "--by", "male:region")
    assert crossed["tests"][0]["statistic"] is None


def every_method_says_how_long_it_took():
    plain = ["--y", "y", "--treat", "treat", "--items", "4", "--method"]
    for method in ("dim", "bounds", "randomization", "ml"):
        assert 0 < fits.estimate("standard.csv", *plain, method)["fit_seconds"] < 60, method
    assert 0 < fits.estimate("double.csv", *DOUBLE)["fit_seconds"] < 60


def differences_in_means_are_those_of_the_collection():
    rows = [("ceiling", "difference_in_means", "y", 0), ("overdisp", "difference_in_means", "y", 0),
            ("multi", "difference_in_means_item1", "y", 0), ("multi", "difference_in_means_item2", "y", 1)]
    rows += [("error", f"difference_in_means.{y}", y, 0) for y in ("y_true", "y", "y_top", "y_uniform")]
    for name, entry, y, item in rows:
        expected = json.loads((fits.REFERENCE / f"{name}.json").read_text())[entry]
        group = fits.estimate(f"{name}.csv", "--y", y, "--treat", "treat", "--items", "4", "--unweighted")["groups"][item]
        for ours, theirs in (("estimate", "estimate"), ("se", "se_welch"), ("df", "df_welch")):
            assert abs(group[ours] - expected[theirs]) <= 1e-10 * abs(expected[theirs]), (name, entry, ours)


CHECKS = [differences_in_means_are_those_of_the_collection, groups_outside_the_model_are_not_tested, every_method_says_how_long_it_took, the_combined_estimator_is_reproduced, the_sensitivity_bias_has_the_covariance_of_the_same_people, the_double_list_is_reproduced, its_regression_is_reproduced,
          the_double_list_is_the_same_with_its_lists_exchanged]


def main():
    for check in CHECKS:
        check()
        print("ok", check.__name__)


if __name__ == "__main__":
    sys.exit(main())
