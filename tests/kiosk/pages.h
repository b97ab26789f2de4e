/* What the tests of screens share: a real laptop with a real session, keys pressed on the stage,
 * and pages read from the grid. No terminal. */
#ifndef SANAQ_TESTS_KIOSK_PAGES_H
#define SANAQ_TESTS_KIOSK_PAGES_H

#include "tests/kiosk/laptop.h"

#include "kiosk/keys.h"
#include "kiosk/page.h"
#include "kiosk/screens.h"
#include "kiosk/stage.h"
#include "kiosk/text.h"

enum { KK, RU, EN, LANGUAGES }; /* as the study lists them */
static const char *const tag[LANGUAGES] = {"kk", "ru", "en"};

enum { PAGE_ROOM = GRID_CELL_BYTES * 300 * 100 };

struct kiosk {
    struct world *w;
    struct laptop l;
    struct stage st;
    struct grid g;
    char text[PAGE_ROOM];
};

/* ---- keys ---- */

static inline void paint(struct kiosk *k)
{
    stage_draw(&k->st, &k->g);
    while (stage_work(&k->st))
        stage_draw(&k->st, &k->g);
}

static inline void press(struct kiosk *k, int key)
{
    stage_key(&k->st, key);
    if (!k->st.quit)
        paint(k);
}

/* Characters of ${keys}; a newline is Enter, a tilde Escape. */
static inline void type(struct kiosk *k, const char *keys)
{
    for (const char *p = keys; *p != 0; p++)
        press(k, *p == '\n' ? KEYS_ENTER : *p == '~' ? KEYS_ESCAPE : *p);
}

static inline void size(struct kiosk *k, int rows, int cols)
{
    assert_int_equal(grid_resize(&k->g, rows, cols), ERR_OK);
    paint(k);
}

/* ---- reading a page ---- */

/* Rows ${from} up to ${to}, as they stand, each ended by a newline. */
static inline const char *rows_from(struct kiosk *k, int from, int to)
{
    size_t len = 0;
    for (int row = from; row < to; row++) {
        for (int col = 0; col < k->g.cols; col++) {
            const struct grid_cell *c = &k->g.cell[row * k->g.cols + col];
            len += (size_t)sprintf(k->text + len, "%s", c->text[0] != 0 ? c->text : " ");
        }
        while (len > 0 && k->text[len - 1] == ' ')
            len--;
        k->text[len++] = '\n';
        k->text[len] = 0;
    }
    return k->text;
}

/* The whole page as one line, so that a text may stand in several. */
static inline const char *flat(struct kiosk *k)
{
    char *out = k->text;
    rows_from(k, 0, k->g.rows);
    for (const char *p = k->text; *p != 0; p++) {
        bool blank = *p == ' ' || *p == '\n';
        if (!blank || (out > k->text && out[-1] != ' '))
            *out++ = blank ? ' ' : *p;
    }
    *out = 0;
    return k->text;
}

static inline bool shows(struct kiosk *k, const char *text)
{
    char wanted[STUDY_MAX_TEXT];
    size_t len = strlen(text);
    assert_true(len < sizeof wanted);
    memcpy(wanted, text, len + 1);
    while (len > 0 && (wanted[len - 1] == ' ' || wanted[len - 1] == '\n'))
        wanted[--len] = 0;
    return strstr(flat(k), wanted) != NULL;
}

#define SEES(k, text)                                                                              \
    do {                                                                                           \
        if (!shows(k, text))                                                                       \
            fail_msg("the page does not show: %s\n%s", text, rows_from(k, 0, (k)->g.rows));        \
    } while (0)
#define SEES_NOT(k, text)                                                                          \
    do {                                                                                           \
        if (shows(k, text))                                                                        \
            fail_msg("the page shows: %s\n%s", text, rows_from(k, 0, (k)->g.rows));                \
    } while (0)

