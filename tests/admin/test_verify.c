#include "tests/admin/sent.h"

/* What a carrier can do to the bytes: nothing of it may make an honest laptop look guilty, harm
 * what came before, or pass unseen. */

enum { INTERVIEWS = 16, FLIP_STRIDE = 2411 /* bits: every field, every bit of a byte */ };

static struct sent *sent;

static int start(void **state)
{
    start_several(state);
    sent = send_new(*state, "sent", INTERVIEWS, 1);
    assert_true(sent->pieces >= 3);
    return 0;
}

static int stop(void **state)
{
    send_free(sent);
    return end(state);
}

static uint64_t count_of(const struct piece *p)
{
    struct segment_name n;
    assert_true(segment_get_name(p->name, &n));
    return n.last - n.first + 1;
}

/* All segments, but ${instead} in the place of the ${at}-th; ${both}: beside it. */
static struct archive *lay_out(const struct world *w, size_t at, struct bytes instead, bool both)
{
    struct archive *a = open_approved(w, sent);
    for (size_t i = 0; i < sent->pieces; i++) {
        if (i != at || both)
            put_piece(a, &sent->piece[i]);
        if (i == at)
            put(a, sent->piece[i].name, sent->piece[i].device, instead);
    }
    return a;
}

static struct archive *lay_out_whole(const struct world *w)
{
    struct archive *a = open_approved(w, sent);
    for (size_t i = 0; i < sent->pieces; i++)
        put_piece(a, &sent->piece[i]);
    return a;
}

static uint64_t entries_before(size_t at)
{
    uint64_t n = 0;
    for (size_t i = 0; i < at; i++)
        n += count_of(&sent->piece[i]);
    return n;
}

static void assert_nobody_accused(const struct seen *s)
{
    assert_int_equal(s->verdict[VERDICT_FORGED], 0);
    assert_int_equal(s->verdict[VERDICT_FORK], 0);
    assert_int_equal(s->verdict[VERDICT_ASSIGNMENT], 0);
    assert_int_not_equal(s->e, ERR_DOUBT);
}

/* ---- what is whole ---- */

static void whole_segments_are_intact_to_every_researcher(void **state)
{
    const struct world *w = *state;
    uint64_t all = entries_before(sent->pieces);
    struct archive *a = lay_out_whole(w);
    struct seen first = read_archive(a, w->key[0]), second = read_once(a, w->key[1]);
    assert_int_equal(first.e, ERR_OK);
    assert_int_equal(first.lines, 0);
    assert_int_equal(first.entries, all);
    assert_int_equal(first.whole_to, all);
    assert_int_equal(first.events, all - 1); /* the root is no event */
    assert_int_equal(first.with_answers, first.events);
    assert_int_equal(first.replayed, INTERVIEWS);
    assert_int_equal(first.mismatched, 0);
    assert_int_equal(first.before_approval, 0);
    assert_int_equal(second.events, first.events);
    assert_memory_equal(second.field_hash, first.field_hash, HASH_LEN);
    assert_memory_equal(second.answers_hash, first.answers_hash, HASH_LEN);
}

static void segments_in_another_order_and_twice_read_the_same(void **state)
{
    const struct world *w = *state;
    struct archive *a = open_approved(w, sent);
    struct seen right = read_once(lay_out_whole(w), w->key[0]);
    for (size_t i = sent->pieces; i-- > 0;)
        put_piece(a, &sent->piece[i]);
    for (size_t i = 0; i < sent->pieces; i++) {
        bool fresh = true;
        const struct piece *p = &sent->piece[i];
        assert_int_equal(
            archive_put_segment(a, p->name, p->device, 1, buffer_view(&p->file), &fresh), ERR_OK);
        assert_false(fresh);
    }
    struct seen s = read_once(a, w->key[0]);
    assert_int_equal(s.lines, 0);
    assert_int_equal(s.entries, right.entries);
    assert_memory_equal(s.field_hash, right.field_hash, HASH_LEN);
    assert_memory_equal(s.answers_hash, right.answers_hash, HASH_LEN);
}

static void a_reader_without_a_key_opens_nothing(void **state)
{
    struct seen s = read_once(lay_out_whole(*state), NULL);
    assert_int_equal(s.e, ERR_OK);
    assert_int_equal(s.events, 0);
    assert_int_equal(s.entries, entries_before(sent->pieces));
}

