/* The bootstrap: what it draws, its intervals worked out a second time, and that threads change
 * nothing. */
#include "tests/admin/frames.h"

#include "admin/estimate/bootstrap.h"
#include "core/log.h"

static char said[4096];

static void listen_in(void *ctx, const char *line)
{
    (void)ctx;
    strncat(said, line, sizeof said - strlen(said) - 2);
    strcat(said, "\n");
}

static int start(void **state)
{
    (void)state;
    said[0] = '\0';
    log_to(listen_in, NULL);
    return 0;
}

static struct frame *sample(size_t n, bool design)
{
    struct frames_chance c = {5};
    struct frame *f = frames_new(n, 4, 2, 1);
    double *x = calloc(n, sizeof *x);
    for (size_t i = 0; i < n; i++) {
        x[i] = i % 3 == 0;
        f->list[0].arm[i] = (int8_t)(i / 2 % 2);
        f->list[0].count[i] = (int16_t)(frames_binomial(&c, 4, 0.3 + 0.2 * x[i]) +
                                        f->list[0].arm[i] * (frames_uniform(&c) < 0.4));
    }
    if (design)
        frames_design(f, &c, n / 10);
    frames_numbers(f, "x", x);
    free(x);
    return f;
}

static struct estimate_result *booted(const struct frame *f, const char *method, size_t n,
                                      uint64_t seed, size_t threads, bool percentile)
{
    static const int by[] = {0};
    struct estimate_options o = {.bootstrap = n,
                                 .seed = seed,
                                 .threads = threads,
                                 .percentile = percentile,
                                 .covariates = strcmp(method, "ml") == 0 ? "x" : NULL,
                                 .by = by,
                                 .bys = 1};
    struct estimate_result *r = NULL;
    assert_int_equal(bootstrap_run(estimate_find(method), f, &o, &r), ERR_OK);
    return r;
}

/* A method of one number that keeps what it gave: sum w y^2 / sum w over all with a count. */
static double given[5000];
static size_t gives;

static enum err recording(const struct frame *f, const struct estimate_options *o,
                          struct estimate_result **out)
{
    double sum = 0, weights = 0;
    enum err e = estimate_start(f, o, "recording", out);
    if (e != ERR_OK || (e = estimate_room(*out, 1)) != ERR_OK)
        return e;
    for (size_t i = 0; i < f->n; i++) {
        if (!estimate_used(&f->list[0], i))
            continue;
        double w = f->weight != NULL ? f->weight[i] : 1;
        sum += w * f->list[0].count[i] * f->list[0].count[i];
        weights += w;
    }
    estimate_name_group(f, o, -1, 0, 1, NULL, &(*out)->group[0]);
    (*out)->groups = 1;
    (*out)->design = "srs";
    (*out)->group[0].estimate = given[gives++] = sum / weights;
    return ERR_OK;
}

static const struct estimator recorder = {"recording", "", recording, NULL};

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double normal(double z)
{
    return 0.5 * erfc(-z / sqrt(2));
}

/* By bisection: another way than the program's. */
static double normal_quantile(double p)
{
    double low = -10, high = 10;
    for (int i = 0; i < 200; i++)
        *(normal((low + high) / 2) < p ? &low : &high) = (low + high) / 2;
    return (low + high) / 2;
}

static double at_quantile(const double *v, size_t n, double p)
{
    double at = p * (double)(n + 1);
    size_t k = (size_t)at;
    return k < 1 ? v[0] : k >= n ? v[n - 1] : v[k - 1] + (at - (double)k) * (v[k] - v[k - 1]);
}

static void intervals_are_those_of_the_definition(void **state)
{
    (void)state;
    enum { B = 400, N = 60 };
    struct frame *f = sample(N, false);
    struct estimate_options o = {.bootstrap = B, .seed = 3, .threads = 1};
    struct estimate_result *r = NULL;
    gives = 0;
    assert_int_equal(bootstrap_run(&recorder, f, &o, &r), ERR_OK);
    assert_int_equal(gives, 1 + B + N);
    double estimate = given[0], *drawn = given + 1, *left = given + 1 + B, below = 0, mean = 0;
    double squares = 0, cubes = 0, m = 0, v = 0;
    for (size_t i = 0; i < N; i++)
        mean += left[i] / N;
    for (size_t i = 0; i < N; i++) {
        squares += pow(mean - left[i], 2);
        cubes += pow(mean - left[i], 3);
    }
    for (size_t i = 0; i < B; i++) {
        below += drawn[i] < estimate ? 1 : drawn[i] == estimate ? 0.5 : 0;
        m += drawn[i] / B;
    }
    for (size_t i = 0; i < B; i++)
        v += (drawn[i] - m) * (drawn[i] - m) / (B - 1);
    qsort(drawn, B, sizeof *drawn, ascending);
    double z0 = normal_quantile(below / B), a = cubes / (6 * pow(squares, 1.5));
    double z = normal_quantile(0.975);
    frames_near("se", r->group[0].se, sqrt(v), 1e-12);
    frames_near("percentile", r->boot[0].percentile_low, at_quantile(drawn, B, 0.025), 1e-12);
    frames_near("percentile", r->boot[0].percentile_high, at_quantile(drawn, B, 0.975), 1e-12);
    frames_near("bca", r->boot[0].bca_low,
                at_quantile(drawn, B, normal(z0 + (z0 - z) / (1 - a * (z0 - z)))), 1e-9);
    frames_near("bca", r->boot[0].bca_high,
                at_quantile(drawn, B, normal(z0 + (z0 + z) / (1 - a * (z0 + z)))), 1e-9);
    assert_true(fabs(a) > 0.005 && r->boot[0].bca_high != r->boot[0].percentile_high);
    assert_true(r->group[0].ci_low == r->boot[0].bca_low);
    estimate_free(r);
    frame_free(f);
}

