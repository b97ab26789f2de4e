#include "admin/frame/interviews.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/frame/combine.h"
#include "admin/frame/mechanism.h"
#include "admin/frame/interviews_weights.h"
#include "core/log.h"
#include "core/segment.h"

struct making {
    const struct fold *fold;
    const struct verify_report *report;
    const struct verify_pack *pack;  /* whose study and points the frame has */
    struct combine *combine;         /* of each pack of the report with that study */
    bool *in;                        /* of each contact: that pack combines with ours */
    const struct fold_contact **row; /* contacts in the frame */
    int32_t *point;                  /* of each row */
    struct frame *frame;
};

static const struct combine *combine_of(const struct making *m, const struct fold_contact *c)
{
    return &m->combine[c->pack - m->report->pack];
}

/* The answer of a row to a question of the frame's study. */
static int32_t answer_of(const struct making *m, size_t row, size_t question)
{
    int32_t own = combine_of(m, m->row[row])->question[question];
    return own < 0 ? ANSWER_NOT_ASKED : m->row[row]->answer[own];
}

/* Ids tell rows apart and nothing else: not the laptop, not the order of the day. */
static enum err add_ids(struct making *m)
{
    struct frame *f = m->frame;
    f->id = calloc(f->n > 0 ? f->n : 1, sizeof *f->id);
    if (f->id == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < f->n; i++) {
        uint8_t hash[HASH_LEN];
        char hex[25];
        struct hash h;
        hash_start(&h, NULL, "row");
        hash_add(&h, m->report->device[m->row[i]->device].id, 32);
        hash_add_u32(&h, m->row[i]->number);
        hash_end(&h, hash);
        segment_hex(hash, 12, hex);
        if ((f->id[i] = strdup(hex)) == NULL)
            return ERR_NOMEM;
    }
    return ERR_OK;
}

/* English where the study has it: the tables around it are English. */
static const char *label_of(const struct study *s, const struct study_text *t)
{
    int english = study_language_index(s, "en");
    return study_text_in(t, english < 0 ? 0 : (size_t)english);
}

static char *copy(const char *text)
{
    return text != NULL && text[0] != '\0' ? strdup(text) : NULL;
}

static bool named_in_analysis(const struct study *s, const char *name)
{
    for (size_t i = 0; i < s->bys; i++)
        if (strcmp(s->by[i], name) == 0)
            return true;
    return false;
}

/* Adds one column from texts and says what it is. */
static enum err add_column(struct making *m, const char *name, const char *const *text,
                           enum frame_role role, const char *label, struct frame_column **out)
{
    enum err e = frame_add_texts(m->frame, name, text);
    int at = e == ERR_OK ? frame_find(m->frame, name) : -1;
    if (at < 0) /* left out with a note: too many values to be groups */
        return e;
    struct frame_column *c = &m->frame->column[at];
    c->role = role;
    c->label = copy(label);
    c->prespecified = named_in_analysis(m->pack->study, name);
    *out = c;
    return ERR_OK;
}

static enum err add_points(struct making *m, const char **text)
{
    const struct points *p = m->pack->points;
    struct frame_column *c = NULL;
    enum err e = ERR_OK;
    for (size_t k = 0; e == ERR_OK && k < p->columns; k++) {
        bool id = strcmp(p->column[k], "id") == 0;
        if (strcmp(p->column[k], "weight") == 0 || strcmp(p->column[k], "target") == 0)
            continue; /* the weight has a place of its own; targets are not of respondents */
        for (size_t i = 0; i < m->frame->n; i++)
            text[i] = points_value(p, (size_t)m->point[i], p->column[k]);
        e = add_column(m, id ? "point" : p->column[k], text, FRAME_POINT, NULL, &c);
    }
    return e;
}

static enum err add_question(struct making *m, size_t q, const char **text, char (*number)[16])
{
    const struct study *s = m->pack->study;
    const struct study_question *def = &s->question[q];
    struct frame_column *c = NULL;
    for (size_t i = 0; i < m->frame->n; i++) {
        int32_t v = answer_of(m, i, q);
        snprintf(number[i], sizeof number[i], "%" PRId32, v);
        text[i] = v >= 0 ? number[i] : NULL;
    }
    enum err e = add_column(m, def->id, text, FRAME_QUESTION, label_of(s, &def->text), &c);
    if (e != ERR_OK || c == NULL ||
        (e = frame_levels(m->frame, (int)m->frame->columns - 1)) != ERR_OK)
        return e;
    c->factor = def->type == STUDY_CHOICE;
    c->why = calloc(m->frame->n > 0 ? m->frame->n : 1, 1);
    c->level_label = calloc(c->levels > 0 ? c->levels : 1, sizeof *c->level_label);
    if (c->why == NULL || c->level_label == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < m->frame->n; i++)
        c->why[i] = answer_of(m, i, q) < 0 ? (int8_t)answer_of(m, i, q) : 0;
    for (size_t l = 0; def->type == STUDY_CHOICE && l < c->levels; l++) {
        const struct study_option *o =
            study_option_by_code(def, (int32_t)strtol(c->level[l], NULL, 10));
        c->level_label[l] = o != NULL ? copy(label_of(s, &o->text)) : NULL;
    }
    return ERR_OK;
}

