#include "admin/estimate/likelihood.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/design.h"
#include "admin/estimate/numeric.h"

static size_t block_size(const struct likelihood_block *k)
{
    return k->x != NULL ? k->x->cols : 1;
}

size_t likelihood_offset(const struct likelihood *l, size_t block)
{
    size_t at = 0;
    for (size_t i = 0; i < block; i++)
        at += block_size(&l->block[i]);
    return at;
}

size_t likelihood_parameters(const struct likelihood *l)
{
    return likelihood_offset(l, l->blocks);
}

/* The block of a parameter. */
static size_t block_of(const struct likelihood *l, size_t parameter)
{
    size_t at = 0, k = 0;
    while (at + block_size(&l->block[k]) <= parameter)
        at += block_size(&l->block[k++]);
    return k;
}

const char *likelihood_advice(const struct likelihood *l, size_t parameter)
{
    return l->block[block_of(l, parameter)].advice;
}

const char *likelihood_name(const struct likelihood *l, size_t parameter, char *out, size_t room)
{
    size_t k = block_of(l, parameter), at = likelihood_offset(l, k);
    const struct likelihood_block *b = &l->block[k];
    const char *term = b->of != NULL ? terms_name(b->of, parameter - at) : b->term;
    snprintf(out, room, "%s%s%s", b->equation, *term != 0 ? "." : "", term);
    return out;
}

/* Batches of one evaluation; large, but every byte of it is used. */
struct work {
    const struct likelihood *l;
    const double *b;
    size_t p;
    size_t offset[LIKELIHOOD_BLOCKS];
    size_t active[LIKELIHOOD_ACTIVE], actives; /* blocks of the segment at hand */
    struct likelihood_batch batch;
    double eta[LIKELIHOOD_ACTIVE][LIKELIHOOD_BATCH];
    double ll[LIKELIHOOD_BATCH];
    double d[LIKELIHOOD_ACTIVE][LIKELIHOOD_BATCH];
    double h[LIKELIHOOD_PAIRS][LIKELIHOOD_BATCH];
    double v[2][LIKELIHOOD_BATCH];
    size_t widest;                           /* columns of the widest block */
    const double *column[LIKELIHOOD_ACTIVE]; /* by predictor: columns of LIKELIHOOD_BATCH cells */
    double *columns;                         /* room for them */
};

static enum err work_new(const struct likelihood *l, const double *b, struct work **out)
{
    size_t at = 0;
    struct work *w = malloc(sizeof *w);
    if (w == NULL)
        return ERR_NOMEM;
    w->l = l;
    w->b = b;
    w->widest = 1;
    for (size_t k = 0; k < l->blocks; k++) {
        w->offset[k] = at;
        at += block_size(&l->block[k]);
        w->widest = block_size(&l->block[k]) > w->widest ? block_size(&l->block[k]) : w->widest;
    }
    w->p = at;
    w->columns = calloc(LIKELIHOOD_ACTIVE * w->widest * LIKELIHOOD_BATCH, sizeof *w->columns);
    if (w->columns == NULL) {
        free(w);
        return ERR_NOMEM;
    }
    w->batch = (struct likelihood_batch){.ll = w->ll};
    for (size_t m = 0; m < LIKELIHOOD_ACTIVE; m++) {
        w->batch.eta[m] = w->eta[m];
        w->batch.d[m] = w->d[m];
    }
    for (size_t q = 0; q < LIKELIHOOD_PAIRS; q++)
        w->batch.h[q] = w->h[q];
    *out = w;
    return ERR_OK;
}

static void work_free(struct work *w)
{
    if (w != NULL)
        free(w->columns);
    free(w);
}

/* Columns of the batch one after the other, so that the loops below run along memory. Predictors
 * that share a matrix share its columns. */
static void take_columns(struct work *w, size_t m)
{
    const struct matrix *x = w->l->block[w->active[m]].x;
    for (size_t k = 0; k < m; k++)
        if (w->l->block[w->active[k]].x == x) {
            w->column[m] = w->column[k];
            return;
        }
    double *to = w->columns + m * w->widest * LIKELIHOOD_BATCH;
    const double *from = x != NULL ? x->at + w->batch.first * x->cols : NULL;
    w->column[m] = to;
    for (size_t i = 0; i < w->batch.count; i++)
        for (size_t j = 0; j < (x != NULL ? x->cols : 1); j++)
            to[j * LIKELIHOOD_BATCH + i] = x != NULL ? from[i * x->cols + j] : 1;
}

static void predict(struct work *w, size_t m)
{
    const double *b = w->b + w->offset[w->active[m]];
    size_t cols = block_size(&w->l->block[w->active[m]]), n = w->batch.count;
    double *restrict eta = w->eta[m];
    memset(eta, 0, n * sizeof *eta);
    for (size_t j = 0; j < cols; j++) {
        const double *restrict x = w->column[m] + j * LIKELIHOOD_BATCH;
        for (size_t i = 0; i < n; i++)
            eta[i] += x[i] * b[j];
    }
}

