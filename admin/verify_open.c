/* Steps 7 to 12: box, root, MACs, parts, ranges, replay. */
#include <stdlib.h>
#include <string.h>

#include "admin/unseal.h"
#include "admin/verify_replay.h"

enum { PART_MAX = 4096 };

struct opening {
    struct verify_run *run;
    size_t device;
    struct verify_history *h;
    const struct verify_choice *choice;
    size_t choices;
    const struct verify_pack *pack; /* of the entry in hand */
    const struct preamble *pre;     /* of the stream in hand */
    struct unseal *unseal;          /* NULL: its box does not open */
    struct secret *mac;             /* k of position `mac_n`; researchers only */
    uint64_t mac_n;
    /* Nothing was missed since an entry fitted that chain: one that does not is forged. Else a root
     * may be in what was missed. */
    bool sure;
    bool counts;        /* no chain restarted, or a person chose the root where it did */
    bool shut;          /* since the last root a session came that is not sealed to this key */
    uint32_t root_pack; /* number of the last root's pack; 0: none was read */
    uint64_t next;      /* position expected */
    struct verify_replay replay;
    struct entry_clocks front; /* of the last entry read */
    bool has_front;
    size_t fork; /* index of the next fork to look at */
    uint8_t *field, *answers;
    struct entry_field f;
    struct entry_answers a;
};

static enum err mark(const struct opening *o, struct verify_slot *s, enum verdict v,
                     const char *why)
{
    if (s->head != NULL)
        return verify_mark(o->run, o->device, s, v, why);
    s->verdict = v; /* told in the end */
    s->why = why;
    return ERR_OK;
}

/* ---- step 7: the box ---- */

/* A pack goes only forward, and what this key cannot read may hold a root. */
static enum err open_box(struct opening *o, enum verdict *v, const char **why)
{
    enum err e = unseal_begin(o->pre, o->pack->pack, o->run->key, &o->unseal);
    bool ours = unseal_is_ours(o->pack->pack, o->run->key);
    *v = VERDICT_INTACT;
    if (e == ERR_KEY && !ours) {
        *v = VERDICT_NOT_OURS;
        o->shut = true;
        secret_free(o->mac);
        o->mac = NULL;
    } else if (e == ERR_KEY) {
        *v = VERDICT_FORGED;
        *why = "the laptop sealed something else into this key's box; another recipient's key may "
               "open it";
    } else if (e == ERR_DOUBT) {
        *v = VERDICT_FORGED;
        *why = "the keys in this key's box are not those that the session commits to; another "
               "recipient may read something else";
    } else {
        return e;
    }
    return ERR_OK;
}

/* The end of the stream in hand: index behind its last entry. */
static size_t end_of_stream(const struct opening *o, size_t i)
{
    while (i < o->h->count && memcmp(o->h->chain[i]->segment->pre.id, o->pre->id, HASH_LEN) == 0)
        i++;
    return i;
}

/* With ${i} moved on behind the stream where nothing of it can be read. */
static enum err next_stream(struct opening *o, size_t *i)
{
    struct verify_slot *s = o->h->chain[*i];
    enum verdict v = VERDICT_INTACT;
    const char *why = NULL;
    unseal_free(o->unseal);
    o->unseal = NULL;
    o->pre = &s->segment->pre;
    if (o->pack != NULL && !verify_is_behind(o->run->report, s->pack, o->pack)) {
        v = VERDICT_FORGED;
        why = "a session under an earlier pack than the one in front of it";
    }
    o->pack = s->pack;
    o->run->report->device[o->device].pack = s->pack;
    enum err e = v == VERDICT_INTACT ? open_box(o, &v, &why) : ERR_OK;
    if (e != ERR_OK || v == VERDICT_INTACT)
        return e;
    verify_replay_stop(&o->replay);
    for (size_t end = end_of_stream(o, *i); e == ERR_OK && *i < end; ++*i) {
        e = mark(o, o->h->chain[*i], v, why);
        o->next = o->h->chain[*i]->n + 1;
    }
    return e;
}

/* ---- steps 8 to 11 ---- */

static bool mac_fits(struct opening *o, const struct verify_slot *s)
{
    uint8_t *k = secret_bytes(o->mac);
    for (; o->mac_n < s->n; o->mac_n++)
        hash_once(k, k, "next", (struct bytes){NULL, 0});
    return o->mac_n == s->n && verify_mac(k, s);
}

/* The two parts, opened and read; false if they do not open or say what no laptop says. */
static bool read_parts(struct opening *o, const struct verify_slot *s)
{
    bool both = unseal_answers(o->unseal);
    if (unseal_entry(o->unseal, s->n, s->sealed, o->field, o->answers) != ERR_OK ||
        entry_get_field(o->field, &o->f) != ERR_OK)
        return false;
    struct bytes answers = {o->answers, entry_answers_len(o->pack->study)};
    return !both || entry_get_answers(o->pack->study, o->f.kind, answers, &o->a) == ERR_OK;
}

static bool is_chosen(const struct opening *o, const struct verify_slot *s)
{
    for (size_t i = 0; s->head != NULL && i < o->choices; i++)
        if (o->choice[i].n == s->n && memcmp(o->choice[i].head, s->head, HASH_LEN) == 0)
            return true;
    return false;
}

