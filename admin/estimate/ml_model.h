/* The likelihoods behind ml, for its own files. */
#ifndef SANAQ_ADMIN_ESTIMATE_ML_MODEL_H
#define SANAQ_ADMIN_ESTIMATE_ML_MODEL_H

#include "admin/estimate/predict.h"

enum { ML_NONE = LIKELIHOOD_BLOCKS }; /* a block that is not there */

/* Where the blocks of a likelihood stand, and what its classes need to know. */
struct ml {
    int items;                        /* J */
    size_t sensitive[FRAME_MAX_ARMS]; /* [k]: of arm k; one that all share stands in each */
    size_t y0[FRAME_MAX_ARMS];        /* first of the y0 scalars of arm k, or ML_NONE */
    enum estimate_multi multi;
    size_t psi[2], rho[2];           /* control block by z; the same twice where constrained */
    size_t ceiling, floor, error[2]; /* error by arm: control, treatment */
    enum estimate_error kind;
    struct likelihood likelihood;
};

/* The constrained standard model with one pattern of predictors: control and sensitive. */
size_t ml_plain_active(const void *ctx, const struct cells_segment *s, size_t *block);
void ml_plain_evaluate(const void *ctx, const struct likelihood_batch *b);

/* Everything else, by its latent classes. */
size_t ml_latent_active(const void *ctx, const struct cells_segment *s, size_t *block);
void ml_latent_evaluate(const void *ctx, const struct likelihood_batch *b);

/* k->ll and its derivatives in predictors ${m} (mean) and ${r} (log of rho/(1 - rho)) += those of a
 * beta-binomial count ${y} of ${size}. */
void ml_add_beta_binomial(struct likelihood_class *k, size_t m, size_t r, double eta,
                          double log_rho, int y, int size);

#endif
