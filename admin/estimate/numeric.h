/* Distributions and small linear algebra: the only place of the estimators that includes GSL. */
#ifndef SANAQ_ADMIN_ESTIMATE_NUMERIC_H
#define SANAQ_ADMIN_ESTIMATE_NUMERIC_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

/** Keep GSL from ending the program; the functions here that need it call it, from any thread. */
void numeric_quiet(void);

/** Student's t with ${df} > 0 (need not be whole): quantile of ${p}, and the two-sided p of ${t}.
 */
double numeric_t_quantile(double p, double df);
double numeric_t_two_sided(double t, double df);

/** The standard normal: quantile of ${p}, and the two-sided p of ${z}. */
double numeric_normal_quantile(double p);
double numeric_normal_two_sided(double z);
double numeric_normal_cdf(double z);

/** P(chi-square with ${df} degrees > ${x}). */
double numeric_chi_tail(double x, double df);

/** P(F with ${df1}, ${df2} degrees > ${x}). */
double numeric_f_tail(double x, double df1, double df2);

/** Two-sided p of Fisher's exact test of a table of ${hits} of ${n} against ${hits2} of ${n2}: all
 * tables of these margins no more likely than this one. */
double numeric_fisher(size_t hits, size_t n, size_t hits2, size_t n2);

/** Wald statistic of "all ${n} estimates are equal": (C d)' (C V C')^-1 (C d), C the differences
 * from the first; ${v} is n x n, by rows. NAN where C V C' cannot be inverted. ${n} >= 2.
 * ERR_NOMEM. */
enum err numeric_wald_equal(const double *d, const double *v, size_t n, double *out);

/** Wald statistic of "all ${n} are 0": d' V^-1 d; NAN where V cannot be inverted. ERR_NOMEM. */
enum err numeric_wald(const double *d, const double *v, size_t n, double *out);

/** The inverse of a symmetric positive definite n x n ${a} into ${inverse} (which may be ${a}).
 * *rcond: reciprocal condition number after its diagonal is scaled to 1; 0, and ${inverse}
 * untouched, where ${a} is not positive definite. ERR_NOMEM. */
enum err numeric_spd_inverse(const double *a, size_t n, double *inverse, double *rcond);
/** Solve a x = b for a symmetric positive definite ${a}; *good false where it is not. ERR_NOMEM. */
enum err numeric_spd_solve(const double *a, size_t n, const double *b, double *x, bool *good);
/** Eigenvalues (ascending) and vectors (columns of ${vectors}, n x n by rows) of a symmetric ${a}.
 * ERR_NOMEM. */
enum err numeric_eigen(const double *a, size_t n, double *values, double *vectors);
/** The inverse of any n x n ${a} into ${inverse}; *good false where it is singular. ERR_NOMEM. */
enum err numeric_inverse(const double *a, size_t n, double *inverse, bool *good);

#endif
