#include "admin/estimate/dim_means.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/numeric.h"
#include "admin/frame/weighting.h"
#include "core/log.h"

/* Below this reciprocal condition number an arm's covariates count as collinear. */
#define RCOND_MIN 1e-12

void dim_means_free(struct dim_means *m)
{
    free(m->block);
    free(m->at);
    free(m->cov);
    free(m->x);
    free(m->xbar);
    free(m->beta);
    free(m->inverse);
    free(m->group_weights);
    *m = (struct dim_means){0};
}

static enum err list_blocks(const struct estimate_options *o, struct dim_means *m)
{
    if ((m->block = calloc(o->bys + 1, sizeof *m->block)) == NULL)
        return ERR_NOMEM;
    m->block[m->blocks++] = (struct dim_block){.by = -1, .levels = 1};
    m->groups = 1;
    for (size_t i = 0; i < o->bys; i++) {
        enum err e = frame_levels(m->f, o->by[i]);
        const struct frame_column *c = &m->f->column[o->by[i]];
        if (e != ERR_OK)
            return e;
        if (c->levels > ESTIMATE_MAX_LEVELS)
            return log_fail(ERR_USAGE,
                            "--by %s: %zu groups, at most %d can be shown; recode it with "
                            "--derive",
                            c->name, c->levels, ESTIMATE_MAX_LEVELS);
        m->block[m->blocks++] = (struct dim_block){o->by[i], c->row, c->levels, m->groups, 0};
        m->groups += c->levels;
    }
    return m->groups * m->arms <= DIM_MEANS_MAX
               ? ERR_OK
               : log_fail(ERR_USAGE,
                          "--by: %zu groups at a time are more than one covariance matrix holds; "
                          "ask for fewer columns",
                          m->groups);
}

enum err dim_means_new(const struct frame *f, const struct estimate_options *o, const uint8_t *used,
                       const struct terms *terms, struct dim_means *out)
{
    *out = (struct dim_means){.f = f,
                              .list = &f->list[o->list],
                              .used = used,
                              .terms = terms,
                              .arms = f->list[o->list].arms};
    enum err e = list_blocks(o, out);
    if (e != ERR_OK)
        return e;
    size_t means = out->groups * out->arms, p = terms != NULL ? terms_count(terms) : 0;
    out->at = calloc(means, sizeof *out->at);
    out->group_weights = calloc(out->groups, sizeof *out->group_weights);
    if (out->at == NULL || out->group_weights == NULL)
        return ERR_NOMEM;
    if ((out->p = p) == 0)
        return ERR_OK;
    out->x = calloc(f->n * p + 1, sizeof *out->x);
    out->xbar = calloc(out->groups * p, sizeof *out->xbar);
    out->beta = calloc(means * p, sizeof *out->beta);
    out->inverse = calloc(means * p * p, sizeof *out->inverse);
    if (out->x == NULL || out->xbar == NULL || out->beta == NULL || out->inverse == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < f->n; i++)
        if (used[i])
            terms_row(terms, i, out->x + i * p);
    return ERR_OK;
}

static double weight_of(const struct dim_means *m, size_t row)
{
    return m->weight != NULL ? m->weight[row] : 1;
}

/* Adds ${row} to the sums of the group ${g}: of its arm, and where there are covariates w x of the
 * group, w x y and w x x' of its arm (in place of beta and the inverse). */
static void add_row(struct dim_means *m, size_t g, size_t row)
{
    size_t p = m->p, at = g * m->arms + (size_t)m->list->arm[row];
    double w = weight_of(m, row), y = m->list->count[row];
    struct dim_mean *t = &m->at[at];
    t->n++;
    t->sum += m->list->count[row];
    t->squares += (int64_t)m->list->count[row] * m->list->count[row];
    t->weights += w;
    t->plain += w * y;
    m->group_weights[g] += w;
    const double *x = p > 0 ? m->x + row * p : NULL;
    for (size_t i = 0; i < p; i++) {
        m->xbar[g * p + i] += w * x[i];
        m->beta[at * p + i] += w * x[i] * y;
        for (size_t j = 0; j < p; j++)
            m->inverse[(at * p + i) * p + j] += w * x[i] * x[j];
    }
}

/* From the sums to the regression of one arm in one group, and its value at the group's mean. */
static enum err adjust(struct dim_means *m, size_t g, size_t at)
{
    size_t p = m->p;
    double rcond = 0, *a = m->inverse + at * p * p, *b = m->beta + at * p, sum = 0;
    double *xy = malloc(p * sizeof *xy);
    enum err e = xy != NULL ? numeric_spd_inverse(a, p, a, &rcond) : ERR_NOMEM;
    m->at[at].mean = NAN;
    if (e == ERR_OK && rcond > RCOND_MIN && m->at[at].n > p) {
        memcpy(xy, b, p * sizeof *xy);
        for (size_t i = 0; i < p; i++) {
            b[i] = 0;
            for (size_t j = 0; j < p; j++)
                b[i] += a[i * p + j] * xy[j];
            sum += b[i] * m->xbar[g * p + i];
        }
        m->at[at].mean = sum;
    }
    free(xy);
    return e;
}

