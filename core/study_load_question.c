#include <string.h>

#include "core/study_load.h"

enum { MAX_CONDITIONS = 16, MAX_SCALE = 100, NO_CODE = -1 };
#define NO_TYPE ((enum study_type)(STUDY_SCALE + 1)) /* until it is read */

/* Conditions. */

static void read_least(struct study_draft *d, const yaml_node_t *n, void *into)
{
    struct study_condition *c = into;
    c->has_min = study_node_whole(d, n, 0, INT32_MAX, &c->min);
}

static void read_most(struct study_draft *d, const yaml_node_t *n, void *into)
{
    struct study_condition *c = into;
    c->has_max = study_node_whole(d, n, 0, INT32_MAX, &c->max);
}

static void read_condition(struct study_draft *d, char *key, const yaml_node_t *n, void *into)
{
    static const struct study_key keys[] = {{"min", false, 0, read_least},
                                            {"max", false, 0, read_most}};
    struct study_condition *c = into;
    c->id = key;
    c->question = -1;
    if (n->type == YAML_SCALAR_NODE) {
        study_node_words(d, n, &c->equals);
        return;
    }
    uint64_t seen = study_node_map(d, n, "a range", keys, STUDY_LOAD_ROWS(keys), c);
    if (seen == STUDY_NODE_MAP)
        study_draft_say(d, d->line, "the range for `%s` is empty; give it min, max or both", key);
    if (c->has_min && c->has_max && c->min > c->max)
        study_draft_say(d, d->line, "in the range for `%s` min is above max; exchange them", key);
}

void study_load_when(struct study_draft *d, const yaml_node_t *n, void *into)
{
    struct study_when *w = into;
    w->condition =
        study_node_pairs(d, n, 1, MAX_CONDITIONS, sizeof *w->condition, read_condition, &w->count);
}

/* Questions. */

static void read_number(struct study_draft *d, const yaml_node_t *n, void *into)
{
    int32_t v = 0;
    if (!study_node_whole(d, n, INT32_MIN, INT32_MAX, &v))
        return;
    if (v < 0)
        study_draft_say(d, study_node_line(d, n),
                        "`%s` is below 0; missing answers have those codes: use 0 or more", d->key);
    else
        *(int32_t *)into = v;
}

static void read_end(struct study_draft *d, const yaml_node_t *n, void *into)
{
    study_node_whole(d, n, 0, MAX_SCALE, into);
}

static void read_option(struct study_draft *d, const yaml_node_t *n, void *into)
{
    static const struct study_key keys[] = {
        {"id", true, offsetof(struct study_option, id), study_node_id},
        {"code", false, offsetof(struct study_option, code), read_number},
        {"text", true, offsetof(struct study_option, text), study_node_text},
    };
    struct study_option *o = into;
    o->code = NO_CODE;
    study_node_map(d, n, "an option", keys, STUDY_LOAD_ROWS(keys), o);
}

static void read_options(struct study_draft *d, const yaml_node_t *n, void *into)
{
    struct study_question *q = into;
    q->option =
        study_node_list(d, n, 2, STUDY_MAX_OPTIONS, sizeof *q->option, read_option, &q->options);
    for (size_t i = 0; i < q->options; i++)
        for (size_t j = 0; j < i && q->option[i].id != NULL; j++)
            if (q->option[j].id != NULL && strcmp(q->option[j].id, q->option[i].id) == 0)
                study_draft_say(d, study_draft_line(d, "%zu.id", i),
                                "the option `%s` stands twice in one question; rename one",
                                q->option[i].id);
}

static const char *const type_words[] = {"choice", "multi", "integer", "scale", NULL};

static void read_type(struct study_draft *d, const yaml_node_t *n, void *into)
{
    int i = study_node_word(d, n, type_words);
    if (i >= 0)
        *(enum study_type *)into = (enum study_type)i;
}

