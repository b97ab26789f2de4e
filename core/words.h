/* Fingerprints as words: the first 88 bits of a hash, most significant bit first, 11 bits a word,
 * from a list of 2,048 Latin words frozen in FORMAT.md. */
#ifndef SANAQ_CORE_WORDS_H
#define SANAQ_CORE_WORDS_H

#include "core/err.h"
#include "core/hash.h"
#include "core/secret.h"

enum {
    WORDS_COUNT = 2048,
    WORDS_MAX_LEN = 8,
    WORDS_FINGERPRINT = 8,
    WORDS_TEXT = 80,
    WORDS_PASSPHRASE_MAX = 64
};

/** Word ${i} (0..2047). */
const char *words_at(unsigned i);

/** Eight words, single spaces, ending in 0. */
void words_of(const uint8_t hash[HASH_LEN], char out[WORDS_TEXT]);

/** True if ${typed} names the same eight words: case, extra white space and commas do not matter.
 *  Compared in full. */
bool words_match(const uint8_t hash[HASH_LEN], const char *typed);

/** A fresh passphrase of ${n} (1..64) random words with single spaces; same form as
 *  secret_read_line. ERR_USAGE for another number, ERR_NOMEM. */
enum err words_passphrase(unsigned n, struct secret **out);

#endif
