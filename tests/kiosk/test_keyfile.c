#include "laptop.h"

#include <fcntl.h>

#include "kiosk/keyfile.h"
#include "kiosk/keyslots.h"

enum { PLACES_AT = 4096, SIDES_AT = 3 * 4096, SIDE_STEP = 4096 };

struct made {
    char dir[64], *path;
    struct keyfile_public pub;
    struct secret *passphrase, *sign, *key; /* key: of epoch 1 */
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
        keyfile_create(m->path, &m->pub, m->sign, laptop_code, m->passphrase, &m->key, &m->kf),
        ERR_OK);
    *state = m;
    return 0;
}

static int stop(void **state)
{
    struct made *m = *state;
    keyfile_close(m->kf);
    secret_free(m->key);
    secret_free(m->sign);
    secret_free(m->passphrase);
    forget(m->dir);
    free(m->path);
    free(m);
    return 0;
}

static void reopen(struct made *m)
{
    keyfile_close(m->kf);
    m->kf = NULL;
    assert_int_equal(keyfile_open(m->path, true, &m->kf), ERR_OK);
}

/* As after a start, with the epoch that a store would name. */
static enum err unlock(struct made *m, uint64_t epoch, const char *code, const char *words)
{
    struct secret *passphrase = secret_of(words);
    reopen(m);
    enum err e = keyfile_unlock(m->kf, epoch, code, passphrase);
    secret_free(passphrase);
    if (e == ERR_OK) {
        assert_int_equal(secret_len(keyfile_sign_key(m->kf)), secret_len(m->sign));
        assert_memory_equal(secret_view(keyfile_sign_key(m->kf)), secret_view(m->sign),
                            secret_len(m->sign));
    }
    return e;
}

static void next(struct made *m, uint64_t number)
{
    struct secret *key = NULL;
    assert_int_equal(keyfile_next_epoch(m->kf, number, &key), ERR_OK);
    secret_free(key);
}

static enum err epoch(struct made *m, uint64_t number)
{
    struct secret *key = NULL;
    enum err e = keyfile_epoch(m->kf, number, &key);
    secret_free(key);
    return e;
}

static struct buffer raw(const struct made *m)
{
    struct buffer b = {0};
    assert_int_equal(file_read(m->path, KEYFILE_LEN, true, &b), ERR_OK);
    assert_int_equal(b.len, KEYFILE_LEN);
    return b;
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
    assert_int_equal(unlock(m, 1, laptop_code, laptop_passphrase), ERR_OK);
    assert_int_equal(unlock(m, 1, laptop_code, "lantern oak quartZ"), ERR_PASSPHRASE);
    assert_int_equal(unlock(m, 1, "kq7-int9", laptop_passphrase), ERR_PASSPHRASE);
    assert_int_equal(unlock(m, 1, "", laptop_passphrase), ERR_PASSPHRASE);
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
    struct secret *key = NULL;
    struct keyfile *kf = NULL;
    assert_int_equal(
        keyfile_create(m->path, &m->pub, m->sign, laptop_code, m->passphrase, &key, &kf), ERR_FILE);
    assert_null(key);
    assert_null(kf);
    assert_int_equal(unlock(m, 1, laptop_code, laptop_passphrase), ERR_OK);
}

static void the_key_of_the_epoch_before_the_last_is_gone(void **state)
{
    struct made *m = *state;
    struct stat first, last;
    next(m, 2);
    assert_int_equal(epoch(m, 1), ERR_OK);
    assert_int_equal(epoch(m, 2), ERR_OK);
    assert_int_equal(stat(m->path, &first), 0);
    struct buffer before = raw(m);
    next(m, 3);
    assert_int_equal(epoch(m, 1), ERR_KEY);
    assert_int_equal(epoch(m, 2), ERR_OK);
    assert_int_equal(epoch(m, 3), ERR_OK);
    assert_int_equal(epoch(m, 5), ERR_KEY); /* in the place of 3, but not that key */
    struct buffer after = raw(m);
    assert_int_equal(stat(m->path, &last), 0);
    assert_int_equal(first.st_ino, last.st_ino); /* overwritten, not replaced */
    enum {
        HEAD = 9,
        SEALED = 32 + LOCALBOX_MORE,
        PLACE = PLACES_AT + 4096,
        REST = PLACE + HEAD + SEALED
    };
    size_t stayed = 0;
    for (size_t i = 0; i < SEALED; i++)
        stayed += before.p[PLACE + HEAD + i] == after.p[PLACE + HEAD + i];
    assert_in_range(stayed, 0, 8); /* some by chance */
    assert_memory_equal(before.p, after.p, PLACE);
    assert_memory_equal(before.p + REST, after.p + REST, KEYFILE_LEN - REST);
    buffer_free(&before);
    buffer_free(&after);
}

