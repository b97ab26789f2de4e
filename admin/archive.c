#include "admin/archive.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/log.h"
#include "core/store_tables.h"

enum {
    ARCHIVE_ID = 0x53414e41 /* "SANA" */,
    SCHEMA_VERSION = 2,
    BUSY_MS = 10000,
    BUSY_TRIES = 200
};

/* From version k to k + 1. */
static const char *const step[SCHEMA_VERSION] = {
    "CREATE TABLE study(id INTEGER PRIMARY KEY CHECK(id = 1), pack BLOB NOT NULL) STRICT;"
    "CREATE TABLE pack(hash BLOB PRIMARY KEY, bytes BLOB NOT NULL) STRICT;"
    /* the same bytes under another name or laptop are another piece: a wrong copy must not hide the
       true one */
    "CREATE TABLE segment(id INTEGER PRIMARY KEY, hash BLOB NOT NULL, name TEXT NOT NULL,"
    " device BLOB NOT NULL, first INTEGER NOT NULL, bytes BLOB NOT NULL, UNIQUE(hash, name, "
    "device)) STRICT;"
    "CREATE INDEX segment_of ON segment(device, first, id);"
    "CREATE TABLE notice(id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, device BLOB NOT NULL,"
    " bytes BLOB NOT NULL, UNIQUE(bytes, device, kind)) STRICT;"
    "CREATE TABLE golive(pack BLOB NOT NULL, researcher INTEGER NOT NULL, sig BLOB NOT NULL,"
    " PRIMARY KEY(pack, researcher)) STRICT;"
    "CREATE TABLE log(id INTEGER PRIMARY KEY, at INTEGER NOT NULL, what TEXT NOT NULL,"
    " command TEXT NOT NULL, reason TEXT NOT NULL) STRICT;",
    /* what was read out over the telephone cannot be pulled again */
    "CREATE TABLE closing(id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE, device BLOB,"
    " at INTEGER NOT NULL, taken_back INTEGER NOT NULL) STRICT;",
};

struct archive {
    sqlite3 *db;
    const char *path; /* for messages; owned */
    bool frozen;
};

static enum err fail(const struct archive *a)
{
    const char *why = sqlite3_errmsg(a->db);
    switch (sqlite3_errcode(a->db) & 0xff) {
    case SQLITE_FULL:
        return log_fail(ERR_FULL, "%s: the disk is full; make room and try again", a->path);
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        return log_fail(ERR_FORMAT,
                        "%s: the archive is damaged or not an archive (%s); it can be rebuilt "
                        "by pulling again",
                        a->path, why);
    case SQLITE_BUSY:
        return log_fail(ERR_BUSY, "%s: another program is using the archive; try again", a->path);
    default:
        return log_fail(ERR_FILE, "%s: %s", a->path, why);
    }
}

static enum err run(const struct archive *a, const char *sql)
{
    return sqlite3_exec(a->db, sql, NULL, NULL, NULL) == SQLITE_OK ? ERR_OK : fail(a);
}

static int64_t number_of(const struct archive *a, const char *sql)
{
    sqlite3_stmt *q = NULL;
    int64_t n = -1;
    if (sqlite3_prepare_v2(a->db, sql, -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW)
        n = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return n;
}

/* Two programs may come upon an empty file or an old archive at once: the second one waits, and
 * finds it done. */
static enum err bring_up(struct archive *a)
{
    char sql[96];
    snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d;", ARCHIVE_ID,
             SCHEMA_VERSION);
    enum err e = archive_begin(a);
    for (int64_t v = number_of(a, "PRAGMA user_version"); e == ERR_OK && v < SCHEMA_VERSION; v++)
        e = v >= 0 ? run(a, step[v]) : fail(a);
    if (e == ERR_OK)
        e = run(a, sql);
    if (e == ERR_OK)
        e = archive_commit(a);
    if (e != ERR_OK)
        archive_cancel(a);
    return e;
}

static enum err recognise(struct archive *a, bool create)
{
    /* in one transaction: another program may be making the tables at this moment */
    enum err e = run(a, "BEGIN");
    if (e != ERR_OK)
        return e;
    int64_t id = number_of(a, "PRAGMA application_id");
    int64_t version = number_of(a, "PRAGMA user_version");
    int64_t tables = number_of(a, "SELECT count(*) FROM sqlite_schema");
    e = id < 0 || version < 0 || tables < 0 ? fail(a) : ERR_OK;
    archive_cancel(a);
    if (e != ERR_OK)
        return e;
    if (id == ARCHIVE_ID && version == SCHEMA_VERSION)
        return ERR_OK;
    if (id == ARCHIVE_ID && (version == 0 || version > SCHEMA_VERSION))
        return log_fail(ERR_UNSUPPORTED, "%s: this archive needs another version of the program",
                        a->path);
    if (id != ARCHIVE_ID && (id != 0 || tables != 0 || !create))
        return log_fail(ERR_FORMAT, "%s: this is not an archive%s", a->path,
                        id == STORE_APPLICATION_ID ? ": it is a laptop's store; pull it first"
                                                   : "");
    return bring_up(a);
}

