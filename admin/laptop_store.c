#include "admin/laptop_store.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/laptop_salvage.h"
#include "core/file.h"
#include "core/log.h"
#include "core/pack.h"
#include "core/store_tables.h"

enum {
    STORE_MAX_BYTES = 1 << 30,
    COPY_TRIES = 5,
    MAX_SQL = 1000,
    MAX_VALUE = PACK_MAX_BYTES + 4096
};

struct laptop_store {
    sqlite3 *db;
    const char *path; /* for messages */
};

/* Not said yet: what is whole may still be had. */
static enum err torn(const struct laptop_store *s)
{
    return sqlite3_errcode(s->db) == SQLITE_NOMEM ? ERR_NOMEM : ERR_SIGNATURE;
}

static sqlite3_stmt *prepare(const struct laptop_store *s, const char *sql)
{
    sqlite3_stmt *q = NULL;
    return sqlite3_prepare_v2(s->db, sql, -1, &q, NULL) == SQLITE_OK ? q : NULL;
}

static int64_t number_of(const struct laptop_store *s, const char *sql)
{
    sqlite3_stmt *q = prepare(s, sql);
    int64_t n = q != NULL && sqlite3_step(q) == SQLITE_ROW ? sqlite3_column_int64(q, 0) : -1;
    sqlite3_finalize(q);
    return n;
}

static struct bytes blob_of(sqlite3_stmt *q, int column)
{
    return (struct bytes){sqlite3_column_blob(q, column), (size_t)sqlite3_column_bytes(q, column)};
}

/* ---- the copy ---- */

bool laptop_store_is(const char *path)
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

/* ---- is it one? ---- */

static bool is_own_table(sqlite3_stmt *row)
{
    const char *type = (const char *)sqlite3_column_text(row, 0);
    const char *name = (const char *)sqlite3_column_text(row, 1);
    const char *sql = (const char *)sqlite3_column_text(row, 2);
    for (size_t i = 0; type != NULL && name != NULL && sql != NULL && i < STORE_TABLES; i++)
        if (strcmp(name, store_tables[i].name) == 0)
            return strcmp(type, "table") == 0 && strcmp(sql, store_tables[i].sql) == 0;
    return false;
}

/* Names are unique in a schema, so as many tables of ours as there are rows are all of them. */
static enum err check_schema(const struct laptop_store *s)
{
    sqlite3_stmt *q = prepare(s, "SELECT type, name, sql FROM sqlite_schema");
    size_t own = 0;
    int rc = SQLITE_ERROR;
    bool ok = q != NULL;
    while (ok && (rc = sqlite3_step(q)) == SQLITE_ROW)
        ok = is_own_table(q) && ++own <= STORE_TABLES;
    bool read = q != NULL && (rc == SQLITE_ROW || rc == SQLITE_DONE);
    sqlite3_finalize(q);
    if (!read)
        return torn(s);
    ok = ok && own == STORE_TABLES &&
         number_of(s, "PRAGMA application_id") == STORE_APPLICATION_ID &&
         number_of(s, "PRAGMA user_version") == STORE_VERSION;
    return ok ? ERR_OK
              : log_fail(
                    ERR_FORMAT,
                    "%s: this is not a laptop's store, or one that somebody changed; nothing of it "
                    "was taken; use collect on the laptop",
                    s->path);
}

/* A page that was cut reads as empty rows otherwise, and they would be missing without a word. */
static enum err check_pages(const struct laptop_store *s)
{
    sqlite3_stmt *q = prepare(s, "PRAGMA quick_check(1)");
    bool ok = q != NULL && sqlite3_step(q) == SQLITE_ROW && sqlite3_column_bytes(q, 0) == 2 &&
              memcmp(sqlite3_column_text(q, 0), "ok", 2) == 0;
    sqlite3_finalize(q);
    return ok ? ERR_OK : torn(s);
}

/* ---- what is in it ---- */

static enum err read_packs(const struct laptop_store *s, const struct laptop_store_visitor *v)
{
    enum err e = ERR_OK;
    int rc = SQLITE_DONE;
    sqlite3_stmt *q = prepare(s, "SELECT bytes FROM pack ORDER BY id");
    if (q == NULL)
        return torn(s);
    while (e == ERR_OK && (rc = sqlite3_step(q)) == SQLITE_ROW)
        e = v->pack(v->ctx, blob_of(q, 0));
    if (e == ERR_OK && rc != SQLITE_DONE)
        e = torn(s);
    sqlite3_finalize(q);
    return e;
}

