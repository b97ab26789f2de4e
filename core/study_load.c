#include "core/study_load.h"

#include <stdlib.h>
#include <string.h>

#include "core/study_word.h"

enum { MAX_AGE = 120, MAX_ATTEMPTS = 20, MAX_LINK = 18 };

static void read_language(struct study_draft *d, const yaml_node_t *n, void *into)
{
    char **language = into;
    const char *s = study_node_scalar(d, n);
    if (s == NULL)
        return;
    if (!study_word_is_language(s)) {
        study_draft_say(d, study_node_line(d, n),
                        "`%.40s` is not a language tag; write kk, ru, en, ...", s);
        return;
    }
    *language = study_memory_text(d->memory, s, strlen(s));
}

static void read_languages(struct study_draft *d, const yaml_node_t *n, void *into)
{
    struct study *s = into;
    size_t count;
    char **all = study_node_list(d, n, 1, STUDY_MAX_LANGUAGES, sizeof *all, read_language, &count);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i && all[i] != NULL; j++)
            if (all[j] != NULL && strcmp(all[i], all[j]) == 0) {
                study_draft_say(d, d->line, "the language `%s` stands twice; delete one", all[i]);
                all[i] = NULL;
            }
        s->language[i] = all[i];
    }
    s->languages = count;
}

static void read_version(struct study_draft *d, const yaml_node_t *n, void *into)
{
    study_node_whole(d, n, 1, UINT16_MAX, into);
}

static void read_age(struct study_draft *d, const yaml_node_t *n, void *into)
{
    study_node_whole(d, n, 0, MAX_AGE, into);
}

static void read_date(struct study_draft *d, const yaml_node_t *n, void *into)
{
    char **date = into;
    const char *s = study_node_scalar(d, n);
    if (s == NULL)
        return;
    if (study_word_is_date(s))
        *date = study_memory_text(d->memory, s, strlen(s));
    else
        study_draft_say(d, study_node_line(d, n),
                        "`%s` must be a date of the calendar such as 2027-12-31, not `%.40s`",
                        d->key, s);
}

static void read_consent(struct study_draft *d, const yaml_node_t *n, void *into)
{
    static const struct study_key keys[] = {
        {"version", true, offsetof(struct study, consent.version), read_version},
        {"text", true, offsetof(struct study, consent.text), study_node_paragraphs},
        {"min-age", false, offsetof(struct study, consent.min_age), read_age},
        {"retention", false, offsetof(struct study, consent.retention), read_date},
    };
    study_node_map(d, n, "the consent", keys, STUDY_LOAD_ROWS(keys), into);
}

static void read_sample(struct study_draft *d, const yaml_node_t *n, void *into)
{
    static const char *const words[] = {"addresses", "random-route", "quota", NULL};
    int i = study_node_word(d, n, words);
    if (i >= 0)
        *(enum study_sample *)into = (enum study_sample)i;
}

static void read_selection(struct study_draft *d, const yaml_node_t *n, void *into)
{
    static const char *const words[] = {"none", "kish", "next-birthday", NULL};
    int i = study_node_word(d, n, words);
    if (i >= 0)
        *(enum study_selection *)into = (enum study_selection)i;
}

static void read_timezone(struct study_draft *d, const yaml_node_t *n, void *into)
{
    char **zone = into;
    const char *s = study_node_scalar(d, n);
    if (s == NULL)
        return;
    if (study_word_is_timezone(s))
        *zone = study_memory_text(d->memory, s, strlen(s));
    else
        study_draft_say(d, study_node_line(d, n),
                        "`%.40s` is not the name of a time zone; write one such as Asia/Almaty", s);
}

static void read_attempts(struct study_draft *d, const yaml_node_t *n, void *into)
{
    study_node_whole(d, n, 1, MAX_ATTEMPTS, into);
}

static void read_final(struct study_draft *d, const yaml_node_t *n, void *into)
{
    static const char *const words[] = {"last", "highest", NULL};
    *(bool *)into = study_node_word(d, n, words) == 1;
}

static void read_digits(struct study_draft *d, const yaml_node_t *n, void *into)
{
    study_node_whole(d, n, 1, MAX_LINK, into);
}

static void read_link_check(struct study_draft *d, const yaml_node_t *n, void *into)
{
    static const char *const words[] = {"none", "damm", NULL};
    *(bool *)into = study_node_word(d, n, words) == 1;
}

