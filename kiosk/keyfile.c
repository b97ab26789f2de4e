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
#include "kiosk/keyslots.h"
#include "kiosk/text.h"

static const char magic[8] = "SANAQKF1";
enum {
    VERSION = 2,
    HEADER_LEN = 8 + 2 + 8 + 8 + SECRET_SALT_LEN + 32 + KEYFILE_MACHINE_LEN,
    KEY_LEN = LOCALBOX_KEY_LEN,
    PAGE = 4096, /* each part in a page of its own, so that a torn write hurts one only */
    EPOCHS_AT = PAGE,
    SIDES_AT = 3 * PAGE,
    PLACE_LEN = 8 + 1 + KEY_LEN + LOCALBOX_MORE /* number, side, box */
};
_Static_assert((int)KEYSLOTS_LEN <= (int)PAGE, "a side fits its page");
_Static_assert((int)KEYFILE_LEN == (int)SIDES_AT + 2 * (int)PAGE, "header, two places, two sides");
_Static_assert((int)KEYFILE_SLOTS == (int)KEYSLOTS, "eight of them");

struct keyfile {
    int fd;
    uint8_t salt[SECRET_SALT_LEN];
    struct keyfile_public pub;
    struct secret *sign_key;         /* a copy that outlives changes of the slots */
    struct keyslots *slots, *turned; /* alive; of the other side, while a change is under way */
    uint8_t side;                    /* of the slots alive */
    bool settled;                    /* nothing but noise lies on the other side */
};

struct place {
    uint64_t number; /* of the epoch whose key lies there */
    uint8_t side;
    uint8_t box[KEY_LEN + LOCALBOX_MORE];
};

