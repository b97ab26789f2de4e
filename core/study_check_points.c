#include <stdio.h>
#include <string.h>

#include "core/points.h"
#include "core/study_check.h"
#include "core/study_word.h"

struct check {
    const struct study *s;
    const struct points *p;
    struct study_reports reports;
};

static void say(struct check *c, unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void say(struct check *c, unsigned line, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    study_reports_vadd(&c->reports, false, line, fmt, ap);
    va_end(ap);
}

static bool has_column(const struct check *c, const char *name)
{
    for (size_t i = 0; i < c->p->columns; i++)
        if (strcmp(c->p->column[i], name) == 0)
            return true;
    return false;
}

static bool column_has(const struct check *c, const char *name, const char *value)
{
    for (size_t i = 0; i < c->p->count; i++)
        if (study_check_same(points_value(c->p, i, name), value))
            return true;
    return false;
}

/* True if ${name} is a column; said if not. */
static bool need_column(struct check *c, unsigned line, const char *name, const char *or_else)
{
    if (has_column(c, name))
        return true;
    say(c, line, "`%s` is %sno column of `%s`; mend the name or add the column", name, or_else,
        c->s->points);
    return false;
}

static void check_names(struct check *c)
{
    const struct study *s = c->s;
    char path[32];
    for (size_t i = 0; i < s->questions; i++)
        if (has_column(c, s->question[i].id)) {
            study_check_question_path(s, i, path);
            say(c, study_check_line(s, "%s.id", path),
                "the question `%s` is called like a column of `%s`; rename one", s->question[i].id,
                s->points);
        }
    for (size_t i = 0; i < s->lists; i++)
        if (has_column(c, s->list[i].id))
            say(c, study_check_line(s, "lists.%zu.id", i),
                "the list `%s` is called like a column of `%s`; rename one", s->list[i].id,
                s->points);
    for (size_t i = 0; i < s->deriveds; i++)
        if (has_column(c, s->derived[i].id))
            say(c, study_check_line(s, "derived.%zu.id", i),
                "the derived column `%s` is called like a column of `%s`; rename one",
                s->derived[i].id, s->points);
}

static void check_when(struct check *c, const struct study_when *w, const char *path)
{
    for (size_t i = 0; i < w->count; i++) {
        const struct study_condition *k = &w->condition[i];
        unsigned line = study_check_line(c->s, "%s.when.%s", path, k->id);
        if (k->question >= 0 || !need_column(c, line, k->id, "no earlier question and "))
            continue;
        if (!column_has(c, k->id, k->equals))
            say(c, line, "no point of `%s` has `%s` as its `%s`; mend the value", c->s->points,
                k->equals, k->id);
    }
}

static void check_conditions(struct check *c)
{
    char path[32];
    for (size_t i = 0; i < c->s->questions; i++) {
        study_check_question_path(c->s, i, path);
        check_when(c, &c->s->question[i].when, path);
    }
    for (size_t i = 0; i < c->s->lists; i++) {
        snprintf(path, sizeof path, "lists.%zu", i);
        check_when(c, &c->s->list[i].when, path);
    }
}

static void check_strata(struct check *c)
{
    unsigned line = study_line_of(c->s, "assignment.strata");
    for (size_t i = 0; i < c->s->stratas; i++)
        need_column(c, study_check_line(c->s, "assignment.strata.%zu", i), c->s->strata[i], "");
    if (c->p->strata > STUDY_MAX_STRATA)
        say(c, line, "the point list has %zu strata; at most %d are allowed: use coarser columns",
            c->p->strata, STUDY_MAX_STRATA);
    else if ((c->p->strata + 1) * c->s->lists > STUDY_MAX_CHAINS) /* and "unknown" */
        say(c, line, "%zu strata times %zu lists are more than the %d allowed; use coarser columns",
            c->p->strata + 1, c->s->lists, STUDY_MAX_CHAINS);
}

static void check_base(struct check *c)
{
    const char *base = c->s->weights.base;
    unsigned line = study_line_of(c->s, "weights.base");
    if (base == NULL || !need_column(c, line, base, ""))
        return;
    for (size_t i = 0; i < c->p->count; i++) {
        double weight = 0;
        const char *value = points_value(c->p, i, base);
        if (study_word_decimal(value, &weight) && weight > 0)
            continue;
        say(c, line, "the point `%s` has `%s` as its `%s`; a weight is a number above 0: mend `%s`",
            points_value(c->p, i, "id"), value, base, c->s->points);
        return;
    }
}

static bool from_interview(const struct study *s, const char *name)
{
    return study_question_index(s, name) >= 0 || study_check_derived(s, name) >= 0;
}

static void check_margin(struct check *c, const struct study_margin *m)
{
    unsigned line = study_check_line(c->s, "weights.rake.%s", m->id);
    if (from_interview(c->s, m->id) ||
        !need_column(c, line, m->id, "no question, no derived column and "))
        return;
    bool foreign = false;
    for (size_t i = 0; i < m->shares; i++) {
        if (column_has(c, m->id, m->share[i].value))
            continue;
        foreign = true;
        say(c, study_check_line(c->s, "weights.rake.%s.%s", m->id, m->share[i].value),
            "no point of `%s` has `%s` as its `%s`; mend the value", c->s->points,
            m->share[i].value, m->id);
    }
    for (size_t i = 0; i < c->p->count && !foreign; i++) {
        const char *value = points_value(c->p, i, m->id);
        size_t j = 0;
        while (j < m->shares && strcmp(m->share[j].value, value) != 0)
            j++;
        if (j < m->shares)
            continue;
        say(c, line, "the rake over `%s` gives no share to `%s`, which `%s` has; add it", m->id,
            value, c->s->points);
        return;
    }
}

static void check_uses(struct check *c)
{
    const struct study *s = c->s;
    check_base(c);
    for (size_t i = 0; i < s->weights.rakes; i++)
        check_margin(c, &s->weights.rake[i]);
    for (size_t i = 0; i < s->weights.nonresponses; i++)
        if (strcmp(s->weights.nonresponse[i], "point") != 0)
            need_column(c, study_line_of(s, "weights.nonresponse"), s->weights.nonresponse[i],
                        "not `point` and ");
    for (size_t i = 0; i < s->bys; i++)
        if (!from_interview(s, s->by[i]) && study_list_index(s, s->by[i]) < 0)
            need_column(c, study_check_line(s, "analysis.by.%zu", i), s->by[i],
                        "no question, no derived column and ");
    if (s->sample == SAMPLE_ADDRESSES)
        need_column(c, study_line_of(s, "sample"), "addresses", "needed for this sample and ");
}

enum err study_check_points(const struct study *s, const struct points *p, study_report *report,
                            void *ctx)
{
    struct check c = {.s = s, .p = p};
    check_names(&c);
    check_conditions(&c);
    check_strata(&c);
    check_uses(&c);
    return study_reports_send(&c.reports, ERR_STUDY, report, ctx);
}
