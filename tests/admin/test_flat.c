#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "admin/frame/flat.h"
#include "core/log.h"

static char said[16384];

static void listen_in(void *ctx, const char *line)
{
    (void)ctx;
    strncat(said, line, sizeof said - strlen(said) - 2);
    strcat(said, "\n");
}

static int start(void **state)
{
    (void)state;
    log_to(listen_in, NULL);
    return 0;
}

static const struct flat_options plain = {.y = "y", .treat = "t", .items = 4};

static enum err read_bytes(const char *text, size_t n, const struct flat_options *o,
                           struct frame **out)
{
    char path[] = "/tmp/sanaq-flat-XXXXXX.csv";
    int fd = mkstemps(path, 4);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, n), (ssize_t)n);
    close(fd);
    said[0] = '\0';
    enum err e = flat_read(path, o, out);
    unlink(path);
    return e;
}

static struct frame *good(const char *text, const struct flat_options *o)
{
    struct frame *f = NULL;
    assert_int_equal(read_bytes(text, strlen(text), o, &f), ERR_OK);
    return f;
}

/* Refused, with ${first} (and ${second}) in what was said. */
static void refused(const char *text, const struct flat_options *o, const char *first,
                    const char *second)
{
    struct frame *f = NULL;
    assert_int_equal(read_bytes(text, strlen(text), o, &f), ERR_STUDY);
    assert_null(f);
    if (strstr(said, first) == NULL || strstr(said, second) == NULL)
        fail_msg("\"%s\" and \"%s\" are not in: %s", first, second, said);
}

static void flat_reads_rows_columns_and_design(void **state)
{
    (void)state;
    struct flat_options o = plain;
    o.weights = "w";
    o.cluster = "p";
    o.strata = "s";
    struct frame *f = good("t,y,w,p,s,sex\n0,2,1.5,b,1,m\n1,5,0.25,a,2,f\n0,0,1e2,a,1,m\n", &o);
    assert_int_equal(f->n, 3);
    assert_int_equal(f->lists, 1);
    assert_int_equal(f->list[0].arms, 2);
    assert_int_equal(f->list[0].items, 4);
    assert_null(f->list[0].id);
    assert_null(f->list[0].sensitive[1]);
    const int8_t arm[] = {0, 1, 0};
    const int16_t count[] = {2, 5, 0};
    assert_memory_equal(f->list[0].arm, arm, sizeof arm);
    assert_memory_equal(f->list[0].count, count, sizeof count);
    assert_true(f->weight[1] == 0.25 && f->weight[2] == 100);
    const int32_t psu[] = {1, 0, 0}, stratum[] = {0, 1, 0};
    assert_memory_equal(f->psu, psu, sizeof psu);
    assert_memory_equal(f->stratum, stratum, sizeof stratum);
    assert_int_equal(f->psus, 2);
    assert_int_equal(frame_find(f, "w"), -1);
    assert_true(frame_find(f, "p") >= 0 && frame_find(f, "sex") >= 0);
    assert_false(f->archive);
    frame_free(f);
}

static void flat_takes_bom_crlf_quotes_and_blank_lines(void **state)
{
    (void)state;
    struct frame *f = good(
        "\xEF\xBB\xBF\"t\",y,\"a\"\"b\"\r\n\r\n0,1,\"x, y\"\r\n1,\"2\",\"l1\nl2\"\r\n", &plain);
    assert_int_equal(f->n, 2);
    int c = frame_find(f, "a\"b");
    assert_true(c >= 0);
    assert_string_equal(f->column[c].level[0], "l1\nl2");
    assert_string_equal(f->column[c].level[1], "x, y");
    frame_free(f);
}

static void flat_knows_three_ways_to_write_missing(void **state)
{
    (void)state;
    struct frame *f = good("t,y,a\n0,NA,1\n0,.,NA\n0,,.\n1,2.0,\n,3,1\nNA,3,1\n1,3,1\n", &plain);
    assert_int_equal(f->n, 5);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(f->list[0].count[i], FRAME_NO_REASON);
    assert_int_equal(f->list[0].count[3], 2);
    assert_int_equal(frame_levels(f, 0), ERR_OK);
    assert_int_equal(f->column[0].levels, 1);
    assert_int_equal(f->column[0].row[3], FRAME_MISSING);
    assert_non_null(strstr(said, "2 rows without a value in t"));
    frame_free(f);
}

static void flat_keeps_j_plus_1_in_control_and_refuses_more(void **state)
{
    (void)state;
    frame_free(good("t,y\n0,5\n1,5\n", &plain));
    refused("t,y\n0,1\n0,6\n1,1\n", &plain, ":3: row 2, column y: a count above J + 1", "4 items");
    refused("t,y\n0,1\n1,-1\n", &plain, ":3: row 2", "a count below 0");
}

