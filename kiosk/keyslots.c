#include "kiosk/keyslots.h"

#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "kiosk/text.h"

enum { KEY_LEN = LOCALBOX_KEY_LEN, LOCKED_LEN = KEY_LEN + LOCALBOX_MORE };

struct keyslots {
    struct secret *local, *sign_key;
    struct slot {
        uint8_t tag[KEYSLOTS_TAG_LEN]; /* of the code; zeros: empty */
        uint8_t key[KEY_LEN];          /* public half of the slot's pair */
        uint8_t locked[LOCKED_LEN];    /* its secret half, or noise */
    } slot[KEYSLOTS];
};

static const uint8_t no_tag[KEYSLOTS_TAG_LEN];

/* The first 16 bytes of H(use, salt, code). */
static void tag_of(const struct keyslots_device *d, const char *use, const char *code,
                   uint8_t out[KEYSLOTS_TAG_LEN])
{
    uint8_t full[HASH_LEN];
    struct hash h;
    hash_start(&h, NULL, use);
    hash_add(&h, d->salt, SECRET_SALT_LEN);
    hash_add(&h, code, strlen(code));
    hash_end(&h, full);
    memcpy(out, full, KEYSLOTS_TAG_LEN);
}

enum err keyslots_stretch(const struct keyslots_device *d, const char *code,
                          const struct secret *passphrase, struct secret **out)
{
    uint8_t salt[SECRET_SALT_LEN]; /* all slots look alike: the code goes into the salt */
    _Static_assert((int)SECRET_SALT_LEN == (int)KEYSLOTS_TAG_LEN, "a tag is a salt");
    tag_of(d, "slot", code, salt);
    return secret_stretch(passphrase, salt, d->cost, out);
}

void keyslots_free(struct keyslots *ks)
{
    if (ks == NULL)
        return;
    secret_free(ks->local);
    secret_free(ks->sign_key);
    secret_wipe(ks, sizeof *ks);
    free(ks);
}

static enum err blank(const struct secret *sign_key, struct keyslots **out)
{
    struct keyslots *ks = calloc(1, sizeof *ks);
    if (ks == NULL)
        return ERR_NOMEM;
    enum err e = secret_random(KEY_LEN, &ks->local);
    if (e == ERR_OK)
        e = secret_copy(secret_view(sign_key), KEYSLOTS_SIGN_LEN, &ks->sign_key);
    if (e != ERR_OK) {
        keyslots_free(ks);
        return e;
    }
    *out = ks;
    return ERR_OK;
}

enum err keyslots_create(const struct secret *sign_key, struct keyslots **out)
{
    enum err e = blank(sign_key, out);
    for (int i = 0; e == ERR_OK && i < KEYSLOTS; i++)
        keyslots_clear(*out, i);
    return e;
}

/* The key shared by the pair of a side and the pair of a slot. */
static enum err shared_key(const uint8_t *secret_half, const uint8_t *public_half,
                           struct secret **out)
{
    struct secret *key = NULL;
    enum err e = secret_new(KEY_LEN, &key);
    if (e != ERR_OK)
        return e;
    if (crypto_scalarmult(secret_bytes(key), secret_half, public_half) != 0) {
        secret_free(key);
        return ERR_KEY;
    }
    *out = key;
    return ERR_OK;
}

static enum err hand_over(const struct keyslots *ks, const struct keyslots_device *d,
                          const struct secret *pair, size_t i, uint8_t *out)
{
    struct secret *shared = NULL;
    enum err e = shared_key(secret_view(pair), ks->slot[i].key, &shared);
    if (e == ERR_OK)
        localbox_seal(shared, "share", d->device, i,
                      (struct bytes){secret_view(ks->local), KEY_LEN}, out);
    secret_free(shared);
    return e;
}

static enum err write_body(const struct keyslots *ks, const struct keyslots_device *d, uint8_t *out)
{
    struct secret *body = NULL;
    enum err e = secret_new(KEYSLOTS_BODY_LEN, &body);
    if (e != ERR_OK)
        return e;
    struct writer w = writer_of(secret_bytes(body), KEYSLOTS_BODY_LEN);
    write_raw(&w, secret_view(ks->sign_key), KEYSLOTS_SIGN_LEN);
    for (size_t i = 0; i < KEYSLOTS; i++) {
        write_raw(&w, ks->slot[i].tag, KEYSLOTS_TAG_LEN);
        write_raw(&w, ks->slot[i].key, KEY_LEN);
    }
    localbox_seal(ks->local, "local", d->device, 0,
                  (struct bytes){secret_view(body), KEYSLOTS_BODY_LEN}, out);
    secret_free(body);
    return ERR_OK;
}

