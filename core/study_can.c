#include <string.h>

#include "core/study_check.h"

static void say(struct study_reports *r, unsigned line, const char *what, const char *instead)
{
    study_reports_add(r, false, line, "this version of the kiosk cannot do %s yet; %s", what,
                      instead);
}

static void judge_sample(struct study_reports *r, const struct study *s)
{
    if (s->sample == SAMPLE_ADDRESSES)
        say(r, study_line_of(s, "sample"), "`sample: addresses`", "use random-route");
    if (s->sample == SAMPLE_QUOTA)
        say(r, study_line_of(s, "sample"), "`sample: quota`", "use random-route");
    if (s->selection == SELECTION_KISH)
        say(r, study_line_of(s, "selection"), "`selection: kish`", "use none");
    if (s->selection == SELECTION_NEXT_BIRTHDAY)
        say(r, study_line_of(s, "selection"), "`selection: next-birthday`", "use none");
    if (s->quotas > 0)
        say(r, study_line_of(s, "quotas"), "`quotas`", "take them out");
    if (s->attempts > 1)
        say(r, study_line_of(s, "attempts"), "more than one of `attempts`", "use 1");
    if (s->link.digits > 0)
        say(r, study_line_of(s, "link"), "`link`", "take it out");
}

static void judge_interview(struct study_reports *r, const struct study *s)
{
    char path[32];
    for (size_t i = 0; i < s->questions; i++) {
        const struct study_question *q = &s->question[i];
        study_check_question_path(s, i, path);
        if (q->section == STUDY_DIRECT)
            say(r, q->line, "`direct` questions", "take them out");
        if (q->show_card != NULL)
            say(r, study_check_line(s, "%s.show-card", path), "`show-card`",
                "put it into the instruction");
    }
    for (size_t i = 0; i < s->lists; i++)
        if (s->list[i].placebo != PLACEBO_NONE)
            say(r, study_check_line(s, "lists.%zu.placebo", i), "`placebo` items", "take them out");
    if (s->warm_up.items > 0)
        say(r, study_line_of(s, "warm-up"), "`warm-up`", "take it out");
    if (s->card == CARD_PAPER)
        say(r, study_line_of(s, "card.default"), "`card: paper`", "use screen-respondent");
    if (s->card == CARD_SCREEN_INTERVIEWER)
        say(r, study_line_of(s, "card.default"), "`card: screen-interviewer`",
            "use screen-respondent");
    if (s->aid_slip)
        say(r, study_line_of(s, "card.aid"), "`aid: slip`", "take it out");
}

enum err study_kiosk_can(const struct study *s, study_report *report, void *ctx)
{
    struct study_reports r = {0};
    judge_sample(&r, s);
    judge_interview(&r, s);
    for (size_t i = 0; i < s->targets; i++)
        if (strncmp(s->target[i], "dir:", 4) != 0)
            say(&r, study_check_line(s, "sync.targets.%zu", i), "sync to anything but `dir:`",
                "name a folder");
    return study_reports_send(&r, ERR_UNSUPPORTED, report, ctx);
}
