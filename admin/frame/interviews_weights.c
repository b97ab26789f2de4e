#include "admin/frame/interviews_weights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/frame/margins.h"
#include "admin/frame/texts.h"
#include "core/log.h"

/* What is known of an address at last. */
enum known { UNKNOWN, INELIGIBLE, ELIGIBLE, MET };

struct visit {
    int32_t point;
    uint32_t address; /* 0: none was written down */
    uint8_t attempt;
    size_t order;
    enum known known;
};

static enum known outcome_of(const struct fold_contact *c)
{
    if (fold_in_frame(c))
        return MET;
    if (!c->ended)
        return c->assigned ? ELIGIBLE : UNKNOWN;
    switch (c->disposition / 1000) {
    case 1: /* an interview that was withdrawn */
    case 2:
        return ELIGIBLE;
    case 4:
        return INELIGIBLE;
    default:
        return UNKNOWN;
    }
}

static int by_address(const void *a, const void *b)
{
    const struct visit *x = a, *y = b;
    if (x->point != y->point)
        return x->point < y->point ? -1 : 1;
    if (x->address != y->address)
        return x->address < y->address ? -1 : 1;
    if (x->attempt != y->attempt)
        return x->attempt < y->attempt ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

/* Contacts of the frame's kind at its points; a void one never was. */
static enum err list_visits(const struct interviews_weights *w, struct visit **out, size_t *count)
{
    const struct fold *f = w->fold;
    struct visit *v = malloc((f->contacts + 1) * sizeof *v);
    if (v == NULL)
        return ERR_NOMEM;
    *count = 0;
    for (size_t i = 0; i < f->contacts; i++) {
        const struct fold_contact *c = &f->contact[i];
        int at = points_find(w->pack->points, c->point);
        if (!w->in[i] || c->voided || at < 0 || (w->live && (c->test || c->simulated)))
            continue;
        v[(*count)++] = (struct visit){at, c->address, c->attempt, i, outcome_of(c)};
    }
    qsort(v, *count, sizeof *v, by_address);
    *out = v;
    return ERR_OK;
}

static void count_visit(struct weighting_point *p, enum known known)
{
    p->eligible += known == ELIGIBLE || known == MET;
    p->ineligible += known == INELIGIBLE;
    p->unknown += known == UNKNOWN;
}

/* Addresses of each point by what is known of them: an interview counts, else the last attempt. */
static void count_addresses(const struct visit *v, size_t n, struct weighting_point *point)
{
    for (size_t i = 0; i < n; i++) {
        enum known known = v[i].known;
        while (v[i].address != 0 && i + 1 < n && v[i + 1].point == v[i].point &&
               v[i + 1].address == v[i].address) {
            i++;
            known = known == MET ? MET : v[i].known;
        }
        count_visit(&point[v[i].point], known);
    }
}

/* Addresses issued and never written down are unknown. Without a column that says how many were
 * issued, those written down are all, if every contact has one. */
static enum err add_issued(const struct interviews_weights *w, const struct visit *v, size_t n,
                           struct weighting_point *point)
{
    const struct points *p = w->pack->points;
    if (p->count > 0 && points_value(p, 0, "addresses") == NULL) {
        for (size_t i = 0; i < n; i++)
            if (v[i].address == 0)
                return log_fail(
                    ERR_STUDY,
                    "`weights.nonresponse`: the addresses issued are not known, because %s has no "
                    "column `addresses` and a contact at the point %s has no address; add the "
                    "column, or take `nonresponse` out",
                    w->pack->study->points, points_value(p, (size_t)v[i].point, "id"));
        return ERR_OK;
    }
    for (size_t i = 0; i < p->count; i++) {
        double met = point[i].eligible + point[i].ineligible + point[i].unknown;
        double issued = strtod(points_value(p, i, "addresses"), NULL);
        if (issued < met)
            log_note("point %s: %.0f addresses were visited and %.0f issued; taken for %.0f",
                     points_value(p, i, "id"), met, issued, met);
        else
            point[i].unknown += issued - met;
    }
    return ERR_OK;
}

/* Points with the same values of the cells' columns are one cell. */
static enum err number_cells(const struct interviews_weights *w, struct weighting_spec *s)
{
    const struct study_weights *given = &w->pack->study->weights;
    struct texts *names = NULL;
    enum err e = texts_new(&names);
    for (size_t i = 0; e == ERR_OK && i < s->points; i++) {
        struct buffer name = {0};
        for (size_t k = 0; k < given->nonresponses; k++) {
            const char *column = given->nonresponse[k];
            bool point = strcmp(column, "point") == 0;
            buffer_printf(&name, "%s\x1f", points_value(w->pack->points, i, point ? "id" : column));
        }
        e = name.failed ? ERR_NOMEM
                        : texts_number(names, (const char *)name.p, name.len, &s->point[i].cell);
        buffer_free(&name);
    }
    s->cells = e == ERR_OK ? texts_count(names) : 0;
    texts_free(names);
    return e;
}

/* Cells in which nobody was interviewed: nobody there can stand for them. */
static void note_lost(const struct interviews_weights *w, const struct weighting_spec *s)
{
    for (size_t c = 0; c < s->cells; c++) {
        double met = 0, issued = 0;
        const char *name = NULL;
        for (size_t i = 0; i < s->points; i++) {
            const struct weighting_point *p = &s->point[i];
            if (p->cell != (int32_t)c)
                continue;
            met += p->respondents;
            issued += p->eligible + p->unknown;
            name = name != NULL ? name : points_value(w->pack->points, i, "id");
        }
        if (met == 0 && issued > 0)
            log_note("weights: nobody was interviewed in the cell of the point %s; its %.0f "
                     "addresses are lost to the weights (cells of several points would keep them)",
                     name, issued);
    }
}

static enum err add_nonresponse(const struct interviews_weights *w, struct weighting_spec *s)
{
    const struct points *p = w->pack->points;
    struct visit *v = NULL;
    size_t visits = 0;
    enum err e = list_visits(w, &v, &visits);
    s->points = p->count;
    s->point = calloc(p->count + 1, sizeof *s->point);
    s->point_of = malloc((s->n + 1) * sizeof *s->point_of);
    if (e != ERR_OK || s->point == NULL || s->point_of == NULL) {
        e = ERR_NOMEM;
        goto out;
    }
    for (size_t i = 0; i < p->count; i++) {
        s->point[i].base = points_weight(p, i, w->pack->study->weights.base);
        s->point[i].stratum = p->stratum_of[i] - 1;
    }
    for (size_t i = 0; i < s->n; i++) {
        s->point_of[i] = w->point[i];
        s->point[w->point[i]].respondents++;
    }
    count_addresses(v, visits, s->point);
    if ((e = add_issued(w, v, visits, s->point)) == ERR_OK && (e = number_cells(w, s)) == ERR_OK)
        note_lost(w, s);
out:
    free(v);
    return e;
}

static enum err add_selection(const struct interviews_weights *w, struct weighting_spec *s)
{
    size_t unknown = 0;
    if ((s->adults = malloc((s->n + 1) * sizeof *s->adults)) == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < s->n; i++) {
        unknown += w->row[i]->eligible == 0;
        s->adults[i] = w->row[i]->eligible > 0 ? w->row[i]->eligible : 1;
    }
    if (unknown > 0)
        log_note("weights: of %zu respondents the eligible adults of the household are not known; "
                 "taken for one",
                 unknown);
    return ERR_OK;
}

/* The levels that the shares are of: for options of a question, their codes. */
static enum err add_margin(const struct interviews_weights *w, const struct frame *f,
                           const struct study_margin *m, struct weighting_spec *s)
{
    const struct study *study = w->pack->study;
    int q = study_question_index(study, m->id);
    int at = frame_find(f, strcmp(m->id, "id") == 0 ? "point" : m->id);
    char(*text)[16] = calloc(m->shares + 1, sizeof *text);
    const char **code = calloc(m->shares + 1, sizeof *code);
    enum err e = text != NULL && code != NULL ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; e == ERR_OK && i < m->shares; i++) {
        code[i] = m->share[i].value;
        for (size_t k = 0; q >= 0 && k < study->question[q].options; k++) {
            const struct study_option *o = &study->question[q].option[k];
            if (strcmp(o->id, m->share[i].value) == 0) {
                snprintf(text[i], sizeof text[i], "%d", (int)o->code);
                code[i] = text[i];
            }
        }
    }
    if (e == ERR_OK)
        e = at >= 0 ? margins_add(s, f, at, m, code)
                    : log_fail(ERR_STUDY,
                               "`weights.rake` over %s: the interviews have no such "
                               "column",
                               m->id);
    free(text);
    free(code);
    return e;
}

