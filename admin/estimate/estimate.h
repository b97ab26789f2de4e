/* What every estimator takes and gives. An estimator sees a frame and options and returns a result:
 * no files, no crypto, no printing. */
#ifndef SANAQ_ADMIN_ESTIMATE_H
#define SANAQ_ADMIN_ESTIMATE_H

#include "admin/frame/frame.h"

enum estimate_error { ERROR_NONE, ERROR_TOPCODE, ERROR_UNIFORM };
enum estimate_outcome { OUTCOME_BY_VALUES, OUTCOME_LOGISTIC, OUTCOME_LINEAR };
enum estimate_constraint { CONSTRAINT_NONE, CONSTRAINT_PARTIAL, CONSTRAINT_FULL };
enum estimate_moments { MOMENTS_USUAL, MOMENTS_ML, MOMENTS_NLS };
enum estimate_multi { MULTI_NONE, MULTI_LEVEL, MULTI_INDICATORS };

struct estimate_options {
    size_t list;   /* index into frame->list */
    const int *by; /* indices of frame columns, each by itself */
    size_t bys;
    bool small;             /* show groups with fewer than ESTIMATE_WITHHOLD in an arm */
    bool unweighted;        /* leave weights, points and strata out */
    const char *covariates; /* formulas as typed (terms.h); NULL: the intercept alone */
    const char *ceiling_covariates, *floor_covariates;
    const char *direct, *outcome; /* columns of the frame */
    const char *placebo;          /* of test: column that says whose control card had the item */
    enum estimate_outcome outcome_model;
    enum estimate_constraint control_constraint; /* misreport: control answers that are alike */
    bool no_treatment;                           /* misreport: the card does not matter */
    bool unconstrained, overdispersed, ceiling, floor;
    bool prior;                 /* --prior cauchy */
    enum estimate_error error;  /* --error */
    enum estimate_multi multi;  /* --multi */
    const char *se;             /* --se: NULL, or a name the method knows (it refuses others) */
    const char *const *profile; /* "male=1,age10=4": a prevalence each */
    size_t profiles;
    const char *const *difference; /* "male=1:male=0": of two prevalences */
    size_t differences;
    bool likelihood_interval; /* of the prevalence of all, by profile likelihood */
    bool posterior;    /* each respondent's probability into the result: it singles people out */
    bool simulate;     /* quasi-Bayesian intervals in place of the delta method */
    uint64_t seed;     /* of whatever draws */
    size_t starts;     /* 0: the method's own number */
    size_t draws;      /* randomization: redraws; 0: the method's own number */
    const char *known; /* aux: "0.3", or "region=1:0.3,region=2:0.5" */
    bool robust;       /* aux: held to the difference in means */
    enum estimate_moments moments; /* aux: of which method */
    const char *assume;            /* bounds: names, apart by commas; NULL: all that fit */
    const char *random_share; /* bounds: shares of random answers, apart by commas; NULL: some */
    const struct estimate_result
        *warm;        /* of the whole sample: a method that fits may start there */
    size_t bootstrap; /* resamples; 0: none (bootstrap.h) */
    bool percentile;  /* of them, in place of BCa */
    size_t threads;   /* 0: as many as there are processors */
};

/* Groups with fewer than ESTIMATE_WITHHOLD counts in an arm say more about the few than about the
 * group; below ESTIMATE_MARK the t interval still leans on a normality that counts of 0..J+1 reach
 * later. Both are conventions, not results. */
enum { ESTIMATE_WITHHOLD = 10, ESTIMATE_MARK = 30, ESTIMATE_MAX_LEVELS = 50 };

/** A number that may be absent (JSON null) is NAN. Texts belong to the frame, which must outlive
 * the result; so whoever prints needs no data. */
struct estimate_group {
    int by;                             /* frame column, or -1: all respondents */
    int level;                          /* its level */
    int item;                           /* arm of the sensitive item, 1..K */
    const char *by_name, *value;        /* NULL for all respondents; the value is the code */
    const char *value_label;            /* for people; may be NULL */
    const char *item_name, *item_label; /* may be NULL */
    double share; /* of the rows used that have a value of the column, weighted; 0..1 */
    size_t n, n_control, n_treatment; /* rows used */
    double control_mean, treatment_mean;
    double estimate, se, df, ci_low, ci_high, p_value;
    bool prespecified, withheld;
    bool marked; /* fewer than ESTIMATE_MARK in an arm: not for reading alone */
};

