#include "tests/core/signed.h"

static struct signers people;

static int start(void **state)
{
    (void)state;
    make_signers(&people);
    return 0;
}

static void what_was_packed_is_read_back(void **state)
{
    (void)state;
    struct pack *p = pack_of(&people);
    static const uint8_t second[HASH_LEN] = {2};
    assert_int_equal(p->number, 3);
    assert_memory_equal(p->replaces, second, HASH_LEN);
    assert_int_equal(p->study.len, 9);
    assert_memory_equal(p->study.p, "study: x\n", 9);
    assert_int_equal(p->points.len, 6);
    assert_memory_equal(p->points.p, "id\np1\n", 6);
    assert_int_equal(p->strata, 3);
    assert_int_equal(p->stratum[1].len, 0);
    assert_memory_equal(p->stratum[2].p, "a name with spaces", p->stratum[2].len);
    assert_int_equal(p->researchers, 2);
    assert_int_equal(p->supervisors, 0);
    assert_int_equal(p->signer, 1);
    assert_int_equal(pack_researcher(p, people.key[1].sign), 1);
    assert_int_equal(pack_researcher(p, people.key[2].sign), -1);
    assert_int_equal(pack_supervisor(p, people.key[0].sign), -1);
    pack_free(p);
}

static void the_hash_covers_all_before_the_signatures_and_is_what_is_signed(void **state)
{
    (void)state;
    enum { SIGNATURES = 1 + 1 + SIGN_LEN };
    struct pack *p = pack_of(&people);
    crypto_generichash_state h;
    uint8_t label[16] = "sanaq1/pack", hash[32], message[48];
    size_t covered = p->bytes.len - SIGNATURES;
    crypto_generichash_init(&h, NULL, 0, 32);
    crypto_generichash_update(&h, label, 16);
    crypto_generichash_update(&h, p->bytes.p, covered);
    crypto_generichash_final(&h, hash, 32);
    assert_memory_equal(p->hash, hash, 32);
    memcpy(message, label, 16);
    memcpy(message + 16, hash, 32);
    assert_int_equal(crypto_sign_verify_detached(p->bytes.p + covered + 2, message, sizeof message,
                                                 people.key[1].sign),
                     0);
    pack_free(p);
}

static void no_changed_bit_and_no_cut_gives_a_pack(void **state)
{
    (void)state;
    struct pack *whole = pack_of(&people), *p = NULL;
    struct buffer *b = &whole->bytes;
    for (size_t bit = 0; bit < 8 * b->len; bit += 3) {
        b->p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        enum err e = pack_parse(buffer_view(b), "x.pack", &p);
        assert_true(e == ERR_FORMAT || e == ERR_UNSUPPORTED || e == ERR_SIGNATURE);
        b->p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t len = 0; len < b->len; len++) {
        uint8_t *part = cut(b, len);
        assert_int_not_equal(pack_parse((struct bytes){part, len}, "x.pack", &p), ERR_OK);
        free(part);
    }
    buffer_u8(b, 0);
    assert_int_equal(pack_parse(buffer_view(b), "x.pack", &p), ERR_FORMAT);
    assert_null(p);
    pack_free(whole);
}

static void a_pack_signed_by_somebody_else_is_refused(void **state)
{
    (void)state;
    struct buffer b = {0};
    struct pack *p = NULL;
    struct pack_parts parts = parts_of(&people);
    assert_int_equal(pack_make(&parts, 0, people.secret[2], &b), ERR_OK);
    assert_int_equal(pack_parse(buffer_view(&b), "x.pack", &p), ERR_SIGNATURE);
    assert_null(p);
    buffer_free(&b);
}

