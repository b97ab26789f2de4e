#include "admin/estimate/linear_cluster.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/matrix.h"
#include "admin/estimate/numeric.h"

/* Rows used, cluster by cluster. */
struct grouped {
    const struct linear *l;
    const struct linear_fit *f;
    size_t *first; /* of each cluster; clusters + 1 */
    uint32_t *row;
    size_t clusters, largest;
    double *s; /* X'W^2X, p x p */
};

static double row_weight(const struct linear *l, size_t row)
{
    return l->weight != NULL ? l->weight[row] : 1;
}

static void grouped_free(struct grouped *g)
{
    free(g->first);
    free(g->row);
    free(g->s);
}

static size_t cluster_of(const struct linear *l, size_t row)
{
    return l->cluster != NULL ? (size_t)l->cluster[row] : row;
}

static enum err grouped_new(const struct linear *l, const struct linear_fit *f, struct grouped *g)
{
    size_t p = l->p, clusters = l->cluster != NULL ? l->clusters : l->rows;
    *g = (struct grouped){.l = l, .f = f, .clusters = clusters};
    g->first = calloc(clusters + 2, sizeof *g->first);
    g->row = calloc(f->n + 1, sizeof *g->row);
    g->s = calloc(p * p + 1, sizeof *g->s);
    if (g->first == NULL || g->row == NULL || g->s == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < l->rows; i++) {
        if (l->cell[i] < 0)
            continue;
        const double *x = l->x + (size_t)l->cell[i] * p;
        double w2 = row_weight(l, i) * row_weight(l, i);
        g->first[cluster_of(l, i) + 2]++;
        for (size_t a = 0; a < p; a++)
            for (size_t b = 0; b < p; b++)
                g->s[a * p + b] += w2 * x[a] * x[b];
    }
    for (size_t c = 1; c < clusters + 2; c++) {
        g->largest = g->first[c] > g->largest ? g->first[c] : g->largest;
        g->first[c] += g->first[c - 1];
    }
    for (size_t i = 0; i < l->rows; i++)
        if (l->cell[i] >= 0)
            g->row[g->first[cluster_of(l, i) + 1]++] = (uint32_t)i;
    return ERR_OK;
}

/* One cluster at work. B = I + C K C', C = [X, W X] (n x 2p), because H, H' and H H' all have their
 * columns or rows there; so B^-1/2 is the identity but for the 2p directions of C. */
struct cluster {
    size_t n, p;
    double *x, *wx; /* n x p */
    double *e;      /* n: residuals */
    double *c;      /* n x 2p */
    double *basis;  /* n x 2p: orthonormal, and eigenvectors of B */
    double *value;  /* 2p: eigenvalues of B there */
    size_t directions;
    double *room; /* 6 x (2p)^2 + 2p */
};

static enum err cluster_new(const struct grouped *g, struct cluster *k)
{
    size_t n = g->largest, p = g->l->p, q = 2 * p;
    *k = (struct cluster){.p = p};
    double *all = calloc(2 * n * p + 2 * n * q + n + q + 6 * q * q + 3 * q + 1, sizeof *all);
    if (all == NULL)
        return ERR_NOMEM;
    k->x = all;
    k->wx = k->x + n * p;
    k->c = k->wx + n * p;
    k->basis = k->c + n * q;
    k->e = k->basis + n * q;
    k->value = k->e + n;
    k->room = k->value + q;
    return ERR_OK;
}

static void cluster_free(struct cluster *k)
{
    free(k->x);
}

static void cluster_load(const struct grouped *g, size_t which, struct cluster *k)
{
    const struct linear *l = g->l;
    size_t p = k->p;
    k->n = g->first[which + 1] - g->first[which];
    for (size_t i = 0; i < k->n; i++) {
        size_t row = g->row[g->first[which] + i], cell = (size_t)l->cell[row];
        double w = row_weight(l, row);
        k->e[i] = g->f->residual[cell];
        for (size_t j = 0; j < p; j++) {
            k->x[i * p + j] = k->c[i * 2 * p + j] = l->x[cell * p + j];
            k->wx[i * p + j] = k->c[i * 2 * p + p + j] = w * l->x[cell * p + j];
        }
    }
}

/* Orthonormal basis of the columns of C: basis = C V D^-1/2; *r (directions x 2p) = D^1/2 V', so
 * that C = basis r. */