/* First row with this text; -1 if there is none. */
static inline int row_of(struct kiosk *k, const char *text)
{
    for (int row = 0; row < k->g.rows; row++)
        if (strstr(rows_from(k, row, row + 1), text) != NULL)
            return row;
    return -1;
}

static inline bool on(const struct kiosk *k, const struct screen_kind *kind)
{
    return k->st.over.kind == NULL ? k->st.now.kind == kind : k->st.over.kind == kind;
}

static inline struct interview *iv_of(const struct kiosk *k)
{
    return k->st.desk.session != NULL ? session_interview(k->st.desk.session) : NULL;
}

static inline struct session_tally tally_of(const struct kiosk *k)
{
    struct session_tally t;
    session_tally(k->st.desk.session, &t);
    return t;
}

/* ---- ways ---- */

static inline void unlock(struct kiosk *k)
{
    assert_ptr_equal(k->st.now.kind, &screen_unlock);
    type(k, laptop_code);
    press(k, KEYS_ENTER);
    type(k, laptop_passphrase);
    press(k, KEYS_ENTER);
    assert_non_null(k->st.desk.session);
}

static inline void begin(struct kiosk *k, const char *language)
{
    const struct screens_options o = {
        .home = k->l.home, .language = language, .cost = "interactive"};
    stage_open(&k->st, &o);
    size(k, 24, 80);
    unlock(k);
}

/* A power cut: nothing is sealed, nothing is said. */
static inline void restart(struct kiosk *k, const char *language)
{
    stage_close(&k->st);
    begin(k, language);
}

/* From home to the page on which consent is asked. */
static inline void to_consent(struct kiosk *k, int language)
{
    assert_true(on(k, &screen_home));
    type(k, "n\n");
    assert_true(on(k, &screen_language));
    press(k, '1' + language);
    assert_true(on(k, &screen_consent));
    press(k, '1');
}

/* From home to the first question. */
static inline void to_questions(struct kiosk *k, int language)
{
    to_consent(k, language);
    press(k, '1');
    assert_true(on(k, &screen_question));
}

static inline void to_ready_page(struct kiosk *k, int language)
{
    to_questions(k, language);
    type(k, "241\n61");
    assert_true(on(k, &screen_ready));
}

static inline void to_card(struct kiosk *k, int language)
{
    to_ready_page(k, language);
    type(k, "\n\n");
    assert_true(on(k, &screen_card));
}

/* From the card to home: a count, the hand-back, both observations, the seal. */
static inline void to_end(struct kiosk *k)
{
    type(k, "2\n");
    press(k, KEYS_F(9));
    type(k, "12\n");
    assert_true(on(k, &screen_home));
}

static inline void stop_here(struct kiosk *k)
{
    press(k, KEYS_F(10));
    type(k, "21");
    assert_true(on(k, &screen_home));
}

/* ---- one laptop for a program of tests ---- */

static inline int start_kiosk(void **state)
{
    struct kiosk *k = calloc(1, sizeof *k);
    void *w = NULL;
    assert_non_null(k);
    start_csto(&w);
    k->w = w;
    laptop_new(k->w, "laptop", &k->l);
    assert_int_equal(text_start(), ERR_OK);
    if (getenv("LOCALES") != NULL)
        bindtextdomain("sanaq-kiosk", getenv("LOCALES"));
    *state = k;
    return 0;
}

static inline int end_kiosk(void **state)
{
    struct kiosk *k = *state;
    void *w = k->w;
    grid_free(&k->g);
    laptop_free(&k->l);
    end(&w);
    free(k);
    return 0;
}

/* A test that failed may have left a contact under way. */
static inline int open_english(void **state)
{
    struct kiosk *k = *state;
    begin(k, "en");
    if (on(k, &screen_resume))
        type(k, "21");
    assert_true(on(k, &screen_home));
    return 0;
}

static inline int close_stage(void **state)
{
    struct kiosk *k = *state;
    stage_close(&k->st);
    return 0;
}

#define ON_STAGE(test) cmocka_unit_test_setup_teardown(test, open_english, close_stage)

#endif
