#include "kiosk/screens.h"

#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "core/log.h"
#include "kiosk/keys.h"
#include "kiosk/stage.h"
#include "kiosk/term.h"
#include "kiosk/text.h"
#include "kiosk/watch.h"

enum { KEY_WAIT_MS = 250, STACK_BYTES = 1 << 19 /* more than any page, parser or library uses */ };

static volatile sig_atomic_t stop, lock;

static void on_signal(int sig)
{
    if (sig == SIGUSR1)
        lock = 1;
    else
        stop = 1;
}

static void listen(void)
{
    static const int signals[] = {SIGHUP, SIGTERM, SIGINT, SIGQUIT, SIGUSR1};
    struct sigaction act = {.sa_handler = on_signal};
    sigemptyset(&act.sa_mask);
    stop = lock = 0;
    signal(SIGTSTP, SIG_IGN); /* no shell with a card on the screen; before curses takes it */
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaction(signals[i], &act, NULL);
}

static enum err show(struct stage *st, struct term *t, struct grid *g)
{
    int rows = 0, cols = 0;
    term_size(t, &rows, &cols);
    if (st->forget) {
        enum err e = term_forget(t);
        if (e != ERR_OK)
            return e;
        st->forget = false;
    }
    if (rows != g->rows || cols != g->cols) {
        enum err e = grid_resize(g, rows, cols);
        if (e != ERR_OK)
            return e;
    }
    stage_draw(st, g);
    term_show(t, g);
    return ERR_OK;
}

/* What the pages, the libraries and the keys typed have left behind: curses begins anew, and the
 * stack under this function is overwritten. */
static enum err wipe(struct stage *st, struct term *t)
{
    enum err e = term_forget(t);
    st->forget = false;
    sodium_stackzero(STACK_BYTES);
    return e;
}

/* The blank page after a panic: the third press and those that follow it end nothing. */
static enum err stay_blank(struct stage *st, struct term *t, struct grid *g)
{
    int key = KEYS_NONE;
    enum err e = show(st, t, g);
    while (e == ERR_OK && !stop && (key == KEYS_NONE || key == KEYS_F(12) || key == KEYS_SIZE)) {
        key = term_key(t, KEY_WAIT_MS);
        e = key == KEYS_SIZE ? show(st, t, g) : ERR_OK;
    }
    return e;
}

static enum err run(struct stage *st, struct term *t, struct grid *g)
{
    struct watch w;
    enum err e = ERR_OK;
    watch_start(&w, watch_now());
    while (e == ERR_OK && !stop && !st->quit) {
        e = show(st, t, g);
        if (e != ERR_OK)
            break;
        if (stage_work(st)) {
            watch_worked(&w, watch_now());
            continue;
        }
        int key = term_key(t, KEY_WAIT_MS);
        enum watch_said said = watch_key(&w, key, watch_now());
        if (said == WATCH_PANIC) {
            stage_panic(st);
            e = wipe(st, t);
            return e == ERR_OK ? stay_blank(st, t, g) : e;
        }
        if (lock || said == WATCH_LOCK) {
            lock = 0;
            stage_lock(st);
        } else if (!stop) {
            stage_key(st, key);
        }
        if (st->locked) {
            st->locked = false;
            e = wipe(st, t);
        }
    }
    return e;
}

enum err screens_run(const struct screens_options *o)
{
    struct stage st;
    struct term *t = NULL;
    struct grid g = {0};
    enum err e = text_start();
    if (e != ERR_OK)
        return e;
    listen();
    e = term_open(&t);
    if (e != ERR_OK)
        return e;
    stage_open(&st, o);
    e = run(&st, t, &g);
    grid_free(&g);
    term_close(t);
    sodium_stackzero(STACK_BYTES);
    if (st.quit && st.closing[0] != 0)
        printf(_("Closing code of this laptop: %s\n"), st.closing);
    stage_close(&st); /* a signal seals nothing: what is stored is consistent as it is */
    return e;
}
