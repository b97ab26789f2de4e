/* The likelihoods behind ml, for its own files. */
#ifndef SANAQ_ADMIN_ESTIMATE_ML_MODEL_H
#define SANAQ_ADMIN_ESTIMATE_ML_MODEL_H

#include "admin/estimate/bias.h"

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

/** P(z = 1, y0) of arm ${arm}'s item at predictors ${eta}, and its derivatives d[]: both in the
 * order sensitive, y0 scalar, control mean, control log rho (those that are not there are left). */
enum { ML_JOINT = 4 };
double ml_joint(const struct ml *q, int arm, int y0, const double *eta, double *d);

/** P(z = 1 | y) at predictors ${eta}, in ml_latent_active's order; ${prior}: the logit of P(z = 1)
 * before the answer is known. */
double ml_posterior(const struct ml *q, const struct cells_segment *s, const double *eta,
                    double prior);

struct ml_run;
struct likelihood_fit;
/** Which coefficients change sign between a mirrored fit and its report (${flip}: all false): those
 * of the item and of the control items, not those of who lies or errs. */
void ml_flips(const struct ml_run *u, bool *flip);
/** Coefficients, prevalences, rates, shares, tests and assumptions into the result. ${plain}: the
 * constrained standard fit of the same data; NULL: there is none. ERR_USAGE (said), ERR_NOMEM. */
enum err ml_report(struct ml_run *u, const struct likelihood_fit *fit,
                   const struct likelihood_fit *plain);

/** The interval of the prevalence of all respondents by profile likelihood, in place of the delta
 * method's. One sensitive item, no weights. ERR_NOMEM. */
enum err ml_likelihood_interval(struct ml_run *u, const struct likelihood_fit *fit,
                                const struct predict *q);

/** Each respondent's probability of support at ${b} into the result. ERR_NOMEM. */
enum err ml_add_posterior(struct ml_run *u, const double *b);

/* One run of the method. */
struct ml_run {
    struct model m;
    struct ml q;
    bool mirrored;
    int32_t *direct;             /* per row; NULL: not asked for */
    size_t at_ceiling, at_floor; /* equations of the model; 0: none */
    char name[FRAME_MAX_ARMS][24];
    char term[STUDY_MAX_ITEMS + 1][24];
    double *prior[MODEL_EQUATIONS], scalar_prior;
};

#endif
