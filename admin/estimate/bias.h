/* Sensitivity bias: prevalence from the list minus prevalence from the direct question of the same
 * respondents (Blair, Coppock and Moor 2020). The direct answer is a logistic regression on the
 * model's covariates, averaged over the same rows with the same weights.
 *
 * Both estimates come from the same people, so their covariance is not 0: with the influence of row
 * i on the list's coefficients B w_i s_i and on the direct ones D w_i d_i, the joint covariance is
 * that of the stacked sums, by rows, sampling points or design. (R's list draws both
 * independently.)
 */
#ifndef SANAQ_ADMIN_ESTIMATE_BIAS_H
#define SANAQ_ADMIN_ESTIMATE_BIAS_H

#include "admin/estimate/predict.h"

/** Where --direct is given: its answers as codes 0 and 1 per row into *code (to be freed) and into
 * the specification's next extra key; else nothing. ERR_USAGE, ERR_STUDY (said), ERR_NOMEM. */
enum err bias_open(const struct frame *f, const struct estimate_options *o, struct model_spec *spec,
                   int32_t **code);

/** What the list's fit rests on. */
struct bias_list {
    const struct matrix *score; /* cells x p, of one row, unweighted */
    const double *bread;        /* p x p: influence of a row = bread weight score */
};

/** Adds "direct" and "list minus direct" to the result's prevalences. The model was opened with
 * bias_open's key as its first. ${q}: what the list's prevalence is predicted by. ERR_STUDY (said)
 * where all gave one direct answer; ERR_DOUBT (said), ERR_NOMEM. */
enum err bias_add(struct model *m, const struct predict *q, const struct bias_list *list);

#endif