/* Changing to the log needs a moment alone, for which SQLite does not wait by itself. */
static enum err set_modes(struct archive *a)
{
    const struct timespec moment = {0, BUSY_MS * 1000000L / BUSY_TRIES};
    int rc = SQLITE_BUSY;
    for (int i = 0; i < BUSY_TRIES && rc == SQLITE_BUSY; i++) {
        rc = sqlite3_exec(a->db,
                          "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                          "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;",
                          NULL, NULL, NULL);
        if (rc == SQLITE_BUSY)
            nanosleep(&moment, NULL);
    }
    return rc == SQLITE_OK ? ERR_OK : fail(a);
}

enum err archive_open(const char *path, bool create, struct archive **out)
{
    struct archive *a = calloc(1, sizeof *a);
    if (a == NULL)
        return ERR_NOMEM;
    a->path = strdup(path);
    enum err e = ERR_OK;
    int flags = SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0);
    if (a->path == NULL)
        e = ERR_NOMEM;
    else if (!create && access(path, F_OK) != 0)
        e = log_fail(ERR_FILE, "%s: there is no such archive; pull makes one", path);
    else if (sqlite3_open_v2(path, &a->db, flags, NULL) != SQLITE_OK)
        e = fail(a);
    else {
        sqlite3_busy_timeout(a->db, BUSY_MS);
        e = recognise(a, create);
        if (e == ERR_OK)
            e = set_modes(a);
    }
    if (e != ERR_OK) {
        archive_close(a);
        return e;
    }
    *out = a;
    return ERR_OK;
}

void archive_close(struct archive *a)
{
    if (a == NULL)
        return;
    sqlite3_close(a->db);
    free((char *)(uintptr_t)a->path);
    free(a);
}

enum err archive_begin(struct archive *a)
{
    return run(a, "BEGIN IMMEDIATE");
}

enum err archive_commit(struct archive *a)
{
    return run(a, "COMMIT");
}

void archive_cancel(struct archive *a)
{
    if (sqlite3_get_autocommit(a->db) == 0)
        sqlite3_exec(a->db, "ROLLBACK", NULL, NULL, NULL);
}

enum err archive_freeze(struct archive *a)
{
    if (sqlite3_get_autocommit(a->db) == 0)
        return ERR_OK;
    enum err e = run(a, "BEGIN");
    a->frozen = e == ERR_OK;
    return e;
}

void archive_thaw(struct archive *a)
{
    if (a->frozen)
        archive_cancel(a);
    a->frozen = false;
}

static void bind_bytes(sqlite3_stmt *q, int i, const void *p, size_t n)
{
    sqlite3_bind_blob64(q, i, p, n, SQLITE_STATIC);
}

static sqlite3_stmt *prepare(const struct archive *a, const char *sql)
{
    sqlite3_stmt *q = NULL;
    return sqlite3_prepare_v2(a->db, sql, -1, &q, NULL) == SQLITE_OK ? q : NULL;
}

/* Runs an INSERT OR IGNORE to its end and tells whether it added a row. */
static enum err insert(const struct archive *a, sqlite3_stmt *q, bool *fresh)
{
    enum err e = q != NULL && sqlite3_step(q) == SQLITE_DONE ? ERR_OK : fail(a);
    if (e == ERR_OK && fresh != NULL)
        *fresh = sqlite3_changes(a->db) > 0;
    sqlite3_finalize(q);
    return e;
}

/* Visits rows of (name or NULL, blob); owns and finalizes ${q}. */
static enum err visit_rows(const struct archive *a, sqlite3_stmt *q, archive_piece *visit,
                           void *ctx)
{
    enum err e = ERR_OK;
    int rc = SQLITE_DONE;
    if (q == NULL)
        return fail(a);
    while (e == ERR_OK && (rc = sqlite3_step(q)) == SQLITE_ROW) {
        struct bytes b = {sqlite3_column_blob(q, 1), (size_t)sqlite3_column_bytes(q, 1)};
        e = visit(ctx, (const char *)sqlite3_column_text(q, 0), b);
    }
    if (e == ERR_OK && rc != SQLITE_DONE)
        e = fail(a);
    sqlite3_finalize(q);
    return e;
}

