/* The state machine of an interview: routing, going back, lists, where to resume, how it ended. */
#include "tests/kiosk/routes.h"

/* ---- routing ---- */

static void routing_leaves_out_what_the_answers_and_the_point_leave_out(void **state)
{
    struct walk *w = *state;
    stands(w, INTERVIEW_CONSENT, 0);
    next(w);
    stands(w, INTERVIEW_QUESTION, MEMBER);
    answer(w, MEMBER, NO);
    stands(w, INTERVIEW_QUESTION, MEDIA);
    assert_int_equal(w->iv.answer[SINCE], ANSWER_NOT_ASKED);
    assert_int_equal(w->iv.answer[PAID], ANSWER_NOT_ASKED);
    assert_int_equal(w->iv.answer[SEA], ANSWER_NOT_ASKED);
    assert_int_equal(w->iv.answer[MEDIA], ANSWER_NONE);

    begin_at(w, NORTH);
    next(w);
    answer(w, MEMBER, YES);
    answer(w, SINCE, 10);
    answer(w, PAID, NO);
    stands(w, INTERVIEW_QUESTION, SEA);
}

static void a_refused_answer_meets_no_condition(void **state)
{
    struct walk *w = *state;
    next(w);
    answer(w, MEMBER, ANSWER_REFUSED);
    stands(w, INTERVIEW_QUESTION, MEDIA);
    assert_int_equal(interview_asked(&w->iv, w->s, w->p), 1u << FIRST);
}

static void an_earlier_answer_that_changes_closes_what_depends_on_it(void **state)
{
    struct walk *w = *state;
    next(w);
    answer(w, MEMBER, YES);
    answer(w, SINCE, 12);
    answer(w, PAID, YES);
    stands(w, INTERVIEW_QUESTION, MEDIA);
    for (int i = 0; i < 3; i++)
        assert_true(interview_back(&w->iv, w->s, w->p));
    answer(w, MEMBER, NO);
    stands(w, INTERVIEW_QUESTION, MEDIA);
    assert_int_equal(w->iv.answer[SINCE], ANSWER_NOT_ASKED);
    assert_int_equal(w->iv.answer[PAID], ANSWER_NOT_ASKED);
}

static void an_answer_changed_back_asks_again_what_depends_on_it(void **state)
{
    struct walk *w = *state;
    next(w);
    answer(w, MEMBER, YES);
    answer(w, SINCE, 12);
    answer(w, PAID, YES);
    answer(w, MEDIA, 1);
    w->iv.step = INTERVIEW_QUESTION, w->iv.at = MEMBER;
    answer(w, MEMBER, NO);
    assert_int_equal(w->iv.answer[MEDIA], 1);
    w->iv.step = INTERVIEW_QUESTION, w->iv.at = MEMBER;
    answer(w, MEMBER, YES);
    stands(w, INTERVIEW_QUESTION, SINCE);
    assert_int_equal(w->iv.answer[SINCE], ANSWER_NONE);
    answer(w, SINCE, 20);
    stands(w, INTERVIEW_QUESTION, PAID);
    assert_int_equal(w->iv.answer[PAID], ANSWER_NONE);
    assert_int_equal(w->iv.answer[MEDIA], 1);
}

static void progress_counts_the_questions_of_the_section_that_are_asked(void **state)
{
    struct walk *w = *state;
    unsigned which, of;
    interview_progress(&w->iv, w->s, w->p, &which, &of);
    assert_int_equal(of, 0);
    next(w);
    interview_progress(&w->iv, w->s, w->p, &which, &of);
    assert_int_equal(which, 1);
    assert_int_equal(of, 2); /* member and media, as far as is known */
    answer(w, MEMBER, YES);
    interview_progress(&w->iv, w->s, w->p, &which, &of);
    assert_int_equal(which, 2);
    assert_int_equal(of, 3);
    answer(w, SINCE, 30);
    answer(w, PAID, YES);
    interview_progress(&w->iv, w->s, w->p, &which, &of);
    assert_int_equal(which, 4);
    assert_int_equal(of, 4);
}

static void back_skips_what_is_not_asked_and_keeps_to_its_section(void **state)
{
    struct walk *w = *state;
    assert_false(interview_back(&w->iv, w->s, w->p));
    next(w);
    assert_false(interview_back(&w->iv, w->s, w->p));
    stands(w, INTERVIEW_QUESTION, MEMBER);
    answer(w, MEMBER, NO);
    assert_true(interview_back(&w->iv, w->s, w->p));
    stands(w, INTERVIEW_QUESTION, MEMBER);

    to_thanks(w);
    assert_false(interview_back(&w->iv, w->s, w->p));
    stands(w, INTERVIEW_THANKS, 0);
    next(w);
    stands(w, INTERVIEW_OBSERVE, ALONE);
    assert_false(interview_back(&w->iv, w->s, w->p));
    stands(w, INTERVIEW_OBSERVE, ALONE);
}

