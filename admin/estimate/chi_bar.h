/* Chi-bar-square distributions: the squared distance of a normal vector from the positive orthant
 * (Kudo 1963; Shapiro 1988). */
#ifndef SANAQ_ADMIN_ESTIMATE_CHI_BAR_H
#define SANAQ_ADMIN_ESTIMATE_CHI_BAR_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

enum { CHI_BAR_MAX = 24, CHI_BAR_EXACT = 7 };

/** P(all of N(0, V) > 0), V k x k by rows, positive definite, k <= CHI_BAR_EXACT: closed forms to
 * k = 3, above them Plackett's (1954) integral over the correlations from 0, by Gauss-Legendre
 * points, one integral for every two dimensions. */
double chi_bar_orthant(const double *v, size_t k);

/** w[j] = P(chi-square with j degrees) in the distribution of the distance of N(0, V) from the
 * orthant of no negative component, j = 0..k. Exact (Kudo's sum over faces) to k = CHI_BAR_EXACT
 * unless ${rough}, which allows it to 5; else by draws of a fixed seed, 200,000 (rough: 5,000;
 * *exact false). ERR_NOMEM; ERR_STUDY: V is singular. */
enum err chi_bar_weights(const double *v, size_t k, bool rough, double *w, bool *exact);

/** min (e - t)' V^-1 (e - t) over t >= 0. ${inverse}: V^-1. */
double chi_bar_distance(const double *e, const double *inverse, size_t k);

/** P(> x) of the mixture. */
double chi_bar_tail(const double *w, size_t k, double x);

#endif
