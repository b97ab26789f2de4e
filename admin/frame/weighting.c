#include "admin/frame/weighting.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "admin/frame/frame.h"
#include "admin/frame/rake.h"
#include "core/log.h"

struct place { /* a sampling point of the sample, in its stratum */
    int32_t stratum, psu;
    size_t of_stratum; /* points of the same stratum */
    uint32_t number;   /* of the stratum, from 0 */
};

struct weighting {
    struct weighting_spec s;
    struct rake *rake; /* NULL: neither margins nor trim */
    double *before, *final;
    struct weighting_stage stage[WEIGHTING_STAGES];
    size_t stages;
    struct place *place;
    uint32_t *place_of;    /* per row */
    int32_t *listed_place; /* per point of the list: its place, -1 where nobody was interviewed */
    size_t places, strata, lone;
};

void weighting_spec_free(struct weighting_spec *s)
{
    for (size_t m = 0; m < s->margins; m++) {
        for (size_t c = 0; s->margin[m].value != NULL && c < s->margin[m].categories; c++)
            free(s->margin[m].value[c]);
        free(s->margin[m].value);
        free(s->margin[m].name);
        free(s->margin[m].share);
        free(s->margin[m].category);
    }
    free(s->margin);
    free(s->base);
    free(s->adults);
    free(s->point);
    free(s->point_of);
    free(s->psu);
    free(s->stratum);
    *s = (struct weighting_spec){0};
}

void weighting_free(struct weighting *w)
{
    if (w == NULL)
        return;
    weighting_spec_free(&w->s);
    rake_free(w->rake);
    free(w->before);
    free(w->final);
    free(w->place);
    free(w->place_of);
    free(w->listed_place);
    free(w);
}

const double *weighting_final(const struct weighting *w)
{
    return w->final;
}

const double *weighting_before(const struct weighting *w)
{
    return w->before;
}

const struct weighting_stage *weighting_stages(const struct weighting *w, size_t *count)
{
    *count = w->stages;
    return w->stage;
}

bool weighting_adjusts(const struct weighting *w)
{
    return w->s.point != NULL || w->rake != NULL;
}

size_t weighting_replicates(const struct weighting *w)
{
    return w->places <= WEIGHTING_MAX_REPLICATES ? w->places : 0;
}

double weighting_scale(const struct weighting *w, size_t replicate)
{
    double n = (double)w->place[replicate].of_stratum;
    return n > 1 ? (n - 1) / n : 1;
}

size_t weighting_df(const struct weighting *w)
{
    return w->places - w->strata;
}

size_t weighting_lone(const struct weighting *w)
{
    return w->lone;
}

size_t weighting_columns(const struct weighting *w)
{
    return w->rake != NULL ? rake_columns(w->rake) : 0;
}

void weighting_row(const struct weighting *w, size_t row, double *x)
{
    rake_row(w->rake, row, x);
}

static void add_stage(struct weighting *w, const char *name, const double *weight)
{
    double n = (double)w->s.n, sum = 0, squares = 0;
    for (size_t i = 0; i < w->s.n; i++)
        sum += weight[i];
    for (size_t i = 0; i < w->s.n; i++)
        squares += (weight[i] - sum / n) * (weight[i] - sum / n);
    double cv = sqrt(squares / n) / (sum / n);
    w->stage[w->stages++] = (struct weighting_stage){name, cv, 1 + cv * cv};
}

static double selection(const struct weighting *w, size_t row)
{
    double adults = w->s.adults != NULL ? w->s.adults[row] : 1;
    return w->s.cap > 0 && adults > w->s.cap ? w->s.cap : adults;
}

/* Addresses of each cell over those interviewed. NAN where nobody was. ${times}: per place, or
 * NULL.
 */
static enum err response_factors(const struct weighting *w, const double *times, double *factor)
{
    const struct weighting_spec *s = &w->s;
    double *issued = calloc(2 * s->cells + 1, sizeof *issued), *met = issued + s->cells;
    double eligible = 0, known = 0;
    if (issued == NULL)
        return ERR_NOMEM;
    for (int pass = 0; pass < 2; pass++) {
        double e = known > 0 ? eligible / known : 1;
        for (size_t i = 0; i < s->points; i++) {
            const struct weighting_point *p = &s->point[i];
            int32_t place = w->listed_place[i];
            double m = p->base * (times != NULL && place >= 0 ? times[place] : 1);
            if (pass == 0) {
                eligible += m * p->eligible;
                known += m * (p->eligible + p->ineligible);
            } else {
                issued[p->cell] += m * (p->eligible + e * p->unknown);
                met[p->cell] += m * p->respondents;
            }
        }
    }
    for (size_t c = 0; c < s->cells; c++)
        factor[c] = met[c] > 0 ? issued[c] / met[c] : NAN;
    free(issued);
    return ERR_OK;
}

/* Everything before raking. ${stages}: where to add them, or NULL. */
static enum err before_raking(const struct weighting *w, const double *times,
                              struct weighting *stages, double *out)
{
    const struct weighting_spec *s = &w->s;
    enum err e = ERR_OK;
    double *factor = NULL;
    for (size_t i = 0; i < s->n; i++)
        out[i] = (s->base != NULL ? s->base[i] : 1) * (times != NULL ? times[w->place_of[i]] : 1);
    if (stages != NULL)
        add_stage(stages, "base", out);
    for (size_t i = 0; i < s->n && s->adults != NULL; i++)
        out[i] *= selection(w, i);
    if (stages != NULL && s->adults != NULL)
        add_stage(stages, "selection", out);
    if (s->point == NULL)
        return e;
    if ((factor = malloc((s->cells + 1) * sizeof *factor)) == NULL)
        return ERR_NOMEM;
    if ((e = response_factors(w, times, factor)) == ERR_OK)
        for (size_t i = 0; i < s->n; i++)
            if (out[i] > 0)
                out[i] *= factor[s->point[s->point_of[i]].cell];
    free(factor);
    if (stages != NULL && e == ERR_OK)
        add_stage(stages, "nonresponse", out);
    return e;
}

