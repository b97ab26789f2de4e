/* The method `bounds` on frames: who gets which rows, both directions, agreement with `dim`. */
#include "tests/admin/frames.h"

#include <stdio.h>

#include "core/log.h"

static char said[2000];

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

/* ${n} respondents, a third of whom agree; a share of the counts is lost, more in treatment. */
static struct frame *sample(size_t n, int items, uint64_t seed, double lost)
{
    struct frames_chance c = {seed};
    struct frame *f = frames_new(n, items, 2, 1);
    struct frame_list *l = f->list;
    double *male = calloc(n, sizeof *male);
    assert_non_null(male);
    for (size_t i = 0; i < n; i++) {
        l->arm[i] = (int8_t)(i % 2);
        male[i] = frames_uniform(&c) < 0.5;
        l->count[i] = (int16_t)(frames_binomial(&c, items, 0.5) +
                                (l->arm[i] == 1 && frames_uniform(&c) < 0.3));
        if (frames_uniform(&c) < lost * (1 + l->arm[i]))
            l->count[i] = ANSWER_REFUSED;
    }
    frames_numbers(f, "male", male);
    free(male);
    return f;
}

static struct estimate_result *run_method(const char *method, const struct frame *f,
                                          const char *assume)
{
    struct estimate_result *r = NULL;
    int by = 0;
    struct estimate_options o = {.by = &by, .bys = 1, .assume = assume};
    enum err e = estimate_find(method)->run(f, &o, &r);
    if (e != ERR_OK)
        fail_msg("%s: %s", method, said);
    return r;
}

static size_t rows_of(const struct estimate_result *r, const char *assumption)
{
    size_t n = 0;
    for (size_t i = 0; i < r->bounds; i++)
        n += strcmp(r->bound[i].assumption, assumption) == 0;
    return n;
}

static void rows_fit_the_direction_that_is_hidden(void **unused)
{
    (void)unused;
    struct frame *f = sample(400, 4, 7, 0);
    struct estimate_result *r = run_method("bounds", f, NULL);
    assert_int_equal(rows_of(r, "hidden") + rows_of(r, "false"), 0);
    assert_int_equal(rows_of(r, "honest"), 3);
    assert_int_equal(rows_of(r, "random"), 9);
    assert_int_equal(rows_of(r, "lost-worst"), 0); /* none is lost */
    assert_true(frames_warns(r, "do not say which"));
    estimate_free(r);
    frames_hide(f, HIDE_AGREE);
    r = run_method("bounds", f, NULL);
    assert_true(rows_of(r, "hidden") == 3 && rows_of(r, "false") == 0);
    estimate_free(r);
    frames_hide(f, HIDE_BOTH);
    r = run_method("bounds", f, NULL);
    assert_true(rows_of(r, "hidden") == 0 && rows_of(r, "false") == 0 && rows_of(r, "ends") == 3);
    assert_true(frames_warns(r, "hide: both"));
    estimate_free(r);
    frame_free(f);
}

static void an_assumption_that_does_not_fit_is_refused_by_name(void **unused)
{
    (void)unused;
    static const struct {
        bool has_hide;
        enum study_hide hide;
        const char *assume, *share, *sentence;
    } table[] = {
        {true, HIDE_BOTH, "hidden", NULL, "agreement may be hidden, never feigned"},
        {true, HIDE_AGREE, "honest,false-zero", NULL, "the data say hide: agree"},
        {false, HIDE_AGREE, "hidden-ends", NULL, "--hide agree"},
        {true, HIDE_AGREE, "hiden", NULL, "there is no such assumption; there are: honest, hidden"},
        {true, HIDE_AGREE, "", NULL, "name an assumption"},
        {true, HIDE_AGREE, "random", "1.5", "from 0 to below 1"},
        {true, HIDE_AGREE, "random", "0.1,,0.2", "from 0 to below 1"},
        {true, HIDE_AGREE, "random", "nan", "from 0 to below 1"},
    };
    struct frame *f = sample(100, 4, 8, 0);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct estimate_result *r = NULL;
        struct estimate_options o = {.assume = table[i].assume, .random_share = table[i].share};
        frames_hide(f, table[i].hide);
        f->list->has_hide = table[i].has_hide;
        said[0] = '\0';
        assert_int_equal(estimate_find("bounds")->run(f, &o, &r), ERR_USAGE);
        assert_null(r);
        if (strstr(said, table[i].sentence) == NULL)
            fail_msg("%s: %s", table[i].assume, said);
    }
    frame_free(f);
}

static void the_honest_row_is_the_difference_in_means(void **unused)
{
    (void)unused;
    for (int designed = 0; designed < 2; designed++) {
        struct frames_chance c = {3};
        struct frame *f = sample(600, 5, 9, 0.03);
        if (designed)
            frames_design(f, &c, 40);
        struct estimate_result *r = run_method("bounds", f, "honest"),
                               *d = run_method("dim", f, NULL);
        for (size_t i = 0; i < 3; i++) {
            frames_near("estimate", r->group[i].estimate, d->group[i].estimate, 1e-12);
            frames_near("se", r->group[i].se, d->group[i].se, 1e-10);
            frames_near("df", r->group[i].df, d->group[i].df, 1e-10);
            frames_near("ci_low", r->group[i].ci_low, d->group[i].ci_low, 1e-10);
            frames_near("lower", r->bound[i].lower, d->group[i].estimate, 1e-12);
            frames_near("se_upper", r->bound[i].se_upper, d->group[i].se, 1e-10);
            frames_near("ci", r->bound[i].ci_high - r->bound[i].upper,
                        1.959963984540054 * d->group[i].se, 1e-6);
        }
        estimate_free(r);
        estimate_free(d);
        frame_free(f);
    }
}