static enum err read_entries(const struct laptop_store *s, const struct laptop_store_visitor *v,
                             int64_t stream)
{
    enum err e = ERR_OK;
    int rc = SQLITE_DONE;
    sqlite3_stmt *q = prepare(s, "SELECT n, sealed FROM entry WHERE stream = ?1 ORDER BY n");
    if (q == NULL)
        return torn(s);
    sqlite3_bind_int64(q, 1, stream);
    while (e == ERR_OK && (rc = sqlite3_step(q)) == SQLITE_ROW)
        e = v->entry(v->ctx, (uint64_t)stream, (uint64_t)sqlite3_column_int64(q, 0), blob_of(q, 1));
    if (e == ERR_OK && rc != SQLITE_DONE)
        e = torn(s);
    sqlite3_finalize(q);
    return e;
}

static enum err read_streams(const struct laptop_store *s, const struct laptop_store_visitor *v)
{
    enum err e = ERR_OK;
    int rc = SQLITE_DONE;
    sqlite3_stmt *q = prepare(s, "SELECT number, first, preamble FROM stream ORDER BY number");
    if (q == NULL)
        return torn(s);
    while (e == ERR_OK && (rc = sqlite3_step(q)) == SQLITE_ROW) {
        int64_t number = sqlite3_column_int64(q, 0);
        e = v->stream(v->ctx, (uint64_t)number, (uint64_t)sqlite3_column_int64(q, 1),
                      blob_of(q, 2));
        if (e == ERR_OK)
            e = read_entries(s, v, number);
    }
    if (e == ERR_OK && rc != SQLITE_DONE)
        e = torn(s);
    sqlite3_finalize(q);
    return e;
}

static void distrust(sqlite3 *db)
{
    static const int off[] = {SQLITE_DBCONFIG_TRUSTED_SCHEMA, SQLITE_DBCONFIG_ENABLE_TRIGGER,
                              SQLITE_DBCONFIG_ENABLE_VIEW, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION};
    for (size_t i = 0; i < sizeof off / sizeof *off; i++)
        sqlite3_db_config(db, off[i], 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, MAX_VALUE);
    sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, MAX_SQL);
    sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_exec(db, "PRAGMA cell_size_check = ON; PRAGMA query_only = ON; PRAGMA mmap_size = 0",
                 NULL, NULL, NULL);
}

static enum err read_copy(const char *path, const char *copy, const struct laptop_store_visitor *v)
{
    struct laptop_store s = {.path = path};
    enum err e = ERR_OK;
    /* read-write: SQLite must be able to take the log in; the copy is ours */
    if (sqlite3_open_v2(copy, &s.db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        e = torn(&s);
    if (e == ERR_OK) {
        distrust(s.db);
        e = check_schema(&s);
    }
    bool packs = e == ERR_OK;
    if (e == ERR_OK)
        e = check_pages(&s);
    if (packs && (e == ERR_OK || e == ERR_SIGNATURE)) {
        enum err had = read_packs(&s, v); /* of a damaged store too, where they can be had */
        e = had == ERR_OK || had == ERR_SIGNATURE ? (e == ERR_OK ? had : e) : had;
    }
    if (e == ERR_OK)
        e = read_streams(&s, v);
    sqlite3_close(s.db);
    return e;
}

/* From the copy's bytes: SQLite has taken the log in when it closed it, page by page. */
static enum err salvage(const char *path, const char *copy, const struct laptop_store_visitor *v)
{
    struct buffer pages = {0};
    size_t found = 0;
    enum err e = file_read(copy, STORE_MAX_BYTES, false, &pages);
    if (e == ERR_OK)
        e = laptop_salvage(buffer_view(&pages), v, &found);
    if (e == ERR_OK)
        e = log_fail(
            found > 0 ? ERR_PARTIAL : ERR_FORMAT,
            "%s: torn or damaged; entries found whole in it: %zu; if the laptop is there, use "
            "collect on it",
            path, found);
    buffer_free(&pages);
    return e;
}

enum err laptop_store_read(const char *path, const struct laptop_store_visitor *v)
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
    if (e == ERR_SIGNATURE)
        e = salvage(path, copy, v);
    unlink(copy);
    unlink(log);
    unlink(shm);
    rmdir(dir);
    return e;
}
