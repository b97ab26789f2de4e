#define NCURSES_WIDECHAR 1
#include "kiosk/term.h"

#include <curses.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "core/log.h"
#include "kiosk/keys.h"
#include "kiosk/text.h"

enum { ESCAPE_DELAY_MS = 25 };

struct term {
    SCREEN *screen;
    struct termios before; /* how the terminal was given to us */
    bool second_page;      /* asked for by ourselves */
};

/* What stands on a terminal's first page is kept for scrolling back when it is cleared, so pages
 * are shown on its second one. Many windows that call themselves vt100 or linux have one all the
 * same, and a terminal without it ignores these. */
#define SECOND_PAGE "\033[?1049h"
#define FIRST_PAGE  "\033[?1049l"
/* Everything that could be scrolled back to is gone ("E3"); other terminals ignore it. */
#define NO_HISTORY "\033[3J"

static bool names_second_page(void)
{
    const char *enter = tigetstr("smcup");
    return enter != NULL && enter != (const char *)-1 && enter[0] != '\0';
}

static void write_now(const char *text)
{
    fputs(text, stdout);
    fflush(stdout);
}

static void clear_terminal(void)
{
    erase();
    clearok(stdscr, TRUE);
    refresh();
    write_now(NO_HISTORY);
}

/* What keyboards of today send for the function keys, for terminal types that expect something else
 * or nothing at all (vt100 has no F9 that a keyboard could send). */
static void name_function_keys(void)
{
    static const struct {
        const char *sent;
        int number;
    } keys[] = {
        {"\033OP", 1},   {"\033[11~", 1}, {"\033[[A", 1},   {"\033OQ", 2},
        {"\033[12~", 2}, {"\033[[B", 2},  {"\033OR", 3},    {"\033[13~", 3},
        {"\033[[C", 3},  {"\033[20~", 9}, {"\033[21~", 10}, {"\033[24~", 12},
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (key_defined(keys[i].sent) == 0)
            define_key(keys[i].sent, KEY_F(keys[i].number));
}

/* Curses from its beginning. */
static enum err begin(struct term *t)
{
    t->screen = newterm(NULL, stdout, stdin);
    if (t->screen == NULL)
        return log_fail(ERR_SYSTEM,
                        "this kind of terminal is not known here; set TERM to linux or xterm");
    raw(); /* no key may stop or suspend the program with a card on the screen */
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    set_escdelay(ESCAPE_DELAY_MS);
    name_function_keys();
    t->second_page = !names_second_page();
    if (t->second_page)
        write_now(SECOND_PAGE);
    return ERR_OK;
}

enum err term_open(struct term **out)
{
    if (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1)
        return log_fail(ERR_SYSTEM, "the screens need a terminal; there is none here");
    struct term *t = calloc(1, sizeof *t);
    if (t == NULL)
        return ERR_NOMEM;
    enum err e = tcgetattr(STDIN_FILENO, &t->before) == 0 ? begin(t) : ERR_SYSTEM;
    if (e != ERR_OK) {
        free(t);
        return e;
    }
    clear_terminal();
    *out = t;
    return ERR_OK;
}

void term_close(struct term *t)
{
    if (t == NULL)
        return;
    if (t->screen != NULL) {
        clear_terminal();
        endwin();
        delscreen(t->screen);
    }
    if (t->second_page)
        write_now(FIRST_PAGE);
    write_now(NO_HISTORY);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &t->before);
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
            if (text_width(c->text, strlen(c->text)) > 1)
                col++; /* its right half has a look, but nothing to write */
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
        {KEY_UP, KEYS_UP},           {KEY_DOWN, KEYS_DOWN},           {KEY_PPAGE, KEYS_PAGE_UP},
        {KEY_NPAGE, KEYS_PAGE_DOWN}, {KEY_HOME, KEYS_HOME},           {KEY_END, KEYS_END},
        {KEY_ENTER, KEYS_ENTER},     {KEY_BACKSPACE, KEYS_BACKSPACE}, {KEY_RESIZE, KEYS_SIZE},
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (keys[i].curses == code)
            return keys[i].key;
    return code >= KEY_F(1) && code <= KEY_F(12) ? KEYS_F((int)(code - KEY_F(0))) : KEYS_NONE;
}

/* Alt and a digit arrive as Escape and, at once, the digit: a way to the function keys where the
 * window system keeps those for itself. */
static int escape_key(void)
{
    wint_t c = 0;
    timeout(0); /* the delay has passed: what belongs to it is here by now */
    int kind = get_wch(&c);
    if (kind == OK && c >= '0' && c <= '9')
        return KEYS_F(c == '0' ? 10 : (int)(c - '0'));
    if (kind == OK)
        unget_wch((wchar_t)c);
    else if (kind == KEY_CODE_YES)
        ungetch((int)c);
    return KEYS_ESCAPE;
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
        return escape_key();
    case 8:
    case 127:
        return KEYS_BACKSPACE;
    default:
        return c < 32 ? KEYS_NONE : (int)c;
    }
}

enum err term_forget(struct term *t)
{
    clear_terminal();
    delscreen(t->screen); /* its windows, what it wrote last, the keys that were typed */
    t->screen = NULL;
    return begin(t);
}
