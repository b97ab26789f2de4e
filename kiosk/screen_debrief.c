/* What the interviewer tells at the end; where the study has nothing to tell, only the sealing. */
#include <stdio.h>

#include "kiosk/keys.h"
#include "kiosk/page.h"
#include "kiosk/screen.h"
#include "kiosk/text.h"

static const char *title(const struct screen *s, char *room, size_t size)
{
    snprintf(room, size, _("Contact %u: the end"), (unsigned)screen_interview(s)->contact);
    return room;
}

static void draw(const struct screen *s, struct grid *g, int scroll)
{
    struct page p;
    page_start(&p, g);
    page_gap(&p);
    if (screen_interview(s)->step == INTERVIEW_DEBRIEF) {
        page_text(&p, 0, _("Read out:"));
        page_gap(&p);
        page_text(&p, GRID_BOLD, screen_text(s, &screen_study(s)->debrief));
        page_blank(&p);
    }
    page_text(&p, 0, _("Press Enter to seal the interview. After that it cannot be changed."));
    page_paint(&p, scroll);
}

static enum step key(struct screen *s, int k)
{
    return k == KEYS_ENTER ? screen_next(s) : k == KEYS_ESCAPE ? screen_back(s) : STEP_STAY;
}

static size_t hints(const struct screen *s, struct hint out[SCREEN_HINTS])
{
    (void)s;
    out[0] = (struct hint){"Enter", _("seal")};
    out[1] = (struct hint){"Esc", _("back")};
    out[2] = (struct hint){"F2", _("respondent's language")};
    out[3] = (struct hint){"F10", _("stop")};
    return 4;
}

const struct screen_kind screen_debrief = {
    .stop = true, .title = title, .draw = draw, .key = key, .hints = hints};
