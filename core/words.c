#include "core/words.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/words_list.h"

enum { WORD_BITS = 11 };
_Static_assert(1 << WORD_BITS == WORDS_COUNT, "every number of 11 bits has its word");
_Static_assert(WORDS_FINGERPRINT *WORD_BITS <= 8 * HASH_LEN, "a hash is long enough");
_Static_assert(WORDS_FINGERPRINT *(WORDS_MAX_LEN + 1) <= WORDS_TEXT, "eight words fit");

const char *words_at(unsigned i)
{
    assert(i < WORDS_COUNT);
    return words_list[i % WORDS_COUNT];
}

/* Bits ${from}.. of ${hash}, the first being the most significant of the first byte. */
static unsigned bits_at(const uint8_t hash[HASH_LEN], size_t from)
{
    unsigned v = 0;
    for (size_t i = from; i < from + WORD_BITS; i++)
        v = v << 1 | ((unsigned)hash[i / 8] >> (7 - i % 8) & 1u);
    return v;
}

void words_of(const uint8_t hash[HASH_LEN], char out[WORDS_TEXT])
{
    size_t len = 0;
    memset(out, 0, WORDS_TEXT);
    for (size_t i = 0; i < WORDS_FINGERPRINT; i++)
        len += (size_t)snprintf(out + len, WORDS_TEXT - len, "%s%s", i > 0 ? " " : "",
                                words_at(bits_at(hash, i * WORD_BITS)));
}

/* Lower case, one space between words; false if it is longer than eight words can be. Written for
 * a-z alone, so that no locale (Turkish i) changes what a word is. */
static bool plain(const char *typed, char out[WORDS_TEXT])
{
    size_t len = 0;
    bool gap = false;
    memset(out, 0, WORDS_TEXT);
    for (const char *p = typed; *p != '\0'; p++) {
        if (strchr(" ,\t\r\n", *p) != NULL) {
            gap = len > 0;
            continue;
        }
        if (len + 3 > WORDS_TEXT)
            return false;
        if (gap)
            out[len++] = ' ';
        gap = false;
        out[len++] = *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p;
    }
    return true;
}

bool words_match(const uint8_t hash[HASH_LEN], const char *typed)
{
    char want[WORDS_TEXT], have[WORDS_TEXT];
    words_of(hash, want);
    return plain(typed, have) && memcmp(want, have, sizeof want) == 0;
}

enum err words_passphrase(unsigned n, struct secret **out)
{
    struct secret *text = NULL;
    if (n == 0 || n > WORDS_PASSPHRASE_MAX)
        return ERR_USAGE;
    enum err e = secret_new(n * (WORDS_MAX_LEN + 1u), &text);
    if (e != ERR_OK)
        return e;
    char *p = (char *)secret_bytes(text);
    size_t len = 0;
    for (unsigned i = 0; i < n; i++) {
        const char *word = words_at(randombytes_uniform(WORDS_COUNT));
        if (i > 0)
            p[len++] = ' ';
        memcpy(p + len, word, strlen(word));
        len += strlen(word);
    }
    e = secret_copy(p, len, out);
    secret_free(text);
    return e;
}
