/* Eight equal slots around one local key, and what that key protects: one side of the keys file
 * (FORMAT.md "On the laptop"). Bytes in and out, no disk.
 *
 * A slot has a key pair of its own. Its secret half is locked by the interviewer's code and
 * passphrase; the local key is handed to its public half. So whoever has unlocked can give all
 * interviewers a fresh local key without their passphrases, and what a removed one remembers, or
 * has copied of the keys file, opens nothing from then on. */
#ifndef SANAQ_KIOSK_KEYSLOTS_H
#define SANAQ_KIOSK_KEYSLOTS_H

#include "kiosk/localbox.h"

enum {
    KEYSLOTS = 8,
    KEYSLOTS_TAG_LEN = 16,
    KEYSLOTS_SIGN_LEN = 64, /* the device's sign key */
    KEYSLOTS_SLOT_LEN = 2 * (LOCALBOX_KEY_LEN + LOCALBOX_MORE),
    KEYSLOTS_BODY_LEN = KEYSLOTS_SIGN_LEN + KEYSLOTS * (KEYSLOTS_TAG_LEN + 32),
    KEYSLOTS_LEN = 32 + KEYSLOTS * KEYSLOTS_SLOT_LEN + KEYSLOTS_BODY_LEN + LOCALBOX_MORE
};

struct keyslots;

/** What binds slots to one laptop; borrowed. */
struct keyslots_device {
    const uint8_t *device; /* public key, 32 bytes */
    const uint8_t *salt;   /* SECRET_SALT_LEN bytes */
    struct secret_cost cost;
};

/** The key that code and passphrase make: takes seconds and memory. ERR_FORMAT: cost out of
 * bounds; ERR_NOMEM. */
enum err keyslots_stretch(const struct keyslots_device *d, const char *code,
                          const struct secret *passphrase, struct secret **out);

/** A fresh local key around the device's sign key; no slot in use. */
enum err keyslots_create(const struct secret *sign_key, struct keyslots **out);

/** Open what keyslots_write wrote. ERR_KEY: no slot opens with this stretched key. */
enum err keyslots_open(struct bytes side, const struct keyslots_device *d,
                       const struct secret *stretched, struct keyslots **out);

enum keyslots_change { KEYSLOTS_ADD, KEYSLOTS_CHANGE, KEYSLOTS_REMOVE };

/** The slots as they are after a change, around a fresh local key. ${passphrase} is not used to
 *  remove. ERR_STATE (said): eight interviewers, a code that is there already or is not. */
enum err keyslots_changed(const struct keyslots *ks, const struct keyslots_device *d,
                          enum keyslots_change change, const char *code,
                          const struct secret *passphrase, struct keyslots **out);

/** Wipes; NULL does nothing. */
void keyslots_free(struct keyslots *ks);

/** A slot in use cannot be told from an empty one without the local key. ERR_NOMEM. */
enum err keyslots_write(const struct keyslots *ks, const struct keyslots_device *d,
                        uint8_t out[KEYSLOTS_LEN]);

const struct secret *keyslots_local(const struct keyslots *ks);
const struct secret *keyslots_sign_key(const struct keyslots *ks);

/** How many are in use. */
size_t keyslots_used(const struct keyslots *ks);
/** The slot of this code; -1 if there is none. Codes themselves are not kept. */
int keyslots_find(const struct keyslots *ks, const struct keyslots_device *d, const char *code);
/** An empty slot, by chance; -1 if there is none. */
int keyslots_spare(const struct keyslots *ks);
/** Give a slot to this code, with the key that its passphrase makes. ERR_NOMEM. */
enum err keyslots_put(struct keyslots *ks, const struct keyslots_device *d, int slot,
                      const char *code, const struct secret *stretched);
void keyslots_clear(struct keyslots *ks, int slot);

#endif