struct estimate_test { /* equality between the groups of one column */
    int by, item;
    const char *by_name, *item_name; /* as in the groups */
    bool prespecified;
    double statistic; /* Wald chi-square, or F where df2 is given; NAN: no two groups to compare, a
                         warning says why */
    size_t df;        /* groups - 1; 0 where there is no statistic */
    double df2;       /* NAN: chi-square */
    double p_value;
    double p_holm; /* over the pre-specified tests of this result (Holm 1979); NAN for others */
};

/** A coefficient: equation + "." + term is its name, or the equation alone where the term is "". */
struct estimate_coefficient {
    char *equation, *term;
    double estimate, se, z, p_value;
};

/** A prevalence or a difference of two that is not in the groups: a profile, list minus direct. */
struct estimate_prevalence {
    char *name; /* as asked for: "male=1", "male=1:male=0", "list minus direct" */
    int item;
    double estimate, se, ci_low, ci_high;
};

/** A test that is not of the groups of a column. */
struct estimate_named_test {
    char *name;                    /* "likelihood ratio against no ceiling", "placebo I" */
    double statistic, df, p_value; /* NAN where there is none; a warning says why */
    double df2;                    /* second degrees of freedom of an F; NAN */
};

/** Any other number of the method: "rho", "condition". */
struct estimate_number {
    char *name;
    double value;
};

/** What one assumption says of one group: between lower and upper, and the interval that covers the
 * truth between them. */
struct estimate_bound {
    const char *assumption; /* as typed after --assume */
    const char *meaning;    /* a sentence */
    size_t group;           /* index in the result's groups */
    double share;           /* of random answers; NAN where the assumption has none */
    double lower, upper, se_lower, se_upper;
    double ci_low, ci_high; /* NAN: no standard error, or the bounds contradict each other */
};

/** Intervals of one number by the bootstrap; NAN where there are too few resamples with it. */
struct estimate_boot {
    double percentile_low, percentile_high, bca_low, bca_high;
    size_t resamples; /* that have it */
};

struct estimate_result {
    const char *method; /* the table's name */
    const char *list;   /* id of the list; NULL in a flat file */
    int items;          /* J */
    size_t arms;        /* 1 + sensitive items */
    bool has_hide;      /* one direction known for all its sensitive items */
    enum study_hide hide;
    bool archive;        /* from sealed interviews: pre-specified or exploratory means something */
    const char *design;  /* "srs", "weighted", "clustered" */
    const char *se_type; /* "welch", "weighted", "taylor" */
    size_t n, n_control, n_treatment; /* rows used; all treatment arms together */
    size_t missing_control, missing_treatment;
    size_t n_psu; /* 0: no clusters */
    double
        weight_cv; /* of the weights used, so that 1 + cv^2 is Kish's design effect; NAN without */
    const struct weighting_stage
        *stage; /* how the weights came about (weighting.h); of the frame */
    size_t stages;
    struct estimate_group *group;
    size_t groups;
    struct estimate_test *test;
    size_t tests;
    char **warning; /* sentences a careful statistician would add */
    size_t warnings;
    char **assumption; /* sentences: what must be true for the estimate to mean what it says */
    size_t assumptions;
    struct estimate_coefficient *coefficient;
    size_t coefficients;
    bool repeated; /* the coefficients say the groups once more, for machines */
    double *vcov;  /* coefficients x coefficients, in their order; NULL: none */
    bool fitted;   /* a likelihood or another iteration: the five below mean something */
    double loglik; /* NAN: the method has none */
    size_t iterations, starts, reached; /* starts tried; starts that came to this maximum */
    double *other_maxima;               /* log-likelihoods of lower maxima, best first */
    size_t others;
    bool tie; /* another maximum as high */
    struct estimate_prevalence *prevalence;
    size_t prevalences;
    struct estimate_named_test *named_test;
    size_t named_tests;
    struct estimate_number *number;
    size_t numbers;
    struct estimate_boot *boot; /* of groups, then coefficients, then prevalences */
    size_t boots, resamples, resamples_failed;
    struct estimate_bound *bound;
    size_t bounds;
    double *posterior; /* per row of the frame: P(support | count, arm, covariates), NAN where it
                          was not used; NULL unless asked for. Never printed with the rest */
    double group_seconds, fit_seconds; /* processor time: grouping rows; everything after; NAN */
};

