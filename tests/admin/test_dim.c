#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "admin/estimate/estimate.h"
#include "core/log.h"

static char said[1024];

static void listen_in(void *ctx, const char *line)
{
    (void)ctx;
    snprintf(said, sizeof said, "%s", line);
}

static int start(void **state)
{
    (void)state;
    said[0] = '\0';
    log_to(listen_in, NULL);
    return 0;
}

/* ${n} rows; row i has arm i % arms and count 0, J = 4. */
static struct frame *frame_of(size_t n, size_t arms)
{
    static const char *const name[] = {NULL, "first", "second"};
    struct frame *f = NULL;
    assert_int_equal(frame_new(n, &f), ERR_OK);
    f->list = calloc(1, sizeof *f->list);
    f->lists = 1;
    struct frame_list *l = f->list;
    l->items = 4;
    l->arms = arms;
    l->arm = calloc(n, sizeof *l->arm);
    l->count = calloc(n, sizeof *l->count);
    for (size_t k = 1; k < arms; k++)
        l->sensitive[k] = strdup(name[k]);
    for (size_t i = 0; i < n; i++)
        l->arm[i] = (int8_t)(i % arms);
    return f;
}

/* Deterministic counts 0..4, one more now and then in treatment. */
static void fill_counts(struct frame *f)
{
    uint32_t x = 12345;
    for (size_t i = 0; i < f->n; i++) {
        x = x * 1664525u + 1013904223u;
        f->list->count[i] = (int16_t)((x >> 16) % 4 + (f->list->arm[i] > 0 && (x >> 24) % 2));
    }
}

static void add_groups(struct frame *f, const char *name, size_t groups)
{
    const char **text = calloc(f->n, sizeof *text);
    static const char *const level[] = {"a", "b", "c"};
    for (size_t i = 0; i < f->n; i++)
        text[i] = level[i / 2 % groups];
    assert_int_equal(frame_add_texts(f, name, text), ERR_OK);
    free(text);
}

static struct estimate_result *run(const struct frame *f, int by, bool small)
{
    struct estimate_options o = {.by = &by, .bys = by >= 0, .small = small};
    struct estimate_result *r = NULL;
    assert_int_equal(estimate_find("dim")->run(f, &o, &r), ERR_OK);
    assert_non_null(r);
    return r;
}

static bool warns(const struct estimate_result *r, const char *what)
{
    for (size_t i = 0; i < r->warnings; i++)
        if (strstr(r->warning[i], what) != NULL)
            return true;
    return false;
}

static void near(double got, double expected)
{
    if (!(fabs(got - expected) <= 1e-12 * fmax(1, fabs(expected))))
        fail_msg("%.17g is not %.17g", got, expected);
}

static void dim_agrees_with_a_table_worked_by_hand(void **state)
{
    (void)state;
    static const int16_t count[] = {1, 2, 2, 4, 3, 3};
    struct frame *f = frame_of(6, 2); /* control 1 2 3, treatment 2 4 3 */
    memcpy(f->list->count, count, sizeof count);
    struct estimate_result *r = run(f, -1, true);
    const struct estimate_group *g = &r->group[0];
    near(g->control_mean, 2);
    near(g->treatment_mean, 3);
    near(g->estimate, 1);
    near(g->se, sqrt(2.0 / 3));
    near(g->df, 4);
    /* t with 4 degrees of freedom: P(|T| > t) = 1 - u (3 - u^2) / 2 with u = t / sqrt(t^2 + 4) */
    double t = 1 / g->se, u = t / sqrt(t * t + 4);
    near(g->p_value, 1 - u * (3 - u * u) / 2);
    near(g->ci_high, 1 + 2.7764451051977987 * g->se);
    assert_string_equal(r->design, "srs");
    assert_true(isnan(r->weight_cv));
    estimate_free(r);
    frame_free(f);
}

