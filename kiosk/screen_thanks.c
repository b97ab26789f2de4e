/* The respondent is done; only the hand-back key leads on. */
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
    page_text(&p, GRID_BOLD, _("Thank you!"));
    page_blank(&p);
    page_text(&p, 0,
              _("Your part is finished. What you typed is sealed: nobody can look it up on "
                "this laptop, and neither can the interviewer."));
    page_blank(&p);
    page_text(&p, GRID_BOLD, _("Please give the laptop back to the interviewer."));
    page_paint(&p, scroll);
}

static enum step key(struct screen *s, int k)
{
    return k == KEYS_F(9) ? screen_next(s) : STEP_STAY;
}

static size_t hints(const struct screen *s, struct hint out[SCREEN_HINTS])
{
    (void)s;
    out[0] = (struct hint){"F9", _("interviewer: go on")};
    out[1] = (struct hint){"F2", _("language")};
    return 2;
}

const struct screen_kind screen_thanks = {.respondent = true,
                                          .stop = true,
                                          .title = screen_title_study,
                                          .draw = draw,
                                          .key = key,
                                          .hints = hints};
