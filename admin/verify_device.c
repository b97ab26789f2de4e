#include "admin/verify_device.h"

#include <stdlib.h>
#include <string.h>

#include "core/segment.h"

struct file { /* one segment as it came */
    uint8_t *bytes;
    struct segment_name name;
    struct segment s;
    uint8_t (*head)[HASH_LEN]; /* NULL: refused as a whole */
    uint32_t good;             /* entries vouched for, from the front */
    enum verdict fault;        /* VERDICT_INTACT, or why not all of it counts */
};

struct reading {
    struct verify_run *run;
    size_t device;
    struct file *file;
    size_t files;
    struct verify_chain chain;
    uint64_t fork; /* first position with two histories, 0: none */
};

/* ---- steps 1 to 5, segment by segment ---- */

/* Only a segment that is whole is called foreign: a damaged name is not another laptop's doing. */
static enum verdict judge_front(const struct reading *g, struct file *f, struct bytes bytes)
{
    struct verify_device *d = &g->run->report->device[g->device];
    if (intake_read(bytes, &f->s) != ERR_OK)
        return VERDICT_DAMAGED;
    const struct verify_pack *pack = verify_find_pack(g->run->report, f->s.pre.pack);
    if (pack == NULL)
        return VERDICT_UNKNOWN_PACK;
    if (intake_check_preamble(&f->s.pre, pack->pack) != ERR_OK ||
        f->s.pre.field_len != ENTRY_FIELD_LEN + STREAM_TAG_LEN ||
        f->s.pre.answers_len != entry_answers_len(pack->study) + STREAM_TAG_LEN)
        return VERDICT_DAMAGED;
    if (memcmp(f->s.pre.device, d->id, 32) != 0 || f->s.pre.number != f->name.stream)
        return VERDICT_FOREIGN;
    if (f->s.first != f->name.first ||
        (f->s.first == f->s.pre.first && memcmp(f->s.before, f->s.pre.id, HASH_LEN) != 0))
        return VERDICT_DAMAGED;
    d->pack = pack;
    return VERDICT_INTACT;
}

static enum err judge_file(const struct reading *g, struct file *f, struct bytes bytes)
{
    f->fault = judge_front(g, f, bytes);
    if (f->fault != VERDICT_INTACT)
        return ERR_OK;
    f->head = malloc((f->s.count > 0 ? f->s.count : 1) * sizeof *f->head);
    if (f->head == NULL)
        return ERR_NOMEM;
    f->good = intake_check_entries(&f->s, f->head);
    f->fault = f->good < f->s.count ? VERDICT_DAMAGED
               : f->s.truncated     ? VERDICT_TRUNCATED
                                    : VERDICT_INTACT;
    return ERR_OK;
}

static enum err add_file(void *ctx, const char *text, struct bytes bytes)
{
    struct reading *g = ctx;
    struct file *more = realloc(g->file, (g->files + 1) * sizeof *more);
    if (more == NULL)
        return ERR_NOMEM;
    g->file = more;
    struct file *f = &g->file[g->files++];
    memset(f, 0, sizeof *f);
    f->bytes = malloc(bytes.len > 0 ? bytes.len : 1);
    if (f->bytes == NULL)
        return ERR_NOMEM;
    if (bytes.len > 0)
        memcpy(f->bytes, bytes.p, bytes.len);
    segment_get_name(text, &f->name);
    return judge_file(g, f, (struct bytes){f->bytes, bytes.len});
}

/* ---- step 6: one chain, gaps, forks ---- */

static int by_position(const void *a, const void *b)
{
    const struct verify_slot *x = a, *y = b;
    return x->n < y->n ? -1 : x->n > y->n;
}