enum err archive_put_segment(struct archive *a, const char *name, const uint8_t device[32],
                             uint64_t first, struct bytes file, bool *fresh)
{
    uint8_t hash[HASH_LEN];
    sqlite3_stmt *q = prepare(a, "INSERT OR IGNORE INTO segment(hash, name, device, first, bytes)"
                                 " VALUES(?1, ?2, ?3, ?4, ?5)");
    if (q == NULL)
        return fail(a);
    crypto_generichash(hash, sizeof hash, file.p, file.len, NULL, 0);
    bind_bytes(q, 1, hash, sizeof hash);
    sqlite3_bind_text(q, 2, name, -1, SQLITE_STATIC);
    bind_bytes(q, 3, device, 32);
    sqlite3_bind_int64(q, 4, (int64_t)first);
    bind_bytes(q, 5, file.p, file.len);
    return insert(a, q, fresh);
}

enum err archive_put_pack(struct archive *a, const uint8_t hash[HASH_LEN], struct bytes file,
                          bool *fresh)
{
    sqlite3_stmt *q =
        prepare(a, "INSERT INTO pack(hash, bytes) VALUES(?1, ?2) ON CONFLICT(hash) DO UPDATE"
                   " SET bytes = excluded.bytes WHERE length(excluded.bytes) > length(bytes)");
    if (q == NULL)
        return fail(a);
    bind_bytes(q, 1, hash, HASH_LEN);
    bind_bytes(q, 2, file.p, file.len);
    return insert(a, q, fresh);
}

static enum err keep_pin(void *ctx, const char *name, struct bytes pack)
{
    (void)name;
    if (pack.len != HASH_LEN)
        return ERR_FORMAT;
    memcpy(ctx, pack.p, HASH_LEN);
    return ERR_OK;
}

enum err archive_pinned(struct archive *a, uint8_t pack[HASH_LEN], bool *known)
{
    *known = number_of(a, "SELECT count(*) FROM study") == 1;
    return *known ? visit_rows(a, prepare(a, "SELECT NULL, pack FROM study"), keep_pin, pack)
                  : ERR_OK;
}

enum err archive_pin(struct archive *a, const uint8_t pack[HASH_LEN])
{
    sqlite3_stmt *q = prepare(a, "INSERT INTO study(id, pack) VALUES(1, ?1)");
    if (q == NULL)
        return fail(a);
    bind_bytes(q, 1, pack, HASH_LEN);
    return insert(a, q, NULL);
}

enum err archive_put_notice(struct archive *a, enum notice_kind kind, const uint8_t device[32],
                            struct bytes file, bool *fresh)
{
    sqlite3_stmt *q =
        prepare(a, "INSERT OR IGNORE INTO notice(kind, device, bytes) VALUES(?1, ?2, ?3)");
    if (q == NULL)
        return fail(a);
    sqlite3_bind_int(q, 1, (int)kind);
    bind_bytes(q, 2, device, 32);
    bind_bytes(q, 3, file.p, file.len);
    return insert(a, q, fresh);
}

enum err archive_put_golive(struct archive *a, const uint8_t pack[HASH_LEN], uint8_t researcher,
                            const uint8_t sig[SIGN_LEN])
{
    sqlite3_stmt *q =
        prepare(a, "INSERT OR REPLACE INTO golive(pack, researcher, sig) VALUES(?1, ?2, ?3)");
    if (q == NULL)
        return fail(a);
    bind_bytes(q, 1, pack, HASH_LEN);
    sqlite3_bind_int(q, 2, researcher);
    bind_bytes(q, 3, sig, SIGN_LEN);
    return insert(a, q, NULL);
}

enum err archive_log(struct archive *a, const char *what, const char *command, const char *reason)
{
    sqlite3_stmt *q =
        prepare(a, "INSERT INTO log(at, what, command, reason) VALUES(?1, ?2, ?3, ?4)");
    if (q == NULL)
        return fail(a);
    sqlite3_bind_int64(q, 1, (int64_t)time(NULL));
    sqlite3_bind_text(q, 2, what, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 3, command, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 4, reason, -1, SQLITE_STATIC);
    return insert(a, q, NULL);
}

enum err archive_closed(struct archive *a, bool *closed)
{
    int64_t n = number_of(a, "SELECT count(*) FROM log WHERE what = 'close'");
    if (n < 0)
        return fail(a);
    *closed = n > 0;
    return ERR_OK;
}

