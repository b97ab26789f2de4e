/* Prevalence of support from a fitted model: averaged over the rows used (weighted), by group, at
 * profiles and their differences, with the delta method: for g = mean of logistic(x'b),
 * gradient = mean of g (1 - g) x, variance = gradient' V gradient. Linear memory.
 *
 * --simulate draws coefficients from N(b, V) instead (quasi-Bayesian; King, Tomz and Wittenberg
 * 2000) and takes quantiles; then estimates stay those at b. */
#ifndef SANAQ_ADMIN_ESTIMATE_PREDICT_H
#define SANAQ_ADMIN_ESTIMATE_PREDICT_H

#include "admin/estimate/model.h"

/** The probability of support of one design row, and its gradient in all p coefficients (already
 * zero). */
typedef double predict_probability(const void *ctx, const double *x, const double *b, double *grad);

struct predict {
    const struct terms *terms; /* of the equation that predicts */
    size_t item;               /* 1..K */
    const double *b, *vcov;    /* p, p x p */
    size_t p;
    size_t offset;                    /* of the sensitive equation's coefficients in b */
    predict_probability *probability; /* NULL: logistic of x'b from offset */
    const void *ctx;
    bool flip; /* the model is of the mirrored data: 1 - probability */
};

/** Adds to the result: a group for all respondents and each level of every --by column, and
 * prevalence entries for --profile and --difference. ERR_USAGE (said), ERR_NOMEM. */
enum err predict_all(struct model *m, const struct predict *q);

#endif
