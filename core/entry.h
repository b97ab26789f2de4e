/* One event of an interview <-> two records of fixed size: the field part (supervisors and
 * researchers) and the answers part (researchers). FORMAT.md "Entries" has the bytes.
 * Meaning only: knows no key. */
#ifndef SANAQ_CORE_ENTRY_H
#define SANAQ_CORE_ENTRY_H

#include "core/assign.h"
#include "core/hash.h"
#include "core/points.h"

enum entry_kind {
    ENTRY_ROOT = 1,
    ENTRY_ASSIGNED = 2,
    ENTRY_CONTACT = 3, /* ended before any draw */
    ENTRY_COUNTED = 4,
    ENTRY_OUTCOME = 5,
    ENTRY_APPROVED = 6,
    ENTRY_VOID = 7,
    ENTRY_WITHDRAWN = 8,
    ENTRY_FILLER = 9
};

enum { ENTRY_TEST = 1, ENTRY_SIMULATED = 2 }; /* flags */
enum { ENTRY_FIELD_LEN = 128, ENTRY_ANSWERS_MIN = 112, ENTRY_CODE_LEN = 8 };

/** What every entry carries: evidence of time. Order comes from positions, never from clocks. */
struct entry_clocks {
    uint32_t wall;      /* minutes since 1970-01-01 UTC */
    uint32_t monotonic; /* minutes since boot */
    uint8_t boot[16];   /* boot id */
};

struct entry_field {
    enum entry_kind kind;
    uint8_t flags;
    uint32_t contact; /* number of the contact on this device, from 1; 0: root, approved, filler;
                       * void, withdrawn: the contact under way, or 0 */
    struct entry_clocks clocks;
    union {
        struct {
            uint32_t pack_number;
            uint8_t replaces[32];        /* device replaced, or zeros */
            uint64_t cost_ops, cost_mem; /* Argon2id cost of the interviewers' slots */
            uint8_t machine[16]; /* H("machine", machine id, device) cut to 16 bytes; zeros where
                                    there is no id */
        } root;
        struct {
            char interviewer[ENTRY_CODE_LEN + 1];
            char point[POINTS_MAX_ID + 1];
            uint32_t address; /* 0: none */
            uint8_t attempt;  /* from 1 */
            uint16_t stratum; /* 0: unknown */
            uint8_t eligible,
                selected; /* eligible adults, rank of the selected one; 0: not asked */
        } contact;        /* ENTRY_ASSIGNED, ENTRY_CONTACT */
        struct {
            uint16_t disposition;     /* disposition.h */
            uint32_t appointment_day; /* days since 1970-01-01; 0: none */
            uint8_t appointment_hour;
            uint64_t link; /* case number in the firm's system; 0: none */
        } outcome;
        struct {
            uint32_t contact; /* void, withdrawn: the contact's number */
            uint16_t reason;
            uint8_t hash[32]; /* approved: H of the approval */
        } event;
    } u;
};

/* Card seconds are kept in steps of 5. */
enum entry_mode { MODE_NONE, MODE_PAPER, MODE_SCREEN_RESPONDENT, MODE_SCREEN_INTERVIEWER };

struct entry_answers {
    enum entry_kind kind; /* says which member of u holds */
    union {
        struct {
            uint8_t mac[32], assign[32];
        } root;
        struct draw draw; /* ENTRY_ASSIGNED */
        struct {
            uint8_t list;
            int8_t count;     /* 0..J+1, or a missing code of study.h */
            uint16_t seconds; /* on the card, a multiple of 5 */
            uint8_t language; /* index into the study's languages */
            uint8_t mode;     /* enum entry_mode */
            uint8_t flags;    /* none defined yet: 0 */
        } counted;
        int32_t answer[STUDY_MAX_QUESTIONS]; /* ENTRY_OUTCOME: one per question of the study */
    } u;
};

/** Bytes of the answers part for this study, the same for every entry. */
size_t entry_answers_len(const struct study *s);

/** Write the parts; ${out} has ENTRY_FIELD_LEN and entry_answers_len bytes. Values that entry_get_*
 *  would refuse are a fault of the caller (asserted). Padding is zero. */
void entry_put_field(const struct entry_field *f, uint8_t out[ENTRY_FIELD_LEN]);
void entry_put_answers(const struct study *s, const struct entry_answers *a, uint8_t *out);

/** Read the parts back, with every value checked against its range (kinds, codes, permutation
 *  numbers, padding all zero; an interviewer code is 1..8 bytes of printable ASCII, a point
 * id 1..24 bytes of UTF-8 without control or bidirectional-control characters). What is accepted
 * writes the same bytes again. ERR_FORMAT, *out untouched. ${kind} of the answers must equal the
 * field part's: given by the caller. */
enum err entry_get_field(const uint8_t in[ENTRY_FIELD_LEN], struct entry_field *out);
enum err entry_get_answers(const struct study *s, enum entry_kind kind, struct bytes in,
                           struct entry_answers *out);

/** Entries every contact writes, whatever happens: 2 + lists. */
size_t entry_per_contact(const struct study *s);

#endif
