#include <string.h>

#include "core/study_load.h"
#include "core/study_word.h"

enum {
    MAX_NAMES = 64,
    MAX_DERIVED = 64,
    MAX_MARGINS = 16,
    MAX_QUOTAS = 64,
    MAX_QUOTA = 10000,
    MAX_TARGETS = 16,
    MAX_WEIGHT = 1000
};

/* Lists of names. */

void study_load_complete(struct study_draft *d, const yaml_node_t *n, void *into)
{
    struct study *s = into;
    s->complete =
        study_node_list(d, n, 1, MAX_NAMES, sizeof *s->complete, study_node_id, &s->completes);
}

void study_load_partial(struct study_draft *d, const yaml_node_t *n, void *into)
{
    struct study *s = into;
    s->partial =
        study_node_list(d, n, 1, MAX_NAMES, sizeof *s->partial, study_node_id, &s->partials);
}

static void read_by(struct study_draft *d, const yaml_node_t *n, void *into)
{
    struct study *s = into;
    s->by = study_node_list(d, n, 1, MAX_NAMES, sizeof *s->by, study_node_name, &s->bys);
}

void study_load_analysis(struct study_draft *d, const yaml_node_t *n, void *into)
{
    static const struct study_key keys[] = {{"by", true, 0, read_by}};
    study_node_map(d, n, "the analysis", keys, STUDY_LOAD_ROWS(keys), into);
}

/* Derived columns. */

static void read_recode(struct study_draft *d, char *key, const yaml_node_t *n, void *into)
{
    struct study_recode *r = into;
    if (!study_word_whole(key, &r->code) || r->code < 0) {
        r->code = -1;
        study_draft_say(d, d->line,
                        "`%.40s` is not a code; a map turns codes of options into values", key);
    }
    study_node_name(d, n, &r->value);
}

static void read_map(struct study_draft *d, const yaml_node_t *n, void *into)
{
    struct study_derived *v = into;
    v->map = study_node_pairs(d, n, 1, STUDY_MAX_OPTIONS, sizeof *v->map, read_recode, &v->maps);
}

static void read_derived(struct study_draft *d, const yaml_node_t *n, void *into)
{
    static const struct study_key keys[] = {
        {"id", true, offsetof(struct study_derived, id), study_node_id},
        {"from", true, offsetof(struct study_derived, from), study_node_id},
        {"map", true, 0, read_map},
    };
    const struct study_derived *v = into;
    study_node_map(d, n, "a derived column", keys, STUDY_LOAD_ROWS(keys), into);
    d->names_missing = d->names_missing || v->id == NULL;
}

void study_load_derived(struct study_draft *d, const yaml_node_t *n, void *into)
{
    struct study *s = into;
    s->derived =
        study_node_list(d, n, 0, MAX_DERIVED, sizeof *s->derived, read_derived, &s->deriveds);
    d->names_missing = d->names_missing || s->derived == NULL;
}

/* Weights. */

static void read_base(struct study_draft *d, const yaml_node_t *n, void *into)
{
    static const char prefix[] = "points.";
    char **column = into;
    const char *s = study_node_scalar(d, n);
    if (s == NULL)
        return;
    if (strncmp(s, prefix, strlen(prefix)) == 0 && study_word_is_name(s + strlen(prefix)))
        *column = study_memory_text(d->memory, s + strlen(prefix), strlen(s + strlen(prefix)));
    else
        study_draft_say(d, study_node_line(d, n),
                        "`base` must name a column of the point list as points.weight, not `%.40s`",
                        s);
}

static void read_weight_selection(struct study_draft *d, const yaml_node_t *n, void *into)
{
    static const char *const words[] = {"none", "eligible-adults", NULL};
    *(bool *)into = study_node_word(d, n, words) == 1;
}

static void read_bound(struct study_draft *d, const yaml_node_t *n, void *into)
{
    study_node_decimal(d, n, 1, MAX_WEIGHT, into);
}

static void read_tolerance(struct study_draft *d, const yaml_node_t *n, void *into)
{
    double v = 0;
    if (!study_node_decimal(d, n, 0, 1, &v))
        return;
    if (v > 0)
        *(double *)into = v;
    else
        study_draft_say(d, study_node_line(d, n),
                        "`tolerance` must be above 0, or raking would never end; write 0.000001");
}

static void read_nonresponse(struct study_draft *d, const yaml_node_t *n, void *into)
{
    struct study *s = into;
    if (n->type != YAML_SCALAR_NODE) {
        s->weights.nonresponse = study_node_list(d, n, 1, MAX_NAMES, sizeof *s->weights.nonresponse,
                                                 study_node_name, &s->weights.nonresponses);
        return;
    }
    s->weights.nonresponse = study_memory_take(d->memory, 1, sizeof *s->weights.nonresponse);
    if (s->weights.nonresponse == NULL)
        return;
    study_node_name(d, n, &s->weights.nonresponse[0]);
    s->weights.nonresponses = 1;
}

static void read_margin_share(struct study_draft *d, char *key, const yaml_node_t *n, void *into)
{
    struct study_share *share = into;
    share->value = key;
    if (!study_node_decimal(d, n, 0, 1, &share->share))
        share->share = -1; /* said; the sum is not judged */
}

