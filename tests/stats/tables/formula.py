"""Formulas: names as in R, and saturated models against fits of each cell alone."""
import csv
import os
import tempfile

import fits

BASE = ["--y", "y", "--treat", "treat", "--items", "4"]


def rows_of(keep):
    with open(fits.REFERENCE / "standard.csv", newline="") as f:
        return [r for r in csv.DictReader(f) if keep(r)]


def named(*names):
    def check(got, _):
        found = [c["term"] for c in got["coefficients"] if c["equation"] == "sensitive"]
        assert found == list(names), found
    return check


def saturated_lm(got, _):
    """male*factor(region): every cell has its own difference in means."""
    b = {c["term"]: c["estimate"] for c in got["coefficients"] if c["equation"] == "sensitive"}
    for male in "01":
        for region in "1234":
            cell = rows_of(lambda r: r["male"] == male and r["region"] == region)
            mean = {t: [int(r["y"]) for r in cell if r["treat"] == t] for t in "01"}
            difference = sum(mean["1"]) / len(mean["1"]) - sum(mean["0"]) / len(mean["0"])
            terms = ["(Intercept)", *(["male"] if male == "1" else []),
                     *([f"region{region}"] if region != "1" else []),
                     *([f"male:region{region}"] if male == "1" and region != "1" else [])]
            assert abs(sum(b[t] for t in terms) - difference) < 1e-10, (male, region)


def saturated_ml(got, _):
    """A model with its own coefficients in every group is a fit of each group alone."""
    for group in got["groups"][1:]:
        if group["by"] != "ethnicity":
            continue
        cell = rows_of(lambda r: r["ethnicity"] == group["value"])
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "cell.csv")
            with open(path, "w", newline="") as f:
                writer = csv.DictWriter(f, cell[0])
                writer.writeheader()
                writer.writerows(cell)
            alone = fits.estimate(path, *BASE, "--method", "ml", "--covariates", "male")
        fits.near(group["estimate"], alone["prevalence"]["estimate"], 1e-7, group["value"])
        fits.near(group["se"], alone["prevalence"]["se"], 1e-6, group["value"])


def refused(covariates, *words, status=2):
    def check(_, __):
        done = fits.run("estimate", str(fits.REFERENCE / "standard.csv"), *BASE, "--method", "ml",
                        "--covariates", covariates, "--json")
        assert done.returncode == status and done.stdout == "", (covariates, done.returncode)
        assert all(w in done.stderr for w in words), done.stderr
    return check


def all_of(*checks):
    def check(got, expected):
        for one in checks:
            one(got, expected)
    return check


def row(name, covariates, check, *more, method="lm"):
    return {"name": name, "data": "standard.csv", "entry": "standard.json lm.independent", "coef": None,
            "args": [*BASE, "--method", method, "--covariates", covariates, *more], "also": check}


ROWS = [
    row("a factor", "factor(region)", named("(Intercept)", "region2", "region3", "region4")),
    row("spaces", " male , factor( region ) ", named("(Intercept)", "male", "region2", "region3", "region4")),
    row("main effects come first", "male:university,male,university",
        named("(Intercept)", "male", "university", "male:university")),
    row("a star", "male*factor(region)", all_of(saturated_lm, named(
        "(Intercept)", "male", "region2", "region3", "region4", "male:region2", "male:region3", "male:region4"))),
    row("without its margin a factor has every level", "male:factor(ethnicity)",
        named("(Intercept)", "male:ethnicity1", "male:ethnicity2", "male:ethnicity3")),
    row("a square", "age10,age10:age10", named("(Intercept)", "age10", "age10:age10")),
    row("twice is once", "male,male,1", named("(Intercept)", "male")),
    row("every group its own", "male*factor(ethnicity)", saturated_ml, "--by", "ethnicity", method="ml"),
    row("no such column", "male", all_of(
        refused("mail", "--covariates mail", "there is no such column", "male"),
        refused("male,,age10", "a term is empty"),
        *(refused(f"male,{wrong}", wrong, "a column is missing") for wrong in (":", "*", "male:", ":male", "male**age10")),
        refused("male,age,age10", "age10 is a combination of the intercept and age", status=1))),
]
