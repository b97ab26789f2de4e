#include "study_files.h"

static struct study *study_of_language(void)
{
    char *text = text_of("studies/whole-language.yaml");
    struct told t = {0};
    struct study *s = NULL;
    assert_int_equal(study_parse(bytes_of(text), hear, &t, &s), ERR_OK);
    free(text);
    return s;
}

static const char good[] = "id,label,region,target,weight,addresses\r\n"
                           "s-1,\"South, one\",south,10,1.25,30\r\n"
                           "\r\n"
                           "n-1,North,north,5,0.5,20\r\n"
                           "s-2,\"The \"\"second\"\"\",south,0,1,0\r\n";

static struct points *parsed(const char *csv, const struct study *s)
{
    struct told t = {0};
    struct points *p = NULL;
    enum err e = points_parse(bytes_of(csv), s, hear, &t, &p);
    for (size_t i = 0; i < t.count && i < TOLD_MAX; i++)
        print_message("%u: %s\n", t.one[i].line, t.one[i].what);
    assert_int_equal(e, ERR_OK);
    assert_int_equal(t.count, 0);
    return p;
}

static void points_are_found_with_their_values(void **state)
{
    struct study *s = study_of_language();
    struct points *p = parsed(good, s);
    (void)state;
    assert_int_equal(p->count, 3);
    assert_int_equal(points_find(p, "n-1"), 1);
    assert_int_equal(points_find(p, "n-2"), -1);
    assert_string_equal(points_value(p, 0, "label"), "South, one");
    assert_string_equal(points_value(p, 2, "label"), "The \"second\"");
    assert_null(points_value(p, 0, "colour"));
    assert_true(points_weight(p, 0, "weight") == 1.25);
    assert_true(points_weight(p, 0, NULL) == 1);
    points_free(p);
    study_free(s);
}

static void strata_are_numbered_in_the_order_of_their_names(void **state)
{
    struct study *s = study_of_language();
    struct points *p = parsed(good, s);
    (void)state;
    assert_int_equal(p->strata, 2);
    assert_string_equal(p->stratum[0], "north");
    assert_string_equal(p->stratum[1], "south");
    assert_int_equal(p->stratum_of[0], 2);
    assert_int_equal(p->stratum_of[1], 1);
    assert_int_equal(p->stratum_of[2], 2);
    points_free(p);

    char target[] = "target", region[] = "region", *both[] = {region, target};
    struct study two = *s;
    two.strata = both;
    two.stratas = 2;
    p = parsed(good, &two);
    assert_int_equal(p->strata, 3);
    assert_string_equal(p->stratum[1], "south / 0");
    points_free(p);
    two.stratas = 0;
    p = parsed(good, &two);
    assert_int_equal(p->strata, 1);
    assert_string_equal(p->stratum[0], "all");
    points_free(p);
    study_free(s);
}

static void a_byte_order_mark_is_no_part_of_the_header(void **state)
{
    struct study *s = study_of_language();
    (void)state;
    points_free(parsed("\xEF\xBB\xBFid,region\na,north\n", s));
    study_free(s);
}

static void each_mistake_is_reported_on_its_line(void **state)
{
    static const struct {
        const char *csv;
        unsigned line;
        const char *part;
    } bad[] = {
        {"", 0, "has no points"},
        {"id,region\n", 0, "has no points"},
        {"name,region\na,north\n", 1, "no column `id`"},
        {"id;region\na;north\n", 1, "not separated by commas"},
        {"id,region,id\na,north,b\n", 1, "the column `id` stands twice"},
        {"id,region,two words\na,north,b\n", 1, "cannot be the name of a column"},
        {"id,region\na,north\n\n,south\n", 4, "has no id"},
        {"id,region\na,north\nb,south\na,south\n", 4, "the id `a` stands twice (also on line 2)"},
        {"id,region\nabcdefghijklmnopqrstuvwxy,north\n", 2, "has 25 bytes"},
        {"id,region\na,north,3\n", 2, "has 3 cells where the header has 2"},
        {"id,region\na\n", 2, "has 1 cells where the header has 2"},
        {"id,region\na,\n", 2, "`region` is empty"},
        {"id,region\na,no\x01rth\n", 2, "hidden or not UTF-8"},
        {"id,region\na,no\xFFrth\n", 2, "hidden or not UTF-8"},
        {"id,region\na,no\xE2\x80\xAErth\n", 2, "hidden or not UTF-8"},
        {"id,region\na,\"nor\nth\"\n", 3, "hidden or not UTF-8"},
        {"id,region\na,\"north\n", 2, "does not end"},
        {"id,region\na,\"no\"rth\n", 2, "the quotes are wrong"},
        {"id,region,weight\na,north,0\n", 2, "`weight` must be a number above 0"},
        {"id,region,weight\na,north,\"1,5\"\n", 2, "`weight` must be a number above 0"},
        {"id,region,target\na,north,1.5\n", 2, "`target` must be a whole number"},
        {"id,region,addresses\na,north,-1\n", 2, "`addresses` must be a whole number"},
    };
    struct study *s = study_of_language();
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct told t = {0};
        struct points *p = NULL;
        enum err e = points_parse(bytes_of(bad[i].csv), s, hear, &t, &p);
        if (e != ERR_STUDY || t.count != 1 || t.one[0].line != bad[i].line ||
            strstr(t.one[0].what, bad[i].part) == NULL) {
            for (size_t k = 0; k < t.count && k < TOLD_MAX; k++)
                print_message("%u: %s\n", t.one[k].line, t.one[k].what);
            fail_msg("\"%s\": wanted only \"%s\" on line %u", bad[i].csv, bad[i].part, bad[i].line);
        }
        assert_null(p);
    }
    study_free(s);
}

