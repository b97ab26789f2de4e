#include "admin/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/file.h"
#include "core/log.h"

enum {
    ARCHIVE_ID = 0x53414e41 /* "SANA" */,
    STORE_ID = 0x53414e51 /* "SANQ": a laptop's store */,
    SCHEMA_VERSION = 1,
    STORE_MAX_BYTES = 1 << 30,
    COPY_TRIES = 5
};

static const char schema[] =
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
    " command TEXT NOT NULL, reason TEXT NOT NULL) STRICT;";

struct archive {
    sqlite3 *db;
    const char *path; /* for messages; owned */
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

static enum err recognise(struct archive *a, bool create)
{
    char sql[96];
    int64_t id = number_of(a, "PRAGMA application_id");
    int64_t tables = number_of(a, "SELECT count(*) FROM sqlite_schema");
    if (id < 0 || tables < 0)
        return fail(a);
    if (id == ARCHIVE_ID)
        return number_of(a, "PRAGMA user_version") == SCHEMA_VERSION
                   ? ERR_OK
                   : log_fail(ERR_UNSUPPORTED,
                              "%s: this archive needs another version of the program", a->path);
    if (id != 0 || tables != 0 || !create)
        return log_fail(ERR_FORMAT, "%s: this is not an archive%s", a->path,
                        id == STORE_ID ? ": it is a laptop's store; pull it first" : "");
    snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d;", ARCHIVE_ID,
             SCHEMA_VERSION);
    enum err e = archive_begin(a);
    if (e == ERR_OK)
        e = run(a, schema);
    if (e == ERR_OK)
        e = run(a, sql);
    if (e == ERR_OK)
        e = archive_commit(a);
    if (e != ERR_OK)
        archive_cancel(a);
    return e;
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
        sqlite3_busy_timeout(a->db, 10000);
        e = recognise(a, create);
        if (e == ERR_OK)
            e = run(
                a, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
                   "PRAGMA trusted_schema = OFF;");
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
    sqlite3_stmt *q = prepare(a, "INSERT OR IGNORE INTO pack(hash, bytes) VALUES(?1, ?2)");
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

/* ---- a laptop's store ---- */

bool archive_is_database(const char *path)
{
    char head[16] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    ssize_t got = read(fd, head, sizeof head);
    close(fd);
    return got == 16 && memcmp(head, "SQLite format 3", 16) == 0;
}

static enum err copy_file(const char *from, const char *to)
{
    struct buffer b = {0};
    enum err e = file_read(from, STORE_MAX_BYTES, false, &b);
    if (e == ERR_OK)
        e = file_write(to, buffer_view(&b), 0600, true);
    buffer_free(&b);
    return e;
}

static bool same_moment(const struct stat *a, const struct stat *b)
{
    return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Copies the database and its log until neither changed meanwhile. */
static enum err copy_store(const char *path, const char *copy, const char *copy_log)
{
    char *log = sqlite3_mprintf("%s-wal", path);
    enum err e = log == NULL ? ERR_NOMEM : ERR_BUSY;
    for (int i = 0; i < COPY_TRIES && e == ERR_BUSY; i++) {
        struct stat before[2] = {{0}}, after[2] = {{0}};
        bool has_log = stat(log, &before[1]) == 0;
        unlink(copy_log);
        if (stat(path, &before[0]) != 0)
            e = log_fail(ERR_FILE, "%s: %s", path, strerror(errno));
        else if ((e = copy_file(path, copy)) == ERR_OK && has_log)
            e = copy_file(log, copy_log);
        if (e != ERR_OK)
            break;
        bool still = stat(path, &after[0]) == 0 && (stat(log, &after[1]) == 0) == has_log;
        if (!still || !same_moment(&before[0], &after[0]) || !same_moment(&before[1], &after[1]))
            e = ERR_BUSY;
    }
    if (e == ERR_BUSY)
        log_fail(e, "%s: it keeps changing while it is read; use collect on the laptop", path);
    sqlite3_free(log);
    return e;
}

/* The tables and columns of a laptop's store, and nothing else: no trigger, no view. */
static enum err check_schema(const struct archive *a)
{
    static const char *const wanted[] = {"SELECT id, bytes FROM pack LIMIT 0",
                                         "SELECT number, first, preamble FROM stream LIMIT 0",
                                         "SELECT n, stream, sealed FROM entry LIMIT 0"};
    bool ok = number_of(a, "PRAGMA application_id") == STORE_ID &&
              number_of(a, "PRAGMA user_version") == SCHEMA_VERSION &&
              number_of(a, "SELECT count(*) FROM sqlite_schema WHERE type NOT IN ('table')") == 0 &&
              number_of(a, "SELECT count(*) FROM sqlite_schema WHERE sql LIKE '%VIRTUAL%'") == 0;
    for (size_t i = 0; ok && i < sizeof wanted / sizeof *wanted; i++) {
        sqlite3_stmt *q = prepare(a, wanted[i]);
        ok = q != NULL;
        sqlite3_finalize(q);
    }
    return ok ? ERR_OK
              : log_fail(ERR_FORMAT,
                         "%s: this is not a laptop's store, or it is torn; use collect on the "
                         "laptop",
                         a->path);
}

static enum err torn(const struct archive *a)
{
    return log_fail(ERR_FORMAT, "%s: the copy is torn or damaged (%s); use collect on the laptop",
                    a->path, sqlite3_errmsg(a->db));
}

/* A page that was cut reads as empty rows otherwise, and they would be missing without a word. */
static enum err check_pages(const struct archive *a)
{
    sqlite3_stmt *q = prepare(a, "PRAGMA quick_check(1)");
    bool ok = q != NULL && sqlite3_step(q) == SQLITE_ROW && sqlite3_column_bytes(q, 0) == 2 &&
              memcmp(sqlite3_column_text(q, 0), "ok", 2) == 0;
    sqlite3_finalize(q);
    return ok ? ERR_OK : torn(a);
}

static enum err read_entries(const struct archive *a, const struct archive_store_visitor *v,
                             int64_t stream)
{
    enum err e = ERR_OK;
    int rc = SQLITE_DONE;
    sqlite3_stmt *q = prepare(a, "SELECT n, sealed FROM entry WHERE stream = ?1 ORDER BY n");
    if (q == NULL)
        return torn(a);
    sqlite3_bind_int64(q, 1, stream);
    while (e == ERR_OK && (rc = sqlite3_step(q)) == SQLITE_ROW)
        e = v->entry(v->ctx, (uint64_t)stream, (uint64_t)sqlite3_column_int64(q, 0),
                     (struct bytes){sqlite3_column_blob(q, 1), (size_t)sqlite3_column_bytes(q, 1)});
    if (e == ERR_OK && rc != SQLITE_DONE)
        e = torn(a);
    sqlite3_finalize(q);
    return e;
}

static enum err read_streams(const struct archive *a, const struct archive_store_visitor *v)
{
    enum err e = ERR_OK;
    int rc = SQLITE_DONE;
    sqlite3_stmt *q = prepare(a, "SELECT number, first, preamble FROM stream ORDER BY number");
    if (q == NULL)
        return torn(a);
    while (e == ERR_OK && (rc = sqlite3_step(q)) == SQLITE_ROW) {
        int64_t number = sqlite3_column_int64(q, 0);
        e = v->stream(
            v->ctx, (uint64_t)number, (uint64_t)sqlite3_column_int64(q, 1),
            (struct bytes){sqlite3_column_blob(q, 2), (size_t)sqlite3_column_bytes(q, 2)});
        if (e == ERR_OK)
            e = read_entries(a, v, number);
    }
    if (e == ERR_OK && rc != SQLITE_DONE)
        e = torn(a);
    sqlite3_finalize(q);
    return e;
}

static enum err pack_row(void *ctx, const char *name, struct bytes pack)
{
    const struct archive_store_visitor *v = ctx;
    (void)name;
    return v->pack(v->ctx, pack);
}

static enum err read_copy(const char *path, const char *copy, const struct archive_store_visitor *v)
{
    struct archive a = {.path = path};
    enum err e = ERR_OK;
    /* read-write: SQLite must be able to take the log in; the copy is ours */
    if (sqlite3_open_v2(copy, &a.db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        e = torn(&a);
    if (e == ERR_OK) {
        sqlite3_db_config(a.db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        sqlite3_db_config(a.db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
        sqlite3_db_config(a.db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
        sqlite3_db_config(a.db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
        run(&a, "PRAGMA cell_size_check = ON; PRAGMA query_only = ON;");
        e = check_schema(&a);
    }
    if (e == ERR_OK)
        e = check_pages(&a);
    if (e == ERR_OK)
        e = visit_rows(&a, prepare(&a, "SELECT NULL, bytes FROM pack ORDER BY id"), pack_row,
                       (void *)(uintptr_t)v);
    if (e == ERR_OK)
        e = read_streams(&a, v);
    sqlite3_close(a.db);
    return e;
}

enum err archive_read_store(const char *path, const struct archive_store_visitor *v)
{
    char dir[] = "/tmp/sanaq-XXXXXX"; /* sealed bytes only */
    if (mkdtemp(dir) == NULL)
        return log_fail(ERR_FILE, "no temporary folder could be made: %s", strerror(errno));
    char copy[sizeof dir + 10], log[sizeof copy + 4], shm[sizeof copy + 4];
    snprintf(copy, sizeof copy, "%s/store.db", dir);
    snprintf(log, sizeof log, "%s-wal", copy);
    snprintf(shm, sizeof shm, "%s-shm", copy);
    enum err e = copy_store(path, copy, log);
    if (e == ERR_OK)
        e = read_copy(path, copy, v);
    unlink(copy);
    unlink(log);
    unlink(shm);
    rmdir(dir);
    return e;
}
