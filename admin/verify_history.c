/* Step 6: one history out of all that came, gaps and forks. */
#include <stdlib.h>
#include <string.h>

#include "admin/verify_device.h"

/* ---- gathering ---- */

/* The head in front of an entry, as its preamble, its segment or the entry there says. */
static const uint8_t *prior(const struct verify_slot *s)
{
    if (s->n == s->segment->pre.first)
        return s->segment->pre.previous;
    return s->n == s->segment->first ? s->segment->before : s->head - HASH_LEN;
}

bool verify_mac(const uint8_t k[32], const struct verify_slot *s)
{
    uint8_t mac[STREAM_MAC_LEN];
    size_t parts = s->sealed.len - STREAM_MAC_LEN - SIGN_LEN;
    const uint8_t *before = s->n == s->segment->pre.first ? s->segment->pre.id : prior(s);
    stream_mac(k, s->segment->pre.device, s->n, before, (struct bytes){s->sealed.p, parts}, mac);
    return sodium_memcmp(mac, s->sealed.p + parts, STREAM_MAC_LEN) == 0;
}

static int by_position(const void *a, const void *b)
{
    const struct verify_slot *x = a, *y = b;
    if (x->n != y->n)
        return x->n < y->n ? -1 : 1;
    return x->head == NULL || y->head == NULL ? 0 : memcmp(x->head, y->head, HASH_LEN);
}

/* The entry at ${n} with this head: its index, or NO_PARENT. */
static size_t find(const struct verify_history *h, uint64_t n, const uint8_t head[HASH_LEN])
{
    const struct verify_slot key = {.n = n, .head = head};
    const struct verify_slot *s =
        h->slots > 0 ? bsearch(&key, h->slot, h->slots, sizeof key, by_position) : NULL;
    return s != NULL ? (size_t)(s - h->slot) : NO_PARENT;
}

static size_t drop_doubles(struct verify_slot *slot, size_t total)
{
    size_t kept = 0;
    for (size_t i = 0; i < total; i++)
        if (kept == 0 || by_position(&slot[kept - 1], &slot[i]) != 0)
            slot[kept++] = slot[i];
    return kept;
}

static void fill(const struct verify_files *files, struct verify_history *h)
{
    for (size_t i = 0; i < files->count; i++) {
        const struct verify_file *f = &files->file[i];
        for (uint32_t k = 0; f->head != NULL && k < f->s.count; k++) {
            struct verify_slot s = {.n = f->s.first + k,
                                    .segment = &f->s,
                                    .pack = f->pack,
                                    .sealed = intake_entry(&f->s, k),
                                    .head = k < f->good ? f->head[k] : NULL,
                                    .parent = NO_PARENT};
            if (k >= f->good) {
                s.verdict = k == f->good ? VERDICT_DAMAGED : VERDICT_BEHIND;
                h->loose[h->looses++] = s;
            } else {
                h->slot[h->slots++] = s;
            }
        }
    }
}

enum err verify_history_gather(const struct verify_files *files, struct verify_history *out)
{
    size_t good = 1, bad = 1;
    *out = (struct verify_history){.slots = 0};
    for (size_t i = 0; i < files->count; i++) {
        good += files->file[i].good;
        bad += files->file[i].head != NULL ? files->file[i].s.count - files->file[i].good : 0;
    }
    out->slot = calloc(good, sizeof *out->slot);
    out->loose = calloc(bad, sizeof *out->loose);
    out->chain = calloc(good + bad, sizeof *out->chain);
    if (out->slot == NULL || out->loose == NULL || out->chain == NULL)
        return ERR_NOMEM;
    fill(files, out);
    qsort(out->slot, out->slots, sizeof *out->slot, by_position);
    qsort(out->loose, out->looses, sizeof *out->loose, by_position);
    out->slots = drop_doubles(out->slot, out->slots);
    for (size_t i = 0; i < out->slots; i++)
        if (out->slot[i].n > 1)
            out->slot[i].parent = find(out, out->slot[i].n - 1, prior(&out->slot[i]));
    return ERR_OK;
}

void verify_history_free(struct verify_history *h)
{
    free(h->slot);
    free(h->loose);
    free(h->chain);
    *h = (struct verify_history){.slots = 0};
}

/* ---- choices ---- */

