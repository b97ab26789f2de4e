/* A formula against a frame: which columns of the design matrix it makes, named as in R.
 *
 * "male,age10,factor(region),male:age10": terms apart by commas; an intercept always comes first,
 * "(Intercept)". Columns of numbers enter as numbers; factor(c), columns of text and columns whose
 * codes all have labels (value labels of a .dta or .sav file, answers of a question) enter as
 * treatment dummies, the first level being the reference; number(c) makes numbers of labelled
 * codes. Levels are those that occur in the rows used. "a:b" is the product ("a:a" of numbers the
 * square), "a*b" is a,b,a:b.
 * Where a factor of an interaction has no margin of its own in the formula it gets a dummy for
 * every level, as in R. */
#ifndef SANAQ_ADMIN_ESTIMATE_TERMS_H
#define SANAQ_ADMIN_ESTIMATE_TERMS_H

#include <stdbool.h>
#include <stdint.h>

#include "admin/estimate/matrix.h"
#include "admin/frame/frame.h"

enum { TERMS_MAX = 200, TERMS_MAX_COLUMNS = 64 };

struct terms;

/** Read ${formula} (NULL or "": the intercept alone; ${option} is its name in messages, such as
 * "--covariates"). ${used}: a byte per row of ${f}; rows in which a column of the formula is
 * missing are set to 0. ${f} must outlive *out. ERR_USAGE (said) for a column that is not there or
 * a formula that cannot be read; ERR_STUDY (said) for a column with one value in the rows used and
 * for more than TERMS_MAX dummies; ERR_NOMEM. */
enum err terms_new(const struct frame *f, const char *formula, const char *option, uint8_t *used,
                   struct terms **out);
void terms_free(struct terms *t);

size_t terms_count(const struct terms *t); /* with the intercept */
const char *terms_name(const struct terms *t, size_t i);

const char *terms_option(const struct terms *t); /* as given */

/** Frame columns that the formula reads, each once. */
size_t terms_columns(const struct terms *t);
int terms_column(const struct terms *t, size_t i);
bool terms_reads(const struct terms *t, int column);

/** The design row of frame row ${row} (no missing value in it) into x[terms_count]. */
void terms_row(const struct terms *t, size_t row, double *x);

/** One column held at a value, for profiles and differences. */
struct terms_setting {
    int column;        /* of the frame; columns the formula does not read change nothing */
    const char *value; /* as typed */
};
/** As terms_row with the columns of ${set} held at their values. The values must have been accepted
 * by terms_accept. */
void terms_row_with(const struct terms *t, size_t row, const struct terms_setting *set, size_t sets,
                    double *x);
/** ERR_USAGE (said, naming what is possible) where the value of ${s} is no number of a numeric
 * column or no level of a factor. */
enum err terms_accept(const struct terms *t, const struct terms_setting *s, const char *option);

/** Are the columns independent in the rows of ${x} (of terms_count columns)? ERR_STUDY (said: which
 * term has one value or is a combination of which others, and to leave it out); ERR_NOMEM. */
enum err terms_independent(const struct terms *t, const struct matrix *x);

#endif
