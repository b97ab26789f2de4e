/* Checks of where and how a list was shown: its position among the lists, the language of its card.
 * Both kinds of groups are domains of one design, as the groups of --by are. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/checks.h"
#include "admin/estimate/dim.h"
#include "admin/estimate/dim_means.h"
#include "admin/estimate/numeric.h"

enum { NAME_ROOM = 200, GROUP_ROOM = 64, NUMBER_ROOM = 16 };

/* One way of telling lists apart by how they were shown. */
struct kind {
    const char *test, *group; /* "order of lists", "position" */
    const char *differs;      /* what it may come of where they do */
};

static const struct kind position = {
    "order of lists", "position",
    "what stood before the list changed the answers to it, or lists were asked of some only"};
static const struct kind language = {
    "language of the card", "language",
    "the texts do not say the same, or those who speak the languages differ"};

struct place {
    const struct kind *kind;
    const struct frame_list *list;
    const struct design *design;
    struct estimate_result *r;
    struct frame_column column; /* the groups, as a column of their own */
    struct dim_means m;
    size_t use[ESTIMATE_MAX_LEVELS], n; /* groups compared, as dim_means counts them */
    size_t points;                      /* minus strata, of those with a row that is compared */
};

/* Groups with enough counts in every arm. */
static void choose(struct place *p)
{
    const struct dim_block *b = &p->m.block[1];
    for (size_t g = b->first; g < b->first + b->levels; g++) {
        bool enough = true;
        for (size_t k = 0; k < p->m.arms; k++)
            enough = enough && p->m.at[g * p->m.arms + k].n >= ESTIMATE_WITHHOLD;
        if (enough)
            p->use[p->n++] = g;
    }
}

/* Points of the rows in the groups chosen; ${in}: room for a byte a row. */
static enum err count_points(struct place *p, const uint8_t *used, uint8_t *in)
{
    const struct dim_block *b = &p->m.block[1];
    for (size_t i = 0; i < p->m.f->n; i++) {
        in[i] = 0;
        for (size_t k = 0; used[i] && k < p->n; k++)
            in[i] = in[i] || b->level[i] == (int32_t)(p->use[k] - b->first);
    }
    return p->design != NULL ? design_degrees(p->design, in, NULL, 1, &p->points) : ERR_OK;
}

/* Of item ${k} the difference in means, of 0 the control mean. */
static double value_of(const struct place *p, size_t group, size_t k)
{
    const struct dim_mean *at = &p->m.at[group * p->m.arms];
    return k == 0 ? at[0].mean : at[k].mean - at[0].mean;
}

static double covariance(const struct place *p, size_t g, size_t h, size_t k)
{
    size_t a = p->use[g] * p->m.arms, b = p->use[h] * p->m.arms;
    return k == 0 ? p->m.cov[a * p->m.groups * p->m.arms + b]
                  : dim_means_between(&p->m, a + k, a, b + k, b);
}

/* "order of lists, difference in means, item" */
static const char *name_of(const struct place *p, const char *before, size_t k, char out[NAME_ROOM])
{
    bool several = p->m.arms > 2 && k > 0;
    snprintf(out, NAME_ROOM, "%s, %s%s%s", before, k == 0 ? "control mean" : "difference in means",
             several ? ", " : "", several ? p->list->sensitive[k] : "");
    return out;
}

static enum err add_values(const struct place *p, size_t k)
{
    enum err e = ERR_OK;
    char name[NAME_ROOM], group[GROUP_ROOM];
    for (size_t i = 0; e == ERR_OK && i < p->n; i++) {
        snprintf(group, sizeof group, "%s %s", p->kind->group,
                 p->column.level[p->use[i] - p->m.block[1].first]);
        e = estimate_add_number(p->r, name_of(p, group, k, name), value_of(p, p->use[i], k));
    }
    return e;
}

/* Are these the same in all groups? ${room}: n + n^2. */
static enum err compare(const struct place *p, size_t k, double *room)
{
    double *d = room, *v = room + p->n, w = NAN, statistic = NAN, df2 = NAN, chance = NAN;
    char name[NAME_ROOM];
    for (size_t i = 0; i < p->n; i++) {
        d[i] = value_of(p, p->use[i], k);
        for (size_t j = 0; j < p->n; j++)
            v[i * p->n + j] = covariance(p, i, j, k);
    }
    enum err e = numeric_wald_equal(d, v, p->n, &w);
    if (e != ERR_OK)
        return e;
    dim_judge(w, p->n - 1, p->design != NULL, p->points, &statistic, &df2, &chance);
    name_of(p, p->kind->test, k, name);
    e = estimate_add_test(p->r, name, statistic, isnan(statistic) ? NAN : (double)(p->n - 1),
                          chance);
    if (e == ERR_OK)
        p->r->named_test[p->r->named_tests - 1].df2 = df2;
    if (e == ERR_OK && isnan(statistic))
        e = estimate_warn(
            p->r, "%s: no test, because counts do not vary or there are too few points.", name);
    if (e == ERR_OK && chance < 0.05)
        e = estimate_warn(p->r, "%s: differs by %s (p = %.3f): %s.", name, p->kind->group, chance,
                          p->kind->differs);
    return e == ERR_OK ? add_values(p, k) : e;
}

