#include "admin/estimate/lm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/bias.h"
#include "admin/estimate/linear.h"
#include "core/log.h"

/* Names of --se; the last is not of linear.h. */
static const char *const se_name[] = {"const", "HC0",   "HC1", "HC2",   "HC3",
                                      "CR0",   "stata", "CR2", "design"};
enum { DESIGN = LINEAR_CR2 + 1, KINDS };
_Static_assert(sizeof se_name / sizeof *se_name == KINDS, "a name for each kind");

struct run {
    struct model m;
    struct linear l;
    struct linear_fit fit;
    int kind;
    size_t at[FRAME_MAX_ARMS]; /* coefficients of item k's equation; [0]: of control */
    double *x, *y, *vcov;
    int32_t *direct; /* per row; NULL: not asked for */
};

static enum err choose_kind(struct run *u)
{
    struct model *m = &u->m;
    bool clustered = m->design != NULL && (m->f->psu != NULL || m->f->stratum != NULL);
    u->kind = clustered ? DESIGN : LINEAR_HC3;
    if (m->o->se != NULL) {
        for (u->kind = 0; u->kind < KINDS && strcmp(m->o->se, se_name[u->kind]) != 0; u->kind++)
            ;
        if (u->kind == KINDS)
            return log_fail(ERR_USAGE,
                            "--se %s: lm knows const, HC0, HC1, HC2, HC3, CR0, stata, CR2 and "
                            "design",
                            m->o->se);
    }
    m->r->se_type = se_name[u->kind];
    bool by_cluster = u->kind >= LINEAR_CR0 && u->kind <= LINEAR_CR2;
    if (by_cluster && (m->design == NULL || m->f->psu == NULL))
        return log_fail(ERR_USAGE, "--se %s needs --cluster", se_name[u->kind]);
    if (u->kind == DESIGN && !clustered)
        return log_fail(ERR_USAGE, "--se design needs --cluster or --strata");
    return u->kind == DESIGN ? model_design_df(m) : ERR_OK;
}

/* Columns: those of each item, which only its arm has; then those of control, which all have. */
static enum err make_columns(struct run *u)
{
    const struct model *m = &u->m;
    size_t k = m->x[0].cols, items = m->list->arms - 1, p = (items + 1) * k;
    u->x = calloc(m->cells->n * p + 1, sizeof *u->x);
    u->y = calloc(m->cells->n + 1, sizeof *u->y);
    u->vcov = calloc(p * p + 1, sizeof *u->vcov);
    if (u->x == NULL || u->y == NULL || u->vcov == NULL)
        return ERR_NOMEM;
    for (size_t a = 1; a <= items; a++)
        u->at[a] = (a - 1) * k;
    u->at[0] = items * k;
    for (size_t s = 0; s < m->cells->segments; s++) {
        const struct cells_segment *q = &m->cells->segment[s];
        for (size_t i = q->first; i < q->first + q->count; i++) {
            const double *x = m->x[0].at + i * k;
            u->y[i] = q->y;
            memcpy(u->x + i * p + u->at[0], x, k * sizeof *x);
            if (q->arm > 0)
                memcpy(u->x + i * p + u->at[q->arm], x, k * sizeof *x);
        }
    }
    u->l = (struct linear){.cells = m->cells->n,
                           .p = p,
                           .x = u->x,
                           .y = u->y,
                           .rows = m->f->n,
                           .cell = m->cells->of_row,
                           .weight = m->weight,
                           .cluster = m->design != NULL ? m->f->psu : NULL,
                           .clusters = m->f->psus};
    return ERR_OK;
}

/* Scores e x of the cells. */
static enum err find_scores(const struct run *u, struct matrix *score)
{
    size_t p = u->l.p;
    enum err e = matrix_new(u->l.cells, p, score);
    for (size_t i = 0; e == ERR_OK && i < u->l.cells; i++)
        for (size_t j = 0; j < p; j++)
            score->at[i * p + j] = u->fit.residual[i] * u->x[i * p + j];
    return e;
}

/* Taylor linearisation with the design's points and strata. */
static enum err design_variance(struct run *u)
{
    size_t p = u->l.p;
    struct matrix score = {0};
    double *meat = calloc(p * p + 1, sizeof *meat);
    enum err e = meat != NULL ? find_scores(u, &score) : ERR_NOMEM;
    struct design_scores q = {u->m.cells->of_row, &score, true};
    if (e == ERR_OK && (e = design_score_covariance(u->m.design, &q, meat)) == ERR_OK)
        e = matrix_sandwich(u->fit.bread, p, meat, p, u->vcov);
    matrix_free(&score);
    free(meat);
    return e;
}

