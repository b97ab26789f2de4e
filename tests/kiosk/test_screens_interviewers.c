/* Several interviewers on one laptop, by its pages; the closing code; the panic key. */
#include "tests/kiosk/pages.h"

#include "kiosk/text.h"

static const char other[] = "anchor basil cobalt", third[] = "velvet quarry nimble";

/* From home to what was chosen, the own passphrase typed. */
static void confirm(struct kiosk *k, char act, const char *own)
{
    type(k, (const char[]){'i', act, 0});
    SEES(k, "First type your own passphrase of today.");
    type(k, own);
    press(k, KEYS_ENTER);
}

static void choose_own(struct kiosk *k, const char *words)
{
    SEES(k, "This is your passphrase.");
    type(k, "o");
    type(k, words);
    press(k, KEYS_ENTER);
    type(k, words);
    press(k, KEYS_ENTER);
}

/* Lock and try; back home with laptop_passphrase afterwards. */
static bool unlocks(struct kiosk *k, const char *code, const char *words)
{
    type(k, "l");
    type(k, code);
    press(k, KEYS_ENTER);
    type(k, words);
    press(k, KEYS_ENTER);
    bool in = k->st.desk.session != NULL;
    if (in)
        type(k, "l");
    else
        press(k, KEYS_ESCAPE);
    unlock(k);
    return in;
}

static void an_interviewer_is_added_changes_and_is_removed(void **state)
{
    struct kiosk *k = *state;
    type(k, "i");
    SEES(k, "1 of 8 places are taken.");
    press(k, KEYS_ESCAPE);
    confirm(k, '1', laptop_passphrase);
    type(k, "b2\n");
    choose_own(k, other);
    assert_true(on(k, &screen_home));
    SEES(k, "The new interviewer can unlock this laptop now.");
    assert_true(unlocks(k, "b2", other));

    type(k, "lb2\n");
    type(k, other);
    press(k, KEYS_ENTER);
    confirm(k, '2', other);
    choose_own(k, third);
    SEES(k, "Your passphrase is changed.");
    type(k, "l");
    unlock(k);
    assert_false(unlocks(k, "b2", other));
    assert_true(unlocks(k, "b2", third));

    confirm(k, '3', laptop_passphrase);
    type(k, "b2\n2"); /* no */
    assert_true(on(k, &screen_home));
    assert_true(unlocks(k, "b2", third));
    confirm(k, '3', laptop_passphrase);
    type(k, "b2\n1");
    SEES(k, "The interviewer is removed.");
    assert_false(unlocks(k, "b2", third));
    type(k, "i");
    SEES(k, "1 of 8 places are taken.");
}

static void the_five_words_that_are_offered_unlock(void **state)
{
    struct kiosk *k = *state;
    char words[256];
    confirm(k, '1', laptop_passphrase);
    type(k, "c3\n");
    SEES(k, "This is your passphrase.");
    int row = row_of(k, "later: without it the laptop must be set up anew.") + 2;
    snprintf(words, sizeof words, "%s", rows_from(k, row, row + 1) + strspn(k->text, " "));
    words[strcspn(words, "\n")] = 0;
    type(k, "\nnot these\n");
    SEES(k, "That was not the same.");
    type(k, words);
    press(k, KEYS_ENTER);
    assert_true(on(k, &screen_home));
    assert_true(unlocks(k, "c3", words));
    confirm(k, '3', laptop_passphrase);
    type(k, "c3\n1");
    assert_true(on(k, &screen_home));
}

/* A laptop that was left open gives nobody a place on it. */
static void nothing_is_changed_without_the_own_passphrase(void **state)
{
    struct kiosk *k = *state;
    for (char act = '1'; act <= '3'; act++) {
        confirm(k, act, "not this passphrase");
        SEES(k, "That is not the passphrase with which this laptop was unlocked.");
        press(k, KEYS_ESCAPE);
        assert_true(on(k, &screen_home));
    }
}

static void codes_that_cannot_be_are_told(void **state)
{
    struct kiosk *k = *state;
    confirm(k, '1', laptop_passphrase);
    type(k, "\n");
    SEES(k, "A code has one to eight letters");
    type(k, laptop_code);
    press(k, KEYS_ENTER);
    choose_own(k, other);
    SEES(k, "an interviewer of this laptop has this code already");
    press(k, KEYS_ESCAPE);
    confirm(k, '3', laptop_passphrase);
    type(k, "nobody\n1");
    SEES(k, "no interviewer of this laptop has this code");
    press(k, KEYS_ESCAPE);
    confirm(k, '3', laptop_passphrase);
    type(k, laptop_code);
    type(k, "\n1");
    SEES(k, "nobody removes their own place");
}

/* Who is not listed, is not told. */
static void no_page_lists_the_codes(void **state)
{
    struct kiosk *k = *state;
    type(k, "i");
    SEES_NOT(k, laptop_code);
    press(k, KEYS_ESCAPE);
    SEES_NOT(k, laptop_code);
}

static void the_closing_code_is_on_the_locked_page_and_told_at_the_end(void **state)
{
    struct kiosk *k = *state;
    struct setup_status st;
    char line[64];
    to_consent(k, EN);
    press(k, '2');
    type(k, "l");
    assert_int_equal(setup_status(k->l.home, &st), ERR_OK);
    snprintf(line, sizeof line, "Closing code: %s", st.closing);
    SEES(k, line);
    assert_int_equal(st.position % 16, 0);
    assert_memory_equal(k->st.closing, st.closing, sizeof st.closing);
    unlock(k);
    type(k, "q");
    assert_true(k->st.quit);
    assert_memory_equal(k->st.closing, st.closing, sizeof st.closing);
    setup_status_free(&st);
    restart(k, "en");
}

static void panic_leaves_a_blank_page_and_no_way_in(void **state)
{
    struct kiosk *k = *state;
    to_card(k, EN);
    type(k, "3");
    stage_panic(&k->st);
    paint(k);
    rows_from(k, 0, k->g.rows);
    assert_int_equal(strspn(k->text, " \n"), strlen(k->text));
    assert_null(k->st.desk.session);
    struct session *ss = NULL;
    assert_int_equal(laptop_try(&k->l, laptop_code, laptop_passphrase, &ss), ERR_PASSPHRASE);
    session_drop(ss);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_STAGE(an_interviewer_is_added_changes_and_is_removed),
        ON_STAGE(the_five_words_that_are_offered_unlock),
        ON_STAGE(nothing_is_changed_without_the_own_passphrase),
        ON_STAGE(codes_that_cannot_be_are_told),
        ON_STAGE(no_page_lists_the_codes),
        ON_STAGE(the_closing_code_is_on_the_locked_page_and_told_at_the_end),
        ON_STAGE(panic_leaves_a_blank_page_and_no_way_in), /* the last: the laptop is gone then */
    };
    return cmocka_run_group_tests(tests, start_kiosk, end_kiosk);
}
