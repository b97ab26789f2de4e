#include "core/notice.h"

#include <string.h>

enum { NOTICE_VERSION = 1, MAGIC_LEN = 8, GOLIVE_SIGNED = MAGIC_LEN + 2 + HASH_LEN };

static const struct {
    char magic[MAGIC_LEN + 1];
    const char *use;
    bool has_n, has_value;
} kinds[NOTICE__COUNT] = {
    [NOTICE_APPROVAL] = {"SANAQAP1", "approve", false, true},
    [NOTICE_REVOCATION] = {"SANAQRV1", "revoke", true, false},
    [NOTICE_RECEIPT] = {"SANAQRC1", "receipt", true, true},
    [NOTICE_CHOICE] = {"SANAQCH1", "choose", true, true},
};
static const char golive_magic[MAGIC_LEN + 1] = "SANAQGL1";

/* The label goes in front of what is signed but not into the file. */
static void message_of(const char *use, struct bytes b, struct buffer *out)
{
    uint8_t label[LABEL_LEN];
    hash_label(label, use);
    buffer_add(out, label, sizeof label);
    buffer_add(out, b.p, b.len);
}

static bool signed_by(const char *use, struct bytes b, const uint8_t sig[SIGN_LEN],
                      const uint8_t key[32])
{
    struct buffer m = {0};
    message_of(use, b, &m);
    bool ok = !m.failed && crypto_sign_verify_detached(sig, m.p, m.len, key) == 0;
    buffer_free(&m);
    return ok;
}

static enum err sign(const char *use, struct bytes b, const uint8_t secret_key[64],
                     uint8_t sig[SIGN_LEN])
{
    struct buffer m = {0};
    message_of(use, b, &m);
    bool ok = !m.failed;
    if (ok)
        crypto_sign_detached(sig, NULL, m.p, m.len, secret_key);
    buffer_free(&m);
    return ok ? ERR_OK : ERR_NOMEM;
}

static bool kind_of(const uint8_t magic[MAGIC_LEN], enum notice_kind *kind)
{
    for (int i = 0; i < NOTICE__COUNT; i++)
        if (memcmp(magic, kinds[i].magic, MAGIC_LEN) == 0) {
            *kind = (enum notice_kind)i;
            return true;
        }
    return false;
}

bool notice_pack(struct bytes b, uint8_t pack[HASH_LEN])
{
    struct reader r = reader_of(b);
    read_view(&r, MAGIC_LEN + 2);
    read_raw(&r, pack, HASH_LEN);
    return !r.failed;
}

enum err notice_parse(struct bytes b, const struct pack *pack, struct notice *out)
{
    struct reader r = reader_of(b);
    struct notice n = {0};
    uint8_t magic[MAGIC_LEN], sig[SIGN_LEN];
    read_raw(&r, magic, sizeof magic);
    if (r.failed || !kind_of(magic, &n.kind) || read_u16(&r) != NOTICE_VERSION)
        return ERR_FORMAT;
    read_raw(&r, n.pack, sizeof n.pack);
    read_raw(&r, n.device, sizeof n.device);
    if (kinds[n.kind].has_n)
        n.n = read_u64(&r);
    if (kinds[n.kind].has_value)
        read_raw(&r, n.value, sizeof n.value);
    n.researcher = read_u8(&r);
    struct bytes covered = {b.p, (size_t)(r.p - b.p)};
    read_raw(&r, sig, sizeof sig);
    if (!reader_done(&r))
        return ERR_FORMAT;
    if (memcmp(n.pack, pack->hash, HASH_LEN) != 0 || n.researcher >= pack->researchers ||
        !signed_by(kinds[n.kind].use, covered, sig, pack->researcher[n.researcher].sign))
        return ERR_SIGNATURE;
    *out = n;
    return ERR_OK;
}

enum err notice_make(const struct notice *n, const uint8_t secret_key[64], struct buffer *out)
{
    uint8_t sig[SIGN_LEN];
    size_t start = out->len;
    buffer_add(out, kinds[n->kind].magic, MAGIC_LEN);
    buffer_u16(out, NOTICE_VERSION);
    buffer_add(out, n->pack, sizeof n->pack);
    buffer_add(out, n->device, sizeof n->device);
    if (kinds[n->kind].has_n)
        buffer_u64(out, n->n);
    if (kinds[n->kind].has_value)
        buffer_add(out, n->value, sizeof n->value);
    buffer_u8(out, n->researcher);
    if (out->failed)
        return ERR_NOMEM;
    enum err e =
        sign(kinds[n->kind].use, (struct bytes){out->p + start, out->len - start}, secret_key, sig);
    if (e != ERR_OK)
        return e;
    buffer_add(out, sig, sizeof sig);
    return out->failed ? ERR_NOMEM : ERR_OK;
}

void notice_hash(struct bytes approval, uint8_t out[HASH_LEN])
{
    hash_once(out, NULL, "approve", approval);
}

static const struct pack_key *recipient(const struct pack *pack, size_t i)
{
    return i < pack->researchers ? &pack->researcher[i] : &pack->supervisor[i - pack->researchers];
}

size_t notice_golive_recipients(const struct pack *pack)
{
    return pack->researchers + pack->supervisors;
}

int notice_golive_place(const struct pack *pack, const uint8_t sign_key[32])
{
    for (size_t i = 0; i < notice_golive_recipients(pack); i++)
        if (memcmp(recipient(pack, i)->sign, sign_key, 32) == 0)
            return (int)i;
    return -1;
}

static void golive_start(const uint8_t pack[HASH_LEN], uint8_t out[GOLIVE_SIGNED])
{
    struct writer w = writer_of(out, GOLIVE_SIGNED);
    write_raw(&w, golive_magic, MAGIC_LEN);
    write_u16(&w, NOTICE_VERSION);
    write_raw(&w, pack, HASH_LEN);
}

void notice_golive_sign(const uint8_t pack[HASH_LEN], const uint8_t secret_key[64],
                        uint8_t sig[SIGN_LEN])
{
    uint8_t message[LABEL_LEN + GOLIVE_SIGNED];
    hash_label(message, "golive");
    golive_start(pack, message + LABEL_LEN);
    crypto_sign_detached(sig, NULL, message, sizeof message, secret_key);
}

void notice_golive_make(const struct pack *pack, const uint8_t (*sig)[SIGN_LEN], struct buffer *out)
{
    uint8_t start[GOLIVE_SIGNED];
    golive_start(pack->hash, start);
    buffer_add(out, start, sizeof start);
    buffer_u8(out, (uint8_t)notice_golive_recipients(pack));
    for (size_t i = 0; i < notice_golive_recipients(pack); i++)
        buffer_add(out, sig[i], SIGN_LEN);
}

enum err notice_golive_check(struct bytes b, const struct pack *pack)
{
    uint8_t start[GOLIVE_SIGNED], sig[SIGN_LEN];
    struct reader r = reader_of(b);
    struct bytes covered = read_view(&r, GOLIVE_SIGNED);
    golive_start(pack->hash, start);
    if (r.failed || memcmp(covered.p, start, sizeof start) != 0 ||
        read_u8(&r) != notice_golive_recipients(pack))
        return ERR_FORMAT;
    for (size_t i = 0; i < notice_golive_recipients(pack); i++) {
        read_raw(&r, sig, sizeof sig);
        if (!signed_by("golive", covered, sig, recipient(pack, i)->sign))
            return ERR_SIGNATURE;
    }
    return reader_done(&r) ? ERR_OK : ERR_FORMAT;
}
