/* Who may unlock this laptop: add an interviewer, change the own passphrase, remove one by code.
 * The own passphrase is asked for first, so that a laptop left open gives nobody a place on it.
 * Codes are not listed: whoever makes one interviewer unlock does not learn of the others. */
#include <stdio.h>
#include <string.h>

#include "kiosk/choosing.h"
#include "kiosk/keys.h"
#include "kiosk/menu.h"
#include "kiosk/screen.h"
#include "kiosk/setup.h"
#include "kiosk/text.h"

enum { CODE_ROOM = ENTRY_CODE_LEN, PASSPHRASE_ROOM = 255, PLACES = 8 };

enum act { ADD, CHANGE, REMOVE, ACTS };
static const char *const what[ACTS] = {N_("Add an interviewer"), N_("Change my passphrase"),
                                       N_("Remove an interviewer")};

enum phase { PHASE_ACT, PHASE_CONFIRM, PHASE_CODE, PHASE_CHOOSE, PHASE_SURE };

struct interviewers {
    enum phase phase;
    enum act act;
    struct menu menu;
    struct field own, code;
    struct choosing choosing;
    bool trouble; /* the last Enter was not accepted; desk->said may say why */
};

static void ask_for(struct interviewers *v, enum phase phase)
{
    v->phase = phase;
    v->trouble = false;
}

static enum err enter(struct screen *s)
{
    struct interviewers *v = s->state;
    v->menu.count = ACTS;
    v->own.dots = true;
    screen_try(s);
    enum err e = field_start(&v->own, PASSPHRASE_ROOM);
    if (e == ERR_OK)
        e = field_start(&v->code, CODE_ROOM);
    return e == ERR_OK ? choosing_start(&v->choosing) : e;
}

static const char *title(const struct screen *s, char *room, size_t size)
{
    (void)s, (void)room, (void)size;
    return _("Interviewers of this laptop");
}

static const char *label(const void *ctx, size_t i, char *room, size_t size)
{
    const struct interviewers *v = ((const struct screen *)ctx)->state;
    (void)room, (void)size;
    if (v->phase == PHASE_SURE)
        return i == 0 ? _("Yes, remove") : _("No");
    return _(what[i]);
}

static void draw_act(const struct screen *s, struct page *p)
{
    const struct interviewers *v = s->state;
    page_say(p, GRID_BOLD, _("%u of %u places are taken."),
             (unsigned)session_interviewers(s->desk->session), (unsigned)PLACES);
    page_text(p, 0,
              _("Everybody unlocks with their own code and passphrase. If one forgets theirs, "
                "another removes that place and adds it anew; if all do, the laptop must be set up "
                "anew."));
    page_blank(p);
    menu_draw(&v->menu, p, label, s, 0);
}

static void draw_confirm(const struct screen *s, struct page *p)
{
    const struct interviewers *v = s->state;
    page_text(p, GRID_BOLD, _(what[v->act]));
    page_blank(p);
    page_text(p, 0, _("First type your own passphrase of today."));
    page_blank(p);
    page_field(p, _("Passphrase:"), &v->own, !s->working);
    page_blank(p);
    if (s->working)
        page_text(p, GRID_BOLD, _("Checking... this takes a few seconds."));
    else if (v->trouble)
        page_text(p, GRID_BOLD,
                  _("That is not the passphrase with which this laptop was unlocked."));
}

static void draw_code(const struct screen *s, struct page *p)
{
    const struct interviewers *v = s->state;
    page_text(p, GRID_BOLD, _(what[v->act]));
    page_blank(p);
    if (v->act == ADD)
        page_text(p, 0,
                  _("Give the laptop to the new interviewer, who types their code: one to eight "
                    "Latin letters or digits, as agreed with the supervisor."));
    else
        page_text(p, 0, _("Type the code of the interviewer who may not unlock any more."));
    page_blank(p);
    page_field(p, _("Their code:"), &v->code, true);
    page_blank(p);
    if (v->trouble)
        page_text(p, GRID_BOLD,
                  s->desk->said[0] != 0
                      ? s->desk->said
                      : _("A code has one to eight letters from a to z or digits."));
}

static void draw_sure(const struct screen *s, struct page *p)
{
    const struct interviewers *v = s->state;
    page_say(p, GRID_BOLD, _("Remove the interviewer with the code %s?"), field_text(&v->code));
    page_text(p, 0,
              _("From then on their passphrase opens nothing on this laptop. Their interviews "
                "stay."));
    page_blank(p);
    if (s->working)
        page_text(p, GRID_BOLD, _("Writing... this takes a few seconds."));
    else
        menu_draw(&v->menu, p, label, s, 0);
}

static void draw(const struct screen *s, struct grid *g, int scroll)
{
    const struct interviewers *v = s->state;
    struct page p;
    page_start(&p, g);
    page_blank(&p);
    switch (v->phase) {
    case PHASE_ACT:
        draw_act(s, &p);
        break;
    case PHASE_CONFIRM:
        draw_confirm(s, &p);
        break;
    case PHASE_CODE:
        draw_code(s, &p);
        break;
    case PHASE_CHOOSE:
        choosing_draw(&v->choosing, &p,
                      s->working ? _("Writing... this takes a few seconds.") : NULL);
        break;
    case PHASE_SURE:
        draw_sure(s, &p);
        break;
    }
    page_paint(&p, scroll);
}