static void an_epoch_key_survives_damage_to_the_other_place(void **state)
{
    struct made *m = *state;
    next(m, 2);
    flip(m, PLACES_AT + 4096 + 30); /* of epoch 1 */
    assert_int_equal(epoch(m, 1), ERR_KEY);
    assert_int_equal(epoch(m, 2), ERR_OK);
    next(m, 3);
    assert_int_equal(epoch(m, 3), ERR_OK);
    flip(m, PLACES_AT + 80);
    assert_int_equal(epoch(m, 2), ERR_KEY);
    assert_int_equal(epoch(m, 3), ERR_OK);
}

/* Everywhere behind the header: as many kinds of bytes as noise has. */
static void assert_noise(const struct made *m)
{
    struct buffer b = raw(m);
    for (size_t at = 512; at < KEYFILE_LEN; at += 128) {
        unsigned kinds = 0;
        bool found[256] = {false};
        for (size_t i = 0; i < 128; i++) {
            kinds += !found[b.p[at + i]];
            found[b.p[at + i]] = true;
        }
        assert_in_range(kinds, 76, 128); /* 101 are expected of noise */
    }
    buffer_free(&b);
}

/* ---- several interviewers ---- */

static enum err turn(struct made *m, enum keyslots_change change, const char *code,
                     const char *words, uint64_t number)
{
    struct secret *key = NULL, *passphrase = words != NULL ? secret_of(words) : NULL;
    enum err e = keyfile_turn(m->kf, change, code, passphrase, number, &key);
    secret_free(key);
    secret_free(passphrase);
    return e;
}

/* A whole change; the store that goes with it is at ${number} then. */
static void change(struct made *m, enum keyslots_change kind, const char *code, const char *words,
                   uint64_t number)
{
    assert_int_equal(turn(m, kind, code, words, number), ERR_OK);
    assert_int_equal(keyfile_settle(m->kf, number), ERR_OK);
    next(m, number + 1);
}

static const char other_passphrase[] = "anchor basil cobalt";

static void a_slot_in_use_cannot_be_told_from_an_empty_one(void **state)
{
    struct made *m = *state;
    assert_noise(m);
    change(m, KEYSLOTS_ADD, "two", other_passphrase, 2);
    assert_noise(m);
    change(m, KEYSLOTS_REMOVE, "two", NULL, 3);
    assert_noise(m);
}

static void eight_interviewers_open_the_same_laptop_each_with_their_own_passphrase(void **state)
{
    struct made *m = *state;
    char code[8], words[32];
    for (int i = 1; i < KEYFILE_SLOTS; i++) {
        snprintf(code, sizeof code, "i%d", i);
        snprintf(words, sizeof words, "the words of i%d", i);
        change(m, KEYSLOTS_ADD, code, words, 1 + (uint64_t)i);
        assert_true(keyfile_knows(m->kf, code));
    }
    assert_int_equal(keyfile_interviewers(m->kf), KEYFILE_SLOTS);
    said[0] = '\0';
    assert_int_equal(turn(m, KEYSLOTS_ADD, "i9", "the words of i9", 9), ERR_STATE);
    assert_non_null(strstr(said, "all eight places"));
    assert_int_equal(unlock(m, 8, laptop_code, laptop_passphrase), ERR_OK);
    for (int i = 1; i < KEYFILE_SLOTS; i += 3) {
        snprintf(code, sizeof code, "i%d", i);
        snprintf(words, sizeof words, "the words of i%d", i);
        assert_int_equal(unlock(m, 8, code, words), ERR_OK);
        assert_int_equal(epoch(m, 8), ERR_OK);
    }
    change(m, KEYSLOTS_REMOVE, "i3", NULL, 9); /* by i7, who unlocked last */
    assert_int_equal(unlock(m, 9, "i1", "the words of i2"), ERR_PASSPHRASE);
    assert_int_equal(unlock(m, 9, "i3", "the words of i3"), ERR_PASSPHRASE);
    assert_int_equal(unlock(m, 9, "i1", "the words of i1"), ERR_OK);
}

