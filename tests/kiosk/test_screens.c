/* The way of an interviewer over the pages, key by key: whole interviews, refusals, breaking off,
 * withdrawing, going back, changing the language, going on after an interruption. */
#include "tests/kiosk/pages.h"

#include "kiosk/text.h"

/* Entries that each contact writes, whatever happens in it. */
static uint64_t owed(const struct kiosk *k)
{
    return entry_per_contact(session_study(k->st.desk.session));
}

static const struct study_item *sensitive(const struct kiosk *k)
{
    return &session_study(k->st.desk.session)->list[0].sensitive[0];
}

static void a_whole_interview_goes_through_in_each_arm(void **state)
{
    struct kiosk *k = *state;
    unsigned done[2] = {0, 0};
    for (int n = 0; done[0] == 0 || done[1] == 0; n++) {
        struct session_tally before = tally_of(k);
        assert_in_range(n, 0, 40); /* more in one arm has a chance of 2^-40 */
        to_card(k, EN);
        uint8_t arm = iv_of(k)->draw.arm[0];
        assert_int_equal(shows(k, study_text_in(&sensitive(k)->text, EN)), arm == 1);
        for (size_t i = 0; i < 4; i++)
            SEES(k, study_text_in(&session_study(k->st.desk.session)->list[0].item[i].text, EN));
        type(k, "3");
        SEES(k, "Your number is 3. Is that right?");
        press(k, KEYS_ENTER);
        SEES(k, "Thank you!");
        type(k, "\n~qnl");
        SEES(k, "Thank you!");
        press(k, KEYS_F(9));
        type(k, "1");
        type(k, "2");
        SEES(k, "Press Enter to seal the interview.");
        press(k, KEYS_ENTER);
        SEES(k, "is sealed.");
        struct session_tally after = tally_of(k);
        assert_int_equal(after.completes, before.completes + 1);
        assert_int_equal(after.position, before.position + owed(k));
        done[arm]++;
    }
}

static void a_refusal_at_consent_is_one_contact_like_any_other(void **state)
{
    struct kiosk *k = *state;
    struct session_tally before = tally_of(k);
    to_consent(k, RU);
    press(k, '2');
    struct session_tally after = tally_of(k);
    assert_true(on(k, &screen_home));
    assert_int_equal(after.refusals, before.refusals + 1);
    assert_int_equal(after.position, before.position + owed(k));
}

static void no_interview_for_another_reason_is_taken_from_the_list(void **state)
{
    struct kiosk *k = *state;
    struct session_tally before = tally_of(k);
    type(k, "n\n33"); /* a point, English, another reason */
    assert_true(on(k, &screen_outcome));
    press(k, KEYS_ESCAPE);
    assert_true(on(k, &screen_consent));
    press(k, '3');
    type(k, "5");
    SEES(k, "(2.25)");
    press(k, KEYS_ENTER);
    struct session_tally after = tally_of(k);
    assert_int_equal(after.others, before.others + 1);
    assert_int_equal(after.position, before.position + owed(k));
}

static void broken_off_before_the_draw_and_after_it_writes_the_same(void **state)
{
    struct kiosk *k = *state;
    struct session_tally before = tally_of(k);
    to_questions(k, EN);
    stop_here(k);
    struct session_tally between = tally_of(k);
    to_card(k, EN);
    stop_here(k);
    struct session_tally after = tally_of(k);
    assert_int_equal(between.break_offs, before.break_offs + 1);
    assert_int_equal(after.break_offs, before.break_offs + 2);
    assert_int_equal(between.position, before.position + owed(k));
    assert_int_equal(after.position, between.position + owed(k));
}

static void stopping_can_be_taken_back_and_shows_nothing_of_the_study(void **state)
{
    struct kiosk *k = *state;
    to_card(k, EN);
    press(k, KEYS_F(10));
    SEES(k, "One moment, please.");
    for (size_t i = 0; i < 4; i++)
        SEES_NOT(k, study_text_in(&session_study(k->st.desk.session)->list[0].item[i].text, EN));
    SEES_NOT(k, study_text_in(&session_study(k->st.desk.session)->title, EN));
    press(k, KEYS_ESCAPE);
    assert_true(on(k, &screen_card));
    press(k, KEYS_F(10));
    type(k, "22"); /* end here? no */
    assert_true(on(k, &screen_card));
    to_end(k);
}

