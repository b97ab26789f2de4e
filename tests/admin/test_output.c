#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uniwidth.h>
#include <cmocka.h>

#include "admin/output/csv.h"
#include "admin/output/json.h"
#include "admin/output/result.h"
#include "admin/output/text_table.h"
#include "core/log.h"

static void quiet(void *ctx, const char *line)
{
    (void)ctx;
    (void)line;
}

static int start(void **state)
{
    (void)state;
    log_to(quiet, NULL);
    return 0;
}

static struct estimate_group group[] = {
    {.by = -1,
     .item = 1,
     .item_name = "csto",
     .share = 1,
     .n = 400,
     .n_control = 197,
     .n_treatment = 203,
     .control_mean = 2.75,
     .treatment_mean = 1.0 / 3,
     .estimate = 1,
     .se = 0.1,
     .df = 380,
     .ci_low = -0.5,
     .ci_high = 1.25,
     .p_value = 1e-9,
     .prespecified = true},
    {.by = 0,
     .item = 1,
     .item_name = "csto",
     .by_name = "region",
     .value = "1",
     .value_label = "Алматы",
     .share = 0.5,
     .n = 45,
     .n_control = 20,
     .n_treatment = 25,
     .control_mean = 2,
     .treatment_mean = 2.5,
     .estimate = 0.5,
     .se = 0.25,
     .df = 40,
     .ci_low = -0.01,
     .ci_high = 1.01,
     .p_value = 0.052,
     .marked = true},
    {.by = 0,
     .item = 1,
     .item_name = "csto",
     .by_name = "region",
     .value = "2",
     .value_label = "a very long label of a region, longer than the page allows \x1b[31m",
     .share = 0.5,
     .n = 12,
     .n_control = 5,
     .n_treatment = 7,
     .control_mean = NAN,
     .treatment_mean = NAN,
     .estimate = NAN,
     .se = NAN,
     .df = NAN,
     .ci_low = NAN,
     .ci_high = NAN,
     .p_value = NAN,
     .withheld = true,
     .marked = true},
};
static struct estimate_test test[] = {{.by = 0,
                                       .item = 1,
                                       .by_name = "region",
                                       .item_name = "csto",
                                       .statistic = NAN,
                                       .p_value = NAN}};
static char first_warning[] =
    "A sentence that is long enough to be broken into two lines, at least if "
    "eighty columns are all there is.";
static char *warning[] = {first_warning};

static struct estimate_result sample(void)
{
    return (struct estimate_result){.method = "dim",
                                    .list = "policies",
                                    .items = 4,
                                    .arms = 2,
                                    .archive = true,
                                    .design = "clustered",
                                    .se_type = "taylor",
                                    .n = 400,
                                    .n_control = 197,
                                    .n_treatment = 203,
                                    .n_psu = 40,
                                    .weight_cv = 0.5,
                                    .group = group,
                                    .groups = 3,
                                    .test = test,
                                    .tests = 1,
                                    .warning = warning,
                                    .warnings = 1};
}

static void json_has_17_digits_and_null_for_what_is_absent(void **state)
{
    (void)state;
    struct buffer b = {0};
    struct estimate_result r = sample();
    assert_int_equal(json_result(&r, NULL, "", &b), ERR_OK);
    buffer_u8(&b, 0);
    json_t *o = json_loads((const char *)b.p, 0, NULL);
    assert_non_null(o);
    json_t *groups = json_object_get(o, "groups");
    assert_true(json_is_null(json_object_get(o, "hide")));
    assert_int_equal(json_integer_value(json_object_get(o, "n_psu")), 40);
    json_t *all = json_array_get(groups, 0), *withheld = json_array_get(groups, 2);
    assert_true(json_is_null(json_object_get(all, "by")));
    assert_true(json_is_null(json_object_get(all, "value")));
    assert_true(json_real_value(json_object_get(all, "treatment_mean")) == 1.0 / 3);
    assert_true(json_real_value(json_object_get(all, "estimate")) == 1);
    assert_true(json_is_true(json_object_get(all, "prespecified")));
    static const char *const absent[] = {"estimate", "se", "df", "ci_low", "ci_high", "p_value"};
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
        assert_true(json_is_null(json_object_get(withheld, absent[i])));
    assert_true(json_is_true(json_object_get(withheld, "withheld")));
    assert_string_equal(json_string_value(json_object_get(withheld, "value")), "2");
    json_t *t = json_array_get(json_object_get(o, "tests"), 0);
    assert_true(json_is_null(json_object_get(t, "statistic")));
    assert_true(json_is_null(json_object_get(t, "df")));
    assert_null(strstr((const char *)b.p, "nan"));
    json_decref(o);
    buffer_free(&b);
}

