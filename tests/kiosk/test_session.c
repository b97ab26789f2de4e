/* Contacts through the session: every step is durable, none is done twice. */
#include "laptop.h"

static size_t per_contact(const struct session *ss)
{
    return entry_per_contact(session_study(ss));
}

/* The position moved on by ${n} since it was ${before}. */
#define MOVED(ss, before, n) assert_int_equal(position_of(ss), (before) + (n))

static void a_wrong_code_or_passphrase_opens_nothing(void **state)
{
    struct laptop l;
    struct session *ss = NULL;
    laptop_new(*state, "wrong", &l);
    assert_int_equal(laptop_try(&l, laptop_code, "lantern oak quarts", &ss), ERR_PASSPHRASE);
    assert_int_equal(laptop_try(&l, "kq7-int9", laptop_passphrase, &ss), ERR_PASSPHRASE);
    assert_null(ss);
    assert_int_equal(session_lock(laptop_unlock(&l)), ERR_OK);
    laptop_free(&l);
}

static void two_sessions_on_one_home_are_refused(void **state)
{
    struct laptop l;
    struct session *other = NULL;
    laptop_new(*state, "two", &l);
    struct session *ss = laptop_unlock(&l);
    assert_int_equal(laptop_try(&l, laptop_code, laptop_passphrase, &other), ERR_BUSY);
    session_drop(ss);
    ss = laptop_unlock(&l);
    session_drop(ss);
    laptop_free(&l);
}

static void a_contact_seals_its_entries_and_no_count_twice(void **state)
{
    struct laptop l;
    laptop_new(*state, "contact", &l);
    struct session *ss = laptop_unlock(&l);
    uint64_t before = position_of(ss);
    assert_int_equal(session_save(ss), ERR_OK); /* with nothing under way it changes nothing */
    assert_int_equal(session_begin(ss, 0, 2), ERR_OK);
    assert_int_equal(session_begin(ss, 0, 2), ERR_STATE);
    MOVED(ss, before, 0);
    go_to(ss, INTERVIEW_READY, 1);
    assert_int_equal(session_save(ss), ERR_OK);
    assert_int_equal(session_count(ss, 0, 2, 10, 2), ERR_STATE);
    assert_int_equal(session_assign(ss), ERR_OK);
    assert_int_equal(session_assign(ss), ERR_STATE);
    MOVED(ss, before, 1);
    interview_next(session_interview(ss), session_study(ss), session_points(ss));
    go_to(ss, INTERVIEW_CARD, 1);
    assert_int_equal(session_count(ss, 1, 2, 10, 2), ERR_STATE); /* there is no such list */
    assert_int_equal(session_count(ss, 0, 2, 10, 2), ERR_OK);
    assert_int_equal(session_count(ss, 0, 3, 10, 2), ERR_STATE);
    MOVED(ss, before, 2);
    assert_int_equal(session_end(ss, 1), ERR_STATE); /* no such disposition */
    go_to(ss, INTERVIEW_DONE, 1);
    assert_int_equal(
        session_end(ss, interview_disposition(session_interview(ss), session_study(ss))), ERR_OK);
    MOVED(ss, before, per_contact(ss));
    assert_null(session_interview(ss));
    assert_int_equal(session_end(ss, DISPOSITION_COMPLETE), ERR_STATE);
    struct session_tally t;
    session_tally(ss, &t);
    assert_int_equal(t.completes, 1);
    assert_int_equal(t.last_contact, 1);
    assert_int_equal(session_lock(ss), ERR_OK);
    assert_int_equal(rows_of(&l).last % 16, 0);
    laptop_free(&l);
}

