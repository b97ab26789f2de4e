#include "tests/admin/handmade.h"

/* What only somebody with a laptop's own keys can send: other draws, other chains, two
 * continuations. */

static void other_arm(struct draw *d, struct entry_field *f)
{
    (void)f;
    d->arm[0] = !d->arm[0];
}

static void other_order(struct draw *d, struct entry_field *f)
{
    (void)f;
    d->order[0] = (d->order[0] + 1) % 6;
}

static void other_stratum(struct draw *d, struct entry_field *f)
{
    (void)d;
    f->u.contact.stratum = f->u.contact.stratum == 1 ? 2 : 1;
}

/* ---- draws ---- */

static void draws_as_the_key_dictates_are_replayed_before_and_after_approval(void **state)
{
    struct laptop l;
    set_up(&l, *state);
    assign_one(&l, NULL);
    take_approval_of(&l, l.approval);
    assign_one(&l, NULL);
    assign_one(&l, NULL);
    struct seen s = read_laptop(&l);
    assert_int_equal(s.e, ERR_OK);
    assert_int_equal(s.replayed, 3);
    assert_int_equal(s.mismatched, 0);
    assert_int_equal(s.before_approval, 1);
    take_away(&l);
}

static void check_cheat(const struct world *w, cheating *cheat)
{
    struct laptop l;
    set_up(&l, w);
    take_approval_of(&l, l.approval);
    assign_one(&l, NULL);
    assign_one(&l, cheat);
    assign_one(&l, NULL);
    struct seen s = read_laptop(&l);
    assert_int_equal(s.e, ERR_DOUBT);
    assert_int_equal(s.lines, 1);
    assert_int_equal(s.line[0].verdict, VERDICT_ASSIGNMENT);
    assert_int_equal(s.line[0].first, 4);
    assert_int_equal(s.worst, VERDICT_ASSIGNMENT);
    assert_int_equal(s.replayed, 3);
    assert_int_equal(s.mismatched, 1);
    take_away(&l);
}

static void an_arm_or_an_order_of_ones_own_choice_is_found(void **state)
{
    check_cheat(*state, other_arm);
    check_cheat(*state, other_order);
}

static void a_stratum_that_is_not_the_points_is_found(void **state)
{
    struct laptop l;
    set_up(&l, *state);
    assign_one(&l, other_stratum);
    struct seen s = read_laptop(&l);
    assert_int_equal(s.verdict[VERDICT_ASSIGNMENT], 1);
    assert_int_equal(s.mismatched, 1);
    take_away(&l);
}

static void a_draw_thrown_away_is_found_by_the_next(void **state)
{
    struct laptop l;
    struct draw thrown;
    unsigned found = 0;
    set_up(&l, *state);
    for (unsigned i = 0; i < 8;
         i++) { /* blocks: the same arms may come by chance, the orders hardly */
        device_draw(l.device, 1, 3, &thrown);
        assign_one(&l, NULL);
    }
    found = (unsigned)read_laptop(&l).mismatched;
    assert_true(found >= 4);
    take_away(&l);
}

static void an_approval_that_nobody_gave_is_found(void **state)
{
    struct laptop l;
    uint8_t own_choice[32] = {9};
    set_up(&l, *state);
    take_approval_of(&l, own_choice);
    assign_one(&l, NULL);
    struct seen s = read_laptop(&l);
    assert_int_equal(s.e, ERR_DOUBT);
    assert_int_equal(s.verdict[VERDICT_ASSIGNMENT], 1);
    assert_int_equal(s.line[0].first, 2);
    take_away(&l);
}

/* ---- chains ---- */

static void a_copy_that_goes_on_by_itself_is_a_fork_and_what_was_before_counts(void **state)
{
    const struct world *w = *state;
    struct laptop l;
    set_up(&l, w);
    for (unsigned i = 0; i < 3; i++)
        assign_one(&l, NULL);
    struct archive *a = open_for(&l);
    send(&l, a);
    size_t len = device_state_len(w->study, w->pack->strata);
    uint8_t *copied = malloc(len);
    assert_non_null(copied);
    device_save(l.device, copied);
    begin(&l);
    assign_one(&l, NULL);
    assign_one(&l, NULL);
    send(&l, a);
    device_free(l.device);
    l.device = NULL;
    assert_int_equal(device_load(w->pack, w->study, l.sign, (struct bytes){copied, len}, &l.device),
                     ERR_OK);
    free(copied);
    begin(&l);
    assign_one(&l, NULL);
    send(&l, a);
    struct seen s = read_once(a, w->key[0]);
    assert_int_equal(s.e, ERR_DOUBT);
    assert_int_equal(s.lines, 1);
    assert_int_equal(s.line[0].verdict, VERDICT_FORK);
    assert_int_equal(s.line[0].first, 5);
    assert_int_equal(s.line[0].last, 6);
    assert_int_equal(s.entries, 4);
    assert_int_equal(s.events, 3);
    take_away(&l);
}