static enum err find_basis(struct cluster *k, double *r)
{
    size_t q = 2 * k->p;
    double *gram = k->room + 2 * q * q, *vectors = gram + q * q, *values = k->room + 6 * q * q;
    memset(gram, 0, q * q * sizeof *gram);
    for (size_t i = 0; i < k->n; i++)
        for (size_t a = 0; a < q; a++)
            for (size_t b = 0; b < q; b++)
                gram[a * q + b] += k->c[i * q + a] * k->c[i * q + b];
    enum err e = numeric_eigen(gram, q, values, vectors);
    if (e != ERR_OK)
        return e;
    k->directions = 0;
    memset(k->basis, 0, k->n * q * sizeof *k->basis);
    for (size_t d = 0; d < q; d++) {
        if (!(values[d] > 1e-12 * values[q - 1]))
            continue;
        size_t at = k->directions++;
        for (size_t a = 0; a < q; a++)
            r[at * q + a] = sqrt(values[d]) * vectors[a * q + d];
        for (size_t i = 0; i < k->n; i++)
            for (size_t a = 0; a < q; a++)
                k->basis[i * q + at] += k->c[i * q + a] * vectors[a * q + d] / sqrt(values[d]);
    }
    return ERR_OK;
}

/* K of B = I + C K C': [M S M, -M; -M, 0]. ${room}: p x p. */
static enum err find_kernel(const struct grouped *g, double *kernel)
{
    size_t p = g->l->p, q = 2 * p;
    const double *m = g->f->bread;
    double *msm = calloc(p * p + 1, sizeof *msm);
    enum err e = msm != NULL ? matrix_sandwich(m, p, g->s, p, msm) : ERR_NOMEM;
    memset(kernel, 0, q * q * sizeof *kernel);
    for (size_t a = 0; e == ERR_OK && a < p; a++)
        for (size_t b = 0; b < p; b++) {
            kernel[a * q + b] = msm[a * p + b];
            kernel[a * q + p + b] = kernel[(p + a) * q + b] = -m[a * p + b];
        }
    free(msm);
    return e;
}

/* Eigenvalues of B in its 2p directions, basis turned to the eigenvectors. */
static enum err find_block(const struct grouped *g, struct cluster *k)
{
    size_t q = 2 * k->p, d;
    double *kernel = k->room, *r = k->room + q * q, *small = r + q * q, *vectors = small + q * q;
    enum err e = find_kernel(g, kernel);
    if (e != ERR_OK || (e = find_basis(k, r)) != ERR_OK)
        return e;
    d = k->directions;
    if ((e = matrix_sandwich(r, d, kernel, q, small)) != ERR_OK ||
        (e = numeric_eigen(small, d, k->value, vectors)) != ERR_OK)
        return e;
    double *turned = k->room + 4 * q * q;
    for (size_t i = 0; i < k->n; i++) {
        for (size_t a = 0; a < d; a++) {
            turned[a] = 0;
            for (size_t b = 0; b < d; b++)
                turned[a] += k->basis[i * q + b] * vectors[b * d + a];
        }
        memcpy(k->basis + i * q, turned, d * sizeof *turned);
    }
    for (size_t a = 0; a < d; a++)
        k->value[a] += 1;
    return ERR_OK;
}

/* v = B^-1/2 v; directions that the fit uses up (eigenvalue 0) are set to 0, as with a
 * generalised inverse. */
static void half_invert(const struct cluster *k, double *v)
{
    size_t q = 2 * k->p;
    for (size_t a = 0; a < k->directions; a++) {
        double along = 0, value = k->value[a] > 1e-9 ? 1 / sqrt(k->value[a]) : 0;
        for (size_t i = 0; i < k->n; i++)
            along += k->basis[i * q + a] * v[i];
        for (size_t i = 0; i < k->n; i++)
            v[i] += (value - 1) * along * k->basis[i * q + a];
    }
}