static void a_code_has_one_slot_and_an_unknown_code_none(void **state)
{
    struct made *m = *state;
    said[0] = '\0';
    assert_int_equal(turn(m, KEYSLOTS_ADD, laptop_code, other_passphrase, 2), ERR_STATE);
    assert_non_null(strstr(said, "has this code already"));
    said[0] = '\0';
    assert_int_equal(turn(m, KEYSLOTS_REMOVE, "nobody", NULL, 2), ERR_STATE);
    assert_int_equal(turn(m, KEYSLOTS_CHANGE, "nobody", other_passphrase, 2), ERR_STATE);
    assert_non_null(strstr(said, "no interviewer of this laptop has this code"));
    assert_int_equal(unlock(m, 1, laptop_code, laptop_passphrase), ERR_OK);
}

/* ---- what an old passphrase opens in the bytes that are on the disk ---- */

struct old { /* what somebody knows who had unlocked, and copied the keys file, before the change */
    struct secret *stretched;
    struct keyslots *slots;
};

static void remember(const struct made *m, const char *code, const char *words, struct old *out)
{
    struct buffer b = raw(m);
    struct secret *passphrase = secret_of(words);
    struct keyslots_device d = {m->pub.device, b.p + 26, m->pub.cost};
    enum err e = ERR_KEY;
    out->stretched = NULL;
    out->slots = NULL;
    assert_int_equal(keyslots_stretch(&d, code, passphrase, &out->stretched), ERR_OK);
    for (size_t side = 0; side < 2 && e == ERR_KEY; side++)
        e = keyslots_open((struct bytes){b.p + SIDES_AT + SIDE_STEP * side, KEYSLOTS_LEN}, &d,
                          out->stretched, &out->slots);
    assert_int_equal(e, ERR_OK);
    secret_free(passphrase);
    buffer_free(&b);
}

static void old_free(struct old *o)
{
    secret_free(o->stretched);
    keyslots_free(o->slots);
}

/* Places in the file where something opens: with the passphrase's key, with the local key. */
static size_t opens(const struct made *m, const struct old *o)
{
    struct buffer b = raw(m);
    const struct secret *local = keyslots_local(o->slots);
    size_t found = 0;
    uint8_t out[KEYSLOTS_BODY_LEN];
    struct keyslots *ks = NULL;
    struct keyslots_device d = {m->pub.device, b.p + 26, m->pub.cost};
    for (size_t at = 0; at + 32 + LOCALBOX_MORE <= b.len; at++) {
        struct bytes key = {b.p + at, 32 + LOCALBOX_MORE};
        struct bytes body = {b.p + at, KEYSLOTS_BODY_LEN + LOCALBOX_MORE};
        found += localbox_open(o->stretched, "slot", m->pub.device, 0, key, out);
        for (uint64_t number = 1; number < 8; number++)
            found += localbox_open(local, "epoch", m->pub.device, number, key, out);
        if (at + body.len <= b.len)
            found += localbox_open(local, "local", m->pub.device, 0, body, out);
        if (at + KEYSLOTS_LEN <= b.len && at % 16 == 0 &&
            keyslots_open((struct bytes){b.p + at, KEYSLOTS_LEN}, &d, o->stretched, &ks) == ERR_OK)
            found++, keyslots_free(ks), ks = NULL;
    }
    buffer_free(&b);
    return found;
}

