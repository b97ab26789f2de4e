/* The disk has lost the working state: what that means, and how to go on. */
#include <string.h>

#include "kiosk/keys.h"
#include "kiosk/menu.h"
#include "kiosk/screen.h"
#include "kiosk/text.h"

enum { LOCK, GO_ON, CHOICES };

struct lost {
    struct menu menu;
};

static enum err enter(struct screen *s)
{
    struct lost *l = s->state;
    l->menu.count = CHOICES;
    return ERR_OK;
}

static const char *title(const struct screen *s, char *room, size_t size)
{
    (void)s, (void)room, (void)size;
    return _("Working state lost");
}

static const char *label(const void *ctx, size_t i, char *room, size_t size)
{
    (void)ctx, (void)room, (void)size;
    return i == LOCK ? _("Lock, and ask the researchers first") : _("Begin anew and go on");
}

static void draw(const struct screen *s, struct grid *g, int scroll)
{
    const struct lost *l = s->state;
    struct page p;
    page_start(&p, g);
    page_blank(&p);
    page_text(&p, GRID_BOLD, _("This laptop has lost its working state; its disk may be failing."));
    page_text(&p, 0,
              _("Every interview that was sealed is still here and can be collected. An interview "
                "that was under way is over, and today's tally begins anew."));
    page_blank(&p);
    page_text(&p, 0,
              _("The laptop can begin anew behind the last sealed entry. The researchers will see "
                "that, and must accept it before later interviews count; so tell them. After that, "
                "sync before the next interview: until then the laptop is in test."));
    page_blank(&p);
    if (s->working)
        page_text(&p, GRID_BOLD, _("Writing... this takes a few seconds."));
    else
        menu_draw(&l->menu, &p, label, s, 0);
    page_paint(&p, scroll);
}

static enum step key(struct screen *s, int k)
{
    struct lost *l = s->state;
    if (k == KEYS_ESCAPE)
        return STEP_LOCK;
    if (menu_key(&l->menu, k) != MENU_CHOSEN)
        return STEP_STAY;
    return l->menu.at == LOCK ? STEP_LOCK : STEP_WORK;
}

static enum step work(struct screen *s)
{
    screen_try(s);
    enum err e = session_restart(s->desk->session);
    s->desk->test = session_test(s->desk->session);
    return e == ERR_OK ? STEP_FOLLOW : screen_fail(s, e);
}

static size_t hints(const struct screen *s, struct hint out[SCREEN_HINTS])
{
    const struct lost *l = s->state;
    size_t n = screen_menu_hints(&l->menu, out);
    out[n - 1] = (struct hint){"Esc", _("lock")};
    return n;
}

const struct screen_kind screen_lost = {.size = sizeof(struct lost),
                                        .enter = enter,
                                        .title = title,
                                        .draw = draw,
                                        .key = key,
                                        .work = work,
                                        .hints = hints};
