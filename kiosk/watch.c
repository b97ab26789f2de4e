#include "kiosk/watch.h"

#include <string.h>
#include <time.h>

#include "kiosk/keys.h"

enum { SLEPT_MS = 2000 /* the two clocks are not read at once */ };

static int64_t milliseconds(clockid_t clock)
{
    struct timespec now = {0};
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct watch_time watch_now(void)
{
    return (struct watch_time){milliseconds(CLOCK_BOOTTIME), milliseconds(CLOCK_MONOTONIC)};
}

void watch_start(struct watch *w, struct watch_time now)
{
    w->touched = now.passed;
    w->asleep = now.passed - now.awake;
    for (int i = 0; i < WATCH_PANIC_PRESSES - 1; i++)
        w->press[i] = now.passed - WATCH_PANIC_MS - 1;
}

static bool panics(struct watch *w, int64_t now)
{
    bool enough = now - w->press[WATCH_PANIC_PRESSES - 2] <= WATCH_PANIC_MS;
    memmove(w->press + 1, w->press, (WATCH_PANIC_PRESSES - 2) * sizeof *w->press);
    w->press[0] = now;
    return enough;
}

enum watch_said watch_key(struct watch *w, int key, struct watch_time now)
{
    int64_t asleep = now.passed - now.awake;
    bool slept = asleep - w->asleep > SLEPT_MS, idle = now.passed - w->touched > WATCH_IDLE_MS;
    w->asleep = asleep;
    if (key != KEYS_NONE || slept || idle)
        w->touched = now.passed;
    if (key == KEYS_F(12) && panics(w, now.passed))
        return WATCH_PANIC;
    return slept || idle ? WATCH_LOCK : WATCH_NOTHING;
}

void watch_worked(struct watch *w, struct watch_time now)
{
    w->touched = now.passed;
}
