/* The estimating equations of nls and of ml (constrained, binomial) as functions of the
 * coefficients, with the mean prediction beside them: what estimators need that add a condition on
 * the prevalence (auxiliary.h). With g = logistic(x'delta), f = logistic(x'psi), weights w:
 *   nls   treated: (y - J f - g) g (1 - g) x;  control: (y - J f) J f (1 - f) x   (Imai 2011)
 *   ml    the score of the list likelihood in delta and psi
 * Coefficients stand delta, psi. */
#ifndef SANAQ_ADMIN_ESTIMATE_MOMENTS_H
#define SANAQ_ADMIN_ESTIMATE_MOMENTS_H

#include "admin/estimate/ml_model.h"
#include "admin/estimate/nls_model.h"

struct moments {
    struct nls nls;  /* its model is the one at work; opened by model_open before moments_open */
    bool likelihood; /* ml; else nls */
    struct ml *ml;
    size_t k, p;   /* columns of a design row; coefficients, 2 k */
    double *start; /* p: where the equations alone are solved */
    double loglik; /* there; NAN for nls */
    size_t iterations;
};

/** Solve the equations by themselves. Whatever this returns, moments_close is due (before
 * model_close). ERR_DOUBT (said), ERR_NOMEM. */
enum err moments_open(struct moments *q);
void moments_close(struct moments *q);

/** At ${b}: the rows of each cell into ${score} (cells x at least p: the first p columns; not
 * weighted; may be NULL), their weighted total (p) and its derivative (p x p: row i is of equation
 * i). ERR_NOMEM. */
enum err moments_at(const struct moments *q, const double *b, struct matrix *score, double *total,
                    double *slope);

/** g of a cell. */
double moments_prediction(const struct moments *q, const double *b, size_t cell);
/** The log-likelihood at ${b}; NAN for nls. ERR_NOMEM. */
enum err moments_loglik(const struct moments *q, const double *b, double *out);

/** What the totals of ${score} (cells x its columns) vary by, of the model's kind of standard
 * error: sum w^2 s s' over rows; with points or strata their covariance, to which t t' over the
 * number of points is added, so that it is about 0 likewise. ERR_NOMEM. */
enum err moments_meat(const struct moments *q, const struct matrix *score, double *out);

#endif
