/* Distributions and small linear algebra: the only place of the estimators that includes GSL. */
#ifndef SANAQ_ADMIN_ESTIMATE_NUMERIC_H
#define SANAQ_ADMIN_ESTIMATE_NUMERIC_H

#include <stddef.h>

#include "core/err.h"

/** Student's t with ${df} > 0 (need not be whole): quantile of ${p}, and the two-sided p of ${t}.
 */
double numeric_t_quantile(double p, double df);
double numeric_t_two_sided(double t, double df);

/** P(chi-square with ${df} degrees > ${x}). */
double numeric_chi_tail(double x, double df);

/** Wald statistic of "all ${n} estimates are equal": (C d)' (C V C')^-1 (C d), C the differences
 * from the first; ${v} is n x n, by rows. NAN where C V C' cannot be inverted. ${n} >= 2.
 * ERR_NOMEM. */
enum err numeric_wald_equal(const double *d, const double *v, size_t n, double *out);

#endif
