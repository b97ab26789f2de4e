/* Weights of interviews from an archive, by the study's block `weights`. */
#ifndef SANAQ_ADMIN_FRAME_INTERVIEWS_WEIGHTS_H
#define SANAQ_ADMIN_FRAME_INTERVIEWS_WEIGHTS_H

#include "admin/frame/fold.h"
#include "admin/frame/frame.h"

struct interviews_weights {
    const struct fold *fold;
    const struct verify_pack *pack;        /* whose points and weights */
    const bool *in;                        /* of each contact: under it or one that combines */
    bool live;                             /* only contacts that are neither tests nor simulated */
    const struct fold_contact *const *row; /* of each row of the frame */
    const int32_t *point;                  /* of each row */
};

/** Give ${f}, with its columns, points and strata, the study's weights; nothing where it has none.
 * ERR_STUDY (said): addresses not known, or what weighting_new says; ERR_NOMEM. */
enum err interviews_weights(const struct interviews_weights *w, struct frame *f);

#endif