/* First of the entries at ${n} or behind. */
static size_t first_at(const struct verify_history *h, uint64_t n)
{
    size_t low = 0, high = h->slots;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (h->slot[mid].n < n)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* Only ${keep} of the entries at ${n} stays; NO_PARENT: none. */
static void only(struct verify_history *h, uint64_t n, size_t keep)
{
    for (size_t i = first_at(h, n); i < h->slots && h->slot[i].n == n; i++)
        h->slot[i].out = h->slot[i].out || i != keep;
}

static void choose(struct verify_history *h, const struct verify_choice *c)
{
    size_t chosen = find(h, c->n, c->head);
    for (size_t i = chosen; i != NO_PARENT; i = h->slot[i].parent)
        if (h->slot[i].out)
            return; /* one given later says otherwise */
    only(h, c->n, chosen);
    for (size_t i = chosen; i != NO_PARENT; i = h->slot[i].parent)
        only(h, h->slot[i].n, i);
    for (size_t i = first_at(h, c->n + 1); i < h->slots && h->slot[i].n == c->n + 1; i++)
        h->slot[i].out = h->slot[i].out || memcmp(prior(&h->slot[i]), c->head, HASH_LEN) != 0;
}

/* An entry whose front is missing is in the history of its stream. */
static bool stream_is_out(const struct verify_history *h, size_t i)
{
    const struct verify_slot *s = &h->slot[i];
    for (size_t k = i; s->n > s->segment->pre.first && k > 0; k--)
        if (memcmp(h->slot[k - 1].segment->pre.id, s->segment->pre.id, HASH_LEN) == 0)
            return h->slot[k - 1].out;
    return false;
}

void verify_history_choose(struct verify_history *h, const struct verify_choice *choice, size_t n)
{
    for (size_t i = n; i > 0; i--)
        choose(h, &choice[i - 1]);
    for (size_t i = 0; n > 0 && i < h->slots; i++) { /* parents stand in front of their children */
        size_t parent = h->slot[i].parent;
        if (parent != NO_PARENT ? h->slot[parent].out : stream_is_out(h, i))
            h->slot[i].out = true;
    }
}

/* ---- forks ---- */

enum { MAX_BRANCHES = 26 }; /* a letter each; whoever makes more of them is told no more */

static struct verify_fork *new_fork(struct verify_report *r, size_t device, uint64_t n,
                                    bool decided)
{
    struct verify_fork *more = realloc(r->fork, (r->forks + 1) * sizeof *more);
    if (more == NULL)
        return NULL;
    r->fork = more;
    struct verify_fork *f = &more[r->forks];
    *f = (struct verify_fork){
        .device = device, .n = n, .locked = (n - 1) % 16 == 0, .decided = decided, .chosen = -1};
    f->branch = calloc(MAX_BRANCHES + 1, sizeof *f->branch);
    if (f->branch == NULL)
        return NULL;
    r->forks++;
    return f;
}

/* A branch that begins with entry ${i}: it and all that is behind it. ${mine} has room for every
 * entry. */
static void add_branch(struct verify_fork *f, const struct verify_history *h, size_t i,
                       uint64_t last, bool choosable, bool *mine)
{
    const struct verify_slot *s = &h->slot[i];
    if (f->branches == MAX_BRANCHES)
        return;
    struct verify_branch *b = &f->branch[f->branches++];
    *b = (struct verify_branch){.at = s->n,
                                .stream = s->segment->pre.number,
                                .first = s->n,
                                .choosable = choosable,
                                .new_session = s->n == s->segment->pre.first};
    memcpy(b->head, s->head, HASH_LEN);
    memset(mine, 0, h->slots);
    mine[i] = true;
    for (size_t k = i; k < h->slots && h->slot[k].n <= last; k++) {
        mine[k] = mine[k] || (h->slot[k].parent != NO_PARENT && mine[h->slot[k].parent]);
        if (mine[k]) {
            b->entries++;
            b->last = h->slot[k].n;
        }
    }
}

/* The history that ends in front of the fork. */
static void add_end(struct verify_fork *f, const struct verify_slot *s)
{
    struct verify_branch *b = &f->branch[f->branches++];
    *b = (struct verify_branch){.at = s->n,
                                .stream = s->segment->pre.number,
                                .first = f->n,
                                .last = s->n,
                                .choosable = true};
    memcpy(b->head, s->head, HASH_LEN);
}

static int by_head(const void *a, const void *b)
{
    const struct verify_branch *x = a, *y = b;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return memcmp(x->head, y->head, HASH_LEN);
}

static void order_branches(struct verify_fork *f, const uint8_t *chosen)
{
    qsort(f->branch, f->branches, sizeof *f->branch, by_head);
    for (size_t i = 0; chosen != NULL && i < f->branches; i++)
        if (memcmp(f->branch[i].head, chosen, HASH_LEN) == 0)
            f->chosen = (int)i;
}

struct walk {
    struct verify_run *run;
    size_t device;
    struct verify_history *h;
    uint64_t last; /* position up to which anything counts */
    bool *mine;
};

/* Entries from ${i} on, all of one position, are candidates; none or several follow ${front}. */
static enum err tell_fork(struct walk *w, size_t i, const struct verify_slot *front, bool known,
                          size_t fitting)
{
    uint64_t n = w->h->slot[i].n;
    struct verify_fork *f = new_fork(w->run->report, w->device, n, false);
    if (f == NULL)
        return ERR_NOMEM;
    for (; i < w->h->slots && w->h->slot[i].n == n; i++) {
        bool fits =
            !known || (front != NULL && memcmp(prior(&w->h->slot[i]), front->head, HASH_LEN) == 0);
        if (!w->h->slot[i].out)
            add_branch(f, w->h, i, w->last, fits, w->mine);
    }
    if (fitting == 0 && front != NULL)
        add_end(f, front);
    order_branches(f, NULL);
    return ERR_OK;
}

/* True if a choice put this entry aside, and not one in front of it. */
static bool parts_here(const struct verify_history *h, size_t i)
{
    return h->slot[i].out && (h->slot[i].parent == NO_PARENT || !h->slot[h->slot[i].parent].out);
}

/* The chain's entry at ${n}, or NULL. */
static struct verify_slot *chain_at(const struct verify_history *h, uint64_t n)
{
    size_t low = 0, high = h->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (h->chain[mid]->n < n)
            low = mid + 1;
        else
            high = mid;
    }
    return low < h->count && h->chain[low]->n == n ? h->chain[low] : NULL;
}

