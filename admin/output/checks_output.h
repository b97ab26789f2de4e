/* What the checks found, for people and for programs. */
#ifndef SANAQ_ADMIN_OUTPUT_CHECKS_OUTPUT_H
#define SANAQ_ADMIN_OUTPUT_CHECKS_OUTPUT_H

#include "admin/estimate/estimate.h"
#include "core/bytes.h"

/** Add ${r} (of checks_run) to ${out}. JSON: `tests` (name, statistic, df, df2, p_value), `placebo`
 * (name, estimate, se, ci_low, ci_high), `numbers`, `findings`, `warnings`. ERR_NOMEM. */
enum err checks_text(const struct estimate_result *r, struct buffer *out);
enum err checks_json(const struct estimate_result *r, struct buffer *out);

#endif