/* ---- bits ---- */

static void flip(struct buffer *b, size_t bit)
{
    b->p[bit / 8] = (uint8_t)(b->p[bit / 8] ^ 1u << bit % 8);
}

/* Entry signatures in front of the last one: the last vouches for all, so nothing is lost. */
static bool only_a_spare_signature(const struct world *w, const struct piece *p, size_t bit)
{
    size_t start = segment_len(stream_preamble_len(w->pack), 0, 0), at = bit / 8;
    size_t entry = device_entry_len(w->study);
    return at >= start && at < p->file.len - entry && (at - start) % entry >= entry - SIGN_LEN;
}

static void check_flip(const struct world *w, size_t at, size_t bit)
{
    struct piece *p = &sent->piece[at];
    bool spare = only_a_spare_signature(w, p, bit);
    flip(&p->file, bit);
    struct seen s = read_once(lay_out(w, at, buffer_view(&p->file), false), w->key[0]);
    struct bytes bad = buffer_view(&p->file);
    struct buffer copy = {0};
    buffer_add(&copy, bad.p, bad.len);
    flip(&p->file, bit);
    struct seen both = read_once(lay_out(w, at, buffer_view(&copy), true), w->key[0]);
    buffer_free(&copy);
    assert_nobody_accused(&s);
    assert_nobody_accused(&both);
    assert_true(s.lines > 0 || spare);
    assert_true(s.entries >= entries_before(at));
    assert_true(s.whole_to >= entries_before(at));
    assert_int_equal(both.e, ERR_OK); /* the whole copy heals */
    assert_int_equal(both.entries, entries_before(sent->pieces));
    assert_int_equal(both.events, both.entries - 1);
    for (size_t v = 0; v < VERDICT__COUNT; v++)
        assert_true(verdict_err((enum verdict)v) == ERR_OK || both.verdict[v] == 0);
}

static void no_flipped_bit_passes_unseen_accuses_a_laptop_or_outlives_a_whole_copy(void **state)
{
    const struct world *w = *state;
    size_t header = segment_len(stream_preamble_len(w->pack), 0, 0);
    for (size_t bit = 0; bit < 8 * sent->piece[1].file.len;
         bit += bit < 8 * header ? 37 : FLIP_STRIDE)
        check_flip(w, 1, bit);
    for (size_t bit = 5; bit < 8 * header;
         bit += 29) /* the set-up segment: its head before is the stream's id */
        check_flip(w, 0, bit);
}

/* Reads all with the ${nth} entry of the last segment hit by ${mask} at its tenth byte. */
static struct seen read_hit(const struct world *w, uint64_t nth, uint8_t mask)
{
    size_t last = sent->pieces - 1, entry = device_entry_len(w->study);
    struct piece *p = &sent->piece[last];
    size_t at = p->file.len - count_of(p) * entry + (nth - 1) * entry + 10;
    assert_true(count_of(p) > 4);
    p->file.p[at] ^= mask;
    struct seen s = read_once(lay_out(w, last, buffer_view(&p->file), false), w->key[0]);
    p->file.p[at] ^= mask;
    return s;
}

static void one_bit_that_a_carrier_changed_is_put_right_by_the_signatures(void **state)
{
    struct seen s = read_hit(*state, 4, 0x20);
    assert_int_equal(s.e, ERR_OK);
    assert_int_equal(s.lines, 1);
    assert_int_equal(s.line[0].verdict, VERDICT_REPAIRED);
    assert_int_equal(s.entries, entries_before(sent->pieces));
    assert_int_equal(s.events, s.entries - 1);
    assert_int_equal(s.replayed, INTERVIEWS);
}

static void entries_in_front_of_a_damaged_one_count_and_those_behind_are_named(void **state)
{
    size_t last = sent->pieces - 1;
    uint64_t before = entries_before(last), count = count_of(&sent->piece[last]);
    struct seen s = read_hit(*state, 4, 0x21);
    assert_int_equal(s.e, ERR_PARTIAL);
    assert_int_equal(s.entries, before + 3);
    assert_int_equal(s.events, before + 3 - 1);
    assert_int_equal(s.lines, 2);
    assert_int_equal(s.line[0].verdict, VERDICT_DAMAGED);
    assert_int_equal(s.line[0].first, before + 4);
    assert_int_equal(s.line[0].last, before + 4);
    assert_int_equal(s.line[1].verdict, VERDICT_BEHIND);
    assert_int_equal(s.line[1].first, before + 5);
    assert_int_equal(s.line[1].last, before + count);
    assert_non_null(strstr(s.line[1].why, "it opens"));
}