static void read_link(struct study_draft *d, const yaml_node_t *n, void *into)
{
    static const struct study_key keys[] = {
        {"digits", true, offsetof(struct study, link.digits), read_digits},
        {"check", false, offsetof(struct study, link.damm), read_link_check},
    };
    study_node_map(d, n, "the link", keys, STUDY_LOAD_ROWS(keys), into);
}

static void read_card_mode(struct study_draft *d, const yaml_node_t *n, void *into)
{
    static const char *const words[] = {"paper", "screen-respondent", "screen-interviewer", NULL};
    int i = study_node_word(d, n, words);
    if (i >= 0)
        *(enum study_card *)into = (enum study_card)i;
}

static void read_aid(struct study_draft *d, const yaml_node_t *n, void *into)
{
    static const char *const words[] = {"none", "slip", NULL};
    *(bool *)into = study_node_word(d, n, words) == 1;
}

static void read_card(struct study_draft *d, const yaml_node_t *n, void *into)
{
    static const struct study_key keys[] = {
        {"default", true, offsetof(struct study, card), read_card_mode},
        {"aid", false, offsetof(struct study, aid_slip), read_aid},
    };
    study_node_map(d, n, "the card", keys, STUDY_LOAD_ROWS(keys), into);
}

/* In the order of reading: languages before every text, lists before doubles. */
static const struct study_key study_keys[] = {
    {"study", true, offsetof(struct study, id), study_node_id},
    {"wave", true, offsetof(struct study, wave), study_node_id},
    {"languages", true, 0, read_languages},
    {"title", true, offsetof(struct study, title), study_node_text},
    {"consent", true, 0, read_consent},
    {"sample", true, offsetof(struct study, sample), read_sample},
    {"selection", false, offsetof(struct study, selection), read_selection},
    {"timezone", false, offsetof(struct study, timezone), read_timezone},
    {"points", true, offsetof(struct study, points), study_node_words},
    {"quotas", false, 0, study_load_quotas},
    {"attempts", false, offsetof(struct study, attempts), read_attempts},
    {"final", false, offsetof(struct study, final_highest), read_final},
    {"link", false, 0, read_link},
    {"questions", false, 0, study_load_before},
    {"lists", true, 0, study_load_lists},
    {"doubles", false, 0, study_load_doubles},
    {"list-order", false, offsetof(struct study, random_list_order), study_load_order},
    {"warm-up", false, 0, study_load_warm_up},
    {"direct", false, 0, study_load_direct},
    {"after", false, 0, study_load_after},
    {"observations", false, 0, study_load_observations},
    {"debrief", false, offsetof(struct study, debrief), study_node_paragraphs},
    {"card", true, 0, read_card},
    {"assignment", false, 0, study_load_assignment},
    {"complete", true, 0, study_load_complete},
    {"partial", false, 0, study_load_partial},
    {"derived", false, 0, study_load_derived},
    {"weights", false, 0, study_load_weights},
    {"analysis", false, 0, study_load_analysis},
    {"researchers", true, 0, study_load_researchers},
    {"supervisors", false, 0, study_load_supervisors},
    {"sync", false, 0, study_load_sync},
};

static void join_sections(struct study_draft *d)
{
    struct study *s = d->study;
    size_t total = 0;
    for (size_t i = 0; i < STUDY_DRAFT_SECTIONS; i++)
        total += d->section[i].count;
    if (total > STUDY_MAX_QUESTIONS)
        study_draft_say(d, study_line_of(s, "questions"),
                        "the study has %zu questions in all; at most %d are allowed", total,
                        STUDY_MAX_QUESTIONS);
    s->question = study_memory_take(d->memory, total, sizeof *s->question);
    if (s->question == NULL)
        return;
    for (size_t i = 0; i < STUDY_DRAFT_SECTIONS; i++)
        for (size_t j = 0; j < d->section[i].count; j++)
            s->question[s->questions++] = d->section[i].question[j];
}

static int by_key(const void *a, const void *b)
{
    const struct study_line *x = a, *y = b;
    return strcmp(x->key, y->key);
}

void study_load(struct study_draft *d)
{
    struct study *s = d->study;
    s->attempts = 1;
    study_node_map(d, yaml_document_get_root_node(&d->document), "a study", study_keys,
                   STUDY_LOAD_ROWS(study_keys), s);
    if (s->lines > 0)
        qsort(s->line, s->lines, sizeof *s->line, by_key); /* study_line_of searches by halves */
    join_sections(d);
}
