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

struct study;

/** Complete, partial or break-off by the study's `complete` and `partial`, for an interview whose
 * draw was made. Bit l of ${counted}: list l was counted (a refusal too) or not asked; ${answer}:
 * one per question, anything not defined in study.h means not answered yet. Source: AAPOR as above:
 * "don't know" is an answer, a refusal is none, what routing left out is not due. Without a
 * `complete` rule every list is due. */
uint16_t disposition_of(const struct study *s, uint32_t counted, const int32_t *answer);

#endif
