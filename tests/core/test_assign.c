#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "core/assign.h"
#include "core/log.h"
#include "core/secret.h"

enum { DRAWS = 200000, BOTH = 3 };

static char first_id[] = "first", second_id[] = "second";
static struct study_item one[] = {{.id = first_id, .ratio = 1}};
static struct study_item two[] = {{.id = first_id, .ratio = 1}, {.id = second_id, .ratio = 1}};

static struct study_list plain_list[] = {
    {.items = 4, .sensitive = one, .sensitives = 1, .control_ratio = 1, .in_double = -1},
    {.items = 4,
     .sensitive = one,
     .sensitives = 1,
     .control_ratio = 2,
     .random_order = true,
     .in_double = -1},
};
static const struct study plain = {.list = plain_list, .lists = 2, .random_list_order = true};

static struct study_list block_list[] = {
    {.items = 4, .sensitive = one, .sensitives = 1, .control_ratio = 1, .in_double = -1},
    {.items = 4,
     .sensitive = two,
     .sensitives = 2,
     .control_ratio = 2,
     .random_order = true,
     .in_double = -1},
};
static const struct study blocked = {.list = block_list,
                                     .lists = 2,
                                     .blocks = true,
                                     .block = {4, 8, 12},
                                     .block_sizes = 3,
                                     .random_list_order = true};

static struct study_list pair_list[] = {
    {.items = 4, .sensitive = one, .sensitives = 1, .control_ratio = 1, .in_double = 0},
    {.items = 4, .sensitive = one, .sensitives = 1, .control_ratio = 1, .in_double = 0},
    {.items = 4, .sensitive = one, .sensitives = 1, .control_ratio = 1, .in_double = -1},
};
static struct study_double pair[] = {{{0, 1}, first_id, true}};
static const struct study paired = {
    .list = pair_list, .lists = 3, .pair = pair, .pairs = 1, .random_list_order = true};
static const struct study paired_blocks = {.list = pair_list,
                                           .lists = 3,
                                           .pair = pair,
                                           .pairs = 1,
                                           .blocks = true,
                                           .block = {4, 6, 8},
                                           .block_sizes = 3};

static struct assign *make(const struct study *s, size_t strata, uint8_t seed)
{
    struct assign *a = NULL;
    uint8_t root[32];
    memset(root, seed, sizeof root);
    assert_int_equal(assign_new(s, strata, root, &a), ERR_OK);
    return a;
}

static void assert_share(unsigned hits, unsigned n, double share)
{
    double z = (hits - n * share) / sqrt(n * share * (1 - share));
    if (fabs(z) > 5)
        fail_msg("%u of %u are not a share of %g: %.1f standard errors", hits, n, share, z);
}

static void assign_simple_gives_the_shares(void **state)
{
    (void)state;
    struct assign *a = make(&plain, 1, 1);
    unsigned treated[2] = {0}, both = 0, second_first = 0, again = 0, order[120] = {0};
    struct draw d, before = {.arm = {9}};
    for (unsigned i = 0; i < DRAWS; i++) {
        assign_draw(a, false, 1, BOTH, &d);
        treated[0] += d.arm[0];
        treated[1] += d.arm[1];
        both += d.arm[0] == 1 && d.arm[1] == 1;
        second_first += d.position[1] == 0;
        again += d.arm[0] == before.arm[0];
        assert_int_equal(d.position[0] + d.position[1], 1);
        assert_int_equal(d.order[0], 0);
        assert_true(d.order[1] < (d.arm[1] == 0 ? 24u : 120u));
        if (d.arm[1] == 1)
            order[d.order[1]]++;
        before = d;
    }
    assert_share(treated[0], DRAWS, .5);
    assert_share(treated[1], DRAWS, 1 / 3.);
    assert_share(both, DRAWS, 1 / 6.);
    assert_share(second_first, DRAWS, .5);
    assert_share(again, DRAWS - 1, .5);
    for (size_t i = 0; i < 120; i++)
        assert_share(order[i], treated[1], 1 / 120.);
    assign_free(a);
}

