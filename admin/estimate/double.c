#include "admin/estimate/double.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/numeric.h"
#include "admin/estimate/scope.h"
#include "admin/estimate/stacked.h"
#include "core/bytes.h"
#include "core/log.h"

/* Counts of one arm of one list in one group. */
struct tally {
    double n, weights, mean, squares; /* squares: of deviations, unweighted */
};

struct run {
    struct scope scope;
    struct estimate_options o; /* with the double's first list */
    const struct frame_list *list[2];
    int arm[2];
};

/* The group at work. */
struct pair {
    const struct run *u;
    const struct scope_place *at;
    struct tally tally[2][2]; /* list, without and with the item */
    double d[2], v[3];        /* differences; V_a, V_b, C */
    double df;
    size_t both; /* respondents with both counts */
};

/* 0 without, 1 with the item, -1: no such count of this list in the group. */
static int card(const struct pair *p, size_t k, size_t row)
{
    const struct frame_list *l = p->u->list[k];
    bool inside = p->at->level == NULL || p->at->level[row] == p->at->want;
    if (!inside || !estimate_used(l, row))
        return -1;
    return l->arm[row] == 0 ? 0 : l->arm[row] == p->u->arm[k] ? 1 : -1;
}

static void tally_rows(struct pair *p)
{
    const struct frame *f = p->u->scope.f;
    bool weighted = p->u->scope.design != NULL;
    for (size_t i = 0; i < f->n; i++) {
        int seen[2];
        for (size_t k = 0; k < 2; k++) {
            if ((seen[k] = card(p, k, i)) < 0)
                continue;
            struct tally *t = &p->tally[k][seen[k]];
            double w = weighted ? design_weight(f, i) : 1, y = p->u->list[k]->count[i];
            double before = y - t->mean;
            t->n++;
            t->weights += w;
            t->mean += before * w / t->weights;
            t->squares += w * before * (y - t->mean);
        }
        p->both += seen[0] >= 0 && seen[1] >= 0;
    }
}

/* What respondent ${row} adds to D_k - E(D_k), before weights: n/(n - 1) as in a sample variance.
 */
static double influence(const struct pair *p, size_t k, size_t row, bool sample)
{
    int c = card(p, k, row);
    if (c < 0)
        return 0;
    const struct tally *t = &p->tally[k][c];
    double u = (p->u->list[k]->count[row] - t->mean) / t->weights;
    return (c == 1 ? u : -u) * (sample ? sqrt(t->n / (t->n - 1)) : 1);
}

static bool design_influence(const void *ctx, size_t row, double *out)
{
    const struct pair *p = ctx;
    double w = design_weight(p->u->scope.f, row);
    for (size_t k = 0; k < 2; k++)
        out[k] = w * influence(p, k, row, false);
    return card(p, 0, row) >= 0 || card(p, 1, row) >= 0;
}

static enum err covariance(struct pair *p)
{
    const struct frame *f = p->u->scope.f;
    size_t n = 0, points = 0;
    double cov[4] = {0};
    if (p->u->scope.design != NULL) {
        enum err e = design_linear(p->u->scope.design, 2, design_influence, p, cov, &points);
        p->v[0] = cov[0];
        p->v[1] = cov[3];
        p->v[2] = cov[1];
        p->df = (double)points;
        return e;
    }
    for (size_t i = 0; i < f->n; i++) {
        double a = influence(p, 0, i, true), b = influence(p, 1, i, true);
        n += card(p, 0, i) >= 0 || card(p, 1, i) >= 0;
        p->v[0] += a * a;
        p->v[1] += b * b;
        p->v[2] += a * b;
    }
    p->df = n > 2 ? (double)n - 2 : 0;
    return ERR_OK;
}

static const char *list_name(const struct run *u, size_t k)
{
    return u->list[k]->id != NULL ? u->list[k]->id : k == 0 ? "a" : "b";
}

static enum err add_prevalence(struct run *u, const char *name, double estimate, double variance,
                               double df)
{
    double se = variance > 0 ? sqrt(variance) : NAN;
    double half = se > 0 && df > 0 ? numeric_t_quantile(0.975, df) * se : NAN;
    return estimate_add_prevalence(u->scope.r, name, 1, estimate, se, estimate - half,
                                   estimate + half);
}