static enum err compare_all(struct place *p)
{
    double *room = malloc((p->n + p->n * p->n + 1) * sizeof *room);
    enum err e = room != NULL ? ERR_OK : ERR_NOMEM;
    if (e == ERR_OK && p->n < p->m.block[1].levels)
        e = estimate_warn(
            p->r,
            "%s: %zu of %zu groups are compared; the others have fewer than %d counts "
            "in an arm.",
            p->kind->test, p->n < 2 ? 0 : p->n, p->m.block[1].levels, ESTIMATE_WITHHOLD);
    for (size_t k = 0; e == ERR_OK && p->n >= 2 && k < p->m.arms; k++)
        e = compare(p, k, room);
    free(room);
    return e;
}

static enum err run(struct place *p, const struct frame *f, const struct estimate_options *o,
                    const uint8_t *used)
{
    const int by = 0;
    struct frame own = *f;
    struct estimate_options one = *o;
    uint8_t *in = malloc(f->n + 1);
    own.column = &p->column;
    own.columns = 1;
    one.by = &by;
    one.bys = 1;
    enum err e = in != NULL ? dim_means_new(&own, &one, used, NULL, &p->m) : ERR_NOMEM;
    if (e != ERR_OK)
        goto out;
    p->m.design = p->design;
    p->m.weight = p->design != NULL ? f->weight : NULL;
    if ((e = dim_means_fill(&p->m)) != ERR_OK || (e = dim_means_covariance(&p->m)) != ERR_OK)
        goto out;
    choose(p);
    if ((e = count_points(p, used, in)) == ERR_OK)
        e = compare_all(p);
out:
    dim_means_free(&p->m);
    free(in);
    return e;
}

/* The groups that occur among rows used, in order: ${name} of each value, NULL: numbers from 1. */
static enum err make_column(const struct frame *f, const int8_t *at, char *const *name,
                            uint8_t *used, struct frame_column *c)
{
    int32_t place[INT8_MAX + 1];
    enum err e = ERR_OK;
    memset(place, 0, sizeof place);
    for (size_t i = 0; i < f->n; i++)
        if ((used[i] = used[i] && at[i] >= 0))
            place[at[i]] = 1;
    c->row = malloc((f->n + 1) * sizeof *c->row);
    c->level = calloc(INT8_MAX + 1, sizeof *c->level);
    if (c->row == NULL || c->level == NULL)
        return ERR_NOMEM;
    for (int v = 0; e == ERR_OK && v <= INT8_MAX; v++) {
        char number[NUMBER_ROOM];
        if (place[v] == 0)
            continue;
        snprintf(number, sizeof number, "%d", v + 1);
        place[v] = (int32_t)c->levels;
        if ((c->level[c->levels] = strdup(name != NULL ? name[v] : number)) == NULL)
            e = ERR_NOMEM;
        else
            c->levels++;
    }
    for (size_t i = 0; i < f->n; i++)
        c->row[i] = used[i] ? place[at[i]] : FRAME_MISSING;
    return e;
}

static enum err one_kind(const struct frame *f, const struct estimate_options *o,
                         const struct kind *kind, const struct design *d, struct estimate_result *r)
{
    struct place p = {.kind = kind, .list = &f->list[o->list], .design = d, .r = r};
    const int8_t *at = kind == &position ? p.list->position : p.list->language;
    uint8_t *used = NULL;
    enum err e = ERR_NOMEM;
    if (at == NULL)
        return ERR_OK;
    if ((used = malloc(f->n + 1)) == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < f->n; i++)
        used[i] = estimate_used(p.list, i);
    if ((p.column.name = strdup(kind->group)) != NULL)
        e = make_column(f, at, kind == &position ? NULL : f->language, used, &p.column);
    if (e == ERR_OK && p.column.levels > 1 && p.column.levels <= ESTIMATE_MAX_LEVELS)
        e = run(&p, f, o, used);
    frame_column_free(&p.column);
    free(used);
    return e;
}

enum err checks_of_place(const struct frame *f, const struct estimate_options *o,
                         const struct design *d, struct estimate_result *r)
{
    enum err e = one_kind(f, o, &position, d, r);
    return e == ERR_OK ? one_kind(f, o, &language, d, r) : e;
}
