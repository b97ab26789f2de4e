/* The laptop changes hands: the first page that is the respondent's own. */
#include "kiosk/keys.h"
#include "kiosk/page.h"
#include "kiosk/screen.h"
#include "kiosk/text.h"

static void draw(const struct screen *s, struct grid *g, int scroll)
{
    struct page p;
    (void)s;
    page_start(&p, g);
    page_blank(&p);
    page_text(&p, GRID_BOLD, _("Please take the laptop: this part is yours alone."));
    page_blank(&p);
    page_text(
        &p, 0,
        _("You will read a short card. It asks how many of its lines, never which ones: you only "
          "give a number. Nobody asks which lines you mean, and the laptop does not know."));
    page_blank(&p);
    page_text(
        &p, 0,
        _("Please read and count for yourself, silently. There are no right or wrong answers."));
    page_blank(&p);
    page_text(&p, GRID_BOLD, _("When you are ready, press Enter."));
    page_paint(&p, scroll);
}

static enum step key(struct screen *s, int k)
{
    return k == KEYS_ENTER ? screen_next(s) : STEP_STAY;
}

static size_t hints(const struct screen *s, struct hint out[SCREEN_HINTS])
{
    (void)s;
    out[0] = (struct hint){"Enter", _("go on")};
    out[1] = (struct hint){"F2", _("language")};
    return 2;
}

const struct screen_kind screen_handover = {.respondent = true,
                                            .stop = true,
                                            .title = screen_title_study,
                                            .draw = draw,
                                            .key = key,
                                            .hints = hints};