static void withdrawing_is_possible_from_the_draw_to_the_hand_back(void **state)
{
    struct kiosk *k = *state;
    struct session_tally before = tally_of(k);
    to_ready_page(k, EN);
    press(k, KEYS_F(10));
    SEES_NOT(k, "withdraws");
    type(k, "~\n\n2\n");
    SEES(k, "Thank you!");
    press(k, KEYS_F(10));
    SEES(k, "withdraws");
    press(k, '3');
    SEES(k, "Withdraw? This cannot be undone.");
    press(k, '1');
    assert_true(on(k, &screen_home));
    SEES(k, "is withdrawn.");
    assert_int_equal(tally_of(k).position, before.position + owed(k) + 1); /* and `withdrawn` */

    to_card(k, EN);
    type(k, "2\n");
    press(k, KEYS_F(9));
    press(k, KEYS_F(10));
    SEES_NOT(k, "withdraws");
    press(k, KEYS_ESCAPE);
    type(k, "12\n");
}

static void not_knowing_and_not_saying_are_asked_back_and_sealed(void **state)
{
    struct kiosk *k = *state;
    struct session_tally before = tally_of(k);
    to_card(k, EN);
    press(k, 'd');
    SEES(k, "You do not know. Is that right?");
    press(k, KEYS_ESCAPE);
    SEES(k, "How many? Only the number:");
    press(k, 'r');
    SEES(k, "You would rather not say. Is that right?");
    press(k, KEYS_ENTER);
    SEES(k, "Thank you!");
    press(k, KEYS_F(9));
    type(k, "12\n");
    to_card(k, RU);
    press(k, 0x412); /* a capital of the letter on the place of d */
    SEES(k, "Вы не знаете. Верно?");
    press(k, KEYS_ENTER);
    press(k, KEYS_F(9));
    type(k, "12\n");
    assert_int_equal(tally_of(k).completes, before.completes + 2);
    assert_int_equal(tally_of(k).position, before.position + 2 * owed(k));
}

static void esc_goes_back_and_the_answer_stands_there_again(void **state)
{
    struct kiosk *k = *state;
    to_questions(k, EN);
    SEES(k, "Question 1 of 4");
    press(k, KEYS_ESCAPE);
    SEES(k, "Question 1 of 4");
    type(k, "241\n6");
    SEES(k, "Question 4 of 4");
    type(k, "~~");
    SEES(k, "Question 2 of 4");
    SEES(k, "Number: 41");
    press(k, KEYS_BACKSPACE);
    type(k, "7\n");
    assert_int_equal(iv_of(k)->answer[1], 47);
    type(k, "61");
    assert_true(on(k, &screen_ready));
    press(k, KEYS_ESCAPE);
    SEES(k, "Question 4 of 4");
    type(k, "2");
    assert_int_equal(iv_of(k)->answer[3], 2);
    type(k, "\n\n2\n");
    press(k, KEYS_F(9));
    type(k, "12~");
    SEES(k, "Question 2 of 2");
    type(k, "1");
    SEES(k, "Press Enter to seal the interview.");
    press(k, KEYS_ENTER);
    assert_true(on(k, &screen_home));
}

static void an_age_out_of_range_is_told_and_not_taken(void **state)
{
    struct kiosk *k = *state;
    to_questions(k, EN);
    type(k, "117\n");
    SEES(k, "Please type a number from 18 to 99.");
    press(k, KEYS_BACKSPACE);
    press(k, KEYS_BACKSPACE);
    press(k, KEYS_ENTER);
    SEES(k, "Please type a number from 18 to 99.");
    type(k, "99999999999999999999\n");
    SEES(k, "Please type a number from 18 to 99.");
    press(k, 'd'); /* the study has no "don't know" here */
    SEES(k, "Question 2 of 4");
    press(k, 'r');
    SEES(k, "Question 3 of 4");
    assert_int_equal(iv_of(k)->answer[1], ANSWER_REFUSED);
    stop_here(k);
}

static void cyrillic_letters_work_by_their_place(void **state)
{
    static const struct {
        int letter;
        const struct screen_kind *to;
    } twins[] = {{0x442, &screen_point}, {0x44b, &screen_sync}, {0x43c, &screen_void}};
    struct kiosk *k = *state;
    for (size_t i = 0; i < 3; i++) {
        press(k, twins[i].letter);
        assert_true(on(k, twins[i].to));
        press(k, KEYS_ESCAPE);
        assert_true(on(k, &screen_home));
    }
    press(k, 0x434); /* l */
    assert_true(on(k, &screen_unlock));
    unlock(k);
    press(k, 0x439); /* q */
    assert_true(k->st.quit);
}

