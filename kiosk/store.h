/* The one database file of a laptop: pack, streams, sealed entries, the encrypted state, the latest
 * receipt. The kiosk's only SQLite. It holds no time and no name, and nothing that a passphrase
 * opens. */
#ifndef SANAQ_KIOSK_STORE_H
#define SANAQ_KIOSK_STORE_H

#include "core/bytes.h"
#include "core/err.h"

struct store; /* only store.c knows the tables */

/** True unless it is certain that no set-up was completed at ${path}: also where damage hides it,
 * so that nobody makes anew what could still be saved. Says nothing. */
bool store_used(const char *path);

/** Make a new store at ${path}, empty but for its tables. What stands there half-made is replaced;
 *  a store that is used is ERR_STATE. The first transaction must hold pack, root and state. */
enum err store_create(const char *path, struct store **out);

/** Open an existing store; ${read_only} changes nothing and needs no lock. ERR_FORMAT (not ours,
 * damaged), ERR_FILE, ERR_FULL, ERR_UNSUPPORTED (newer version); said. */
enum err store_open(const char *path, bool read_only, struct store **out);
/** NULL does nothing. The last one to close may move the write-ahead log into the file. */
void store_close(struct store *st);
/** Move everything from the write-ahead log into the file and empty the log. */
enum err store_checkpoint(struct store *st);

/** One transaction around what follows. After store_commit says ERR_OK it is on the disk and
 * survives a power cut; after anything else it may be or not be there: store_cancel, close, open
 * and read. */
enum err store_begin(struct store *st);
enum err store_commit(struct store *st);
void store_cancel(struct store *st);

enum err store_put_pack(struct store *st, struct bytes pack);
enum err store_put_stream(struct store *st, uint64_t number, uint64_t first, struct bytes preamble);
enum err store_put_entry(struct store *st, uint64_t n, uint64_t stream, struct bytes sealed);
/** The one row of state: its epoch and its encrypted bytes. */
enum err store_put_state(struct store *st, uint64_t epoch, struct bytes sealed);

/** The pack that the laptop is under. */
enum err store_pack(struct store *st, struct buffer *out);
/** Every pack that it has been under, in that order, the present one last. */
typedef enum err store_visit_pack(void *ctx, struct bytes pack);
enum err store_each_pack(struct store *st, store_visit_pack *visit, void *ctx);
enum err store_state(struct store *st, uint64_t *epoch, struct buffer *out);
/** Position of the last entry (0: none) and its bytes. */
enum err store_last(struct store *st, uint64_t *n, struct buffer *out);

/** The researchers' latest receipt as it came, for position ${n}; n 0 where there is none. */
enum err store_put_receipt(struct store *st, uint64_t n, struct bytes bytes);
enum err store_receipt(struct store *st, uint64_t *n, struct buffer *out);

/** Visit every stream, then its entries in order of position, from the stream that holds ${from}
 * on. A visitor that returns other than ERR_OK ends the walk with that. */
struct store_visitor {
    enum err (*stream)(void *ctx, uint64_t number, uint64_t first, struct bytes preamble);
    enum err (*entry)(void *ctx, uint64_t stream, uint64_t n, struct bytes sealed);
    void *ctx;
};
enum err store_walk(struct store *st, uint64_t from, const struct store_visitor *v);

#endif
