#include "tests/admin/databases.h"

#include "admin/archive.h"

/* An archive: refused where it is not one, and what it keeps. */

/* ---- archives ---- */

static void what_is_not_an_archive_is_refused_and_left_as_it_is(void **state)
{
    (void)state;
    struct archive *a = NULL;
    struct buffer after = {0};
    static const char text[] = "not a database, but long enough to be looked at as one; really.";
    char *path = path_of("text.db");
    assert_int_equal(
        file_write(path, (struct bytes){(const uint8_t *)text, sizeof text}, 0600, true), ERR_OK);
    assert_int_equal(archive_open(path, true, &a), ERR_FORMAT);
    assert_null(a);
    assert_non_null(strstr(said, path));
    assert_int_equal(file_read(path, 1000, true, &after), ERR_OK);
    assert_int_equal(after.len, sizeof text);
    assert_memory_equal(after.p, text, sizeof text);
    buffer_free(&after);
    free(path);
}

static void a_foreign_database_and_a_laptops_store_are_no_archives(void **state)
{
    (void)state;
    struct archive *a = NULL;
    char *path = database("foreign.db", "CREATE TABLE t(x)");
    assert_int_equal(archive_open(path, true, &a), ERR_FORMAT);
    free(path);
    path = database("store.db", "PRAGMA application_id = 0x53414e51; CREATE TABLE t(x)");
    assert_int_equal(archive_open(path, true, &a), ERR_FORMAT);
    assert_non_null(strstr(said, "a laptop's store"));
    assert_null(a);
    free(path);
}

static void an_archive_of_another_version_is_refused(void **state)
{
    (void)state;
    struct archive *a = NULL;
    char *path = path_of("later.db");
    assert_int_equal(archive_open(path, true, &a), ERR_OK);
    archive_close(a);
    a = NULL;
    free(database("later.db", "PRAGMA user_version = 3"));
    assert_int_equal(archive_open(path, true, &a), ERR_UNSUPPORTED);
    assert_null(a);
    free(path);
}

static void an_archive_is_made_only_where_one_was_asked_for(void **state)
{
    (void)state;
    struct archive *a = NULL;
    char *path = path_of("none.db");
    assert_int_equal(archive_open(path, false, &a), ERR_FILE);
    assert_non_null(strstr(said, "there is no such archive"));
    assert_int_not_equal(access(path, F_OK), 0);
    free(path);
}

static enum err count_piece(void *ctx, const char *name, struct bytes file)
{
    (void)name;
    (void)file;
    ++*(unsigned *)ctx;
    return ERR_OK;
}

static unsigned segments_in(struct archive *a, const uint8_t device[32])
{
    unsigned n = 0;
    assert_int_equal(archive_each_segment(a, device, count_piece, &n), ERR_OK);
    return n;
}

static void a_piece_is_kept_once_and_a_cancelled_one_never(void **state)
{
    (void)state;
    struct archive *a = NULL;
    uint8_t device[32] = {7};
    struct bytes file = {(const uint8_t *)"piece", 5};
    bool fresh = false;
    char *path = path_of("pieces.db");
    assert_int_equal(archive_open(path, true, &a), ERR_OK);
    assert_int_equal(archive_put_segment(a, "a", device, 1, file, &fresh), ERR_OK);
    assert_true(fresh);
    assert_int_equal(archive_put_segment(a, "a", device, 1, file, &fresh), ERR_OK);
    assert_false(fresh);
    assert_int_equal(archive_begin(a), ERR_OK);
    assert_int_equal(archive_put_segment(a, "b", device, 2, (struct bytes){file.p, 4}, &fresh),
                     ERR_OK);
    archive_cancel(a);
    assert_int_equal(segments_in(a, device), 1);
    archive_close(a);
    assert_int_equal(archive_open(path, false, &a), ERR_OK);
    assert_int_equal(segments_in(a, device), 1);
    archive_close(a);
    free(path);
}

static void closing_is_remembered_and_a_look_before_it_is_not_closing(void **state)
{
    (void)state;
    struct archive *a = NULL;
    bool closed = true;
    char *path = path_of("closed.db");
    assert_int_equal(archive_open(path, true, &a), ERR_OK);
    assert_int_equal(archive_log(a, "unblind", "estimate", "a question of the board"), ERR_OK);
    assert_int_equal(archive_closed(a, &closed), ERR_OK);
    assert_false(closed);
    assert_int_equal(archive_log(a, "close", "close", ""), ERR_OK);
    archive_close(a);
    assert_int_equal(archive_open(path, false, &a), ERR_OK);
    assert_int_equal(archive_closed(a, &closed), ERR_OK);
    assert_true(closed);
    archive_close(a);
    free(path);
}