static void all_mistakes_of_a_list_are_reported_in_order(void **state)
{
    struct study *s = study_of_language();
    struct told t = {0};
    struct points *p = NULL;
    (void)state;
    assert_int_equal(points_parse(bytes_of("id,region,weight\na,north,1\na,south,x\n,north,2\n"), s,
                                  hear, &t, &p),
                     ERR_STUDY);
    assert_int_equal(t.count, 3);
    assert_int_equal(t.one[0].line, 3);
    assert_int_equal(t.one[1].line, 3);
    assert_int_equal(t.one[2].line, 4);
    study_free(s);
}

/* Study and list together. */

static void check_together(const char *from, const char *to, const char *csv, const char *part,
                           const char *at)
{
    char *text = text_of("studies/whole-language.yaml");
    char *other = edited(text, from, to);
    struct told t = {0};
    struct study *s = NULL;
    assert_int_equal(study_parse(bytes_of(other), hear, &t, &s), ERR_OK);
    struct points *p = parsed(csv, s);
    enum err e = study_check_points(s, p, hear, &t);
    if (e != ERR_STUDY || t.count != 1 || strstr(t.one[0].what, part) == NULL ||
        t.one[0].line != line_with(other, at)) {
        for (size_t k = 0; k < t.count && k < TOLD_MAX; k++)
            print_message("%u: %s\n", t.one[k].line, t.one[k].what);
        fail_msg("\"%s\" -> \"%s\": wanted only \"%s\" on line %u", from, to, part,
                 line_with(other, at));
    }
    points_free(p);
    study_free(s);
    free(other);
    free(text);
}

static void a_study_and_its_list_that_fit_give_no_report(void **state)
{
    struct study *s = study_of_language();
    struct points *p = parsed(good, s);
    struct told t = {0};
    (void)state;
    assert_int_equal(study_check_points(s, p, hear, &t), ERR_OK);
    assert_int_equal(t.count, 0);
    points_free(p);
    study_free(s);
}

static void what_a_study_wants_of_its_list_must_be_there(void **state)
{
    static const char id[] = "study: ";
    (void)state;
    check_together("strata: [region]", "strata: [regions]", good, "`regions` is no column",
                   "strata:");
    check_together("media: web, region: south", "media: web, regions: south", good,
                   "`regions` is no earlier question and no column", "regions: south");
    check_together("media: web, region: south", "media: web, region: east", good,
                   "no point of `points.csv` has `east`", "region: east");
    check_together("points.weight", "points.target", good, "`s-2` has `0` as its `target`",
                   "base:");
    check_together("points.weight", "points.wait", good, "`wait` is no column", "base:");
    check_together("{north: 0.4, south: 0.6}", "{north: 0.4, east: 0.6}", good,
                   "no point of `points.csv` has `east`", "rake:");
    check_together("by: [gender, man, region]", "by: [gender, man, town]", good,
                   "`town` is no question, no derived column and no column", "analysis:");
    check_together("nonresponse: point", "nonresponse: [town]", good, "`town` is not `point`",
                   "base:");
    check_together(id, id, "id,region,weight\na,north,1\nb,south,1\n",
                   "`addresses` is needed for this sample", "sample:");
    check_together(id, id, "id,region,weight,addresses,age\na,north,1,1,x\nb,south,1,1,x\n",
                   "the question `age` is called like a column", "id: age");
}

static void strata_have_a_limit(void **state)
{
    struct buffer csv = {0};
    (void)state;
    buffer_printf(&csv, "id,region,weight,addresses,cell\n");
    for (int i = 0; i < STUDY_MAX_STRATA + 1; i++)
        buffer_printf(&csv, "p%d,%s,1,1,c%d\n", i, i % 2 ? "north" : "south", i);
    buffer_u8(&csv, 0);
    assert_false(csv.failed);
    check_together("strata: [region]", "strata: [cell]", (const char *)csv.p, "has 1025 strata",
                   "strata:");
    buffer_free(&csv);
}

static void damaged_lists_never_crash(void **state)
{
    static const char put[] = {'\0', '\n', '"', ',', '\r', '\x80', '\xE2', ' ', '9'};
    char *text = text_of("../../assets/studies/csto/points.csv");
    size_t len = strlen(text);
    struct study *s = study_of_language();
    (void)state;
    for (size_t i = 0; i < 2 * len; i++) {
        size_t keep = i < len ? i : len;
        uint8_t *copy = malloc(keep > 0 ? keep : 1);
        struct points *p = NULL;
        struct told t = {0};
        assert_non_null(copy);
        memcpy(copy, text, keep);
        if (i >= len)
            copy[i - len] = (uint8_t)put[i % sizeof put];
        enum err e = points_parse((struct bytes){copy, keep}, s, hear, &t, &p);
        assert_true(e == ERR_OK ? t.count == 0 : e == ERR_STUDY && t.count > 0 && p == NULL);
        points_free(p);
        free(copy);
    }
    study_free(s);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_are_found_with_their_values),
        cmocka_unit_test(strata_are_numbered_in_the_order_of_their_names),
        cmocka_unit_test(a_byte_order_mark_is_no_part_of_the_header),
        cmocka_unit_test(each_mistake_is_reported_on_its_line),
        cmocka_unit_test(all_mistakes_of_a_list_are_reported_in_order),
        cmocka_unit_test(a_study_and_its_list_that_fit_give_no_report),
        cmocka_unit_test(what_a_study_wants_of_its_list_must_be_there),
        cmocka_unit_test(strata_have_a_limit),
        cmocka_unit_test(damaged_lists_never_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
