/* The test for design effects of Blair and Imai (2012): without one, the shares
 *   pi(y, 1) = F0(y) - F1(y)        of those with y control items who agree with the sensitive one,
 *   pi(y, 0) = F1(y) - F0(y - 1)    who do not
 * are not negative. Each side by the distance of its estimates from the orthant, in its chi-bar-
 * square distribution with exact weights; generalised moment selection (Andrews and Soares 2010)
 * leaves out constraints far from binding: pi / se > sqrt(log n); Bonferroni for the two sides. */
#ifndef SANAQ_ADMIN_ESTIMATE_DESIGN_EFFECT_H
#define SANAQ_ADMIN_ESTIMATE_DESIGN_EFFECT_H

#include "admin/estimate/chi_bar.h"
#include "admin/frame/frame.h"

/** Counts 0..J+1 of the two arms. */
struct design_effect_counts {
    int items;
    double n[2]; /* control, treatment */
    double count[2][STUDY_MAX_ITEMS + 2];
};
void design_effect_count(const struct frame_list *l, size_t n, int item,
                         struct design_effect_counts *out);

struct design_effect_side {
    size_t k; /* constraints there are: J */
    double pi[CHI_BAR_MAX], se[CHI_BAR_MAX];
    bool kept[CHI_BAR_MAX];
    size_t kepts;
    double lambda, p; /* p NAN: every constraint is far from binding */
    double weight[CHI_BAR_MAX + 1];
    bool exact;
};
struct design_effect {
    struct design_effect_side side[2]; /* [z] */
    double p;                          /* Bonferroni; 1 where no side has a constraint to test */
};

/** ERR_STUDY: an arm is empty or the estimates are dependent (not said); ERR_NOMEM. */
enum err design_effect_test(const struct design_effect_counts *c, bool selection,
                            struct design_effect *out);

/** The smallest share of the treated who count one item less (more) than they should that this test
 * finds at 5% with a probability of 80%: found by drawing estimates from their normal distribution
 * at shares of 1% to 100%, all constraints kept; NAN where even 100% is not found. ERR_NOMEM,
 * ERR_STUDY. */
enum err design_effect_power(const struct design_effect_counts *c, double *deflating,
                             double *inflating);

#endif
