/* Mean counts of every arm in every group (all respondents, and each level of each --by column), as
 * domains of one design, with one covariance matrix over them all.
 *
 * A mean is the ratio of weighted sums or, adjusted (Lin 2013), the value at the group's mean
 * covariates of the arm's own regression: m = xbar' b, b = A^-1 sum w x y, A = sum w x x'.
 * Linearised values: w (y - m) / W and w e xbar' A^-1 x. Without a design rows are independent and
 * u is divided by sqrt(1 - h), h the row's leverage (HC2; for means that is s^2 / n); the mean
 * covariates are then taken as given, as in Lin's regression. With a design they are estimates too:
 * every row of the group adds w (x - xbar)' b / W of the group. */
#ifndef SANAQ_ADMIN_ESTIMATE_DIM_MEANS_H
#define SANAQ_ADMIN_ESTIMATE_DIM_MEANS_H

#include "admin/estimate/design.h"
#include "admin/estimate/estimate.h"
#include "admin/estimate/terms.h"

enum { DIM_MEANS_MAX = 2000 };

/** One arm of one group. Sums of whole numbers are exact. */
struct dim_mean {
    size_t n;
    int64_t sum, squares;
    double weights; /* sum */
    double plain;   /* weighted mean of the counts */
    double mean;    /* the same, adjusted if there are covariates; NAN where it cannot be had */
};

/** One column of groups; the first block is all respondents. */
struct dim_block {
    int by;               /* frame column, or -1 */
    const int32_t *level; /* per row; NULL: all in group 0 */
    size_t levels, first; /* groups first .. first + levels - 1 */
    size_t without;       /* rows used that have no value of the column */
};

struct dim_means {
    const struct frame *f;
    const struct frame_list *list;
    const uint8_t *used;         /* per row */
    const double *weight;        /* per row, 0 allowed; NULL: 1 */
    const struct design *design; /* NULL: a simple random sample */
    const struct terms *terms;   /* NULL: no covariates */
    struct dim_block *block;
    size_t blocks, groups, arms;
    struct dim_mean *at; /* [group * arms + arm] */
    double *cov;         /* means x means, in their order; NULL before dim_means_covariance */
    size_t p;            /* columns of x, 0 without covariates */
    double *x;           /* rows x p: the design rows of the rows used */
    double *xbar;        /* groups x p */
    double *beta;        /* means x p */
    double *inverse;     /* means x p x p: A^-1 */
    double *group_weights;
};

/** The groups of ${o} with room for their means. What is said of f, used, weight, design and terms
 * must outlive it. ERR_USAGE (said): too many groups; ERR_NOMEM. dim_means_free in every case. */
enum err dim_means_new(const struct frame *f, const struct estimate_options *o, const uint8_t *used,
                       const struct terms *terms, struct dim_means *out);
void dim_means_free(struct dim_means *m);

/** Means under m->weight. ERR_NOMEM. */
enum err dim_means_fill(struct dim_means *m);
/** Their covariance, by design or HC2, at the means just filled. ERR_NOMEM. */
enum err dim_means_covariance(struct dim_means *m);

/** Variance of mean ${i} minus mean ${j}. */
double dim_means_variance(const struct dim_means *m, size_t i, size_t j);
/** Covariance of (a - b) with (c - d). */
double dim_means_between(const struct dim_means *m, size_t a, size_t b, size_t c, size_t d);

#endif
