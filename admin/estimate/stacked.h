/* The regression of a double list (double.h): two counts of a respondent in one column. */
#ifndef SANAQ_ADMIN_ESTIMATE_STACKED_H
#define SANAQ_ADMIN_ESTIMATE_STACKED_H

#include "admin/estimate/scope.h"

/** y ~ list + treat + the covariates of the options, into the coefficients of the result (equation
 * "stacked") with their covariance. ${list}: the two lists; ${arm}: the arm of the item in each.
 * ERR_USAGE, ERR_STUDY (said), ERR_NOMEM. */
enum err stacked_regression(struct scope *s, const struct frame_list *const list[2],
                            const int arm[2]);

#endif