static enum err copy_design(const struct frame *f, struct weighting_spec *s)
{
    s->psu = malloc((s->n + 1) * sizeof *s->psu);
    s->stratum = malloc((s->n + 1) * sizeof *s->stratum);
    if (s->psu == NULL || s->stratum == NULL)
        return ERR_NOMEM;
    memcpy(s->psu, f->psu, s->n * sizeof *s->psu);
    memcpy(s->stratum, f->stratum, s->n * sizeof *s->stratum);
    return ERR_OK;
}

enum err interviews_weights(const struct interviews_weights *w, struct frame *f)
{
    const struct study_weights *given = &w->pack->study->weights;
    struct weighting_spec s = {
        .n = f->n, .cap = given->cap, .trim = given->trim, .tolerance = given->tolerance};
    enum err e = ERR_NOMEM;
    if (!given->present || f->n == 0)
        return ERR_OK;
    s.base = malloc((s.n + 1) * sizeof *s.base);
    f->weight = malloc((s.n + 1) * sizeof *f->weight);
    if (s.base == NULL || f->weight == NULL || (e = copy_design(f, &s)) != ERR_OK)
        goto out;
    for (size_t i = 0; i < s.n; i++)
        s.base[i] = points_weight(w->pack->points, (size_t)w->point[i], given->base);
    if (given->selection && (e = add_selection(w, &s)) != ERR_OK)
        goto out;
    if (given->nonresponses > 0 && (e = add_nonresponse(w, &s)) != ERR_OK)
        goto out;
    for (size_t m = 0; m < given->rakes; m++)
        if ((e = add_margin(w, f, &given->rake[m], &s)) != ERR_OK)
            goto out;
    if ((e = weighting_new(&s, &f->weighting)) == ERR_OK)
        memcpy(f->weight, weighting_final(f->weighting), f->n * sizeof *f->weight);
out:
    weighting_spec_free(&s);
    return e;
}
