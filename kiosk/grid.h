/* A page of characters in memory. Screens paint into one; term shows it. So a screen is tested
 * without a terminal. */
#ifndef SANAQ_KIOSK_GRID_H
#define SANAQ_KIOSK_GRID_H

#include <stdint.h>

#include "core/err.h"

enum { GRID_BOLD = 1, GRID_REVERSE = 2 }; /* looks; everything works without colour */

enum { GRID_CELL_BYTES = 15, GRID_MAX_ROWS = 300, GRID_MAX_COLS = 600 };

struct grid_cell {
    char text[GRID_CELL_BYTES]; /* one character with its combining marks; "": the right half of a
                                   wide one, or blank */
    uint8_t look;
};

/** Starts as {0}. */
struct grid {
    int rows, cols;
    struct grid_cell *cell;     /* rows x cols */
    int cursor_row, cursor_col; /* row -1: no cursor */
    int hidden;                 /* rows of the page that did not fit (page.h) */
};

/** Blank, with this size (cut to the limits above). What stood there is wiped. ERR_NOMEM leaves a
 *  grid of no size. */
enum err grid_resize(struct grid *g, int rows, int cols);
/** Wipe and blank every cell; no cursor. */
void grid_clear(struct grid *g);
/** Wipe and release; {0} is accepted. */
void grid_free(struct grid *g);

/** Paint UTF-8 ${text} from a place on; what lies beyond the right edge is cut. Returns the column
 *  after it. */
int grid_put(struct grid *g, int row, int col, unsigned look, const char *text);
/** Give ${cols} cells of a row this look. */
void grid_look(struct grid *g, int row, int col, int cols, unsigned look);

#endif
