#include "tests/admin/sent.h"
#include "tests/fault/tampered.h"

/* The tamper campaign on segments: whatever a carrier does to one of them has its one verdict,
 * harms no other entry, and makes nobody look guilty. Figures are printed; every bit by
 * tests/fault/tamper.sh. */

enum { INTERVIEWS = 40, PIECE = 4 /* entries of the segment that is tampered with */ };

static struct sent *sent;    /* of two laptops; only the first one's pieces are laid out */
static struct piece target;  /* PIECE entries out of the middle of a session */
static struct piece rest[2]; /* what was in front of it and behind it in its segment */
static size_t at;            /* the piece that these three replace */
static struct truth truth;
static uint64_t first, header, entry;

/* Entries ${from}.. of ${p}, ${count} of them, as a segment of their own. */
static void cut_out(const struct world *w, const struct piece *p, uint64_t from, uint64_t count,
                    struct piece *out)
{
    struct segment_name n;
    struct bytes preamble = {p->file.p + 14, stream_preamble_len(w->pack)};
    uint8_t head[HASH_LEN];
    const uint8_t *e = p->file.p + header;
    assert_true(segment_get_name(p->name, &n));
    memcpy(head, p->file.p + header - 4 - HASH_LEN, HASH_LEN);
    for (uint64_t i = 0; i < from; i++)
        stream_head(head, (struct bytes){e + i * entry, entry}, head);
    n.first += from;
    n.last = n.first + count - 1;
    segment_put_name(&n, out->name);
    memcpy(out->device, p->device, 32);
    segment_put_start(&out->file, preamble, n.first, head, (uint32_t)count);
    buffer_add(&out->file, e + from * entry, count * entry);
}

static size_t pieces_of_first(void)
{
    size_t n = 0;
    while (n < sent->pieces && memcmp(sent->piece[n].device, sent->piece[0].device, 32) == 0)
        n++;
    return n;
}

static struct archive *lay_out(const struct world *w, const struct bytes *instead)
{
    struct archive *a = open_approved(w, sent);
    for (size_t i = 0; i < pieces_of_first(); i++)
        if (i != at)
            put_piece(a, &sent->piece[i]);
    for (size_t i = 0; i < 2; i++)
        put_piece(a, &rest[i]);
    if (instead != NULL)
        put(a, target.name, target.device, *instead);
    return a;
}

static struct reading read_with(const struct world *w, struct bytes instead)
{
    return read_tampered(lay_out(w, &instead), w->key[0], &truth);
}

static int start(void **state)
{
    start_several(state);
    const struct world *w = *state;
    struct segment_name n;
    sent = send_new(w, "sent", INTERVIEWS, 2);
    header = segment_len(stream_preamble_len(w->pack), 0, 0);
    entry = device_entry_len(w->study);
    at = 1;
    assert_true(pieces_of_first() >= 3);
    assert_true(segment_get_name(sent->piece[at].name, &n));
    uint64_t count = n.last - n.first + 1;
    assert_true(count > 2 * PIECE);
    cut_out(w, &sent->piece[at], 0, PIECE, &rest[0]);
    cut_out(w, &sent->piece[at], PIECE, PIECE, &target);
    cut_out(w, &sent->piece[at], 2 * (uint64_t)PIECE, count - 2 * (uint64_t)PIECE, &rest[1]);
    first = n.first + PIECE;
    struct bytes whole = buffer_view(&target.file);
    struct reading r = read_tampered(lay_out(w, &whole), w->key[0], NULL);
    assert_int_equal(r.e, ERR_OK);
    assert_int_equal(r.lines, 0);
    truth = r.got;
    return 0;
}

static int stop(void **state)
{
    for (size_t i = 0; i < 2; i++)
        buffer_free(&rest[i].file);
    buffer_free(&target.file);
    send_free(sent);
    return end(state);
}

/* ---- bits ---- */

enum region {
    MAGIC,
    LENGTH,
    PREAMBLE,
    FIRST,
    BEFORE,
    COUNT_SMALL,
    COUNT_ODD,
    PARTS,
    MAC,
    SPARE,
    LAST,
    REGIONS
};

