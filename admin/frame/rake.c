#include "admin/frame/rake.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "admin/frame/frame.h"
#include "core/log.h"

enum { MAX_CYCLES = 20000, MAX_TRIMS = 1000 };
#define STANDSTILL 1e-13 /* relative: what moves less is rounding */
#define OVER       1e-9  /* relative: a weight this little above the trim is at it */

struct rake {
    size_t n, margins, cells;
    const struct weighting_margin *margin;
    uint32_t *cell_of; /* per row */
    int32_t *category; /* cells x margins; the last category of each: missing */
    double trim, tolerance;
};

void rake_free(struct rake *r)
{
    if (r == NULL)
        return;
    free(r->cell_of);
    free(r->category);
    free(r);
}

/* Categories of a margin with the one for missing values. */
static size_t wide(const struct rake *r, size_t m)
{
    return r->margin[m].categories + 1;
}

static size_t category_of(const struct rake *r, size_t m, size_t row)
{
    int32_t c = r->margin[m].category[row];
    return c == FRAME_MISSING ? r->margin[m].categories : (size_t)c;
}

/* Cells of margins before ${m}, each cut by the categories of ${m}. */
static enum err cut_cells(struct rake *r, size_t m)
{
    size_t k = wide(r, m), count = 0;
    uint32_t *number = calloc(r->cells * k, sizeof *number);
    if (number == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < r->n; i++) {
        uint32_t *at = &number[r->cell_of[i] * k + category_of(r, m, i)];
        if (*at == 0)
            *at = (uint32_t)++count;
        r->cell_of[i] = *at - 1;
    }
    r->cells = count;
    free(number);
    return ERR_OK;
}

static enum err check_categories(const struct rake *r)
{
    enum err e = ERR_OK;
    for (size_t m = 0; m < r->margins; m++) {
        const struct weighting_margin *g = &r->margin[m];
        for (size_t c = 0; c < g->categories; c++) {
            bool any = g->share[c] == 0;
            for (size_t i = 0; i < r->n && !any; i++)
                any = g->category[i] == (int32_t)c;
            if (!any)
                e = log_fail(ERR_STUDY,
                             "raking over %s: nobody in the sample is `%s`; join it with another "
                             "value, or leave the margin out",
                             g->name, g->value[c]);
        }
        for (size_t i = 0; i < r->n && e == ERR_OK; i++)
            if (g->category[i] >= 0 && g->share[g->category[i]] == 0)
                e = log_fail(ERR_STUDY,
                             "raking over %s: `%s` has the share 0 and somebody in the sample; "
                             "mend the share",
                             g->name, g->value[g->category[i]]);
    }
    return e;
}

enum err rake_new(size_t n, const struct weighting_margin *margin, size_t margins, double trim,
                  double tolerance, struct rake **out)
{
    enum err e = ERR_NOMEM;
    struct rake *r = calloc(1, sizeof *r);
    if (r == NULL)
        return e;
    *r = (struct rake){.n = n,
                       .margin = margin,
                       .margins = margins,
                       .cells = 1,
                       .trim = trim,
                       .tolerance = tolerance};
    if ((r->cell_of = calloc(n + 1, sizeof *r->cell_of)) == NULL ||
        (e = check_categories(r)) != ERR_OK)
        goto out;
    for (size_t m = 0; m < margins; m++)
        if ((e = cut_cells(r, m)) != ERR_OK)
            goto out;
    e = ERR_NOMEM;
    if ((r->category = malloc((r->cells * margins + 1) * sizeof *r->category)) == NULL)
        goto out;
    for (size_t i = 0; i < n; i++)
        for (size_t m = 0; m < margins; m++)
            r->category[r->cell_of[i] * margins + m] = (int32_t)category_of(r, m, i);
    *out = r;
    r = NULL;
    e = ERR_OK;
out:
    rake_free(r);
    return e;
}

/* Weights of cells at work. */
struct fitting {
    const struct rake *r;
    double *cell, *start;   /* per cell: now, and at the beginning */
    double **target, **sum; /* per margin and category */
    double *room;
};

static void sums_of(const struct fitting *f, size_t m)
{
    const struct rake *r = f->r;
    memset(f->sum[m], 0, wide(r, m) * sizeof *f->sum[m]);
    for (size_t c = 0; c < r->cells; c++)
        f->sum[m][r->category[c * r->margins + m]] += f->cell[c];
}

/* Targets of a margin: missing keeps its share; categories that the replicate lost share theirs
 * out. */
static void set_targets(const struct fitting *f, size_t m)
{
    const struct weighting_margin *g = &f->r->margin[m];
    double total = 0, present = 0;
    sums_of(f, m);
    for (size_t c = 0; c <= g->categories; c++)
        total += f->sum[m][c];
    for (size_t c = 0; c < g->categories; c++)
        present += f->sum[m][c] > 0 ? g->share[c] : 0;
    double known = total - f->sum[m][g->categories];
    for (size_t c = 0; c < g->categories; c++)
        f->target[m][c] = f->sum[m][c] > 0 ? known * g->share[c] / present : 0;
    f->target[m][g->categories] = f->sum[m][g->categories];
}

