/* Sync: with the targets of the study, or with a folder that is typed where the study names none.
 * Where a pack is found that changes who reads the results or where they go, a person is shown what
 * is new and says yes before it is taken. */
#include <stdio.h>
#include <string.h>

#include "core/words.h"
#include "kiosk/keys.h"
#include "kiosk/page.h"
#include "kiosk/screen.h"
#include "kiosk/text.h"

enum { TARGET_ROOM = 1000, ANSWER_ROOM = 15 };

enum phase {
    PHASE_WHERE,   /* sync with what? */
    PHASE_CONFIRM, /* a new circle */
    PHASE_DONE
};

struct syncing {
    enum phase phase;
    struct field target, answer;
    char said[DESK_SAID];
};

static bool must_ask(const struct screen *s)
{
    return screen_study(s)->targets == 0;
}

static enum err enter(struct screen *s)
{
    struct syncing *y = s->state;
    enum err e = field_start(&y->target, TARGET_ROOM);
    return e == ERR_OK ? field_start(&y->answer, ANSWER_ROOM) : e;
}

static const char *title(const struct screen *s, char *room, size_t size)
{
    const struct syncing *y = s->state;
    (void)room, (void)size;
    return y->phase == PHASE_CONFIRM ? _("A new pack") : _("Sync");
}

static void draw_where(const struct screen *s, struct page *p)
{
    const struct syncing *y = s->state;
    const struct study *study = screen_study(s);
    if (must_ask(s)) {
        page_text(p, GRID_BOLD, _("Which folder? Type its path, for example that of a USB stick."));
        page_blank(p);
        page_field(p, _("Folder:"), &y->target, true);
        return;
    }
    page_text(p, GRID_BOLD, _("Sync with:"));
    page_blank(p);
    for (size_t i = 0; i < study->targets; i++)
        page_item(p, 0, "   ", study->target[i]);
    page_blank(p);
    page_text(p, 0, _("Put the stick in, or go on the network; then press Enter."));
}

static void draw_change(void *ctx, enum succession_part part, bool added,
                        const struct pack_key *key, const char *target)
{
    static const char *const label[][2] = {
        [PART_SIGNER] = {N_("No longer signs the packs:"), N_("Signs the packs from now on:")},
        [PART_RESEARCHER] = {N_("No longer a researcher, who reads everything:"),
                             N_("A new researcher, who reads everything:")},
        [PART_SUPERVISOR] = {N_("No longer a supervisor, who reads where and when, no answers:"),
                             N_("A new supervisor, who reads where and when, no answers:")},
        [PART_TARGET] = {N_("Results no longer go to:"), N_("Results will go to:")},
    };
    struct page *p = ctx;
    char words[WORDS_TEXT];
    uint8_t hash[HASH_LEN];
    if (key != NULL) {
        pack_key_fingerprint(key, hash);
        words_of(hash, words);
    }
    page_item(p, 0, added ? "+  " : "-  ", _(label[part][added]));
    page_item(p, added ? GRID_BOLD : 0, "   ", key != NULL ? words : target);
}

static void draw_confirm(const struct screen *s, struct page *p)
{
    const struct syncing *y = s->state;
    struct edition now, next;
    char words[WORDS_TEXT];
    if (!session_waiting(s->desk->session, &now, &next))
        return;
    words_of(next.pack->hash, words);
    page_say(p, GRID_BOLD,
             _("Pack number %u changes who reads the results or where they go. Compare every word "
               "with what the researchers sent you:"),
             (unsigned)next.pack->number);
    page_gap(p);
    succession_each(&now, &next, draw_change, p);
    page_gap(p);
    page_item(p, 0, "   ", _("The words of this pack:"));
    page_item(p, GRID_BOLD, "   ", words);
    page_gap(p);
    page_say(p, 0,
             _("If all of it is as they said, type %s and press Enter. If not, press Esc and call "
               "them."),
             _("yes"));
    page_field(p, ">", &y->answer, true);
}

