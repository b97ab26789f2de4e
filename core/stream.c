#include "core/stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char magic[8] = "SANAQST1";
enum { STREAM_VERSION = 1, KEY_LEN = 32 };

struct stream {
    uint8_t id[HASH_LEN];
    uint8_t before[HASH_LEN]; /* head before the next entry: the id, then the chain's head */
    size_t field_len, answers_len;
    struct stream_chain *chain;
    const struct secret *sign_key;
    struct secret *keys; /* f, a, and room for the two keys that seal one entry */
};

size_t stream_entry_len(size_t field_len, size_t answers_len)
{
    return field_len + answers_len + 2 * STREAM_TAG_LEN + STREAM_MAC_LEN + SIGN_LEN;
}

const uint8_t *stream_preamble_device(struct bytes preamble)
{
    enum { DEVICE_AT = sizeof magic + 2 + HASH_LEN };
    return preamble.len >= DEVICE_AT + 32 ? preamble.p + DEVICE_AT : NULL;
}

size_t stream_preamble_len(const struct pack *pack)
{
    enum { FIXED = 8 + 2 + HASH_LEN + 32 + 8 + 8 + HASH_LEN + 2 + 2 + 2 * HASH_LEN };
    return FIXED + 1 + pack->researchers * (2 * KEY_LEN + crypto_box_SEALBYTES) + 1 +
           pack->supervisors * (KEY_LEN + crypto_box_SEALBYTES) + SIGN_LEN;
}

static void put_u64(uint8_t *p, uint64_t v)
{
    struct writer w = writer_of(p, 8);
    write_u64(&w, v);
}

void stream_ad(const char *part, const uint8_t id[HASH_LEN], uint64_t n, uint8_t out[STREAM_AD_LEN])
{
    hash_label(out, part);
    memcpy(out + LABEL_LEN, id, HASH_LEN);
    put_u64(out + LABEL_LEN + HASH_LEN, n);
}

void stream_signed(const uint8_t id[HASH_LEN], uint64_t n, const uint8_t head[HASH_LEN],
                   uint8_t out[STREAM_SIGNED_LEN])
{
    stream_ad("entry", id, n, out);
    memcpy(out + STREAM_AD_LEN, head, HASH_LEN);
}

void stream_head(const uint8_t before[HASH_LEN], struct bytes sealed, uint8_t out[HASH_LEN])
{
    struct hash h;
    hash_start(&h, NULL, "head");
    hash_add(&h, before, HASH_LEN);
    hash_add(&h, sealed.p, sealed.len - SIGN_LEN);
    hash_end(&h, out);
}

void stream_mac(const uint8_t key[32], const uint8_t device[32], uint64_t n,
                const uint8_t before[HASH_LEN], struct bytes parts, uint8_t out[STREAM_MAC_LEN])
{
    struct hash h;
    hash_start(&h, key, "mac");
    hash_add(&h, device, 32);
    hash_add_u64(&h, n);
    hash_add(&h, before, HASH_LEN);
    hash_add(&h, parts.p, parts.len);
    hash_end(&h, out);
}

void stream_ratchet(uint8_t key[32], uint8_t once[32])
{
    uint8_t label[LABEL_LEN], both[64];
    hash_label(label, "seal");
    crypto_generichash(both, sizeof both, label, sizeof label, key, KEY_LEN);
    memcpy(once, both, 32);
    memcpy(key, both + 32, 32);
    secret_wipe(both, sizeof both);
}

static enum err add_boxes(struct buffer *b, const struct pack_key *key, size_t count,
                          const uint8_t *keys, size_t keys_len)
{
    uint8_t box[64 + crypto_box_SEALBYTES];
    buffer_u8(b, (uint8_t)count);
    for (size_t i = 0; i < count; i++) {
        if (crypto_box_seal(box, keys, keys_len, key[i].box) != 0)
            return ERR_KEY;
        buffer_add(b, box, keys_len + crypto_box_SEALBYTES);
    }
    return ERR_OK;
}

static enum err write_preamble(const struct stream *st, const struct pack *pack, uint64_t number,
                               struct buffer *b)
{
    uint8_t commit[HASH_LEN];
    const uint8_t *keys = secret_view(st->keys), *sign = secret_view(st->sign_key);
    buffer_add(b, magic, sizeof magic);
    buffer_u16(b, STREAM_VERSION);
    buffer_add(b, pack->hash, HASH_LEN);
    buffer_add(b, sign + 32, 32);
    buffer_u64(b, number);
    buffer_u64(b, st->chain->next);
    buffer_add(b, st->chain->head, HASH_LEN);
    buffer_u16(b, (uint16_t)(st->field_len + STREAM_TAG_LEN));
    buffer_u16(b, (uint16_t)(st->answers_len + STREAM_TAG_LEN));
    for (size_t i = 0; i < 2; i++) {
        hash_once(commit, NULL, "commit", (struct bytes){keys + KEY_LEN * i, KEY_LEN});
        buffer_add(b, commit, sizeof commit);
    }
    enum err e = add_boxes(b, pack->researcher, pack->researchers, keys, 2 * KEY_LEN);
    if (e == ERR_OK)
        e = add_boxes(b, pack->supervisor, pack->supervisors, keys, KEY_LEN);
    return e == ERR_OK && b->failed ? ERR_NOMEM : e;
}

