#include "laptop.h"

#include <fcntl.h>

#include "kiosk/keyfile.h"

struct made {
    char dir[64], *path;
    struct keyfile_public pub;
    struct secret *passphrase, *sign, *local;
    struct keyfile *kf;
};

static int start(void **state)
{
    struct made *m = calloc(1, sizeof *m);
    assert_non_null(m);
    said[0] = '\0';
    log_to(listen_in, NULL);
    assert_int_equal(secret_start(), ERR_OK);
    strcpy(m->dir, "/tmp/sanaq-keyfile-XXXXXX");
    assert_non_null(mkdtemp(m->dir));
    m->path = file_join(m->dir, "keys");
    m->pub.cost = cheap();
    assert_int_equal(secret_new(64, &m->sign), ERR_OK);
    crypto_sign_keypair(m->pub.device, secret_bytes(m->sign));
    memset(m->pub.machine, 7, sizeof m->pub.machine);
    m->passphrase = secret_of(laptop_passphrase);
    assert_int_equal(
        keyfile_create(m->path, &m->pub, m->sign, laptop_code, m->passphrase, &m->local), ERR_OK);
    assert_int_equal(keyfile_open(m->path, true, &m->kf), ERR_OK);
    *state = m;
    return 0;
}

static int stop(void **state)
{
    struct made *m = *state;
    keyfile_close(m->kf);
    secret_free(m->local);
    secret_free(m->sign);
    secret_free(m->passphrase);
    forget(m->dir);
    free(m->path);
    free(m);
    return 0;
}

static bool same(const struct secret *a, const struct secret *b)
{
    return secret_len(a) == secret_len(b) &&
           memcmp(secret_view(a), secret_view(b), secret_len(a)) == 0;
}

static void next(struct made *m, uint64_t number)
{
    struct secret *key = NULL;
    assert_int_equal(keyfile_next_epoch(m->kf, m->local, number, &key), ERR_OK);
    secret_free(key);
}

static enum err epoch(struct made *m, uint64_t number)
{
    struct secret *key = NULL;
    enum err e = keyfile_epoch(m->kf, m->local, number, &key);
    secret_free(key);
    return e;
}

