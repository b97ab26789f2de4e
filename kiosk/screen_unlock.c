/* Code, then passphrase, which is never shown. */
#include <stdio.h>

#include "kiosk/keys.h"
#include "kiosk/page.h"
#include "kiosk/screen.h"
#include "kiosk/setup.h"
#include "kiosk/text.h"

enum { CODE_ROOM = 32, PASSPHRASE_ROOM = 255, NAME_ROOM = 2 * STUDY_MAX_ID + 8 };

struct unlock {
    struct field code, passphrase;
    bool second;                     /* the passphrase is being typed */
    bool wrong, not_latin, capitals; /* what to say about the last try */
    char study[NAME_ROOM];
    char closing[STREAM_CLOSING]; /* "" where the store cannot be read */
};

static enum err enter(struct screen *s)
{
    struct unlock *u = s->state;
    struct setup_status st = {0};
    if (setup_status(s->desk->home, &st) == ERR_OK) {
        snprintf(u->study, sizeof u->study, "%s %s", st.study, st.wave);
        snprintf(u->closing, sizeof u->closing, "%s", st.closing);
        setup_status_free(&st);
    }
    screen_try(s);
    u->passphrase.dots = true;
    enum err e = field_start(&u->code, CODE_ROOM);
    return e == ERR_OK ? field_start(&u->passphrase, PASSPHRASE_ROOM) : e;
}

static const char *title(const struct screen *s, char *room, size_t size)
{
    const struct unlock *u = s->state;
    snprintf(room, size, "Sanaq   %s", u->study);
    return room;
}

static void draw_keyboard(const struct unlock *u, struct page *p)
{
    const struct field *now = u->second ? &u->passphrase : &u->code;
    if (field_not_latin(now) || (u->wrong && u->not_latin))
        page_text(p, 0,
                  _("What is typed is not Latin: another keyboard layout is on. Switch it if your "
                    "code and passphrase are in Latin letters."));
    else if (field_shouts(now) || (u->wrong && u->capitals))
        page_text(p, 0, _("Everything typed is in capitals: Caps Lock seems to be on."));
}

/* Needs no passphrase: a supervisor who writes it down sees later if anything behind it is gone. */
static void draw_closing(const struct unlock *u, struct page *p)
{
    if (u->closing[0] == 0)
        return;
    page_blank(p);
    page_say(p, 0, _("Closing code: %s"), u->closing);
    page_text(p, 0,
              _("At the end of the day read it out to your supervisor, who writes it down with the "
                "date."));
}

static void draw(const struct screen *s, struct grid *g, int scroll)
{
    const struct unlock *u = s->state;
    struct page p;
    page_start(&p, g);
    page_blank(&p);
    page_text(&p, GRID_BOLD, _("This laptop is locked."));
    page_blank(&p);
    page_field(&p, _("Your code:"), &u->code, !s->working && !u->second);
    page_blank(&p);
    page_field(&p, _("Passphrase:"), &u->passphrase, !s->working && u->second);
    page_blank(&p);
    if (s->working) {
        page_text(&p, GRID_BOLD, _("Checking... this takes a few seconds."));
    } else {
        if (u->wrong)
            page_text(&p, GRID_BOLD,
                      _("Code or passphrase is wrong. Type both once more, without haste."));
        draw_keyboard(u, &p);
        draw_closing(u, &p);
    }
    page_paint(&p, scroll);
}

static enum step escape(struct unlock *u)
{
    field_clear(&u->passphrase);
    if (!u->second && u->code.len == 0)
        return STEP_QUIT;
    if (!u->second)
        field_clear(&u->code);
    u->second = false;
    return STEP_STAY;
}

static enum step key(struct screen *s, int k)
{
    struct unlock *u = s->state;
    if (k == KEYS_ESCAPE)
        return escape(u);
    if (k == KEYS_F(3))
        return screen_go(s, &screen_replace);
    if (k == KEYS_UP)
        u->second = false;
    if (k == KEYS_ENTER || k == KEYS_DOWN || k == '\t') {
        if (u->second && u->passphrase.len > 0 && k == KEYS_ENTER)
            return STEP_WORK;
        u->second = u->second || u->code.len > 0;
    } else if (field_key(u->second ? &u->passphrase : &u->code, k)) {
        u->wrong = false;
    }
    return STEP_STAY;
}

/* Of a failed try only its alphabet and case are kept. */
static void remember_keyboard(struct unlock *u)
{
    u->wrong = true;
    u->not_latin = field_not_latin(&u->code) || field_not_latin(&u->passphrase);
    u->capitals = field_shouts(&u->passphrase);
    u->second = false;
}

static enum step work(struct screen *s)
{
    struct unlock *u = s->state;
    struct desk *d = s->desk;
    struct secret *passphrase = NULL;
    screen_try(s);
    enum err e = field_secret(&u->passphrase, &passphrase);
    if (e == ERR_OK)
        e = session_open(d->home, field_text(&u->code), passphrase, &d->session);
    secret_free(passphrase);
    if (e == ERR_PASSPHRASE)
        remember_keyboard(u);
    field_clear(&u->passphrase);
    if (e == ERR_PASSPHRASE)
        return STEP_STAY;
    if (e != ERR_OK)
        return screen_fail(s, e);
    d->test = session_test(d->session);
    d->resumed = d->chosen = false;
    if (d->language[0] == 0)
        snprintf(d->language, sizeof d->language, "%s", session_study(d->session)->language[0]);
    return STEP_FOLLOW;
}

static size_t hints(const struct screen *s, struct hint out[SCREEN_HINTS])
{
    const struct unlock *u = s->state;
    out[0] = (struct hint){"Enter", u->second ? _("unlock") : _("next")};
    out[1] = (struct hint){"Esc", u->second || u->code.len > 0 ? _("start over") : _("quit")};
    out[2] = (struct hint){"F2", _("language")};
    out[3] = (struct hint){"F3", _("all passphrases lost")};
    return 4;
}

static void leave(struct screen *s)
{
    struct unlock *u = s->state;
    field_free(&u->code);
    field_free(&u->passphrase);
}

const struct screen_kind screen_unlock = {.size = sizeof(struct unlock),
                                          .typing = true,
                                          .trace = true,
                                          .enter = enter,
                                          .title = title,
                                          .draw = draw,
                                          .key = key,
                                          .work = work,
                                          .hints = hints,
                                          .leave = leave};