static enum err add_derived(struct making *m, const struct study_derived *d, const char **text)
{
    struct frame_column *c = NULL;
    for (size_t i = 0; i < m->frame->n; i++) {
        text[i] = NULL;
        for (size_t k = 0; k < d->maps; k++)
            if (d->map[k].code == answer_of(m, i, d->question))
                text[i] = d->map[k].value;
    }
    return add_column(m, d->id, text, FRAME_DERIVED, NULL, &c);
}

static enum err add_columns(struct making *m)
{
    const struct study *s = m->pack->study;
    size_t n = m->frame->n > 0 ? m->frame->n : 1;
    const char **text = calloc(n, sizeof *text);
    char(*number)[16] = calloc(n, sizeof *number);
    enum err e = text == NULL || number == NULL ? ERR_NOMEM : add_points(m, text);
    for (size_t q = 0; e == ERR_OK && q < s->questions; q++)
        e = add_question(m, q, text, number);
    for (size_t d = 0; e == ERR_OK && d < s->deriveds; d++)
        e = add_derived(m, &s->derived[d], text);
    free(text);
    free(number);
    return e;
}

/* The card's language by name: packs may order theirs otherwise, and have others. */
static enum err language_of(struct frame *f, const struct fold_contact *c, size_t l, int8_t *out)
{
    const char *name = c->pack->study->language[c->language[l]];
    for (size_t i = 0; i < f->languages; i++)
        if (strcmp(f->language[i], name) == 0) {
            *out = (int8_t)i;
            return ERR_OK;
        }
    if (f->languages == INT8_MAX) /* hundreds of packs, none of which names them alike */
        return ERR_OK;
    char **more = realloc(f->language, (f->languages + 1) * sizeof *more);
    if (more == NULL)
        return ERR_NOMEM;
    f->language = more;
    if ((more[f->languages] = strdup(name)) == NULL)
        return ERR_NOMEM;
    *out = (int8_t)f->languages++;
    return ERR_OK;
}

/* The rows of a list. */
static enum err fill_list(struct making *m, size_t l)
{
    struct frame_list *list = &m->frame->list[l];
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < m->frame->n; i++) {
        const struct fold_contact *c = m->row[i];
        bool asked = c->draw.arm[l] != ARM_NOT_ASKED;
        bool counted = (c->counted >> l & 1) != 0;
        list->arm[i] = asked ? (int8_t)c->draw.arm[l] : FRAME_MISSING;
        list->count[i] = !asked ? ANSWER_NOT_ASKED : counted ? c->count[l] : ANSWER_NOT_REACHED;
        list->order[i] = c->draw.order[l];
        list->position[i] = asked ? (int8_t)c->draw.position[l] : FRAME_MISSING;
        list->language[i] = FRAME_MISSING;
        if (list->count[i] >= 0)
            e = language_of(m->frame, c, l, &list->language[i]);
    }
    return e;
}

static enum err add_list(struct making *m, size_t l)
{
    const struct study *s = m->pack->study;
    const struct study_list *def = &s->list[l];
    struct frame_list *list = &m->frame->list[m->frame->lists++];
    size_t n = m->frame->n > 0 ? m->frame->n : 1;
    memset(list, 0, sizeof *list);
    list->id = strdup(def->id);
    list->items = (int)def->items;
    list->arms = 1 + def->sensitives;
    list->has_hide = true;
    list->arm = calloc(n, sizeof *list->arm);
    list->count = calloc(n, sizeof *list->count);
    list->order = calloc(n, sizeof *list->order);
    list->position = calloc(n, sizeof *list->position);
    list->language = calloc(n, sizeof *list->language);
    if (list->id == NULL || list->arm == NULL || list->count == NULL || list->order == NULL ||
        list->position == NULL || list->language == NULL)
        return ERR_NOMEM;
    for (size_t k = 0; k < def->sensitives; k++) {
        list->sensitive[k + 1] = strdup(def->sensitive[k].id);
        list->sensitive_label[k + 1] = copy(label_of(s, &def->sensitive[k].text));
        list->hide[k + 1] = def->sensitive[k].hide;
        list->has_known[k + 1] = def->sensitive[k].has_known;
        list->known[k + 1] = def->sensitive[k].known;
        if (list->sensitive[k + 1] == NULL)
            return ERR_NOMEM;
    }
    return fill_list(m, l);
}

static enum err add_lists(struct making *m)
{
    enum err e = ERR_OK;
    m->frame->list = calloc(m->pack->study->lists, sizeof *m->frame->list);
    if (m->frame->list == NULL)
        return ERR_NOMEM;
    for (size_t l = 0; e == ERR_OK && l < m->pack->study->lists; l++)
        e = add_list(m, l);
    return e;
}

