"""Maximum likelihood: all variants."""
import collections
import csv
import math

import fits

FLAT = ["--treat", "treat", "--items", "4", "--method", "ml"]
THREE = ["--covariates", "male,age10,university"]
DESIGN = ["--weights", "weight", "--cluster", "psu", "--strata", "strata"]


def row(name, data, where, *more, y="y", covariates=THREE, **rest):
    return {"name": name, "data": f"{data}.csv", "entry": f"{data}.json {where}.polished",
            "args": ["--y", y, *FLAT, *covariates, *more], "loglik": True, "vcov": "vcov", **rest}


def prevalence(got, path, weighted=False):
    expected = fits.entry(path)
    fits.near(got["prevalence"]["estimate"], expected["fit"], 1e-8, path)
    fits.near(got["prevalence"]["se"], expected["se"], fits.SE_TOLERANCE, path + " se")


def average(path):
    return lambda got, _: prevalence(got, path)


def items(path):
    def check(got, _):
        for group, expected in zip(got["groups"], fits.entry(path)):
            fits.near(group["estimate"], expected["fit"], 1e-8, path)
            if "se" in expected:
                fits.near(group["se"], expected["se"], fits.SE_TOLERANCE, path)
            assert group["se"] > 0
    return check


def ratio(got, _):
    expected = fits.entry("standard.json ml_unconstrained.lr_test_vs_constrained")
    (test,) = got["named_tests"]
    fits.near(test["statistic"], expected["chisq"], 1e-8, test["name"])
    fits.near(test["p_value"], expected["p"], 1e-7, test["name"])
    assert test["df"] == expected["df"]


def rates(path, names):
    def check(got, _):
        entries = {e["name"]: e for e in got["prevalence"]["entries"]}
        for name, value in zip(names, fits.entry(path).values()):
            fits.near(entries[name]["estimate"], value, 1e-6, name)
            assert 0 < entries[name]["ci_low"] < value < entries[name]["ci_high"] < 1
    return check


def liars(path):
    def check(got, _):
        expected = fits.entry(path)
        prevalence(got, path + ".sensitive_prevalence")
        entries = {e["name"]: e for e in got["prevalence"]["entries"]}
        for end in ("ceiling", "floor"):
            for kind in ("conditional", "population"):
                name = f"{end}_liar_{kind}"
                if name in expected:
                    found = entries[f"{end} liars, {'of those at the ' + end if kind == 'conditional' else 'of all'}"]
                    fits.near(found["estimate"], expected[name], 1e-6, name)
                    assert found["se"] > 0
    return check


def highest(cells, p):
    """Highest log-likelihood of the model without covariates at prevalence p, by golden section."""
    def loglik(h):
        binomial = [math.comb(4, k) * h ** k * (1 - h) ** (4 - k) if 0 <= k <= 4 else 0 for k in range(-1, 6)]
        return sum(n * math.log(binomial[y + 1] if not t else p * binomial[y] + (1 - p) * binomial[y + 1])
                   for (t, y), n in cells.items())
    low, high, golden = 0.01, 0.99, (math.sqrt(5) - 1) / 2
    for _ in range(120):
        a, b = high - golden * (high - low), low + golden * (high - low)
        low, high = (low, b) if loglik(a) > loglik(b) else (a, high)
    return loglik((low + high) / 2)


def profile_by_hand(got, expected):
    with open(fits.REFERENCE / "standard.csv", newline="") as f:
        cells = collections.Counter((int(r["treat"]), int(r["y"])) for r in csv.DictReader(f))
    for end in ("ci_low", "ci_high"):
        fall = 2 * (expected["loglik"] - highest(cells, got["prevalence"][end]))
        assert abs(fall - 3.841458820694124) < 1e-6, (end, fall)


def refused(*cases):
    """What is asked for and cannot be done is refused with the reason, exit 2, before any number."""
    def check(_, __):
        for more, words in cases:
            done = fits.run("estimate", str(fits.REFERENCE / "ceiling.csv"), "--y", "y", *FLAT, *more, "--json")
            assert done.returncode == 2 and done.stdout == "", (more, done.returncode)
            assert all(w in done.stderr for w in words), (more, done.stderr)
    return check


