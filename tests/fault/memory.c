#include "tests/fault/memory.h"

#include <csv.h>
#include <dirent.h>
#include <errno.h>
#include <gsl/gsl_eigen.h>
#include <gsl/gsl_matrix.h>
#include <gsl/gsl_permutation.h>
#include <gsl/gsl_rng.h>
#include <jansson.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

static struct {
    unsigned long at, calls;
    bool for_good, struck, aside;
} memory = {.aside = true};

void memory_break(unsigned long at, bool for_good)
{
    memory.at = at;
    memory.calls = 0;
    memory.for_good = for_good;
    memory.struck = memory.aside = false;
}

void memory_mend(void)
{
    memory.aside = true;
}

unsigned long memory_calls(void)
{
    return memory.calls;
}

bool memory_struck(void)
{
    return memory.struck;
}

void memory_aside(bool aside)
{
    memory.aside = aside;
}

static bool none_left(void)
{
    if (memory.aside)
        return false;
    memory.calls++;
    if (memory.at == 0 || memory.calls < memory.at ||
        (memory.calls > memory.at && !memory.for_good))
        return false;
    memory.struck = true;
    errno = ENOMEM;
    return true;
}

/* ---- our own programs ---- */

/* A function of the system or a library that gives memory, or NULL. */
#define GIVES(type, name, parameters, arguments)                                                   \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        return none_left() ? NULL : __real_##name arguments;                                       \
    }

GIVES(void *, malloc, (size_t n), (n))
GIVES(void *, calloc, (size_t n, size_t each), (n, each))
GIVES(void *, realloc, (void *p, size_t n), (p, n))
GIVES(char *, strdup, (const char *text), (text))
GIVES(void *, sodium_malloc, (size_t n), (n))
GIVES(DIR *, opendir, (const char *path), (path))
GIVES(FILE *, fdopen, (int fd, const char *mode), (fd, mode))
GIVES(gsl_matrix *, gsl_matrix_alloc, (size_t rows, size_t columns), (rows, columns))
GIVES(gsl_vector *, gsl_vector_alloc, (size_t n), (n))
GIVES(gsl_permutation *, gsl_permutation_alloc, (size_t n), (n))
GIVES(gsl_eigen_symmv_workspace *, gsl_eigen_symmv_alloc, (size_t n), (n))
GIVES(gsl_rng *, gsl_rng_alloc, (const gsl_rng_type *kind), (kind))

/* ---- the libraries ---- */

static void *json_memory(size_t n)
{
    return none_left() ? NULL : __real_malloc(n);
}

static void *csv_memory(void *p, size_t n)
{
    return none_left() ? NULL : __real_realloc(p, n);
}

int __real_csv_init(struct csv_parser *p, unsigned char options);
int __wrap_csv_init(struct csv_parser *p, unsigned char options);
int __wrap_csv_init(struct csv_parser *p, unsigned char options)
{
    int done = __real_csv_init(p, options);
    if (done == 0)
        csv_set_realloc_func(p, csv_memory);
    return done;
}

static sqlite3_mem_methods sqlite_memory;

static void *sqlite_malloc(int n)
{
    return none_left() ? NULL : sqlite_memory.xMalloc(n);
}

static void *sqlite_realloc(void *p, int n)
{
    return none_left() ? NULL : sqlite_memory.xRealloc(p, n);
}

void memory_start(void)
{
    json_set_alloc_funcs(json_memory, free);
    sqlite3_shutdown();
    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite_memory) != SQLITE_OK)
        abort();
    sqlite3_mem_methods broken = sqlite_memory;
    broken.xMalloc = sqlite_malloc;
    broken.xRealloc = sqlite_realloc;
    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &broken) != SQLITE_OK ||
        sqlite3_initialize() != SQLITE_OK)
        abort();
}
