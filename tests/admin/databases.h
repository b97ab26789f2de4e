/* What the tests of databases share: a folder of their own, databases made by statements. */
#ifndef SANAQ_TESTS_ADMIN_DATABASES_H
#define SANAQ_TESTS_ADMIN_DATABASES_H

#include "tests/admin/simulated.h"

#include <sqlite3.h>

static char dir[64];

static inline int start(void **state)
{
    (void)state;
    log_to(listen_in, NULL);
    strcpy(dir, "/tmp/sanaq-archive-XXXXXX");
    return secret_start() == ERR_OK && mkdtemp(dir) != NULL ? 0 : -1;
}

static inline int stop(void **state)
{
    (void)state;
    forget(dir);
    return 0;
}

static inline char *path_of(const char *name)
{
    char *path = file_join(dir, name);
    assert_non_null(path);
    said[0] = '\0';
    return path;
}

/* A database made by these statements. */
static inline char *database(const char *name, const char *sql)
{
    sqlite3 *db = NULL;
    char *path = path_of(name);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return path;
}

#endif
