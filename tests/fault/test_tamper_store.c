#include "tests/kiosk/laptop.h"
#include "tests/fault/tampered.h"

#include "admin/pull.h"

/* The tamper campaign on a laptop's store.db: every bit of a small one flipped, every length cut, an
 * older image put back. What is whole in it comes, what is not is told, and nobody looks guilty.
 * Figures are printed; every bit by tests/fault/tamper.sh. */

static struct laptop laptop;
static struct buffer store; /* its bytes */
static char *bad;           /* where a changed one lies */
static struct truth truth;
static uint8_t device[32];

/* ---- reading ---- */

static void approve(const struct world *w, struct archive *a)
{
    struct notice n = {.kind = NOTICE_APPROVAL, .value = {7}};
    struct buffer b = {0};
    memcpy(n.pack, w->pack->hash, HASH_LEN);
    memcpy(n.device, device, 32);
    assert_int_equal(notice_make(&n, secret_view(w->key[0]->sign), &b), ERR_OK);
    assert_int_equal(archive_put_notice(a, NOTICE_APPROVAL, device, buffer_view(&b), NULL), ERR_OK);
    buffer_free(&b);
}

static struct archive *open_approved(const struct world *w)
{
    struct archive *a = NULL;
    assert_int_equal(archive_open(":memory:", true, &a), ERR_OK);
    assert_int_equal(archive_put_pack(a, w->pack->hash, buffer_view(&w->pack->bytes), NULL),
                     ERR_OK);
    assert_int_equal(archive_pin(a, w->pack->hash), ERR_OK);
    approve(w, a);
    return a;
}

struct pulled {
    enum err e;
    unsigned refused;
    struct reading r;
};

/* Without syncing: tens of thousands of these are written. */
static void write_bad(struct bytes b)
{
    FILE *f = fopen(bad, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(b.p, 1, b.len, f), b.len);
    assert_int_equal(fclose(f), 0);
}

static struct pulled pull_bad(const struct world *w, struct bytes b)
{
    struct pulled out;
    struct pull_counts n = {0};
    struct archive *a = open_approved(w);
    write_bad(b);
    said[0] = '\0';
    out.e = pull_source(bad, NULL, a, &n);
    out.refused = n.refused;
    out.r = read_tampered(a, w->key[0], &truth);
    return out;
}

static void assert_told(const struct pulled *p)
{
    assert_int_equal(p->r.wrong, 0);
    assert_int_not_equal(p->r.e, ERR_DOUBT);
    assert_true(p->e == ERR_OK || p->e == ERR_FORMAT);
    if (p->e == ERR_FORMAT) {
        assert_int_equal(p->r.entries, 0); /* nothing of it was taken */
        assert_true(strstr(said, "use collect") != NULL ||
                    strstr(said, "neither a folder nor a laptop's store.db") != NULL);
    }
    if (p->r.missing > 0) /* never without a word */
        assert_true(p->e != ERR_OK || p->refused > 0 || p->r.e != ERR_OK);
}

/* ---- where is what ---- */

enum region { ELSEWHERE, SESSION, SEALED, SIGNATURE, REGIONS };
static const char *const region_name[REGIONS] = {"elsewhere: pages, cells, packs, state",
                                                 "preambles", "sealed entries", "signatures"};
static uint8_t *region; /* of each byte */

static void find(struct bytes blob, enum region where)
{
    size_t at = 0;
    while (at + blob.len <= store.len && memcmp(store.p + at, blob.p, blob.len) != 0)
        at++;
    assert_true(at + blob.len <= store.len);
    memset(region + at, (int)where, blob.len);
}

static enum err find_stream(void *ctx, uint64_t number, uint64_t first, struct bytes preamble)
{
    (void)ctx, (void)number, (void)first;
    memcpy(device, preamble.p + 8 + 2 + HASH_LEN, 32);
    find(preamble, SESSION);
    return ERR_OK;
}

static enum err find_entry(void *ctx, uint64_t stream, uint64_t n, struct bytes sealed)
{
    (void)ctx, (void)stream, (void)n;
    find(sealed, SEALED);
    find((struct bytes){sealed.p + sealed.len - SIGN_LEN, SIGN_LEN}, SIGNATURE);
    return ERR_OK;
}

static void find_all(const char *path)
{
    struct store_visitor v = {find_stream, find_entry, NULL};
    struct store *st = NULL;
    region = calloc(store.len, 1);
    assert_non_null(region);
    assert_int_equal(store_open(path, true, &st), ERR_OK);
    assert_int_equal(store_walk(st, 0, &v), ERR_OK);
    store_close(st);
}

static int start(void **state)
{
    start_several(state);
    const struct world *w = *state;
    laptop_new(w, "small", &laptop);
    for (uint32_t day = 0; day < 2; day++) {
        struct session *ss = laptop_unlock(&laptop);
        assert_int_equal(conduct(ss, 0, 1, day), ERR_OK);
        assert_int_equal(session_lock(ss), ERR_OK);
    }
    char *path = home_store(laptop.home);
    assert_int_equal(file_read(path, 1 << 24, true, &store), ERR_OK);
    find_all(path);
    free(path);
    bad = path_in(w, "bad.db");
    write_bad(buffer_view(&store));
    struct archive *a = open_approved(w);
    struct pull_counts n;
    assert_int_equal(pull_source(bad, NULL, a, &n), ERR_OK);
    struct reading r = read_tampered(a, w->key[0], NULL);
    assert_int_equal(r.lines, 0);
    truth = r.got;
    return 0;
}

static int stop(void **state)
{
    laptop_free(&laptop);
    buffer_free(&store);
    free(region);
    free(bad);
    return end(state);
}

