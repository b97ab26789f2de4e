/* What every regression method of the list experiment begins and ends with: rows used, designs of
 * its equations, cells, weights; and from a fit the coefficients, standard errors and prevalences
 * of a result. */
#ifndef SANAQ_ADMIN_ESTIMATE_MODEL_H
#define SANAQ_ADMIN_ESTIMATE_MODEL_H

#include "admin/estimate/design.h"
#include "admin/estimate/estimate.h"
#include "admin/estimate/likelihood.h"

enum { MODEL_EQUATIONS = 8 };

struct model_equation {
    const char *formula; /* as typed, or NULL: intercept */
    const char *option;  /* "--covariates" */
};

struct model_spec {
    const char *method;
    struct model_equation equation[MODEL_EQUATIONS];
    size_t equations;
    const int32_t *extra[CELLS_EXTRA];     /* codes per row that cells are split by; < 0 missing */
    const char *extra_option[CELLS_EXTRA]; /* "--direct", for the warning of rows left out */
    enum likelihood_se plain_se;           /* without weights and design; SE_OBSERVED */
    bool own_se; /* the method reads --se itself and sets se_type, se and df */
    bool mirror; /* counts as if the item were its opposite: J+1-y treated, J-y control */
};

struct model {
    const struct frame *f;
    const struct frame_list *list;
    const struct estimate_options *o;
    struct estimate_result *r; /* from estimate_start; whoever takes it over sets it to NULL */
    uint8_t *used;             /* rows with arm, count, extra keys and all covariates */
    int16_t *count;            /* mirrored counts; NULL: those of the list */
    const double *weight;      /* per row; NULL: none */
    struct terms *terms[MODEL_EQUATIONS];
    struct matrix x[MODEL_EQUATIONS]; /* cells x terms */
    size_t equations;
    struct cells *cells;
    struct design *design; /* NULL: simple random sample without weights */
    enum likelihood_se se;
    double df;      /* of intervals: points minus strata for the last two; INFINITY */
    double started; /* processor seconds */
};

/** Open the model: rows used (those with a missing covariate or extra key are left out and counted
 * by arm in a warning), cells, designs, weights, and the kind of standard error (--se, or design
 * where there are points or strata, robust where there are weights, observed else). Refuses (said)
 * an arm without rows and covariates that cannot be told apart. ERR_USAGE, ERR_STUDY, ERR_NOMEM. On
 * failure too model_close is to be called. */
enum err model_open(const struct frame *f, const struct estimate_options *o,
                    const struct model_spec *spec, struct model *m);
/** Sets the result's seconds and hands it over (*out), or where ${out} is NULL releases it; then
 * releases the rest. */
void model_close(struct model *m, struct estimate_result **out);

/** Coefficients, their covariance of the model's kind (also into ${vcov}, p x p), loglik,
 * iterations, starts and maxima into the result. ${flip}: parameters whose sign is turned (mirrored
 * fits), NULL: none; ${vcov} then is of the coefficients as fitted. ERR_NOMEM. */
enum err model_take(struct model *m, const struct likelihood *l, const struct likelihood_fit *fit,
                    const bool *flip, double *vcov);

/** ERR_STUDY (said) where points minus strata leave no degrees of freedom; else m->df is they. */
enum err model_design_df(struct model *m);

/** *holds: ${t} reads the column of the frame, or all columns of which it is the crossing "a:b".
 * ERR_NOMEM. */
enum err model_holds(const struct model *m, const struct terms *t, int column, bool *holds);

/** Weighted mean count of arm ${arm} in the rows used. */
double model_mean(const struct model *m, int arm);

/** The direction of a method that assumes one: ERR_USAGE (said, with ${assumption}: what "nobody
 * ..." means) for hide: both; agree, with a warning, where none is known. */
enum err model_direction(const struct frame_list *list, const char *method, const char *assumption,
                         struct estimate_result *r, enum study_hide *hide);

#endif
