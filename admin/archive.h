/* The researchers' archive: sealed bytes as they came, packs, approvals, revocations and choices,
 * closing codes, what was logged. With laptop_store.c admin's only SQLite. Nothing in it is opened.
 * What laptops sent can always be pulled again; what people signed, read out or gave reasons for is
 * here only. */
#ifndef SANAQ_ADMIN_ARCHIVE_H
#define SANAQ_ADMIN_ARCHIVE_H

#include "core/hash.h"
#include "core/notice.h"

struct archive;

/** Open ${path}; with ${create} made if it is not there. ERR_FILE, ERR_FORMAT, ERR_BUSY; said. */
enum err archive_open(const char *path, bool create, struct archive **out);
void archive_close(struct archive *a);

/** Everything between is one transaction. */
enum err archive_begin(struct archive *a);
enum err archive_commit(struct archive *a);
void archive_cancel(struct archive *a);

/** Between the two, what is read is of one moment, whatever others write meanwhile; nothing can be
 * written. Within a transaction they do nothing. */
enum err archive_freeze(struct archive *a);
void archive_thaw(struct archive *a);

/** Keep a piece as it came; doing so twice does no harm. ${fresh}: it was not there before. */
enum err archive_put_segment(struct archive *a, const char *name, const uint8_t device[32],
                             uint64_t first, struct bytes file, bool *fresh);
/** Of two that differ in their signatures only (they were parsed), the one with more stays. */
enum err archive_put_pack(struct archive *a, const uint8_t hash[HASH_LEN], struct bytes file,
                          bool *fresh);
/** The pack that this archive is of: results under other packs, unless these replace it, never
 * count. Set once, by the first pull; ERR_STATE (said) if another one is set already. */
enum err archive_pin(struct archive *a, const uint8_t pack[HASH_LEN]);
/** False in ${known} as long as there is none. */
enum err archive_pinned(struct archive *a, uint8_t pack[HASH_LEN], bool *known);
enum err archive_put_notice(struct archive *a, enum notice_kind kind, const uint8_t device[32],
                            struct bytes file, bool *fresh);
/** One recipient's signature for going live (notice_golive_place). */
enum err archive_put_golive(struct archive *a, const uint8_t pack[HASH_LEN], uint8_t researcher,
                            const uint8_t sig[SIGN_LEN]);
/** Log that the blinded phase ended (`close`) or that a command looked before that (`unblind`). */
enum err archive_log(struct archive *a, const char *what, const char *command, const char *reason);
/** True if `close` was logged. */
enum err archive_closed(struct archive *a, bool *closed);

/** Keep a closing code: 24 digits. ${device}: whose it is (32 bytes), or NULL where nobody said;
 * said later, it is added; given again, a code that was taken back counts again. */
enum err archive_put_closing(struct archive *a, const char *code, const uint8_t *device);
/** It was misheard: it stays, and is held against no laptop. False in ${known}: no such code. */
enum err archive_take_back_closing(struct archive *a, const char *code, bool *known);

/* Visits; a visitor that returns other than ERR_OK ends the visit with that. */
typedef enum err archive_piece(void *ctx, const char *name, struct bytes file);
typedef enum err archive_device(void *ctx, const uint8_t device[32]);
enum err archive_each_pack(struct archive *a, archive_piece *visit, void *ctx);
/** Devices that sent anything, ordered by their keys. */
enum err archive_each_device(struct archive *a, archive_device *visit, void *ctx);
/** Segments of a device by first position, then as they came. */
enum err archive_each_segment(struct archive *a, const uint8_t device[32], archive_piece *visit,
                              void *ctx);
/** Approvals or revocations of a device, as they came. */
enum err archive_each_notice(struct archive *a, enum notice_kind kind, const uint8_t device[32],
                             archive_piece *visit, void *ctx);
/** Closing codes as they were given; ${device} is NULL where it is not known. */
typedef enum err archive_code(void *ctx, const char *code, const uint8_t *device, bool taken_back);
enum err archive_each_closing(struct archive *a, archive_code *visit, void *ctx);
/** Go-live signatures of a pack; name is NULL, file: u8 recipient, 64 signature. */
enum err archive_each_golive(struct archive *a, const uint8_t pack[HASH_LEN], archive_piece *visit,
                             void *ctx);

#endif
