/* A result as JSON: one object, keys as the manual names them, numbers with 17 significant digits,
 * null for what is absent, never a missing key. */
#ifndef SANAQ_ADMIN_OUTPUT_JSON_H
#define SANAQ_ADMIN_OUTPUT_JSON_H

#include "admin/estimate/estimate.h"

/** Add ${r} and a newline to ${out}; ${plain} (or NULL) becomes `unweighted`, all respondents
 * without weights, points and strata. ${method} is not used. ERR_NOMEM. */
enum err json_result(const struct estimate_result *r, const struct estimate_result *plain,
                     const char *method, struct buffer *out);

#endif
