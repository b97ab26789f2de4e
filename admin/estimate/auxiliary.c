#include "admin/estimate/auxiliary.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/auxiliary_model.h"
#include "admin/estimate/held.h"
#include "admin/estimate/latent.h"
#include "admin/estimate/numeric.h"
#include "core/log.h"

/* ---- what is known ---- */

/* Mark the rows of "column=value" with bit ${bit}. */
static enum err parse_group(struct auxiliary *u, const struct frame *f, char *text,
                            const char *whole, size_t bit)
{
    char *value = strchr(text, '=');
    size_t level = 0;
    if (value == NULL)
        return log_fail(ERR_USAGE, "--known %s: write COLUMN=VALUE:PREVALENCE", whole);
    *value++ = '\0';
    int at = frame_find(f, text);
    if (at < 0)
        return log_fail(ERR_USAGE, "--known %s: there is no column %s", whole, text);
    enum err e = frame_levels(f, at);
    const struct frame_column *c = &f->column[at];
    while (e == ERR_OK && level < c->levels && strcmp(c->level[level], value) != 0)
        level++;
    if (e == ERR_OK && level == c->levels)
        e = log_fail(ERR_USAGE, "--known %s: %s has no value %s", whole, text, value);
    for (size_t i = 0; e == ERR_OK && i < f->n; i++)
        if (c->row[i] == (int32_t)level)
            u->group[i] |= (int32_t)1 << bit;
    value[-1] = '=';
    if (e == ERR_OK && (u->known[bit].text = strdup(text)) == NULL)
        e = ERR_NOMEM;
    return e;
}

static enum err parse_one(struct auxiliary *u, const struct frame *f, char *piece,
                          const char *whole)
{
    if (u->knowns == AUXILIARY_KNOWN)
        return log_fail(ERR_USAGE, "--known: at most %d values", AUXILIARY_KNOWN);
    size_t bit = u->knowns++;
    char *number = strrchr(piece, ':'), *end;
    if (number != NULL)
        *number++ = '\0';
    const char *value = number != NULL ? number : piece;
    double v = strtod(value, &end);
    if (end == value || *end != '\0' || !(v > 0 && v < 1))
        return log_fail(
            ERR_USAGE,
            "--known %s: write a prevalence above 0 and below 1, for everybody (0.3) or "
            "for groups (region=1:0.3,region=2:0.5)",
            whole);
    u->known[bit].value = v;
    for (size_t i = 0; number == NULL && i < f->n; i++)
        u->group[i] |= (int32_t)1 << bit;
    return number == NULL ? ERR_OK : parse_group(u, f, piece, whole, bit);
}

/* Which known values each row is under, as bits; they split the cells. */
static enum err parse_known(struct auxiliary *u, const struct frame *f, const char *text)
{
    char *copy = strdup(text), *rest = NULL;
    enum err e = copy == NULL ? ERR_NOMEM : ERR_OK;
    for (char *p = copy != NULL ? strtok_r(copy, ",", &rest) : NULL; e == ERR_OK && p != NULL;
         p = strtok_r(NULL, ",", &rest))
        e = parse_one(u, f, p, text);
    free(copy);
    if (e == ERR_OK && u->knowns == 0)
        e = log_fail(ERR_USAGE, "--known: name a prevalence");
    return e;
}

static enum err check_groups(const struct auxiliary *u, const char *text)
{
    int32_t seen = 0;
    const struct cells *c = u->q.nls.m.cells;
    for (size_t s = 0; s < c->segments; s++)
        seen |= c->segment[s].extra[0];
    for (size_t a = 0; a < u->knowns; a++)
        if ((seen >> a & 1) == 0)
            return log_fail(ERR_STUDY, "--known %s: nobody with %s has a count and all covariates",
                            text, u->known[a].text);
    return ERR_OK;
}

/* ---- reporting ---- */

static enum err add_coefficients(struct auxiliary *u, const double *b, const double *vcov)
{
    enum err e = ERR_OK;
    size_t p = u->q.p, k = u->q.k;
    struct model *m = &u->q.nls.m;
    for (size_t i = 0; e == ERR_OK && i < p; i++) {
        double se = sqrt(vcov[i * p + i]);
        if (se < 1000 * AUXILIARY_FLOOR) /* a known value says it, the data nothing */
            se = 0;
        e = estimate_add_coefficient(m->r, i < k ? "sensitive" : "control",
                                     terms_name(m->terms[0], i % k), b[i], se);
    }
    return e == ERR_OK ? estimate_set_vcov(m->r, vcov, p) : e;
}

static enum err report(struct auxiliary *u, const double *b, const double *vcov, size_t iterations)
{
    struct model *m = &u->q.nls.m;
    size_t at = 0;
    struct predict q = {.terms = m->terms[0],
                        .item = 1,
                        .b = b,
                        .vcov = vcov,
                        .p = u->q.p,
                        .probability = predict_logistic,
                        .ctx = &at};
    enum err e = add_coefficients(u, b, vcov);
    m->r->fitted = true;
    m->r->iterations = iterations;
    m->r->starts = m->r->reached = 1;
    if (e == ERR_OK)
        e = moments_loglik(&u->q, b, &m->r->loglik);
    if (e == ERR_OK)
        e = predict_all(m, &q, 1);
    if (e == ERR_OK)
        e = estimate_assume(m->r,
                            "The item leaves the answers to the others as they are, and nobody "
                            "lies in the count.");
    if (e == ERR_OK)
        e = estimate_assume(m->r,
                            "Agreement and the mean control count are logistic in the "
                            "covariates%s.",
                            u->q.likelihood ? ", control counts binomial" : "");
    return e;
}

