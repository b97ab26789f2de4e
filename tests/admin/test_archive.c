#include "tests/admin/simulated.h"

#include <sqlite3.h>

#include "admin/archive.h"
#include "admin/pull.h"

/* An archive and a laptop's store, each refused where it is not what it should be. */

static char dir[64];

static int start(void **state)
{
    (void)state;
    log_to(listen_in, NULL);
    strcpy(dir, "/tmp/sanaq-archive-XXXXXX");
    return secret_start() == ERR_OK && mkdtemp(dir) != NULL ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    forget(dir);
    return 0;
}

static char *path_of(const char *name)
{
    char *path = file_join(dir, name);
    assert_non_null(path);
    said[0] = '\0';
    return path;
}

/* A database made by these statements. */
static char *database(const char *name, const char *sql)
{
    sqlite3 *db = NULL;
    char *path = path_of(name);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return path;
}

#define STORE                                                                                      \
    "PRAGMA application_id = 0x53414e51; PRAGMA user_version = 1;"                                 \
    "CREATE TABLE pack(id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;"                       \
    "CREATE TABLE stream(number INTEGER PRIMARY KEY, first INTEGER NOT NULL,"                      \
    " preamble BLOB NOT NULL) STRICT;"                                                             \
    "CREATE TABLE entry(n INTEGER PRIMARY KEY, stream INTEGER NOT NULL, sealed BLOB NOT NULL) "    \
    "STRICT;"

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
    path = database("store.db", STORE);
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
    free(database("later.db", "PRAGMA user_version = 2"));
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

/* ---- a laptop's store ---- */

struct visited {
    unsigned packs, streams, entries;
};

static enum err see_pack(void *ctx, struct bytes pack)
{
    (void)pack;
    ((struct visited *)ctx)->packs++;
    return ERR_OK;
}

static enum err see_stream(void *ctx, uint64_t number, uint64_t first, struct bytes preamble)
{
    (void)first;
    (void)preamble;
    assert_int_equal(number, ++((struct visited *)ctx)->streams);
    return ERR_OK;
}

static enum err see_entry(void *ctx, uint64_t stream, uint64_t n, struct bytes sealed)
{
    assert_int_equal(stream, ((struct visited *)ctx)->streams);
    assert_int_equal(n, ++((struct visited *)ctx)->entries);
    assert_int_equal(sealed.len, 1000);
    return ERR_OK;
}

static enum err visit_store(const char *path, struct visited *v)
{
    struct archive_store_visitor visitor = {see_pack, see_stream, see_entry, v};
    *v = (struct visited){0, 0, 0};
    said[0] = '\0';
    return archive_read_store(path, &visitor);
}

#define FILLED                                                                                     \
    STORE "INSERT INTO pack VALUES(1, x'00'); INSERT INTO stream VALUES(1, 1, x'00'), (2, 31, "    \
          "x'00');"                                                                                \
          "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 60)"           \
          " INSERT INTO entry SELECT n, 1 + (n > 30), zeroblob(1000) FROM c;"

static void a_store_is_read_stream_by_stream_in_order(void **state)
{
    (void)state;
    struct visited v;
    char *path = database("good.db", FILLED);
    assert_true(archive_is_database(path));
    assert_int_equal(visit_store(path, &v), ERR_OK);
    assert_int_equal(v.packs, 1);
    assert_int_equal(v.streams, 2);
    assert_int_equal(v.entries, 60);
    free(path);
}

static void a_store_with_its_log_still_beside_it_is_read_with_it(void **state)
{
    (void)state;
    struct visited v;
    sqlite3 *db = NULL;
    char *path = database("log.db", "PRAGMA journal_mode = WAL;" FILLED);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK); /* held open, as by a running kiosk */
    assert_int_equal(
        sqlite3_exec(db, "INSERT INTO entry VALUES(61, 2, zeroblob(1000))", NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(visit_store(path, &v), ERR_OK);
    assert_int_equal(v.entries, 61);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    free(path);
}

static void check_refused(const char *name, const char *sql)
{
    struct visited v;
    char *path = database(name, sql);
    assert_int_equal(visit_store(path, &v), ERR_FORMAT);
    assert_int_equal(v.packs + v.streams + v.entries, 0);
    assert_non_null(strstr(said, "use collect"));
    free(path);
}

static void a_store_with_anything_but_tables_in_it_is_refused(void **state)
{
    (void)state;
    check_refused("trigger.db",
                  FILLED "CREATE TRIGGER t AFTER INSERT ON entry BEGIN SELECT 1; END");
    check_refused("view.db", FILLED "ALTER TABLE entry RENAME TO e;"
                                    "CREATE VIEW entry AS SELECT n, stream, sealed FROM e");
    check_refused("index.db", FILLED "CREATE INDEX i ON entry(stream)");
    check_refused("virtual.db", FILLED "CREATE VIRTUAL TABLE f USING fts5(x)");
    check_refused("column.db", FILLED "ALTER TABLE entry DROP COLUMN sealed");
    check_refused("version.db", FILLED "PRAGMA user_version = 2");
    check_refused("other.db", FILLED "PRAGMA application_id = 1");
}

static void a_torn_copy_says_to_use_collect_and_reads_nothing_wrong(void **state)
{
    (void)state;
    struct visited v;
    struct buffer whole = {0};
    unsigned refused = 0;
    char *path = database("whole.db", FILLED), *torn = path_of("torn.db");
    assert_int_equal(file_read(path, 1 << 20, true, &whole), ERR_OK);
    for (size_t len = 0; len < whole.len; len += 4096 + 17) {
        struct bytes part = {whole.p, len};
        assert_int_equal(file_write(torn, part, 0600, true), ERR_OK);
        assert_int_equal(visit_store(torn, &v), ERR_FORMAT);
        assert_non_null(strstr(said, "use collect"));
        refused++;
    }
    for (size_t at = 4096; at < whole.len; at += 4096) { /* a page that is none */
        whole.p[at] ^= 0xff;
        assert_int_equal(file_write(torn, buffer_view(&whole), 0600, true), ERR_OK);
        assert_int_equal(visit_store(torn, &v), ERR_FORMAT);
        whole.p[at] ^= 0xff;
        refused++;
    }
    assert_true(refused > 20);
    buffer_free(&whole);
    free(path);
    free(torn);
}

static void pulling_from_what_is_no_source_changes_nothing(void **state)
{
    (void)state;
    struct archive *a = NULL;
    struct pull_counts n = {0, 0, 0, 0, 0};
    char *path = path_of("nowhere");
    assert_int_equal(archive_open(":memory:", true, &a), ERR_OK);
    assert_int_equal(pull_source(path, NULL, a, &n), ERR_FILE);
    assert_int_equal(pull_source(dir, NULL, a, &n), ERR_FILE);
    assert_non_null(strstr(said, "nothing of a laptop is here"));
    free(path);
    path = database("trap.db", FILLED "CREATE TRIGGER t AFTER INSERT ON pack BEGIN SELECT 1; END");
    assert_int_equal(pull_source(path, NULL, a, &n), ERR_FORMAT);
    assert_int_equal(n.segments, 0);
    archive_close(a);
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
        cmocka_unit_test(a_store_is_read_stream_by_stream_in_order),
        cmocka_unit_test(a_store_with_its_log_still_beside_it_is_read_with_it),
        cmocka_unit_test(a_store_with_anything_but_tables_in_it_is_refused),
        cmocka_unit_test(a_torn_copy_says_to_use_collect_and_reads_nothing_wrong),
        cmocka_unit_test(pulling_from_what_is_no_source_changes_nothing),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
