/* The list of sampling points: a CSV with a header; column `id` is required, `label`, `region`,
 * `stratum`, `target`, `weight`, `addresses` have a meaning, any others may stand beside them. */
#ifndef SANAQ_CORE_POINTS_H
#define SANAQ_CORE_POINTS_H

#include "core/study.h"

enum {
    POINTS_MAX_BYTES = 4 << 20,
    POINTS_MAX = 20000,
    POINTS_MAX_COLUMNS = 64,
    POINTS_MAX_ID = 24 /* bytes of an id: it travels in a fixed field of an entry */
};

struct points {
    char **column; /* names from the header */
    size_t columns;
    char **cell; /* count x columns; never NULL */
    size_t count;
    char *
        *stratum; /* stratum k (from 1) is called stratum[k - 1]; [0] exists even without strata */
    size_t strata;
    uint16_t *stratum_of; /* one per point: 1..strata */
};

/** Read a point list; every mistake is reported with its line. Ids are unique, not empty and at
 * most POINTS_MAX_ID bytes; `weight` is a positive number, `target` and `addresses` whole numbers;
 * no control characters. Strata are the distinct combinations of the columns ${s->strata}, their
 * values joined by " / ", sorted by bytes; without strata columns there is one, "all". (Strata
 * columns that are not there are left to study_check_points, which knows their line in the study.)
 * ERR_STUDY, ERR_NOMEM. */
enum err points_parse(struct bytes csv, const struct study *s, study_report *report, void *ctx,
                      struct points **out);
void points_free(struct points *p);

/** Index of the point with this id, or -1. */
int points_find(const struct points *p, const char *id);
/** Value of a column, or NULL if there is no such column. */
const char *points_value(const struct points *p, size_t point, const char *column);
/** Design weight: the column, 1 where ${column} is NULL or absent. */
double points_weight(const struct points *p, size_t point, const char *column);

#endif