static enum err report_known(struct auxiliary *u)
{
    struct estimate_result *r = u->q.nls.m.r;
    double p = numeric_chi_tail(u->hansen, (double)u->knowns);
    enum err e = report(u, u->b, u->vcov, u->iterations);
    if (e == ERR_OK)
        e = estimate_add_test(r, "list and known prevalence agree (Hansen's J)", u->hansen,
                              (double)u->knowns, p);
    for (size_t a = 0; e == ERR_OK && a < u->knowns; a++) {
        char name[200];
        snprintf(name, sizeof name, "known prevalence, %s",
                 u->known[a].text != NULL ? u->known[a].text : "all respondents");
        e = estimate_add_number(r, name, u->known[a].value);
    }
    if (e == ERR_OK)
        e = estimate_assume(r, "The known prevalences are those of the population that these "
                               "respondents were drawn from, without error.");
    if (e == ERR_OK && p < 0.05)
        e = estimate_warn(
            r,
            "The list and the known prevalences contradict each other (p = %.3f): one "
            "of the assumptions is wrong, or the known values are of others. Do not use "
            "the fit that joins them.",
            p);
    return e;
}

static enum err report_held(struct auxiliary *u, const struct held *h)
{
    struct estimate_result *r = u->q.nls.m.r;
    enum err e = report(u, h->b, h->vcov, h->iterations);
    double z = h->lambda / h->se, p = numeric_normal_two_sided(z);
    if (e == ERR_OK)
        e = estimate_add_test(r, "the model alone predicts the difference in means", z * z, 1,
                              numeric_chi_tail(z * z, 1));
    if (e == ERR_OK)
        e = estimate_add_number(r, "difference in means", h->target);
    if (e == ERR_OK)
        e = estimate_add_number(r, "mean prediction of the model alone", h->own);
    if (e == ERR_OK)
        e = estimate_assume(r,
                            "The mean prediction is held to the difference in means, which needs "
                            "no model; how support differs by covariates is the model's.");
    if (e == ERR_OK && p < 0.05)
        e = estimate_warn(
            r,
            "The model by itself predicts %.1f%%, not the difference in means, %.1f%% "
            "(p = %.3f): it is wrong somewhere, and so may be its coefficients.",
            100 * h->own, 100 * h->target, p);
    return e;
}

/* ---- the method ---- */

static enum err check_options(const struct frame *f, const struct estimate_options *o)
{
    enum err e = latent_check(f, &f->list[o->list], "aux");
    if (e != ERR_OK)
        return e;
    if ((o->known != NULL) == o->robust)
        return log_fail(ERR_USAGE, "aux needs --known PREVALENCE (of everybody, or of groups as "
                                   "region=1:0.3,region=2:0.5), or --robust, not both");
    if (o->se != NULL && (strcmp(o->se, "observed") == 0 || strcmp(o->se, "opg") == 0))
        return log_fail(ERR_USAGE, "--se %s: aux knows robust, cluster and design", o->se);
    return ERR_OK;
}

static enum err solve(struct auxiliary *u, const struct estimate_options *o)
{
    struct held h = {0};
    enum err e = moments_open(&u->q);
    if (e != ERR_OK)
        return e;
    if (o->robust) {
        if ((e = held_solve(&u->q, &h)) == ERR_OK)
            e = report_held(u, &h);
        held_free(&h);
        return e;
    }
    if ((e = auxiliary_solve(u)) == ERR_OK)
        e = report_known(u);
    return e;
}

static void run_free(struct auxiliary *u)
{
    for (size_t a = 0; a < u->knowns; a++)
        free(u->known[a].text);
    moments_close(&u->q);
    free(u->group);
    free(u->b);
    free(u->vcov);
    free(u->total);
    free(u->slope);
    free(u->weight);
    free(u->trial);
    free(u);
}

static enum err aux_run(const struct frame *f, const struct estimate_options *o,
                        struct estimate_result **out)
{
    struct auxiliary *u = calloc(1, sizeof *u);
    enum err e = u == NULL ? ERR_NOMEM : check_options(f, o);
    if (e != ERR_OK)
        goto out;
    if ((u->group = calloc(f->n + 1, sizeof *u->group)) == NULL)
        e = ERR_NOMEM;
    else if (o->known != NULL)
        e = parse_known(u, f, o->known);
    if (e != ERR_OK)
        goto out;
    u->q.likelihood = o->moments == MOMENTS_ML || (o->moments == MOMENTS_USUAL && o->robust);
    const struct model_spec spec = {.method = "aux",
                                    .equation = {{o->covariates, "--covariates"}},
                                    .equations = 1,
                                    .extra = {u->group},
                                    .extra_option = {"--known"},
                                    .plain_se = SE_ROBUST};
    if ((e = model_open(f, o, &spec, &u->q.nls.m)) == ERR_OK &&
        (e = check_groups(u, o->known)) == ERR_OK)
        e = solve(u, o);
out:
    if (u != NULL) {
        struct model m = u->q.nls.m;
        run_free(u);
        model_close(&m, e == ERR_OK ? out : NULL);
    }
    return e;
}

const struct estimator auxiliary_estimator = {
    "aux", "with known prevalences, or held to the difference in means", aux_run,
    "covariates known robust moments se profile difference"};