/* Forks that a person decided are shown for ever. */
static enum err tell_decided(struct walk *w)
{
    const struct verify_history *h = w->h;
    for (size_t i = 0; i < h->slots && h->slot[i].n <= w->last;) {
        uint64_t n = h->slot[i].n;
        struct verify_fork *f = NULL;
        const struct verify_slot *own = chain_at(h, n);
        const struct verify_slot *front = n > 1 ? chain_at(h, n - 1) : NULL;
        for (; i < h->slots && h->slot[i].n == n; i++) {
            if (!parts_here(h, i))
                continue;
            if (f == NULL) {
                if ((f = new_fork(w->run->report, w->device, n, true)) == NULL)
                    return ERR_NOMEM;
                if (own != NULL) /* first: it must be among those that are told */
                    add_branch(f, h, (size_t)(own - h->slot), w->last, true, w->mine);
                else if (front != NULL)
                    add_end(f, front);
            }
            add_branch(f, h, i, w->last, true, w->mine);
        }
        if (f == NULL)
            continue;
        order_branches(f, own != NULL ? own->head : front != NULL ? front->head : NULL);
    }
    return ERR_OK;
}

/* ---- the walk ---- */

/* One entry of several at this position, or none: the one that follows, if no other one came. */
static enum err step(struct walk *w, size_t i, size_t *next)
{
    struct verify_history *h = w->h;
    const struct verify_slot *front = h->count > 0 ? h->chain[h->count - 1] : NULL;
    uint64_t n = h->slot[i].n;
    bool known = front != NULL ? front->n == n - 1 : n == 1;
    size_t candidates = 0, fitting = 0, one = i, at = i;
    for (; i < h->slots && h->slot[i].n == n; i++) {
        if (h->slot[i].out)
            continue;
        candidates++;
        if (!known || n == 1 || memcmp(prior(&h->slot[i]), front->head, HASH_LEN) == 0) {
            fitting++;
            one = i;
        }
    }
    *next = i;
    if (candidates == 0)
        return ERR_OK;
    if (candidates == 1 && fitting == 1) {
        h->chain[h->count++] = &h->slot[one];
        return ERR_OK;
    }
    h->fork = n;
    return tell_fork(w, at, front, known && n > 1, fitting);
}