static void after_a_change_the_old_passphrase_opens_nothing_on_the_disk(void **state)
{
    struct made *m = *state;
    struct old old;
    next(m, 2);
    remember(m, laptop_code, laptop_passphrase, &old);
    assert_int_equal(opens(m, &old), 5); /* slot, device key, two epochs, and the side as a whole */
    change(m, KEYSLOTS_CHANGE, laptop_code, other_passphrase, 3);
    assert_int_equal(opens(m, &old), 0);
    old_free(&old);
    assert_int_equal(unlock(m, 3, laptop_code, laptop_passphrase), ERR_PASSPHRASE);
    assert_int_equal(unlock(m, 3, laptop_code, other_passphrase), ERR_OK);
    assert_int_equal(epoch(m, 3), ERR_OK);
    assert_int_equal(keyfile_interviewers(m->kf), 1);
    assert_int_equal(keyfile_public(m->kf)->cost.mem, m->pub.cost.mem);
}

static void after_a_removal_the_passphrase_opens_nothing_on_the_disk(void **state)
{
    struct made *m = *state;
    struct old gone;
    change(m, KEYSLOTS_ADD, "two", other_passphrase, 2);
    remember(m, "two", other_passphrase, &gone);
    assert_int_equal(opens(m, &gone), 5);
    change(m, KEYSLOTS_REMOVE, "two", NULL, 3);
    assert_int_equal(opens(m, &gone), 0);
    old_free(&gone);
    assert_false(keyfile_knows(m->kf, "two"));
    assert_int_equal(unlock(m, 3, "two", other_passphrase), ERR_PASSPHRASE);
    assert_int_equal(unlock(m, 3, laptop_code, laptop_passphrase), ERR_OK);
    change(m, KEYSLOTS_ADD, "two", laptop_passphrase, 4); /* the place is free again */
    assert_int_equal(unlock(m, 4, "two", laptop_passphrase), ERR_OK);
}

/* Until the store says so nothing has changed; from then on the change is whole, whoever comes. */
static void a_change_that_is_cut_short_is_there_or_not_as_the_store_says(void **state)
{
    struct made *m = *state;
    change(m, KEYSLOTS_ADD, "two", other_passphrase, 2);
    assert_int_equal(turn(m, KEYSLOTS_REMOVE, "two", NULL, 3), ERR_OK); /* and the power is cut */
    struct buffer cut = raw(m);
    assert_int_equal(unlock(m, 2, "two", other_passphrase), ERR_OK); /* the store stayed at 2 */
    assert_int_equal(keyfile_settle(m->kf, 2), ERR_OK);
    next(m, 3);
    assert_int_equal(unlock(m, 2, laptop_code, laptop_passphrase), ERR_OK);
    assert_true(keyfile_knows(m->kf, "two"));

    int fd = open(m->path, O_WRONLY);
    assert_int_equal(pwrite(fd, cut.p, cut.len, 0), KEYFILE_LEN);
    close(fd);
    assert_int_equal(unlock(m, 3, "two", other_passphrase), ERR_PASSPHRASE); /* it came to 3 */
    assert_int_equal(unlock(m, 3, laptop_code, laptop_passphrase), ERR_OK);
    assert_int_equal(keyfile_settle(m->kf, 3), ERR_OK);
    next(m, 4);
    assert_false(keyfile_knows(m->kf, "two"));
    assert_int_equal(unlock(m, 2, "two", other_passphrase), ERR_PASSPHRASE);
    buffer_free(&cut);
}

static void settling_overwrites_nothing_while_it_is_not_sure_which_side_is_alive(void **state)
{
    struct made *m = *state;
    assert_int_equal(turn(m, KEYSLOTS_ADD, "two", other_passphrase, 2), ERR_OK);
    struct buffer before = raw(m);
    assert_int_equal(keyfile_settle(m->kf, 7), ERR_KEY);
    struct buffer after = raw(m);
    assert_memory_equal(before.p, after.p, KEYFILE_LEN);
    buffer_free(&before);
    buffer_free(&after);
    assert_int_equal(keyfile_settle(m->kf, 2), ERR_OK);
    assert_true(keyfile_knows(m->kf, "two"));
}