static void read_margin(struct study_draft *d, char *key, const yaml_node_t *n, void *into)
{
    struct study_margin *m = into;
    double sum = 0;
    bool whole = true;
    m->id = key;
    m->share = study_node_pairs(d, n, 2, STUDY_MAX_OPTIONS, sizeof *m->share, read_margin_share,
                                &m->shares);
    for (size_t i = 0; i < m->shares; i++) {
        whole = whole && m->share[i].value != NULL && m->share[i].share >= 0;
        sum += m->share[i].share;
    }
    if (m->shares > 0 && whole && (sum < 1 - 1e-6 || sum > 1 + 1e-6))
        study_draft_say(d, d->line, "the shares of `%.40s` add up to %g; they must add up to 1",
                        key, sum);
}

static void read_rake(struct study_draft *d, const yaml_node_t *n, void *into)
{
    struct study *s = into;
    s->weights.rake = study_node_pairs(d, n, 1, MAX_MARGINS, sizeof *s->weights.rake, read_margin,
                                       &s->weights.rakes);
}

void study_load_weights(struct study_draft *d, const yaml_node_t *n, void *into)
{
    static const struct study_key keys[] = {
        {"base", false, offsetof(struct study, weights.base), read_base},
        {"selection", false, offsetof(struct study, weights.selection), read_weight_selection},
        {"cap", false, offsetof(struct study, weights.cap), read_bound},
        {"nonresponse", false, 0, read_nonresponse},
        {"rake", false, 0, read_rake},
        {"trim", false, offsetof(struct study, weights.trim), read_bound},
        {"tolerance", false, offsetof(struct study, weights.tolerance), read_tolerance},
    };
    struct study *s = into;
    s->weights.present = true;
    study_node_map(d, n, "the weights", keys, STUDY_LOAD_ROWS(keys), s);
}

/* "weight", or "points.weight" as in a study. */
static void read_file_base(struct study_draft *d, const yaml_node_t *n, void *into)
{
    static const char prefix[] = "points.";
    char **column = into;
    const char *s = study_node_scalar(d, n);
    if (s == NULL)
        return;
    s += strncmp(s, prefix, strlen(prefix)) == 0 ? strlen(prefix) : 0;
    *column = study_memory_text(d->memory, s, strlen(s));
}

static void read_file_weights(struct study_draft *d, const yaml_node_t *n, void *into)
{
    static const struct study_key keys[] = {
        {"base", false, offsetof(struct study, weights.base), read_file_base},
        {"selection", false, offsetof(struct study, weights.selection), read_weight_selection},
        {"adults", false, offsetof(struct study, weights.adults), study_node_words},
        {"cap", false, offsetof(struct study, weights.cap), read_bound},
        {"nonresponse", false, 0, read_nonresponse},
        {"rake", false, 0, read_rake},
        {"trim", false, offsetof(struct study, weights.trim), read_bound},
        {"tolerance", false, offsetof(struct study, weights.tolerance), read_tolerance},
    };
    struct study *s = into;
    s->weights.present = true;
    study_node_map(d, n, "the weights", keys, STUDY_LOAD_ROWS(keys), s);
    if (s->weights.selection && s->weights.adults == NULL)
        study_draft_say(d, d->line,
                        "`selection: eligible-adults` needs the column that holds their number: "
                        "add `adults: COLUMN`");
}

void study_load_weights_alone(struct study_draft *d)
{
    static const struct study_key keys[] = {{"weights", true, 0, read_file_weights}};
    study_node_map(d, yaml_document_get_root_node(&d->document), "a file of weights", keys,
                   STUDY_LOAD_ROWS(keys), d->study);
}

/* Quotas. */

static void read_quota(struct study_draft *d, char *key, const yaml_node_t *n, void *into)
{
    struct study_quota *q = into;
    q->cells = key;
    study_node_whole(d, n, 1, MAX_QUOTA, &q->target);
}

void study_load_quotas(struct study_draft *d, const yaml_node_t *n, void *into)
{
    struct study *s = into;
    s->quota = study_node_pairs(d, n, 1, MAX_QUOTAS, sizeof *s->quota, read_quota, &s->quotas);
}

/* Keys and targets. */

void study_load_researchers(struct study_draft *d, const yaml_node_t *n, void *into)
{
    struct study *s = into;
    s->researcher = study_node_list(d, n, 0, STUDY_MAX_RESEARCHERS, sizeof *s->researcher,
                                    study_node_words, &s->researchers);
    if (s->researcher != NULL && s->researchers < 2)
        study_draft_say(d, d->line,
                        "the study has %zu researchers' keys; name at least two, or one lost key "
                        "loses every interview",
                        s->researchers);
}

void study_load_supervisors(struct study_draft *d, const yaml_node_t *n, void *into)
{
    struct study *s = into;
    s->supervisor = study_node_list(d, n, 0, STUDY_MAX_SUPERVISORS, sizeof *s->supervisor,
                                    study_node_words, &s->supervisors);
}

static void read_target(struct study_draft *d, const yaml_node_t *n, void *into)
{
    char **target = into;
    study_node_words(d, n, target);
    if (*target == NULL || study_word_is_target(*target))
        return;
    study_draft_say(d, study_node_line(d, n),
                    "the target `%.60s` is neither dir:FOLDER nor rclone:REMOTE:PATH; write one of "
                    "them",
                    *target);
}

static void read_targets(struct study_draft *d, const yaml_node_t *n, void *into)
{
    struct study *s = into;
    s->target = study_node_list(d, n, 0, MAX_TARGETS, sizeof *s->target, read_target, &s->targets);
}

void study_load_sync(struct study_draft *d, const yaml_node_t *n, void *into)
{
    static const struct study_key keys[] = {{"targets", true, 0, read_targets}};
    study_node_map(d, n, "the sync", keys, STUDY_LOAD_ROWS(keys), into);
}
