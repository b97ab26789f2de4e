#include "core/assign.h"

#include <stdlib.h>
#include <string.h>

#include "core/assign_plan.h"
#include "core/log.h"

enum { WORDS_A_BLOCK = HASH_LEN / 4 };

struct assign {
    const struct study *study;
    size_t strata;
    struct assign_plan plan;
    struct secret *state;
};

/* Making, keeping. */

static enum err prepare(const struct study *s, size_t strata, struct assign **out)
{
    const char *fault = assign_plan_fault(s, strata);
    if (fault != NULL)
        return log_fail(ERR_STUDY, "assignment cannot be drawn: %s", fault);
    struct assign *a = calloc(1, sizeof *a);
    if (a == NULL)
        return ERR_NOMEM;
    a->study = s;
    a->strata = strata;
    assign_plan_make(s, strata, &a->plan);
    *out = a;
    return ERR_OK;
}

/* Chain ${k} (from 0) of a run, live or test. */
static uint8_t *chain_at(struct assign *a, const struct assign_run *r, bool test, size_t k)
{
    return secret_bytes(a->state) + (test ? a->plan.len : 0) + r->at + k * r->len;
}

static void derive(uint8_t out[ASSIGN_KEY_LEN], const uint8_t root[32], enum assign_purpose purpose,
                   uint8_t list, uint16_t stratum)
{
    struct hash h;
    uint8_t which[2] = {(uint8_t)purpose, list};
    hash_start(&h, root, "chain");
    hash_add(&h, which, sizeof which);
    hash_add_u16(&h, stratum);
    hash_end(&h, out);
}

enum err assign_new(const struct study *s, size_t strata, const uint8_t root[32],
                    struct assign **out)
{
    struct assign *a = NULL;
    uint8_t test_root[32];
    enum err e = prepare(s, strata, &a);
    if (e != ERR_OK)
        return e;
    e = secret_new(2 * a->plan.len, &a->state);
    if (e != ERR_OK) {
        assign_free(a);
        return e;
    }
    derive(test_root, root, ASSIGN_PURPOSE_TEST, 0, 0);
    for (size_t i = 0; i < a->plan.runs; i++) {
        const struct assign_run *r = &a->plan.run[i];
        for (size_t k = 0; k < r->count; k++) {
            derive(chain_at(a, r, false, k), root, r->purpose, r->list, (uint16_t)k);
            derive(chain_at(a, r, true, k), test_root, r->purpose, r->list, (uint16_t)k);
        }
    }
    secret_wipe(test_root, sizeof test_root);
    *out = a;
    return ERR_OK;
}

void assign_free(struct assign *a)
{
    if (a == NULL)
        return;
    secret_free(a->state);
    free(a);
}

size_t assign_size(const struct study *s, size_t strata)
{
    struct assign_plan p;
    if (assign_plan_fault(s, strata) != NULL)
        return 0;
    assign_plan_make(s, strata, &p);
    return 2 * p.len;
}

void assign_save(const struct assign *a, uint8_t *out)
{
    memcpy(out, secret_view(a->state), secret_len(a->state));
}

static bool all_zero(const uint8_t *p, size_t n)
{
    uint8_t any = 0;
    for (size_t i = 0; i < n; i++)
        any |= p[i];
    return any == 0;
}

/* A started block as block_start and place_take leave it. */
static bool block_fits(const struct study *s, const struct assign_run *r, const uint8_t *chain)
{
    const uint8_t size = chain[ASSIGN_AT_SIZE], taken = chain[ASSIGN_AT_TAKEN],
                  *row = chain + ASSIGN_AT_ROW;
    if (size == 0)
        return taken == 0 && all_zero(row, STUDY_MAX_BLOCK);
    if (memchr(s->block, size, s->block_sizes) == NULL || taken == 0 || taken >= size)
        return false;
    for (size_t i = taken; i < size; i++)
        if (row[i] >= r->arms)
            return false;
    return all_zero(row, taken) && all_zero(row + size, (size_t)(STUDY_MAX_BLOCK - size));
}

static bool state_fits(struct assign *a)
{
    for (size_t i = 0; i < a->plan.runs; i++) {
        const struct assign_run *r = &a->plan.run[i];
        for (size_t k = 0; r->len == ASSIGN_BLOCK_CHAIN_LEN && k < r->count; k++)
            if (!block_fits(a->study, r, chain_at(a, r, false, k)) ||
                !block_fits(a->study, r, chain_at(a, r, true, k)))
                return false;
    }
    return true;
}

enum err assign_load(const struct study *s, size_t strata, struct bytes state, struct assign **out)
{
    struct assign *a = NULL;
    enum err e = prepare(s, strata, &a);
    if (e != ERR_OK)
        return e;
    e = ERR_FORMAT;
    if (state.len != 2 * a->plan.len)
        goto out;
    e = secret_copy(state.p, state.len, &a->state);
    if (e != ERR_OK)
        goto out;
    e = ERR_FORMAT;
    if (!state_fits(a))
        goto out;
    *out = a, a = NULL, e = ERR_OK;
out:
    assign_free(a);
    return e;
}

