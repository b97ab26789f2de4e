/* Every allocation of a laptop's day fails once, or from there on: no crash, nothing lost, and
 * afterwards it goes on. */
#include "allocations.h"
#include "day.h"

static void product(bool inside)
{
    memory_aside(!inside);
}

/* The whole day; false if there is no such allocation. */
static bool live(const struct world *w, const char *root, unsigned long at, bool for_good)
{
    struct day d;
    unsigned failures = 0;
    assert_int_equal(file_make_dir(root), ERR_OK);
    day_place(w, root, &d);
    char *down = file_join(d.l.stick, "down");
    assert_int_equal(file_make_dir(down), ERR_OK);
    free(down);
    d.compares = true;
    sealed_new();
    said[0] = '\0';
    memory_break(at, for_good);
    memory_aside(true);
    day_inside = product;
    for (enum err e; (e = day_go(&d)) != ERR_OK; d.tries++) {
        assert_true(memory_struck());
        nomem_or_said(e);
        if (++failures == 2) { /* the second attempt may find memory as it was */
            memory_mend();
            day_inside = NULL;
        }
        assert_true(failures < 4);
        memory_is_what_is_stored(d.ss);
    }
    bool struck = memory_struck();
    memory_mend();
    day_inside = NULL;
    day_check(&d);
    day_free(&d);
    return struck;
}

static void every_allocation_of_a_day_fails(void **state)
{
    const struct world *w = *state;
    unsigned long stride = every(353), tried = 0, calls = 0;
    for (int for_good = 0; for_good < 2; for_good++)
        for (unsigned long at = 1 + (unsigned long)for_good * (stride / 2);; at += stride) {
            char *root = path_in(w, "short");
            snprintf(where, sizeof where, "allocation %lu%s", at, for_good ? " and all after" : "");
            bool struck = live(w, root, at, for_good);
            forget(root);
            free(root);
            if (!struck)
                break;
            calls = at > calls ? at : calls;
            tried++;
        }
    where[0] = '\0';
    assert_true(calls > 5000);
    printf("%lu of more than %lu allocations failed\n", tried, calls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_allocation_of_a_day_fails, start_several, end_saying),
    };
    memory_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
