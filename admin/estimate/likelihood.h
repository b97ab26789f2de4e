/* One optimiser and one set of variances for every likelihood of the list experiment.
 *
 * A model is linear predictors ("blocks": eta = x'b, one coefficient per column of x; a scalar
 * parameter is a block with x = 1) and, for each cell, its log-likelihood with first and second
 * derivatives in these predictors. Score and information in the coefficients follow by the chain
 * rule: score of block m: sum w d_m x_m; information of blocks m, l: -sum w h_ml x_m x_l'.
 *
 * likelihood_fit maximises by Newton steps (eigenvalues of the wrong sign turned, steps halved
 * until the log-likelihood rises) from each start, keeps the best and says what else was found.
 * Large problems are first brought near on a part of the cells.
 *
 * Variances (Huber 1967; White 1982; Binder 1983), H the information, s the score of a row:
 * observed: H^-1; opg: (sum w s s')^-1; robust: H^-1 (sum w^2 s s') H^-1; cluster (CR0): the score
 * totals of sampling points in place of s; design: Taylor linearisation with n/(n-1) by stratum. */
#ifndef SANAQ_ADMIN_ESTIMATE_LIKELIHOOD_H
#define SANAQ_ADMIN_ESTIMATE_LIKELIHOOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin/estimate/cells.h"

enum {
    LIKELIHOOD_BLOCKS = 400,
    LIKELIHOOD_ACTIVE = 8, /* predictors that one segment's likelihood reads */
    LIKELIHOOD_PAIRS = LIKELIHOOD_ACTIVE * (LIKELIHOOD_ACTIVE + 1) / 2,
    LIKELIHOOD_CLASSES = 8,
    LIKELIHOOD_BATCH = 128, /* cells given to a model at a time */
    LIKELIHOOD_STARTS = 16,
    LIKELIHOOD_PARAMETERS = 600
};

/** Pair (m, l), l <= m, of active predictors in the array of second derivatives. */
static inline size_t likelihood_pair(size_t m, size_t l)
{
    return m * (m + 1) / 2 + l;
}

struct likelihood_block {
    const char *equation;   /* "sensitive", "control.psi0", "logit_p" */
    const char *term;       /* of a scalar; "" where the equation is the whole name */
    const struct terms *of; /* names of the coefficients; NULL: a scalar */
    const struct matrix *x; /* cells x terms; NULL: a scalar */
    const char *advice;     /* what to do where its coefficients run off; NULL: the options' */
    const double *prior;    /* scale of a Cauchy prior on each coefficient; NULL: none */
};

/** Cells of one segment at work. Arrays have ${count} entries. */
struct likelihood_batch {
    const struct cells_segment *segment;
    size_t first, count; /* cells: first .. first + count - 1 */
    const double *eta[LIKELIHOOD_ACTIVE];
    double *ll;
    double *d[LIKELIHOOD_ACTIVE]; /* dll/deta_m */
    double *h[LIKELIHOOD_PAIRS];  /* d2ll/deta_m deta_l: h[likelihood_pair(m, l)] */
};

struct likelihood {
    const struct cells *cells;
    struct likelihood_block block[LIKELIHOOD_BLOCKS];
    size_t blocks;
    /** Which blocks the segment reads, in the order of eta[]; returns how many. */
    size_t (*active)(const void *ctx, const struct cells_segment *s, size_t *block);
    void (*evaluate)(const void *ctx, const struct likelihood_batch *b);
    const void *ctx;
};

size_t likelihood_parameters(const struct likelihood *l);
size_t likelihood_offset(const struct likelihood *l, size_t block);
/** "equation.term" into ${out}; returns it. */
const char *likelihood_name(const struct likelihood *l, size_t parameter, char *out, size_t room);

/** What likelihood_evaluate finds at a point. */
struct likelihood_value {
    double loglik;       /* weighted, without the prior */
    double penalised;    /* with it; what is maximised */
    double most;         /* largest |eta| */
    double *score;       /* p; NULL: not wanted, nor the information */
    double *information; /* p x p: minus the second derivatives */
};