ROWS = [
    row("what cannot be done", "ceiling", "ml_constrained", coef=None, loglik=False, vcov=None, se=None, also=refused(
        (["--ceiling", "--hide", "both"], ["hide: both", "one and the same answer"]),
        (["--floor", "--hide", "both"], ["hide: both"]),
        (["--ceiling", "--error", "topcode"], ["--error", "same extreme counts"]),
        (["--unconstrained", "--floor"], ["--unconstrained"]),
        (["--ceiling-covariates", "male"], ["needs --ceiling"]),
        (["--error", "topcoded"], ["--error topcoded", "topcode"]),
        (["--outcome", "male"], ["--outcome does nothing"]),
        (["--se", "HC9"], ["--se HC9", "observed"]),
        (["--se", "cluster"], ["needs --cluster"]),
        (["--covariates", "male", "--profile", "male=x"], ["male is a number"]),
        (["--covariates", "factor(region)", "--profile", "region=9"], ["nobody"]),
        (["--profile", "male=1"], ["the model has no column male"]))),
    row("interval of the likelihood, by hand", "standard", "ml_intercept_only", "--interval", "likelihood",
        covariates=[], also=profile_by_hand),
    row("constrained", "standard", "ml_constrained", also=average("standard.json predict.ml_avg_polished")),
    row("constrained, robust", "standard", "ml_constrained", "--se", "robust",
        se="se_robust", vcov="vcov_robust"),
    row("constrained, opg", "standard", "ml_constrained", "--se", "opg", se="se_opg", vcov=None),
    row("constrained, clusters", "standard", "ml_constrained", "--cluster", "psu", "--se", "cluster",
        se="se_cluster_psu_CR0", vcov=None),
    row("intercept only", "standard", "ml_intercept_only", covariates=[]),
    row("unconstrained", "standard", "ml_unconstrained", "--unconstrained", also=ratio),
    row("unconstrained, robust", "standard", "ml_unconstrained", "--unconstrained", "--se", "robust",
        se="se_robust", vcov="vcov_robust"),
    row("weighted", "standard", "ml_constrained_weighted", "--weights", "weight",
        se="se_robust", vcov="vcov_robust",
        also=average("standard.json predict.ml_avg_polished_weighted")),
    row("weighted, observed", "standard", "ml_constrained_weighted", "--weights", "weight",
        "--se", "observed"),
    row("weighted, opg", "standard", "ml_constrained_weighted", "--weights", "weight", "--se", "opg",
        se="se_opg", vcov=None),
    row("weighted, clusters", "standard", "ml_constrained_weighted", "--weights", "weight",
        "--cluster", "psu", "--se", "cluster", se="se_cluster_psu_CR0", vcov=None),
    row("design", "standard", "ml_constrained_weighted", *DESIGN,
        se="se_design_psu_strata", vcov="vcov_design_psu_strata"),
    row("overdispersed, binomial data", "standard", "ml_constrained_overdispersed", "--overdispersed"),
    row("overdispersed", "overdisp", "ml_constrained_overdispersed", "--overdispersed",
        also=average("overdisp.json predict.polished")),
    row("overdispersed, unconstrained", "overdisp", "ml_unconstrained_overdispersed",
        "--overdispersed", "--unconstrained"),
    row("plain on overdispersed data", "overdisp", "ml_constrained"),
    row("plain on liars", "ceiling", "ml_constrained"),
    row("ceiling", "ceiling", "boundary_ceiling", "--ceiling", "--hide", "agree",
        also=liars("ceiling.json boundary_ceiling.derived")),
    row("floor", "ceiling", "boundary_floor", "--floor", "--hide", "agree",
        also=liars("ceiling.json boundary_floor.derived")),
    row("ceiling and floor", "ceiling", "boundary_both", "--ceiling", "--floor", "--hide", "agree",
        also=liars("ceiling.json boundary_both.derived")),
    row("ceiling by covariates", "ceiling", "boundary_ceiling_covariates", "--ceiling",
        "--ceiling-covariates", "male,age10,university", "--hide", "agree",
        also=liars("ceiling.json boundary_ceiling_covariates.derived")),
    row("both by covariates", "ceiling", "boundary_both_covariates", "--ceiling", "--floor",
        "--ceiling-covariates", "male,age10,university",
        "--floor-covariates", "male,age10,university", "--hide", "agree",
        also=liars("ceiling.json boundary_both_covariates.derived")),
    row("several items", "multi", "ml_multi_none", also=items("multi.json ml_multi_none.prevalence_items")),
    row("several items, level", "multi", "ml_multi_level", "--multi", "level",
        also=items("multi.json ml_multi_level.prevalence_items")),
    row("several items, indicators", "multi", "ml_multi_indicators", "--multi", "indicators",
        also=items("multi.json ml_multi_indicators.prevalence_items")),
    row("no error in the data", "error", "ml_constrained.y_true", y="y_true",
        also=average("error.json ml_constrained.y_true.avg")),
    row("errors ignored", "error", "ml_constrained.y", also=average("error.json ml_constrained.y.avg")),
    row("top-coding ignored", "error", "ml_constrained.y_top", y="y_top"),
    row("uniform error ignored", "error", "ml_constrained.y_uniform", y="y_uniform"),
    row("top-coding", "error", "ml_error_topcode.y_top", "--error", "topcode", y="y_top",
        also=average("error.json ml_error_topcode.y_top.avg")),
    row("top-coding for mixed error", "error", "ml_error_topcode.y", "--error", "topcode",
        also=rates("error.json ml_error_topcode.y.error_rates", ["error rate"])),
    row("uniform error", "error", "ml_error_uniform.y_uniform", "--error", "uniform", y="y_uniform",
        also=average("error.json ml_error_uniform.y_uniform.avg")),
    row("uniform for mixed error", "error", "ml_error_uniform.y", "--error", "uniform",
        also=rates("error.json ml_error_uniform.y.error_rates",
                   ["error rate, control", "error rate, treatment"])),
    {"name": "the published table's data", "data": "csto400.csv", "entry": "csto400.json ml_male_university.polished",
     "args": ["--y", "y", *FLAT, "--derive", "university=education:1-4=0,5-6=1",
              "--derive", "male=gender:male=1,female=0", "--covariates", "male,university"],
     "loglik": True, "vcov": "vcov", "also": average("csto400.json ml_male_university.prevalence")},
]


