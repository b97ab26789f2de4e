/* Reading a laptop's `store.db` that came from elsewhere: a disk, a stick, a stranger. SQLite sees
 * a copy that nothing of ours trusts, so this file and archive.c are admin's only two with SQLite:
 * one for our own database, one for theirs. */
#ifndef SANAQ_ADMIN_LAPTOP_STORE_H
#define SANAQ_ADMIN_LAPTOP_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/bytes.h"
#include "core/err.h"

/** What is told, in this order: packs, then each stream's preamble and behind it its entries. A
 * visitor that returns other than ERR_OK ends the reading with that. */
struct laptop_store_visitor {
    enum err (*pack)(void *ctx, struct bytes pack);
    enum err (*stream)(void *ctx, uint64_t number, uint64_t first, struct bytes preamble);
    enum err (*entry)(void *ctx, uint64_t stream, uint64_t n, struct bytes sealed);
    void *ctx;
};

/** Copy ${path} (with its log, until size and time stand still), open the copy read-only and tell
 * what is in it. Its tables must be those of core/store_tables.h to the letter before anything is
 * read: no trigger, view, index, generated column or check of another's making ever runs.
 * ERR_FORMAT: it is none, or nothing in it is whole; "use collect". ERR_PARTIAL: it is torn or
 * damaged, and what was whole in it was told. ERR_FILE, ERR_BUSY, ERR_NOMEM. All are said. */
enum err laptop_store_read(const char *path, const struct laptop_store_visitor *v);

/** True if the file looks like an SQLite database. */
bool laptop_store_is(const char *path);

#endif
