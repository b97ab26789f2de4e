/* First use on a laptop: what it makes, what it refuses, and that it never harms what is there. */
#include "laptop.h"

#include "core/device.h"
#include "kiosk/keyfile.h"

static enum err set_up(const struct world *w, const char *home, const char *code, const char *words)
{
    struct secret *passphrase = secret_of(words);
    enum err e = setup_run(home, w->pack, code, passphrase, cheap(), NULL);
    secret_free(passphrase);
    return e;
}

static struct buffer contents(const char *path)
{
    struct buffer b = {0};
    assert_int_equal(file_read(path, 1 << 24, true, &b), ERR_OK);
    return b;
}

/* Nobody but the owner may even list what a home holds. */
static void assert_private(const char *path, unsigned mode)
{
    struct stat is;
    assert_int_equal(stat(path, &is), 0);
    assert_int_equal(is.st_mode & 0777, mode);
}

static size_t files_in(const char *dir)
{
    char *const paths[] = {(char *)(uintptr_t)dir, NULL};
    size_t n = 0;
    FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    for (FTSENT *at; tree != NULL && (at = fts_read(tree)) != NULL;)
        n += at->fts_info == FTS_F;
    if (tree != NULL)
        fts_close(tree);
    return n;
}

static void a_home_holds_keys_and_store_and_nothing_else(void **state)
{
    struct laptop l;
    laptop_new(*state, "made", &l);
    char *keys = home_keys(l.home), *store = home_store(l.home);
    struct buffer b = contents(keys);
    assert_int_equal(files_in(l.home), 2);
    assert_true(setup_done(l.home));
    assert_int_equal(b.len, KEYFILE_LEN);
    assert_private(l.home, 0700);
    assert_private(keys, 0600);
    assert_int_equal(rows_of(&l).entries, 1); /* the root */
    buffer_free(&b);
    free(store);
    free(keys);
    laptop_free(&l);
}

static void status_tells_what_is_public(void **state)
{
    const struct world *w = *state;
    struct laptop l;
    struct setup_status st;
    char words[WORDS_TEXT];
    uint8_t hash[HASH_LEN];
    laptop_new(w, "status", &l);
    assert_int_equal(setup_status(l.home, &st), ERR_OK);
    device_fingerprint(st.device, hash);
    words_of(hash, words);
    assert_string_equal(st.words, words);
    words_of(w->pack->hash, words);
    assert_string_equal(st.pack_words, words);
    assert_string_equal(st.study, w->study->id);
    assert_int_equal(st.pack_number, 1);
    assert_int_equal(st.position, 1);
    assert_int_equal(st.confirmed, 0);
    assert_int_equal(strlen(st.closing), STREAM_CLOSING - 1);
    assert_memory_equal(st.closing, "0001 ", 5);
    setup_status_free(&st);
    laptop_free(&l);
}

static void a_second_set_up_is_refused_and_changes_nothing(void **state)
{
    struct laptop l;
    laptop_new(*state, "twice", &l);
    char *keys = home_keys(l.home);
    struct buffer before = contents(keys);
    assert_int_equal(set_up(*state, l.home, "other", laptop_passphrase), ERR_STATE);
    struct buffer after = contents(keys);
    assert_int_equal(after.len, before.len);
    assert_memory_equal(after.p, before.p, before.len);
    session_drop(laptop_unlock(&l));
    buffer_free(&before);
    buffer_free(&after);
    free(keys);
    laptop_free(&l);
}

static void poor_codes_and_passphrases_are_refused_before_anything_is_made(void **state)
{
    static const char *const codes[] = {"", "ninechars", "a b", "c/d", "\xd0\xba"};
    struct world *w = *state;
    char *home = path_in(w, "poor");
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        assert_int_equal(set_up(w, home, codes[i], laptop_passphrase), ERR_USAGE);
    assert_int_equal(set_up(w, home, laptop_code, "eleven char"), ERR_USAGE);
    assert_int_not_equal(access(home, F_OK), 0);
    assert_int_equal(set_up(w, home, laptop_code, "twelve chars"), ERR_OK);
    free(home);
}

static void an_interrupted_set_up_can_be_done_again(void **state)
{
    static const char half[] = "what a power cut left";
    struct world *w = *state;
    struct store *st = NULL;
    char *home = path_in(w, "half"), *keys = home_keys(home), *store = home_store(home);
    assert_int_equal(file_make_dir(home), ERR_OK);
    assert_int_equal(
        file_write(keys, (struct bytes){(const uint8_t *)half, sizeof half}, 0600, false), ERR_OK);
    assert_int_equal(store_create(store, &st), ERR_OK); /* tables, but no state */
    store_close(st);
    assert_false(setup_done(home));
    assert_int_equal(set_up(w, home, laptop_code, laptop_passphrase), ERR_OK);
    assert_true(setup_done(home));
    free(home);
    free(keys);
    free(store);
}

