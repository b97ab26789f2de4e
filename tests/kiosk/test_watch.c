/* What time says to an open kiosk, without waiting for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "kiosk/keys.h"
#include "kiosk/watch.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, F12 = KEYS_F(12) };

static struct watch w;
static struct watch_time now;

static int start(void **state)
{
    (void)state;
    now = (struct watch_time){77 * MINUTE, 33 * MINUTE}; /* it has slept before */
    watch_start(&w, now);
    return 0;
}

static enum watch_said after(int64_t milliseconds, int key)
{
    now.passed += milliseconds;
    now.awake += milliseconds;
    return watch_key(&w, key, now);
}

static void ten_minutes_without_a_key_lock_and_not_less(void **state)
{
    (void)state;
    for (int i = 0; i < 600; i++)
        assert_int_equal(after(SECOND, KEYS_NONE), WATCH_NOTHING);
    assert_int_equal(after(1, KEYS_NONE), WATCH_LOCK);
    assert_int_equal(after(SECOND, KEYS_NONE), WATCH_NOTHING); /* once */
    assert_int_equal(after(9 * MINUTE, '4'), WATCH_NOTHING);
    assert_int_equal(after(10 * MINUTE, KEYS_NONE), WATCH_NOTHING);
    assert_int_equal(after(1, KEYS_NONE), WATCH_LOCK);
    after(11 * MINUTE, KEYS_NONE);
    watch_worked(&w, now);
    assert_int_equal(after(10 * MINUTE, KEYS_NONE), WATCH_NOTHING);
}

static void a_laptop_that_slept_is_locked(void **state)
{
    (void)state;
    assert_int_equal(after(SECOND, KEYS_NONE), WATCH_NOTHING);
    now.passed += 3 * SECOND; /* asleep, so the other clock stands still */
    assert_int_equal(after(0, KEYS_NONE), WATCH_LOCK);
    assert_int_equal(after(SECOND, KEYS_NONE), WATCH_NOTHING);
    now.passed += SECOND; /* the clocks are not read at one moment */
    assert_int_equal(after(0, '1'), WATCH_NOTHING);
    now.passed += 8 * 60 * MINUTE;
    assert_int_equal(after(0, '1'), WATCH_LOCK); /* the key that woke it counts for nothing */
}

static void three_presses_within_two_seconds_are_panic(void **state)
{
    (void)state;
    assert_int_equal(after(SECOND, F12), WATCH_NOTHING);
    assert_int_equal(after(SECOND, F12), WATCH_NOTHING);
    assert_int_equal(after(SECOND, F12), WATCH_PANIC);
}

static void fewer_or_slower_presses_are_not(void **state)
{
    (void)state;
    assert_int_equal(after(SECOND, F12), WATCH_NOTHING);
    assert_int_equal(after(SECOND, F12), WATCH_NOTHING);
    assert_int_equal(after(SECOND + 1, F12), WATCH_NOTHING); /* the first is too long ago */
    assert_int_equal(after(SECOND + 1, F12), WATCH_NOTHING);
    assert_int_equal(after(MINUTE, F12), WATCH_NOTHING);
    assert_int_equal(after(10, '1'), WATCH_NOTHING); /* other keys between do not matter */
    assert_int_equal(after(10, F12), WATCH_NOTHING);
    assert_int_equal(after(10, KEYS_NONE), WATCH_NOTHING);
    assert_int_equal(after(10, F12), WATCH_PANIC);
}

static void the_clocks_are_those_of_the_machine(void **state)
{
    (void)state;
    struct watch_time first = watch_now(), next = watch_now();
    assert_true(first.passed > 0 && first.awake > 0 && first.passed >= first.awake - 1);
    assert_true(next.passed >= first.passed && next.awake >= first.awake);
}

#define WATCH(test) cmocka_unit_test_setup(test, start)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WATCH(ten_minutes_without_a_key_lock_and_not_less), WATCH(a_laptop_that_slept_is_locked),
        WATCH(three_presses_within_two_seconds_are_panic),  WATCH(fewer_or_slower_presses_are_not),
        WATCH(the_clocks_are_those_of_the_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
