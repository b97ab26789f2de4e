#include "core/succession.h"

#include <string.h>

static bool same_key(const struct pack_key *a, const struct pack_key *b)
{
    return memcmp(a->sign, b->sign, sizeof a->sign) == 0 &&
           memcmp(a->box, b->box, sizeof a->box) == 0;
}

/* Both keys count: whoever keeps the signing key and changes the other is a new reader. */
static bool has_key(const struct pack_key *key, size_t count, const struct pack_key *wanted)
{
    for (size_t i = 0; i < count; i++)
        if (same_key(&key[i], wanted))
            return true;
    return false;
}

static bool has_target(const struct study *s, const char *wanted)
{
    for (size_t i = 0; i < s->targets; i++)
        if (strcmp(s->target[i], wanted) == 0)
            return true;
    return false;
}

static void visit_keys(const struct pack_key *from, size_t count, const struct pack_key *in,
                       size_t in_count, enum succession_part part, bool added,
                       succession_visit *visit, void *ctx)
{
    for (size_t i = 0; i < count; i++)
        if (!has_key(in, in_count, &from[i]))
            visit(ctx, part, added, &from[i], NULL);
}

/* What ${a} has and ${b} has not. */
static void visit_side(const struct edition *a, const struct edition *b, bool added,
                       succession_visit *visit, void *ctx)
{
    const struct pack *p = a->pack, *q = b->pack;
    if (!same_key(&p->researcher[p->signer], &q->researcher[q->signer]))
        visit(ctx, PART_SIGNER, added, &p->researcher[p->signer], NULL);
    visit_keys(p->researcher, p->researchers, q->researcher, q->researchers, PART_RESEARCHER, added,
               visit, ctx);
    visit_keys(p->supervisor, p->supervisors, q->supervisor, q->supervisors, PART_SUPERVISOR, added,
               visit, ctx);
    for (size_t i = 0; i < a->study->targets; i++)
        if (!has_target(b->study, a->study->target[i]))
            visit(ctx, PART_TARGET, added, NULL, a->study->target[i]);
}

void succession_each(const struct edition *now, const struct edition *next, succession_visit *visit,
                     void *ctx)
{
    visit_side(next, now, true, visit, ctx);
    visit_side(now, next, false, visit, ctx);
}

static void note(void *ctx, enum succession_part part, bool added, const struct pack_key *key,
                 const char *target)
{
    (void)part, (void)added, (void)key, (void)target;
    *(bool *)ctx = true;
}

bool succession_changes(const struct edition *now, const struct edition *next)
{
    bool differs = false;
    succession_each(now, next, note, &differs);
    return differs;
}

bool succession_adds(const struct pack *now, const struct pack *next)
{
    bool adds = false;
    visit_keys(next->researcher, next->researchers, now->researcher, now->researchers,
               PART_RESEARCHER, true, note, &adds);
    visit_keys(next->supervisor, next->supervisors, now->supervisor, now->supervisors,
               PART_SUPERVISOR, true, note, &adds);
    return adds;
}

static size_t count_shared(const struct pack *now, const struct pack *next, uint32_t among)
{
    size_t n = 0;
    for (size_t i = 0; i < next->researchers; i++)
        n += (among >> i & 1) != 0 &&
             has_key(now->researcher, now->researchers, &next->researcher[i]);
    return n;
}

size_t succession_signed(const struct pack *now, const struct pack *next)
{
    return count_shared(now, next, next->signed_by);
}

size_t succession_could_sign(const struct pack *now, const struct pack *next)
{
    return count_shared(now, next, UINT32_MAX);
}

enum succession succession_judge(const struct edition *now, const struct edition *next)
{
    if (memcmp(next->pack->replaces, now->pack->hash, HASH_LEN) != 0)
        return SUCCESSION_OTHER;
    if (next->pack->number <= now->pack->number)
        return SUCCESSION_NUMBER;
    if (strcmp(next->study->id, now->study->id) != 0)
        return SUCCESSION_STUDY;
    if (succession_changes(now, next) && succession_signed(now->pack, next->pack) < 2)
        return SUCCESSION_CIRCLE;
    return SUCCESSION_FOLLOWS;
}
