/* What stands on the pages: the respondent's are the same in both arms but for the lines of the
 * card, and in every language nothing is cut off and nothing is left untranslated. */
#include "tests/kiosk/pages.h"

#include <ctype.h>
#include <fcntl.h>

#include "core/words.h"
#include "kiosk/replaced.h"

/* ---- the two arms ---- */

enum { PAGES_MAX = 32, ROWS_MAX = 100 };

struct seen { /* the pages of one interview from the hand-over on, in one text each */
    size_t count;
    char *page[PAGES_MAX];
    struct grid_cell *cell[PAGES_MAX];
    int cursor[PAGES_MAX][2];
};

static void seen_free(struct seen *s)
{
    for (size_t i = 0; i < s->count; i++) {
        free(s->page[i]);
        free(s->cell[i]);
    }
    *s = (struct seen){0};
}

/* The items are plain, the question under them is bold. */
static bool is_bold(const struct kiosk *k, int row)
{
    int margin = (k->g.cols - PAGE_WIDTH) / 2;
    return (k->g.cell[row * k->g.cols + margin].look & GRID_BOLD) != 0;
}

/* Keep the page that is on; on the card, the rows of the items are left out. */
static void keep_page(struct kiosk *k, struct seen *s)
{
    size_t bytes = (size_t)(k->g.rows * k->g.cols) * sizeof *k->g.cell;
    struct grid_cell *cell = malloc(bytes);
    assert_non_null(cell);
    memcpy(cell, k->g.cell, bytes);
    int first = row_of(k, "•");
    if (on(k, &screen_card)) {
        int prompt = first;
        while (prompt < k->g.rows - 1 && !is_bold(k, prompt))
            prompt++;
        assert_in_range(first, 4, k->g.rows - 10);
        assert_in_range(prompt, first + 5, k->g.rows - 3);
        memset(cell + first * k->g.cols, 0, (size_t)((prompt - first) * k->g.cols) * sizeof *cell);
    } else {
        assert_int_equal(first, -1);
    }
    assert_true(s->count < PAGES_MAX);
    s->page[s->count] = strdup(rows_from(k, 0, k->g.rows));
    s->cursor[s->count][0] = k->g.cursor_row;
    s->cursor[s->count][1] = k->g.cursor_col;
    s->cell[s->count++] = cell;
}

static void same_pages(const struct kiosk *k, const struct seen *a, const struct seen *b)
{
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        if (memcmp(a->cell[i], b->cell[i], (size_t)(k->g.rows * k->g.cols) * sizeof *k->g.cell) !=
            0)
            fail_msg("page %zu differs between the arms:\n%s\n%s", i, a->page[i], b->page[i]);
        assert_int_equal(a->cursor[i][0], b->cursor[i][0]);
        assert_int_equal(a->cursor[i][1], b->cursor[i][1]);
    }
}

/* One interview in a language; what it showed from the hand-over to the last observation. Keys are
 * the same whatever the arm: too large, don't know, refused, taken back, another number, help. */
static uint8_t look_at_all(struct kiosk *k, int language, struct seen *s)
{
    static const int keys[] = {'9',         KEYS_ESCAPE, '6',       'd',        KEYS_ESCAPE, 'r',
                               KEYS_ESCAPE, KEYS_F(1),   ' ',       KEYS_F(10), KEYS_ESCAPE, '5',
                               KEYS_ESCAPE, '0',         KEYS_F(2), KEYS_F(2),  KEYS_F(2)};
    to_ready_page(k, language);
    press(k, KEYS_ENTER);
    uint8_t arm = iv_of(k)->draw.arm[0];
    keep_page(k, s);
    press(k, KEYS_ENTER);
    keep_page(k, s);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        press(k, keys[i]);
        keep_page(k, s);
    }
    press(k, KEYS_ENTER);
    keep_page(k, s);
    press(k, KEYS_F(9));
    keep_page(k, s);
    press(k, '1');
    keep_page(k, s);
    type(k, "2\n");
    return arm;
}

