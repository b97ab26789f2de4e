#include <stdio.h>
#include <string.h>

#include "core/study_check.h"

static void check_parts(struct study_draft *d, char **id, size_t count, const char *key)
{
    const struct study *s = d->study;
    for (size_t i = 0; i < count; i++) {
        unsigned line = study_check_line(s, "%s.%zu", key, i);
        if (id[i] == NULL)
            continue;
        if (study_question_index(s, id[i]) < 0 && study_list_index(s, id[i]) < 0 &&
            !d->names_missing)
            study_draft_say(d, line, "`%s` is neither a question nor a list; write the id of one",
                            id[i]);
        for (size_t j = 0; j < i; j++)
            if (study_check_same(id[i], id[j])) {
                study_draft_say(d, line, "`%s` stands twice in `%s`; delete one", id[i], key);
                break;
            }
    }
}

/* Derived columns. */

static void check_derived(struct study_draft *d, size_t i)
{
    struct study *s = d->study;
    struct study_derived *v = &s->derived[i];
    int from = v->from != NULL ? study_question_index(s, v->from) : -1;
    if (v->from == NULL || (from < 0 && d->names_missing))
        return;
    if (from < 0 || s->question[from].type != STUDY_CHOICE) {
        study_draft_say(d, study_check_line(s, "derived.%zu.from", i),
                        "`%s` is no choice question; a derived column is made from one", v->from);
        return;
    }
    v->question = (size_t)from;
    for (size_t j = 0; j < v->maps && s->question[from].options > 0; j++)
        if (v->map[j].code >= 0 && study_option_by_code(&s->question[from], v->map[j].code) == NULL)
            study_draft_say(d, study_check_line(s, "derived.%zu.map.%d", i, (int)v->map[j].code),
                            "no option of `%s` has the code %d; delete it or mend it", v->from,
                            (int)v->map[j].code);
}

/* Weights. */

static bool margin_has(const struct study_margin *m, const char *value)
{
    for (size_t i = 0; i < m->shares; i++)
        if (study_check_same(m->share[i].value, value))
            return true;
    return false;
}

static bool question_has(const struct study_question *q, const char *value)
{
    for (size_t i = 0; i < q->options; i++)
        if (q->option[i].id == NULL || study_check_same(q->option[i].id, value))
            return true;
    return q->options == 0;
}

static bool derived_has(const struct study_derived *v, const char *value)
{
    for (size_t i = 0; i < v->maps; i++)
        if (v->map[i].value == NULL || study_check_same(v->map[i].value, value))
            return true;
    return v->maps == 0;
}

static void check_margin_values(struct study_draft *d, const struct study_margin *m,
                                const struct study_question *q, const struct study_derived *v)
{
    unsigned line = study_check_line(d->study, "weights.rake.%s", m->id);
    bool foreign = false;
    for (size_t i = 0; i < m->shares; i++) {
        const char *value = m->share[i].value;
        if (value == NULL || (q != NULL ? question_has(q, value) : derived_has(v, value)))
            continue;
        foreign = true;
        study_draft_say(d, study_check_line(d->study, "weights.rake.%s.%s", m->id, value),
                        "`%.40s` is no value of `%s`; write one it has", value, m->id);
    }
    if (foreign) /* it stands in another's place: that one is not missed as well */
        return;
    for (size_t i = 0; q != NULL && m->shares > 0 && i < q->options; i++)
        if (q->option[i].id != NULL && !margin_has(m, q->option[i].id))
            study_draft_say(d, line, "the rake over `%s` gives no share to `%s`; add it", m->id,
                            q->option[i].id);
    for (size_t i = 0; q == NULL && m->shares > 0 && i < v->maps; i++)
        if (v->map[i].value != NULL && !margin_has(m, v->map[i].value)) {
            study_draft_say(d, line, "the rake over `%s` gives no share to `%s`; add it", m->id,
                            v->map[i].value);
            break;
        }
}

static void check_margin(struct study_draft *d, const struct study_margin *m)
{
    const struct study *s = d->study;
    int question = study_question_index(s, m->id), derived = study_check_derived(s, m->id);
    if (question < 0 && derived < 0) /* a point column, judged with the point list */
        return;
    if (question >= 0 && s->question[question].type != STUDY_CHOICE)
        study_draft_say(d, study_check_line(s, "weights.rake.%s", m->id),
                        "`%s` is no choice question; rake over choices, derived or point columns",
                        m->id);
    else
        check_margin_values(d, m, question >= 0 ? &s->question[question] : NULL,
                            question >= 0 ? NULL : &s->derived[derived]);
}

