/* From the laptop to the archive, by whichever way: a folder, a stick that lied, the laptop's own
 * disk. */
#include "laptop.h"

#include <sys/stat.h>

#include "admin/pull.h"
#include "admin/verify.h"
#include "core/segment.h"

struct reading { /* what a researcher finds */
    enum err e;
    uint64_t events, entries;
    size_t lines;
    uint8_t hash[HASH_LEN]; /* over all events, in order */
};

struct hearing {
    struct reading *r;
    crypto_generichash_state state;
};

static enum err hear(void *ctx, const struct verify_report *r, size_t device, uint64_t n,
                     const struct entry_field *f, const struct entry_answers *a)
{
    struct hearing *h = ctx;
    const struct study *s = r->device[device].pack->study;
    uint8_t field[ENTRY_FIELD_LEN], answers[4096];
    h->r->events++;
    entry_put_field(f, field);
    entry_put_answers(s, a, answers);
    crypto_generichash_update(&h->state, (const uint8_t *)&n, sizeof n);
    crypto_generichash_update(&h->state, field, sizeof field);
    crypto_generichash_update(&h->state, answers, entry_answers_len(s));
    return ERR_OK;
}

static struct archive *open_empty(void)
{
    struct archive *a = NULL;
    assert_int_equal(archive_open(":memory:", true, &a), ERR_OK);
    return a;
}

/* Approves whatever device the archive knows, once. */
static void approve_all(const struct world *w, struct archive *a)
{
    struct verify_report *r = NULL;
    assert_int_equal(verify_archive(a, NULL, NULL, NULL, &r), ERR_OK);
    for (size_t i = 0; i < r->devices; i++) {
        struct notice n = {.kind = NOTICE_APPROVAL, .value = {7}};
        struct buffer b = {0};
        memcpy(n.pack, w->pack->hash, HASH_LEN);
        memcpy(n.device, r->device[i].id, 32);
        assert_int_equal(notice_make(&n, secret_view(w->key[0]->sign), &b), ERR_OK);
        assert_int_equal(archive_put_notice(a, NOTICE_APPROVAL, n.device, buffer_view(&b), NULL),
                         ERR_OK);
        buffer_free(&b);
    }
    verify_free(r);
}

static struct reading read_it(const struct world *w, struct archive *a)
{
    struct reading out = {.e = ERR_OK};
    struct hearing h = {.r = &out};
    struct verify_report *r = NULL;
    approve_all(w, a);
    crypto_generichash_init(&h.state, NULL, 0, HASH_LEN);
    assert_int_equal(verify_archive(a, w->key[1], hear, &h, &r), ERR_OK);
    crypto_generichash_final(&h.state, out.hash, HASH_LEN);
    out.e = verify_err(r);
    out.lines = r->lines;
    for (size_t i = 0; i < r->devices; i++)
        out.entries += r->device[i].entries;
    verify_free(r);
    return out;
}

static void assert_same(const struct reading *a, const struct reading *b)
{
    assert_int_equal(a->events, b->events);
    assert_int_equal(a->entries, b->entries);
    assert_memory_equal(a->hash, b->hash, HASH_LEN);
}

static void sync_now(struct session *ss, const struct laptop *l)
{
    char words[256];
    assert_int_equal(session_sync(ss, l->target, words, sizeof words), ERR_OK);
}

static void pull_now(const char *source, struct archive *a, unsigned refused)
{
    struct pull_counts n;
    assert_int_equal(pull_source(source, NULL, a, &n), ERR_OK);
    assert_int_equal(n.refused, refused);
}

/* Three sessions, a sync after the second. */
static void work(const struct laptop *l)
{
    for (uint32_t day = 0; day < 3; day++) {
        struct session *ss = laptop_unlock(l);
        assert_int_equal(conduct(ss, day % 2, (int)day % 3, day), ERR_OK);
        assert_int_equal(session_begin(ss, 1, 0), ERR_OK);
        assert_int_equal(session_end(ss, DISPOSITION_REFUSAL_PERSON), ERR_OK);
        if (day == 1)
            sync_now(ss, l);
        assert_int_equal(session_lock(ss), ERR_OK);
    }
}

static void sync_all(const struct laptop *l)
{
    struct session *ss = laptop_unlock(l);
    sync_now(ss, l);
    assert_int_equal(session_lock(ss), ERR_OK);
}

/* ---- the laptop's own disk ---- */

static void a_store_pulled_from_the_disk_reads_like_the_folder(void **state)
{
    const struct world *w = *state;
    struct laptop l;
    struct archive *by_folder = open_empty(), *by_disk = open_empty();
    laptop_new(w, "disk", &l);
    work(&l);
    sync_all(&l);
    char *store = home_store(l.home);
    pull_now(l.stick, by_folder, 0);
    pull_now(store, by_disk, 0);
    struct reading folder = read_it(w, by_folder), disk = read_it(w, by_disk);
    assert_int_equal(folder.e, ERR_OK);
    assert_int_equal(disk.e, ERR_OK);
    assert_int_equal(disk.lines, 0);
    assert_true(folder.events > 30);
    assert_same(&folder, &disk);
    pull_now(store, by_folder, 0); /* both ways into one archive */
    struct reading both = read_it(w, by_folder);
    assert_int_equal(both.e, ERR_OK);
    assert_same(&folder, &both);
    archive_close(by_folder);
    archive_close(by_disk);
    free(store);
    laptop_free(&l);
}

