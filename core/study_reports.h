/* Mistakes and warnings, collected in the order in which they are found and told in the order of
 * the lines they stand on. */
#ifndef SANAQ_CORE_STUDY_REPORTS_H
#define SANAQ_CORE_STUDY_REPORTS_H

#include <stdarg.h>

#include "core/study.h"

enum { STUDY_REPORTS_MAX = 1000 }; /* more are counted, not kept */

/** Starts as {0}. */
struct study_reports {
    struct study_reports_one *one;
    size_t count, room, mistakes;
    bool failed; /* out of memory, once and for good */
};

/** Add one. What the file says may stand in it: hidden characters and broken ones become '?'. */
void study_reports_add(struct study_reports *r, bool warning, unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void study_reports_vadd(struct study_reports *r, bool warning, unsigned line, const char *fmt,
                        va_list ap) __attribute__((format(printf, 4, 0)));

/** A study_report whose ctx is a struct study_reports: to sort what several checks say. */
void study_reports_collect(void *ctx, bool warning, unsigned line, const char *what);

/** Tell all of them in order of line (equal lines as they were added) to ${report}, which may be
 *  NULL, and start anew. ${mistake} if one was a mistake, ERR_NOMEM, or ERR_OK. */
enum err study_reports_send(struct study_reports *r, enum err mistake, study_report *report,
                            void *ctx);

#endif
