#include "admin/estimate/shares.h"

#include <math.h>
#include <string.h>

struct totals {
    const struct shares_spec *spec;
    size_t cells;
    double at[SHARES_ALL]; /* weights, or respondents */
};

/* Cell of a row: 0 .. 2 cells - 1, or -1. */
static int cell_of(const struct totals *t, size_t row)
{
    const struct shares_spec *s = t->spec;
    int arm = s->list->arm[row], count = s->list->count[row];
    if ((arm != 0 && arm != s->item) || (s->level != NULL && s->level[row] != s->want))
        return -1;
    if (count < 0 && !s->lost)
        return -1;
    int lost = (int)t->cells - 1;
    return (arm == 0 ? 0 : (int)t->cells) + (count < 0 ? lost : count);
}

static bool weigh_row(const void *ctx, size_t row, double *u)
{
    const struct totals *t = ctx;
    int cell = cell_of(t, row);
    if (cell < 0)
        return false;
    u[cell] = design_weight(t->spec->f, row);
    return true;
}

static void count_rows(struct totals *t, struct shares *out)
{
    const struct shares_spec *s = t->spec;
    for (size_t i = 0; i < s->f->n; i++) {
        int arm = s->list->arm[i], cell = cell_of(t, i);
        if ((arm != 0 && arm != s->item) || (s->level != NULL && s->level[i] != s->want))
            continue;
        out->n[arm != 0] += s->list->count[i] >= 0;
        out->lost[arm != 0] += s->list->count[i] < 0;
        if (cell >= 0)
            t->at[cell] += s->design != NULL ? design_weight(s->f, i) : 1;
    }
}

static void multinomial(struct shares *out, const double *all)
{
    size_t m = out->cells;
    for (size_t arm = 0; arm < 2; arm++)
        for (size_t a = arm * m; a < (arm + 1) * m; a++)
            for (size_t b = arm * m; b < (arm + 1) * m; b++) {
                double v = (a == b ? out->p[a] : 0) - out->p[a] * out->p[b];
                out->cov[a * 2 * m + b] = all[arm] > 1 ? v / (all[arm] - 1) : NAN;
            }
}

/* Shares are ratios of totals: d p_a = (d t_a - p_a sum of d t over the arm) / W. In place. */
static void linearise(struct shares *out, const double *all)
{
    size_t m = out->cells, n = 2 * m;
    for (int pass = 0; pass < 2; pass++) /* rows, then columns of what is symmetric again */
        for (size_t i = 0; i < n; i++)
            for (size_t arm = 0; arm < 2; arm++) {
                size_t step = pass == 0 ? 1 : n, from = pass == 0 ? i * n : i;
                double *v = out->cov + from + arm * m * step, sum = 0;
                for (size_t a = 0; a < m; a++)
                    sum += v[a * step];
                for (size_t a = 0; a < m; a++)
                    v[a * step] = (v[a * step] - out->p[arm * m + a] * sum) / all[arm];
            }
}

enum err shares_of(const struct shares_spec *s, struct shares *out)
{
    struct totals t = {.spec = s, .cells = (size_t)s->list->items + 2 + s->lost};
    double all[2] = {0, 0};
    memset(out, 0, sizeof *out);
    out->items = s->list->items;
    out->counts = (size_t)s->list->items + 2;
    out->cells = t.cells;
    count_rows(&t, out);
    for (size_t a = 0; a < 2 * t.cells; a++)
        all[a >= t.cells] += t.at[a];
    for (size_t a = 0; a < 2 * t.cells; a++)
        out->p[a] = t.at[a] / all[a >= t.cells]; /* NAN: nobody */
    if (s->design == NULL) {
        multinomial(out, all);
        return ERR_OK;
    }
    enum err e = design_linear(s->design, 2 * t.cells, weigh_row, &t, out->cov, &out->df);
    if (e == ERR_OK)
        linearise(out, all);
    return e;
}

double shares_covariance(const struct shares *s, const struct shares_statistic *a,
                         const struct shares_statistic *b)
{
    size_t n = shares_size(s);
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; a->grad[i] != 0 && j < n; j++)
            if (b->grad[j] != 0)
                sum += a->grad[i] * b->grad[j] * s->cov[i * n + j];
    return sum;
}

double shares_se(const struct shares *s, const struct shares_statistic *a)
{
    double v = shares_covariance(s, a, a);
    return v > 0 ? sqrt(v) : v <= 0 ? 0 : NAN;
}

double shares_df(const struct shares *s)
{
    double part[2], n[2] = {(double)s->n[0], (double)s->n[1]};
    if (s->df > 0)
        return (double)s->df;
    for (size_t arm = 0; arm < 2; arm++) {
        struct shares_statistic mean;
        memset(&mean, 0, sizeof mean);
        for (size_t c = 0; c < s->counts; c++)
            mean.grad[arm * s->cells + c] = (double)c;
        part[arm] = shares_covariance(s, &mean, &mean);
    }
    double both = part[0] + part[1];
    return both * both / (part[0] * part[0] / (n[0] - 1) + part[1] * part[1] / (n[1] - 1));
}

void shares_linear(const struct shares *s, struct shares_statistic *a)
{
    a->value = 0;
    for (size_t i = 0; i < shares_size(s); i++)
        if (a->grad[i] != 0)
            a->value += a->grad[i] * s->p[i];
}

void shares_agree(const struct shares *s, int k, struct shares_statistic *out)
{
    memset(out, 0, sizeof *out);
    for (int j = 0; j <= k; j++) {
        out->grad[j] = 1;
        out->grad[s->cells + (size_t)j] = -1;
    }
    shares_linear(s, out);
}

void shares_not(const struct shares *s, int k, struct shares_statistic *out)
{
    shares_agree(s, k, out);
    for (size_t i = 0; i < shares_size(s); i++)
        out->grad[i] = -out->grad[i];
    out->grad[k] += 1;
    shares_linear(s, out);
}

void shares_difference(const struct shares *s, struct shares_statistic *out)
{
    memset(out, 0, sizeof *out);
    for (size_t c = 0; c < s->counts; c++) {
        out->grad[c] = -(double)c;
        out->grad[s->cells + c] = (double)c;
    }
    shares_linear(s, out);
}

void shares_add(const struct shares *s, struct shares_statistic *a, double times,
                const struct shares_statistic *b)
{
    a->value += times * b->value;
    for (size_t i = 0; i < shares_size(s); i++)
        a->grad[i] += times * b->grad[i];
}