static void flat_names_the_row_of_each_mistake(void **state)
{
    (void)state;
    refused("t,y\n0,two\n\n0,1.5\n1,1\n", &plain, ":2: row 1, column y: this is not a whole number",
            ":4: row 2, column y: this is not a whole number");
    refused("t,y\n0,1\nyes,1\n-1,1\n9,1\n", &plain, ":3: row 2, column t: this is not a treatment",
            ":5: row 4, column t");
    refused("t,y,a\n0,1\n1,1,2,3\n0,x,1\n", &plain, ":2: row 1 has 2 fields, the header has 3",
            ":4: row 3, column y");
    refused("t,y\r\n0,1\r\n\r\n1,9\r\n", &plain, ":4: row 2, column y", "");
    refused("t,y,a\n0,1,\"x\ny\"\n1,z,1\n", &plain, ":4: row 2, column y", "whole number");
}

static void flat_wants_a_weight_above_0_and_a_place_in_the_design_of_every_row(void **state)
{
    (void)state;
    struct flat_options o = plain;
    o.weights = "w";
    refused("t,y,w\n0,1,1\n1,1,0\n1,1,-2\n", &o, ":3: row 2, column w: this is not a weight",
            ":4: row 3");
    refused("t,y,w\n0,1,\n1,1,inf\n", &o, ":2: row 1, column w", ":3: row 2, column w");
    o = plain;
    o.cluster = "p";
    refused("t,y,p\n0,1,1\n1,1,\n", &o, ":3: row 2, column p", "no value");
}

static void flat_lists_the_columns_there_are(void **state)
{
    (void)state;
    struct flat_options o = plain;
    o.y = "count";
    o.strata = "s";
    refused("t,y\n0,1\n1,1\n", &o, "--y count: there is no such column; there are: t, y",
            "--strata s");
    refused("t;y\n0;1\n1;1\n", &plain, "semicolons", "commas");
}

static void flat_refuses_headers_that_cannot_be_told_apart(void **state)
{
    (void)state;
    refused("t,y,a,a\n0,1,1,1\n1,1,1,1\n", &plain, "columns 3 and 4 are both called a", ":1:");
    struct frame *f = good(",t,y\n1,0,1\n2,1,1\n", &plain);
    assert_int_equal(f->columns, 0);
    assert_non_null(strstr(said, "column 1 has no name"));
    frame_free(f);
}

static void flat_wants_somebody_in_every_arm(void **state)
{
    (void)state;
    refused("t,y\n0,1\n2,1\n", &plain, "nobody has 1", "column t");
    refused("t,y\n1,1\n1,2\n", &plain, "nobody has 0", "control");
    refused("t,y\n", &plain, "no rows", "");
    struct frame *f = good("t,y\n0,1\n2,1\n1,3\n", &plain);
    assert_int_equal(f->list[0].arms, 3);
    assert_string_equal(f->list[0].sensitive[2], "2");
    frame_free(f);
}

static void flat_refuses_what_is_not_text(void **state)
{
    (void)state;
    struct frame *f = NULL;
    assert_int_equal(read_bytes("t,y\n0,\0,1\n", 10, &plain, &f), ERR_FORMAT);
    assert_int_equal(read_bytes("", 0, &plain, &f), ERR_FORMAT);
    refused("t,y,a\n0,1,x\n1,1,\xE9t\xE9\n", &plain, ":3:", "UTF-8");
    refused("t,y,a\n0,1,\"x\n1,1,1\n", &plain, "quotes do not fit", "");
    refused("t,y,a\n0,1,x\"y\n1,1,1\n", &plain, ":2:", "quotes do not fit");
}

static void flat_says_twenty_mistakes_and_counts_the_rest(void **state)
{
    (void)state;
    char text[1024] = "t,y\n1,1\n";
    for (int i = 0; i < 25; i++)
        strcat(text, "0,9\n");
    refused(text, &plain, "row 21,", "and 5 more mistakes");
    assert_null(strstr(said, "row 22,"));
}

static void flat_never_says_what_a_cell_holds(void **state)
{
    (void)state;
    refused("t,y\n0,1\n1,secret77\nsecret78,1\n1,4321\n", &plain, "row 2", "row 4");
    assert_null(strstr(said, "secret"));
    assert_null(strstr(said, "4321"));
}

