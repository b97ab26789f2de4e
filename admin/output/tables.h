/* A result as plain tables of texts, for the formats that only paint them. */
#ifndef SANAQ_ADMIN_OUTPUT_TABLES_H
#define SANAQ_ADMIN_OUTPUT_TABLES_H

#include "admin/estimate/estimate.h"
#include "core/bytes.h"

enum { TABLE_COLUMNS = 10, TABLES_MAX = 6, TABLE_CELL = 24 };

struct table {
    const char *title; /* of the table: "Coefficients" */
    size_t columns, rows;
    const char *heading[TABLE_COLUMNS];
    bool left[TABLE_COLUMNS]; /* texts stand left, numbers right */
    char **cell;              /* rows x columns, owned */
};

struct tables {
    char *caption; /* what was estimated, of whom and how */
    struct table table[TABLES_MAX];
    size_t count;
};

/** Fill ${out} from {0}; tables_free it in every case. With ${groups} false what
 * is of groups is left out: their table, the tests between them and their bounds. ERR_NOMEM. */
enum err tables_of(const struct estimate_result *r, const char *method, bool groups,
                   struct tables *out);
void tables_free(struct tables *t);

/** The sentence of what was estimated, of whom and how. */
void tables_caption(const struct estimate_result *r, const char *method, struct buffer *out);

/** ${v} with ${decimals}, or a dash. */
char *tables_number(double v, int decimals, char out[TABLE_CELL]);
/** ".043", "<.001" or a dash. */
char *tables_p(double p, char out[TABLE_CELL]);
/** An estimate in its own size: 4 digits after the point where that shows it, else %.4g. */
char *tables_any(double v, char out[TABLE_CELL]);

#endif