static void an_interview_that_was_interrupted_comes_first_with_two_choices(void **state)
{
    struct kiosk *k = *state;
    to_card(k, EN);
    uint8_t arm = iv_of(k)->draw.arm[0];
    uint64_t order = iv_of(k)->draw.order[0];
    rows_from(k, 0, k->g.rows);
    char *card = strdup(k->text);
    restart(k, "en");
    assert_true(on(k, &screen_resume));
    static const int dead[] = {
        'n',        's',       'q',       'l',          'v',         '3',
        '9',        '0',       'd',       'r',          KEYS_ESCAPE, KEYS_BACKSPACE,
        KEYS_F(10), KEYS_F(9), KEYS_HOME, KEYS_PAGE_UP, KEYS_F(12)};
    for (size_t i = 0; i < sizeof dead / sizeof *dead; i++) {
        press(k, dead[i]);
        assert_true(on(k, &screen_resume));
        SEES(k, "Go on with the same card");
        SEES(k, "Record a break-off");
    }
    press(k, '1');
    type(k, "\n");
    assert_true(on(k, &screen_card));
    assert_int_equal(iv_of(k)->draw.arm[0], arm);
    assert_int_equal(iv_of(k)->draw.order[0], order);
    assert_string_equal(rows_from(k, 0, k->g.rows), card);
    free(card);

    type(k, "2\n");
    restart(k, "en");
    SEES_NOT(k, "Go on with the same card");
    SEES(k, "Go on where it stopped");
    press(k, '1');
    SEES(k, "Please give the laptop back to the interviewer.");
    press(k, KEYS_F(9));
    type(k, "12\n");
    assert_true(on(k, &screen_home));
}

static void an_interrupted_interview_can_be_recorded_as_broken_off(void **state)
{
    struct kiosk *k = *state;
    struct session_tally before = tally_of(k);
    to_card(k, EN);
    restart(k, "en");
    type(k, "2");
    SEES(k, "This cannot be undone.");
    type(k, "22"); /* no; and once more */
    SEES(k, "This cannot be undone.");
    press(k, '1');
    assert_true(on(k, &screen_home));
    assert_int_equal(tally_of(k).break_offs, before.break_offs + 1);
    assert_int_equal(tally_of(k).position, before.position + owed(k));
}

static void locking_in_the_middle_keeps_the_interview(void **state)
{
    struct kiosk *k = *state;
    to_questions(k, KK);
    type(k, "24");
    stage_lock(&k->st);
    paint(k);
    assert_true(on(k, &screen_unlock));
    unlock(k);
    assert_true(on(k, &screen_resume));
    press(k, '1');
    assert_true(on(k, &screen_question));
    assert_int_equal(iv_of(k)->at, 1);
    stop_here(k);
}

static void a_finished_contact_can_be_made_void_and_no_other(void **state)
{
    struct kiosk *k = *state;
    char number[16];
    to_consent(k, EN);
    press(k, '2');
    uint64_t before = tally_of(k).position;
    sprintf(number, "v%u\n", (unsigned)tally_of(k).last_contact + 1);
    type(k, number);
    SEES(k, "There is no finished contact with this number.");
    type(k, "~v0\n");
    assert_true(on(k, &screen_void));
    SEES(k, "There is no finished contact with this number.");
    sprintf(number, "~v%u\n", (unsigned)tally_of(k).last_contact);
    type(k, number);
    type(k, "21");
    SEES(k, "is void.");
    assert_int_equal(tally_of(k).position, before + 1);
}

/* What stands in memory after the disk was full between two of the last entries. */
static void a_contact_that_could_not_be_ended_is_ended_after_the_notice(void **state)
{
    struct kiosk *k = *state;
    struct session_tally before = tally_of(k);
    to_questions(k, EN);
    type(k, "2");
    iv_of(k)->ending = DISPOSITION_BREAK_OFF;
    k->st.desk.failed = ERR_FULL;
    press(k, KEYS_ESCAPE);
    SEES(k, "That did not work: the disk is full.");
    press(k, KEYS_ENTER);
    assert_true(on(k, &screen_home));
    assert_int_equal(tally_of(k).break_offs, before.break_offs + 1);
    assert_int_equal(tally_of(k).position, before.position + owed(k));
}

