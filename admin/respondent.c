#include "admin/respondent.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/hash.h"
#include "core/log.h"
#include "core/study_word.h"

/* Shares of what does not go as planned: refusals of 8% of all contacts; of those assigned 1.5%
 * break off, 1% do not know the number and 0.5% decline to say it. */
static const double refusals = .08, break_offs = .015, no_ideas = .01, declines = .005;
/* Of the answers to a question that allows it. */
static const double unknowns = .02, refused = .015;

struct respondent_model {
    const struct study *study;
    const struct points *points;
    gsl_ran_discrete_t *place; /* by the points' targets; NULL: all alike */
    size_t first[STUDY_MAX_LISTS], items;
    struct respondent_item item[RESPONDENT_MAX_ITEMS];
};

struct respondent_source {
    const struct respondent_model *model;
    gsl_rng *rng;
};

/* ---- the model ---- */

static void add_item(struct respondent_model *m, size_t list, const struct study_item *def,
                     bool sensitive)
{
    struct respondent_item *it = &m->item[m->items];
    *it = (struct respondent_item){list, m->items, def->id, sensitive, .5};
    if (def->has_known)
        it->share = def->known;
    for (size_t i = m->items; i-- > 0;)
        if (strcmp(m->item[i].id, def->id) == 0)
            it->same = m->item[i].same;
    m->items++;
}

static enum err weigh_points(struct respondent_model *m)
{
    const struct points *p = m->points;
    double sum = 0, *target = calloc(p->count, sizeof *target);
    if (target == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < p->count; i++) {
        const char *text = points_value(p, i, "target");
        if (text != NULL)
            study_word_decimal(text, &target[i]);
        sum += target[i];
    }
    if (sum > 0)
        m->place = gsl_ran_discrete_preproc(p->count, target);
    free(target);
    return sum > 0 && m->place == NULL ? ERR_NOMEM : ERR_OK;
}

enum err respondent_model_new(const struct study *s, const struct points *p,
                              struct respondent_model **out)
{
    struct respondent_model *m = calloc(1, sizeof *m);
    if (m == NULL)
        return ERR_NOMEM;
    m->study = s;
    m->points = p;
    for (size_t l = 0; l < s->lists; l++) {
        m->first[l] = m->items;
        for (size_t i = 0; i < s->list[l].items; i++)
            add_item(m, l, &s->list[l].item[i], false);
        for (size_t i = 0; i < s->list[l].sensitives; i++)
            add_item(m, l, &s->list[l].sensitive[i], true);
    }
    enum err e = weigh_points(m);
    if (e != ERR_OK) {
        respondent_model_free(m);
        return e;
    }
    *out = m;
    return ERR_OK;
}

void respondent_model_free(struct respondent_model *m)
{
    if (m == NULL)
        return;
    if (m->place != NULL)
        gsl_ran_discrete_free(m->place);
    free(m);
}

const struct study *respondent_study(const struct respondent_model *m)
{
    return m->study;
}

const struct points *respondent_points(const struct respondent_model *m)
{
    return m->points;
}

const struct respondent_item *respondent_items(const struct respondent_model *m, size_t *count)
{
    *count = m->items;
    return m->item;
}

/* ---- what the command line says about it ---- */

/* The first ${len} bytes of ${text} as a share; people write .6 where numbers in studies are 0.6.
 */
static bool read_share(const char *text, size_t len, double *out)
{
    char number[32];
    double v = -1;
    int n = snprintf(number, sizeof number, "%s%.*s", text[0] == '.' ? "0" : "", (int)len, text);
    if (len == 0 || n < 0 || (size_t)n >= sizeof number || !study_word_decimal(number, &v) || v > 1)
        return false;
    *out = v;
    return true;
}

static void list_sensitive(const struct respondent_model *m, char *out, size_t room)
{
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < m->items && at < room; i++)
        if (m->item[i].sensitive && m->item[i].same == i)
            at += (size_t)snprintf(out + at, room - at, "%s%s", at > 0 ? ", " : "", m->item[i].id);
}

