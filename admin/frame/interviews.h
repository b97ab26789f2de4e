/* The frame from opened interviews: points, lists, questions, derived columns, weights. */
#ifndef SANAQ_ADMIN_FRAME_INTERVIEWS_H
#define SANAQ_ADMIN_FRAME_INTERVIEWS_H

#include "admin/frame/fold.h"
#include "admin/frame/frame.h"

/** Rows are the contacts of ${f} that fold_in_frame allows, on devices of ${pack}; live ones if
 * there are any, else test and simulated ones (frame->rehearsal). ${left}: contacts on devices of
 * other packs, or at points that are not in the list, which stay out. ERR_NOMEM. */
enum err interviews_frame(const struct fold *f, const struct verify_report *r,
                          const struct verify_pack *pack, struct frame **out, size_t *left);

#endif