static void dim_withholds_and_marks_small_groups(void **state)
{
    (void)state;
    struct frame *f = frame_of(56, 2); /* a: 28 rows and 14 an arm, b: likewise */
    fill_counts(f);
    add_groups(f, "sex", 2);
    for (size_t i = 0; i < 10; i++)
        if (i / 2 % 2 == 0)
            f->list->count[i] = ANSWER_REFUSED;               /* a: 11 an arm */
    f->list->count[12] = f->list->count[16] = ANSWER_REFUSED; /* a: 9 in control */
    struct estimate_result *r = run(f, 0, false);
    assert_true(r->group[1].withheld);
    assert_int_equal(r->group[1].n_control, 9);
    assert_true(isfinite(r->group[1].control_mean) && isnan(r->group[1].estimate));
    assert_true(isnan(r->group[1].p_value));
    assert_false(r->group[2].withheld);
    assert_true(r->group[2].marked);
    assert_true(warns(r, "Withheld, with fewer than 10 counts in an arm"));
    assert_true(warns(r, "not for reading alone: all respondents, sex = b."));
    assert_int_equal(r->tests, 1);
    assert_true(isnan(r->test[0].statistic) && r->test[0].df == 0);
    assert_true(warns(r, "no test of equality"));
    assert_int_equal(r->missing_control, 5);
    assert_true(warns(r, "missing for 5 in control (of 28) and 3 in treatment (of 28)"));
    estimate_free(r);
    r = run(f, 0, true);
    assert_false(r->group[1].withheld);
    assert_true(r->group[1].se > 0 && r->test[0].df == 1);
    estimate_free(r);
    frame_free(f);
}

static void dim_never_divides_by_nothing(void **state)
{
    (void)state;
    struct frame *f = frame_of(8, 2);
    for (size_t i = 0; i < 8; i++)
        f->list->count[i] = (int16_t)(2 + f->list->arm[i]); /* every arm the same count */
    add_groups(f, "sex", 2);
    f->list->count[1] = f->list->count[5] = ANSWER_DONT_KNOW; /* a: nobody left in treatment */
    f->list->count[3] = ANSWER_DONT_KNOW;                     /* b: one left */
    struct estimate_result *r = run(f, 0, true);
    assert_true(r->group[0].se == 0 || isnan(r->group[0].se));
    assert_int_equal(r->group[1].n_treatment, 0);
    assert_true(isnan(r->group[1].estimate) && isnan(r->group[1].se));
    near(r->group[2].estimate, 1);
    assert_true(isnan(r->group[2].se) && isnan(r->group[2].df) && isnan(r->group[2].p_value));
    assert_true(warns(r, "fewer than two counts in an arm: all respondents, sex = a, sex = b."));
    estimate_free(r);
    f->list->count[3] = 3;
    r = run(f, -1, true);
    assert_true(r->group[0].se == 0);
    assert_true(isnan(r->group[0].df) && isnan(r->group[0].ci_low) && isnan(r->group[0].p_value));
    assert_true(warns(r, "All counts of each arm are the same"));
    estimate_free(r);
    frame_free(f);
}

static void dim_keeps_impossible_control_counts_and_says_so(void **state)
{
    (void)state;
    struct frame *f = frame_of(80, 2);
    fill_counts(f);
    f->list->count[0] = f->list->count[2] = 5;
    struct estimate_result *r = run(f, -1, false);
    assert_int_equal(r->n_control, 40);
    assert_true(warns(r, "2 control counts are J + 1 = 5"));
    estimate_free(r);
    frame_free(f);
}

static void dim_says_what_lies_outside_0_to_1_and_shows_it(void **state)
{
    (void)state;
    struct frame *f = frame_of(80, 2);
    for (size_t i = 0; i < 80; i++)
        f->list->count[i] = (int16_t)(f->list->arm[i] == 0 ? i / 2 % 2 : 3 + i / 2 % 2);
    struct estimate_result *r = run(f, -1, false);
    near(r->group[0].estimate, 3);
    assert_true(warns(r, "all respondents: the estimate, 300.0%, lies outside 0 to 100%"));
    estimate_free(r);
    frame_free(f);
}

