#include "tests/admin/handmade.h"

/* A laptop that tells each recipient something else: other keys in the boxes than the session
 * commits to, and one ciphertext that opens under two keys to two texts. Sessions are sealed here
 * by hand, because the real stream cannot do it. */

enum { KEY = 32, BOX = 64 + crypto_box_SEALBYTES, TAG = 16 };

struct session { /* one by hand, the first of its laptop */
    const struct world *world;
    uint8_t sign[64], pub[32], keys[2][2 * KEY]; /* f, a: as the boxes of the two researchers say */
    uint8_t commit[2 * KEY];                     /* f, a: as committed to */
    uint8_t id[HASH_LEN];
    struct buffer preamble, entries;
    uint8_t field[ENTRY_FIELD_LEN], answers[4096]; /* plain, of the root */
    uint8_t sealed[8192];
};

static void write_preamble(struct session *s)
{
    static const uint8_t none[HASH_LEN];
    const struct pack *p = s->world->pack;
    uint8_t hash[HASH_LEN], label[LABEL_LEN], sig[SIGN_LEN], box[BOX];
    struct buffer *b = &s->preamble, signed_part = {0};
    buffer_add(b, "SANAQST1", 8);
    buffer_u16(b, 1);
    buffer_add(b, p->hash, HASH_LEN);
    buffer_add(b, s->pub, 32);
    buffer_u64(b, 1);
    buffer_u64(b, 1);
    buffer_add(b, none, HASH_LEN);
    buffer_u16(b, ENTRY_FIELD_LEN + TAG);
    buffer_u16(b, (uint16_t)(entry_answers_len(s->world->study) + TAG));
    for (size_t i = 0; i < 2; i++) {
        hash_once(hash, NULL, "commit", (struct bytes){s->commit + KEY * i, KEY});
        buffer_add(b, hash, HASH_LEN);
    }
    assert_int_equal(p->researchers, 2);
    buffer_u8(b, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(crypto_box_seal(box, s->keys[i], 2 * KEY, p->researcher[i].box), 0);
        buffer_add(b, box, BOX);
    }
    buffer_u8(b, 0);
    hash_once(s->id, NULL, "stream", buffer_view(b));
    hash_label(label, "preamble");
    buffer_add(&signed_part, label, LABEL_LEN);
    buffer_add(&signed_part, b->p, b->len);
    crypto_sign_detached(sig, NULL, signed_part.p, signed_part.len, s->sign);
    buffer_add(b, sig, SIGN_LEN);
    buffer_free(&signed_part);
}

/* The key that seals the ${part}-th part of the first entry under part keys ${keys}. */
static void record_key(const uint8_t keys[2 * KEY], size_t part, uint8_t once[KEY])
{
    uint8_t key[KEY];
    memcpy(key, keys + KEY * part, KEY);
    stream_ratchet(key, once);
}

static size_t seal_part(const struct session *s, const uint8_t keys[2 * KEY], size_t part,
                        const uint8_t *plain, size_t len, uint8_t *out)
{
    static const uint8_t nonce[12];
    static const char *const label[2] = {"field", "answers"};
    uint8_t once[KEY], ad[STREAM_AD_LEN];
    record_key(keys, part, once);
    stream_ad(label[part], s->id, 1, ad);
    crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, plain, len, ad, sizeof ad, NULL, nonce,
                                              once);
    return len + TAG;
}

static bool opens(const struct session *s, const uint8_t keys[2 * KEY], const uint8_t *sealed,
                  uint8_t *plain)
{
    static const uint8_t nonce[12];
    uint8_t once[KEY], ad[STREAM_AD_LEN];
    record_key(keys, 0, once);
    stream_ad("field", s->id, 1, ad);
    return crypto_aead_chacha20poly1305_ietf_decrypt(
               plain, NULL, NULL, sealed, ENTRY_FIELD_LEN + TAG, ad, sizeof ad, nonce, once) == 0;
}

/* mac and signature behind the parts in s->sealed. */
static void finish_entry(struct session *s, size_t parts)
{
    uint8_t head[HASH_LEN], message[STREAM_SIGNED_LEN], *mac = s->sealed + parts;
    stream_mac(roots, s->pub, 1, s->id, (struct bytes){s->sealed, parts}, mac);
    stream_head(s->id, (struct bytes){s->sealed, parts + STREAM_MAC_LEN + SIGN_LEN}, head);
    stream_signed(s->id, 1, head, message);
    crypto_sign_detached(mac + STREAM_MAC_LEN, NULL, message, sizeof message, s->sign);
    buffer_add(&s->entries, s->sealed, parts + STREAM_MAC_LEN + SIGN_LEN);
}