/* One margin made to fit; returns how far off it was, relatively. */
static double fit_margin(const struct fitting *f, size_t m)
{
    const struct rake *r = f->r;
    double off = 0;
    sums_of(f, m);
    for (size_t c = 0; c < wide(r, m); c++) {
        double sum = f->sum[m][c], target = f->target[m][c];
        double d = sum > 0 && target > 0 ? fabs(sum / target - 1) : 0;
        off = d > off ? d : off;
        f->sum[m][c] = sum > 0 ? target / sum : 1; /* from here the factor */
    }
    for (size_t c = 0; c < r->cells; c++)
        f->cell[c] *= f->sum[m][r->category[c * r->margins + m]];
    return off;
}

/* Largest relative error of a margin. */
static double worst(const struct fitting *f)
{
    double off = 0;
    for (size_t m = 0; m < f->r->margins; m++) {
        sums_of(f, m);
        for (size_t c = 0; c < wide(f->r, m); c++) {
            double target = f->target[m][c];
            double d = target > 0 ? fabs(f->sum[m][c] / target - 1) : 0;
            off = d > off ? d : off;
        }
    }
    return off;
}

static enum err fit_margins(const struct fitting *f)
{
    double off = 1;
    for (size_t cycle = 0; cycle < MAX_CYCLES && off > STANDSTILL; cycle++) {
        off = 0;
        for (size_t m = 0; m < f->r->margins; m++) {
            double here = fit_margin(f, m);
            off = here > off ? here : off;
        }
    }
    return worst(f) <= f->r->tolerance ? ERR_OK : ERR_STUDY;
}

/* Rake once; targets stay those of the first time. */
static enum err rake_once(const struct fitting *f, bool first, double *weight)
{
    const struct rake *r = f->r;
    memset(f->start, 0, r->cells * sizeof *f->start);
    for (size_t i = 0; i < r->n; i++)
        f->start[r->cell_of[i]] += weight[i];
    memcpy(f->cell, f->start, r->cells * sizeof *f->cell);
    for (size_t m = 0; m < r->margins && first; m++)
        set_targets(f, m);
    enum err e = fit_margins(f);
    for (size_t i = 0; i < r->n; i++)
        if (weight[i] > 0)
            weight[i] *= f->cell[r->cell_of[i]] / f->start[r->cell_of[i]];
    return e;
}

static double sum_of(const double *w, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += w[i];
    return sum;
}

/* Cut to ${most}; true if something was above it. Without margins the rest is scaled up. */
static bool cut(const struct rake *r, double most, double total, double *weight)
{
    bool any = false;
    for (size_t i = 0; i < r->n && !any; i++)
        any = weight[i] > most * (1 + OVER);
    for (size_t i = 0; i < r->n && any; i++)
        weight[i] = weight[i] > most ? most : weight[i];
    double now = sum_of(weight, r->n);
    for (size_t i = 0; i < r->n && any && r->margins == 0; i++)
        weight[i] *= total / now;
    return any;
}

static enum err say(bool whole, const struct rake *r, bool trimmed)
{
    if (!whole)
        return ERR_STUDY;
    if (trimmed)
        return log_fail(ERR_STUDY,
                        "weights: no weight can be at most %g times the mean%s; raise `trim`, or "
                        "join values of the margins",
                        r->trim, r->margins > 0 ? " and the margins kept" : "");
    return log_fail(ERR_STUDY, "weights: the margins of `rake` contradict one another in this "
                               "sample; join values that are seldom met together");
}

static enum err start(const struct rake *r, struct fitting *f)
{
    size_t categories = 0, at;
    for (size_t m = 0; m < r->margins; m++)
        categories += wide(r, m);
    *f = (struct fitting){.r = r};
    f->room = malloc((2 * r->cells + 2 * categories + 1) * sizeof *f->room);
    f->target = malloc((2 * r->margins + 1) * sizeof *f->target);
    if (f->room == NULL || f->target == NULL)
        return ERR_NOMEM;
    f->sum = f->target + r->margins;
    f->cell = f->room;
    f->start = f->room + r->cells;
    at = 2 * r->cells;
    for (size_t m = 0; m < r->margins; m++) {
        f->target[m] = f->room + at;
        f->sum[m] = f->room + at + wide(r, m);
        at += 2 * wide(r, m);
    }
    return ERR_OK;
}

enum err rake_weights(const struct rake *r, bool whole, double *weight)
{
    struct fitting f;
    size_t used = 0, round = 0;
    double total = sum_of(weight, r->n);
    enum err e = start(r, &f);
    for (size_t i = 0; i < r->n; i++)
        used += weight[i] > 0;
    double most = r->trim * total / (double)used;
    if (e == ERR_OK && (e = rake_once(&f, true, weight)) == ERR_STUDY)
        e = say(whole, r, false);
    for (; e == ERR_OK && r->trim > 0 && cut(r, most, total, weight); round++)
        if (round == MAX_TRIMS || rake_once(&f, false, weight) != ERR_OK)
            e = say(whole, r, true);
    free(f.room);
    free(f.target);
    return e;
}

size_t rake_columns(const struct rake *r)
{
    size_t columns = 0;
    for (size_t m = 0; m < r->margins; m++)
        columns += wide(r, m);
    return columns;
}

void rake_row(const struct rake *r, size_t row, double *x)
{
    size_t at = 0;
    memset(x, 0, rake_columns(r) * sizeof *x);
    for (size_t m = 0; m < r->margins; m++) {
        x[at + category_of(r, m, row)] = 1;
        at += wide(r, m);
    }
}
