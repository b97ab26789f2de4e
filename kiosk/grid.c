#include "kiosk/grid.h"

#include <stdlib.h>
#include <string.h>
#include <unigbrk.h>
#include <uniwidth.h>

#include "core/secret.h"

static size_t cells(const struct grid *g)
{
    return (size_t)g->rows * (size_t)g->cols;
}

enum err grid_resize(struct grid *g, int rows, int cols)
{
    rows = rows < 0 ? 0 : rows > GRID_MAX_ROWS ? GRID_MAX_ROWS : rows;
    cols = cols < 0 ? 0 : cols > GRID_MAX_COLS ? GRID_MAX_COLS : cols;
    if (rows == g->rows && cols == g->cols) {
        grid_clear(g);
        return ERR_OK;
    }
    grid_free(g);
    if (rows == 0 || cols == 0)
        return ERR_OK;
    g->cell = calloc((size_t)rows * (size_t)cols, sizeof *g->cell);
    if (g->cell == NULL)
        return ERR_NOMEM;
    g->rows = rows;
    g->cols = cols;
    g->cursor_row = -1;
    return ERR_OK;
}

void grid_clear(struct grid *g)
{
    if (g->cell != NULL)
        secret_wipe(g->cell, cells(g) * sizeof *g->cell);
    g->cursor_row = -1;
    g->hidden = 0;
}

void grid_free(struct grid *g)
{
    grid_clear(g);
    free(g->cell);
    *g = (struct grid){.cursor_row = -1};
}

int grid_put(struct grid *g, int row, int col, unsigned look, const char *text)
{
    const uint8_t *p = (const uint8_t *)text, *end = p + strlen(text), *next;
    for (; p < end && row >= 0 && row < g->rows; p = next) {
        next = u8_grapheme_next(p, end);
        size_t len = (size_t)(next - p);
        int width = u8_width(p, len, "UTF-8");
        if (width <= 0)
            continue;
        if (col < 0 || col + width > g->cols)
            break;
        struct grid_cell *c = &g->cell[row * g->cols + col];
        for (int i = 0; i < width; i++)
            c[i] = (struct grid_cell){.look = (uint8_t)look};
        if (len < sizeof c->text) /* what is longer is no character of any language we show */
            memcpy(c->text, p, len);
        col += width;
    }
    return col;
}

void grid_look(struct grid *g, int row, int col, int count, unsigned look)
{
    for (int i = 0; i < count && row >= 0 && row < g->rows && col + i < g->cols; i++)
        g->cell[row * g->cols + col + i].look = (uint8_t)look;
}
