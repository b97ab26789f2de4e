/* How the lists of a frame were drawn: from the contacts of an archive, so that a randomisation
 * test can draw as the laptops did, with every realised draw in its place. */
#ifndef SANAQ_ADMIN_FRAME_MECHANISM_H
#define SANAQ_ADMIN_FRAME_MECHANISM_H

#include "admin/frame/fold.h"
#include "admin/frame/frame.h"

/** The mechanism of list ${list} of ${s}. For each contact of ${f}, ${row}: of the frame, or
 * FRAME_MISSING; ${in}: its draw is part of it (the same lists, drawn in the same way). Nor are
 * test draws where ${live}. ERR_NOMEM. */
enum err mechanism_of(const struct fold *f, const struct study *s, size_t list, const int32_t *row,
                      const bool *in, bool live, struct frame_mechanism **out);

/** The doubles of the study into the frame, whose lists are there. ERR_NOMEM. */
enum err mechanism_doubles(const struct study *s, struct frame *f);

#endif
