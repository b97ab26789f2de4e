#include "tests/admin/handmade.h"

/* Closing codes: what was read out over the telephone is missed for ever, no key needed; a slip of
 * the tongue or of the finger accuses nobody. */

static void give(struct archive *a, const char *code, const struct laptop *l)
{
    assert_int_equal(archive_put_closing(a, code, l != NULL ? secret_view(l->sign) + 32 : NULL),
                     ERR_OK);
}

struct found {
    struct verify_code c;
    enum err e;
    unsigned differs, awaited;
};

/* The first code, as seen with ${key}, which must not matter. */
static struct found found_in(struct archive *a, const struct studykey *key)
{
    struct found f = {.e = ERR_OK};
    struct verify_report *r = report_of(a, key);
    char sentence[VERIFY_SENTENCE];
    assert_true(r->codes > 0);
    f.c = r->code[0];
    f.e = verify_err(r);
    verify_code_text(r, &r->code[0], sentence);
    said[0] = '\0';
    strcpy(said, sentence);
    for (size_t i = 0; i < r->lines; i++) {
        f.differs += r->line[i].verdict == VERDICT_DIFFERS;
        f.awaited += r->line[i].verdict == VERDICT_AWAITED;
    }
    verify_free(r);
    return f;
}

static struct found found_by_all(struct archive *a, const struct world *w)
{
    struct found f = found_in(a, w->key[0]), keyless = found_in(a, NULL);
    assert_int_equal(f.c.state, keyless.c.state);
    assert_int_equal(f.c.n, keyless.c.n);
    return f;
}

/* A laptop with two sessions: the first sent, the second not; its closing code. */
static struct archive *one_session_short(struct laptop *l, const struct world *w,
                                         char code[CLOSING_TEXT])
{
    set_up(l, w);
    work_on(l, 3);
    struct archive *a = open_for(l);
    send(l, a);
    begin(l);
    work_on(l, 5);
    closing_of(l, code);
    return a;
}

static void a_code_of_what_has_not_come_is_missed_until_it_comes(void **state)
{
    const struct world *w = *state;
    struct laptop l;
    char code[CLOSING_TEXT];
    for (int whose = 0; whose < 2; whose++) { /* one laptop: it is that one's, said or not */
        struct archive *a = one_session_short(&l, w, code);
        give(a, code, whose ? &l : NULL);
        struct found f = found_by_all(a, w);
        assert_int_equal(f.c.state, CODE_AWAITED);
        assert_int_equal(f.e, ERR_PARTIAL);
        assert_int_equal(f.awaited, 1);
        assert_true(f.c.placed);
        assert_int_equal(f.c.n, 9);
        assert_int_equal(f.c.last, 4);
        assert_non_null(strstr(said, "entry 9: 5 entries behind 4 are not there"));
        send(&l, a);
        f = found_by_all(a, w);
        assert_int_equal(f.c.state, CODE_THERE);
        assert_int_equal(f.e, ERR_OK);
        assert_int_equal(f.c.n, 9);
        archive_close(a);
        take_away(&l);
    }
}

/* The tail was deleted on the way, and the laptop went on from an older state. */
static void a_history_rewritten_behind_a_code_is_in_doubt(void **state)
{
    const struct world *w = *state;
    struct laptop l;
    char code[CLOSING_TEXT];
    set_up(&l, w);
    work_on(&l, 3);
    struct archive *a = open_for(&l);
    send(&l, a);
    struct buffer then = state_of_laptop(&l);
    begin(&l);
    work_on(&l, 5);
    closing_of(&l, code);
    go_back_to(&l, &then);
    one_session(&l, a, 6);
    give(a, code, NULL);
    struct found f = found_by_all(a, w);
    assert_int_equal(f.c.state, CODE_DIFFERS);
    assert_int_equal(f.e, ERR_DOUBT);
    assert_int_equal(f.differs, 1);
    assert_int_equal(f.c.n, 9);
    assert_non_null(strstr(said, "another entry came at its position"));
    buffer_free(&then);
    archive_close(a);
    take_away(&l);
}

static void a_missing_middle_is_not_a_rewritten_one(void **state)
{
    const struct world *w = *state;
    struct laptop l;
    char code[CLOSING_TEXT];
    struct archive *a = one_session_short(&l, w, code);
    one_session(&l, a, 8);
    give(a, code, &l);
    struct found f = found_by_all(a, w);
    assert_int_equal(f.c.state, CODE_AWAITED);
    assert_int_equal(f.e, ERR_PARTIAL);
    archive_close(a);
    take_away(&l);
}

