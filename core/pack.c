#include "core/pack.h"

#include <stdlib.h>
#include <string.h>

#include "core/log.h"

static const char magic[8] = "SANAQPK1";
enum { PACK_VERSION = 1, STRATUM_MAX_NAME = 255 };

static bool read_keys(struct reader *r, struct pack_key *key, size_t *count, size_t least,
                      size_t most)
{
    *count = read_u8(r);
    if (r->failed || *count < least || *count > most)
        return false;
    for (size_t i = 0; i < *count; i++) {
        read_raw(r, key[i].sign, sizeof key[i].sign);
        read_raw(r, key[i].box, sizeof key[i].box);
    }
    return !r->failed;
}

/* One person with two places would be two signers. */
bool pack_keys_differ(const struct pack_key *key, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++)
            if (memcmp(key[i].sign, key[k].sign, sizeof key[i].sign) == 0 ||
                memcmp(key[i].box, key[k].box, sizeof key[i].box) == 0)
                return false;
    return true;
}

/* In the signed part: whoever reorders the signatures makes nobody the signer. */
static bool read_signer(struct reader *r, struct pack *p)
{
    p->signer = read_u8(r);
    return !r->failed && p->signer < p->researchers;
}

static bool read_parts(struct reader *r, struct pack *p)
{
    p->number = read_u32(r);
    read_raw(r, p->replaces, sizeof p->replaces);
    p->study = read_view(r, read_u32(r));
    p->points = read_view(r, read_u32(r));
    p->strata = read_u16(r);
    if (r->failed || p->number == 0 || (p->number == 1) != sodium_is_zero(p->replaces, HASH_LEN) ||
        p->strata == 0 || p->strata > PACK_MAX_STRATA || p->study.len > PACK_MAX_STUDY)
        return false;
    for (size_t i = 0; i < p->strata; i++)
        p->stratum[i] = read_view(r, read_u8(r));
    return read_keys(r, p->researcher, &p->researchers, 2, PACK_MAX_RESEARCHERS) &&
           read_keys(r, p->supervisor, &p->supervisors, 0, PACK_MAX_SUPERVISORS) &&
           pack_keys_differ(p->researcher, p->researchers) &&
           pack_keys_differ(p->supervisor, p->supervisors) && read_signer(r, p);
}

static void hash_of(struct bytes signed_part, uint8_t out[HASH_LEN])
{
    hash_once(out, NULL, "pack", signed_part);
}

static void message_of(const uint8_t hash[HASH_LEN], uint8_t out[LABEL_LEN + HASH_LEN])
{
    hash_label(out, "pack");
    memcpy(out + LABEL_LEN, hash, HASH_LEN);
}

/* Signatures: each by another researcher of the pack, each valid. */
static enum err read_signatures(struct reader *r, struct pack *p)
{
    uint8_t message[LABEL_LEN + HASH_LEN];
    message_of(p->hash, message);
    p->signatures = read_u8(r);
    if (r->failed || p->signatures == 0 || p->signatures > p->researchers)
        return ERR_FORMAT;
    for (size_t i = 0; i < p->signatures; i++) {
        uint8_t who = read_u8(r), sig[SIGN_LEN];
        read_raw(r, sig, sizeof sig);
        if (r->failed || who >= p->researchers || (p->signed_by >> who & 1) != 0 ||
            (i == 0 && who != p->signer))
            return ERR_FORMAT;
        if (crypto_sign_verify_detached(sig, message, sizeof message, p->researcher[who].sign) != 0)
            return ERR_SIGNATURE;
        p->signed_by |= UINT32_C(1) << who;
    }
    return reader_done(r) ? ERR_OK : ERR_FORMAT;
}

static enum err parse(struct pack *p, const char *name)
{
    struct reader r = reader_of(buffer_view(&p->bytes));
    uint8_t head[8];
    read_raw(&r, head, sizeof head);
    if (r.failed || memcmp(head, magic, sizeof magic) != 0)
        return log_fail(ERR_FORMAT, "%s: this is not a pack; ask the researchers for study.pack",
                        name);
    if (read_u16(&r) != PACK_VERSION || read_u16(&r) != PACK_ALGORITHM)
        return log_fail(ERR_UNSUPPORTED,
                        "%s: this pack needs a newer version of the program (or is damaged)", name);
    if (!read_parts(&r, p))
        return log_fail(ERR_FORMAT, "%s: the pack is damaged or cut short; copy it again", name);
    hash_of((struct bytes){p->bytes.p, (size_t)(r.p - p->bytes.p)}, p->hash);
    enum err e = read_signatures(&r, p);
    if (e == ERR_SIGNATURE)
        return log_fail(e, "%s: a signature of this pack does not fit; do not use it", name);
    if (e != ERR_OK)
        return log_fail(e, "%s: the pack is damaged or cut short; copy it again", name);
    return ERR_OK;
}

enum err pack_parse(struct bytes b, const char *name, struct pack **out)
{
    if (b.len > PACK_MAX_BYTES)
        return log_fail(ERR_FORMAT, "%s: too large for a pack", name);
    struct pack *p = calloc(1, sizeof *p);
    if (p == NULL)
        return ERR_NOMEM;
    buffer_add(&p->bytes, b.p, b.len);
    enum err e = p->bytes.failed ? ERR_NOMEM : parse(p, name);
    if (e != ERR_OK) {
        pack_free(p);
        return e;
    }
    *out = p;
    return ERR_OK;
}

