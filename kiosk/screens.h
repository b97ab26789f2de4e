/* The interviewer's screens: from unlock (or set-up) to lock. */
#ifndef SANAQ_KIOSK_SCREENS_H
#define SANAQ_KIOSK_SCREENS_H

#include "core/err.h"

struct screens_options {
    const char *home;
    const char *language; /* of the interface: "en", "ru", "kk"; NULL: from the environment */
    const char *pack;     /* offered at set-up on screen; may be NULL */
    const char *cost;     /* Argon2id cost name for a set-up on screen */
};

/** Run until the interviewer quits. The terminal is restored on every way out, signals included
 *  (SIGHUP, SIGTERM: seal nothing, wipe, leave a consistent store; SIGUSR1: lock). */
enum err screens_run(const struct screens_options *o);

#endif