/* Both differences, the other weighting, and what ties them; of all respondents. */
static enum err add_parts(struct run *u, const struct pair *p)
{
    struct estimate_result *r = u->scope.r;
    char name[200];
    enum err e = ERR_OK;
    double gap = p->v[0] + p->v[1] - 2 * p->v[2], w = (p->v[1] - p->v[2]) / gap;
    for (size_t k = 0; e == ERR_OK && k < 2; k++) {
        snprintf(name, sizeof name, "difference, list %s", list_name(u, k));
        e = add_prevalence(u, name, p->d[k], p->v[k], p->df);
    }
    if (e == ERR_OK && gap > 0)
        e = add_prevalence(
            u, "minimum variance", w * p->d[0] + (1 - w) * p->d[1],
            w * w * p->v[0] + (1 - w) * (1 - w) * p->v[1] + 2 * w * (1 - w) * p->v[2], p->df);
    if (e == ERR_OK && gap > 0)
        e = estimate_add_number(r, "weight of the first list at minimum variance", w);
    if (e == ERR_OK)
        e = estimate_add_number(r, "covariance of the two", p->v[2]);
    if (e == ERR_OK && p->v[0] > 0 && p->v[1] > 0)
        e = estimate_add_number(r, "correlation of the two", p->v[2] / sqrt(p->v[0] * p->v[1]));
    if (e == ERR_OK)
        e = estimate_add_number(r, "respondents with both counts", (double)p->both);
    if (e == ERR_OK && p->both == 0)
        e = estimate_warn(r,
                          "Nobody gave a count in both lists: the two differences are of different "
                          "people, and are not correlated.");
    return e;
}

static enum err add_equality(struct run *u, const struct pair *p, size_t group)
{
    struct estimate_result *r = u->scope.r;
    char of[200], name[260];
    double gap = p->v[0] + p->v[1] - 2 * p->v[2], d = p->d[0] - p->d[1];
    if (!(gap > 0) || !(p->df > 0))
        return ERR_OK;
    snprintf(name, sizeof name, "both lists give the same, %s",
             estimate_group_name(r, &r->group[group], of, sizeof of));
    double t = d / sqrt(gap);
    return estimate_add_test(r, name, t, p->df, numeric_t_two_sided(t, p->df));
}

/* Counts of both lists together, and the mean of the two lists' means. */
static void fill_counts(const struct pair *p, struct estimate_group *g)
{
    g->n_control = (size_t)(p->tally[0][0].n + p->tally[1][0].n);
    g->n_treatment = (size_t)(p->tally[0][1].n + p->tally[1][1].n);
    g->n = g->n_control + g->n_treatment;
    g->control_mean = (p->tally[0][0].mean + p->tally[1][0].mean) / 2;
    g->treatment_mean = (p->tally[0][1].mean + p->tally[1][1].mean) / 2;
    size_t least = SIZE_MAX;
    for (size_t k = 0; k < 4; k++)
        least = p->tally[k / 2][k % 2].n < (double)least ? (size_t)p->tally[k / 2][k % 2].n : least;
    g->withheld = g->by >= 0 && least < ESTIMATE_WITHHOLD && !p->u->o.small;
    g->marked = least < ESTIMATE_MARK;
    if (least == 0)
        g->control_mean = g->treatment_mean = NAN;
}

