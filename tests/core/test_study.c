#include "study_files.h"

static const char language_file[] = "studies/whole-language.yaml";
static const char csto_file[] = "../../assets/studies/csto/study.yaml";

static struct study *parsed(const char *text)
{
    struct told t = {0};
    struct study *s = NULL;
    enum err e = study_parse(bytes_of(text), hear, &t, &s);
    for (size_t i = 0; i < t.count && i < TOLD_MAX; i++)
        print_message("%u: %s\n", t.one[i].line, t.one[i].what);
    assert_int_equal(e, ERR_OK);
    assert_int_equal(t.count, 0);
    return s;
}

static void study_reads_every_key_of_the_language(void **state)
{
    char *text = text_of(language_file);
    struct study *s = parsed(text);
    (void)state;
    assert_string_equal(s->id, "whole-language");
    assert_int_equal(s->languages, 2);
    assert_string_equal(study_text_in(&s->title, 0), "Атауы");
    assert_string_equal(study_text_in(&s->title, 1), "A title");
    assert_int_equal(s->consent.min_age, 18);
    assert_int_equal(s->sample, SAMPLE_ADDRESSES);
    assert_int_equal(s->selection, SELECTION_KISH);
    assert_int_equal(s->attempts, 4);
    assert_true(s->final_highest && s->link.damm && s->random_list_order && s->aid_slip);
    assert_int_equal(s->link.digits, 8);
    assert_int_equal(s->questions, 7);
    assert_int_equal(s->question[4].section, STUDY_DIRECT);
    assert_int_equal(s->question[4].direct.order, DIRECT_RANDOM);
    assert_int_equal(s->question[5].section, STUDY_AFTER);
    assert_int_equal(s->question[6].section, STUDY_OBSERVATION);
    assert_int_equal(s->question[0].option[1].code, 2);
    assert_int_equal(s->question[2].max, 3);
    assert_true(s->list[0].random_order && !s->list[1].random_order);
    assert_int_equal(s->list[0].in_double, 0);
    assert_int_equal(s->list[2].in_double, -1);
    assert_int_equal(s->list[2].control_ratio, 2);
    assert_int_equal(s->list[2].sensitive[0].ratio, 1);
    assert_int_equal(s->list[2].sensitive[0].hide, HIDE_AGREE);
    assert_true(s->list[2].sensitive[1].has_known && s->list[2].sensitive[1].known == 0.25);
    assert_int_equal(s->list[2].placebo, PLACEBO_MIXED);
    assert_true(s->blocks && s->block_sizes == 3 && s->block[2] == 12);
    assert_string_equal(s->weights.base, "weight");
    assert_true(s->weights.selection && s->weights.cap == 4 && s->weights.rakes == 3);
    assert_int_equal(s->bys, 3);
    assert_int_equal(s->targets, 2);
    study_free(s);
    free(text);
}

static void study_remembers_where_things_stand(void **state)
{
    char *text = text_of(language_file);
    struct study *s = parsed(text);
    (void)state;
    assert_int_equal(study_line_of(s, "points"), line_with(text, "points: points.csv"));
    assert_int_equal(study_line_of(s, "questions.1.max"), line_with(text, "max: 99"));
    assert_int_equal(study_line_of(s, "weights.rake.region.south"), line_with(text, "rake:"));
    assert_int_equal(study_line_of(s, "quotas"), 0);
    assert_int_equal(s->list[2].line, line_with(text, "- id: habits"));
    study_free(s);
    free(text);
}

static const char *column(void *ctx, const char *name)
{
    return strcmp(name, "region") == 0 ? ctx : NULL;
}

static void conditions_hold_only_when_all_parts_hold(void **state)
{
    char *text = text_of(language_file), south[] = "south", north[] = "north";
    struct study *s = parsed(text);
    const struct study_when *media = &s->question[2].when, *interest = &s->question[3].when;
    int32_t answer[7] = {1, 20, 2, 0, 0, 0, 0}; /* media: bit 1, which is web */
    (void)state;
    assert_true(study_when_holds(s, media, answer, column, south));
    answer[1] = 61;
    assert_false(study_when_holds(s, media, answer, column, south));
    answer[1] = ANSWER_REFUSED;
    assert_false(study_when_holds(s, media, answer, column, south));
    assert_true(study_when_holds(s, interest, answer, column, south));
    assert_false(study_when_holds(s, interest, answer, column, north));
    answer[2] = 1;
    assert_false(study_when_holds(s, interest, answer, column, south));
    answer[1] = 30;
    assert_true(study_when_holds(s, &s->list[2].when, answer, column, south));
    study_free(s);
    free(text);
}