static void dim_counts_respondents_without_a_group(void **state)
{
    (void)state;
    struct frame *f = frame_of(120, 2);
    fill_counts(f);
    add_groups(f, "sex", 2);
    f->column[0].row[7] = f->column[0].row[8] = f->column[0].row[9] = FRAME_MISSING;
    f->rehearsal = true;
    struct estimate_result *r = run(f, 0, false);
    assert_true(warns(r, "sex: 3 respondents have no value"));
    assert_true(warns(r, "This is a rehearsal"));
    assert_int_equal(r->group[0].n, 120);
    assert_int_equal(r->group[1].n + r->group[2].n, 117);
    near(r->group[1].share + r->group[2].share, 1);
    estimate_free(r);
    frame_free(f);
}

static void dim_gives_one_row_and_one_test_an_item(void **state)
{
    (void)state;
    struct frame *f = frame_of(360, 3);
    fill_counts(f);
    add_groups(f, "sex", 2);
    struct estimate_result *r = run(f, 0, false);
    assert_int_equal(r->groups, 6);
    assert_int_equal(r->tests, 2);
    assert_string_equal(r->group[3].item_name, "second");
    assert_int_equal(r->group[1].n_treatment, 120);
    assert_int_equal(r->n_treatment, 240);
    for (size_t k = 0; k < 2; k++) { /* two groups: the square of z */
        const struct estimate_group *a = &r->group[2 + k], *b = &r->group[4 + k];
        double d = a->estimate - b->estimate;
        near(r->test[k].statistic, d * d / (a->se * a->se + b->se * b->se));
    }
    estimate_free(r);
    frame_free(f);
}

static void dim_refuses_more_than_fifty_groups(void **state)
{
    (void)state;
    struct frame *f = frame_of(102, 2);
    char name[51][4];
    const char *text[102];
    for (size_t i = 0; i < 102; i++) {
        snprintf(name[i / 2], sizeof name[0], "%u", (unsigned)(i / 2) % 100);
        text[i] = name[i / 2];
    }
    assert_int_equal(frame_add_texts(f, "age", text), ERR_OK);
    int by = 0;
    struct estimate_options o = {.by = &by, .bys = 1};
    struct estimate_result *r = NULL;
    assert_int_equal(estimate_find("dim")->run(f, &o, &r), ERR_USAGE);
    assert_null(r);
    assert_non_null(strstr(said, "--by age: 51 groups"));
    frame_free(f);
}

/* Points of 4 rows, ${strata} strata of the same number of points. */
static void add_points(struct frame *f, size_t strata)
{
    f->psus = f->n / 4;
    f->strata = strata;
    f->psu = calloc(f->n, sizeof *f->psu);
    f->stratum = calloc(f->n, sizeof *f->stratum);
    f->weight = calloc(f->n, sizeof *f->weight);
    for (size_t i = 0; i < f->n; i++) {
        f->psu[i] = (int32_t)(i / 4);
        f->stratum[i] = (int32_t)(i / 4 % strata);
        f->weight[i] = 1 + (double)(i % 5) / 4;
    }
}

/* Linearised value of row ${i} in the domain of ${level} (-1: all), from its definition. */
static double linearised(const struct frame *f, int level, size_t i)
{
    double w[2] = {0}, wy[2] = {0};
    const int32_t *row = level >= 0 ? f->column[0].row : NULL;
    if (row != NULL && row[i] != level)
        return 0;
    for (size_t j = 0; j < f->n; j++) {
        if (row != NULL && row[j] != level)
            continue;
        w[f->list->arm[j]] += f->weight[j];
        wy[f->list->arm[j]] += f->weight[j] * f->list->count[j];
    }
    int arm = f->list->arm[i];
    double u = f->weight[i] * (f->list->count[i] - wy[arm] / w[arm]) / w[arm];
    return arm == 1 ? u : -u;
}