/* A later owner of the laptop has its signing key, but not the MAC key that has moved on. */
static void entries_sealed_without_the_laptops_own_chain_are_forged(void **state)
{
    const struct world *w = *state;
    struct laptop l;
    struct stream *st = NULL;
    struct stream_chain chain = {.next = 1};
    struct entry_field f = {.kind = ENTRY_FILLER};
    struct entry_answers none = {.kind = ENTRY_FILLER};
    uint8_t field[ENTRY_FIELD_LEN], answers[4096];
    set_up(&l, w);
    struct archive *a = open_for(&l);
    send(&l, a);
    chain.next = 2;
    memcpy(chain.head, device_head(l.device), HASH_LEN);
    assert_int_equal(secret_random(32, &chain.mac), ERR_OK);
    buffer_free(&l.preamble);
    buffer_free(&l.entries);
    l.stream = 2;
    l.first = 2;
    assert_int_equal(stream_begin(w->pack, l.sign, &chain, 2, ENTRY_FIELD_LEN,
                                  entry_answers_len(w->study), &st, &l.preamble),
                     ERR_OK);
    entry_put_field(&f, field);
    entry_put_answers(w->study, &none, answers);
    stream_seal(st, field, answers, l.entry);
    add(&l);
    send(&l, a);
    struct seen s = read_once(a, w->key[0]);
    assert_int_equal(s.e, ERR_DOUBT);
    assert_int_equal(s.lines, 1);
    assert_int_equal(s.line[0].verdict, VERDICT_FORGED);
    assert_int_equal(s.line[0].first, 2);
    assert_int_equal(s.events, 0);
    stream_free(st);
    secret_free(chain.mac);
    take_away(&l);
}

/* A box for somebody else in a researcher's place shuts out that researcher only, and no honest
 * laptop makes one. */
static void a_box_that_does_not_open_to_whom_the_pack_names_is_forged(void **state)
{
    struct world *w = *state;
    struct laptop l;
    uint8_t box[32];
    memcpy(box, w->pack->researcher[0].box, 32);
    memcpy(w->pack->researcher[0].box, w->key[2]->pub.box, 32);
    set_up(&l, w);
    memcpy(w->pack->researcher[0].box, box, 32);
    assign_one(&l, NULL);
    struct archive *a = open_for(&l);
    send(&l, a);
    struct seen shut_out = read_archive(a, w->key[0]), other = read_once(a, w->key[1]);
    assert_int_equal(shut_out.e, ERR_DOUBT);
    assert_int_equal(shut_out.verdict[VERDICT_FORGED], 1);
    assert_int_equal(shut_out.lines, 1);
    assert_int_equal(shut_out.events, 0);
    assert_int_equal(other.e, ERR_OK);
    assert_int_equal(other.events, 1);
    take_away(&l);
}

static struct pack *pack_for_many(const struct world *w)
{
    struct buffer b = {0};
    struct pack *pack = NULL;
    struct pack_key researcher[PACK_MAX_RESEARCHERS] = {w->key[0]->pub, w->key[1]->pub};
    for (size_t i = 2; i < PACK_MAX_RESEARCHERS - 1; i++)
        crypto_box_keypair(researcher[i].box, researcher[i].sign); /* nobody's */
    researcher[PACK_MAX_RESEARCHERS - 1] = w->key[2]->pub;
    const struct pack_parts parts = {.number = 2,
                                     .replaces = w->pack->hash,
                                     .study = w->pack->study,
                                     .points = w->pack->points,
                                     .stratum = (const char *const *)w->points->stratum,
                                     .strata = w->points->strata,
                                     .researcher = researcher,
                                     .researchers = PACK_MAX_RESEARCHERS};
    assert_int_equal(pack_make(&parts, 0, secret_view(w->key[0]->sign), &b), ERR_OK);
    assert_int_equal(pack_parse(buffer_view(&b), "many.pack", &pack), ERR_OK);
    buffer_free(&b);
    assert_int_equal(pack_sign(pack, 1, secret_view(w->key[1]->sign), &b), ERR_OK);
    pack_free(pack); /* it has new readers: one signature is not enough */
    assert_int_equal(pack_parse(buffer_view(&b), "many.pack", &pack), ERR_OK);
    buffer_free(&b);
    return pack;
}

/* One laptop that signs preambles of two packs: the last researcher of the second has no box in the
 * first's streams, and where it would be is behind the end of the segment. */
static void a_researcher_of_one_pack_looks_for_no_box_in_the_streams_of_another(void **state)
{
    struct world *w = *state;
    struct world later = *w;
    struct laptop l;
    struct device *d = NULL;
    uint8_t *copied = malloc(device_state_len(w->study, w->pack->strata));
    assert_non_null(copied);
    later.pack = pack_for_many(w);
    set_up(&l, w);
    l.world = &later; /* approved for the second pack */
    struct archive *a = open_for(&l);
    assert_int_equal(archive_put_pack(a, w->pack->hash, buffer_view(&w->pack->bytes), NULL),
                     ERR_OK);
    send(&l, a);
    device_save(l.device, copied);
    struct bytes state_then = {copied, device_state_len(w->study, w->pack->strata)};
    assert_int_equal(device_load(later.pack, w->study, l.sign, state_then, &d), ERR_OK);
    device_free(l.device);
    l.device = d;
    begin(&l);
    assign_one(&l, NULL);
    send(&l, a);
    struct seen s = read_once(a, w->key[2]);
    assert_true(s.verdict[VERDICT_NOT_OURS] > 0);
    assert_int_equal(s.events, 0);
    free(copied);
    take_away(&l);
    pack_free(later.pack);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_as_the_key_dictates_are_replayed_before_and_after_approval),
        cmocka_unit_test(an_arm_or_an_order_of_ones_own_choice_is_found),
        cmocka_unit_test(a_stratum_that_is_not_the_points_is_found),
        cmocka_unit_test(a_draw_thrown_away_is_found_by_the_next),
        cmocka_unit_test(an_approval_that_nobody_gave_is_found),
        cmocka_unit_test(a_copy_that_goes_on_by_itself_is_a_fork_and_what_was_before_counts),
        cmocka_unit_test(entries_sealed_without_the_laptops_own_chain_are_forged),
        cmocka_unit_test(a_box_that_does_not_open_to_whom_the_pack_names_is_forged),
        cmocka_unit_test(a_researcher_of_one_pack_looks_for_no_box_in_the_streams_of_another),
    };
    return cmocka_run_group_tests(tests, start_several, end);
}