enum err respondent_prevalence(struct respondent_model *m, const char *text)
{
    char names[256];
    double share = 0;
    bool found = false;
    const char *is = strchr(text, '=');
    size_t len = is != NULL ? (size_t)(is - text) : 0;
    if (is == NULL)
        return log_fail(ERR_USAGE, "--prevalence %s: write ITEM=SHARE, as in csto=.6", text);
    if (!read_share(is + 1, strlen(is + 1), &share))
        return log_fail(
            ERR_USAGE, "--prevalence %s: the share who hold an item is a number from 0 to 1", text);
    for (size_t i = 0; i < m->items; i++) {
        struct respondent_item *it = &m->item[i];
        if (!it->sensitive || strlen(it->id) != len || strncmp(it->id, text, len) != 0)
            continue;
        m->item[it->same].share = it->share = share;
        found = true;
    }
    list_sensitive(m, names, sizeof names);
    return found ? ERR_OK
                 : log_fail(ERR_USAGE,
                            "--prevalence %s: the study has no such sensitive item; it has: %s",
                            text, names);
}

/* The list that "LIST:..." names, and where its shares begin; -1 (said). */
static int read_list(const struct respondent_model *m, const char *text, const char **shares)
{
    const struct study *s = m->study;
    const char *colon = strchr(text, ':');
    *shares = colon != NULL ? colon + 1 : text;
    for (size_t l = 0; colon != NULL && l < s->lists; l++)
        if (strlen(s->list[l].id) == (size_t)(colon - text) &&
            strncmp(s->list[l].id, text, (size_t)(colon - text)) == 0)
            return (int)l;
    if (colon == NULL && s->lists == 1)
        return 0;
    if (colon == NULL)
        log_fail(ERR_USAGE, "--control %s: the study has %zu lists; say which, as in %s:%s", text,
                 s->lists, s->list[0].id, text);
    else
        log_fail(ERR_USAGE, "--control %s: the study has no list `%.*s`; the first is called %s",
                 text, (int)(colon - text), text, s->list[0].id);
    return -1;
}

enum err respondent_control(struct respondent_model *m, const char *text)
{
    double share[STUDY_MAX_ITEMS];
    const char *at = NULL;
    size_t n = 0, len;
    int l = read_list(m, text, &at);
    if (l < 0)
        return ERR_USAGE;
    size_t wanted = m->study->list[l].items;
    for (bool more = true; more; at += len + 1, n++) {
        len = strcspn(at, ",");
        more = at[len] == ',';
        double v = 0;
        if (!read_share(at, len, &v))
            return log_fail(
                ERR_USAGE,
                "--control %s: `%.*s` is no share; write numbers from 0 to 1 with commas "
                "between them",
                text, (int)len, at);
        if (n < wanted)
            share[n] = v;
    }
    if (n != wanted)
        return log_fail(ERR_USAGE,
                        "--control %s: these are %zu shares, but the list %s has %zu control items",
                        text, n, m->study->list[l].id, wanted);
    for (size_t i = 0; i < wanted; i++)
        m->item[m->first[l] + i].share = share[i];
    return ERR_OK;
}

/* ---- respondents ---- */

/* The generator takes 32 bits. Seeds of one simulation are neighbours and so never the same, as
 * hashes of so few bits would be in a large one. */
static unsigned long seed_of(uint64_t seed, uint32_t device)
{
    struct hash h;
    uint8_t hash[HASH_LEN];
    hash_start(&h, NULL, "simulate");
    hash_add_u64(&h, seed);
    hash_end(&h, hash);
    struct reader r = reader_of((struct bytes){hash, sizeof hash});
    return (uint32_t)(read_u32(&r) + device);
}

enum err respondent_source_new(const struct respondent_model *m, uint64_t seed, uint32_t device,
                               struct respondent_source **out)
{
    struct respondent_source *src = calloc(1, sizeof *src);
    if (src == NULL)
        return ERR_NOMEM;
    src->model = m;
    src->rng = gsl_rng_alloc(gsl_rng_mt19937);
    if (src->rng == NULL) {
        free(src);
        return ERR_NOMEM;
    }
    gsl_rng_set(src->rng, seed_of(seed, device));
    *out = src;
    return ERR_OK;
}

void respondent_source_free(struct respondent_source *src)
{
    if (src == NULL)
        return;
    gsl_rng_free(src->rng);
    free(src);
}

uint32_t respondent_below(struct respondent_source *src, uint32_t n)
{
    return (uint32_t)gsl_rng_uniform_int(src->rng, n);
}

static bool chance(struct respondent_source *src, double share)
{
    return gsl_rng_uniform(src->rng) < share; /* in [0, 1): never at 0, always at 1 */
}

struct place { /* what study_when_holds needs to look up a column of the sampling point */
    const struct points *points;
    size_t point;
};