static void assign_double_puts_the_item_in_exactly_one_list(void **state)
{
    (void)state;
    struct assign *a = make(&paired, 1, 2), *b = make(&paired_blocks, 1, 2);
    unsigned cell[4] = {0}, third_between = 0;
    struct draw d;
    for (unsigned i = 0; i < DRAWS; i++) {
        assign_draw(a, false, 0, 7, &d);
        assert_int_equal(d.arm[0] + d.arm[1], 1);
        cell[2 * d.arm[1] + (d.position[1] < d.position[0])]++;
        third_between += d.position[2] == 1;
        assign_draw(b, false, 0, 7, &d);
        assert_int_equal(d.arm[0] + d.arm[1], 1);
        assert_int_equal(d.position[2], 2);
    }
    for (size_t i = 0; i < 4; i++)
        assert_share(cell[i], DRAWS, .25);
    assert_share(third_between, DRAWS, 1 / 3.);
    assign_draw(a, false, 0, 2, &d);
    assert_int_equal(d.arm[0], ARM_NOT_ASKED);
    assert_true(d.arm[1] <= 1);
    assign_free(a);
    assign_free(b);
}

/* Blocks of 4, 8 or 12: after each whole run of blocks the arms stand as their shares. With sizes
 * unknown, the start of a block is where a cut into balanced pieces is possible. */
static bool cuts_into_blocks(const uint8_t *arm, size_t n, size_t arms, const uint8_t *share)
{
    static bool reach[4096 + 12];
    memset(reach, 0, sizeof reach);
    reach[0] = true;
    size_t last = 0;
    for (size_t at = 0; at + 12 <= n; at++)
        for (size_t size = 4; reach[at] && size <= 12; size += 4) {
            size_t count[3] = {0}, right = 0;
            for (size_t i = at; i < at + size; i++)
                count[arm[i]]++;
            for (size_t k = 0; k < arms; k++)
                right += count[k] * 4 == size * share[k];
            reach[at + size] = reach[at + size] || right == arms;
            last = reach[at + size] && at + size > last ? at + size : last;
        }
    return last + 12 >= n;
}

static void assign_blocks_are_balanced_in_each_stratum(void **state)
{
    (void)state;
    enum { STRATA = 3, EACH = 4000 };
    static uint8_t arm[2][STRATA + 1][EACH];
    struct assign *a = make(&blocked, STRATA, 3);
    struct draw d;
    for (unsigned i = 0; i < EACH * (STRATA + 1); i++) {
        uint16_t stratum = (uint16_t)(i % (STRATA + 1));
        assign_draw(a, false, stratum, BOTH, &d);
        arm[0][stratum][i / (STRATA + 1)] = d.arm[0];
        arm[1][stratum][i / (STRATA + 1)] = d.arm[1];
    }
    for (size_t stratum = 0; stratum <= STRATA; stratum++) {
        assert_true(cuts_into_blocks(arm[0][stratum], EACH, 2, (const uint8_t[]){2, 2}));
        assert_true(cuts_into_blocks(arm[1][stratum], EACH, 3, (const uint8_t[]){2, 1, 1}));
        assert_memory_not_equal(arm[0][stratum], arm[0][(stratum + 1) % (STRATA + 1)], EACH);
    }
    assign_free(a);
}

static void assert_same(const struct draw *x, const struct draw *y)
{
    assert_memory_equal(x->arm, y->arm, sizeof x->arm);
    assert_memory_equal(x->position, y->position, sizeof x->position);
    assert_memory_equal(x->order, y->order, sizeof x->order);
}

