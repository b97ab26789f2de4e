/* One interview: where we are, what comes next, what may be said. A state machine without a screen,
 * a disk or a key; a count never passes through it. */
#ifndef SANAQ_KIOSK_INTERVIEW_H
#define SANAQ_KIOSK_INTERVIEW_H

#include "core/entry.h"
#include "core/points.h"

enum interview_step {
    INTERVIEW_CONSENT,  /* consent text, yes or no */
    INTERVIEW_QUESTION, /* question[at] of section STUDY_BEFORE */
    INTERVIEW_READY,    /* "from here this interview counts": before the draw */
    INTERVIEW_HANDOVER, /* give the laptop to the respondent */
    INTERVIEW_CARD,     /* the card of list[at] and its number */
    INTERVIEW_AFTER,    /* question[at] of section STUDY_AFTER, by the respondent */
    INTERVIEW_THANKS,   /* neutral page; only the hand-back key leaves it */
    INTERVIEW_OBSERVE,  /* question[at] of section STUDY_OBSERVATION, by the interviewer */
    INTERVIEW_DEBRIEF,  /* debrief text */
    INTERVIEW_DONE      /* nothing left but to seal the outcome */
};

/** An answer not given yet. */
#define ANSWER_NONE INT32_MIN

struct interview {
    uint32_t contact; /* number on this device */
    uint32_t point;   /* index into the point list */
    uint16_t stratum;
    uint8_t language; /* respondent's, index into the study's languages */
    uint8_t step;     /* enum interview_step */
    uint16_t at;      /* index of the question or list, where the step has one */
    bool assigned;    /* the draw is durable */
    struct draw draw; /* valid once assigned */
    uint16_t ending;  /* disposition the contact is ending with while its last entries are written;
                       * 0: none.  Only the session sets it; it is saved like the rest */
    uint32_t counted; /* bit l: the count of list l is sealed (or the list was not asked) */
    int32_t answer[STUDY_MAX_QUESTIONS]; /* code, number, missing code or ANSWER_NONE */
};

/** Begin: consent, nothing answered. */
void interview_start(struct interview *iv, uint32_t contact, uint32_t point, uint16_t stratum,
                     uint8_t language);

/** Bytes of the saved form; constant for a study. */
size_t interview_size(const struct study *s);
void interview_save(const struct interview *iv, const struct study *s, uint8_t *out);
/** ERR_FORMAT if the bytes are not an interview of this study and point list. */
enum err interview_load(const struct study *s, const struct points *p, struct bytes in,
                        struct interview *out);

/** Bit l set: list l is to be asked, by its `when`. Fixed once INTERVIEW_READY is passed. */
uint32_t interview_asked(const struct interview *iv, const struct study *s, const struct points *p);

/** Record an answer to question[at] and re-route: answers that no longer are asked become
 *  ANSWER_NOT_ASKED (or ANSWER_NONE where they must be asked again); an answer changed back re-asks
 * what depends on it. */
void interview_answer(struct interview *iv, const struct study *s, const struct points *p,
                      int32_t value);

/** The next step after the present one (consent given, question answered, card counted, page
 *  read): moves step and at. Skips questions whose `when` does not hold (marking them not asked),
 *  lists not asked or already counted, and empty sections. */
void interview_next(struct interview *iv, const struct study *s, const struct points *p);

/** One step back, within the questions of one section only: also from the page behind it, as long
 * as the draw is not made (INTERVIEW_READY) or nothing is sealed (INTERVIEW_DEBRIEF,
 * INTERVIEW_DONE). False where there is none. */
bool interview_back(struct interview *iv, const struct study *s, const struct points *p);

/** After a crash or an unlock: put a loaded interview on the step it must go on with. With the draw
 * made and a list not counted yet: the hand-over before that list's card; the card itself is drawn
 * again as it was. */
void interview_resume(struct interview *iv, const struct study *s, const struct points *p);

/** "3 of 8": how many questions of this section are asked and which one this is (from 1). */
void interview_progress(const struct interview *iv, const struct study *s, const struct points *p,
                        unsigned *which, unsigned *of);

/** Items of the card of list ${l}, in the order shown: indices for study_shown_item. Returns their
 *  number. Only once assigned. */
size_t interview_card(const struct interview *iv, const struct study *s, size_t l,
                      uint8_t place[STUDY_MAX_ITEMS + 1]);

/** Complete, partial or break-off by the study's `complete` and `partial` rules, for an interview
 *  that went on to its end or was stopped after the draw: DISPOSITION_*. */
uint16_t interview_disposition(const struct interview *iv, const struct study *s);

#endif