enum err archive_put_closing(struct archive *a, const char *code, const uint8_t *device)
{
    sqlite3_stmt *q =
        prepare(a, "INSERT INTO closing(code, device, at, taken_back) VALUES(?1, ?2, ?3, 0)"
                   " ON CONFLICT(code) DO UPDATE SET device = ifnull(?2, device), taken_back = 0");
    if (q == NULL)
        return fail(a);
    sqlite3_bind_text(q, 1, code, -1, SQLITE_STATIC);
    if (device != NULL)
        bind_bytes(q, 2, device, 32);
    sqlite3_bind_int64(q, 3, (int64_t)time(NULL));
    return insert(a, q, NULL);
}

enum err archive_take_back_closing(struct archive *a, const char *code, bool *known)
{
    sqlite3_stmt *q = prepare(a, "UPDATE closing SET taken_back = 1 WHERE code = ?1");
    if (q == NULL)
        return fail(a);
    sqlite3_bind_text(q, 1, code, -1, SQLITE_STATIC);
    return insert(a, q, known);
}

enum err archive_each_closing(struct archive *a, archive_code *visit, void *ctx)
{
    enum err e = ERR_OK;
    int rc = SQLITE_DONE;
    sqlite3_stmt *q = prepare(a, "SELECT code, device, taken_back FROM closing ORDER BY id");
    if (q == NULL)
        return fail(a);
    while (e == ERR_OK && (rc = sqlite3_step(q)) == SQLITE_ROW)
        e = visit(ctx, (const char *)sqlite3_column_text(q, 0),
                  sqlite3_column_bytes(q, 1) == 32 ? sqlite3_column_blob(q, 1) : NULL,
                  sqlite3_column_int(q, 2) != 0);
    if (e == ERR_OK && rc != SQLITE_DONE)
        e = fail(a);
    sqlite3_finalize(q);
    return e;
}

enum err archive_each_pack(struct archive *a, archive_piece *visit, void *ctx)
{
    return visit_rows(a, prepare(a, "SELECT NULL, bytes FROM pack ORDER BY hash"), visit, ctx);
}

enum err archive_each_segment(struct archive *a, const uint8_t device[32], archive_piece *visit,
                              void *ctx)
{
    sqlite3_stmt *q =
        prepare(a, "SELECT name, bytes FROM segment WHERE device = ?1 ORDER BY first, id");
    if (q != NULL)
        bind_bytes(q, 1, device, 32);
    return visit_rows(a, q, visit, ctx);
}

enum err archive_each_notice(struct archive *a, enum notice_kind kind, const uint8_t device[32],
                             archive_piece *visit, void *ctx)
{
    sqlite3_stmt *q =
        prepare(a, "SELECT NULL, bytes FROM notice WHERE kind = ?1 AND device = ?2 ORDER BY id");
    if (q != NULL) {
        sqlite3_bind_int(q, 1, (int)kind);
        bind_bytes(q, 2, device, 32);
    }
    return visit_rows(a, q, visit, ctx);
}

struct golive_visit {
    archive_piece *visit;
    void *ctx;
};

static enum err golive_row(void *ctx, const char *researcher, struct bytes sig)
{
    const struct golive_visit *v = ctx;
    uint8_t both[1 + SIGN_LEN];
    if (researcher == NULL || sig.len != SIGN_LEN)
        return ERR_FORMAT;
    both[0] = (uint8_t)strtoul(researcher, NULL, 10);
    memcpy(both + 1, sig.p, SIGN_LEN);
    return v->visit(v->ctx, NULL, (struct bytes){both, sizeof both});
}

enum err archive_each_golive(struct archive *a, const uint8_t pack[HASH_LEN], archive_piece *visit,
                             void *ctx)
{
    struct golive_visit v = {visit, ctx};
    sqlite3_stmt *q = prepare(
        a, "SELECT CAST(researcher AS TEXT), sig FROM golive WHERE pack = ?1 ORDER BY researcher");
    if (q != NULL)
        bind_bytes(q, 1, pack, HASH_LEN);
    return visit_rows(a, q, golive_row, &v);
}

struct device_visit {
    archive_device *visit;
    void *ctx;
};

static enum err device_row(void *ctx, const char *name, struct bytes device)
{
    const struct device_visit *v = ctx;
    (void)name;
    return device.len == 32 ? v->visit(v->ctx, device.p) : ERR_FORMAT;
}

enum err archive_each_device(struct archive *a, archive_device *visit, void *ctx)
{
    struct device_visit v = {visit, ctx};
    return visit_rows(a, prepare(a, "SELECT DISTINCT NULL, device FROM segment ORDER BY device"),
                      device_row, &v);
}
