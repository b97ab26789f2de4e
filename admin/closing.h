/* Closing codes as people give them: read out over the telephone, written on paper, typed. */
#ifndef SANAQ_ADMIN_CLOSING_H
#define SANAQ_ADMIN_CLOSING_H

#include "core/err.h"

enum { CLOSING_DIGITS = 24, CLOSING_TEXT = CLOSING_DIGITS + 1 };

/** The 24 digits of ${text}, ended by 0; spaces, dashes, dots and commas between them do not
 * matter. ERR_USAGE, with a sentence that says what is wrong: a sign that is none of these, or
 * another number of digits. */
enum err closing_read(const char *text, char out[CLOSING_TEXT]);

/** The same in groups of four. */
enum { CLOSING_SPACED = 30 };
void closing_space(const char digits[CLOSING_TEXT], char out[CLOSING_SPACED]);

#endif