static void the_mirror_gives_the_other_side(void **unused)
{
    (void)unused;
    static const char *const pair[][2] = {{"honest", "honest"},
                                          {"hidden", "false"},
                                          {"hidden-ends", "false-ends"},
                                          {"hidden-full", "false-zero"},
                                          {"ends", "ends"},
                                          {"lost-worst", "lost-worst"},
                                          {"lost-lee", "lost-lee"},
                                          {"random", "random"},
                                          {"random-independent", "random-independent"}};
    for (int designed = 0; designed < 2; designed++) {
        struct frames_chance c = {5};
        struct frame *f = sample(800, 3, 10, 0.05);
        if (designed)
            frames_design(f, &c, 50);
        frames_hide(f, HIDE_AGREE);
        struct frame *m = frames_mirror(f, NULL);
        for (size_t k = 0; k < sizeof pair / sizeof *pair; k++) {
            struct estimate_result *r = run_method("bounds", f, pair[k][0]);
            struct estimate_result *t = run_method("bounds", m, pair[k][1]);
            assert_true(r->bounds == t->bounds && r->bounds >= 3);
            for (size_t i = 0; i < r->bounds; i++) {
                const struct estimate_bound *a = &r->bound[i], *b = &t->bound[i];
                frames_near(pair[k][0], b->lower, 1 - a->upper, 1e-10);
                frames_near(pair[k][0], b->upper, 1 - a->lower, 1e-10);
                frames_near(pair[k][0], b->se_lower, a->se_upper, 1e-10);
                frames_near(pair[k][0], b->ci_low, 1 - a->ci_high, 1e-10);
                frames_near(pair[k][0], b->ci_high, 1 - a->ci_low, 1e-10);
            }
            for (size_t i = 0; i < r->groups; i++)
                frames_near("support", t->group[i].estimate, 1 - r->group[i].estimate, 1e-10);
            estimate_free(r);
            estimate_free(t);
        }
        frame_free(f);
        frame_free(m);
    }
}

static void a_negative_share_is_shown_as_it_is(void **unused)
{
    (void)unused;
    struct frame *f = frames_new(400, 2, 2, 1);
    for (size_t i = 0; i < f->n; i++) { /* treatment says 0 far more often than control */
        f->list->arm[i] = (int8_t)(i % 2);
        f->list->count[i] = (int16_t)(i % 2 == 1 ? (i % 4 == 1 ? 0 : 3) : 1 + (int)(i % 4 == 2));
    }
    double male[400];
    for (size_t i = 0; i < f->n; i++)
        male[i] = (double)(i / 4 % 2);
    frames_numbers(f, "male", male);
    frames_hide(f, HIDE_DISAGREE);
    struct estimate_result *r = run_method("bounds", f, "false-zero");
    assert_string_equal(r->coefficient[0].equation, "a");
    assert_string_equal(r->coefficient[0].term, "0");
    frames_near("a_0", r->coefficient[0].estimate, -0.5, 1e-12);
    frames_near("lower", r->bound[0].lower, r->group[0].estimate + 0.5, 1e-12);
    assert_true(frames_warns(r, "a_0 = -0.500") && frames_warns(r, "further below 0 than chance"));
    assert_true(isnan(r->bound[0].ci_low) && frames_warns(r, "no prevalence fits the counts"));
    estimate_free(r);
    frame_free(f);
}

static void hostile_frames_give_numbers_or_sentences(void **unused)
{
    (void)unused;
    static const size_t size[] = {1, 2, 3, 5, 40};
    for (size_t i = 0; i < sizeof size / sizeof *size; i++)
        for (int kind = 0; kind < 4; kind++) {
            struct frame *f = sample(size[i], kind == 2 ? 20 : 1, 11, kind == 3 ? 0.9 : 0);
            for (size_t k = 0; kind == 1 && k < f->n; k++)
                f->list->count[k] = 1;
            frames_hide(f, HIDE_AGREE);
            struct estimate_result *r = NULL;
            struct estimate_options o = {.small = true};
            assert_int_equal(estimate_find("bounds")->run(f, &o, &r), ERR_OK);
            for (size_t k = 0; k < r->bounds; k++) {
                assert_true(isfinite(r->bound[k].lower) && isfinite(r->bound[k].upper));
                assert_true(!(r->bound[k].ci_low > r->bound[k].ci_high));
            }
            estimate_free(r);
            frame_free(f);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_fit_the_direction_that_is_hidden),
        cmocka_unit_test(an_assumption_that_does_not_fit_is_refused_by_name),
        cmocka_unit_test(the_honest_row_is_the_difference_in_means),
        cmocka_unit_test(the_mirror_gives_the_other_side),
        cmocka_unit_test(a_negative_share_is_shown_as_it_is),
        cmocka_unit_test(hostile_frames_give_numbers_or_sentences),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