static void every_ending_writes_as_many_entries(void **state)
{
    struct laptop l;
    struct session_tally t;
    laptop_new(*state, "endings", &l);
    struct session *ss = laptop_unlock(&l);
    size_t each = per_contact(ss);
    uint64_t before = position_of(ss);
    assert_int_equal(session_begin(ss, 0, 0), ERR_OK); /* refused at the door */
    assert_int_equal(session_end(ss, DISPOSITION_REFUSAL_PERSON), ERR_OK);
    MOVED(ss, before, each);
    assert_int_equal(session_begin(ss, 0, 0), ERR_OK); /* broken off with the card in hand */
    go_to(ss, INTERVIEW_READY, 0);
    assert_int_equal(session_assign(ss), ERR_OK);
    assert_int_equal(session_end(ss, DISPOSITION_BREAK_OFF), ERR_OK);
    MOVED(ss, before, 2 * each);
    assert_int_equal(conduct(ss, 1, ANSWER_REFUSED, 1), ERR_OK);
    MOVED(ss, before, 3 * each);
    assert_int_equal(conduct(ss, 1, ANSWER_DONT_KNOW, 1), ERR_OK);
    MOVED(ss, before, 4 * each);
    assert_int_equal(conduct(ss, 1, 0, 1), ERR_OK);
    MOVED(ss, before, 5 * each);
    session_tally(ss, &t);
    assert_int_equal(t.contacts, 5);
    assert_int_equal(t.refusals, 1);
    assert_int_equal(t.break_offs, 1);
    assert_int_equal(session_lock(ss), ERR_OK);
    assert_int_equal(rows_of(&l).last, (before + 5 * each + 15) / 16 * 16);
    laptop_free(&l);
}

static void void_and_withdraw_add_one_entry_each(void **state)
{
    struct laptop l;
    laptop_new(*state, "void", &l);
    struct session *ss = laptop_unlock(&l);
    size_t each = per_contact(ss);
    uint64_t before = position_of(ss);
    assert_int_equal(session_void(ss, 1, 2), ERR_STATE);
    assert_int_equal(session_void(ss, 0, 2), ERR_STATE);
    assert_int_equal(session_withdraw(ss), ERR_STATE);
    assert_int_equal(conduct(ss, 0, 3, 0), ERR_OK);
    assert_int_equal(session_void(ss, 1, 2), ERR_OK);
    MOVED(ss, before, each + 1);
    assert_int_equal(session_begin(ss, 0, 0), ERR_OK);
    assert_int_equal(session_void(ss, 2, 2), ERR_STATE); /* it is still under way */
    go_to(ss, INTERVIEW_READY, 0);
    assert_int_equal(session_assign(ss), ERR_OK);
    interview_next(session_interview(ss), session_study(ss), session_points(ss));
    assert_int_equal(count_rest(ss, 1, 0), ERR_OK);
    assert_int_equal(session_withdraw(ss), ERR_OK);
    assert_null(session_interview(ss));
    MOVED(ss, before, 2 * (each + 1));
    assert_int_equal(session_begin(ss, 0, 0), ERR_OK); /* withdrawn before any draw */
    assert_int_equal(session_withdraw(ss), ERR_OK);
    MOVED(ss, before, 3 * (each + 1));
    assert_int_equal(session_lock(ss), ERR_OK);
    laptop_free(&l);
}

static void a_locked_interview_goes_on_with_its_answers_and_its_card(void **state)
{
    struct laptop l;
    laptop_new(*state, "resume", &l);
    struct session *ss = laptop_unlock(&l);
    assert_int_equal(session_begin(ss, 3, 1), ERR_OK);
    go_to(ss, INTERVIEW_READY, 1);
    struct interview kept = *session_interview(ss);
    assert_int_equal(session_save(ss), ERR_OK);
    session_drop(ss);
    ss = laptop_unlock(&l);
    assert_true(session_interrupted(ss));
    assert_int_equal(session_interview(ss)->point, 3);
    assert_int_equal(session_interview(ss)->language, 1);
    assert_memory_equal(session_interview(ss)->answer, kept.answer,
                        session_study(ss)->questions * sizeof *kept.answer);
    assert_int_equal(session_assign(ss), ERR_OK);
    struct draw drawn = session_interview(ss)->draw;
    uint64_t before = position_of(ss);
    assert_int_equal(session_lock(ss), ERR_OK);
    assert_int_equal(rows_of(&l).last, before); /* no fillers in the middle of an interview */
    ss = laptop_unlock(&l);
    assert_true(session_interrupted(ss));
    assert_true(same_draw(&session_interview(ss)->draw, &drawn, 1));
    assert_int_equal(session_interview(ss)->step, INTERVIEW_HANDOVER);
    assert_int_equal(finish(ss, 4, 1), ERR_OK);
    assert_false(session_interrupted(ss));
    assert_int_equal(session_lock(ss), ERR_OK);
    laptop_free(&l);
}

