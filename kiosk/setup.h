/* First use on a laptop. */
#ifndef SANAQ_KIOSK_SETUP_H
#define SANAQ_KIOSK_SETUP_H

#include "core/entry.h"
#include "core/hash.h"
#include "core/pack.h"
#include "core/stream.h"
#include "core/words.h"
#include "kiosk/keyfile.h"

/** True if ${home} holds a keys file and a store that is used (store.h), damaged or not. */
bool setup_done(const char *home);

/** Read and judge the pack file: format, signature, study, what this kiosk can do; everything wrong
 * is said. */
enum err setup_read_pack(const char *path, struct pack **out);

/** Code: 1..8 printable ASCII letters or digits. Passphrase: at least 12 characters. ERR_USAGE,
 * said. */
enum err setup_check_code(const char *code);
enum err setup_check_passphrase(const struct secret *passphrase);

/** What a root entry says in its field part, clocks included. ${replaces}: device that this one
 * replaces, or NULL. */
void setup_root(const struct keyfile_public *pub, const uint8_t *replaces, struct entry_field *out);

/** Make the home: keys file, store, device key, root entry. On failure nothing is left behind.
 *  ${replaces}: device this one replaces, or NULL: the one given up last in this home, if any.
 * Where it is the device of this home, that one is given up for good: its sealed results are kept
 * and sent, its keys are overwritten once the new device stands. ERR_STATE if another device, or
 * any with NULL, is set up here; ERR_BUSY. */
enum err setup_run(const char *home, const struct pack *pack, const char *code,
                   const struct secret *passphrase, struct secret_cost cost,
                   const uint8_t *replaces);

/** Read without a passphrase: for `status` and the unlock screen. */
struct setup_status {
    uint8_t device[32];
    char words[WORDS_TEXT], pack_words[WORDS_TEXT];
    uint32_t pack_number;
    char *study, *wave; /* ids; free with setup_status_free */
    uint64_t position, confirmed;
    char closing[STREAM_CLOSING];
    struct secret_cost cost;
    bool machine_known; /* false: copies of this home cannot be noticed */
};
enum err setup_status(const char *home, struct setup_status *out);
void setup_status_free(struct setup_status *st);

#endif
