/* Tests around a difference in means: how a Wald statistic is judged, Holm, missing counts. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/dim.h"
#include "admin/estimate/dim_means.h"
#include "admin/estimate/numeric.h"
#include "core/bytes.h"

void dim_judge(double w, size_t q, bool design, size_t points, double *statistic, double *df2,
               double *p)
{
    *statistic = w;
    *df2 = NAN;
    *p = NAN;
    if (isnan(w))
        return;
    if (!design) {
        *p = numeric_chi_tail(w, (double)q);
    } else if (points + 1 > q) {
        *df2 = (double)(points + 1 - q);
        *statistic = w * *df2 / ((double)points * (double)q);
        *p = numeric_f_tail(*statistic, (double)q, *df2);
    } else {
        *statistic = NAN;
    }
}

static int by_p(const void *a, const void *b)
{
    const struct estimate_test *x = *(struct estimate_test *const *)a;
    const struct estimate_test *y = *(struct estimate_test *const *)b;
    return x->p_value < y->p_value ? -1 : x->p_value > y->p_value;
}

/* Pre-specified columns of the frame without a test in ${r}, apart by commas. */
static void not_tested(const struct frame *f, const struct estimate_result *r, struct buffer *out)
{
    for (size_t c = 0; c < f->columns; c++) {
        bool tested = !f->column[c].prespecified;
        for (size_t i = 0; i < r->tests; i++)
            tested = tested || (r->test[i].prespecified && r->test[i].by == (int)c);
        if (!tested)
            buffer_printf(out, "%s%s", out->len > 0 ? ", " : "", f->column[c].name);
    }
}

enum err dim_holm(const struct frame *f, struct estimate_result *r)
{
    struct estimate_test **order = malloc((r->tests + 1) * sizeof(struct estimate_test *));
    struct buffer left = {0};
    size_t n = 0;
    double most = 0;
    enum err e = ERR_OK;
    if (order == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < r->tests; i++) {
        r->test[i].p_holm = NAN;
        if (r->test[i].prespecified && !isnan(r->test[i].p_value))
            order[n++] = &r->test[i];
    }
    qsort(order, n, sizeof *order, by_p);
    for (size_t i = 0; i < n; i++) {
        double p = fmin(1, order[i]->p_value * (double)(n - i));
        most = p > most ? p : most;
        order[i]->p_holm = most;
    }
    not_tested(f, r, &left);
    if (left.failed)
        e = ERR_NOMEM;
    else if (n > 0 && left.len > 0)
        e = estimate_warn(r,
                          "Holm's p is over the pre-specified tests of this table; the study also "
                          "pre-specifies %s: ask for all of them at once (--by).",
                          (const char *)left.p);
    buffer_free(&left);
    free(order);
    return e;
}

/* The list with 1 for a missing count (${code}: for this reason; 0: any), 0 for others, in place of
 * the counts. */
static enum err missing_list(const struct frame_list *l, size_t n, int code, struct frame_list *out,
                             uint8_t *used)
{
    *out = *l;
    if ((out->count = malloc((n + 1) * sizeof *out->count)) == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++) {
        used[i] = l->arm[i] >= 0;
        out->count[i] = code == 0 ? l->count[i] < 0 : l->count[i] == code;
    }
    return ERR_OK;
}

/* Without a design. */
static void pearson(const struct dim_means *m, double *statistic, double *p)
{
    double n = 0, hits = 0, sum = 0, least = INFINITY;
    for (size_t k = 0; k < m->arms; k++) {
        n += (double)m->at[k].n;
        hits += (double)m->at[k].sum;
    }
    for (size_t k = 0; k < m->arms; k++) {
        double expected = hits * (double)m->at[k].n / n;
        double given = (double)m->at[k].n - expected;
        double d = (double)m->at[k].sum - expected;
        least = fmin(least, fmin(expected, given));
        sum += d * d / expected + d * d / given;
    }
    *statistic = sum;
    *p = least < 5 && m->arms == 2
             ? numeric_fisher((size_t)m->at[0].sum, m->at[0].n, (size_t)m->at[1].sum, m->at[1].n)
             : numeric_chi_tail(sum, (double)(m->arms - 1));
}

static enum err by_design(struct dim_means *m, const uint8_t *used, double *statistic, double *df2,
                          double *p)
{
    size_t q = m->arms - 1, points = 0;
    double w = NAN, *d = malloc((q + q * q) * sizeof *d), *v = d + q;
    enum err e = d != NULL ? dim_means_covariance(m) : ERR_NOMEM;
    for (size_t i = 0; e == ERR_OK && i < q; i++) {
        d[i] = m->at[i + 1].mean - m->at[0].mean;
        for (size_t j = 0; j < q; j++)
            v[i * q + j] = dim_means_between(m, i + 1, 0, j + 1, 0);
    }
    if (e == ERR_OK)
        e = numeric_wald(d, v, q, &w);
    if (e == ERR_OK)
        e = design_degrees(m->design, used, NULL, 1, &points);
    free(d);
    if (e == ERR_OK)
        dim_judge(w, q, true, points, statistic, df2, p);
    return e;
}

static enum err lost(const struct frame *f, const struct estimate_options *o,
                     const struct design *d, int code, const char *name, struct estimate_result *r)
{
    struct frame_list list = {0};
    struct estimate_options all = *o;
    struct dim_means m = {0};
    double statistic = NAN, df2 = NAN, p = NAN;
    enum err e = ERR_NOMEM;
    bool any = false;
    for (size_t i = 0; i < f->n && !any; i++)
        any = f->list[o->list].arm[i] >= 0 &&
              (code == 0 ? f->list[o->list].count[i] < 0 : f->list[o->list].count[i] == code);
    if (!any)
        return ERR_OK;
    uint8_t *used = malloc(f->n + 1);
    all.bys = 0;
    if (used == NULL || (e = missing_list(&f->list[o->list], f->n, code, &list, used)) != ERR_OK ||
        (e = dim_means_new(f, &all, used, NULL, &m)) != ERR_OK)
        goto out;
    m.list = &list;
    m.design = d;
    m.weight = d != NULL ? f->weight : NULL;
    if ((e = dim_means_fill(&m)) != ERR_OK)
        goto out;
    if (d == NULL)
        pearson(&m, &statistic, &p);
    else if ((e = by_design(&m, used, &statistic, &df2, &p)) != ERR_OK)
        goto out;
    e = estimate_add_test(r, name, statistic, isnan(statistic) ? NAN : (double)(m.arms - 1), p);
    if (e == ERR_OK)
        r->named_test[r->named_tests - 1].df2 = df2;
out:
    free(list.count);
    free(used);
    dim_means_free(&m);
    return e;
}

enum err dim_missing(const struct frame *f, const struct estimate_options *o,
                     const struct design *d, struct estimate_result *r)
{
    return lost(f, o, d, 0, "missing counts by arm", r);
}

enum err dim_broken_off(const struct frame *f, const struct estimate_options *o,
                        const struct design *d, struct estimate_result *r)
{
    return lost(f, o, d, ANSWER_NOT_REACHED, "break-off by arm", r);
}
