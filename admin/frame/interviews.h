/* The frame from opened interviews: points, lists, questions, derived columns, weights. */
#ifndef SANAQ_ADMIN_FRAME_INTERVIEWS_H
#define SANAQ_ADMIN_FRAME_INTERVIEWS_H

#include "admin/frame/fold.h"
#include "admin/frame/frame.h"

/** Rows are the contacts of ${f} that fold_in_frame allows, under ${pack} or under one that
 * combines with it (combine.h); live ones if there are any, else test and simulated ones
 * (frame->rehearsal).
 * ${left}: contacts under other packs (said, each with its reason), or at points that are not in
 * ${pack}'s list, which stay out. ERR_NOMEM. */
enum err interviews_frame(const struct fold *f, const struct verify_report *r,
                          const struct verify_pack *pack, struct frame **out, size_t *left);

#endif
