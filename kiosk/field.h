/* A line that is typed: a code, a path, a passphrase, a number. It lives in guarded memory and is
 * wiped on release. */
#ifndef SANAQ_KIOSK_FIELD_H
#define SANAQ_KIOSK_FIELD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/secret.h"

/** Starts as {0}. */
struct field {
    struct secret *text; /* UTF-8, ended by 0 */
    size_t len;
    bool dots;   /* shown as dots only */
    bool digits; /* takes digits only */
};

/** An empty field of up to ${room} bytes. ERR_NOMEM. */
enum err field_start(struct field *f, size_t room);
void field_free(struct field *f);

/** Type: a character, Backspace. True if the key was one for the field. */
bool field_key(struct field *f, int key);
void field_clear(struct field *f);
/** Type a whole text; what does not fit is left out. */
void field_set(struct field *f, const char *text);

/** What stands in it. Secret fields: only for comparing and handing on. */
const char *field_text(const struct field *f);
/** The field's number; false if it is empty or above ${max}. */
bool field_number(const struct field *f, uint32_t max, uint32_t *out);
/** Characters in it. */
size_t field_count(const struct field *f);
/** A fresh secret with the text. ERR_NOMEM. */
enum err field_secret(const struct field *f, struct secret **out);

/** A letter in it is not Latin: another keyboard layout is on. */
bool field_not_latin(const struct field *f);
/** All its letters, three at least, are Latin capitals. */
bool field_shouts(const struct field *f);

#endif
