/* Worlds with a known truth: respondents of a list experiment drawn under the model of an
 * estimator, or under a fault that breaks it. Frames are made in memory, as a flat file would give
 * them. */
#ifndef SANAQ_TESTS_STATS_WORLD_H
#define SANAQ_TESTS_STATS_WORLD_H

#include "admin/frame/frame.h"

enum { WORLD_TERMS = 3 /* (Intercept), male (0/1), age (-1, -.5, 0, .5, 1) */ };

/** Log-odds of each part; what is zero is absent. Rates are of those whom they concern. */
struct world {
    size_t n;
    int items;                        /* J */
    double sensitive[2][WORLD_TERMS]; /* support for each sensitive item; the second with arms 3 */
    size_t arms;                      /* 2, or 3 with two sensitive items */
    double psi0[WORLD_TERMS],
        psi1[WORLD_TERMS]; /* control items of those without and with support */
    double rho;            /* correlation of control items (beta-binomial) */
    double ceiling,
        floor; /* share of supporters at J (at 0: opponents' own 0 cannot lie) who hide it */
    double topcode, uniform; /* share of answers that are the highest, or any, instead of true */
    double deflate, inflate; /* share of the treated who drop, or add, one of the control items */
    bool direct;             /* a direct question, where supporters misreport */
    double misreport[WORLD_TERMS];
    bool outcome; /* logistic outcome: terms and support */
    double after[WORLD_TERMS + 1];
    bool twice;       /* a second list, treated where the first is not */
    size_t points;    /* sampling points of equal size with a shared effect; 0: none */
    double spread;    /* of the points' effect on log-odds */
    double weight_cv; /* of weights that go with age; 0: none */
};

struct sample {
    struct frame *f;
    double prevalence[2]; /* mean probability of support of these respondents, weighted */
};

/** Draw one sample; the same seed gives the same. ERR_NOMEM. frame_free(out->f) it. */
enum err world_draw(const struct world *w, uint64_t seed, struct sample *out);

/** Mean probability of support in the world itself, over everybody. */
double world_prevalence(const struct world *w, size_t item);

#endif
