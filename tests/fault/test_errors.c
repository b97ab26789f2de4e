/* Every call that reaches the disk fails once: with an error, a short write, a full disk, and for
 * as long as nobody mends it. The day goes on from wherever it stands, with other content. */
#include "day.h"

static const struct {
    const char *name;
    enum disk_trouble kind;
} troubles[] = {
    {"an error", DISK_ERROR},
    {"a short write", DISK_SHORT},
    {"a full disk", DISK_FULL},
    {"a disk that stays full", DISK_STAYS_FULL},
    {"a disk that is gone", DISK_IS_GONE},
    {"a sync that forgets", DISK_FORGETS},
};

static char where[96]; /* the trouble under way, for whoever reads of a failure */

static int end_saying(void **state)
{
    if (where[0] != '\0')
        printf("it happened with %s\n", where);
    where[0] = '\0';
    return end(state);
}

/* What was said is made of sentences. */
static void it_was_said(enum err e)
{
    if (said[0] == '\0')
        fail_msg("error %d without a sentence", (int)e);
    for (char *line = strtok(said, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        unsigned words = 0;
        for (const char *p = line; *p != '\0'; p++)
            words += *p == ' ';
        if (words < 3)
            fail_msg("this is no sentence: %s", line);
    }
    said[0] = '\0';
}

/* The whole day with this trouble at this call; false if there is no such call. */
static bool live(const struct world *w, const char *root, enum disk_trouble kind, unsigned long at)
{
    struct day d;
    unsigned failures = 0;
    assert_int_equal(file_make_dir(root), ERR_OK);
    day_place(w, root, &d);
    char *down = file_join(d.l.stick, "down");
    assert_int_equal(file_make_dir(down), ERR_OK);
    d.compares = true;
    sealed_new();
    said[0] = '\0';
    disk_start(root);
    disk_break(kind, at);
    for (enum err e; (e = day_go(&d)) != ERR_OK; d.tries++) {
        assert_true(disk_struck());
        it_was_said(e);
        if (++failures == 2) /* the second attempt may find the disk as it was */
            disk_mend();
        assert_true(failures < 4);
        memory_is_what_is_stored(d.ss);
    }
    bool struck = disk_struck();
    disk_mend();
    day_check(&d);
    day_free(&d);
    free(down);
    return struck;
}

static void every_call_fails_once(void **state)
{
    const struct world *w = *state;
    const char *full = getenv("SANAQ_FULL");
    unsigned long stride = full != NULL ? 1 : 61, total = 0;
    for (size_t i = 0; i < sizeof troubles / sizeof *troubles; i++) {
        unsigned long tried = 0, calls = 0;
        for (unsigned long at = 1 + i % stride;; at += stride) {
            char *root = path_in(w, "broken");
            snprintf(where, sizeof where, "%s, call %lu", troubles[i].name, at);
            bool struck = live(w, root, troubles[i].kind, at);
            forget(root);
            free(root);
            if (!struck)
                break;
            calls = at;
            tried++;
        }
        assert_true(calls > 100);
        printf("%s: %lu of more than %lu calls failed\n", troubles[i].name, tried, calls);
        total += tried;
    }
    where[0] = '\0';
    printf("%lu calls failed; %llu parts and %llu boxes sealed, none under a key used before\n",
           total, (unsigned long long)sealed_so_far()->parts,
           (unsigned long long)sealed_so_far()->boxes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_call_fails_once, start_several, end_saying),
        cmocka_unit_test_setup_teardown(every_call_fails_once, start_csto, end_saying),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