static void begin_session(struct session *s, const struct world *w)
{
    struct entry_field f = {.kind = ENTRY_ROOT};
    struct entry_answers a = {.kind = ENTRY_ROOT};
    memset(s, 0, sizeof *s);
    s->world = w;
    crypto_sign_keypair(s->pub, s->sign);
    randombytes_buf(s->commit, sizeof s->commit);
    for (size_t i = 0; i < 2; i++)
        memcpy(s->keys[i], s->commit, 2 * KEY);
    f.u.root.pack_number = w->pack->number;
    memcpy(a.u.root.mac, roots, 32);
    memcpy(a.u.root.assign, roots + 32, 32);
    entry_put_field(&f, s->field);
    entry_put_answers(w->study, &a, s->answers);
}

static void seal_root(struct session *s)
{
    size_t at = seal_part(s, s->commit, 0, s->field, ENTRY_FIELD_LEN, s->sealed);
    at +=
        seal_part(s, s->commit, 1, s->answers, entry_answers_len(s->world->study), s->sealed + at);
    finish_entry(s, at);
}

static struct archive *send_session(struct session *s)
{
    char name[SEGMENT_NAME];
    struct buffer b = {0}, approval = {0};
    struct segment_name n = {{0}, 1, 1, 1};
    struct notice notice = {.kind = NOTICE_APPROVAL};
    struct archive *a = open_empty();
    put_own_pack(a, s->world->pack);
    memcpy(notice.pack, s->world->pack->hash, HASH_LEN);
    memcpy(notice.device, s->pub, 32);
    assert_int_equal(notice_make(&notice, secret_view(s->world->key[0]->sign), &approval), ERR_OK);
    assert_int_equal(archive_put_notice(a, NOTICE_APPROVAL, s->pub, buffer_view(&approval), NULL),
                     ERR_OK);
    memcpy(n.device, s->pub, sizeof n.device);
    segment_put_name(&n, name);
    segment_put_start(&b, buffer_view(&s->preamble), 1, s->id, 1);
    buffer_add(&b, s->entries.p, s->entries.len);
    put(a, name, s->pub, buffer_view(&b));
    buffer_free(&b);
    buffer_free(&approval);
    buffer_free(&s->preamble);
    buffer_free(&s->entries);
    return a;
}

/* ---- boxes ---- */

static void assert_forged(const struct seen *s)
{
    assert_int_equal(s->e, ERR_DOUBT);
    assert_int_equal(s->lines, 1);
    assert_int_equal(s->line[0].verdict, VERDICT_FORGED);
    assert_non_null(strstr(s->line[0].why, "not those that the session commits to"));
    assert_int_equal(s->events, 0);
}

static void a_session_by_hand_is_intact_where_nothing_is_wrong_with_it(void **state)
{
    const struct world *w = *state;
    struct session s;
    begin_session(&s, w);
    write_preamble(&s);
    seal_root(&s);
    struct archive *a = send_session(&s);
    for (size_t k = 0; k < 2; k++)
        assert_int_equal(read_archive(a, w->key[k]).lines, 0);
    archive_close(a);
}

static void a_box_with_other_keys_than_committed_to_is_forged_to_its_reader_only(void **state)
{
    const struct world *w = *state;
    for (size_t part = 0; part < 2; part++) {
        struct session s;
        begin_session(&s, w);
        s.keys[1][KEY * part + 5] ^= 1;
        write_preamble(&s);
        seal_root(&s);
        struct archive *a = send_session(&s);
        struct seen first = read_archive(a, w->key[0]), second = read_once(a, w->key[1]);
        assert_int_equal(first.e, ERR_OK);
        assert_int_equal(first.lines, 0);
        assert_forged(&second);
    }
}

static void a_session_that_commits_to_what_nobody_has_is_forged_to_all(void **state)
{
    const struct world *w = *state;
    struct session s;
    begin_session(&s, w);
    for (size_t i = 0; i < 2; i++)
        s.keys[i][0] ^= 1;
    write_preamble(&s);
    seal_root(&s);
    struct archive *a = send_session(&s);
    struct seen first = read_archive(a, w->key[0]), second = read_once(a, w->key[1]);
    assert_forged(&first);
    assert_forged(&second);
}

/* ---- one ciphertext, two texts ---- */

