/* Quasi-Bayesian intervals of predictions (King, Tomz and Wittenberg 2000): coefficients drawn from
 * N(b, V), the prediction at each draw; its standard deviation and 2.5% and 97.5% quantiles. */
#ifndef SANAQ_ADMIN_ESTIMATE_PREDICT_DRAWS_H
#define SANAQ_ADMIN_ESTIMATE_PREDICT_DRAWS_H

#include "admin/estimate/predict.h"

struct predict_draws {
    size_t n;
    double *b; /* n x p */
};

/** --draws (10,000) from --seed. ERR_USAGE (said) for fewer than 100; ERR_NOMEM. */
enum err predict_draws_new(const struct predict *q, const struct estimate_options *o,
                           struct predict_draws **out);
void predict_draws_free(struct predict_draws *d);

struct predict_interval {
    double se, low, high;
};
/** Of ${n} >= 2 predictions, which it sorts. */
void predict_draws_read(double *v, size_t n, struct predict_interval *out);

#endif
