#include "kiosk/menu.h"

#include <stdio.h>

#include "kiosk/keys.h"
#include "kiosk/text.h"

enum { ONE_DIGIT = 9, PAGE_STEP = 10, LEAST_ROWS = 5, LEAD_ROOM = 32, LABEL_ROOM = 512 };

static enum menu_said move_to(struct menu *m, size_t at)
{
    m->at = at < m->count ? at : m->count - 1;
    m->typed = 0;
    return MENU_MOVED;
}

static enum menu_said toggle(struct menu *m)
{
    m->marked ^= (uint32_t)1 << m->at;
    m->typed = 0;
    return MENU_MOVED;
}

/* Long menus: the number grows digit by digit and moves the line that is on. */
static enum menu_said type_digit(struct menu *m, uint32_t digit)
{
    uint32_t number = m->typed * 10 + digit;
    if (number > m->count)
        number = digit;
    if (number == 0 || number > m->count)
        return MENU_NOTHING;
    move_to(m, number - 1);
    m->typed = number;
    return MENU_MOVED;
}

static enum menu_said digit_key(struct menu *m, uint32_t digit)
{
    if (m->count > ONE_DIGIT)
        return type_digit(m, digit);
    if (digit == 0 || digit > m->count)
        return MENU_NOTHING;
    move_to(m, digit - 1);
    return m->toggles ? toggle(m) : MENU_CHOSEN;
}

enum menu_said menu_key(struct menu *m, int key)
{
    if (m->count == 0)
        return MENU_NOTHING;
    if (key >= '0' && key <= '9')
        return digit_key(m, (uint32_t)(key - '0'));
    switch (key) {
    case KEYS_UP:
        return move_to(m, m->at > 0 ? m->at - 1 : m->count - 1);
    case KEYS_DOWN:
        return move_to(m, m->at + 1 < m->count ? m->at + 1 : 0);
    case KEYS_PAGE_UP:
        return move_to(m, m->at > PAGE_STEP ? m->at - PAGE_STEP : 0);
    case KEYS_PAGE_DOWN:
        return move_to(m, m->at + PAGE_STEP);
    case KEYS_HOME:
        return move_to(m, 0);
    case KEYS_END:
        return move_to(m, m->count - 1);
    case KEYS_BACKSPACE:
        m->typed = 0;
        return MENU_MOVED;
    case ' ':
        return m->toggles ? toggle(m) : MENU_NOTHING;
    case KEYS_ENTER:
        if (m->toggles && m->typed > 0) /* a number was typed: Enter marks that line */
            return toggle(m);
        return MENU_CHOSEN;
    default:
        return MENU_NOTHING;
    }
}

struct painter {
    const struct menu *menu;
    struct page *page;
    menu_label *label;
    const void *ctx;
};

static void lead_of(const struct menu *m, size_t i, char lead[LEAD_ROOM])
{
    int width = m->count > 999 ? 5 : m->count > 99 ? 3 : m->count > ONE_DIGIT ? 2 : 1;
    const char *mark = !m->toggles ? "" : (m->marked >> i & 1) != 0 ? "[x] " : "[ ] ";
    snprintf(lead, LEAD_ROOM, " %*zu  %s", width, i + 1, mark);
}

static int rows_of(const struct painter *w, size_t i)
{
    char lead[LEAD_ROOM], room[LABEL_ROOM];
    lead_of(w->menu, i, lead);
    return page_item_rows(w->page, lead, w->label(w->ctx, i, room, sizeof room));
}

/* Grow a window around the line that is on, by turns below and above, until the rows are used. */
static void window(const struct painter *w, int rows, size_t *first, size_t *end)
{
    *first = w->menu->at;
    *end = *first + 1;
    int left = rows - rows_of(w, *first);
    for (bool grown = true; grown;) {
        grown = false;
        if (*end < w->menu->count && rows_of(w, *end) <= left) {
            left -= rows_of(w, (*end)++);
            grown = true;
        }
        if (*first > 0 && rows_of(w, *first - 1) <= left) {
            left -= rows_of(w, --*first);
            grown = true;
        }
    }
}

void menu_draw(const struct menu *m, struct page *p, menu_label *label, const void *ctx, int below)
{
    struct painter w = {m, p, label, ctx};
    size_t first = 0, end = 0;
    int rows = page_left(p) - below;
    if (m->count == 0)
        return;
    rows = rows < LEAST_ROWS ? LEAST_ROWS : rows;
    window(&w, rows, &first, &end);
    bool whole = first == 0 && end == m->count;
    if (!whole) { /* two rows tell that there is more */
        window(&w, rows - 2, &first, &end);
        page_text(p, 0, first > 0 ? "   ▲" : " ");
    }
    for (size_t i = first; i < end; i++) {
        char lead[LEAD_ROOM], room[LABEL_ROOM];
        lead_of(m, i, lead);
        if (whole && i > first)
            page_gap(p);
        page_item(p, i == m->at ? GRID_REVERSE : 0, lead, label(ctx, i, room, sizeof room));
    }
    if (!whole)
        page_text(p, 0, end < m->count ? "   ▼" : " ");
}
