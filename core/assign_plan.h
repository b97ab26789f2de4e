/* What of a study is drawn, and where the chain of each thing lies in the state of struct assign.
 * Shared by assign.c and assign_guess.c; nothing else includes this.
 *
 * State, twice in a row: the chains of live draws, then those of test draws. Each is a run of
 * chains for every list without a double, every double, every list with items in random order, and
 * the order of lists, in this sequence; lists and doubles with one chain a stratum from 0. A chain
 * is its key; with blocks, an arm's or a double's chain goes on with the size of the started block
 * (0: none), the number of places taken, and STUDY_MAX_BLOCK places, of which those taken are 0.
 * Local to one laptop and read by the version that wrote it, so it carries no version. */
#ifndef SANAQ_CORE_ASSIGN_PLAN_H
#define SANAQ_CORE_ASSIGN_PLAN_H

#include "core/hash.h"
#include "core/study.h"

enum assign_purpose {
    ASSIGN_PURPOSE_ARM = 1,
    ASSIGN_PURPOSE_BLOCK = 2,
    ASSIGN_PURPOSE_ITEM_ORDER = 3,
    ASSIGN_PURPOSE_LIST_ORDER = 4,
    ASSIGN_PURPOSE_DOUBLE = 5,
    ASSIGN_PURPOSE_TEST = 10
};

enum {
    ASSIGN_KEY_LEN = HASH_LEN,
    ASSIGN_AT_SIZE = ASSIGN_KEY_LEN,
    ASSIGN_AT_TAKEN = ASSIGN_AT_SIZE + 1,
    ASSIGN_AT_ROW = ASSIGN_AT_TAKEN + 1
};
enum {
    ASSIGN_BLOCK_CHAIN_LEN = ASSIGN_AT_ROW + STUDY_MAX_BLOCK,
    ASSIGN_MAX_PAIRS = STUDY_MAX_LISTS / 2
};
enum { ASSIGN_MAX_ORDERED = 20, ASSIGN_MAX_RUNS = 2 * STUDY_MAX_LISTS + ASSIGN_MAX_PAIRS + 1 };

/* Chains of one purpose and list that lie one after the other. */
struct assign_run {
    enum assign_purpose purpose;
    uint8_t list;
    uint8_t arms; /* with blocks: places hold 0..arms-1 */
    size_t at, count, len;
};

struct assign_plan {
    struct assign_run run[ASSIGN_MAX_RUNS];
    size_t runs, len;
    const struct assign_run *arm[STUDY_MAX_LISTS], *pair[ASSIGN_MAX_PAIRS], *order[STUDY_MAX_LISTS],
        *list_order;
};

/** NULL, or what stands against drawing and how to mend it. study_parse lets no such study through;
 *  one that came into a pack by other means must not lead outside the state. */
const char *assign_plan_fault(const struct study *s, size_t strata);

/** For a study without fault. Not to be copied: it points into itself. */
void assign_plan_make(const struct study *s, size_t strata, struct assign_plan *p);

/** Share of an arm of a list in no double, and the sum of the shares. */
uint32_t assign_plan_share(const struct study_list *list, size_t arm);
uint32_t assign_plan_shares(const struct study_list *list);

/** The arm of ${list} that shows a double's item; 0 if the list has no such item. */
uint8_t assign_plan_arm(const struct study_list *list, const char *item);

#endif
