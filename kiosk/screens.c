#include "kiosk/screens.h"

#include <signal.h>
#include <string.h>
#include <time.h>

#include "core/log.h"
#include "kiosk/keys.h"
#include "kiosk/stage.h"
#include "kiosk/term.h"
#include "kiosk/text.h"

enum { KEY_WAIT_MS = 250, IDLE_LOCK_S = 600 };

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
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaction(signals[i], &act, NULL);
}

static time_t seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now); /* a laptop that slept was idle */
    return now.tv_sec;
}

static enum err show(struct stage *st, struct term *t, struct grid *g)
{
    int rows = 0, cols = 0;
    term_size(t, &rows, &cols);
    if (st->forget) {
        term_forget(t);
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

static enum err run(struct stage *st, struct term *t)
{
    struct grid g = {0};
    time_t touched = seconds();
    enum err e = ERR_OK;
    while (e == ERR_OK && !stop && !st->quit) {
        e = show(st, t, &g);
        if (e != ERR_OK || stage_work(st))
            continue;
        int key = term_key(t, KEY_WAIT_MS);
        if (key != KEYS_NONE)
            touched = seconds();
        if (lock || seconds() - touched > IDLE_LOCK_S) {
            lock = 0;
            touched = seconds();
            stage_lock(st);
        } else if (!stop) {
            stage_key(st, key);
        }
    }
    grid_free(&g);
    return e;
}

enum err screens_run(const struct screens_options *o)
{
    struct stage st;
    struct term *t = NULL;
    enum err e = text_start();
    if (e == ERR_OK)
        e = term_open(&t);
    if (e != ERR_OK)
        return e;
    listen();
    stage_open(&st, o);
    e = run(&st, t);
    term_close(t);
    stage_close(&st); /* a signal seals nothing: what is stored is consistent as it is */
    return e;
}
