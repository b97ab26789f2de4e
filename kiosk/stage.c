#include "kiosk/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/log.h"
#include "kiosk/home.h"
#include "kiosk/keyfile.h"
#include "kiosk/keys.h"
#include "kiosk/page.h"
#include "kiosk/replaced.h"
#include "kiosk/setup.h"
#include "kiosk/text.h"

static const struct screen_kind *const of_step[] = {
    [INTERVIEW_CONSENT] = &screen_consent, [INTERVIEW_QUESTION] = &screen_question,
    [INTERVIEW_READY] = &screen_ready,     [INTERVIEW_HANDOVER] = &screen_handover,
    [INTERVIEW_CARD] = &screen_card,       [INTERVIEW_AFTER] = &screen_after,
    [INTERVIEW_THANKS] = &screen_thanks,   [INTERVIEW_OBSERVE] = &screen_observe,
    [INTERVIEW_DEBRIEF] = &screen_debrief, [INTERVIEW_DONE] = &screen_debrief,
};

static const struct screen_kind *while_locked(const struct desk *d)
{
    uint8_t device[32];
    if (d->replacing)
        return &screen_setup;
    if (setup_done(d->home))
        return &screen_unlock;
    return replaced_device(d->home, device) == ERR_OK ? &screen_replace : &screen_setup;
}

/* The screen on which things stand. */
static const struct screen_kind *where(const struct desk *d)
{
    if (d->failed != ERR_OK)
        return &screen_notice;
    if (d->session == NULL)
        return while_locked(d);
    if (session_lost(d->session))
        return &screen_lost;
    const struct interview *iv = session_interview(d->session);
    if (iv == NULL)
        return &screen_home;
    if (session_interrupted(d->session) && !d->resumed)
        return &screen_resume;
    return of_step[iv->step];
}

static void hear(void *ctx, const char *line)
{
    struct desk *d = ctx;
    size_t len = strlen(d->said);
    snprintf(d->said + len, sizeof d->said - len, "%s%s", len > 0 ? "\n" : "", line);
}

static void leave(struct stage *st, struct screen *s)
{
    if (s->kind == NULL)
        return;
    st->forget = st->forget || s->kind->trace;
    if (s->kind->leave != NULL)
        s->kind->leave(s);
    if (s->state != NULL)
        secret_wipe(s->state, s->kind->size);
    free(s->state);
    *s = (struct screen){0};
}

static enum err enter(struct stage *st, struct screen *s, const struct screen_kind *kind)
{
    *s = (struct screen){.kind = kind, .desk = &st->desk};
    st->scroll = 0;
    if (kind->size > 0 && (s->state = calloc(1, kind->size)) == NULL) {
        s->kind = NULL;
        return ERR_NOMEM;
    }
    return kind->enter != NULL ? kind->enter(s) : ERR_OK;
}

/* The notice needs no memory and cannot fail, so a screen that cannot be entered ends there. */
static void change(struct stage *st, const struct screen_kind *kind)
{
    leave(st, &st->over);
    leave(st, &st->now);
    enum err e = enter(st, &st->now, kind);
    if (e == ERR_OK)
        return;
    leave(st, &st->now);
    st->desk.failed = e;
    enter(st, &st->now, &screen_notice);
}

static struct screen *top(struct stage *st)
{
    return st->over.kind != NULL ? &st->over : &st->now;
}

static const char *page_language(const struct stage *st, const struct screen *s)
{
    const struct session *ss = st->desk.session;
    const struct interview *iv = ss != NULL ? session_interview(st->desk.session) : NULL;
    if (s->kind->respondent && iv != NULL)
        return session_study(ss)->language[iv->language];
    return st->desk.language[0] != 0 ? st->desk.language : "en";
}

