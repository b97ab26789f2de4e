/* Is there somebody who may be asked, and do they agree. */
#include <stdio.h>

#include "kiosk/keys.h"
#include "kiosk/menu.h"
#include "kiosk/screen.h"
#include "kiosk/text.h"

struct consent {
    struct menu menu;
    bool age; /* the age is asked first */
};

enum { YES, NO, OTHER, CHOICES };

static enum err enter(struct screen *s)
{
    struct consent *c = s->state;
    c->menu.count = CHOICES;
    c->age = screen_study(s)->consent.min_age > 0;
    return ERR_OK;
}

static const char *title(const struct screen *s, char *room, size_t size)
{
    snprintf(room, size, _("Contact %u: consent"), (unsigned)screen_interview(s)->contact);
    return room;
}

static const char *label(const void *ctx, size_t i, char *room, size_t size)
{
    const struct consent *c = ((const struct screen *)ctx)->state;
    (void)room, (void)size;
    switch (i) {
    case YES:
        return c->age ? _("Yes") : _("Yes, the respondent agrees");
    case NO:
        return c->age ? _("No, too young") : _("No, the respondent does not want to");
    default:
        return _("No interview, for another reason");
    }
}

static void draw(const struct screen *s, struct grid *g, int scroll)
{
    const struct consent *c = s->state;
    const struct study *study = screen_study(s);
    struct page p;
    page_start(&p, g);
    if (c->age) {
        page_gap(&p);
        page_say(&p, GRID_BOLD, _("Is the person who is to be asked %d years old or older?"),
                 (int)study->consent.min_age);
    } else {
        page_text(&p, 0, _("Read out:"));
        page_gap(&p);
        page_text(&p, GRID_BOLD, screen_text(s, &study->consent.text));
    }
    page_blank(&p);
    menu_draw(&c->menu, &p, label, s, 0);
    page_paint(&p, scroll);
}

static enum step key(struct screen *s, int k)
{
    struct consent *c = s->state;
    if (menu_key(&c->menu, k) != MENU_CHOSEN)
        return STEP_STAY;
    if (c->menu.at == OTHER)
        return screen_go(s, &screen_outcome);
    if (c->menu.at == NO)
        return screen_end(s, c->age ? DISPOSITION_NO_ELIGIBLE : DISPOSITION_REFUSAL_PERSON);
    if (!c->age)
        return screen_next(s);
    c->age = false;
    c->menu.at = 0;
    return STEP_STAY;
}

static size_t hints(const struct screen *s, struct hint out[SCREEN_HINTS])
{
    (void)s;
    out[0] = (struct hint){"1-3", _("choose")};
    out[1] = (struct hint){"↑ ↓ Enter", _("choose")};
    out[2] = (struct hint){"F2", _("respondent's language")};
    out[3] = (struct hint){"F10", _("stop")};
    return 4;
}

const struct screen_kind screen_consent = {.size = sizeof(struct consent),
                                           .stop = true,
                                           .enter = enter,
                                           .title = title,
                                           .draw = draw,
                                           .key = key,
                                           .hints = hints};
