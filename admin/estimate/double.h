/* Double list experiment: each respondent gets two lists, and the item stands in exactly one of
 * them (Droitcour et al. 1991; Glynn 2013, section on double lists). Both differences in means
 * estimate the same prevalence; with D_a, D_b and their covariance C from the same respondents,
 *   average            (D_a + D_b)/2,  variance (V_a + V_b + 2 C)/4
 *   minimum variance   w D_a + (1 - w) D_b,  w = (V_b - C)/(V_a + V_b - 2 C)
 *   equality           z = (D_a - D_b)/sqrt(V_a + V_b - 2 C)
 * Variances: of each arm s^2/n (as Welch's), covariances likewise of those who gave both counts;
 * with weights, points or strata Taylor linearisation of both differences together (design.h). A
 * respondent who gave one count only is in that list's difference and in no covariance.
 *
 * As a regression: all counts in one column, y ~ list + treat + covariates, so that "treat" is the
 * item's effect with one intercept a list; standard errors clustered on the respondent (CR2 of Bell
 * and McCaffrey unless --se CR0 or stata), or of the design where there is one.
 *
 * Group rows give the average; their n are counts (of both lists) without and with the item. No
 * direction is assumed. */
#ifndef SANAQ_ADMIN_ESTIMATE_DOUBLE_H
#define SANAQ_ADMIN_ESTIMATE_DOUBLE_H

#include "admin/estimate/estimate.h"

extern const struct estimator double_estimator;

#endif