static void a_digit_misheard_is_no_evidence_against_anybody(void **state)
{
    const struct world *w = *state;
    struct laptop l;
    char code[CLOSING_TEXT], said_code[CLOSING_TEXT];
    struct archive *a = one_session_short(&l, w, code);
    send(&l, a);
    archive_close(a);
    for (size_t i = 0; i < CLOSING_DIGITS; i++) {
        a = open_for(&l);
        send(&l, a);
        strcpy(said_code, code);
        said_code[i] = said_code[i] == '9' ? '0' : (char)(said_code[i] + 1);
        give(a, said_code, NULL);
        struct found f = found_by_all(a, w);
        assert_int_equal(f.c.state, CODE_MISHEARD);
        assert_int_equal(f.c.n, 9);
        archive_close(a);
    }
    for (size_t i = 0; i + 1 < CLOSING_DIGITS; i++) {
        a = open_for(&l);
        send(&l, a);
        strcpy(said_code, code);
        said_code[i] = code[i + 1];
        said_code[i + 1] = code[i];
        give(a, said_code, NULL);
        assert_int_equal(found_by_all(a, w).c.state,
                         code[i] == code[i + 1] ? CODE_THERE : CODE_MISHEARD);
        archive_close(a);
    }
    a = open_for(&l);
    send(&l, a);
    strcpy(said_code, code);
    memcpy(said_code, "1234", 4); /* the whole position */
    give(a, said_code, NULL);
    assert_int_equal(found_by_all(a, w).c.state, CODE_MISHEARD);
    strcpy(said_code, code);
    said_code[10] = code[10] == '1' ? '2' : '1'; /* two digits far apart: that is another code */
    said_code[20] = code[20] == '1' ? '2' : '1';
    archive_close(a);
    a = open_for(&l);
    send(&l, a);
    give(a, said_code, NULL);
    assert_int_equal(found_by_all(a, w).c.state, CODE_DIFFERS);
    archive_close(a);
    take_away(&l);
}

static void of_several_laptops_a_code_needs_a_name_to_be_held_against_one(void **state)
{
    const struct world *w = *state;
    struct laptop l, other;
    char code[CLOSING_TEXT];
    struct archive *a = one_session_short(&l, w, code);
    set_up(&other, w);
    work_on(&other, 20);
    send(&other, a);
    put_signed(&other, a, NOTICE_APPROVAL, 0, other.approval, w->key[0]);
    give(a, code, NULL);
    struct found f = found_by_all(a, w);
    assert_int_equal(f.c.state, CODE_AWAITED);
    assert_false(f.c.placed);
    assert_int_equal(f.e, ERR_PARTIAL);
    assert_non_null(strstr(said, "at a position ending in 0009"));
    give(a, code, &l); /* said later */
    f = found_by_all(a, w);
    assert_true(f.c.placed);
    assert_int_equal(f.awaited, 1);
    give(a, code, &other); /* a wrong name: what it has at 9 is another entry */
    f = found_by_all(a, w);
    assert_int_equal(f.c.state, CODE_DIFFERS);
    send(&l, a);
    f = found_by_all(a, w); /* twenty digits say better whose it is */
    assert_int_equal(f.c.state, CODE_THERE);
    assert_int_equal(f.e, ERR_OK);
    archive_close(a);
    take_away(&l);
    take_away(&other);
}

static void a_code_for_a_laptop_that_never_sent_anything_is_missed(void **state)
{
    const struct world *w = *state;
    struct laptop l;
    char code[CLOSING_TEXT];
    set_up(&l, w);
    closing_of(&l, code);
    struct archive *a = open_for(&l);
    give(a, code, &l);
    struct found f = found_by_all(a, w);
    assert_int_equal(f.c.state, CODE_AWAITED);
    assert_int_equal(f.e, ERR_PARTIAL);
    assert_non_null(strstr(said, "nothing has come"));
    archive_close(a);
    take_away(&l);
}

/* Positions past 10,000 have the code of a small one: that is not "another entry came". */
static void a_code_past_ten_thousand_is_of_the_nearest_position(void **state)
{
    const struct world *w = *state;
    struct laptop l;
    uint8_t head[HASH_LEN] = {1};
    char code[CLOSING_TEXT];
    struct device *d = NULL;
    struct entry_field f = {.kind = ENTRY_ROOT};
    set_up(&l, w);
    struct archive *a = open_for(&l);
    work_on(&l, 20);
    send(&l, a); /* entries 1 to 21 */
    assert_int_equal(device_restart(w->pack, w->study, l.sign, 9990, head, 7, &d), ERR_OK);
    device_free(l.device);
    l.device = d;
    begin(&l);
    assert_int_equal(device_root(d, &f, NULL, l.entry), ERR_OK);
    add(&l);
    work_on(&l, 3);
    send(&l, a); /* to 9994 */
    begin(&l);
    work_on(&l, 12);
    closing_of(&l, code); /* of 10006: 0006 came too, as another entry */
    assert_memory_equal(code, "0006", 4);
    give(a, code, &l);
    struct found found = found_by_all(a, w);
    assert_int_equal(found.c.state, CODE_AWAITED);
    assert_int_equal(found.c.n, 10006);
    assert_int_equal(found.c.last, 9994);
    send(&l, a);
    assert_int_equal(found_by_all(a, w).c.state, CODE_THERE);
    archive_close(a);
    take_away(&l);
}

