#include "kiosk/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "core/log.h"
#include "kiosk/text.h"

static const char magic[8] = "SANAQKF1";
enum {
    VERSION = 1,
    HEADER_LEN = 8 + 2 + 8 + 8 + SECRET_SALT_LEN + 32 + KEYFILE_MACHINE_LEN,
    KEY_LEN = 32,
    SIGN_KEY_LEN = 64,
    SLOTS_AT = 512,
    SLOT_LEN = 128,
    DEVICE_AT = SLOTS_AT + KEYFILE_SLOTS * SLOT_LEN,
    EPOCHS_AT = 4096, /* each place in a page of its own, so that a torn write hurts one only */
    EPOCH_STEP = 4096,
    SEALED_KEY_LEN = KEY_LEN + KEYFILE_SEALED_MORE
};
_Static_assert(SEALED_KEY_LEN <= SLOT_LEN, "a slot holds a sealed key");
_Static_assert(DEVICE_AT + SIGN_KEY_LEN + KEYFILE_SEALED_MORE <= EPOCHS_AT, "the device key fits");

struct keyfile {
    int fd;
    uint8_t salt[SECRET_SALT_LEN];
    struct keyfile_public pub;
};

/* What is sealed is bound to its use by the key: HK(key; use, device, number). */
static void bind(const struct secret *key, const char *use, const uint8_t device[32],
                 uint64_t number, uint8_t bound[KEY_LEN])
{
    struct hash h;
    hash_start(&h, secret_view(key), use);
    hash_add(&h, device, 32);
    hash_add_u64(&h, number);
    hash_end(&h, bound);
}

void keyfile_seal(const struct secret *key, const char *use, const uint8_t device[32],
                  uint64_t number, struct bytes plain, uint8_t *out)
{
    uint8_t bound[KEY_LEN];
    bind(key, use, device, number, bound);
    randombytes_buf(out, crypto_secretbox_NONCEBYTES);
    crypto_secretbox_easy(out + crypto_secretbox_NONCEBYTES, plain.p, plain.len, out, bound);
    secret_wipe(bound, sizeof bound);
}

bool keyfile_unseal(const struct secret *key, const char *use, const uint8_t device[32],
                    uint64_t number, struct bytes sealed, uint8_t *out)
{
    uint8_t bound[KEY_LEN];
    if (sealed.len < KEYFILE_SEALED_MORE)
        return false;
    bind(key, use, device, number, bound);
    bool opened =
        crypto_secretbox_open_easy(out, sealed.p + crypto_secretbox_NONCEBYTES,
                                   sealed.len - crypto_secretbox_NONCEBYTES, sealed.p, bound) == 0;
    secret_wipe(bound, sizeof bound);
    return opened;
}

/* All slots look alike and none names its owner: the code goes into the salt. */
static enum err slot_key(const uint8_t salt[SECRET_SALT_LEN], struct secret_cost cost,
                         const char *code, const struct secret *passphrase, struct secret **out)
{
    uint8_t own[HASH_LEN];
    struct hash h;
    hash_start(&h, NULL, "slot");
    hash_add(&h, salt, SECRET_SALT_LEN);
    hash_add(&h, code, strlen(code));
    hash_end(&h, own);
    return secret_stretch(passphrase, own, cost, out);
}

static enum err overwrite(int fd, off_t at, const uint8_t *p, size_t n)
{
    while (n > 0) {
        ssize_t put = pwrite(fd, p, n, at);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return file_err(errno);
        p += put;
        n -= (size_t)put;
        at += put;
    }
    return fdatasync(fd) == 0 ? ERR_OK : file_err(errno);
}

static enum err fill_new(uint8_t *file, const struct keyfile_public *pub,
                         const struct secret *sign_key, const char *code,
                         const struct secret *passphrase, const struct secret *local)
{
    uint8_t salt[SECRET_SALT_LEN];
    struct secret *wrap = NULL;
    struct writer w = writer_of(file, HEADER_LEN);
    randombytes_buf(file, KEYFILE_LEN); /* empty slots and places are noise like the others */
    randombytes_buf(salt, sizeof salt);
    write_raw(&w, magic, sizeof magic);
    write_u16(&w, VERSION);
    write_u64(&w, pub->cost.ops);
    write_u64(&w, pub->cost.mem);
    write_raw(&w, salt, sizeof salt);
    write_raw(&w, pub->device, 32);
    write_raw(&w, pub->machine, KEYFILE_MACHINE_LEN);
    enum err e = slot_key(salt, pub->cost, code, passphrase, &wrap);
    if (e != ERR_OK)
        return log_fail(
            e, "the key could not be made from the passphrase: it takes %llu MiB of memory",
            (unsigned long long)(pub->cost.mem >> 20));
    uint32_t slot = randombytes_uniform(KEYFILE_SLOTS);
    keyfile_seal(wrap, "slot", pub->device, 0, (struct bytes){secret_view(local), KEY_LEN},
                 file + SLOTS_AT + slot * SLOT_LEN);
    keyfile_seal(local, "local", pub->device, 0,
                 (struct bytes){secret_view(sign_key), SIGN_KEY_LEN}, file + DEVICE_AT);
    secret_free(wrap);
    return ERR_OK;
}

enum err keyfile_create(const char *path, const struct keyfile_public *pub,
                        const struct secret *sign_key, const char *code,
                        const struct secret *passphrase, struct secret **local)
{
    struct secret *key = NULL;
    uint8_t *file = malloc(KEYFILE_LEN);
    enum err e = file == NULL ? ERR_NOMEM : secret_random(KEY_LEN, &key);
    if (e == ERR_OK)
        e = fill_new(file, pub, sign_key, code, passphrase, key);
    if (e == ERR_OK)
        e = file_write(path, (struct bytes){file, KEYFILE_LEN}, 0600, false);
    if (e == ERR_OK)
        *local = key, key = NULL;
    secret_free(key);
    free(file);
    return e;
}

