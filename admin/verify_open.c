/* Steps 7 to 12: box, root, MACs, parts, ranges, replay. */
#include <stdlib.h>
#include <string.h>

#include "admin/unseal.h"
#include "admin/verify_device.h"

enum { PART_MAX = 4096 };

struct opening {
    struct verify_run *run;
    size_t device;
    const struct verify_pack *pack;
    const struct verify_chain *chain;
    const struct preamble *pre;                      /* of the stream in hand */
    struct unseal *unseal;                           /* NULL: its box does not open */
    enum { ROOT_NONE, ROOT_DUE, ROOT_PERHAPS } root; /* is the entry in hand one? */
    struct secret *mac;                              /* k of position `mac_n`; researchers only */
    uint64_t mac_n;
    struct assign *assign; /* NULL: no root, or what the chains hold is not known any more */
    bool approved;
    uint64_t next; /* position expected: a gap ends the replay */
    uint8_t *field, *answers;
    struct entry_field f;
    struct entry_answers a;
};

static enum err add(const struct opening *o, enum verdict v, uint64_t n)
{
    return verify_add(o->run, o->device, v, o->pre != NULL ? o->pre->number : 0, n, n);
}

/* Draws may be missing: what follows cannot be replayed. */
static void drop_draws(struct opening *o)
{
    assign_free(o->assign);
    o->assign = NULL;
}

/* What follows cannot be checked against what came before. */
static void drop_chains(struct opening *o)
{
    secret_free(o->mac);
    o->mac = NULL;
    drop_draws(o);
}

/* The last position of the stream that ${s} belongs to. */
static uint64_t end_of_stream(const struct opening *o, const struct verify_slot *s)
{
    const struct verify_slot *end = o->chain->slot + o->chain->count;
    uint64_t last = s->n;
    for (; s < end && memcmp(s->segment->pre.id, o->pre->id, HASH_LEN) == 0; s++)
        last = s->n;
    return last;
}

/* A device begins with a root, and so does what it does under another pack; behind a gap nobody
 * knows whether that root was in it. Packs never go back. */
static void next_pack(struct opening *o, const struct verify_slot *s, bool gap)
{
    const struct verify_report *r = o->run->report;
    const struct verify_pack *pack = verify_find_pack(r, s->segment->pre.pack);
    bool changed = pack != o->pack, on = o->pack == NULL || verify_is_behind(r, pack, o->pack);
    o->root = s->n == 1 ? ROOT_DUE : !changed ? ROOT_NONE : gap ? ROOT_PERHAPS : ROOT_DUE;
    if (!on)
        o->root = ROOT_NONE;
    o->pack = pack;
    o->run->report->device[o->device].pack = pack;
}

static enum err next_stream(struct opening *o, const struct verify_slot *s, bool gap)
{
    o->root = ROOT_NONE;
    if (o->pre != NULL && memcmp(o->pre->id, s->segment->pre.id, HASH_LEN) == 0)
        return ERR_OK;
    unseal_free(o->unseal);
    o->unseal = NULL;
    o->pre = &s->segment->pre;
    next_pack(o, s, gap);
    enum err e = unseal_begin(o->pre, o->pack->pack, o->run->key, &o->unseal);
    if (e != ERR_KEY && e != ERR_DOUBT)
        return e;
    return verify_add(o->run, o->device, e == ERR_KEY ? VERDICT_NOT_OURS : VERDICT_FORGED,
                      o->pre->number, s->n, end_of_stream(o, s));
}

