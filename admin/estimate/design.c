#include "admin/estimate/design.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/estimate.h"
#include "admin/estimate/matrix.h"
#include "core/log.h"

struct place { /* a row and where it stands in the design */
    int32_t stratum, psu;
    uint32_t row;
};

struct design {
    const struct frame *f;
    struct place *place; /* sorted: strata together, in them points together */
    size_t points, strata, lone, split;
};

size_t design_points(const struct design *d)
{
    return d->points;
}

size_t design_strata(const struct design *d)
{
    return d->strata;
}

size_t design_lone(const struct design *d)
{
    return d->lone;
}

size_t design_split(const struct design *d)
{
    return d->split;
}

double design_weight(const struct frame *f, size_t row)
{
    return f->weight != NULL ? f->weight[row] : 1;
}

static int by_place(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->stratum != y->stratum)
        return x->stratum < y->stratum ? -1 : 1;
    if (x->psu != y->psu)
        return x->psu < y->psu ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

static bool same_stratum(const struct design *d, size_t i, size_t j)
{
    return d->place[i].stratum == d->place[j].stratum;
}

static bool same_point(const struct design *d, size_t i, size_t j)
{
    return same_stratum(d, i, j) && d->place[i].psu == d->place[j].psu;
}

/* Points and strata with a row that is used; among those strata, the ones of a single point. */
static void count_points(struct design *d, const struct frame_list *list)
{
    size_t in_stratum = 0;
    bool stratum_used = false, point_used = false;
    for (size_t i = 0; i < d->f->n; i++) {
        bool new_stratum = i == 0 || !same_stratum(d, i, i - 1);
        bool new_point = i == 0 || !same_point(d, i, i - 1);
        bool used = estimate_used(list, d->place[i].row);
        if (new_stratum) {
            in_stratum = 0;
            stratum_used = false;
        }
        if (new_point)
            point_used = false;
        in_stratum += new_point;
        d->strata += used && !stratum_used;
        d->points += used && !point_used;
        stratum_used = stratum_used || used;
        point_used = point_used || used;
        bool last = i + 1 == d->f->n || !same_stratum(d, i, i + 1);
        d->lone += last && stratum_used && in_stratum == 1;
    }
}

/* A point number used in two strata: two points, as interviewers number them anew in each. */
static enum err count_split(struct design *d)
{
    const struct frame *f = d->f;
    if (f->psu == NULL)
        return ERR_OK;
    int32_t *seen = malloc((f->psus + 1) * sizeof *seen);
    bool *split = calloc(f->psus + 1, sizeof *split);
    enum err e = seen != NULL && split != NULL ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; e == ERR_OK && i < f->psus; i++)
        seen[i] = -1;
    for (size_t i = 0; e == ERR_OK && i < f->n; i++) {
        const struct place *p = &d->place[i];
        if (seen[p->psu] >= 0 && seen[p->psu] != p->stratum && !split[p->psu]) {
            split[p->psu] = true;
            d->split++;
        }
        seen[p->psu] = p->stratum;
    }
    free(seen);
    free(split);
    return e;
}

enum err design_new(const struct frame *f, const struct frame_list *list, struct design **out)
{
    enum err e = ERR_NOMEM;
    struct design *d = calloc(1, sizeof *d);
    if (d == NULL)
        return e;
    d->f = f;
    if ((d->place = malloc((f->n + 1) * sizeof *d->place)) == NULL)
        goto out;
    for (size_t i = 0; i < f->n; i++) {
        double w = design_weight(f, i);
        if (!isfinite(w) || w <= 0) {
            e = log_fail(ERR_STUDY,
                         "row %zu: its weight is not a number above 0; correct the weights, "
                         "or leave them out with --unweighted",
                         i + 1);
            goto out;
        }
        d->place[i] = (struct place){.stratum = f->stratum != NULL ? f->stratum[i] : 0,
                                     .psu = f->psu != NULL ? f->psu[i] : (int32_t)i,
                                     .row = (uint32_t)i};
    }
    qsort(d->place, f->n, sizeof *d->place, by_place);
    count_points(d, list);
    if ((e = count_split(d)) != ERR_OK)
        goto out;
    *out = d;
    d = NULL;
out:
    design_free(d);
    return e;
}

void design_free(struct design *d)
{
    if (d == NULL)
        return;
    free(d->place);
    free(d);
}

/* Totals of one point and sums of one stratum, one number per domain (or pair of domains). */
struct sums {
    size_t levels;
    double *point;   /* totals of the point */
    bool *here;      /* the domain has a count in this point */
    size_t *touched; /* domains that have */
    size_t touches;
    double *total;   /* over the points of the stratum */
    double *product; /* of totals, levels x levels */
    size_t n;        /* points of the stratum */
};

static enum err sums_start(struct sums *s, size_t levels)
{
    *s = (struct sums){.levels = levels};
    s->point = calloc(levels, sizeof *s->point);
    s->here = calloc(levels, sizeof *s->here);
    s->touched = calloc(levels, sizeof *s->touched);
    s->total = calloc(levels, sizeof *s->total);
    s->product = calloc(levels * levels, sizeof *s->product);
    return s->point && s->here && s->touched && s->total && s->product ? ERR_OK : ERR_NOMEM;
}

static void sums_end(struct sums *s)
{
    free(s->point);
    free(s->here);
    free(s->touched);
    free(s->total);
    free(s->product);
}