static void answers_fit_their_question(void **state)
{
    char *text = text_of(language_file);
    struct study *s = parsed(text);
    (void)state;
    assert_true(study_answer_fits(&s->question[0], 2));
    assert_false(study_answer_fits(&s->question[0], 3));
    assert_true(study_answer_fits(&s->question[1], 99));
    assert_false(study_answer_fits(&s->question[1], 17));
    assert_true(study_answer_fits(&s->question[2], 3));
    assert_false(study_answer_fits(&s->question[2], 4));
    assert_true(study_answer_fits(&s->question[2], ANSWER_INVALID));
    assert_false(study_answer_fits(&s->question[2], -6));
    study_free(s);
    free(text);
}

static void cards_show_the_sensitive_item_last(void **state)
{
    char *text = text_of(language_file);
    struct study *s = parsed(text);
    (void)state;
    assert_int_equal(study_shown(&s->list[2], 0), 2);
    assert_int_equal(study_shown(&s->list[2], 2), 3);
    assert_string_equal(study_shown_item(&s->list[2], 2, 1)->id, "two");
    assert_string_equal(study_shown_item(&s->list[2], 2, 2)->id, "flying");
    study_free(s);
    free(text);
}

static void the_csto_study_has_no_mistake_and_the_kiosk_can_do_it(void **state)
{
    char *text = text_of(csto_file), *csv = text_of("../../assets/studies/csto/points.csv");
    struct study *s = parsed(text);
    struct points *p = NULL;
    struct told t = {0};
    (void)state;
    assert_int_equal(study_kiosk_can(s, hear, &t), ERR_OK);
    assert_int_equal(points_parse(bytes_of(csv), s, hear, &t, &p), ERR_OK);
    assert_int_equal(study_check_points(s, p, hear, &t), ERR_OK);
    assert_int_equal(t.count, 0);
    assert_int_equal(s->languages, 3);
    assert_int_equal(s->list[0].items, 4);
    assert_int_equal(s->list[0].sensitive[0].hide, HIDE_DISAGREE);
    assert_int_equal(p->strata, 3);
    double target = 0, weighted = 0;
    for (size_t i = 0; i < p->count; i++) {
        double n = atof(points_value(p, i, "target"));
        target += n;
        weighted += n * points_weight(p, i, s->weights.base);
    }
    assert_true(target == 400);
    assert_true(weighted > 399.9 && weighted < 400.1); /* weights have mean 1 */
    points_free(p);
    study_free(s);
    free(csv);
    free(text);
}

static void what_the_kiosk_cannot_do_is_refused_by_name(void **state)
{
    static const struct {
        const char *name, *at;
    } want[] = {{"`sample: addresses`", "sample:"},
                {"`selection: kish`", "selection:"},
                {"`attempts`", "attempts:"},
                {"`link`", "link:"},
                {"`show-card`", "show-card:"},
                {"`placebo`", "placebo:"},
                {"`warm-up`", "warm-up:"},
                {"`direct`", "- {id: csto-direct"},
                {"`card: screen-interviewer`", "card: {"},
                {"`aid: slip`", "card: {"},
                {"but `dir:`", "sync:"}};
    char *text = text_of(language_file);
    struct study *s = parsed(text);
    struct told t = {0};
    (void)state;
    assert_int_equal(study_kiosk_can(s, hear, &t), ERR_UNSUPPORTED);
    assert_int_equal(t.count, sizeof want / sizeof *want);
    for (size_t i = 0; i < t.count; i++) {
        assert_non_null(strstr(t.one[i].what, want[i].name));
        assert_int_equal(t.one[i].line, line_with(text, want[i].at));
        assert_false(t.one[i].warning);
    }
    study_free(s);
    free(text);
}

static void other_modes_the_kiosk_cannot_do_are_refused_too(void **state)
{
    static const struct {
        const char *from, *to, *name;
    } want[] = {
        {"sample: random-route", "sample: quota\nquotas: {gender: 5}", "`sample: quota`"},
        {"selection: none", "selection: next-birthday", "`selection: next-birthday`"},
        {"default: screen-respondent", "default: paper", "`card: paper`"},
    };
    char *text = text_of(csto_file);
    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        char *other = edited(text, want[i].from, want[i].to);
        struct study *s = parsed(other);
        struct told t = {0};
        assert_int_equal(study_kiosk_can(s, hear, &t), ERR_UNSUPPORTED);
        assert_non_null(strstr(t.one[0].what, want[i].name));
        assert_int_equal(t.count, i == 0 ? 2 : 1); /* and `quotas` */
        study_free(s);
        free(other);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(study_reads_every_key_of_the_language),
        cmocka_unit_test(study_remembers_where_things_stand),
        cmocka_unit_test(conditions_hold_only_when_all_parts_hold),
        cmocka_unit_test(answers_fit_their_question),
        cmocka_unit_test(cards_show_the_sensitive_item_last),
        cmocka_unit_test(the_csto_study_has_no_mistake_and_the_kiosk_can_do_it),
        cmocka_unit_test(what_the_kiosk_cannot_do_is_refused_by_name),
        cmocka_unit_test(other_modes_the_kiosk_cannot_do_are_refused_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