/* A reader who was added with this pack has no chain to check its root against, and nobody in front
 * of it to ask. */
static bool reads_from_here(const struct opening *o)
{
    const struct verify_report *r = o->run->report;
    for (size_t i = 0; !o->shut && i < r->packs; i++)
        if (&r->pack[i] != o->pack && verify_is_behind(r, o->pack, &r->pack[i]) &&
            unseal_is_ours(r->pack[i].pack, o->run->key))
            return false;
    return true;
}

enum root_kind { ROOT_FIRST, ROOT_NEXT_PACK, ROOT_RESTART, ROOT_UNCHECKED, ROOT_FORGED };

/* A researcher tells by the MAC, a supervisor by the numbers. ${fits}: the chain in front. */
static enum root_kind judge_root(const struct opening *o, const struct verify_slot *s, bool fits)
{
    if (o->f.u.root.pack_number != o->pack->pack->number || s->n != o->pre->first)
        return ROOT_FORGED;
    if (!unseal_answers(o->unseal))
        return s->n == 1                                 ? ROOT_FIRST
               : o->root_pack == o->f.u.root.pack_number ? ROOT_RESTART
                                                         : ROOT_NEXT_PACK;
    bool itself = verify_mac(o->a.u.root.mac, s);
    if (itself)
        return s->n == 1 ? ROOT_FIRST : ROOT_RESTART;
    if (s->n == 1 || (fits && o->f.u.root.pack_number <= o->root_pack))
        return ROOT_FORGED;
    if (fits || (o->mac == NULL && reads_from_here(o)))
        return ROOT_NEXT_PACK;
    return o->mac != NULL && o->sure ? ROOT_FORGED : ROOT_UNCHECKED;
}

static enum err take_root(struct opening *o, struct verify_slot *s, enum root_kind kind)
{
    static const uint8_t none[32];
    struct verify_device *d = &o->run->report->device[o->device];
    enum err e = ERR_OK;
    d->cost_ops = o->f.u.root.cost_ops;
    d->cost_mem = o->f.u.root.cost_mem;
    d->has_machine = memcmp(o->f.u.root.machine, none, sizeof o->f.u.root.machine) != 0;
    if (memcmp(o->f.u.root.replaces, none, 32) != 0) {
        d->has_replaced = true;
        memcpy(d->replaced, o->f.u.root.replaces, 32);
    }
    o->root_pack = o->f.u.root.pack_number;
    o->sure = true;
    o->shut = false;
    if (kind == ROOT_RESTART) {
        d->restarted = s->n;
        if (s->head != NULL)
            memcpy(d->restart_head, s->head, HASH_LEN);
        o->counts = is_chosen(o, s);
        e = mark(o, s, o->counts ? VERDICT_RESUMED : VERDICT_RESTARTED, NULL);
    }
    if (e != ERR_OK || !unseal_answers(o->unseal))
        return e;
    secret_free(o->mac);
    o->mac = NULL;
    e = secret_copy(o->a.u.root.mac, 32, &o->mac);
    o->mac_n = kind == ROOT_NEXT_PACK ? s->n + 1 : s->n;
    if (e == ERR_OK)
        e = verify_replay_start(&o->replay, o->pack, o->a.u.root.assign);
    secret_wipe(&o->a.u.root, sizeof o->a.u.root);
    return e;
}

static enum err open_root(struct opening *o, struct verify_slot *s, bool fits)
{
    enum root_kind kind = judge_root(o, s, fits);
    if (kind == ROOT_FORGED && s->head == NULL)
        return mark(o, s, VERDICT_DAMAGED, NULL);
    if (kind == ROOT_FORGED)
        return mark(o, s, VERDICT_FORGED, "a root entry that no laptop writes here");
    if (kind == ROOT_UNCHECKED)
        return mark(o, s, VERDICT_ROOTLESS, NULL);
    if (s->head == NULL)
        s->verdict = VERDICT_BEHIND;
    return take_root(o, s, kind);
}

/* ---- one position after another ---- */

/* What passed every step. */
static enum err pass(struct opening *o, struct verify_slot *s)
{
    bool researcher = unseal_answers(o->unseal), fits = true;
    enum err e = ERR_OK;
    if (!o->counts)
        return mark(o, s, VERDICT_RESTARTED, NULL);
    if (researcher)
        e = verify_replay_entry(&o->replay, o->pack, &o->f, &o->a, &fits);
    if (e == ERR_OK && !fits)
        e = mark(o, s, VERDICT_ASSIGNMENT, NULL);
    if (e == ERR_OK && o->run->event != NULL)
        e = o->run->event(o->run->ctx, o->run->report, o->device, s->n, &o->f,
                          researcher ? &o->a : NULL);
    return e;
}

static enum err no_chain(struct opening *o, struct verify_slot *s)
{
    return o->sure ? mark(o, s, VERDICT_FORGED, NULL) : mark(o, s, VERDICT_ROOTLESS, NULL);
}