static enum err gather(struct reading *g)
{
    size_t total = 0, kept = 0;
    for (size_t i = 0; i < g->files; i++)
        total += g->file[i].good;
    struct verify_slot *slot = calloc(total > 0 ? total : 1, sizeof *slot);
    if (slot == NULL)
        return ERR_NOMEM;
    for (size_t i = 0, at = 0; i < g->files; i++)
        for (uint32_t k = 0; k < g->file[i].good; k++)
            slot[at++] = (struct verify_slot){g->file[i].s.first + k, &g->file[i].s,
                                              intake_entry(&g->file[i].s, k), g->file[i].head[k]};
    qsort(slot, total, sizeof *slot, by_position);
    for (size_t i = 0; i < total; i++) {
        if (kept > 0 && slot[kept - 1].n == slot[i].n) {
            /* by the head, which is vouched for: a signature of an entry further in may be damaged
             */
            bool same = memcmp(slot[kept - 1].head, slot[i].head, HASH_LEN) == 0;
            if (!same && g->fork == 0)
                g->fork = slot[i].n;
            continue;
        }
        slot[kept++] = slot[i];
    }
    g->chain = (struct verify_chain){slot, kept};
    return ERR_OK;
}

/* ---- step 3: approved? until where? ---- */

struct standing {
    const struct verify_report *report;
    const uint8_t *device;
    bool approved, revoked;
    uint64_t last; /* position that counts, if revoked */
};

/* The device's key stays the same under every pack, and so does what was found about it. */
static bool signed_under_any(const struct verify_report *r, struct bytes file, struct notice *n)
{
    for (size_t i = 0; i < r->packs; i++)
        if (notice_parse(file, r->pack[i].pack, n) == ERR_OK)
            return true;
    return false;
}

static enum err read_notice(void *ctx, const char *name, struct bytes file)
{
    struct standing *st = ctx;
    struct notice n;
    (void)name;
    if (!signed_under_any(st->report, file, &n) || memcmp(n.device, st->device, 32) != 0)
        return ERR_OK;
    st->approved = st->approved || n.kind == NOTICE_APPROVAL;
    if (n.kind == NOTICE_REVOCATION) {
        st->last = !st->revoked || n.n < st->last ? n.n : st->last;
        st->revoked = true;
    }
    return ERR_OK;
}

/* What is behind a revocation is cut off before anything is made of it. */
static enum err read_standing(struct reading *g)
{
    struct verify_device *d = &g->run->report->device[g->device];
    struct standing st = {g->run->report, d->id, false, false, UINT64_MAX};
    size_t kept = g->chain.count;
    if (d->pack == NULL || g->chain.count == 0)
        return ERR_OK;
    enum err e = archive_each_notice(g->run->archive, NOTICE_APPROVAL, d->id, read_notice, &st);
    if (e == ERR_OK)
        e = archive_each_notice(g->run->archive, NOTICE_REVOCATION, d->id, read_notice, &st);
    d->approved = st.approved;
    d->revoked = st.revoked;
    while (st.revoked && kept > 0 && g->chain.slot[kept - 1].n > st.last)
        kept--;
    if (e == ERR_OK && kept < g->chain.count)
        e = verify_add(g->run, g->device, VERDICT_REVOKED, 0, g->chain.slot[kept].n,
                       g->chain.slot[g->chain.count - 1].n);
    g->chain.count = kept;
    if (g->fork > st.last)
        g->fork = 0;
    return e;
}

/* What the head after position n - 1 should be, as position n says. */
static const uint8_t *before_of(const struct verify_slot *s)
{
    if (s->n == s->segment->pre.first)
        return s->segment->pre.previous;
    return s->n == s->segment->first ? s->segment->before
                                     : s->head - HASH_LEN; /* the entry in front, same segment */
}

