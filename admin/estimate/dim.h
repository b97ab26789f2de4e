/* Difference in means: mean count of a treatment arm minus mean count of control.
 *
 * Without weights, points and strata ("srs", "welch"): variance s1^2/n1 + s0^2/n0 (which is HC2),
 * degrees of freedom by Welch and Satterthwaite (Welch 1947). With any of them: weighted ratio
 * means and Taylor linearisation (design.h). Groups are domains of the full design.
 *
 * Equality of the groups of one column: Wald chi-square with the full covariance of the groups.
 * Left out of it are withheld groups and those without a standard error above 0. */
#ifndef SANAQ_ADMIN_ESTIMATE_DIM_H
#define SANAQ_ADMIN_ESTIMATE_DIM_H

#include "admin/estimate/estimate.h"

extern const struct estimator dim_estimator;

#endif
