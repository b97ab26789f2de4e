/* The power fails at any moment of a day: whatever was not synced is gone, or torn, or came in
 * another order. The home and the stick are made again as the disk has them, and the day goes on.
 */
#include "day.h"

enum { MAX_MARKS = 2048 };

static struct day_account account[MAX_MARKS]; /* what people knew at each mark in the record */
static uint64_t marks;
static char where[96]; /* the cut under way, for whoever reads of a failure */

static int end_saying(void **state)
{
    if (where[0] != '\0')
        printf("it happened with %s\n", where);
    where[0] = '\0';
    return end(state);
}

static bool is_full(void)
{
    return getenv("SANAQ_FULL") != NULL;
}

static void mark(struct day *d)
{
    assert_true(marks + 1 < MAX_MARKS);
    account[++marks] = d->a;
    disk_note(marks);
}

static void make_stick(const struct day *d)
{
    char *down = file_join(d->l.stick, "down");
    assert_int_equal(file_make_dir(down), ERR_OK);
    free(down);
}

static struct buffer content_of(const char *dir, const char *name)
{
    struct buffer b = {0};
    char *path = file_join(dir, name);
    if (access(path, F_OK) == 0)
        assert_int_equal(file_read(path, 1 << 26, true, &b), ERR_OK);
    free(path);
    return b;
}

/* The record is whole: what it makes is what is there. */
static void check_the_record(const struct world *w, const char *root)
{
    static const char *const name[] = {"home/keys", "home/store.db", "home/store.db-wal"};
    char *copy = path_in(w, "copy");
    assert_int_equal(mkdir(copy, 0700), 0);
    disk_rebuild(disk_events(), DISK_KEEPS, 0, root, copy);
    for (size_t i = 0; i < 3; i++) {
        struct buffer is = content_of(root, name[i]), made = content_of(copy, name[i]);
        assert_int_equal(made.len, is.len);
        if (is.len > 0)
            assert_memory_equal(made.p, is.p, is.len);
        buffer_free(&is);
        buffer_free(&made);
    }
    forget(copy);
    free(copy);
}

/* A whole day, written down; with a sync that forgets, if ${at} is not 0: false if there is none.
 */
static bool record(const struct world *w, const char *root, unsigned long at)
{
    struct day d;
    assert_int_equal(file_make_dir(root), ERR_OK);
    day_place(w, root, &d);
    make_stick(&d);
    d.mark = mark;
    marks = 0;
    account[0] = (struct day_account){0};
    sealed_new();
    disk_start(root);
    disk_record();
    if (at > 0)
        disk_break(DISK_FORGETS, at);
    while (day_go(&d) != ERR_OK) {
        assert_true(disk_struck() && d.tries < 4);
        d.tries++;
    }
    bool struck = disk_struck();
    disk_mend();
    if (at == 0)
        check_the_record(w, root);
    day_check(&d);
    day_free(&d);
    return struck;
}

/* After the first ${events} events the power fails; then it goes on to the evening. */
static void cut(const struct world *w, const char *root, size_t events, enum disk_cut how,
                uint64_t seed)
{
    struct day d;
    char *into = path_in(w, "again");
    snprintf(where, sizeof where, "event %zu, way %d, seed %d", events, (int)how, (int)seed);
    assert_int_equal(mkdir(into, 0700), 0);
    day_place(w, into, &d);
    make_stick(&d);
    disk_rebuild(events, how, seed, root, into);
    d.a = account[disk_noted(events)];
    d.tries = 1; /* with other content */
    disk_start(into);
    said[0] = '\0';
    if (d.a.set_up)
        assert_true(setup_done(d.l.home));
    enum err e = day_go(&d);
    if (e != ERR_OK)
        fail_msg("error %d: %s", (int)e, said);
    day_check(&d);
    day_free(&d);
    forget(into);
    free(into);
    where[0] = '\0';
}

static bool is_boundary(size_t event)
{
    enum disk_kind k = disk_kind_of(event);
    return k == DISK_SYNC || k == DISK_DIR || k == DISK_LOST;
}

/* All that can be the matter with this moment. */
static unsigned cut_every_way(const struct world *w, const char *root, size_t events)
{
    unsigned seeds = is_full() ? 4 : 1, n = 3;
    cut(w, root, events, DISK_DROPS, events);
    cut(w, root, events, DISK_KEEPS, events);
    cut(w, root, events, DISK_GROWS, events);
    for (unsigned seed = 0; seed < seeds; seed++, n += 2) {
        cut(w, root, events, DISK_TEARS, events * 16 + seed);
        cut(w, root, events, DISK_SECTORS, events * 16 + 8 + seed);
    }
    return n;
}

static void a_power_cut_at_any_moment_loses_nothing_acknowledged(void **state)
{
    const struct world *w = *state;
    unsigned boundaries = 0, cuts = 0;
    char *root = path_in(w, "day");
    record(w, root, 0);
    for (size_t i = 0; i <= disk_events(); i++) {
        bool boundary = i < disk_events() && is_boundary(i);
        boundaries += boundary;
        if (is_full() ? i == disk_events() || disk_kind_of(i) != DISK_NOTE
                      : boundary && boundaries % 13 == 1)
            cuts += cut_every_way(w, root, i);
    }
    assert_true(boundaries > 100);
    printf("%u power cuts around %u syncs and %zu other events\n", cuts, boundaries,
           disk_events() - boundaries);
    forget(root);
    free(root);
}

/* A sync that failed has not kept anything, and a later one that succeeds does not make up for it:
 * what the kernel dropped stays dropped. */
static void a_power_cut_after_a_sync_that_failed_loses_nothing_acknowledged(void **state)
{
    const struct world *w = *state;
    unsigned cuts = 0, at = 1;
    char *root = path_in(w, "day");
    for (; record(w, root, at); at += is_full() ? 1 : 29) {
        bool lost = false;
        unsigned seen = 0;
        for (size_t i = 0; i < disk_events(); i++) {
            lost = lost || disk_kind_of(i) == DISK_LOST;
            if (lost && disk_kind_of(i) == DISK_NOTE && ++seen % (is_full() ? 5 : 23) == 1) {
                cut(w, root, i + 1, DISK_DROPS, i);
                cuts++;
            }
        }
        cut(w, root, disk_events(), DISK_DROPS, 0);
        cuts++;
        forget(root);
    }
    free(root);
    assert_true(at > 100);
    printf("%u power cuts after one of %u syncs that failed\n", cuts, at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_power_cut_at_any_moment_loses_nothing_acknowledged,
                                        start_several, end_saying),
        cmocka_unit_test_setup_teardown(
            a_power_cut_after_a_sync_that_failed_loses_nothing_acknowledged, start_several,
            end_saying),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
