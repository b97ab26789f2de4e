/* The terminal: shows a grid, gives keys, and is put back as it was on every way out. The only file
 * that includes curses. */
#ifndef SANAQ_KIOSK_TERM_H
#define SANAQ_KIOSK_TERM_H

#include "kiosk/grid.h"

struct term;

/** Take the terminal. ERR_SYSTEM (said) where there is none or its type is not known. */
enum err term_open(struct term **out);
/** Clear it and give it back; NULL does nothing. */
void term_close(struct term *t);

void term_size(struct term *t, int *rows, int *cols);
/** Show the grid; only what changed is written. */
void term_show(struct term *t, const struct grid *g);
/** A key (keys.h), or KEYS_NONE after ${milliseconds}. */
int term_key(struct term *t, int milliseconds);
/** Clear the terminal, what can be scrolled back to, and every buffer behind it: what was shown and
 *  typed may leave no trace. ERR_SYSTEM: the terminal is gone. */
enum err term_forget(struct term *t);

#endif
