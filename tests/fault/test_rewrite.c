/* Whoever has the laptop and the passphrase cannot rewrite what is sealed: no string of 32 bytes
 * that the laptop keeps, at any offset of the decrypted state, the keys and the store, is the MAC
 * key of an earlier entry, so that none makes another entry there that verify would accept. */
#include "tests/kiosk/laptop.h"

#include "core/stream.h"
#include "kiosk/localbox.h"
#include "kiosk/session_inside.h"

/* Everything kept: store, log, keys file as they lie, and what the passphrase opens of them. */
static void add_file(const struct laptop *l, const char *name, struct buffer *kept)
{
    char *path = file_join(l->home, name);
    if (access(path, F_OK) == 0)
        assert_int_equal(file_read(path, 1 << 26, true, kept), ERR_OK);
    free(path);
}

static void add_opened(struct session *ss, struct buffer *kept)
{
    struct buffer sealed = {0};
    uint64_t epoch = 0;
    uint8_t *plain = malloc(ss->state_len);
    assert_non_null(plain);
    assert_int_equal(store_state(ss->store, &epoch, &sealed), ERR_OK);
    assert_true(localbox_open(ss->key, "state", device_key(ss->device), epoch, buffer_view(&sealed),
                              plain));
    buffer_add(kept, plain, ss->state_len - LOCALBOX_MORE);
    buffer_add(kept, secret_view(ss->key), 32);
    if (ss->next != NULL)
        buffer_add(kept, secret_view(ss->next), 32);
    buffer_add(kept, secret_view(keyfile_sign_key(ss->keyfile)), 64);
    assert_false(kept->failed);
    buffer_free(&sealed);
    free(plain);
}

/* Entries with the head before each. */
enum { MAX_ENTRIES = 64 };
struct history {
    uint8_t device[32], head[HASH_LEN];
    struct {
        uint8_t before[HASH_LEN];
        struct buffer sealed;
    } entry[MAX_ENTRIES + 1];
    uint64_t last;
};

static enum err take_stream(void *ctx, uint64_t number, uint64_t first, struct bytes preamble)
{
    struct history *h = ctx;
    (void)number, (void)first;
    hash_once(h->head, NULL, "stream", (struct bytes){preamble.p, preamble.len - SIGN_LEN});
    return ERR_OK;
}

static enum err take_entry(void *ctx, uint64_t stream, uint64_t n, struct bytes sealed)
{
    struct history *h = ctx;
    (void)stream;
    assert_in_range(n, 1, MAX_ENTRIES);
    memcpy(h->entry[n].before, h->head, HASH_LEN);
    buffer_add(&h->entry[n].sealed, sealed.p, sealed.len);
    stream_head(h->entry[n].before, sealed, h->head);
    h->last = n;
    return ERR_OK;
}

static bool fits(const struct history *h, uint64_t n, const uint8_t *key)
{
    uint8_t mac[STREAM_MAC_LEN];
    struct bytes sealed = buffer_view(&h->entry[n].sealed);
    size_t parts = sealed.len - SIGN_LEN - STREAM_MAC_LEN;
    stream_mac(key, h->device, n, h->entry[n].before, (struct bytes){sealed.p, parts}, mac);
    return memcmp(mac, sealed.p + parts, STREAM_MAC_LEN) == 0;
}

static void no_kept_string_is_the_key_of_an_earlier_entry(void **state)
{
    struct world *w = *state;
    struct laptop l;
    struct history *h = calloc(1, sizeof *h);
    struct buffer kept = {0};
    struct store_visitor v = {take_stream, take_entry, h};
    uint64_t tried = 0;
    uint8_t key[32];
    assert_non_null(h);
    laptop_new(w, "rewrite", &l);
    struct session *ss = laptop_unlock(&l);
    assert_int_equal(conduct(ss, 0, 2, 0), ERR_OK);
    assert_int_equal(conduct(ss, 1, 1, 1), ERR_OK);
    memcpy(h->device, device_key(ss->device), 32);
    add_opened(ss, &kept);
    size_t opened = kept.len;
    memcpy(key, kept.p + 1 + 1 + 8 + HASH_LEN, 32); /* of the entry to come: it is there */
    add_file(&l, "keys", &kept);
    add_file(&l, "store.db", &kept);
    add_file(&l, "store.db-wal", &kept);
    assert_int_equal(store_walk(ss->store, 0, &v), ERR_OK);
    assert_int_equal(h->last, position_of(ss));
    struct entry_field own = {.kind = ENTRY_FILLER};
    struct entry_answers a = {.kind = ENTRY_FILLER};
    assert_int_equal(session_stream(ss), ERR_OK);
    device_seal(ss->device, &own, &a, ss->entry);
    assert_int_equal(session_keep(ss, KEEP_ENTRY), ERR_OK);
    memset(h->head, 0, sizeof h->head);
    for (uint64_t n = 0; n <= h->last; n++)
        buffer_free(&h->entry[n].sealed);
    assert_int_equal(store_walk(ss->store, 0, &v), ERR_OK);
    assert_true(fits(h, h->last, key)); /* the search finds what is there */
    size_t step = getenv("SANAQ_FULL") != NULL ? 1 : 7;
    for (size_t at = 0; at + 32 <= kept.len; at += at < opened ? 1 : step)
        for (uint64_t n = 1; n < h->last; n += at < opened || step == 1 ? 1 : 3) {
            if (fits(h, n, kept.p + at))
                fail_msg("the string at %zu is the key of entry %u", at, (unsigned)n);
            tried++;
        }
    printf("%llu keys tried on %u entries, from %zu kept bytes: none fits\n",
           (unsigned long long)tried, (unsigned)(h->last - 1), kept.len);
    for (uint64_t n = 0; n <= h->last; n++)
        buffer_free(&h->entry[n].sealed);
    session_drop(ss);
    buffer_free(&kept);
    laptop_free(&l);
    free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(start_several, no_kept_string_is_the_key_of_an_earlier_entry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
