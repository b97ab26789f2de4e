/* A question: of the interview, to the respondent alone after the lists, or about the interview to
 * the interviewer. One page, three kinds, by the step of the interview. */
#include <stdio.h>
#include <string.h>

#include "kiosk/keys.h"
#include "kiosk/menu.h"
#include "kiosk/screen.h"
#include "kiosk/text.h"

enum { NUMBER_ROOM = 10 };

enum trouble { TROUBLE_NONE, TROUBLE_NUMBER, TROUBLE_NOTHING };

struct ask {
    struct menu menu;    /* choice, multi */
    struct field number; /* integer, scale */
    enum trouble trouble;
};

static const struct study_question *question(const struct screen *s)
{
    return &screen_study(s)->question[screen_interview(s)->at];
}

static bool has_options(const struct study_question *q)
{
    return q->type == STUDY_CHOICE || q->type == STUDY_MULTI;
}

/* The observations are for the interviewer's eyes, all other questions are the respondent's. */
static const char *text(const struct screen *s, const struct study_text *t)
{
    return question(s)->section == STUDY_OBSERVATION ? screen_text_interviewer(s, t)
                                                     : screen_text(s, t);
}

/* An answer given before stands there again. */
static void show_answer(struct ask *a, const struct study_question *q, int32_t answer)
{
    char number[16];
    if (answer < 0)
        return;
    if (q->type == STUDY_MULTI) {
        a->menu.marked = (uint32_t)answer;
    } else if (q->type == STUDY_CHOICE) {
        for (size_t i = 0; i < q->options; i++)
            if (q->option[i].code == answer)
                a->menu.at = i;
    } else {
        snprintf(number, sizeof number, "%d", (int)answer);
        field_set(&a->number, number);
    }
}

static enum err enter(struct screen *s)
{
    struct ask *a = s->state;
    const struct study_question *q = question(s);
    enum err e = field_start(&a->number, NUMBER_ROOM);
    if (e != ERR_OK)
        return e;
    a->number.digits = true;
    a->menu.count = q->options;
    a->menu.toggles = q->type == STUDY_MULTI;
    show_answer(a, q, screen_interview(s)->answer[screen_interview(s)->at]);
    return ERR_OK;
}

static const char *title(const struct screen *s, char *room, size_t size)
{
    unsigned which, of;
    interview_progress(screen_interview(s), screen_study(s), session_points(s->desk->session),
                       &which, &of);
    snprintf(room, size, _("Question %u of %u"), which, of);
    return room;
}

static const char *label(const void *ctx, size_t i, char *room, size_t size)
{
    (void)room, (void)size;
    return text(ctx, &question(ctx)->option[i].text);
}

static void draw_number(const struct screen *s, const struct study_question *q, struct page *p)
{
    const struct ask *a = s->state;
    char lead[32];
    if (q->type == STUDY_SCALE && q->low.in[0] != NULL) {
        snprintf(lead, sizeof lead, "%3d  ", (int)q->min);
        page_item(p, 0, lead, text(s, &q->low));
        snprintf(lead, sizeof lead, "%3d  ", (int)q->max);
        page_item(p, 0, lead, text(s, &q->high));
        page_blank(p);
    }
    page_field(p, _("Number:"), &a->number, true);
    page_blank(p);
    if (a->trouble == TROUBLE_NUMBER)
        page_say(p, GRID_BOLD, _("Please type a number from %d to %d."), (int)q->min, (int)q->max);
    else
        page_say(p, 0, _("%d to %d, then Enter"), (int)q->min, (int)q->max);
}

static void draw(const struct screen *s, struct grid *g, int scroll)
{
    const struct ask *a = s->state;
    const struct study_question *q = question(s);
    struct page p;
    page_start(&p, g);
    page_gap(&p);
    page_text(&p, GRID_BOLD, text(s, &q->text));
    if (!s->kind->respondent && q->show_card != NULL) {
        page_blank(&p);
        page_say(&p, 0, _("→ Show card %s."), q->show_card);
    }
    if (!s->kind->respondent && q->instruction.in[0] != NULL) {
        page_blank(&p);
        page_item(&p, 0, "→ ", screen_text_interviewer(s, &q->instruction));
    }
    page_blank(&p);
    if (has_options(q))
        menu_draw(&a->menu, &p, label, s, q->type == STUDY_MULTI ? 2 : 0);
    else
        draw_number(s, q, &p);
    if (q->type == STUDY_MULTI) {
        page_blank(&p);
        page_text(&p, a->trouble == TROUBLE_NOTHING ? GRID_BOLD : 0,
                  a->trouble == TROUBLE_NOTHING
                      ? _("Nothing is marked. If that is right, press Enter once more.")
                      : _("Mark all that apply, then press Enter."));
    }
    page_paint(&p, scroll);
}