/* The one verdict of a flipped bit, by where it is. INTACT: nothing is said, nothing is lost. */
static const struct {
    const char *what;
    enum verdict expected;
} region[REGIONS] = {
    [MAGIC] = {"magic and version of the segment", VERDICT_DAMAGED},
    [LENGTH] = {"length of the preamble", VERDICT_DAMAGED},
    [PREAMBLE] = {"preamble", VERDICT_DAMAGED},
    [FIRST] = {"position of the first entry", VERDICT_REPAIRED},
    [BEFORE] = {"head before the first entry", VERDICT_REPAIRED},
    [COUNT_SMALL] = {"number of entries, still within its limits", VERDICT_REPAIRED},
    [COUNT_ODD] = {"number of entries, none or too many", VERDICT_DAMAGED},
    [PARTS] = {"sealed parts", VERDICT_REPAIRED},
    [MAC] = {"mac", VERDICT_REPAIRED},
    [SPARE] = {"signature in front of the last", VERDICT_INTACT},
    [LAST] = {"signature of the last entry", VERDICT_REPAIRED},
};

static enum region region_of(size_t bit)
{
    size_t byte = bit / 8, pre = header - 14 - 8 - HASH_LEN - 4;
    if (byte < 10)
        return MAGIC;
    if (byte < 14)
        return LENGTH;
    if (byte < 14 + pre)
        return PREAMBLE;
    if (byte < 14 + pre + 8)
        return FIRST;
    if (byte < header - 4)
        return BEFORE;
    if (byte < header) {
        uint32_t number = PIECE ^ (UINT32_C(1) << (bit - 8 * (header - 4)));
        return number == 0 || number > SEGMENT_MAX_ENTRIES ? COUNT_ODD : COUNT_SMALL;
    }
    size_t nth = (byte - header) / entry, in = (byte - header) % entry;
    if (in >= entry - SIGN_LEN)
        return nth + 1 < PIECE ? SPARE : LAST;
    return in >= entry - SIGN_LEN - STREAM_MAC_LEN ? MAC : PARTS;
}

static void check_bit(const struct world *w, size_t bit, unsigned *tried)
{
    enum region where = region_of(bit);
    enum verdict expected = region[where].expected;
    uint8_t *byte = &target.file.p[bit / 8], mask = (uint8_t)(1u << bit % 8);
    *byte ^= mask;
    struct reading r = read_with(w, buffer_view(&target.file));
    *byte ^= mask;
    tried[where]++;
    assert_honest(&r);
    if (r.lines != (expected != VERDICT_INTACT) || (r.lines > 0 && r.line[0].verdict != expected))
        fail_msg("bit %zu (%s): %zu lines, %s", bit, region[where].what, r.lines,
                 r.lines > 0 ? verdict_name(r.line[0].verdict) : "none");
    assert_int_equal(r.missing, expected == VERDICT_DAMAGED ? PIECE : 0);
    assert_int_equal(r.e, verdict_err(expected));
}

static void every_flipped_bit_has_its_verdict_and_harms_no_other_entry(void **state)
{
    unsigned tried[REGIONS] = {0}, all = 0;
    size_t bits = 8 * target.file.len;
    for (size_t bit = 0; bit < bits;) {
        enum region where = region_of(bit);
        check_bit(*state, bit, tried);
        bit += stride(where == PREAMBLE ? 97 : where >= PARTS ? 601 : 7);
    }
    for (size_t i = 0; i < REGIONS; i++) {
        print_message("  %-44s %6u bits: %s\n", region[i].what, tried[i],
                      verdict_name(region[i].expected));
        all += tried[i];
    }
    print_message("  %u of %zu bits of a segment of %d entries\n", all, bits, PIECE);
}

/* ---- more than a bit ---- */

/* Two bits of entry ${nth}: too much for the signatures to put right. */
static void hurt(struct buffer *b, size_t nth, size_t in)
{
    b->p[header + nth * entry + in] ^= 0x41;
}

