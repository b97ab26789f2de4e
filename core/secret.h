/* The one type that holds secrets: guarded, locked memory that is wiped before it is released. It
 * holds bytes, never structs (guarded memory is not aligned). */
#ifndef SANAQ_CORE_SECRET_H
#define SANAQ_CORE_SECRET_H

#include "core/bytes.h"
#include "core/err.h"

struct secret;

/** Start libsodium and test that memory can be guarded. Call once, first.
 *  ERR_SYSTEM if there is no randomness. */
enum err secret_start(void);

/** ${len} zero bytes of guarded memory, 1..1 MiB. ERR_NOMEM leaves ${out} untouched. */
enum err secret_new(size_t len, struct secret **out);

/** A copy of ${len} bytes; the caller still wipes its own. */
enum err secret_copy(const void *p, size_t len, struct secret **out);

/** ${len} random bytes. */
enum err secret_random(size_t len, struct secret **out);

uint8_t *secret_bytes(struct secret *s);
const uint8_t *secret_view(const struct secret *s);
size_t secret_len(const struct secret *s);

/** Wipes and releases; NULL does nothing. */
void secret_free(struct secret *s);

/** Overwrite memory that is not a struct secret, in a way no compiler removes. */
void secret_wipe(void *p, size_t len);

/** One line of text (a passphrase) from line ${line} (from 0) of file ${path}, without its newline
 *  and with a terminating 0 that secret_len does not count. ERR_FILE, said. */
enum err secret_read_line(const char *path, unsigned line, struct secret **out);

/** Ask on the terminal without echo; ${again} asks twice until both agree. ERR_SYSTEM where there
 * is no terminal, said; ERR_INTERRUPTED. A signal leaves the terminal as it was. Same form as secret_read_line. */
enum err secret_ask(const char *prompt, bool again, struct secret **out);

/** Argon2id cost, stored in each file that uses it and never lowered later. */
struct secret_cost {
    uint64_t ops, mem;
};
enum { SECRET_SALT_LEN = 16, SECRET_KEY_LEN = 32 };
/** "interactive", "moderate" or "sensitive"; false if it is none of them. */
bool secret_cost_named(const char *name, struct secret_cost *out);
/** 32 bytes from a passphrase by Argon2id. ERR_FORMAT if the cost lies outside INTERACTIVE..4 GiB
 *  (a damaged or hostile file), ERR_NOMEM if the machine has not the memory it takes. */
enum err secret_stretch(const struct secret *passphrase, const uint8_t salt[SECRET_SALT_LEN],
                        struct secret_cost cost, struct secret **out);

#endif
