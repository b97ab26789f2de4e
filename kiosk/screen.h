/* A screen: draw only paints, key only thinks and says what is next; work does what takes long,
 * after the page that says so has been shown. What all screens share is the desk. The stage
 * (stage.h) decides which screen is on. */
#ifndef SANAQ_KIOSK_SCREEN_H
#define SANAQ_KIOSK_SCREEN_H

#include "kiosk/grid.h"
#include "kiosk/screens.h"
#include "kiosk/session.h"

enum step {
    STEP_STAY,
    STEP_WORK,   /* draw once more, with screen->working set, then call work */
    STEP_FOLLOW, /* to the screen on which things stand (stage.c knows) */
    STEP_GO,     /* to desk->go */
    STEP_BACK,   /* a screen on top of another ends; the other one is as it was */
    STEP_LOCK,
    STEP_QUIT
};

enum { SCREEN_HINTS = 10, SCREEN_TITLE = 256, DESK_SAID = 1200, DESK_NOTE = 400 };

struct screen_kind;

struct desk {
    const char *home, *pack, *cost;  /* options; pack may be NULL */
    struct session *session;         /* NULL while locked */
    char language[STUDY_MAX_ID + 1]; /* of the interface; "" until the study is known */
    const struct screen_kind *go;
    bool test;    /* the study has not gone live */
    bool resumed; /* the page about the unfinished interview was answered */
    bool chosen;  /* a sampling point was chosen since the unlock: */
    uint32_t point;
    bool replacing; /* the device of this home is given up, and set up anew: */
    uint8_t replaces[32];
    enum err failed;      /* to be told on the next page */
    char said[DESK_SAID]; /* what was said about it, line by line */
    char note[DESK_NOTE]; /* one sentence for the home screen */
};

struct screen {
    const struct screen_kind *kind;
    struct desk *desk;
    void *state; /* kind->size bytes */
    bool working;
};

/** One key of a page, for its last line and the help page. Both texts translated. */
struct hint {
    const char *key, *what;
};

struct screen_kind {
    size_t size;     /* of the state: zero at enter, wiped after leave */
    bool respondent; /* written in the respondent's language, in their hands */
    bool typing;     /* letters are text, not commands */
    bool stop;       /* F10 stops the interview here */
    bool trace;      /* nothing of it may stay in the terminal's buffers */
    enum err (*enter)(struct screen *);
    const char *(*title)(const struct screen *, char *room, size_t size);
    void (*draw)(const struct screen *, struct grid *, int scroll);
    enum step (*key)(struct screen *, int key);
    enum step (*work)(struct screen *);
    size_t (*hints)(const struct screen *, struct hint out[SCREEN_HINTS]);
    void (*leave)(struct screen *); /* releases what the state owns */
};

extern const struct screen_kind screen_unlock, screen_setup, screen_home, screen_point,
    screen_language, screen_consent, screen_outcome, screen_question, screen_ready, screen_handover,
    screen_card, screen_after, screen_thanks, screen_observe, screen_debrief, screen_stop,
    screen_resume, screen_interviewers, screen_lost, screen_replace, screen_void, screen_sync,
    screen_help, screen_notice;

/** The page for a terminal that is too small. */
void screen_toosmall_draw(struct grid *g);

/** The help page shows the keys of ${about}. */
void screen_help_about(struct screen *help, const struct screen *about);

/* For the screens. */

/** Go to a screen of this kind: `return screen_go(s, &screen_point);`. */
enum step screen_go(struct screen *s, const struct screen_kind *kind);
/** Forget what was said before a step that may fail. */
void screen_try(struct screen *s);
/** Tell of ${e} on the next page. */
enum step screen_fail(struct screen *s, enum err e);
/** Make the present state durable and follow it. */
enum step screen_save(struct screen *s);
/** The next step of the interview, durable. The outcome is sealed only from the page that says so,
 * so that no answer seals itself. */
enum step screen_next(struct screen *s);
/** The question before, durable; stays where there is none. */
enum step screen_back(struct screen *s);
/** End the interview with a disposition. */
enum step screen_end(struct screen *s, uint16_t disposition);

const struct study *screen_study(const struct screen *s);
struct interview *screen_interview(const struct screen *s);
/** A text of the study in the respondent's language; for the interviewer: in the language of the
 *  interface where the study has it. */
const char *screen_text(const struct screen *s, const struct study_text *t);
const char *screen_text_interviewer(const struct screen *s, const struct study_text *t);
/** The keys of a plain menu with a way back. */
struct menu;
size_t screen_menu_hints(const struct menu *m, struct hint out[SCREEN_HINTS]);
/** The study's title as a page title, in the respondent's language. */
const char *screen_title_study(const struct screen *s, char *room, size_t size);

#endif
