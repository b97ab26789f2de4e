/* The columns of a data file of one row a respondent, before anybody asks what they mean: numbers
 * where every value is one, else texts; and the list of what is wrong with the file. A value is
 * kept once, as small as it can be. */
#ifndef SANAQ_ADMIN_FRAME_FLAT_TABLE_H
#define SANAQ_ADMIN_FRAME_FLAT_TABLE_H

#include "admin/frame/texts.h"
#include "core/bytes.h"

enum { FLAT_MAX_ROWS = 2000000, FLAT_MAX_FAULTS = 20 };

/** Mistakes of one file: the first FLAT_MAX_FAULTS are said, all are counted. */
struct flat_faults {
    const char *path;
    size_t count;
};
/** Say one as "path:line: what"; ${line} 0: the file as a whole. */
void flat_fault(struct flat_faults *faults, size_t line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/** ERR_OK if there was none; else says how many were not said and gives ERR_STUDY. */
enum err flat_faults_end(const struct flat_faults *faults);

enum flat_kind {
    FLAT_NUMBERS, /* all values so far; a column without any is one of numbers */
    FLAT_TEXTS,
    FLAT_MIXED,  /* a text came after numbers: to be read again as texts */
    FLAT_DROPPED /* more than FRAME_MAX_LEVELS texts */
};

struct flat_column {
    char *name, *label; /* the label may be NULL */
    enum flat_kind kind;
    bool seen;      /* some value is not missing */
    bool open;      /* takes values: not in a second reading that it does not need */
    int8_t *small;  /* FLAT_NUMBERS: as in a frame, until a number does not fit; */
    double *number; /* then these */
    int32_t *text;  /* numbers of ${texts}, or FRAME_MISSING */
    struct texts *texts;
    struct frame_value_label *value_label; /* sorted by value */
    size_t value_labels;
};

struct flat_table {
    struct flat_column *column;
    size_t columns, rows;
    size_t room;         /* of every column, in rows */
    bool lined;          /* rows stand on lines */
    struct buffer lines; /* struct flat_line: where the distance of row and line changes */
};

enum flat_cell { FLAT_MISSING, FLAT_NUMBER, FLAT_TEXT };

/** Read the CSV file ${path}: RFC 4180 as people write it: UTF-8 with or without a byte order mark,
 * LF or CRLF, quotes where needed, a header line. Missing is empty, NA or a dot. ERR_OK even where
 * mistakes were found, as long as there is a table to go on with: ragged rows are faults and are
 * filled up or cut. ERR_STUDY: no table (faults say why), ERR_FILE, ERR_FORMAT, ERR_NOMEM. The
 * caller frees ${out} in every case. */
enum err flat_table_csv(const char *path, struct flat_faults *faults, struct flat_table *out);
/** The same of a Stata (.dta) or SPSS (.sav) file. Missing are system-missing, .a to .z, what SPSS
 * declares missing, and empty texts. */
enum err flat_table_stata(const char *path, struct flat_faults *faults, struct flat_table *out);
enum err flat_table_spss(const char *path, struct flat_faults *faults, struct flat_table *out);
void flat_table_free(struct flat_table *t);

/** What stands in a cell: its number in *number or its text in *text. */
enum flat_cell flat_table_cell(const struct flat_table *t, size_t row, size_t column,
                               double *number, const char **text);
/** Line where a row ends (rows count from 0); 0 in files without lines. */
size_t flat_table_line(const struct flat_table *t, size_t row);
/** Leave the rows with ${keep} 0 out. */
void flat_table_keep(struct flat_table *t, const uint8_t *keep);

/* For readers. */

/** Add a column without values; ERR_NOMEM. */
enum err flat_table_add_column(struct flat_table *t, const char *name, size_t n);
/** Room for one more row; t->rows is then where it goes. ERR_NOMEM. */
enum err flat_table_room(struct flat_table *t);
/** Put a value into ${row}; rows without a value get a missing one. ${room}: that of the table;
 * numbers only into columns that are open and FLAT_NUMBERS. ERR_NOMEM. */
void flat_table_missing(struct flat_column *c, size_t row);
enum err flat_table_number(struct flat_column *c, size_t room, size_t row, double v);
enum err flat_table_text(struct flat_column *c, size_t room, size_t row, const char *s, size_t n);
/** The row just added ends on ${line}. */
void flat_table_row_line(struct flat_table *t, size_t row, size_t line);
/** Columns that are FLAT_MIXED wait for a second reading, all others are closed. True if there are
 * any. ERR_NOMEM. */
enum err flat_table_again(struct flat_table *t, bool *again);
/** Mistakes of the header: names twice or with control characters, too many, no rows. ERR_STUDY. */
enum err flat_table_check(const struct flat_table *t, struct flat_faults *faults);

#endif
