/* Something went wrong: one sentence, and what was said about it. */
#include <stdio.h>

#include "kiosk/keys.h"
#include "kiosk/page.h"
#include "kiosk/screen.h"
#include "kiosk/text.h"

static const char *title(const struct screen *s, char *room, size_t size)
{
    (void)s, (void)room, (void)size;
    return _("That did not work");
}

static void draw(const struct screen *s, struct grid *g, int scroll)
{
    struct page p;
    page_start(&p, g);
    page_blank(&p);
    page_say(&p, GRID_BOLD, _("That did not work: %s."), gettext(err_text(s->desk->failed)));
    if (s->desk->said[0] != 0) {
        page_blank(&p);
        page_text(&p, 0, s->desk->said);
    }
    page_blank(&p);
    page_text(&p, 0,
              _("Nothing that was sealed is lost. Press Enter to go on from where things stand."));
    page_paint(&p, scroll);
}

/* A contact that failed between its last entries has an end already: nothing else may be done with
 * it. */
static enum err end_what_was_ending(struct screen *s)
{
    struct session *ss = s->desk->session;
    const struct interview *iv = ss != NULL ? session_interview(ss) : NULL;
    return iv != NULL && iv->ending != 0 ? session_end(ss, iv->ending) : ERR_OK;
}

static enum step key(struct screen *s, int k)
{
    struct desk *d = s->desk;
    if (k != KEYS_ENTER && k != KEYS_ESCAPE)
        return STEP_STAY;
    screen_try(s);
    d->failed = end_what_was_ending(s);
    if (d->failed != ERR_OK)
        return STEP_STAY;
    /* What failed may have been sealed nevertheless: a count that is in never shows its card again.
     */
    if (d->session != NULL && screen_interview(s) != NULL)
        interview_resume(screen_interview(s), screen_study(s), session_points(d->session));
    return STEP_FOLLOW;
}

static size_t hints(const struct screen *s, struct hint out[SCREEN_HINTS])
{
    (void)s;
    out[0] = (struct hint){"Enter", _("go on")};
    return 1;
}

const struct screen_kind screen_notice = {.title = title, .draw = draw, .key = key, .hints = hints};
