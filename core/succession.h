/* Packs that follow packs (FORMAT.md "Packs that follow packs"): may this pack take that one's
 * place, and what does it change? Joins both halves of core: keys from the pack, id and targets
 * from its study. */
#ifndef SANAQ_CORE_SUCCESSION_H
#define SANAQ_CORE_SUCCESSION_H

#include "core/pack.h"
#include "core/study.h"

struct edition { /* a pack and the study in it; borrowed */
    const struct pack *pack;
    const struct study *study;
};

enum succession {
    SUCCESSION_FOLLOWS,
    SUCCESSION_OTHER,  /* replaces another pack, or none */
    SUCCESSION_NUMBER, /* its number is not higher */
    SUCCESSION_STUDY,  /* another study's */
    SUCCESSION_CIRCLE, /* changes the circle, and fewer than two of the old researchers signed it */
    SUCCESSION__COUNT
};

/** Does ${next} follow ${now}? */
enum succession succession_judge(const struct edition *now, const struct edition *next);

/** True if ${next}, were it completely signed, would change the circle: signer, researchers,
 * supervisors or targets. */
bool succession_changes(const struct edition *now, const struct edition *next);

/** True if a recipient of ${next} is none of ${now}. */
bool succession_adds(const struct pack *now, const struct pack *next);

/** How many researchers of ${now} have signed ${next}; how many could. */
size_t succession_signed(const struct pack *now, const struct pack *next);
size_t succession_could_sign(const struct pack *now, const struct pack *next);

/** What differs between the circles, one by one: what is new first, then what is gone. */
enum succession_part { PART_SIGNER, PART_RESEARCHER, PART_SUPERVISOR, PART_TARGET };
typedef void succession_visit(void *ctx, enum succession_part part, bool added,
                              const struct pack_key *key /* NULL: a target */, const char *target);
void succession_each(const struct edition *now, const struct edition *next, succession_visit *visit,
                     void *ctx);

#endif