/** Withheld groups have neither means nor estimate (two means give the difference away).
 *  run: ERR_NOMEM; ERR_USAGE for a column of more than ESTIMATE_MAX_LEVELS groups, ERR_STUDY for
 *  weights that are not above 0 (both said). */
struct estimator {
    const char *name; /* as typed after --method */
    const char *what; /* one line for --help */
    enum err (*run)(const struct frame *f, const struct estimate_options *o,
                    struct estimate_result **out);
    const char *takes; /* command-line options it takes beside those all do, apart by spaces */
};

/** NULL if there is no such method. */
const struct estimator *estimate_find(const char *name);
/** The whole table. */
const struct estimator *const *estimate_table(size_t *count);

/** What all estimators begin with: a result that says list, rows used, missing counts and what is
 * to be warned of before anything is estimated; without groups. ERR_NOMEM. */
enum err estimate_start(const struct frame *f, const struct estimate_options *o, const char *method,
                        struct estimate_result **out);
/** True if row ${i} has an arm and a count. */
bool estimate_used(const struct frame_list *list, size_t i);
/** "gender = female (csto)" or "all respondents", cut to fit; returns ${out}. */
char *estimate_group_name(const struct estimate_result *r, const struct estimate_group *g,
                          char *out, size_t room);

/** Room for ${more} further groups at r->group + r->groups; ERR_NOMEM. */
enum err estimate_room(struct estimate_result *r, size_t more);
/** A group with names set and every number NAN; ${by} -1: all respondents. */
void estimate_start_group(const struct frame *f, const struct estimate_options *o, int by,
                          int level, int item, struct estimate_group *out);
/** Counts of one arm of a group. */
struct estimate_tally {
    size_t n;
    double weights, sum; /* sum: of weight times count */
};
/** Its n, means, share, and whether it is withheld or marked. */
void estimate_count_group(const struct estimate_options *o, const struct estimate_tally *control,
                          const struct estimate_tally *treatment, double share,
                          struct estimate_group *out);
/** Both in one, looking through all rows. The counts, means and
 * shares of rows used are filled in: ${used} NULL means estimate_used. */
void estimate_name_group(const struct frame *f, const struct estimate_options *o, int by, int level,
                         int item, const uint8_t *used, struct estimate_group *out);
/** Add one to the result; texts are copied. ERR_NOMEM. */
enum err estimate_add_coefficient(struct estimate_result *r, const char *equation, const char *term,
                                  double estimate, double se);
/** The same with t on ${df} degrees of freedom for the p value. */
enum err estimate_add_coefficient_t(struct estimate_result *r, const char *equation,
                                    const char *term, double estimate, double se, double df);
enum err estimate_add_prevalence(struct estimate_result *r, const char *name, int item,
                                 double estimate, double se, double ci_low, double ci_high);
enum err estimate_add_test(struct estimate_result *r, const char *name, double statistic, double df,
                           double p_value);
enum err estimate_add_number(struct estimate_result *r, const char *name, double value);
enum err estimate_add_bound(struct estimate_result *r, const struct estimate_bound *bound);
/** Copy ${p} x ${p} covariances of the coefficients. ERR_NOMEM. */
enum err estimate_set_vcov(struct estimate_result *r, const double *vcov, size_t p);

void estimate_free(struct estimate_result *r);
/** Add an assumption sentence. ERR_NOMEM. */
enum err estimate_assume(struct estimate_result *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/** Add a warning sentence; out of memory is remembered by the caller's return. */
enum err estimate_warn(struct estimate_result *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
