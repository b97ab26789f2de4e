/* Which packs' interviews stand in one table: a change of the study, and what is said of it. */
#include "tests/admin/simulated.h"

#include "admin/frame/combine.h"

static struct study *parsed(const char *from, const char *to)
{
    struct buffer b = {0};
    struct study *s = NULL;
    const char *at = from != NULL ? strstr(several_lists, from) : several_lists;
    assert_non_null(at);
    size_t before = from != NULL ? (size_t)(at - several_lists) : 0;
    buffer_add(&b, several_lists, before);
    if (from != NULL)
        buffer_add(&b, to, strlen(to));
    const char *rest = at + (from != NULL ? strlen(from) : 0);
    buffer_add(&b, rest, strlen(rest));
    assert_int_equal(study_parse(buffer_view(&b), NULL, NULL, &s), ERR_OK);
    buffer_free(&b);
    return s;
}

static const struct row {
    const char *from, *to, *why; /* why NULL: they combine */
} rows[] = {
    {"Urban?", "Town or village?", NULL},
    {"wave: 2022-09", "wave: 2022-10", NULL},
    {"{en: A}", "{en: Another wording of A}", NULL},
    {"{id: tv, text: {en: TV}}", "{id: tv, text: {en: Television}}", NULL},
    {", {id: village, code: 2, text: {en: V}}",
     ", {id: village, code: 2, text: {en: V}}, {id: farm, code: 3, text: {en: F}}", NULL},
    {"{id: village, code: 2,", "{id: village, code: 3,", "its question urban has other answers"},
    {"{id: village, code: 2,", "{id: hamlet, code: 2,", "its question urban has other answers"},
    {"type: scale, text: {en: Trust}, from: 1, to: 5, low: {en: No}, high: {en: Yes}",
     "type: integer, text: {en: Trust}, min: 1, max: 5", "its question trust has other answers"},
    {"{id: c, text: {en: C}}", "{id: cc, text: {en: C}}", "its list first has other items"},
    {", {id: c, text: {en: C}}", "", "its list first has other items"},
    {"hide: both", "hide: agree", "its list third has other items"},
    {"known: 0.0, text: {en: Flying}", "known: 0.1, text: {en: Flying}", NULL},
    {"    order: fixed\n", "    order: random\n",
     "its list second was shown in another kind of order"},
    {"blocks: [6, 12]", "blocks: [6, 18]", "its lists were drawn in another way"},
    {"blocks: [6, 12]", "blocks: [6, 12], ratio: {smoking: 2, flying: 3}", "shares"},
    {"method: blocks, blocks: [6, 12], ", "method: simple, ",
     "its lists were drawn in another way"},
    {"list-order: random\n", "", "its lists were drawn in another way"},
    {"doubles: [{lists: [first, second], item: hidden, order: random}]\n", "", "other shares"},
};

static void what_was_asked_alike_stands_in_one_table(void **state)
{
    (void)state;
    struct study *of = parsed(NULL, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct combine c = {0};
        struct study *from = parsed(rows[i].from, rows[i].to);
        print_message("  %s\n", rows[i].to);
        assert_int_equal(combine_studies(of, from, &c), ERR_OK);
        assert_int_equal(c.may, rows[i].why == NULL);
        assert_true(c.may || strstr(c.why, rows[i].why) != NULL);
        combine_free(&c);
        study_free(from);
    }
    study_free(of);
}

/* Questions find their own answers, wherever they stand; a new one was not asked. */
static void questions_are_found_by_their_names(void **state)
{
    (void)state;
    struct combine c = {0};
    struct study *now =
        parsed("questions:\n", "questions:\n  - {id: age, type: integer, text: {en: Age?},"
                               " min: 18, max: 99}\n");
    struct study *before = parsed(NULL, NULL);
    assert_int_equal(combine_studies(now, before, &c), ERR_OK);
    assert_true(c.may);
    assert_int_equal(c.question[0], -1);
    for (size_t q = 1; q < now->questions; q++)
        assert_int_equal(c.question[q], q - 1);
    combine_free(&c);
    assert_int_equal(combine_studies(before, now, &c), ERR_OK);
    assert_true(c.may);
    for (size_t q = 0; q < before->questions; q++)
        assert_int_equal(c.question[q], q + 1);
    combine_free(&c);
    study_free(now);
    study_free(before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_asked_alike_stands_in_one_table),
        cmocka_unit_test(questions_are_found_by_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
