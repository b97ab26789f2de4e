"""Linear regression with arm interactions: closed forms, so 1e-8."""
import fits

FLAT = ["--y", "y", "--treat", "treat", "--items", "4", "--method", "lm"]
THREE = ["--covariates", "male,age10,university"]


def row(name, where, *more, **rest):
    return {"name": name, "data": "standard.csv", "entry": f"standard.json {where}.independent",
            "args": [*FLAT, *THREE, *more], "tolerance": 1e-8, **rest}


def only_difference(keys):
    """The regression without covariates is the difference in means: `keys` leads to its SE."""
    def check(got, _):
        expected = fits.entry("standard.json difference_in_means." + keys)
        fits.near(got["coefficients"][0]["se"], expected, 1e-8, keys)
        fits.near(got["prevalence"]["se"], expected, 1e-8, keys)
    return check


def satterthwaite(keys):
    def check(got, _):
        expected = fits.entry("standard.json difference_in_means.cluster_lm_robust." + keys)
        fits.near(got["groups"][0]["df"], expected, 1e-8, keys)
    return check


def both(*checks):
    def check(got, expected):
        for one in checks:
            one(got, expected)
    return check


def alone(name, keys, *more, also=None):
    """Coefficients of lm without covariates: "const" is 0 here, so the entry is the package's."""
    check = only_difference(keys)
    return {"name": name, "data": "standard.csv", "entry": "standard.json ictreg_dim",
            "args": [*FLAT, *more], "tolerance": 1e-8, "se": None, "coef": "coef",
            "also": both(check, also) if also else check}


def package_average(got, _):
    expected = fits.entry("standard.json predict.lm_avg")
    fits.near(got["prevalence"]["estimate"], expected["fit"], 1e-8, "average")
    fits.near(got["prevalence"]["se"], expected["se"], 1e-8, "average, HC3")


def residual_se(got, expected):
    fits.near(got["numbers"]["residual_se"], expected["resid_se"], 1e-8, "residual_se")


WEIGHTED = ["--weights", "weight"]
CLUSTERED = ["--cluster", "psu", "--se"]
ROWS = [
    row("HC3", "lm", se="se_HC3", vcov="vcov_HC3", also=package_average),
    *(row(se, "lm", "--se", se, se="se_" + se) for se in ("const", "HC0", "HC1", "HC2")),
    row("weighted, HC3", "lm_weighted", *WEIGHTED, se="se_HC3", vcov="vcov_HC3"),
    *(row("weighted, " + se, "lm_weighted", *WEIGHTED, "--se", se, se="se_" + se)
      for se in ("HC0", "HC1", "HC2")),
    # se_const of the weighted entry is sandwich's (squares of weighted residuals); const here is
    # the textbook's sigma^2 (X'WX)^-1, with the sigma of lm()
    row("weighted, const", "lm_weighted", *WEIGHTED, "--se", "const", se=None, also=residual_se),
    alone("Welch", "se_welch", "--se", "HC2"),
    *(alone("clusters, " + se, "cluster_lm_robust.unweighted." + se, *CLUSTERED, se)
      for se in ("CR0", "stata")),
    alone("clusters, CR2", "cluster_lm_robust.unweighted.CR2", *CLUSTERED, "CR2",
          also=satterthwaite("unweighted_df_CR2")),
]


def weighted(name, keys, *more, also=None):
    return alone(name, keys, *WEIGHTED, *more, also=also) | {
        "entry": "standard.json difference_in_means.weighted", "coef": None}


ROWS += [
    *(weighted("weighted clusters, " + se, "cluster_lm_robust.weighted." + se, *CLUSTERED, se)
      for se in ("CR0", "stata")),
    weighted("weighted clusters, CR2", "cluster_lm_robust.weighted.CR2", *CLUSTERED, "CR2",
             also=satterthwaite("weighted_df_CR2")),
    weighted("design", "survey_design.psu_strata_weight.se", "--cluster", "psu", "--strata", "strata"),
    {"name": "several items", "data": "multi.csv", "entry": "multi.json lm.package",
     "args": [*FLAT, *THREE], "tolerance": 1e-8},
]

MIRROR = [{"name": "lm", "data": "standard.csv", "coefficients": False,
           "args": [*FLAT, *THREE, "--by", "university", "--difference", "male=1:male=0"]}]

HOSTILE = [["--method", "lm", *more] for more in (
    [], ["--covariates", "x,z", "--by", "x"], ["--covariates", "factor(x)"],
    ["--covariates", "x,z", "--weights", "w", "--se", "HC2"],
    ["--covariates", "x", "--weights", "w", "--cluster", "psu", "--se", "CR2"],
    ["--covariates", "x", "--weights", "w", "--cluster", "psu", "--strata", "strata"],
)]
