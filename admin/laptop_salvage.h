/* What is whole in a store.db that SQLite cannot read any more: its rows, looked for byte by byte.
 * Every row carries its own signature, so nothing that is found here is believed before verify has
 * looked at it; no database code runs. */
#ifndef SANAQ_ADMIN_LAPTOP_SALVAGE_H
#define SANAQ_ADMIN_LAPTOP_SALVAGE_H

#include "admin/laptop_store.h"

/** Tell ${v} the streams and entries whose rows are whole in ${pages}, a database without a log
 * beside it (a log may hold what was never committed), in order; of two rows with one position the
 * one that stands further on counts. Rows longer than fits one page are not found. *found: how many
 * entries. ERR_NOMEM, or what the visitor returned. */
enum err laptop_salvage(struct bytes pages, const struct laptop_store_visitor *v, size_t *found);

#endif
