/* A margin of the weights against a column of a frame. */
#ifndef SANAQ_ADMIN_FRAME_MARGINS_H
#define SANAQ_ADMIN_FRAME_MARGINS_H

#include "admin/frame/frame.h"
#include "admin/frame/weighting.h"

/** Add the margin ${m} over column ${column} to ${spec}. ${code}: for each share the level that it
 * is of; NULL: the share's own value, as a code or as a label of it. A missing value is said in a
 * note. ERR_STUDY (said) where the data have a value without a share; ERR_NOMEM. */
enum err margins_add(struct weighting_spec *spec, const struct frame *f, int column,
                     const struct study_margin *m, const char *const *code);

#endif
