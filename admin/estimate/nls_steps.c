#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/nls_model.h"
#include "core/log.h"

/* Both steps are maximised as -1/2 sum w (y - mean)^2 by the optimiser of the likelihoods. */
struct step {
    double items;
    const double *base; /* second step: J logistic(x'psi) of each cell */
};

static size_t control_active(const void *ctx, const struct cells_segment *s, size_t *block)
{
    (void)ctx;
    block[0] = 0;
    return s->arm == 0 ? 1 : 0;
}

static size_t item_active(const void *ctx, const struct cells_segment *s, size_t *block)
{
    (void)ctx;
    block[0] = s->arm > 0 ? (size_t)s->arm - 1 : 0;
    return s->arm > 0 ? 1 : 0;
}

static double logistic(double x)
{
    return x > 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x));
}

static void evaluate(const void *ctx, const struct likelihood_batch *b)
{
    const struct step *s = ctx;
    double top = s->base != NULL ? 1 : s->items;
    for (size_t i = 0; i < b->count; i++) {
        double p = logistic(b->eta[0][i]), q = logistic(-b->eta[0][i]);
        double base = s->base != NULL ? s->base[b->first + i] : 0;
        double e = b->segment->y - base - top * p, slope = top * p * q;
        b->ll[i] = -e * e / 2;
        if (b->d[0] == NULL)
            continue;
        b->d[0][i] = e * slope;
        b->h[0][i] = -slope * slope + e * slope * (q - p);
    }
}

static double logit_within(double p, double margin)
{
    p = p < margin ? margin : p > 1 - margin ? 1 - margin : p;
    return log(p / (1 - p));
}

/* One step: the coefficients of ${blocks} equations into b. ${mean}: of each, where the search
 * begins. */
static enum err fit_step(struct nls *u, const struct step *s, size_t blocks, const double *mean,
                         double *b)
{
    static const double shift[] = {0, -2, 2};
    enum { STARTS = sizeof shift / sizeof *shift };
    size_t p = blocks * u->k;
    struct likelihood *l = calloc(1, sizeof *l);
    double *room = calloc(STARTS * p + 1, sizeof *room);
    struct likelihood_options o = {.starts = s->base != NULL ? STARTS : 1,
                                   .what = "nls",
                                   .advice = "leave out covariates, or use lm or ml"};
    struct likelihood_fit fit = {0};
    enum err e = l != NULL && room != NULL ? ERR_OK : ERR_NOMEM;
    if (e != ERR_OK)
        goto out;
    *l = (struct likelihood){.cells = u->m.cells,
                             .blocks = blocks,
                             .active = s->base != NULL ? item_active : control_active,
                             .evaluate = evaluate,
                             .ctx = s};
    for (size_t k = 0; k < blocks; k++) {
        l->block[k] =
            (struct likelihood_block){.equation = s->base != NULL ? "sensitive" : "control",
                                      .of = u->m.terms[0],
                                      .x = &u->m.x[0]};
        for (size_t i = 0; i < STARTS; i++)
            room[i * p + k * u->k] = logit_within(mean[k], 0.05) + shift[i];
    }
    for (size_t i = 0; i < STARTS; i++)
        o.start[i] = room + i * p;
    if ((e = likelihood_fit(l, &o, &fit)) != ERR_OK)
        goto out;
    memcpy(b, fit.b, p * sizeof *b);
    u->iterations += fit.iterations;
    u->starts = fit.starts;
    u->reached = fit.reached;
out:
    likelihood_fit_free(&fit);
    free(l);
    free(room);
    return e;
}

static double linear(const double *x, const double *b, size_t k)
{
    double sum = 0;
    for (size_t j = 0; j < k; j++)
        sum += x[j] * b[j];
    return sum;
}

/* to (p wide) += v x x'. */
static void add_outer(const double *x, size_t k, double v, double *to, size_t p)
{
    for (size_t a = 0; a < k; a++)
        for (size_t b = 0; b < k; b++)
            to[a * p + b] += v * x[a] * x[b];
}

/* Scores and their derivative at the coefficients found. */
static void take_equations(struct nls *u)
{
    const struct cells *c = u->m.cells;
    size_t k = u->k, p = u->p, control = p - k;
    double items = u->m.list->items;
    for (size_t s = 0; s < c->segments; s++) {
        const struct cells_segment *q = &c->segment[s];
        size_t own = q->arm > 0 ? (size_t)(q->arm - 1) * k : control;
        for (size_t i = q->first; i < q->first + q->count; i++) {
            const double *x = u->m.x[0].at + i * k;
            double h = logistic(linear(x, u->b + control, k)), dh = items * h * (1 - h);
            double g = q->arm > 0 ? logistic(linear(x, u->b + own, k)) : 0;
            double slope = q->arm > 0 ? g * (1 - g) : dh, e = q->y - items * h - g;
            for (size_t j = 0; j < k; j++)
                u->score.at[i * p + own + j] = e * slope * x[j];
            add_outer(x, k, -c->weight[i] * slope * slope, u->slope + own * p + own, p);
            if (q->arm > 0)
                add_outer(x, k, -c->weight[i] * slope * dh, u->slope + own * p + control, p);
            u->sse[q->arm > 0] += c->weight[i] * e * e;
        }
    }
}

enum err nls_two_steps(struct nls *u)
{
    const struct model *m = &u->m;
    size_t items = m->list->arms - 1, control = items * u->k;
    double mean[FRAME_MAX_ARMS], share = model_mean(m, 0) / m->list->items;
    enum err e = nls_room(u, control + u->k);
    if (e != ERR_OK)
        return e;
    double *base = calloc(m->cells->n + 1, sizeof *base);
    struct step first = {m->list->items, NULL}, second = {m->list->items, base};
    for (size_t a = 0; a < items; a++)
        mean[a] = model_mean(m, (int)a + 1) - model_mean(m, 0);
    e = base != NULL ? fit_step(u, &first, 1, &share, u->b + control) : ERR_NOMEM;
    for (size_t i = 0; e == ERR_OK && i < m->cells->n; i++)
        base[i] = m->list->items * logistic(linear(m->x[0].at + i * u->k, u->b + control, u->k));
    if (e == ERR_OK)
        e = fit_step(u, &second, items, mean, u->b);
    if (e == ERR_OK)
        take_equations(u);
    free(base);
    return e;
}
