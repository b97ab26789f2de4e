#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/segment.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_says_device_stream_and_range),
        cmocka_unit_test(a_name_has_one_spelling),
        cmocka_unit_test(hexadecimal_is_lower_case_and_of_the_length_asked),
        cmocka_unit_test(a_segment_starts_as_the_format_says_and_is_as_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
