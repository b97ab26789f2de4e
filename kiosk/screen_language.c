/* The respondent's language; with it the contact begins. */
#include "kiosk/keys.h"
#include "kiosk/menu.h"
#include "kiosk/screen.h"
#include "kiosk/text.h"

static enum err enter(struct screen *s)
{
    struct menu *m = s->state;
    int own = study_language_index(screen_study(s), s->desk->language);
    m->count = screen_study(s)->languages;
    m->at = own >= 0 ? (size_t)own : 0;
    return ERR_OK;
}

static const char *title(const struct screen *s, char *room, size_t size)
{
    (void)s, (void)room, (void)size;
    return _("New contact: language");
}

static const char *label(const void *ctx, size_t i, char *room, size_t size)
{
    (void)room, (void)size;
    return text_language_name(screen_study(ctx)->language[i]);
}

static void draw(const struct screen *s, struct grid *g, int scroll)
{
    struct page p;
    page_start(&p, g);
    page_gap(&p);
    page_text(&p, GRID_BOLD, _("In which language does the respondent prefer to talk?"));
    page_text(&p, 0, _("It can be changed at any moment with F2."));
    page_blank(&p);
    menu_draw(s->state, &p, label, s, 0);
    page_paint(&p, scroll);
}

static enum step key(struct screen *s, int k)
{
    struct menu *m = s->state;
    if (k == KEYS_ESCAPE)
        return screen_go(s, &screen_point);
    if (menu_key(m, k) != MENU_CHOSEN)
        return STEP_STAY;
    screen_try(s);
    enum err e = session_begin(s->desk->session, s->desk->point, (uint8_t)m->at);
    return e == ERR_OK ? STEP_FOLLOW : screen_fail(s, e);
}

static size_t hints(const struct screen *s, struct hint out[SCREEN_HINTS])
{
    return screen_menu_hints(s->state, out);
}

const struct screen_kind screen_language = {.size = sizeof(struct menu),
                                            .enter = enter,
                                            .title = title,
                                            .draw = draw,
                                            .key = key,
                                            .hints = hints};
