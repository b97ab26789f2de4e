/* Void a finished contact by its number, with a reason; it stays in the ledger. */
#include <stdio.h>

#include "kiosk/keys.h"
#include "kiosk/menu.h"
#include "kiosk/screen.h"
#include "kiosk/text.h"

static const struct {
    uint16_t code;
    const char *text;
} reasons[] = {
    {1, N_("The wrong person was interviewed")},
    {2, N_("The interviewer made a mistake")},
    {3, N_("It was practice, by mistake")},
    {9, N_("Another reason")},
};

enum { NUMBER_ROOM = 9, REASONS = sizeof reasons / sizeof *reasons };

enum phase { PHASE_NUMBER, PHASE_REASON, PHASE_SURE };

struct voiding {
    struct field number;
    struct menu menu;
    uint32_t contact;
    size_t reason;
    enum phase phase;
    bool unknown; /* the number typed is not that of a finished contact */
};

static enum err enter(struct screen *s)
{
    struct voiding *v = s->state;
    v->number.digits = true;
    return field_start(&v->number, NUMBER_ROOM);
}

static const char *title(const struct screen *s, char *room, size_t size)
{
    (void)s, (void)room, (void)size;
    return _("Void an interview");
}

static const char *label(const void *ctx, size_t i, char *room, size_t size)
{
    const struct voiding *v = ((const struct screen *)ctx)->state;
    (void)room, (void)size;
    if (v->phase == PHASE_SURE)
        return i == 0 ? _("Yes, void it") : _("No");
    return _(reasons[i].text);
}

static void draw(const struct screen *s, struct grid *g, int scroll)
{
    const struct voiding *v = s->state;
    struct session_tally t;
    struct page p;
    session_tally(s->desk->session, &t);
    page_start(&p, g);
    page_gap(&p);
    if (v->phase == PHASE_NUMBER) {
        page_text(&p, GRID_BOLD, _("Which contact is not to count?"));
        page_say(&p, 0, _("The last one on this laptop has number %u."), t.last_contact);
        page_blank(&p);
        page_field(&p, _("Contact number:"), &v->number, true);
        page_blank(&p);
        if (v->unknown)
            page_text(&p, GRID_BOLD, _("There is no finished contact with this number."));
    } else {
        page_say(&p, GRID_BOLD,
                 v->phase == PHASE_REASON ? _("Why is contact %u not to count?")
                                          : _("Void contact %u? This cannot be undone."),
                 (unsigned)v->contact);
        if (v->phase == PHASE_SURE)
            page_text(&p, 0, _(reasons[v->reason].text));
        page_blank(&p);
        menu_draw(&v->menu, &p, label, s, 0);
    }
    page_paint(&p, scroll);
}

static enum step void_it(struct screen *s)
{
    struct voiding *v = s->state;
    screen_try(s);
    enum err e = session_void(s->desk->session, v->contact, reasons[v->reason].code);
    if (e != ERR_OK)
        return screen_fail(s, e);
    snprintf(s->desk->note, sizeof s->desk->note, _("Contact %u is void."), (unsigned)v->contact);
    return STEP_FOLLOW;
}

static void take_number(struct screen *s)
{
    struct voiding *v = s->state;
    struct session_tally t;
    session_tally(s->desk->session, &t);
    v->unknown = !field_number(&v->number, t.last_contact, &v->contact) || v->contact == 0;
    if (v->unknown)
        return;
    v->phase = PHASE_REASON;
    v->menu = (struct menu){.count = REASONS};
}

static enum step key(struct screen *s, int k)
{
    struct voiding *v = s->state;
    if (k == KEYS_ESCAPE)
        return STEP_FOLLOW;
    if (v->phase == PHASE_NUMBER) {
        if (k == KEYS_ENTER)
            take_number(s);
        else if (field_key(&v->number, k))
            v->unknown = false;
        return STEP_STAY;
    }
    if (menu_key(&v->menu, k) != MENU_CHOSEN)
        return STEP_STAY;
    if (v->phase == PHASE_SURE)
        return v->menu.at == 0 ? void_it(s) : STEP_FOLLOW;
    v->reason = v->menu.at;
    v->phase = PHASE_SURE;
    v->menu = (struct menu){.count = 2, .at = 1};
    return STEP_STAY;
}

static size_t hints(const struct screen *s, struct hint out[SCREEN_HINTS])
{
    const struct voiding *v = s->state;
    bool number = v->phase == PHASE_NUMBER;
    out[0] = (struct hint){number ? _("digits, Enter") : _("digit"),
                           number ? _("contact") : _("choose")};
    out[1] = (struct hint){"Esc", _("back")};
    return 2;
}

static void leave(struct screen *s)
{
    struct voiding *v = s->state;
    field_free(&v->number);
}

const struct screen_kind screen_void = {.size = sizeof(struct voiding),
                                        .enter = enter,
                                        .title = title,
                                        .draw = draw,
                                        .key = key,
                                        .hints = hints,
                                        .leave = leave};