static enum err visit(void *ctx, struct scope *s, const struct scope_place *at)
{
    struct run *u = ctx;
    struct pair p = {.u = u, .at = at};
    struct estimate_group *g = &s->r->group[at->group];
    if (g->item != u->arm[0]) { /* another item of the first list: not of the double */
        s->r->groups--;
        return ERR_OK;
    }
    tally_rows(&p);
    fill_counts(&p, g);
    double least = INFINITY;
    for (size_t k = 0; k < 4; k++)
        least = fmin(least, p.tally[k / 2][k % 2].n);
    if (least < 1 && at->level == NULL)
        return log_fail(ERR_STUDY,
                        "double: nobody has a count %s; both lists need counts with and without "
                        "the item",
                        p.tally[0][0].n < 1 || p.tally[1][0].n < 1 ? "without the item in one list"
                                                                   : "with the item in one list");
    if (least < 1 || g->withheld)
        return ERR_OK;
    for (size_t k = 0; k < 2; k++)
        p.d[k] = p.tally[k][1].mean - p.tally[k][0].mean;
    enum err e = least < 2 ? ERR_OK : covariance(&p);
    double average = (p.d[0] + p.d[1]) / 2, variance = (p.v[0] + p.v[1] + 2 * p.v[2]) / 4;
    scope_fill(g, average, least < 2 ? NAN : variance > 0 ? sqrt(variance) : 0, p.df);
    if (e == ERR_OK && at->level == NULL)
        e = add_parts(u, &p);
    return e == ERR_OK ? add_equality(u, &p, at->group) : e;
}

/* ---- which lists ---- */

static enum err no_double(const struct frame *f)
{
    struct buffer names = {0};
    if (!f->archive)
        return log_fail(ERR_USAGE, "double needs a second list: name its columns with --y2 and "
                                   "--treat2");
    for (size_t i = 0; i < f->pairs; i++)
        buffer_printf(&names, "%s%s and %s", i > 0 ? "; " : "", f->list[f->pair[i].list[0]].id,
                      f->list[f->pair[i].list[1]].id);
    log_fail(ERR_USAGE,
             f->pairs == 0 ? "double: the study has no double list%s"
                           : "double: this list is in no double; --list names one of "
                             "them: %s",
             names.failed || names.p == NULL ? "" : (const char *)names.p);
    buffer_free(&names);
    return ERR_USAGE;
}

static enum err choose_lists(struct run *u, const struct frame *f, const struct estimate_options *o)
{
    u->o = *o;
    if (!f->archive && f->lists == 2) {
        if (f->list[0].arms > 2 || f->list[1].arms > 2)
            return log_fail(ERR_USAGE, "double: one sensitive item is needed, in one of the two "
                                       "lists; --treat and --treat2 are 0 and 1");
        for (size_t k = 0; k < 2; k++) {
            u->list[k] = &f->list[k];
            u->arm[k] = 1;
        }
        u->o.list = 0;
        return ERR_OK;
    }
    for (size_t i = 0; i < f->pairs; i++) {
        const struct frame_double *d = &f->pair[i];
        if (d->list[0] != o->list && d->list[1] != o->list)
            continue;
        for (size_t k = 0; k < 2; k++) {
            u->list[k] = &f->list[d->list[k]];
            u->arm[k] = d->arm[k];
        }
        u->o.list = d->list[0];
        return ERR_OK;
    }
    return no_double(f);
}

static enum err say(struct run *u)
{
    struct estimate_result *r = u->scope.r;
    enum err e = estimate_assume(r, "The item leaves the answers to the other items of either list "
                                    "as they are, nobody lies in a count, and which list holds it "
                                    "was drawn at random.");
    if (e == ERR_OK)
        e = estimate_assume(r,
                            "Group rows are the average of both lists' differences, n are counts "
                            "of both. Lists that differ (the test of equality) point to one whose "
                            "assumptions fail; then the average means nothing.");
    return e;
}

static enum err double_run(const struct frame *f, const struct estimate_options *o,
                           struct estimate_result **out)
{
    struct run u = {0};
    enum err e = choose_lists(&u, f, o);
    if (e != ERR_OK || (e = scope_open(f, &u.o, "double", &u.scope)) != ERR_OK)
        goto out;
    if ((e = scope_each(&u.scope, visit, &u)) != ERR_OK ||
        (e = stacked_regression(&u.scope, u.list, u.arm)) != ERR_OK || (e = say(&u)) != ERR_OK ||
        (e = scope_warn_groups(u.scope.r)) != ERR_OK)
        goto out;
    *out = u.scope.r;
    u.scope.r = NULL;
out:
    scope_close(&u.scope);
    return e;
}

const struct estimator double_estimator = {
    "double", "double list: both differences and their average", double_run, "covariates se"};