/* Numbers modulo p = 2^130 - 5, five limbs of 26 bits. */
struct num {
    uint64_t v[5];
};
enum { LIMB = 26 };
static const uint64_t limb_mask = (UINT64_C(1) << LIMB) - 1;

static void carry(struct num *x)
{
    for (int round = 0; round < 3; round++) {
        uint64_t c = 0;
        for (size_t i = 0; i < 5; i++) {
            x->v[i] += c;
            c = x->v[i] >> LIMB;
            x->v[i] &= limb_mask;
        }
        x->v[0] += 5 * c;
    }
}

/* The one representative below p. */
static void reduce(struct num *x)
{
    carry(x);
    bool big = x->v[0] >= limb_mask - 4;
    for (size_t i = 1; i < 5; i++)
        big = big && x->v[i] == limb_mask;
    if (big) {
        x->v[0] -= limb_mask - 4;
        for (size_t i = 1; i < 5; i++)
            x->v[i] = 0;
    }
}

static struct num plus(struct num x, struct num y)
{
    for (size_t i = 0; i < 5; i++)
        x.v[i] += y.v[i];
    reduce(&x);
    return x;
}

static struct num minus(struct num x, struct num y)
{
    static const struct num p = {
        {(1 << LIMB) - 5, (1 << LIMB) - 1, (1 << LIMB) - 1, (1 << LIMB) - 1, (1 << LIMB) - 1}};
    for (size_t i = 0; i < 5; i++)
        x.v[i] += p.v[i] - y.v[i];
    reduce(&x);
    return x;
}

static struct num times(struct num x, struct num y)
{
    struct num out = {{0}};
    for (size_t i = 0; i < 5; i++)
        for (size_t k = 0; k < 5; k++) {
            uint64_t product = x.v[i] * y.v[k];
            out.v[(i + k) % 5] += i + k < 5 ? product : 5 * product;
        }
    reduce(&out);
    return out;
}

/* x^(p-2): p - 2 is 2^130 - 7, 130 ones in binary but for bits 1 and 2. */
static struct num inverse(struct num x)
{
    struct num out = {{1}};
    for (int bit = 129; bit >= 0; bit--) {
        out = times(out, out);
        if (bit != 1 && bit != 2)
            out = times(out, x);
    }
    return out;
}

/* ${n} bytes, at most 17, least significant first. */
static struct num from_bytes(const uint8_t *p, size_t n)
{
    struct num x = {{0}};
    for (size_t bit = 0; bit < 8 * n && bit < 130; bit++) /* the highest ones are 0 */
        x.v[bit / LIMB] |= (uint64_t)(p[bit / 8] >> bit % 8 & 1) << bit % LIMB;
    reduce(&x);
    return x;
}

static void to_bytes(struct num x, uint8_t out[17])
{
    memset(out, 0, 17);
    for (size_t bit = 0; bit < 130; bit++)
        out[bit / 8] |= (uint8_t)((x.v[bit / LIMB] >> bit % LIMB & 1) << bit % 8);
}

struct poly { /* Poly1305 of one record key: r, s, the power of r at the free block, the sum without
                 it */
    struct num r, s, power, sum;
};

enum { FREE_BLOCK = 3, FREE_AT = 16 * FREE_BLOCK, BLOCKS = 4 + 8 + 1 };

/* What is authenticated: additional data padded to 64, the field part's 128 bytes, both lengths. */
static void poly_of(const uint8_t once[KEY], const uint8_t ad[STREAM_AD_LEN], const uint8_t *cipher,
                    struct poly *out)
{
    static const uint8_t nonce[12];
    uint8_t all[16 * BLOCKS] = {0}, key[64], block[17];
    crypto_stream_chacha20_ietf(key, sizeof key, nonce, once);
    for (size_t i = 0; i < 16; i++)
        key[i] &= i % 4 == 3 ? 15 : i % 4 == 0 && i > 0 ? 252 : 255;
    *out = (struct poly){.r = from_bytes(key, 16), .s = from_bytes(key + 16, 16), .power = {{1}}};
    memcpy(all, ad, STREAM_AD_LEN);
    memcpy(all + 64, cipher, ENTRY_FIELD_LEN);
    all[64 + ENTRY_FIELD_LEN] = STREAM_AD_LEN;
    all[64 + ENTRY_FIELD_LEN + 8] = ENTRY_FIELD_LEN;
    for (size_t i = 0; i < BLOCKS; i++) {
        memcpy(block, all + 16 * i, 16);
        block[16] = 1;
        if (i != 4 + FREE_BLOCK)
            out->sum = plus(out->sum, from_bytes(block, 17));
        out->sum = times(out->sum, out->r);
        if (i >= 4 + FREE_BLOCK)
            out->power = times(out->power, out->r);
    }
}