static void a_counted_list_is_not_shown_again(void **state)
{
    struct laptop l;
    laptop_new(*state, "counted", &l);
    struct session *ss = laptop_unlock(&l);
    size_t lists = session_study(ss)->lists, each = per_contact(ss);
    uint64_t before = position_of(ss);
    assert_int_equal(session_begin(ss, 0, 0), ERR_OK);
    go_to(ss, INTERVIEW_READY, 0);
    assert_int_equal(session_assign(ss), ERR_OK);
    interview_next(session_interview(ss), session_study(ss), session_points(ss));
    for (size_t i = 0; i < lists; i++) {
        assert_true(go_to_card(ss, 0));
        size_t list = session_interview(ss)->at;
        assert_int_equal(session_interview(ss)->counted >> list & 1, 0);
        assert_int_equal(session_count(ss, list, 1, 5, 0), ERR_OK);
        session_drop(ss);
        ss = laptop_unlock(&l);
        assert_int_equal(session_interview(ss)->counted >> list & 1, 1);
        assert_int_equal(session_count(ss, list, 1, 5, 0), ERR_STATE);
        MOVED(ss, before, 2 + i);
    }
    assert_true(session_interview(ss)->step > INTERVIEW_CARD);
    assert_int_equal(finish(ss, 1, 0), ERR_OK);
    MOVED(ss, before, each);
    session_drop(ss);
    laptop_free(&l);
}

static void a_list_that_is_not_asked_has_its_entry_too(void **state)
{
    struct laptop l;
    laptop_new(*state, "unasked", &l);
    struct session *ss = laptop_unlock(&l);
    size_t each = per_contact(ss);
    uint64_t before = position_of(ss);
    assert_int_equal(session_begin(ss, 0, 0), ERR_OK);
    go_to(ss, INTERVIEW_READY, 1); /* a villager: the third list is not for them */
    assert_int_equal(interview_asked(session_interview(ss), session_study(ss), session_points(ss)),
                     3);
    assert_int_equal(session_assign(ss), ERR_OK);
    assert_int_equal(session_interview(ss)->draw.arm[2], ARM_NOT_ASKED);
    assert_int_equal(session_interview(ss)->counted, 4);
    /* the double's item stands in exactly one of the two */
    assert_int_equal(session_interview(ss)->draw.arm[0] + session_interview(ss)->draw.arm[1], 1);
    MOVED(ss, before, 2);
    assert_int_equal(session_count(ss, 2, 0, 5, 0), ERR_STATE);
    interview_next(session_interview(ss), session_study(ss), session_points(ss));
    assert_int_equal(finish(ss, 2, 1), ERR_OK);
    MOVED(ss, before, each);
    assert_int_equal(session_lock(ss), ERR_OK);
    laptop_free(&l);
}

static void what_is_taken_over_from_another_machine_is_refused(void **state)
{
    struct laptop l;
    struct session *ss = NULL;
    laptop_new(*state, "machine", &l);
    char *keys = home_keys(l.home);
    struct buffer b = {0};
    assert_int_equal(file_read(keys, 1 << 20, true, &b), ERR_OK);
    enum { MACHINE_AT = 8 + 2 + 8 + 8 + 16 + 32 };
    b.p[MACHINE_AT] ^= 1;
    b.p[MACHINE_AT + 1] |= 1; /* never all zeros, which would mean a machine without an id */
    assert_int_equal(file_write(keys, buffer_view(&b), 0600, true), ERR_OK);
    assert_int_equal(laptop_try(&l, laptop_code, laptop_passphrase, &ss), ERR_STATE);
    assert_non_null(strstr(said, "another machine"));
    buffer_free(&b);
    free(keys);
    laptop_free(&l);
}

#define CSTO(test)    WITH(start_csto, test)
#define SEVERAL(test) WITH(start_several, test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CSTO(a_wrong_code_or_passphrase_opens_nothing),
        CSTO(two_sessions_on_one_home_are_refused),
        CSTO(a_contact_seals_its_entries_and_no_count_twice),
        CSTO(every_ending_writes_as_many_entries),
        SEVERAL(every_ending_writes_as_many_entries),
        CSTO(void_and_withdraw_add_one_entry_each),
        SEVERAL(void_and_withdraw_add_one_entry_each),
        CSTO(a_locked_interview_goes_on_with_its_answers_and_its_card),
        CSTO(a_counted_list_is_not_shown_again),
        SEVERAL(a_counted_list_is_not_shown_again),
        SEVERAL(a_list_that_is_not_asked_has_its_entry_too),
        CSTO(what_is_taken_over_from_another_machine_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
