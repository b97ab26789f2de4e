/* Where the contact takes place. */
#include <stdio.h>

#include "kiosk/keys.h"
#include "kiosk/menu.h"
#include "kiosk/screen.h"
#include "kiosk/text.h"

static enum err enter(struct screen *s)
{
    struct menu *m = s->state;
    m->count = session_points(s->desk->session)->count;
    m->at = s->desk->chosen && s->desk->point < m->count ? s->desk->point : 0;
    return ERR_OK;
}

static const char *title(const struct screen *s, char *room, size_t size)
{
    (void)s, (void)room, (void)size;
    return _("New contact: sampling point");
}

static const char *label(const void *ctx, size_t i, char *room, size_t size)
{
    const struct points *p = session_points(((const struct screen *)ctx)->desk->session);
    const char *name = points_value(p, i, "label"), *region = points_value(p, i, "region");
    snprintf(room, size, "%s%s%s%s%s", points_value(p, i, "id"), name != NULL ? "  " : "",
             name != NULL ? name : "", region != NULL ? ", " : "", region != NULL ? region : "");
    return room;
}

static void draw(const struct screen *s, struct grid *g, int scroll)
{
    struct page p;
    page_start(&p, g);
    page_gap(&p);
    page_text(&p, GRID_BOLD, _("At which sampling point are you?"));
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
    s->desk->point = (uint32_t)m->at;
    s->desk->chosen = true;
    return screen_go(s, &screen_language);
}

static size_t hints(const struct screen *s, struct hint out[SCREEN_HINTS])
{
    return screen_menu_hints(s->state, out);
}

const struct screen_kind screen_point = {.size = sizeof(struct menu),
                                         .enter = enter,
                                         .title = title,
                                         .draw = draw,
                                         .key = key,
                                         .hints = hints};
