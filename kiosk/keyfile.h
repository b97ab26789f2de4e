/* The `keys` file beside the store: interviewers' slots, the device key and two places for epoch
 * keys. 16 KiB, allocated once and only ever overwritten in place and synced, so that what must be
 * forgotten is really gone (FORMAT.md "On the laptop"). */
#ifndef SANAQ_KIOSK_KEYFILE_H
#define SANAQ_KIOSK_KEYFILE_H

#include "core/hash.h"
#include "core/secret.h"

enum { KEYFILE_LEN = 16384, KEYFILE_SLOTS = 8, KEYFILE_MACHINE_LEN = 16 };

struct keyfile;

struct keyfile_public { /* what needs no passphrase */
    uint8_t device[32];
    uint8_t machine[KEYFILE_MACHINE_LEN]; /* zeros: no machine id at set-up */
    struct secret_cost cost;
};

/** Make a new file (never over an old one) with one slot and the device's sign key (64 bytes), and
 *  give the local key. On failure nothing is left behind. ERR_FILE, ERR_FULL (said). */
enum err keyfile_create(const char *path, const struct keyfile_public *pub,
                        const struct secret *sign_key, const char *code,
                        const struct secret *passphrase, struct secret **local);

/** Open for reading and, if ${own}, for writing with the lock that allows one kiosk a home.
 *  ERR_BUSY (said), ERR_FILE, ERR_FORMAT (said). */
enum err keyfile_open(const char *path, bool own, struct keyfile **out);
void keyfile_close(struct keyfile *kf);

const struct keyfile_public *keyfile_public(const struct keyfile *kf);

/** The local key, from whichever slot code and passphrase open. ERR_PASSPHRASE. */
enum err keyfile_unlock(const struct keyfile *kf, const char *code, const struct secret *passphrase,
                        struct secret **local);

/** The device's sign key (64 bytes). ERR_FORMAT. */
enum err keyfile_sign_key(const struct keyfile *kf, const struct secret *local,
                          struct secret **out);

/** The key of epoch ${number}. ERR_KEY: its place holds something else. */
enum err keyfile_epoch(const struct keyfile *kf, const struct secret *local, uint64_t number,
                       struct secret **out);
/** Put a fresh key for epoch ${number} over what its place held (the key of number - 2 is gone
 * then), synced. */
enum err keyfile_next_epoch(struct keyfile *kf, const struct secret *local, uint64_t number,
                            struct secret **out);

/** Local sealing: XSalsa20-Poly1305 with a random nonce in front, under HK(key; use, device,
 * number).
 *  ${out} has len + KEYFILE_SEALED_MORE. */
enum { KEYFILE_SEALED_MORE = 24 + 16 };
void keyfile_seal(const struct secret *key, const char *use, const uint8_t device[32],
                  uint64_t number, struct bytes plain, uint8_t *out);
/** False if it does not open. ${out} has sealed.len - KEYFILE_SEALED_MORE. */
bool keyfile_unseal(const struct secret *key, const char *use, const uint8_t device[32],
                    uint64_t number, struct bytes sealed, uint8_t *out);

#endif
