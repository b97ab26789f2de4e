/* What time says to an open kiosk: nobody is there any more, the laptop slept, the panic key was
 * pressed often enough. Takes clocks, so that it is tested without waiting. */
#ifndef SANAQ_KIOSK_WATCH_H
#define SANAQ_KIOSK_WATCH_H

#include <stdbool.h>
#include <stdint.h>

/* Ten minutes, also with a card on the screen: a respondent who thinks must not lose it. */
enum { WATCH_IDLE_MS = 600000, WATCH_PANIC_MS = 2000, WATCH_PANIC_PRESSES = 3 };

struct watch_time {        /* milliseconds */
    int64_t passed, awake; /* since the start of the machine: all, and without sleep */
};

struct watch {
    int64_t touched, asleep;
    int64_t press[WATCH_PANIC_PRESSES - 1]; /* the last presses of the panic key, newest first */
};

enum watch_said { WATCH_NOTHING, WATCH_LOCK, WATCH_PANIC };

struct watch_time watch_now(void);

void watch_start(struct watch *w, struct watch_time now);

/** What follows from ${key} (keys.h; KEYS_NONE: none was pressed) at this time. Lock: no key for
 *  longer than WATCH_IDLE_MS, or the machine has slept since the last call. */
enum watch_said watch_key(struct watch *w, int key, struct watch_time now);

/** Something that took long was done while nobody could press a key. */
void watch_worked(struct watch *w, struct watch_time now);

#endif
