/* The latent answer as a predictor of an outcome, in one likelihood (Imai, Park and Greene 2015,
 * Political Analysis 23: 180-196): no first-stage prediction that would carry error into a second
 * stage.
 *
 *   P(z = 1 | x)             = logistic(x'delta)                               "sensitive"
 *   y0 | x, z                ~ Binomial(J, logistic(x'psi + psi_z z))          "control"
 *   P(o = 1 | x, y0, z)      = logistic(x'gamma + gamma_y y0 + gamma_z z)      "outcome", logistic
 *   o | x, y0, z             ~ Normal(x'gamma + gamma_y y0 + gamma_z z, sigma^2)        or linear
 *   treated count            = y0 + z, control count = y0
 *
 * psi_z ("control.sensitiveitem") and gamma_y ("outcome.controlitems") are 0 unless
 * --unconstrained; gamma_z is "outcome.sensitiveitem"; a linear outcome adds "log_sigma". The
 * outcome is logistic where it has no other values than 0 and 1, else linear; --outcome-model says
 * it outright.
 *
 * Nobody's direction of lying enters: the model is the same from both sides. It is a strong one:
 * whatever of the outcome the covariates do not explain helps to say who agrees. */
#ifndef SANAQ_ADMIN_ESTIMATE_JOINT_H
#define SANAQ_ADMIN_ESTIMATE_JOINT_H

#include "admin/estimate/estimate.h"

extern const struct estimator joint_estimator;

#endif