/* Columns that begin as numbers and are texts after all, in a file of several pieces. */
static void flat_reads_a_long_file_with_texts_among_numbers(void **state)
{
    (void)state;
    enum { ROWS = 40000 };
    struct frame *f = NULL;
    char *text = malloc(ROWS * 40 + 100), *at = text;
    at += sprintf(at, "t,y,age,wage,who,point,empty\n");
    for (int i = 0; i < ROWS; i++)
        at += sprintf(at, "%d,%d,%d,%d%s,%s%d,%04d,NA\n", i % 2, i % 5, i % 90, i,
                      i % 3 ? "" : ".5", i == ROWS - 1 ? "x" : "", i % 7, i % 100);
    assert_int_equal(read_bytes(text, (size_t)(at - text), &plain, &f), ERR_OK);
    int age = frame_find(f, "age"), wage = frame_find(f, "wage"), who = frame_find(f, "who");
    int point = frame_find(f, "point"), empty = frame_find(f, "empty");
    assert_non_null(frame_small(f, age));
    assert_null(frame_small(f, wage));
    assert_true(frame_is_factor(f, who) && frame_is_factor(f, point));
    assert_null(frame_numbers(f, who));
    assert_int_equal(f->column[who].levels, 8);
    assert_int_equal(f->column[point].levels, 100);
    const double *ages = frame_numbers(f, age), *wages = frame_numbers(f, wage);
    for (int i = 0; i < ROWS; i++) {
        assert_true(ages[i] == i % 90 && wages[i] == i + (i % 3 ? 0 : 0.5));
        assert_true(f->list[0].arm[i] == i % 2 && f->list[0].count[i] == i % 5);
        assert_int_equal(f->column[point].row[i], i % 100);
        assert_true(isnan(frame_number_at(f, empty, (size_t)i)));
    }
    assert_string_equal(f->column[who].level[f->column[who].row[ROWS - 1]], "x1");
    assert_string_equal(f->column[who].level[f->column[who].row[8]], "1");
    frame_free(f);
    free(text);
}

static void flat_leaves_rows_without_an_arm_out_of_every_column(void **state)
{
    (void)state;
    struct frame *f = good("t,y,a,b,c\n0,1,1,x,0.5\n,2,2,y,1.5\n1,3,3,z,2.5\n", &plain);
    int b = frame_find(f, "b");
    assert_int_equal(f->n, 2);
    assert_true(frame_number_at(f, frame_find(f, "a"), 1) == 3);
    assert_true(frame_number_at(f, frame_find(f, "c"), 1) == 2.5);
    assert_int_equal(f->column[b].levels, 2);
    assert_string_equal(f->column[b].level[1], "z");
    frame_free(f);
}

static void flat_reads_a_second_list(void **state)
{
    (void)state;
    struct flat_options o = plain;
    o.y2 = "y2";
    o.treat2 = "t2";
    struct frame *f = good("t,y,t2,y2\n0,1,1,2\n1,2,0,\n1,2,,4\n0,0,1,5\n", &o);
    const int8_t arm[] = {1, 0, FRAME_MISSING, 1};
    const int16_t count[] = {2, FRAME_NO_REASON, 4, 5};
    assert_int_equal(f->lists, 2);
    assert_int_equal(f->columns, 0);
    assert_memory_equal(f->list[1].arm, arm, sizeof arm);
    assert_memory_equal(f->list[1].count, count, sizeof count);
    frame_free(f);
    refused("t,y,t2,y2\n0,1,1,6\n1,1,0,1\n", &o, "row 1, column y2: a count above J + 1", "");
    refused("t,y,t2,y2\n0,1,1,1\n1,1,1,1\n", &o, "column t2: nobody has 0", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(flat_reads_rows_columns_and_design, start),
        cmocka_unit_test_setup(flat_takes_bom_crlf_quotes_and_blank_lines, start),
        cmocka_unit_test_setup(flat_knows_three_ways_to_write_missing, start),
        cmocka_unit_test_setup(flat_keeps_j_plus_1_in_control_and_refuses_more, start),
        cmocka_unit_test_setup(flat_names_the_row_of_each_mistake, start),
        cmocka_unit_test_setup(flat_wants_a_weight_above_0_and_a_place_in_the_design_of_every_row,
                               start),
        cmocka_unit_test_setup(flat_lists_the_columns_there_are, start),
        cmocka_unit_test_setup(flat_refuses_headers_that_cannot_be_told_apart, start),
        cmocka_unit_test_setup(flat_wants_somebody_in_every_arm, start),
        cmocka_unit_test_setup(flat_refuses_what_is_not_text, start),
        cmocka_unit_test_setup(flat_never_says_what_a_cell_holds, start),
        cmocka_unit_test_setup(flat_says_twenty_mistakes_and_counts_the_rest, start),
        cmocka_unit_test_setup(flat_reads_a_long_file_with_texts_among_numbers, start),
        cmocka_unit_test_setup(flat_leaves_rows_without_an_arm_out_of_every_column, start),
        cmocka_unit_test_setup(flat_reads_a_second_list, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