void pack_free(struct pack *p)
{
    if (p == NULL)
        return;
    buffer_free(&p->bytes);
    free(p);
}

static void add_keys(struct buffer *b, const struct pack_key *key, size_t count)
{
    buffer_u8(b, (uint8_t)count);
    for (size_t i = 0; i < count; i++) {
        buffer_add(b, key[i].sign, sizeof key[i].sign);
        buffer_add(b, key[i].box, sizeof key[i].box);
    }
}

static bool within_limits(const struct pack_parts *parts, uint8_t signer)
{
    bool ok = parts->number > 0 && (parts->number == 1) == (parts->replaces == NULL) &&
              parts->study.len <= PACK_MAX_STUDY && parts->strata >= 1 &&
              parts->strata <= PACK_MAX_STRATA && parts->researchers >= 2 &&
              parts->researchers <= PACK_MAX_RESEARCHERS &&
              parts->supervisors <= PACK_MAX_SUPERVISORS && signer < parts->researchers;
    for (size_t i = 0; ok && i < parts->strata; i++)
        ok = strlen(parts->stratum[i]) <= STRATUM_MAX_NAME;
    return ok;
}

enum err pack_make(const struct pack_parts *parts, uint8_t signer, const uint8_t secret_key[64],
                   struct buffer *out)
{
    static const uint8_t none[HASH_LEN];
    uint8_t hash[HASH_LEN], message[LABEL_LEN + HASH_LEN], sig[SIGN_LEN];
    if (!within_limits(parts, signer))
        return log_fail(ERR_USAGE,
                        "the pack cannot hold this study: it takes 2 to %d researchers, "
                        "at most %d supervisors, %d strata with names of %d bytes",
                        PACK_MAX_RESEARCHERS, PACK_MAX_SUPERVISORS, PACK_MAX_STRATA,
                        STRATUM_MAX_NAME);
    buffer_add(out, magic, sizeof magic);
    buffer_u16(out, PACK_VERSION);
    buffer_u16(out, PACK_ALGORITHM);
    buffer_u32(out, parts->number);
    buffer_add(out, parts->replaces != NULL ? parts->replaces : none, HASH_LEN);
    buffer_u32(out, (uint32_t)parts->study.len);
    buffer_add(out, parts->study.p, parts->study.len);
    buffer_u32(out, (uint32_t)parts->points.len);
    buffer_add(out, parts->points.p, parts->points.len);
    buffer_u16(out, (uint16_t)parts->strata);
    for (size_t i = 0; i < parts->strata; i++) {
        size_t len = strlen(parts->stratum[i]);
        buffer_u8(out, (uint8_t)len);
        buffer_add(out, parts->stratum[i], len);
    }
    add_keys(out, parts->researcher, parts->researchers);
    add_keys(out, parts->supervisor, parts->supervisors);
    buffer_u8(out, signer);
    if (out->failed)
        return ERR_NOMEM;
    hash_of(buffer_view(out), hash);
    message_of(hash, message);
    crypto_sign_detached(sig, NULL, message, sizeof message, secret_key);
    buffer_u8(out, 1);
    buffer_u8(out, signer);
    buffer_add(out, sig, sizeof sig);
    return out->failed ? ERR_NOMEM : ERR_OK;
}

enum err pack_sign(const struct pack *p, uint8_t who, const uint8_t secret_key[64],
                   struct buffer *out)
{
    enum { ONE = 1 + SIGN_LEN };
    uint8_t message[LABEL_LEN + HASH_LEN], sig[SIGN_LEN];
    size_t before = p->bytes.len - p->signatures * ONE - 1; /* up to their number */
    if (who >= p->researchers || (p->signed_by >> who & 1) != 0)
        return ERR_STATE;
    message_of(p->hash, message);
    crypto_sign_detached(sig, NULL, message, sizeof message, secret_key);
    buffer_add(out, p->bytes.p, before);
    buffer_u8(out, (uint8_t)(p->signatures + 1));
    buffer_add(out, p->bytes.p + before + 1, p->signatures * ONE);
    buffer_u8(out, who);
    buffer_add(out, sig, sizeof sig);
    return out->failed ? ERR_NOMEM : ERR_OK;
}

void pack_key_fingerprint(const struct pack_key *key, uint8_t out[HASH_LEN])
{
    struct hash h;
    hash_start(&h, NULL, "key");
    hash_add(&h, key->sign, sizeof key->sign);
    hash_add(&h, key->box, sizeof key->box);
    hash_end(&h, out);
}

static int find_key(const struct pack_key *key, size_t count, const uint8_t sign_key[32])
{
    for (size_t i = 0; i < count; i++)
        if (memcmp(key[i].sign, sign_key, 32) == 0)
            return (int)i;
    return -1;
}

int pack_researcher(const struct pack *p, const uint8_t sign_key[32])
{
    return find_key(p->researcher, p->researchers, sign_key);
}

int pack_supervisor(const struct pack *p, const uint8_t sign_key[32])
{
    return find_key(p->supervisor, p->supervisors, sign_key);
}