static struct keyslots_device device_of(const struct keyfile *kf)
{
    return (struct keyslots_device){kf->pub.device, kf->salt, kf->pub.cost};
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

static enum err not_written(enum err e)
{
    return log_fail(e, _("the keys file could not be written; is the disk full or read-only?"));
}

static enum err not_read(void)
{
    return log_fail(ERR_FILE, _("the keys file could not be read; is the disk failing?"));
}

static off_t place_at(uint64_t number)
{
    return EPOCHS_AT + (off_t)(number & 1) * PAGE;
}

static off_t side_at(unsigned side)
{
    return SIDES_AT + (off_t)(side & 1) * PAGE;
}

static void put_place(uint8_t out[PLACE_LEN], const struct keyslots *ks, const uint8_t *device,
                      unsigned side, uint64_t number, const struct secret *key)
{
    struct writer w = writer_of(out, PLACE_LEN);
    write_u64(&w, number);
    write_u8(&w, (uint8_t)side);
    localbox_seal(keyslots_local(ks), "epoch", device, number,
                  (struct bytes){secret_view(key), KEY_LEN}, out + 9);
}

static bool get_place(const struct keyfile *kf, uint64_t number, struct place *out)
{
    uint8_t bytes[PLACE_LEN];
    if (pread(kf->fd, bytes, sizeof bytes, place_at(number)) != PLACE_LEN)
        return false;
    struct reader r = reader_of((struct bytes){bytes, sizeof bytes});
    out->number = read_u64(&r);
    out->side = read_u8(&r);
    read_raw(&r, out->box, sizeof out->box);
    return true;
}

/* ---- making one ---- */

static enum err keep_sign_key(struct keyfile *kf)
{
    const struct secret *key = keyslots_sign_key(kf->slots);
    return secret_copy(secret_view(key), secret_len(key), &kf->sign_key);
}

static enum err fill_new(uint8_t *file, struct keyfile *kf, const char *code,
                         const struct secret *passphrase, const struct secret *epoch_key)
{
    struct secret *stretched = NULL;
    struct keyslots_device d = device_of(kf);
    struct writer w = writer_of(file, HEADER_LEN);
    randombytes_buf(file, KEYFILE_LEN); /* what is not used is noise like the rest */
    write_raw(&w, magic, sizeof magic);
    write_u16(&w, VERSION);
    write_u64(&w, kf->pub.cost.ops);
    write_u64(&w, kf->pub.cost.mem);
    write_raw(&w, kf->salt, sizeof kf->salt);
    write_raw(&w, kf->pub.device, 32);
    write_raw(&w, kf->pub.machine, KEYFILE_MACHINE_LEN);
    put_place(file + place_at(1), kf->slots, kf->pub.device, kf->side, 1, epoch_key);
    enum err e = keyslots_stretch(&d, code, passphrase, &stretched);
    if (e != ERR_OK)
        return log_fail(
            e, "the key could not be made from the passphrase: it takes %llu MiB of memory",
            (unsigned long long)(kf->pub.cost.mem >> 20));
    e = keyslots_put(kf->slots, &d, keyslots_spare(kf->slots), code, stretched);
    if (e == ERR_OK)
        e = keyslots_write(kf->slots, &d, file + side_at(kf->side));
    secret_free(stretched);
    return e;
}

/* Opens the file for this program alone. */
static enum err open_own(const char *path, struct keyfile *kf)
{
    kf->fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (kf->fd < 0)
        return log_fail(ERR_FILE, "%s: could not be opened: %s", path, strerror(errno));
    if (flock(kf->fd, LOCK_EX | LOCK_NB) != 0)
        return log_fail(ERR_BUSY, _("another kiosk is running on this home; close it first"));
    return ERR_OK;
}

enum err keyfile_create(const char *path, const struct keyfile_public *pub,
                        const struct secret *sign_key, const char *code,
                        const struct secret *passphrase, struct secret **epoch_key,
                        struct keyfile **out)
{
    struct secret *key = NULL;
    uint8_t *file = malloc(KEYFILE_LEN);
    struct keyfile *kf = calloc(1, sizeof *kf);
    enum err e = file == NULL || kf == NULL ? ERR_NOMEM : secret_random(KEY_LEN, &key);
    if (e != ERR_OK)
        goto out;
    kf->fd = -1;
    kf->pub = *pub;
    kf->side = (uint8_t)randombytes_uniform(2);
    kf->settled = true;
    randombytes_buf(kf->salt, sizeof kf->salt);
    e = keyslots_create(sign_key, &kf->slots);
    if (e == ERR_OK)
        e = keep_sign_key(kf);
    if (e == ERR_OK)
        e = fill_new(file, kf, code, passphrase, key);
    if (e == ERR_OK)
        e = file_write(path, (struct bytes){file, KEYFILE_LEN}, 0600, false);
    if (e != ERR_OK)
        goto out;
    e = open_own(path, kf);
    if (e != ERR_OK) {
        unlink(path);
        goto out;
    }
    *out = kf, kf = NULL;
    *epoch_key = key, key = NULL;
out:
    secret_free(key);
    keyfile_close(kf);
    free(file);
    return e;
}

/* ---- opening one ---- */

static enum err read_header(struct keyfile *kf, const char *path)
{
    uint8_t head[HEADER_LEN], found[8];
    struct stat st;
    ssize_t got = pread(kf->fd, head, sizeof head, 0);
    if (fstat(kf->fd, &st) != 0 || got < 0)
        return not_read();
    if (got != HEADER_LEN)
        st.st_size = 0;
    struct reader r = reader_of((struct bytes){head, sizeof head});
    read_raw(&r, found, sizeof found);
    if (st.st_size == KEYFILE_LEN && memcmp(found, magic, sizeof magic) != 0)
        return log_fail(ERR_FORMAT, "%s: this is not a keys file of this program", path);
    if (st.st_size != KEYFILE_LEN || read_u16(&r) != VERSION)
        return log_fail(ERR_FORMAT,
                        _("%s: the keys file is damaged; collect this laptop's results "
                          "and set it up anew"),
                        path);
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
    if (own) {
        e = open_own(path, kf);
    } else {
        kf->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (kf->fd < 0)
            e = log_fail(ERR_FILE, "%s: could not be opened: %s", path, strerror(errno));
    }
    if (e == ERR_OK)
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
    keyslots_free(kf->slots);
    keyslots_free(kf->turned);
    secret_free(kf->sign_key);
    free(kf);
}

const struct keyfile_public *keyfile_public(const struct keyfile *kf)
{
    return &kf->pub;
}

/* ---- unlocking ---- */

/* The key in the place of epoch ${number}, if it opens with these slots' local key. */
static enum err open_place(const struct keyfile *kf, const struct keyslots *ks, uint64_t number,
                           struct secret **out)
{
    struct place p;
    struct secret *key = NULL;
    if (!get_place(kf, number, &p))
        return not_read();
    enum err e = secret_new(KEY_LEN, &key);
    if (e != ERR_OK)
        return e;
    if (p.number != number ||
        !localbox_open(keyslots_local(ks), "epoch", kf->pub.device, number,
                       (struct bytes){p.box, sizeof p.box}, secret_bytes(key))) {
        secret_free(key);
        return ERR_KEY;
    }
    *out = key;
    return ERR_OK;
}

/* The highest epoch whose key these slots open, 0 if none. */
static uint64_t highest(const struct keyfile *kf, const struct keyslots *ks)
{
    uint64_t found = 0;
    for (uint64_t parity = 0; parity < 2; parity++) {
        struct secret *key = NULL;
        struct place p;
        if (get_place(kf, parity, &p) && p.number > found &&
            open_place(kf, ks, p.number, &key) == ERR_OK)
            found = p.number;
        secret_free(key);
    }
    return found;
}

static enum err stretch(const struct keyfile *kf, const char *code, const struct secret *passphrase,
                        struct secret **out)
{
    struct keyslots_device d = device_of(kf);
    enum err e = keyslots_stretch(&d, code, passphrase, out);
    if (e == ERR_FORMAT)
        return log_fail(
            e, _("the keys file is damaged; collect this laptop's results and set it up anew"));
    if (e != ERR_OK)
        return log_fail(e, _("not enough free memory to check the passphrase: %llu MiB are needed"),
                        (unsigned long long)(kf->pub.cost.mem >> 20));
    return ERR_OK;
}

static enum err open_side(const struct keyfile *kf, unsigned side, const struct secret *stretched,
                          struct keyslots **out)
{
    uint8_t bytes[KEYSLOTS_LEN];
    struct keyslots_device d = device_of(kf);
    if (pread(kf->fd, bytes, sizeof bytes, side_at(side)) != KEYSLOTS_LEN)
        return not_read();
    return keyslots_open((struct bytes){bytes, sizeof bytes}, &d, stretched, out);
}

/* Takes what a side holds, unless what is there fits the epochs better. */
static enum err try_side(struct keyfile *kf, unsigned side, const struct secret *stretched)
{
    struct keyslots *ks = NULL;
    enum err e = open_side(kf, side, stretched, &ks);
    if (e == ERR_OK && (kf->slots == NULL || highest(kf, ks) > highest(kf, kf->slots))) {
        keyslots_free(kf->slots);
        kf->slots = ks, ks = NULL;
        kf->side = (uint8_t)(side & 1);
    }
    keyslots_free(ks);
    return e == ERR_KEY ? ERR_OK : e;
}

enum err keyfile_unlock(struct keyfile *kf, uint64_t epoch, const char *code,
                        const struct secret *passphrase)
{
    struct secret *stretched = NULL;
    struct place p;
    enum err e = stretch(kf, code, passphrase, &stretched);
    if (e != ERR_OK)
        return e;
    bool named = get_place(kf, epoch, &p) && p.number == epoch;
    for (unsigned side = 0; e == ERR_OK && side < 2; side++)
        if (!named || side == (p.side & 1u))
            e = try_side(kf, side, stretched);
    secret_free(stretched);
    if (e == ERR_OK && kf->slots == NULL)
        e = ERR_PASSPHRASE;
    return e == ERR_OK ? keep_sign_key(kf) : e;
}

enum err keyfile_confirm(const struct keyfile *kf, const char *code,
                         const struct secret *passphrase)
{
    struct secret *stretched = NULL;
    struct keyslots *ks = NULL;
    enum err e = stretch(kf, code, passphrase, &stretched);
    if (e == ERR_OK)
        e = open_side(kf, kf->side, stretched, &ks);
    secret_free(stretched);
    keyslots_free(ks);
    return e == ERR_KEY ? ERR_PASSPHRASE : e;
}

uint64_t keyfile_highest(const struct keyfile *kf)
{
    return highest(kf, kf->slots);
}

const struct secret *keyfile_sign_key(const struct keyfile *kf)
{
    return kf->sign_key;
}

/* ---- epochs ---- */

enum err keyfile_epoch(const struct keyfile *kf, uint64_t number, struct secret **out)
{
    return open_place(kf, kf->slots, number, out);
}

static enum err fresh_place(struct keyfile *kf, const struct keyslots *ks, unsigned side,
                            uint64_t number, struct secret **out)
{
    uint8_t bytes[PLACE_LEN];
    struct secret *key = NULL;
    enum err e = secret_random(KEY_LEN, &key);
    if (e != ERR_OK)
        return e;
    put_place(bytes, ks, kf->pub.device, side, number, key);
    e = overwrite(kf->fd, place_at(number), bytes, sizeof bytes);
    if (e != ERR_OK) {
        secret_free(key);
        return not_written(e);
    }
    *out = key;
    return ERR_OK;
}

enum err keyfile_next_epoch(struct keyfile *kf, uint64_t number, struct secret **out)
{
    return fresh_place(kf, kf->slots, kf->side, number, out);
}

/* ---- interviewers ---- */

size_t keyfile_interviewers(const struct keyfile *kf)
{
    return keyslots_used(kf->slots);
}

bool keyfile_knows(const struct keyfile *kf, const char *code)
{
    struct keyslots_device d = device_of(kf);
    return keyslots_find(kf->slots, &d, code) >= 0;
}

enum err keyfile_turn(struct keyfile *kf, enum keyslots_change change, const char *code,
                      const struct secret *passphrase, uint64_t number, struct secret **key)
{
    uint8_t bytes[KEYSLOTS_LEN];
    struct keyslots *ks = NULL;
    struct keyslots_device d = device_of(kf);
    enum err e = keyslots_changed(kf->slots, &d, change, code, passphrase, &ks);
    if (e == ERR_OK)
        e = keyslots_write(ks, &d, bytes);
    if (e != ERR_OK)
        goto out;
    kf->settled = false;
    e = overwrite(kf->fd, side_at(kf->side ^ 1u), bytes, sizeof bytes);
    if (e != ERR_OK)
        not_written(e);
    else
        e = fresh_place(kf, ks, kf->side ^ 1u, number, key);
    keyslots_free(kf->turned);
    kf->turned = ks, ks = NULL; /* also after a failure: settling overwrites what got there */
out:
    keyslots_free(ks);
    return e;
}

enum err keyfile_settle(struct keyfile *kf, uint64_t epoch)
{
    uint8_t noise[PAGE];
    struct secret *key = NULL;
    if (kf->settled)
        return ERR_OK;
    enum err e = open_place(kf, kf->slots, epoch, &key);
    if (e == ERR_KEY && kf->turned != NULL &&
        (e = open_place(kf, kf->turned, epoch, &key)) == ERR_OK) {
        struct keyslots *old = kf->slots;
        kf->slots = kf->turned, kf->turned = old;
        kf->side ^= 1u;
    }
    secret_free(key);
    if (e != ERR_OK) /* nothing is overwritten unless it is sure which side is alive */
        return e;
    randombytes_buf(noise, sizeof noise);
    e = overwrite(kf->fd, side_at(kf->side ^ 1u), noise, sizeof noise);
    if (e != ERR_OK)
        return not_written(e);
    keyslots_free(kf->turned);
    kf->turned = NULL;
    kf->settled = true;
    return ERR_OK;
}

enum err keyfile_wipe(const char *path)
{
    uint8_t noise[KEYFILE_LEN - PAGE];
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return ERR_FILE;
    randombytes_buf(noise, sizeof noise);
    enum err e = overwrite(fd, PAGE, noise, sizeof noise);
    close(fd);
    return e;
}
