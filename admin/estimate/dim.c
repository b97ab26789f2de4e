#include "admin/estimate/dim.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/dim_means.h"
#include "admin/estimate/numeric.h"
#include "admin/estimate/scope.h"
#include "core/log.h"

#define SE_ROUNDING 1e-9 /* of a mean of counts: what is below is rounding */
enum { COEFFICIENTS_MAX = 200 };

struct run {
    const struct frame *f;
    const struct frame_list *list;
    const struct estimate_options *o;
    struct design *design; /* NULL: simple random sample */
    struct terms *terms;   /* NULL: not adjusted */
    uint8_t *used, *in;    /* per row: used; used in the two arms at work */
    struct dim_means m;
    struct estimate_result *r;
};

/* n times the sum of squared deviations: a whole number, 0 exactly where all counts are the same.
 */
static int64_t spread(const struct dim_mean *t)
{
    return (int64_t)t->n * t->squares - t->sum * t->sum;
}

static size_t mean_at(const struct run *u, size_t group, size_t arm)
{
    return group * u->m.arms + arm;
}

static double degrees(const struct run *u, size_t group, size_t item, size_t by_points)
{
    const struct dim_mean *c = &u->m.at[mean_at(u, group, 0)], *t = c + item;
    double n0 = (double)c->n, n1 = (double)t->n;
    if (u->design != NULL)
        return by_points > 0 ? (double)by_points : NAN;
    if (u->m.p > 0)
        return n0 + n1 - 2 * (double)u->m.p;
    size_t k = u->m.groups * u->m.arms;
    double a = u->m.cov[mean_at(u, group, 0) * (k + 1)];
    double b = u->m.cov[mean_at(u, group, item) * (k + 1)];
    return (a + b) * (a + b) / (a * a / (n0 - 1) + b * b / (n1 - 1));
}

static struct estimate_group *group_at(const struct run *u, size_t group, size_t item)
{
    return &u->r->group[group * (u->m.arms - 1) + item - 1];
}

static void name_group(const struct run *u, const struct dim_block *b, size_t group, size_t item,
                       struct estimate_group *g)
{
    double all = 0;
    for (size_t i = 0; i < b->levels; i++)
        all += u->m.group_weights[b->first + i];
    estimate_start_group(u->f, u->o, b->by, (int)(group - b->first), (int)item, g);
    g->share = all > 0 ? u->m.group_weights[group] / all : 0;
}

/* Everything of a group that needs no other group. */
static void fill_group(const struct run *u, const struct dim_block *b, size_t group, size_t item,
                       size_t df)
{
    const struct dim_mean *c = &u->m.at[mean_at(u, group, 0)], *t = c + item;
    struct estimate_group *g = group_at(u, group, item);
    size_t least = c->n < t->n ? c->n : t->n;
    name_group(u, b, group, item, g);
    g->n_control = c->n;
    g->n_treatment = t->n;
    g->n = c->n + t->n;
    g->withheld = least < ESTIMATE_WITHHOLD && !u->o->small;
    g->marked = least < ESTIMATE_MARK;
    g->control_mean = c->mean;
    g->treatment_mean = t->mean;
    if (g->withheld)
        return;
    g->estimate = t->mean - c->mean;
    if (least < 2 || isnan(g->estimate))
        return;
    double se =
        sqrt(fmax(0, dim_means_variance(&u->m, mean_at(u, group, 0), mean_at(u, group, item))));
    bool flat = spread(c) == 0 && spread(t) == 0;
    if (flat || (u->design == NULL && !(se > SE_ROUNDING)))
        g->se = 0;
    else if (se > SE_ROUNDING) { /* else the weights leave one respondent: there is no spread */
        g->df = degrees(u, group, item, df);
        g->se = isnan(g->df) ? NAN : se;
    }
    scope_fill(g, g->estimate, g->se, g->df);
}

/* The groups of one column; *df2: points minus strata of those that hold any of them. */
static enum err fill_block(struct run *u, const struct dim_block *b, size_t item, size_t *df2)
{
    enum err e = ERR_OK;
    size_t *df = calloc(b->levels + 1, sizeof *df);
    if (df == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < u->f->n; i++)
        u->in[i] = u->used[i] && (u->list->arm[i] == 0 || u->list->arm[i] == (int8_t)item);
    if (u->design != NULL)
        e = design_degrees(u->design, u->in, b->level, b->levels, df);
    for (size_t l = 0; e == ERR_OK && l < b->levels; l++)
        fill_group(u, b, b->first + l, item, df[l]);
    for (size_t i = 0; e == ERR_OK && b->level != NULL && i < u->f->n; i++)
        u->in[i] = u->in[i] && b->level[i] != FRAME_MISSING;
    if (e == ERR_OK && u->design != NULL)
        e = design_degrees(u->design, u->in, NULL, 1, df2);
    free(df);
    return e;
}

