/* First use on this laptop: the pack, its words, a code, a passphrase; then the laptop's own words.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/words.h"
#include "kiosk/choosing.h"
#include "kiosk/keys.h"
#include "kiosk/page.h"
#include "kiosk/screen.h"
#include "kiosk/setup.h"
#include "kiosk/text.h"

enum { PATH_ROOM = 1000, CODE_ROOM = 8 };

enum phase {
    PHASE_PACK,    /* path of the pack file */
    PHASE_COMPARE, /* its eight words */
    PHASE_CODE,
    PHASE_CHOOSE, /* a passphrase */
    PHASE_DONE    /* the laptop's eight words */
};

struct setting {
    enum phase phase;
    struct field line; /* what the phase asks for, if not a passphrase */
    struct choosing choosing;
    struct pack *pack;
    struct study *study;
    char code[CODE_ROOM + 1];
    char words[WORDS_TEXT]; /* of the pack, at the end of the laptop */
    bool trouble;           /* the last Enter was not accepted */
    enum err failed;        /* why the pack was not; desk->said may say more */
};

static void ask_for(struct setting *t, enum phase phase)
{
    t->phase = phase;
    t->trouble = false;
    if (phase != PHASE_PACK)
        field_clear(&t->line);
}

static enum err enter(struct screen *s)
{
    struct setting *t = s->state;
    enum err e = field_start(&t->line, PATH_ROOM);
    if (e == ERR_OK)
        e = choosing_start(&t->choosing);
    if (e == ERR_OK && s->desk->pack != NULL)
        field_set(&t->line, s->desk->pack);
    screen_try(s);
    return e;
}

static const char *title(const struct screen *s, char *room, size_t size)
{
    (void)s, (void)room, (void)size;
    return _("Sanaq: set up this laptop");
}

/* Eight words large enough to read out: four in a row, each in its place. */
static void draw_words(struct page *p, const char *words)
{
    enum { IN_A_ROW = 4 };
    char row[IN_A_ROW * (WORDS_MAX_LEN + 10)] = "";
    size_t len = 0, n = 0;
    while (*words != 0) {
        size_t word = strcspn(words, " ");
        int put =
            snprintf(row + len, sizeof row - len, "%-*.*s", WORDS_MAX_LEN + 6, (int)word, words);
        len += (size_t)put;
        words += word + (words[word] == ' ');
        if (++n % IN_A_ROW == 0 || *words == 0) {
            page_item(p, GRID_BOLD, "     ", row);
            page_blank(p);
            len = 0;
        }
    }
}

static void draw_failed(const struct screen *s, struct page *p)
{
    const struct setting *t = s->state;
    page_say(p, GRID_BOLD, _("That did not work: %s."), gettext(err_text(t->failed)));
    page_text(p, 0, s->desk->said);
}

static void draw_pack(const struct screen *s, struct page *p)
{
    const struct setting *t = s->state;
    page_text(p, 0,
              s->desk->replacing
                  ? _("This laptop is set up anew. For that it needs the study's pack file (its "
                      "name ends in .pack), on a stick or copied to this laptop.")
                  : _("This laptop is not set up yet. For that it needs the study's pack file (its "
                      "name ends in .pack), on a stick or copied to this laptop."));
    page_blank(p);
    page_field(p, _("Path of the pack file:"), &t->line, !s->working);
    page_blank(p);
    if (s->working)
        page_text(p, GRID_BOLD, _("Reading..."));
    else if (t->trouble)
        draw_failed(s, p);
}

static void draw_compare(const struct screen *s, struct page *p)
{
    const struct setting *t = s->state;
    int own = study_language_index(t->study, s->desk->language);
    page_text(p, GRID_BOLD, study_text_in(&t->study->title, own >= 0 ? (size_t)own : 0));
    page_say(p, 0, _("Study %s, wave %s, pack number %u"), t->study->id, t->study->wave,
             (unsigned)t->pack->number);
    page_blank(p);
    page_text(p, 0,
              _("Compare these eight words with the sheet from the researchers. If a single "
                "word differs, stop here and call them: the pack is not theirs."));
    page_blank(p);
    draw_words(p, t->words);
    page_say(p, 0, _("If all eight are the same, type %s and press Enter."), _("yes"));
    page_field(p, ">", &t->line, true);
}

static void draw_code(const struct screen *s, struct page *p)
{
    const struct setting *t = s->state;
    page_text(p, 0,
              _("Choose your interviewer code: one to eight Latin letters or digits, as agreed "
                "with your supervisor."));
    page_blank(p);
    page_field(p, _("Your code:"), &t->line, true);
    page_blank(p);
    if (t->trouble)
        page_text(p, GRID_BOLD, _("A code has one to eight letters from a to z or digits."));
}

static void draw_choose(const struct screen *s, struct page *p)
{
    const struct setting *t = s->state;
    choosing_draw(&t->choosing, p,
                  s->working ? _("Setting up... this takes a few seconds.") : NULL);
}

static void draw_done(const struct screen *s, struct page *p)
{
    const struct setting *t = s->state;
    page_text(p, GRID_BOLD, _("This laptop is set up."));
    page_blank(p);
    page_text(p, 0,
              _("Its own eight words are below. Read them out to the researchers or write them "
                "down for them:"));
    page_blank(p);
    draw_words(p, t->words);
    page_text(p, GRID_BOLD, _("Now sync, so that the researchers can approve this laptop."));
}