static enum err add_mechanisms(struct making *m)
{
    const struct fold *fold = m->fold;
    int32_t *row = malloc((fold->contacts + 1) * sizeof *row);
    enum err e = row == NULL ? ERR_NOMEM : mechanism_doubles(m->pack->study, m->frame);
    for (size_t i = 0, r = 0; e == ERR_OK && i < fold->contacts; i++)
        row[i] = r < m->frame->n && m->row[r] == &fold->contact[i] ? (int32_t)r++ : FRAME_MISSING;
    for (size_t l = 0; e == ERR_OK && l < m->frame->lists; l++)
        e = mechanism_of(fold, m->pack->study, l, row, m->in, !m->frame->rehearsal,
                         &m->frame->list[l].mechanism);
    free(row);
    return e;
}

/* Sampling points as clusters, the pack's strata, weights. */
static enum err add_design(struct making *m)
{
    struct frame *f = m->frame;
    const struct interviews_weights w = {m->fold, m->pack, m->in, !f->rehearsal, m->row, m->point};
    if (f->n == 0)
        return ERR_OK;
    f->psu = calloc(f->n, sizeof *f->psu);
    f->stratum = calloc(f->n, sizeof *f->stratum);
    if (f->psu == NULL || f->stratum == NULL)
        return ERR_NOMEM;
    f->psus = m->pack->points->count;
    f->strata = m->pack->points->strata;
    for (size_t i = 0; i < f->n; i++) {
        f->psu[i] = m->point[i];
        f->stratum[i] = m->pack->points->stratum_of[m->point[i]] - 1;
    }
    return interviews_weights(&w, f);
}

static size_t count_under(const struct fold *f, const struct verify_pack *pack)
{
    size_t n = 0;
    for (size_t i = 0; i < f->contacts; i++)
        n += f->contact[i].pack == pack && fold_in_frame(&f->contact[i]);
    return n;
}

static enum err compare_packs(struct making *m)
{
    const struct verify_report *r = m->report;
    enum err e = ERR_OK;
    m->combine = calloc(r->packs, sizeof *m->combine);
    m->in = malloc((m->fold->contacts + 1) * sizeof *m->in);
    if (m->combine == NULL || m->in == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; e == ERR_OK && i < r->packs; i++) {
        struct combine *c = &m->combine[i];
        size_t n = count_under(m->fold, &r->pack[i]);
        e = combine_studies(m->pack->study, r->pack[i].study, c);
        if (e == ERR_OK && !c->may && n > 0)
            log_note(
                "left out: %zu interviews under pack number %u, which do not combine with those "
                "under number %u: %s",
                n, (unsigned)r->pack[i].pack->number, (unsigned)m->pack->pack->number, c->why);
    }
    for (size_t i = 0; e == ERR_OK && i < m->fold->contacts; i++)
        m->in[i] = combine_of(m, &m->fold->contact[i])->may;
    return e;
}

static enum err choose_rows(struct making *m, size_t *left)
{
    const struct fold *fold = m->fold;
    bool live = fold_has_live(fold);
    size_t n = 0;
    m->row = calloc(fold->contacts > 0 ? fold->contacts : 1, sizeof *m->row);
    if (m->row == NULL)
        return ERR_NOMEM;
    *left = 0;
    for (size_t i = 0; i < fold->contacts; i++) {
        const struct fold_contact *c = &fold->contact[i];
        if (!fold_in_frame(c) || (live && (c->test || c->simulated)))
            continue;
        if (!m->in[i] || points_find(m->pack->points, c->point) < 0)
            ++*left;
        else
            m->row[n++] = c;
    }
    enum err e = frame_new(n, &m->frame);
    m->point = calloc(n > 0 ? n : 1, sizeof *m->point);
    if (e != ERR_OK || m->point == NULL)
        return ERR_NOMEM;
    m->frame->archive = true;
    m->frame->rehearsal = !live;
    for (size_t i = 0; i < n; i++) {
        m->point[i] = points_find(m->pack->points, m->row[i]->point);
        m->frame->tests += m->row[i]->test;
        m->frame->simulated += m->row[i]->simulated;
    }
    return ERR_OK;
}

enum err interviews_frame(const struct fold *f, const struct verify_report *r,
                          const struct verify_pack *pack, struct frame **out, size_t *left)
{
    struct making m = {.fold = f, .report = r, .pack = pack};
    enum err e = compare_packs(&m);
    if (e == ERR_OK)
        e = choose_rows(&m, left);
    if (e == ERR_OK)
        e = add_ids(&m);
    if (e == ERR_OK)
        e = add_columns(&m);
    if (e == ERR_OK)
        e = add_lists(&m);
    if (e == ERR_OK)
        e = add_mechanisms(&m);
    if (e == ERR_OK)
        e = add_design(&m);
    for (size_t i = 0; m.combine != NULL && i < r->packs; i++)
        combine_free(&m.combine[i]);
    free(m.combine);
    free(m.in);
    free(m.row);
    free(m.point);
    if (e != ERR_OK) {
        frame_free(m.frame);
        return e;
    }
    *out = m.frame;
    return ERR_OK;
}