/* Are the groups of this column equal? */
static enum err compare(const struct run *u, const struct dim_block *b, size_t item, size_t points,
                        struct estimate_test *t)
{
    size_t n = 0, use[ESTIMATE_MAX_LEVELS];
    double w = NAN, *d = malloc((b->levels + b->levels * b->levels) * sizeof *d);
    double *v = d + b->levels;
    enum err e = d != NULL ? ERR_OK : ERR_NOMEM;
    for (size_t l = 0; l < b->levels; l++)
        if (group_at(u, b->first + l, item)->se > 0)
            use[n++] = b->first + l;
    for (size_t i = 0; e == ERR_OK && i < n; i++) {
        d[i] = group_at(u, use[i], item)->estimate;
        for (size_t j = 0; j < n; j++)
            v[i * n + j] = dim_means_between(&u->m, mean_at(u, use[i], item), mean_at(u, use[i], 0),
                                             mean_at(u, use[j], item), mean_at(u, use[j], 0));
    }
    *t = (struct estimate_test){.by = b->by,
                                .item = (int)item,
                                .by_name = u->f->column[b->by].name,
                                .item_name = u->list->sensitive[item],
                                .prespecified = u->f->archive && u->f->column[b->by].prespecified,
                                .statistic = NAN,
                                .df2 = NAN,
                                .p_value = NAN,
                                .p_holm = NAN};
    if (e == ERR_OK && n >= 2 && (u->design == NULL || points + 1 > n - 1))
        e = numeric_wald_equal(d, v, n, &w);
    free(d);
    if (e != ERR_OK)
        return e;
    dim_judge(w, n - 1, u->design != NULL, points, &t->statistic, &t->df2, &t->p_value);
    t->df = isnan(t->statistic) ? 0 : n - 1;
    const char *of = u->m.arms > 2 ? t->item_name : NULL;
    if (isnan(t->statistic))
        return estimate_warn(u->r, "%s%s%s: no test of equality, %s.", t->by_name, of ? ", " : "",
                             of ? of : "",
                             n < 2 ? "because fewer than two groups have a standard error"
                                   : "because there are too few points for so many groups");
    if (n < b->levels)
        return estimate_warn(u->r,
                             "%s%s%s: the test of equality compares %zu of the %zu groups; those "
                             "withheld or without a standard error are left out.",
                             t->by_name, of ? ", " : "", of ? of : "", n, b->levels);
    return ERR_OK;
}

static enum err run_block(struct run *u, const struct dim_block *b)
{
    enum err e = ERR_OK;
    if (b->without > 0)
        e = estimate_warn(u->r, "%s: %zu respondents have no value and are in none of its groups.",
                          u->f->column[b->by].name, b->without);
    for (size_t k = 1; e == ERR_OK && k < u->m.arms; k++) {
        size_t points = 0;
        e = fill_block(u, b, k, &points);
        if (e == ERR_OK && b->by >= 0)
            e = compare(u, b, k, points, &u->r->test[u->r->tests++]);
    }
    return e;
}

/* Every control mean and difference, with the one covariance matrix of them all. */
static enum err add_coefficients(struct run *u)
{
    size_t k = u->m.groups * u->m.arms;
    enum err e = ERR_OK;
    char term[400], equation[32];
    if (k > COEFFICIENTS_MAX)
        return e;
    double *v = malloc(k * k * sizeof *v);
    if (v == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < k && e == ERR_OK; i++) {
        size_t g = i / u->m.arms, arm = i % u->m.arms, base = g * u->m.arms;
        const struct estimate_group *q = group_at(u, g, arm > 0 ? arm : 1);
        for (size_t j = 0; j < k; j++) {
            size_t other = j / u->m.arms * u->m.arms;
            double c = u->m.cov[i * k + j];
            v[i * k + j] = c - (arm > 0 ? u->m.cov[base * k + j] : 0) -
                           (j != other ? u->m.cov[i * k + other] : 0) +
                           (arm > 0 && j != other ? u->m.cov[base * k + other] : 0);
        }
        snprintf(equation, sizeof equation,
                 arm == 0        ? "control"
                 : u->m.arms > 2 ? "sensitive.%zu"
                                 : "sensitive",
                 arm);
        if (q->by < 0)
            snprintf(term, sizeof term, "(Intercept)");
        else
            snprintf(term, sizeof term, "%s=%s", q->by_name, q->value);
        double estimate = q->withheld ? NAN : arm == 0 ? q->control_mean : q->estimate;
        double se = sqrt(fmax(0, v[i * (k + 1)]));
        e = estimate_add_coefficient(u->r, equation, term, estimate,
                                     isnan(estimate) || !(se > SE_ROUNDING) ? NAN : se);
    }
    if (e == ERR_OK)
        e = estimate_set_vcov(u->r, v, k);
    u->r->repeated = true;
    free(v);
    return e;
}

