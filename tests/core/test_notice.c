#include "tests/core/signed.h"

#include "core/notice.h"

static struct signers people;
static struct pack *pack;

static int start(void **state)
{
    (void)state;
    make_signers(&people);
    pack = pack_of(&people);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    pack_free(pack);
    return 0;
}

static struct notice notice_of(enum notice_kind kind)
{
    struct notice n = {.kind = kind, .researcher = 1};
    memcpy(n.pack, pack->hash, HASH_LEN);
    memset(n.device, 0xd1, sizeof n.device);
    if (kind != NOTICE_APPROVAL)
        n.n = UINT64_C(0x0102030405060708);
    if (kind != NOTICE_REVOCATION)
        memset(n.value, 0xab, sizeof n.value);
    return n;
}

static void every_kind_has_the_bytes_of_the_format_and_is_read_back(void **state)
{
    (void)state;
    static const struct {
        const char *magic, *use;
        size_t len;
    } kind[NOTICE__COUNT] = {[NOTICE_APPROVAL] = {"SANAQAP1", "sanaq1/approve", 171},
                             [NOTICE_REVOCATION] = {"SANAQRV1", "sanaq1/revoke", 147},
                             [NOTICE_RECEIPT] = {"SANAQRC1", "sanaq1/receipt", 179},
                             [NOTICE_CHOICE] = {"SANAQCH1", "sanaq1/choose", 179}};
    for (int k = 0; k < NOTICE__COUNT; k++) {
        struct buffer b = {0};
        struct notice n = notice_of((enum notice_kind)k), back;
        uint8_t message[16 + 179] = {0};
        assert_int_equal(notice_make(&n, people.secret[1], &b), ERR_OK);
        assert_int_equal(b.len, kind[k].len);
        assert_memory_equal(b.p, kind[k].magic, 8);
        assert_memory_equal(b.p + 10, pack->hash, 32);
        assert_memory_equal(b.p + 42, n.device, 32);
        memcpy(message, kind[k].use, strlen(kind[k].use));
        memcpy(message + 16, b.p, b.len - 64);
        assert_int_equal(crypto_sign_verify_detached(b.p + b.len - 64, message, 16 + b.len - 64,
                                                     people.key[1].sign),
                         0);
        assert_int_equal(notice_parse(buffer_view(&b), pack, &back), ERR_OK);
        assert_int_equal(back.kind, n.kind);
        assert_true(back.n == n.n);
        assert_memory_equal(back.value, n.value, 32);
        assert_memory_equal(back.device, n.device, 32);
        assert_int_equal(back.researcher, 1);
        buffer_free(&b);
    }
}

static void no_changed_bit_and_no_cut_gives_a_notice(void **state)
{
    (void)state;
    for (int k = 0; k < NOTICE__COUNT; k++) {
        struct buffer b = {0};
        struct notice n = notice_of((enum notice_kind)k), back;
        assert_int_equal(notice_make(&n, people.secret[1], &b), ERR_OK);
        for (size_t bit = 0; bit < 8 * b.len; bit++) {
            b.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_int_not_equal(notice_parse(buffer_view(&b), pack, &back), ERR_OK);
            b.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        for (size_t len = 0; len < b.len; len++) {
            uint8_t *part = cut(&b, len);
            assert_int_not_equal(notice_parse((struct bytes){part, len}, pack, &back), ERR_OK);
            free(part);
        }
        buffer_u8(&b, 0);
        assert_int_equal(notice_parse(buffer_view(&b), pack, &back), ERR_FORMAT);
        buffer_free(&b);
    }
}

static void only_a_researcher_of_the_pack_can_give_one(void **state)
{
    (void)state;
    struct notice back;
    for (uint8_t who = 0; who < 3; who++)
        for (uint8_t called = 0; called < 3; called++) {
            struct buffer b = {0};
            struct notice n = notice_of(NOTICE_APPROVAL);
            n.researcher = called;
            assert_int_equal(notice_make(&n, people.secret[who], &b), ERR_OK);
            assert_int_equal(notice_parse(buffer_view(&b), pack, &back),
                             who == called && who < 2 ? ERR_OK : ERR_SIGNATURE);
            buffer_free(&b);
        }
}

static void one_of_another_pack_does_not_count(void **state)
{
    (void)state;
    struct notice n = notice_of(NOTICE_RECEIPT), back;
    struct buffer b = {0};
    n.pack[31] ^= 1;
    assert_int_equal(notice_make(&n, people.secret[1], &b), ERR_OK);
    assert_int_equal(notice_parse(buffer_view(&b), pack, &back), ERR_SIGNATURE);
    buffer_free(&b);
}

static void going_live_takes_the_signature_of_every_researcher_in_order(void **state)
{
    (void)state;
    uint8_t sig[2][SIGN_LEN], twice[2][SIGN_LEN];
    struct buffer b = {0};
    for (size_t i = 0; i < 2; i++)
        notice_golive_sign(pack->hash, people.secret[i], sig[i]);
    notice_golive_make(pack, (const uint8_t(*)[SIGN_LEN])sig, &b);
    assert_int_equal(b.len, 42 + 1 + 2 * 64);
    assert_int_equal(notice_golive_check(buffer_view(&b), pack), ERR_OK);
    for (size_t bit = 0; bit < 8 * b.len; bit++) {
        b.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(notice_golive_check(buffer_view(&b), pack), ERR_OK);
        b.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t len = 0; len < b.len; len++) {
        uint8_t *part = cut(&b, len);
        assert_int_not_equal(notice_golive_check((struct bytes){part, len}, pack), ERR_OK);
        free(part);
    }
    buffer_free(&b);
    memcpy(twice[0], sig[0], SIGN_LEN);
    memcpy(twice[1], sig[0], SIGN_LEN);
    notice_golive_make(pack, (const uint8_t(*)[SIGN_LEN])twice, &b);
    assert_int_equal(notice_golive_check(buffer_view(&b), pack), ERR_SIGNATURE);
    buffer_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_has_the_bytes_of_the_format_and_is_read_back),
        cmocka_unit_test(no_changed_bit_and_no_cut_gives_a_notice),
        cmocka_unit_test(only_a_researcher_of_the_pack_can_give_one),
        cmocka_unit_test(one_of_another_pack_does_not_count),
        cmocka_unit_test(going_live_takes_the_signature_of_every_researcher_in_order),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