static void a_store_without_its_keys_is_left_alone(void **state)
{
    struct laptop l;
    laptop_new(*state, "keyless", &l);
    char *keys = home_keys(l.home), *store = home_store(l.home);
    struct buffer before = contents(store);
    assert_int_equal(remove(keys), 0);
    assert_false(setup_done(l.home));
    said[0] = '\0';
    assert_int_equal(set_up(*state, l.home, laptop_code, laptop_passphrase), ERR_STATE);
    assert_non_null(strstr(said, "left as it is"));
    struct buffer after = contents(store);
    assert_int_equal(after.len, before.len);
    assert_memory_equal(after.p, before.p, before.len);
    assert_int_not_equal(access(keys, F_OK), 0);
    buffer_free(&before);
    buffer_free(&after);
    free(keys);
    free(store);
    laptop_free(&l);
}

/* A laptop whose store was hurt still has its keys and its sealed interviews: collect can save
 * them, but not after they were made anew. */
static void assert_left_alone(const struct world *w, const struct laptop *l, const char *store,
                              const char *keys)
{
    struct buffer s = contents(store), k = contents(keys);
    assert_true(
        setup_done(l->home)); /* so that the kiosk goes to unlock, which says what is wrong */
    assert_int_equal(set_up(w, l->home, laptop_code, laptop_passphrase), ERR_STATE);
    struct buffer s2 = contents(store), k2 = contents(keys);
    assert_int_equal(s2.len, s.len);
    assert_memory_equal(s2.p, s.p, s.len);
    assert_int_equal(k2.len, k.len);
    assert_memory_equal(k2.p, k.p, k.len);
    buffer_free(&s);
    buffer_free(&k);
    buffer_free(&s2);
    buffer_free(&k2);
}

static void overwrite_all(const char *path, struct buffer *b, size_t at, size_t n)
{
    memset(b->p + at, 0xa5, n);
    assert_int_equal(file_write(path, buffer_view(b), 0600, true), ERR_OK);
}

static void set_up_over_a_damaged_store_keeps_keys_and_store(void **state)
{
    const struct world *w = *state;
    struct laptop l;
    laptop_new(w, "damaged", &l);
    char *keys = home_keys(l.home), *store = home_store(l.home);
    struct buffer b = contents(store);
    overwrite_all(store, &b, 0, 100); /* the header: no database any more */
    assert_left_alone(w, &l, store, keys);
    buffer_free(&b);
    free(keys);
    free(store);
    laptop_free(&l);
}

static void set_up_over_a_store_with_one_bad_page_keeps_keys_and_store(void **state)
{
    const struct world *w = *state;
    struct laptop l;
    enum { PAGE = 4096 };
    laptop_new(w, "page", &l);
    char *keys = home_keys(l.home), *store = home_store(l.home);
    struct buffer whole = contents(store);
    for (size_t at = PAGE; at + PAGE <= whole.len; at += PAGE) {
        struct buffer b = {0};
        buffer_add(&b, whole.p, whole.len);
        overwrite_all(store, &b, at, PAGE);
        assert_left_alone(w, &l, store, keys);
        buffer_free(&b);
    }
    assert_int_equal(file_write(store, buffer_view(&whole), 0600, true), ERR_OK);
    session_drop(laptop_unlock(&l));
    buffer_free(&whole);
    free(keys);
    free(store);
    laptop_free(&l);
}

static void keys_without_a_store_make_way_for_a_new_device(void **state)
{
    const struct world *w = *state;
    struct laptop l;
    struct setup_status st;
    laptop_new(w, "new-device", &l);
    char *store = home_store(l.home);
    assert_int_equal(remove(store), 0);
    assert_false(setup_done(l.home));
    assert_int_not_equal(setup_status(l.home, &st), ERR_OK);
    assert_int_equal(set_up(w, l.home, laptop_code, laptop_passphrase), ERR_OK); /* a new device */
    free(store);
    laptop_free(&l);
}

#define CSTO(test) WITH(start_csto, test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CSTO(a_home_holds_keys_and_store_and_nothing_else),
        CSTO(status_tells_what_is_public),
        CSTO(a_second_set_up_is_refused_and_changes_nothing),
        CSTO(poor_codes_and_passphrases_are_refused_before_anything_is_made),
        CSTO(an_interrupted_set_up_can_be_done_again),
        CSTO(set_up_over_a_damaged_store_keeps_keys_and_store),
        CSTO(set_up_over_a_store_with_one_bad_page_keeps_keys_and_store),
        CSTO(keys_without_a_store_make_way_for_a_new_device),
        CSTO(a_store_without_its_keys_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
