#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/segment.h"
#include "core/stream.h"

static const char good[] = "0123456789abcdef-00000001-00000017-00000032.seg";

static void a_name_says_device_stream_and_range(void **state)
{
    (void)state;
    struct segment_name n;
    char again[SEGMENT_NAME];
    static const uint8_t device[8] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
    assert_true(segment_get_name(good, &n));
    assert_memory_equal(n.device, device, 8);
    assert_int_equal(n.stream, 1);
    assert_int_equal(n.first, 17);
    assert_int_equal(n.last, 32);
    segment_put_name(&n, again);
    assert_string_equal(again, good);
    n.last = UINT64_C(123456789012);
    segment_put_name(&n, again);
    assert_string_equal(again, "0123456789abcdef-00000001-00000017-123456789012.seg");
    assert_true(segment_get_name(again, &n));
}

static void a_name_has_one_spelling(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        ".seg",
        "0123456789abcdef-00000001-00000017-00000032",
        "0123456789abcdef-00000001-00000017-00000032.seg ",
        " 0123456789abcdef-00000001-00000017-00000032.seg",
        "0123456789abcdef-00000001-00000017-00000032.seg.seg",
        "0123456789abcdef-00000001-00000017-00000032.SEG",
        "0123456789ABCDEF-00000001-00000017-00000032.seg",
        "0123456789abcdef-1-17-32.seg",
        "0123456789abcdef-000000001-00000017-00000032.seg",
        "0123456789abcdef-+0000001-00000017-00000032.seg",
        "0123456789abcdef--0000001-00000017-00000032.seg",
        "0123456789abcdef- 0000001-00000017-00000032.seg",
        "0123456789abcde-00000001-00000017-00000032.seg",
        "0123456789abcdef0-00000001-00000017-00000032.seg",
        "0123456789abcdef-00000001-00000000-00000032.seg",
        "0123456789abcdef-00000001-00000033-00000032.seg",
        "0123456789abcdef-00000001-00000017-99999999999999999999999.seg",
        "../0123456789abcdef-00000001-00000017-00000032.seg"};
    struct segment_name n = {{0}, 4, 4, 4};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(segment_get_name(bad[i], &n));
    assert_int_equal(n.stream, 4); /* untouched */
}

static void hexadecimal_is_lower_case_and_of_the_length_asked(void **state)
{
    (void)state;
    uint8_t out[2];
    char text[5];
    assert_true(segment_unhex("0fa1", 2, out));
    segment_hex(out, 2, text);
    assert_string_equal(text, "0fa1");
    assert_false(segment_unhex("0fA1", 2, out));
    assert_false(segment_unhex("0fa", 2, out));
    assert_false(segment_unhex("0fa1a", 2, out));
    assert_false(segment_unhex("0fa1aa", 2, out));
    assert_false(segment_unhex("0fg1", 2, out));
    assert_false(segment_unhex("", 2, out));
}

static void a_segment_starts_as_the_format_says_and_is_as_long(void **state)
{
    (void)state;
    struct buffer b = {0};
    static const uint8_t before[HASH_LEN] = {0xbe}, preamble[3] = {1, 2, 3};
    static const uint8_t start[] = {'S', 'A', 'N', 'A', 'Q', 'S', 'G', '1', 1, 0, 3, 0, 0,
                                    0,   1,   2,   3,   17,  1,   0,   0,   0, 0, 0, 0, 0xbe};
    static const uint8_t count[] = {16, 0, 0, 0};
    segment_put_start(&b, (struct bytes){preamble, 3}, 273, before, 16);
    assert_int_equal(b.len, segment_len(3, 100, 0));
    assert_int_equal(segment_len(3, 100, 16), b.len + 1600);
    assert_memory_equal(b.p, start, sizeof start);
    assert_memory_equal(b.p + b.len - 4, count, 4);
    buffer_free(&b);
}

/* Entries that pass by move the head and are not in the segment; the next run goes on behind. */
static void a_run_holds_what_was_gathered_under_the_head_before_it(void **state)
{
    (void)state;
    enum { PREAMBLE = 8 + 2 + 32 + 32 + 8 + SIGN_LEN, ENTRY = SIGN_LEN + 10 };
    uint8_t preamble[PREAMBLE] = {0}, entry[3][ENTRY] = {{1}, {2}, {3}}, head[HASH_LEN];
    struct segment_run run = {0};
    struct buffer file = {0};
    char name[SEGMENT_NAME];
    struct bytes sealed[3] = {{entry[0], ENTRY}, {entry[1], ENTRY}, {entry[2], ENTRY}};
    preamble[8 + 2 + 32] = 0xab;
    preamble[8 + 2 + 32 + 32] = 5;
    assert_int_equal(segment_run_stream(&run, (struct bytes){preamble, PREAMBLE - 1}), ERR_FORMAT);
    assert_int_equal(segment_run_stream(&run, (struct bytes){preamble, PREAMBLE}), ERR_OK);
    hash_once(head, NULL, "stream", (struct bytes){preamble, PREAMBLE - SIGN_LEN});
    assert_memory_equal(run.head, head, HASH_LEN);
    segment_run_pass(&run, sealed[0]);
    stream_head(head, sealed[0], head);
    assert_false(segment_run_full(&run, ENTRY));
    segment_run_add(&run, 8, sealed[1]);
    segment_run_add(&run, 9, sealed[2]);
    assert_int_equal(segment_run_take(&run, name, &file), ERR_OK);
    assert_string_equal(name, "ab00000000000000-00000005-00000008-00000009.seg");
    assert_int_equal(file.len, segment_len(PREAMBLE, ENTRY, 2));
    assert_memory_equal(file.p + 8 + 2 + 4 + PREAMBLE + 8, head, HASH_LEN);
    assert_memory_equal(file.p + file.len - 2 * ENTRY, entry[1], 2 * ENTRY);
    buffer_free(&file);
    segment_run_add(&run, 10, sealed[0]);
    stream_head(head, sealed[1], head);
    stream_head(head, sealed[2], head);
    assert_memory_equal(run.before, head, HASH_LEN);
    for (uint64_t n = 11; !segment_run_full(&run, ENTRY); n++)
        segment_run_add(&run, n, sealed[0]);
    assert_int_equal(run.name.last - run.name.first + 1, SEGMENT_MAX_ENTRIES);
    segment_run_free(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_says_device_stream_and_range),
        cmocka_unit_test(a_name_has_one_spelling),
        cmocka_unit_test(hexadecimal_is_lower_case_and_of_the_length_asked),
        cmocka_unit_test(a_segment_starts_as_the_format_says_and_is_as_long),
        cmocka_unit_test(a_run_holds_what_was_gathered_under_the_head_before_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
