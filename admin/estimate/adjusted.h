/* The effect of the card, adjusted for covariates by least squares in a subset of the rows, with
 * what the combined estimator needs of its residuals. */
#ifndef SANAQ_ADMIN_ESTIMATE_ADJUSTED_H
#define SANAQ_ADMIN_ESTIMATE_ADJUSTED_H

#include "admin/estimate/scope.h"
#include "admin/estimate/terms.h"

struct adjusted {
    bool good;         /* two rows a card, and more rows than columns */
    double effect;     /* of the card */
    double n[2];       /* rows: control, treatment */
    double spread[2];  /* sample variance of the residuals, unweighted */
    double *residual;  /* per row of the frame; NAN outside the subset */
    double *influence; /* per row: of the effect, weights in it; 0 outside */
};

/** Regress ${y} (per row) on the card and ${terms} in the rows with ${in}, weighted where ${s} has
 * a design. *out is good or not; adjusted_free it. ERR_NOMEM. */
enum err adjusted_effect(const struct scope *s, const struct terms *terms, const uint8_t *in,
                         const double *y, struct adjusted *out);
void adjusted_free(struct adjusted *a);

#endif
