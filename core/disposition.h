/* Final disposition codes after AAPOR, Standard Definitions (9th edition, 2016), in-person
 * household surveys. A code 2.112 is the number 2112; 1.1 is 1100. */
#ifndef SANAQ_CORE_DISPOSITION_H
#define SANAQ_CORE_DISPOSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    DISPOSITION_COMPLETE = 1100,
    DISPOSITION_PARTIAL = 1200,
    DISPOSITION_REFUSAL_HOUSEHOLD = 2111,
    DISPOSITION_REFUSAL_PERSON = 2112,
    DISPOSITION_BREAK_OFF = 2120,
    DISPOSITION_NO_ELIGIBLE = 4700,
    DISPOSITION_QUOTA_FILLED = 4800
};

struct disposition {
    uint16_t code;
    const char *number; /* "2.112" */
    const char *text;   /* English; the kiosk translates it */
    bool interview;     /* 1.x: counts into the frame */
};

/** The whole table, ordered by code. */
const struct disposition *disposition_table(size_t *count);
/** NULL if the code is not in the table. */
const struct disposition *disposition_find(uint16_t code);

#endif
