#include <math.h>
#include <string.h>

#include "admin/estimate/ml_model.h"

/* Sums over k = 1..n-1 of what log(mu + k s) gives; k = 0 stands apart, so that nothing underflows
 * where mu does. */
struct sums {
    double log, first, second, k1, k2, kk2; /* log(.), 1/., 1/.^2, k/., k/.^2, k^2/.^2 */
};

static struct sums sums_of(double mean, double s, int n)
{
    struct sums t = {0};
    for (int k = 1; k < n; k++) {
        double a = mean + k * s, r = 1 / a;
        t.log += log(a);
        t.first += r;
        t.second += r * r;
        t.k1 += k * r;
        t.k2 += k * r * r;
        t.kk2 += k * k * r * r;
    }
    return t;
}

static double softplus(double x)
{
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

void ml_add_beta_binomial(struct likelihood_class *k, size_t m, size_t r, double eta,
                          double log_rho, int y, int size)
{
    if (y < 0 || y > size) {
        k->ll = -INFINITY;
        return;
    }
    double mu = 1 / (1 + exp(-eta)), nu = 1 / (1 + exp(eta)), s = exp(log_rho), v = mu * nu;
    struct sums a = sums_of(mu, s, y), b = sums_of(nu, s, size - y), c = sums_of(1, s, size);
    double choose = 1;
    for (int i = 1; i <= y; i++)
        choose = choose * (size - y + i) / i;
    k->ll += log(choose) + a.log + b.log - c.log - (y > 0 ? softplus(-eta) : 0) -
             (y < size ? softplus(eta) : 0);
    k->d[m] += (y > 0 ? nu : 0) - (y < size ? mu : 0) + v * (a.first - b.first);
    k->h[likelihood_pair(m, m)] += -((y > 0) + (y < size)) * v +
                                   v * (nu - mu) * (a.first - b.first) -
                                   v * v * (a.second + b.second);
    double slope = s * (a.k1 + b.k1 - c.k1);
    k->d[r] += slope;
    k->h[likelihood_pair(r, r)] += slope + s * s * (c.kk2 - a.kk2 - b.kk2);
    k->h[m > r ? likelihood_pair(m, r) : likelihood_pair(r, m)] += s * v * (b.k2 - a.k2);
}

static size_t place(size_t *block, size_t *n, size_t which)
{
    for (size_t i = 0; i < *n; i++)
        if (block[i] == which)
            return i;
    block[(*n)++] = which;
    return *n - 1;
}

/* Where the predictors of a segment stand among its active ones. */
struct places {
    size_t n, block[LIKELIHOOD_ACTIVE];
    size_t psi[2], rho[2], sensitive, y0[2], ceiling, floor, error;
};

enum { ABSENT = LIKELIHOOD_ACTIVE };

/* The y0 scalar that the logit of z has when y0 control items are counted; ML_NONE: none. */
static size_t y0_block(const struct ml *q, int arm, int y0)
{
    if (q->multi == MULTI_NONE || arm == 0 || y0 < 0 || y0 > q->items)
        return ML_NONE;
    if (q->multi == MULTI_LEVEL)
        return q->y0[arm];
    return y0 < q->items ? q->y0[arm] + (size_t)y0 : ML_NONE;
}

static struct places find_places(const struct ml *q, const struct cells_segment *s)
{
    struct places p = {.sensitive = ABSENT, .ceiling = ABSENT, .floor = ABSENT, .error = ABSENT};
    bool mixed = q->psi[0] != q->psi[1] || q->rho[0] != q->rho[1];
    for (size_t z = 0; z < 2; z++) {
        size_t extra = y0_block(q, s->arm, s->y - (int)z);
        p.psi[z] = place(p.block, &p.n, q->psi[z]);
        p.rho[z] = q->rho[z] != ML_NONE ? place(p.block, &p.n, q->rho[z]) : ABSENT;
        p.y0[z] = extra != ML_NONE ? place(p.block, &p.n, extra) : ABSENT;
    }
    if (s->arm != 0 || mixed)
        p.sensitive = place(p.block, &p.n, q->sensitive[s->arm]);
    if (s->arm != 0 && q->ceiling != ML_NONE && s->y >= q->items)
        p.ceiling = place(p.block, &p.n, q->ceiling);
    if (s->arm != 0 && q->floor != ML_NONE && s->y <= 1)
        p.floor = place(p.block, &p.n, q->floor);
    if (q->kind != ERROR_NONE)
        p.error = place(p.block, &p.n, q->error[s->arm != 0]);
    return p;
}

size_t ml_latent_active(const void *ctx, const struct cells_segment *s, size_t *block)
{
    struct places p = find_places(ctx, s);
    memcpy(block, p.block, p.n * sizeof *block);
    return p.n;
}

/* log P(z) += in the classes' predictors: the logit may have a scalar of y0. */
static void add_sensitive(const struct ml *q, const struct places *p, const double *eta, int y0,
                          int z, struct likelihood_class *k)
{
    size_t extra = p->y0[z];
    double times = q->multi == MULTI_LEVEL ? y0 : 1;
    double x = eta[p->sensitive] + (extra != ABSENT ? times * eta[extra] : 0);
    double before = k->d[p->sensitive];
    size_t ss = likelihood_pair(p->sensitive, p->sensitive);
    double curve = k->h[ss];
    likelihood_add_logistic(k, p->sensitive, x, z ? 1 : -1);
    if (extra == ABSENT)
        return;
    double d = k->d[p->sensitive] - before, h = k->h[ss] - curve;
    k->d[extra] += times * d;
    k->h[likelihood_pair(extra, extra)] += times * times * h;
    k->h[extra > p->sensitive ? likelihood_pair(extra, p->sensitive)
                              : likelihood_pair(p->sensitive, extra)] += times * h;
}

static void add_count(const struct ml *q, const struct places *p, const double *eta, int y0, int z,
                      struct likelihood_class *k)
{
    if (p->rho[z] != ABSENT)
        ml_add_beta_binomial(k, p->psi[z], p->rho[z], eta[p->psi[z]], eta[p->rho[z]], y0, q->items);
    else
        likelihood_add_binomial(k, p->psi[z], eta[p->psi[z]], y0, q->items);
}

static void add_honest(const struct ml *q, const struct places *p, const double *eta, int sign,
                       struct likelihood_class *k)
{
    if (q->kind != ERROR_NONE)
        likelihood_add_logistic(k, p->error, eta[p->error], sign);
}

/* Who says ${y}: classes with their probabilities at one cell, and which z each has (-1: either).
 */
static size_t classes_of(const struct ml *q, const struct places *p, const struct cells_segment *s,
                         const double *eta, struct likelihood_class *k, int *of_z)
{
    int arm = s->arm != 0, y = s->y;
    size_t n = 0;
    for (int z = 0; z < (p->sensitive != ABSENT ? 2 : 1); z++, n++) { /* truly counted */
        int y0 = y - (arm ? z : 0);
        of_z[n] = p->sensitive != ABSENT ? z : -1;
        k[n] = (struct likelihood_class){0};
        add_count(q, p, eta, y0, z, &k[n]);
        if (k[n].ll == -INFINITY)
            continue;
        if (p->sensitive != ABSENT)
            add_sensitive(q, p, eta, y0, z, &k[n]);
        if (p->floor != ABSENT && z == 1 && y == 1)
            likelihood_add_logistic(&k[n], p->floor, eta[p->floor], -1);
        if (p->ceiling != ABSENT && z == 1 && y == q->items + 1)
            likelihood_add_logistic(&k[n], p->ceiling, eta[p->ceiling], -1);
        add_honest(q, p, eta, -1, &k[n]);
    }
    for (int end = 0; end < 2; end++) { /* z = 1 and an extreme y0, said as if z = 0 */
        size_t liar = end ? p->ceiling : p->floor;
        int y0 = end ? q->items : 0;
        if (liar == ABSENT || y != y0)
            continue;
        of_z[n] = 1;
        k[n] = (struct likelihood_class){0};
        add_count(q, p, eta, y0, 1, &k[n]);
        add_sensitive(q, p, eta, y0, 1, &k[n]);
        likelihood_add_logistic(&k[n++], liar, eta[liar], 1);
    }
    if (q->kind == ERROR_UNIFORM || (q->kind == ERROR_TOPCODE && y == q->items + arm)) {
        of_z[n] = -1;
        k[n] = (struct likelihood_class){0};
        add_honest(q, p, eta, 1, &k[n]);
        k[n++].ll -= q->kind == ERROR_UNIFORM ? log(q->items + 1 + arm) : 0;
    }
    return n;
}

double ml_posterior(const struct ml *q, const struct cells_segment *s, const double *eta,
                    double prior)
{
    struct likelihood_class k[LIKELIHOOD_CLASSES];
    int of_z[LIKELIHOOD_CLASSES];
    struct places p = find_places(q, s);
    size_t n = classes_of(q, &p, s, eta, k, of_z);
    double most = -INFINITY, all = 0, yes = 0, before = 1 / (1 + exp(-prior));
    for (size_t c = 0; c < n; c++)
        most = k[c].ll > most ? k[c].ll : most;
    for (size_t c = 0; c < n; c++) {
        double share = exp(k[c].ll - most);
        all += share;
        yes += share * (of_z[c] < 0 ? before : of_z[c]);
    }
    return yes / all;
}

void ml_latent_evaluate(const void *ctx, const struct likelihood_batch *b)
{
    const struct ml *q = ctx;
    struct likelihood_class k[LIKELIHOOD_CLASSES];
    int of_z[LIKELIHOOD_CLASSES];
    struct places p = find_places(q, b->segment);
    double eta[LIKELIHOOD_ACTIVE];
    for (size_t i = 0; i < b->count; i++) {
        for (size_t m = 0; m < p.n; m++)
            eta[m] = b->eta[m][i];
        size_t classes = classes_of(q, &p, b->segment, eta, k, of_z);
        likelihood_mix(k, classes, p.n, i, b);
    }
}

double ml_joint(const struct ml *q, int arm, int y0, const double *eta, double *d)
{
    enum { SENSITIVE, SCALAR, MEAN, RHO };
    struct likelihood_class k = {0};
    struct places p = {
        .n = ML_JOINT,
        .psi = {MEAN, MEAN},
        .rho = {q->rho[1] != ML_NONE ? RHO : ABSENT, q->rho[1] != ML_NONE ? RHO : ABSENT},
        .sensitive = SENSITIVE};
    p.y0[0] = p.y0[1] = y0_block(q, arm, y0) != ML_NONE ? SCALAR : ABSENT;
    add_count(q, &p, eta, y0, 1, &k);
    add_sensitive(q, &p, eta, y0, 1, &k);
    double v = exp(k.ll);
    for (size_t m = 0; m < ML_JOINT; m++)
        d[m] = v * k.d[m];
    return v;
}
