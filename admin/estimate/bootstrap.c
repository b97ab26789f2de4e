#include "admin/estimate/bootstrap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/bootstrap_units.h"
#include "admin/estimate/dim.h"
#include "admin/estimate/numeric.h"
#include "admin/estimate/resample.h"
#include "core/log.h"

struct boot {
    const struct estimate_options *o;
    const struct bootstrap_units *units;
    size_t resamples, jackknife;
};

static enum err weights_of(const void *ctx, size_t i, double *out)
{
    const struct boot *b = ctx;
    return i < b->resamples ? bootstrap_draw(b->units, b->o->seed, i, out)
                            : bootstrap_leave(b->units, i - b->resamples, out);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* The values of number ${k} in runs ${from} to ${to} that have one, into ${out}. */
static size_t column_of(const struct resample_runs *runs, size_t k, size_t from, size_t to,
                        double *out)
{
    size_t n = 0;
    for (size_t i = from; i < to; i++) {
        double v = runs->value[i * runs->numbers + k];
        if (isfinite(v))
            out[n++] = v;
    }
    return n;
}

static double quantile(const double *sorted, size_t n, double p)
{
    double at = p * (double)(n + 1) - 1;
    if (!(at > 0))
        return sorted[0];
    if (at >= (double)(n - 1))
        return sorted[n - 1];
    size_t low = (size_t)at;
    return sorted[low] + (at - (double)low) * (sorted[low + 1] - sorted[low]);
}

/* sum d^3 / (6 (sum d^2)^(3/2)) of the jackknife's deviations. */
static double acceleration(const double *value, size_t n)
{
    double mean = 0, squares = 0, cubes = 0;
    for (size_t i = 0; i < n; i++)
        mean += value[i] / (double)n;
    for (size_t i = 0; i < n; i++) {
        double d = mean - value[i];
        squares += d * d;
        cubes += d * d * d;
    }
    return squares > 0 ? cubes / (6 * pow(squares, 1.5)) : 0;
}

/* Where BCa looks for the quantile ${z} of a normal. */
static double shifted(double bias, double a, double z)
{
    return numeric_normal_cdf(bias + (bias + z) / (1 - a * (bias + z)));
}

static void intervals(const struct boot *b, const struct resample_runs *runs, size_t k,
                      double estimate, double *room, struct estimate_boot *out)
{
    double below = 0, z = numeric_normal_quantile(0.975);
    size_t n = column_of(runs, k, 0, b->resamples, room);
    *out = (struct estimate_boot){NAN, NAN, NAN, NAN, n};
    if (n < BOOTSTRAP_LEAST || !isfinite(estimate))
        return;
    qsort(room, n, sizeof *room, by_value);
    out->percentile_low = quantile(room, n, 0.025);
    out->percentile_high = quantile(room, n, 0.975);
    for (size_t i = 0; i < n; i++)
        below += room[i] < estimate ? 1 : room[i] == estimate ? 0.5 : 0;
    double share = below / (double)n;
    if (!(share > 0 && share < 1)) /* all on one side: nothing to correct by */
        return;
    double bias = numeric_normal_quantile(share);
    double *left = room + b->resamples;
    size_t m = column_of(runs, k, b->resamples, runs->count, left);
    double a = m > 1 ? acceleration(left, m) : 0;
    out->bca_low = quantile(room, n, shifted(bias, a, -z));
    out->bca_high = quantile(room, n, shifted(bias, a, z));
}

/* Covariance of the resamples in which both numbers are there. */
static void covariance(const struct boot *b, const struct resample_runs *runs, double *v)
{
    size_t k = runs->numbers;
    for (size_t a = 0; a < k; a++)
        for (size_t c = 0; c <= a; c++) {
            double n = 0, x = 0, y = 0, xy = 0;
            for (size_t i = 0; i < b->resamples; i++) {
                double u = runs->value[i * k + a], w = runs->value[i * k + c];
                if (!isfinite(u) || !isfinite(w))
                    continue;
                double d = u - x;
                n++;
                x += d / n;
                y += (w - y) / n;
                xy += d * (w - y);
            }
            v[a * k + c] = v[c * k + a] = n > 1 ? xy / (n - 1) : NAN;
        }
}

static void give_intervals(const struct estimate_options *o, struct estimate_result *r)
{
    for (size_t i = 0; i < r->groups; i++) {
        const struct estimate_boot *b = &r->boot[i];
        if (isnan(r->group[i].estimate))
            continue;
        r->group[i].ci_low = o->percentile ? b->percentile_low : b->bca_low;
        r->group[i].ci_high = o->percentile ? b->percentile_high : b->bca_high;
    }
    for (size_t i = 0; i < r->prevalences; i++) {
        const struct estimate_boot *b = &r->boot[r->groups + r->coefficients + i];
        r->prevalence[i].ci_low = o->percentile ? b->percentile_low : b->bca_low;
        r->prevalence[i].ci_high = o->percentile ? b->percentile_high : b->bca_high;
    }
}

static enum err say_failures(const struct boot *b, const struct resample_runs *runs,
                             struct estimate_result *r)
{
    size_t failed = 0;
    for (size_t i = 0; i < b->resamples; i++) {
        bool any = false;
        for (size_t k = 0; k < runs->numbers && !any; k++)
            any = isfinite(runs->value[i * runs->numbers + k]);
        failed += !any;
    }
    r->resamples_failed = failed;
    if (2 * failed > b->resamples)
        return log_fail(ERR_DOUBT,
                        "in %zu of %zu resamples there is no estimate; the data are too few for "
                        "this model, simplify it",
                        failed, b->resamples);
    if (failed == 0)
        return ERR_OK;
    return estimate_warn(r,
                         "In %zu of %zu resamples there was no estimate (no finite solution, or an "
                         "empty arm); the intervals are of the others and may be too short.",
                         failed, b->resamples);
}

static enum err summarise(const struct boot *b, const struct frame *f,
                          const struct resample_runs *runs, struct estimate_result *r)
{
    size_t k = runs->numbers;
    double *room = malloc((runs->count + 1) * sizeof *room);
    double *v = malloc((k * k + 1) * sizeof *v);
    enum err e = ERR_NOMEM;
    r->boot = calloc(k + 1, sizeof *r->boot);
    if (room == NULL || v == NULL || r->boot == NULL)
        goto out;
    r->boots = k;
    r->resamples = b->resamples;
    for (size_t i = 0; i < k; i++)
        intervals(b, runs, i, resample_number(r, i), room, &r->boot[i]);
    covariance(b, runs, v);
    if ((e = say_failures(b, runs, r)) != ERR_OK || (e = resample_give(r, v, INFINITY)) != ERR_OK ||
        (e = dim_holm(f, r)) != ERR_OK)
        goto out;
    give_intervals(b->o, r);
    r->se_type = "bootstrap";
out:
    free(room);
    free(v);
    return e;
}

enum err bootstrap_run(const struct estimator *est, const struct frame *f,
                       const struct estimate_options *o, struct estimate_result **out)
{
    struct estimate_options own = *o;
    struct bootstrap_units *units = NULL;
    struct estimate_result *r = NULL;
    struct resample_runs runs = {0};
    enum err e = ERR_OK;
    if (o->bootstrap < BOOTSTRAP_LEAST || o->bootstrap > BOOTSTRAP_MOST)
        return log_fail(ERR_USAGE, "--bootstrap %zu: give %d to %d resamples", o->bootstrap,
                        BOOTSTRAP_LEAST, BOOTSTRAP_MOST);
    if (o->se != NULL)
        return log_fail(ERR_USAGE, "--se and --bootstrap exclude one another");
    if ((e = est->run(f, &own, &r)) != ERR_OK ||
        (e = bootstrap_units_new(f, o, r, &units)) != ERR_OK)
        goto out;
    struct boot b = {.o = o,
                     .units = units,
                     .resamples = o->bootstrap,
                     .jackknife = o->percentile ? 0 : bootstrap_leaves(units)};
    struct resample s = {.f = f,
                         .o = &own,
                         .est = est,
                         .full = r,
                         .count = b.resamples + b.jackknife,
                         .weights = weights_of,
                         .ctx = &b};
    if ((e = resample_run(&s, &runs)) != ERR_OK || (e = summarise(&b, f, &runs, r)) != ERR_OK)
        goto out;
    *out = r;
    r = NULL;
out:
    estimate_free(r);
    resample_free(&runs);
    bootstrap_units_free(units);
    return e;
}
