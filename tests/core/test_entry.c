#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/disposition.h"
#include "core/entry.h"
#include "core/secret.h"

static char item_id[] = "item", language_en[] = "en", language_kk[] = "kk";
static struct study_item one[] = {{.id = item_id, .ratio = 1}};
static struct study_item two[] = {{.id = item_id, .ratio = 1}, {.id = item_id, .ratio = 1}};
static struct study_list lists[] = {
    {.items = 4, .sensitive = one, .sensitives = 1, .control_ratio = 1, .in_double = -1},
    {.items = 3,
     .sensitive = two,
     .sensitives = 2,
     .control_ratio = 1,
     .random_order = true,
     .in_double = -1},
};
static struct study_option yes_no[] = {{.code = 1}, {.code = 2}};
static struct study_question questions[] = {
    {.type = STUDY_CHOICE, .option = yes_no, .options = 2, .refuse = true, .unknown = true},
    {.type = STUDY_INTEGER, .min = 18, .max = 120, .refuse = true, .unknown = true},
};
static const struct study study = {.list = lists,
                                   .lists = 2,
                                   .question = questions,
                                   .questions = 2,
                                   .language = {language_en, language_kk},
                                   .languages = 2};

static struct entry_field contact_field(void)
{
    struct entry_field f = {
        .kind = ENTRY_ASSIGNED,
        .flags = ENTRY_TEST,
        .contact = 0x01020304,
        .clocks = {.wall = 27700000, .monotonic = 61, .boot = {0xb0, 1, 2, 3}},
        .u.contact = {.interviewer = "AB12",
                      .point = "\xd0\x90\xd0\xbb\xd0\xbc\xd0\xb0\xd1\x82\xd1\x8b-7",
                      .address = 77,
                      .attempt = 2,
                      .stratum = 0x0102,
                      .eligible = 3,
                      .selected = 2},
    };
    return f;
}

static void assert_field_returns(const struct entry_field *f)
{
    uint8_t bytes[ENTRY_FIELD_LEN], again[ENTRY_FIELD_LEN];
    struct entry_field back;
    entry_put_field(f, bytes);
    assert_int_equal(entry_get_field(bytes, &back), ERR_OK);
    assert_int_equal(back.kind, f->kind);
    assert_int_equal(back.flags, f->flags);
    assert_int_equal(back.contact, f->contact);
    assert_int_equal(back.clocks.wall, f->clocks.wall);
    assert_int_equal(back.clocks.monotonic, f->clocks.monotonic);
    assert_memory_equal(back.clocks.boot, f->clocks.boot, sizeof f->clocks.boot);
    entry_put_field(&back, again);
    assert_memory_equal(bytes, again, sizeof bytes);
}

static void entry_field_of_a_contact_has_the_bytes_of_the_format_document(void **state)
{
    (void)state;
    struct entry_field f = contact_field(), back;
    uint8_t bytes[ENTRY_FIELD_LEN];
    const uint8_t want[74] = {
        1,    2,    1,    0,    4,    3,    2,    1,   0x20, 0xab, 0xa6, 0x01, 61,   0,    0,
        0,    0xb0, 1,    2,    3,    0,    0,    0,   0,    0,    0,    0,    0,    0,    0,
        0,    0,    'A',  'B',  '1',  '2',  0,    0,   0,    0,    0xd0, 0x90, 0xd0, 0xbb, 0xd0,
        0xbc, 0xd0, 0xb0, 0xd1, 0x82, 0xd1, 0x8b, '-', '7',  0,    0,    0,    0,    0,    0,
        0,    0,    0,    0,    77,   0,    0,    0,   2,    0x02, 0x01, 3,    2,    0};
    entry_put_field(&f, bytes);
    assert_memory_equal(bytes, want, sizeof want);
    for (size_t i = sizeof want; i < sizeof bytes; i++)
        assert_int_equal(bytes[i], 0);
    assert_int_equal(entry_get_field(bytes, &back), ERR_OK);
    assert_string_equal(back.u.contact.interviewer, f.u.contact.interviewer);
    assert_string_equal(back.u.contact.point, f.u.contact.point);
    assert_int_equal(back.u.contact.address, 77);
    assert_int_equal(back.u.contact.attempt, 2);
    assert_int_equal(back.u.contact.stratum, 0x0102);
    assert_int_equal(back.u.contact.eligible, 3);
    assert_int_equal(back.u.contact.selected, 2);
}

