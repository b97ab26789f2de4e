/* Confidence interval for a quantity that is known only to lie between two bounds, each estimated.
 *
 * Stoye (2009, Econometrica 77: 1299-1315), the interval CI^3: it covers the quantity (Imbens and
 * Manski 2004, Econometrica 72: 1845-1857), not the whole range between the bounds, and does so
 * whether the bounds are far apart, close together or equal. With estimates L and U, standard
 * errors s_L and s_U and correlation r of the two, the interval is [L - c_L s_L, U + c_U s_U],
 * where c_L and c_U make c_L s_L + c_U s_U smallest under P(z1 >= -c_L,  r z1 - sqrt(1 - r^2) z2 <=
 * c_U + D/s_U) >= level   and P(r z1 - sqrt(1 - r^2) z2 >= -c_L - D/s_L,  z1 <= c_U) >= level, z1,
 * z2 independent standard normal. D is U - L, but 0 where U - L is not above sqrt(log n) of its own
 * standard errors: then the bounds may as well coincide. For two equal bounds this is the usual
 * interval (1.96); for bounds far apart each side needs 1.645. */
#ifndef SANAQ_ADMIN_ESTIMATE_STOYE_H
#define SANAQ_ADMIN_ESTIMATE_STOYE_H

#include <stdbool.h>
#include <stddef.h>

struct stoye {
    double lower, upper;       /* the estimated bounds; upper may lie below lower by chance */
    double se_lower, se_upper; /* >= 0 */
    double covariance;         /* of the two */
    size_t n;                  /* respondents */
};

/** False where the interval is empty: the bounds contradict each other beyond chance. */
bool stoye_interval(const struct stoye *s, double level, double *low, double *high);

/** P(X <= h, Y <= k) of two standard normals with correlation ${r}. */
double stoye_binormal(double h, double k, double r);

#endif