enum err keyslots_write(const struct keyslots *ks, const struct keyslots_device *d,
                        uint8_t out[KEYSLOTS_LEN])
{
    struct secret *pair = NULL; /* for this side once, then forgotten */
    enum err e = secret_random(KEY_LEN, &pair);
    if (e == ERR_OK)
        crypto_scalarmult_base(out, secret_view(pair));
    uint8_t *at = out + KEY_LEN;
    for (size_t i = 0; e == ERR_OK && i < KEYSLOTS; i++, at += KEYSLOTS_SLOT_LEN) {
        memcpy(at, ks->slot[i].locked, LOCKED_LEN);
        if (memcmp(ks->slot[i].tag, no_tag, sizeof no_tag) != 0)
            e = hand_over(ks, d, pair, i, at + LOCKED_LEN);
        else
            randombytes_buf(at + LOCKED_LEN, LOCKED_LEN);
    }
    if (e == ERR_OK)
        e = write_body(ks, d, at);
    secret_free(pair);
    return e;
}

static enum err read_body(struct keyslots *ks, const struct keyslots_device *d, struct bytes side)
{
    struct secret *body = NULL;
    size_t len = KEYSLOTS_BODY_LEN + LOCALBOX_MORE;
    enum err e = secret_new(KEYSLOTS_BODY_LEN, &body);
    if (e == ERR_OK)
        e = secret_new(KEYSLOTS_SIGN_LEN, &ks->sign_key);
    if (e == ERR_OK &&
        !localbox_open(ks->local, "local", d->device, 0,
                       (struct bytes){side.p + side.len - len, len}, secret_bytes(body)))
        e = ERR_KEY;
    if (e != ERR_OK)
        goto out;
    struct reader r = reader_of((struct bytes){secret_view(body), KEYSLOTS_BODY_LEN});
    read_raw(&r, secret_bytes(ks->sign_key), KEYSLOTS_SIGN_LEN);
    for (size_t i = 0; i < KEYSLOTS; i++) {
        read_raw(&r, ks->slot[i].tag, KEYSLOTS_TAG_LEN);
        read_raw(&r, ks->slot[i].key, KEY_LEN);
        memcpy(ks->slot[i].locked, side.p + KEY_LEN + i * KEYSLOTS_SLOT_LEN, LOCKED_LEN);
    }
out:
    secret_free(body);
    return e;
}

/* The local key out of slot ${i}. */
static enum err open_slot(struct bytes side, const struct keyslots_device *d,
                          const struct secret *stretched, size_t i, struct secret **local)
{
    const uint8_t *at = side.p + KEY_LEN + i * KEYSLOTS_SLOT_LEN;
    struct secret *half = NULL, *shared = NULL, *key = NULL;
    enum err e = secret_new(KEY_LEN, &half);
    if (e == ERR_OK)
        e = secret_new(KEY_LEN, &key);
    if (e == ERR_OK && !localbox_open(stretched, "slot", d->device, 0,
                                      (struct bytes){at, LOCKED_LEN}, secret_bytes(half)))
        e = ERR_KEY;
    if (e == ERR_OK)
        e = shared_key(secret_view(half), side.p, &shared);
    if (e == ERR_OK &&
        !localbox_open(shared, "share", d->device, i, (struct bytes){at + LOCKED_LEN, LOCKED_LEN},
                       secret_bytes(key)))
        e = ERR_KEY;
    if (e == ERR_OK)
        *local = key, key = NULL;
    secret_free(half);
    secret_free(shared);
    secret_free(key);
    return e;
}

