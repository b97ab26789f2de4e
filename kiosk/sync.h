/* Segments out, approvals, receipts and go-live in. Works on a directory; needs no passphrase to
 * write. */
#ifndef SANAQ_KIOSK_SYNC_H
#define SANAQ_KIOSK_SYNC_H

#include "core/notice.h"
#include "kiosk/store.h"

/** The folder that "dir:PATH" names. ERR_UNSUPPORTED for another kind of target, said. */
enum err sync_folder(const char *target, const char **path);

/** Write to ${folder} the pack and every entry behind ${confirmed} that does not lie there as it is
 * in the store (files that were cut short or damaged are written again), as segments of at most
 * SEGMENT_MAX_ENTRIES, each written aside, synced, renamed and read back. ${written}: how many were
 * written. ERR_FILE, ERR_FULL: said; what was written whole stays, the rest is written next time.
 */
enum err sync_out(struct store *st, const struct pack *pack, const uint8_t device[32],
                  uint64_t confirmed, const char *folder, unsigned *written);

/** What lies in ${folder} for this device; a buffer stays empty where there is nothing. Not
 * checked. */
struct sync_in {
    struct buffer approval, receipt, golive;
};
enum err sync_in(const struct pack *pack, const uint8_t device[32], const char *folder,
                 struct sync_in *in);
void sync_in_free(struct sync_in *in);

/** The head after entry ${n} of this store. ERR_FORMAT if there is no such entry. */
enum err sync_head_at(struct store *st, uint64_t n, uint8_t head[HASH_LEN]);

#endif