static void assign_saved_inside_a_block_goes_on_with_the_same_draws(void **state)
{
    (void)state;
    const struct study *studies[] = {&plain, &blocked, &paired, &paired_blocks};
    for (size_t k = 0; k < 4; k++) {
        struct assign *a = make(studies[k], 2, 4), *b = make(studies[k], 2, 4);
        size_t len = assign_size(studies[k], 2);
        uint8_t *saved = malloc(len);
        assert_non_null(saved);
        for (unsigned i = 0; i < 400; i++) {
            struct draw x, y;
            uint16_t stratum = (uint16_t)(i % 3);
            assign_draw(a, i % 7 == 0, stratum, BOTH, &x);
            assign_draw(b, i % 7 == 0, stratum, BOTH, &y);
            assert_same(&x, &y);
            assign_save(b, saved);
            assign_free(b);
            b = NULL;
            assert_int_equal(assign_load(studies[k], 2, (struct bytes){saved, len}, &b), ERR_OK);
        }
        free(saved);
        assign_free(a);
        assign_free(b);
    }
}

static void assign_test_draws_leave_the_live_chains_alone(void **state)
{
    (void)state;
    struct assign *a = make(&blocked, 1, 5), *b = make(&blocked, 1, 5);
    unsigned differ = 0;
    for (unsigned i = 0; i < 200; i++) {
        struct draw x, y, test;
        assign_draw(a, true, 1, BOTH, &test);
        assign_draw(a, false, 1, BOTH, &x);
        assign_draw(b, false, 1, BOTH, &y);
        assert_same(&x, &y);
        differ += test.arm[0] != x.arm[0];
    }
    assert_in_range(differ, 50, 150);
    assign_free(a);
    assign_free(b);
}

static void assign_approval_changes_every_later_draw_and_replays(void **state)
{
    (void)state;
    enum { STRETCH = 60, LEN = 2 * STRETCH };
    static struct draw seen[3][LEN];
    uint8_t bytes[32] = {1}, other[32] = {2};
    for (size_t k = 0; k < 3; k++) {
        struct assign *a = make(&blocked, 1, 6);
        for (unsigned i = 0; i < LEN; i++) {
            if (i == STRETCH && k < 2)
                assign_approve(a, bytes);
            if (i == STRETCH && k == 2)
                assign_approve(a, other);
            assign_draw(a, i % 2 == 1, 1, BOTH, &seen[k][i]);
        }
        assign_free(a);
    }
    unsigned live = 0, test = 0;
    for (unsigned i = 0; i < LEN; i++) {
        assert_same(&seen[0][i], &seen[1][i]);
        if (i < STRETCH)
            assert_same(&seen[0][i], &seen[2][i]);
        else if (i % 2 == 0)
            live += seen[0][i].order[1] != seen[2][i].order[1];
        else
            test += seen[0][i].order[1] != seen[2][i].order[1];
    }
    assert_true(live > 15);
    assert_true(test > 15);
}

static void assign_approval_ends_started_blocks(void **state)
{
    (void)state;
    uint8_t bytes[32] = {1};
    size_t len = assign_size(&blocked, 1);
    uint8_t *saved = malloc(len);
    assert_non_null(saved);
    struct assign *a = make(&blocked, 1, 7);
    struct draw d;
    assign_draw(a, false, 1, BOTH, &d);
    assign_save(a, saved);
    /* list 0, stratum 1: the second chain, 66 bytes each; its size and taken places after the key
     */
    assert_true(saved[66 + 32] >= 4);
    assert_int_equal(saved[66 + 33], 1);
    assign_approve(a, bytes);
    assign_save(a, saved);
    for (size_t i = 66 + 32; i < 132; i++)
        assert_int_equal(saved[i], 0);
    free(saved);
    assign_free(a);
}

static void assign_state_forgets_what_was_drawn(void **state)
{
    (void)state;
    size_t len = assign_size(&blocked, 1);
    uint8_t *saved = malloc(len);
    assert_non_null(saved);
    struct assign *a = make(&blocked, 1, 8);
    struct draw d;
    uint8_t key[32];
    assign_save(a, saved);
    memcpy(key, saved + 66, sizeof key);
    for (unsigned i = 0; i < 300; i++) {
        assign_draw(a, false, 1, BOTH, &d);
        assign_save(a, saved);
        uint8_t taken = saved[66 + 33];
        assert_true(taken < 12);
        for (size_t k = 0; k < taken; k++)
            assert_int_equal(saved[66 + 34 + k], 0);
        for (size_t k = 0; i == 0 && k + 32 <= len; k++)
            assert_memory_not_equal(saved + k, key, sizeof key);
    }
    free(saved);
    assign_free(a);
}