static void flip(const struct made *m, long at)
{
    uint8_t byte = 0;
    int fd = open(m->path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static void the_right_passphrase_opens_the_keys_and_no_other(void **state)
{
    struct made *m = *state;
    struct secret *local = NULL, *sign = NULL, *wrong = secret_of("lantern oak quartZ");
    assert_int_equal(keyfile_unlock(m->kf, laptop_code, m->passphrase, &local), ERR_OK);
    assert_true(same(local, m->local));
    assert_int_equal(keyfile_sign_key(m->kf, local, &sign), ERR_OK);
    assert_true(same(sign, m->sign));
    secret_free(local);
    local = NULL;
    assert_int_equal(keyfile_unlock(m->kf, laptop_code, wrong, &local), ERR_PASSPHRASE);
    assert_int_equal(keyfile_unlock(m->kf, "kq7-int9", m->passphrase, &local), ERR_PASSPHRASE);
    assert_int_equal(keyfile_unlock(m->kf, "", m->passphrase, &local), ERR_PASSPHRASE);
    assert_null(local);
    struct secret *other = NULL;
    assert_int_equal(secret_random(32, &other), ERR_OK);
    assert_int_equal(keyfile_sign_key(m->kf, other, &local), ERR_FORMAT);
    assert_null(local);
    secret_free(other);
    secret_free(sign);
    secret_free(wrong);
}

static void what_needs_no_passphrase_comes_back(void **state)
{
    struct made *m = *state;
    struct keyfile *reader = NULL;
    assert_int_equal(keyfile_open(m->path, false, &reader), ERR_OK); /* beside the one that owns */
    const struct keyfile_public *pub = keyfile_public(reader);
    assert_memory_equal(pub->device, m->pub.device, 32);
    assert_memory_equal(pub->machine, m->pub.machine, KEYFILE_MACHINE_LEN);
    assert_int_equal(pub->cost.ops, m->pub.cost.ops);
    assert_int_equal(pub->cost.mem, m->pub.cost.mem);
    keyfile_close(reader);
}

static void a_keys_file_is_never_made_over_another(void **state)
{
    struct made *m = *state;
    struct secret *local = NULL;
    assert_int_equal(keyfile_create(m->path, &m->pub, m->sign, laptop_code, m->passphrase, &local),
                     ERR_FILE);
    assert_null(local);
    assert_int_equal(keyfile_unlock(m->kf, laptop_code, m->passphrase, &local), ERR_OK);
    secret_free(local);
}

static void the_key_of_the_epoch_before_the_last_is_gone(void **state)
{
    struct made *m = *state;
    struct buffer before = {0}, after = {0};
    struct stat first, last;
    next(m, 1);
    next(m, 2);
    assert_int_equal(epoch(m, 1), ERR_OK);
    assert_int_equal(epoch(m, 2), ERR_OK);
    assert_int_equal(stat(m->path, &first), 0);
    assert_int_equal(file_read(m->path, KEYFILE_LEN, true, &before), ERR_OK);
    next(m, 3);
    assert_int_equal(epoch(m, 1), ERR_KEY);
    assert_int_equal(epoch(m, 2), ERR_OK);
    assert_int_equal(epoch(m, 3), ERR_OK);
    assert_int_equal(epoch(m, 5), ERR_KEY); /* in the place of 3, but not that key */
    assert_int_equal(file_read(m->path, KEYFILE_LEN, true, &after), ERR_OK);
    assert_int_equal(stat(m->path, &last), 0);
    assert_int_equal(first.st_ino, last.st_ino); /* overwritten, not replaced */
    assert_int_equal(after.len, KEYFILE_LEN);
    enum { SEALED = 32 + KEYFILE_SEALED_MORE, PLACE = 8192 };
    size_t stayed = 0;
    for (size_t i = 0; i < SEALED; i++)
        stayed += before.p[PLACE + i] == after.p[PLACE + i];
    assert_in_range(stayed, 0, 8); /* some by chance */
    assert_memory_equal(before.p, after.p, PLACE);
    assert_memory_equal(before.p + PLACE + SEALED, after.p + PLACE + SEALED,
                        KEYFILE_LEN - PLACE - SEALED);
    buffer_free(&before);
    buffer_free(&after);
}

static void an_epoch_key_survives_damage_to_the_other_place(void **state)
{
    struct made *m = *state;
    next(m, 1);
    next(m, 2);
    flip(m, 8192 + 30); /* of epoch 1 */
    assert_int_equal(epoch(m, 1), ERR_KEY);
    assert_int_equal(epoch(m, 2), ERR_OK);
    next(m, 3);
    assert_int_equal(epoch(m, 3), ERR_OK);
    flip(m, 4096 + 71);
    assert_int_equal(epoch(m, 2), ERR_KEY);
    assert_int_equal(epoch(m, 3), ERR_OK);
}

static void a_slot_in_use_cannot_be_told_from_an_empty_one(void **state)
{
    struct made *m = *state;
    struct buffer b = {0};
    assert_int_equal(file_read(m->path, KEYFILE_LEN, true, &b), ERR_OK);
    for (size_t at = 512; at < KEYFILE_LEN; at += 128) { /* everywhere: as many kinds of bytes */
        unsigned kinds = 0;
        bool found[256] = {false};
        for (size_t i = 0; i < 128; i++) {
            kinds += !found[b.p[at + i]];
            found[b.p[at + i]] = true;
        }
        assert_in_range(kinds, 80, 128); /* 101 are expected of noise */
    }
    buffer_free(&b);
}

static void one_program_at_a_time_owns_the_file(void **state)
{
    struct made *m = *state;
    struct keyfile *second = NULL;
    assert_int_equal(keyfile_open(m->path, true, &second), ERR_BUSY);
    assert_non_null(strstr(said, "another kiosk is running"));
    assert_null(second);
    keyfile_close(m->kf);
    m->kf = NULL;
    assert_int_equal(keyfile_open(m->path, true, &m->kf), ERR_OK);
}

static void a_file_that_is_cut_or_of_another_kind_is_refused(void **state)
{
    struct made *m = *state;
    struct keyfile *kf = NULL;
    assert_int_equal(truncate(m->path, KEYFILE_LEN - 1), 0);
    assert_int_equal(keyfile_open(m->path, false, &kf), ERR_FORMAT);
    assert_int_equal(truncate(m->path, 0), 0);
    assert_int_equal(keyfile_open(m->path, false, &kf), ERR_FORMAT);
    assert_int_equal(truncate(m->path, KEYFILE_LEN), 0); /* the right length, all zeros */
    assert_int_equal(keyfile_open(m->path, false, &kf), ERR_FORMAT);
    assert_non_null(strstr(said, "not a keys file"));
    assert_int_equal(unlink(m->path), 0);
    assert_int_equal(keyfile_open(m->path, false, &kf), ERR_FILE);
    assert_int_equal(symlink("/etc/passwd", m->path), 0);
    assert_int_equal(keyfile_open(m->path, false, &kf), ERR_FILE);
    assert_null(kf);
}

static void a_cost_out_of_bounds_is_damage_and_takes_no_memory(void **state)
{
    struct made *m = *state;
    struct secret *local = NULL;
    flip(m, 18 + 7); /* the highest byte of the memory cost */
    keyfile_close(m->kf);
    m->kf = NULL;
    assert_int_equal(keyfile_open(m->path, true, &m->kf), ERR_OK);
    assert_int_equal(keyfile_unlock(m->kf, laptop_code, m->passphrase, &local), ERR_FORMAT);
    assert_non_null(strstr(said, "damaged"));
}

static void what_is_sealed_opens_only_for_its_use_device_and_number(void **state)
{
    struct made *m = *state;
    static const uint8_t plain[10] = "ten bytes";
    uint8_t sealed[sizeof plain + KEYFILE_SEALED_MORE], out[sizeof plain], other[32] = {0};
    struct bytes b = {sealed, sizeof sealed};
    keyfile_seal(m->local, "state", m->pub.device, 3, (struct bytes){plain, sizeof plain}, sealed);
    assert_true(keyfile_unseal(m->local, "state", m->pub.device, 3, b, out));
    assert_memory_equal(out, plain, sizeof plain);
    assert_false(keyfile_unseal(m->local, "state", m->pub.device, 4, b, out));
    assert_false(keyfile_unseal(m->local, "epoch", m->pub.device, 3, b, out));
    assert_false(keyfile_unseal(m->local, "state", other, 3, b, out));
    b.len = KEYFILE_SEALED_MORE - 1;
    assert_false(keyfile_unseal(m->local, "state", m->pub.device, 3, b, out));
}

#define KEYFILE(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        KEYFILE(the_right_passphrase_opens_the_keys_and_no_other),
        KEYFILE(what_needs_no_passphrase_comes_back),
        KEYFILE(a_keys_file_is_never_made_over_another),
        KEYFILE(the_key_of_the_epoch_before_the_last_is_gone),
        KEYFILE(an_epoch_key_survives_damage_to_the_other_place),
        KEYFILE(a_slot_in_use_cannot_be_told_from_an_empty_one),
        KEYFILE(one_program_at_a_time_owns_the_file),
        KEYFILE(a_file_that_is_cut_or_of_another_kind_is_refused),
        KEYFILE(a_cost_out_of_bounds_is_damage_and_takes_no_memory),
        KEYFILE(what_is_sealed_opens_only_for_its_use_device_and_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
