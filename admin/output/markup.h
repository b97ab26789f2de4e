/* A result as LaTeX or Markdown tables. Texts of the study and of the data are escaped: none of
 * them can run as a command of the document. */
#ifndef SANAQ_ADMIN_OUTPUT_MARKUP_H
#define SANAQ_ADMIN_OUTPUT_MARKUP_H

#include "admin/estimate/estimate.h"
#include "core/bytes.h"

/** As result_format's write (result.h). LaTeX needs no package but, for other scripts than Latin,
 * those of the document. ERR_NOMEM. */
enum err markup_latex(const struct estimate_result *r, const struct estimate_result *plain,
                      const char *method, struct buffer *out);
enum err markup_markdown(const struct estimate_result *r, const struct estimate_result *plain,
                         const char *method, struct buffer *out);

#endif