static enum err assume(const struct run *u)
{
    enum err e = estimate_assume(u->r, "The sensitive item leaves the answers to the others as "
                                       "they are (no design effect).");
    if (e == ERR_OK)
        e = estimate_assume(u->r, "Nobody lies in the count (no liars).");
    if (e == ERR_OK && u->terms != NULL)
        e = estimate_assume(u->r, "None about the covariates: assignment is random, so that a "
                                  "wrong regression costs precision and no more (Lin 2013).");
    return e;
}

/* Rows used: with an arm, a count and all covariates. */
static enum err choose_rows(struct run *u)
{
    size_t n[2] = {0, 0};
    struct estimate_result *r = u->r;
    enum err e = ERR_OK;
    u->used = malloc(u->f->n + 1);
    u->in = malloc(u->f->n + 1);
    if (u->used == NULL || u->in == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < u->f->n; i++)
        u->used[i] = estimate_used(u->list, i);
    if (u->o->covariates != NULL)
        e = terms_new(u->f, u->o->covariates, "--covariates", u->used, &u->terms);
    for (size_t i = 0; i < u->f->n; i++)
        if (u->used[i])
            n[u->list->arm[i] != 0]++;
    size_t lost0 = r->n_control - n[0], lost1 = r->n_treatment - n[1];
    r->n_control = n[0];
    r->n_treatment = n[1];
    r->n = n[0] + n[1];
    return e != ERR_OK || lost0 + lost1 == 0
               ? e
               : estimate_warn(r,
                               "%zu respondents (%zu in control, %zu in treatment) have no value "
                               "of a covariate and are left out; the estimate is of the others.",
                               lost0 + lost1, lost0, lost1);
}

/* Groups whose regressions cannot be had are said by name; all respondents must have theirs. */
static enum err check_adjusted(const struct run *u)
{
    enum err e = ERR_OK;
    char name[200];
    for (size_t k = 0; k < u->m.arms && u->m.p > 0; k++)
        if (isnan(u->m.at[k].mean))
            return log_fail(ERR_STUDY,
                            "dim: in %s the covariates are combinations of one another, or as many "
                            "as the respondents; leave some out",
                            k == 0 ? "control" : "a treatment arm");
    for (size_t i = 0; e == ERR_OK && u->m.p > 0 && i < u->r->groups; i++) {
        const struct estimate_group *g = &u->r->group[i];
        if (isnan(g->estimate) && !g->withheld)
            e = estimate_warn(u->r,
                              "%s: no estimate, because in one of its arms the covariates are "
                              "combinations of one another or as many as its respondents.",
                              estimate_group_name(u->r, g, name, sizeof name));
    }
    return e;
}

static enum err estimate_all(struct run *u)
{
    size_t items = u->list->arms - 1;
    enum err e = dim_means_new(u->f, u->o, u->used, u->terms, &u->m);
    if (e != ERR_OK)
        return e;
    u->m.design = u->design;
    u->m.weight = u->design != NULL ? u->f->weight : NULL;
    u->r->group = calloc(u->m.groups * items + 1, sizeof *u->r->group);
    u->r->test = calloc(u->m.blocks * items + 1, sizeof *u->r->test);
    if (u->r->group == NULL || u->r->test == NULL)
        return ERR_NOMEM;
    u->r->groups = u->m.groups * items;
    if ((e = dim_means_fill(&u->m)) != ERR_OK || (e = dim_means_covariance(&u->m)) != ERR_OK)
        return e;
    for (size_t i = 0; i < u->m.blocks && e == ERR_OK; i++)
        e = run_block(u, &u->m.block[i]);
    return e;
}

static enum err dim_run(const struct frame *f, const struct estimate_options *o,
                        struct estimate_result **out)
{
    struct run u = {.f = f, .list = &f->list[o->list], .o = o};
    if (o->se != NULL) /* those two are asked for around the method */
        return log_fail(ERR_USAGE, "--se %s: dim knows linear and replicates", o->se);
    enum err e = estimate_start(f, o, "dim", &u.r);
    if (e != ERR_OK || (e = choose_rows(&u)) != ERR_OK || (e = assume(&u)) != ERR_OK ||
        (e = scope_design(f, o, u.r, &u.design)) != ERR_OK)
        goto out;
    if (u.terms != NULL && u.design == NULL)
        u.r->se_type = "hc2";
    if ((e = estimate_all(&u)) != ERR_OK || (e = check_adjusted(&u)) != ERR_OK ||
        (e = dim_holm(f, u.r)) != ERR_OK || (e = dim_missing(f, o, u.design, u.r)) != ERR_OK ||
        (e = scope_warn_groups(u.r)) != ERR_OK || (e = add_coefficients(&u)) != ERR_OK)
        goto out;
    *out = u.r;
    u.r = NULL;
out:
    estimate_free(u.r);
    dim_means_free(&u.m);
    design_free(u.design);
    terms_free(u.terms);
    free(u.used);
    free(u.in);
    return e;
}

const struct estimator dim_estimator = {"dim", "difference in means", dim_run, "covariates se"};
