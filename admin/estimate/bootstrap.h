/* The bootstrap of any method (Efron and Tibshirani 1993).
 *
 * What is resampled: with sampling points, points within their strata, one fewer than there are,
 * counting n/(n-1) times each (Rao and Wu 1988: with as many as there are, strata of few points
 * show too little spread); without points, respondents within stratum and arm likewise; without a
 * design respondents within their arm, as many as there are. Strata of a single point are joined.
 * Weights that were adjusted to the sample (nonresponse, raking, trimming) are adjusted again each
 * time.
 *
 * Intervals: percentile; and BCa (Efron 1987), bias-corrected, with the acceleration from the
 * jackknife that leaves out a point (a respondent) at a time, or one of 1,000 groups of them where
 * there are more than BOOTSTRAP_JACKKNIFE. Quantiles stand at (B + 1) p of the sorted values.
 *
 * Resample b has a stream of chance of its own, so that results depend on the seed and on nothing
 * else. */
#ifndef SANAQ_ADMIN_ESTIMATE_BOOTSTRAP_H
#define SANAQ_ADMIN_ESTIMATE_BOOTSTRAP_H

#include "admin/estimate/estimate.h"

enum { BOOTSTRAP_LEAST = 50, BOOTSTRAP_MOST = 1000000, BOOTSTRAP_JACKKNIFE = 2000 };

/** Run ${est} and bootstrap it o->bootstrap times: standard errors, intervals (BCa, or percentile
 * with o->percentile), tests, and r->boot. ERR_USAGE (said): too few or too many resamples;
 * ERR_DOUBT (said): more than half of the resamples gave no estimate; what est->run gives. */
enum err bootstrap_run(const struct estimator *est, const struct frame *f,
                       const struct estimate_options *o, struct estimate_result **out);

#endif
