#include "admin/study_design.h"

#include <stdlib.h>
#include <string.h>
#include <unilbrk.h>

#include "core/assign.h"
#include "core/study_check.h"
#include "core/study_word.h"

/* Room for text on the smallest screen, 80x24: margins, and lines for the title, the number or
 * answer, the keys and blanks between. */
enum { TEXT_WIDTH = 76, ITEM_WIDTH = 72, TEXT_LINES = 18, FEW_ITEMS = 3 };

static bool can_test_itself(const struct study *s)
{
    for (size_t i = 0; i < s->lists; i++) {
        if (s->list[i].placebo != PLACEBO_NONE)
            return true;
        for (size_t j = 0; j < s->list[i].sensitives; j++)
            if (s->list[i].sensitive[j].has_known)
                return true;
    }
    return s->pairs > 0;
}

static bool has_item(const struct study_list *list, const char *id)
{
    for (size_t i = 0; i < list->items; i++)
        if (strcmp(list->item[i].id, id) == 0)
            return true;
    return false;
}

static void judge_lists(const struct study *s, struct study_reports *r)
{
    if (!can_test_itself(s))
        study_reports_add(
            r, true, study_line_of(s, "lists"),
            "no list tests the method itself: add a placebo item, a list with an item "
            "of known prevalence or a double list");
    for (size_t i = 0; i < s->lists; i++) {
        if (s->list[i].items < FEW_ITEMS)
            study_reports_add(
                r, true, study_check_line(s, "lists.%zu.items", i),
                "the list `%s` has only %zu control items: many counts will show what a "
                "respondent thinks of each; use %d or more",
                s->list[i].id, s->list[i].items, FEW_ITEMS);
        for (size_t j = 0; j < s->list[i].items; j++)
            for (size_t k = 0; k < i; k++)
                if (has_item(&s->list[k], s->list[i].item[j].id))
                    study_reports_add(r, true, study_check_line(s, "lists.%zu.items.%zu.id", i, j),
                                      "the lists `%s` and `%s` share the item `%s`: two counts "
                                      "together show more than one; use another item",
                                      s->list[k].id, s->list[i].id, s->list[i].item[j].id);
    }
}

static void judge_derived(const struct study *s, struct study_reports *r)
{
    for (size_t i = 0; i < s->deriveds; i++) {
        const struct study_derived *v = &s->derived[i];
        const struct study_question *q = &s->question[v->question];
        for (size_t j = 0; j < q->options; j++) {
            size_t k = 0;
            while (k < v->maps && v->map[k].code != q->option[j].code)
                k++;
            if (k == v->maps)
                study_reports_add(r, true, study_check_line(s, "derived.%zu.map", i),
                                  "`%s` has no value for the code %d of `%s`, which so becomes "
                                  "missing; add it unless that is meant",
                                  v->id, (int)q->option[j].code, v->from);
        }
    }
}

/* Lines of ${text} at a width, with breaks where the language allows them. */
static size_t lines_of(const char *text, int width, bool *failed)
{
    size_t len = strlen(text), lines = 1;
    char *breaks = malloc(len + 1);
    if (breaks == NULL) {
        *failed = true;
        return 0;
    }
    u8_width_linebreaks((const uint8_t *)text, len, width, 0, 0, NULL, "UTF-8", breaks);
    for (size_t i = 0; i < len; i++)
        lines += breaks[i] == UC_BREAK_POSSIBLE || breaks[i] == UC_BREAK_MANDATORY ? 1 : 0;
    free(breaks);
    return len > 0 ? lines : 0;
}

static size_t card_lines(const struct study_list *list, size_t language, bool *failed)
{
    size_t lines = lines_of(study_text_in(&list->intro, language), TEXT_WIDTH, failed) + 1;
    size_t longest = 0;
    for (size_t i = 0; i < list->items; i++)
        lines += lines_of(study_text_in(&list->item[i].text, language), ITEM_WIDTH, failed);
    for (size_t i = 0; i < list->sensitives; i++) {
        size_t n = lines_of(study_text_in(&list->sensitive[i].text, language), ITEM_WIDTH, failed);
        longest = n > longest ? n : longest;
    }
    return lines + longest;
}

