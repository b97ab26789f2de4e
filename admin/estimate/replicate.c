#include "admin/estimate/replicate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/dim.h"
#include "admin/estimate/resample.h"
#include "admin/frame/weighting.h"
#include "core/log.h"

static enum err weights_of(const void *ctx, size_t i, double *out)
{
    return weighting_replicate(ctx, i, out);
}

static enum err copy_of(const void *from, size_t bytes, void *to)
{
    void **out = to;
    if (from == NULL)
        return ERR_OK;
    if ((*out = malloc(bytes + 1)) == NULL)
        return ERR_NOMEM;
    memcpy(*out, from, bytes);
    return ERR_OK;
}

/* Weights given as they are: a base and nothing more. */
static enum err plain_weighting(const struct frame *f, struct weighting **out)
{
    struct weighting_spec s = {.n = f->n};
    enum err e = ERR_OK;
    if (f->weight == NULL && f->psu == NULL && f->stratum == NULL)
        return log_fail(ERR_USAGE, "--se replicates needs weights, sampling points or strata: "
                                   "--weights, --cluster or --strata");
    if ((e = copy_of(f->weight, f->n * sizeof *f->weight, &s.base)) == ERR_OK &&
        (e = copy_of(f->psu, f->n * sizeof *f->psu, &s.psu)) == ERR_OK &&
        (e = copy_of(f->stratum, f->n * sizeof *f->stratum, &s.stratum)) == ERR_OK)
        e = weighting_new(&s, out);
    weighting_spec_free(&s);
    return e;
}

/* sum over replicates of scale (theta_r - theta)(theta_r - theta)'. */
static void covariance(const struct weighting *w, const struct resample_runs *runs,
                       const struct estimate_result *r, double *v)
{
    size_t n = runs->numbers;
    memset(v, 0, n * n * sizeof *v);
    for (size_t i = 0; i < runs->count; i++) {
        const double *at = runs->value + i * n;
        double scale = weighting_scale(w, i);
        for (size_t a = 0; a < n; a++)
            for (size_t b = 0; b <= a; b++)
                v[a * n + b] +=
                    scale * (at[a] - resample_number(r, a)) * (at[b] - resample_number(r, b));
    }
    for (size_t a = 0; a < n; a++)
        for (size_t b = 0; b < a; b++)
            v[b * n + a] = v[a * n + b];
}

static enum err by_replicates(const struct estimator *est, const struct frame *f,
                              const struct estimate_options *o, const struct weighting *w,
                              struct estimate_result *r)
{
    struct resample s = {.f = f,
                         .o = o,
                         .est = est,
                         .full = r,
                         .count = weighting_replicates(w),
                         .weights = weights_of,
                         .ctx = w};
    struct resample_runs runs = {0};
    size_t n = resample_numbers(r), df = weighting_df(w);
    double *v = malloc((n * n + 1) * sizeof *v);
    enum err e = v != NULL ? resample_run(&s, &runs) : ERR_NOMEM;
    if (e == ERR_OK && runs.failed > 0)
        e = log_fail(ERR_DOUBT,
                     "in %zu of %zu replicates, each without one sampling point, there is no "
                     "estimate (a margin cannot be kept, or the method has no solution); join "
                     "values of the margins, simplify the model, or use --se linear",
                     runs.failed, runs.count);
    if (e == ERR_OK && df == 0)
        e = log_fail(ERR_STUDY, "there are no more sampling points than strata, so that replicates "
                                "show no spread; leave out --strata");
    if (e != ERR_OK)
        goto out;
    covariance(w, &runs, r, v);
    if ((e = resample_give(r, v, (double)df)) != ERR_OK || (e = dim_holm(f, r)) != ERR_OK)
        goto out;
    r->se_type = "replicates";
    if (weighting_lone(w) > 0)
        e = estimate_warn(r,
                          "%zu strata have a single sampling point, which shows no spread within "
                          "its stratum; its replicate leaves it out with nothing in its place.",
                          weighting_lone(w));
out:
    resample_free(&runs);
    free(v);
    return e;
}

/* What is to be known of weights that are taken as they stand. */
static enum err warn_linear(const struct estimator *est, const struct weighting *w, bool asked,
                            struct estimate_result *r)
{
    bool residuals = strcmp(est->name, "dim") == 0;
    if (w == NULL || !weighting_adjusts(w))
        return ERR_OK;
    if (!asked)
        return estimate_warn(r,
                             "More than %d replicates would be needed; standard errors are "
                             "linearised.",
                             WEIGHTING_MAX_REPLICATES);
    return residuals ? ERR_OK
                     : estimate_warn(r, "Standard errors take the adjusted weights as given; --se "
                                        "replicates repeats the adjustment.");
}

static void name_stages(const struct frame *f, const struct estimate_options *o,
                        struct estimate_result *r)
{
    if (f->weighting != NULL && !o->unweighted)
        r->stage = weighting_stages(f->weighting, &r->stages);
}

enum err replicate_run(const struct estimator *est, const struct frame *f,
                       const struct estimate_options *o, struct estimate_result **out)
{
    struct estimate_options own = *o;
    struct weighting *made = NULL;
    struct estimate_result *r = NULL;
    const struct weighting *w = f->weighting;
    bool linear = o->se != NULL && strcmp(o->se, "linear") == 0;
    bool replicates = o->se != NULL && strcmp(o->se, "replicates") == 0;
    enum err e = ERR_OK;
    if (linear || replicates)
        own.se = NULL;
    if (replicates && o->unweighted)
        return log_fail(ERR_USAGE, "--se replicates and --unweighted exclude one another");
    if (replicates && w == NULL) {
        if ((e = plain_weighting(f, &made)) != ERR_OK)
            return e;
        w = made;
    }
    bool few = w != NULL && weighting_replicates(w) > 0;
    if (replicates && !few)
        e = log_fail(ERR_USAGE, "--se replicates: more than %d sampling points; use --se linear",
                     WEIGHTING_MAX_REPLICATES);
    if (e == ERR_OK)
        e = est->run(f, &own, &r);
    if (e != ERR_OK)
        goto out;
    name_stages(f, o, r);
    if (replicates || (o->se == NULL && !o->unweighted && few && weighting_adjusts(w)))
        e = by_replicates(est, f, &own, w, r);
    else if (!o->unweighted)
        e = warn_linear(est, w, linear, r);
    if (e == ERR_OK) {
        *out = r;
        r = NULL;
    }
out:
    estimate_free(r);
    weighting_free(made);
    return e;
}
