/* Variances by replicates (weighting.h) of any method, and which of them a result takes.
 *
 * V = sum over replicates of scale (theta_r - theta)(theta_r - theta)', around the full sample's
 * estimate; degrees of freedom points minus strata (Wolter 2007). */
#ifndef SANAQ_ADMIN_ESTIMATE_REPLICATE_H
#define SANAQ_ADMIN_ESTIMATE_REPLICATE_H

#include "admin/estimate/estimate.h"

/** Run ${est} with the variance that the options and the weights ask for: by replicates where o->se
 * is "replicates", or is not given and the weights were adjusted to the sample (nonresponse,
 * raking, trimming); else the method's own ("linear" is the default one of it). Says how the
 * weights came about. ERR_DOUBT (said): replicates failed; ERR_USAGE (said): none can be made; and
 * what est->run gives. */
enum err replicate_run(const struct estimator *est, const struct frame *f,
                       const struct estimate_options *o, struct estimate_result **out);

#endif
