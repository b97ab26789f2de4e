/* Keys as the screens know them: a character is its code point, everything else has a number above
 * all of them. */
#ifndef SANAQ_KIOSK_KEYS_H
#define SANAQ_KIOSK_KEYS_H

#include <stdbool.h>

enum {
    KEYS_NONE = 0, /* nothing was pressed */
    KEYS_ENTER = 0x110000,
    KEYS_ESCAPE,
    KEYS_BACKSPACE,
    KEYS_UP,
    KEYS_DOWN,
    KEYS_PAGE_UP,
    KEYS_PAGE_DOWN,
    KEYS_HOME,
    KEYS_END,
    KEYS_SIZE, /* the terminal has another size now */
    KEYS_F0 = KEYS_ENTER + 0x100
};

/** Function key ${n}, 1..12. */
#define KEYS_F(n) (KEYS_F0 + (n))

/** The Latin small letter on the same place of the keyboard: of a Cyrillic letter (ЙЦУКЕН) or a
 *  capital. Other keys as they are. */
int keys_latin(int key);

/** True for a character that can be typed into a field. */
bool keys_is_text(int key);

#endif
