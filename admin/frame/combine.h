/* Interviews under several packs in one frame: which packs ask the same, so that what was answered
 * under one is an answer under another. */
#ifndef SANAQ_ADMIN_FRAME_COMBINE_H
#define SANAQ_ADMIN_FRAME_COMBINE_H

#include "core/study.h"

enum { COMBINE_WHY = 200 };

/** One study's interviews as those of another. Starts as {0}. */
struct combine {
    bool may;
    char why[COMBINE_WHY]; /* if not: what differs, as a part of a sentence */
    int32_t *question; /* of each question of the other study: its index here, or -1: not asked */
};

/** May interviews under ${from} stand in a frame of ${of}? They may if their lists are the same
 * (ids, items, sensitive items, what may be hidden, in this order), drawn in the same way, and if
 * questions of one id have one type and the same codes. Texts and questions may differ. ERR_NOMEM.
 */
enum err combine_studies(const struct study *of, const struct study *from, struct combine *out);
void combine_free(struct combine *c);

#endif