static void entry_field_of_each_kind_comes_back(void **state)
{
    (void)state;
    struct entry_field f = contact_field();
    strcpy(f.u.contact.interviewer, "12345678");
    strcpy(f.u.contact.point, "123456789012345678901234");
    assert_field_returns(&f);
    f.kind = ENTRY_CONTACT;
    assert_field_returns(&f);
    f = (struct entry_field){.kind = ENTRY_ROOT,
                             .u.root = {.pack_number = 1,
                                        .replaces = {9},
                                        .cost_ops = 3,
                                        .cost_mem = UINT64_C(1) << 40,
                                        .machine = {[15] = 4}}};
    assert_field_returns(&f);
    f = (struct entry_field){
        .kind = ENTRY_OUTCOME,
        .contact = 5,
        .u.outcome = {DISPOSITION_REFUSAL_PERSON, 19000, 23, UINT64_C(12345678901)}};
    assert_field_returns(&f);
    f = (struct entry_field){.kind = ENTRY_COUNTED, .contact = 5, .flags = ENTRY_SIMULATED};
    assert_field_returns(&f);
    f = (struct entry_field){.kind = ENTRY_APPROVED, .u.event.hash = {[31] = 8}};
    assert_field_returns(&f);
    f = (struct entry_field){.kind = ENTRY_VOID, .u.event = {.contact = 4, .reason = 2}};
    assert_field_returns(&f);
    f = (struct entry_field){
        .kind = ENTRY_WITHDRAWN, .contact = 4, .u.event = {.contact = 4, .reason = 1}};
    assert_field_returns(&f);
    f = (struct entry_field){.kind = ENTRY_FILLER};
    assert_field_returns(&f);
}

/* The bytes of a good contact with some replaced must be refused, and leave the output alone. */
static void assert_contact_refused(size_t at, const char *bytes, size_t n)
{
    struct entry_field f = contact_field(), back;
    uint8_t in[ENTRY_FIELD_LEN], untouched[sizeof back];
    entry_put_field(&f, in);
    memcpy(in + at, bytes, n);
    memset(&back, 0x5a, sizeof back);
    memset(untouched, 0x5a, sizeof untouched);
    if (entry_get_field(in, &back) != ERR_FORMAT)
        fail_msg("a contact with other bytes at %zu was accepted", at);
    assert_memory_equal(&back, untouched, sizeof back);
}

static void entry_field_out_of_range_is_refused(void **state)
{
    (void)state;
    assert_contact_refused(0, "\0", 1);            /* version */
    assert_contact_refused(0, "\2", 1);            /* version */
    assert_contact_refused(1, "\0", 1);            /* kind */
    assert_contact_refused(1, "\12", 1);           /* kind */
    assert_contact_refused(1, "\xff", 1);          /* kind */
    assert_contact_refused(2, "\4", 1);            /* flags */
    assert_contact_refused(3, "\1", 1);            /* reserved */
    assert_contact_refused(4, "\0\0\0\0", 4);      /* contact */
    assert_contact_refused(32, "\0\0\0\0", 4);     /* no code */
    assert_contact_refused(33, "\x80", 1);         /* code beyond ASCII */
    assert_contact_refused(33, "\x7f", 1);         /* control character in the code */
    assert_contact_refused(33, "\n", 1);           /* control character in the code */
    assert_contact_refused(37, "x", 1);            /* text after the end of the code */
    assert_contact_refused(40, "\0", 1);           /* no point */
    assert_contact_refused(40, "\xff", 1);         /* not UTF-8 */
    assert_contact_refused(40, "\xc2\x85", 2);     /* control character in UTF-8 */
    assert_contact_refused(40, "\xe2\x80\xae", 3); /* turns the text around */
    assert_contact_refused(40, "\xed\xa0\x80", 3); /* a surrogate */
    assert_contact_refused(52, "\t", 1);           /* control character */
    assert_contact_refused(53, "\xd0", 1);         /* letter cut in two */
    assert_contact_refused(60, "x", 1);            /* text after the end of the point */
    assert_contact_refused(68, "\0", 1);           /* attempt */
    assert_contact_refused(69, "\1\4", 2);         /* stratum 1025 */
    assert_contact_refused(72, "\4", 1);           /* selected beyond the eligible */
    assert_contact_refused(73, "\1", 1);           /* padding */
    assert_contact_refused(127, "\1", 1);          /* padding */
}

