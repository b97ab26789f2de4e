/* A result in the formats that papers, scripts and people read: one file and one row each. */
#ifndef SANAQ_ADMIN_OUTPUT_RESULT_H
#define SANAQ_ADMIN_OUTPUT_RESULT_H

#include "admin/estimate/estimate.h"
#include "core/bytes.h"

struct result_format {
    const char *name; /* as typed after --format */
    /** Add ${r} to ${out}. ${method}: its name for people. ${plain}: the same without weights,
     * points and strata, or NULL. ERR_NOMEM. */
    enum err (*write)(const struct estimate_result *r, const struct estimate_result *plain,
                      const char *method, struct buffer *out);
};

/** NULL if there is no such format. */
const struct result_format *result_format_find(const char *name);
/** "text, json, csv, latex, markdown" */
const char *result_format_names(void);

#endif