static const struct study_key question_keys[] = {
    {"id", true, offsetof(struct study_question, id), study_node_id},
    {"type", true, offsetof(struct study_question, type), read_type},
    {"text", true, offsetof(struct study_question, text), study_node_text},
    {"instruction", false, offsetof(struct study_question, instruction), study_node_text},
    {"show-card", false, offsetof(struct study_question, show_card), study_node_name},
    {"options", false, 0, read_options},
    {"min", false, offsetof(struct study_question, min), read_number},
    {"max", false, offsetof(struct study_question, max), read_number},
    {"from", false, offsetof(struct study_question, min), read_end},
    {"to", false, offsetof(struct study_question, max), read_end},
    {"low", false, offsetof(struct study_question, low), study_node_text},
    {"high", false, offsetof(struct study_question, high), study_node_text},
    {"refuse", false, offsetof(struct study_question, refuse), study_node_flag},
    {"unknown", false, offsetof(struct study_question, unknown), study_node_flag},
    {"when", false, offsetof(struct study_question, when), study_load_when},
};

/* Keys that belong to some types only. */
static const struct {
    const char *name;
    bool of[STUDY_SCALE + 1];
} type_keys[] = {
    {"options", {[STUDY_CHOICE] = true, [STUDY_MULTI] = true}},
    {"min", {[STUDY_INTEGER] = true}},
    {"max", {[STUDY_INTEGER] = true}},
    {"from", {[STUDY_SCALE] = true}},
    {"to", {[STUDY_SCALE] = true}},
    {"low", {[STUDY_SCALE] = true}},
    {"high", {[STUDY_SCALE] = true}},
};

static void check_type_keys(struct study_draft *d, const struct study_question *q, uint64_t seen)
{
    for (size_t i = 0; i < STUDY_LOAD_ROWS(type_keys); i++) {
        const char *name = type_keys[i].name;
        bool has = study_node_seen(seen, question_keys, STUDY_LOAD_ROWS(question_keys), name);
        if (type_keys[i].of[q->type] && !has)
            study_draft_say(d, d->line, "a question of type %s lacks `%s`; add it",
                            type_words[q->type], name);
        if (type_keys[i].of[q->type] || !has)
            continue;
        study_draft_say(d, study_draft_line(d, "%s", name),
                        "`%s` does not belong to a question of type %s; delete it or change the "
                        "type",
                        name, type_words[q->type]);
    }
}

static void settle_codes(struct study_draft *d, struct study_question *q)
{
    for (size_t i = 0; i < q->options; i++) {
        struct study_option *o = &q->option[i];
        if (q->type == STUDY_MULTI && o->code != NO_CODE)
            study_draft_say(d, study_draft_line(d, "options.%zu.code", i),
                            "option `%s` of a multi question has a code; delete it: the place of "
                            "the option counts",
                            o->id != NULL ? o->id : "?");
        if (q->type == STUDY_MULTI || o->code == NO_CODE)
            o->code = (int32_t)i + 1;
        for (size_t j = 0; j < i; j++)
            if (q->option[j].code == o->code)
                study_draft_say(d, study_draft_line(d, "options.%zu", i),
                                "options %zu and %zu have the same code %d; give each its own "
                                "(without `code` it is the place)",
                                j + 1, i + 1, (int)o->code);
    }
}

/* The ends of ranges are -1 until they are read. */
static void settle_range(struct study_draft *d, struct study_question *q)
{
    bool both = q->min >= 0 && q->max >= 0;
    if (q->type == STUDY_INTEGER && both && q->min > q->max)
        study_draft_say(d, study_draft_line(d, "min"), "min is above max; exchange them");
    if (q->type == STUDY_SCALE && both && q->min >= q->max)
        study_draft_say(d, study_draft_line(d, "from"), "`from` must be below `to`; change one");
    if (q->type == STUDY_CHOICE || q->type == STUDY_MULTI)
        q->min = q->max = 0;
    if (q->type == STUDY_MULTI && q->options > STUDY_MAX_MULTI)
        study_draft_say(d, study_draft_line(d, "options"),
                        "a multi question has %zu options; at most %d are allowed", q->options,
                        STUDY_MAX_MULTI);
    else if (q->type == STUDY_MULTI)
        q->max = (int32_t)((UINT32_C(1) << q->options) - 1);
}

