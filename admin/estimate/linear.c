#include "admin/estimate/linear.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/linear_cluster.h"
#include "admin/estimate/matrix.h"
#include "admin/estimate/numeric.h"
#include "core/log.h"

/* The normal equations square the condition; what a second solve adds to the residuals' fit takes
 * the error back. */
enum { REFINEMENTS = 3 };

static double row_weight(const struct linear *l, size_t row)
{
    return l->weight != NULL ? l->weight[row] : 1;
}

void linear_free(struct linear_fit *f)
{
    free(f->b);
    free(f->bread);
    free(f->residual);
    *f = (struct linear_fit){0};
}

/* sum weight[i] x x' over cells. */
static void cross(const struct linear *l, const double *weight, double *out)
{
    size_t p = l->p;
    memset(out, 0, p * p * sizeof *out);
    for (size_t i = 0; i < l->cells; i++) {
        const double *x = l->x + i * p;
        for (size_t a = 0; a < p; a++)
            for (size_t b = 0; x[a] != 0 && b <= a; b++)
                out[a * p + b] += weight[i] * x[a] * x[b];
    }
    for (size_t a = 0; a < p; a++)
        for (size_t b = 0; b < a; b++)
            out[b * p + a] = out[a * p + b];
}

static void find_residuals(const struct linear *l, struct linear_fit *f)
{
    for (size_t i = 0; i < l->cells; i++) {
        double fit = 0;
        for (size_t j = 0; j < l->p; j++)
            fit += l->x[i * l->p + j] * f->b[j];
        f->residual[i] = l->y[i] - fit;
    }
}

/* b += M X'W (y - X b). ${score}: p. */
static void refine(const struct linear *l, const double *weight, double *score,
                   struct linear_fit *f)
{
    size_t p = l->p;
    find_residuals(l, f);
    memset(score, 0, p * sizeof *score);
    for (size_t i = 0; i < l->cells; i++)
        for (size_t j = 0; j < p; j++)
            score[j] += weight[i] * f->residual[i] * l->x[i * p + j];
    for (size_t a = 0; a < p; a++)
        for (size_t b = 0; b < p; b++)
            f->b[a] += f->bread[a * p + b] * score[b];
}

static enum err count_groups(const struct linear *l, struct linear_fit *f)
{
    if (l->cluster == NULL) {
        f->groups = f->n;
        return ERR_OK;
    }
    uint8_t *seen = calloc(l->clusters + 1, 1);
    if (seen == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < l->rows; i++)
        if (l->cell[i] >= 0) {
            f->groups += !seen[l->cluster[i]];
            seen[l->cluster[i]] = 1;
        }
    free(seen);
    return ERR_OK;
}

enum err linear_fit(const struct linear *l, const char *what, struct linear_fit *out)
{
    size_t p = l->p;
    double rcond = 0, sum = 0;
    struct linear_fit f = {.p = p,
                           .b = calloc(p + 1, sizeof *f.b),
                           .bread = calloc(p * p + 1, sizeof *f.bread),
                           .residual = calloc(l->cells + 1, sizeof *f.residual)};
    double *weight = calloc(l->cells + p + 1, sizeof *weight);
    enum err e = ERR_NOMEM;
    if (f.b == NULL || f.bread == NULL || f.residual == NULL || weight == NULL)
        goto out;
    for (size_t i = 0; i < l->rows; i++)
        if (l->cell[i] >= 0) {
            weight[l->cell[i]] += row_weight(l, i);
            f.n++;
        }
    cross(l, weight, f.bread);
    if ((e = numeric_spd_inverse(f.bread, p, f.bread, &rcond)) != ERR_OK)
        goto out;
    if (!(rcond > 1e-13) || f.n <= p) {
        e = log_fail(ERR_STUDY,
                     "%s: %zu respondents do not determine %zu coefficients; leave out covariates",
                     what, f.n, p);
        goto out;
    }
    for (int i = 0; i < REFINEMENTS; i++)
        refine(l, weight, weight + l->cells, &f);
    find_residuals(l, &f);
    for (size_t i = 0; i < l->cells; i++)
        sum += weight[i] * f.residual[i] * f.residual[i];
    f.sigma2 = sum / (double)(f.n - p);
    if ((e = count_groups(l, &f)) != ERR_OK)
        goto out;
    *out = f;
    f = (struct linear_fit){0};
out:
    linear_free(&f);
    free(weight);
    return e;
}

/* What each cell's rows add to sum (w e)^2 x x', by kind; leverage 1 is counted in *alone. */
static void cell_squares(const struct linear *l, const struct linear_fit *f, enum linear_se se,
                         double *square, size_t *alone)
{
    for (size_t i = 0; i < l->rows; i++) {
        if (l->cell[i] < 0)
            continue;
        size_t k = (size_t)l->cell[i];
        const double *x = l->x + k * l->p;
        double w = row_weight(l, i), e = f->residual[k], left = 1;
        if (se == LINEAR_HC2 || se == LINEAR_HC3) {
            left = 1 - w * matrix_quadratic(x, f->bread, l->p);
            if (!(left > 1e-9)) {
                (*alone)++;
                continue;
            }
        }
        square[k] += w * w * e * e / (se == LINEAR_HC3 ? left * left : left);
    }
}

static enum err rows_variance(const struct linear *l, const struct linear_fit *f, enum linear_se se,
                              const char *what, double *out)
{
    size_t p = l->p, alone = 0;
    double *square = calloc(l->cells + p * p + 1, sizeof *square);
    if (square == NULL)
        return ERR_NOMEM;
    cell_squares(l, f, se, square, &alone);
    double *meat = square + l->cells;
    cross(l, square, meat);
    enum err e = alone > 0
                     ? log_fail(ERR_STUDY,
                                "%s: %zu %s alone a coefficient, so that HC2 and HC3 do not "
                                "exist; leave out covariates, or use --se HC0",
                                what, alone,
                                alone == 1 ? "respondent determines" : "respondents each determine")
                     : matrix_sandwich(f->bread, p, meat, p, out);
    double n = (double)f->n, scale = se == LINEAR_HC1 ? n / (n - (double)p) : 1;
    for (size_t i = 0; e == ERR_OK && i < p * p; i++)
        out[i] *= scale;
    free(square);
    return e;
}

enum err linear_variance(const struct linear *l, const struct linear_fit *f, enum linear_se se,
                         const char *what, double *out)
{
    if (se >= LINEAR_CR0)
        return linear_cluster_variance(l, f, se, out);
    if (se != LINEAR_CONST)
        return rows_variance(l, f, se, what, out);
    for (size_t i = 0; i < l->p * l->p; i++)
        out[i] = f->sigma2 * f->bread[i];
    return ERR_OK;
}

enum err linear_df(const struct linear *l, const struct linear_fit *f, enum linear_se se,
                   const double *c, double *out)
{
    if (se == LINEAR_CR2)
        return linear_cluster_df(l, f, c, out);
    *out = se >= LINEAR_CR0 ? (double)f->groups - 1 : (double)(f->n - f->p);
    return ERR_OK;
}
