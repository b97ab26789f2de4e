#include "kiosk/page.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/secret.h"
#include "kiosk/text.h"

enum { TITLE_ROWS = 2, KEY_ROWS = 2, SAY_ROOM = 1200, DOTS_MAX = 64 };

struct page_line {
    size_t at; /* start in page->text, ended by 0 */
    int col;
    uint8_t look;
    bool gap, wide;
    int cursor; /* columns behind the text, from 1; 0: not here */
};

void page_start(struct page *p, struct grid *g)
{
    *p = (struct page){.grid = g};
    p->width = g->cols - 4 < PAGE_WIDTH ? g->cols - 4 : PAGE_WIDTH;
    p->rows = g->rows - TITLE_ROWS - KEY_ROWS;
}

static void add(struct page *p, struct page_line line, const char *text, size_t len)
{
    if (p->lines == p->room) {
        size_t room = p->room == 0 ? 64 : p->room * 2;
        struct page_line *more = realloc(p->line, room * sizeof *more);
        if (more == NULL) {
            p->failed = true;
            return;
        }
        p->line = more;
        p->room = room;
    }
    line.at = p->text.len;
    buffer_add(&p->text, text, len);
    buffer_u8(&p->text, 0);
    p->failed = p->failed || p->text.failed;
    p->line[p->lines++] = line;
}

static void wrap(struct page *p, struct page_line line, int width, const char *text)
{
    size_t skip;
    for (size_t take; *text != 0; text += take + skip) {
        take = text_line(text, width, &skip);
        add(p, line, text, take);
    }
}

void page_text(struct page *p, unsigned look, const char *text)
{
    wrap(p, (struct page_line){.look = (uint8_t)look}, p->width, text);
}

void page_say(struct page *p, unsigned look, const char *fmt, ...)
{
    char text[SAY_ROOM];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    page_text(p, look, text);
}

void page_item(struct page *p, unsigned look, const char *lead, const char *text)
{
    int hang = text_width(lead, strlen(lead));
    size_t skip, take = text_line(text, p->width - hang, &skip);
    struct page_line line = {.look = (uint8_t)look, .wide = (look & GRID_REVERSE) != 0};
    struct buffer first = {0};
    buffer_add(&first, lead, strlen(lead));
    buffer_add(&first, text, take);
    if (first.failed)
        p->failed = true;
    else
        add(p, line, (const char *)first.p, first.len);
    if (first.p != NULL)
        secret_wipe(first.p, first.len);
    buffer_free(&first);
    line.col = hang;
    wrap(p, line, p->width - hang, text + take + skip);
}

void page_middle(struct page *p, unsigned look, const char *text)
{
    size_t skip;
    for (size_t take; *text != 0; text += take + skip) {
        take = text_line(text, p->width, &skip);
        int col = (p->width - text_width(text, take)) / 2;
        add(p, (struct page_line){.look = (uint8_t)look, .col = col}, text, take);
    }
}

void page_blank(struct page *p)
{
    add(p, (struct page_line){0}, "", 0);
}

void page_gap(struct page *p)
{
    add(p, (struct page_line){.gap = true}, "", 0);
}

void page_cursor(struct page *p)
{
    if (p->lines > 0)
        p->line[p->lines - 1].cursor = 2;
}

void page_field(struct page *p, const char *label, const struct field *f, bool active)
{
    struct buffer line = {0};
    const char *text = field_text(f);
    buffer_printf(&line, "%s ", label);
    size_t label_len = line.len, count = field_count(f);
    if (f->dots) {
        for (size_t i = 0; i < count && i < DOTS_MAX; i++)
            buffer_add(&line, "•", strlen("•"));
    } else {
        /* A long path shows its end, where the typing is. */
        size_t len = strlen(text), skip = 0;
        int room = p->width - text_width((const char *)line.p, label_len) - 2;
        while (skip < len && text_width(text + skip, len - skip) > room)
            do
                skip++;
            while ((text[skip] & 0xc0) == 0x80);
        buffer_add(&line, text + skip, len - skip);
    }
    if (line.failed)
        p->failed = true;
    else
        add(p, (struct page_line){.look = active ? GRID_BOLD : 0, .cursor = active},
            (const char *)line.p, line.len);
    if (line.p != NULL)
        secret_wipe(line.p, line.len);
    buffer_free(&line);
}

int page_item_rows(const struct page *p, const char *lead, const char *text)
{
    int width = p->width - text_width(lead, strlen(lead)), rows = 0;
    size_t skip;
    for (size_t take; *text != 0 || rows == 0; text += take + skip, rows++)
        take = text_line(text, width, &skip);
    return rows;
}

static int firm_lines(const struct page *p)
{
    int firm = 0;
    for (size_t i = 0; i < p->lines; i++)
        firm += !p->line[i].gap;
    return firm;
}

int page_left(const struct page *p)
{
    return p->rows - firm_lines(p);
}

static void paint_line(const struct page *p, const struct page_line *line, int row, int left)
{
    const char *text = (const char *)p->text.p + line->at;
    int end = grid_put(p->grid, row, left + line->col, line->look, text);
    if (line->wide)
        for (int col = end; col < left + p->width; col++)
            grid_put(p->grid, row, col, line->look, " ");
    if (line->cursor > 0) {
        p->grid->cursor_row = row;
        p->grid->cursor_col = end + line->cursor - 1;
    }
}

static void paint_lines(const struct page *p, int scroll)
{
    int left = (p->grid->cols - p->width) / 2, row = 0, firm = firm_lines(p);
    bool gaps = (int)p->lines <= p->rows;
    int hidden = gaps || firm <= p->rows ? 0 : firm - p->rows;
    p->grid->hidden = hidden;
    int first = scroll < hidden ? scroll : hidden;
    for (size_t i = 0; i < p->lines; i++) {
        if (p->line[i].gap && !gaps)
            continue;
        if (row >= first && row - first < p->rows)
            paint_line(p, &p->line[i], TITLE_ROWS + row - first, left);
        row++;
    }
    if (first > 0)
        grid_put(p->grid, TITLE_ROWS - 1, left, GRID_BOLD, _("▲ Page Up"));
    if (first < hidden)
        grid_put(p->grid, p->grid->rows - KEY_ROWS, left, GRID_BOLD, _("▼ Page Down"));
}

void page_paint(struct page *p, int scroll)
{
    if (p->failed)
        grid_put(p->grid, TITLE_ROWS, 2, GRID_BOLD, err_text(ERR_NOMEM));
    else
        paint_lines(p, scroll);
    if (p->text.p != NULL)
        secret_wipe(p->text.p, p->text.room);
    buffer_free(&p->text);
    free(p->line);
    *p = (struct page){0};
}
