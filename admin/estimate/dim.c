#include "admin/estimate/dim.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/design.h"
#include "admin/estimate/numeric.h"
#include "admin/estimate/scope.h"
#include "core/bytes.h"
#include "core/log.h"

/* Counts of one arm of one group. Sums of whole numbers are exact. */
#define SE_ROUNDING 1e-9 /* of a mean of counts: what is below is rounding */

struct tally {
    size_t n;
    int64_t sum, squares;
    struct design_mean w;
};

struct run {
    const struct frame *f;
    const struct frame_list *list;
    const struct estimate_options *o;
    struct design *design; /* NULL: simple random sample */
    struct estimate_result *r;
};

/* One --by column (or all respondents) at work. */
struct block {
    int by;
    const int32_t *level; /* NULL: all in group 0 */
    size_t levels;
    struct tally *tally; /* [level * arms + arm] */
    struct estimate_group *group;
    double *cov; /* of one item's groups */
};

static double level_of(const struct block *b, size_t arms, size_t level, double *all)
{
    double here = 0;
    *all = 0;
    for (size_t l = 0; l < b->levels; l++)
        for (size_t k = 0; k < arms; k++) {
            *all += b->tally[l * arms + k].w.weights;
            here += l == level ? b->tally[l * arms + k].w.weights : 0;
        }
    return here;
}

/* Fill the tallies; returns the rows used that have no value of the column. */
static size_t tally_rows(const struct run *u, struct block *b)
{
    const struct frame_list *l = u->list;
    size_t without = 0;
    for (size_t i = 0; i < u->f->n; i++) {
        if (!estimate_used(l, i))
            continue;
        int32_t v = b->level != NULL ? b->level[i] : 0;
        if (v == FRAME_MISSING) {
            without++;
            continue;
        }
        struct tally *t = &b->tally[(size_t)v * l->arms + (size_t)l->arm[i]];
        double w = u->design != NULL ? design_weight(u->f, i) : 1;
        t->n++;
        t->sum += l->count[i];
        t->squares += (int64_t)l->count[i] * l->count[i];
        t->w.weights += w;
        t->w.mean += w * l->count[i];
    }
    for (size_t i = 0; i < b->levels * l->arms; i++) {
        struct tally *t = &b->tally[i];
        if (u->design == NULL && t->n > 0)
            t->w.mean = (double)t->sum / (double)t->n;
        else
            t->w.mean = t->n > 0 ? t->w.mean / t->w.weights : NAN;
    }
    return without;
}

/* n times the sum of squared deviations: a whole number, 0 exactly where all counts are the same.
 */
static int64_t spread(const struct tally *t)
{
    return (int64_t)t->n * t->squares - t->sum * t->sum;
}

static void welch(struct estimate_group *g, const struct tally *c, const struct tally *t)
{
    double n0 = (double)c->n, n1 = (double)t->n;
    double a = (double)spread(c) / (n0 * (n0 - 1)) / n0; /* s^2 / n */
    double b = (double)spread(t) / (n1 * (n1 - 1)) / n1;
    g->se = sqrt(a + b);
    if (a + b > 0)
        g->df = (a + b) * (a + b) / (a * a / (n0 - 1) + b * b / (n1 - 1));
}

static void name_group(const struct run *u, const struct block *b, size_t level, size_t item,
                       struct estimate_group *g)
{
    *g = (struct estimate_group){.by = b->by,
                                 .level = (int)level,
                                 .item = (int)item,
                                 .item_name = u->list->sensitive[item],
                                 .item_label = u->list->sensitive_label[item],
                                 .prespecified = u->f->archive,
                                 .share = 1,
                                 .control_mean = NAN,
                                 .treatment_mean = NAN,
                                 .estimate = NAN,
                                 .se = NAN,
                                 .df = NAN,
                                 .ci_low = NAN,
                                 .ci_high = NAN,
                                 .p_value = NAN};
    if (b->by < 0)
        return;
    const struct frame_column *c = &u->f->column[b->by];
    double all, here = level_of(b, u->list->arms, level, &all);
    g->by_name = c->name;
    g->value = c->level[level];
    g->value_label = c->level_label != NULL ? c->level_label[level] : NULL;
    g->prespecified = c->prespecified;
    g->share = all > 0 ? here / all : 0;
}

