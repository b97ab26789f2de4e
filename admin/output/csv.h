/* A frame as a CSV file (RFC 4180, UTF-8) and its codebook.
 *
 * Columns: id, the sampling point's columns, for each list L (a flat file's is called "list")
 * L_treat (0..K), L_y, L_y_missing, L_items (J), then questions, derived columns, weight. Missing
 * answers are -1 don't know, -2 refused, -3 not asked, -4 not reached, -5 no longer valid, and
 * empty where nobody knows why; a missing count is empty with its code in L_y_missing. Rows with an
 * id are sorted by it, so that their order tells nothing.
 *
 * Spreadsheets run what looks like a formula: a text that begins with = + - @ or a tab and is not a
 * number gets an apostrophe before it. */
#ifndef SANAQ_ADMIN_OUTPUT_CSV_H
#define SANAQ_ADMIN_OUTPUT_CSV_H

#include "admin/frame/frame.h"

/** Add the table to ${out}. ERR_NOMEM; ERR_STUDY (said) where two columns would have one name. */
enum err csv_export_frame(const struct frame *f, struct buffer *out);

/** Add the codebook to ${out}: variable, label, code, meaning, missing (1: the code is a missing
 * code). ERR_NOMEM. */
enum err csv_export_codebook(const struct frame *f, struct buffer *out);

#endif
