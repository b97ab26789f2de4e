/* A neutral page over an interview: somebody came in, or it ends here. Shows nothing of the study.
 */
#include <stdio.h>

#include "kiosk/keys.h"
#include "kiosk/menu.h"
#include "kiosk/screen.h"
#include "kiosk/text.h"

enum { GO_ON, BREAK_OFF, WITHDRAW };
enum { SURE_YES, SURE_NO, SURE_CHOICES };

struct stop {
    struct menu menu;
    size_t sure; /* BREAK_OFF, WITHDRAW: asked once more; GO_ON: not asked */
};

/* Before the draw there is nothing to withdraw: leaving is a refusal or a break-off then. */
static bool can_withdraw(const struct interview *iv)
{
    return iv->assigned && iv->step <= INTERVIEW_THANKS;
}

static size_t choices(const struct screen *s)
{
    return can_withdraw(screen_interview(s)) ? WITHDRAW + 1 : BREAK_OFF + 1;
}

static enum err enter(struct screen *s)
{
    struct stop *st = s->state;
    st->menu.count = choices(s);
    return ERR_OK;
}

static const char *title(const struct screen *s, char *room, size_t size)
{
    (void)s, (void)room, (void)size;
    return _("One moment, please");
}

static const char *label(const void *ctx, size_t i, char *room, size_t size)
{
    const struct stop *st = ((const struct screen *)ctx)->state;
    (void)room, (void)size;
    if (st->sure == BREAK_OFF)
        return i == SURE_YES ? _("Yes, end here") : _("No, go on");
    if (st->sure == WITHDRAW)
        return i == SURE_YES ? _("Yes, withdraw") : _("No, go on");
    return i == GO_ON       ? _("Go on")
           : i == BREAK_OFF ? _("End here")
                            : _("The respondent withdraws: nothing of it may be used");
}

static void draw(const struct screen *s, struct grid *g, int scroll)
{
    const struct stop *st = s->state;
    struct page p;
    page_start(&p, g);
    page_blank(&p);
    page_text(&p, GRID_BOLD,
              st->sure == BREAK_OFF  ? _("End here? This cannot be undone.")
              : st->sure == WITHDRAW ? _("Withdraw? This cannot be undone.")
                                     : _("One moment, please."));
    page_blank(&p);
    menu_draw(&st->menu, &p, label, s, 0);
    page_paint(&p, scroll);
}

static enum step break_off(struct screen *s)
{
    const struct interview *iv = screen_interview(s);
    if (iv->step == INTERVIEW_CONSENT)
        return screen_end(s, DISPOSITION_REFUSAL_PERSON);
    return screen_end(s, interview_disposition(iv, screen_study(s)));
}

static enum step withdraw(struct screen *s)
{
    unsigned contact = screen_interview(s)->contact;
    screen_try(s);
    enum err e = session_withdraw(s->desk->session);
    if (e != ERR_OK)
        return screen_fail(s, e);
    snprintf(s->desk->note, sizeof s->desk->note, _("Contact %u is withdrawn."), contact);
    return STEP_FOLLOW;
}

static enum step key(struct screen *s, int k)
{
    struct stop *st = s->state;
    if (k == KEYS_ESCAPE)
        return STEP_BACK;
    if (menu_key(&st->menu, k) != MENU_CHOSEN)
        return STEP_STAY;
    if (st->sure != GO_ON) {
        if (st->menu.at != SURE_YES)
            return STEP_BACK;
        return st->sure == BREAK_OFF ? break_off(s) : withdraw(s);
    }
    if (st->menu.at == GO_ON)
        return STEP_BACK;
    st->sure = st->menu.at;
    st->menu = (struct menu){.count = SURE_CHOICES, .at = SURE_NO};
    return STEP_STAY;
}

static size_t hints(const struct screen *s, struct hint out[SCREEN_HINTS])
{
    (void)s;
    out[0] = (struct hint){_("digit"), _("choose")};
    out[1] = (struct hint){"↑ ↓ Enter", _("choose")};
    out[2] = (struct hint){"Esc", _("go on")};
    return 3;
}

const struct screen_kind screen_stop = {.size = sizeof(struct stop),
                                        .enter = enter,
                                        .title = title,
                                        .draw = draw,
                                        .key = key,
                                        .hints = hints};