/* Everything of a group that needs no other group. */
static void fill_group(const struct run *u, const struct block *b, size_t level, size_t item,
                       double var, size_t df)
{
    const struct tally *c = &b->tally[level * u->list->arms], *t = c + item;
    struct estimate_group *g = &b->group[level * (u->list->arms - 1) + item - 1];
    size_t least = c->n < t->n ? c->n : t->n;
    name_group(u, b, level, item, g);
    g->n_control = c->n;
    g->n_treatment = t->n;
    g->n = c->n + t->n;
    g->withheld = least < ESTIMATE_WITHHOLD && !u->o->small;
    g->marked = least < ESTIMATE_MARK;
    g->control_mean = c->n > 0 ? c->w.mean : NAN;
    g->treatment_mean = t->n > 0 ? t->w.mean : NAN;
    if (g->withheld)
        return;
    g->estimate = t->w.mean - c->w.mean;
    if (least < 2)
        return;
    if (spread(c) == 0 && spread(t) == 0) {
        g->se = 0;
    } else if (u->design == NULL) {
        welch(g, c, t);
    } else if (df > 0) {
        double se = sqrt(var > 0 ? var : 0);
        if (se > SE_ROUNDING) { /* else the weights leave one respondent: there is no spread */
            g->se = se;
            g->df = (double)df;
        }
    }
    scope_fill(g, g->estimate, g->se, g->df);
}

static enum err fill_item(const struct run *u, struct block *b, size_t item)
{
    size_t levels = b->levels, arms = u->list->arms;
    enum err e = ERR_NOMEM;
    struct design_mean *mean = calloc(2 * levels + 1, sizeof *mean);
    size_t *df = calloc(levels + 1, sizeof *df);
    if (mean == NULL || df == NULL)
        goto out;
    for (size_t l = 0; l < levels; l++) {
        mean[l] = b->tally[l * arms].w;
        mean[levels + l] = b->tally[l * arms + item].w;
    }
    struct design_domains q = {u->list, (int)item, b->level, levels, mean, mean + levels};
    if (u->design != NULL && (e = design_covariance(u->design, &q, b->cov, df)) != ERR_OK)
        goto out;
    for (size_t l = 0; l < levels; l++) {
        fill_group(u, b, l, item, b->cov[l * levels + l], df[l]);
        double se = b->group[l * (arms - 1) + item - 1].se;
        if (u->design == NULL)
            b->cov[l * levels + l] = se * se;
    }
    e = ERR_OK;
out:
    free(mean);
    free(df);
    return e;
}

/* Are the groups of this column equal? ${room} has space for levels and levels^2 numbers. */
static enum err compare(const struct run *u, const struct block *b, size_t item, double *room)
{
    struct estimate_result *r = u->r;
    size_t levels = b->levels, items = u->list->arms - 1, n = 0;
    double *d = room, *v = room + levels;
    const struct estimate_group *first = &b->group[item - 1];
    size_t use[ESTIMATE_MAX_LEVELS];
    struct estimate_test *t = &r->test[r->tests++];
    *t = (struct estimate_test){.by = b->by,
                                .item = (int)item,
                                .by_name = u->f->column[b->by].name,
                                .item_name = u->list->sensitive[item],
                                .prespecified = u->f->column[b->by].prespecified,
                                .statistic = NAN,
                                .p_value = NAN};
    for (size_t l = 0; l < levels; l++)
        if (first[l * items].se > 0)
            use[n++] = l;
    for (size_t i = 0; i < n; i++) {
        d[i] = first[use[i] * items].estimate;
        for (size_t j = 0; j < n; j++)
            v[i * n + j] = b->cov[use[i] * levels + use[j]];
    }
    bool enough = u->design == NULL ||
                  design_points(u->design) >= design_strata(u->design) + n - 1; /* rank of v */
    enum err e = n < 2 || !enough ? ERR_OK : numeric_wald_equal(d, v, n, &t->statistic);
    if (e != ERR_OK)
        return e;
    if (!isnan(t->statistic)) {
        t->df = n - 1;
        t->p_value = numeric_chi_tail(t->statistic, (double)t->df);
    }
    const char *of = items > 1 ? t->item_name : NULL;
    if (isnan(t->statistic))
        return estimate_warn(r, "%s%s%s: no test of equality, %s.", t->by_name, of ? ", " : "",
                             of ? of : "",
                             n < 2 ? "because fewer than two groups have a standard error"
                                   : "because there are too few points for so many groups");
    if (n < levels)
        return estimate_warn(r,
                             "%s%s%s: the test of equality compares %zu of the %zu groups; those "
                             "withheld or without a standard error are left out.",
                             t->by_name, of ? ", " : "", of ? of : "", n, levels);
    return ERR_OK;
}

