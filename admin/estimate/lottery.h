/* Drawing the arms again, as they were drawn in the field: the reference distribution of a
 * randomisation test (Fisher 1935; Imbens and Rubin 2015, chapter 5).
 *
 * Under the hypothesis that the sensitive item changed nobody's count, every respondent would have
 * given the same count (or none) with the other card. So only the arms are random, and how they are
 * is known:
 *   simple    each draw by itself with the study's shares (an archive);
 *   blocks    permuted blocks of the study's sizes, chain by chain, each realised draw in its
 * place, whether or not its interview is among the rows (an archive); complete  any choice as
 * likely that gives the arms their sizes (a flat file, which does not say). With several items the
 * draws of the other arms stay where they are, except in blocks, where all arms are drawn again:
 * the hypothesis there is that no item changed anybody's count. Redraws that leave fewer than two
 * counts in an arm are set aside: the test is given that both have two. */
#ifndef SANAQ_ADMIN_ESTIMATE_LOTTERY_H
#define SANAQ_ADMIN_ESTIMATE_LOTTERY_H

#include "admin/estimate/chance.h"
#include "admin/frame/frame.h"

enum lottery_kind { LOTTERY_COMPLETE, LOTTERY_SIMPLE, LOTTERY_BLOCKS };
enum { LOTTERY_CELLS = STUDY_MAX_ITEMS + 3 }; /* counts 0..J+1, and lost */

struct lottery {
    enum lottery_kind kind;
    const struct frame_list *list;
    int item;             /* arm compared with control */
    const int32_t *level; /* per row; NULL: everybody */
    int32_t want;
    size_t cells;
    uint64_t cell[2][LOTTERY_CELLS]; /* respondents by real arm and count; the last cell: lost */
    uint64_t treated;                /* with the item, lost ones too */
    double p;                        /* simple: of the item, given one of the two arms */
};

/** The respondents of ${level}, ${want} (see struct lottery). */
void lottery_of(const struct frame *f, const struct frame_list *list, int item,
                const int32_t *level, int32_t want, struct lottery *out);

/** What a difference in means needs of one arm: counts, their sum and sum of squares, how many
 * really had the item and the sum of their counts. */
struct lottery_side {
    double n, sum, squares, own, own_sum;
};
struct lottery_arms {
    struct lottery_side side[2]; /* control, treatment */
};

void lottery_observed(const struct lottery *l, struct lottery_arms *out);
/** Draw the arms again; false where it did not come to two counts in each arm. */
bool lottery_draw(const struct lottery *l, struct chance *c, struct lottery_arms *out);

/** Studentised difference in means (difference over Welch's standard error) after ${shift} has been
 * taken from the counts of all who really had the item. */
double lottery_t(const struct lottery_arms *a, double shift);

/** Welch's standard error of the difference. */
double lottery_se(const struct lottery_arms *a);

/** Exactly, by going through all assignments: P(|t| >= |${t}|). False where they are too many (or
 * drawn in blocks). */
bool lottery_exact(const struct lottery *l, double t, double *p);

#endif