static enum step offer(struct screen *s)
{
    struct interviewers *v = s->state;
    enum err e = choosing_offer(&v->choosing);
    if (e != ERR_OK)
        return screen_fail(s, e);
    ask_for(v, PHASE_CHOOSE);
    return STEP_STAY;
}

static enum step work_confirm(struct screen *s)
{
    struct interviewers *v = s->state;
    struct secret *own = NULL;
    screen_try(s);
    enum err e = field_secret(&v->own, &own);
    if (e == ERR_OK)
        e = session_confirm(s->desk->session, own);
    secret_free(own);
    field_clear(&v->own);
    v->trouble = e == ERR_PASSPHRASE;
    if (v->trouble)
        return STEP_STAY;
    if (e != ERR_OK)
        return screen_fail(s, e);
    if (v->act == CHANGE)
        return offer(s);
    ask_for(v, PHASE_CODE);
    return STEP_STAY;
}

static enum err make_change(struct screen *s)
{
    struct interviewers *v = s->state;
    struct session *ss = s->desk->session;
    struct secret *passphrase = NULL;
    if (v->act == REMOVE)
        return session_remove(ss, field_text(&v->code));
    enum err e = field_secret(&v->choosing.first, &passphrase);
    if (e == ERR_OK)
        e = v->act == ADD ? session_add(ss, field_text(&v->code), passphrase)
                          : session_passphrase(ss, passphrase);
    secret_free(passphrase);
    choosing_clear(&v->choosing);
    return e;
}

static enum step work(struct screen *s)
{
    static const char *const done[ACTS] = {
        N_("The new interviewer can unlock this laptop now."),
        N_("Your passphrase is changed. The old one opens nothing any more."),
        N_("The interviewer is removed. Their passphrase opens nothing any more."),
    };
    struct interviewers *v = s->state;
    if (v->phase == PHASE_CONFIRM)
        return work_confirm(s);
    screen_try(s);
    enum err e = make_change(s);
    if (e == ERR_STATE && v->act != CHANGE) { /* a code that is there already, or is not */
        ask_for(v, PHASE_CODE);
        v->trouble = true;
        return STEP_STAY;
    }
    if (e != ERR_OK)
        return screen_fail(s, e);
    snprintf(s->desk->note, sizeof s->desk->note, "%s", _(done[v->act]));
    return STEP_FOLLOW;
}

static enum step take_code(struct screen *s)
{
    struct interviewers *v = s->state;
    screen_try(s);
    v->trouble = v->code.len == 0 || setup_check_code(field_text(&v->code)) != ERR_OK;
    s->desk->said[0] = 0; /* the page says it in the language of the page */
    if (v->trouble)
        return STEP_STAY;
    if (v->act == ADD)
        return offer(s);
    ask_for(v, PHASE_SURE);
    v->menu = (struct menu){.count = 2, .at = 1};
    return STEP_STAY;
}

static enum step choose(struct screen *s, int k)
{
    struct interviewers *v = s->state;
    switch (choosing_key(&v->choosing, k)) {
    case CHOOSING_ON:
        return STEP_STAY;
    case CHOOSING_BACK:
        return STEP_FOLLOW;
    case CHOOSING_DONE:
        return STEP_WORK;
    case CHOOSING_FAILED:
        break;
    }
    return screen_fail(s, ERR_NOMEM);
}

static enum step pick(struct interviewers *v, int k)
{
    if (menu_key(&v->menu, keys_latin(k)) != MENU_CHOSEN)
        return STEP_STAY;
    if (v->phase == PHASE_SURE)
        return v->menu.at == 0 ? STEP_WORK : STEP_FOLLOW;
    v->act = (enum act)v->menu.at;
    ask_for(v, PHASE_CONFIRM);
    return STEP_STAY;
}

static enum step key(struct screen *s, int k)
{
    struct interviewers *v = s->state;
    if (v->phase == PHASE_CHOOSE)
        return choose(s, k);
    if (k == KEYS_ESCAPE)
        return STEP_FOLLOW;
    if (v->phase == PHASE_ACT || v->phase == PHASE_SURE)
        return pick(v, k);
    if (k == KEYS_ENTER && v->phase == PHASE_CODE)
        return take_code(s);
    if (k == KEYS_ENTER)
        return v->own.len > 0 ? STEP_WORK : STEP_STAY;
    if (field_key(v->phase == PHASE_CODE ? &v->code : &v->own, k))
        v->trouble = false;
    return STEP_STAY;
}

static size_t hints(const struct screen *s, struct hint out[SCREEN_HINTS])
{
    const struct interviewers *v = s->state;
    if (v->phase == PHASE_CHOOSE)
        return choosing_hints(&v->choosing, out);
    if (v->phase == PHASE_ACT || v->phase == PHASE_SURE)
        return screen_menu_hints(&v->menu, out);
    out[0] = (struct hint){"Enter", _("next")};
    out[1] = (struct hint){"Esc", _("back")};
    return 2;
}

static void leave(struct screen *s)
{
    struct interviewers *v = s->state;
    field_free(&v->own);
    field_free(&v->code);
    choosing_free(&v->choosing);
}

const struct screen_kind screen_interviewers = {.size = sizeof(struct interviewers),
                                                .typing = true,
                                                .trace = true,
                                                .enter = enter,
                                                .title = title,
                                                .draw = draw,
                                                .key = key,
                                                .work = work,
                                                .hints = hints,
                                                .leave = leave};
