/* Linear regression of the count on covariates, with one set of coefficients in control ("control")
 * and what each sensitive item adds to them ("sensitive", "sensitive.k"): y = x'psi + z x'delta
 * (Imai 2011, section 2.2). x'delta is the probability of support where it is linear in x.
 * Variances as in linear.h (--se const, HC0, HC1, HC2, HC3, CR0, stata, CR2), or design: Taylor
 * linearisation with points and strata. Default: design where there are points or strata, HC3 else
 * (as R's list); HC2 without covariates is Welch's. */
#ifndef SANAQ_ADMIN_ESTIMATE_LM_H
#define SANAQ_ADMIN_ESTIMATE_LM_H

#include "admin/estimate/estimate.h"

extern const struct estimator lm_estimator;

#endif