/* Each copy is damaged elsewhere: together they are whole. */
static void damaged_copies_heal_each_other(void **state)
{
    const struct world *w = *state;
    size_t last = sent->pieces - 1, entry = device_entry_len(w->study);
    struct piece *p = &sent->piece[last];
    size_t at = p->file.len - count_of(p) * entry;
    struct buffer copy = {0};
    buffer_add(&copy, p->file.p, p->file.len);
    copy.p[at + 4 * entry + 10] ^= 0x81;
    p->file.p[at + 2 * entry + 10] ^= 0x81;
    struct seen s = read_once(lay_out(w, last, buffer_view(&copy), true), w->key[0]);
    p->file.p[at + 2 * entry + 10] ^= 0x81;
    buffer_free(&copy);
    assert_int_equal(s.e, ERR_OK);
    assert_int_equal(s.entries, entries_before(sent->pieces));
    assert_int_equal(s.replayed, INTERVIEWS);
}

/* ---- lengths ---- */

static void check_length(const struct world *w, size_t at, size_t len)
{
    const struct piece *p = &sent->piece[at];
    size_t start_of = segment_len(stream_preamble_len(w->pack), 0, 0);
    size_t entry = device_entry_len(w->study),
           whole = len < start_of ? 0 : (len - start_of) / entry;
    uint8_t *cut = malloc(len > 0 ? len : 1); /* of its own, so that reading behind it is seen */
    assert_non_null(cut);
    memcpy(cut, p->file.p, len);
    struct seen s = read_once(lay_out(w, at, (struct bytes){cut, len}, false), w->key[0]);
    struct seen both = read_once(lay_out(w, at, (struct bytes){cut, len}, true), w->key[0]);
    free(cut);
    assert_nobody_accused(&s);
    assert_true(s.lines > 0);
    assert_int_equal(s.e, ERR_PARTIAL);
    assert_int_equal(s.whole_to, entries_before(at) + whole);
    assert_int_equal(both.e, ERR_OK);
    assert_int_equal(both.entries, entries_before(sent->pieces));
}

static void a_segment_cut_anywhere_keeps_its_whole_entries(void **state)
{
    const struct world *w = *state;
    size_t last = sent->pieces - 1, start_of = segment_len(stream_preamble_len(w->pack), 0, 0);
    for (size_t len = 0; len < sent->piece[1].file.len; len += len < start_of ? 13 : 211)
        check_length(w, 1, len);
    check_length(w, 1, sent->piece[1].file.len - 1);
    check_length(w, last, start_of + 2 * device_entry_len(w->study)); /* between two entries */
}

static void bytes_left_over_behind_a_whole_segment_are_said_and_harm_nothing(void **state)
{
    const struct world *w = *state;
    size_t last = sent->pieces - 1;
    struct buffer longer = {0};
    buffer_add(&longer, sent->piece[last].file.p, sent->piece[last].file.len);
    buffer_add(&longer, "more", 4);
    struct seen s = read_once(lay_out(w, last, buffer_view(&longer), false), w->key[0]);
    buffer_free(&longer);
    assert_nobody_accused(&s);
    assert_int_equal(s.lines, 1);
    assert_int_equal(s.e, ERR_OK); /* whatever its name promises is there */
    assert_int_equal(s.entries, entries_before(sent->pieces));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_segments_are_intact_to_every_researcher),
        cmocka_unit_test(segments_in_another_order_and_twice_read_the_same),
        cmocka_unit_test(a_reader_without_a_key_opens_nothing),
        cmocka_unit_test(no_flipped_bit_passes_unseen_accuses_a_laptop_or_outlives_a_whole_copy),
        cmocka_unit_test(one_bit_that_a_carrier_changed_is_put_right_by_the_signatures),
        cmocka_unit_test(entries_in_front_of_a_damaged_one_count_and_those_behind_are_named),
        cmocka_unit_test(damaged_copies_heal_each_other),
        cmocka_unit_test(a_segment_cut_anywhere_keeps_its_whole_entries),
        cmocka_unit_test(bytes_left_over_behind_a_whole_segment_are_said_and_harm_nothing),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
