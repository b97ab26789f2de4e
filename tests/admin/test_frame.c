#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "admin/frame/frame.h"
#include "core/log.h"

static char said[4096];

static void listen_in(void *ctx, const char *line)
{
    (void)ctx;
    strncat(said, line, sizeof said - strlen(said) - 2);
    strcat(said, "\n");
}

static int start(void **state)
{
    (void)state;
    said[0] = '\0';
    log_to(listen_in, NULL);
    return 0;
}

static struct frame *frame_of(size_t n, const char *name, const char *const *text)
{
    struct frame *f = NULL;
    assert_int_equal(frame_new(n, &f), ERR_OK);
    assert_int_equal(frame_add_texts(f, name, text), ERR_OK);
    return f;
}

static const char *at(const struct frame *f, int column, size_t row)
{
    const struct frame_column *c = &f->column[column];
    assert_int_equal(frame_levels(f, column), ERR_OK);
    return c->row[row] == FRAME_MISSING ? NULL : c->level[c->row[row]];
}

static void frame_sorts_numbers_as_numbers(void **state)
{
    (void)state;
    const char *text[] = {"10", "9", NULL, "-1", "", "9"};
    struct frame *f = frame_of(6, "age", text);
    const struct frame_column *c = &f->column[0];
    assert_null(c->row);
    assert_int_equal(frame_levels(f, 0), ERR_OK);
    assert_int_equal(c->levels, 3);
    assert_string_equal(c->level[0], "-1");
    assert_string_equal(c->level[1], "9");
    assert_string_equal(c->level[2], "10");
    const int32_t row[] = {2, 1, FRAME_MISSING, 0, FRAME_MISSING, 1};
    assert_memory_equal(c->row, row, sizeof row);
    const double *number = frame_numbers(f, 0);
    assert_true(number[0] == 10 && number[1] == 9 && isnan(number[2]) && number[3] == -1);
    assert_false(frame_is_factor(f, 0));
    frame_free(f);
}

/* The number as the column keeps it, NAN where the text is none. */
static double number_of(const char *text)
{
    double v = NAN;
    bool is = frame_parse_number(text, strlen(text), &v);
    assert_int_equal(is, !isnan(v));
    return v;
}

static void frame_takes_for_a_number_what_is_one(void **state)
{
    (void)state;
    static const char *const number[] = {"0",
                                         "7",
                                         "-1",
                                         "+3",
                                         "2.0",
                                         ".5",
                                         "5.",
                                         "0.1",
                                         "-0.25",
                                         "123456789012345",
                                         "1e3",
                                         "1E-7",
                                         "0.1234567890123456789",
                                         "3.141592653589793",
                                         "12345678901234567.5",
                                         "2.5e+10",
                                         "-0",
                                         "0.000000000000001"};
    static const char *const text[] = {
        "",    "-",     ".",    "+",     "007", "-01", "00.5", "1234567890123456",
        "nan", "inf",   "0x10", "1e999", "1,5", "1 ",  " 1",   "1e",
        "--1", "1.2.3", "12a",  "1-2"};
    for (size_t i = 0; i < sizeof number / sizeof *number; i++)
        assert_true(number_of(number[i]) == strtod(number[i], NULL));
    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
        assert_true(isnan(number_of(text[i])));
    assert_false(signbit(number_of("-0")));
}

static void frame_prints_the_fewest_digits_that_give_the_number_back(void **state)
{
    (void)state;
    char s[FRAME_NUMBER_ROOM];
    assert_string_equal(frame_print_number(0.1, s), "0.1");
    assert_string_equal(frame_print_number(3, s), "3");
    assert_string_equal(frame_print_number(0.1 + 0.2, s), "0.30000000000000004");
    assert_string_equal(frame_print_number(-2.5e-8, s), "-2.5e-08");
}

static void frame_keeps_codes_with_leading_zeros_as_texts(void **state)
{
    (void)state;
    const char *text[] = {"007", "010", "7"};
    struct frame *f = frame_of(3, "point", text);
    assert_null(frame_numbers(f, 0));
    assert_true(frame_is_factor(f, 0));
    assert_int_equal(f->column[0].levels, 3);
    frame_free(f);
}