/* An entry that no signature vouches for has its place by the stream that it is in. */
static bool belongs(const struct verify_history *h, const struct verify_slot *s)
{
    const struct preamble *pre = &s->segment->pre;
    const struct verify_slot *front = NULL;
    for (size_t low = 0, high = h->count; low < high;) {
        size_t mid = low + (high - low) / 2;
        if (h->chain[mid]->n < s->n) {
            front = h->chain[mid];
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    if (front != NULL && memcmp(front->segment->pre.id, pre->id, HASH_LEN) == 0)
        return true;
    if (front != NULL && front->n >= pre->first)
        return false;
    return front == NULL || front->n + 1 < pre->first ||
           (front->head != NULL && memcmp(front->head, pre->previous, HASH_LEN) == 0);
}

static int by_place(const void *a, const void *b)
{
    const struct verify_slot *const *x = a, *const *y = b;
    return (*x)->n < (*y)->n ? -1 : (*x)->n > (*y)->n;
}

/* Fill the gaps with what came damaged or behind damage. */
static void add_loose(struct walk *w)
{
    struct verify_history *h = w->h;
    size_t vouched = h->count, end = h->count;
    for (size_t i = 0; i < h->looses; i++) {
        struct verify_slot *s = &h->loose[i];
        bool twice = end > vouched && h->chain[end - 1]->n == s->n;
        if (chain_at(h, s->n) != NULL || twice || s->n > w->last)
            s->out = true; /* needless */
        else if ((h->fork == 0 || s->n < h->fork) && belongs(h, s))
            h->chain[end++] = s;
    }
    h->count = end;
    qsort(h->chain, h->count, sizeof(struct verify_slot *), by_place);
}

/* A piece came for it, and has its verdict: where that ends, or 0. */
static uint64_t told_to(const struct walk *w, uint64_t n, uint64_t *next)
{
    const struct verify_report *r = w->run->report;
    for (size_t i = 0; i < r->lines; i++) {
        const struct verify_line *l = &r->line[i];
        if (l->device != w->device || verdict_err(l->verdict) == ERR_OK ||
            l->verdict == VERDICT_FOREIGN || l->last < n)
            continue;
        if (l->first <= n)
            return l->last;
        *next = l->first < *next ? l->first : *next;
    }
    return 0;
}

static enum err tell_gap(struct walk *w, uint64_t stream, uint64_t n, uint64_t last)
{
    enum err e = ERR_OK;
    while (e == ERR_OK && n <= last) {
        uint64_t next = last + 1, to = told_to(w, n, &next);
        if (to == 0) {
            e = verify_add(w->run, w->device, VERDICT_GAP, NULL, stream, n, next - 1);
            to = next - 1;
        }
        if (to >= last)
            break;
        n = to + 1;
    }
    return e;
}

static enum err tell_gaps(struct walk *w)
{
    struct verify_device *d = &w->run->report->device[w->device];
    uint64_t next = 1;
    bool whole = true;
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < w->h->count; i++) {
        const struct verify_slot *s = w->h->chain[i];
        if (s->n != next)
            e = tell_gap(w, s->segment->pre.number, next, s->n - 1);
        whole = whole && s->n == next && s->head != NULL;
        next = s->n + 1;
        d->entries += s->head != NULL;
        if (whole) {
            d->whole_to = s->n;
            memcpy(d->head, s->head, HASH_LEN);
        }
    }
    return e;
}

/* What is vouched for and not in the chain: behind the last position that counts, behind a fork, or
 * not chosen. */
static enum err tell_rest(struct walk *w)
{
    struct verify_history *h = w->h;
    enum err e = ERR_OK;
    bool approved = w->run->report->device[w->device].approved;
    for (int pass = 0; pass < 3; pass++) {
        static const enum verdict v[] = {VERDICT_REVOKED, VERDICT_NOT_CHOSEN, VERDICT_FORK};
        for (size_t i = 0; e == ERR_OK && i < h->slots; i++) {
            struct verify_slot *s = &h->slot[i];
            bool behind = s->n > w->last;
            bool is = pass == 0   ? behind
                      : pass == 1 ? !behind && s->out
                                  : !behind && !s->out && h->fork != 0 && s->n >= h->fork;
            if (is && (approved || pass == 0))
                e = verify_mark(w->run, w->device, s, v[pass], NULL);
        }
    }
    return e;
}

enum err verify_history_walk(struct verify_run *run, size_t device, struct verify_history *h,
                             uint64_t last)
{
    struct walk w = {run, device, h, last, calloc(h->slots + 1, 1)};
    enum err e = w.mine == NULL ? ERR_NOMEM : ERR_OK;
    for (size_t i = 0; e == ERR_OK && h->fork == 0 && i < h->slots && h->slot[i].n <= last;)
        e = step(&w, i, &i);
    if (e == ERR_OK)
        e = tell_decided(&w);
    if (e == ERR_OK) {
        add_loose(&w);
        e = tell_gaps(&w);
    }
    if (e == ERR_OK)
        e = tell_rest(&w);
    free(w.mine);
    return e;
}