/* ---- with choices and revocations ---- */

static void a_code_of_a_history_not_chosen_is_told(void **state)
{
    const struct world *w = *state;
    struct laptop l;
    uint8_t head[HASH_LEN];
    char code[CLOSING_TEXT];
    set_up(&l, w);
    struct archive *a = open_for(&l);
    send(&l, a);
    struct buffer then = state_of_laptop(&l);
    one_session(&l, a, 1);
    closing_of(&l, code);
    go_back_to(&l, &then);
    one_session(&l, a, 1);
    memcpy(head, device_head(l.device), HASH_LEN);
    give(a, code, &l);
    assert_int_equal(found_by_all(a, w).c.state, CODE_THERE); /* in one of two histories */
    put_signed(&l, a, NOTICE_CHOICE, 2, head, w->key[0]);
    struct found f = found_by_all(a, w);
    assert_int_equal(f.c.state, CODE_LEFT_OUT);
    assert_int_equal(f.e, ERR_PARTIAL);
    buffer_free(&then);
    archive_close(a);
    take_away(&l);
}

static void behind_a_revocation_nothing_is_missed(void **state)
{
    const struct world *w = *state;
    struct laptop l;
    char code[CLOSING_TEXT];
    struct archive *a = one_session_short(&l, w, code);
    give(a, code, &l);
    put_signed(&l, a, NOTICE_REVOCATION, 6, NULL, w->key[0]);
    struct found f = found_by_all(a, w);
    assert_int_equal(f.c.state, CODE_NEEDLESS);
    assert_int_equal(f.awaited + f.differs, 0);
    put_signed(&l, a, NOTICE_REVOCATION, 3, NULL, w->key[0]); /* the lower one counts */
    send(&l, a);
    f = found_by_all(a, w);
    assert_int_equal(f.c.state, CODE_LEFT_OUT);
    archive_close(a);
    take_away(&l);
}

static void a_code_taken_back_is_shown_and_held_against_nobody(void **state)
{
    const struct world *w = *state;
    struct laptop l;
    char code[CLOSING_TEXT];
    bool known = false;
    struct archive *a = one_session_short(&l, w, code);
    give(a, code, &l);
    assert_int_equal(archive_take_back_closing(a, code, &known), ERR_OK);
    struct found f = found_by_all(a, w);
    assert_int_equal(f.c.state, CODE_TAKEN_BACK);
    assert_int_equal(f.e, ERR_OK);
    archive_close(a);
    take_away(&l);
}

/* ---- as it is typed ---- */

static void a_code_is_read_however_it_is_spaced_and_counted_when_it_is_not_whole(void **state)
{
    static const char *const good[] = {
        "1234 5678 9012 3456 7890 1234",       "123456789012345678901234",
        " 1234-5678-9012-3456-7890-1234 ",     "1234.5678.9012.3456.7890.1234",
        "12 34 56 78 90 12 34 56 78 90 12 34", "1234\u00a05678\u20139012\u202f3456 7890,1234",
    };
    static const struct {
        const char *text, *why;
    } bad[] = {{"1234 5678 9012 3456 7890 123", "this has 23 digits"},
               {"1234 5678 9012 3456 7890 12345", "this has 25 digits"},
               {"", "this has 0 digits"},
               {"1234 5678 9012 3456 7890 12E4", "made of digits only"}};
    char out[CLOSING_TEXT];
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(closing_read(good[i], out), ERR_OK);
        assert_string_equal(out, "123456789012345678901234");
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        said[0] = '\0';
        assert_int_equal(closing_read(bad[i].text, out), ERR_USAGE);
        assert_non_null(strstr(said, bad[i].why));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_of_what_has_not_come_is_missed_until_it_comes),
        cmocka_unit_test(a_history_rewritten_behind_a_code_is_in_doubt),
        cmocka_unit_test(a_missing_middle_is_not_a_rewritten_one),
        cmocka_unit_test(a_digit_misheard_is_no_evidence_against_anybody),
        cmocka_unit_test(of_several_laptops_a_code_needs_a_name_to_be_held_against_one),
        cmocka_unit_test(a_code_for_a_laptop_that_never_sent_anything_is_missed),
        cmocka_unit_test(a_code_past_ten_thousand_is_of_the_nearest_position),
        cmocka_unit_test(a_code_of_a_history_not_chosen_is_told),
        cmocka_unit_test(behind_a_revocation_nothing_is_missed),
        cmocka_unit_test(a_code_taken_back_is_shown_and_held_against_nobody),
        cmocka_unit_test(a_code_is_read_however_it_is_spaced_and_counted_when_it_is_not_whole),
    };
    return cmocka_run_group_tests(tests, start_several, end);
}
