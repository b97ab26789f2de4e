#!/usr/bin/env python3
"""sanaq-admin test ($ADMIN) against the reference numbers and what must be true of them."""
import json
import math
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile

REFERENCE = pathlib.Path(__file__).resolve().parent / "reference"
ADMIN = os.environ.get("ADMIN", "sanaq-admin")
STANDARD = [str(REFERENCE / "standard.csv"), "--y", "y", "--treat", "treat", "--items", "4"]


def run(*arguments):
    return subprocess.run([ADMIN, "test", *map(str, arguments)], capture_output=True, text=True, check=False)


def tested(*arguments):
    done = run(*arguments, "--json")
    assert done.returncode == 0, (arguments, done.stderr)
    got = json.loads(done.stdout)
    assert "nan" not in done.stdout.lower()
    return got, {test["name"]: test for test in got["tests"]}


def near(got, expected, tolerance, what):
    assert abs(got - expected) <= tolerance * max(1, abs(expected)), f"{what}: {got!r}, expected {expected!r}"


def design_effects_are_those_of_the_reference():
    """J = 3 in closed form; above it the reference integrated with Miwa's algorithm, whose weights miss the identity
    w0 - w1 + w2 - ... = 0 by 2e-6 (J = 4) and 8e-3 (J = 5); ours keep it (tests/admin/chi_bar)."""
    reference = json.loads((REFERENCE / "designeffect.json").read_text())
    for items, tolerance in ((3, 1e-12), (4, 1e-6), (5, 8e-3)):
        expected = reference[f"J{items}"]["gms_TRUE"]["corrected"]
        got, tests = tested(REFERENCE / "designeffect.csv", "--y", f"y{items}", "--treat", "treat", "--items", items)
        near(tests["design effect"]["p_value"], expected["p_bonferroni"], tolerance, f"J = {items}")
        near(tests["design effect"]["statistic"], max(expected["side_z0"]["lambda"], expected["side_z1"]["lambda"]), 1e-9, "lambda")
        assert any("not detected" in finding for finding in got["findings"])
        assert not any("no design effect" in finding for finding in got["findings"])
        assert 0 < got["numbers"]["design effect: smallest share deflating"] < 1
    for name, j in (("standard", 4), ("csto400", 4)):
        expected = json.loads((REFERENCE / f"{name}.json").read_text())["ict_test"]["gms_TRUE"]["corrected"]["p_bonferroni"]
        _, tests = tested(REFERENCE / f"{name}.csv", "--y", "y", "--treat", "treat", "--items", j)
        near(tests["design effect"]["p_value"], expected, 1e-6, name)


def hausman_is_refused_in_words_where_it_is_no_distance():
    expected = json.loads((REFERENCE / "standard.json").read_text())["hausman"]["polished"]
    got, tests = tested(*STANDARD, "--covariates", "age10,male,university")
    assert tests["Hausman, nls against ml"]["p_value"] is None
    (words,) = [w for w in got["warnings"] if "Hausman" in w]
    assert "not positive definite" in words
    near(float(words.split("eigenvalue ")[1].split(")")[0]), expected["min_eigenvalue_of_difference"], 1e-3, "eigenvalue")


