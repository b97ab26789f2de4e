/* Stata and SPSS files, written by ReadStat's other half. */
#include <fcntl.h>
#include <math.h>
#include <readstat.h>
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

static ssize_t put(const void *data, size_t n, void *ctx)
{
    return write(*(int *)ctx, data, n);
}

enum { COLUMNS = 6, ROWS = 6 };

/* y, treat, region (all labelled), age (one label), town (text), income (fractions). */
static void fill(readstat_writer_t *w, bool spss)
{
    readstat_label_set_t *regions = readstat_add_label_set(w, READSTAT_TYPE_DOUBLE, "regions");
    readstat_label_set_t *ages = readstat_add_label_set(w, READSTAT_TYPE_DOUBLE, "ages");
    readstat_label_double_value(regions, 2, "юг");
    readstat_label_double_value(regions, 1, "север");
    readstat_label_double_value(ages, 99, "99 and more");
    static const char *const name[] = {"y", "treat", "region", "age", "town", "income"};
    readstat_variable_t *v[COLUMNS];
    for (int i = 0; i < COLUMNS; i++)
        v[i] = readstat_add_variable(
            w, name[i], i == 4 ? READSTAT_TYPE_STRING : READSTAT_TYPE_DOUBLE, i == 4 ? 20 : 0);
    readstat_variable_set_label_set(v[2], regions);
    readstat_variable_set_label_set(v[3], ages);
    readstat_variable_set_label(v[3], "age in years");
    if (spss)
        readstat_variable_add_missing_double_value(v[3], 98);
}

static void write_rows(readstat_writer_t *w, bool spss, double bad)
{
    for (int i = 0; i < ROWS; i++) {
        readstat_begin_row(w);
        readstat_insert_double_value(w, readstat_get_variable(w, 0), i == 5 ? bad : i % 4);
        readstat_insert_double_value(w, readstat_get_variable(w, 1), i % 2);
        if (i == 2)
            readstat_insert_missing_value(w, readstat_get_variable(w, 2));
        else
            readstat_insert_double_value(w, readstat_get_variable(w, 2), 1 + i % 2);
        if (i == 1 && !spss)
            readstat_insert_tagged_missing_value(w, readstat_get_variable(w, 3), 'b');
        else
            readstat_insert_double_value(w, readstat_get_variable(w, 3), i == 1 ? 98 : 20 + 10 * i);
        readstat_insert_string_value(w, readstat_get_variable(w, 4),
                                     i == 0  ? ""
                                     : i % 2 ? "Тараз"
                                             : "a");
        readstat_insert_double_value(w, readstat_get_variable(w, 5), 0.5 * i);
        readstat_end_row(w);
    }
}

static void make(const char *path, bool spss, double bad)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    readstat_writer_t *w = readstat_writer_init();
    assert_true(fd >= 0);
    readstat_set_data_writer(w, put);
    if (!spss)
        readstat_writer_set_file_format_version(w, 118);
    fill(w, spss);
    assert_int_equal(spss ? readstat_begin_writing_sav(w, &fd, ROWS)
                          : readstat_begin_writing_dta(w, &fd, ROWS),
                     READSTAT_OK);
    write_rows(w, spss, bad);
    assert_int_equal(readstat_end_writing(w), READSTAT_OK);
    readstat_writer_free(w);
    close(fd);
}

static char folder[] = "/tmp/sanaq-flat-XXXXXX";

static const char *path_of(bool spss)
{
    static char path[64];
    snprintf(path, sizeof path, "%s/data.%s", folder, spss ? "sav" : "dta");
    return path;
}

static const struct flat_options plain = {.y = "y", .treat = "treat", .items = 3};

