/* How the lists of a frame were drawn: from the contacts of an archive, so that a randomisation
 * test can draw as the laptops did, with every realised draw in its place. */
#ifndef SANAQ_ADMIN_FRAME_MECHANISM_H
#define SANAQ_ADMIN_FRAME_MECHANISM_H

#include "admin/frame/fold.h"
#include "admin/frame/frame.h"

/** The mechanism of list ${list}. ${row}: of the frame, for each contact of ${f}, or FRAME_MISSING.
 * Draws of laptops of other packs are not part of it, nor are test draws where ${live}. ERR_NOMEM.
 */
enum err mechanism_of(const struct fold *f, const struct verify_report *r,
                      const struct verify_pack *pack, size_t list, const int32_t *row, bool live,
                      struct frame_mechanism **out);

/** The doubles of the study into the frame, whose lists are there. ERR_NOMEM. */
enum err mechanism_doubles(const struct study *s, struct frame *f);

#endif
