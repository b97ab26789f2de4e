/* What every regression method of the list experiment begins and ends with: rows used, designs of
 * its equations, cells, weights; and from a fit the coefficients, standard errors and prevalences
 * of a result. */
#ifndef SANAQ_ADMIN_ESTIMATE_MODEL_H
#define SANAQ_ADMIN_ESTIMATE_MODEL_H

#include "admin/estimate/design.h"
#include "admin/estimate/estimate.h"
#include "admin/estimate/likelihood.h"

enum { MODEL_EQUATIONS = 8 };

struct model {
    const struct frame *f;
    const struct frame_list *list;
    const struct estimate_options *o;
    struct estimate_result *r; /* from estimate_start */
    uint8_t *used;             /* rows with arm, count and all covariates */
    const double *weight;      /* NULL: none */
    struct terms *terms[MODEL_EQUATIONS];
    struct matrix x[MODEL_EQUATIONS]; /* cells x terms */
    size_t equations;
    struct cells *cells;
    struct design *design; /* NULL: simple random sample without weights */
    enum likelihood_se se;
    double started; /* processor seconds */
};

struct model_equation {
    const char *formula; /* as typed, or NULL: intercept */
    const char *option;  /* "--covariates" */
};

/** Open the model: equations, rows used (those with a missing covariate or ${also} < 0 are left out
 * and counted by arm in a warning), cells by equations and ${extra} keys, weights and design.
 * ${extra}: codes per row, NULL-terminated, or NULL; a negative code is missing. Refuses (said) an
 * arm without rows and collinear covariates. ERR_USAGE, ERR_STUDY, ERR_NOMEM. On failure
 * model_close is still to be called. */
enum err model_open(const struct frame *f, const struct estimate_options *o, const char *method,
                    const struct model_equation *equation, size_t equations,
                    const int32_t *const *extra, struct model *m);
/** Releases everything but what ${r} was handed over; sets fit_seconds before. */
void model_close(struct model *m);

/** Coefficients, vcov, loglik, iterations, starts, maxima into the result. ERR_NOMEM. */
enum err model_take(struct model *m, const struct likelihood *l, const struct likelihood_fit *fit);

/** Refuse (ERR_USAGE, said) what a method that assumes a direction cannot do: "hide: both". Gives
 * the direction, agree where none is known (with a warning that says so). */
enum err model_direction(struct model *m, const char *assumption, enum study_hide *hide);

#endif
