#include "admin/estimate/held.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/numeric.h"
#include "core/log.h"

enum { STAGES = 8, STEPS = 60, HALVINGS = 30 };
#define REST 1e-12 /* a step this small, relative to 1 + |b|, is at rest */

/* Unknowns: b (p), lambda. */
struct work {
    const struct moments *q;
    size_t p;
    double weights;                 /* of all rows */
    double *total, *slope, *a, *aa; /* equations; d(condition)/db and its derivative */
    double *value, *jacobian, *inverse, *step, *trial;
    double level; /* what the mean prediction is held to */
};

/* The condition sum w (g - level), its gradient and second derivatives in b. */
static double condition(struct work *w, const double *b)
{
    const struct model *m = &w->q->nls.m;
    size_t k = w->q->k, p = w->p;
    double c = 0;
    memset(w->a, 0, p * sizeof *w->a);
    memset(w->aa, 0, p * p * sizeof *w->aa);
    for (size_t i = 0; i < m->cells->n; i++) {
        const double *x = m->x[0].at + i * k;
        double g = moments_prediction(w->q, b, i), v = m->cells->weight[i];
        double d = v * g * (1 - g);
        c += v * (g - w->level);
        for (size_t r = 0; r < k; r++) {
            w->a[r] += d * x[r];
            for (size_t s = 0; s < k; s++)
                w->aa[r * p + s] += d * (1 - 2 * g) * x[r] * x[s];
        }
    }
    return c;
}

/* All equations at (b, lambda), and their derivatives where ${jacobian} is wanted; the size of what
 * is left of them, per unit of weight. */
static enum err evaluate(struct work *w, const double *at, bool jacobian, double *left)
{
    size_t p = w->p, n = p + 1;
    double lambda = at[p];
    enum err e = moments_at(w->q, at, NULL, w->total, w->slope);
    if (e != ERR_OK)
        return e;
    w->value[p] = condition(w, at);
    for (size_t i = 0; i < p; i++)
        w->value[i] = w->total[i] + lambda * w->a[i];
    *left = 0;
    for (size_t i = 0; i < n; i++)
        *left += w->value[i] / w->weights * w->value[i] / w->weights;
    for (size_t i = 0; jacobian && i < p; i++) {
        for (size_t j = 0; j < p; j++)
            w->jacobian[i * n + j] = w->slope[i * p + j] + lambda * w->aa[i * p + j];
        w->jacobian[i * n + p] = w->jacobian[p * n + i] = w->a[i];
    }
    w->jacobian[p * n + p] = 0;
    return ERR_OK;
}

/* Newton's method with halved steps. *rest: it came to rest. */
static enum err newton(struct work *w, double *at, bool *rest, size_t *iterations)
{
    size_t n = w->p + 1;
    double left = 0, next = 0;
    bool good = true;
    *rest = false;
    enum err e = evaluate(w, at, true, &left);
    for (int i = 0; e == ERR_OK && good && !*rest && i < STEPS; i++, ++*iterations) {
        double size = 0, scale = 1, part = 1;
        e = numeric_inverse(w->jacobian, n, w->inverse, &good);
        for (size_t r = 0; e == ERR_OK && good && r < n; r++) {
            w->step[r] = 0;
            for (size_t s = 0; s < n; s++)
                w->step[r] -= w->inverse[r * n + s] * w->value[s];
            size = fmax(size, fabs(w->step[r]));
            scale = fmax(scale, fabs(at[r]));
        }
        *rest = size <= REST * scale;
        for (int h = 0; e == ERR_OK && good && h < HALVINGS; h++, part /= 2) {
            for (size_t r = 0; r < n; r++)
                w->trial[r] = at[r] + part * w->step[r];
            e = evaluate(w, w->trial, false, &next);
            if (next < left || *rest || h + 1 == HALVINGS)
                break;
        }
        memcpy(at, w->trial, n * sizeof *at);
        if (e == ERR_OK)
            e = evaluate(w, at, true, &left);
    }
    *rest = *rest && isfinite(left);
    return e;
}

/* What the rows of arms and counts add to each equation: s + lambda dg/db of the coefficients'; of
 * the condition, g less the target and what the row adds to the target itself. */