static const char *column(void *ctx, const char *name)
{
    const struct place *at = ctx;
    return points_value(at->points, at->point, name);
}

static bool due(const struct respondent_model *m, const struct respondent *r,
                const struct study_when *when)
{
    struct place at = {m->points, r->point};
    return study_when_holds(m->study, when, r->answer, column, &at);
}

static int32_t answer(struct respondent_source *src, const struct study_question *q)
{
    if (q->refuse && chance(src, refused))
        return ANSWER_REFUSED;
    if (q->unknown && chance(src, unknowns))
        return ANSWER_DONT_KNOW;
    if (q->type == STUDY_CHOICE)
        return q->option[respondent_below(src, (uint32_t)q->options)].code;
    return q->min + (int32_t)respondent_below(src, (uint32_t)(q->max - q->min) + 1);
}

/* Conditions name earlier questions only, so one pass in order settles all. */
static void answer_all(struct respondent_source *src, struct respondent *r, bool before)
{
    const struct respondent_model *m = src->model;
    for (size_t i = 0; i < m->study->questions; i++) {
        const struct study_question *q = &m->study->question[i];
        if ((q->section == STUDY_BEFORE) == before)
            r->answer[i] = due(m, r, &q->when) ? answer(src, q) : ANSWER_NOT_ASKED;
    }
}

static void choose_fate(struct respondent_source *src, struct respondent *r)
{
    size_t cards = 0;
    double u = gsl_rng_uniform(src->rng);
    for (uint32_t left = r->asked; left != 0; left >>= 1)
        cards += left & 1;
    if (cards == 0)
        return;
    r->fate_at = respondent_below(src, (uint32_t)cards);
    r->fate = u < break_offs                         ? RESPONDENT_BREAKS_OFF
              : u < break_offs + no_ideas            ? RESPONDENT_DOES_NOT_KNOW
              : u < break_offs + no_ideas + declines ? RESPONDENT_DECLINES
                                                     : RESPONDENT_COUNTS;
}

static void think(struct respondent_source *src, struct respondent *r)
{
    const struct respondent_model *m = src->model;
    for (size_t i = 0; i < m->items; i++)
        r->holds[i] =
            m->item[i].same < i ? r->holds[m->item[i].same] : chance(src, m->item[i].share);
    for (size_t l = 0; l < m->study->lists; l++)
        r->seconds[l] = (uint16_t)(15 + 5 * respondent_below(src, 13));
}

void respondent_next(struct respondent_source *src, struct respondent *out)
{
    const struct respondent_model *m = src->model;
    struct respondent *r = out;
    memset(r, 0, sizeof *r);
    for (size_t i = 0; i < m->study->questions; i++)
        r->answer[i] = ANSWER_NOT_REACHED;
    r->refuses = chance(src, refusals);
    r->point = m->place != NULL ? (uint32_t)gsl_ran_discrete(src->rng, m->place)
                                : respondent_below(src, (uint32_t)m->points->count);
    r->language = (uint8_t)respondent_below(src, (uint32_t)m->study->languages);
    r->minutes =
        (uint16_t)(r->refuses ? 1 + respondent_below(src, 4) : 10 + respondent_below(src, 26));
    if (r->refuses)
        return;
    think(src, r);
    answer_all(src, r, true);
    for (size_t l = 0; l < m->study->lists; l++)
        if (due(m, r, &m->study->list[l].when))
            r->asked |= UINT32_C(1) << l;
    choose_fate(src, r);
    if (r->fate != RESPONDENT_BREAKS_OFF)
        answer_all(src, r, false);
}

int respondent_count(const struct respondent_model *m, const struct respondent *r, size_t list,
                     uint8_t arm, uint8_t position)
{
    size_t items = m->study->list[list].items;
    const bool *holds = r->holds + m->first[list];
    int count = 0;
    if (r->fate == RESPONDENT_BREAKS_OFF && position >= r->fate_at)
        return ANSWER_NOT_REACHED;
    if (r->fate == RESPONDENT_DOES_NOT_KNOW && position == r->fate_at)
        return ANSWER_DONT_KNOW;
    if (r->fate == RESPONDENT_DECLINES && position == r->fate_at)
        return ANSWER_REFUSED;
    for (size_t i = 0; i < items; i++)
        count += holds[i];
    return count + (arm > 0 ? holds[items + arm - 1u] : 0);
}