void assign_approve(struct assign *a, const uint8_t bytes[32])
{
    const struct bytes mixed = {bytes, 32};
    for (size_t i = 0; i < 2 * a->plan.runs; i++) {
        const struct assign_run *r = &a->plan.run[i / 2];
        for (size_t k = 0; k < r->count; k++) {
            uint8_t *chain = chain_at(a, r, i % 2 == 1, k);
            hash_once(chain, chain, "approve", mixed);
            secret_wipe(chain + ASSIGN_KEY_LEN, r->len - ASSIGN_KEY_LEN);
        }
    }
}

/* Drawing. */

uint32_t assign_below(struct assign_generator *g, uint32_t n)
{
    const uint64_t words = UINT64_C(1) << 32;
    for (;;) {
        if (g->next % WORDS_A_BLOCK == 0) {
            struct hash h;
            hash_start(&h, g->key, "draw");
            hash_add_u32(&h, g->next / WORDS_A_BLOCK);
            hash_end(&h, g->block);
        }
        struct bytes at = {g->block + 4 * (g->next++ % WORDS_A_BLOCK), 4};
        struct reader r = reader_of(at);
        uint32_t word = read_u32(&r);
        if (word < words - words % n)
            return word % n;
    }
}

static void step_start(struct assign_generator *g, const uint8_t *chain)
{
    memcpy(g->key, chain, ASSIGN_KEY_LEN);
    g->next = 0;
}

static void step_end(struct assign_generator *g, uint8_t *chain)
{
    hash_once(chain, chain, "next", (struct bytes){NULL, 0});
    secret_wipe(g, sizeof *g);
}

static void shuffle(struct assign_generator *g, uint8_t *row, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = assign_below(g, (uint32_t)i);
        uint8_t swapped = row[i - 1];
        row[i - 1] = row[j];
        row[j] = swapped;
    }
}

static uint8_t arm_simple(uint8_t *chain, const struct study_list *list)
{
    struct assign_generator g;
    uint8_t arm = 0;
    step_start(&g, chain);
    uint32_t u = assign_below(&g, assign_plan_shares(list));
    for (uint32_t sum = assign_plan_share(list, 0); u >= sum; sum += assign_plan_share(list, arm))
        arm++;
    step_end(&g, chain);
    return arm;
}

static uint8_t pair_simple(uint8_t *chain, const struct study_double *pair)
{
    struct assign_generator g;
    step_start(&g, chain);
    uint8_t cell = (uint8_t)assign_below(&g, pair->random_order ? 4 : 2);
    step_end(&g, chain);
    return cell;
}

static uint32_t places_of(const struct study_list *list, size_t arm, uint32_t size)
{
    return size / assign_plan_shares(list) * assign_plan_share(list, arm);
}

/* Fills a chain's row anew, for a list or, where ${list} is NULL, for a double. */
static void block_start(const struct study *s, uint8_t *chain, const struct study_list *list,
                        const struct study_double *pair)
{
    struct assign_generator g;
    uint8_t *row = chain + ASSIGN_AT_ROW;
    size_t n = 0;
    step_start(&g, chain);
    uint8_t size = s->block[assign_below(&g, (uint32_t)s->block_sizes)];
    if (list != NULL)
        for (size_t arm = 0; arm <= list->sensitives; arm++)
            for (uint32_t i = places_of(list, arm, size); i > 0; i--)
                row[n++] = (uint8_t)arm;
    else
        for (; n < size; n++)
            row[n] = n % 2;
    shuffle(&g, row, size);
    for (size_t i = 0; list == NULL && pair->random_order && i < size; i++)
        row[i] = (uint8_t)(row[i] + 2 * assign_below(&g, 2));
    step_end(&g, chain);
    chain[ASSIGN_AT_SIZE] = size;
    chain[ASSIGN_AT_TAKEN] = 0;
}

static uint8_t place_take(const struct study *s, uint8_t *chain, const struct study_list *list,
                          const struct study_double *pair)
{
    if (chain[ASSIGN_AT_SIZE] == 0)
        block_start(s, chain, list, pair);
    uint8_t *place = &chain[ASSIGN_AT_ROW + chain[ASSIGN_AT_TAKEN]++];
    uint8_t arm = *place;
    secret_wipe(place, 1);
    if (chain[ASSIGN_AT_TAKEN] == chain[ASSIGN_AT_SIZE])
        secret_wipe(chain + ASSIGN_KEY_LEN, ASSIGN_BLOCK_CHAIN_LEN - ASSIGN_KEY_LEN);
    return arm;
}

static bool is_asked(uint32_t asked, size_t list)
{
    return (asked >> list & 1) != 0;
}

