/* An estimator run again and again on the same rows with other weights: what replicates and the
 * bootstrap have in common. Rows of weight 0 are not there. Work is shared by threads; which thread
 * does what changes no number. */
#ifndef SANAQ_ADMIN_ESTIMATE_RESAMPLE_H
#define SANAQ_ADMIN_ESTIMATE_RESAMPLE_H

#include "admin/estimate/estimate.h"

struct resample {
    const struct frame *f;
    const struct estimate_options *o;
    const struct estimator *est;
    const struct estimate_result *full; /* of the whole sample, by the same options */
    size_t count;
    /** Weights of run ${i} into out[f->n]; from any thread. Other errors than ERR_NOMEM: the run
     * failed. */
    enum err (*weights)(const void *ctx, size_t i, double *out);
    const void *ctx;
};

/** Every number of a result that is an estimate: groups, coefficients, prevalences, in this order.
 */
size_t resample_numbers(const struct estimate_result *r);
double resample_number(const struct estimate_result *r, size_t k);

struct resample_runs {
    size_t count, numbers;
    double *value; /* count x numbers; NAN where a run failed or has no such number */
    size_t failed; /* runs without any number */
};

/** ERR_NOMEM. resample_free it. */
enum err resample_run(const struct resample *s, struct resample_runs *out);
void resample_free(struct resample_runs *r);

/** Put covariance ${v} (numbers x numbers) into the result: standard errors, intervals, p values,
 * vcov and tests of equality. Degrees of freedom of groups stay; ${df} (INFINITY: normal) is for
 * coefficients, prevalences and tests. ERR_NOMEM. */
enum err resample_give(struct estimate_result *r, const double *v, double df);

#endif