static void draws_keep_the_arms_or_the_points(void **state)
{
    (void)state;
    struct frame *f = sample(200, false);
    struct estimate_options o = {.bootstrap = 50, .seed = 1, .threads = 1};
    struct estimate_result *r = NULL;
    /* every resample has as many in each arm: seen by a method of their number */
    gives = 0;
    for (size_t i = 0; i < f->n; i++)
        f->list[0].count[i] = f->list[0].arm[i]; /* then its number is the share of treatment */
    assert_int_equal(bootstrap_run(&recorder, f, &o, &r), ERR_OK);
    for (size_t i = 0; i <= 50; i++)
        frames_near("share", given[i], 0.5, 1e-12);
    assert_true(isnan(r->group[0].se)); /* no spread at all */
    estimate_free(r);
    frame_free(f);
}

static void the_seed_decides_and_threads_do_not(void **state)
{
    (void)state;
    for (int design = 0; design < 2; design++) {
        struct frame *f = sample(300, design);
        static const char *const method[] = {"dim", "ml"};
        for (size_t m = 0; m < 2; m++) {
            struct estimate_result *a = booted(f, method[m], 60, 9, 1, false);
            struct estimate_result *b = booted(f, method[m], 60, 9, 4, false);
            struct estimate_result *c = booted(f, method[m], 60, 10, 4, false);
            assert_int_equal(a->boots, b->boots);
            assert_memory_equal(a->boot, b->boot, a->boots * sizeof *a->boot);
            assert_true(a->group[0].se == b->group[0].se && a->group[0].se != c->group[0].se);
            frames_near("interval", a->group[1].ci_low, b->group[1].ci_low, 0);
            estimate_free(a);
            estimate_free(b);
            estimate_free(c);
        }
        frame_free(f);
    }
}

/* Against the formula: within the error of 2,000 resamples. */
static void spread_is_that_of_the_formula(void **state)
{
    (void)state;
    for (int design = 0; design < 2; design++) {
        struct frame *f = sample(400, design);
        static const int by[] = {0};
        struct estimate_options o = {.by = by, .bys = 1};
        struct estimate_result *exact = NULL, *r = booted(f, "dim", 2000, 4, 2, true);
        assert_int_equal(estimate_find("dim")->run(f, &o, &exact), ERR_OK);
        for (size_t i = 0; i < r->groups; i++) {
            assert_true(r->group[i].estimate == exact->group[i].estimate);
            assert_true(fabs(r->group[i].se / exact->group[i].se - 1) < 0.08);
            assert_true(fabs(r->group[i].ci_low - exact->group[i].ci_low) <
                        0.25 * exact->group[i].se);
        }
        assert_string_equal(r->se_type, "bootstrap");
        assert_int_equal(r->resamples, 2000);
        assert_true(r->test[0].statistic > 0.6 * exact->test[0].statistic);
        estimate_free(r);
        estimate_free(exact);
        frame_free(f);
    }
}

static void a_stratum_of_one_point_is_joined_and_said(void **state)
{
    (void)state;
    struct frame *f = sample(200, true);
    for (size_t i = 0; i < f->n; i++) /* points 0 and 1 alone in their strata */
        f->stratum[i] = f->psu[i] < 2 ? f->psu[i] : 2 + f->psu[i] % 2;
    struct estimate_result *r = booted(f, "dim", 60, 9, 1, false);
    assert_true(frames_warns(r, "2 strata have a single unit to draw"));
    assert_true(r->group[0].se > 0);
    estimate_free(r);
    frame_free(f);
}

static void what_it_cannot_do_is_said(void **state)
{
    (void)state;
    struct frame *f = sample(60, false);
    struct estimate_options o = {.bootstrap = 10};
    struct estimate_result *r = NULL;
    assert_int_equal(bootstrap_run(estimate_find("dim"), f, &o, &r), ERR_USAGE);
    assert_non_null(strstr(said, "give 50 to"));
    o.bootstrap = 100;
    o.se = "robust";
    assert_int_equal(bootstrap_run(estimate_find("ml"), f, &o, &r), ERR_USAGE);
    assert_non_null(strstr(said, "exclude one another"));
    assert_null(r);
    frame_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(intervals_are_those_of_the_definition, start),
        cmocka_unit_test_setup(draws_keep_the_arms_or_the_points, start),
        cmocka_unit_test_setup(the_seed_decides_and_threads_do_not, start),
        cmocka_unit_test_setup(spread_is_that_of_the_formula, start),
        cmocka_unit_test_setup(a_stratum_of_one_point_is_joined_and_said, start),
        cmocka_unit_test_setup(what_it_cannot_do_is_said, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