static enum err find_df(const struct run *u, const double *contrast, double *df)
{
    *df = u->m.df;
    return u->kind == DESIGN ? ERR_OK
                             : linear_df(&u->l, &u->fit, (enum linear_se)u->kind, contrast, df);
}

struct item { /* what predict hands back */
    const struct run *u;
    size_t at;
};

static double probability(const struct predict *q, const double *x, const double *b, double *grad)
{
    struct predict linear = *q;
    linear.ctx = &((const struct item *)q->ctx)->at;
    return predict_linear(&linear, x, b, grad);
}

static enum err group_df(const struct predict *q, const double *grad, double *out)
{
    return find_df(((const struct item *)q->ctx)->u, grad, out);
}

static enum err add_coefficients(struct run *u)
{
    size_t p = u->l.p, k = u->m.x[0].cols, items = u->m.list->arms - 1;
    double *contrast = calloc(p + 1, sizeof *contrast);
    enum err e = contrast != NULL ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; e == ERR_OK && i < p; i++) {
        char equation[32] = "control";
        double df, se = sqrt(u->vcov[i * p + i]);
        se = se > PREDICT_SE_ROUNDING ? se : 0;
        if (i < items * k)
            snprintf(equation, sizeof equation, items > 1 ? "sensitive.%zu" : "sensitive",
                     i / k + 1);
        contrast[i] = 1;
        if ((e = find_df(u, contrast, &df)) == ERR_OK)
            e = estimate_add_coefficient_t(u->m.r, equation, terms_name(u->m.terms[0], i % k),
                                           u->fit.b[i], se, df);
        contrast[i] = 0;
    }
    free(contrast);
    return e == ERR_OK ? estimate_set_vcov(u->m.r, u->vcov, p) : e;
}

static enum err add_bias(struct run *u, const struct predict *q)
{
    struct matrix score = {0};
    enum err e = find_scores(u, &score);
    struct bias_list list = {&score, u->fit.bread};
    if (e == ERR_OK)
        e = bias_add(&u->m, q, &list);
    matrix_free(&score);
    return e;
}

static enum err report(struct run *u)
{
    struct predict q[FRAME_MAX_ARMS];
    struct item item[FRAME_MAX_ARMS];
    size_t items = u->m.list->arms - 1;
    enum err e = add_coefficients(u);
    for (size_t k = 0; k < items; k++) {
        item[k] = (struct item){u, u->at[k + 1]};
        q[k] = (struct predict){.terms = u->m.terms[0],
                                .item = (int)k + 1,
                                .b = u->fit.b,
                                .vcov = u->vcov,
                                .p = u->l.p,
                                .probability = probability,
                                .df = group_df,
                                .ctx = &item[k]};
    }
    if (e == ERR_OK)
        e = predict_all(&u->m, q, items);
    if (e == ERR_OK && u->direct != NULL)
        e = add_bias(u, &q[0]);
    if (e == ERR_OK)
        e = estimate_add_number(u->m.r, "residual_se", sqrt(u->fit.sigma2));
    if (e == ERR_OK)
        e = estimate_assume(u->m.r, "The sensitive item leaves the answers to the others as they "
                                    "are (no design effect), and nobody lies in the count.");
    if (e == ERR_OK)
        e = estimate_assume(u->m.r, "For groups and profiles: support and the control count are "
                                    "linear in the covariates. The average over all respondents "
                                    "does not lean on it.");
    return e;
}

static enum err run(const struct frame *f, const struct estimate_options *o,
                    struct estimate_result **out)
{
    struct run u = {.kind = LINEAR_HC3};
    struct model_spec s = {.method = "lm",
                           .equation = {{o->covariates, "--covariates"}},
                           .equations = 1,
                           .own_se = true};
    bool done = false;
    enum err e = bias_open(f, o, &s, &u.direct);
    if (e != ERR_OK || (e = model_open(f, o, &s, &u.m)) != ERR_OK ||
        (e = choose_kind(&u)) != ERR_OK || (e = make_columns(&u)) != ERR_OK ||
        (e = linear_fit(&u.l, "lm", &u.fit)) != ERR_OK)
        goto out;
    e = u.kind == DESIGN ? design_variance(&u)
                         : linear_variance(&u.l, &u.fit, (enum linear_se)u.kind, "lm", u.vcov);
    if (e == ERR_OK)
        e = report(&u);
    done = e == ERR_OK;
out:
    linear_free(&u.fit);
    free(u.x);
    free(u.y);
    free(u.vcov);
    free(u.direct);
    model_close(&u.m, done ? out : NULL);
    return e;
}

const struct estimator lm_estimator = {
    "lm", "linear regression", run, "covariates se profile difference simulate draws seed direct"};
