#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/disposition.h"

static void disposition_table_is_ordered_and_each_code_is_its_number(void **state)
{
    (void)state;
    size_t count = 0;
    const struct disposition *table = disposition_table(&count);
    assert_true(count > 25);
    for (size_t i = 0; i < count; i++) {
        assert_true(i == 0 || table[i - 1].code < table[i].code);
        unsigned whole = 0, thousandths = 0, unit = 1000;
        const char *p = strchr(table[i].number, '.');
        assert_non_null(p);
        whole = (unsigned)strtoul(table[i].number, NULL, 10);
        while (*++p != '\0')
            thousandths += (unsigned)(*p - '0') * (unit /= 10);
        assert_int_equal(table[i].code, whole * 1000 + thousandths);
        assert_true(strlen(table[i].text) > 0 && strlen(table[i].text) <= 60);
    }
}

static void disposition_find_gives_each_row_and_nothing_between(void **state)
{
    (void)state;
    size_t count = 0, found = 0;
    const struct disposition *table = disposition_table(&count);
    for (uint32_t code = 0; code <= UINT16_MAX; code++) {
        const struct disposition *d = disposition_find((uint16_t)code);
        if (d != NULL)
            assert_ptr_equal(d, &table[found++]);
        assert_true(d == NULL || d->code == code);
    }
    assert_int_equal(found, count);
}

static void disposition_only_complete_and_partial_are_interviews(void **state)
{
    (void)state;
    size_t count = 0;
    const struct disposition *table = disposition_table(&count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(table[i].interview, table[i].code < 2000);
    assert_true(disposition_find(DISPOSITION_COMPLETE)->interview);
    assert_true(disposition_find(DISPOSITION_PARTIAL)->interview);
}

static void disposition_codes_named_in_the_header_are_in_the_table(void **state)
{
    (void)state;
    const uint16_t named[] = {DISPOSITION_REFUSAL_HOUSEHOLD, DISPOSITION_REFUSAL_PERSON,
                              DISPOSITION_BREAK_OFF, DISPOSITION_NO_ELIGIBLE,
                              DISPOSITION_QUOTA_FILLED};
    const char *const number[] = {"2.111", "2.112", "2.12", "4.70", "4.80"};
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        assert_non_null(disposition_find(named[i]));
        assert_string_equal(disposition_find(named[i])->number, number[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(disposition_table_is_ordered_and_each_code_is_its_number),
        cmocka_unit_test(disposition_find_gives_each_row_and_nothing_between),
        cmocka_unit_test(disposition_only_complete_and_partial_are_interviews),
        cmocka_unit_test(disposition_codes_named_in_the_header_are_in_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