static void the_last_answer_can_be_mended_until_the_draw_and_until_the_sealing(void **state)
{
    struct walk *w = *state;
    to_ready(w, SOUTH);
    assert_true(interview_back(&w->iv, w->s, w->p));
    stands(w, INTERVIEW_QUESTION, MEDIA);
    to_ready(w, SOUTH);
    draw(w, 0, 0, 0);
    assert_false(interview_back(&w->iv, w->s, w->p));
    stands(w, INTERVIEW_READY, 0);

    to_thanks(w);
    next(w);
    answer(w, ALONE, YES);
    stands(w, INTERVIEW_DEBRIEF, 0);
    assert_true(interview_back(&w->iv, w->s, w->p));
    stands(w, INTERVIEW_OBSERVE, ALONE);
    answer(w, ALONE, NO);
    answer(w, HEARD, NO);
    next(w);
    stands(w, INTERVIEW_DONE, 0);
    assert_true(interview_back(&w->iv, w->s, w->p));
    stands(w, INTERVIEW_OBSERVE, HEARD);
}

/* ---- lists ---- */

static void lists_come_in_the_order_drawn_and_only_those_asked(void **state)
{
    struct walk *w = *state;
    to_ready(w, SOUTH);
    assert_int_equal(interview_asked(&w->iv, w->s, w->p), 1u << FIRST | 1u << SECOND);
    draw(w, 0, 1, 0);
    next(w);
    stands(w, INTERVIEW_HANDOVER, SECOND);
    next(w);
    stands(w, INTERVIEW_CARD, SECOND);
    count(w);
    stands(w, INTERVIEW_CARD, FIRST);
    count(w);
    stands(w, INTERVIEW_AFTER, TRUST);

    to_ready(w, NORTH);
    assert_int_equal(interview_asked(&w->iv, w->s, w->p), 7);
    draw(w, 0, 1, 1);
    next(w);
    stands(w, INTERVIEW_HANDOVER, THIRD);
}

static void without_list_and_question_the_laptop_stays_with_the_interviewer(void **state)
{
    struct walk *w = *state;
    to_ready(w, SOUTH);
    draw(w, 0, 0, 0);
    w->iv.counted = 7; /* as if no list were asked */
    next(w);
    stands(w, INTERVIEW_HANDOVER, 0); /* a question after the lists is the respondent's */
    next(w);
    stands(w, INTERVIEW_AFTER, TRUST);

    w->s->question[TRUST].section = w->s->question[WHY].section = STUDY_BEFORE;
    w->iv.step = INTERVIEW_READY, w->iv.at = 0;
    next(w);
    stands(w, INTERVIEW_OBSERVE, ALONE);
}

static void the_card_shows_the_items_of_its_arm_in_the_order_drawn(void **state)
{
    struct walk *w = *state;
    uint8_t place[STUDY_MAX_ITEMS + 1];
    to_ready(w, SOUTH);
    draw(w, 0, 2, 0);
    assert_int_equal(interview_card(&w->iv, w->s, FIRST, place), 3);
    assert_int_equal(interview_card(&w->iv, w->s, SECOND, place), 4);
    assert_string_equal(study_shown_item(&w->s->list[SECOND], 2, place[3])->id, "j");
    w->iv.draw.order[FIRST] = 5; /* 3! - 1: turned round */
    assert_int_equal(interview_card(&w->iv, w->s, FIRST, place), 3);
    assert_int_equal(place[0], 2);
    assert_int_equal(place[1], 1);
    assert_int_equal(place[2], 0);
    w->iv.draw.order[FIRST] = 6;
    assert_int_equal(interview_card(&w->iv, w->s, FIRST, place), 0);
}

static void after_the_hand_back_come_observations_debrief_and_the_end(void **state)
{
    struct walk *w = *state;
    to_thanks(w);
    assert_int_equal(w->iv.answer[WHY], ANSWER_NOT_ASKED);
    next(w);
    answer(w, ALONE, NO);
    answer(w, HEARD, YES);
    stands(w, INTERVIEW_DEBRIEF, 0);
    next(w);
    stands(w, INTERVIEW_DONE, 0);
    next(w);
    stands(w, INTERVIEW_DONE, 0);
}

/* ---- resuming ---- */

static void before_the_draw_it_resumes_where_it_was(void **state)
{
    struct walk *w = *state;
    interview_resume(&w->iv, w->s, w->p);
    stands(w, INTERVIEW_CONSENT, 0);
    next(w);
    answer(w, MEMBER, YES);
    interview_resume(&w->iv, w->s, w->p);
    stands(w, INTERVIEW_QUESTION, SINCE);
    to_ready(w, SOUTH);
    interview_resume(&w->iv, w->s, w->p);
    stands(w, INTERVIEW_READY, 0);
}

