#define NCURSES_WIDECHAR 1
#include "kiosk/term.h"

#include <curses.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/log.h"
#include "kiosk/keys.h"

enum { ESCAPE_DELAY_MS = 25 };

struct term {
    SCREEN *screen;
};

enum err term_open(struct term **out)
{
    if (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1)
        return log_fail(ERR_SYSTEM, "the screens need a terminal; there is none here");
    struct term *t = calloc(1, sizeof *t);
    if (t == NULL)
        return ERR_NOMEM;
    t->screen = newterm(NULL, stdout, stdin);
    if (t->screen == NULL) {
        free(t);
        return log_fail(ERR_SYSTEM, "this kind of terminal is not known here; set TERM to linux or xterm");
    }
    raw(); /* no key may stop or suspend the program with a card on the screen */
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    set_escdelay(ESCAPE_DELAY_MS);
    term_forget(t);
    *out = t;
    return ERR_OK;
}

void term_close(struct term *t)
{
    if (t == NULL)
        return;
    term_forget(t);
    endwin();
    delscreen(t->screen);
    free(t);
}

void term_size(struct term *t, int *rows, int *cols)
{
    (void)t;
    getmaxyx(stdscr, *rows, *cols);
}

static attr_t look_of(unsigned look)
{
    return ((look & GRID_BOLD) != 0 ? A_BOLD : A_NORMAL) |
           ((look & GRID_REVERSE) != 0 ? A_REVERSE : A_NORMAL);
}

void term_show(struct term *t, const struct grid *g)
{
    (void)t;
    erase();
    for (int row = 0; row < g->rows; row++)
        for (int col = 0; col < g->cols; col++) {
            const struct grid_cell *c = &g->cell[row * g->cols + col];
            if (c->text[0] == '\0' && c->look == 0)
                continue; /* blank, or the right half of a wide character */
            attr_set(look_of(c->look), 0, NULL);
            mvaddstr(row, col, c->text[0] != '\0' ? c->text : " ");
        }
    attr_set(A_NORMAL, 0, NULL);
    curs_set(g->cursor_row >= 0);
    if (g->cursor_row >= 0)
        move(g->cursor_row, g->cursor_col);
    refresh();
}

static int named_key(wint_t code)
{
    static const struct {
        wint_t curses;
        int key;
    } keys[] = {
        {KEY_UP, KEYS_UP},       {KEY_DOWN, KEYS_DOWN},   {KEY_PPAGE, KEYS_PAGE_UP},
        {KEY_NPAGE, KEYS_PAGE_DOWN}, {KEY_HOME, KEYS_HOME},   {KEY_END, KEYS_END},
        {KEY_ENTER, KEYS_ENTER}, {KEY_BACKSPACE, KEYS_BACKSPACE}, {KEY_RESIZE, KEYS_SIZE},
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (keys[i].curses == code)
            return keys[i].key;
    return code >= KEY_F(1) && code <= KEY_F(12) ? KEYS_F((int)(code - KEY_F(0))) : KEYS_NONE;
}

int term_key(struct term *t, int milliseconds)
{
    wint_t c = 0;
    (void)t;
    timeout(milliseconds);
    int kind = get_wch(&c);
    if (kind == ERR)
        return KEYS_NONE;
    if (kind == KEY_CODE_YES)
        return named_key(c);
    switch (c) {
    case '\r':
    case '\n':
        return KEYS_ENTER;
    case 27:
        return KEYS_ESCAPE;
    case 8:
    case 127:
        return KEYS_BACKSPACE;
    default:
        return c < 32 ? KEYS_NONE : (int)c;
    }
}

void term_forget(struct term *t)
{
    (void)t;
    erase();
    clearok(stdscr, TRUE);
    refresh();
}
