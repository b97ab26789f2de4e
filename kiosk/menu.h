/* A numbered choice: digits choose, arrows and Enter work too. With ten lines or more a number is
 * typed and Enter takes it. Long menus show a window around the line that is on. */
#ifndef SANAQ_KIOSK_MENU_H
#define SANAQ_KIOSK_MENU_H

#include "kiosk/page.h"

struct menu {
    size_t count, at; /* lines, and the one that is on */
    uint32_t typed;   /* number typed so far; 0: none */
    bool toggles;     /* digits and the space bar mark lines, Enter ends */
    uint32_t marked;  /* bit i: line i is marked */
};

enum menu_said { MENU_NOTHING, MENU_MOVED, MENU_CHOSEN };

/** Think about a key. MENU_CHOSEN: line menu->at was chosen, or with toggles, Enter pressed. */
enum menu_said menu_key(struct menu *m, int key);

/** Text of line ${i}; may write it to ${room}. */
typedef const char *menu_label(const void *ctx, size_t i, char *room, size_t size);

/** Add the menu to a page. ${below}: rows to leave free under it. */
void menu_draw(const struct menu *m, struct page *p, menu_label *label, const void *ctx, int below);

#endif
