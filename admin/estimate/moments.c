#include "admin/estimate/moments.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/latent.h"

static double logistic(double x)
{
    return x > 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x));
}

static double dot(const double *x, const double *b, size_t n)
{
    double sum = 0;
    for (size_t j = 0; j < n; j++)
        sum += x[j] * b[j];
    return sum;
}

static const double *row_of(const struct moments *q, size_t cell)
{
    return q->nls.m.x[0].at + cell * q->k;
}

/* ---- ml ---- */

static void lay_out(struct moments *q)
{
    static const char *const equation[] = {"sensitive", "control"};
    struct ml *ml = q->ml;
    for (size_t k = 0; k < 2; k++)
        ml->likelihood.block[k] = (struct likelihood_block){
            .equation = equation[k], .of = q->nls.m.terms[0], .x = &q->nls.m.x[0]};
    ml->items = q->nls.m.list->items;
    ml->psi[0] = ml->psi[1] = 1;
    ml->likelihood.blocks = 2;
    ml->likelihood.cells = q->nls.m.cells;
    ml->likelihood.active = ml_plain_active;
    ml->likelihood.evaluate = ml_plain_evaluate;
    ml->likelihood.ctx = ml;
}

static enum err solve_likelihood(struct moments *q)
{
    static const double shift[] = {0, -2, 2};
    enum { STARTS = sizeof shift / sizeof *shift };
    struct likelihood_options o = {
        .starts = STARTS, .what = "aux", .advice = "leave out covariates"};
    struct likelihood_fit fit = {0};
    double base = model_mean(&q->nls.m, 0), d = model_mean(&q->nls.m, 1) - base;
    double *room = calloc(STARTS * q->p + 1, sizeof *room);
    q->ml = calloc(1, sizeof *q->ml);
    q->start = calloc(q->p + 1, sizeof *q->start);
    enum err e = room == NULL || q->ml == NULL || q->start == NULL ? ERR_NOMEM : ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < STARTS; i++) {
        room[i * q->p] = latent_logit(d, 0.05) + shift[i];
        room[i * q->p + q->k] = latent_logit(base / q->nls.m.list->items, 0.02);
        o.start[i] = room + i * q->p;
    }
    if (e == ERR_OK) {
        lay_out(q);
        e = likelihood_fit(&q->ml->likelihood, &o, &fit);
    }
    if (e == ERR_OK) {
        memcpy(q->start, fit.b, q->p * sizeof *q->start);
        q->loglik = fit.loglik;
        q->iterations = fit.iterations;
    }
    likelihood_fit_free(&fit);
    free(room);
    return e;
}

static enum err likelihood_at_point(const struct moments *q, const double *b, struct matrix *score,
                                    double *total, double *slope)
{
    struct likelihood_value v = {.score = total, .information = slope};
    struct matrix s = {0};
    enum err e = likelihood_evaluate(&q->ml->likelihood, b, 1, &v);
    for (size_t i = 0; e == ERR_OK && i < q->p * q->p; i++)
        slope[i] = -slope[i];
    if (e != ERR_OK || score == NULL ||
        (e = likelihood_scores(&q->ml->likelihood, b, &s)) != ERR_OK)
        return e;
    for (size_t i = 0; i < s.rows; i++)
        memcpy(score->at + i * score->cols, s.at + i * q->p, q->p * sizeof *s.at);
    matrix_free(&s);
    return ERR_OK;
}

/* ---- nls ---- */

static enum err solve_steps(struct moments *q)
{
    q->nls.k = q->k;
    q->loglik = NAN;
    enum err e = nls_two_steps(&q->nls);
    if (e == ERR_OK && (q->start = malloc((q->p + 1) * sizeof *q->start)) == NULL)
        e = ERR_NOMEM;
    if (e == ERR_OK) {
        memcpy(q->start, q->nls.b, q->p * sizeof *q->start);
        q->iterations = q->nls.iterations;
    }
    return e;
}

/* slope[from + i][to + j] += v x_i x_j */
static void add_square(const struct moments *q, const double *x, double v, size_t from, size_t to,
                       double *slope)
{
    for (size_t i = 0; i < q->k; i++)
        for (size_t j = 0; j < q->k; j++)
            slope[(from + i) * q->p + to + j] += v * x[i] * x[j];
}

