/* Sync: with the targets of the study, or with a folder that is typed where the study names none.
 */
#include <stdio.h>
#include <string.h>

#include "kiosk/keys.h"
#include "kiosk/page.h"
#include "kiosk/screen.h"
#include "kiosk/text.h"

enum { TARGET_ROOM = 1000 };

struct syncing {
    struct field target;
    bool done;
    char said[DESK_SAID];
};

static bool must_ask(const struct screen *s)
{
    return screen_study(s)->targets == 0;
}

static enum err enter(struct screen *s)
{
    struct syncing *y = s->state;
    return field_start(&y->target, TARGET_ROOM);
}

static const char *title(const struct screen *s, char *room, size_t size)
{
    (void)s, (void)room, (void)size;
    return _("Sync");
}

static void draw(const struct screen *s, struct grid *g, int scroll)
{
    const struct syncing *y = s->state;
    const struct study *study = screen_study(s);
    struct page p;
    page_start(&p, g);
    page_blank(&p);
    if (y->done) {
        page_text(&p, GRID_BOLD, y->said);
    } else if (s->working) {
        page_text(&p, GRID_BOLD, _("Syncing... please leave the stick in."));
    } else if (must_ask(s)) {
        page_text(&p, GRID_BOLD,
                  _("Which folder? Type its path, for example that of a USB stick."));
        page_blank(&p);
        page_field(&p, _("Folder:"), &y->target, true);
    } else {
        page_text(&p, GRID_BOLD, _("Sync with:"));
        page_blank(&p);
        for (size_t i = 0; i < study->targets; i++)
            page_item(&p, 0, "   ", study->target[i]);
        page_blank(&p);
        page_text(&p, 0, _("Put the stick in, or go on the network; then press Enter."));
    }
    page_paint(&p, scroll);
}

static enum step key(struct screen *s, int k)
{
    struct syncing *y = s->state;
    if (k == KEYS_ESCAPE || (y->done && k == KEYS_ENTER))
        return STEP_FOLLOW;
    if (y->done)
        return STEP_STAY;
    if (k == KEYS_ENTER && (!must_ask(s) || y->target.len > 0))
        return STEP_WORK;
    if (must_ask(s))
        field_key(&y->target, k);
    return STEP_STAY;
}

static enum step work(struct screen *s)
{
    struct syncing *y = s->state;
    char target[TARGET_ROOM + 8];
    snprintf(target, sizeof target, "%s%s",
             strncmp(field_text(&y->target), "dir:", 4) == 0 ? "" : "dir:", field_text(&y->target));
    screen_try(s);
    enum err e =
        session_sync(s->desk->session, must_ask(s) ? target : NULL, y->said, sizeof y->said);
    s->desk->test = session_test(s->desk->session);
    if (e != ERR_OK && e != ERR_PARTIAL)
        return screen_fail(s, e);
    size_t len = strlen(y->said);
    if (s->desk->said[0] != 0)
        snprintf(y->said + len, sizeof y->said - len, "\n%s", s->desk->said);
    y->done = true;
    return STEP_STAY;
}

static size_t hints(const struct screen *s, struct hint out[SCREEN_HINTS])
{
    const struct syncing *y = s->state;
    out[0] = (struct hint){"Enter", y->done ? _("go on") : _("sync")};
    out[1] = (struct hint){"Esc", _("back")};
    return 2;
}

static void leave(struct screen *s)
{
    struct syncing *y = s->state;
    field_free(&y->target);
}

const struct screen_kind screen_sync = {.size = sizeof(struct syncing),
                                        .typing = true,
                                        .enter = enter,
                                        .title = title,
                                        .draw = draw,
                                        .key = key,
                                        .work = work,
                                        .hints = hints,
                                        .leave = leave};