static char word[][24] = {"sensitive", "(Intercept)", "control", "region_2", "male=1 & a_b",
                          "placebo I", "F",           "rho",     "condition"};
static struct estimate_coefficient coefficient[] = {
    {word[0], word[1], 0.25, 0.125, 2, 0.0455},
    {word[2], word[3], -1e-5, 0.5, -2e-5, 0.99998},
};
static struct estimate_prevalence prevalence[] = {{word[4], 1, 0.5, 0.05, 0.4, 0.6}};
static struct estimate_named_test named[] = {{word[5], 3.5, 2, 0.17, NAN},
                                             {word[6], 1.5, 2, 0.23, 55.5}};
static struct estimate_number numbers[] = {{word[7], 0.15}, {word[8], NAN}};
static double covariance[] = {0.015625, 0.001, 0.001, 0.25}, maximum[] = {-250.5};

static struct estimate_result model(void)
{
    struct estimate_result r = sample();
    r.coefficient = coefficient;
    r.coefficients = 2;
    r.vcov = covariance;
    r.fitted = true;
    r.loglik = -240.25;
    r.iterations = 7;
    r.starts = 8;
    r.reached = 6;
    r.other_maxima = maximum;
    r.others = 1;
    r.prevalence = prevalence;
    r.prevalences = 1;
    r.named_test = named;
    r.named_tests = 2;
    r.number = numbers;
    r.numbers = 2;
    r.fit_seconds = 0.001;
    return r;
}

static void json_names_coefficients_as_the_reference_does(void **state)
{
    (void)state;
    struct buffer b = {0};
    struct estimate_result r = model(), plain = sample();
    assert_int_equal(json_result(&r, &plain, "", &b), ERR_OK);
    buffer_u8(&b, 0);
    json_t *o = json_loads((const char *)b.p, 0, NULL), *v = json_object_get(o, "vcov");
    json_t *c = json_array_get(json_object_get(o, "coefficients"), 1);
    assert_string_equal(json_string_value(json_object_get(c, "equation")), "control");
    assert_string_equal(json_string_value(json_object_get(c, "term")), "region_2");
    assert_true(json_real_value(json_object_get(c, "estimate")) == -1e-5);
    assert_string_equal(json_string_value(json_array_get(json_object_get(v, "names"), 0)),
                        "sensitive.(Intercept)");
    json_t *row = json_array_get(json_object_get(v, "matrix"), 1);
    assert_true(json_real_value(json_array_get(row, 1)) == 0.25);
    assert_true(json_real_value(json_object_get(o, "loglik")) == -240.25);
    assert_true(json_is_true(json_object_get(o, "converged")));
    assert_int_equal(json_integer_value(json_object_get(o, "starts")), 8);
    assert_int_equal(json_array_size(json_object_get(o, "tests")), 1);
    json_t *f = json_array_get(json_object_get(o, "named_tests"), 1);
    assert_true(json_real_value(json_object_get(f, "df2")) == 55.5);
    assert_true(json_is_null(json_object_get(json_object_get(o, "numbers"), "condition")));
    assert_true(json_real_value(json_object_get(json_object_get(o, "prevalence"), "estimate")) ==
                1);
    assert_true(json_is_object(json_object_get(o, "unweighted")));
    json_decref(o);
    buffer_free(&b);
}

