#include "kiosk/localbox.h"

_Static_assert(LOCALBOX_KEY_LEN == crypto_secretbox_KEYBYTES, "a hash is a key");
_Static_assert((int)LOCALBOX_MORE == (int)(crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES),
               "nonce and tag");

static void bind(const struct secret *key, const char *use, const uint8_t device[32],
                 uint64_t number, uint8_t bound[LOCALBOX_KEY_LEN])
{
    struct hash h;
    hash_start(&h, secret_view(key), use);
    hash_add(&h, device, 32);
    hash_add_u64(&h, number);
    hash_end(&h, bound);
}

void localbox_seal(const struct secret *key, const char *use, const uint8_t device[32],
                   uint64_t number, struct bytes plain, uint8_t *out)
{
    uint8_t bound[LOCALBOX_KEY_LEN];
    bind(key, use, device, number, bound);
    randombytes_buf(out, crypto_secretbox_NONCEBYTES);
    crypto_secretbox_easy(out + crypto_secretbox_NONCEBYTES, plain.p, plain.len, out, bound);
    secret_wipe(bound, sizeof bound);
}

bool localbox_open(const struct secret *key, const char *use, const uint8_t device[32],
                   uint64_t number, struct bytes sealed, uint8_t *out)
{
    uint8_t bound[LOCALBOX_KEY_LEN];
    if (sealed.len < LOCALBOX_MORE)
        return false;
    bind(key, use, device, number, bound);
    bool opened =
        crypto_secretbox_open_easy(out, sealed.p + crypto_secretbox_NONCEBYTES,
                                   sealed.len - crypto_secretbox_NONCEBYTES, sealed.p, bound) == 0;
    secret_wipe(bound, sizeof bound);
    return opened;
}
