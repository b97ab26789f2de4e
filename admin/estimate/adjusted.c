#include "admin/estimate/adjusted.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/numeric.h"

/* A column of which less than this share is left after the columns before it have been taken out is
 * one of their combinations. */
#define ALIASED 1e-11

struct problem {
    const struct scope *s;
    const struct terms *terms;
    size_t p;     /* intercept, card, covariates */
    bool *keep;   /* the columns that say something new in the subset, as R's lm keeps them */
    double *room; /* p x p */
};

static double weight_of(const struct scope *s, size_t row)
{
    return s->design != NULL ? design_weight(s->f, row) : 1;
}

/* terms_row with the card put behind the intercept. */
static void row_of(const struct problem *q, size_t row, double *x)
{
    terms_row(q->terms, row, x + 1);
    x[0] = 1;
    x[1] = q->s->list->arm[row] != 0;
    for (size_t a = 0; a < q->p; a++)
        x[a] = q->keep[a] ? x[a] : 0;
}

/* X'WX and X'W y of the rows in the subset. */
static void cross(const struct problem *q, const uint8_t *in, const double *y, double *x,
                  double *xx, double *xy)
{
    memset(xx, 0, q->p * q->p * sizeof *xx);
    memset(xy, 0, q->p * sizeof *xy);
    for (size_t i = 0; i < q->s->f->n; i++) {
        if (!in[i])
            continue;
        double w = weight_of(q->s, i);
        row_of(q, i, x);
        for (size_t a = 0; a < q->p; a++) {
            xy[a] += w * x[a] * y[i];
            for (size_t b = 0; b < q->p; b++)
                xx[a * q->p + b] += w * x[a] * x[b];
        }
    }
}

/* Which columns to keep: Cholesky's pivots, a column without one being left out. A column left out
 * is given a 1 on the diagonal, so that its coefficient is 0. ${l}: p x p of room. */
static void drop_aliased(const struct problem *q, double *xx, double *l)
{
    size_t p = q->p;
    memset(l, 0, p * p * sizeof *l);
    for (size_t a = 0; a < p; a++) {
        double left = xx[a * p + a];
        for (size_t b = 0; b < a; b++) {
            double v = xx[a * p + b];
            for (size_t c = 0; c < b; c++)
                v -= l[a * p + c] * l[b * p + c];
            l[a * p + b] = q->keep[b] ? v / l[b * p + b] : 0;
            left -= l[a * p + b] * l[a * p + b];
        }
        q->keep[a] = left > ALIASED * xx[a * p + a];
        l[a * p + a] = q->keep[a] ? sqrt(left) : 1;
    }
    for (size_t a = 0; a < p; a++)
        for (size_t b = 0; !q->keep[a] && b < p; b++)
            xx[a * p + b] = xx[b * p + a] = a == b;
}

static void find_residuals(const struct problem *q, const uint8_t *in, const double *y,
                           const double *b, double *x, double *residual)
{
    for (size_t i = 0; i < q->s->f->n; i++) {
        residual[i] = NAN;
        if (!in[i])
            continue;
        row_of(q, i, x);
        residual[i] = y[i];
        for (size_t a = 0; a < q->p; a++)
            residual[i] -= x[a] * b[a];
    }
}

/* Solve, then once more for the residuals: the second solve takes back what the squared condition
 * of the first lost. */
static enum err solve(const struct problem *q, const uint8_t *in, const double *y, double *x,
                      double *xx, double *xy, double *b, struct adjusted *out)
{
    double rcond = 0;
    const double *target = y;
    for (int pass = 0; pass < 2; pass++) {
        cross(q, in, target, x, xx, xy);
        drop_aliased(q, xx, q->room);
        enum err e = numeric_spd_inverse(xx, q->p, xx, &rcond);
        out->good = q->keep[1] && rcond > 0;
        if (e != ERR_OK || !out->good)
            return e;
        for (size_t a = 0; a < q->p; a++)
            for (size_t c = 0; c < q->p; c++)
                b[a] += xx[a * q->p + c] * xy[c];
        find_residuals(q, in, y, b, x, out->residual);
        target = out->residual;
    }
    out->effect = b[1];
    return ERR_OK;
}

/* The card's row of (X'WX)^-1 times w x e, and the residuals' variances by card. */
static void finish(const struct problem *q, const uint8_t *in, double *x, const double *inverse,
                   struct adjusted *out)
{
    double sum[2] = {0, 0}, squares[2] = {0, 0};
    for (size_t i = 0; i < q->s->f->n; i++) {
        out->influence[i] = 0;
        if (!in[i])
            continue;
        double h = 0, e = out->residual[i];
        row_of(q, i, x);
        for (size_t a = 0; a < q->p; a++)
            h += inverse[q->p + a] * x[a];
        out->influence[i] = weight_of(q->s, i) * h * e;
        sum[x[1] > 0] += e;
    }
    for (size_t i = 0; i < q->s->f->n; i++)
        if (in[i]) {
            size_t card = q->s->list->arm[i] != 0;
            double d = out->residual[i] - sum[card] / out->n[card];
            squares[card] += d * d;
        }
    for (size_t card = 0; card < 2; card++)
        out->spread[card] = squares[card] / (out->n[card] - 1);
}

enum err adjusted_effect(const struct scope *s, const struct terms *terms, const uint8_t *in,
                         const double *y, struct adjusted *out)
{
    struct problem q = {.s = s, .terms = terms, .p = terms_count(terms) + 1};
    size_t n = s->f->n, p = q.p;
    *out = (struct adjusted){.effect = NAN, .spread = {NAN, NAN}};
    double *room = calloc(2 * p * p + 3 * p + 1, sizeof *room);
    double *x = room, *b = room + p, *xy = room + 2 * p, *xx = room + 3 * p;
    enum err e = ERR_NOMEM;
    out->residual = calloc(n + 1, sizeof *out->residual);
    out->influence = calloc(n + 1, sizeof *out->influence);
    q.room = room != NULL ? xx + p * p : NULL;
    q.keep = malloc(p + 1);
    if (room == NULL || q.keep == NULL || out->residual == NULL || out->influence == NULL)
        goto out;
    memset(q.keep, 1, p);
    for (size_t i = 0; i < n; i++)
        if (in[i])
            out->n[s->list->arm[i] != 0]++;
    out->good = out->n[0] >= 2 && out->n[1] >= 2 && out->n[0] + out->n[1] > (double)p;
    e = out->good ? solve(&q, in, y, x, xx, xy, b, out) : ERR_OK;
    if (e == ERR_OK && out->good)
        finish(&q, in, x, xx, out);
out:
    free(room);
    free(q.keep);
    return e;
}

void adjusted_free(struct adjusted *a)
{
    free(a->residual);
    free(a->influence);
    *a = (struct adjusted){0};
}