void stage_open(struct stage *st, const struct screens_options *o)
{
    *st = (struct stage){
        .desk = {.home = o->home, .pack = o->pack, .cost = o->cost != NULL ? o->cost : "moderate"}};
    if (o->language != NULL)
        snprintf(st->desk.language, sizeof st->desk.language, "%s", o->language);
    else
        text_wanted(st->desk.language, sizeof st->desk.language);
    log_to(hear, &st->desk);
    change(st, where(&st->desk));
}

static void put_title(const struct stage *st, const struct screen *s, struct grid *g)
{
    char room[SCREEN_TITLE], corner[SCREEN_TITLE] = "";
    const struct interview *iv =
        st->desk.session != NULL ? session_interview(st->desk.session) : NULL;
    if (iv != NULL)
        snprintf(corner, sizeof corner, "%s ",
                 session_study(st->desk.session)->language[iv->language]);
    if (st->desk.test) {
        size_t len = strlen(corner);
        snprintf(corner + len, sizeof corner - len, " %s ", _("TEST"));
    }
    grid_put(g, 0, 2, GRID_BOLD, s->kind->title(s, room, sizeof room));
    int width = text_width(corner, strlen(corner));
    grid_put(g, 0, g->cols - width - 1, GRID_BOLD, corner);
    grid_look(g, 0, 0, g->cols, GRID_BOLD | GRID_REVERSE);
}

/* As many keys as fit; the way to the help page always does. */
static void put_hints(const struct screen *s, struct grid *g)
{
    struct hint hint[SCREEN_HINTS + 1];
    size_t n = s->kind->hints != NULL ? s->kind->hints(s, hint) : 0;
    const char *help = _("help");
    int row = g->rows - 1, col = 2;
    int end = g->cols - 2 - (s->kind == &screen_help ? 0 : 5 + text_width(help, strlen(help)));
    for (size_t i = 0; i < n; i++) {
        int width = text_width(hint[i].key, strlen(hint[i].key)) + 1 +
                    text_width(hint[i].what, strlen(hint[i].what));
        if (col + width > end)
            break;
        col = grid_put(g, row, col, GRID_BOLD, hint[i].key) + 1;
        col = grid_put(g, row, col, 0, hint[i].what) + 3;
    }
    if (s->kind == &screen_help)
        return;
    col = grid_put(g, row, end + 2, GRID_BOLD, "F1") + 1;
    grid_put(g, row, col, 0, help);
}

void stage_draw(struct stage *st, struct grid *g)
{
    struct screen *s = top(st);
    grid_clear(g);
    if (st->blank)
        return;
    text_use(page_language(st, s));
    st->small = g->rows < PAGE_MIN_ROWS || g->cols < PAGE_MIN_COLS;
    if (st->small) {
        screen_toosmall_draw(g);
        return;
    }
    put_title(st, s, g);
    s->kind->draw(s, g, st->scroll);
    if (!s->working)
        put_hints(s, g);
    st->hidden = g->hidden;
}

/* The session has ended: its code can be read out now. */
static void ended(struct stage *st)
{
    struct setup_status status = {0};
    size_t said = strlen(st->desk.said);
    st->locked = st->forget = true;
    st->closing[0] = 0;
    if (setup_status(st->desk.home, &status) == ERR_OK)
        snprintf(st->closing, sizeof st->closing, "%s", status.closing);
    setup_status_free(&status);
    st->desk.said[said] = 0; /* what is wrong with the home is told when it is unlocked */
}

static void take(struct stage *st, enum step step)
{
    switch (step) {
    case STEP_STAY:
        break;
    case STEP_WORK:
        top(st)->working = true;
        break;
    case STEP_FOLLOW:
        change(st, where(&st->desk));
        break;
    case STEP_GO:
        change(st, st->desk.go);
        break;
    case STEP_BACK:
        leave(st, &st->over);
        st->scroll = 0;
        break;
    case STEP_LOCK:
        stage_lock(st);
        break;
    case STEP_QUIT:
        if (st->now.kind == &screen_home)
            ended(st);
        st->quit = true;
        break;
    }
}