/* The first version had no closing codes. */
static void an_archive_of_the_first_version_is_brought_up_to_this_one(void **state)
{
    (void)state;
    struct archive *a = NULL;
    char *path = path_of("first.db");
    uint8_t device[32] = {7};
    assert_int_equal(archive_open(path, true, &a), ERR_OK);
    assert_int_equal(archive_put_segment(a, "one", device, 1, (struct bytes){device, 32}, NULL),
                     ERR_OK);
    archive_close(a);
    free(database("first.db", "DROP TABLE closing; PRAGMA user_version = 1"));
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(archive_open(path, false, &a), ERR_OK);
        assert_int_equal(archive_put_closing(a, "000112345678901234567890", NULL), ERR_OK);
        assert_int_equal(segments_in(a, device), 1);
        archive_close(a);
    }
    free(path);
}

struct codes {
    unsigned all, bound, taken_back;
    char last[32];
};

static enum err see_code(void *ctx, const char *code, const uint8_t *device, bool taken_back)
{
    struct codes *c = ctx;
    c->all++;
    c->bound += device != NULL && device[0] == 7;
    c->taken_back += taken_back;
    strcpy(c->last, code);
    return ERR_OK;
}

static void a_closing_code_is_kept_once_for_ever_and_learns_whose_it_is(void **state)
{
    (void)state;
    static const char code[] = "000112345678901234567890";
    struct archive *a = NULL;
    struct codes c = {0};
    bool known = false;
    uint8_t device[32] = {7};
    assert_int_equal(archive_open(":memory:", true, &a), ERR_OK);
    assert_int_equal(archive_put_closing(a, code, NULL), ERR_OK);
    assert_int_equal(archive_put_closing(a, code, device), ERR_OK);
    assert_int_equal(archive_put_closing(a, code, NULL), ERR_OK); /* that is not forgotten */
    assert_int_equal(archive_each_closing(a, see_code, &c), ERR_OK);
    assert_int_equal(c.all, 1);
    assert_int_equal(c.bound, 1);
    assert_string_equal(c.last, code);
    assert_int_equal(archive_take_back_closing(a, code, &known), ERR_OK);
    assert_true(known);
    assert_int_equal(archive_take_back_closing(a, "999912345678901234567890", &known), ERR_OK);
    assert_false(known);
    c = (struct codes){0};
    assert_int_equal(archive_each_closing(a, see_code, &c), ERR_OK);
    assert_int_equal(c.taken_back, 1);
    assert_int_equal(archive_put_closing(a, code, NULL), ERR_OK);
    c = (struct codes){0};
    assert_int_equal(archive_each_closing(a, see_code, &c), ERR_OK);
    assert_int_equal(c.taken_back, 0);
    archive_close(a);
}

static void what_is_read_while_frozen_is_of_one_moment(void **state)
{
    (void)state;
    struct archive *a = NULL, *other = NULL;
    uint8_t device[32] = {7};
    struct bytes one = {device, 32}, two = {device, 31};
    char *path = path_of("frozen.db");
    assert_int_equal(archive_open(path, true, &a), ERR_OK);
    assert_int_equal(archive_open(path, false, &other), ERR_OK);
    assert_int_equal(archive_put_segment(a, "one", device, 1, one, NULL), ERR_OK);
    assert_int_equal(archive_freeze(a), ERR_OK);
    assert_int_equal(segments_in(a, device), 1);
    assert_int_equal(archive_put_segment(other, "two", device, 1, two, NULL), ERR_OK);
    assert_int_equal(segments_in(a, device), 1);
    archive_thaw(a);
    assert_int_equal(segments_in(a, device), 2);
    archive_close(a);
    archive_close(other);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_an_archive_is_refused_and_left_as_it_is),
        cmocka_unit_test(a_foreign_database_and_a_laptops_store_are_no_archives),
        cmocka_unit_test(an_archive_of_another_version_is_refused),
        cmocka_unit_test(an_archive_is_made_only_where_one_was_asked_for),
        cmocka_unit_test(a_piece_is_kept_once_and_a_cancelled_one_never),
        cmocka_unit_test(closing_is_remembered_and_a_look_before_it_is_not_closing),
        cmocka_unit_test(an_archive_of_the_first_version_is_brought_up_to_this_one),
        cmocka_unit_test(a_closing_code_is_kept_once_for_ever_and_learns_whose_it_is),
        cmocka_unit_test(what_is_read_while_frozen_is_of_one_moment),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