static enum err read_header(struct keyfile *kf, const char *path)
{
    uint8_t head[HEADER_LEN], found[8];
    struct stat st;
    if (fstat(kf->fd, &st) != 0 || st.st_size != KEYFILE_LEN ||
        pread(kf->fd, head, sizeof head, 0) != HEADER_LEN)
        return log_fail(ERR_FORMAT,
                        _("%s: the keys file is damaged; collect this laptop's results "
                          "and set it up anew"),
                        path);
    struct reader r = reader_of((struct bytes){head, sizeof head});
    read_raw(&r, found, sizeof found);
    if (memcmp(found, magic, sizeof magic) != 0 || read_u16(&r) != VERSION)
        return log_fail(ERR_FORMAT, "%s: this is not a keys file of this program", path);
    kf->pub.cost.ops = read_u64(&r);
    kf->pub.cost.mem = read_u64(&r);
    read_raw(&r, kf->salt, sizeof kf->salt);
    read_raw(&r, kf->pub.device, 32);
    read_raw(&r, kf->pub.machine, KEYFILE_MACHINE_LEN);
    return ERR_OK;
}

enum err keyfile_open(const char *path, bool own, struct keyfile **out)
{
    enum err e = ERR_OK;
    struct keyfile *kf = calloc(1, sizeof *kf);
    if (kf == NULL)
        return ERR_NOMEM;
    kf->fd = open(path, (own ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW);
    if (kf->fd < 0)
        e = log_fail(ERR_FILE, "%s: %s", path, strerror(errno));
    else if (own && flock(kf->fd, LOCK_EX | LOCK_NB) != 0)
        e = log_fail(ERR_BUSY, _("another kiosk is running on this home; close it first"));
    else
        e = read_header(kf, path);
    if (e != ERR_OK) {
        keyfile_close(kf);
        return e;
    }
    *out = kf;
    return ERR_OK;
}

void keyfile_close(struct keyfile *kf)
{
    if (kf == NULL)
        return;
    if (kf->fd >= 0)
        close(kf->fd);
    free(kf);
}

const struct keyfile_public *keyfile_public(const struct keyfile *kf)
{
    return &kf->pub;
}

/* Opens what lies at ${at} into fresh guarded memory. */
static enum err open_at(const struct keyfile *kf, off_t at, const struct secret *key,
                        const char *use, uint64_t number, size_t len, struct secret **out)
{
    uint8_t sealed[SIGN_KEY_LEN + KEYFILE_SEALED_MORE];
    struct secret *plain = NULL;
    ssize_t want = (ssize_t)(len + KEYFILE_SEALED_MORE);
    if (pread(kf->fd, sealed, (size_t)want, at) != want)
        return ERR_FILE;
    enum err e = secret_new(len, &plain);
    if (e != ERR_OK)
        return e;
    if (!keyfile_unseal(key, use, kf->pub.device, number, (struct bytes){sealed, (size_t)want},
                        secret_bytes(plain))) {
        secret_free(plain);
        return ERR_KEY;
    }
    *out = plain;
    return ERR_OK;
}

enum err keyfile_unlock(const struct keyfile *kf, const char *code, const struct secret *passphrase,
                        struct secret **local)
{
    struct secret *wrap = NULL;
    enum err e = slot_key(kf->salt, kf->pub.cost, code, passphrase, &wrap);
    if (e == ERR_FORMAT)
        return log_fail(
            e, _("the keys file is damaged; collect this laptop's results and set it up anew"));
    if (e != ERR_OK)
        return log_fail(e, _("not enough free memory to check the passphrase: %llu MiB are needed"),
                        (unsigned long long)(kf->pub.cost.mem >> 20));
    e = ERR_KEY;
    for (int i = 0; i < KEYFILE_SLOTS && e == ERR_KEY; i++)
        e = open_at(kf, SLOTS_AT + i * SLOT_LEN, wrap, "slot", 0, KEY_LEN, local);
    secret_free(wrap);
    return e == ERR_KEY ? ERR_PASSPHRASE : e;
}

enum err keyfile_sign_key(const struct keyfile *kf, const struct secret *local, struct secret **out)
{
    enum err e = open_at(kf, DEVICE_AT, local, "local", 0, SIGN_KEY_LEN, out);
    return e == ERR_KEY ? ERR_FORMAT : e;
}

static off_t place_of(uint64_t number)
{
    return EPOCHS_AT + (off_t)(number & 1) * EPOCH_STEP;
}

enum err keyfile_epoch(const struct keyfile *kf, const struct secret *local, uint64_t number,
                       struct secret **out)
{
    return open_at(kf, place_of(number), local, "epoch", number, KEY_LEN, out);
}

enum err keyfile_next_epoch(struct keyfile *kf, const struct secret *local, uint64_t number,
                            struct secret **out)
{
    uint8_t sealed[SEALED_KEY_LEN];
    struct secret *key = NULL;
    enum err e = secret_random(KEY_LEN, &key);
    if (e != ERR_OK)
        return e;
    keyfile_seal(local, "epoch", kf->pub.device, number, (struct bytes){secret_view(key), KEY_LEN},
                 sealed);
    e = overwrite(kf->fd, place_of(number), sealed, sizeof sealed);
    if (e != ERR_OK) {
        secret_free(key);
        return log_fail(e, _("the keys file could not be written; is the disk full or read-only?"));
    }
    *out = key;
    return ERR_OK;
}
