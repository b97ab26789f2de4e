#include "kiosk/store.h"

#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/log.h"
#include "core/store_tables.h"

enum { BUSY_MS = 5000 };

struct store {
    sqlite3 *db;
};

/* SQLite's messages never carry values: those are bound parameters. */
static enum err fail(struct store *st, const char *doing)
{
    int code = st->db != NULL ? sqlite3_errcode(st->db) : SQLITE_NOMEM;
    const char *why = st->db != NULL ? sqlite3_errmsg(st->db) : "out of memory";
    switch (code & 0xff) {
    case SQLITE_FULL:
        return log_fail(ERR_FULL, "%s: the disk is full; make room and try again, nothing is lost",
                        doing);
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
        return log_fail(ERR_FILE, "%s: the home folder cannot be written (%s); nothing is lost",
                        doing, why);
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        return log_fail(ERR_FORMAT,
                        "%s: the store is damaged (%s); use collect and tell the researchers",
                        doing, why);
    case SQLITE_BUSY:
        return log_fail(ERR_BUSY, "%s: another program is using the store", doing);
    case SQLITE_NOMEM:
        return log_fail(ERR_NOMEM, "%s: the machine is out of memory", doing);
    case SQLITE_IOERR:
        return log_fail(ERR_FILE, "%s: the disk did not obey (%s); is it full or failing?", doing,
                        why);
    default:
        return log_fail(ERR_FILE, "%s: %s", doing, why);
    }
}

static enum err run(struct store *st, const char *sql, const char *doing)
{
    return sqlite3_exec(st->db, sql, NULL, NULL, NULL) == SQLITE_OK ? ERR_OK : fail(st, doing);
}

