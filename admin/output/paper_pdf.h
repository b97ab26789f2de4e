/* A page to print: a study key on paper, as words and as a QR code. The only file that draws. */
#ifndef SANAQ_ADMIN_OUTPUT_PAPER_PDF_H
#define SANAQ_ADMIN_OUTPUT_PAPER_PDF_H

#include <stddef.h>

#include "core/bytes.h"
#include "core/err.h"

struct paper_page {
    const char *title, *about; /* about: a paragraph; may have line breaks */
    const char *const *line;   /* words, numbered from 1 */
    size_t lines;
    const char *code; /* of the QR code: capitals, digits and : only */
};

/** Write one page (A4) as PDF into the empty ${out}. ERR_SYSTEM (said): this machine has no font;
 * ERR_NOMEM. */
enum err paper_pdf(const struct paper_page *p, struct buffer *out);

#endif
