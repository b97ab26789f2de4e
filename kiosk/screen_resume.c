/* An interview was under way when the laptop stopped or was locked: this comes first, nothing else.
 */
#include <stdio.h>

#include "kiosk/keys.h"
#include "kiosk/menu.h"
#include "kiosk/screen.h"
#include "kiosk/text.h"

enum { GO_ON, BREAK_OFF, CHOICES };

struct resume {
    struct menu menu;
    bool sure; /* asked once more about the break-off; its lines: 1 yes, 2 no */
};

static bool card_is_due(const struct screen *s)
{
    struct interview iv = *screen_interview(s);
    interview_resume(&iv, screen_study(s), session_points(s->desk->session));
    return iv.assigned && iv.step == INTERVIEW_HANDOVER;
}

static enum err enter(struct screen *s)
{
    struct resume *r = s->state;
    r->menu.count = CHOICES;
    return ERR_OK;
}

static const char *title(const struct screen *s, char *room, size_t size)
{
    (void)s, (void)room, (void)size;
    return _("Not finished");
}

static const char *label(const void *ctx, size_t i, char *room, size_t size)
{
    const struct screen *s = ctx;
    const struct resume *r = s->state;
    (void)room, (void)size;
    if (r->sure)
        return i == 0 ? _("Yes, record a break-off") : _("No");
    if (i == BREAK_OFF)
        return _("Record a break-off");
    return card_is_due(s) ? _("Go on with the same card") : _("Go on where it stopped");
}

static void draw(const struct screen *s, struct grid *g, int scroll)
{
    const struct resume *r = s->state;
    struct page p;
    page_start(&p, g);
    page_blank(&p);
    page_say(&p, GRID_BOLD,
             r->sure ? _("End interview %u here? This cannot be undone.")
                     : _("Interview %u is not finished."),
             (unsigned)screen_interview(s)->contact);
    page_blank(&p);
    menu_draw(&r->menu, &p, label, s, 0);
    page_paint(&p, scroll);
}

static enum step go_on(struct screen *s)
{
    interview_resume(screen_interview(s), screen_study(s), session_points(s->desk->session));
    s->desk->resumed = true;
    return screen_save(s);
}

static enum step break_off(struct screen *s)
{
    const struct interview *iv = screen_interview(s);
    return screen_end(s, iv->step == INTERVIEW_CONSENT
                             ? DISPOSITION_REFUSAL_PERSON
                             : interview_disposition(iv, screen_study(s)));
}

static enum step key(struct screen *s, int k)
{
    struct resume *r = s->state;
    if (k == KEYS_ESCAPE && r->sure)
        r->sure = false, r->menu.at = GO_ON;
    if (menu_key(&r->menu, k) != MENU_CHOSEN)
        return STEP_STAY;
    if (r->sure && r->menu.at == 0)
        return break_off(s);
    if (!r->sure && r->menu.at == GO_ON)
        return go_on(s);
    r->sure = !r->sure;
    r->menu.at = r->sure ? 1 : 0;
    return STEP_STAY;
}

static size_t hints(const struct screen *s, struct hint out[SCREEN_HINTS])
{
    (void)s;
    out[0] = (struct hint){"1-2", _("choose")};
    out[1] = (struct hint){"↑ ↓ Enter", _("choose")};
    return 2;
}

const struct screen_kind screen_resume = {.size = sizeof(struct resume),
                                          .enter = enter,
                                          .title = title,
                                          .draw = draw,
                                          .key = key,
                                          .hints = hints};
