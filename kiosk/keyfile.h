/* The `keys` file beside the store: two sides of interviewers' slots, of which one is alive, and
 * two places for epoch keys. 20 KiB, allocated once and only ever overwritten in place and synced,
 * so that what must be forgotten is really gone (FORMAT.md "On the laptop").
 *
 * Which side is alive: the epoch that the store names lies in a place here, and that place names
 * the side. So a change of the slots becomes true in the transaction that moves the epoch on, whole
 * or not at all, whatever happens to the power meanwhile. */
#ifndef SANAQ_KIOSK_KEYFILE_H
#define SANAQ_KIOSK_KEYFILE_H

#include "kiosk/keyslots.h"

enum { KEYFILE_LEN = 20480, KEYFILE_SLOTS = 8, KEYFILE_MACHINE_LEN = 16 };

struct keyfile;

struct keyfile_public { /* what needs no passphrase */
    uint8_t device[32];
    uint8_t machine[KEYFILE_MACHINE_LEN]; /* zeros: no machine id at set-up */
    struct secret_cost cost;
};

/** Make a new file (never over an old one) with one slot, the device's sign key (64 bytes) and the
 *  key of epoch 1, and give it unlocked, with the lock that keyfile_open takes. On failure nothing
 *  is left behind. ERR_FILE, ERR_FULL (said). */
enum err keyfile_create(const char *path, const struct keyfile_public *pub,
                        const struct secret *sign_key, const char *code,
                        const struct secret *passphrase, struct secret **epoch_key,
                        struct keyfile **out);

/** Open for reading and, if ${own}, for writing with the lock that allows one kiosk a home.
 *  ERR_BUSY (said), ERR_FILE, ERR_FORMAT (said). */
enum err keyfile_open(const char *path, bool own, struct keyfile **out);
/** Wipes; NULL does nothing. */
void keyfile_close(struct keyfile *kf);

const struct keyfile_public *keyfile_public(const struct keyfile *kf);

/** Unlock with whichever slot code and passphrase open, on the side that goes with ${epoch}, the
 *  one that the store names; where the epoch's place is lost (also 0), on the side that the places
 *  still there go with. ERR_PASSPHRASE, ERR_FORMAT (said), ERR_NOMEM (said). */
enum err keyfile_unlock(struct keyfile *kf, uint64_t epoch, const char *code,
                        const struct secret *passphrase);

/* All below: only unlocked. */

/** The device's sign key (64 bytes), borrowed until keyfile_close. */
const struct secret *keyfile_sign_key(const struct keyfile *kf);

/** True if this is what code and passphrase open on the side that is alive. ERR_PASSPHRASE,
 *  ERR_NOMEM (said). */
enum err keyfile_confirm(const struct keyfile *kf, const char *code,
                         const struct secret *passphrase);

/** The highest epoch whose key can still be opened, 0 if none can. */
uint64_t keyfile_highest(const struct keyfile *kf);

/** The key of epoch ${number}. ERR_KEY: its place holds something else. */
enum err keyfile_epoch(const struct keyfile *kf, uint64_t number, struct secret **out);
/** Put a fresh key for epoch ${number} over what its place held (the key of number - 2 is gone
 * then), synced. */
enum err keyfile_next_epoch(struct keyfile *kf, uint64_t number, struct secret **out);

/** Interviewers with a slot; whether this code has one. Codes themselves are not kept. */
size_t keyfile_interviewers(const struct keyfile *kf);
bool keyfile_knows(const struct keyfile *kf, const char *code);

/** First half of a change of the slots: everything gets a fresh local key, on the spare side and in
 *  the place of epoch ${number}, the one after that of the store; what is alive stays as it is.
 *  ${key}: of that epoch. The caller moves its state there in one transaction, then calls
 *  keyfile_settle, also where the transaction failed. The cost of the passphrase is that of the
 *  file: it is never lowered. ERR_STATE (said): eight interviewers, a code that is there already or
 *  is not. ${passphrase} is not used to remove. */
enum err keyfile_turn(struct keyfile *kf, enum keyslots_change change, const char *code,
                      const struct secret *passphrase, uint64_t number, struct secret **key);

/** Second half: keep the side that goes with ${epoch}, the one that the store names now, and
 *  overwrite the other, synced. After unlocking too: a change may have been cut short. ERR_KEY:
 * that epoch's place is lost, so nothing was overwritten; ERR_FILE, ERR_FULL (said). */
enum err keyfile_settle(struct keyfile *kf, uint64_t epoch);

/** Overwrite at once all slots, the device key and the epoch keys of the keys file at ${path},
 *  synced; nobody can unlock from then on. What is public stays, so that the sealed interviews can
 *  still be collected; so the file looks like any other. Needs no passphrase and minds no lock.
 *  ERR_FILE. */
enum err keyfile_wipe(const char *path);

#endif
