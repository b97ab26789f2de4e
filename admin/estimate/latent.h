/* What the models with a further latent or observed answer share (joint, misreport): classes whose
 * logits are sums of predictors, a predictor of the linear model read back from its coefficients,
 * and columns of answers as codes. */
#ifndef SANAQ_ADMIN_ESTIMATE_LATENT_H
#define SANAQ_ADMIN_ESTIMATE_LATENT_H

#include "admin/estimate/model.h"

enum { LATENT_NONE = LIKELIHOOD_BLOCKS, LATENT_TERMS = 4 };

/** A sum of active predictors with factors: sum over i of c[i] eta[m[i]]. */
struct latent_sum {
    size_t n;
    size_t m[LATENT_TERMS];
    double c[LATENT_TERMS];
};
/** Add factor ${c} of predictor ${m}. */
void latent_term(struct latent_sum *s, size_t m, double c);

/** As likelihood_add_logistic and likelihood_add_binomial, at the sum. */
void latent_logistic(struct likelihood_class *k, const struct latent_sum *s, const double *eta,
                     int sign);
void latent_binomial(struct likelihood_class *k, const struct latent_sum *s, const double *eta,
                     int y, int size);
/** log density of ${value}, normal with the sum as mean and exp(eta[sigma]) as standard deviation.
 */
void latent_normal(struct likelihood_class *k, const struct latent_sum *s, size_t sigma,
                   const double *eta, double value);

/** x'b of a block (its scalar where it has no x); 0 for LATENT_NONE. */
double latent_eta(const struct likelihood *l, size_t block, const double *x, const double *b);
/** grad += ${v} times the derivative of that in b. */
void latent_gradient(const struct likelihood *l, size_t block, const double *x, double v,
                     double *grad);

/** Answers of a column as codes 0, 1, ... of its distinct numbers in rising order, -1 missing, for
 * rows with an arm and a count. Both arrays are the caller's to free. ERR_USAGE (said, with
 * ${option}) where there is no such column or it holds texts; ERR_NOMEM. */
enum err latent_codes(const struct frame *f, const struct frame_list *l, const char *column,
                      const char *option, int32_t **code, double **value, size_t *values);
/** The same for an answer of 0 and 1, whose codes they are; ERR_STUDY (said) for other numbers. */
enum err latent_binary(const struct frame *f, const struct frame_list *l, const char *column,
                       const char *option, int32_t **code);

/** ERR_USAGE (said) for a list with several sensitive items, ERR_STUDY (said) for control counts
 * above J, which no respondent of the model gives. */
enum err latent_check(const struct frame *f, const struct frame_list *l, const char *method);

/** log(p/(1 - p)) with p kept ${margin} away from 0 and 1: for starts. */
double latent_logit(double p, double margin);

#endif
