#include "tests/fault/sealed.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { MARK_LEN = 16 };

static struct {
    uint8_t (*mark)[MARK_LEN]; /* zeros: free */
    size_t room, count;
} seen;
static struct sealed so_far;

const struct sealed *sealed_so_far(void)
{
    return &so_far;
}

void sealed_new(void)
{
    so_far.last = 0;
}

static size_t place_of(const uint8_t mark[MARK_LEN])
{
    uint64_t at = 0;
    memcpy(&at, mark, sizeof at);
    for (at %= seen.room; !sodium_is_zero(seen.mark[at], MARK_LEN); at = (at + 1) % seen.room)
        if (memcmp(seen.mark[at], mark, MARK_LEN) == 0)
            break;
    return (size_t)at;
}

static void grow(void)
{
    uint8_t(*old)[MARK_LEN] = seen.mark;
    size_t room = seen.room;
    seen.room = room > 0 ? 2 * room : 1 << 16;
    seen.mark = calloc(seen.room, MARK_LEN);
    if (seen.mark == NULL)
        abort();
    for (size_t i = 0; i < room; i++)
        if (!sodium_is_zero(old[i], MARK_LEN))
            memcpy(seen.mark[place_of(old[i])], old[i], MARK_LEN);
    free(old);
}

/* What must never come again: the bytes under this name. */
static void once(const char *name, const void *p, size_t n)
{
    uint8_t mark[MARK_LEN];
    crypto_generichash_state h;
    crypto_generichash_init(&h, NULL, 0, MARK_LEN);
    crypto_generichash_update(&h, (const uint8_t *)name, strlen(name) + 1);
    crypto_generichash_update(&h, p, n);
    crypto_generichash_final(&h, mark, MARK_LEN);
    if (2 * (seen.count + 1) > seen.room)
        grow();
    size_t at = place_of(mark);
    if (!sodium_is_zero(seen.mark[at], MARK_LEN)) {
        so_far.repeats++;
        return;
    }
    memcpy(seen.mark[at], mark, MARK_LEN);
    seen.count++;
}

int __real_crypto_aead_chacha20poly1305_ietf_encrypt(uint8_t *c, unsigned long long *c_len,
                                                     const uint8_t *m, unsigned long long m_len,
                                                     const uint8_t *ad, unsigned long long ad_len,
                                                     const uint8_t *none, const uint8_t *nonce,
                                                     const uint8_t *key);
int __wrap_crypto_aead_chacha20poly1305_ietf_encrypt(uint8_t *c, unsigned long long *c_len,
                                                     const uint8_t *m, unsigned long long m_len,
                                                     const uint8_t *ad, unsigned long long ad_len,
                                                     const uint8_t *none, const uint8_t *nonce,
                                                     const uint8_t *key);
int __wrap_crypto_aead_chacha20poly1305_ietf_encrypt(uint8_t *c, unsigned long long *c_len,
                                                     const uint8_t *m, unsigned long long m_len,
                                                     const uint8_t *ad, unsigned long long ad_len,
                                                     const uint8_t *none, const uint8_t *nonce,
                                                     const uint8_t *key)
{
    uint64_t n = 0;
    so_far.parts++;
    once("key", key, crypto_aead_chacha20poly1305_ietf_KEYBYTES);
    once("place", ad, ad_len); /* label, stream, position */
    for (unsigned long long i = 8; i > 0; i--)
        n = n << 8 | ad[ad_len - 9 + i];
    if (n > so_far.last)
        so_far.last = n;
    return __real_crypto_aead_chacha20poly1305_ietf_encrypt(c, c_len, m, m_len, ad, ad_len, none,
                                                            nonce, key);
}

int __real_crypto_secretbox_easy(uint8_t *c, const uint8_t *m, unsigned long long m_len,
                                 const uint8_t *nonce, const uint8_t *key);
int __wrap_crypto_secretbox_easy(uint8_t *c, const uint8_t *m, unsigned long long m_len,
                                 const uint8_t *nonce, const uint8_t *key);
int __wrap_crypto_secretbox_easy(uint8_t *c, const uint8_t *m, unsigned long long m_len,
                                 const uint8_t *nonce, const uint8_t *key)
{
    uint8_t both[crypto_secretbox_NONCEBYTES + crypto_secretbox_KEYBYTES];
    so_far.boxes++;
    memcpy(both, nonce, crypto_secretbox_NONCEBYTES);
    memcpy(both + crypto_secretbox_NONCEBYTES, key, crypto_secretbox_KEYBYTES);
    once("box", both, sizeof both);
    return __real_crypto_secretbox_easy(c, m, m_len, nonce, key);
}
