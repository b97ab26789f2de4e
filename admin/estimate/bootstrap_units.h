/* What a bootstrap draws, and the weights that a draw gives. */
#ifndef SANAQ_ADMIN_ESTIMATE_BOOTSTRAP_UNITS_H
#define SANAQ_ADMIN_ESTIMATE_BOOTSTRAP_UNITS_H

#include "admin/estimate/estimate.h"

struct bootstrap_units;

/** Points or respondents of ${f} in their groups (bootstrap.h); warns in ${r} of joined strata.
 * ERR_NOMEM. */
enum err bootstrap_units_new(const struct frame *f, const struct estimate_options *o,
                             struct estimate_result *r, struct bootstrap_units **out);
void bootstrap_units_free(struct bootstrap_units *u);

/** Weights of resample ${b}, f->n of them; from any thread. As weighting_with. */
enum err bootstrap_draw(const struct bootstrap_units *u, uint64_t seed, size_t b, double *out);

/** How many parts the jackknife leaves out in turn, and the weights without part ${i}. */
size_t bootstrap_leaves(const struct bootstrap_units *u);
enum err bootstrap_leave(const struct bootstrap_units *u, size_t i, double *out);

#endif