static void draw(const struct screen *s, struct grid *g, int scroll)
{
    const struct syncing *y = s->state;
    struct page p;
    page_start(&p, g);
    page_blank(&p);
    if (s->working)
        page_text(&p, GRID_BOLD, _("Syncing... please leave the stick in."));
    else if (y->phase == PHASE_DONE)
        page_text(&p, GRID_BOLD, y->said);
    else if (y->phase == PHASE_CONFIRM)
        draw_confirm(s, &p);
    else
        draw_where(s, &p);
    page_paint(&p, scroll);
}

static enum step confirm_key(struct syncing *y, int k)
{
    const char *answer = field_text(&y->answer);
    if (k == KEYS_ESCAPE)
        y->phase = PHASE_DONE;
    else if (k != KEYS_ENTER)
        field_key(&y->answer, k);
    else if (strcmp(answer, "yes") == 0 || strcmp(answer, _("yes")) == 0)
        return STEP_WORK;
    else
        field_clear(&y->answer);
    return STEP_STAY;
}

static enum step key(struct screen *s, int k)
{
    struct syncing *y = s->state;
    if (y->phase == PHASE_CONFIRM)
        return confirm_key(y, k);
    if (k == KEYS_ESCAPE || (y->phase == PHASE_DONE && k == KEYS_ENTER))
        return STEP_FOLLOW;
    if (y->phase == PHASE_DONE)
        return STEP_STAY;
    if (k == KEYS_ENTER && (!must_ask(s) || y->target.len > 0))
        return STEP_WORK;
    if (must_ask(s))
        field_key(&y->target, k);
    return STEP_STAY;
}

static enum err sync_now(struct screen *s)
{
    struct syncing *y = s->state;
    struct edition now, next;
    char target[TARGET_ROOM + 8];
    bool typed = y->target.len > 0;
    snprintf(target, sizeof target, "%s%s",
             strncmp(field_text(&y->target), "dir:", 4) == 0 ? "" : "dir:", field_text(&y->target));
    enum err e = session_sync(s->desk->session, typed ? target : NULL, y->said, sizeof y->said);
    s->desk->test = session_test(s->desk->session);
    s->desk->chosen = false; /* another pack may have other sampling points */
    if (e != ERR_OK && e != ERR_PARTIAL)
        return e;
    size_t len = strlen(y->said);
    if (s->desk->said[0] != 0)
        snprintf(y->said + len, sizeof y->said - len, "\n%s", s->desk->said);
    y->phase = session_waiting(s->desk->session, &now, &next) ? PHASE_CONFIRM : PHASE_DONE;
    field_clear(&y->answer);
    return ERR_OK;
}

/* The new root goes out at once: whoever takes the laptop later cannot write what came before. */
static enum err take_pack(struct screen *s)
{
    struct syncing *y = s->state;
    struct edition now, next;
    char said[DESK_SAID];
    if (!session_waiting(s->desk->session, &now, &next))
        return ERR_STATE;
    snprintf(said, sizeof said, _("From now on this laptop works with pack number %u."),
             (unsigned)next.pack->number);
    enum err e = session_take_waiting(s->desk->session);
    if (e == ERR_OK)
        e = sync_now(s);
    if (e != ERR_OK)
        return e;
    size_t len = strlen(said);
    snprintf(said + len, sizeof said - len, "\n%.*s", (int)(sizeof said - len - 2), y->said);
    memcpy(y->said, said, sizeof said);
    return ERR_OK;
}

static enum step work(struct screen *s)
{
    struct syncing *y = s->state;
    screen_try(s);
    enum err e = y->phase == PHASE_CONFIRM ? take_pack(s) : sync_now(s);
    return e == ERR_OK ? STEP_STAY : screen_fail(s, e);
}

static size_t hints(const struct screen *s, struct hint out[SCREEN_HINTS])
{
    const struct syncing *y = s->state;
    out[0] = (struct hint){"Enter", y->phase == PHASE_WHERE ? _("sync") : _("go on")};
    out[1] = (struct hint){"Esc", y->phase == PHASE_CONFIRM ? _("no") : _("back")};
    return 2;
}

static void leave(struct screen *s)
{
    struct syncing *y = s->state;
    field_free(&y->target);
    field_free(&y->answer);
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
