#include "core/hash.h"

#include <string.h>

#include "core/secret.h"

void hash_label(uint8_t out[LABEL_LEN], const char *use)
{
    memset(out, 0, LABEL_LEN);
    memcpy(out, "sanaq1/", 7);
    memcpy(out + 7, use, strnlen(use, LABEL_LEN - 7));
}

void hash_start(struct hash *h, const uint8_t *key, const char *use)
{
    uint8_t label[LABEL_LEN];
    hash_label(label, use);
    crypto_generichash_init(&h->state, key, key == NULL ? 0 : HASH_LEN, HASH_LEN);
    crypto_generichash_update(&h->state, label, sizeof label);
}

void hash_add(struct hash *h, const void *p, size_t n)
{
    if (n > 0)
        crypto_generichash_update(&h->state, p, n);
}

static void add_le(struct hash *h, uint64_t v, size_t n)
{
    uint8_t b[8];
    for (size_t i = 0; i < n; i++)
        b[i] = (uint8_t)(v >> (8 * i));
    hash_add(h, b, n);
}

void hash_add_u16(struct hash *h, uint16_t v)
{
    add_le(h, v, 2);
}

void hash_add_u32(struct hash *h, uint32_t v)
{
    add_le(h, v, 4);
}

void hash_add_u64(struct hash *h, uint64_t v)
{
    add_le(h, v, 8);
}

void hash_end(struct hash *h, uint8_t out[HASH_LEN])
{
    crypto_generichash_final(&h->state, out, HASH_LEN);
    secret_wipe(h, sizeof *h); /* a keyed state holds the key */
}

void hash_once(uint8_t out[HASH_LEN], const uint8_t *key, const char *use, struct bytes b)
{
    struct hash h;
    hash_start(&h, key, use);
    hash_add(&h, b.p, b.len);
    hash_end(&h, out);
}
