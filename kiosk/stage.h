/* Which screen is on, and what a key does to that. Knows no terminal: keys in, a grid out. */
#ifndef SANAQ_KIOSK_STAGE_H
#define SANAQ_KIOSK_STAGE_H

#include "kiosk/screen.h"

struct stage {
    struct desk desk;
    struct screen now, over; /* over.kind NULL: nothing lies on top */
    int scroll, hidden;      /* rows scrolled down, rows that do not fit */
    bool small;              /* the last page drawn had no room: keys do nothing */
    bool quit;
    bool locked;                  /* the session is over: wipe what it left, then reset this */
    bool blank;                   /* after a panic nothing is shown any more */
    char closing[STREAM_CLOSING]; /* code of the session that ended last, "" if none did */
    bool forget; /* the page before may leave no trace: clear the terminal first, then reset this */
};

/** Set up the desk, take what is logged, and open the first screen. text_start comes before. */
void stage_open(struct stage *st, const struct screens_options *o);
/** Paint what is on. */
void stage_draw(struct stage *st, struct grid *g);
/** Think about a key. After it: draw, then stage_work, unless st->quit. */
void stage_key(struct stage *st, int key);
/** Do what the screen announced; false if there was nothing. */
bool stage_work(struct stage *st);
/** Lock: to the unlock screen, whatever is on. */
void stage_lock(struct stage *st);
/** Overwrite the keys file, then wipe everything; a blank page is all there is from then on. */
void stage_panic(struct stage *st);
/** Wipe everything at once, sealing nothing. */
void stage_close(struct stage *st);

#endif