/* What a format writes of the model, as a text to be freed. */
static char *written(const char *format)
{
    struct buffer b = {0};
    struct estimate_result r = model(), plain = sample();
    assert_int_equal(result_format_find(format)->write(&r, &plain, "a method", &b), ERR_OK);
    buffer_u8(&b, 0);
    assert_null(strstr((const char *)b.p, "nan"));
    return (char *)b.p;
}

static void holds(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("%s is not in:\n%s", part, text);
}

static void every_format_writes_the_whole_result(void **state)
{
    (void)state;
    char *text = written("text"), *csv = written("csv"), *tex = written("latex"),
         *md = written("markdown");
    holds(text, "sensitive  (Intercept)    0.2500  0.1250  2.00  0.045");
    holds(text, "placebo I");
    holds(text, "starts that came to this maximum     6 of 8");
    holds(csv, "dim,policies,coefficient,control,region_2,,,,,,,,,,,-1e-05,0.5,,,-2e-05,0.99998");
    holds(csv, "dim,policies,test,,,,,,F,,,,,,,,,2,55.5,1.5,0.23,,,");
    holds(csv, "dim,policies,unweighted,");
    holds(tex, "control & region\\_2 & -1e-05 & 0.5000 & 0.00 & 1.000 \\\\\n");
    holds(tex, "male=1 \\& a\\_b & 50.0 & 5.0 & 40.0 to 60.0");
    holds(tex, "\\begin{tabular}{lrrrrrrrr}");
    holds(md, "| control | region\\_2 | -1e-05 |");
    holds(md, "| :--- | :--- | ---: | ---: | ---: | ---: |");
    holds(md, "Unweighted, as simple random sample: 100.0% (SE 10.0).");
    free(text);
    free(csv);
    free(tex);
    free(md);
    assert_null(result_format_find("pdf"));
}

static void text_table_fits_the_page_in_every_script(void **state)
{
    (void)state;
    struct buffer b = {0};
    struct estimate_result r = sample();
    assert_int_equal(text_table(&r, &r, "difference in means", &b), ERR_OK);
    buffer_u8(&b, 0);
    char *rest = NULL, *text = (char *)b.p;
    assert_null(strchr(text, '\x1b'));
    assert_non_null(strstr(text, "unweighted, as simple random sample: 100.0% (SE 10.0)"));
    assert_non_null(strstr(text, "region (exploratory)"));
    int table_width = 0, rows = 0;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        int w = u8_strwidth((const uint8_t *)line, "UTF-8");
        assert_true(w <= 100);
        bool row = strncmp(line, "all ", 4) == 0 || strstr(line, "Алматы") != NULL ||
                   strncmp(line, " a very long", 12) == 0;
        if (!row)
            continue;
        assert_true(rows++ == 0 || w == table_width);
        table_width = w;
    }
    assert_int_equal(rows, 3);
    buffer_free(&b);
}

static void text_table_keeps_to_80_columns_with_short_labels(void **state)
{
    (void)state;
    struct buffer b = {0};
    struct estimate_result r = sample();
    r.groups = 2;
    assert_int_equal(text_table(&r, NULL, "difference in means", &b), ERR_OK);
    buffer_u8(&b, 0);
    char *rest = NULL;
    assert_null(strstr((char *)b.p, "unweighted"));
    for (char *line = strtok_r((char *)b.p, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest))
        assert_true(u8_strwidth((const uint8_t *)line, "UTF-8") <= 80);
    buffer_free(&b);
}

