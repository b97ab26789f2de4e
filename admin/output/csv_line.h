/* Lines of CSV being written (RFC 4180): fields quoted only where they must be, because some
 * programs take quoted numbers for text. */
#ifndef SANAQ_ADMIN_OUTPUT_CSV_LINE_H
#define SANAQ_ADMIN_OUTPUT_CSV_LINE_H

#include "core/bytes.h"

struct csv_line {
    struct buffer *out;
    bool begun;
};

/** A field as it is. */
void csv_line_raw(struct csv_line *l, const char *s);
/** A text (NULL: empty): spreadsheets run what looks like a formula, so one that begins with
 * = + - @ or a tab and is not a number gets an apostrophe before it. */
void csv_line_text(struct csv_line *l, const char *s);
void csv_line_int(struct csv_line *l, long v);
/** With the fewest digits that give it back; empty where it is not finite. */
void csv_line_number(struct csv_line *l, double v);
void csv_line_end(struct csv_line *l);

#endif