/* The store names an epoch whose place is gone: the side that fits the places still there opens. */
static void a_lost_place_does_not_lock_interviewers_out(void **state)
{
    struct made *m = *state;
    change(m, KEYSLOTS_ADD, "two", other_passphrase, 2);
    assert_int_equal(unlock(m, 0, "two", other_passphrase), ERR_OK);
    assert_int_equal(epoch(m, 3), ERR_OK);
    flip(m, PLACES_AT); /* epoch 2 */
    assert_int_equal(unlock(m, 2, "two", other_passphrase), ERR_OK);
    assert_int_equal(epoch(m, 2), ERR_KEY);
    flip(m, PLACES_AT + 4096);
    assert_int_equal(unlock(m, 2, laptop_code, laptop_passphrase), ERR_OK);
    assert_int_equal(unlock(m, 2, laptop_code, other_passphrase), ERR_PASSPHRASE);
}

static void a_wiped_file_opens_with_nothing_and_looks_like_any_other(void **state)
{
    struct made *m = *state;
    struct stat first, last;
    struct old old;
    next(m, 2);
    remember(m, laptop_code, laptop_passphrase, &old);
    assert_int_equal(stat(m->path, &first), 0);
    struct buffer before = raw(m);
    assert_int_equal(keyfile_wipe(m->path), ERR_OK); /* though this program owns the file */
    assert_int_equal(opens(m, &old), 0);
    old_free(&old);
    assert_int_equal(stat(m->path, &last), 0);
    assert_int_equal(first.st_ino, last.st_ino);
    struct buffer after = raw(m);
    assert_memory_equal(before.p, after.p, 4096);
    size_t stayed = 0;
    for (size_t i = 4096; i < KEYFILE_LEN; i++)
        stayed += before.p[i] == after.p[i];
    assert_in_range(stayed, 0, 160); /* 64 are expected */
    assert_noise(m);
    assert_int_equal(unlock(m, 2, laptop_code, laptop_passphrase), ERR_PASSPHRASE);
    buffer_free(&before);
    buffer_free(&after);
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
    flip(m, 18 + 7); /* the highest byte of the memory cost */
    assert_int_equal(unlock(m, 1, laptop_code, laptop_passphrase), ERR_FORMAT);
    assert_non_null(strstr(said, "damaged"));
}

static void what_is_sealed_opens_only_for_its_use_device_and_number(void **state)
{
    struct made *m = *state;
    static const uint8_t plain[10] = "ten bytes";
    uint8_t sealed[sizeof plain + LOCALBOX_MORE], out[sizeof plain], other[32] = {0};
    struct bytes b = {sealed, sizeof sealed};
    localbox_seal(m->key, "state", m->pub.device, 3, (struct bytes){plain, sizeof plain}, sealed);
    assert_true(localbox_open(m->key, "state", m->pub.device, 3, b, out));
    assert_memory_equal(out, plain, sizeof plain);
    assert_false(localbox_open(m->key, "state", m->pub.device, 4, b, out));
    assert_false(localbox_open(m->key, "epoch", m->pub.device, 3, b, out));
    assert_false(localbox_open(m->key, "state", other, 3, b, out));
    b.len = LOCALBOX_MORE - 1;
    assert_false(localbox_open(m->key, "state", m->pub.device, 3, b, out));
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
        KEYFILE(eight_interviewers_open_the_same_laptop_each_with_their_own_passphrase),
        KEYFILE(a_code_has_one_slot_and_an_unknown_code_none),
        KEYFILE(after_a_change_the_old_passphrase_opens_nothing_on_the_disk),
        KEYFILE(after_a_removal_the_passphrase_opens_nothing_on_the_disk),
        KEYFILE(a_change_that_is_cut_short_is_there_or_not_as_the_store_says),
        KEYFILE(settling_overwrites_nothing_while_it_is_not_sure_which_side_is_alive),
        KEYFILE(a_lost_place_does_not_lock_interviewers_out),
        KEYFILE(a_wiped_file_opens_with_nothing_and_looks_like_any_other),
        KEYFILE(one_program_at_a_time_owns_the_file),
        KEYFILE(a_file_that_is_cut_or_of_another_kind_is_refused),
        KEYFILE(a_cost_out_of_bounds_is_damage_and_takes_no_memory),
        KEYFILE(what_is_sealed_opens_only_for_its_use_device_and_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