static void read_question(struct study_draft *d, const yaml_node_t *n, void *into)
{
    struct study_question *q = into;
    q->line = d->line;
    q->type = NO_TYPE;
    q->min = q->max = -1;
    uint64_t seen =
        study_node_map(d, n, "a question", question_keys, STUDY_LOAD_ROWS(question_keys), q);
    if (q->type == NO_TYPE) {
        q->type = STUDY_CHOICE;
        settle_codes(d, q);
        return;
    }
    check_type_keys(d, q, seen);
    settle_codes(d, q);
    settle_range(d, q);
}

static void read_section(struct study_draft *d, const yaml_node_t *n, enum study_section section,
                         study_node_read *read)
{
    size_t count;
    struct study_question *q =
        study_node_list(d, n, 0, STUDY_MAX_QUESTIONS, sizeof *q, read, &count);
    for (size_t i = 0; i < count; i++)
        q[i].section = section;
    d->section[section].question = q;
    d->section[section].count = count;
    d->names_missing = d->names_missing || q == NULL;
}

void study_load_before(struct study_draft *d, const yaml_node_t *n, void *into)
{
    (void)into;
    read_section(d, n, STUDY_BEFORE, read_question);
}

void study_load_after(struct study_draft *d, const yaml_node_t *n, void *into)
{
    (void)into;
    read_section(d, n, STUDY_AFTER, read_question);
}

void study_load_observations(struct study_draft *d, const yaml_node_t *n, void *into)
{
    (void)into;
    read_section(d, n, STUDY_OBSERVATION, read_question);
}

/* Direct questions: choices; yes and no unless they have options of their own. */

static void read_to(struct study_draft *d, const yaml_node_t *n, void *into)
{
    static const char *const words[] = {"everyone", "random-half", NULL};
    int i = study_node_word(d, n, words);
    if (i >= 0)
        *(enum study_direct_to *)into = (enum study_direct_to)i;
}

static void read_direct_order(struct study_draft *d, const yaml_node_t *n, void *into)
{
    static const char *const words[] = {"after", "before", "random", NULL};
    int i = study_node_word(d, n, words);
    if (i >= 0)
        *(enum study_direct_order *)into = (enum study_direct_order)i;
}

static void give_yes_no(struct study_draft *d, struct study_question *q)
{
    q->option = study_memory_take(d->memory, 2, sizeof *q->option);
    if (q->option == NULL)
        return;
    q->options = 2;
    q->option[0] = (struct study_option){.id = study_memory_text(d->memory, "yes", 3), .code = 1};
    q->option[1] = (struct study_option){.id = study_memory_text(d->memory, "no", 2), .code = 0};
}

static void read_direct(struct study_draft *d, const yaml_node_t *n, void *into)
{
    static const struct study_key keys[] = {
        {"id", true, offsetof(struct study_question, id), study_node_id},
        {"item", true, offsetof(struct study_question, direct.item), study_node_id},
        {"text", true, offsetof(struct study_question, text), study_node_text},
        {"instruction", false, offsetof(struct study_question, instruction), study_node_text},
        {"show-card", false, offsetof(struct study_question, show_card), study_node_name},
        {"options", false, 0, read_options},
        {"refuse", false, offsetof(struct study_question, refuse), study_node_flag},
        {"unknown", false, offsetof(struct study_question, unknown), study_node_flag},
        {"when", false, offsetof(struct study_question, when), study_load_when},
        {"to", false, offsetof(struct study_question, direct.to), read_to},
        {"order", false, offsetof(struct study_question, direct.order), read_direct_order},
    };
    struct study_question *q = into;
    q->line = d->line;
    q->type = STUDY_CHOICE;
    uint64_t seen = study_node_map(d, n, "a direct question", keys, STUDY_LOAD_ROWS(keys), q);
    if (study_node_seen(seen, keys, STUDY_LOAD_ROWS(keys), "options"))
        settle_codes(d, q);
    else
        give_yes_no(d, q);
}

void study_load_direct(struct study_draft *d, const yaml_node_t *n, void *into)
{
    (void)into;
    read_section(d, n, STUDY_DIRECT, read_direct);
}
