/* Why there is no interview: the dispositions that end a contact before it. */
#include <stdio.h>

#include "kiosk/keys.h"
#include "kiosk/menu.h"
#include "kiosk/screen.h"
#include "kiosk/text.h"

static bool fits(const struct screen *s, const struct disposition *d)
{
    if (d->code == DISPOSITION_QUOTA_FILLED)
        return screen_study(s)->sample == SAMPLE_QUOTA;
    return !d->interview && d->code != DISPOSITION_BREAK_OFF;
}

/* The ${i}-th disposition that fits; NULL behind the last. */
static const struct disposition *nth(const struct screen *s, size_t i)
{
    size_t count;
    const struct disposition *table = disposition_table(&count);
    for (size_t d = 0; d < count; d++)
        if (fits(s, &table[d]) && i-- == 0)
            return &table[d];
    return NULL;
}

static enum err enter(struct screen *s)
{
    struct menu *m = s->state;
    while (nth(s, m->count) != NULL)
        m->count++;
    return ERR_OK;
}

static const char *title(const struct screen *s, char *room, size_t size)
{
    snprintf(room, size, _("Contact %u: no interview"), (unsigned)screen_interview(s)->contact);
    return room;
}

static const char *label(const void *ctx, size_t i, char *room, size_t size)
{
    const struct disposition *d = nth(ctx, i);
    snprintf(room, size, "%s  (%s)", gettext(d->text), d->number);
    return room;
}

static void draw(const struct screen *s, struct grid *g, int scroll)
{
    struct page p;
    page_start(&p, g);
    page_text(&p, GRID_BOLD, _("Why is there no interview?"));
    page_blank(&p);
    menu_draw(s->state, &p, label, s, 0);
    page_paint(&p, scroll);
}

static enum step key(struct screen *s, int k)
{
    struct menu *m = s->state;
    if (k == KEYS_ESCAPE)
        return STEP_FOLLOW;
    if (menu_key(m, k) != MENU_CHOSEN)
        return STEP_STAY;
    return screen_end(s, nth(s, m->at)->code);
}

static size_t hints(const struct screen *s, struct hint out[SCREEN_HINTS])
{
    return screen_menu_hints(s->state, out);
}

const struct screen_kind screen_outcome = {.size = sizeof(struct menu),
                                           .enter = enter,
                                           .title = title,
                                           .draw = draw,
                                           .key = key,
                                           .hints = hints};
