/* Raking and trimming of weights, on the cells that the margins make. */
#ifndef SANAQ_ADMIN_FRAME_RAKE_H
#define SANAQ_ADMIN_FRAME_RAKE_H

#include "admin/frame/weighting.h"

struct rake;

/** ${margin} must outlive it. ERR_STUDY (said): a category with a share and nobody in it;
 * ERR_NOMEM.
 */
enum err rake_new(size_t n, const struct weighting_margin *margin, size_t margins, double trim,
                  double tolerance, struct rake **out);
void rake_free(struct rake *r);

/** Rake ${weight} (0: left out) in place; their sum stays. From any thread. ERR_STUDY: the margins
 * cannot be reached (said if ${whole}, which is the sample itself, not a replicate); ERR_NOMEM. */
enum err rake_weights(const struct rake *r, bool whole, double *weight);

size_t rake_columns(const struct rake *r);
void rake_row(const struct rake *r, size_t row, double *x);

#endif
