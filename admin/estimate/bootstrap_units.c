#include "admin/estimate/bootstrap_units.h"

#include <stdlib.h>
#include <string.h>

#include "admin/estimate/bootstrap.h"
#include "admin/estimate/chance.h"
#include "admin/frame/weighting.h"

enum { PARTS = 1000 }; /* of the jackknife, where there are too many units */

struct bootstrap_units {
    const struct frame *f;
    const double *weight;          /* NULL: 1 */
    const struct weighting *again; /* weights are adjusted again; NULL: they are not */
    struct weighting *places;      /* owned: knows points in strata where ${again} does not */
    size_t n, groups;
    uint32_t *of_row; /* unit of each row */
    uint32_t *unit;   /* units, group after group */
    size_t *first;    /* groups + 1 places in ${unit} */
    uint32_t *part;   /* of each unit, for the jackknife */
    size_t parts;
    bool fewer; /* one fewer than there are */
};

void bootstrap_units_free(struct bootstrap_units *u)
{
    if (u == NULL)
        return;
    weighting_free(u->places);
    free(u->of_row);
    free(u->unit);
    free(u->first);
    free(u->part);
    free(u);
}

/* Points in strata as weighting.c finds them. */
static enum err find_places(struct bootstrap_units *u)
{
    const struct frame *f = u->f;
    struct weighting_spec s = {.n = f->n};
    enum err e = ERR_NOMEM;
    s.psu = f->psu != NULL ? malloc((f->n + 1) * sizeof *s.psu) : NULL;
    s.stratum = f->stratum != NULL ? malloc((f->n + 1) * sizeof *s.stratum) : NULL;
    if ((f->psu != NULL && s.psu == NULL) || (f->stratum != NULL && s.stratum == NULL))
        goto out;
    if (s.psu != NULL)
        memcpy(s.psu, f->psu, f->n * sizeof *s.psu);
    if (s.stratum != NULL)
        memcpy(s.stratum, f->stratum, f->n * sizeof *s.stratum);
    e = weighting_new(&s, &u->places);
out:
    weighting_spec_free(&s);
    return e;
}

/* Joins the groups of one unit; returns how many there were. */
static size_t join_lone(uint32_t *group, size_t units, size_t groups, size_t *size)
{
    size_t lone = 0;
    uint32_t to = 0;
    for (size_t i = 0; i < units; i++) {
        if (size[group[i]] != 1)
            continue;
        to = lone++ == 0 ? group[i] : to;
        group[i] = to;
    }
    memset(size, 0, groups * sizeof *size);
    for (size_t i = 0; i < units; i++)
        size[group[i]]++;
    return lone;
}

/* Units group after group. ${group}: of each unit. */
static enum err lay_out(struct bootstrap_units *u, uint32_t *group, size_t groups, bool join,
                        struct estimate_result *r)
{
    size_t *size = calloc(2 * groups + 2, sizeof *size), *next = size + groups;
    enum err e = ERR_NOMEM;
    u->unit = malloc((u->n + 1) * sizeof *u->unit);
    u->first = calloc(groups + 1, sizeof *u->first);
    if (size == NULL || u->unit == NULL || u->first == NULL)
        goto out;
    for (size_t i = 0; i < u->n; i++)
        size[group[i]]++;
    size_t lone = join ? join_lone(group, u->n, groups, size) : 0;
    for (size_t g = 0; g < groups; g++)
        next[g + 1] = u->first[g + 1] = u->first[g] + size[g];
    next[0] = 0;
    for (size_t i = 0; i < u->n; i++)
        u->unit[next[group[i]]++] = (uint32_t)i;
    u->groups = groups;
    e = lone == 0 ? ERR_OK
                  : estimate_warn(r,
                                  "%zu strata have a single unit to draw; they were joined for the "
                                  "bootstrap.",
                                  lone);
out:
    free(size);
    return e;
}

/* Points within strata. */
static enum err take_points(struct bootstrap_units *u, struct estimate_result *r)
{
    enum err e = u->again == NULL ? find_places(u) : ERR_OK;
    const struct weighting *w = u->again != NULL ? u->again : u->places;
    if (e != ERR_OK)
        return e;
    u->n = weighting_places(w);
    uint32_t *group = malloc((u->n + 1) * sizeof *group);
    u->of_row = malloc((u->f->n + 1) * sizeof *u->of_row);
    if (group == NULL || u->of_row == NULL) {
        free(group);
        return ERR_NOMEM;
    }
    size_t groups = 0;
    for (size_t i = 0; i < u->n; i++) {
        group[i] = weighting_place_stratum(w, (uint32_t)i);
        groups = group[i] >= groups ? group[i] + 1 : groups;
    }
    for (size_t i = 0; i < u->f->n; i++)
        u->of_row[i] = weighting_place(w, i);
    u->fewer = true;
    e = lay_out(u, group, groups, true, r);
    free(group);
    return e;
}

