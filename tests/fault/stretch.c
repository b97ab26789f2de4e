/* A cheap passphrase stretch (by --wrap=secret_stretch) for tests that unlock thousands of times.
 */
#include "core/hash.h"
#include "core/secret.h"

enum err __wrap_secret_stretch(const struct secret *passphrase, const uint8_t salt[SECRET_SALT_LEN],
                               struct secret_cost cost, struct secret **out);
enum err __wrap_secret_stretch(const struct secret *passphrase, const uint8_t salt[SECRET_SALT_LEN],
                               struct secret_cost cost, struct secret **out)
{
    struct hash h;
    enum err e = secret_new(SECRET_KEY_LEN, out);
    if (e != ERR_OK)
        return e;
    hash_start(&h, NULL, "test");
    hash_add(&h, salt, SECRET_SALT_LEN);
    hash_add_u64(&h, cost.ops);
    hash_add(&h, secret_view(passphrase), secret_len(passphrase));
    hash_end(&h, secret_bytes(*out));
    return ERR_OK;
}