/* Linear predictors and the model's answer for cells first .. first + count - 1. */
static void work_batch(struct work *w, size_t first, size_t count)
{
    w->batch.first = first;
    w->batch.count = count;
    for (size_t m = 0; m < w->actives; m++) {
        take_columns(w, m);
        predict(w, m);
    }
    w->l->evaluate(w->l->ctx, &w->batch);
}

static void work_segment(struct work *w, const struct cells_segment *s)
{
    w->batch.segment = s;
    w->actives = w->l->active(w->l->ctx, s, w->active);
}

static double most_eta(const struct work *w)
{
    double most[4] = {0};
    for (size_t m = 0; m < w->actives; m++) {
        size_t i = 0;
        for (; i + 4 <= w->batch.count; i += 4)
            for (size_t k = 0; k < 4; k++)
                most[k] = fabs(w->eta[m][i + k]) > most[k] ? fabs(w->eta[m][i + k]) : most[k];
        for (; i < w->batch.count; i++)
            most[0] = fabs(w->eta[m][i]) > most[0] ? fabs(w->eta[m][i]) : most[0];
    }
    return fmax(fmax(most[0], most[1]), fmax(most[2], most[3]));
}

/* Eight sums side by side: the compiler may not reorder one. */
static double dot(const double *restrict a, const double *restrict b, size_t n)
{
    double s[8] = {0}, rest = 0;
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++)
            s[k] += a[i + k] * b[i + k];
    for (; i < n; i++)
        rest += a[i] * b[i];
    return ((s[0] + s[4]) + (s[1] + s[5])) + ((s[2] + s[6]) + (s[3] + s[7])) + rest;
}

static void multiply(const double *restrict a, const double *restrict b, size_t n,
                     double *restrict out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = a[i] * b[i];
}

/* score[] += w d x of predictor ${m}. */
static void add_score(struct work *w, size_t m, const double *weight, double *score)
{
    double *to = score + w->offset[w->active[m]], *v = w->v[0];
    multiply(weight, w->d[m], w->batch.count, v);
    for (size_t j = 0; j < block_size(&w->l->block[w->active[m]]); j++)
        to[j] += dot(v, w->column[m] + j * LIKELIHOOD_BATCH, w->batch.count);
}

/* One block of the information: -w h x x'. Written in the order of the active predictors; the two
 * orders of a pair are added up at the end. Where both have the same columns it is symmetric. */
static void add_pair(struct work *w, size_t m, size_t l, const double *weight, double *to)
{
    size_t rows = block_size(&w->l->block[w->active[m]]), n = w->batch.count, p = w->p;
    size_t cols = block_size(&w->l->block[w->active[l]]);
    bool same = w->column[m] == w->column[l];
    to += w->offset[w->active[m]] * p + w->offset[w->active[l]];
    multiply(weight, w->h[likelihood_pair(m, l)], n, w->v[0]);
    for (size_t r = 0; r < rows; r++) {
        multiply(w->v[0], w->column[m] + r * LIKELIHOOD_BATCH, n, w->v[1]);
        for (size_t c = 0; c < (same ? r + 1 : cols); c++) {
            double sum = dot(w->v[1], w->column[l] + c * LIKELIHOOD_BATCH, n);
            to[r * p + c] -= sum;
            if (same && c < r)
                to[c * p + r] -= sum;
        }
    }
}

static void finish_information(const struct work *w, double *info)
{
    size_t p = w->p;
    for (size_t k = 0; k < w->l->blocks; k++) {
        size_t from = w->offset[k], to = from + block_size(&w->l->block[k]);
        for (size_t i = from; i < to; i++)
            for (size_t j = to; j < p; j++)
                info[i * p + j] = info[j * p + i] = info[i * p + j] + info[j * p + i];
    }
}

static double mean_weight(const struct cells *c)
{
    double weight = 0, rows = 0;
    for (size_t i = 0; i < c->n; i++) {
        weight += c->weight[i];
        rows += c->rows[i];
    }
    return weight / rows;
}

/* log density of the Cauchy prior, up to a constant. Its strength is that of mean weight. */
static void add_prior(const struct work *w, struct likelihood_value *v)
{
    bool any = false;
    for (size_t k = 0; k < w->l->blocks; k++)
        any = any || w->l->block[k].prior != NULL;
    double strength = any ? mean_weight(w->l->cells) : 0;
    for (size_t k = 0; k < w->l->blocks; k++) {
        const struct likelihood_block *b = &w->l->block[k];
        for (size_t j = 0; b->prior != NULL && j < block_size(b); j++) {
            size_t i = w->offset[k] + j;
            double s2 = b->prior[j] * b->prior[j], x = w->b[i], q = s2 + x * x;
            v->penalised -= strength * log1p(x * x / s2);
            if (v->score == NULL)
                continue;
            v->score[i] -= strength * 2 * x / q;
            v->information[i * w->p + i] += strength * 2 * (s2 - x * x) / (q * q);
        }
    }
}

