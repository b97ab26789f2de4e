/* The assumptions that bounds.h lists, as statistics of the shares of counts. */
#ifndef SANAQ_ADMIN_ESTIMATE_BOUNDS_TABLE_H
#define SANAQ_ADMIN_ESTIMATE_BOUNDS_TABLE_H

#include "admin/estimate/shares.h"

enum bounds_direction { BOUNDS_EITHER, BOUNDS_AGREE, BOUNDS_DISAGREE };

struct bounds_assumption {
    const char *name;                /* as typed after --assume */
    const char *meaning;             /* the end of "it is assumed that ..." */
    enum bounds_direction direction; /* the answer that it lets respondents hide */
    bool lost;                       /* of shares among all who were given the list */
    bool share;                      /* needs a share of random answers, 0 to below 1 */
    /** The bounds; ${upper} may come out below ${lower}. */
    void (*fill)(const struct shares *s, double share, struct shares_statistic *lower,
                 struct shares_statistic *upper);
};

/** In the order in which they are shown. */
enum { BOUNDS_ASSUMPTIONS = 12 };
extern const struct bounds_assumption bounds_table[BOUNDS_ASSUMPTIONS];

/** The largest share of random answers that leaves no share of the other respondents negative;
 * below 0 where there is none. */
double bounds_largest_share(const struct shares *s);

#endif
