/* A page under construction: paragraphs, wrapped into a column in the middle of the screen, between
 * a title line and a line of keys. Where there is room, there are blank lines; where there is not,
 * the page scrolls. Collects while the screen's draw runs, paints at its end. */
#ifndef SANAQ_KIOSK_PAGE_H
#define SANAQ_KIOSK_PAGE_H

#include "core/bytes.h"
#include "kiosk/field.h"
#include "kiosk/grid.h"

enum { PAGE_WIDTH = 76, PAGE_MIN_ROWS = 24, PAGE_MIN_COLS = 80 };

struct page_line;

/** Starts by page_start. */
struct page {
    struct grid *grid;
    int width, rows; /* of the column */
    struct page_line *line;
    size_t lines, room;
    struct buffer text;
    bool failed; /* out of memory: page_paint says so */
};

void page_start(struct page *p, struct grid *g);
/** A paragraph. */
void page_text(struct page *p, unsigned look, const char *text);
/** The same, from a format. */
void page_say(struct page *p, unsigned look, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/** A paragraph that hangs on ${lead} ("1  "). A reverse look fills the width. */
void page_item(struct page *p, unsigned look, const char *lead, const char *text);
/** In the middle of the column. */
void page_middle(struct page *p, unsigned look, const char *text);
/** A blank line that always stays. */
void page_blank(struct page *p);
/** A blank line that only stands where the page has room for all of them. */
void page_gap(struct page *p);
/** The cursor stands a blank behind the line added last. */
void page_cursor(struct page *p);
/** "label: text_" with the cursor, if ${active}. */
void page_field(struct page *p, const char *label, const struct field *f, bool active);

/** Lines that page_item would take. */
int page_item_rows(const struct page *p, const char *lead, const char *text);
/** Rows left if no gap stands. */
int page_left(const struct page *p);

/** Paint all of it, ${scroll} rows down (as far as there is something), and release it. Rows that
 * do not fit are told in grid->hidden. */
void page_paint(struct page *p, int scroll);

#endif