/* ---- bits ---- */

struct figures {
    unsigned tried, harmless, repaired, parts, refused;
};

static void check_bit(const struct world *w, size_t bit, struct figures *all)
{
    uint8_t *byte = &store.p[bit / 8], mask = (uint8_t)(1u << bit % 8);
    *byte ^= mask;
    struct pulled p = pull_bad(w, buffer_view(&store));
    *byte ^= mask;
    assert_told(&p);
    enum region where = region[bit / 8];
    struct figures *f = &all[where];
    f->tried++;
    if (p.e == ERR_FORMAT)
        f->refused++;
    else if (p.r.missing > 0)
        f->parts++;
    else if (p.r.verdict[VERDICT_REPAIRED] > 0)
        f->repaired++;
    else
        f->harmless++;
    if (where == SEALED || where == SIGNATURE) { /* one bit of an entry costs nothing */
        assert_int_equal(p.r.missing, 0);
        assert_int_equal(p.refused, 0);
        assert_int_equal(p.r.e, ERR_OK);
        assert_true(where == SIGNATURE || p.r.verdict[VERDICT_REPAIRED] == 1);
    }
    if (where == SESSION) { /* that session, and what needs its root */
        assert_int_equal(p.e, ERR_OK);
        assert_int_equal(p.refused, 1);
        assert_true(p.r.missing > 0);
    }
}

static void every_flipped_bit_is_harmless_put_right_or_told(void **state)
{
    struct figures f[REGIONS];
    memset(f, 0, sizeof f);
    for (size_t bit = 3; bit < 8 * store.len; bit += stride(3011))
        check_bit(*state, bit, f);
    print_message("  %zu bytes, 1 bit in %zu; of the bits tried:\n", store.len, stride(3011));
    for (size_t i = 0; i < REGIONS; i++)
        print_message(
            "  %-38s %7u: %u harmless, %u put right, %u cost entries (told), %u refused\n",
            region_name[i], f[i].tried, f[i].harmless, f[i].repaired, f[i].parts, f[i].refused);
}

/* A zeroed, a torn and a foreign sector, wherever it is. */
static void a_bad_sector_is_told_and_the_others_are_read(void **state)
{
    enum { SECTOR = 512 };
    unsigned got = 0;
    for (size_t at = 0; at + SECTOR <= store.len; at += SECTOR * stride(7)) {
        uint8_t kept[SECTOR];
        memcpy(kept, store.p + at, SECTOR);
        memset(store.p + at, at % 1024 == 0 ? 0 : 0x5a, SECTOR);
        struct pulled p = pull_bad(*state, buffer_view(&store));
        memcpy(store.p + at, kept, SECTOR);
        assert_told(&p);
        got += p.r.entries > 0;
    }
    assert_true(got > 0);
}

static void a_store_cut_at_any_length_is_told(void **state)
{
    for (size_t len = 0; len < store.len; len += stride(3067)) {
        struct pulled p = pull_bad(*state, (struct bytes){store.p, len});
        assert_told(&p);
        assert_true(p.e == ERR_FORMAT || p.refused > 0 ||
                    p.r.missing == 0); /* a tail nobody uses */
    }
}

/* ---- an older image ---- */

static char *copy_of_home(const struct world *w, const char *name)
{
    static const char *const file[] = {"keys", "store.db"};
    char *to = path_in(w, name);
    assert_int_equal(file_make_dir(to), ERR_OK);
    for (size_t i = 0; i < 2; i++) {
        struct buffer b = {0};
        char *from = file_join(laptop.home, file[i]), *there = file_join(to, file[i]);
        assert_int_equal(file_read(from, 1 << 24, true, &b), ERR_OK);
        assert_int_equal(file_write(there, buffer_view(&b), 0600, true), ERR_OK);
        buffer_free(&b);
        free(from);
        free(there);
    }
    return to;
}

static void one_contact(const struct laptop *l, uint32_t pick)
{
    struct session *ss = laptop_unlock(l);
    assert_int_equal(conduct(ss, 1, 2, pick), ERR_OK);
    assert_int_equal(session_lock(ss), ERR_OK);
}

/* The disk is copied, the laptop works on, and so does the copy: two histories, and a reader who
 * says so of nothing else. */
static void an_older_image_put_back_and_gone_on_with_is_a_fork(void **state)
{
    const struct world *w = *state;
    struct laptop copy = laptop;
    struct pull_counts n;
    copy.home = copy_of_home(w, "older");
    one_contact(&laptop, 5);
    one_contact(&copy, 6);
    struct archive *a = open_approved(w);
    char *first = home_store(laptop.home), *second = home_store(copy.home);
    assert_int_equal(pull_source(first, NULL, a, &n), ERR_OK);
    assert_int_equal(pull_source(second, NULL, a, &n), ERR_OK);
    struct reading r = read_tampered(a, w->key[0], &truth);
    assert_int_equal(r.e, ERR_DOUBT);
    assert_int_equal(r.lines, 1);
    assert_int_equal(r.line[0].verdict, VERDICT_FORK);
    assert_int_equal(r.line[0].first, truth.last + 1);
    assert_int_equal(r.missing, 0);
    assert_int_equal(r.wrong, 0);
    free(first);
    free(second);
    free(copy.home);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_flipped_bit_is_harmless_put_right_or_told),
        cmocka_unit_test(a_bad_sector_is_told_and_the_others_are_read),
        cmocka_unit_test(a_store_cut_at_any_length_is_told),
        cmocka_unit_test(an_older_image_put_back_and_gone_on_with_is_a_fork),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