enum err keyslots_open(struct bytes side, const struct keyslots_device *d,
                       const struct secret *stretched, struct keyslots **out)
{
    struct keyslots *ks = calloc(1, sizeof *ks);
    enum err e = ks == NULL ? ERR_NOMEM : side.len != KEYSLOTS_LEN ? ERR_FORMAT : ERR_KEY;
    for (size_t i = 0; e == ERR_KEY && i < KEYSLOTS; i++)
        e = open_slot(side, d, stretched, i, &ks->local);
    if (e == ERR_OK)
        e = read_body(ks, d, side);
    if (e == ERR_OK)
        *out = ks, ks = NULL;
    keyslots_free(ks);
    return e;
}

const struct secret *keyslots_local(const struct keyslots *ks)
{
    return ks->local;
}

const struct secret *keyslots_sign_key(const struct keyslots *ks)
{
    return ks->sign_key;
}

static bool empty(const struct keyslots *ks, int slot)
{
    return memcmp(ks->slot[slot].tag, no_tag, sizeof no_tag) == 0;
}

size_t keyslots_used(const struct keyslots *ks)
{
    size_t used = 0;
    for (int i = 0; i < KEYSLOTS; i++)
        used += !empty(ks, i);
    return used;
}

int keyslots_find(const struct keyslots *ks, const struct keyslots_device *d, const char *code)
{
    uint8_t tag[KEYSLOTS_TAG_LEN];
    tag_of(d, "code", code, tag);
    for (int i = 0; i < KEYSLOTS; i++)
        if (memcmp(ks->slot[i].tag, tag, sizeof tag) == 0)
            return i;
    return -1;
}

int keyslots_spare(const struct keyslots *ks)
{
    int first = (int)randombytes_uniform(KEYSLOTS);
    for (int i = 0; i < KEYSLOTS; i++)
        if (empty(ks, (first + i) % KEYSLOTS))
            return (first + i) % KEYSLOTS;
    return -1;
}

enum err keyslots_put(struct keyslots *ks, const struct keyslots_device *d, int slot,
                      const char *code, const struct secret *stretched)
{
    struct slot *s = &ks->slot[slot];
    struct secret *half = NULL;
    enum err e = secret_random(KEY_LEN, &half);
    if (e != ERR_OK)
        return e;
    crypto_scalarmult_base(s->key, secret_view(half));
    tag_of(d, "code", code, s->tag);
    localbox_seal(stretched, "slot", d->device, 0, (struct bytes){secret_view(half), KEY_LEN},
                  s->locked);
    secret_free(half);
    return ERR_OK;
}

void keyslots_clear(struct keyslots *ks, int slot)
{
    struct slot *s = &ks->slot[slot];
    memset(s->tag, 0, sizeof s->tag);
    randombytes_buf(s->key, sizeof s->key);
    randombytes_buf(s->locked, sizeof s->locked);
}

static enum err find_slot(const struct keyslots *ks, const struct keyslots_device *d,
                          enum keyslots_change change, const char *code, int *slot)
{
    *slot = keyslots_find(ks, d, code);
    if (change != KEYSLOTS_ADD)
        return *slot >= 0 ? ERR_OK
                          : log_fail(ERR_STATE, _("no interviewer of this laptop has this code"));
    if (*slot >= 0)
        return log_fail(ERR_STATE, _("an interviewer of this laptop has this code already"));
    *slot = keyslots_spare(ks);
    return *slot >= 0 ? ERR_OK
                      : log_fail(ERR_STATE, _("all eight places for interviewers are taken; "
                                              "remove one first"));
}

enum err keyslots_changed(const struct keyslots *ks, const struct keyslots_device *d,
                          enum keyslots_change change, const char *code,
                          const struct secret *passphrase, struct keyslots **out)
{
    struct secret *stretched = NULL;
    struct keyslots *next = NULL;
    int slot = -1;
    enum err e = find_slot(ks, d, change, code, &slot);
    if (e == ERR_OK)
        e = blank(ks->sign_key, &next);
    if (e != ERR_OK)
        return e;
    memcpy(next->slot, ks->slot, sizeof ks->slot);
    if (change == KEYSLOTS_REMOVE)
        keyslots_clear(next, slot);
    else if ((e = keyslots_stretch(d, code, passphrase, &stretched)) == ERR_OK)
        e = keyslots_put(next, d, slot, code, stretched);
    if (e == ERR_OK)
        *out = next, next = NULL;
    secret_free(stretched);
    keyslots_free(next);
    return e;
}