static void the_arms_look_the_same_but_for_the_lines_of_the_card(void **state)
{
    static const int sizes[][2] = {{24, 80}, {30, 100}, {50, 90}};
    struct kiosk *k = *state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int language = 0; language < LANGUAGES; language++) {
            struct seen by_arm[2] = {0};
            size(k, sizes[i][0], sizes[i][1]);
            for (int n = 0; by_arm[0].count == 0 || by_arm[1].count == 0; n++) {
                struct seen s = {0};
                assert_in_range(n, 0, 40);
                uint8_t arm = look_at_all(k, language, &s);
                if (by_arm[arm].count == 0)
                    by_arm[arm] = s;
                else
                    seen_free(&s);
            }
            same_pages(k, &by_arm[0], &by_arm[1]);
            seen_free(&by_arm[0]);
            seen_free(&by_arm[1]);
        }
}

static void a_number_too_large_gets_one_sentence_in_both_arms(void **state)
{
    struct kiosk *k = *state;
    bool seen[2] = {false, false};
    for (int n = 0; !seen[0] || !seen[1]; n++) {
        assert_in_range(n, 0, 40);
        to_card(k, EN);
        seen[iv_of(k)->draw.arm[0]] = true;
        press(k, '6');
        SEES(k, "That number is too large. Please count once more.");
        press(k,
              '5'); /* J + 1 is taken in control too: a slip of the respondent, not ours to show */
        SEES(k, "Your number is 5. Is that right?");
        press(k, KEYS_ESCAPE);
        SEES(k, "Type it with the digit keys.");
        to_end(k);
    }
}

/* ---- every page in every language ---- */

/* Latin letters that belong on a Russian or Kazakh page: keys, ids, and what the study gives in one
 * form only. */
static bool latin_belongs(struct kiosk *k, const char *word, size_t len)
{
    static const char *const known[] = {
        "Enter", "Esc",  "Page", "Up", "Down", "Alt", "Sanaq",   "sanaq", "kiosk", "status", "dir",
        "media", "csto", "pack", "ru", "kk",   "en",  "English", "F",     "Caps",  "Lock",   "yes"};
    const struct points *p = k->w->points;
    bool words = on(k, &screen_setup) || k->st.now.kind == &screen_interviewers;
    for (unsigned i = 0; words && i < WORDS_COUNT; i++)
        if (strlen(words_at(i)) == len && strncmp(words_at(i), word, len) == 0)
            return true;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strlen(known[i]) == len && strncmp(known[i], word, len) == 0)
            return true;
    for (size_t i = 0; i < p->count * p->columns; i++) {
        for (const char *at = p->cell[i]; *at != 0; at++)
            if (strncmp(at, word, len) == 0 && !isalpha((unsigned char)at[len]) &&
                (at == p->cell[i] || !isalpha((unsigned char)at[-1])))
                return true;
    }
    return false;
}

static const struct screen_kind *const kinds[] = {
    &screen_unlock,      &screen_setup,   &screen_home,     &screen_point,   &screen_language,
    &screen_consent,     &screen_outcome, &screen_question, &screen_ready,   &screen_handover,
    &screen_card,        &screen_thanks,  &screen_observe,  &screen_debrief, &screen_stop,
    &screen_resume,      &screen_void,    &screen_sync,     &screen_help,    &screen_notice,
    &screen_interviewers};
enum { KINDS = sizeof kinds / sizeof *kinds };
static bool judged[KINDS]; /* in this language */

static void mark(const struct kiosk *k)
{
    for (size_t i = 0; i < KINDS; i++)
        judged[i] = judged[i] || on(k, kinds[i]);
}

/* No English left (a word of two letters or more), and no row that does not fit. */
static void judge(struct kiosk *k, const char *language)
{
    const char *page = flat(k);
    mark(k);
    if (k->g.hidden > 0)
        fail_msg("%d rows do not fit:\n%s", k->g.hidden, rows_from(k, 0, k->g.rows));
    if (strcmp(language, "en") == 0)
        return;
    for (size_t len; *page != 0; page += len) {
        for (len = 0; isalpha((unsigned char)page[len]);)
            len++;
        if (len > 1 && !latin_belongs(k, page, len)) {
            char word[64];
            snprintf(word, sizeof word, "%.*s", (int)len, page);
            fail_msg("%s: not translated: %s\n%s", language, word, rows_from(k, 0, k->g.rows));
        }
        len = len == 0 ? 1 : len;
    }
}

/* The page and its help. */
static void judge_with_help(struct kiosk *k, const char *language)
{
    judge(k, language);
    assert_true(row_of(k, "F1") == k->g.rows - 1);
    press(k, KEYS_F(1));
    judge(k, language);
    press(k, ' ');
}

