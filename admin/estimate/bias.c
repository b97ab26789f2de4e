#include "admin/estimate/bias.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/latent.h"
#include "admin/estimate/numeric.h"
#include "core/log.h"

enum { KEY = 0 }; /* the first extra key of the cells is the direct answer */

enum err bias_open(const struct frame *f, const struct estimate_options *o, struct model_spec *spec,
                   int32_t **code)
{
    const struct frame_list *l = &f->list[o->list];
    if (o->direct == NULL)
        return ERR_OK;
    if (l->arms > 2)
        return log_fail(ERR_USAGE, "--direct: with several sensitive items the direct question is "
                                   "of one of them; estimate that item alone");
    enum err e = latent_binary(f, l, o->direct, "--direct", code);
    spec->extra[KEY] = *code;
    return e;
}

static size_t active(const void *ctx, const struct cells_segment *s, size_t *block)
{
    (void)ctx;
    (void)s;
    block[0] = 0;
    return 1;
}

static void evaluate(const void *ctx, const struct likelihood_batch *b)
{
    int sign = b->segment->extra[KEY] ? 1 : -1;
    (void)ctx;
    for (size_t i = 0; i < b->count; i++) {
        struct likelihood_class k = {0};
        likelihood_add_logistic(&k, 0, b->eta[0][i], sign);
        b->ll[i] = k.ll;
        b->d[0][i] = k.d[0];
        b->h[0][i] = k.h[0];
    }
}

static double direct_mean(const struct model *m)
{
    double yes = 0, all = 0;
    for (size_t s = 0; s < m->cells->segments; s++) {
        const struct cells_segment *q = &m->cells->segment[s];
        for (size_t i = q->first; i < q->first + q->count; i++) {
            all += m->cells->weight[i];
            yes += q->extra[KEY] ? m->cells->weight[i] : 0;
        }
    }
    return yes / all;
}

/* The logistic regression of the direct answer. */
static enum err fit_direct(const struct likelihood *l, double mean, struct likelihood_fit *fit)
{
    double start[TERMS_MAX] = {log(mean / (1 - mean))};
    struct likelihood_options o = {.start = {start},
                                   .starts = 1,
                                   .what = "the direct question",
                                   .advice = "leave out covariates, or --direct"};
    return likelihood_fit(l, &o, fit);
}

/* out (cells x (p + k)) = [list scores, direct scores]. */
static void stack(const struct matrix *a, const struct matrix *b, struct matrix *out)
{
    for (size_t i = 0; i < out->rows; i++) {
        memcpy(out->at + i * out->cols, a->at + i * a->cols, a->cols * sizeof *a->at);
        memcpy(out->at + i * out->cols + a->cols, b->at + i * b->cols, b->cols * sizeof *b->at);
    }
}

static void rows_meat(const struct model *m, const struct matrix *s, double *meat)
{
    size_t p = s->cols;
    for (size_t i = 0; i < s->rows; i++)
        for (size_t a = 0; a < p; a++) {
            double v = m->cells->weight2[i] * s->at[i * p + a];
            for (size_t b = 0; v != 0 && b < p; b++)
                meat[a * p + b] += v * s->at[i * p + b];
        }
}

/* Covariance of [list coefficients, direct coefficients]. */
static enum err joint_covariance(const struct model *m, const struct bias_list *list, size_t p,
                                 const struct matrix *direct, const double *inverse, double *out)
{
    size_t k = direct->cols, n = p + k;
    struct matrix s = {0};
    double *room = calloc(2 * n * n + 1, sizeof *room), *meat = room, *bread = room + n * n;
    enum err e = room != NULL ? matrix_new(direct->rows, n, &s) : ERR_NOMEM;
    if (e != ERR_OK)
        goto out;
    stack(list->score, direct, &s);
    struct design_scores q = {m->cells->of_row, &s, m->se != SE_CLUSTER};
    bool clustered = m->design != NULL && (m->f->psu != NULL || m->f->stratum != NULL);
    if (clustered)
        e = design_score_covariance(m->design, &q, meat);
    else
        rows_meat(m, &s, meat);
    for (size_t a = 0; a < p; a++)
        memcpy(bread + a * n, list->bread + a * p, p * sizeof *bread);
    for (size_t a = 0; a < k; a++)
        memcpy(bread + (p + a) * n + p, inverse + a * k, k * sizeof *bread);
    if (e == ERR_OK)
        e = matrix_sandwich(bread, n, meat, n, out);
out:
    matrix_free(&s);
    free(room);
    return e;
}

static enum err add_entry(struct model *m, const char *name, double value, double var)
{
    double se = sqrt(var > 0 ? var : 0);
    double half =
        se * (isfinite(m->df) ? numeric_t_quantile(0.975, m->df) : numeric_normal_quantile(0.975));
    return estimate_add_prevalence(m->r, name, 1, value, se, value - half, value + half);
}

/* grad (p + k): of the list's mean, then of the direct one. */
static enum err add_entries(struct model *m, const struct predict *q,
                            const struct likelihood_fit *fit, const double *cov, double *grad)
{
    size_t p = q->p, k = fit->p, n = p + k, none = 0;
    double list = 0, direct = 0;
    struct predict d = {.terms = q->terms,
                        .equation = q->equation,
                        .item = 1,
                        .b = fit->b,
                        .vcov = fit->inverse,
                        .p = k,
                        .probability = predict_logistic,
                        .ctx = &none};
    enum err e = predict_average(m, q, &list, grad);
    if (e == ERR_OK)
        e = predict_average(m, &d, &direct, grad + p);
    if (e != ERR_OK)
        return e;
    double var = 0;
    for (size_t a = 0; a < k; a++)
        for (size_t b = 0; b < k; b++)
            var += grad[p + a] * cov[(p + a) * n + p + b] * grad[p + b];
    e = add_entry(m, "direct", direct, var);
    for (size_t a = p; a < n; a++)
        grad[a] = -grad[a];
    return e == ERR_OK
               ? add_entry(m, "list minus direct", list - direct, matrix_quadratic(grad, cov, n))
               : e;
}

enum err bias_add(struct model *m, const struct predict *q, const struct bias_list *list)
{
    struct likelihood *l = calloc(1, sizeof *l);
    struct likelihood_fit fit = {0};
    struct matrix score = {0};
    double *cov = NULL, mean = direct_mean(m);
    enum err e = ERR_NOMEM;
    if (l == NULL)
        return e;
    *l =
        (struct likelihood){.cells = m->cells, .blocks = 1, .active = active, .evaluate = evaluate};
    l->block[0] =
        (struct likelihood_block){.equation = "direct", .of = q->terms, .x = &m->x[q->equation]};
    if (!(mean > 0) || !(mean < 1)) {
        e = log_fail(ERR_STUDY, "--direct: all respondents gave the same direct answer; there is "
                                "nothing to estimate, leave the option out");
        goto out;
    }
    if ((e = fit_direct(l, mean, &fit)) != ERR_OK ||
        (e = likelihood_scores(l, fit.b, &score)) != ERR_OK)
        goto out;
    size_t n = q->p + fit.p;
    if ((cov = calloc(n * n + n + 1, sizeof *cov)) == NULL) {
        e = ERR_NOMEM;
        goto out;
    }
    if ((e = joint_covariance(m, list, q->p, &score, fit.inverse, cov)) == ERR_OK)
        e = add_entries(m, q, &fit, cov, cov + n * n);
out:
    likelihood_fit_free(&fit);
    matrix_free(&score);
    free(cov);
    free(l);
    return e;
}