static void an_entry_that_is_beyond_repair_is_lost_and_those_behind_it_open(void **state)
{
    static const size_t step = 97;
    for (size_t nth = 0; nth < PIECE; nth++)
        for (size_t in = 0; in < entry - SIGN_LEN; in += stride(step)) {
            bool sealed = in < entry - SIGN_LEN - STREAM_MAC_LEN;
            hurt(&target.file, nth, in);
            struct reading r = read_with(*state, buffer_view(&target.file));
            hurt(&target.file, nth, in);
            assert_honest(&r);
            assert_int_equal(r.e, ERR_PARTIAL);
            assert_int_equal(r.missing, PIECE - nth);
            assert_int_equal(r.verdict[VERDICT_DAMAGED], sealed); /* a mac alone: the parts open */
            assert_int_equal(r.verdict[VERDICT_BEHIND], !sealed || nth + 1 < PIECE);
            assert_int_equal(r.lines, r.verdict[VERDICT_DAMAGED] + r.verdict[VERDICT_BEHIND]);
            if (r.verdict[VERDICT_BEHIND] > 0) {
                const struct verify_line *l = &r.line[r.lines - 1];
                assert_int_equal(l->first, first + nth + sealed);
                assert_int_equal(l->last, first + PIECE - 1);
                assert_non_null(strstr(l->why, "it opens"));
            }
        }
}

static void a_segment_cut_at_any_length_keeps_its_whole_entries(void **state)
{
    for (size_t len = 0; len < target.file.len; len += stride(53)) {
        uint8_t *part =
            malloc(len > 0 ? len : 1); /* of its own, so that reading behind it is seen */
        assert_non_null(part);
        memcpy(part, target.file.p, len);
        struct reading r = read_with(*state, (struct bytes){part, len});
        free(part);
        size_t whole = len < header ? 0 : (len - header) / entry;
        assert_honest(&r);
        assert_int_equal(r.e, ERR_PARTIAL);
        assert_int_equal(r.missing, PIECE - whole);
        enum verdict expected = len < header ? VERDICT_DAMAGED : VERDICT_TRUNCATED;
        assert_int_equal(r.verdict[expected], 1);
        assert_int_equal(r.verdict[VERDICT_GAP] + r.verdict[expected], r.lines);
    }
}

/* ---- pieces ---- */

static void a_piece_that_is_dropped_is_a_gap(void **state)
{
    struct reading r =
        read_tampered(lay_out(*state, NULL), ((struct world *)*state)->key[0], &truth);
    assert_honest(&r);
    assert_int_equal(r.lines, 1);
    assert_int_equal(r.line[0].verdict, VERDICT_GAP);
    assert_int_equal(r.line[0].first, first);
    assert_int_equal(r.line[0].last, first + PIECE - 1);
    assert_int_equal(r.missing, PIECE);
}

static void what_comes_twice_or_in_any_order_is_intact(void **state)
{
    const struct world *w = *state;
    struct archive *a = open_approved(w, sent);
    for (int round = 0; round < 2; round++)
        for (size_t i = pieces_of_first(); i-- > 0;)
            put_piece(a, &sent->piece[i]); /* the whole of what the three are parts of */
    put_piece(a, &rest[1]);
    put_piece(a, &target);
    put_piece(a, &rest[0]);
    struct reading r = read_tampered(a, w->key[0], &truth);
    assert_honest(&r);
    assert_int_equal(r.lines, 0);
    assert_int_equal(r.missing, 0);
}

/* Two entries change places: neither is where its signature says. */
static void entries_that_change_places_are_damaged(void **state)
{
    uint8_t *e = target.file.p + header, *kept = malloc(entry);
    assert_non_null(kept);
    memcpy(kept, e + entry, entry);
    memcpy(e + entry, e + 2 * entry, entry);
    memcpy(e + 2 * entry, kept, entry);
    struct reading r = read_with(*state, buffer_view(&target.file));
    memcpy(e + 2 * entry, e + entry, entry);
    memcpy(e + entry, kept, entry);
    free(kept);
    assert_honest(&r);
    assert_int_equal(r.missing, PIECE - 1);
    assert_int_equal(r.verdict[VERDICT_DAMAGED], 1); /* the two, one behind the other */
    assert_int_equal(r.line[0].first, first + 1);
    assert_int_equal(r.line[0].last, first + 2);
    assert_int_equal(r.verdict[VERDICT_BEHIND], 1);
    assert_int_equal(r.lines, 2);
}