/* Analysis and quotas. */

static void check_by(struct study_draft *d, size_t i)
{
    const struct study *s = d->study;
    unsigned line = study_check_line(s, "analysis.by.%zu", i);
    if (s->by[i] == NULL)
        return;
    int question = study_question_index(s, s->by[i]);
    if (question >= 0 && s->question[question].type == STUDY_MULTI)
        study_draft_say(d, line,
                        "`%s` can have several answers at once, so it does not divide respondents "
                        "into groups; delete it",
                        s->by[i]);
    if (study_list_index(s, s->by[i]) >= 0)
        study_draft_say(d, line, "`%s` is a list; group by questions, derived or point columns",
                        s->by[i]);
    for (size_t j = 0; j < i; j++)
        if (study_check_same(s->by[i], s->by[j])) {
            study_draft_say(d, line, "`%s` stands twice in `by`; delete one", s->by[i]);
            break;
        }
}

static bool is_cell(const struct study *s, const char *id)
{
    int question = study_question_index(s, id);
    return study_check_derived(s, id) >= 0 ||
           (question >= 0 && s->question[question].type == STUDY_CHOICE);
}

/* The cells of a quota: names joined by " x ". */
static void check_quota(struct study_draft *d, const char *cells)
{
    const struct study *s = d->study;
    for (const char *p = cells; p != NULL;) {
        char id[STUDY_MAX_ID + 1];
        const char *end = strstr(p, " x ");
        size_t len = end != NULL ? (size_t)(end - p) : strlen(p);
        snprintf(id, sizeof id, "%.*s", (int)(len < sizeof id ? len : sizeof id - 1), p);
        if ((len >= sizeof id || !is_cell(s, id)) && !d->names_missing)
            study_draft_say(d, study_check_line(s, "quotas.%s", cells),
                            "`%s` is neither a choice question nor a derived column; a quota joins "
                            "such names by \" x \"",
                            id);
        p = end != NULL ? end + 3 : NULL;
    }
}

static void check_quotas(struct study_draft *d)
{
    const struct study *s = d->study;
    for (size_t i = 0; i < s->quotas; i++)
        if (s->quota[i].cells != NULL)
            check_quota(d, s->quota[i].cells);
    if (study_line_of(s, "quotas") != 0 && s->sample != SAMPLE_QUOTA)
        study_draft_say(d, study_line_of(s, "quotas"),
                        "quotas are given, but the sample is not quota; delete them or write "
                        "sample: quota");
    if (study_line_of(s, "quotas") == 0 && s->sample == SAMPLE_QUOTA)
        study_draft_say(d, study_line_of(s, "sample"),
                        "a quota sample lacks `quotas`; add them, such as {gender x age-group: 5}");
}

/* Keys. */

static void check_keys(struct study_draft *d)
{
    const struct study *s = d->study;
    for (size_t i = 0; i < s->researchers; i++)
        for (size_t j = 0; j < i; j++)
            if (study_check_same(s->researcher[i], s->researcher[j])) {
                study_draft_say(d, study_check_line(s, "researchers.%zu", i),
                                "the key `%s` stands twice; name the key of another researcher",
                                s->researcher[i]);
                break;
            }
    for (size_t i = 0; i < s->supervisors; i++) {
        unsigned line = study_check_line(s, "supervisors.%zu", i);
        for (size_t j = 0; j < s->researchers; j++)
            if (study_check_same(s->supervisor[i], s->researcher[j])) {
                study_draft_say(d, line,
                                "`%s` is also a researcher's key, which opens the answers; name a "
                                "key made with keygen --supervisor",
                                s->supervisor[i]);
                break;
            }
        for (size_t j = 0; j < i; j++)
            if (study_check_same(s->supervisor[i], s->supervisor[j])) {
                study_draft_say(d, line, "the key `%s` stands twice; delete one", s->supervisor[i]);
                break;
            }
    }
}

void study_check_uses(struct study_draft *d)
{
    const struct study *s = d->study;
    check_parts(d, s->complete, s->completes, "complete");
    check_parts(d, s->partial, s->partials, "partial");
    for (size_t i = 0; i < s->deriveds; i++)
        check_derived(d, i);
    for (size_t i = 0; i < s->weights.rakes; i++)
        if (s->weights.rake[i].id != NULL)
            check_margin(d, &s->weights.rake[i]);
    for (size_t i = 0; i < s->bys; i++)
        check_by(d, i);
    check_quotas(d);
    check_keys(d);
}