static void assign_load_refuses_damaged_states_and_survives_any_bytes(void **state)
{
    (void)state;
    size_t len = assign_size(&blocked, 1);
    uint8_t *good = malloc(len), *bad = malloc(len);
    assert_true(good != NULL && bad != NULL);
    struct assign *a = make(&blocked, 1, 9), *b = NULL;
    struct draw d;
    assign_draw(a, false, 1, BOTH, &d);
    assign_save(a, good);
    assign_free(a);
    assert_int_equal(assign_load(&blocked, 1, (struct bytes){good, len - 1}, &b), ERR_FORMAT);
    assert_int_equal(assign_load(&blocked, 2, (struct bytes){good, len}, &b), ERR_FORMAT);
    const struct {
        size_t at;
        uint8_t value;
    } damage[] = {{98, 5}, {98, 0}, {98, 32}, {99, 0}, {99, 200}, {100, 1}, {101, 2}, {131, 1}};
    for (size_t i = 0; i < sizeof damage / sizeof *damage; i++) {
        memcpy(bad, good, len);
        bad[damage[i].at] = damage[i].value;
        assert_int_equal(assign_load(&blocked, 1, (struct bytes){bad, len}, &b), ERR_FORMAT);
    }
    for (unsigned i = 0; i < 20000; i++) {
        memcpy(bad, good, len);
        for (unsigned k = 0; k <= i % 4; k++)
            bad[randombytes_uniform((uint32_t)len)] = (uint8_t)randombytes_uniform(256);
        if (assign_load(&blocked, 1, (struct bytes){bad, len}, &b) != ERR_OK)
            continue;
        for (unsigned k = 0; k < 40; k++) {
            assign_draw(b, k % 2 == 0, (uint16_t)(k % 2), BOTH, &d);
            assert_true(d.arm[0] <= 1 && d.arm[1] <= 2);
        }
        assign_free(b);
        b = NULL;
    }
    assert_null(b);
    free(good);
    free(bad);
}

static void swallow(void *ctx, const char *line)
{
    (void)line;
    ++*(unsigned *)ctx;
}

static void assign_refuses_what_it_cannot_share_out(void **state)
{
    (void)state;
    const uint8_t root[32] = {0};
    struct assign *a = NULL;
    struct study s = blocked;
    unsigned said = 0;
    log_to(swallow, &said);
    s.block[1] = 6; /* list 2 has shares 2:1:1 */
    assert_int_equal(assign_new(&s, 1, root, &a), ERR_STUDY);
    assert_int_equal(assign_size(&s, 1), 0);
    s = paired_blocks;
    s.block[1] = 5;
    assert_int_equal(assign_new(&s, 1, root, &a), ERR_STUDY);
    struct study_double foreign[] = {{{0, 1}, second_id, true}};
    s = paired;
    s.pair = foreign;
    assert_int_equal(assign_new(&s, 1, root, &a), ERR_STUDY);
    struct study_list many = plain_list[1];
    many.items = 20;
    s = (struct study){.list = &many, .lists = 1};
    assert_int_equal(assign_new(&s, 1, root, &a), ERR_STUDY);
    assert_int_equal(assign_new(&plain, 1025, root, &a), ERR_STUDY);
    assert_int_equal(assign_new(&plain, 0, root, &a), ERR_STUDY);
    assert_int_equal(said, 6);
    log_to(NULL, NULL);
    assert_null(a);
}

static void assign_largest_study_fits_guarded_memory(void **state)
{
    (void)state;
    static struct study_list list[STUDY_MAX_LISTS];
    for (size_t i = 0; i < STUDY_MAX_LISTS; i++)
        list[i] = plain_list[i % 2], list[i].control_ratio = 1;
    struct study s = {
        .list = list, .lists = STUDY_MAX_LISTS, .blocks = true, .block = {32}, .block_sizes = 1};
    struct assign *a = make(&s, STUDY_MAX_CHAINS / STUDY_MAX_LISTS, 10);
    struct draw d;
    assign_draw(a, true, STUDY_MAX_CHAINS / STUDY_MAX_LISTS, 0xffff, &d);
    assert_int_equal(d.position[15], 15);
    assign_free(a);
}

