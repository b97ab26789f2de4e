/* Bounds on the prevalence of support when something weaker than honesty is assumed, one row an
 * assumption, each with an interval for the prevalence itself (stoye.h).
 *
 * Let Y0 be the number of control items a respondent agrees to, Z true agreement to the sensitive
 * item and S what the count says of it, so that the treated count is Y0 + S (no design effect).
 * From the two distributions of counts, F0 and F1, a_k = P(Y0 = k, S = 1) = F0(k) - F1(k)    and
 * b_k = P(Y0 = k, S = 0) = P0(k) - a_k are identified (Glynn 2013), and the difference in means is
 * D = sum a_k. Hence
 *
 *   honest              Z = S                                      D
 *   hidden              Z = 1 may say S = 0                        [D, 1]
 *   hidden-ends         only where Y0 is 0 or J                    [D, D + b_0 + b_J]
 *   hidden-full         only where Y0 is J, to avoid a J+1         [D, D + b_J]
 *   false               Z = 0 may say S = 1                        [0, D]
 *   false-ends          only where Y0 is 0 or J                    [D - a_0 - a_J, D]
 *   false-zero          only where Y0 is 0, to avoid a 0           [D - a_0, D]
 *   ends                either, only where Y0 is 0 or J            [D - a_0 - a_J, D + b_0 + b_J]
 *   lost-worst          honest; lost counts may be any             means with the lost at 0 and J,
 * J+1 lost-lee            honest; the item can only lose counts, or only win some: of those who
 * give a count with either card (Lee 2009)                trimmed means random              a share
 * of at most e answers at random, whoever they are                           [D - e/2, D + e/2]
 *   random-independent  the same, as often among those who agree   between D and (D - e/2)/(1 - e)
 *
 * hidden-* need `hide: agree`, false-* `hide: disagree`; each is the mirror of another. "At random"
 * means each possible count equally often, 0..J in control and 0..J+1 in treatment: the mean
 * difference of such answers is 1/2. A negative a_k or b_k is reported, never set to 0. lost-worst
 * and lost-lee use the counts' range and nothing else, so that they stay valid with a design effect
 * in the lost counts; they are not the tightest bounds where there is none. */
#ifndef SANAQ_ADMIN_ESTIMATE_BOUNDS_H
#define SANAQ_ADMIN_ESTIMATE_BOUNDS_H

#include "admin/estimate/estimate.h"

extern const struct estimator bounds_estimator;

#endif