/* Arms of a double's lists. True if its second list comes before its first. */
static bool draw_pair(struct assign *a, size_t index, uint8_t *chain, uint32_t asked,
                      struct draw *out)
{
    const struct study *s = a->study;
    const struct study_double *pair = &s->pair[index];
    uint8_t cell = s->blocks ? place_take(s, chain, NULL, pair) : pair_simple(chain, pair);
    for (size_t k = 0; k < 2; k++)
        if (is_asked(asked, pair->list[k]))
            out->arm[pair->list[k]] =
                cell % 2 == k ? assign_plan_arm(&s->list[pair->list[k]], pair->item) : 0;
    return cell >= 2;
}

static void draw_arms(struct assign *a, bool test, uint16_t stratum, uint32_t asked, bool *swapped,
                      struct draw *out)
{
    const struct study *s = a->study;
    for (size_t i = 0; i < s->pairs; i++)
        if (is_asked(asked, s->pair[i].list[0]) || is_asked(asked, s->pair[i].list[1]))
            swapped[i] = draw_pair(a, i, chain_at(a, a->plan.pair[i], test, stratum), asked, out);
    for (size_t i = 0; i < s->lists; i++) {
        if (!is_asked(asked, i) || s->list[i].in_double >= 0)
            continue;
        uint8_t *chain = chain_at(a, a->plan.arm[i], test, stratum);
        out->arm[i] =
            s->blocks ? place_take(s, chain, &s->list[i], NULL) : arm_simple(chain, &s->list[i]);
    }
}

static void draw_positions(struct assign *a, bool test, uint32_t asked, const bool *swapped,
                           struct draw *out)
{
    const struct study *s = a->study;
    uint8_t row[STUDY_MAX_LISTS];
    size_t n = 0;
    for (size_t i = 0; i < s->lists; i++)
        if (is_asked(asked, i))
            row[n++] = (uint8_t)i;
    if (a->plan.list_order != NULL) {
        struct assign_generator g;
        uint8_t *chain = chain_at(a, a->plan.list_order, test, 0);
        step_start(&g, chain);
        shuffle(&g, row, n);
        step_end(&g, chain);
    }
    for (size_t i = 0; i < n; i++)
        out->position[row[i]] = (uint8_t)i;
    for (size_t i = 0; i < s->pairs; i++) {
        const size_t *list = s->pair[i].list;
        if (!s->pair[i].random_order || !is_asked(asked, list[0]) || !is_asked(asked, list[1]))
            continue;
        uint8_t p = out->position[list[0]], q = out->position[list[1]];
        out->position[list[swapped[i] ? 1 : 0]] = p < q ? p : q;
        out->position[list[swapped[i] ? 0 : 1]] = p < q ? q : p;
    }
}

static uint64_t number_of(const uint8_t *place, size_t n)
{
    uint64_t number = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t smaller = 0; /* the number in factorial base, by Horner's scheme */
        for (size_t j = i + 1; j < n; j++)
            smaller += place[j] < place[i];
        number = number * (n - i) + smaller;
    }
    return number;
}

static uint64_t draw_order(uint8_t *chain, size_t n)
{
    struct assign_generator g;
    uint8_t place[ASSIGN_MAX_ORDERED];
    for (size_t i = 0; i < n; i++)
        place[i] = (uint8_t)i;
    step_start(&g, chain);
    shuffle(&g, place, n);
    step_end(&g, chain);
    return number_of(place, n);
}

void assign_draw(struct assign *a, bool test, uint16_t stratum, uint32_t asked, struct draw *out)
{
    const struct study *s = a->study;
    bool swapped[ASSIGN_MAX_PAIRS] = {false};
    memset(out, 0, sizeof *out);
    memset(out->arm, ARM_NOT_ASKED, sizeof out->arm);
    memset(out->position, ARM_NOT_ASKED, sizeof out->position);
    draw_arms(a, test, stratum <= a->strata ? stratum : 0, asked, swapped, out);
    draw_positions(a, test, asked, swapped, out);
    for (size_t i = 0; i < s->lists; i++)
        if (is_asked(asked, i) && a->plan.order[i] != NULL)
            out->order[i] = draw_order(chain_at(a, a->plan.order[i], test, 0),
                                       study_shown(&s->list[i], out->arm[i]));
}

bool assign_order(uint64_t number, size_t n, uint8_t *place)
{
    uint64_t digit[ASSIGN_MAX_ORDERED];
    uint8_t left[ASSIGN_MAX_ORDERED];
    if (n > ASSIGN_MAX_ORDERED)
        return false;
    for (size_t i = n; i > 0; i--) {
        digit[i - 1] = number % (n - i + 1);
        number /= n - i + 1;
        left[i - 1] = (uint8_t)(i - 1);
    }
    if (number != 0)
        return false;
    for (size_t i = 0; i < n; i++) {
        size_t d = (size_t)digit[i];
        place[i] = left[d];
        memmove(left + d, left + d + 1, n - i - 1 - d);
    }
    return true;
}
