#include "tests/admin/databases.h"

#include "admin/laptop_store.h"
#include "admin/pull.h"
#include "core/store_tables.h"

/* A laptop's store that came from elsewhere, perhaps from somebody who made it for us. */

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
    struct laptop_store_visitor visitor = {see_pack, see_stream, see_entry, v};
    *v = (struct visited){0, 0, 0};
    said[0] = '\0';
    return laptop_store_read(path, &visitor);
}

#define FILLED                                                                                     \
    "INSERT INTO pack VALUES(1, x'00'); INSERT INTO stream VALUES(1, 1, x'00'), (2, 31, x'00');"   \
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 60)"                 \
    " INSERT INTO entry SELECT n, 1 + (n > 30), zeroblob(1000) FROM c;"

/* A store as the kiosk makes it, but for table ${other}, which is made by ${sql} (both may be
 * NULL);
 * ${first} runs before anything is in it, ${then} in the end. */
static char *store_with(const char *name, const char *first, const char *other, const char *sql,
                        const char *then)
{
    struct buffer b = {0};
    buffer_printf(&b, "%s; PRAGMA application_id = %d; PRAGMA user_version = %d;", first,
                  STORE_APPLICATION_ID, STORE_VERSION);
    for (size_t i = 0; i < STORE_TABLES; i++)
        buffer_printf(
            &b, "%s;",
            other != NULL && strcmp(other, store_tables[i].name) == 0 ? sql : store_tables[i].sql);
    buffer_printf(&b, "%s%s", other != NULL ? "" : FILLED, then);
    buffer_u8(&b, 0);
    assert_false(b.failed);
    char *path = database(name, (const char *)b.p);
    buffer_free(&b);
    return path;
}

static void a_store_is_read_stream_by_stream_in_order(void **state)
{
    (void)state;
    struct visited v;
    char *path = store_with("good.db", "", NULL, NULL, "");
    assert_true(laptop_store_is(path));
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
    char *path = store_with("log.db", "PRAGMA journal_mode = WAL", NULL, NULL, "");
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK); /* held open, as by a running kiosk */
    assert_int_equal(
        sqlite3_exec(db, "INSERT INTO entry VALUES(61, 2, zeroblob(1000))", NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(visit_store(path, &v), ERR_OK);
    assert_int_equal(v.entries, 61);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    free(path);
}

static void assert_refused(char *path)
{
    struct visited v;
    assert_int_equal(visit_store(path, &v), ERR_FORMAT);
    assert_int_equal(v.packs + v.streams + v.entries, 0);
    assert_non_null(strstr(said, "use collect"));
    free(path);
}

static void a_store_with_anything_but_its_own_tables_in_it_is_refused(void **state)
{
    (void)state;
    static const char *const more[] = {
        "CREATE TRIGGER t AFTER INSERT ON entry BEGIN SELECT 1; END",
        "ALTER TABLE entry RENAME TO e; CREATE VIEW entry AS SELECT n, stream, sealed FROM e",
        "CREATE INDEX i ON entry(stream)",
        "CREATE VIRTUAL TABLE f USING fts5(x)",
        "CREATE TABLE more(x)",
        "DROP TABLE state",
        "ALTER TABLE entry DROP COLUMN sealed",
        "ALTER TABLE entry ADD COLUMN more BLOB",
        "PRAGMA user_version = 2",
        "PRAGMA application_id = 1",
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET type = 'view' WHERE name = 'state'",
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = sql || ' ' WHERE rowid = 1",
    };
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        char name[32];
        snprintf(name, sizeof name, "more-%zu.db", i);
        assert_refused(store_with(name, "", NULL, NULL, more[i]));
    }
}

/* What a table says of itself would be worked out while it is read or looked over: rows out of
 * nothing, memory without end. */
static void a_table_that_computes_is_refused_before_it_does(void **state)
{
    (void)state;
    assert_refused(store_with("generated.db", "", "entry",
                              "CREATE TABLE entry(n INTEGER PRIMARY KEY, stream INTEGER NOT NULL,"
                              " sealed BLOB AS (zeroblob(1000000000))) STRICT;"
                              "INSERT INTO entry(n, stream) VALUES(1, 1)",
                              ""));
    assert_refused(store_with("check.db", "", "pack",
                              "CREATE TABLE pack(id INTEGER PRIMARY KEY, bytes BLOB NOT NULL"
                              " CHECK(length(randomblob(100000000)) > 1)) STRICT",
                              ""));
    assert_refused(
        store_with("default.db", "", "stream",
                   "CREATE TABLE stream(number INTEGER PRIMARY KEY, first INTEGER NOT NULL"
                   " DEFAULT (abs(-9223372036854775807 - 1)), preamble BLOB NOT NULL) STRICT",
                   ""));
}

static void any_page_size_is_read(void **state)
{
    (void)state;
    static const char *const size[] = {"512", "65536"};
    for (size_t i = 0; i < 2; i++) {
        struct visited v;
        char name[32], first[64];
        snprintf(name, sizeof name, "pages-%s.db", size[i]);
        snprintf(first, sizeof first, "PRAGMA page_size = %s", size[i]);
        char *path = store_with(name, first, NULL, NULL, "");
        assert_int_equal(visit_store(path, &v), ERR_OK);
        assert_int_equal(v.entries, 60);
        free(path);
    }
}

static void what_is_no_database_is_none_of_a_laptops(void **state)
{
    (void)state;
    struct visited v;
    char *path = path_of("words.db"), *link = path_of("link.db"), *pipe = path_of("pipe.db");
    assert_int_equal(
        file_write(path, (struct bytes){(const uint8_t *)"SQLite format?", 14}, 0600, true),
        ERR_OK);
    assert_false(laptop_store_is(path));
    assert_int_equal(symlink("/dev/zero", link), 0);
    assert_false(laptop_store_is(link));
    assert_int_equal(visit_store(link, &v), ERR_FILE);
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_false(laptop_store_is(pipe));
    assert_int_equal(visit_store(pipe, &v), ERR_FILE); /* and nobody waits for a writer */
    free(path);
    free(link);
    free(pipe);
}

static void a_torn_copy_says_to_use_collect_and_reads_nothing_wrong(void **state)
{
    (void)state;
    struct visited v;
    struct buffer whole = {0};
    unsigned refused = 0;
    char *path = store_with("whole.db", "", NULL, NULL, ""), *torn = path_of("torn.db");
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
    path = store_with("trap.db", "", NULL, NULL,
                      "CREATE TRIGGER t AFTER INSERT ON pack BEGIN SELECT 1; END");
    assert_int_equal(pull_source(path, NULL, a, &n), ERR_FORMAT);
    assert_int_equal(n.segments, 0);
    archive_close(a);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_is_read_stream_by_stream_in_order),
        cmocka_unit_test(a_store_with_its_log_still_beside_it_is_read_with_it),
        cmocka_unit_test(a_store_with_anything_but_its_own_tables_in_it_is_refused),
        cmocka_unit_test(a_table_that_computes_is_refused_before_it_does),
        cmocka_unit_test(any_page_size_is_read),
        cmocka_unit_test(what_is_no_database_is_none_of_a_laptops),
        cmocka_unit_test(a_torn_copy_says_to_use_collect_and_reads_nothing_wrong),
        cmocka_unit_test(pulling_from_what_is_no_source_changes_nothing),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