/* An entry that is no root, opened: is it of the chain of the last root? */
static enum err check_chain(struct opening *o, struct verify_slot *s, bool fits, bool *passed)
{
    static const char rootless[] = "a session under another pack that does not begin with a root";
    bool researcher = unseal_answers(o->unseal), rooted = o->root_pack == o->pack->pack->number;
    if (s->n == 1)
        return mark(o, s, VERDICT_FORGED, "the first entry of a laptop that is not a root");
    if (!rooted && o->root_pack != 0 && o->sure)
        return mark(o, s, VERDICT_FORGED, rootless);
    if (researcher && (!rooted || o->mac == NULL))
        return mark(o, s, VERDICT_ROOTLESS, NULL);
    if (researcher && s->head != NULL && !fits)
        return no_chain(o, s);
    o->sure = o->sure || fits;
    *passed = true;
    return ERR_OK;
}

/* ERR_OK with ${passed} false: the entry has its verdict and goes no further. */
static enum err check(struct opening *o, struct verify_slot *s, bool *passed)
{
    bool known = o->mac != NULL && s->head != NULL && unseal_answers(o->unseal);
    bool fits = known && mac_fits(o, s);
    if (known && !fits && s->n != o->pre->first) /* and no root */
        return no_chain(o, s);
    if (!read_parts(o, s))
        return mark(o, s, s->head != NULL ? VERDICT_FORGED : VERDICT_DAMAGED,
                    s->head != NULL ? "signed by the laptop, but it does not open" : NULL);
    o->front = o->f.clocks;
    o->has_front = true;
    return o->f.kind == ENTRY_ROOT ? open_root(o, s, fits) : check_chain(o, s, fits, passed);
}

static enum err open_slot(struct opening *o, struct verify_slot *s)
{
    bool passed = false;
    o->f.kind = ENTRY_FILLER;
    if (s->n != o->next || s->head == NULL) { /* draws, or a root, may be missing */
        verify_replay_stop(&o->replay);
        o->sure = false;
    }
    o->next = s->n + 1;
    enum err e = check(o, s, &passed);
    if (e == ERR_OK && !passed && o->f.kind != ENTRY_ROOT)
        verify_replay_stop(&o->replay);
    if (e == ERR_OK && passed && s->head == NULL) {
        /* every recipient's keys could make such an entry; only the laptop's could sign it */
        s->verdict = VERDICT_BEHIND;
        s->why =
            "it opens, but a byte in front of it or beside it was changed on the way, so that no "
            "signature vouches for it; not counted; sync again from the laptop";
        passed = false;
    }
    return e == ERR_OK && passed ? pass(o, s) : e;
}

/* Forks of this device up to ${n}, in order. */
static enum err look_at_forks(struct opening *o, uint64_t n)
{
    struct verify_report *r = o->run->report;
    enum err e = ERR_OK;
    for (; e == ERR_OK && o->fork < r->forks && r->fork[o->fork].n <= n; o->fork++)
        if (r->fork[o->fork].device == o->device)
            e = verify_branch_look(o->run, o->h, &r->fork[o->fork], o->mac, o->mac_n,
                                   o->has_front ? &o->front : NULL);
    return e;
}

static enum err open_all(struct opening *o)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < o->h->count;) {
        struct verify_slot *s = o->h->chain[i];
        e = look_at_forks(o, s->n);
        bool same = o->pre != NULL && memcmp(o->pre->id, s->segment->pre.id, HASH_LEN) == 0;
        size_t at = i;
        if (e == ERR_OK && !same)
            e = next_stream(o, &i);
        if (e != ERR_OK || i != at)
            continue;
        e = open_slot(o, s);
        i++;
    }
    return e == ERR_OK ? look_at_forks(o, UINT64_MAX) : e;
}

static int by_device_and_position(const void *a, const void *b)
{
    const struct verify_fork *x = a, *y = b;
    if (x->device != y->device)
        return x->device < y->device ? -1 : 1;
    return x->n < y->n ? -1 : x->n > y->n;
}

enum err verify_open(struct verify_run *run, size_t device, struct verify_history *h,
                     const struct verify_choice *choice, size_t choices)
{
    struct opening *o = calloc(1, sizeof *o);
    if (o == NULL)
        return ERR_NOMEM;
    *o = (struct opening){.run = run,
                          .device = device,
                          .h = h,
                          .choice = choice,
                          .choices = choices,
                          .counts = true,
                          .next = 1,
                          .replay = {.run = run, .device = device}};
    o->field = malloc(PART_MAX);
    o->answers = malloc(PART_MAX);
    if (run->report->forks > 0)
        qsort(run->report->fork, run->report->forks, sizeof *run->report->fork,
              by_device_and_position);
    enum err e = o->field == NULL || o->answers == NULL ? ERR_NOMEM : open_all(o);
    if (o->field != NULL)
        secret_wipe(o->field, PART_MAX);
    if (o->answers != NULL)
        secret_wipe(o->answers, PART_MAX);
    free(o->field);
    free(o->answers);
    unseal_free(o->unseal);
    secret_free(o->mac);
    verify_replay_stop(&o->replay);
    secret_wipe(o, sizeof *o);
    free(o);
    return e;
}
