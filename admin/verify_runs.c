/* A verdict for every stream and for every run of its entries, those that are intact too. */
#include <stdlib.h>
#include <string.h>

#include "admin/verify_device.h"

static int by_stream(const void *a, const void *b)
{
    const struct verify_slot *x = *(const struct verify_slot *const *)a;
    const struct verify_slot *y = *(const struct verify_slot *const *)b;
    const struct preamble *p = &x->segment->pre, *q = &y->segment->pre;
    if (p->number != q->number)
        return p->number < q->number ? -1 : 1;
    int c = memcmp(p->id, q->id, HASH_LEN);
    return c != 0 ? c : x->n < y->n ? -1 : x->n > y->n;
}

static enum err add_stream(struct verify_report *r, size_t device, const struct verify_slot *s)
{
    if ((r->streams & (r->streams - 1)) == 0) {
        size_t room = r->streams > 0 ? 2 * r->streams : 1;
        struct verify_stream *more = realloc(r->stream, room * sizeof *more);
        if (more == NULL)
            return ERR_NOMEM;
        r->stream = more;
    }
    struct verify_stream *st = &r->stream[r->streams++];
    *st = (struct verify_stream){.device = device,
                                 .number = s->segment->pre.number,
                                 .first = s->n,
                                 .pack = s->pack->pack->number,
                                 .run = r->runs};
    memcpy(st->id, s->segment->pre.id, HASH_LEN);
    return ERR_OK;
}

static enum err add_run(struct verify_report *r, size_t device, const struct verify_slot *s)
{
    const char *why = s->why != NULL ? s->why : verdict_text(s->verdict);
    struct verify_stream *st = &r->stream[r->streams - 1];
    struct verify_line *end = st->runs > 0 ? &r->run[r->runs - 1] : NULL;
    st->last = s->n;
    if (s->verdict > st->verdict)
        st->verdict = s->verdict;
    if (end != NULL && end->verdict == s->verdict && end->why == why && end->last + 1 == s->n) {
        end->last = s->n;
        return ERR_OK;
    }
    if ((r->runs & (r->runs - 1)) == 0) {
        size_t room = r->runs > 0 ? 2 * r->runs : 1;
        struct verify_line *more = realloc(r->run, room * sizeof *more);
        if (more == NULL)
            return ERR_NOMEM;
        r->run = more;
    }
    r->run[r->runs++] = (struct verify_line){s->verdict, device, st->number, s->n, s->n, why};
    st->runs++;
    return ERR_OK;
}

/* What has no entry of its own: gaps, segments that were refused or cut. */
static void add_lines(struct verify_report *r, size_t device, size_t from)
{
    for (size_t i = from; i < r->streams; i++)
        for (size_t k = 0; k < r->lines; k++) {
            const struct verify_line *l = &r->line[k];
            struct verify_stream *st = &r->stream[i];
            if (l->device == device && l->stream == st->number && l->verdict > st->verdict &&
                verdict_err(l->verdict) != ERR_OK)
                st->verdict = l->verdict;
        }
}

enum err verify_runs(struct verify_run *run, size_t device, const struct verify_history *h)
{
    struct verify_report *r = run->report;
    size_t count = 0, from = r->streams;
    enum err e = ERR_OK;
    const struct verify_slot **all = calloc(h->slots + h->looses + 1, sizeof *all);
    if (all == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < h->slots; i++)
        all[count++] = &h->slot[i];
    for (size_t i = 0; i < h->looses; i++)
        if (!h->loose[i].out)
            all[count++] = &h->loose[i];
    qsort(all, count, sizeof *all, by_stream);
    for (size_t i = 0; e == ERR_OK && i < count; i++) {
        if (i == 0 || memcmp(all[i]->segment->pre.id, all[i - 1]->segment->pre.id, HASH_LEN) != 0)
            e = add_stream(r, device, all[i]);
        if (e == ERR_OK)
            e = add_run(r, device, all[i]);
    }
    add_lines(r, device, from);
    free(all);
    return e;
}
