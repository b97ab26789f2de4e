/* Maximum likelihood for one list.
 *
 * Model (Imai 2011; Blair and Imai 2012): z in {0, 1} says whether the sensitive item would be
 * counted, y0 in 0..J how many control items. P(z = 1) = logistic(x'delta) ("sensitive"), y0
 * given z binomial(J, logistic(x'psi)) ("control"). Control answers y0, treatment answers y0 + z.
 *
 * --unconstrained: psi differs by z ("control.psi0", "control.psi1").
 * --overdispersed: y0 beta-binomial with mean mu = logistic(x'psi), alpha = mu (1 - rho)/rho, beta
 * = (1 - mu)(1 - rho)/rho ("logit_rho", or by z).
 * --ceiling, --floor (Blair and Imai 2012): among those with z = 1, whoever would have to say J + 1
 *   says J with probability logistic(x'kappa) ("ceiling"), whoever would say 1 with y0 = 0 says 0
 *   ("floor"). With hide: disagree the data are mirrored (J + 1 - y, J - y) and it is the true 0
 *   that is said as 1 (--floor), the true J that is said as J + 1 (--ceiling).
 * --error topcode (Blair, Chou and Imai 2019): with probability logistic(logit_p) the answer is the
 *   highest possible, J or J + 1, whatever the truth; uniform: with probability logistic(logit_p0)
 *   in control, logit_p1 in treatment, any of the possible answers with equal probability.
 * --multi (Blair and Imai 2012): several sensitive items, one an arm. level: the sensitive logit of
 *   item k also has y0 ("sensitive.k.y0"); indicators: it has an indicator of each y0 below J
 *   ("sensitive.k.y0eq0"...). */
#ifndef SANAQ_ADMIN_ESTIMATE_ML_H
#define SANAQ_ADMIN_ESTIMATE_ML_H

#include "admin/estimate/estimate.h"

extern const struct estimator ml_estimator;

#endif