/* Covariance of two domains, point by point. */
static double covariance(const struct frame *f, int a, int b)
{
    double sum = 0;
    for (size_t h = 0; h < f->strata; h++) {
        double ta[64] = {0}, tb[64] = {0}, ma = 0, mb = 0;
        size_t n = 0;
        for (size_t c = 0; c < f->psus; c++) {
            if (c % f->strata != h)
                continue;
            for (size_t i = 4 * c; i < 4 * c + 4; i++) {
                ta[n] += linearised(f, a, i);
                tb[n] += linearised(f, b, i);
            }
            ma += ta[n];
            mb += tb[n++];
        }
        for (size_t c = 0; c < n; c++) {
            double product =
                n > 1 ? (ta[c] - ma / (double)n) * (tb[c] - mb / (double)n) : ta[c] * tb[c];
            sum += n > 1 ? product * (double)n / (double)(n - 1) : product;
        }
    }
    return sum;
}

static void dim_linearises_over_points_and_keeps_the_covariance_of_groups(void **state)
{
    (void)state;
    struct frame *f = frame_of(160, 2);
    fill_counts(f);
    add_groups(f, "sex", 2);
    add_points(f, 4);
    struct estimate_result *r = run(f, 0, false);
    assert_string_equal(r->design, "clustered");
    assert_string_equal(r->se_type, "taylor");
    assert_int_equal(r->n_psu, 40);
    near(r->weight_cv, sqrt(0.125) / 1.5); /* 1, 1.25, 1.5, 1.75 and 2, equally often */
    near(r->group[0].se, sqrt(covariance(f, -1, -1)));
    near(r->group[0].df, 36);
    near(r->group[1].se, sqrt(covariance(f, 0, 0)));
    near(r->group[2].se, sqrt(covariance(f, 1, 1)));
    double v = covariance(f, 0, 0) + covariance(f, 1, 1) - 2 * covariance(f, 0, 1);
    double d = r->group[1].estimate - r->group[2].estimate;
    assert_true(fabs(covariance(f, 0, 1)) > 1e-6); /* else this shows nothing */
    near(r->test[0].statistic, d * d / v);
    estimate_free(r);
    frame_free(f);
}

/* Index of a coefficient, as its equation and term name it. */
static size_t coefficient(const struct estimate_result *r, const char *equation, const char *term)
{
    for (size_t i = 0; i < r->coefficients; i++)
        if (strcmp(r->coefficient[i].equation, equation) == 0 &&
            strcmp(r->coefficient[i].term, term) == 0)
            return i;
    fail_msg("no coefficient %s.%s", equation, term);
    return 0;
}

static void dim_has_one_covariance_matrix_over_arms_and_groups(void **state)
{
    (void)state;
    struct frame *f = frame_of(160, 2);
    fill_counts(f);
    add_groups(f, "sex", 2);
    add_points(f, 4);
    struct estimate_result *r = run(f, 0, false);
    size_t k = r->coefficients, all = coefficient(r, "sensitive", "(Intercept)");
    size_t a = coefficient(r, "sensitive", "sex=a"), b = coefficient(r, "sensitive", "sex=b");
    size_t base = coefficient(r, "control", "sex=a");
    assert_int_equal(k, 6);
    assert_true(r->repeated);
    near(r->vcov[a * k + b], covariance(f, 0, 1));
    near(r->vcov[b * k + a], covariance(f, 0, 1));
    near(r->vcov[all * k + a], covariance(f, -1, 0));
    near(r->vcov[a * k + a], covariance(f, 0, 0));
    near(r->coefficient[a].estimate, r->group[1].estimate);
    near(r->coefficient[base].estimate, r->group[1].control_mean);
    assert_true(r->vcov[base * k + a] < 0);
    estimate_free(r);
    f->weight[0] = 1; /* without a design: groups that share nobody are independent */
    struct estimate_options o = {.by = (int[]){0}, .bys = 1, .unweighted = true};
    assert_int_equal(estimate_find("dim")->run(f, &o, &r), ERR_OK);
    assert_true(r->vcov[a * k + b] == 0);
    near(r->vcov[base * k + a], -r->vcov[base * k + base]);
    near(r->vcov[all * k + all], r->group[0].se * r->group[0].se);
    estimate_free(r);
    frame_free(f);
}