static void row_values(const struct work *w, const double *at, double target, struct matrix *rows)
{
    const struct model *m = &w->q->nls.m;
    size_t p = w->p, k = w->q->k;
    double mean[2] = {model_mean(m, 0), model_mean(m, 1)}, weights[2] = {0, 0};
    for (size_t s = 0; s < m->cells->segments; s++) {
        const struct cells_segment *g = &m->cells->segment[s];
        for (size_t i = g->first; i < g->first + g->count; i++)
            weights[g->arm != 0] += m->cells->weight[i];
    }
    for (size_t s = 0; s < m->cells->segments; s++) {
        const struct cells_segment *g = &m->cells->segment[s];
        size_t arm = g->arm != 0;
        double of_target = (arm == 1 ? 1 : -1) * (g->y - mean[arm]) / weights[arm];
        for (size_t i = g->first; i < g->first + g->count; i++) {
            const double *x = m->x[0].at + i * k;
            double *row = rows->at + i * rows->cols, z = moments_prediction(w->q, at, i);
            for (size_t j = 0; j < k; j++)
                row[j] += at[p] * z * (1 - z) * x[j];
            row[p] = z - target - w->weights * of_target;
        }
    }
}

static enum err variance(struct work *w, const double *at, struct held *out)
{
    size_t p = w->p, n = p + 1;
    struct matrix rows = {0};
    bool good = false;
    double left, *meat = calloc(2 * n * n + 1, sizeof *meat), *full = meat + n * n;
    enum err e = meat == NULL ? ERR_NOMEM : matrix_new(w->q->nls.m.cells->n, n, &rows);
    if (e == ERR_OK)
        e = moments_at(w->q, at, &rows, w->total, w->slope);
    if (e == ERR_OK) {
        row_values(w, at, out->target, &rows);
        e = moments_meat(w->q, &rows, meat);
    }
    if (e == ERR_OK)
        e = evaluate(w, at, true, &left);
    if (e == ERR_OK)
        e = numeric_inverse(w->jacobian, n, w->inverse, &good);
    if (e == ERR_OK && good)
        e = matrix_sandwich(w->inverse, n, meat, n, full);
    for (size_t i = 0; e == ERR_OK && i < n; i++)
        good = good && full[i * n + i] > 0 && isfinite(full[i * n + i]);
    if (e == ERR_OK && !good)
        e = log_fail(ERR_DOUBT,
                     "aux: the variance of the coefficients cannot be computed; leave out "
                     "covariates");
    for (size_t i = 0; e == ERR_OK && i < p; i++)
        memcpy(out->vcov + i * p, full + i * n, p * sizeof *full);
    out->lambda = at[p];
    out->se = e == ERR_OK ? sqrt(full[p * n + p]) : NAN;
    matrix_free(&rows);
    free(meat);
    return e;
}

static enum err work_open(struct work *w, const struct moments *q)
{
    size_t p = q->p, n = p + 1;
    *w = (struct work){.q = q, .p = p};
    double *room = calloc(2 * p * p + 2 * p + 2 * n * n + 4 * n + 1, sizeof *room);
    if ((w->total = room) == NULL)
        return ERR_NOMEM;
    w->a = room + p;
    w->slope = w->a + p;
    w->aa = w->slope + p * p;
    w->jacobian = w->aa + p * p;
    w->inverse = w->jacobian + n * n;
    w->value = w->inverse + n * n;
    w->step = w->value + n;
    w->trial = w->step + n;
    for (size_t i = 0; i < q->nls.m.cells->n; i++)
        w->weights += q->nls.m.cells->weight[i];
    return ERR_OK;
}

enum err held_solve(const struct moments *q, struct held *out)
{
    struct work w;
    bool rest = true;
    *out = (struct held){.target = model_mean(&q->nls.m, 1) - model_mean(&q->nls.m, 0)};
    if (!(out->target > 0 && out->target < 1))
        return log_fail(
            ERR_STUDY,
            "aux: the difference in means is %.1f%%, and no shares of 0 to 100%% average "
            "to that; the model cannot be held to it",
            100 * out->target);
    enum err e = work_open(&w, q);
    double *at = calloc(q->p + 1, sizeof *at);
    out->b = calloc(q->p + 1, sizeof *out->b);
    out->vcov = calloc(q->p * q->p + 1, sizeof *out->vcov);
    if (e != ERR_OK || at == NULL || out->b == NULL || out->vcov == NULL) {
        e = ERR_NOMEM;
        goto out;
    }
    memcpy(at, q->start, q->p * sizeof *at);
    out->own = condition(&w, at) / w.weights;
    for (int s = 1; e == ERR_OK && rest && s <= STAGES; s++) { /* from its own mean to the target */
        w.level = out->own + (out->target - out->own) * s / STAGES;
        e = newton(&w, at, &rest, &out->iterations);
    }
    if (e == ERR_OK && !rest)
        e = log_fail(ERR_DOUBT, "aux: no coefficients were found whose mean prediction is the "
                                "difference in means; leave out covariates");
    if (e == ERR_OK)
        e = variance(&w, at, out);
    if (e == ERR_OK)
        memcpy(out->b, at, q->p * sizeof *at);
out:
    free(w.total);
    free(at);
    return e;
}

void held_free(struct held *h)
{
    free(h->b);
    free(h->vcov);
    *h = (struct held){0};
}
