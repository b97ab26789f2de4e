/* Nobody can unlock this laptop any more: what it sealed is collected to a stick, then it is set up
 * anew as a new device. */
#include <stdio.h>
#include <string.h>

#include "kiosk/keys.h"
#include "kiosk/page.h"
#include "kiosk/replaced.h"
#include "kiosk/screen.h"
#include "kiosk/setup.h"
#include "kiosk/text.h"

enum { TARGET_ROOM = 1000 };

enum phase { PHASE_TELL, PHASE_COLLECT, PHASE_SURE };

struct replacing {
    enum phase phase;
    struct field line;
    bool trouble;
    enum err failed;
    unsigned written;
};

static enum err enter(struct screen *s)
{
    struct replacing *r = s->state;
    screen_try(s);
    return field_start(&r->line, TARGET_ROOM);
}

static const char *title(const struct screen *s, char *room, size_t size)
{
    (void)s, (void)room, (void)size;
    return _("All passphrases lost");
}

static void draw_tell(struct page *p)
{
    page_text(p, GRID_BOLD, _("Can nobody unlock this laptop any more?"));
    page_text(p, 0,
              _("If one interviewer still can, go back: they can add the others anew. If nobody "
                "can, nobody in the world can help: the laptop must be set up anew."));
    page_blank(p);
    page_text(p, 0,
              _("Every interview that was sealed is kept. An interview that was under way is lost, "
                "and so is today's tally. The researchers will see a new device that replaces this "
                "one and must approve it."));
    page_blank(p);
    page_text(p, 0,
              _("You need a stick for the sealed interviews and the study's pack file. Press "
                "Enter to go on."));
}

static void draw_collect(const struct screen *s, struct page *p)
{
    const struct replacing *r = s->state;
    page_text(p, GRID_BOLD, _("First the sealed interviews go to a stick."));
    page_blank(p);
    page_text(p, 0, _("Type the path of a folder on it."));
    page_field(p, _("Folder:"), &r->line, !s->working);
    page_blank(p);
    if (s->working)
        page_text(p, GRID_BOLD, _("Writing... please leave the stick in."));
    else if (r->trouble) {
        page_say(p, GRID_BOLD, _("That did not work: %s."), gettext(err_text(r->failed)));
        page_text(p, 0, s->desk->said);
    }
}

static void draw_sure(const struct screen *s, struct page *p)
{
    const struct replacing *r = s->state;
    page_say(p, GRID_BOLD, _("Everything that was sealed lies on the stick (new files: %u)."),
             r->written);
    page_text(p, 0, _("Bring the stick to the researchers; this laptop keeps a copy, too."));
    page_blank(p);
    page_text(p, 0,
              _("Setting up anew cannot be undone: no code and no passphrase of today opens "
                "anything afterwards."));
    page_blank(p);
    page_say(p, 0, _("To set this laptop up anew, type %s and press Enter."), _("yes"));
    page_field(p, ">", &r->line, true);
}

static void draw(const struct screen *s, struct grid *g, int scroll)
{
    const struct replacing *r = s->state;
    struct page p;
    page_start(&p, g);
    page_blank(&p);
    if (r->phase == PHASE_TELL)
        draw_tell(&p);
    else if (r->phase == PHASE_COLLECT)
        draw_collect(s, &p);
    else
        draw_sure(s, &p);
    page_paint(&p, scroll);
}

static enum step work(struct screen *s)
{
    struct replacing *r = s->state;
    const char *path = field_text(&r->line);
    screen_try(s);
    r->written = 0;
    r->failed = replaced_collect(s->desk->home, strncmp(path, "dir:", 4) == 0 ? path + 4 : path,
                                 &r->written);
    r->trouble = r->failed != ERR_OK;
    if (r->trouble)
        return STEP_STAY;
    field_clear(&r->line);
    r->phase = PHASE_SURE;
    return STEP_STAY;
}

static enum step take_yes(struct screen *s)
{
    struct replacing *r = s->state;
    const char *line = field_text(&r->line);
    if (strcmp(line, "yes") != 0 && strcmp(line, _("yes")) != 0) {
        field_clear(&r->line);
        return STEP_STAY;
    }
    screen_try(s);
    enum err e = replaced_device(s->desk->home, s->desk->replaces);
    if (e != ERR_OK)
        return screen_fail(s, e);
    s->desk->replacing = true;
    return STEP_FOLLOW;
}

static enum step key(struct screen *s, int k)
{
    struct replacing *r = s->state;
    if (k == KEYS_ESCAPE) /* without a keys file nobody can unlock: then this page is the first */
        return setup_done(s->desk->home) ? STEP_FOLLOW : STEP_QUIT;
    if (r->phase == PHASE_TELL) {
        if (k == KEYS_ENTER)
            r->phase = PHASE_COLLECT;
        return STEP_STAY;
    }
    if (k == KEYS_ENTER && r->phase == PHASE_COLLECT)
        return r->line.len > 0 ? STEP_WORK : STEP_STAY;
    if (k == KEYS_ENTER)
        return take_yes(s);
    if (field_key(&r->line, k))
        r->trouble = false;
    return STEP_STAY;
}

static size_t hints(const struct screen *s, struct hint out[SCREEN_HINTS])
{
    out[0] = (struct hint){"Enter", _("next")};
    out[1] = (struct hint){"Esc", setup_done(s->desk->home) ? _("back") : _("quit")};
    out[2] = (struct hint){"F2", _("language")};
    return 3;
}

static void leave(struct screen *s)
{
    struct replacing *r = s->state;
    field_free(&r->line);
}

const struct screen_kind screen_replace = {.size = sizeof(struct replacing),
                                           .typing = true,
                                           .enter = enter,
                                           .title = title,
                                           .draw = draw,
                                           .key = key,
                                           .work = work,
                                           .hints = hints,
                                           .leave = leave};