static void dim_adjusts_the_prespecified_tests_by_holm(void **state)
{
    (void)state;
    struct frame *f = frame_of(240, 2);
    int by[3] = {0, 1, 2};
    fill_counts(f);
    add_groups(f, "one", 2);
    add_groups(f, "two", 3);
    add_groups(f, "other", 2);
    for (size_t i = 0; i < f->n; i++) /* the two ways to cut in two differ */
        f->column[2].row[i] = (int32_t)(i / 7 % 2);
    f->archive = true;
    f->column[0].prespecified = f->column[1].prespecified = true;
    struct estimate_options o = {.by = by, .bys = 3};
    struct estimate_result *r = NULL;
    assert_int_equal(estimate_find("dim")->run(f, &o, &r), ERR_OK);
    double p = r->test[0].p_value, q = r->test[1].p_value;
    double low = p < q ? p : q, high = p < q ? q : p, first = fmin(1, 2 * low);
    near(p < q ? r->test[0].p_holm : r->test[1].p_holm, first);
    near(p < q ? r->test[1].p_holm : r->test[0].p_holm, fmax(first, high));
    assert_true(isnan(r->test[2].p_holm));
    assert_false(warns(r, "Holm"));
    estimate_free(r);
    o.bys = 1;
    assert_int_equal(estimate_find("dim")->run(f, &o, &r), ERR_OK);
    assert_true(warns(r, "the study also pre-specifies two"));
    estimate_free(r);
    frame_free(f);
}

static void dim_tests_missing_counts_by_arm(void **state)
{
    (void)state;
    struct frame *f = frame_of(40, 2);
    fill_counts(f);
    for (size_t i = 0; i < 5; i++)
        f->list->count[2 * i + 1] = FRAME_NO_REASON; /* 5 of 20 in treatment, none in control */
    struct estimate_result *r = run(f, -1, false);
    assert_int_equal(r->named_tests, 1);
    assert_string_equal(r->named_test[0].name, "missing counts by arm");
    near(r->named_test[0].statistic, 40.0 * 100 * 100 / (20.0 * 20 * 5 * 35));
    near(r->named_test[0].df, 1);
    near(r->named_test[0].p_value, 2 * 15504.0 / 658008); /* twice C(20,5) / C(40,5) */
    estimate_free(r);
    add_points(f, 1);
    r = run(f, -1, false);
    near(r->named_test[0].df2, 9);
    assert_true(r->named_test[0].p_value > 0 && r->named_test[0].p_value < 1);
    estimate_free(r);
    frame_free(f);
}

static void dim_refuses_covariates_that_say_the_same(void **state)
{
    (void)state;
    struct frame *f = frame_of(120, 2);
    struct estimate_result *r = NULL;
    double *number[2];
    fill_counts(f);
    for (size_t k = 0; k < 2; k++) {
        number[k] = calloc(f->n, sizeof **number);
        for (size_t i = 0; i < f->n; i++)
            number[k][i] = (double)(i % 7) * (k > 0 ? 2 : 1);
        assert_int_equal(frame_add_numbers(f, k > 0 ? "twice" : "age", number[k]), ERR_OK);
    }
    struct estimate_options o = {.covariates = "age,twice"};
    assert_int_equal(estimate_find("dim")->run(f, &o, &r), ERR_STUDY);
    assert_non_null(strstr(said, "combinations of one another"));
    o.covariates = "age";
    assert_int_equal(estimate_find("dim")->run(f, &o, &r), ERR_OK);
    assert_string_equal(r->se_type, "hc2");
    near(r->group[0].df, 116);
    estimate_free(r);
    frame_free(f);
}

