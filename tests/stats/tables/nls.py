"""Two-step non-linear least squares."""
import fits

FLAT = ["--treat", "treat", "--items", "4", "--method", "nls", "--covariates", "male,age10,university"]


def squares(got, expected):
    for name, key in (("sse_control", "sse_control"), ("sse_treatment", "sse_treat")):
        fits.near(got["numbers"][name], expected[key], 1e-8, name)


def average(got, expected):
    squares(got, expected)
    there = fits.entry("standard.json predict.nls_avg_polished")
    fits.near(got["prevalence"]["estimate"], there["fit"], 1e-8, "average")
    fits.near(got["prevalence"]["se"], there["se"], fits.SE_TOLERANCE, "average se")


def row(name, data, where, *more, y="y", **rest):
    return {"name": name, "data": f"{data}.csv", "entry": f"{data}.json {where}", "vcov": "vcov",
            "args": ["--y", y, *FLAT, *more], "also": squares, **rest}


def second_item(got, _):
    expected = fits.entry("multi.json nls.polished_item2")
    found = {fits.key_of(c): c for c in got["coefficients"]}
    for name, value in expected["coef"].items():
        name_here = name.replace("sensitive.", "sensitive.2.")
        fits.near(found[name_here]["estimate"], value, 1e-6, name)
        fits.near(found[name_here]["se"], expected["se"][name], fits.SE_TOLERANCE, name)


def first_item(got, _):
    expected = fits.entry("multi.json nls.polished_item1")
    found = {fits.key_of(c): c for c in got["coefficients"]}
    for name, value in expected["coef"].items():
        name_here = name.replace("sensitive.", "sensitive.1.")
        fits.near(found[name_here]["estimate"], value, 1e-6, name)
        fits.near(found[name_here]["se"], expected["se"][name], fits.SE_TOLERANCE, name)


def refused(y, error, *words):
    """Means that do not determine an error rate: exit 1, a reason, and no number."""
    def check(_, __):
        done = fits.run("estimate", str(fits.REFERENCE / "error.csv"), "--y", y, *FLAT,
                        "--error", error, "--json")
        assert done.returncode == 1 and done.stdout == "", (done.returncode, done.stdout)
        assert all(w in done.stderr for w in (*words, "ml --error")), done.stderr
    return check


def conditioned(got, _):
    """Where the means do determine it, the conditioning is told and the sum of squares is one that
    no error rate of 0 reaches."""
    expected = fits.entry("error.json nls.y_true.polished")
    assert 0 < got["numbers"]["condition"] < 1e-3
    assert any("eigenvalue" in w for w in got["warnings"])
    total = got["numbers"]["sse_control"] + got["numbers"]["sse_treatment"]
    assert total < expected["sse_control"] + expected["sse_treat"]


ROWS = [
    row("error model, no finite best fit", "error", "nls.y_true.polished", y="y_true", coef=None, se=None,
        vcov=None, also=refused("y_uniform", "uniform", "no finite estimate", "sensitive.age10")),
    row("error model, not determined", "error", "nls.y_true.polished", y="y_true", coef=None, se=None,
        vcov=None, also=refused("y", "topcode", "do not determine sensitive.university", "6.1e-07")),
    row("error model, determined", "error", "nls.y_true.polished", "--error", "topcode", y="y_true",
        coef=None, se=None, vcov=None, also=conditioned),
    row("two steps", "standard", "nls.polished", also=average),
    row("weighted", "standard", "nls_weighted.polished", "--weights", "weight"),
    *(row(f"error.csv, {y}", "error", f"nls.{y}.polished", y=y)
      for y in ("y_true", "y", "y_top", "y_uniform")),
    row("first of several items", "multi", "nls.polished_item1", coef=None, se=None, vcov=None,
        also=first_item),
    row("second of several items", "multi", "nls.polished_item2", coef=None, se=None, vcov=None,
        also=second_item),
]

MIRROR = [
    {"name": "two steps", "data": "standard.csv",
     "args": ["--y", "y", *FLAT, "--by", "university", "--difference", "male=1:male=0"]},
    {"name": "weighted design", "data": "standard.csv",
     "args": ["--y", "y", *FLAT, "--weights", "weight", "--cluster", "psu", "--strata", "strata"]},
]

HOSTILE = [["--method", "nls", *more] for more in (
    [], ["--covariates", "x,z", "--by", "x"], ["--covariates", "factor(x)"],
    ["--covariates", "x,z", "--weights", "w"],
    ["--covariates", "x", "--weights", "w", "--cluster", "psu", "--strata", "strata"],
    ["--covariates", "z", "--error", "topcode"], ["--covariates", "z", "--error", "uniform"],
)]
