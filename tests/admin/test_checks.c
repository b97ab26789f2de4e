/* Checks of how a list was shown: by its position and by the language of its card. */
#include "tests/admin/frames.h"

#include <stdio.h>

#include "admin/estimate/checks.h"
#include "core/log.h"

enum { N = 2400 };

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

/* Lists at three positions, in two languages; in treatment counts rise with ${effect} by position.
 */
static struct frame *shown(size_t arms, double effect, double by_language)
{
    struct frames_chance c = {11};
    struct frame *f = frames_new(N, 4, arms, 1);
    struct frame_list *l = f->list;
    l->position = calloc(N, 1);
    l->language = calloc(N, 1);
    f->language = calloc(2, sizeof *f->language);
    assert_true(l->position != NULL && l->language != NULL && f->language != NULL);
    f->language[f->languages++] = strdup("ru");
    f->language[f->languages++] = strdup("kk");
    for (size_t i = 0; i < N; i++) {
        l->arm[i] = (int8_t)(frames_uniform(&c) * (double)arms);
        l->position[i] = (int8_t)(frames_uniform(&c) * 3);
        l->language[i] = (int8_t)(frames_uniform(&c) * 2);
        double share = 0.3 + effect * l->position[i];
        l->count[i] = (int16_t)(frames_binomial(&c, 4, 0.4 + by_language * l->language[i]) +
                                (l->arm[i] > 0 && frames_uniform(&c) < share));
    }
    return f;
}

static struct estimate_result *checked(const struct frame *f)
{
    struct estimate_result *r = NULL;
    struct estimate_options o = {.seed = 1};
    assert_int_equal(checks_run(f, &o, &r), ERR_OK);
    return r;
}

static const struct estimate_named_test *test_of(const struct estimate_result *r, const char *name)
{
    for (size_t i = 0; i < r->named_tests; i++)
        if (strcmp(r->named_test[i].name, name) == 0)
            return &r->named_test[i];
    return NULL;
}

static double number_of(const struct estimate_result *r, const char *name)
{
    for (size_t i = 0; i < r->numbers; i++)
        if (strcmp(r->number[i].name, name) == 0)
            return r->number[i].value;
    fail_msg("there is no number %s", name);
    return NAN;
}

static void a_difference_is_found_where_it_is(void **state)
{
    (void)state;
    struct frame *f = shown(2, 0.3, 0);
    struct estimate_result *r = checked(f);
    assert_true(test_of(r, "order of lists, difference in means")->p_value < 1e-6);
    assert_true(test_of(r, "order of lists, control mean")->p_value > 0.01);
    assert_true(test_of(r, "language of the card, difference in means")->p_value > 0.01);
    assert_true(frames_warns(r, "order of lists, difference in means: differs by position"));
    estimate_free(r);
    frame_free(f);

    f = shown(2, 0, 0.1);
    r = checked(f);
    assert_true(test_of(r, "language of the card, control mean")->p_value < 1e-6);
    assert_true(test_of(r, "language of the card, difference in means")->p_value > 0.01);
    assert_true(test_of(r, "order of lists, difference in means")->p_value > 0.01);
    assert_true(test_of(r, "order of lists, control mean")->p_value > 0.01);
    assert_true(frames_warns(r, "language of the card, control mean: differs by language"));
    estimate_free(r);
    frame_free(f);
}