static size_t question_lines(const struct study_question *q, size_t language, bool *failed)
{
    size_t lines = lines_of(study_text_in(&q->text, language), TEXT_WIDTH, failed) +
                   lines_of(study_text_in(&q->instruction, language), TEXT_WIDTH, failed) + 1;
    for (size_t i = 0; i < q->options; i++)
        lines += lines_of(study_text_in(&q->option[i].text, language), ITEM_WIDTH, failed);
    return lines + (q->refuse ? 1 : 0) + (q->unknown ? 1 : 0);
}

static void judge_texts(const struct study *s, struct study_reports *r)
{
    for (size_t language = 0; language < s->languages; language++) {
        for (size_t i = 0; i < s->lists; i++) {
            size_t lines = card_lines(&s->list[i], language, &r->failed);
            if (lines > TEXT_LINES)
                study_reports_add(
                    r, true, s->list[i].line,
                    "in %s the card of `%s` takes %zu lines and does not fit a screen "
                    "of 80x24, which has %d for it: shorten its texts",
                    s->language[language], s->list[i].id, lines, TEXT_LINES);
        }
        for (size_t i = 0; i < s->questions; i++) {
            size_t lines = question_lines(&s->question[i], language, &r->failed);
            if (lines > TEXT_LINES)
                study_reports_add(
                    r, true, s->question[i].line,
                    "in %s the question `%s` takes %zu lines and does not fit a screen "
                    "of 80x24, which has %d for it: shorten it",
                    s->language[language], s->question[i].id, lines, TEXT_LINES);
        }
    }
}

/* Interviews wanted in a stratum (from 1); false if the list does not say. */
static bool stratum_target(const struct points *p, size_t stratum, int32_t *out)
{
    int32_t sum = 0;
    for (size_t i = 0; i < p->count; i++) {
        int32_t target = 0;
        const char *value = points_value(p, i, "target");
        if (p->stratum_of[i] != stratum)
            continue;
        if (value == NULL || !study_word_whole(value, &target) || target > INT32_MAX - sum)
            return false;
        sum += target;
    }
    *out = sum;
    return true;
}

static double best_guess(const struct study *s)
{
    double most = 0;
    for (size_t i = 0; i < s->lists; i++) {
        double guess = assign_guess(s, i);
        most = guess > most ? guess : most;
    }
    return most;
}

static void judge_blocks(const struct study *s, const struct points *p, struct study_reports *r)
{
    unsigned least = STUDY_MAX_BLOCK, most = 0;
    if (!s->blocks)
        return;
    for (size_t i = 0; i < s->block_sizes; i++) {
        least = s->block[i] < least ? s->block[i] : least;
        most = s->block[i] > most ? s->block[i] : most;
    }
    double guess = best_guess(s);
    if (least == most)
        study_reports_add(
            r, true, study_line_of(s, "assignment.blocks"),
            "all blocks have one size, so the end of each can be foreseen: who knows "
            "the earlier arms guesses the next one with probability %.2f; use several "
            "sizes",
            guess);
    for (size_t k = 1; k <= p->strata; k++) {
        int32_t target;
        if (!stratum_target(p, k, &target) || target >= 2 * (int32_t)most)
            continue;
        study_reports_add(
            r, true, study_line_of(s, "assignment.strata"),
            "the stratum `%s` expects %d interviews, fewer than two blocks of %u: the "
            "arms will not be balanced in it, while who knows the earlier ones guesses "
            "the next with probability %.2f; use coarser strata or method: simple",
            p->stratum[k - 1], (int)target, most, guess);
        return; /* one example says it */
    }
}

void study_design_judge(const struct study *s, const struct points *p, struct study_reports *r)
{
    judge_lists(s, r);
    judge_derived(s, r);
    judge_texts(s, r);
    judge_blocks(s, p, r);
}
