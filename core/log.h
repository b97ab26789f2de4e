/* One place for what a program says besides its result. Nothing about a respondent, no key and no
 * passphrase is ever given to it. */
#ifndef SANAQ_CORE_LOG_H
#define SANAQ_CORE_LOG_H

#include <stdbool.h>

#include "core/err.h"

/** Say one line (what, where, what to do; no newline) and return ${e}, so that
 *  `return log_fail(ERR_FILE, "...")` tells it once, where it is seen. */
enum err log_fail(enum err e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** Say one line that is not an error. */
void log_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** Send further lines to ${sink} (a screen shows them); NULL means standard error again. */
void log_to(void (*sink)(void *ctx, const char *line), void *ctx);

/** Say nothing while ${mute}: for work that is tried a thousand times, whose failures are counted
 * and told by who counts them. May be called while other threads speak; not from two at a time. */
void log_mute(bool mute);

/** The name that starts each line on standard error ("sanaq-kiosk"); a string that outlives use. */
void log_name(const char *program);

#endif
