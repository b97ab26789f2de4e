#include "tests/admin/simulated.h"

/* The keys of researchers: what they are written to, and what is not taken for one. */

static const char right[] = "the right passphrase";

static struct secret *secret_of(const char *text)
{
    struct secret *s = NULL;
    assert_int_equal(secret_copy(text, strlen(text), &s), ERR_OK);
    return s;
}

static enum err create(const char *path, enum studykey_role role, struct pack_key *pub)
{
    struct secret *passphrase = secret_of(right);
    struct secret_cost cost;
    assert_true(secret_cost_named("interactive", &cost));
    enum err e = studykey_create(path, role, passphrase, cost, pub);
    secret_free(passphrase);
    return e;
}

static enum err try(const char *path, const char *words, struct studykey **out)
{
    struct secret *passphrase = secret_of(words);
    enum err e = studykey_open(path, passphrase, out);
    secret_free(passphrase);
    return e;
}

static struct buffer contents(const char *path)
{
    struct buffer b = {0};
    assert_int_equal(file_read(path, 1 << 16, true, &b), ERR_OK);
    return b;
}

static void overwrite(const char *path, struct bytes b)
{
    assert_int_equal(file_write(path, b, 0600, true), ERR_OK);
}

static void a_key_opens_with_its_passphrase_and_signs_for_its_public_half(void **state)
{
    const struct world *w = *state;
    static const uint8_t message[] = "words";
    uint8_t sig[SIGN_LEN], point[32];
    struct pack_key made, read;
    struct studykey *k = NULL;
    struct stat is;
    char *path = path_in(w, "own.key"), *pub = path_in(w, "own.pub");
    assert_int_equal(create(path, STUDYKEY_RESEARCHER, &made), ERR_OK);
    assert_int_equal(stat(path, &is), 0);
    assert_int_equal(is.st_mode & 0777, 0600);
    assert_int_equal(try(path, right, &k), ERR_OK);
    assert_int_equal(k->role, STUDYKEY_RESEARCHER);
    assert_memory_equal(&k->pub, &made, sizeof made);
    assert_int_equal(studykey_read_public(pub, STUDYKEY_RESEARCHER, &read), ERR_OK);
    assert_memory_equal(&read, &made, sizeof made);
    crypto_sign_detached(sig, NULL, message, sizeof message, secret_view(k->sign));
    assert_int_equal(crypto_sign_verify_detached(sig, message, sizeof message, read.sign), 0);
    assert_int_equal(crypto_scalarmult_base(point, secret_view(k->box)), 0);
    assert_memory_equal(point, read.box, 32);
    studykey_free(k);
    free(path);
    free(pub);
}

static void a_wrong_passphrase_opens_nothing(void **state)
{
    static const char *const wrong[] = {"the right passphras", "the right passphrase ",
                                        "The right passphrase"};
    struct pack_key made;
    struct studykey *k = NULL;
    char *path = path_in(*state, "own.key");
    assert_int_equal(create(path, STUDYKEY_RESEARCHER, &made), ERR_OK);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(try(path, wrong[i], &k), ERR_PASSPHRASE);
    assert_null(k);
    assert_non_null(strstr(said, "own.key: the passphrase is wrong"));
    free(path);
}

/* What stands in clear (role, public keys) is bound to what is sealed. */
static void a_key_file_with_a_changed_byte_is_refused(void **state)
{
    struct pack_key made;
    struct studykey *k = NULL;
    char *path = path_in(*state, "own.key");
    assert_int_equal(create(path, STUDYKEY_SUPERVISOR, &made), ERR_OK);
    struct buffer b = contents(path);
    for (size_t at = 0; at < b.len; at += at < 27 ? 3 : 17) {
        b.p[at] ^= 1;
        overwrite(path, buffer_view(&b));
        b.p[at] ^= 1;
        enum err e = try(path, right, &k);
        assert_true(e == ERR_FORMAT || e == ERR_PASSPHRASE || e == ERR_NOMEM);
        assert_null(k);
    }
    for (size_t len = 0; len < b.len; len += 41) {
        overwrite(path, (struct bytes){b.p, len});
        assert_int_equal(try(path, right, &k), ERR_FORMAT);
    }
    overwrite(path, buffer_view(&b));
    assert_int_equal(try(path, right, &k), ERR_OK);
    assert_int_equal(k->role, STUDYKEY_SUPERVISOR);
    studykey_free(k);
    buffer_free(&b);
    free(path);
}

static void an_existing_key_is_never_written_over(void **state)
{
    struct pack_key made;
    char *path = path_in(*state, "own.key"), *pub = path_in(*state, "own.pub");
    assert_int_equal(create(path, STUDYKEY_RESEARCHER, &made), ERR_OK);
    struct buffer before = contents(path);
    assert_int_equal(create(path, STUDYKEY_RESEARCHER, &made), ERR_FILE);
    assert_int_equal(remove(pub), 0);
    assert_int_equal(create(path, STUDYKEY_RESEARCHER, &made), ERR_FILE);
    struct buffer after = contents(path);
    assert_int_equal(after.len, before.len);
    assert_memory_equal(after.p, before.p, before.len);
    assert_int_not_equal(access(pub, F_OK), 0); /* and no public key of another pair beside it */
    assert_int_equal(remove(path), 0);
    overwrite(pub, (struct bytes){(const uint8_t *)"x", 1});
    assert_int_equal(create(path, STUDYKEY_RESEARCHER, &made), ERR_FILE);
    assert_int_not_equal(access(path, F_OK), 0);
    buffer_free(&before);
    buffer_free(&after);
    free(path);
    free(pub);
}

static void only_a_public_key_of_the_right_role_is_read_as_one(void **state)
{
    struct pack_key made, untouched = {{9}, {9}}, out = untouched;
    char *path = path_in(*state, "own.key"), *pub = path_in(*state, "own.pub");
    assert_int_equal(create(path, STUDYKEY_SUPERVISOR, &made), ERR_OK);
    said[0] = '\0';
    assert_int_equal(studykey_read_public(path, STUDYKEY_SUPERVISOR, &out), ERR_FORMAT);
    assert_non_null(strstr(said, "this is a SECRET key"));
    assert_int_equal(studykey_read_public(pub, STUDYKEY_RESEARCHER, &out), ERR_FORMAT);
    assert_non_null(strstr(said, "a supervisor's key and stands where a researcher's belongs"));
    struct buffer b = contents(pub);
    const char *key = strstr((const char *)b.p, "key: ");
    size_t whole = (size_t)(key - (const char *)b.p) + 5 + 128; /* up to the end of that line */
    for (size_t len = 0; len <= whole; len += 7) {
        overwrite(pub, (struct bytes){b.p, len});
        assert_int_equal(studykey_read_public(pub, STUDYKEY_SUPERVISOR, &out), ERR_FORMAT);
    }
    memset(b.p + whole - 128, '0', 64); /* no point of the curve */
    overwrite(pub, buffer_view(&b));
    assert_int_equal(studykey_read_public(pub, STUDYKEY_SUPERVISOR, &out), ERR_FORMAT);
    assert_memory_equal(&out, &untouched, sizeof out);
    buffer_free(&b);
    free(path);
    free(pub);
}

#define TEST(test) WITH(start_csto, test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_key_opens_with_its_passphrase_and_signs_for_its_public_half),
        TEST(a_wrong_passphrase_opens_nothing),
        TEST(a_key_file_with_a_changed_byte_is_refused),
        TEST(an_existing_key_is_never_written_over),
        TEST(only_a_public_key_of_the_right_role_is_read_as_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
