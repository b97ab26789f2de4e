"""The models with a latent, a direct or a second answer beside the list: joint, misreport, double."""
STANDARD = ["--y", "y", "--treat", "treat", "--items", "4"]
COVARIATES = ["--covariates", "male,age10,university"]
JOINT = ["--method", "joint", *STANDARD, *COVARIATES, "--outcome", "outcome"]

MISREPORT = ["--method", "misreport", *STANDARD, *COVARIATES, "--direct", "direct", "--hide", "agree"]

DOUBLE = ["--method", "double", "--y", "y_a", "--treat", "treat_a", "--y2", "y_b", "--treat2", "treat_b", "--items", "4"]


def row(name, args, entry, **more):
    return {"name": name, "data": "standard.csv", "args": args, "entry": f"standard.json {entry}.polished",
            "vcov": "vcov", "loglik": True, **more}


ROWS = [
    row("joint constrained", JOINT, "joint_logistic_constrained"),
    row("joint unconstrained", [*JOINT, "--unconstrained"], "joint_logistic_unconstrained"),
    row("joint, robust", [*JOINT, "--se", "robust"], "joint_logistic_constrained", se="se_robust", vcov="vcov_robust"),
    row("joint, opg", [*JOINT, "--se", "opg"], "joint_logistic_constrained", se="se_opg", vcov=None),
    row("misreport none", MISREPORT, "misreport_none"),
    row("misreport none, no treatment", [*MISREPORT, "--misreport-treatment", "no"], "misreport_none_notreat"),
    row("misreport partial", [*MISREPORT, "--control-constraint", "partial"], "misreport_partial"),
    row("misreport full", [*MISREPORT, "--control-constraint", "full", "--se", "robust"], "misreport_full", se="se_robust",
        vcov="vcov_robust"),
]

OUTCOMES = {"same": ["outcome.agree", "outcome.disagree"], "differences": ["outcome.difference"],
            "swap": {"outcome.agree": "outcome.disagree", "outcome.disagree": "outcome.agree"},
            "coefficients": False}  # the intercepts of control and outcome move, no coefficient is simply turned
MIRROR = [
    {"name": "joint", "data": "standard.csv", "args": [*JOINT, "--by", "region"], **OUTCOMES},
    {"name": "joint unconstrained", "data": "standard.csv", "args": [*JOINT, "--unconstrained"], **OUTCOMES},
    {"name": "joint linear", "data": "standard.csv",
     "args": ["--method", "joint", *STANDARD, "--covariates", "male,university", "--outcome", "age"], **OUTCOMES},
    *({"name": f"misreport {kind}", "data": "standard.csv", "same": ["misreport"],
       "args": [*MISREPORT, "--control-constraint", kind, "--by", "male", *more]}
      for kind, more in (("none", []), ("partial", ["--se", "robust"]), ("full", ["--weights", "weight", "--cluster", "psu"]))),
    {"name": "double", "data": "double.csv", "coefficients": False, "args": [*DOUBLE, "--by", "male"]},
    {"name": "double, designed", "data": "double.csv", "coefficients": False,
     "args": [*DOUBLE, "--weights", "weight", "--cluster", "psu", "--strata", "strata"]},
    *({"name": f"combined{name}", "data": "standard.csv",
       "args": ["--method", "combined", *STANDARD, "--direct", "direct", "--hide", "agree", *more],
       "differences": ["list minus direct", "placebo test II"]}
      for name, more in (("", ["--by", "male,region"]), (", covariates", COVARIATES),
                         (", designed", ["--weights", "weight", "--cluster", "psu", "--strata", "strata", *COVARIATES]))),
    *({"name": f"aux {name}", "data": "standard.csv", "args": ["--method", "aux", *STANDARD, "--by", "male", *more]}
      for name, more in (("known", [*COVARIATES, "--known", "0.3"]),
                         ("groups", ["--covariates", "male,factor(region)", "--known", "region=1:0.45,region=2:0.3",
                                     "--moments", "ml"]),
                         ("saturated", ["--covariates", "male", "--known", "male=0:0.3,male=1:0.45"]),
                         ("robust", [*COVARIATES, "--robust"]), ("robust nls", [*COVARIATES, "--robust", "--moments", "nls"]),
                         ("designed", ["--covariates", "male,age10", "--known", "0.35", "--weights", "weight", "--cluster", "psu",
                                       "--strata", "strata"]))),
]
