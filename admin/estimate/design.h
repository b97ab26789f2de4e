/* The sampling design: weights, sampling points (clusters) and strata, and the variances that come
 * of them. Taylor linearisation, first stage with replacement (Binder 1983; Wolter 2007, chapter
 * 6): linearised values u_i, 0 outside the domain; totals t of the points of each stratum;
 * V = sum over strata of n/(n-1) sum (t - mean t)^2. Without points every row is one of its own. */
#ifndef SANAQ_ADMIN_ESTIMATE_DESIGN_H
#define SANAQ_ADMIN_ESTIMATE_DESIGN_H

#include "admin/frame/frame.h"

struct design;

/** The design of all rows of ${f}: those without a count stay in, as zeros; design_points,
 * design_strata and design_lone count what holds a row used of ${list}. Needs a weight, psu or
 * stratum in the frame. ERR_STUDY (said) for a weight that is not a number above 0; ERR_NOMEM. */
enum err design_new(const struct frame *f, const struct frame_list *list, struct design **out);
void design_free(struct design *d);

size_t design_points(const struct design *d); /* a point number seen in two strata counts twice */
size_t design_strata(const struct design *d);
size_t design_lone(const struct design *d);  /* strata with a single point */
size_t design_split(const struct design *d); /* point numbers seen in more than one stratum */

double design_weight(const struct frame *f, size_t row);

/** Degrees of freedom of each domain: points minus strata, of those where the domain has a row
 * (Korn and Graubard 1999), so that a domain of few points does not borrow the confidence of the
 * others. ${in}: a byte per row, 0 for rows of no domain; ${level}: the domain of each row,
 * FRAME_MISSING none; NULL: domain 0. ERR_NOMEM. */
enum err design_degrees(const struct design *d, const uint8_t *in, const int32_t *level,
                        size_t levels, size_t *df);

/** The linearised values of ${row} into ${u} (zeros before); false: the row is not of the domain.
 */
typedef bool design_row(const void *ctx, size_t row, double *u);

/** Covariance (k x k, by rows) of ${k} totals over rows, and points minus strata of those that hold
 * a row of the domain. The caller has multiplied by the weights. What depends on the totals
 * linearly may be formed afterwards: the covariance of A t is A cov A', if the totals A t add up to
 * 0 wherever a stratum has a single point. ERR_NOMEM. */
enum err design_linear(const struct design *d, size_t k, design_row *row, const void *ctx,
                       double *cov, size_t *df);
/** Scores of a fit: what each row adds to the estimating equations is weight times score. */
struct matrix;
struct design_scores {
    const int32_t *cell;        /* row of ${score} of each row of the frame, -1: none */
    const struct matrix *score; /* unweighted */
    bool linearised;            /* n/(n-1) and centring by stratum; false: plain sums of products */
};
/** Covariance of the totals of the scores (cols x cols). Points and lone points as above; points
 * without a row used are points of their stratum all the same. ERR_NOMEM. */
enum err design_score_covariance(const struct design *d, const struct design_scores *q,
                                 double *cov);

#endif
