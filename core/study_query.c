#include <string.h>

#include "core/study.h"

unsigned study_line_of(const struct study *s, const char *key)
{
    size_t low = 0, high = s->lines;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(s->line[middle].key, key);
        if (order == 0)
            return s->line[middle].line;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}

int study_question_index(const struct study *s, const char *id)
{
    for (size_t i = 0; i < s->questions; i++)
        if (s->question[i].id != NULL && strcmp(s->question[i].id, id) == 0)
            return (int)i;
    return -1;
}

int study_list_index(const struct study *s, const char *id)
{
    for (size_t i = 0; i < s->lists; i++)
        if (s->list[i].id != NULL && strcmp(s->list[i].id, id) == 0)
            return (int)i;
    return -1;
}

int study_language_index(const struct study *s, const char *language)
{
    for (size_t i = 0; i < s->languages; i++)
        if (s->language[i] != NULL && strcmp(s->language[i], language) == 0)
            return (int)i;
    return -1;
}

const char *study_text_in(const struct study_text *t, size_t language)
{
    return language < STUDY_MAX_LANGUAGES && t->in[language] != NULL ? t->in[language] : "";
}

const struct study_option *study_option_by_code(const struct study_question *q, int32_t code)
{
    for (size_t i = 0; i < q->options; i++)
        if (q->option[i].code == code)
            return &q->option[i];
    return NULL;
}

bool study_answer_fits(const struct study_question *q, int32_t value)
{
    if (value < 0)
        return value >= ANSWER_INVALID;
    if (q->type == STUDY_CHOICE)
        return study_option_by_code(q, value) != NULL;
    return value >= q->min && value <= q->max;
}

static bool condition_holds(const struct study *s, const struct study_condition *c,
                            const int32_t *answer,
                            const char *(*column)(void *ctx, const char *name), void *ctx)
{
    if (c->question < 0) {
        const char *value = column(ctx, c->id);
        return value != NULL && c->equals != NULL && strcmp(value, c->equals) == 0;
    }
    int32_t v = answer[c->question];
    if (v < 0) /* a missing answer meets no condition */
        return false;
    if (c->equals == NULL)
        return (!c->has_min || v >= c->min) && (!c->has_max || v <= c->max);
    if (s->question[c->question].type == STUDY_MULTI)
        return ((uint32_t)v >> (c->code - 1) & 1) != 0;
    return v == c->code;
}

bool study_when_holds(const struct study *s, const struct study_when *w, const int32_t *answer,
                      const char *(*column)(void *ctx, const char *name), void *ctx)
{
    for (size_t i = 0; i < w->count; i++)
        if (!condition_holds(s, &w->condition[i], answer, column, ctx))
            return false;
    return true;
}

size_t study_shown(const struct study_list *list, uint8_t arm)
{
    return list->items + (arm > 0 ? 1 : 0);
}

const struct study_item *study_shown_item(const struct study_list *list, uint8_t arm, size_t i)
{
    return i < list->items ? &list->item[i] : &list->sensitive[arm - 1];
}
