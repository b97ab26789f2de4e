#include "kiosk/screen.h"

#include "kiosk/menu.h"

#include <stdio.h>
#include <string.h>

#include "kiosk/text.h"

enum step screen_go(struct screen *s, const struct screen_kind *kind)
{
    s->desk->go = kind;
    return STEP_GO;
}

void screen_try(struct screen *s)
{
    s->desk->said[0] = 0;
}

enum step screen_fail(struct screen *s, enum err e)
{
    s->desk->failed = e;
    return STEP_FOLLOW;
}

enum step screen_save(struct screen *s)
{
    screen_try(s);
    enum err e = session_save(s->desk->session);
    return e == ERR_OK ? STEP_FOLLOW : screen_fail(s, e);
}

enum step screen_next(struct screen *s)
{
    struct interview *iv = screen_interview(s);
    const struct study *study = screen_study(s);
    bool told = iv->step == INTERVIEW_DEBRIEF || iv->step == INTERVIEW_DONE;
    interview_next(iv, study, session_points(s->desk->session));
    if (told && iv->step == INTERVIEW_DONE)
        return screen_end(s, interview_disposition(iv, study));
    return screen_save(s);
}

enum step screen_back(struct screen *s)
{
    bool moved =
        interview_back(screen_interview(s), screen_study(s), session_points(s->desk->session));
    return moved ? screen_save(s) : STEP_STAY;
}

enum step screen_end(struct screen *s, uint16_t disposition)
{
    unsigned contact = screen_interview(s)->contact;
    screen_try(s);
    enum err e = session_end(s->desk->session, disposition);
    if (e != ERR_OK)
        return screen_fail(s, e);
    text_use(s->desk->language);
    snprintf(s->desk->note, sizeof s->desk->note, _("Contact %u is sealed."), contact);
    return STEP_FOLLOW;
}

const struct study *screen_study(const struct screen *s)
{
    return session_study(s->desk->session);
}

struct interview *screen_interview(const struct screen *s)
{
    return session_interview(s->desk->session);
}

const char *screen_text(const struct screen *s, const struct study_text *t)
{
    return study_text_in(t, screen_interview(s)->language);
}

const char *screen_text_interviewer(const struct screen *s, const struct study_text *t)
{
    const struct interview *iv = screen_interview(s);
    int own = study_language_index(screen_study(s), s->desk->language);
    return study_text_in(t, own >= 0 ? (size_t)own : iv != NULL ? iv->language : 0);
}

const char *screen_title_study(const struct screen *s, char *room, size_t size)
{
    (void)room;
    (void)size;
    return screen_text(s, &screen_study(s)->title);
}

size_t screen_menu_hints(const struct menu *m, struct hint out[SCREEN_HINTS])
{
    out[0] = (struct hint){m->count > 9 ? _("number, Enter") : _("digit"), _("choose")};
    out[1] = (struct hint){"↑ ↓ Enter", _("choose")};
    out[2] = (struct hint){"Esc", _("back")};
    return 3;
}
