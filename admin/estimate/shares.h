/* How the counts are distributed in control and in one treatment arm, with the covariance of all
 * the shares: what every statistic of the two distributions (bounds, differences in means, tests)
 * needs and nothing else.
 *
 * Without weights, points and strata each arm is a multinomial sample: (diag(p) - p p')/(n - 1), so
 * that the variance of a difference in means is Welch's exactly. With any of them: Taylor
 * linearisation of the shares as ratios (design.h). */
#ifndef SANAQ_ADMIN_ESTIMATE_SHARES_H
#define SANAQ_ADMIN_ESTIMATE_SHARES_H

#include "admin/estimate/design.h"

enum {
    SHARES_CELLS = STUDY_MAX_ITEMS + 3, /* counts 0..J+1, and lost */
    SHARES_ALL = 2 * SHARES_CELLS
};

struct shares_spec {
    const struct frame *f;
    const struct frame_list *list;
    int item;                    /* arm compared with control, 1..K */
    const int32_t *level;        /* per row, or NULL: everybody */
    int32_t want;                /* the level that counts */
    const struct design *design; /* NULL: simple random sample */
    bool lost; /* among all who were given the list; else among those who gave a count */
};

struct shares {
    int items;            /* J */
    size_t counts, cells; /* J + 2; one more where the lost are a cell, the last */
    size_t n[2], lost[2]; /* respondents with and without a count: control, treatment */
    double p[SHARES_ALL]; /* control cells, then treatment cells; each arm adds up to 1 */
    double cov[SHARES_ALL * SHARES_ALL]; /* 2 cells x 2 cells, by rows */
    size_t df;                           /* points minus strata; 0 without a design */
};

/** ERR_NOMEM. Shares of an arm with nobody in it are NAN, and so are variances of an arm of one. */
enum err shares_of(const struct shares_spec *s, struct shares *out);

static inline size_t shares_size(const struct shares *s)
{
    return 2 * s->cells;
}

/** A statistic of the shares: its value and its derivative in each. */
struct shares_statistic {
    double value;
    double grad[SHARES_ALL];
};

double shares_covariance(const struct shares *s, const struct shares_statistic *a,
                         const struct shares_statistic *b);
double shares_se(const struct shares *s, const struct shares_statistic *a);

/** Degrees of freedom of the difference in means: points minus strata, or Welch's. */
double shares_df(const struct shares *s);

/** Statistics that are linear in the shares: value = grad' p. */
void shares_linear(const struct shares *s, struct shares_statistic *a);
/** P(count <= k) in control minus that in treatment: who gave count k to the control items and
 * agreed to the sensitive one (Imai 2011; Glynn 2013). */
void shares_agree(const struct shares *s, int k, struct shares_statistic *out);
/** Who gave count k to the control items and did not agree: P0(k) minus shares_agree. */
void shares_not(const struct shares *s, int k, struct shares_statistic *out);
/** Difference in means. */
void shares_difference(const struct shares *s, struct shares_statistic *out);
/** ${a} + ${times} ${b}. */
void shares_add(const struct shares *s, struct shares_statistic *a, double times,
                const struct shares_statistic *b);

#endif
