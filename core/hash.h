/* Labelled BLAKE2b-256. Every hashed, keyed or signed value starts with a 16-byte label
 * "sanaq1/<use>", zero-padded; FORMAT.md lists them all. */
#ifndef SANAQ_CORE_HASH_H
#define SANAQ_CORE_HASH_H

#include <sodium.h>

#include "core/bytes.h"

enum { HASH_LEN = 32, LABEL_LEN = 16, SIGN_LEN = 64 };

/** The label for ${use} (at most 9 letters). */
void hash_label(uint8_t out[LABEL_LEN], const char *use);

struct hash {
    crypto_generichash_state state;
};
/** Start H (key NULL) or HK (key of 32 bytes); the label is added first. */
void hash_start(struct hash *h, const uint8_t *key, const char *use);
void hash_add(struct hash *h, const void *p, size_t n);
void hash_add_u16(struct hash *h, uint16_t v);
void hash_add_u32(struct hash *h, uint32_t v);
void hash_add_u64(struct hash *h, uint64_t v);
void hash_end(struct hash *h, uint8_t out[HASH_LEN]);

/** H or HK of one run of bytes; ${out} may be ${key}. */
void hash_once(uint8_t out[HASH_LEN], const uint8_t *key, const char *use, struct bytes b);

#endif