static void entry_outcome_wants_a_known_disposition_and_a_possible_hour(void **state)
{
    (void)state;
    struct entry_field f = {.kind = ENTRY_OUTCOME, .contact = 1, .u.outcome = {1100, 0, 0, 0}};
    uint8_t in[ENTRY_FIELD_LEN];
    struct entry_field back;
    entry_put_field(&f, in);
    assert_int_equal(in[32] | in[33] << 8, 1100);
    in[32]++;
    assert_int_equal(entry_get_field(in, &back), ERR_FORMAT);
    in[32]--;
    in[38] = 9; /* an hour of no day */
    assert_int_equal(entry_get_field(in, &back), ERR_FORMAT);
    in[34] = 1;
    assert_int_equal(entry_get_field(in, &back), ERR_OK);
    in[38] = 24;
    assert_int_equal(entry_get_field(in, &back), ERR_FORMAT);
}

static void entry_of_the_device_belongs_to_no_contact(void **state)
{
    (void)state;
    const enum entry_kind kinds[] = {ENTRY_ROOT, ENTRY_APPROVED, ENTRY_FILLER};
    for (size_t i = 0; i < 3; i++) {
        struct entry_field f = {.kind = kinds[i]}, back;
        uint8_t in[ENTRY_FIELD_LEN];
        if (kinds[i] == ENTRY_ROOT)
            f.u.root.pack_number = 1;
        entry_put_field(&f, in);
        assert_int_equal(entry_get_field(in, &back), ERR_OK);
        in[4] = 1;
        assert_int_equal(entry_get_field(in, &back), ERR_FORMAT);
    }
}

static void entry_answers_have_one_length_for_a_study(void **state)
{
    (void)state;
    struct study s = study;
    assert_int_equal(entry_answers_len(&s), 112);
    s.lists = 16;
    assert_int_equal(entry_answers_len(&s), 176); /* 2 + 160, rounded up */
    s.lists = 11;
    assert_int_equal(entry_answers_len(&s), 112); /* 2 + 110 */
    s.questions = 28;
    assert_int_equal(entry_answers_len(&s), 128); /* 2 + 112 */
    s.questions = 500;
    assert_int_equal(entry_answers_len(&s), 2016);
    assert_int_equal(entry_per_contact(&study), 4);
}

static void assert_answers_return(const struct entry_answers *a)
{
    uint8_t bytes[112], again[112];
    struct entry_answers back;
    memset(&back, 0x5a, sizeof back);
    entry_put_answers(&study, a, bytes);
    assert_int_equal(bytes[0], 1);
    assert_int_equal(bytes[1], a->kind);
    assert_int_equal(entry_get_answers(&study, a->kind, (struct bytes){bytes, 112}, &back), ERR_OK);
    assert_memory_equal(&back, a, sizeof back);
    entry_put_answers(&study, &back, again);
    assert_memory_equal(bytes, again, sizeof bytes);
}

static struct entry_answers empty(enum entry_kind kind)
{
    struct entry_answers a;
    memset(&a, 0, sizeof a); /* padding too: compared as memory */
    a.kind = kind;
    return a;
}

