/* From entries to the draws that a randomisation test repeats: order, chains, places without a
 * row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "admin/frame/mechanism.h"

static char a[] = "a", b[] = "b", hidden[] = "hidden", other[] = "other";
static struct study_item sensitive_a[] = {{.id = hidden, .ratio = 1}};
static struct study_item sensitive_b[] = {{.id = other, .ratio = 3}, {.id = hidden, .ratio = 1}};
static struct study_list lists[] = {
    {.id = a, .sensitive = sensitive_a, .sensitives = 1, .control_ratio = 2, .in_double = -1},
    {.id = b, .sensitive = sensitive_b, .sensitives = 2, .control_ratio = 1, .in_double = -1}};
static struct study_double doubles[] = {{.list = {0, 1}, .item = hidden}};

static struct study study_of(bool blocks, bool in_double)
{
    struct study s = {
        .list = lists, .lists = 2, .blocks = blocks, .block = {2, 4}, .block_sizes = 2};
    lists[0].in_double = lists[1].in_double = in_double ? 0 : -1;
    s.pair = in_double ? doubles : NULL;
    s.pairs = in_double;
    return s;
}

struct world {
    struct study study;
    struct verify_pack pack[2];
    struct verify_device device[2];
    struct verify_report report;
    struct fold fold;
};

static void world_of(struct world *w, bool blocks, bool in_double)
{
    memset(w, 0, sizeof *w);
    w->study = study_of(blocks, in_double);
    w->pack[0].study = w->pack[1].study = &w->study;
    w->device[0].pack = w->device[1].pack = &w->pack[0];
    w->report =
        (struct verify_report){.pack = w->pack, .packs = 2, .device = w->device, .devices = 2};
}

/* A draw at position ${n}; arm 255: the list was not asked. */
static void draw(struct world *w, size_t device, uint64_t n, uint16_t stratum, int flags,
                 uint8_t first, uint8_t second)
{
    struct entry_field field = {.kind = ENTRY_ASSIGNED, .contact = (uint32_t)n};
    struct entry_answers answers = {0};
    field.flags = (uint8_t)flags;
    field.u.contact.stratum = stratum;
    answers.u.draw.arm[0] = first;
    answers.u.draw.arm[1] = second;
    assert_int_equal(fold_event(&w->fold, &w->report, device, n, &field, &answers), ERR_OK);
}

static void event(struct world *w, size_t device, uint64_t n, int kind)
{
    struct entry_field field = {.contact = 0};
    struct entry_answers answers = {0};
    field.kind = (uint8_t)kind;
    assert_int_equal(fold_event(&w->fold, &w->report, device, n, &field, &answers), ERR_OK);
}

static struct frame_mechanism *mechanism(struct world *w, size_t list, const int32_t *row,
                                         bool live)
{
    struct frame_mechanism *m = NULL;
    bool in[64];
    assert_true(w->fold.contacts <= sizeof in / sizeof *in);
    for (size_t i = 0; i < w->fold.contacts; i++)
        in[i] = w->fold.contact[i].pack == &w->pack[0];
    assert_int_equal(mechanism_of(&w->fold, &w->study, list, row, in, live, &m), ERR_OK);
    return m;
}

static void release(struct frame_mechanism *m)
{
    free(m->row);
    free(m->chain);
    free(m);
}

static void same(const struct frame_mechanism *m, size_t draws, const int32_t *row,
                 const int32_t *chain)
{
    assert_int_equal(m->draws, draws);
    for (size_t i = 0; i < draws; i++) {
        assert_int_equal(m->row[i], row[i]);
        assert_int_equal(m->chain[i], chain[i]);
    }
}

static void draws_stand_chain_by_chain_in_order(void **unused)
{
    (void)unused;
    struct world w;
    world_of(&w, true, false);
    draw(&w, 0, 2, 1, 0, 0, 255);
    draw(&w, 0, 3, 2, 0, 1, 0);
    draw(&w, 0, 4, 1, ENTRY_TEST, 1, 0); /* test draws have chains of their own */
    draw(&w, 0, 5, 1, 0, 1, 0);
    draw(&w, 1, 2, 1, 0, 0, 0);
    const int32_t row[] = {0, FRAME_MISSING, FRAME_MISSING, 1, 2};
    struct frame_mechanism *m = mechanism(&w, 0, row, true);
    same(m, 4, (int32_t[]){0, 1, FRAME_MISSING, 2}, (int32_t[]){0, 0, 1, 2});
    assert_true(m->blocks && m->block_sizes == 2 && m->block[1] == 4 && m->broken == 0);
    assert_true(m->share[0] == 2 && m->share[1] == 1);
    release(m);
    m = mechanism(&w, 1, row, true); /* not asked of the first */
    same(m, 3, (int32_t[]){1, FRAME_MISSING, 2}, (int32_t[]){0, 1, 2});
    assert_true(m->share[0] == 1 && m->share[1] == 3 && m->share[2] == 1);
    release(m);
    m = mechanism(&w, 0, row, false);
    same(m, 5, (int32_t[]){0, 1, FRAME_MISSING, FRAME_MISSING, 2}, (int32_t[]){0, 0, 1, 2, 3});
    release(m);
    fold_free(&w.fold);
}

