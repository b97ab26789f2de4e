/* Choosing a passphrase, as part of a page: five words are offered, shown once and typed once; or
 * an own one is typed twice. */
#ifndef SANAQ_KIOSK_CHOOSING_H
#define SANAQ_KIOSK_CHOOSING_H

#include "kiosk/page.h"
#include "kiosk/screen.h"

enum choosing_phase {
    CHOOSING_WORDS, /* the five words, shown */
    CHOOSING_AGAIN, /* typed to confirm */
    CHOOSING_OWN,   /* an own one */
    CHOOSING_TWICE  /* typed to confirm */
};

/** Starts as {0}. */
struct choosing {
    enum choosing_phase phase;
    struct field first, again;
    bool trouble; /* the last Enter was not accepted */
};

enum choosing_said { CHOOSING_ON, CHOOSING_BACK, CHOOSING_DONE, CHOOSING_FAILED };

/** ERR_NOMEM. */
enum err choosing_start(struct choosing *c);
/** Wipes; {0} is accepted. */
void choosing_free(struct choosing *c);
/** Wipe what was chosen, and offer five fresh words. ERR_NOMEM. */
enum err choosing_offer(struct choosing *c);
/** Wipe what was chosen. */
void choosing_clear(struct choosing *c);

/** ${working}: what to say while the passphrase is being taken; NULL: it is not. */
void choosing_draw(const struct choosing *c, struct page *p, const char *working);
/** Done: c->first is the passphrase. Back: Escape on the first page. Failed: out of memory. */
enum choosing_said choosing_key(struct choosing *c, int key);
size_t choosing_hints(const struct choosing *c, struct hint out[SCREEN_HINTS]);

#endif
