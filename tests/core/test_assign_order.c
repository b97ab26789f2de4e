/* What draws are made of: the generator of a step and the numbers of permutations. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/assign.h"
#include "core/hash.h"
#include "core/secret.h"

enum { DRAWS = 200000 };

static void assert_share(unsigned hits, unsigned n, double share)
{
    double z = (hits - n * share) / sqrt(n * share * (1 - share));
    if (fabs(z) > 5)
        fail_msg("%u of %u are not a share of %g: %.1f standard errors", hits, n, share, z);
}

static void assign_order_numbers_permutations_one_to_one(void **state)
{
    (void)state;
    uint8_t place[20], seen[120][5];
    for (uint64_t number = 0; number < 120; number++) {
        assert_true(assign_order(number, 5, seen[number]));
        unsigned bits = 0;
        for (size_t i = 0; i < 5; i++)
            bits |= 1u << seen[number][i];
        assert_int_equal(bits, 31);
        /* numbers follow the lexicographic order */
        assert_true(number == 0 || memcmp(seen[number - 1], seen[number], 5) < 0);
    }
    assert_false(assign_order(120, 5, place));
    const uint64_t factorial20 = UINT64_C(2432902008176640000);
    assert_true(assign_order(factorial20 - 1, 20, place));
    for (size_t i = 0; i < 20; i++)
        assert_int_equal(place[i], 19 - i);
    assert_false(assign_order(factorial20, 20, place));
    assert_false(assign_order(UINT64_MAX, 20, place));
    assert_false(assign_order(0, 21, place));
    assert_true(assign_order(0, 0, place));
    assert_false(assign_order(1, 1, place));
}

static void assign_below_is_unbiased_and_follows_the_words(void **state)
{
    (void)state;
    struct assign_generator g = {.key = {7}, .next = 0};
    /* 3 2^30 words are given, 2^30 skipped; a plain remainder would favour the first third */
    const uint32_t n = UINT32_C(3) << 30;
    unsigned low = 0;
    for (unsigned i = 0; i < DRAWS; i++)
        low += assign_below(&g, n) < UINT32_C(1) << 30;
    assert_share(low, DRAWS, 1 / 3.);
    assert_share(DRAWS, g.next, .75);
    uint8_t key[32] = {7}, block[32];
    struct hash h;
    hash_start(&h, key, "draw");
    hash_add_u32(&h, 1);
    hash_end(&h, block);
    g = (struct assign_generator){.key = {7}, .next = 0};
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(assign_below(&g, 1), 0);
    assert_int_equal(assign_below(&g, 256), block[0]);
    assert_int_equal(assign_below(&g, 256), block[4]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(assign_order_numbers_permutations_one_to_one),
        cmocka_unit_test(assign_below_is_unbiased_and_follows_the_words),
    };
    if (secret_start() != ERR_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