def placebo_items_and_lists_show_what_is_artificial(tmp):
    """The estimates by hand: with the item less without it among control, Welch; and dim less what is known."""
    rng = random.Random(3)
    rows = []
    for i in range(1200):
        treat, educated = i % 2, rng.randrange(2)
        shown = "" if treat else rng.randrange(2)
        y = sum(rng.random() < 0.4 for _ in range(4)) + (treat and rng.random() < 0.3) + (shown == 1 and educated == 0 and rng.random() < 0.3)
        rows.append((y, treat, educated, shown))
    path = tmp / "placebo.csv"
    path.write_text("y,treat,educated,placebo\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))
    flat = [path, "--y", "y", "--treat", "treat", "--items", "4"]
    got, tests = tested(*flat, "--placebo", "placebo", "--known", "0.3", "--by", "educated")
    prevalence = {p["name"]: p for p in got["placebo"]}
    for name, groups in (("all respondents", (0, 1)), ("educated = 0", (0,)), ("educated = 1", (1,))):
        with_it = [y for y, _, group, shown in rows if shown == 1 and group in groups]
        without = [y for y, _, group, shown in rows if shown == 0 and group in groups]
        off = statistics.mean(with_it) - statistics.mean(without)
        se = math.sqrt(statistics.variance(with_it) / len(with_it) + statistics.variance(without) / len(without))
        near(prevalence[f"placebo item, {name}"]["estimate"], off, 1e-12, name)
        near(prevalence[f"placebo item, {name}"]["se"], se, 1e-12, name)
        near(tests[f"placebo item, {name}"]["statistic"], off / se, 1e-12, name)
        treated = [y for y, treat, group, _ in rows if treat == 1 and group in groups]
        control = [y for y, treat, group, _ in rows if treat == 0 and group in groups]
        near(prevalence[f"known prevalence, {name}"]["estimate"], statistics.mean(treated) - statistics.mean(control) - 0.3, 1e-12, name)
    assert tests["placebo item, educated = 0"]["p_value"] < 0.05 < tests["placebo item, educated = 1"]["p_value"]
    assert run(*flat, "--placebo", "nothing").returncode == 2 and "--placebo nothing" in run(*flat, "--placebo", "nothing").stderr
    path.write_text(path.read_text().replace(",1\n", ",2\n"))
    wrong = run(*flat, "--placebo", "placebo")
    assert wrong.returncode == 1 and "another value than 0 and 1" in wrong.stderr
    assert run(*flat, "--known", "3").returncode == 2


def balance_is_a_permutation_test_that_a_seed_repeats():
    _, first = tested(*STANDARD, "--covariates", "age10,male")
    _, again = tested(*STANDARD, "--covariates", "age10,male")
    _, other = tested(*STANDARD, "--covariates", "age10,male", "--seed", "2")
    name = "balance of the arms"
    assert first[name] == again[name] and first[name]["df"] == 2
    near(first[name]["p_value"], other[name]["p_value"], .05, "another seed")
    _, broken = tested(STANDARD[0], "--y", "y", "--treat", "direct", "--items", "4", "--covariates", "outcome") # no arms at all
    assert broken[name]["p_value"] < .001


def placebo_tests_of_the_direct_question_are_there():
    expected = json.loads((REFERENCE / "standard.json").read_text()) # from estimate --method combined
    assert "combined_plain" in expected
    got, tests = tested(*STANDARD, "--direct", "direct")
    assert {"placebo test I", "placebo test II"} <= set(tests)


def ends_and_spread_are_counted():
    got, _ = tested(*STANDARD, "--hide", "agree")
    near(got["numbers"]["ceiling share, treatment"], 14 / 600, 1e-12, "ceiling")
    near(got["numbers"]["variance of control counts"], 1.08867835281024, 1e-12, "variance")
    assert any("highest count, which tells that they agree" in finding for finding in got["findings"])
    got, _ = tested(*STANDARD, "--hide", "disagree")
    assert any("gave 0, which tells" in finding for finding in got["findings"])


def mistakes_are_said():
    done = run(*STANDARD, "--by", "nothing")
    assert done.returncode == 2 and "--by nothing" in done.stderr
    done = run(*STANDARD, "--covariates", "nothing")
    assert done.returncode == 2 and "nothing" in done.stderr


def main():
    for check in (design_effects_are_those_of_the_reference, hausman_is_refused_in_words_where_it_is_no_distance,
                  balance_is_a_permutation_test_that_a_seed_repeats, placebo_tests_of_the_direct_question_are_there,
                  ends_and_spread_are_counted, mistakes_are_said):
        check()
        print("ok", check.__name__)
    with tempfile.TemporaryDirectory() as tmp:
        placebo_items_and_lists_show_what_is_artificial(pathlib.Path(tmp))
        print("ok", placebo_items_and_lists_show_what_is_artificial.__name__)


if __name__ == "__main__":
    sys.exit(main())
