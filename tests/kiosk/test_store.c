#include "laptop.h"

#include <sqlite3.h>

struct shop { /* a folder with a store of one pack, stream, entry and state */
    char dir[64], *path;
    struct store *st;
};

static const uint8_t thing[] = "some bytes";
#define THING ((struct bytes){thing, sizeof thing})

static enum err put_first(struct store *st)
{
    enum err e = store_begin(st);
    if (e == ERR_OK)
        e = store_put_pack(st, THING);
    if (e == ERR_OK)
        e = store_put_stream(st, 1, 1, THING);
    if (e == ERR_OK)
        e = store_put_entry(st, 1, 1, THING);
    return e == ERR_OK ? store_put_state(st, 1, THING) : e;
}

static int start(void **state)
{
    struct shop *s = calloc(1, sizeof *s);
    assert_non_null(s);
    said[0] = '\0';
    log_to(listen_in, NULL);
    strcpy(s->dir, "/tmp/sanaq-store-XXXXXX");
    assert_non_null(mkdtemp(s->dir));
    s->path = file_join(s->dir, "store.db");
    assert_int_equal(store_create(s->path, &s->st), ERR_OK);
    assert_int_equal(put_first(s->st), ERR_OK);
    assert_int_equal(store_commit(s->st), ERR_OK);
    *state = s;
    return 0;
}

static int stop(void **state)
{
    struct shop *s = *state;
    store_close(s->st);
    forget(s->dir);
    free(s->path);
    free(s);
    return 0;
}

static uint64_t last_of(struct store *st)
{
    uint64_t n = 0;
    struct buffer b = {0};
    assert_int_equal(store_last(st, &n, &b), ERR_OK);
    buffer_free(&b);
    return n;
}

static void reopen(struct shop *s)
{
    store_close(s->st);
    s->st = NULL;
    assert_int_equal(store_open(s->path, false, &s->st), ERR_OK);
}

