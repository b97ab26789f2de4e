/* Between interviews: today's tally, and what can be done. */
#include <stdio.h>

#include "kiosk/keys.h"
#include "kiosk/page.h"
#include "kiosk/screen.h"
#include "kiosk/text.h"

struct home {
    struct session_tally tally;
    size_t at; /* the line that is on */
};

static enum step new_contact(struct screen *s)
{
    return screen_go(s, &screen_point);
}

static enum step sync_now(struct screen *s)
{
    return screen_go(s, &screen_sync);
}

static enum step void_one(struct screen *s)
{
    return screen_go(s, &screen_void);
}

static enum step interviewers(struct screen *s)
{
    return screen_go(s, &screen_interviewers);
}

static enum step lock_now(struct screen *s)
{
    (void)s;
    return STEP_LOCK;
}

/* Quitting locks too: fillers are written and the keys are wiped. */
static enum step quit(struct screen *s)
{
    struct desk *d = s->desk;
    screen_try(s);
    enum err e = session_lock(d->session);
    d->session = NULL;
    return e == ERR_OK ? STEP_QUIT : screen_fail(s, e);
}

static const struct action {
    char letter;
    const char *what;
    enum step (*act)(struct screen *);
} actions[] = {
    {'n', N_("New contact"), new_contact},
    {'s', N_("Sync: send what is sealed, take what came back"), sync_now},
    {'v', N_("Void an interview, with a reason"), void_one},
    {'i', N_("Interviewers: add, change passphrase, remove"), interviewers},
    {'l', N_("Lock"), lock_now},
    {'q', N_("Quit"), quit},
};

enum { ACTIONS = sizeof actions / sizeof *actions };

static enum err enter(struct screen *s)
{
    struct home *h = s->state;
    session_tally(s->desk->session, &h->tally);
    s->desk->test = session_test(s->desk->session);
    return ERR_OK;
}

static const char *title(const struct screen *s, char *room, size_t size)
{
    const struct study *study = screen_study(s);
    snprintf(room, size, "%s   %s %s", screen_text_interviewer(s, &study->title), study->id,
             study->wave);
    return room;
}

static void draw_tally(const struct session_tally *t, struct page *p)
{
    page_text(p, GRID_BOLD, _("Today"));
    page_say(p, 0,
             _("Contacts %u:  complete %u,  partial %u,  refused %u,  broken off %u,  other %u"),
             t->contacts, t->completes, t->partials, t->refusals, t->break_offs, t->others);
    page_blank(p);
    page_say(p, 0, _("The researchers have confirmed %u of %u contacts of this laptop."),
             t->contacts_received, t->contacts_all);
    page_text(p, 0,
              t->approved
                  ? _("The researchers have approved this laptop.")
                  : _("This laptop is not approved yet: sync, and read its eight words out to the "
                      "researchers (sanaq-kiosk status shows them)."));
}

static void draw(const struct screen *s, struct grid *g, int scroll)
{
    const struct home *h = s->state;
    struct page p;
    page_start(&p, g);
    page_gap(&p);
    if (s->desk->note[0] != 0) {
        page_text(&p, GRID_BOLD, s->desk->note);
        page_blank(&p);
    }
    draw_tally(&h->tally, &p);
    page_blank(&p);
    for (size_t i = 0; i < ACTIONS; i++) {
        char lead[] = " ?  ";
        lead[1] = actions[i].letter;
        page_item(&p, i == h->at ? GRID_REVERSE : 0, lead, _(actions[i].what));
        page_gap(&p);
    }
    page_paint(&p, scroll);
}

static enum step key(struct screen *s, int k)
{
    struct home *h = s->state;
    if (k == KEYS_UP)
        h->at = (h->at + ACTIONS - 1) % ACTIONS;
    if (k == KEYS_DOWN)
        h->at = (h->at + 1) % ACTIONS;
    for (size_t i = 0; i < ACTIONS; i++)
        if (k == actions[i].letter || (k == KEYS_ENTER && i == h->at)) {
            s->desk->note[0] = 0;
            return actions[i].act(s);
        }
    return STEP_STAY;
}

static size_t hints(const struct screen *s, struct hint out[SCREEN_HINTS])
{
    (void)s;
    out[0] = (struct hint){"n s v i l q", _("choose")};
    out[1] = (struct hint){"↑ ↓ Enter", _("choose")};
    out[2] = (struct hint){"F2", _("language")};
    return 3;
}

const struct screen_kind screen_home = {.size = sizeof(struct home),
                                        .enter = enter,
                                        .title = title,
                                        .draw = draw,
                                        .key = key,
                                        .hints = hints};