/* Respondents within stratum and arm (of those without an arm too). */
static enum err take_rows(struct bootstrap_units *u, const struct frame_list *l, bool strata,
                          struct estimate_result *r)
{
    size_t arms = l->arms + 1, n = u->f->n;
    uint32_t *group = malloc((n + 1) * sizeof *group);
    u->of_row = malloc((n + 1) * sizeof *u->of_row);
    if (group == NULL || u->of_row == NULL) {
        free(group);
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        uint32_t h = strata ? (uint32_t)u->f->stratum[i] : 0;
        group[i] = h * (uint32_t)arms + (uint32_t)(l->arm[i] + 1);
        u->of_row[i] = (uint32_t)i;
    }
    u->n = n;
    u->fewer = strata;
    enum err e = lay_out(u, group, (strata ? u->f->strata : 1) * arms, strata, r);
    free(group);
    return e;
}

/* Parts that the jackknife leaves out: units, or groups of them, spread over strata and arms. */
static enum err cut_parts(struct bootstrap_units *u)
{
    if ((u->part = malloc((u->n + 1) * sizeof *u->part)) == NULL)
        return ERR_NOMEM;
    u->parts = u->n <= BOOTSTRAP_JACKKNIFE ? u->n : PARTS;
    for (size_t i = 0; i < u->n; i++)
        u->part[u->unit[i]] = (uint32_t)(i % u->parts);
    return ERR_OK;
}

enum err bootstrap_units_new(const struct frame *f, const struct estimate_options *o,
                             struct estimate_result *r, struct bootstrap_units **out)
{
    struct bootstrap_units *u = calloc(1, sizeof *u);
    const struct frame_list *l = &f->list[o->list];
    enum err e = ERR_NOMEM;
    if (u == NULL)
        return e;
    u->f = f;
    bool design = !o->unweighted;
    u->weight = design ? f->weight : NULL;
    u->again =
        design && f->weighting != NULL && weighting_adjusts(f->weighting) ? f->weighting : NULL;
    if (design && (f->psu != NULL || u->again != NULL))
        e = take_points(u, r);
    else
        e = take_rows(u, l, design && f->stratum != NULL, r);
    if (e == ERR_OK && (e = cut_parts(u)) == ERR_OK) {
        *out = u;
        u = NULL;
    }
    bootstrap_units_free(u);
    return e;
}

static enum err weigh(const struct bootstrap_units *u, const double *times, double *out)
{
    if (u->again != NULL)
        return weighting_with(u->again, times, out);
    for (size_t i = 0; i < u->f->n; i++)
        out[i] = times[u->of_row[i]] * (u->weight != NULL ? u->weight[i] : 1);
    return ERR_OK;
}

enum err bootstrap_draw(const struct bootstrap_units *u, uint64_t seed, size_t b, double *out)
{
    struct chance c;
    double *times = calloc(u->n + 1, sizeof *times);
    if (times == NULL)
        return ERR_NOMEM;
    chance_start(&c, seed, b);
    for (size_t g = 0; g < u->groups; g++) {
        const uint32_t *unit = u->unit + u->first[g];
        size_t n = u->first[g + 1] - u->first[g];
        size_t draws = u->fewer && n > 1 ? n - 1 : n; /* a single one of all shows no spread */
        double each = n > 0 ? (double)n / (double)draws : 0;
        for (size_t i = 0; i < draws; i++)
            times[unit[chance_below(&c, (uint32_t)n)]] += each;
    }
    enum err e = weigh(u, times, out);
    free(times);
    return e;
}

size_t bootstrap_leaves(const struct bootstrap_units *u)
{
    return u->parts;
}

enum err bootstrap_leave(const struct bootstrap_units *u, size_t i, double *out)
{
    double *times = calloc(u->n + 1, sizeof *times);
    if (times == NULL)
        return ERR_NOMEM;
    for (size_t g = 0; g < u->groups; g++) {
        size_t n = u->first[g + 1] - u->first[g], left = 0;
        const uint32_t *unit = u->unit + u->first[g];
        for (size_t k = 0; k < n; k++)
            left += u->part[unit[k]] == i;
        for (size_t k = 0; k < n; k++)
            times[unit[k]] = u->part[unit[k]] == i ? 0 : (double)n / (double)(n - left);
    }
    enum err e = weigh(u, times, out);
    free(times);
    return e;
}