static void a_store_pulled_while_its_log_is_full_loses_nothing(void **state)
{
    const struct world *w = *state;
    struct laptop l;
    struct stat is;
    char log[4096];
    struct archive *a = open_empty();
    laptop_new(w, "log", &l);
    char *store = home_store(l.home);
    struct session *ss = laptop_unlock(&l);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(conduct(ss, 0, 1, i), ERR_OK);
    uint64_t position = position_of(ss);
    snprintf(log, sizeof log, "%s-wal", store);
    assert_int_equal(stat(log, &is), 0);
    assert_true(is.st_size > 0);
    pull_now(store, a, 0);
    struct reading r = read_it(w, a);
    assert_int_equal(r.e, ERR_OK);
    assert_int_equal(r.entries, position);
    assert_int_equal(conduct(ss, 0, 1, 3), ERR_OK); /* the laptop was not disturbed */
    assert_int_equal(session_lock(ss), ERR_OK);
    archive_close(a);
    free(store);
    laptop_free(&l);
}

/* A page in the middle of the entries is gone: SQLite reads nothing of it any more, and what is
 * whole on the others comes all the same. */
static void a_store_with_a_page_gone_gives_what_is_whole_on_the_others(void **state)
{
    const struct world *w = *state;
    struct laptop l;
    struct buffer b = {0};
    struct archive *whole = open_empty();
    laptop_new(w, "page", &l);
    work(&l);
    sync_all(&l);
    char *store = home_store(l.home), *bad = file_join(l.stick, "bad.db");
    pull_now(store, whole, 0);
    struct reading good = read_it(w, whole);
    assert_int_equal(file_read(store, 1 << 24, true, &b), ERR_OK);
    size_t page = (size_t)b.p[16] << 8 | b.p[17], tried = 0;
    for (size_t at = page; at + page <= b.len; at += page) {
        struct archive *a = open_empty();
        struct pull_counts n;
        uint8_t *kept = malloc(page);
        assert_non_null(kept);
        memcpy(kept, b.p + at, page);
        memset(b.p + at, 0xa5, page);
        assert_int_equal(file_write(bad, buffer_view(&b), 0600, true), ERR_OK);
        memcpy(b.p + at, kept, page);
        free(kept);
        assert_int_equal(archive_put_pack(a, w->pack->hash, buffer_view(&w->pack->bytes), NULL),
                         ERR_OK);
        assert_int_equal(archive_pin(a, w->pack->hash), ERR_OK);
        enum err e = pull_source(bad, NULL, a, &n);
        assert_true(e == ERR_OK ||
                    e == ERR_FORMAT); /* ERR_FORMAT: the page with all sessions in it */
        struct reading r = read_it(w, a);
        assert_int_not_equal(r.e, ERR_DOUBT);
        assert_true(r.entries <= good.entries);
        tried += e == ERR_OK && r.entries > 0 && n.refused > 0;
        archive_close(a);
    }
    assert_true(tried > 3);
    archive_close(whole);
    buffer_free(&b);
    free(store);
    free(bad);
    laptop_free(&l);
}

/* ---- the stick ---- */

/* The one file in the device's folder of the stick that covers ${position}; fresh memory. */
static char *segment_with(const struct laptop *l, uint64_t position)
{
    char *up = file_join(l->stick, "up"), *found = NULL;
    char *const paths[] = {up, NULL};
    FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    for (FTSENT *at; tree != NULL && (at = fts_read(tree)) != NULL;) {
        struct segment_name n;
        if (at->fts_info == FTS_F && segment_get_name(at->fts_name, &n) && n.first <= position &&
            position <= n.last && found == NULL)
            found = strdup(at->fts_path);
    }
    if (tree != NULL)
        fts_close(tree);
    free(up);
    assert_non_null(found);
    return found;
}

static void damage(const char *path, size_t from_end)
{
    struct buffer b = {0};
    assert_int_equal(file_read(path, 1 << 22, true, &b), ERR_OK);
    b.p[b.len - from_end] ^= 0x11; /* one bit alone would be put right */
    assert_int_equal(file_write(path, buffer_view(&b), 0644, true), ERR_OK);
    buffer_free(&b);
}

static char *the_pack(const struct world *w, const struct laptop *l)
{
    char hex[2 * HASH_LEN + 1], name[2 * HASH_LEN + 16];
    segment_hex(w->pack->hash, HASH_LEN, hex);
    snprintf(name, sizeof name, "packs/%s.pack", hex);
    char *path = file_join(l->stick, name);
    assert_non_null(path);
    return path;
}

