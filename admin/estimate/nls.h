/* Two-step non-linear least squares (Imai 2011, section 2.2): psi from the control counts, y = J
 * logistic(x'psi) + e; then delta of each item from its arm, y - J logistic(x'psi) =
 * logistic(x'delta) + e. Variance: sandwich of the two steps as one set of estimating equations,
 * with the weights in it; by rows (robust), sampling points (cluster) or design.
 *
 * --error topcode, uniform (Blair, Chou and Imai 2019): all coefficients at once from E(y) = p T +
 * (1 - p) A, with A the mean of a true answer, T the mean of an erroneous one (J or J + 1; half of
 * that) and p by both arms or each. Means alone hardly tell an error rate from the other
 * coefficients; where they do not, nothing is printed but the reason. */
#ifndef SANAQ_ADMIN_ESTIMATE_NLS_H
#define SANAQ_ADMIN_ESTIMATE_NLS_H

#include "admin/estimate/estimate.h"

extern const struct estimator nls_estimator;

#endif