static void squares_at(const struct moments *q, const double *b, struct matrix *score,
                       double *total, double *slope)
{
    const struct model *m = &q->nls.m;
    size_t k = q->k, p = q->p;
    double items = m->list->items;
    memset(total, 0, p * sizeof *total);
    memset(slope, 0, p * p * sizeof *slope);
    for (size_t s = 0; s < m->cells->segments; s++) {
        const struct cells_segment *g = &m->cells->segment[s];
        for (size_t i = g->first; i < g->first + g->count; i++) {
            const double *x = row_of(q, i);
            double w = m->cells->weight[i];
            double z = logistic(dot(x, b, k)), f = logistic(dot(x, b + k, k));
            double dz = z * (1 - z), df = items * f * (1 - f);
            size_t at = g->arm != 0 ? 0 : k;
            double e = g->y - items * f - (g->arm != 0 ? z : 0);
            double v = e * (g->arm != 0 ? dz : df);
            for (size_t j = 0; j < k; j++)
                total[at + j] += w * v * x[j];
            if (score != NULL) {
                double *row = score->at + i * score->cols;
                memset(row, 0, p * sizeof *row);
                for (size_t j = 0; j < k; j++)
                    row[at + j] = v * x[j];
            }
            if (g->arm != 0) {
                add_square(q, x, w * (e * dz * (1 - 2 * z) - dz * dz), 0, 0, slope);
                add_square(q, x, -w * dz * df, 0, k, slope);
            } else {
                add_square(q, x, w * (e * df * (1 - 2 * f) - df * df), k, k, slope);
            }
        }
    }
}

/* ---- both ---- */

enum err moments_open(struct moments *q)
{
    q->k = q->nls.m.x[0].cols;
    q->p = 2 * q->k;
    return q->likelihood ? solve_likelihood(q) : solve_steps(q);
}

void moments_close(struct moments *q)
{
    free(q->ml);
    free(q->start);
    nls_room_free(&q->nls);
}

enum err moments_at(const struct moments *q, const double *b, struct matrix *score, double *total,
                    double *slope)
{
    if (q->likelihood)
        return likelihood_at_point(q, b, score, total, slope);
    squares_at(q, b, score, total, slope);
    return ERR_OK;
}

double moments_prediction(const struct moments *q, const double *b, size_t cell)
{
    return logistic(dot(row_of(q, cell), b, q->k));
}

enum err moments_loglik(const struct moments *q, const double *b, double *out)
{
    struct likelihood_value v = {0};
    *out = NAN;
    if (!q->likelihood)
        return ERR_OK;
    enum err e = likelihood_evaluate(&q->ml->likelihood, b, 1, &v);
    *out = v.loglik;
    return e;
}

static enum err clustered_meat(const struct moments *q, const struct matrix *score, double *out)
{
    const struct model *m = &q->nls.m;
    size_t n = score->cols;
    struct design_scores d = {m->cells->of_row, score, m->se == SE_DESIGN};
    double *total = calloc(n + 1, sizeof *total);
    enum err e = total == NULL ? ERR_NOMEM : design_score_covariance(m->design, &d, out);
    for (size_t i = 0; e == ERR_OK && i < score->rows; i++)
        for (size_t a = 0; a < n; a++)
            total[a] += m->cells->weight[i] * score->at[i * n + a];
    for (size_t a = 0; e == ERR_OK && m->se == SE_DESIGN && a < n; a++)
        for (size_t b = 0; b < n; b++)
            out[a * n + b] += total[a] * total[b] / (double)design_points(m->design);
    free(total);
    return e;
}

enum err moments_meat(const struct moments *q, const struct matrix *score, double *out)
{
    const struct model *m = &q->nls.m;
    size_t n = score->cols;
    if (m->se >= SE_CLUSTER)
        return clustered_meat(q, score, out);
    memset(out, 0, n * n * sizeof *out);
    for (size_t i = 0; i < score->rows; i++) {
        const double *s = score->at + i * n;
        for (size_t a = 0; a < n; a++)
            for (size_t b = 0; s[a] != 0 && b < n; b++)
                out[a * n + b] += m->cells->weight2[i] * s[a] * s[b];
    }
    return ERR_OK;
}
