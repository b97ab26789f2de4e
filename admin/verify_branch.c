/* What the branches of a fork say of themselves, where they open. It accuses nobody: a copy, a
 * restored disk and a disk that lost writes all leave the same two histories. */
#include <stdlib.h>
#include <string.h>

#include "admin/unseal.h"
#include "admin/verify_device.h"

enum { PART_MAX = 4096 };

struct looking {
    struct verify_run *run;
    const struct verify_history *h;
    const struct secret *mac;
    uint64_t mac_n;
    const struct entry_clocks *front;
    uint8_t *part; /* room for both parts */
};

static const struct verify_slot *slot_at(const struct verify_history *h, uint64_t n,
                                         const uint8_t *head)
{
    for (size_t i = 0; i < h->slots; i++)
        if (h->slot[i].n == n && memcmp(h->slot[i].head, head, HASH_LEN) == 0)
            return &h->slot[i];
    return NULL;
}

/* The last entry of the branch, along its first line where it parts again. */
static const struct verify_slot *last_of(const struct verify_history *h,
                                         const struct verify_slot *first, uint64_t last)
{
    const struct verify_slot *end = first;
    for (size_t i = (size_t)(first - h->slot) + 1; i < h->slots && h->slot[i].n <= last; i++)
        if (h->slot[i].parent == (size_t)(end - h->slot))
            end = &h->slot[i];
    return end;
}

/* The field part of one entry, and its answers part behind it. */
static bool open_one(const struct looking *l, const struct verify_slot *s, struct entry_field *f,
                     bool *researcher)
{
    struct unseal *u = NULL;
    if (unseal_begin(&s->segment->pre, s->pack->pack, l->run->key, &u) != ERR_OK)
        return false;
    bool ok = unseal_entry(u, s->n, s->sealed, l->part, l->part + PART_MAX) == ERR_OK &&
              entry_get_field(l->part, f) == ERR_OK;
    *researcher = unseal_answers(u);
    unseal_free(u);
    return ok;
}

static bool own_chain(const struct looking *l, const struct verify_slot *s)
{
    struct secret *k = NULL;
    bool fits = false;
    if (l->mac == NULL || l->mac_n > s->n || secret_copy(secret_view(l->mac), 32, &k) != ERR_OK)
        return false;
    for (uint64_t n = l->mac_n; n < s->n; n++)
        hash_once(secret_bytes(k), secret_bytes(k), "next", (struct bytes){NULL, 0});
    fits = verify_mac(secret_view(k), s);
    secret_free(k);
    return fits;
}

static void judge_chain(const struct looking *l, const struct verify_slot *s,
                        const struct entry_field *f, struct verify_branch *b)
{
    struct entry_answers a;
    struct bytes answers = {l->part + PART_MAX, entry_answers_len(s->pack->study)};
    if (l->mac != NULL)
        b->chain = own_chain(l, s) ? CHAIN_OWN : CHAIN_OTHER;
    if (f->kind != ENTRY_ROOT || b->chain == CHAIN_OWN ||
        entry_get_answers(s->pack->study, f->kind, answers, &a) != ERR_OK)
        return;
    if (verify_mac(a.u.root.mac, s))
        b->chain = CHAIN_RESTARTED;
    secret_wipe(&a, sizeof a);
}

static void look(const struct looking *l, struct verify_branch *b)
{
    struct entry_field f = {.kind = ENTRY_FILLER};
    bool researcher = false;
    const struct verify_slot *s = b->entries > 0 ? slot_at(l->h, b->at, b->head) : NULL;
    if (s == NULL || !open_one(l, s, &f, &researcher))
        return;
    b->opened = true;
    b->from = b->to = f.clocks.wall;
    memcpy(b->boot, f.clocks.boot, sizeof b->boot);
    b->same_start = l->front != NULL && memcmp(l->front->boot, f.clocks.boot, sizeof b->boot) == 0;
    if (researcher)
        judge_chain(l, s, &f, b);
    if (open_one(l, last_of(l->h, s, b->last), &f, &researcher))
        b->to = f.clocks.wall;
}

enum err verify_branch_look(struct verify_run *run, const struct verify_history *h,
                            struct verify_fork *fork, const struct secret *mac, uint64_t mac_n,
                            const struct entry_clocks *front)
{
    struct looking l = {run, h, mac, mac_n, front, calloc(2, PART_MAX)};
    if (l.part == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < fork->branches; i++)
        look(&l, &fork->branch[i]);
    secret_wipe(l.part, (size_t)2 * PART_MAX);
    free(l.part);
    return ERR_OK;
}
