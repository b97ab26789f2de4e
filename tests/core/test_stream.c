#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/segment.h"
#include "core/stream.h"

/* Two entries of a stream taken apart by hand, with libsodium and FORMAT.md and nothing of core but
 * stream_begin, stream_seal and the bytes of a pack. */

enum { FIELD = 128, ANSWERS = 112, PART_F = FIELD + 16, PART_A = ANSWERS + 16 };
enum { ENTRY = PART_F + PART_A + 32 + 64 };

static struct {
    struct pack pack;
    uint8_t box[3][32]; /* secret: two researchers, a supervisor */
    uint8_t device[32], mac[32];
    struct secret *sign;
    struct stream_chain chain;
    struct buffer preamble;
    uint8_t field[2][FIELD], answers[2][ANSWERS], entry[2][ENTRY];
    uint8_t id[32], f[32], a[32];
} t;

static void label(uint8_t out[16], const char *text)
{
    memset(out, 0, 16);
    memcpy(out, text, strlen(text));
}

/* BLAKE2b over a label and up to five pieces. */
struct run {
    const void *p;
    size_t n;
};
static void blake(uint8_t *out, size_t out_len, const uint8_t *key, const char *use,
                  const struct run *run, size_t runs)
{
    crypto_generichash_state s;
    uint8_t l[16];
    label(l, use);
    crypto_generichash_init(&s, key, key != NULL ? 32 : 0, out_len);
    crypto_generichash_update(&s, l, sizeof l);
    for (size_t i = 0; i < runs; i++)
        crypto_generichash_update(&s, run[i].p, run[i].n);
    crypto_generichash_final(&s, out, out_len);
}

static void put_u64(uint8_t out[8], uint64_t v)
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(v >> 8 * i);
}

static int start(void **state)
{
    struct stream *st = NULL;
    (void)state;
    if (secret_start() != ERR_OK || secret_new(64, &t.sign) != ERR_OK)
        return -1;
    crypto_sign_keypair(t.device, secret_bytes(t.sign));
    t.pack.researchers = 2;
    t.pack.supervisors = 1;
    randombytes_buf(t.pack.hash, 32);
    crypto_box_keypair(t.pack.researcher[0].box, t.box[0]);
    crypto_box_keypair(t.pack.researcher[1].box, t.box[1]);
    crypto_box_keypair(t.pack.supervisor[0].box, t.box[2]);
    randombytes_buf(t.field, sizeof t.field);
    randombytes_buf(t.answers, sizeof t.answers);
    t.chain.next = 17;
    randombytes_buf(t.chain.head, 32);
    if (secret_random(32, &t.chain.mac) != ERR_OK)
        return -1;
    memcpy(t.mac, secret_view(t.chain.mac), 32);
    uint8_t head[32];
    memcpy(head, t.chain.head, 32);
    if (stream_begin(&t.pack, t.sign, &t.chain, 5, FIELD, ANSWERS, &st, &t.preamble) != ERR_OK)
        return -1;
    if (t.chain.next != 17 || memcmp(t.chain.head, head, 32) != 0)
        return -1; /* a stream without entries leaves no trace */
    for (size_t i = 0; i < 2; i++)
        stream_seal(st, t.field[i], t.answers[i], t.entry[i]);
    stream_free(st);
    blake(t.id, 32, NULL, "sanaq1/stream", (struct run[]){{t.preamble.p, t.preamble.len - 64}}, 1);
    memcpy(t.chain.head, head, 32); /* where it began, for the tests */
    return 0;
}

static int stop(void **state)
{
    (void)state;
    secret_free(t.sign);
    secret_free(t.chain.mac);
    buffer_free(&t.preamble);
    return 0;
}

enum {
    AT_PACK = 10,
    AT_DEVICE = 42,
    AT_NUMBER = 74,
    AT_FIRST = 82,
    AT_PREVIOUS = 90,
    AT_LENGTHS = 122,
    AT_COMMIT = 126,
    AT_RESEARCHERS = 190,
    AT_SUPERVISORS = 191 + 2 * 112,
    AT_SIG = AT_SUPERVISORS + 1 + 80
};

static void the_preamble_has_each_field_in_its_place_and_is_signed_by_the_device(void **state)
{
    (void)state;
    const uint8_t *p = t.preamble.p;
    uint8_t number[8], first[8], message[16 + AT_SIG];
    put_u64(number, 5);
    put_u64(first, 17);
    assert_int_equal(t.preamble.len, AT_SIG + 64);
    assert_int_equal(t.preamble.len, stream_preamble_len(&t.pack));
    assert_memory_equal(p, "SANAQST1\1\0", 10);
    assert_memory_equal(p + AT_PACK, t.pack.hash, 32);
    assert_memory_equal(p + AT_DEVICE, t.device, 32);
    assert_memory_equal(p + AT_NUMBER, number, 8);
    assert_memory_equal(p + AT_FIRST, first, 8);
    assert_memory_equal(p + AT_PREVIOUS, t.chain.head, 32);
    assert_memory_equal(p + AT_LENGTHS, ((uint8_t[]){PART_F, 0, PART_A, 0}), 4);
    assert_int_equal(p[AT_RESEARCHERS], 2);
    assert_int_equal(p[AT_SUPERVISORS], 1);
    label(message, "sanaq1/preamble");
    memcpy(message + 16, p, AT_SIG);
    assert_int_equal(crypto_sign_verify_detached(p + AT_SIG, message, sizeof message, t.device), 0);
}