static void entry_answers_of_each_kind_come_back(void **state)
{
    (void)state;
    struct entry_answers a = empty(ENTRY_ROOT);
    memset(a.u.root.mac, 3, sizeof a.u.root.mac);
    memset(a.u.root.assign, 4, sizeof a.u.root.assign);
    assert_answers_return(&a);
    a = empty(ENTRY_ASSIGNED);
    memset(a.u.draw.arm, ARM_NOT_ASKED, sizeof a.u.draw.arm);
    memset(a.u.draw.position, ARM_NOT_ASKED, sizeof a.u.draw.position);
    assert_answers_return(&a);
    a.u.draw.arm[1] = 2, a.u.draw.position[1] = 0, a.u.draw.order[1] = 23;
    assert_answers_return(&a);
    a.u.draw.arm[0] = 0, a.u.draw.position[0] = 1;
    assert_answers_return(&a);
    for (int count = ANSWER_INVALID; count <= 5; count++) {
        a = empty(ENTRY_COUNTED);
        a.u.counted.count = (int8_t)count;
        a.u.counted.seconds = 65535;
        a.u.counted.language = 1;
        a.u.counted.mode = MODE_SCREEN_INTERVIEWER;
        assert_answers_return(&a);
    }
    a = empty(ENTRY_OUTCOME);
    a.u.answer[0] = 2;
    a.u.answer[1] = ANSWER_REFUSED;
    assert_answers_return(&a);
    const enum entry_kind none[] = {ENTRY_CONTACT, ENTRY_APPROVED, ENTRY_VOID, ENTRY_WITHDRAWN,
                                    ENTRY_FILLER};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        a = empty(none[i]);
        assert_answers_return(&a);
    }
}

static void entry_answers_of_a_count_have_the_bytes_of_the_format_document(void **state)
{
    (void)state;
    struct entry_answers a = empty(ENTRY_COUNTED);
    uint8_t bytes[112];
    const uint8_t want[] = {1, 4, 1, 0xfe, 0x2c, 0x01, 1, 2, 0, 0};
    a.u.counted.list = 1;
    a.u.counted.count = ANSWER_REFUSED;
    a.u.counted.seconds = 300;
    a.u.counted.language = 1;
    a.u.counted.mode = MODE_SCREEN_RESPONDENT;
    entry_put_answers(&study, &a, bytes);
    assert_memory_equal(bytes, want, sizeof want);
}

static void assert_answers_refused(const struct entry_answers *a, size_t at, uint8_t value)
{
    uint8_t bytes[112], untouched[sizeof *a];
    struct entry_answers back;
    entry_put_answers(&study, a, bytes);
    bytes[at] = value;
    memset(&back, 0x5a, sizeof back);
    memset(untouched, 0x5a, sizeof untouched);
    if (entry_get_answers(&study, a->kind, (struct bytes){bytes, 112}, &back) != ERR_FORMAT)
        fail_msg("kind %d with %u at %zu was accepted", a->kind, value, at);
    assert_memory_equal(&back, untouched, sizeof back);
}

static void entry_answers_out_of_range_are_refused(void **state)
{
    (void)state;
    struct entry_answers a = empty(ENTRY_ASSIGNED);
    memset(a.u.draw.arm, ARM_NOT_ASKED, sizeof a.u.draw.arm);
    memset(a.u.draw.position, ARM_NOT_ASKED, sizeof a.u.draw.position);
    a.u.draw.arm[0] = 1, a.u.draw.position[0] = 0;
    a.u.draw.arm[1] = 0, a.u.draw.position[1] = 1;
    assert_answers_refused(&a, 0, 2);     /* version */
    assert_answers_refused(&a, 1, 4);     /* another kind than the field part's */
    assert_answers_refused(&a, 2, 2);     /* list 1 has one sensitive item */
    assert_answers_refused(&a, 2, 255);   /* not asked, with a position */
    assert_answers_refused(&a, 3, 1);     /* both second */
    assert_answers_refused(&a, 3, 2);     /* third of two */
    assert_answers_refused(&a, 3, 255);   /* asked, without a position */
    assert_answers_refused(&a, 4, 1);     /* a permutation where the order is fixed */
    assert_answers_refused(&a, 14, 6);    /* 3! permutations of three items */
    assert_answers_refused(&a, 21, 0x80); /* a permutation beyond all */
    assert_answers_refused(&a, 22, 1);    /* padding */
    a = empty(ENTRY_COUNTED);
    assert_answers_refused(&a, 2, 2);    /* no such list */
    assert_answers_refused(&a, 3, 6);    /* J + 2 */
    assert_answers_refused(&a, 3, 0xfa); /* no such missing code */
    assert_answers_refused(&a, 3, 0x80); /* -128 */
    assert_answers_refused(&a, 4, 3);    /* seconds not in fives */
    assert_answers_refused(&a, 6, 2);    /* no such language */
    assert_answers_refused(&a, 7, 4);    /* no such mode */
    assert_answers_refused(&a, 8, 1);    /* flags */
    assert_answers_refused(&a, 9, 1);    /* padding */
    a = empty(ENTRY_OUTCOME);
    a.u.answer[0] = 1, a.u.answer[1] = 18;
    assert_answers_refused(&a, 2, 3);  /* no such option */
    assert_answers_refused(&a, 6, 17); /* too young */
    assert_answers_refused(&a, 9, 0x80);
    assert_answers_refused(&a, 10, 1); /* padding */
    a = empty(ENTRY_FILLER);
    assert_answers_refused(&a, 111, 1);
}