/* The position as a column of the frame, by which dim compares groups. */
static void same_as_dim(struct frame *f, const char *const *item)
{
    double place[N];
    for (size_t i = 0; i < N; i++)
        place[i] = f->list->position[i] + 1;
    frames_numbers(f, "place", place);
    struct estimate_result *r = checked(f), *d = NULL;
    const int by = frame_find(f, "place");
    struct estimate_options o = {.by = &by, .bys = 1};
    assert_int_equal(estimate_find("dim")->run(f, &o, &d), ERR_OK);
    assert_int_equal(d->tests, f->list->arms - 1);
    for (size_t k = 0; k < d->tests; k++) {
        char name[100];
        snprintf(name, sizeof name, "order of lists, difference in means%s", item[k]);
        const struct estimate_named_test *t = test_of(r, name);
        assert_non_null(t);
        frames_near(name, t->statistic, d->test[k].statistic, 1e-12);
        frames_near(name, t->df, (double)d->test[k].df, 0);
        frames_near(name, t->df2, d->test[k].df2, 0);
        frames_near(name, t->p_value, d->test[k].p_value, 1e-12);
    }
    for (size_t i = 0; i < d->groups; i++) {
        char name[100];
        const struct estimate_group *g = &d->group[i];
        if (g->by < 0)
            continue;
        snprintf(name, sizeof name, "position %s, difference in means%s", g->value,
                 item[g->item - 1]);
        frames_near(name, number_of(r, name), g->estimate, 1e-12);
        snprintf(name, sizeof name, "position %s, control mean", g->value);
        frames_near(name, number_of(r, name), g->control_mean, 1e-12);
    }
    estimate_free(r);
    estimate_free(d);
    frame_free(f);
}

static void differences_are_those_of_dim_by_the_same_groups(void **state)
{
    (void)state;
    static const char *const one[] = {""}, *const two[] = {", first", ", second"};
    struct frames_chance c = {5};
    same_as_dim(shown(2, 0.05, 0), one);
    same_as_dim(shown(3, 0.05, 0), two);
    struct frame *f = shown(3, 0.05, 0);
    frames_design(f, &c, 40);
    same_as_dim(f, two);
}

/* Two groups, by hand: the squared difference of control means over s^2 / n of both. */
static void control_means_are_compared_as_by_hand(void **state)
{
    (void)state;
    struct frame *f = shown(2, 0, 0.02);
    double n[2] = {0}, sum[2] = {0}, squares[2] = {0}, mean[2], v[2];
    for (size_t i = 0; i < N; i++) {
        int g = f->list->language[i];
        double y = f->list->count[i];
        if (f->list->arm[i] == 0)
            n[g]++, sum[g] += y, squares[g] += y * y;
    }
    for (int g = 0; g < 2; g++) {
        mean[g] = sum[g] / n[g];
        v[g] = (squares[g] / n[g] - mean[g] * mean[g]) / (n[g] - 1);
    }
    struct estimate_result *r = checked(f);
    double off = mean[1] - mean[0];
    const struct estimate_named_test *t = test_of(r, "language of the card, control mean");
    frames_near("Wald", t->statistic, off * off / (v[0] + v[1]), 1e-10);
    assert_true(t->df == 1 && isnan(t->df2));
    frames_near("mean", number_of(r, "language kk, control mean"), mean[1], 1e-12);
    estimate_free(r);
    frame_free(f);
}

static void small_groups_are_left_out_and_flat_files_have_none(void **state)
{
    (void)state;
    struct frame *f = shown(2, 0, 0);
    for (size_t i = 0, kept = 0; i < N; i++) /* nine in the third place */
        if (f->list->position[i] == 2 && kept++ >= 9)
            f->list->position[i] = 0;
    for (size_t i = 0, kept = 0; i < N; i++) /* and in the second language */
        if (f->list->language[i] == 1 && kept++ >= 9)
            f->list->language[i] = 0;
    struct estimate_result *r = checked(f);
    assert_true(test_of(r, "order of lists, difference in means")->df == 1);
    assert_true(frames_warns(r, "order of lists: 2 of 3 groups are compared"));
    assert_null(test_of(r, "language of the card, difference in means"));
    assert_true(frames_warns(r, "language of the card: 0 of 2 groups are compared"));
    estimate_free(r);

    free(f->list->position);
    free(f->list->language);
    f->list->position = f->list->language = NULL;
    r = checked(f);
    assert_null(test_of(r, "order of lists, difference in means"));
    assert_false(frames_warns(r, "order of lists"));
    estimate_free(r);
    frame_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_difference_is_found_where_it_is, start),
        cmocka_unit_test_setup(differences_are_those_of_dim_by_the_same_groups, start),
        cmocka_unit_test_setup(control_means_are_compared_as_by_hand, start),
        cmocka_unit_test_setup(small_groups_are_left_out_and_flat_files_have_none, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