static void what_was_damaged_on_the_stick_is_written_again_by_the_next_sync(void **state)
{
    const struct world *w = *state;
    struct laptop l;
    struct archive *bad = open_empty(), *good = open_empty();
    laptop_new(w, "stick", &l);
    work(&l);
    sync_all(&l);
    char *path = segment_with(&l, 20);
    damage(path, 1000);
    pull_now(l.stick, bad, 0);
    struct reading r = read_it(w, bad);
    assert_int_equal(r.e, ERR_PARTIAL); /* "sync again from the laptop" */
    char *pack = the_pack(w, &l);
    damage(pack, 100);
    sync_all(&l);
    pull_now(l.stick, good, 0);
    struct reading whole = read_it(w, good);
    assert_int_equal(whole.e, ERR_OK);
    assert_true(whole.entries > r.entries);
    pull_now(l.stick, bad, 0);
    struct reading healed = read_it(w, bad);
    assert_int_equal(healed.e, ERR_OK);
    assert_same(&whole, &healed);
    archive_close(bad);
    archive_close(good);
    free(pack);
    free(path);
    laptop_free(&l);
}

static void a_sync_that_finds_everything_there_writes_nothing(void **state)
{
    struct laptop l;
    struct stat before, after;
    laptop_new(*state, "still", &l);
    work(&l);
    sync_all(&l);
    char *path = segment_with(&l, 20);
    assert_int_equal(stat(path, &before), 0);
    assert_int_equal(before.st_mtim.tv_sec, SEGMENT_TIME);
    sync_all(&l);
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(after.st_ino, before.st_ino); /* not renamed into place again */
    free(path);
    laptop_free(&l);
}

/* A copy under a wrong name that arrives first must not hide the piece that is right. */
static void a_copy_in_anothers_folder_does_not_hide_the_true_one(void **state)
{
    const struct world *w = *state;
    struct laptop l;
    struct archive *a = open_empty();
    struct segment_name n;
    char name[SEGMENT_NAME];
    uint8_t stranger[32];
    struct buffer b = {0};
    laptop_new(w, "folder", &l);
    work(&l);
    sync_all(&l);
    char *path = segment_with(&l, 20);
    assert_int_equal(file_read(path, 1 << 22, true, &b), ERR_OK);
    assert_true(segment_get_name(strrchr(path, '/') + 1, &n));
    randombytes_buf(stranger, sizeof stranger);
    memcpy(n.device, stranger, sizeof n.device);
    segment_put_name(&n, name);
    assert_int_equal(archive_put_segment(a, name, stranger, n.first, buffer_view(&b), NULL),
                     ERR_OK);
    memcpy(n.device, b.p + 14 + 8 + 2 + 32, sizeof n.device); /* its own name, another stream */
    n.stream += 1;
    segment_put_name(&n, name);
    assert_int_equal(
        archive_put_segment(a, name, b.p + 14 + 8 + 2 + 32, n.first, buffer_view(&b), NULL),
        ERR_OK);
    pull_now(l.stick, a, 0);
    struct reading r = read_it(w, a);
    assert_int_equal(r.entries, rows_of(&l).last);
    assert_int_equal(r.events, r.entries - 1);
    archive_close(a);
    buffer_free(&b);
    free(path);
    laptop_free(&l);
}

static enum err count_one(void *ctx, const char *name, struct bytes file)
{
    (void)name, (void)file;
    ++*(unsigned *)ctx;
    return ERR_OK;
}

static void an_approval_under_anothers_name_does_not_hide_the_true_one(void **state)
{
    static const uint8_t bytes[] = "an approval", mine[32] = {1}, other[32] = {2};
    const struct bytes b = {bytes, sizeof bytes};
    struct archive *a = open_empty();
    unsigned found = 0;
    (void)state;
    assert_int_equal(archive_put_notice(a, NOTICE_APPROVAL, other, b, NULL), ERR_OK);
    assert_int_equal(archive_put_notice(a, NOTICE_APPROVAL, mine, b, NULL), ERR_OK);
    assert_int_equal(archive_put_notice(a, NOTICE_APPROVAL, mine, b, NULL), ERR_OK);
    assert_int_equal(archive_each_notice(a, NOTICE_APPROVAL, mine, count_one, &found), ERR_OK);
    assert_int_equal(found, 1);
    archive_close(a);
}

#define CSTO(test)    WITH(start_csto, test)
#define SEVERAL(test) WITH(start_several, test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CSTO(a_store_pulled_from_the_disk_reads_like_the_folder),
        SEVERAL(a_store_pulled_from_the_disk_reads_like_the_folder),
        CSTO(a_store_pulled_while_its_log_is_full_loses_nothing),
        CSTO(a_store_with_a_page_gone_gives_what_is_whole_on_the_others),
        CSTO(what_was_damaged_on_the_stick_is_written_again_by_the_next_sync),
        CSTO(a_sync_that_finds_everything_there_writes_nothing),
        CSTO(a_copy_in_anothers_folder_does_not_hide_the_true_one),
        CSTO(an_approval_under_anothers_name_does_not_hide_the_true_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
