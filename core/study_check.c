#include "core/study_check.h"

#include <stdio.h>
#include <string.h>

#include "core/study_word.h"

unsigned study_check_line(const struct study *s, const char *fmt, ...)
{
    char path[600];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(path, sizeof path, fmt, ap);
    va_end(ap);
    return study_line_of(s, path);
}

void study_check_question_path(const struct study *s, size_t i, char out[32])
{
    static const char *const key[] = {"questions", "direct", "after", "observations"};
    size_t first = i;
    while (first > 0 && s->question[first - 1].section == s->question[i].section)
        first--;
    snprintf(out, 32, "%s.%u", key[s->question[i].section], (unsigned)(i - first));
}

bool study_check_same(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

int study_check_derived(const struct study *s, const char *id)
{
    for (size_t i = 0; i < s->deriveds; i++)
        if (study_check_same(s->derived[i].id, id))
            return (int)i;
    return -1;
}

/* Questions, lists and derived columns share one name space: `when`, `complete`, tables and exports
 * tell them apart by name alone. */
struct name {
    const char *id;
    unsigned line;
};

static size_t gather_names(const struct study *s, struct name *out)
{
    size_t n = 0;
    char path[32];
    for (size_t i = 0; i < s->questions; i++) {
        study_check_question_path(s, i, path);
        out[n++] = (struct name){s->question[i].id, study_check_line(s, "%s.id", path)};
    }
    for (size_t i = 0; i < s->lists; i++)
        out[n++] = (struct name){s->list[i].id, study_check_line(s, "lists.%zu.id", i)};
    for (size_t i = 0; i < s->deriveds; i++)
        out[n++] = (struct name){s->derived[i].id, study_check_line(s, "derived.%zu.id", i)};
    return n;
}

static void check_names(struct study_draft *d)
{
    const struct study *s = d->study;
    struct name *name =
        study_memory_take(d->memory, s->questions + s->lists + s->deriveds, sizeof *name);
    if (name == NULL)
        return;
    size_t n = gather_names(s, name);
    for (size_t i = 0; i < n; i++) {
        d->names_missing = d->names_missing || name[i].id == NULL;
        for (size_t j = 0; j < i; j++)
            if (study_check_same(name[i].id, name[j].id)) {
                const struct name *first = name[i].line < name[j].line ? &name[i] : &name[j];
                const struct name *second = first == &name[i] ? &name[j] : &name[i];
                study_draft_say(d, second->line,
                                "the id `%s` stands twice (first on line %u); questions, lists and "
                                "derived columns each need their own",
                                first->id, first->line);
                break;
            }
    }
}

/* Conditions. */

static void settle_equals(struct study_draft *d, struct study_condition *c, unsigned line)
{
    const struct study_question *q = &d->study->question[c->question];
    if (q->type == STUDY_INTEGER || q->type == STUDY_SCALE) {
        if (q->min < 0 || q->max < q->min) /* said */
            return;
        if (!study_word_whole(c->equals, &c->code) || !study_answer_fits(q, c->code) || c->code < 0)
            study_draft_say(d, line,
                            "`%.40s` cannot be an answer to `%s`; write a number from %d to %d",
                            c->equals, c->id, (int)q->min, (int)q->max);
        return;
    }
    for (size_t i = 0; i < q->options; i++) {
        if (q->option[i].id == NULL) /* said */
            return;
        if (strcmp(q->option[i].id, c->equals) == 0) {
            c->code = q->option[i].code;
            return;
        }
    }
    if (q->options > 0)
        study_draft_say(d, line, "`%.40s` is no option of `%s`; write the id of one", c->equals,
                        c->id);
}

static void check_condition(struct study_draft *d, struct study_condition *c, size_t before,
                            unsigned line)
{
    const struct study *s = d->study;
    bool range = c->has_min || c->has_max;
    c->question = study_question_index(s, c->id);
    if (c->question < 0 && study_list_index(s, c->id) >= 0) {
        study_draft_say(d, line, "`%s` is a list; a condition names a question or a point column",
                        c->id);
        return;
    }
    if (c->question < 0 && !study_word_is_name(c->id)) {
        study_draft_say(d, line, "`%.40s` can be neither a question nor a point column; mend it",
                        c->id);
        return;
    }
    if (c->question >= 0 && (size_t)c->question >= before) {
        study_draft_say(d, line, "`%s` is not asked before this; a condition can only name what is",
                        c->id);
        return;
    }
    bool number = c->question >= 0 && (s->question[c->question].type == STUDY_INTEGER ||
                                       s->question[c->question].type == STUDY_SCALE);
    if (range && !number && !(c->question < 0 && d->names_missing))
        study_draft_say(d, line,
                        "`%s` is no integer or scale question, so it has no range; name one answer",
                        c->id);
    else if (c->equals != NULL && c->question >= 0)
        settle_equals(d, c, line);
}

/* ${before}: conditions may name the questions with a lower index. */
static void check_when(struct study_draft *d, struct study_when *w, size_t before, const char *path)
{
    for (size_t i = 0; i < w->count; i++)
        if (w->condition[i].id != NULL)
            check_condition(d, &w->condition[i], before,
                            study_check_line(d->study, "%s.when.%s", path, w->condition[i].id));
}

void study_check_conditions(struct study_draft *d)
{
    struct study *s = d->study;
    size_t before_lists = 0;
    char path[32];
    for (size_t i = 0; i < s->questions; i++) {
        study_check_question_path(s, i, path);
        check_when(d, &s->question[i].when, i, path);
        before_lists += s->question[i].section == STUDY_BEFORE ? 1 : 0;
    }
    for (size_t i = 0; i < s->lists; i++) {
        snprintf(path, sizeof path, "lists.%zu", i);
        check_when(d, &s->list[i].when, before_lists, path);
    }
}

void study_check(struct study_draft *d)
{
    check_names(d);
    study_check_conditions(d);
    study_check_lists(d);
    study_check_uses(d);
}