static enum err check_chain(struct reading *g)
{
    static const uint8_t none[HASH_LEN];
    struct verify_device *d = &g->run->report->device[g->device];
    enum err e = ERR_OK;
    uint64_t next = 1;
    const uint8_t *head = none;
    bool whole = true;
    for (size_t i = 0; e == ERR_OK && i < g->chain.count; i++) {
        const struct verify_slot *s = &g->chain.slot[i];
        if (s->n != next) {
            e = verify_add(g->run, g->device, VERDICT_GAP, s->segment->pre.number, next, s->n - 1);
            whole = false;
        } else if (memcmp(before_of(s), head, HASH_LEN) != 0 && g->fork == 0) {
            g->fork = s->n;
        }
        if (g->fork != 0 && s->n >= g->fork)
            break;
        head = s->head;
        next = s->n + 1;
        d->entries++;
        if (whole) {
            d->whole_to = s->n;
            memcpy(d->head, s->head, HASH_LEN);
        }
    }
    if (e == ERR_OK && g->fork != 0 && d->approved) {
        uint64_t last = g->chain.slot[g->chain.count - 1].n;
        e = verify_add(g->run, g->device, VERDICT_FORK, 0, g->fork, last);
    }
    return e;
}

static bool came(const struct verify_chain *c, uint64_t first, uint64_t last)
{
    struct verify_slot key = {.n = first};
    const struct verify_slot *s = bsearch(&key, c->slot, c->count, sizeof key, by_position);
    return s != NULL && last - first < c->count - (size_t)(s - c->slot) &&
           s[last - first].n == last;
}

/* A bad copy is harmless if all that its name promises came whole. */
static enum err say_fault(struct reading *g, const struct file *f)
{
    uint64_t bad = f->name.first + f->good, last = f->name.last;
    bool inside = f->head != NULL && f->fault == VERDICT_DAMAGED;
    if (inside && last < f->s.first + f->s.count - 1)
        last = f->s.first + f->s.count - 1;
    if (bad > last)
        return verify_add(g->run, g->device, VERDICT_DUPLICATE, f->name.stream, f->name.first,
                          last);
    if (f->fault == VERDICT_FOREIGN) { /* our own under a wrong name is harmless if it came whole */
        bool own = memcmp(f->s.pre.device, g->run->report->device[g->device].id, 32) == 0;
        if (own && came(&g->chain, f->s.first, f->s.first + f->s.count - 1))
            return verify_add(g->run, g->device, VERDICT_DUPLICATE, f->s.pre.number, f->s.first,
                              f->s.first + f->s.count - 1);
    } else if (came(&g->chain, bad, last)) {
        return verify_add(g->run, g->device, VERDICT_DUPLICATE, f->name.stream, bad, last);
    }
    enum err e = verify_add(g->run, g->device, f->fault, f->name.stream, bad, inside ? bad : last);
    if (e == ERR_OK && inside && last > bad)
        e = verify_add(g->run, g->device, VERDICT_BEHIND, f->name.stream, bad + 1, last);
    return e;
}

static enum err say_faults(struct reading *g)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < g->files; i++)
        if (g->file[i].fault != VERDICT_INTACT)
            e = say_fault(g, &g->file[i]);
    return e;
}

static enum err finish(struct reading *g)
{
    const struct verify_device *d = &g->run->report->device[g->device];
    if (g->chain.count == 0)
        return ERR_OK;
    uint64_t last = g->chain.slot[g->chain.count - 1].n;
    if (!d->approved)
        return verify_add(g->run, g->device, VERDICT_QUARANTINE, 0, g->chain.slot[0].n, last);
    if (g->run->key == NULL)
        return ERR_OK;
    return verify_open(g->run, g->device, &g->chain, g->fork != 0 ? g->fork - 1 : last);
}

enum err verify_device(struct verify_run *run, size_t device)
{
    struct reading g = {.run = run, .device = device};
    uint8_t id[32];
    memcpy(id, run->report->device[device].id, sizeof id);
    enum err e = archive_each_segment(run->archive, id, add_file, &g);
    if (e == ERR_OK)
        e = gather(&g);
    if (e == ERR_OK)
        e = say_faults(&g);
    if (e == ERR_OK)
        e = read_standing(&g);
    if (e == ERR_OK)
        e = check_chain(&g);
    if (e == ERR_OK)
        e = finish(&g);
    for (size_t i = 0; i < g.files; i++) {
        free(g.file[i].head);
        free(g.file[i].bytes);
    }
    free(g.chain.slot);
    free(g.file);
    return e;
}