static void entry_answers_of_another_length_or_kind_are_refused(void **state)
{
    (void)state;
    struct entry_answers a = empty(ENTRY_FILLER), back;
    uint8_t bytes[128] = {0};
    entry_put_answers(&study, &a, bytes);
    assert_int_equal(entry_get_answers(&study, ENTRY_FILLER, (struct bytes){bytes, 111}, &back),
                     ERR_FORMAT);
    assert_int_equal(entry_get_answers(&study, ENTRY_FILLER, (struct bytes){bytes, 128}, &back),
                     ERR_FORMAT);
    assert_int_equal(entry_get_answers(&study, ENTRY_VOID, (struct bytes){bytes, 112}, &back),
                     ERR_FORMAT);
    assert_int_equal(
        entry_get_answers(&study, (enum entry_kind)0, (struct bytes){bytes, 112}, &back),
        ERR_FORMAT);
}

/* Half of the records are random from their kind on, half are zeros with a few random bytes, which
 * are accepted often enough to matter. */
static void random_record(uint8_t *p, size_t len, unsigned round, uint8_t kind)
{
    memset(p, 0, len);
    if (round % 2 == 0)
        randombytes_buf(p, len);
    for (unsigned i = 0; i < round % 8; i++)
        p[randombytes_uniform((uint32_t)len)] = (uint8_t)randombytes_uniform(round % 3 ? 4 : 256);
    p[0] = 1;
    p[1] = kind;
}

static void entry_survives_any_bytes_and_writes_what_it_accepts_again(void **state)
{
    (void)state;
    unsigned fields = 0, answers = 0;
    for (unsigned round = 0; round < 200000; round++) {
        uint8_t in[112], again[112], field[ENTRY_FIELD_LEN], field_again[ENTRY_FIELD_LEN];
        struct entry_field f;
        struct entry_answers a;
        uint8_t kind = (uint8_t)(round / 8 % 12);
        random_record(field, sizeof field, round, kind);
        if (round % 4 == 1) { /* texts that a contact needs */
            field[2] = field[3] = 0;
            memcpy(field + 32, "A\0\0\0\0\0\0\0b", 9);
            memset(field + 41, 0, 23);
        }
        if (entry_get_field(field, &f) == ERR_OK) {
            entry_put_field(&f, field_again);
            assert_memory_equal(field, field_again, sizeof field);
            fields++;
        }
        random_record(in, sizeof in, round, kind);
        if (entry_get_answers(&study, (enum entry_kind)kind, (struct bytes){in, 112}, &a) ==
            ERR_OK) {
            entry_put_answers(&study, &a, again);
            assert_memory_equal(in, again, sizeof in);
            answers++;
        }
    }
    assert_true(fields > 1000 && answers > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entry_field_of_a_contact_has_the_bytes_of_the_format_document),
        cmocka_unit_test(entry_field_of_each_kind_comes_back),
        cmocka_unit_test(entry_field_out_of_range_is_refused),
        cmocka_unit_test(entry_outcome_wants_a_known_disposition_and_a_possible_hour),
        cmocka_unit_test(entry_of_the_device_belongs_to_no_contact),
        cmocka_unit_test(entry_answers_have_one_length_for_a_study),
        cmocka_unit_test(entry_answers_of_each_kind_come_back),
        cmocka_unit_test(entry_answers_of_a_count_have_the_bytes_of_the_format_document),
        cmocka_unit_test(entry_answers_out_of_range_are_refused),
        cmocka_unit_test(entry_answers_of_another_length_or_kind_are_refused),
        cmocka_unit_test(entry_survives_any_bytes_and_writes_what_it_accepts_again),
    };
    if (secret_start() != ERR_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
