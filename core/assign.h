/* Assignment by hash chains, so that every draw can be replayed and none repeated (FORMAT.md
 * "Assignment"). Takes 32 bytes and a study, knows no identity and no disk. */
#ifndef SANAQ_CORE_ASSIGN_H
#define SANAQ_CORE_ASSIGN_H

#include "core/secret.h"
#include "core/study.h"

enum { ASSIGN_ALGORITHM = 1 }; /* version in the pack; another one is refused */
enum { ARM_NOT_ASKED = 255 };

/** All draws of one interview. Lists not asked have arm ARM_NOT_ASKED, order 0, position 255. */
struct draw {
    uint8_t arm[STUDY_MAX_LISTS];      /* 0 control, k: sensitive item k */
    uint8_t position[STUDY_MAX_LISTS]; /* 0 first; among the lists asked */
    uint64_t order[STUDY_MAX_LISTS];   /* permutation number of the items shown (assign_order) */
};

/** The chain keys and started blocks of one device and pack, test chains included, in guarded
 *  memory. */
struct assign;

/** Start from the assignment root. ${strata} is the pack's number of strata (from 1; 0 is
 *  "unknown" and has chains too). The caller wipes ${root}. ERR_STUDY, said, where the study cannot
 *  be drawn: block sizes that are no multiples of the shares (or odd, with doubles), a double whose
 *  item is not in both lists, random order of more than 20 items (their number would not fit);
 *  ERR_NOMEM. */
enum err assign_new(const struct study *s, size_t strata, const uint8_t root[32],
                    struct assign **out);
void assign_free(struct assign *a);

/** Bytes that hold the whole state; constant for a study and number of strata. 0 where assign_new
 *  would give ERR_STUDY. */
size_t assign_size(const struct study *s, size_t strata);
void assign_save(const struct assign *a, uint8_t *out);
/** The state that assign_save wrote. ERR_FORMAT for other bytes; else as assign_new. */
enum err assign_load(const struct study *s, size_t strata, struct bytes state, struct assign **out);

/** Mix in the 32 bytes of the device's first approval: every key k becomes HK(k; "approve", bytes),
 *  started blocks end. */
void assign_approve(struct assign *a, const uint8_t bytes[32]);

/** The next draw for an interview in ${stratum} (0..strata; one above is drawn as 0, "unknown"),
 * for the lists whose bit is set in ${asked}, others being ignored; ${test}: from the test chains.
 * Moves the chains forward: what was before cannot be found again. ${a} keeps the study it was made
 * with (not owned). */
void assign_draw(struct assign *a, bool test, uint16_t stratum, uint32_t asked, struct draw *out);

/** Permutation number ${number} of ${n} items -> place[i] = index of the item shown i-th; 0 is the
 *  identity. n <= 20. False if ${number} >= n!. */
bool assign_order(uint64_t number, size_t n, uint8_t *place);

/** Deterministic generator under a draw's key: word i is the i-th little-endian 32-bit word of
 *  HK(key; "draw", u32 0) || HK(key; "draw", u32 1) || ... */
struct assign_generator {
    uint8_t key[32], block[32];
    uint32_t next; /* word to give next */
};
/** A number in 0..n-1, unbiased: words of 2^32 - 2^32 mod n and above are skipped. n >= 1. */
uint32_t assign_below(struct assign_generator *g, uint32_t n);

/** How often the best guess of the next arm of list ${list} is right, over a long field. With
 * simple assignment it is the largest share, .5 for 1:1. With blocks the guesser knows all past
 * arms of the stratum, where the running block began and which sizes blocks can have, not its size;
 * he names the arm that is the most probable given the arms of the running block. Where shares are
 * equal in two arms, he need not know where it began: past blocks are balanced, so the arm that
 * lags is the guess. [4, 6, 8] gives .68. Source: enumeration of all contents of begun blocks of
 * all sizes, their probabilities multivariate hypergeometric. ${s} is one that assign_new accepts.
 */
double assign_guess(const struct study *s, size_t list);

#endif