static enum err sign_preamble(struct stream *st, struct buffer *b)
{
    uint8_t sig[SIGN_LEN];
    struct buffer message = {0};
    uint8_t label[LABEL_LEN];
    hash_once(st->id, NULL, "stream", buffer_view(b));
    hash_label(label, "preamble");
    buffer_add(&message, label, sizeof label);
    buffer_add(&message, b->p, b->len);
    if (!message.failed) {
        crypto_sign_detached(sig, NULL, message.p, message.len, secret_view(st->sign_key));
        buffer_add(b, sig, sizeof sig);
    }
    bool failed = message.failed || b->failed;
    buffer_free(&message);
    return failed ? ERR_NOMEM : ERR_OK;
}

enum err stream_begin(const struct pack *pack, const struct secret *sign_key,
                      struct stream_chain *chain, uint64_t number, size_t field_len,
                      size_t answers_len, struct stream **out, struct buffer *preamble)
{
    struct buffer b = {0};
    struct stream *st = calloc(1, sizeof *st);
    if (st == NULL)
        return ERR_NOMEM;
    st->field_len = field_len;
    st->answers_len = answers_len;
    st->chain = chain;
    st->sign_key = sign_key;
    enum err e = secret_new(4 * KEY_LEN, &st->keys);
    if (e == ERR_OK) {
        randombytes_buf(secret_bytes(st->keys), 2 * KEY_LEN);
        e = write_preamble(st, pack, number, &b);
    }
    if (e == ERR_OK)
        e = sign_preamble(st, &b);
    if (e != ERR_OK) {
        buffer_free(&b);
        stream_free(st);
        return e;
    }
    memcpy(st->before, st->id, HASH_LEN);
    *preamble = b;
    *out = st;
    return ERR_OK;
}

static void seal_part(struct stream *st, size_t part, const char *label, const uint8_t *plain,
                      size_t len, uint8_t *out)
{
    static const uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
    uint8_t ad[STREAM_AD_LEN];
    uint8_t *keys = secret_bytes(st->keys), *once = keys + (2 + part) * KEY_LEN;
    stream_ad(label, st->id, st->chain->next, ad);
    stream_ratchet(keys + part * KEY_LEN, once);
    crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, plain, len, ad, sizeof ad, NULL, nonce,
                                              once);
    secret_wipe(once, KEY_LEN);
}

void stream_seal(struct stream *st, const uint8_t *field, const uint8_t *answers, uint8_t *out)
{
    struct stream_chain *c = st->chain;
    uint8_t message[STREAM_SIGNED_LEN], head[HASH_LEN];
    uint8_t *k = secret_bytes(c->mac);
    size_t field_end = st->field_len + STREAM_TAG_LEN;
    size_t parts = field_end + st->answers_len + STREAM_TAG_LEN;
    seal_part(st, 0, "field", field, st->field_len, out);
    seal_part(st, 1, "answers", answers, st->answers_len, out + field_end);
    stream_mac(k, secret_view(st->sign_key) + 32, c->next, st->before, (struct bytes){out, parts},
               out + parts);
    hash_once(k, k, "next", (struct bytes){NULL, 0});
    stream_head(st->before, (struct bytes){out, parts + STREAM_MAC_LEN + SIGN_LEN}, head);
    stream_signed(st->id, c->next, head, message);
    crypto_sign_detached(out + parts + STREAM_MAC_LEN, NULL, message, sizeof message,
                         secret_view(st->sign_key));
    memcpy(c->head, head, HASH_LEN);
    memcpy(st->before, head, HASH_LEN);
    c->next++;
}

void stream_free(struct stream *st)
{
    if (st == NULL)
        return;
    secret_free(st->keys);
    free(st);
}

void stream_closing(uint64_t n, const uint8_t mac[STREAM_MAC_LEN], char out[STREAM_CLOSING])
{
    uint32_t group[5] = {0}; /* the number in base 10,000, lowest first: 10^20 is 10,000^5 */
    for (size_t i = STREAM_MAC_LEN; i > 0; i--) {
        uint32_t carry = mac[i - 1];
        for (size_t g = 0; g < 5; g++) {
            carry += group[g] * 256;
            group[g] = carry % 10000;
            carry /= 10000;
        }
    }
    snprintf(out, STREAM_CLOSING,
             "%04" PRIu64 " %04" PRIu32 " %04" PRIu32 " %04" PRIu32 " %04" PRIu32 " %04" PRIu32,
             n % 10000, group[4], group[3], group[2], group[1], group[0]);
}
