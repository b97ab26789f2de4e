/* The cells of a CSV file, as text, and the list of what is wrong with it. RFC 4180 as people write
 * it: UTF-8 with or without a byte order mark, LF or CRLF, quotes where needed, a header line. */
#ifndef SANAQ_ADMIN_FRAME_FLAT_TABLE_H
#define SANAQ_ADMIN_FRAME_FLAT_TABLE_H

#include "core/bytes.h"
#include "core/err.h"

enum { FLAT_MAX_BYTES = 64 << 20, FLAT_MAX_ROWS = 2000000, FLAT_MAX_FAULTS = 20 };

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

struct flat_table {
    size_t columns, rows;
    struct buffer text;   /* all cells, each ended by 0; the header first */
    struct buffer offset; /* uint32_t: where cell [row * columns + column] begins */
    struct buffer line;   /* uint32_t: line of the file where each row ends; the header's first */
};

/** Read ${path}. ERR_OK even where mistakes were found, as long as there is a table to go on with:
 *  ragged rows are faults and are filled up or cut. ERR_STUDY: no table (faults say why), ERR_FILE,
 *  ERR_FORMAT, ERR_NOMEM. The caller frees ${out} in every case. */
enum err flat_table_read(const char *path, struct flat_faults *faults, struct flat_table *out);
void flat_table_free(struct flat_table *t);

/** Name of a column, text of a cell (rows count from 0), line of a row. */
const char *flat_table_name(const struct flat_table *t, size_t column);
const char *flat_table_cell(const struct flat_table *t, size_t row, size_t column);
size_t flat_table_line(const struct flat_table *t, size_t row);

#endif
