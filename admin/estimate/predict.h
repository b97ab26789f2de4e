/* Prevalence of support from a fitted model: averaged over the rows used (weighted), by group, at
 * profiles and their differences, with the delta method: for g = mean of p(x; b), gradient = mean
 * of dp/db, variance = gradient' V gradient; the respondents and their weights are taken as they
 * are (as in predict.ictreg of R's list). Memory does not grow with the square of anything but the
 * coefficients. With --simulate intervals come from draws (predict_draws.h). */
#ifndef SANAQ_ADMIN_ESTIMATE_PREDICT_H
#define SANAQ_ADMIN_ESTIMATE_PREDICT_H

#include "admin/estimate/model.h"

struct predict;
struct predict_draws;

/** A standard error below this is the rounding of one that is 0: there is neither interval nor p.
 */
#define PREDICT_SE_ROUNDING 1e-9

/** The probability of support at one design row ${x} (of terms) and coefficients ${b}; its gradient
 * is added to grad[p] (NULL: not wanted). */
typedef double predict_probability(const struct predict *q, const double *x, const double *b,
                                   double *grad);

struct predict {
    const struct terms *terms; /* whose columns the probability reads */
    size_t equation;           /* their place in the model */
    int item;                  /* 1..K */
    const double *b, *vcov;    /* p, p x p, as fitted */
    size_t p;
    predict_probability *probability;
    const void *ctx;
    /** Degrees of freedom of a mean with this gradient; NULL: the model's. ERR_NOMEM. */
    enum err (*df)(const struct predict *q, const double *grad, double *out);
    const struct predict_draws *draws; /* set by predict_all where --simulate is given */
    bool flip; /* the model is of mirrored data: support is 1 - probability */
};

/** logistic(x'b) of the coefficients from ctx (const size_t *): offset in b. */
double predict_logistic(const struct predict *q, const double *x, const double *b, double *grad);
/** x'b, likewise: linear models. */
double predict_linear(const struct predict *q, const double *x, const double *b, double *grad);

/** The average over all rows used into *value, its gradient into grad[p]. ERR_NOMEM. */
enum err predict_average(const struct model *m, const struct predict *q, double *value,
                         double *grad);

/** Adds to the result, for each of ${items} items: a group for all respondents and for each level
 * of every --by column, tests of equality (of columns that the model holds; of others a warning why
 * there is none), and prevalence entries for --profile and --difference.
 * ERR_USAGE (said), ERR_NOMEM. */
enum err predict_all(struct model *m, const struct predict *q, size_t items);

#endif