/* Groups (and tests) of one column; by -1: all respondents. */
static enum err run_block(const struct run *u, int by)
{
    size_t arms = u->list->arms, items = arms - 1;
    const struct frame_column *c = by < 0 ? NULL : &u->f->column[by];
    struct block b = {
        .by = by, .level = c != NULL ? c->row : NULL, .levels = c != NULL ? c->levels : 1};
    enum err e = ERR_NOMEM;
    double *room = calloc(b.levels * (b.levels + 1) + 1, sizeof *room);
    b.tally = calloc(b.levels * arms + 1, sizeof *b.tally);
    b.cov = calloc(b.levels * b.levels + 1, sizeof *b.cov);
    b.group = u->r->group + u->r->groups;
    if (room == NULL || b.tally == NULL || b.cov == NULL)
        goto out;
    u->r->groups += b.levels * items;
    size_t without = tally_rows(u, &b);
    e = without == 0 ? ERR_OK
                     : estimate_warn(u->r,
                                     "%s: %zu respondents have no value and are in none of its "
                                     "groups.",
                                     c->name, without);
    for (size_t k = 1; e == ERR_OK && k < arms; k++) {
        memset(b.cov, 0, b.levels * b.levels * sizeof *b.cov);
        e = fill_item(u, &b, k);
        if (e == ERR_OK && by >= 0)
            e = compare(u, &b, k, room);
    }
out:
    free(room);
    free(b.tally);
    free(b.cov);
    return e;
}

static enum err make_room(struct run *u)
{
    size_t items = u->list->arms - 1, groups = items;
    for (size_t i = 0; i < u->o->bys; i++) {
        const struct frame_column *c = &u->f->column[u->o->by[i]];
        enum err e = frame_levels(u->f, u->o->by[i]);
        if (e != ERR_OK)
            return e;
        if (c->levels > ESTIMATE_MAX_LEVELS)
            return log_fail(ERR_USAGE,
                            "--by %s: %zu groups, at most %d can be shown; recode it with "
                            "--derive",
                            c->name, c->levels, ESTIMATE_MAX_LEVELS);
        groups += c->levels * items;
    }
    u->r->group = calloc(groups + 1, sizeof *u->r->group);
    u->r->test = calloc(u->o->bys * items + 1, sizeof *u->r->test);
    return u->r->group != NULL && u->r->test != NULL ? ERR_OK : ERR_NOMEM;
}

static enum err assume(struct estimate_result *r)
{
    enum err e = estimate_assume(r, "The sensitive item leaves the answers to the others as they "
                                    "are (no design effect).");
    return e == ERR_OK ? estimate_assume(r, "Nobody lies in the count (no liars).") : e;
}

static enum err dim_run(const struct frame *f, const struct estimate_options *o,
                        struct estimate_result **out)
{
    struct run u = {.f = f, .list = &f->list[o->list], .o = o};
    enum err e = estimate_start(f, o, "dim", &u.r);
    if (e != ERR_OK || (e = assume(u.r)) != ERR_OK ||
        (e = scope_design(f, o, u.r, &u.design)) != ERR_OK || (e = make_room(&u)) != ERR_OK ||
        (e = run_block(&u, -1)) != ERR_OK)
        goto out;
    for (size_t i = 0; i < o->bys; i++)
        if ((e = run_block(&u, o->by[i])) != ERR_OK)
            goto out;
    if ((e = scope_warn_groups(u.r)) != ERR_OK)
        goto out;
    *out = u.r;
    u.r = NULL;
out:
    estimate_free(u.r);
    design_free(u.design);
    return e;
}

const struct estimator dim_estimator = {"dim", "difference in means", dim_run, ""};