static void every_box_opens_to_the_committed_keys_and_a_supervisors_holds_only_the_first(
    void **state)
{
    (void)state;
    const uint8_t *p = t.preamble.p;
    uint8_t keys[2][64], f[32], commit[32];
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(crypto_box_seal_open(keys[i], p + AT_RESEARCHERS + 1 + 112 * i, 112,
                                              t.pack.researcher[i].box, t.box[i]),
                         0);
    assert_memory_equal(keys[0], keys[1], 64);
    assert_int_equal(
        crypto_box_seal_open(f, p + AT_SUPERVISORS + 1, 80, t.pack.supervisor[0].box, t.box[2]), 0);
    assert_memory_equal(f, keys[0], 32);
    assert_memory_not_equal(keys[0], keys[0] + 32, 32);
    for (size_t i = 0; i < 2; i++) {
        blake(commit, 32, NULL, "sanaq1/commit", (struct run[]){{keys[0] + 32 * i, 32}}, 1);
        assert_memory_equal(p + AT_COMMIT + 32 * i, commit, 32);
    }
    memcpy(t.f, keys[0], 32);
    memcpy(t.a, keys[0] + 32, 32);
}

/* (m, key') = H512K(key; "seal"); opens ${sealed} with m. */
static void open_part(uint8_t key[32], const char *use, uint64_t n, const uint8_t *sealed,
                      size_t len, const uint8_t *plain)
{
    static const uint8_t nonce[12];
    uint8_t both[64], ad[16 + 32 + 8], out[FIELD];
    blake(both, sizeof both, key, "sanaq1/seal", NULL, 0);
    memcpy(key, both + 32, 32);
    label(ad, use);
    memcpy(ad + 16, t.id, 32);
    put_u64(ad + 48, n);
    assert_int_equal(crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed, len, ad,
                                                               sizeof ad, nonce, both),
                     0);
    assert_memory_equal(out, plain, len - 16);
}

static void each_part_opens_once_with_the_key_that_moved_on(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        open_part(t.f, "sanaq1/field", 17 + i, t.entry[i], PART_F, t.field[i]);
        open_part(t.a, "sanaq1/answers", 17 + i, t.entry[i] + PART_F, PART_A, t.answers[i]);
    }
}

static void mac_head_and_signature_chain_the_entries_from_the_streams_id_on(void **state)
{
    (void)state;
    uint8_t before[32], mac[32], n[8], head[32], message[16 + 32 + 8 + 32];
    memcpy(before, t.id, 32);
    for (size_t i = 0; i < 2; i++) {
        const uint8_t *e = t.entry[i], *e_mac = e + PART_F + PART_A;
        put_u64(n, 17 + i);
        blake(
            mac, 32, t.mac, "sanaq1/mac",
            (struct run[]){{t.device, 32}, {n, 8}, {before, 32}, {e, PART_F}, {e + PART_F, PART_A}},
            5);
        assert_memory_equal(e_mac, mac, 32);
        blake(t.mac, 32, t.mac, "sanaq1/next", NULL, 0);
        blake(head, 32, NULL, "sanaq1/head",
              (struct run[]){{before, 32}, {e, PART_F}, {e + PART_F, PART_A}, {mac, 32}}, 4);
        label(message, "sanaq1/entry");
        memcpy(message + 16, t.id, 32);
        memcpy(message + 48, n, 8);
        memcpy(message + 56, head, 32);
        assert_int_equal(crypto_sign_verify_detached(e_mac + 32, message, sizeof message, t.device),
                         0);
        memcpy(before, head, 32);
    }
    assert_memory_equal(secret_view(t.chain.mac), t.mac, 32);
    assert_int_equal(t.chain.next, 19);
}

static void equal_entries_are_sealed_to_unequal_bytes(void **state)
{
    (void)state;
    struct stream *st = NULL;
    struct stream_chain c = {.next = 1};
    struct buffer preamble = {0};
    uint8_t e[2][ENTRY];
    assert_int_equal(secret_random(32, &c.mac), ERR_OK);
    assert_int_equal(stream_begin(&t.pack, t.sign, &c, 1, FIELD, ANSWERS, &st, &preamble), ERR_OK);
    for (size_t i = 0; i < 2; i++)
        stream_seal(st, t.field[0], t.answers[0], e[i]);
    assert_memory_not_equal(e[0], e[1], PART_F);
    assert_memory_not_equal(e[0] + PART_F, e[1] + PART_F, PART_A);
    assert_int_equal(stream_entry_len(FIELD, ANSWERS), ENTRY);
    stream_free(st);
    secret_free(c.mac);
    buffer_free(&preamble);
}

static void a_closing_code_is_position_and_mac_in_six_groups_of_four(void **state)
{
    (void)state;
    uint8_t mac[32] = {0};
    char code[STREAM_CLOSING];
    stream_closing(123456, mac, code);
    assert_string_equal(code, "3456 0000 0000 0000 0000 0000");
    mac[0] = 0x39, mac[1] = 0x30; /* 12345 */
    stream_closing(7, mac, code);
    assert_string_equal(code, "0007 0000 0000 0000 0001 2345");
    memset(mac, 0xff, sizeof mac); /* 2^256 - 1 mod 10^20 */
    stream_closing(9999, mac, code);
    assert_string_equal(code, "9999 5758 4007 9131 2963 9935");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_preamble_has_each_field_in_its_place_and_is_signed_by_the_device),
        cmocka_unit_test(
            every_box_opens_to_the_committed_keys_and_a_supervisors_holds_only_the_first),
        cmocka_unit_test(each_part_opens_once_with_the_key_that_moved_on),
        cmocka_unit_test(mac_head_and_signature_chain_the_entries_from_the_streams_id_on),
        cmocka_unit_test(equal_entries_are_sealed_to_unequal_bytes),
        cmocka_unit_test(a_closing_code_is_position_and_mac_in_six_groups_of_four),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
