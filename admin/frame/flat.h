/* A frame from a data file of one row a respondent: CSV, Stata (.dta) or SPSS (.sav). */
#ifndef SANAQ_ADMIN_FRAME_FLAT_H
#define SANAQ_ADMIN_FRAME_FLAT_H

#include "admin/frame/frame.h"

struct flat_options {
    const char *y, *treat;                  /* column names */
    int items;                              /* J */
    const char *y2, *treat2;                /* of a second list, or NULL; J is the same */
    const char *weights, *cluster, *strata; /* column names, or NULL */
    const char *weights_file;               /* weights_file.h; in place of weights, or NULL */
    bool has_hide;
    enum study_hide hide;
};

/** True if the ending of ${path} is one that flat_read takes. */
bool flat_is_file(const char *path);

/** Read ${path}, by its ending. All other columns become frame columns; value labels of .dta and
 * .sav become labels of levels. treat: 0 control, 1..K. Missing: empty, NA or "." in CSV;
 * system-missing, .a to .z and what SPSS declares missing. A row whose treat is missing is left out
 * with a note (whose treat2 is missing: was not asked the second list). Mistakes are said with row
 * and column and the mend, all of them up to 20 (ERR_STUDY): a column that is missing, text where
 * numbers belong, counts below 0 or above J+1, a treatment that is not 0..K, ragged rows, no arm
 * with anybody in it, a header twice. A control count of J+1 is kept (estimators warn). Memory: the
 * columns once, and a few bytes a row. */
enum err flat_read(const char *path, const struct flat_options *o, struct frame **out);

#endif
