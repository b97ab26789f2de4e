/* Difference in means: mean count of a treatment arm minus mean count of control.
 *
 * Without weights, points and strata ("srs", "welch"): variance s1^2/n1 + s0^2/n0 (which is HC2),
 * degrees of freedom by Welch and Satterthwaite (Welch 1947). With any of them: weighted ratio
 * means and Taylor linearisation (design.h). Groups are domains of the full design; one covariance
 * matrix holds the means of all arms and groups (dim_means.h).
 *
 * With --covariates adjusted by regression (Lin 2013): each arm's own regression at the mean
 * covariates of both; "srs": HC2, degrees of freedom n minus the coefficients of the two arms.
 *
 * Equality of the groups of one column: Wald chi-square with the full covariance of the groups;
 * with a design its F (Korn and Graubard 1990): (d - q + 1)/(d q) W on q and d - q + 1 degrees,
 * d points minus strata. Left out of it are withheld groups and those without a standard error
 * above 0. Pre-specified tests are also adjusted by Holm (1979), over those of the same result.
 *
 * Missing counts by arm: Pearson's chi-square, or Fisher's exact p where fewer than 5 are expected
 * in an arm; with a design the same F of the shares missing. */
#ifndef SANAQ_ADMIN_ESTIMATE_DIM_H
#define SANAQ_ADMIN_ESTIMATE_DIM_H

#include "admin/estimate/estimate.h"

extern const struct estimator dim_estimator;

/** What a Wald statistic ${w} on ${q} degrees says: *statistic and *p of a chi-square, or with
 * ${design} of an F with *df2 (else NAN) by ${points}, points minus strata; NAN where those are
 * too few. */
void dim_judge(double w, size_t q, bool design, size_t points, double *statistic, double *df2,
               double *p);

/** Add the test of missing counts by arm to ${r}; nothing where no count is missing. ${d}: the
 * design, or NULL. ERR_NOMEM. */
struct design;
enum err dim_missing(const struct frame *f, const struct estimate_options *o,
                     const struct design *d, struct estimate_result *r);

/** The same of interviews broken off before the count; nothing where there is none. */
enum err dim_broken_off(const struct frame *f, const struct estimate_options *o,
                        const struct design *d, struct estimate_result *r);

/** Adjust the pre-specified tests of ${r}; warns where the data have pre-specified columns that
 * are not among them. ERR_NOMEM. */
enum err dim_holm(const struct frame *f, struct estimate_result *r);

#endif
