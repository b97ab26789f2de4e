/* List and direct question together (Aronow, Coppock, Crawford and Green 2015, Journal of Survey
 * Statistics and Methodology 3: 43-66): who admits directly is believed, the list is needed for the
 * others only.
 *
 * With hide: agree, those who agree when asked directly (x = 1) do agree; D is the difference in
 * means (adjusted for covariates by least squares) among those with x = 0: prevalence = X + (1 - X)
 * D,  X the share with x = 1, variance   = (X (1 - P)^2/(1 - X) + (1 - X) (s1^2/g + s0^2/(1 -
 * g)))/n, P the prevalence, s_t^2 the variance of the residuals by card among x = 0, g the share
 * with the item (the paper's equation 6, as R's combinedListDirect). With weights, points or
 * strata: Taylor linearisation of the whole. With hide: disagree those with x = 0 are believed:
 * prevalence = X D, D among those with x = 1.
 *
 * Placebo test I: among those who are believed D must be 1 (0 with hide: disagree). Placebo test
 * II: the card must not change the direct answer. Either failing points to lies in the list, a
 * design effect, or a direct question asked where the card could move it.
 *
 * "list minus direct" is the sensitivity bias (Blair, Coppock and Moor 2020), its standard error
 * with the covariance of the same respondents. */
#ifndef SANAQ_ADMIN_ESTIMATE_COMBINED_H
#define SANAQ_ADMIN_ESTIMATE_COMBINED_H

#include "admin/estimate/estimate.h"

extern const struct estimator combined_estimator;

#endif