static int by_place(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->stratum != y->stratum)
        return x->stratum < y->stratum ? -1 : 1;
    return x->psu < y->psu ? -1 : x->psu > y->psu;
}

static struct place place_of_row(const struct weighting_spec *s, size_t row)
{
    return (struct place){.stratum = s->stratum != NULL ? s->stratum[row] : 0,
                          .psu = s->psu != NULL ? s->psu[row] : (int32_t)row};
}

/* The points of the sample in their strata; a point number in two strata is two points. */
static enum err find_places(struct weighting *w)
{
    size_t n = w->s.n, count = 0;
    w->place = malloc((n + 1) * sizeof *w->place);
    w->place_of = malloc((n + 1) * sizeof *w->place_of);
    if (w->place == NULL || w->place_of == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++)
        w->place[i] = place_of_row(&w->s, i);
    qsort(w->place, n, sizeof *w->place, by_place);
    for (size_t i = 0; i < n; i++)
        if (count == 0 || by_place(&w->place[count - 1], &w->place[i]) != 0)
            w->place[count++] = w->place[i];
    w->places = count;
    for (size_t i = 0, first = 0; i < count; i++) {
        bool last = i + 1 == count || w->place[i + 1].stratum != w->place[i].stratum;
        if (!last)
            continue;
        for (size_t j = first; j <= i; j++) {
            w->place[j].of_stratum = i + 1 - first;
            w->place[j].number = (uint32_t)w->strata;
        }
        w->strata++;
        w->lone += i == first;
        first = i + 1;
    }
    for (size_t i = 0; i < n; i++) {
        struct place key = place_of_row(&w->s, i);
        const struct place *at = bsearch(&key, w->place, count, sizeof key, by_place);
        w->place_of[i] = (uint32_t)(at - w->place);
    }
    return ERR_OK;
}

/* Points of the list among the places. */
static enum err find_listed(struct weighting *w)
{
    const struct weighting_spec *s = &w->s;
    if ((w->listed_place = malloc((s->points + 1) * sizeof *w->listed_place)) == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < s->points; i++) {
        struct place key = {.stratum = s->point[i].stratum, .psu = (int32_t)i};
        const struct place *at = bsearch(&key, w->place, w->places, sizeof key, by_place);
        w->listed_place[i] = at != NULL ? (int32_t)(at - w->place) : -1;
    }
    return ERR_OK;
}

static enum err start_rake(struct weighting *w)
{
    const struct weighting_spec *s = &w->s;
    if (s->margins == 0 && !(s->trim > 0))
        return ERR_OK;
    return rake_new(s->n, s->margin, s->margins, s->trim, s->tolerance > 0 ? s->tolerance : 1e-6,
                    &w->rake);
}

static enum err fill(struct weighting *w)
{
    struct weighting_spec *s = &w->s;
    size_t bytes = (s->n + 1) * sizeof(double);
    enum err e = ERR_NOMEM;
    w->before = malloc(bytes);
    w->final = malloc(bytes);
    if (w->before == NULL || w->final == NULL || (e = find_places(w)) != ERR_OK ||
        (e = find_listed(w)) != ERR_OK || (e = start_rake(w)) != ERR_OK ||
        (e = before_raking(w, NULL, w, w->before)) != ERR_OK)
        return e;
    memcpy(w->final, w->before, bytes - sizeof(double));
    if (w->rake == NULL)
        return ERR_OK;
    if ((e = rake_weights(w->rake, true, w->final)) == ERR_OK)
        add_stage(w, s->margins > 0 ? "raking" : "trimming", w->final);
    return e;
}

enum err weighting_new(struct weighting_spec *spec, struct weighting **out)
{
    struct weighting *w = calloc(1, sizeof *w);
    if (w == NULL)
        return ERR_NOMEM;
    w->s = *spec;
    enum err e = fill(w);
    if (e != ERR_OK) {
        w->s = (struct weighting_spec){0}; /* still the caller's */
        weighting_free(w);
        return e;
    }
    *spec = (struct weighting_spec){0};
    *out = w;
    return ERR_OK;
}

enum err weighting_with(const struct weighting *w, const double *times, double *out)
{
    enum err e = before_raking(w, times, NULL, out);
    return e == ERR_OK && w->rake != NULL ? rake_weights(w->rake, false, out) : e;
}

enum err weighting_replicate(const struct weighting *w, size_t replicate, double *out)
{
    const struct place *left = &w->place[replicate];
    double *times = malloc((w->places + 1) * sizeof *times);
    if (times == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < w->places; i++) {
        double n = (double)left->of_stratum;
        times[i] = w->place[i].stratum != left->stratum ? 1 : i == replicate ? 0 : n / (n - 1);
    }
    enum err e = weighting_with(w, times, out);
    free(times);
    return e;
}

size_t weighting_places(const struct weighting *w)
{
    return w->places;
}

uint32_t weighting_place(const struct weighting *w, size_t row)
{
    return w->place_of[row];
}

uint32_t weighting_place_stratum(const struct weighting *w, uint32_t place)
{
    return w->place[place].number;
}