static bool number_of(struct store *st, const char *sql, int64_t *out)
{
    sqlite3_stmt *q = NULL;
    bool got =
        sqlite3_prepare_v2(st->db, sql, -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW;
    if (got)
        *out = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return got;
}

/* On read-only media without a log, SQLite can only read a file that it is told never changes. */
static int open_read_only(const char *path, sqlite3 **db)
{
    char *uri = NULL, *log = sqlite3_mprintf("%s-wal", path);
    bool has_log = log != NULL && access(log, F_OK) == 0;
    sqlite3_free(log);
    if (has_log || access(path, W_OK) == 0 || errno != EROFS)
        return sqlite3_open_v2(path, db, SQLITE_OPEN_READONLY, NULL);
    uri = sqlite3_mprintf("file:%s?immutable=1", path);
    if (uri == NULL)
        return SQLITE_NOMEM;
    int rc = sqlite3_open_v2(uri, db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL);
    sqlite3_free(uri);
    return rc;
}

static enum err connect(const char *path, int flags, struct store **out)
{
    struct stat is;
    if (lstat(path, &is) == 0 && S_ISLNK(is.st_mode)) /* SQLite would follow it */
        return log_fail(ERR_FILE, "%s: this is a link, not a store; it was left as it is", path);
    struct store *st = calloc(1, sizeof *st);
    if (st == NULL)
        return ERR_NOMEM;
    int rc = (flags & SQLITE_OPEN_READONLY) != 0 ? open_read_only(path, &st->db)
                                                 : sqlite3_open_v2(path, &st->db, flags, NULL);
    if (rc != SQLITE_OK) {
        enum err e = fail(st, path);
        store_close(st);
        return e;
    }
    sqlite3_extended_result_codes(st->db, 1);
    sqlite3_busy_timeout(st->db, BUSY_MS);
    *out = st;
    return ERR_OK;
}

static enum err make_writable(struct store *st, const char *path)
{
    return run(st,
               "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;"
               "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;",
               path);
}

/* A set-up that was interrupted before the log's first use left a journal, and only who may write
 * can roll that back, which is the first thing that every opening for writing does. */
static bool count_tables(struct store *st, const char *path, int64_t *tables)
{
    static const char sql[] = "SELECT count(*) FROM sqlite_schema WHERE name = 'state'";
    if (open_read_only(path, &st->db) != SQLITE_OK)
        return false;
    if (number_of(st, sql, tables))
        return true;
    if (sqlite3_extended_errcode(st->db) != SQLITE_READONLY_ROLLBACK)
        return false;
    sqlite3_close(st->db);
    st->db = NULL;
    return sqlite3_open_v2(path, &st->db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
           number_of(st, sql, tables);
}

bool store_used(const char *path)
{
    struct store st = {NULL};
    int64_t tables = 0, rows = 0;
    bool used = access(path, F_OK) == 0;
    if (used && count_tables(&st, path, &tables))
        used = tables > 0 && (!number_of(&st, "SELECT count(*) FROM state", &rows) || rows > 0);
    sqlite3_close(st.db);
    return used;
}

enum err store_create(const char *path, struct store **out)
{
    char sql[128];
    struct store *st = NULL;
    if (store_used(path))
        return ERR_STATE;
    enum err e = connect(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &st);
    if (e != ERR_OK)
        return e;
    e = make_writable(st, path);
    if (e == ERR_OK)
        e = run(st,
                "DROP TABLE IF EXISTS receipt; DROP TABLE IF EXISTS state;"
                "DROP TABLE IF EXISTS entry; DROP TABLE IF EXISTS stream;"
                "DROP TABLE IF EXISTS pack;",
                path);
    for (size_t i = 0; e == ERR_OK && i < STORE_TABLES; i++)
        e = run(st, store_tables[i].sql, path);
    snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d;",
             STORE_APPLICATION_ID, STORE_VERSION);
    if (e == ERR_OK)
        e = run(st, sql, path);
    if (e != ERR_OK) {
        store_close(st);
        return e;
    }
    *out = st;
    return ERR_OK;
}

static enum err recognise(struct store *st, const char *path)
{
    int64_t id = 0, version = 0;
    if (!number_of(st, "PRAGMA application_id", &id) ||
        !number_of(st, "PRAGMA user_version", &version))
        return fail(st, path);
    if (id != STORE_APPLICATION_ID)
        return log_fail(ERR_FORMAT, "%s: this is not a store of this program", path);
    if (version != STORE_VERSION)
        return log_fail(ERR_UNSUPPORTED, "%s: this store needs another version of the program",
                        path);
    return ERR_OK;
}

enum err store_open(const char *path, bool read_only, struct store **out)
{
    struct store *st = NULL;
    enum err e = connect(path, read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE, &st);
    if (e != ERR_OK)
        return e;
    e = recognise(st, path);
    if (e == ERR_OK && !read_only)
        e = make_writable(st, path);
    if (e != ERR_OK) {
        store_close(st);
        return e;
    }
    *out = st;
    return ERR_OK;
}

void store_close(struct store *st)
{
    if (st == NULL)
        return;
    sqlite3_close(st->db);
    free(st);
}

enum err store_checkpoint(struct store *st)
{
    return sqlite3_wal_checkpoint_v2(st->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) ==
                   SQLITE_OK
               ? ERR_OK
               : fail(st, "store");
}

enum err store_begin(struct store *st)
{
    return run(st, "BEGIN IMMEDIATE", "store");
}

enum err store_commit(struct store *st)
{
    return run(st, "COMMIT", "store");
}

void store_cancel(struct store *st)
{
    if (sqlite3_get_autocommit(st->db) == 0)
        sqlite3_exec(st->db, "ROLLBACK", NULL, NULL, NULL);
}

/* Runs one statement with up to two numbers and one blob. */
static enum err put(struct store *st, const char *sql, const uint64_t *number, int numbers,
                    struct bytes blob)
{
    sqlite3_stmt *q = NULL;
    enum err e = ERR_OK;
    if (sqlite3_prepare_v2(st->db, sql, -1, &q, NULL) != SQLITE_OK)
        return fail(st, "store");
    for (int i = 0; i < numbers; i++)
        sqlite3_bind_int64(q, i + 1, (int64_t)number[i]);
    sqlite3_bind_blob64(q, numbers + 1, blob.p, blob.len, SQLITE_STATIC);
    if (sqlite3_step(q) != SQLITE_DONE)
        e = fail(st, "store");
    sqlite3_finalize(q);
    return e;
}

enum err store_put_pack(struct store *st, struct bytes pack)
{
    return put(st, "INSERT INTO pack(bytes) VALUES(?1)", NULL, 0, pack);
}

enum err store_put_stream(struct store *st, uint64_t number, uint64_t first, struct bytes preamble)
{
    return put(st, "INSERT INTO stream(number, first, preamble) VALUES(?1, ?2, ?3)",
               (uint64_t[]){number, first}, 2, preamble);
}

enum err store_put_entry(struct store *st, uint64_t n, uint64_t stream, struct bytes sealed)
{
    return put(st, "INSERT INTO entry(n, stream, sealed) VALUES(?1, ?2, ?3)",
               (uint64_t[]){n, stream}, 2, sealed);
}

enum err store_put_state(struct store *st, uint64_t epoch, struct bytes sealed)
{
    return put(st, "INSERT OR REPLACE INTO state(id, epoch, sealed) VALUES(1, ?1, ?2)", &epoch, 1,
               sealed);
}

enum err store_put_receipt(struct store *st, uint64_t n, struct bytes bytes)
{
    return put(st, "INSERT OR REPLACE INTO receipt(id, n, bytes) VALUES(1, ?1, ?2)", &n, 1, bytes);
}

static struct bytes column(sqlite3_stmt *q, int i)
{
    return (struct bytes){sqlite3_column_blob(q, i), (size_t)sqlite3_column_bytes(q, i)};
}

/* One row of a number and a blob; ${absent} where there is none. */
static enum err get(struct store *st, const char *sql, enum err absent, uint64_t *number,
                    struct buffer *out)
{
    sqlite3_stmt *q = NULL;
    enum err e = ERR_OK;
    if (sqlite3_prepare_v2(st->db, sql, -1, &q, NULL) != SQLITE_OK)
        return fail(st, "store");
    int rc = sqlite3_step(q);
    if (rc == SQLITE_ROW) {
        *number = (uint64_t)sqlite3_column_int64(q, 0);
        buffer_add(out, sqlite3_column_blob(q, 1), (size_t)sqlite3_column_bytes(q, 1));
        e = out->failed ? ERR_NOMEM : ERR_OK;
    } else {
        e = rc == SQLITE_DONE ? absent : fail(st, "store");
    }
    sqlite3_finalize(q);
    return e;
}

enum err store_pack(struct store *st, struct buffer *out)
{
    uint64_t id = 0;
    return get(st, "SELECT id, bytes FROM pack ORDER BY id DESC LIMIT 1", ERR_FORMAT, &id, out);
}

enum err store_each_pack(struct store *st, store_visit_pack *visit, void *ctx)
{
    sqlite3_stmt *q = NULL;
    enum err e = ERR_OK;
    int rc = SQLITE_DONE;
    if (sqlite3_prepare_v2(st->db, "SELECT bytes FROM pack ORDER BY id", -1, &q, NULL) != SQLITE_OK)
        return fail(st, "store");
    while (e == ERR_OK && (rc = sqlite3_step(q)) == SQLITE_ROW)
        e = visit(ctx, column(q, 0));
    if (e == ERR_OK && rc != SQLITE_DONE)
        e = fail(st, "store");
    sqlite3_finalize(q);
    return e;
}

enum err store_state(struct store *st, uint64_t *epoch, struct buffer *out)
{
    return get(st, "SELECT epoch, sealed FROM state", ERR_FORMAT, epoch, out);
}

enum err store_last(struct store *st, uint64_t *n, struct buffer *out)
{
    enum err e = get(st, "SELECT n, sealed FROM entry ORDER BY n DESC LIMIT 1", ERR_STATE, n, out);
    if (e != ERR_STATE)
        return e;
    *n = 0;
    return ERR_OK;
}

enum err store_receipt(struct store *st, uint64_t *n, struct buffer *out)
{
    enum err e = get(st, "SELECT n, bytes FROM receipt", ERR_STATE, n, out);
    if (e != ERR_STATE)
        return e;
    *n = 0;
    return ERR_OK;
}

/* The entries of one stream, which begins at ${first}. */
static enum err walk_entries(struct store *st, uint64_t stream, uint64_t first,
                             const struct store_visitor *v)
{
    sqlite3_stmt *q = NULL;
    enum err e = ERR_OK;
    int rc = SQLITE_DONE;
    bool same = true;
    if (sqlite3_prepare_v2(st->db, "SELECT n, sealed, stream FROM entry WHERE n >= ?1 ORDER BY n",
                           -1, &q, NULL) != SQLITE_OK)
        return fail(st, "store");
    sqlite3_bind_int64(q, 1, (int64_t)first);
    while (e == ERR_OK && same && (rc = sqlite3_step(q)) == SQLITE_ROW) {
        same = (uint64_t)sqlite3_column_int64(q, 2) == stream;
        if (same)
            e = v->entry(v->ctx, stream, (uint64_t)sqlite3_column_int64(q, 0), column(q, 1));
    }
    if (e == ERR_OK && same && rc != SQLITE_DONE)
        e = fail(st, "store");
    sqlite3_finalize(q);
    return e;
}

enum err store_walk(struct store *st, uint64_t from, const struct store_visitor *v)
{
    sqlite3_stmt *q = NULL;
    enum err e = ERR_OK;
    int rc = SQLITE_DONE;
    if (sqlite3_prepare_v2(st->db,
                           "SELECT number, first, preamble FROM stream WHERE number >= coalesce("
                           "(SELECT stream FROM entry WHERE n = ?1), 0) ORDER BY number",
                           -1, &q, NULL) != SQLITE_OK)
        return fail(st, "store");
    sqlite3_bind_int64(q, 1, (int64_t)from);
    while (e == ERR_OK && (rc = sqlite3_step(q)) == SQLITE_ROW) {
        uint64_t number = (uint64_t)sqlite3_column_int64(q, 0);
        uint64_t first = (uint64_t)sqlite3_column_int64(q, 1);
        e = v->stream(v->ctx, number, first, column(q, 2));
        if (e == ERR_OK)
            e = walk_entries(st, number, first, v);
    }
    if (e == ERR_OK && rc != SQLITE_DONE)
        e = fail(st, "store");
    sqlite3_finalize(q);
    return e;
}