static struct frame *archive_frame(void)
{
    struct frame *f = NULL;
    const char *point[] = {"p1", "p2", "p1"}, *note[] = {"=1+1", "a, \"b\"", "-3"};
    const char *gender[] = {"1", NULL, "2"}, *university[] = {"0", NULL, "1"};
    assert_int_equal(frame_new(3, &f), ERR_OK);
    assert_int_equal(frame_add_texts(f, "gender", gender), ERR_OK);
    assert_int_equal(frame_add_texts(f, "university", university), ERR_OK);
    assert_int_equal(frame_add_texts(f, "point", point), ERR_OK);
    assert_int_equal(frame_add_texts(f, "note", note), ERR_OK);
    f->column[0].why = calloc(3, 1);
    f->column[0].why[1] = ANSWER_REFUSED;
    f->column[0].label = strdup("@Your gender?");
    f->column[1].role = FRAME_DERIVED;
    f->column[2].role = f->column[3].role = FRAME_POINT;
    f->archive = true;
    f->id = calloc(3, sizeof *f->id);
    static const char *const id[] = {"c3", "a1", "b2"};
    for (size_t i = 0; i < 3; i++)
        f->id[i] = strdup(id[i]);
    f->list = calloc(1, sizeof *f->list);
    f->lists = 1;
    struct frame_list *l = f->list;
    l->id = strdup("policies");
    l->items = 4;
    l->arms = 2;
    l->sensitive[1] = strdup("csto");
    l->arm = calloc(3, sizeof *l->arm);
    l->count = calloc(3, sizeof *l->count);
    l->arm[0] = 1;
    l->arm[1] = FRAME_MISSING;
    l->count[0] = 5;
    l->count[1] = ANSWER_NOT_ASKED;
    l->count[2] = ANSWER_REFUSED;
    f->weight = calloc(3, sizeof *f->weight);
    f->weight[0] = f->weight[2] = 1;
    f->weight[1] = 1.0 / 3;
    return f;
}

static void csv_export_writes_columns_codes_and_rows_in_their_order(void **state)
{
    (void)state;
    struct buffer b = {0};
    struct frame *f = archive_frame();
    assert_int_equal(csv_export_frame(f, &b), ERR_OK);
    buffer_u8(&b, 0);
    assert_string_equal((char *)b.p,
                        "id,point,note,policies_treat,policies_y,policies_y_missing,policies_items,"
                        "gender,university,weight\r\n"
                        "a1,p2,\"a, \"\"b\"\"\",,,-3,4,-2,,0.3333333333333333\r\n"
                        "b2,p1,-3,0,,-2,4,2,1,1\r\n"
                        "c3,p1,'=1+1,1,5,,4,1,0,1\r\n");
    frame_free(f);
    buffer_free(&b);
}

static void csv_export_explains_every_code(void **state)
{
    (void)state;
    struct buffer b = {0};
    struct frame *f = archive_frame();
    assert_int_equal(csv_export_codebook(f, &b), ERR_OK);
    buffer_u8(&b, 0);
    static const char *const wanted[] = {
        "variable,label,code,meaning,missing\r\n",
        "policies_treat,arm of the list experiment,1,csto,0\r\n",
        "policies_y_missing,why the count is missing,-2,refused,1\r\n",
        "gender,'@Your gender?,-3,not asked,1\r\n",
        "gender,'@Your gender?,2,2,0\r\n",
        "apostrophe"};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        assert_non_null(strstr((char *)b.p, wanted[i]));
    frame_free(f);
    buffer_free(&b);
}

static void csv_export_refuses_two_columns_of_one_name(void **state)
{
    (void)state;
    struct buffer b = {0};
    const char *text[] = {"1", "2", "3"};
    struct frame *f = archive_frame();
    assert_int_equal(frame_add_texts(f, "policies_y", text), ERR_OK);
    assert_int_equal(csv_export_frame(f, &b), ERR_STUDY);
    assert_int_equal(b.len, 0);
    frame_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(json_has_17_digits_and_null_for_what_is_absent, start),
        cmocka_unit_test_setup(json_names_coefficients_as_the_reference_does, start),
        cmocka_unit_test_setup(every_format_writes_the_whole_result, start),
        cmocka_unit_test_setup(text_table_fits_the_page_in_every_script, start),
        cmocka_unit_test_setup(text_table_keeps_to_80_columns_with_short_labels, start),
        cmocka_unit_test_setup(csv_export_writes_columns_codes_and_rows_in_their_order, start),
        cmocka_unit_test_setup(csv_export_explains_every_code, start),
        cmocka_unit_test_setup(csv_export_refuses_two_columns_of_one_name, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