/* Press the keys of ${keys} one by one and look at every page on the way; 9 is the hand-back, 0 is
 * F10. */
static void look(struct kiosk *k, const char *language, const char *keys)
{
    for (const char *p = keys; *p != 0; p++) {
        if (*p == '9' || *p == '0')
            press(k, KEYS_F(*p == '9' ? 9 : 10));
        else
            type(k, (const char[]){*p, 0});
        if (k->st.over.kind == NULL)
            judge_with_help(k, language);
        else
            judge(k, language);
    }
}

static void confirm(struct kiosk *k, char act)
{
    type(k, (const char[]){'i', act, 0});
    type(k, laptop_passphrase);
    press(k, KEYS_ENTER);
}

/* From home back to home. */
static void look_at_interviewers(struct kiosk *k, const char *tongue)
{
    look(k, tongue, "i1x\n~");
    confirm(k, '1');
    look(k, tongue, "\nx1\n\n~o");
    type(k, "long enough for this\nlong enough for this");
    judge_with_help(k, tongue);
    press(k, KEYS_ENTER);
    judge_with_help(k, tongue);
    confirm(k, '2');
    look(k, tongue, "~");
    confirm(k, '3');
    look(k, tongue, "7\n1"); /* nobody has that code */
    press(k, KEYS_BACKSPACE);
    look(k, tongue, "x1\n1");
    assert_true(on(k, &screen_home));
}

/* The state is lost while the laptop is locked. */
static void look_at_a_lost_state(struct kiosk *k, const char *tongue)
{
    uint8_t noise[8192];
    char *keys = home_keys(k->l.home);
    stage_close(&k->st);
    int fd = open(keys, O_WRONLY);
    memset(noise, 0x5a, sizeof noise);
    assert_int_equal(pwrite(fd, noise, sizeof noise, 4096), sizeof noise);
    close(fd);
    free(keys);
    begin(k, tongue);
    assert_true(on(k, &screen_lost));
    judge_with_help(k, tongue);
    type(k, "1");
    assert_null(k->st.desk.session);
    unlock(k);
    type(k, "2");
    judge_with_help(k, tongue);
    assert_true(on(k, &screen_home));
}

static void every_page_is_whole_and_in_its_language(void **state)
{
    struct kiosk *k = *state;
    for (int language = 0; language < LANGUAGES; language++) {
        char own[2] = {(char)('1' + language), 0};
        const char *tongue = tag[language];
        memset(judged, 0, sizeof judged);
        restart(k, tongue);
        judge_with_help(k, tongue);
        look(k, tongue, "s\n\n~"); /* a sync that fails: the folder is not there */
        look(k, tongue, "v\n");
        press(k, KEYS_ESCAPE);
        look_at_interviewers(k, tongue);
        type(k, "v");
        look(k, tongue, "~n\n");
        look(k, tongue, own);
        look(k, tongue, "3~112r~4\n");
        look(k, tongue, "1\n61~1\n\n0~6d~r~4\n02~");
        look(k, tongue, "9123~\n");
        assert_true(k->st.desk.session != NULL);
        if (iv_of(k) != NULL)
            stop_here(k);
        to_card(k, language);
        look(k, tongue, "0332");
        restart(k, tongue);
        judge_with_help(k, tongue);
        look(k, tongue, "22~21");
        assert_true(on(k, &screen_home));
        look(k, tongue, "v1\n11");
        look(k, tongue, "n\n");
        look(k, tongue, own);
        look(k, tongue, "3");
        for (int i = 0; i < 30; i++) {
            press(k, KEYS_DOWN);
            judge(k, tongue);
        }
        look(k, tongue, "~2");
        look(k, tongue, "l");
        press(k, KEYS_ENTER);
        judge_with_help(k, tongue);
        type(k, "x\nWRONG ONE\n");
        judge_with_help(k, tongue);
        press(k, KEYS_ESCAPE);
        unlock(k);
        for (size_t i = 0; i < KINDS; i++)
            if (!judged[i] && kinds[i] != &screen_setup)
                fail_msg("%s: page %zu was not looked at", tongue, i);
        look_at_a_lost_state(k, tongue);
    }
}