/* The respondent's language while there is an interview, else that of the interface. */
static enum step next_language(struct stage *st)
{
    struct desk *d = &st->desk;
    struct screen *s = &st->now;
    struct interview *iv = d->session != NULL ? session_interview(d->session) : NULL;
    if (iv != NULL && s->kind != &screen_resume) {
        iv->language = (uint8_t)((iv->language + 1u) % session_study(d->session)->languages);
        return screen_save(s) == STEP_FOLLOW && d->failed != ERR_OK ? STEP_FOLLOW : STEP_STAY;
    }
    size_t i = 0;
    while (text_language(i) != NULL && strcmp(text_language(i), d->language) != 0)
        i++;
    const char *next = text_language(i) != NULL ? text_language(i + 1) : NULL;
    snprintf(d->language, sizeof d->language, "%s", next != NULL ? next : text_language(0));
    return STEP_STAY;
}

static void lay_over(struct stage *st, const struct screen_kind *kind)
{
    if (enter(st, &st->over, kind) != ERR_OK)
        leave(st, &st->over);
    else if (kind == &screen_help)
        screen_help_about(&st->over, &st->now);
    st->forget = st->forget || st->now.kind->trace;
}

static bool scrolled(struct stage *st, int key)
{
    enum { SCROLL_STEP = 10 };
    if (st->hidden == 0 || (key != KEYS_PAGE_UP && key != KEYS_PAGE_DOWN))
        return false;
    int to = st->scroll + (key == KEYS_PAGE_DOWN ? SCROLL_STEP : -SCROLL_STEP);
    st->scroll = to < 0 ? 0 : to > st->hidden ? st->hidden : to;
    return true;
}

void stage_key(struct stage *st, int key)
{
    struct screen *s = top(st);
    text_use(page_language(st, s));
    if (!s->kind->typing)
        key = keys_latin(key);
    if (key == KEYS_NONE || key == KEYS_SIZE || st->small || scrolled(st, key))
        return;
    if (st->over.kind == NULL && (key == KEYS_F(1) || (key == '?' && !s->kind->typing)))
        lay_over(st, &screen_help);
    else if (st->over.kind == NULL && key == KEYS_F(2))
        take(st, next_language(st));
    else if (st->over.kind == NULL && key == KEYS_F(10) && s->kind->stop)
        lay_over(st, &screen_stop);
    else
        take(st, s->kind->key(s, key));
}

bool stage_work(struct stage *st)
{
    struct screen *s = top(st);
    if (!s->working)
        return false;
    text_use(page_language(st, s));
    enum step step = s->kind->work(s);
    s->working = false;
    take(st, step);
    return true;
}

void stage_lock(struct stage *st)
{
    struct desk *d = &st->desk;
    if (d->session == NULL)
        return;
    /* Pages first: their state may point into the session. */
    leave(st, &st->over);
    leave(st, &st->now);
    d->said[0] = 0;
    enum err e = session_lock(d->session);
    d->session = NULL;
    d->resumed = d->chosen = false;
    d->note[0] = 0;
    ended(st);
    d->failed = e;
    change(st, where(d));
}

void stage_panic(struct stage *st)
{
    char *keys = home_keys(st->desk.home);
    if (keys != NULL && keyfile_wipe(keys) != ERR_OK)
        unlink(keys); /* there is nothing better left to do */
    free(keys);
    leave(st, &st->over);
    leave(st, &st->now);
    session_drop(st->desk.session);
    st->desk.session = NULL;
    secret_wipe(st->desk.note, sizeof st->desk.note);
    secret_wipe(st->desk.said, sizeof st->desk.said);
    st->closing[0] = 0;
    st->blank = true;
}

void stage_close(struct stage *st)
{
    leave(st, &st->over);
    leave(st, &st->now);
    session_drop(st->desk.session);
    st->desk.session = NULL;
    secret_wipe(st->desk.note, sizeof st->desk.note);
    log_to(NULL, NULL);
}
