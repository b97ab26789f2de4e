/* The last page before the draw. */
#include <stdio.h>

#include "kiosk/keys.h"
#include "kiosk/page.h"
#include "kiosk/screen.h"
#include "kiosk/text.h"

static const char *title(const struct screen *s, char *room, size_t size)
{
    snprintf(room, size, _("Contact %u: the card comes next"),
             (unsigned)screen_interview(s)->contact);
    return room;
}

static void draw(const struct screen *s, struct grid *g, int scroll)
{
    struct page p;
    (void)s;
    page_start(&p, g);
    page_blank(&p);
    page_text(&p, GRID_BOLD, _("From here on this interview counts."));
    page_blank(&p);
    page_text(
        &p, 0,
        _("The next page is for the respondent alone. They take the laptop, read a card, and "
          "give one number. Turn away, do not help them to count, do not ask which lines they "
          "chose."));
    page_blank(&p);
    page_text(&p, 0,
              _("The laptop comes back to you when the thank-you page is on; you then press F9."));
    page_blank(&p);
    page_text(&p, GRID_BOLD, _("Press Enter when the respondent is ready."));
    page_paint(&p, scroll);
}

static enum step key(struct screen *s, int k)
{
    if (k == KEYS_ESCAPE)
        return screen_back(s);
    if (k != KEYS_ENTER)
        return STEP_STAY;
    screen_try(s);
    enum err e = screen_interview(s)->assigned ? ERR_OK : session_assign(s->desk->session);
    return e == ERR_OK ? screen_next(s) : screen_fail(s, e);
}

static size_t hints(const struct screen *s, struct hint out[SCREEN_HINTS])
{
    (void)s;
    out[0] = (struct hint){"Enter", _("go on")};
    out[1] = (struct hint){"Esc", _("back")};
    out[2] = (struct hint){"F2", _("respondent's language")};
    out[3] = (struct hint){"F10", _("stop")};
    return 4;
}

const struct screen_kind screen_ready = {
    .stop = true, .title = title, .draw = draw, .key = key, .hints = hints};