static void frame_makes_levels_of_fractions_and_of_far_numbers(void **state)
{
    (void)state;
    double v[] = {1e9, 0.5, NAN, -3, 0.5, 1e9}, *number = malloc(sizeof v);
    const int32_t row[] = {2, 1, FRAME_MISSING, 0, 1, 2};
    struct frame *f = NULL;
    memcpy(number, v, sizeof v);
    assert_int_equal(frame_new(6, &f), ERR_OK);
    assert_int_equal(frame_add_numbers(f, "x", number), ERR_OK);
    assert_int_equal(frame_levels(f, 0), ERR_OK);
    assert_int_equal(f->column[0].levels, 3);
    assert_string_equal(f->column[0].level[0], "-3");
    assert_string_equal(f->column[0].level[1], "0.5");
    assert_string_equal(f->column[0].level[2], "1000000000");
    assert_memory_equal(f->column[0].row, row, sizeof row);
    frame_free(f);
}

static void frame_sorts_by_bytes_where_one_is_text(void **state)
{
    (void)state;
    const char *text[] = {"10", "9", "nan"};
    struct frame *f = frame_of(3, "age", text);
    assert_string_equal(f->column[0].level[0], "10");
    assert_string_equal(f->column[0].level[1], "9");
    frame_free(f);
}

static void frame_refuses_a_name_twice(void **state)
{
    (void)state;
    const char *text[] = {"a"};
    struct frame *f = frame_of(1, "age", text);
    assert_int_equal(frame_add_texts(f, "age", text), ERR_STUDY);
    assert_non_null(strstr(said, "column age"));
    assert_int_equal(f->columns, 1);
    assert_int_equal(frame_find(f, "age"), 0);
    assert_int_equal(frame_find(f, "ag"), -1);
    frame_free(f);
}

static void frame_keeps_many_numbers_as_a_measure_and_leaves_out_many_texts(void **state)
{
    (void)state;
    size_t n = FRAME_MAX_LEVELS + 1;
    char(*name)[8] = malloc(n * sizeof *name);
    const char **text = malloc(n * sizeof *text);
    for (size_t i = 0; i < n; i++) {
        snprintf(name[i], sizeof name[i], "%zu", i);
        text[i] = name[i];
    }
    struct frame *f = NULL;
    assert_int_equal(frame_new(n, &f), ERR_OK);
    assert_int_equal(frame_add_texts(f, "respondent", text), ERR_OK);
    assert_int_equal(f->columns, 1);
    assert_true(frame_numbers(f, 0)[n - 1] == (double)(n - 1));
    assert_int_equal(frame_levels(f, 0), ERR_USAGE);
    assert_non_null(strstr(said, "respondent: more than 100000 different values are a measure"));
    for (size_t i = 0; i < n; i++)
        snprintf(name[i], sizeof name[i], "r%zu", i);
    assert_int_equal(frame_add_texts(f, "name", text), ERR_OK);
    assert_int_equal(f->columns, 1);
    assert_non_null(strstr(said, "name was left out"));
    frame_free(f);
    free(name);
    free(text);
}

static void frame_crosses_what_occurs_in_the_order_of_the_columns(void **state)
{
    (void)state;
    const char *a[] = {"10", "2", "2", NULL, "10"}, *b[] = {"x", "y", "x", "x", "x"};
    const char *names[] = {"a", "b"};
    struct frame *f = frame_of(5, "a", a);
    assert_int_equal(frame_add_texts(f, "b", b), ERR_OK);
    assert_int_equal(frame_cross(f, names, 2, "a:b"), ERR_OK);
    int c = frame_find(f, "a:b");
    assert_int_equal(f->column[c].levels, 3);
    assert_string_equal(f->column[c].level[0], "2:x");
    assert_string_equal(f->column[c].level[1], "2:y");
    assert_string_equal(f->column[c].level[2], "10:x");
    assert_string_equal(at(f, c, 4), "10:x");
    assert_null(at(f, c, 3));
    frame_free(f);
}

