/* The card and its number. Both arms get the same page but for the lines themselves: the same rows,
 * the same keys, the same words. The number lives in this screen's state only. */
#include <stdio.h>
#include <time.h>

#include "kiosk/keys.h"
#include "kiosk/page.h"
#include "kiosk/screen.h"
#include "kiosk/text.h"

#define BULLET "   •  "

struct card {
    size_t list;
    time_t since;   /* monotonic seconds when the card came on the screen */
    int value;      /* typed so far, or a missing code once given */
    bool typed;     /* value holds something */
    bool confirm;   /* "is that right?" */
    bool too_large; /* the last number was */
};

static time_t now(void)
{
    struct timespec t = {0};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

static enum err enter(struct screen *s)
{
    struct card *c = s->state;
    c->list = screen_interview(s)->at;
    c->since = now();
    return ERR_OK;
}

static const struct study_list *list_of(const struct screen *s)
{
    const struct card *c = s->state;
    return &screen_study(s)->list[c->list];
}

/* The same in both arms: a count of J + 1 in control is the respondent's slip, not ours to show. */
static int largest(const struct screen *s)
{
    return (int)list_of(s)->items + 1;
}

static int rows_of(const struct screen *s, const struct page *p, size_t arm, size_t *items)
{
    const struct study_list *list = list_of(s);
    int rows = 0;
    *items = study_shown(list, (uint8_t)arm);
    for (size_t i = 0; i < *items; i++)
        rows += page_item_rows(p, BULLET,
                               screen_text(s, &study_shown_item(list, (uint8_t)arm, i)->text));
    return rows;
}

/* Blank rows below the items, so that what follows stands where it would in the longest arm. */
static void pad(const struct screen *s, struct page *p, uint8_t arm)
{
    size_t items, most = 0;
    int rows = 0;
    for (size_t a = 0; a <= list_of(s)->sensitives; a++) {
        int r = rows_of(s, p, a, &items);
        rows = r > rows ? r : rows;
        most = items > most ? items : most;
    }
    for (int r = rows_of(s, p, arm, &items); r < rows; r++)
        page_blank(p);
    for (; items < most; items++)
        page_gap(p);
}

static void draw_items(const struct screen *s, struct page *p)
{
    const struct card *c = s->state;
    const struct interview *iv = screen_interview(s);
    const struct study_list *list = list_of(s);
    uint8_t arm = iv->draw.arm[c->list], place[STUDY_MAX_ITEMS + 1];
    size_t n = interview_card(iv, screen_study(s), c->list, place);
    for (size_t i = 0; i < n; i++) {
        page_item(p, 0, BULLET, screen_text(s, &study_shown_item(list, arm, place[i])->text));
        page_gap(p);
    }
    pad(s, p, arm);
}

static void draw_number(const struct card *c, struct page *p)
{
    char number[16] = "";
    if (c->typed && c->value >= 0)
        snprintf(number, sizeof number, "%d", c->value);
    if (c->confirm && c->value == ANSWER_DONT_KNOW)
        page_text(p, GRID_BOLD, _("You do not know. Is that right?"));
    else if (c->confirm && c->value == ANSWER_REFUSED)
        page_text(p, GRID_BOLD, _("You would rather not say. Is that right?"));
    else if (c->confirm)
        page_say(p, GRID_BOLD, _("Your number is %s. Is that right?"), number);
    else
        page_say(p, GRID_BOLD, _("How many? Only the number: %s"), number), page_cursor(p);
    if (c->confirm)
        page_text(p, 0, _("Yes: press Enter.   Change it: press Esc."));
    else if (c->too_large)
        page_text(p, 0, _("That number is too large. Please count once more."));
    else
        page_text(p, 0, _("Type it with the digit keys."));
}

static void draw(const struct screen *s, struct grid *g, int scroll)
{
    const struct card *c = s->state;
    struct page p;
    page_start(&p, g);
    page_gap(&p);
    page_text(&p, GRID_BOLD, screen_text(s, &list_of(s)->intro));
    page_blank(&p);
    draw_items(s, &p);
    page_blank(&p);
    draw_number(c, &p);
    page_paint(&p, scroll);
}

static void forget(struct card *c)
{
    c->value = 0;
    c->typed = c->confirm = c->too_large = false;
}

static enum step seal(struct screen *s)
{
    struct card *c = s->state;
    unsigned seconds = (unsigned)(now() - c->since);
    screen_try(s);
    enum err e =
        session_count(s->desk->session, c->list, c->value, seconds, screen_interview(s)->language);
    forget(c);
    return e == ERR_OK ? screen_next(s) : screen_fail(s, e);
}

static enum step key_confirm(struct screen *s, int k)
{
    struct card *c = s->state;
    if (k == KEYS_ENTER)
        return seal(s);
    if (k == KEYS_ESCAPE || k == KEYS_BACKSPACE)
        forget(c);
    return STEP_STAY;
}

static void key_digit(struct screen *s, int digit)
{
    struct card *c = s->state;
    int value = (c->typed ? c->value * 10 : 0) + digit;
    if (value > largest(s)) {
        forget(c);
        c->too_large = true;
        return;
    }
    c->value = value;
    c->typed = true;
    c->too_large = false;
    c->confirm = largest(s) <= 9; /* else a second digit may follow: Enter ends the number */
}

static enum step key(struct screen *s, int k)
{
    struct card *c = s->state;
    if (c->confirm)
        return key_confirm(s, k);
    if (k >= '0' && k <= '9') {
        key_digit(s, k - '0');
    } else if (k == 'd' || k == 'r') {
        forget(c);
        c->value = k == 'd' ? ANSWER_DONT_KNOW : ANSWER_REFUSED;
        c->typed = c->confirm = true;
    } else if (k == KEYS_ENTER) {
        c->confirm = c->typed;
    } else if (k == KEYS_ESCAPE || k == KEYS_BACKSPACE) {
        forget(c);
    }
    return STEP_STAY;
}

static size_t hints(const struct screen *s, struct hint out[SCREEN_HINTS])
{
    const struct card *c = s->state;
    if (c->confirm) {
        out[0] = (struct hint){"Enter", _("yes")};
        out[1] = (struct hint){"Esc", _("change")};
        return 2;
    }
    out[0] = (struct hint){"d", _("don't know")};
    out[1] = (struct hint){"r", _("rather not say")};
    out[2] = (struct hint){"F2", _("language")};
    return 3;
}

const struct screen_kind screen_card = {.size = sizeof(struct card),
                                        .respondent = true,
                                        .stop = true,
                                        .trace = true,
                                        .enter = enter,
                                        .title = screen_title_study,
                                        .draw = draw,
                                        .key = key,
                                        .hints = hints};
