#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "core/log.h"

static char dir[] = "/tmp/sanaq-file-XXXXXX", said[512];

static void listen_in(void *ctx, const char *line)
{
    (void)ctx;
    strncpy(said, line, sizeof said - 1);
}

static int start(void **state)
{
    (void)state;
    log_to(listen_in, NULL);
    return mkdtemp(dir) != NULL ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    return rmdir(dir); /* fails where anything was left behind */
}

static unsigned files_in_dir(void)
{
    unsigned n = 0;
    DIR *d = opendir(dir);
    assert_non_null(d);
    while (readdir(d) != NULL)
        n++;
    closedir(d);
    return n - 2;
}

static struct bytes text(const char *s)
{
    return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static void assert_holds(const char *path, const char *what)
{
    struct buffer b = {0};
    assert_int_equal(file_read(path, 100, true, &b), ERR_OK);
    assert_int_equal(b.len, strlen(what));
    assert_memory_equal(b.p, what, b.len);
    buffer_free(&b);
}

static void a_file_is_replaced_only_where_that_was_asked_for(void **state)
{
    (void)state;
    struct stat st;
    char *path = file_join(dir, "a");
    assert_int_equal(file_write(path, text("one"), 0640, false), ERR_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    assert_int_equal(file_write(path, text("two"), 0600, false), ERR_FILE);
    assert_non_null(strstr(said, path));
    assert_holds(path, "one");
    assert_int_equal(file_write(path, text("three"), 0600, true), ERR_OK);
    assert_holds(path, "three");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(files_in_dir(), 1);
    assert_int_equal(unlink(path), 0);
    free(path);
}

static void a_failed_write_leaves_nothing_behind(void **state)
{
    (void)state;
    char *path = file_join(dir, "folder"), *inside = file_join(dir, "none/file");
    assert_int_equal(file_make_dir(path), ERR_OK);
    assert_int_equal(file_write(path, text("x"), 0600, true),
                     ERR_FILE); /* a folder is in its place */
    assert_int_equal(files_in_dir(), 1);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(file_write(inside, text("x"), 0600, true), ERR_FILE);
    assert_int_equal(files_in_dir(), 0);
    free(path);
    free(inside);
}

static void only_a_regular_file_within_its_limit_is_read(void **state)
{
    (void)state;
    struct buffer b = {0};
    char *path = file_join(dir, "a"), *other = file_join(dir, "b");
    assert_int_equal(file_write(path, text("12345"), 0600, true), ERR_OK);
    assert_int_equal(file_read(path, 4, true, &b), ERR_FORMAT);
    buffer_free(&b);
    assert_int_equal(file_read(path, 5, true, &b), ERR_OK);
    buffer_free(&b);
    assert_int_equal(file_read(dir, 100, true, &b), ERR_FILE);
    assert_int_equal(file_read(other, 100, true, &b), ERR_FILE);
    assert_int_equal(symlink(path, other), 0);
    assert_int_equal(file_read(other, 100, true, &b), ERR_FILE);
    assert_int_equal(file_read(other, 100, false, &b), ERR_OK);
    buffer_free(&b);
    assert_int_equal(unlink(other), 0);
    assert_int_equal(mkfifo(other, 0600), 0);
    assert_int_equal(file_read(other, 100, true, &b), ERR_FILE); /* and does not wait */
    buffer_free(&b);
    assert_int_equal(unlink(other) | unlink(path), 0);
    free(path);
    free(other);
}

static void folders_are_made_with_their_parents_and_for_the_owner_only(void **state)
{
    (void)state;
    struct stat st;
    char *deep = file_join(dir, "x/y"), *above = file_join(dir, "x");
    assert_int_equal(file_make_dir(deep), ERR_OK);
    assert_int_equal(file_make_dir(deep), ERR_OK);
    assert_int_equal(stat(deep, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(rmdir(deep) | rmdir(above), 0);
    assert_int_equal(file_write(above, text("x"), 0600, true), ERR_OK);
    assert_int_equal(file_make_dir(deep), ERR_FILE); /* a file is in the way */
    assert_int_equal(file_make_dir(above), ERR_FILE);
    assert_int_equal(unlink(above), 0);
    free(deep);
    free(above);
}

static void a_full_disk_is_told_from_other_failures(void **state)
{
    (void)state;
    assert_int_equal(file_err(ENOSPC), ERR_FULL);
    assert_int_equal(file_err(EDQUOT), ERR_FULL);
    assert_int_equal(file_err(EACCES), ERR_FILE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_replaced_only_where_that_was_asked_for),
        cmocka_unit_test(a_failed_write_leaves_nothing_behind),
        cmocka_unit_test(only_a_regular_file_within_its_limit_is_read),
        cmocka_unit_test(folders_are_made_with_their_parents_and_for_the_owner_only),
        cmocka_unit_test(a_full_disk_is_told_from_other_failures),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
