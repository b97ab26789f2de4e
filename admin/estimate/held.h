/* Estimating equations with a condition on the mean prediction (auxiliary.h, --robust). */
#ifndef SANAQ_ADMIN_ESTIMATE_HELD_H
#define SANAQ_ADMIN_ESTIMATE_HELD_H

#include "admin/estimate/moments.h"

struct held {
    double *b, *vcov;  /* p, p x p; held_free them */
    double target;     /* the difference in means */
    double own;        /* the mean prediction of the equations by themselves */
    double lambda, se; /* the multiplier */
    size_t iterations;
};

/** Solve under the condition. ERR_STUDY (said) where the difference in means is not inside 0..1;
 * ERR_DOUBT (said) where no solution was found; ERR_NOMEM. */
enum err held_solve(const struct moments *q, struct held *out);
void held_free(struct held *h);

#endif
