/* The draws that tests/vectors/assign.py made from FORMAT.md must come out of core/assign.c. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/assign.h"
#include "core/bytes.h"
#include "core/file.h"
#include "core/secret.h"

static char first_id[] = "first", second_id[] = "second", third_id[] = "third";

static struct study_item one[] = {{.id = first_id, .ratio = 1}};
static struct study_item heavy[] = {{.id = first_id, .ratio = 2}};
static struct study_item two[] = {{.id = first_id, .ratio = 1}, {.id = second_id, .ratio = 1}};
static struct study_item three[] = {
    {.id = first_id, .ratio = 1}, {.id = second_id, .ratio = 3}, {.id = third_id, .ratio = 1}};

static struct study_list simple_list[] = {
    {.items = 4, .sensitive = one, .sensitives = 1, .control_ratio = 1, .in_double = -1},
    {.items = 3,
     .sensitive = three,
     .sensitives = 3,
     .control_ratio = 2,
     .random_order = true,
     .in_double = -1},
};
static struct study_list blocks_list[] = {
    {.items = 4, .sensitive = two, .sensitives = 2, .control_ratio = 2, .in_double = -1},
    {.items = 4,
     .sensitive = one,
     .sensitives = 1,
     .control_ratio = 1,
     .random_order = true,
     .in_double = -1},
};
static struct study_list double_list[] = {
    {.items = 5,
     .sensitive = one,
     .sensitives = 1,
     .control_ratio = 1,
     .random_order = true,
     .in_double = 0},
    {.items = 4, .sensitive = one, .sensitives = 1, .control_ratio = 1, .in_double = -1},
    {.items = 19,
     .sensitive = one,
     .sensitives = 1,
     .control_ratio = 1,
     .random_order = true,
     .in_double = 0},
};
static struct study_list pair_list[] = {
    {.items = 4, .sensitive = one, .sensitives = 1, .control_ratio = 1, .in_double = 0},
    {.items = 4, .sensitive = one, .sensitives = 1, .control_ratio = 1, .in_double = 0},
};
static struct study_list order_list[] = {
    {.items = 2, .sensitive = heavy, .sensitives = 1, .control_ratio = 1, .in_double = -1},
    {.items = 4, .sensitive = one, .sensitives = 1, .control_ratio = 1, .in_double = 0},
    {.items = 4, .sensitive = one, .sensitives = 1, .control_ratio = 1, .in_double = 0},
};
static struct study_double double_pair[] = {{{0, 2}, first_id, true}};
static struct study_double simple_pair[] = {{{1, 0}, first_id, false}};
static struct study_double order_pair[] = {{{2, 1}, first_id, true}};

static const struct vector {
    const char *name;
    size_t strata;
    struct study study;
} vectors[] = {
    {"simple", 2, {.list = simple_list, .lists = 2, .random_list_order = true}},
    {"blocks",
     3,
     {.list = blocks_list, .lists = 2, .blocks = true, .block = {4, 8, 12}, .block_sizes = 3}},
    {"double-blocks",
     1,
     {.list = double_list,
      .lists = 3,
      .pair = double_pair,
      .pairs = 1,
      .random_list_order = true,
      .blocks = true,
      .block = {4, 6, 8},
      .block_sizes = 3}},
    {"double-simple", 1, {.list = pair_list, .lists = 2, .pair = simple_pair, .pairs = 1}},
    {"double-order",
     1,
     {.list = order_list, .lists = 3, .pair = order_pair, .pairs = 1, .random_list_order = true}},
};

static void print_vector(struct buffer *out, const struct vector *v, struct assign *a)
{
    size_t lists = v->study.lists;
    for (unsigned n = 0; n < 100; n++) {
        uint8_t approval[32];
        struct draw d;
        for (unsigned i = 0; i < 32; i++)
            approval[i] = (uint8_t)(255 - i);
        if (n == 60)
            assign_approve(a, approval);
        uint32_t asked = n % 5 == 4 ? 1u << (n / 5 % lists) : (1u << lists) - 1;
        if (n == 50)
            asked = 0;
        uint16_t stratum = (uint16_t)(n * 7 % (v->strata + 1));
        bool test = n % 10 == 3;
        assign_draw(a, test, stratum, asked, &d);
        buffer_printf(out, "%s %u %s %u %" PRIu32 ":", v->name, n, test ? "test" : "live", stratum,
                      asked);
        for (size_t i = 0; i < lists; i++)
            buffer_printf(out, " %u,%u,%" PRIu64, d.arm[i], d.position[i], d.order[i]);
        buffer_printf(out, "\n");
    }
}

static void assign_reproduces_the_draws_of_an_independent_program(void **state)
{
    (void)state;
    struct buffer want = {0}, have = {0};
    assert_int_equal(file_read(SANAQ_SOURCE_DIR "/tests/vectors/assign.txt", 1 << 20, false, &want),
                     ERR_OK);
    buffer_printf(&have, "# study interview chains stratum asked: arm,position,order of each list "
                         "(tests/vectors/assign.py)\n");
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        struct assign *a = NULL;
        uint8_t root[32];
        for (size_t k = 0; k < sizeof root; k++)
            root[k] = (uint8_t)(k + 17 * i);
        assert_int_equal(assign_new(&vectors[i].study, vectors[i].strata, root, &a), ERR_OK);
        print_vector(&have, &vectors[i], a);
        assign_free(a);
    }
    assert_int_equal(have.len, want.len);
    assert_memory_equal(have.p, want.p, want.len);
    buffer_free(&want);
    buffer_free(&have);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(assign_reproduces_the_draws_of_an_independent_program),
    };
    if (secret_start() != ERR_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