static void assign_stratum_above_the_packs_is_drawn_as_unknown(void **state)
{
    (void)state;
    struct assign *a = make(&blocked, 2, 11), *b = make(&blocked, 2, 11);
    for (unsigned i = 0; i < 50; i++) {
        struct draw x, y;
        assign_draw(a, false, 0, BOTH, &x);
        assign_draw(b, false, i % 2 == 0 ? 3 : UINT16_MAX, BOTH, &y);
        assert_same(&x, &y);
    }
    assign_free(a);
    assign_free(b);
}

/* Plays the guesser against real draws: he names the arm that lags behind in the stratum. */
static double guessed(const struct study *s, unsigned n)
{
    struct assign *a = make(s, 1, 12);
    unsigned right = 0;
    int lead = 0;
    for (unsigned i = 0; i < n; i++) {
        struct draw d;
        assign_draw(a, false, 1, 1, &d);
        right += lead < 0 ? d.arm[0] == 1 : d.arm[0] == 0;
        lead += d.arm[0] == 1 ? 1 : -1;
    }
    assign_free(a);
    return (double)right / n;
}

static void assign_guess_is_what_a_guesser_reaches(void **state)
{
    (void)state;
    struct study s = blocked;
    s.lists = 1;
    memcpy(s.block, (uint8_t[]){4, 6, 8}, 3);
    /* known sizes: 17/24, 41/60 and 373/560 of the places; equal parts of 4 + 6 + 8 places */
    double want = (4 * 17 / 24. + 6 * 41 / 60. + 8 * 373 / 560.) / 18;
    assert_true(fabs(assign_guess(&s, 0) - want) < 1e-12);
    assert_true(fabs(assign_guess(&s, 0) - .68) < .005);
    assert_true(fabs(assign_guess(&s, 0) - guessed(&s, DRAWS)) < .006);
    memcpy(s.block, (uint8_t[]){2, 2, 2}, 3);
    assert_true(fabs(assign_guess(&s, 0) - .75) < 1e-12);
    assert_true(fabs(assign_guess(&paired_blocks, 0) - want) < 1e-12);
    assert_true(fabs(assign_guess(&plain, 0) - .5) < 1e-12);
    assert_true(fabs(assign_guess(&plain, 1) - 2 / 3.) < 1e-12);
    assert_true(fabs(assign_guess(&paired, 1) - .5) < 1e-12);
    /* 2:1:1 in one block of 4: over its 12 orders 1/2, 1/2, 7/12 and 1 of the places are guessed */
    s = blocked;
    s.block_sizes = 1;
    assert_true(fabs(assign_guess(&s, 1) - 31 / 48.) < 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(assign_simple_gives_the_shares),
        cmocka_unit_test(assign_double_puts_the_item_in_exactly_one_list),
        cmocka_unit_test(assign_blocks_are_balanced_in_each_stratum),
        cmocka_unit_test(assign_saved_inside_a_block_goes_on_with_the_same_draws),
        cmocka_unit_test(assign_test_draws_leave_the_live_chains_alone),
        cmocka_unit_test(assign_approval_changes_every_later_draw_and_replays),
        cmocka_unit_test(assign_approval_ends_started_blocks),
        cmocka_unit_test(assign_state_forgets_what_was_drawn),
        cmocka_unit_test(assign_load_refuses_damaged_states_and_survives_any_bytes),
        cmocka_unit_test(assign_refuses_what_it_cannot_share_out),
        cmocka_unit_test(assign_largest_study_fits_guarded_memory),
        cmocka_unit_test(assign_stratum_above_the_packs_is_drawn_as_unknown),
        cmocka_unit_test(assign_guess_is_what_a_guesser_reaches),
    };
    if (secret_start() != ERR_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
