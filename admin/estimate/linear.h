/* Weighted least squares on rows grouped into cells, with the variances that survey and experiment
 * people use.
 *
 * M = (X'WX)^-1, e the residuals, h_i = w_i x_i'M x_i the leverage.
 * const: sigma^2 M. HC0: M (sum w^2 e^2 x x') M; HC1: times n/(n-p); HC2: e^2/(1 - h); HC3:
 * e^2/(1 - h)^2 (MacKinnon and White 1985). CR0: sums of w e x of a cluster in place of one row's;
 * stata: times G/(G-1) (n-1)/(n-p). CR2 (Bell and McCaffrey 2002; Pustejovsky and Tipton 2018 with
 * an identity working model): residuals of cluster g multiplied by B_g^-1/2, B_g the block of
 * (I - H)(I - H)', H = X M X'W. Degrees of freedom of CR2 after Satterthwaite (same papers); of the
 * others n - p, G - 1. */
#ifndef SANAQ_ADMIN_ESTIMATE_LINEAR_H
#define SANAQ_ADMIN_ESTIMATE_LINEAR_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

struct linear {
    size_t cells, p;
    const double *x;        /* cells x p */
    const double *y;        /* per cell */
    size_t rows;            /* of the data */
    const int32_t *cell;    /* of each row; -1: not used */
    const double *weight;   /* per row, above 0; NULL: 1 */
    const int32_t *cluster; /* per row, 0.. below clusters; NULL: each row its own */
    size_t clusters;
};

enum linear_se {
    LINEAR_CONST,
    LINEAR_HC0,
    LINEAR_HC1,
    LINEAR_HC2,
    LINEAR_HC3,
    LINEAR_CR0,
    LINEAR_STATA,
    LINEAR_CR2
};

struct linear_fit {
    size_t p, n, groups; /* rows used; clusters with a row used */
    double *b;           /* p */
    double *bread;       /* p x p: M */
    double *residual;    /* per cell */
    double sigma2;       /* sum w e^2 / (n - p) */
};

/** ERR_STUDY (said, with ${what}) where the columns cannot be told apart in the rows used or there
 * are no more rows than coefficients; ERR_NOMEM. linear_free it. */
enum err linear_fit(const struct linear *l, const char *what, struct linear_fit *out);
void linear_free(struct linear_fit *f);

/** Covariance of b, p x p. HC2, HC3: ERR_STUDY (said) where a row has leverage 1 (it alone carries
 * a coefficient, whose spread then shows nowhere). ERR_NOMEM. */
enum err linear_variance(const struct linear *l, const struct linear_fit *f, enum linear_se se,
                         const char *what, double *out);
/** Degrees of freedom of the combination ${c} (p) of coefficients. ERR_NOMEM. */
enum err linear_df(const struct linear *l, const struct linear_fit *f, enum linear_se se,
                   const double *c, double *out);

#endif