static void evaluate_segment(struct work *w, const struct cells_segment *s, size_t thin,
                             struct likelihood_value *v)
{
    const struct cells *c = w->l->cells;
    double scaled[LIKELIHOOD_BATCH];
    size_t taken = 0;
    for (size_t i = 0; i < s->count; i += thin * LIKELIHOOD_BATCH)
        taken += s->count - i < LIKELIHOOD_BATCH ? s->count - i : LIKELIHOOD_BATCH;
    double up = (double)s->count / (double)taken;
    work_segment(w, s);
    if (w->actives == 0) /* these respondents say nothing of the model */
        return;
    for (size_t i = 0; i < s->count; i += thin * LIKELIHOOD_BATCH) {
        size_t n = s->count - i < LIKELIHOOD_BATCH ? s->count - i : LIKELIHOOD_BATCH;
        const double *weight = c->weight + s->first + i;
        for (size_t k = 0; thin > 1 && k < n; k++)
            scaled[k] = up * weight[k];
        if (thin > 1)
            weight = scaled;
        work_batch(w, s->first + i, n);
        for (size_t k = 0; k < n; k++)
            v->loglik += weight[k] * w->ll[k];
        double most = most_eta(w);
        v->most = most > v->most ? most : v->most;
        for (size_t m = 0; v->score != NULL && m < w->actives; m++) {
            add_score(w, m, weight, v->score);
            for (size_t q = 0; q <= m; q++)
                add_pair(w, m, q, weight, v->information);
        }
    }
}

enum err likelihood_evaluate(const struct likelihood *l, const double *b, size_t thin,
                             struct likelihood_value *v)
{
    struct work *w = NULL;
    enum err e = work_new(l, b, &w);
    if (e != ERR_OK)
        return e;
    v->loglik = v->most = 0;
    if (v->score != NULL) {
        memset(v->score, 0, w->p * sizeof *v->score);
        memset(v->information, 0, w->p * w->p * sizeof *v->information);
    }
    for (size_t s = 0; s < l->cells->segments; s++)
        evaluate_segment(w, &l->cells->segment[s], thin, v);
    if (v->score != NULL)
        finish_information(w, v->information);
    v->penalised = v->loglik;
    add_prior(w, v);
    work_free(w);
    return ERR_OK;
}

enum err likelihood_scores(const struct likelihood *l, const double *b, struct matrix *out)
{
    struct work *w = NULL;
    enum err e = work_new(l, b, &w);
    if (e != ERR_OK || (e = matrix_new(l->cells->n, likelihood_parameters(l), out)) != ERR_OK)
        goto out;
    for (size_t s = 0; s < l->cells->segments; s++) {
        const struct cells_segment *q = &l->cells->segment[s];
        const double one = 1;
        work_segment(w, q);
        for (size_t i = 0; w->actives > 0 && i < q->count; i++) {
            work_batch(w, q->first + i, 1);
            for (size_t m = 0; m < w->actives; m++)
                add_score(w, m, &one, out->at + (q->first + i) * w->p);
        }
    }
out:
    work_free(w);
    return e;
}

/* sum of weight[i] s_i s_i'. */
static void outer(const struct matrix *s, const double *weight, double *out)
{
    size_t p = s->cols;
    memset(out, 0, p * p * sizeof *out);
    for (size_t i = 0; i < s->rows; i++)
        for (size_t a = 0; a < p; a++) {
            double v = weight[i] * s->at[i * p + a];
            for (size_t b = 0; v != 0 && b <= a; b++)
                out[a * p + b] += v * s->at[i * p + b];
        }
    for (size_t a = 0; a < p; a++)
        for (size_t b = 0; b < a; b++)
            out[b * p + a] = out[a * p + b];
}

enum err likelihood_variance(const struct likelihood *l, const struct likelihood_fit *f,
                             enum likelihood_se se, const struct design *d, double *out)
{
    size_t p = f->p;
    double rcond = 0;
    struct matrix s = {0};
    enum err e = ERR_OK;
    double *meat = calloc(p * p + 1, sizeof *meat);
    if (meat == NULL)
        return ERR_NOMEM;
    if (se == SE_OBSERVED) {
        memcpy(out, f->inverse, p * p * sizeof *out);
        goto out;
    }
    if ((e = likelihood_scores(l, f->b, &s)) != ERR_OK)
        goto out;
    if (se == SE_OPG) {
        outer(&s, l->cells->weight, meat);
        for (size_t i = 0; i < p * p; i++)
            out[i] = NAN;
        e = numeric_spd_inverse(meat, p, out, &rcond);
        goto out;
    }
    if (se == SE_ROBUST) {
        outer(&s, l->cells->weight2, meat);
    } else {
        struct design_scores q = {l->cells->of_row, &s, se == SE_DESIGN};
        e = design_score_covariance(d, &q, meat);
    }
    if (e == ERR_OK)
        e = matrix_sandwich(f->inverse, p, meat, p, out);
out:
    matrix_free(&s);
    free(meat);
    return e;
}

void likelihood_fit_free(struct likelihood_fit *f)
{
    free(f->b);
    free(f->information);
    free(f->inverse);
    *f = (struct likelihood_fit){0};
}