static void one_researcher_cannot_sign_twice_and_two_can(void **state)
{
    (void)state;
    struct pack *p = pack_of(&people), *two = NULL;
    struct buffer b = {0};
    assert_int_equal(pack_sign(p, 1, people.secret[1], &b), ERR_STATE);
    assert_int_equal(pack_sign(p, 2, people.secret[2], &b), ERR_STATE);
    assert_int_equal(b.len, 0);
    assert_int_equal(pack_sign(p, 0, people.secret[0], &b), ERR_OK);
    assert_int_equal(pack_parse(buffer_view(&b), "x.pack", &two), ERR_OK);
    assert_int_equal(two->signatures, 2);
    assert_int_equal(two->signer, 1);
    assert_int_equal(two->signed_by, 3);
    assert_memory_equal(two->hash, p->hash, HASH_LEN);
    pack_free(two);
    b.p[b.len - 1 - SIGN_LEN] = 1; /* the second signature said to be the first one's again */
    two = NULL;
    assert_int_equal(pack_parse(buffer_view(&b), "x.pack", &two), ERR_FORMAT);
    assert_null(two);
    buffer_free(&b);
    pack_free(p);
}

/* Another's signature in front, or alone, does not make him the signer. */
static void the_signer_is_whom_the_pack_names(void **state)
{
    (void)state;
    enum { ONE = 1 + SIGN_LEN };
    struct pack *p = pack_of(&people), *other = NULL;
    struct buffer b = {0}, turned = {0};
    assert_int_equal(pack_sign(p, 0, people.secret[0], &b), ERR_OK);
    size_t front = b.len - 2 * ONE;
    buffer_add(&turned, b.p, front);
    buffer_add(&turned, b.p + front + ONE, ONE);
    buffer_add(&turned, b.p + front, ONE);
    assert_int_equal(pack_parse(buffer_view(&turned), "x.pack", &other), ERR_FORMAT);
    turned.p[front - 1] = 1;
    assert_int_equal(pack_parse((struct bytes){turned.p, front + ONE}, "x.pack", &other),
                     ERR_FORMAT);
    assert_null(other);
    buffer_free(&b);
    buffer_free(&turned);
    pack_free(p);
}

static void the_first_pack_and_no_other_replaces_none(void **state)
{
    (void)state;
    struct pack *p = NULL;
    struct buffer b = {0};
    struct pack_parts parts = parts_of(&people);
    parts.replaces = NULL;
    assert_int_equal(pack_make(&parts, 0, people.secret[0], &b), ERR_USAGE);
    parts.number = 1;
    assert_int_equal(pack_make(&parts, 0, people.secret[0], &b), ERR_OK);
    assert_int_equal(pack_parse(buffer_view(&b), "x.pack", &p), ERR_OK);
    pack_free(p);
    buffer_free(&b);
}

static void parts_outside_their_limits_are_refused(void **state)
{
    (void)state;
    struct buffer b = {0};
    char long_name[300];
    const char *stratum = long_name;
    memset(long_name, 'x', sizeof long_name);
    long_name[256] = '\0';
    struct pack_parts parts = parts_of(&people);
    parts.researchers = 1;
    assert_int_equal(pack_make(&parts, 0, people.secret[0], &b), ERR_USAGE);
    parts = parts_of(&people);
    assert_int_equal(pack_make(&parts, 2, people.secret[2], &b), ERR_USAGE);
    parts.number = 0;
    assert_int_equal(pack_make(&parts, 0, people.secret[0], &b), ERR_USAGE);
    parts = parts_of(&people);
    parts.stratum = &stratum;
    parts.strata = 1;
    assert_int_equal(pack_make(&parts, 0, people.secret[0], &b), ERR_USAGE);
    assert_int_equal(b.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_packed_is_read_back),
        cmocka_unit_test(the_hash_covers_all_before_the_signatures_and_is_what_is_signed),
        cmocka_unit_test(no_changed_bit_and_no_cut_gives_a_pack),
        cmocka_unit_test(a_pack_signed_by_somebody_else_is_refused),
        cmocka_unit_test(one_researcher_cannot_sign_twice_and_two_can),
        cmocka_unit_test(the_signer_is_whom_the_pack_names),
        cmocka_unit_test(the_first_pack_and_no_other_replaces_none),
        cmocka_unit_test(parts_outside_their_limits_are_refused),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
