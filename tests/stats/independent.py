#!/usr/bin/env python3
"""Methods that the reference collection does not have, against their definitions written out here once more, row by row
and without any of the program's code: coefficients must solve the equations, standard errors follow from them."""
import csv
import math
import os
import sys
import tempfile

import fits

J = 4
STANDARD = ["--y", "y", "--treat", "treat", "--items", "4"]


DATA = "part.csv"  # the first rows of standard.csv, written where it is not in the way
ROWS = 350


def rows():
    with open(DATA, newline="") as f:
        for r in csv.DictReader(f):
            yield (int(r["treat"]), int(r["y"]), [1.0, float(r["male"]), float(r["university"])],
                   float(r["age"]), r["male"], float(r["weight"]))


def logistic(x):
    return 1 / (1 + math.exp(-x))


def dot(x, b):
    return sum(u * v for u, v in zip(x, b))


def binomial(y, eta):
    return math.comb(J, y) * logistic(eta) ** y * logistic(-eta) ** (J - y) if 0 <= y <= J else 0.0


def inverse(a):
    n = len(a)
    m = [row[:] + [float(i == j) for j in range(n)] for i, row in enumerate(a)]
    for c in range(n):
        best = max(range(c, n), key=lambda r: abs(m[r][c]))
        m[c], m[best] = m[best], m[c]
        m[c] = [v / m[c][c] for v in m[c]]
        for r in range(n):
            if r != c:
                m[r] = [u - m[r][c] * v for u, v in zip(m[r], m[c])]
    return [row[n:] for row in m]


def product(a, b):
    return [[sum(u * v for u, v in zip(row, column)) for column in zip(*b)] for row in a]


def transpose(a):
    return [list(column) for column in zip(*a)]


def square(values):
    """sum of s s' over rows"""
    n = len(values[0])
    return [[sum(v[i] * v[j] for v in values) for j in range(n)] for i in range(n)]


def derivative(f, b, step):
    """Columns: d f / d b_j, by central differences of fourth order; a step for all, or one for each."""
    columns = []
    for j in range(len(b)):
        h = step[j] if isinstance(step, list) else step
        at = [f([v + k * h * (i == j) for i, v in enumerate(b)]) for k in (-2, -1, 1, 2)]
        columns.append([(x - 8 * y + 8 * z - w) / (12 * h) for x, y, z, w in zip(*at)])
    return transpose(columns)


def coefficients(got):
    return [c["estimate"] for c in got["coefficients"]], [c["se"] for c in got["coefficients"]]


def small(value, scale, what):
    assert abs(value) <= scale, (what, value)


def close(got, expected, tolerance, what):
    assert abs(got - expected) <= tolerance * max(1e-300, abs(expected)), (what, got, expected)


# ---- equations of nls and of the likelihood ----

def nls_row(t, y, x, b):
    k = len(x)
    z, f = logistic(dot(x, b[:k])), logistic(dot(x, b[k:]))
    e = y - J * f - (z if t else 0)
    return [e * z * (1 - z) * v if t else 0.0 for v in x] + [0.0 if t else e * J * f * (1 - f) * v for v in x]


def log_likelihood(t, y, x, b):
    k = len(x)
    if not t:
        return math.log(binomial(y, dot(x, b[k:])))
    z = dot(x, b[:k])
    return math.log(logistic(z) * binomial(y - 1, dot(x, b[k:])) + logistic(-z) * binomial(y, dot(x, b[k:])))


def score_row(t, y, x, b):
    return derivative(lambda c: [log_likelihood(t, y, x, c)], b, 1e-4)[0]


def known_prevalences_are_weighed_as_defined():
    known = {"0": 0.33, "1": 0.4}
    data = list(rows())
    for moments, row in (("nls", nls_row), ("ml", score_row)):
        got = fits.estimate(DATA, "--method", "aux", *STANDARD, "--covariates", "male,university", "--moments",
                            moments, "--known", "male=0:0.33,male=1:0.4")
        b, se = coefficients(got)

        def equations(c):
            return [row(t, y, x, c) + [(h - logistic(dot(x, c[:3]))) if male == g else 0.0 for g, h in known.items()]
                    for t, y, x, _, male, _ in data]

        values = equations(b)
        weight = inverse(square(values))
        total = [sum(column) for column in zip(*values)]
        slope = derivative(lambda c: [sum(column) for column in zip(*equations(c))], b, 1e-4)
        gradient = product(product(transpose(slope), weight), [[v] for v in total])
        vcov = inverse(product(product(transpose(slope), weight), slope))
        for j, (g,) in enumerate(gradient): # a Newton step from here is no step
            small(sum(vcov[j][k] * gradient[k][0] for k in range(6)), 1e-6, f"{moments} {j} is not the minimum")
            close(se[j], vcov[j][j] ** 0.5, 1e-5, f"{moments} se {j}")
        hansen = product(product([total], weight), [[v] for v in total])[0][0]
        (test,) = got["named_tests"]
        close(test["statistic"], hansen, 1e-6, f"{moments} Hansen")
        assert test["df"] == 2


