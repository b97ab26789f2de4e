/* What every estimator takes and gives. An estimator sees a frame and options and returns a result:
 * no files, no crypto, no printing. */
#ifndef SANAQ_ADMIN_ESTIMATE_H
#define SANAQ_ADMIN_ESTIMATE_H

#include "admin/frame/frame.h"

struct estimate_options {
    size_t list;   /* index into frame->list */
    const int *by; /* indices of frame columns, each by itself */
    size_t bys;
    bool small;      /* show groups with fewer than ESTIMATE_WITHHOLD in an arm */
    bool unweighted; /* leave weights, points and strata out */
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
    double statistic; /* Wald chi-square; NAN: no two groups to compare, a warning says why */
    size_t df;        /* groups - 1; 0 where there is no statistic */
    double p_value;
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
    struct estimate_group *group;
    size_t groups;
    struct estimate_test *test;
    size_t tests;
    char **warning; /* sentences a careful statistician would add */
    size_t warnings;
};

/** Withheld groups have neither means nor estimate (two means give the difference away).
 *  run: ERR_NOMEM; ERR_USAGE for a column of more than ESTIMATE_MAX_LEVELS groups, ERR_STUDY for
 *  weights that are not above 0 (both said). */
struct estimator {
    const char *name; /* as typed after --method */
    const char *what; /* one line for --help */
    enum err (*run)(const struct frame *f, const struct estimate_options *o,
                    struct estimate_result **out);
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

void estimate_free(struct estimate_result *r);
/** Add a warning sentence; out of memory is remembered by the caller's return. */
enum err estimate_warn(struct estimate_result *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
