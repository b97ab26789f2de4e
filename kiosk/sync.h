/* Segments and packs out; reading what came back. Works on a directory; needs no passphrase to
 * write. */
#ifndef SANAQ_KIOSK_SYNC_H
#define SANAQ_KIOSK_SYNC_H

#include "core/hash.h"
#include "kiosk/store.h"

/** The folder that "dir:PATH" names. ERR_UNSUPPORTED for another kind of target, ERR_USAGE for what
 * is none, ERR_STATE for one that only a kiosk started for it may write to; said. */
enum err sync_folder(const char *target, const char **path);

/** Write to ${folder} every pack of the store, and every entry behind ${confirmed} that does not
 * lie there as it is in the store (files that were cut short or damaged are written again), as
 * segments of at most SEGMENT_MAX_ENTRIES, each written aside, synced, renamed and read back.
 * ${written}: how many segments were written. ERR_FILE, ERR_FULL: said; what was written whole
 * stays, the rest is written next time. */
enum err sync_out(struct store *st, const uint8_t device[32], uint64_t confirmed,
                  const char *folder, unsigned *written);

/** Whoever can write to a target may have put anything there: links, pipes, folders in place of
 * files. Only files of at most ${limit} bytes in folders that are none of that are read. ${name} is
 * "down/...", "packs/..."; ${out} stays empty where there is no such file. ERR_FILE, ERR_FORMAT;
 * said. */
enum err sync_take(const char *folder, const char *name, size_t limit, struct buffer *out);
/** Visit the names in the folder ${sub} of a target; nothing where there is none. */
typedef enum err sync_visit(void *ctx, const char *name);
enum err sync_names(const char *folder, const char *sub, sync_visit *visit, void *ctx);

/** Names on a target: "down/HEX.ending" for a device, a pack. */
enum { SYNC_NAME = 2 * HASH_LEN + 32 };
void sync_name(const char *sub, const uint8_t id[HASH_LEN], const char *ending,
               char out[SYNC_NAME]);

/** The device that wrote this store: its first stream says so. ERR_FORMAT if there is none. */
enum err sync_device(struct store *st, uint8_t device[32]);

/** The head after entry ${n} of this store. ERR_FORMAT if there is no such entry. */
enum err sync_head_at(struct store *st, uint64_t n, uint8_t head[HASH_LEN]);

#endif