static enum step work_pack(struct screen *s)
{
    struct setting *t = s->state;
    struct pack *pack = NULL;
    struct study *study = NULL;
    screen_try(s);
    enum err e = setup_read_pack(field_text(&t->line), &pack);
    if (e == ERR_OK)
        e = study_parse(pack->study, NULL, NULL, &study);
    if (e != ERR_OK) {
        pack_free(pack);
        t->trouble = true;
        t->failed = e;
        return STEP_STAY;
    }
    t->pack = pack;
    t->study = study;
    words_of(pack->hash, t->words);
    if (s->desk->language[0] == 0)
        snprintf(s->desk->language, sizeof s->desk->language, "%s", study->language[0]);
    ask_for(t, PHASE_COMPARE);
    return STEP_STAY;
}

static enum step work_run(struct screen *s)
{
    struct setting *t = s->state;
    struct secret *passphrase = NULL;
    struct secret_cost cost;
    struct setup_status st = {0};
    screen_try(s);
    if (!secret_cost_named(s->desk->cost, &cost))
        return screen_fail(s, ERR_USAGE);
    enum err e = field_secret(&t->choosing.first, &passphrase);
    if (e == ERR_OK)
        e = setup_run(s->desk->home, t->pack, t->code, passphrase, cost,
                      s->desk->replacing ? s->desk->replaces : NULL);
    s->desk->replacing = s->desk->replacing && e != ERR_OK;
    secret_free(passphrase);
    choosing_clear(&t->choosing);
    if (e == ERR_OK)
        e = setup_status(s->desk->home, &st);
    if (e != ERR_OK)
        return screen_fail(s, e);
    snprintf(t->words, sizeof t->words, "%s", st.words);
    setup_status_free(&st);
    ask_for(t, PHASE_DONE);
    return STEP_STAY;
}

static enum step work(struct screen *s)
{
    const struct setting *t = s->state;
    return t->phase == PHASE_PACK ? work_pack(s) : work_run(s);
}

/* Enter on the phases that ask for a line. */
static enum step take_line(struct screen *s)
{
    struct setting *t = s->state;
    const char *line = field_text(&t->line);
    t->trouble = false;
    if (t->phase == PHASE_PACK)
        return t->line.len > 0 ? STEP_WORK : STEP_STAY;
    if (t->phase == PHASE_COMPARE) {
        if (strcmp(line, "yes") == 0 || strcmp(line, _("yes")) == 0)
            ask_for(t, PHASE_CODE);
        else
            field_clear(&t->line);
        return STEP_STAY;
    }
    screen_try(s);
    t->trouble = t->line.len > CODE_ROOM || setup_check_code(line) != ERR_OK;
    if (t->trouble)
        return STEP_STAY;
    snprintf(t->code, sizeof t->code, "%.*s", CODE_ROOM, line);
    enum err e = choosing_offer(&t->choosing);
    if (e != ERR_OK)
        return screen_fail(s, e);
    ask_for(t, PHASE_CHOOSE);
    return STEP_STAY;
}

static enum step choose(struct screen *s, int k)
{
    struct setting *t = s->state;
    screen_try(s);
    switch (choosing_key(&t->choosing, k)) {
    case CHOOSING_ON:
        return STEP_STAY;
    case CHOOSING_BACK:
        return STEP_FOLLOW; /* from the start */
    case CHOOSING_DONE:
        return STEP_WORK;
    case CHOOSING_FAILED:
        break;
    }
    return screen_fail(s, ERR_NOMEM);
}

static enum step key(struct screen *s, int k)
{
    struct setting *t = s->state;
    if (t->phase == PHASE_CHOOSE)
        return choose(s, k);
    if (t->phase == PHASE_DONE)
        return k == KEYS_ENTER || k == KEYS_ESCAPE ? STEP_FOLLOW : STEP_STAY;
    if (k == KEYS_ESCAPE && t->phase == PHASE_PACK && !s->desk->replacing)
        return STEP_QUIT;
    if (k == KEYS_ESCAPE) {
        s->desk->replacing = s->desk->replacing && t->phase != PHASE_PACK;
        return STEP_FOLLOW;
    }
    if (k == KEYS_ENTER)
        return take_line(s);
    if (field_key(&t->line, k))
        t->trouble = false;
    return STEP_STAY;
}

static void draw(const struct screen *s, struct grid *g, int scroll)
{
    static void (*const of_phase[])(const struct screen *, struct page *) = {
        [PHASE_PACK] = draw_pack,     [PHASE_COMPARE] = draw_compare, [PHASE_CODE] = draw_code,
        [PHASE_CHOOSE] = draw_choose, [PHASE_DONE] = draw_done,
    };
    const struct setting *t = s->state;
    struct page p;
    page_start(&p, g);
    page_blank(&p);
    of_phase[t->phase](s, &p);
    page_paint(&p, scroll);
}

static size_t hints(const struct screen *s, struct hint out[SCREEN_HINTS])
{
    const struct setting *t = s->state;
    size_t n = 0;
    if (t->phase == PHASE_CHOOSE)
        return choosing_hints(&t->choosing, out);
    out[n++] = (struct hint){"Enter", _("next")};
    out[n++] =
        (struct hint){"Esc", t->phase == PHASE_PACK && !s->desk->replacing ? _("quit") : _("back")};
    out[n++] = (struct hint){"F2", _("language")};
    return n;
}

static void leave(struct screen *s)
{
    struct setting *t = s->state;
    field_free(&t->line);
    choosing_free(&t->choosing);
    pack_free(t->pack);
    study_free(t->study);
}

const struct screen_kind screen_setup = {.size = sizeof(struct setting),
                                         .typing = true,
                                         .trace = true,
                                         .enter = enter,
                                         .title = title,
                                         .draw = draw,
                                         .key = key,
                                         .work = work,
                                         .hints = hints,
                                         .leave = leave};
