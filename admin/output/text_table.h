/* A result as a table for people, at most 100 columns wide (80 unless labels are long), with what
 * it assumes and the warnings below it. No colour, numbers as in C. */
#ifndef SANAQ_ADMIN_OUTPUT_TEXT_TABLE_H
#define SANAQ_ADMIN_OUTPUT_TEXT_TABLE_H

#include "admin/estimate/estimate.h"

/** Add the table of ${r} to ${out}. ${method}: its name for people. ${plain}: the same without
 * weights, points and strata, of which the line of all respondents is printed beneath; or NULL.
 * ERR_NOMEM. */
enum err text_table(const struct estimate_result *r, const struct estimate_result *plain,
                    const char *method, struct buffer *out);

/** Add the tables of ${r} that are not of groups: prevalences, coefficients, named tests, numbers.
 * ERR_NOMEM. */
enum err text_table_others(const struct estimate_result *r, struct buffer *out);

/** Add ${text} broken at ${width} columns, later lines indented by ${indent}; control characters
 * become
 *  "?". ERR_NOMEM. */
enum err text_table_wrap(const char *text, size_t indent, size_t width, struct buffer *out);

#endif
