#include "admin/frame/mechanism.h"

#include <stdlib.h>
#include <string.h>

struct drawn { /* a contact whose draw moved a chain of the list on */
    const struct fold_contact *contact;
    size_t at; /* its place in the fold: the order of drawing within a device */
};

static bool same_chain(const struct fold_contact *a, const struct fold_contact *b)
{
    return a->device == b->device && a->test == b->test && a->stratum == b->stratum &&
           a->era == b->era;
}

static int by_chain(const void *x, const void *y)
{
    const struct drawn *p = x, *q = y;
    const struct fold_contact *a = p->contact, *b = q->contact;
    if (a->device != b->device)
        return a->device < b->device ? -1 : 1;
    if (a->test != b->test)
        return a->test ? 1 : -1;
    if (a->stratum != b->stratum)
        return a->stratum < b->stratum ? -1 : 1;
    if (a->era != b->era)
        return a->era < b->era ? -1 : 1;
    return p->at < q->at ? -1 : p->at > q->at;
}

static bool is_asked(const struct fold_contact *c, size_t list)
{
    return c->draw.arm[list] != ARM_NOT_ASKED;
}

/* A double draws one thing for its two lists, whichever of them are asked. */
static bool moves_chain(const struct study *s, const struct fold_contact *c, size_t list)
{
    int d = s->list[list].in_double;
    if (d < 0)
        return is_asked(c, list);
    return is_asked(c, s->pair[d].list[0]) || is_asked(c, s->pair[d].list[1]);
}

static int arm_in_double(const struct study_list *list, const char *item)
{
    for (size_t k = 0; k < list->sensitives; k++)
        if (strcmp(list->sensitive[k].id, item) == 0)
            return (int)k + 1;
    return 0;
}

static void set_shares(const struct study *s, size_t list, struct frame_mechanism *m)
{
    const struct study_list *l = &s->list[list];
    m->blocks = s->blocks;
    m->block_sizes = s->block_sizes;
    memcpy(m->block, s->block, sizeof m->block);
    if (l->in_double >= 0) {
        m->share[0] = 1;
        m->share[arm_in_double(l, s->pair[l->in_double].item)] = 1;
        return;
    }
    m->share[0] = l->control_ratio;
    for (size_t k = 0; k < l->sensitives; k++)
        m->share[k + 1] = l->sensitive[k].ratio;
}

enum err mechanism_of(const struct fold *f, const struct study *s, size_t list, const int32_t *row,
                      const bool *in, bool live, struct frame_mechanism **out)
{
    struct frame_mechanism *m = calloc(1, sizeof *m);
    struct drawn *drawn = calloc(f->contacts + 1, sizeof *drawn);
    enum err e = ERR_NOMEM;
    if (m == NULL || drawn == NULL)
        goto out;
    for (size_t i = 0; i < f->contacts; i++) {
        const struct fold_contact *c = &f->contact[i];
        if (c->assigned && in[i] && !(live && c->test) && moves_chain(s, c, list))
            drawn[m->draws++] = (struct drawn){c, i};
    }
    qsort(drawn, m->draws, sizeof *drawn, by_chain);
    m->row = malloc((m->draws + 1) * sizeof *m->row);
    m->chain = malloc((m->draws + 1) * sizeof *m->chain);
    if (m->row == NULL || m->chain == NULL)
        goto out;
    for (size_t i = 0; i < m->draws; i++) {
        bool begins = i == 0 || !same_chain(drawn[i - 1].contact, drawn[i].contact);
        m->row[i] = row[drawn[i].at];
        m->chain[i] = i == 0 ? 0 : m->chain[i - 1] + begins;
        m->broken += begins && drawn[i].contact->broken;
    }
    set_shares(s, list, m);
    *out = m;
    m = NULL;
    e = ERR_OK;
out:
    free(drawn);
    if (m != NULL) {
        free(m->row);
        free(m->chain);
    }
    free(m);
    return e;
}

enum err mechanism_doubles(const struct study *s, struct frame *f)
{
    if (s->pairs == 0)
        return ERR_OK;
    if ((f->pair = calloc(s->pairs, sizeof *f->pair)) == NULL)
        return ERR_NOMEM;
    for (; f->pairs < s->pairs; f->pairs++)
        for (size_t k = 0; k < 2; k++) {
            size_t list = s->pair[f->pairs].list[k];
            f->pair[f->pairs].list[k] = list;
            f->pair[f->pairs].arm[k] = arm_in_double(&s->list[list], s->pair[f->pairs].item);
        }
    return ERR_OK;
}