static enum err finish_group(struct dim_means *m, size_t g)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < m->p && m->group_weights[g] > 0; i++)
        m->xbar[g * m->p + i] /= m->group_weights[g];
    for (size_t k = 0; k < m->arms && e == ERR_OK; k++) {
        struct dim_mean *t = &m->at[g * m->arms + k];
        bool exact = m->weight == NULL;
        t->plain = t->n == 0 || !(t->weights > 0) ? NAN
                   : exact                        ? (double)t->sum / (double)t->n
                                                  : t->plain / t->weights;
        t->mean = t->plain;
        if (m->p > 0)
            e = adjust(m, g, g * m->arms + k);
    }
    return e;
}

enum err dim_means_fill(struct dim_means *m)
{
    size_t means = m->groups * m->arms, p = m->p;
    enum err e = ERR_OK;
    memset(m->at, 0, means * sizeof *m->at);
    memset(m->group_weights, 0, m->groups * sizeof *m->group_weights);
    if (p > 0) {
        memset(m->xbar, 0, m->groups * p * sizeof *m->xbar);
        memset(m->beta, 0, means * p * sizeof *m->beta);
        memset(m->inverse, 0, means * p * p * sizeof *m->inverse);
    }
    for (size_t k = 0; k < m->blocks; k++) {
        struct dim_block *b = &m->block[k];
        b->without = 0;
        for (size_t i = 0; i < m->f->n; i++) {
            int32_t v = b->level != NULL ? b->level[i] : 0;
            if (!m->used[i])
                continue;
            if (v == FRAME_MISSING)
                b->without++;
            else
                add_row(m, b->first + (size_t)v, i);
        }
    }
    for (size_t g = 0; g < m->groups && e == ERR_OK; g++)
        e = finish_group(m, g);
    return e;
}

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* x' A^-1 y of the mean ${at}. */
static double through(const struct dim_means *m, size_t at, const double *x, const double *y)
{
    const double *a = m->inverse + at * m->p * m->p;
    double sum = 0;
    for (size_t i = 0; i < m->p; i++)
        sum += x[i] * dot(a + i * m->p, y, m->p);
    return sum;
}

/* What the row, in the group ${g}, adds to the mean of its own arm. */
static double own(const struct dim_means *m, size_t g, size_t row)
{
    size_t at = g * m->arms + (size_t)m->list->arm[row];
    const struct dim_mean *t = &m->at[at];
    double w = weight_of(m, row), y = m->list->count[row], e, u, h;
    if (isnan(t->mean))
        return 0;
    if (m->p == 0) {
        e = y - t->mean;
        u = w / t->weights;
        h = 1 / (double)t->n;
    } else {
        const double *x = m->x + row * m->p;
        e = y - dot(x, m->beta + at * m->p, m->p);
        u = w * through(m, at, m->xbar + g * m->p, x);
        h = through(m, at, x, x);
    }
    if (m->design != NULL)
        return u * e;
    return 1 - h > 1e-12 ? u * e / sqrt(1 - h) : 0; /* a row that its own term fits has no error */
}

/* Of a design's row: its own arm, and what the mean covariates owe to it. */
static bool weighted_row(const void *ctx, size_t row, double *u)
{
    const struct dim_means *m = ctx;
    if (!m->used[row])
        return false;
    for (size_t k = 0; k < m->blocks; k++) {
        int32_t v = m->block[k].level != NULL ? m->block[k].level[row] : 0;
        if (v == FRAME_MISSING)
            continue;
        size_t g = m->block[k].first + (size_t)v;
        u[g * m->arms + (size_t)m->list->arm[row]] += own(m, g, row);
        double w = weight_of(m, row) / m->group_weights[g];
        for (size_t a = 0; m->p > 0 && a < m->arms; a++) {
            const double *b = m->beta + (g * m->arms + a) * m->p;
            if (!isnan(m->at[g * m->arms + a].mean))
                u[g * m->arms + a] +=
                    w * (dot(m->x + row * m->p, b, m->p) - dot(m->xbar + g * m->p, b, m->p));
        }
    }
    return true;
}

/* Linearised values of raked weights (Deville and Sarndal 1992): w (z - x'B), where w z is the
 * value with the weights taken as given, x the row's indicators of the margins, and B the
 * regression of z on x by the weights before raking. */
struct raked {
    const struct dim_means *m;
    const struct weighting *w;
    size_t q, means;
    double *b;       /* q x means */
    double *x, *z;   /* of a row */
    double *xx, *xz; /* sums */
};

static void raked_free(struct raked *k)
{
    free(k->b);
    free(k->x);
    *k = (struct raked){0};
}

