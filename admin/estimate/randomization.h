/* Randomisation test of "the sensitive item changed nobody's count", exact for any sample size: the
 * arms are drawn again as they were drawn in the field (lottery.h), and the studentised difference
 * in means is compared with those of the redraws. Where all assignments can be gone through the p
 * value is exact; else it is (1 + redraws at least as extreme) / (1 + redraws), which is valid for
 * any number of redraws (Phipson and Smyth 2010), and its Monte Carlo error is given.
 *
 * The interval is for support: the shifts d that the same test does not reject at 5% after d has
 * been taken from the counts of all who had the item. Support is not a shift of everybody's count,
 * so this is exact only where support is 0 or 1; as the statistic is studentised it is right in
 * large samples whatever the counts' variances (Wu and Ding 2021, JASA 116: 1898-1913; Janssen
 * 1997). It is labelled so.
 *
 * Arms were drawn respondent by respondent: weights, points and strata do not enter, and the
 * numbers are of the respondents, not of a population. */
#ifndef SANAQ_ADMIN_ESTIMATE_RANDOMIZATION_H
#define SANAQ_ADMIN_ESTIMATE_RANDOMIZATION_H

#include "admin/estimate/estimate.h"

extern const struct estimator randomization_estimator;

#endif