/* Runs SQL on the file beside the store's own connection. */
static void tamper(const struct shop *s, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(s->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void what_was_committed_is_there_and_what_was_cancelled_is_not(void **state)
{
    struct shop *s = *state;
    uint64_t n = 0;
    struct buffer b = {0};
    assert_int_equal(store_begin(s->st), ERR_OK);
    assert_int_equal(store_put_entry(s->st, 2, 1, THING), ERR_OK);
    store_cancel(s->st);
    assert_int_equal(last_of(s->st), 1);
    assert_int_equal(store_begin(s->st), ERR_OK);
    assert_int_equal(store_put_entry(s->st, 2, 1, THING), ERR_OK);
    assert_int_equal(store_put_state(s->st, 2, THING), ERR_OK);
    assert_int_equal(store_commit(s->st), ERR_OK);
    store_cancel(s->st); /* too late: it does nothing */
    assert_int_equal(store_begin(s->st), ERR_OK);
    assert_int_equal(store_put_entry(s->st, 3, 1, THING), ERR_OK);
    reopen(s); /* an open transaction ends with its connection */
    assert_int_equal(last_of(s->st), 2);
    assert_int_equal(store_state(s->st, &n, &b), ERR_OK);
    assert_int_equal(n, 2);
    assert_int_equal(b.len, sizeof thing);
    assert_memory_equal(b.p, thing, b.len);
    buffer_free(&b);
}

static void a_position_is_never_written_twice(void **state)
{
    struct shop *s = *state;
    assert_int_not_equal(store_put_entry(s->st, 1, 1, THING), ERR_OK);
    assert_int_not_equal(store_put_stream(s->st, 1, 2, THING), ERR_OK);
    assert_int_not_equal(store_put_entry(s->st, 2, 9, THING), ERR_OK); /* there is no such stream */
    assert_int_equal(last_of(s->st), 1);
}

static void the_latest_receipt_takes_the_place_of_the_one_before(void **state)
{
    struct shop *s = *state;
    uint64_t n = 99;
    struct buffer b = {0};
    assert_int_equal(store_receipt(s->st, &n, &b), ERR_OK);
    assert_int_equal(n, 0);
    assert_int_equal(store_put_receipt(s->st, 1, THING), ERR_OK);
    assert_int_equal(store_put_receipt(s->st, 16, THING), ERR_OK);
    assert_int_equal(store_receipt(s->st, &n, &b), ERR_OK);
    assert_int_equal(n, 16);
    buffer_free(&b);
}

static void a_store_in_use_is_not_made_anew(void **state)
{
    struct shop *s = *state;
    struct store *other = NULL;
    assert_true(store_used(s->path));
    assert_int_equal(store_create(s->path, &other), ERR_STATE);
    assert_null(other);
    assert_int_equal(last_of(s->st), 1);
}

static void a_half_made_store_is_replaced(void **state)
{
    static const char *const half[] = {
        "DELETE FROM state;", /* set-up died before its transaction */
        "DROP TABLE receipt; DROP TABLE state; PRAGMA application_id = 0;", /* or in its tables */
        "DROP TABLE receipt; DROP TABLE state; DROP TABLE entry; PRAGMA application_id = 0;",
    };
    struct shop *s = *state;
    for (size_t i = 0; i < sizeof half / sizeof *half; i++) {
        store_close(s->st);
        s->st = NULL;
        tamper(s, half[i]);
        assert_false(store_used(s->path));
        assert_int_equal(store_create(s->path, &s->st), ERR_OK);
        assert_int_equal(last_of(s->st), 0);
        assert_int_equal(put_first(s->st), ERR_OK);
        assert_int_equal(store_commit(s->st), ERR_OK);
        reopen(s);
        assert_int_equal(last_of(s->st), 1);
    }
}

static void an_empty_file_is_a_half_made_store(void **state)
{
    struct shop *s = *state;
    struct store *st = NULL;
    char *path = file_join(s->dir, "empty.db");
    assert_int_equal(file_write(path, (struct bytes){thing, 0}, 0600, false), ERR_OK);
    assert_false(store_used(path));
    assert_int_equal(store_open(path, false, &st), ERR_FORMAT);
    assert_int_equal(store_create(path, &st), ERR_OK);
    store_close(st);
    free(path);
}

static void what_is_not_ours_is_refused_and_left_as_it_is(void **state)
{
    struct shop *s = *state;
    struct store *st = NULL;
    struct buffer junk = {0}, after = {0};
    char *path = file_join(s->dir, "other.db");
    for (int i = 0; i < 5000; i++)
        buffer_u8(&junk, (uint8_t)(i * 7));
    assert_int_equal(file_write(path, buffer_view(&junk), 0600, false), ERR_OK);
    assert_int_equal(store_open(path, false, &st), ERR_FORMAT);
    assert_int_equal(store_open(path, true, &st), ERR_FORMAT);
    assert_true(store_used(path)); /* for all we know */
    assert_int_equal(store_create(path, &st), ERR_STATE);
    assert_null(st);
    assert_int_equal(file_read(path, 1 << 20, true, &after), ERR_OK);
    assert_int_equal(after.len, junk.len);
    assert_memory_equal(after.p, junk.p, junk.len);
    buffer_free(&junk);
    buffer_free(&after);
    free(path);
}

static void a_store_of_another_program_or_version_is_refused(void **state)
{
    struct shop *s = *state;
    struct store *st = NULL;
    tamper(s, "PRAGMA user_version = 2;");
    assert_int_equal(store_open(s->path, false, &st), ERR_UNSUPPORTED);
    assert_int_equal(store_create(s->path, &st), ERR_STATE);
    tamper(s, "PRAGMA user_version = 1; PRAGMA application_id = 77;");
    assert_int_equal(store_open(s->path, true, &st), ERR_FORMAT);
    assert_non_null(strstr(said, "not a store of this program"));
    assert_int_equal(store_create(s->path, &st), ERR_STATE);
    assert_null(st);
}

static void reading_only_changes_nothing_and_sees_what_is_in_the_log(void **state)
{
    struct shop *s = *state;
    struct store *reader = NULL;
    struct buffer before = {0}, after = {0};
    assert_int_equal(file_read(s->path, 1 << 24, true, &before), ERR_OK);
    assert_int_equal(store_put_entry(s->st, 2, 1, THING), ERR_OK);
    assert_int_equal(store_open(s->path, true, &reader), ERR_OK); /* while the other one writes */
    assert_int_equal(last_of(reader), 2);
    assert_int_not_equal(store_put_entry(reader, 3, 1, THING), ERR_OK);
    store_close(reader);
    assert_int_equal(last_of(s->st), 2);
    assert_int_equal(file_read(s->path, 1 << 24, true, &after), ERR_OK);
    assert_int_equal(before.len, after.len);
    assert_memory_equal(before.p, after.p, after.len);
    buffer_free(&before);
    buffer_free(&after);
}

static void a_checkpoint_empties_the_log(void **state)
{
    struct shop *s = *state;
    struct stat is;
    char wal[128];
    snprintf(wal, sizeof wal, "%s-wal", s->path);
    assert_int_equal(stat(wal, &is), 0);
    assert_true(is.st_size > 0);
    assert_int_equal(store_checkpoint(s->st), ERR_OK);
    assert_int_equal(stat(wal, &is), 0);
    assert_int_equal(is.st_size, 0);
    assert_int_equal(last_of(s->st), 1);
}

struct walk {
    uint64_t stream[8], entry[16];
    size_t streams, entries, stop_at;
};

static enum err walk_stream(void *ctx, uint64_t number, uint64_t first, struct bytes preamble)
{
    struct walk *w = ctx;
    (void)first, (void)preamble;
    w->stream[w->streams++] = number;
    return ERR_OK;
}

static enum err walk_entry(void *ctx, uint64_t stream, uint64_t n, struct bytes sealed)
{
    struct walk *w = ctx;
    assert_int_equal(stream, w->stream[w->streams - 1]);
    assert_int_equal(sealed.len, sizeof thing);
    w->entry[w->entries++] = n;
    return w->entries == w->stop_at ? ERR_INTERRUPTED : ERR_OK;
}

static void a_walk_begins_with_the_stream_that_holds_the_position(void **state)
{
    struct shop *s = *state;
    assert_int_equal(store_put_entry(s->st, 2, 1, THING), ERR_OK);
    assert_int_equal(store_put_stream(s->st, 2, 3, THING), ERR_OK);
    assert_int_equal(store_put_entry(s->st, 3, 2, THING), ERR_OK);
    assert_int_equal(store_put_entry(s->st, 4, 2, THING), ERR_OK);
    static const struct {
        uint64_t from;
        size_t streams, entries;
    } want[] = {{0, 2, 4}, {1, 2, 4}, {2, 2, 4}, {3, 1, 2}, {4, 1, 2}, {5, 2, 4}};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        struct walk w = {0};
        struct store_visitor v = {walk_stream, walk_entry, &w};
        assert_int_equal(store_walk(s->st, want[i].from, &v), ERR_OK);
        assert_int_equal(w.streams, want[i].streams);
        assert_int_equal(w.entries, want[i].entries);
        assert_int_equal(w.entry[w.entries - 1], 4);
    }
    struct walk w = {.stop_at = 2};
    struct store_visitor v = {walk_stream, walk_entry, &w};
    assert_int_equal(store_walk(s->st, 0, &v), ERR_INTERRUPTED);
    assert_int_equal(w.entries, 2);
}

static void a_link_is_never_followed(void **state)
{
    struct shop *s = *state;
    struct store *st = NULL;
    char *link = file_join(s->dir, "link.db");
    assert_int_equal(symlink("store.db", link), 0);
    assert_int_equal(store_open(link, false, &st), ERR_FILE);
    assert_int_equal(store_open(link, true, &st), ERR_FILE);
    assert_non_null(strstr(said, "this is a link"));
    assert_null(st);
    free(link);
}

#define STORE(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE(what_was_committed_is_there_and_what_was_cancelled_is_not),
        STORE(a_position_is_never_written_twice),
        STORE(a_link_is_never_followed),
        STORE(the_latest_receipt_takes_the_place_of_the_one_before),
        STORE(a_store_in_use_is_not_made_anew),
        STORE(a_half_made_store_is_replaced),
        STORE(an_empty_file_is_a_half_made_store),
        STORE(what_is_not_ours_is_refused_and_left_as_it_is),
        STORE(a_store_of_another_program_or_version_is_refused),
        STORE(reading_only_changes_nothing_and_sees_what_is_in_the_log),
        STORE(a_checkpoint_empties_the_log),
        STORE(a_walk_begins_with_the_stream_that_holds_the_position),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