static void set_up(struct kiosk *k, const char *home, const char *tongue)
{
    const struct screens_options o = {.home = home, .language = tongue, .cost = "interactive"};
    stage_open(&k->st, &o);
    size(k, 24, 80);
    judge_with_help(k, tongue);
    type(k, "none.pack\n");
    text_use(tongue);
    SEES(k, gettext(err_text(ERR_FILE)));
    for (size_t i = 0; i < strlen("none.pack"); i++)
        press(k, KEYS_BACKSPACE);
    type(k, "csto.pack\n");
    judge_with_help(k, tongue);
    type(k, "yes\n");
    look(k, tongue, " \n");
    type(k, "~csto.pack\nyes\na1\n");
    look(k, tongue, "\nx\n~o");
    type(k, "kurz\n");
    judge(k, tongue);
    type(k, "long enough for this\n");
    judge(k, tongue);
    type(k, "another\n");
    judge(k, tongue);
    type(k, "long enough for this\n");
    judge_with_help(k, tongue);
    press(k, KEYS_ENTER);
    assert_true(on(k, &screen_unlock));
    stage_close(&k->st);
}

/* Nobody can unlock it any more. */
static void set_up_anew(struct kiosk *k, const char *home, const char *tongue)
{
    const struct screens_options o = {.home = home, .language = tongue, .cost = "interactive"};
    uint8_t device[32], last[32];
    assert_int_equal(replaced_device(home, device), ERR_OK);
    assert_int_equal(file_make_dir("stick"), ERR_OK);
    stage_open(&k->st, &o);
    size(k, 24, 80);
    press(k, KEYS_F(3));
    assert_true(on(k, &screen_replace));
    judge_with_help(k, tongue);
    press(k, KEYS_ESCAPE);
    assert_true(on(k, &screen_unlock));
    press(k, KEYS_F(3));
    press(k, KEYS_ENTER);
    judge_with_help(k, tongue);
    type(k, "dir\n"); /* there is no such folder */
    judge_with_help(k, tongue);
    for (int i = 0; i < 3; i++)
        press(k, KEYS_BACKSPACE);
    type(k, "stick\n");
    judge_with_help(k, tongue);
    type(k, "no\nyes\n");
    assert_true(on(k, &screen_setup));
    judge_with_help(k, tongue);
    press(k, KEYS_ESCAPE); /* a last chance */
    assert_true(on(k, &screen_unlock));
    press(k, KEYS_F(3));
    type(k, "\nstick\nyes\ncsto.pack\nyes\na2\no");
    type(k, "long enough for this\nlong enough for this\n");
    judge_with_help(k, tongue);
    assert_true(replaced_last(home, last));
    assert_memory_equal(last, device, sizeof last);
    press(k, KEYS_ENTER);
    assert_true(on(k, &screen_unlock));
    type(k, "a1\nlong enough for this\n");
    assert_null(k->st.desk.session);
    type(k, "~a2\nlong enough for this\n");
    assert_true(on(k, &screen_home));
    stage_close(&k->st);
}

static void setting_up_is_whole_and_in_its_language(void **state)
{
    struct kiosk *k = *state;
    char *pack = path_in(k->w, "csto.pack");
    assert_int_equal(file_write(pack, buffer_view(&k->w->pack->bytes), 0600, true), ERR_OK);
    assert_int_equal(chdir(k->w->dir), 0); /* so that the path on the page is short */
    for (int language = 0; language < LANGUAGES; language++) {
        char *home = path_in(k->w, tag[language]);
        set_up(k, home, tag[language]);
        set_up_anew(k, home, tag[language]);
        free(home);
    }
    free(pack);
}

static void the_catalogues_are_there(void **state)
{
    (void)state;
    assert_non_null(getenv("LOCALES")); /* else every page were English, and the test above blind */
    text_use("ru");
    assert_string_equal(_("New contact"), "Новый контакт");
    text_use("kk");
    assert_string_equal(_("New contact"), "Жаңа байланыс");
    text_use("en");
    assert_string_equal(_("New contact"), "New contact");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_STAGE(the_arms_look_the_same_but_for_the_lines_of_the_card),
        ON_STAGE(a_number_too_large_gets_one_sentence_in_both_arms),
        cmocka_unit_test(the_catalogues_are_there),
        ON_STAGE(every_page_is_whole_and_in_its_language),
        cmocka_unit_test(setting_up_is_whole_and_in_its_language),
    };
    return cmocka_run_group_tests(tests, start_kiosk, end_kiosk);
}
