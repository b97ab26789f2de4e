/* What programs of version 1 kept opens for ever: a laptop's home and an archive, as they wrote
 * them. tests/vectors/home.py opens the same home without our code. */
#include "tests/vectors/vectors.h"

#include <unistd.h>

#include "admin/laptop_store.h"
#include "admin/verify.h"
#include "kiosk/keyfile.h"
#include "kiosk/setup.h"

static char dir[] = "/tmp/sanaq-kept-XXXXXX";
static char path[128];

/* A copy to work on: opening writes beside. */
static const char *copy(const char *file)
{
    const char *name = strrchr(file, '/') != NULL ? strrchr(file, '/') + 1 : file;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(file_write(path, vectors_file(file), 0600, true), ERR_OK);
    return path;
}

static int start(void **state)
{
    vectors_start(state);
    assert_non_null(mkdtemp(dir));
    return 0;
}

static int end(void **state)
{
    static const char *const left[] = {"keys",    "store.db",    "store.db-wal", "store.db-shm",
                                       "archive", "archive-wal", "archive-shm"};
    for (size_t i = 0; i < sizeof left / sizeof *left; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, left[i]);
        unlink(path);
    }
    rmdir(dir);
    return vectors_end(state);
}

static void both_interviewers_unlock_the_keys_file(void **state)
{
    static const struct {
        const char *code, *passphrase;
    } who[] = {{"ab12", "lantern oak quartz"}, {"cd34", "amber violet stone"}};
    enum { EPOCH = 17 }; /* that of the store */
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct keyfile *kf = NULL;
        struct secret *passphrase = NULL, *epoch = NULL;
        assert_int_equal(secret_copy(who[i].passphrase, strlen(who[i].passphrase), &passphrase),
                         ERR_OK);
        assert_int_equal(keyfile_open(copy("home/keys"), true, &kf), ERR_OK);
        assert_int_equal(keyfile_unlock(kf, EPOCH, who[1 - i].code, passphrase), ERR_PASSPHRASE);
        assert_int_equal(keyfile_unlock(kf, EPOCH, who[i].code, passphrase), ERR_OK);
        assert_int_equal(keyfile_interviewers(kf), 2);
        assert_memory_equal(secret_view(keyfile_sign_key(kf)) + 32, keyfile_public(kf)->device, 32);
        assert_int_equal(keyfile_epoch(kf, EPOCH, &epoch), ERR_OK);
        secret_free(epoch);
        secret_free(passphrase);
        keyfile_close(kf);
    }
}

static void the_home_tells_its_state(void **state)
{
    struct setup_status s;
    (void)state;
    copy("home/keys");
    copy("home/store.db");
    assert_int_equal(setup_status(dir, &s), ERR_OK);
    assert_string_equal(s.words, "scripta dictare pristina procul asciscit solvere delere culmen");
    assert_string_equal(s.closing, "0016 9299 7906 1845 7059 2897");
    assert_int_equal(s.position, 16);
    setup_status_free(&s);
}

struct counts {
    unsigned packs, streams, entries;
};

static enum err pack(void *ctx, struct bytes b)
{
    struct counts *c = ctx;
    c->packs += b.len > 0;
    return ERR_OK;
}

static enum err stream(void *ctx, uint64_t number, uint64_t first, struct bytes preamble)
{
    struct counts *c = ctx;
    (void)number, (void)first;
    c->streams += preamble.len > 0;
    return ERR_OK;
}

static enum err entry(void *ctx, uint64_t number, uint64_t n, struct bytes sealed)
{
    struct counts *c = ctx;
    (void)number, (void)sealed;
    assert_int_equal(n, ++c->entries);
    return ERR_OK;
}

static void admin_reads_the_store(void **state)
{
    struct counts c = {0};
    const struct laptop_store_visitor v = {pack, stream, entry, &c};
    (void)state;
    assert_int_equal(laptop_store_read(copy("home/store.db"), &v), ERR_OK);
    assert_int_equal(c.packs, 1);
    assert_int_equal(c.streams, 2);
    assert_int_equal(c.entries, 16);
}

static void admin_verifies_the_archive(void **state)
{
    struct archive *a = NULL;
    struct studykey *k = NULL;
    struct verify_report *r = NULL;
    struct secret *passphrase = vectors_passphrase();
    (void)state;
    assert_int_equal(studykey_open(V1 "first.key", passphrase, &k), ERR_OK);
    secret_free(passphrase);
    assert_int_equal(archive_open(copy("archive"), false, &a), ERR_OK);
    assert_int_equal(verify_archive(a, k, NULL, NULL, &r), ERR_OK);
    assert_int_equal(verify_err(r), ERR_OK);
    assert_int_equal(r->devices, 1);
    assert_int_equal(r->device[0].whole_to, 80);
    assert_int_equal(r->replayed, 8);
    assert_int_equal(r->mismatched, 0);
    verify_free(r);
    archive_close(a);
    studykey_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_interviewers_unlock_the_keys_file),
        cmocka_unit_test(the_home_tells_its_state),
        cmocka_unit_test(admin_reads_the_store),
        cmocka_unit_test(admin_verifies_the_archive),
    };
    return cmocka_run_group_tests(tests, start, end);
}