static void end_point(struct sums *s)
{
    for (size_t i = 0; i < s->touches; i++) {
        size_t a = s->touched[i];
        s->total[a] += s->point[a];
        for (size_t j = 0; j < s->touches; j++) {
            size_t b = s->touched[j];
            s->product[a * s->levels + b] += s->point[a] * s->point[b];
        }
    }
    for (size_t i = 0; i < s->touches; i++) {
        s->point[s->touched[i]] = 0;
        s->here[s->touched[i]] = false;
    }
    s->touches = 0;
    s->n++;
}

/* A single point has no spread of its own. The totals of all points add up to 0 in every domain
 * (the means make it so), hence centring it on their mean leaves its total as it is. */
static void end_stratum(struct sums *s, double *cov)
{
    double n = (double)s->n, scale = s->n > 1 ? n / (n - 1) : 1;
    for (size_t a = 0; a < s->levels; a++) {
        for (size_t b = 0; b < s->levels; b++) {
            double centre = s->n > 1 ? s->total[a] * s->total[b] / n : 0;
            cov[a * s->levels + b] += scale * (s->product[a * s->levels + b] - centre);
        }
    }
    memset(s->total, 0, s->levels * sizeof *s->total);
    memset(s->product, 0, s->levels * s->levels * sizeof *s->product);
    s->n = 0;
}

enum err design_degrees(const struct design *d, const uint8_t *in, const int32_t *level,
                        size_t levels, size_t *df)
{
    size_t *points = calloc(levels + 1, sizeof *points); /* of the stratum, with a row of each */
    size_t *last = calloc(levels + 1, sizeof *last);     /* number of the point last counted */
    size_t point = 1;
    enum err e = points != NULL && last != NULL ? ERR_OK : ERR_NOMEM;
    memset(df, 0, levels * sizeof *df);
    for (size_t i = 0; e == ERR_OK && i < d->f->n; i++) {
        size_t row = d->place[i].row;
        int32_t v = level != NULL ? level[row] : 0;
        if (in[row] && v != FRAME_MISSING && last[v] != point) {
            last[v] = point;
            df[v] += points[v]++ > 0; /* the first of each stratum is its own mean */
        }
        bool end = i + 1 == d->f->n;
        point += end || !same_point(d, i, i + 1);
        if (end || !same_stratum(d, i, i + 1))
            memset(points, 0, levels * sizeof *points);
    }
    free(points);
    free(last);
    return e;
}

enum err design_linear(const struct design *d, size_t k, design_row *row, const void *ctx,
                       double *cov, size_t *df)
{
    struct sums s;
    size_t here = 0; /* points of the stratum with a row of the domain */
    bool in_point = false;
    double *u = calloc(k, sizeof *u);
    enum err e = sums_start(&s, k);
    if (u == NULL || e != ERR_OK) {
        e = ERR_NOMEM;
        goto out;
    }
    memset(cov, 0, k * k * sizeof *cov);
    *df = 0;
    for (size_t i = 0; i < d->f->n; i++) {
        if (row(ctx, d->place[i].row, u)) {
            in_point = true;
            for (size_t a = 0; a < k; a++) {
                if (u[a] == 0)
                    continue;
                if (!s.here[a]) {
                    s.here[a] = true;
                    s.touched[s.touches++] = a;
                }
                s.point[a] += u[a];
                u[a] = 0;
            }
        }
        bool last = i + 1 == d->f->n;
        if (last || !same_point(d, i, i + 1)) {
            here += in_point;
            in_point = false;
            end_point(&s);
        }
        if (last || !same_stratum(d, i, i + 1)) {
            end_stratum(&s, cov);
            *df += here > 0 ? here - 1 : 0;
            here = 0;
        }
    }
out:
    free(u);
    sums_end(&s);
    return e;
}

/* cov += scale sum t t' of what ${total} and ${product} say of the stratum's ${n} points. */
static void add_stratum(size_t p, size_t n, bool linearised, double *total, double *product,
                        double *cov)
{
    double scale = linearised && n > 1 ? (double)n / ((double)n - 1) : 1;
    for (size_t a = 0; a < p; a++)
        for (size_t b = 0; b < p; b++) {
            double centre = linearised && n > 1 ? total[a] * total[b] / (double)n : 0;
            cov[a * p + b] += scale * (product[a * p + b] - centre);
        }
    memset(total, 0, p * sizeof *total);
    memset(product, 0, p * p * sizeof *product);
}

static void add_point(size_t p, double *point, double *total, double *product)
{
    for (size_t a = 0; a < p; a++) {
        total[a] += point[a];
        for (size_t b = 0; b < p; b++)
            product[a * p + b] += point[a] * point[b];
    }
    memset(point, 0, p * sizeof *point);
}

enum err design_score_covariance(const struct design *d, const struct design_scores *q, double *cov)
{
    size_t p = q->score->cols, n = 0;
    double *point = calloc(p + 1, sizeof *point), *total = calloc(p + 1, sizeof *total);
    double *product = calloc(p * p + 1, sizeof *product);
    enum err e = point && total && product ? ERR_OK : ERR_NOMEM;
    memset(cov, 0, p * p * sizeof *cov);
    for (size_t i = 0; e == ERR_OK && i < d->f->n; i++) {
        size_t row = d->place[i].row;
        const double *s = q->cell[row] >= 0 ? q->score->at + (size_t)q->cell[row] * p : NULL;
        double w = design_weight(d->f, row);
        for (size_t a = 0; s != NULL && a < p; a++)
            point[a] += w * s[a];
        bool last = i + 1 == d->f->n;
        if (last || !same_point(d, i, i + 1)) {
            add_point(p, point, total, product);
            n++;
        }
        if (last || !same_stratum(d, i, i + 1)) {
            add_stratum(p, n, q->linearised, total, product, cov);
            n = 0;
        }
    }
    free(point);
    free(total);
    free(product);
    return e;
}
