/* Who misreports on the direct question, from the list and the direct answer of the same people
 * (Eady 2017, Political Analysis 25: 241-259).
 *
 * With hide: agree, those who agree (z = 1) may deny it when asked directly (u = 1); who does not
 * agree never claims to:
 *   P(z = 1 | x)       = logistic(x'delta)                              "sensitive"
 *   P(u = 1 | x, z = 1) = logistic(x'beta + beta_t t)                   "misreport"
 *   y0 | x, z, u       ~ Binomial(J, logistic(x'psi + psi_u u + psi_z z)) "control"
 *   direct answer      = z (1 - u), treated count = y0 + z, control count = y0
 * t is 1 with the item on the card ("misreport.treat"; --misreport-treatment no leaves it out).
 * --control-constraint none: psi_u and psi_z ("control.U", "control.Z") free; partial: psi_u = 0;
 * full: both 0.
 *
 * With hide: disagree those who do not agree may claim to: the same model of the mirrored data,
 * with z = 1 for those who do not agree in psi_z, psi_u and "misreport", and coefficients of
 * "sensitive" and "control" of the opposite sign, so that they are of agreement and of the counts
 * as shown. */
#ifndef SANAQ_ADMIN_ESTIMATE_MISREPORT_H
#define SANAQ_ADMIN_ESTIMATE_MISREPORT_H

#include "admin/estimate/estimate.h"

extern const struct estimator misreport_estimator;

#endif
