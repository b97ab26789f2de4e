/* A frame from a CSV file of one row a respondent. */
#ifndef SANAQ_ADMIN_FRAME_FLAT_H
#define SANAQ_ADMIN_FRAME_FLAT_H

#include "admin/frame/frame.h"

struct flat_options {
    const char *y, *treat;                  /* column names */
    int items;                              /* J */
    const char *weights, *cluster, *strata; /* column names, or NULL */
    bool has_hide;
    enum study_hide hide;
};

/** Read ${path}. All other columns become frame columns. treat: 0 control, 1..K. Missing: empty, NA
 *  or "." ; a row whose treat is missing is left out with a note. Mistakes are said with row and
 *  column and the mend, all of them up to 20 (ERR_STUDY): a column that is missing, text where
 * numbers belong, counts below 0 or above J+1, a treatment that is not 0..K, ragged rows, no arm
 * with anybody in it, a header twice. A control count of J+1 is kept (estimators warn). */
enum err flat_read(const char *path, const struct flat_options *o, struct frame **out);

#endif