static void tag_of(const struct poly *p, struct num x, uint8_t tag[17])
{
    uint8_t sum[17], s[17];
    unsigned c = 0;
    to_bytes(plus(p->sum, times(x, p->power)), sum);
    to_bytes(p->s, s);
    for (size_t i = 0; i < 16; i++) {
        c += (unsigned)sum[i] + s[i];
        tag[i] = (uint8_t)c;
        c >>= 8;
    }
}

/* A block that gives both keys one tag, into ${cipher} with the tag behind; false where this text
 * has none. The tags are sums modulo 2^128, so the difference of the sums may be off by a few
 * 2^128. */
static bool solve(const struct poly p[2], uint8_t *cipher)
{
    static const uint8_t two128[17] = {[16] = 1};
    struct num step = from_bytes(two128, 17);
    struct num difference = minus(minus(p[1].s, p[0].s), minus(p[0].sum, p[1].sum));
    struct num divisor = inverse(minus(p[0].power, p[1].power));
    for (int i = 0; i < 4; i++)
        difference = minus(difference, step);
    for (int i = -4; i <= 4; i++, difference = plus(difference, step)) {
        uint8_t block[17], tag[2][17];
        struct num x = times(difference, divisor);
        to_bytes(x, block);
        tag_of(&p[0], x, tag[0]);
        tag_of(&p[1], x, tag[1]);
        if (block[16] != 1 || memcmp(tag[0], tag[1], 16) != 0)
            continue;
        memcpy(cipher + FREE_AT, block, 16);
        memcpy(cipher + ENTRY_FIELD_LEN, tag[0], 16);
        return true;
    }
    return false;
}

/* The root's field part, sealed so that it opens under both. The device replaced is any 32 bytes.
 */
static void seal_twice(struct session *s)
{
    static const uint8_t nonce[12];
    uint8_t once[2][KEY], ad[STREAM_AD_LEN];
    struct poly p[2];
    bool found = false;
    stream_ad("field", s->id, 1, ad);
    for (size_t i = 0; i < 2; i++)
        record_key(s->keys[i], 0, once[i]);
    for (unsigned n = 0; n < 1000 && !found; n++) {
        randombytes_buf(s->field + 36, 32);
        crypto_stream_chacha20_ietf_xor_ic(s->sealed, s->field, ENTRY_FIELD_LEN, nonce, 1, once[0]);
        for (size_t i = 0; i < 2; i++)
            poly_of(once[i], ad, s->sealed, &p[i]);
        found = solve(p, s->sealed);
    }
    assert_true(found);
    size_t at = ENTRY_FIELD_LEN + TAG;
    at +=
        seal_part(s, s->commit, 1, s->answers, entry_answers_len(s->world->study), s->sealed + at);
    finish_entry(s, at);
}

static void an_entry_that_opens_under_two_keys_is_read_under_the_one_committed_to_only(void **state)
{
    const struct world *w = *state;
    struct session s;
    uint8_t plain[2][ENTRY_FIELD_LEN];
    begin_session(&s, w);
    randombytes_buf(s.keys[1], KEY); /* another f; the same a */
    write_preamble(&s);
    seal_twice(&s);
    assert_true(opens(&s, s.keys[0], s.sealed, plain[0]));
    assert_true(
        opens(&s, s.keys[1], s.sealed, plain[1])); /* both, and both authentic to the AEAD */
    assert_memory_not_equal(plain[0], plain[1], ENTRY_FIELD_LEN);
    struct archive *a = send_session(&s);
    struct seen first = read_archive(a, w->key[0]), second = read_once(a, w->key[1]);
    assert_int_equal(first.e, ERR_OK);
    assert_int_equal(first.lines, 0);
    assert_forged(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_by_hand_is_intact_where_nothing_is_wrong_with_it),
        cmocka_unit_test(a_box_with_other_keys_than_committed_to_is_forged_to_its_reader_only),
        cmocka_unit_test(a_session_that_commits_to_what_nobody_has_is_forged_to_all),
        cmocka_unit_test(
            an_entry_that_opens_under_two_keys_is_read_under_the_one_committed_to_only),
    };
    return cmocka_run_group_tests(tests, start_several, end);
}
