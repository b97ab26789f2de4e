/* List experiments with outside knowledge of the prevalence (method "aux").
 *
 * --known 0.3 or --known region=1:0.3,region=2:0.5 (Chou, Imai and Rosenfeld 2020, Sociological
 * Methods and Research 49: 418-454): the prevalence of the population, or of groups of it, is
 * known, from a register or an election. Each known value h of a group adds the equation sum over
 * its rows of w (h - logistic(x'delta)) = 0 to those of nls (or of ml, with --moments ml). There
 * are then more equations than coefficients, and the generalised method of moments (Hansen 1982)
 * weighs them: coefficients minimise t'S^-1 t, t the equations' totals and S their covariance
 * (about their mean; Hall 2000), iterated until S is that of the coefficients it gives; variance
 * (G'S^-1 G)^-1, G = dt/db. The minimum is Hansen's test that the list and the known values agree
 * (chi-square, one degree a known value).
 *
 * --robust (Blair, Chou and Imai 2019, Political Analysis 27: 455-480): the mean prediction is held
 * to the difference in means, which no error in the model of the control items moves: ml (or nls,
 * with
 * --moments nls) under the condition mean of logistic(x'delta) = difference. Coefficients solve
 * t + lambda dc/db = 0, c = 0, with c the condition; the sandwich of all these equations counts the
 * sampling error of the difference in means. lambda = 0 is tested: does the model by itself predict
 * the difference in means?
 *
 * R's list weighs the condition as if the difference in means were known without error, gives the
 * variance of the fit without it, and tests with the wrong statistic and degrees of freedom
 * (ictreg, robust = TRUE); with h and group it leaves the weights out of S. No direction is
 * assumed. */
#ifndef SANAQ_ADMIN_ESTIMATE_AUXILIARY_H
#define SANAQ_ADMIN_ESTIMATE_AUXILIARY_H

#include "admin/estimate/estimate.h"

extern const struct estimator auxiliary_estimator;

#endif
