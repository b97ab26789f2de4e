#include "admin/estimate/nls.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/nls_model.h"
#include "admin/estimate/numeric.h"
#include "core/log.h"

enum err nls_room(struct nls *u, size_t p)
{
    u->p = p;
    u->b = calloc(p + 1, sizeof *u->b);
    u->vcov = calloc(p * p + 1, sizeof *u->vcov);
    u->slope = calloc(p * p + 1, sizeof *u->slope);
    u->bread = calloc(p * p + 1, sizeof *u->bread);
    if (u->bread == NULL || u->b == NULL || u->vcov == NULL || u->slope == NULL)
        return ERR_NOMEM;
    return matrix_new(u->m.cells->n, p, &u->score);
}

void nls_room_free(struct nls *u)
{
    free(u->b);
    free(u->vcov);
    free(u->slope);
    free(u->bread);
    matrix_free(&u->score);
}

/* sum w^2 s s' over rows. */
static void rows_meat(const struct nls *u, double *meat)
{
    size_t p = u->p;
    for (size_t i = 0; i < u->score.rows; i++) {
        const double *s = u->score.at + i * p;
        for (size_t a = 0; a < p; a++)
            for (size_t b = 0; s[a] != 0 && b < p; b++)
                meat[a * p + b] += u->m.cells->weight2[i] * s[a] * s[b];
    }
}

enum err nls_variance(struct nls *u)
{
    size_t p = u->p;
    bool good = false;
    double *meat = calloc(p * p + 1, sizeof *meat);
    struct design_scores q = {u->m.cells->of_row, &u->score, u->m.se == SE_DESIGN};
    enum err e = meat != NULL ? ERR_OK : ERR_NOMEM;
    if (e == ERR_OK && u->m.se >= SE_CLUSTER)
        e = design_score_covariance(u->m.design, &q, meat);
    else if (e == ERR_OK)
        rows_meat(u, meat);
    if (e == ERR_OK && (e = numeric_inverse(u->slope, p, u->bread, &good)) == ERR_OK && !good)
        e = log_fail(ERR_DOUBT, "nls: the data do not determine all coefficients; leave out "
                                "covariates");
    if (e == ERR_OK)
        e = matrix_sandwich(u->bread, p, meat, p, u->vcov);
    for (size_t i = 0; i < p * p; i++)
        u->bread[i] = -u->bread[i];
    for (size_t i = 0; e == ERR_OK && i < p; i++)
        if (!(u->vcov[i * p + i] > 0) || !isfinite(u->vcov[i * p + i]))
            e = log_fail(ERR_DOUBT, "nls: too few respondents carry the coefficients for a "
                                    "standard error; leave out covariates");
    free(meat);
    return e;
}

static enum err add_coefficients(struct nls *u)
{
    size_t k = u->k, items = u->m.list->arms - 1, linear = (items + 1) * k;
    bool two = u->m.o->error == ERROR_UNIFORM;
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < u->p; i++) {
        char equation[32] = "control";
        if (i < items * k)
            snprintf(equation, sizeof equation, items > 1 ? "sensitive.%zu" : "sensitive",
                     i / k + 1);
        else if (i >= linear)
            snprintf(equation, sizeof equation, two ? "logit_p%zu" : "logit_p", i - linear);
        e = estimate_add_coefficient(u->m.r, equation,
                                     i < linear ? terms_name(u->m.terms[0], i % k) : "", u->b[i],
                                     sqrt(u->vcov[i * u->p + i]));
    }
    return e == ERR_OK ? estimate_set_vcov(u->m.r, u->vcov, u->p) : e;
}

static enum err add_numbers(struct nls *u)
{
    static const char *const name[] = {"sse_control", "sse_treatment"};
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < 2; i++)
        e = estimate_add_number(u->m.r, name[i], u->sse[i]);
    u->m.r->fitted = true;
    u->m.r->iterations = u->iterations;
    u->m.r->starts = u->starts;
    u->m.r->reached = u->reached;
    return e;
}

static enum err add_assumptions(struct nls *u)
{
    const struct estimate_options *o = u->m.o;
    enum err e = estimate_assume(u->m.r, "The sensitive item leaves the answers to the others as "
                                         "they are (no design effect).");
    if (e == ERR_OK)
        e = estimate_assume(
            u->m.r, "%s",
            o->error == ERROR_NONE ? "Nobody lies or errs in the count."
            : o->error == ERROR_TOPCODE
                ? "A share of the answers, the same in both arms and independent of "
                  "everything, is the highest count; all others are true."
                : "A share of the answers in each arm, independent of everything, "
                  "is any count with equal chance; all others are true.");
    if (e == ERR_OK)
        e = estimate_assume(u->m.r, "The means of control counts and of the sensitive item are "
                                    "logistic in the covariates as given; nothing is assumed of "
                                    "the distribution about them.");
    return e;
}

static enum err report(struct nls *u)
{
    size_t items = u->m.list->arms - 1, at[FRAME_MAX_ARMS];
    struct predict q[FRAME_MAX_ARMS];
    enum err e = add_coefficients(u);
    for (size_t k = 0; k < items; k++) {
        at[k] = k * u->k;
        q[k] = (struct predict){.terms = u->m.terms[0],
                                .item = (int)k + 1,
                                .b = u->b,
                                .vcov = u->vcov,
                                .p = u->p,
                                .probability = predict_logistic,
                                .ctx = &at[k]};
    }
    if (e != ERR_OK || (e = add_numbers(u)) != ERR_OK ||
        (e = predict_all(&u->m, q, items)) != ERR_OK)
        return e;
    struct bias_list list = {&u->score, u->bread};
    if (u->direct != NULL && (e = bias_add(&u->m, &q[0], &list)) != ERR_OK)
        return e;
    return add_assumptions(u);
}

static enum err check_options(const struct frame_list *l, const struct estimate_options *o)
{
    if (o->se != NULL && (strcmp(o->se, "observed") == 0 || strcmp(o->se, "opg") == 0))
        return log_fail(ERR_USAGE,
                        "--se %s: nls is no likelihood; it knows robust, cluster and "
                        "design",
                        o->se);
    if (o->error != ERROR_NONE && l->arms > 2)
        return log_fail(ERR_USAGE, "nls: --error with several sensitive items is not possible");
    return ERR_OK;
}

static enum err run(const struct frame *f, const struct estimate_options *o,
                    struct estimate_result **out)
{
    struct nls u = {.k = 0};
    struct model_spec s = {.method = "nls",
                           .equation = {{o->covariates, "--covariates"}},
                           .equations = 1,
                           .plain_se = SE_ROBUST};
    bool done = false;
    enum err e = check_options(&f->list[o->list], o);
    if (e != ERR_OK || (e = bias_open(f, o, &s, &u.direct)) != ERR_OK ||
        (e = model_open(f, o, &s, &u.m)) != ERR_OK)
        goto out;
    u.k = u.m.x[0].cols;
    if (o->error != ERROR_NONE)
        e = nls_error(&u);
    else if ((e = nls_two_steps(&u)) == ERR_OK)
        e = nls_variance(&u);
    if (e == ERR_OK)
        e = report(&u);
    done = e == ERR_OK;
out:
    nls_room_free(&u);
    free(u.direct);
    model_close(&u.m, done ? out : NULL);
    return e;
}

const struct estimator nls_estimator = {
    "nls", "two-step non-linear least squares", run,
    "covariates error se profile difference simulate draws seed direct"};
