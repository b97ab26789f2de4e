#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/bytes.h"

static void numbers_are_little_endian_both_ways(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {1, 3, 2, 7, 6, 5, 4, 0xf, 0xe, 0xd, 0xc, 0xb, 0xa, 9, 8};
    uint8_t out[sizeof bytes];
    struct reader r = reader_of((struct bytes){bytes, sizeof bytes});
    struct writer w = writer_of(out, sizeof out);
    struct buffer b = {0};
    assert_int_equal(read_u8(&r), 1);
    assert_int_equal(read_u16(&r), 0x0203);
    assert_int_equal(read_u32(&r), 0x04050607);
    assert_true(read_u64(&r) == UINT64_C(0x08090a0b0c0d0e0f));
    assert_true(reader_done(&r));
    write_u8(&w, 1), write_u16(&w, 0x0203), write_u32(&w, 0x04050607);
    write_u64(&w, UINT64_C(0x08090a0b0c0d0e0f));
    assert_false(w.failed);
    assert_memory_equal(out, bytes, sizeof bytes);
    buffer_u8(&b, 1), buffer_u16(&b, 0x0203), buffer_u32(&b, 0x04050607);
    buffer_u64(&b, UINT64_C(0x08090a0b0c0d0e0f));
    assert_int_equal(b.len, sizeof bytes);
    assert_memory_equal(b.p, bytes, sizeof bytes);
    buffer_free(&b);
}

static void past_the_end_every_read_gives_nothing_for_good(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {1, 2, 3};
    uint8_t raw[2] = {9, 9};
    struct reader r = reader_of((struct bytes){bytes, sizeof bytes});
    assert_int_equal(read_u32(&r), 0);
    assert_true(r.failed);
    assert_int_equal(read_u8(&r), 0); /* there would be one */
    read_raw(&r, raw, 2);
    assert_int_equal(raw[0] | raw[1], 0);
    assert_null(read_view(&r, 1).p);
    assert_false(reader_done(&r));
    r = reader_of((struct bytes){bytes, sizeof bytes});
    assert_null(read_view(&r, SIZE_MAX).p);
    r = reader_of((struct bytes){NULL, 0});
    assert_true(reader_done(&r));
    assert_int_equal(read_u8(&r), 0);
    assert_true(r.failed);
}

static void what_does_not_fit_is_not_written(void **state)
{
    (void)state;
    uint8_t out[4] = {9, 9, 9, 9};
    struct writer w = writer_of(out, 3);
    write_u8(&w, 1);
    write_u32(&w, 5);
    assert_true(w.failed);
    write_u8(&w, 2); /* would fit */
    write_zeros(&w, 1);
    assert_memory_equal(out, ((uint8_t[]){1, 9, 9, 9}), 4);
}

static void a_buffer_grows_and_prints_and_can_be_freed_empty(void **state)
{
    (void)state;
    struct buffer b = {0};
    buffer_free(&b);
    for (unsigned i = 0; i < 1000; i++)
        buffer_printf(&b, "%03u,", i);
    assert_int_equal(b.len, 4000);
    assert_memory_equal(b.p + 3996, "999,", 4);
    buffer_add(&b, NULL, 0);
    assert_int_equal(b.len, 4000);
    assert_false(b.failed);
    buffer_add(&b, "x", SIZE_MAX / 2); /* more than there can be */
    assert_true(b.failed);
    buffer_u8(&b, 1);
    assert_int_equal(b.len, 4000);
    buffer_free(&b);
    assert_null(b.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_little_endian_both_ways),
        cmocka_unit_test(past_the_end_every_read_gives_nothing_for_good),
        cmocka_unit_test(what_does_not_fit_is_not_written),
        cmocka_unit_test(a_buffer_grows_and_prints_and_can_be_freed_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