static void a_window_too_small_says_so_and_keys_are_dead_there(void **state)
{
    struct kiosk *k = *state;
    to_card(k, EN);
    size(k, 20, 60);
    SEES(k, "60x20");
    SEES_NOT(k, "How many?");
    type(k, "3\n\n");
    press(k, KEYS_F(10));
    press(k, KEYS_F(2));
    size(k, 24, 80);
    SEES(k, "How many? Only the number:");
    assert_int_equal(iv_of(k)->language, EN);
    size(k, 23, 80);
    SEES(k, "80x23");
    size(k, 1, 1);
    size(k, 300, 600);
    SEES(k, "How many? Only the number:");
    size(k, 24, 80);
    to_end(k);
}

static void help_lists_the_keys_of_the_page_beneath(void **state)
{
    struct kiosk *k = *state;
    to_card(k, EN);
    press(k, '5');
    press(k, KEYS_F(1));
    SEES(k, "Keys on this page");
    press(k, KEYS_SIZE); /* the window changed: not a key */
    SEES(k, "Keys on this page");
    press(k, 'x');
    SEES(k, "Your number is 5. Is that right?");
    type(k, "~?");
    SEES(k, "rather not say");
    type(k, " 2\n");
    press(k, KEYS_F(9));
    type(k, "12\n");
}

/* ---- languages ---- */

static void f2_changes_the_respondents_language_at_a_question(void **state)
{
    struct kiosk *k = *state;
    to_questions(k, KK);
    const struct study_question *q = &k->w->study->question[0];
    for (int language = 0; language < 2 * LANGUAGES; language++) {
        assert_int_equal(iv_of(k)->language, language % LANGUAGES);
        SEES(k, study_text_in(&q->text, (size_t)language % LANGUAGES));
        SEES(k, "Question 1 of 4"); /* the interviewer's own pages stay as they are */
        press(k, KEYS_F(2));
    }
    press(k, KEYS_F(2));
    restart(k, "en");
    press(k, '1');
    SEES(k, study_text_in(&q->text, RU)); /* it was kept */
    stop_here(k);
}

static void f2_on_the_card_keeps_the_items_and_their_order(void **state)
{
    struct kiosk *k = *state;
    to_card(k, KK);
    const struct study *s = session_study(k->st.desk.session);
    uint8_t place[STUDY_MAX_ITEMS + 1];
    size_t n = interview_card(iv_of(k), s, 0, place);
    for (int language = 0; language < LANGUAGES; language++) {
        const char *page = flat(k), *at = page;
        for (size_t i = 0; i < n; i++) {
            const struct study_item *item =
                study_shown_item(&s->list[0], iv_of(k)->draw.arm[0], place[i]);
            const char *found = strstr(page, study_text_in(&item->text, (size_t)language));
            assert_non_null(found);
            assert_true(found > at);
            at = found;
        }
        press(k, KEYS_F(2));
    }
    press(k, '4'); /* between the number and its confirmation */
    press(k, KEYS_F(2));
    SEES(k, "Ваше число: 4. Верно?");
    press(k, KEYS_ENTER);
    SEES(k, "Пожалуйста, верните ноутбук интервьюеру.");
    press(k, KEYS_F(9));
    type(k, "12\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_STAGE(a_whole_interview_goes_through_in_each_arm),
        ON_STAGE(a_refusal_at_consent_is_one_contact_like_any_other),
        ON_STAGE(no_interview_for_another_reason_is_taken_from_the_list),
        ON_STAGE(broken_off_before_the_draw_and_after_it_writes_the_same),
        ON_STAGE(stopping_can_be_taken_back_and_shows_nothing_of_the_study),
        ON_STAGE(withdrawing_is_possible_from_the_draw_to_the_hand_back),
        ON_STAGE(not_knowing_and_not_saying_are_asked_back_and_sealed),
        ON_STAGE(esc_goes_back_and_the_answer_stands_there_again),
        ON_STAGE(an_age_out_of_range_is_told_and_not_taken),
        ON_STAGE(cyrillic_letters_work_by_their_place),
        ON_STAGE(an_interview_that_was_interrupted_comes_first_with_two_choices),
        ON_STAGE(an_interrupted_interview_can_be_recorded_as_broken_off),
        ON_STAGE(locking_in_the_middle_keeps_the_interview),
        ON_STAGE(a_finished_contact_can_be_made_void_and_no_other),
        ON_STAGE(a_contact_that_could_not_be_ended_is_ended_after_the_notice),
        ON_STAGE(a_window_too_small_says_so_and_keys_are_dead_there),
        ON_STAGE(help_lists_the_keys_of_the_page_beneath),
        ON_STAGE(f2_changes_the_respondents_language_at_a_question),
        ON_STAGE(f2_on_the_card_keeps_the_items_and_their_order),
    };
    return cmocka_run_group_tests(tests, start_kiosk, end_kiosk);
}