enum err linear_cluster_variance(const struct linear *l, const struct linear_fit *f,
                                 enum linear_se se, double *out)
{
    size_t p = l->p;
    struct grouped g;
    struct cluster k = {0};
    double *meat = calloc(p * p + p + 1, sizeof *meat);
    enum err e = grouped_new(l, f, &g);
    if (e == ERR_OK)
        e = meat != NULL ? cluster_new(&g, &k) : ERR_NOMEM;
    double *total = meat != NULL ? meat + p * p : NULL;
    for (size_t c = 0; e == ERR_OK && c < g.clusters; c++) {
        cluster_load(&g, c, &k);
        if (k.n == 0)
            continue;
        if (se == LINEAR_CR2 && (e = find_block(&g, &k)) != ERR_OK)
            break;
        if (se == LINEAR_CR2)
            half_invert(&k, k.e);
        memset(total, 0, p * sizeof *total);
        for (size_t i = 0; i < k.n; i++)
            for (size_t a = 0; a < p; a++)
                total[a] += k.wx[i * p + a] * k.e[i];
        for (size_t a = 0; a < p; a++)
            for (size_t b = 0; b < p; b++)
                meat[a * p + b] += total[a] * total[b];
    }
    if (e == ERR_OK)
        e = matrix_sandwich(f->bread, p, meat, p, out);
    double n = (double)f->n, groups = (double)f->groups;
    double scale = se == LINEAR_STATA ? groups / (groups - 1) * (n - 1) / (n - (double)p) : 1;
    for (size_t i = 0; e == ERR_OK && i < p * p; i++)
        out[i] *= scale;
    grouped_free(&g);
    cluster_free(&k);
    free(meat);
    return e;
}

/* Of each cluster, a = B^-1/2 W X M c: u = X'a, v = X'W a, and a'a. */
static enum err directions_of(const struct grouped *g, struct cluster *k, const double *mc,
                              double *u, double *v, double *square)
{
    size_t p = k->p;
    enum err e = ERR_OK;
    for (size_t c = 0; e == ERR_OK && c < g->clusters; c++) {
        cluster_load(g, c, k);
        if (k->n == 0)
            continue;
        if ((e = find_block(g, k)) != ERR_OK)
            break;
        for (size_t i = 0; i < k->n; i++) {
            k->e[i] = 0;
            for (size_t a = 0; a < p; a++)
                k->e[i] += k->wx[i * p + a] * mc[a];
        }
        half_invert(k, k->e);
        for (size_t i = 0; i < k->n; i++) {
            square[c] += k->e[i] * k->e[i];
            for (size_t a = 0; a < p; a++) {
                u[c * p + a] += k->x[i * p + a] * k->e[i];
                v[c * p + a] += k->wx[i * p + a] * k->e[i];
            }
        }
    }
    return e;
}

static double bilinear(const double *a, const double *m, const double *b, size_t p)
{
    double sum = 0;
    for (size_t i = 0; i < p; i++)
        for (size_t j = 0; j < p; j++)
            sum += a[i] * m[i * p + j] * b[j];
    return sum;
}

/* (sum_g P_gg)^2 / sum_gh P_gh^2 with P_gh = a_g' [(I - H)(I - H)']_gh a_h. */
static void satterthwaite(const struct grouped *g, const double *msm, const double *u,
                          const double *v, const double *square, double *out)
{
    size_t p = g->l->p;
    double trace = 0, squares = 0;
    const double *m = g->f->bread;
    for (size_t a = 0; a < g->clusters; a++)
        for (size_t b = 0; b <= a; b++) {
            const double *ua = u + a * p, *ub = u + b * p, *va = v + a * p, *vb = v + b * p;
            double x = (a == b ? square[a] : 0) - bilinear(ua, m, vb, p) - bilinear(va, m, ub, p) +
                       bilinear(ua, msm, ub, p);
            trace += a == b ? x : 0;
            squares += (a == b ? 1 : 2) * x * x;
        }
    *out = trace * trace / squares;
}

enum err linear_cluster_df(const struct linear *l, const struct linear_fit *f, const double *c,
                           double *out)
{
    size_t p = l->p;
    struct grouped g;
    struct cluster k = {0};
    enum err e = grouped_new(l, f, &g);
    size_t n = g.clusters;
    double *room = calloc(2 * n * p + n + p * p + p + 1, sizeof *room);
    double *u = room, *v = room != NULL ? u + n * p : NULL;
    double *square = room != NULL ? v + n * p : NULL, *msm = room != NULL ? square + n : NULL;
    double *mc = room != NULL ? msm + p * p : NULL;
    if (e == ERR_OK)
        e = room != NULL ? cluster_new(&g, &k) : ERR_NOMEM;
    if (e != ERR_OK)
        goto out;
    for (size_t a = 0; a < p; a++)
        for (size_t b = 0; b < p; b++)
            mc[a] += f->bread[a * p + b] * c[b];
    if ((e = matrix_sandwich(f->bread, p, g.s, p, msm)) != ERR_OK ||
        (e = directions_of(&g, &k, mc, u, v, square)) != ERR_OK)
        goto out;
    satterthwaite(&g, msm, u, v, square, out);
out:
    grouped_free(&g);
    cluster_free(&k);
    free(room);
    return e;
}