static void after_the_draw_it_resumes_before_the_card_that_is_due(void **state)
{
    struct walk *w = *state;
    to_ready(w, SOUTH);
    draw(w, 1, 0, 0);
    interview_resume(&w->iv, w->s, w->p); /* stopped between the draw and the next page */
    stands(w, INTERVIEW_HANDOVER, SECOND);
    next(w);
    interview_resume(&w->iv, w->s, w->p);
    stands(w, INTERVIEW_HANDOVER, SECOND);
    next(w);
    w->iv.counted |= 1u << SECOND; /* sealed, and stopped before the next page */
    interview_resume(&w->iv, w->s, w->p);
    stands(w, INTERVIEW_HANDOVER, FIRST);
}

static void a_card_that_is_counted_never_comes_back(void **state)
{
    struct walk *w = *state;
    to_ready(w, SOUTH);
    draw(w, 1, 0, 0);
    next(w);
    next(w);
    w->iv.counted = 7;
    interview_resume(&w->iv, w->s, w->p);
    stands(w, INTERVIEW_AFTER, TRUST);
    w->iv.step = INTERVIEW_READY, w->iv.at = 0;
    interview_resume(&w->iv, w->s, w->p);
    stands(w, INTERVIEW_HANDOVER, 0);
    to_thanks(w);
    interview_resume(&w->iv, w->s, w->p);
    stands(w, INTERVIEW_THANKS, 0);
    next(w);
    interview_resume(&w->iv, w->s, w->p);
    stands(w, INTERVIEW_OBSERVE, ALONE);
}

/* ---- dispositions ---- */

static void the_disposition_follows_what_is_complete_and_partial(void **state)
{
    struct walk *w = *state;
    assert_int_equal(interview_disposition(&w->iv, w->s), DISPOSITION_BREAK_OFF);
    to_ready(w, SOUTH);
    assert_int_equal(interview_disposition(&w->iv, w->s), DISPOSITION_BREAK_OFF);
    draw(w, 1, 0, 0);
    assert_int_equal(interview_disposition(&w->iv, w->s), DISPOSITION_BREAK_OFF);
    w->iv.counted |= 1u << SECOND;
    assert_int_equal(interview_disposition(&w->iv, w->s), DISPOSITION_BREAK_OFF);
    w->iv.counted |= 1u << FIRST;
    assert_int_equal(interview_disposition(&w->iv, w->s), DISPOSITION_COMPLETE);
    w->iv.answer[MEMBER] = ANSWER_REFUSED;
    assert_int_equal(interview_disposition(&w->iv, w->s), DISPOSITION_PARTIAL);
    w->iv.counted &= ~(1u << SECOND);
    assert_int_equal(interview_disposition(&w->iv, w->s), DISPOSITION_PARTIAL);
}

static void what_routing_left_out_is_not_due(void **state)
{
    struct walk *w = *state;
    next(w);
    answer(w, MEMBER, NO);
    answer(w, MEDIA, ANSWER_DONT_KNOW);
    stands(w, INTERVIEW_READY, 0);
    draw(w, 0, 0, 0);
    next(w);
    stands(w, INTERVIEW_HANDOVER, FIRST);
    next(w);
    count(w);
    assert_int_equal(interview_disposition(&w->iv, w->s), DISPOSITION_COMPLETE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(routing_leaves_out_what_the_answers_and_the_point_leave_out),
        TEST(a_refused_answer_meets_no_condition),
        TEST(an_earlier_answer_that_changes_closes_what_depends_on_it),
        TEST(an_answer_changed_back_asks_again_what_depends_on_it),
        TEST(progress_counts_the_questions_of_the_section_that_are_asked),
        TEST(back_skips_what_is_not_asked_and_keeps_to_its_section),
        TEST(the_last_answer_can_be_mended_until_the_draw_and_until_the_sealing),
        TEST(lists_come_in_the_order_drawn_and_only_those_asked),
        TEST(without_list_and_question_the_laptop_stays_with_the_interviewer),
        TEST(the_card_shows_the_items_of_its_arm_in_the_order_drawn),
        TEST(after_the_hand_back_come_observations_debrief_and_the_end),
        TEST(before_the_draw_it_resumes_where_it_was),
        TEST(after_the_draw_it_resumes_before_the_card_that_is_due),
        TEST(a_card_that_is_counted_never_comes_back),
        TEST(the_disposition_follows_what_is_complete_and_partial),
        TEST(what_routing_left_out_is_not_due),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
