/* A result as one CSV table: a line for each group, coefficient, prevalence, test and number, with
 * `part` saying which; columns that a part does not have are empty. */
#ifndef SANAQ_ADMIN_OUTPUT_RESULT_CSV_H
#define SANAQ_ADMIN_OUTPUT_RESULT_CSV_H

#include "admin/estimate/estimate.h"
#include "core/bytes.h"

/** As result_format's write (result.h); ${plain} comes as part "unweighted". ERR_NOMEM. */
enum err result_csv(const struct estimate_result *r, const struct estimate_result *plain,
                    const char *method, struct buffer *out);

#endif
