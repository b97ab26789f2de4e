/* The `keys` file of a laptop: opened, unlocked, its epochs read, a slot changed. */
#include "kiosk/keyfile.h"
#include "tests/fuzz/fuzz.h"

static void use(struct keyfile *kf, const struct secret *passphrase)
{
    struct secret *key = NULL;
    uint64_t highest = keyfile_highest(kf);
    HOLDS(keyfile_interviewers(kf) <= KEYFILE_SLOTS);
    if (highest > 0 && highest < UINT64_MAX && keyfile_epoch(kf, highest, &key) == ERR_OK) {
        secret_free(key);
        key = NULL;
        if (keyfile_next_epoch(kf, highest + 1, &key) == ERR_OK)
            secret_free(key);
    }
    key = NULL;
    if (highest < UINT64_MAX - 2 &&
        keyfile_turn(kf, KEYSLOTS_ADD, "cd34", passphrase, highest + 2, &key) == ERR_OK) {
        secret_free(key);
        keyfile_settle(kf, highest + 2);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct keyfile *kf = NULL;
    struct secret *passphrase = NULL;
    fuzz_start();
    const char *path = fuzz_put("keys", (struct bytes){data, size});
    HOLDS(secret_copy("lantern oak quartz", 18, &passphrase) == ERR_OK);
    if (keyfile_open(path, true, &kf) == ERR_OK) {
        if (keyfile_unlock(kf, 1, "ab12", passphrase) == ERR_OK)
            use(kf, passphrase);
        keyfile_close(kf);
    }
    secret_free(passphrase);
    return 0;
}