/* An entry in the middle is left out and the number mended: the signatures behind it do not fit. */
static void an_entry_dropped_from_the_middle_is_damage(void **state)
{
    struct buffer b = {0};
    buffer_add(&b, target.file.p, header + entry);
    buffer_add(&b, target.file.p + header + 2 * entry, (PIECE - 2) * entry);
    b.p[header - 4] = PIECE - 1;
    struct reading r = read_with(*state, buffer_view(&b));
    buffer_free(&b);
    assert_honest(&r);
    assert_int_equal(r.e, ERR_PARTIAL);
    assert_int_equal(r.missing, PIECE - 1);
    assert_int_equal(r.verdict[VERDICT_DAMAGED], 1);
    assert_int_equal(r.verdict[VERDICT_TRUNCATED], 1);
}

/* ---- two laptops ---- */

/* The other laptop's entry, or its whole segment, in the first one's. */
static void spliced_entries_are_damaged_and_spliced_segments_foreign(void **state)
{
    const struct world *w = *state;
    const struct piece *other = &sent->piece[pieces_of_first() + 1];
    struct buffer b = {0};
    buffer_add(&b, target.file.p, target.file.len);
    memcpy(b.p + header + entry, other->file.p + header, entry);
    struct reading r = read_with(w, buffer_view(&b));
    assert_honest(&r);
    assert_int_equal(r.missing, PIECE - 1);
    assert_int_equal(r.verdict[VERDICT_DAMAGED], 1);
    assert_int_equal(r.line[0].first, first + 1);
    assert_int_equal(r.line[0].last, first + 1);
    buffer_free(&b);
    buffer_add(&b, other->file.p, header); /* its preamble before our entries */
    buffer_add(&b, target.file.p + header, PIECE * entry);
    r = read_with(w, buffer_view(&b));
    assert_honest(&r);
    assert_int_equal(r.missing, PIECE);
    assert_int_equal(r.verdict[VERDICT_FOREIGN], 1);
    buffer_free(&b);
    r = read_with(w, buffer_view(&other->file));
    assert_honest(&r);
    assert_int_equal(r.missing, PIECE);
    assert_int_equal(r.verdict[VERDICT_FOREIGN], 1);
}

/* The same laptop's own preamble of another session before these entries. */
static void entries_under_another_session_of_their_laptop_open_nowhere(void **state)
{
    const struct world *w = *state;
    size_t pre = stream_preamble_len(w->pack);
    struct buffer b = {0};
    buffer_add(&b, target.file.p, target.file.len);
    memcpy(b.p + 14, sent->piece[2].file.p + 14, pre);
    struct reading r = read_with(w, buffer_view(&b));
    buffer_free(&b);
    assert_honest(&r);
    assert_int_equal(r.e, ERR_PARTIAL);
    assert_int_equal(r.missing, PIECE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_flipped_bit_has_its_verdict_and_harms_no_other_entry),
        cmocka_unit_test(an_entry_that_is_beyond_repair_is_lost_and_those_behind_it_open),
        cmocka_unit_test(a_segment_cut_at_any_length_keeps_its_whole_entries),
        cmocka_unit_test(a_piece_that_is_dropped_is_a_gap),
        cmocka_unit_test(what_comes_twice_or_in_any_order_is_intact),
        cmocka_unit_test(entries_that_change_places_are_damaged),
        cmocka_unit_test(an_entry_dropped_from_the_middle_is_damage),
        cmocka_unit_test(spliced_entries_are_damaged_and_spliced_segments_foreign),
        cmocka_unit_test(entries_under_another_session_of_their_laptop_open_nowhere),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