static enum step answer(struct screen *s, int32_t value)
{
    interview_answer(screen_interview(s), screen_study(s), session_points(s->desk->session), value);
    return screen_next(s);
}

static enum step take_number(struct screen *s, const struct study_question *q)
{
    struct ask *a = s->state;
    uint32_t value;
    if (field_number(&a->number, INT32_MAX, &value) && study_answer_fits(q, (int32_t)value))
        return answer(s, (int32_t)value);
    a->trouble = TROUBLE_NUMBER;
    return STEP_STAY;
}

static enum step take_options(struct screen *s, const struct study_question *q, int k)
{
    struct ask *a = s->state;
    enum menu_said said = menu_key(&a->menu, k);
    if (said == MENU_MOVED)
        a->trouble = TROUBLE_NONE;
    if (said != MENU_CHOSEN)
        return STEP_STAY;
    if (q->type == STUDY_CHOICE)
        return answer(s, q->option[a->menu.at].code);
    if (a->menu.marked != 0 || a->trouble == TROUBLE_NOTHING)
        return answer(s, (int32_t)a->menu.marked);
    a->trouble = TROUBLE_NOTHING;
    return STEP_STAY;
}

static enum step key(struct screen *s, int k)
{
    struct ask *a = s->state;
    const struct study_question *q = question(s);
    if (k == 'd' && q->unknown)
        return answer(s, ANSWER_DONT_KNOW);
    if (k == 'r' && q->refuse)
        return answer(s, ANSWER_REFUSED);
    if (k == KEYS_ESCAPE)
        return screen_back(s);
    if (has_options(q))
        return take_options(s, q, k);
    if (k == KEYS_ENTER)
        return take_number(s, q);
    if (field_key(&a->number, k))
        a->trouble = TROUBLE_NONE;
    return STEP_STAY;
}

static size_t hints(const struct screen *s, struct hint out[SCREEN_HINTS])
{
    const struct study_question *q = question(s);
    size_t n = 0;
    if (q->type == STUDY_MULTI)
        out[n++] = (struct hint){q->options > 9 ? _("number, Enter") : _("digit"), _("mark")};
    else if (q->type == STUDY_CHOICE)
        out[n++] = (struct hint){q->options > 9 ? _("number, Enter") : _("digit"), _("choose")};
    else
        out[n++] = (struct hint){_("digits, Enter"), _("answer")};
    if (q->unknown)
        out[n++] = (struct hint){"d", _("don't know")};
    if (q->refuse)
        out[n++] = (struct hint){"r", _("no answer")};
    out[n++] = (struct hint){"Esc", _("back")};
    out[n++] =
        (struct hint){"F2", s->kind->respondent ? _("language") : _("respondent's language")};
    out[n++] = (struct hint){"F10", _("stop")};
    if (has_options(q))
        out[n++] = (struct hint){q->type == STUDY_MULTI ? _("↑ ↓ space") : "↑ ↓ Enter",
                                 q->type == STUDY_MULTI ? _("mark") : _("choose")};
    return n;
}

static void leave(struct screen *s)
{
    struct ask *a = s->state;
    field_free(&a->number);
}

#define QUESTION_KIND(in_their_hands)                                                              \
    {                                                                                              \
        .size = sizeof(struct ask), .respondent = (in_their_hands), .stop = true, .trace = true,   \
        .enter = enter, .title = title, .draw = draw, .key = key, .hints = hints, .leave = leave   \
    }

const struct screen_kind screen_question = QUESTION_KIND(false);
const struct screen_kind screen_after = QUESTION_KIND(true);
const struct screen_kind screen_observe = QUESTION_KIND(false);
