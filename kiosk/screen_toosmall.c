/* Where the pages do not fit. Nothing is lost: the page comes back when the window has grown. */
#include <stdio.h>
#include <string.h>

#include "kiosk/page.h"
#include "kiosk/screen.h"
#include "kiosk/text.h"

void screen_toosmall_draw(struct grid *g)
{
    char text[400];
    const char *line = text;
    size_t skip;
    snprintf(text, sizeof text,
             _("This window is too small: at least %d columns and %d rows are needed, now it has "
               "%dx%d. Make it larger, or the type smaller. Nothing is lost."),
             PAGE_MIN_COLS, PAGE_MIN_ROWS, g->cols, g->rows);
    for (int row = 0; row < g->rows && *line != 0 && g->cols > 0; row++) {
        char piece[sizeof text];
        size_t take = text_line(line, g->cols, &skip);
        memcpy(piece, line, take);
        piece[take] = 0;
        grid_put(g, row, 0, 0, piece);
        line += take + skip;
    }
}
