/* Languages of the pages, and the shape of text: gettext catalogues that can be changed at any
 * moment, line breaks by UAX 14 and widths in columns. */
#ifndef SANAQ_KIOSK_TEXT_H
#define SANAQ_KIOSK_TEXT_H

#include <libintl.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

#define _(s)  gettext(s)
#define N_(s) (s)

/** Set the locale (the user's, else C.UTF-8; numbers stay as in C) and find the catalogues: in
 *  SANAQ_LOCALEDIR, or beside the program in ../share/locale or locale. ERR_SYSTEM, said, where the
 *  terminal does not use UTF-8. Missing catalogues are no error: pages are English then. */
enum err text_start(void);

/** Language of all pages from here on: a tag such as "ru". One without a catalogue gives English.
 */
void text_use(const char *language);

/** The interface language the environment asks for ("ru" from ru_RU.UTF-8), in ${out}; "" if it
 *  asks for none. */
void text_wanted(char *out, size_t room);

/** The languages the programs speak, most spoken in the field first; NULL from the ${i} on where
 *  there are no more. */
const char *text_language(size_t i);
/** What a language calls itself; the tag where that is not known. */
const char *text_language_name(const char *tag);

/** Columns that UTF-8 text takes. */
int text_width(const char *text, size_t len);

/** Bytes of ${text} that go into a line of ${width} columns, at least one character; *skip is how
 *  many bytes further the next line starts (the blanks at a break). 0 for an empty text. */
size_t text_line(const char *text, int width, size_t *skip);

#endif
