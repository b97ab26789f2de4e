/* Each respondent's probability of support as CSV.
 * For the researchers' own use: whoever reads it knows who probably holds the view. */
#ifndef SANAQ_ADMIN_OUTPUT_POSTERIOR_H
#define SANAQ_ADMIN_OUTPUT_POSTERIOR_H

#include "admin/estimate/estimate.h"

/** Add the table to ${out}: "id" or "row" (of the file, the first is 1), "support" (empty where the
 * model did not use the row). ERR_NOMEM. */
enum err posterior_csv(const struct frame *f, const struct estimate_result *r, struct buffer *out);

#endif