static void frame_crosses_three_columns_and_names_the_one_that_is_missing(void **state)
{
    (void)state;
    const char *a[] = {"1", "2"};
    const char *names[] = {"a", "b", "c"};
    struct frame *f = frame_of(2, "a", a);
    assert_int_equal(frame_add_texts(f, "b", a), ERR_OK);
    assert_int_equal(frame_cross(f, names, 3, "a:b:c"), ERR_USAGE);
    assert_non_null(strstr(said, "no column c"));
    assert_int_equal(frame_add_texts(f, "c", a), ERR_OK);
    assert_int_equal(frame_cross(f, names, 3, "a:b:c"), ERR_OK);
    assert_string_equal(at(f, frame_find(f, "a:b:c"), 1), "2:2:2");
    frame_free(f);
}

static void frame_derives_by_ranges_and_single_codes(void **state)
{
    (void)state;
    const char *text[] = {"1", "4", "5", "6", NULL, "9"};
    struct frame *f = frame_of(6, "education", text);
    assert_int_equal(frame_derive(f, "university=education:1-4=0,5=1,6=1"), ERR_OK);
    int c = frame_find(f, "university");
    assert_string_equal(at(f, c, 0), "0");
    assert_string_equal(at(f, c, 1), "0");
    assert_string_equal(at(f, c, 2), "1");
    assert_string_equal(at(f, c, 3), "1");
    assert_null(at(f, c, 4));
    assert_null(at(f, c, 5));
    assert_non_null(strstr(said, "1 rows have a code"));
    frame_free(f);
}

static void frame_derives_from_texts_with_hyphens(void **state)
{
    (void)state;
    const char *text[] = {"nur-sultan", "almaty", "other"};
    struct frame *f = frame_of(3, "region", text);
    assert_int_equal(frame_derive(f, "city=region:nur-sultan=yes,almaty=yes,other=no"), ERR_OK);
    assert_string_equal(at(f, frame_find(f, "city"), 0), "yes");
    assert_string_equal(at(f, frame_find(f, "city"), 2), "no");
    frame_free(f);
}

static void frame_refuses_rules_it_cannot_follow(void **state)
{
    (void)state;
    static const char *const rule[] = {"university",
                                       "=education:1=0",
                                       "university=education:",
                                       "university=education:1",
                                       "university=education:4-1=0",
                                       "university=education:1-4=0,3=1",
                                       "university=school:1=0",
                                       "education=education:1-9=0"};
    const char *text[] = {"1", "3"};
    struct frame *f = frame_of(2, "education", text);
    for (size_t i = 0; i < sizeof rule / sizeof *rule; i++) {
        said[0] = '\0';
        assert_int_not_equal(frame_derive(f, rule[i]), ERR_OK);
        assert_true(strlen(said) > 20);
        assert_int_equal(f->columns, 1);
    }
    frame_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(frame_sorts_numbers_as_numbers, start),
        cmocka_unit_test_setup(frame_sorts_by_bytes_where_one_is_text, start),
        cmocka_unit_test_setup(frame_takes_for_a_number_what_is_one, start),
        cmocka_unit_test_setup(frame_prints_the_fewest_digits_that_give_the_number_back, start),
        cmocka_unit_test_setup(frame_keeps_codes_with_leading_zeros_as_texts, start),
        cmocka_unit_test_setup(frame_makes_levels_of_fractions_and_of_far_numbers, start),
        cmocka_unit_test_setup(frame_refuses_a_name_twice, start),
        cmocka_unit_test_setup(frame_keeps_many_numbers_as_a_measure_and_leaves_out_many_texts,
                               start),
        cmocka_unit_test_setup(frame_crosses_what_occurs_in_the_order_of_the_columns, start),
        cmocka_unit_test_setup(frame_crosses_three_columns_and_names_the_one_that_is_missing,
                               start),
        cmocka_unit_test_setup(frame_derives_by_ranges_and_single_codes, start),
        cmocka_unit_test_setup(frame_derives_from_texts_with_hyphens, start),
        cmocka_unit_test_setup(frame_refuses_rules_it_cannot_follow, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