static void reads_values_labels_and_what_is_missing(bool spss)
{
    struct frame *f = NULL;
    make(path_of(spss), spss, 1);
    assert_int_equal(flat_read(path_of(spss), &plain, &f), ERR_OK);
    assert_int_equal(f->n, ROWS);
    int region = frame_find(f, "region"), age = frame_find(f, "age"), town = frame_find(f, "town");
    assert_true(frame_is_factor(f, region));
    assert_int_equal(frame_levels(f, region), ERR_OK);
    assert_int_equal(f->column[region].levels, 2);
    assert_string_equal(f->column[region].level[0], "1");
    assert_string_equal(f->column[region].level_label[0], "север");
    assert_string_equal(f->column[region].level_label[1], "юг");
    assert_int_equal(f->column[region].row[2], FRAME_MISSING);
    assert_false(frame_is_factor(f, age));
    assert_string_equal(f->column[age].label, "age in years");
    assert_true(isnan(frame_number_at(f, age, 1)) && frame_number_at(f, age, 2) == 40);
    assert_true(frame_is_factor(f, town));
    assert_int_equal(f->column[town].row[0], FRAME_MISSING);
    assert_string_equal(f->column[town].level[f->column[town].row[1]], "Тараз");
    assert_true(frame_number_at(f, frame_find(f, "income"), 3) == 1.5);
    frame_free(f);
    unlink(path_of(spss));
}

static void stata_gives_values_labels_and_what_is_missing(void **state)
{
    (void)state;
    reads_values_labels_and_what_is_missing(false);
}

static void spss_gives_values_labels_and_what_is_missing(void **state)
{
    (void)state;
    reads_values_labels_and_what_is_missing(true);
}

static void mistakes_are_named_by_row_and_column(void **state)
{
    (void)state;
    struct frame *f = NULL;
    for (int spss = 0; spss < 2; spss++) {
        said[0] = '\0';
        make(path_of(spss), spss, 7);
        assert_int_equal(flat_read(path_of(spss), &plain, &f), ERR_STUDY);
        assert_non_null(strstr(said, "row 6, column y: a count above J + 1"));
        unlink(path_of(spss));
    }
}

/* Every length of a good file, and every byte of it changed: a table or a sentence. */
static void damaged_files_are_refused_in_words(void **state)
{
    (void)state;
    for (int spss = 0; spss < 2; spss++) {
        static char good[1 << 16];
        make(path_of(spss), spss, 1);
        int fd = open(path_of(spss), O_RDWR);
        ssize_t n = read(fd, good, sizeof good);
        assert_true(n > 100);
        for (ssize_t i = 0; i < n; i += 1 + i / 64) {
            struct frame *f = NULL;
            char changed = (char)(good[i] ^ 0x55);
            said[0] = '\0';
            assert_int_equal(pwrite(fd, &changed, 1, i), 1);
            if (flat_read(path_of(spss), &plain, &f) != ERR_OK)
                assert_true(strlen(said) > 20);
            frame_free(f);
            assert_int_equal(pwrite(fd, &good[i], 1, i), 1);
        }
        for (ssize_t cut = n - 1; cut > 0; cut -= 1 + cut / 32) {
            struct frame *f = NULL;
            said[0] = '\0';
            assert_int_equal(ftruncate(fd, cut), 0);
            if (flat_read(path_of(spss), &plain, &f) != ERR_OK)
                assert_true(strlen(said) > 20);
            frame_free(f);
        }
        close(fd);
        unlink(path_of(spss));
    }
}

static void another_kind_of_file_is_refused(void **state)
{
    (void)state;
    struct frame *f = NULL;
    FILE *out = fopen(path_of(true), "w");
    fputs("y,treat\n1,1\n", out);
    fclose(out);
    assert_int_equal(flat_read(path_of(true), &plain, &f), ERR_FORMAT);
    assert_non_null(strstr(said, "cannot be read"));
    unlink(path_of(true));
    assert_int_equal(flat_read(path_of(true), &plain, &f), ERR_FILE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(stata_gives_values_labels_and_what_is_missing, start),
        cmocka_unit_test_setup(spss_gives_values_labels_and_what_is_missing, start),
        cmocka_unit_test_setup(mistakes_are_named_by_row_and_column, start),
        cmocka_unit_test_setup(damaged_files_are_refused_in_words, start),
        cmocka_unit_test_setup(another_kind_of_file_is_refused, start),
    };
    if (mkdtemp(folder) == NULL)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(folder);
    return failed;
}