static bool raked_row(const void *ctx, size_t row, double *u)
{
    const struct raked *k = ctx;
    double w = k->m->weight[row];
    weighted_row(k->m, row, u);
    weighting_row(k->w, row, k->x);
    for (size_t i = 0; i < k->q; i++)
        for (size_t j = 0; k->x[i] != 0 && j < k->means; j++)
            u[j] -= w * k->b[i * k->means + j];
    return true; /* rows without a count were raked too */
}

/* B = (sum v x x')^-1 sum v x z, v the weights before raking; the margins overlap (each adds up to
 * all), hence the inverse of the eigenvalues that are not rounding. */
static enum err regress(struct raked *k)
{
    size_t q = k->q;
    double *values = malloc((q + 2 * q * q) * sizeof *values), *vectors = values + q;
    enum err e = values != NULL ? numeric_eigen(k->xx, q, values, vectors) : ERR_NOMEM;
    for (size_t e1 = 0; e == ERR_OK && e1 < q; e1++) {
        if (!(values[e1] > RCOND_MIN * values[q - 1]))
            continue;
        for (size_t j = 0; j < k->means; j++) {
            double along = 0;
            for (size_t i = 0; i < q; i++)
                along += vectors[i * q + e1] * k->xz[i * k->means + j];
            for (size_t i = 0; i < q; i++)
                k->b[i * k->means + j] += vectors[i * q + e1] * along / values[e1];
        }
    }
    free(values);
    return e;
}

static enum err raked_covariance(struct dim_means *m)
{
    size_t q = weighting_columns(m->f->weighting), means = m->groups * m->arms, df;
    struct raked k = {.m = m, .w = m->f->weighting, .q = q, .means = means};
    const double *before = weighting_before(k.w);
    enum err e = ERR_NOMEM;
    k.b = calloc(q * means + 1, sizeof *k.b);
    k.x = calloc(q + means + q * q + q * means + 1, sizeof *k.x);
    if (k.b == NULL || k.x == NULL)
        goto out;
    k.z = k.x + q;
    k.xx = k.z + means;
    k.xz = k.xx + q * q;
    for (size_t row = 0; row < m->f->n; row++) {
        memset(k.z, 0, means * sizeof *k.z);
        weighted_row(m, row, k.z);
        weighting_row(k.w, row, k.x);
        for (size_t i = 0; i < q; i++) {
            double v = before[row] * k.x[i];
            for (size_t j = 0; v != 0 && j < q; j++)
                k.xx[i * q + j] += v * k.x[j];
            for (size_t j = 0; v != 0 && j < means; j++)
                k.xz[i * means + j] += v * k.z[j] / m->weight[row];
        }
    }
    if ((e = regress(&k)) == ERR_OK)
        e = design_linear(m->design, means, raked_row, &k, m->cov, &df);
out:
    raked_free(&k);
    return e;
}

/* Independent rows: each adds its products to the few means that it belongs to. */
static enum err independent(struct dim_means *m)
{
    size_t means = m->groups * m->arms;
    size_t *at = malloc(m->blocks * sizeof *at);
    double *u = malloc(m->blocks * sizeof *u);
    enum err e = at != NULL && u != NULL ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; e == ERR_OK && i < m->f->n; i++) {
        size_t n = 0;
        for (size_t k = 0; m->used[i] && k < m->blocks; k++) {
            int32_t v = m->block[k].level != NULL ? m->block[k].level[i] : 0;
            if (v == FRAME_MISSING)
                continue;
            size_t g = m->block[k].first + (size_t)v;
            at[n] = g * m->arms + (size_t)m->list->arm[i];
            u[n++] = own(m, g, i);
        }
        for (size_t a = 0; a < n; a++)
            for (size_t b = 0; b < n; b++)
                m->cov[at[a] * means + at[b]] += u[a] * u[b];
    }
    free(at);
    free(u);
    return e;
}

enum err dim_means_covariance(struct dim_means *m)
{
    size_t means = m->groups * m->arms, df;
    free(m->cov);
    if ((m->cov = calloc(means * means, sizeof *m->cov)) == NULL)
        return ERR_NOMEM;
    if (m->design != NULL && m->weight != NULL && m->f->weighting != NULL &&
        weighting_columns(m->f->weighting) > 0)
        return raked_covariance(m);
    return m->design != NULL ? design_linear(m->design, means, weighted_row, m, m->cov, &df)
                             : independent(m);
}

double dim_means_between(const struct dim_means *m, size_t a, size_t b, size_t c, size_t d)
{
    size_t n = m->groups * m->arms;
    return m->cov[a * n + c] - m->cov[a * n + d] - m->cov[b * n + c] + m->cov[b * n + d];
}

double dim_means_variance(const struct dim_means *m, size_t i, size_t j)
{
    return dim_means_between(m, i, j, i, j);
}
