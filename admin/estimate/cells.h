/* Rows grouped into cells: what a likelihood or a mean can tell apart, once. A cell is one arm, one
 * count, one pattern of the covariates and one code of each extra key (direct answer, outcome, arm
 * and count of a second list). Cost per iteration then follows the number of patterns.
 *
 * Cells stand sorted by arm, count, extra keys, pattern; a segment is a run of cells that share
 * arm, count and extra keys, so that a model works on it without branching. */
#ifndef SANAQ_ADMIN_ESTIMATE_CELLS_H
#define SANAQ_ADMIN_ESTIMATE_CELLS_H

#include <stdint.h>

#include "admin/estimate/terms.h"

enum { CELLS_EXTRA = 6 };

struct cells_segment {
    size_t first, count; /* cells */
    int arm, y;
    int32_t extra[CELLS_EXTRA];
};

struct cells {
    size_t n;
    double *weight;  /* sums of the weights of each cell's rows (their number without weights) */
    double *weight2; /* sums of squares; may be the same array as weight where all weights are 1 */
    uint32_t *rows;  /* how many rows */
    uint32_t *row;   /* a row of the frame that stands for the cell */
    int32_t *of_row; /* cell of each frame row, -1: not used */
    struct cells_segment *segment;
    size_t segments;
};

struct cells_spec {
    const struct frame *f;
    const uint8_t *used;              /* per row of the frame */
    const int8_t *arm;                /* may be NULL: all 0 */
    const int16_t *count;             /* may be NULL: all 0 */
    const struct terms *const *terms; /* their columns make the pattern */
    size_t sets;
    const int32_t *extra[CELLS_EXTRA]; /* codes >= 0 per row, or NULL where there are no more */
    const double *weight;              /* per row, above 0 where used; NULL: 1 */
};

/** ERR_NOMEM. At most 2^31 rows. */
enum err cells_new(const struct cells_spec *spec, struct cells **out);
void cells_free(struct cells *c);

/** The design matrix of ${t}: a row per cell. ERR_NOMEM. */
enum err cells_matrix(const struct cells *c, const struct terms *t, struct matrix *out);

#endif
