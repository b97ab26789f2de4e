#include "admin/verify_device.h"

#include <stdlib.h>
#include <string.h>

/* What people signed about the device. */
struct standing {
    struct verify_run *run;
    size_t device;
    struct verify_choice *choice;
    size_t choices;
    uint64_t last; /* position up to which it counts */
};

/* ---- lines ---- */

/* These say nothing about one stream, and run on over the end of one. */
static bool crosses_streams(enum verdict v)
{
    return v == VERDICT_QUARANTINE || v == VERDICT_REVOKED || v == VERDICT_NOT_CHOSEN ||
           v == VERDICT_RESTARTED || v == VERDICT_FORK;
}

static bool continues(const struct verify_line *l, const struct verify_line *next)
{
    return l->device == next->device && l->verdict == next->verdict && l->why == next->why &&
           next->first >= l->first && next->first <= l->last + 1 && l->last < UINT64_MAX &&
           (l->stream == next->stream || crosses_streams(l->verdict)) &&
           l->verdict != VERDICT_DUPLICATE && l->verdict != VERDICT_REPAIRED;
}

enum err verify_add(struct verify_run *run, size_t device, enum verdict v, const char *why,
                    uint64_t stream, uint64_t first, uint64_t last)
{
    struct verify_report *r = run->report;
    struct verify_line line = {v, device, stream, first, last, why != NULL ? why : verdict_text(v)};
    struct verify_line *end = r->lines > 0 ? &r->line[r->lines - 1] : NULL;
    if (v > r->device[device].verdict)
        r->device[device].verdict = v;
    if (end != NULL && continues(end, &line)) {
        end->last = last > end->last ? last : end->last;
        end->stream = end->stream == stream ? stream : 0;
        return ERR_OK;
    }
    if ((r->lines & (r->lines - 1)) == 0) { /* grow at powers of two */
        size_t room = r->lines > 0 ? 2 * r->lines : 1;
        struct verify_line *more = realloc(r->line, room * sizeof *more);
        if (more == NULL)
            return ERR_NOMEM;
        r->line = more;
    }
    r->line[r->lines++] = line;
    return ERR_OK;
}

enum err verify_mark(struct verify_run *run, size_t device, struct verify_slot *s, enum verdict v,
                     const char *why)
{
    s->verdict = v;
    s->why = why;
    return verify_add(run, device, v, why, s->segment->pre.number, s->n, s->n);
}

/* ---- notices: approved? until where? which history? ---- */

bool verify_notice(const struct verify_report *r, const uint8_t device[32], struct bytes file,
                   struct notice *out)
{
    struct notice n;
    for (size_t i = 0; i < r->packs; i++)
        if (notice_parse(file, r->pack[i].pack, &n) == ERR_OK &&
            memcmp(n.device, device, 32) == 0) {
            *out = n;
            return true;
        }
    return false;
}

static enum err add_choice(struct standing *st, const struct notice *n)
{
    struct verify_choice *more = realloc(st->choice, (st->choices + 1) * sizeof *more);
    if (more == NULL)
        return ERR_NOMEM;
    st->choice = more;
    st->choice[st->choices].n = n->n;
    memcpy(st->choice[st->choices++].head, n->value, HASH_LEN);
    return ERR_OK;
}

static enum err read_notice(void *ctx, const char *name, struct bytes file)
{
    struct standing *st = ctx;
    struct verify_device *d = &st->run->report->device[st->device];
    struct notice n;
    (void)name;
    if (!verify_notice(st->run->report, d->id, file, &n))
        return ERR_OK;
    d->approved = d->approved || n.kind == NOTICE_APPROVAL;
    if (n.kind == NOTICE_REVOCATION) {
        st->last = n.n < st->last ? n.n : st->last;
        d->revoked = true;
    }
    return n.kind == NOTICE_CHOICE ? add_choice(st, &n) : ERR_OK;
}

static enum err read_standing(struct standing *st)
{
    static const enum notice_kind kind[] = {NOTICE_APPROVAL, NOTICE_REVOCATION, NOTICE_CHOICE};
    enum err e = ERR_OK;
    uint8_t id[32];
    memcpy(id, st->run->report->device[st->device].id, sizeof id);
    for (size_t i = 0; e == ERR_OK && i < sizeof kind / sizeof *kind; i++)
        e = archive_each_notice(st->run->archive, kind[i], id, read_notice, st);
    return e;
}

/* ---- all of it ---- */

/* Damaged, or behind damage: by now it is known which of them opened. */
static enum err tell_loose(struct standing *st, const struct verify_history *h)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < h->looses; i++) {
        struct verify_slot *s = &h->loose[i];
        if (!s->out)
            e = verify_mark(st->run, st->device, s, s->verdict, s->why);
    }
    return e;
}

static enum err read_history(struct standing *st, struct verify_history *h)
{
    struct verify_run *run = st->run;
    struct verify_device *d = &run->report->device[st->device];
    if (h->slots > 0)
        d->pack = h->slot[h->slots - 1].pack;
    enum err e = read_standing(st);
    if (e != ERR_OK)
        return e;
    verify_history_choose(h, st->choice, st->choices);
    e = verify_history_walk(run, st->device, h, st->last);
    if (h->count > 0)
        d->pack = h->chain[h->count - 1]->pack;
    for (size_t i = 0; e == ERR_OK && !d->approved && i < h->slots && h->slot[i].n <= st->last; i++)
        e = verify_mark(run, st->device, &h->slot[i], VERDICT_QUARANTINE, NULL);
    if (e == ERR_OK && d->approved && run->key != NULL && h->count > 0)
        e = verify_open(run, st->device, h, st->choice, st->choices);
    return e == ERR_OK ? tell_loose(st, h) : e;
}

enum err verify_device(struct verify_run *run, size_t device)
{
    struct standing st = {.run = run, .device = device, .last = UINT64_MAX};
    struct verify_files files;
    struct verify_history h = {.slots = 0};
    enum err e = verify_files_read(run, device, &files);
    if (e == ERR_OK)
        e = verify_history_gather(&files, &h);
    if (e == ERR_OK)
        e = verify_files_say(run, device, &files, &h);
    if (e == ERR_OK)
        e = read_history(&st, &h);
    if (e == ERR_OK)
        verify_closing_look(run, device, &h, st.last);
    if (e == ERR_OK)
        e = verify_runs(run, device, &h);
    verify_history_free(&h);
    verify_files_free(&files);
    free(st.choice);
    return e;
}