static void dim_counts_the_points_that_carry_a_group(void **state)
{
    (void)state;
    struct frame *f = frame_of(160, 2);
    const char *text[160];
    fill_counts(f);
    for (size_t i = 0; i < 160; i++)
        text[i] = i < 40 ? "a" : "b"; /* a: the first 10 points, in all 4 strata */
    assert_int_equal(frame_add_texts(f, "city", text), ERR_OK);
    add_points(f, 4);
    struct estimate_result *r = run(f, 0, false);
    near(r->group[1].df, 6);
    near(r->group[2].df, 26);
    near(r->group[1].se, sqrt(covariance(f, 0, 0))); /* the other points stay in, as zeros */
    estimate_free(r);
    frame_free(f);
}

static void dim_warns_of_lone_and_split_points(void **state)
{
    (void)state;
    struct frame *f = frame_of(84, 2);
    fill_counts(f);
    add_points(f, 20); /* 21 points: stratum 0 has two, the others one */
    struct estimate_result *r = run(f, -1, false);
    assert_true(warns(r, "19 strata have a single sampling point"));
    near(r->group[0].se, sqrt(covariance(f, -1, -1)));
    near(r->group[0].df, 1);
    estimate_free(r);
    f->psu[4] = f->psu[0];
    r = run(f, -1, false);
    assert_true(warns(r, "1 point names occur in more than one stratum"));
    assert_int_equal(r->n_psu, 22);
    estimate_free(r);
    frame_free(f);
}

static void dim_gives_no_standard_error_without_degrees_of_freedom(void **state)
{
    (void)state;
    struct frame *f = frame_of(80, 2);
    fill_counts(f);
    add_points(f, 20);
    struct estimate_result *r = run(f, -1, false);
    assert_true(isnan(r->group[0].se) && isnan(r->group[0].ci_low) && !isnan(r->group[0].estimate));
    assert_true(warns(r, "no more sampling points than strata"));
    estimate_free(r);
    frame_free(f);
}

static void dim_refuses_weights_that_are_none(void **state)
{
    (void)state;
    static const double bad[] = {0, -1, NAN, INFINITY};
    struct estimate_options o = {0};
    struct frame *f = frame_of(80, 2);
    fill_counts(f);
    add_points(f, 4);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct estimate_result *r = NULL;
        f->weight[6] = bad[i];
        assert_int_equal(estimate_find("dim")->run(f, &o, &r), ERR_STUDY);
        assert_null(r);
        assert_non_null(strstr(said, "row 7: its weight"));
    }
    o.unweighted = true;
    struct estimate_result *r = NULL;
    assert_int_equal(estimate_find("dim")->run(f, &o, &r), ERR_OK);
    assert_string_equal(r->design, "srs");
    estimate_free(r);
    frame_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(dim_agrees_with_a_table_worked_by_hand, start),
        cmocka_unit_test_setup(dim_withholds_and_marks_small_groups, start),
        cmocka_unit_test_setup(dim_never_divides_by_nothing, start),
        cmocka_unit_test_setup(dim_keeps_impossible_control_counts_and_says_so, start),
        cmocka_unit_test_setup(dim_says_what_lies_outside_0_to_1_and_shows_it, start),
        cmocka_unit_test_setup(dim_counts_respondents_without_a_group, start),
        cmocka_unit_test_setup(dim_gives_one_row_and_one_test_an_item, start),
        cmocka_unit_test_setup(dim_refuses_more_than_fifty_groups, start),
        cmocka_unit_test_setup(dim_linearises_over_points_and_keeps_the_covariance_of_groups,
                               start),
        cmocka_unit_test_setup(dim_counts_the_points_that_carry_a_group, start),
        cmocka_unit_test_setup(dim_has_one_covariance_matrix_over_arms_and_groups, start),
        cmocka_unit_test_setup(dim_adjusts_the_prespecified_tests_by_holm, start),
        cmocka_unit_test_setup(dim_tests_missing_counts_by_arm, start),
        cmocka_unit_test_setup(dim_refuses_covariates_that_say_the_same, start),
        cmocka_unit_test_setup(dim_warns_of_lone_and_split_points, start),
        cmocka_unit_test_setup(dim_gives_no_standard_error_without_degrees_of_freedom, start),
        cmocka_unit_test_setup(dim_refuses_weights_that_are_none, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
