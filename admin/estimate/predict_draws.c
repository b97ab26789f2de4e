#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/chance.h"
#include "admin/estimate/numeric.h"
#include "admin/estimate/predict_draws.h"
#include "core/log.h"

enum { DRAWS = 10000, DRAWS_MIN = 100 };

void predict_draws_free(struct predict_draws *d)
{
    if (d == NULL)
        return;
    free(d->b);
    free(d);
}

/* A square root of the covariance: eigenvectors times square roots of eigenvalues. */
static enum err root_of(const double *vcov, size_t p, double *root)
{
    double *room = calloc(p * p + p + 1, sizeof *room), *values = room, *vectors = room + p;
    enum err e = room != NULL ? numeric_eigen(vcov, p, values, vectors) : ERR_NOMEM;
    for (size_t i = 0; e == ERR_OK && i < p; i++)
        for (size_t j = 0; j < p; j++)
            root[i * p + j] = vectors[i * p + j] * sqrt(values[j] > 0 ? values[j] : 0);
    free(room);
    return e;
}

enum err predict_draws_new(const struct predict *q, const struct estimate_options *o,
                           struct predict_draws **out)
{
    size_t p = q->p;
    struct predict_draws *d = calloc(1, sizeof *d);
    double *root = calloc(p * p + p + 1, sizeof *root);
    enum err e = ERR_NOMEM;
    if (d == NULL || root == NULL)
        goto out;
    d->n = o->draws > 0 ? o->draws : DRAWS;
    if (d->n < DRAWS_MIN) {
        e = log_fail(ERR_USAGE, "--draws %zu: quantiles need at least %d", d->n, DRAWS_MIN);
        goto out;
    }
    if ((d->b = calloc(d->n * p + 1, sizeof *d->b)) == NULL ||
        (e = root_of(q->vcov, p, root)) != ERR_OK)
        goto out;
    double *z = root + p * p;
    struct chance c;
    for (size_t i = 0; i < d->n; i++) {
        double *b = d->b + i * p;
        chance_start(&c, o->seed, i);
        for (size_t j = 0; j < p; j++)
            z[j] = numeric_normal_quantile(chance_uniform(&c));
        for (size_t a = 0; a < p; a++) {
            b[a] = q->b[a];
            for (size_t j = 0; j < p; j++)
                b[a] += root[a * p + j] * z[j];
        }
    }
    *out = d;
    d = NULL;
    e = ERR_OK;
out:
    predict_draws_free(d);
    free(root);
    return e;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Quantile of sorted numbers, between the two nearest (type 7 of Hyndman and Fan 1996). */
static double quantile(const double *v, size_t n, double p)
{
    double at = p * (double)(n - 1);
    size_t i = (size_t)at;
    return i + 1 < n ? v[i] + (at - (double)i) * (v[i + 1] - v[i]) : v[n - 1];
}

void predict_draws_read(double *v, size_t n, struct predict_interval *out)
{
    double mean = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        mean += v[i] / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += (v[i] - mean) * (v[i] - mean);
    qsort(v, n, sizeof *v, by_value);
    *out = (struct predict_interval){.se = sqrt(squares / (double)(n - 1)),
                                     .low = quantile(v, n, 0.025),
                                     .high = quantile(v, n, 0.975)};
}