static bool mac_fits(struct opening *o, const struct verify_slot *s)
{
    uint8_t mac[STREAM_MAC_LEN], *k = secret_bytes(o->mac);
    size_t parts = s->sealed.len - STREAM_MAC_LEN - SIGN_LEN;
    const uint8_t *before = s->n == s->segment->pre.first ? s->segment->pre.id
                            : s->n == s->segment->first   ? s->segment->before
                                                          : s->head - HASH_LEN;
    for (; o->mac_n < s->n; o->mac_n++)
        hash_once(k, k, "next", (struct bytes){NULL, 0});
    stream_mac(k, s->segment->pre.device, s->n, before, (struct bytes){s->sealed.p, parts}, mac);
    return memcmp(mac, s->sealed.p + parts, STREAM_MAC_LEN) == 0;
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

/* The first root of a device is MACed under itself, a later one under the chain it ends. */
static enum err start_root(struct opening *o, const struct verify_slot *s)
{
    struct verify_device *d = &o->run->report->device[o->device];
    enum err e = ERR_OK;
    d->cost_ops = o->f.u.root.cost_ops;
    d->cost_mem = o->f.u.root.cost_mem;
    o->approved = false;
    if (!unseal_answers(o->unseal))
        return ERR_OK;
    drop_chains(o);
    e = secret_copy(o->a.u.root.mac, 32, &o->mac);
    o->mac_n = s->n == 1 ? 1 : s->n + 1;
    if (e == ERR_OK)
        e = assign_new(o->pack->study, o->pack->pack->strata, o->a.u.root.assign, &o->assign);
    secret_wipe(&o->a.u.root, sizeof o->a.u.root);
    return e;
}

/* ---- replay ---- */

struct find_approval {
    const uint8_t *hash, *device;
    const struct pack *pack;
    bool found;
    struct notice notice;
};

static enum err match_approval(void *ctx, const char *name, struct bytes file)
{
    struct find_approval *fa = ctx;
    uint8_t hash[HASH_LEN];
    (void)name;
    notice_hash(file, hash);
    if (!fa->found && memcmp(hash, fa->hash, HASH_LEN) == 0)
        fa->found = notice_parse(file, fa->pack, &fa->notice) == ERR_OK &&
                    fa->notice.kind == NOTICE_APPROVAL &&
                    memcmp(fa->notice.device, fa->device, 32) == 0;
    return ERR_OK;
}

static enum err replay_approved(struct opening *o, uint64_t n)
{
    struct verify_report *r = o->run->report;
    struct find_approval fa = {
        .hash = o->f.u.event.hash, .device = r->device[o->device].id, .pack = o->pack->pack};
    enum err e = archive_each_notice(o->run->archive, NOTICE_APPROVAL, r->device[o->device].id,
                                     match_approval, &fa);
    if (e != ERR_OK)
        return e;
    if (!fa.found || o->approved) { /* an approval nobody of the pack gave, or a second one */
        drop_draws(o);
        return add(o, VERDICT_ASSIGNMENT, n);
    }
    o->approved = true;
    assign_approve(o->assign, fa.notice.value);
    return ERR_OK;
}

static bool same_draw(const struct draw *x, const struct draw *y, size_t lists)
{
    for (size_t l = 0; l < lists; l++)
        if (x->arm[l] != y->arm[l] || x->position[l] != y->position[l] ||
            x->order[l] != y->order[l])
            return false;
    return true;
}

/* The stratum is the sampling point's: nobody picks the one with the arm they want. */
static bool stratum_fits(const struct opening *o)
{
    int point = points_find(o->pack->points, o->f.u.contact.point);
    return point < 0 ? o->f.u.contact.stratum == 0
                     : o->pack->points->stratum_of[point] == o->f.u.contact.stratum;
}

static enum err replay_assigned(struct opening *o, uint64_t n)
{
    struct draw draw;
    uint32_t asked = 0;
    size_t lists = o->pack->study->lists;
    struct verify_report *r = o->run->report;
    for (size_t l = 0; l < lists; l++)
        if (o->a.u.draw.arm[l] != ARM_NOT_ASKED)
            asked |= UINT32_C(1) << l;
    assign_draw(o->assign, (o->f.flags & ENTRY_TEST) != 0, o->f.u.contact.stratum, asked, &draw);
    r->replayed++;
    r->before_approval += !o->approved;
    bool fits = same_draw(&draw, &o->a.u.draw, lists) && stratum_fits(o);
    secret_wipe(&draw, sizeof draw);
    if (fits)
        return ERR_OK;
    r->mismatched++;
    return add(o, VERDICT_ASSIGNMENT, n);
}

static enum err replay(struct opening *o, const struct verify_slot *s)
{
    if (o->assign == NULL)
        return ERR_OK;
    if (o->f.kind == ENTRY_APPROVED)
        return replay_approved(o, s->n);
    return o->f.kind == ENTRY_ASSIGNED ? replay_assigned(o, s->n) : ERR_OK;
}

/* ---- one position after another ---- */

/* ERR_OK with ${read} false: set aside, the gap or the foreign pack in front says why. */
static enum err read_slot(struct opening *o, const struct verify_slot *s, bool *read)
{
    bool researcher = unseal_answers(o->unseal), first = s->n == 1;
    bool known = researcher && o->mac != NULL, fits = known && mac_fits(o, s);
    if (researcher && !first && !known && o->root == ROOT_NONE)
        return ERR_OK; /* without the root nothing can be checked */
    if (known && !fits && o->root == ROOT_PERHAPS) {
        drop_chains(o); /* a pack's root may be in the gap */
        return ERR_OK;
    }
    if (known && !fits)
        return add(o, VERDICT_FORGED, s->n);
    if (!read_parts(o, s))
        return add(o, VERDICT_FORGED, s->n);
    bool root = o->f.kind == ENTRY_ROOT;
    if (root && o->f.u.root.pack_number != o->pack->pack->number)
        return add(o, VERDICT_FORGED, s->n);
    if (o->root == ROOT_PERHAPS && !root && researcher && !known)
        return ERR_OK;
    bool may =
        root ? o->root != ROOT_NONE : o->root != ROOT_DUE && !(known && o->root == ROOT_PERHAPS);
    if (!may)
        return add(o, VERDICT_FORGED, s->n);
    enum err e = root ? start_root(o, s) : ERR_OK;
    if (e == ERR_OK && first && researcher && !mac_fits(o, s))
        return add(o, VERDICT_FORGED, s->n);
    *read = e == ERR_OK;
    return e;
}

static enum err open_slot(struct opening *o, const struct verify_slot *s)
{
    bool gap = s->n != o->next, read = false;
    o->next = s->n + 1;
    if (gap)
        drop_draws(o);
    enum err e = next_stream(o, s, gap);
    if (e == ERR_OK && o->unseal != NULL)
        e = read_slot(o, s, &read);
    if (e == ERR_OK && o->unseal == NULL && o->root == ROOT_DUE)
        drop_chains(o); /* a root of a pack that this key does not read */
    if (e == ERR_OK && !read)
        drop_draws(o);
    if (e != ERR_OK || !read || o->f.kind == ENTRY_ROOT)
        return e;
    bool researcher = unseal_answers(o->unseal);
    if (researcher)
        e = replay(o, s);
    if (e == ERR_OK && o->run->event != NULL)
        e = o->run->event(o->run->ctx, o->run->report, o->device, s->n, &o->f,
                          researcher ? &o->a : NULL);
    return e;
}

enum err verify_open(struct verify_run *run, size_t device, const struct verify_chain *chain,
                     uint64_t last)
{
    struct opening *o = calloc(1, sizeof *o);
    if (o == NULL)
        return ERR_NOMEM;
    o->run = run;
    o->device = device;
    o->chain = chain;
    o->next = 1;
    o->field = malloc(PART_MAX);
    o->answers = malloc(PART_MAX);
    enum err e = o->field == NULL || o->answers == NULL ? ERR_NOMEM : ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < chain->count && chain->slot[i].n <= last; i++)
        e = open_slot(o, &chain->slot[i]);
    if (o->field != NULL)
        secret_wipe(o->field, PART_MAX);
    if (o->answers != NULL)
        secret_wipe(o->answers, PART_MAX);
    free(o->field);
    free(o->answers);
    unseal_free(o->unseal);
    secret_free(o->mac);
    assign_free(o->assign);
    secret_wipe(o, sizeof *o);
    free(o);
    return e;
}
