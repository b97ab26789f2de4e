/* The keys of the page underneath, in full. */
#include <stdio.h>
#include <string.h>

#include "kiosk/page.h"
#include "kiosk/screen.h"
#include "kiosk/text.h"

struct help {
    const struct screen *about;
};

void screen_help_about(struct screen *s, const struct screen *about)
{
    struct help *h = s->state;
    h->about = about;
}

static const char *title(const struct screen *s, char *room, size_t size)
{
    (void)s, (void)room, (void)size;
    return _("Help");
}

static void draw(const struct screen *s, struct grid *g, int scroll)
{
    const struct help *h = s->state;
    struct hint hint[SCREEN_HINTS];
    size_t n = h->about->kind->hints != NULL ? h->about->kind->hints(h->about, hint) : 0;
    struct page p;
    page_start(&p, g);
    page_text(&p, GRID_BOLD, _("Keys on this page"));
    page_blank(&p);
    for (size_t i = 0; i < n; i++) {
        char lead[64] = "   ";
        size_t at = 3, columns = (size_t)text_width(hint[i].key, strlen(hint[i].key));
        at += (size_t)snprintf(lead + at, sizeof lead - at, "%s", hint[i].key);
        for (; columns < 18 && at + 1 < sizeof lead; columns++)
            lead[at++] = ' ';
        lead[at] = 0;
        page_item(&p, 0, lead, hint[i].what);
        page_gap(&p);
    }
    page_blank(&p);
    page_text(&p, 0,
              _("Letters are found by their place on the keyboard: with Russian or Kazakh layout "
                "the same keys work. Where the function keys do not work, press Alt and a digit "
                "(Alt and 0 for F10)."));
    page_paint(&p, scroll);
}

static enum step key(struct screen *s, int k)
{
    (void)s, (void)k;
    return STEP_BACK;
}

static size_t hints(const struct screen *s, struct hint out[SCREEN_HINTS])
{
    (void)s;
    out[0] = (struct hint){_("any key"), _("back")};
    return 1;
}

const struct screen_kind screen_help = {
    .size = sizeof(struct help), .title = title, .draw = draw, .key = key, .hints = hints};
