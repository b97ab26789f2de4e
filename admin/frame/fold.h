/* From events to contacts: what became of each, however its entries came. */
#ifndef SANAQ_ADMIN_FRAME_FOLD_H
#define SANAQ_ADMIN_FRAME_FOLD_H

#include "admin/verify.h"
#include "core/disposition.h"

struct fold_contact {
    size_t device;                  /* index into the report */
    const struct verify_pack *pack; /* that it was conducted under */
    uint32_t number;                /* on that device */
    uint64_t n;                     /* position of its first entry */
    bool test, simulated;
    bool assigned, ended; /* `assigned` and `outcome` came */
    bool voided, withdrawn;
    uint32_t era; /* rises where the device's chains of draws begin anew or may have moved on */
    bool broken;  /* the era began behind entries that never came */
    char interviewer[ENTRY_CODE_LEN + 1], point[POINTS_MAX_ID + 1];
    uint16_t stratum, disposition;
    uint8_t eligible;
    uint32_t address; /* 0: none */
    uint8_t attempt;
    struct draw draw;                  /* researchers only */
    uint32_t counted;                  /* bit l: list l has its entry */
    int8_t count[STUDY_MAX_LISTS];     /* or a missing code; where counted */
    uint8_t language[STUDY_MAX_LISTS]; /* of the card, index into the pack's study; where counted */
    int32_t *answer;                   /* one per question, NULL before the outcome; owned */
};

struct fold {
    struct fold_contact *contact; /* ordered by device, then as they began */
    size_t contacts;
    size_t room;
    bool answers;  /* opened with a researcher's key */
    size_t device; /* the last one seen, and the position expected of it (0: none seen yet) */
    const struct verify_pack *pack; /* it is under */
    uint64_t next;
    uint32_t era;
    bool broken;
    size_t irregular; /* entries that a contact may not write: they are not taken */
};

/** A verify_event; ctx is a struct fold that started as {0}. ERR_NOMEM. */
enum err fold_event(void *ctx, const struct verify_report *r, size_t device, uint64_t n,
                    const struct entry_field *field, const struct entry_answers *answers);
void fold_free(struct fold *f);

/** True if this contact's interview is one that a frame may hold: drawn, ended as an interview or
 * broken off after the draw, neither void nor withdrawn. */
bool fold_in_frame(const struct fold_contact *c);

/** Ledger of draws: one for each list asked in an `assigned` entry.
 *  assigned = counted + dont_know + refused + broken_off + voided + withdrawn + unfinished. */
struct fold_draws {
    uint64_t assigned, counted, dont_know, refused, broken_off, voided, withdrawn, unfinished;
    uint64_t test, simulated; /* of those assigned */
};
void fold_draws(const struct fold *f, struct fold_draws *out);

/** Ledger of addresses: how many contacts ended with each code of disposition_table (same order).
 */
void fold_finals(const struct fold *f, uint64_t *count);

/** True if any contact is neither test nor simulated. */
bool fold_has_live(const struct fold *f);

#endif