/** ${thin} > 1: a part of the cells, weighted up (every ${thin}th batch of each segment). A value
 * that is not a number is handed on. ERR_NOMEM. */
enum err likelihood_evaluate(const struct likelihood *l, const double *b, size_t thin,
                             struct likelihood_value *v);

/** The advice of the parameter's block; may be NULL. */
const char *likelihood_advice(const struct likelihood *l, size_t parameter);

struct likelihood_options {
    const double *start[LIKELIHOOD_STARTS]; /* each likelihood_parameters numbers */
    size_t starts;
    const char *what;   /* the model in messages: "ml" */
    const char *advice; /* what to do where there is no finite maximum: "use --prior cauchy" */
    bool edge;  /* a supremum at infinity will do: b is far on the way there, and its inverse
                   information means nothing */
    bool quiet; /* failures are not said: another fit follows */
};

struct likelihood_fit {
    size_t p;
    double *b;              /* p */
    double *information;    /* p x p: minus the second derivatives at b (with the prior's) */
    double *inverse;        /* p x p */
    double loglik;          /* weighted, without the prior */
    double penalised;       /* with it */
    double rcond;           /* of the information, its diagonal scaled to 1 */
    double weakest;         /* smallest eigenvalue of the information per observation */
    size_t iterations;      /* Newton steps to this maximum */
    size_t starts, reached; /* starts tried; starts that came to this maximum */
    size_t ran_off;         /* starts along which a coefficient grew without end */
    double other[LIKELIHOOD_STARTS]; /* log-likelihoods of other maxima, best first */
    size_t others;
    bool tie; /* another point as high as this */
};

/** ERR_DOUBT (said: which coefficient runs off and what to do, or that no start came to rest);
 * ERR_NOMEM. *out is filled only on ERR_OK; likelihood_fit_free it. */
enum err likelihood_fit(const struct likelihood *l, const struct likelihood_options *o,
                        struct likelihood_fit *out);
void likelihood_fit_free(struct likelihood_fit *f);

/** Scores of every cell at ${b} (of one row, unweighted): cells x p, matrix_free it. ERR_NOMEM. */
enum err likelihood_scores(const struct likelihood *l, const double *b, struct matrix *out);

enum likelihood_se { SE_OBSERVED, SE_OPG, SE_ROBUST, SE_CLUSTER, SE_DESIGN };
struct design;
/** Covariance p x p of ${f}'s coefficients. ${d}: for SE_CLUSTER and SE_DESIGN. ERR_NOMEM. */
enum err likelihood_variance(const struct likelihood *l, const struct likelihood_fit *f,
                             enum likelihood_se se, const struct design *d, double *out);

/* For models of a few latent classes: log-probability of class k with its derivatives in the active
 * predictors; likelihood_mix gives those of log sum_k exp(ll_k): score = posterior mean of the
 * class scores, second derivatives = posterior mean of (h + d d') - mean d mean d' (Louis 1982). */
struct likelihood_class {
    double ll; /* -INFINITY: the class cannot give this answer */
    double d[LIKELIHOOD_ACTIVE];
    double h[LIKELIHOOD_PAIRS];
};
/** Writes entry ${i} of ${b} from ${classes} classes over ${active} predictors. */
void likelihood_mix(const struct likelihood_class *k, size_t classes, size_t active, size_t i,
                    const struct likelihood_batch *b);

/** log of the logistic function and its derivatives, exact where exp would over- or underflow:
 * ll += log(logistic(sign x)), d += , h += in predictor ${m}. */
void likelihood_add_logistic(struct likelihood_class *k, size_t m, double x, int sign);
/** The same of a binomial count ${y} of ${size} at log-odds ${x}, with its constant. */
void likelihood_add_binomial(struct likelihood_class *k, size_t m, double x, int y, int size);

#endif