def mirror(name, data, *more, covariates=THREE, **rest):
    return {"name": name, "data": f"{data}.csv", **rest,
            "args": ["--y", "y", *FLAT, *covariates, *more, "--by", "university",
                     "--profile", "university=1", "--difference", "university=1:university=0"]}


LIARS = ["--hide", "agree"]
MIRROR = [
    mirror("constrained", "standard"),
    mirror("weighted design", "standard", *DESIGN),
    mirror("unconstrained", "standard", "--unconstrained",
           swap={"control.psi0": "control.psi1", "control.psi1": "control.psi0"}),
    mirror("overdispersed", "overdisp", "--overdispersed", same=["logit_rho", "rho"]),
    mirror("overdispersed, unconstrained", "overdisp", "--overdispersed", "--unconstrained",
           same=["logit_rho", "rho"],
           swap={"control.psi0": "control.psi1", "control.psi1": "control.psi0",
                 "logit_rho.psi0": "logit_rho.psi1", "logit_rho.psi1": "logit_rho.psi0",
                 "rho, psi0": "rho, psi1", "rho, psi1": "rho, psi0"}),
    mirror("ceiling", "ceiling", "--ceiling", *LIARS, same=["ceiling"]),
    mirror("floor", "ceiling", "--floor", *LIARS, same=["floor"]),
    mirror("both", "ceiling", "--ceiling", "--floor", *LIARS, same=["ceiling", "floor"]),
    mirror("ceiling, interval of the likelihood", "ceiling", "--ceiling", "--interval", "likelihood", *LIARS,
           same=["ceiling"]),
    mirror("ceiling by covariates", "ceiling", "--ceiling", "--ceiling-covariates", "male", *LIARS,
           same=["ceiling"]),
    mirror("both with a prior", "ceiling", "--ceiling", "--floor", "--floor-covariates", "male",
           "--prior", "cauchy", *LIARS, same=["ceiling", "floor"]),
    mirror("ceiling, weighted design", "ceiling", "--ceiling", *DESIGN, *LIARS, same=["ceiling"]),
    mirror("uniform error", "error", "--error", "uniform", same=["logit_p", "error rate"]),
    mirror("several items", "multi"),
    mirror("several items, level", "multi", "--multi", "level", coefficients=False),
    mirror("several items, indicators", "multi", "--multi", "indicators", coefficients=False),
]

HOSTILE = [["--method", "ml", *more] for more in (
    ["--covariates", "x", "--interval", "likelihood"],
    ["--covariates", "x", "--ceiling", "--interval", "likelihood"],
    [],
    ["--covariates", "x,z", "--by", "x"],
    ["--covariates", "factor(x)", "--by", "x"],
    ["--covariates", "x,z", "--weights", "w"],
    ["--covariates", "x", "--weights", "w", "--cluster", "psu", "--strata", "strata"],
    ["--covariates", "x", "--unconstrained"],
    ["--covariates", "x", "--overdispersed"],
    ["--covariates", "x", "--overdispersed", "--unconstrained"],
    ["--covariates", "x", "--ceiling", "--hide", "agree"],
    ["--covariates", "x", "--floor", "--hide", "disagree"],
    ["--covariates", "x,z", "--ceiling", "--floor", "--ceiling-covariates", "x", "--prior", "cauchy"],
    ["--covariates", "x", "--error", "topcode"],
    ["--covariates", "x", "--error", "uniform"],
    ["--covariates", "x", "--multi", "level"],
    ["--covariates", "x", "--multi", "indicators"],
)]