def robust_fits_are_held_as_defined():
    data = [(t, y, x[:2]) for t, y, x, *_ in rows()]
    n = [sum(1 for r in data if r[0] == arm) for arm in (0, 1)]
    mean = [sum(r[1] for r in data if r[0] == arm) / n[arm] for arm in (0, 1)]
    target = mean[1] - mean[0]
    for moments, row in (("nls", nls_row), ("ml", score_row)):
        got = fits.estimate(DATA, "--method", "aux", *STANDARD, "--covariates", "male", "--moments", moments,
                            "--robust")
        b, se = coefficients(got)
        close(got["groups"][0]["estimate"], target, 1e-10, "held to the difference in means")
        slope = [0.0, 0.0]
        for _, _, x, *_ in data:
            z = logistic(dot(x, b[:2]))
            slope = [s + z * (1 - z) * v for s, v in zip(slope, x)]
        total = [sum(column) for column in zip(*(row(t, y, x, b) for t, y, x, *_ in data))]
        multiplier = -total[0] / slope[0]
        small(total[1] + multiplier * slope[1], 1e-6, "the sensitive equations are along the condition")
        small(total[2], 1e-6, "control")
        small(total[3], 1e-6, "control")

        def equations(c):
            """c: coefficients, multiplier, and the two means that the condition is of."""
            values = []
            for t, y, x, *_ in data:
                z = logistic(dot(x, c[:2]))
                pull = [c[4] * z * (1 - z) * v for v in x] + [0.0, 0.0]
                values.append([u + v for u, v in zip(row(t, y, x, c[:4]), pull)] +
                              [z - (c[6] - c[5]), 0.0 if t else y - c[5], y - c[6] if t else 0.0])
            return values

        at = b + [multiplier] + mean
        jacobian = derivative(lambda c: [sum(column) for column in zip(*equations(c))], at, 1e-4)
        half = inverse(jacobian)
        vcov = product(product(half, square(equations(at))), transpose(half))
        for j in range(4):
            close(se[j], vcov[j][j] ** 0.5, 1e-5, f"{moments} se {j}")
        (test,) = got["named_tests"]
        close(test["statistic"], multiplier ** 2 / vcov[4][4], 1e-4, f"{moments} multiplier")


# ---- joint with a linear outcome ----

def joint_linear(t, y, x, outcome, c):
    """c: sensitive, control (2 each), outcome (2), its sensitive item, log sigma"""
    total = 0.0
    for z in (0, 1):
        mean, sigma = dot(x, c[4:6]) + c[6] * z, math.exp(c[7])
        total += (logistic(dot(x, c[:2]) * (1 if z else -1)) * binomial(y - t * z, dot(x, c[2:4])) *
                  math.exp(-0.5 * ((outcome - mean) / sigma) ** 2) / sigma / math.sqrt(2 * math.pi))
    return math.log(total)


def the_linear_joint_model_is_at_its_maximum():
    data = [(t, y, x[:2], *rest) for t, y, x, *rest in rows()]
    for option, weights in ((["--se", "observed"], None), (["--weights", "weight"], True)):
        got = fits.estimate(DATA, "--method", "joint", *STANDARD, "--covariates", "male", "--outcome", "age", *option)
        b, se = coefficients(got)

        def total(c):
            return sum((w if weights else 1) * joint_linear(t, y, x, age, c) for t, y, x, age, _, w in data)

        close(got["loglik"], total(b), 1e-10, "log-likelihood")
        step = [0.02 * v for v in se]
        score = derivative(lambda c: [total(c)], b, step)[0]
        information = [[-v for v in row]
                       for row in derivative(lambda c: derivative(lambda d: [total(d)], c, step)[0], b, step)]
        half = inverse(information)
        vcov = half
        if weights: # the sandwich
            scores = [[w * v for v in derivative(lambda c: [joint_linear(t, y, x, age, c)], b, step)[0]]
                      for t, y, x, age, _, w in data]
            vcov = product(product(half, square(scores)), half)
        for j in range(8):
            small(sum(half[j][k] * score[k] for k in range(8)), 1e-6 * se[j], f"{j} is not the maximum")
            close(se[j], vcov[j][j] ** 0.5, 1e-5, f"se {j}")


def main():
    global DATA
    with tempfile.TemporaryDirectory() as folder:
        DATA = os.path.join(folder, DATA)
        with open(DATA, "w", encoding="utf-8") as f:
            f.writelines((fits.REFERENCE / "standard.csv").read_text().splitlines(True)[:ROWS + 1])
        check_all()


def check_all():
    for check in (known_prevalences_are_weighed_as_defined, robust_fits_are_held_as_defined,
                  the_linear_joint_model_is_at_its_maximum):
        check()
        print("ok", check.__name__)


if __name__ == "__main__":
    sys.exit(main())