static void approvals_and_roots_begin_chains_anew_and_gaps_break_them(void **unused)
{
    (void)unused;
    struct world w;
    world_of(&w, true, false);
    draw(&w, 0, 2, 1, 0, 0, 0);
    event(&w, 0, 3, ENTRY_APPROVED);
    draw(&w, 0, 4, 1, 0, 0, 0);
    event(&w, 0, 5, ENTRY_FILLER);
    draw(&w, 0, 6, 1, 0, 0, 0);
    draw(&w, 0, 9, 1, 0, 0, 0); /* 7 and 8 never came */
    draw(&w, 0, 10, 1, 0, 0, 0);
    event(&w, 0, 11, ENTRY_ROOT);
    draw(&w, 0, 12, 1, 0, 0, 0);
    draw(&w, 1, 3, 1, 0, 0, 0); /* 2 never came */
    const int32_t row[] = {0, 1, 2, 3, 4, 5, 6};
    struct frame_mechanism *m = mechanism(&w, 0, row, true);
    same(m, 7, row, (int32_t[]){0, 1, 1, 2, 2, 3, 4});
    assert_int_equal(m->broken, 2);
    release(m);
    fold_free(&w.fold);
}

static void a_double_is_one_chain_for_both_lists(void **unused)
{
    (void)unused;
    struct world w;
    struct frame f = {0};
    world_of(&w, false, true);
    draw(&w, 0, 2, 1, 0, 1, 0);
    draw(&w, 0, 3, 1, 0, 255, 2); /* the first is not asked; the draw is made all the same */
    w.device[1].pack = &w.pack[1];
    draw(&w, 1, 2, 1, 0, 0, 2); /* a laptop of another pack */
    const int32_t row[] = {0, 1, FRAME_MISSING};
    struct frame_mechanism *m = mechanism(&w, 0, row, true);
    same(m, 2, row, (int32_t[]){0, 0});
    assert_true(!m->blocks && m->share[0] == 1 && m->share[1] == 1);
    release(m);
    m = mechanism(&w, 1, row, true);
    assert_true(m->share[0] == 1 && m->share[1] == 0 && m->share[2] == 1);
    release(m);
    assert_int_equal(mechanism_doubles(&w.study, &f), ERR_OK);
    assert_true(f.pairs == 1 && f.pair[0].arm[0] == 1 && f.pair[0].arm[1] == 2);
    free(f.pair);
    fold_free(&w.fold);
}

/* A root under another pack is no event and no gap; its chains are new. */
static void another_pack_begins_chains_anew(void **unused)
{
    (void)unused;
    struct world w;
    struct frame_mechanism *m = NULL;
    const bool in[] = {true, true, true, true};
    const int32_t row[] = {0, 1, 2, 3};
    world_of(&w, false, false);
    draw(&w, 0, 2, 1, 0, 0, 0);
    draw(&w, 0, 3, 1, 0, 1, 0);
    w.device[0].pack = &w.pack[1];
    draw(&w, 0, 5, 1, 0, 1, 0);
    draw(&w, 0, 6, 1, 0, 0, 0);
    assert_int_equal(mechanism_of(&w.fold, &w.study, 0, row, in, true, &m), ERR_OK);
    same(m, 4, row, (int32_t[]){0, 0, 1, 1});
    assert_int_equal(m->broken, 0);
    release(m);
    fold_free(&w.fold);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_stand_chain_by_chain_in_order),
        cmocka_unit_test(approvals_and_roots_begin_chains_anew_and_gaps_break_them),
        cmocka_unit_test(a_double_is_one_chain_for_both_lists),
        cmocka_unit_test(another_pack_begins_chains_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
