/* The core of the fits: vector exp and log, analytic derivatives against differences, no overflow
 * at J = 20, and cells that lose nobody. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "admin/estimate/cells.h"
#include "admin/estimate/fast.h"
#include "admin/estimate/ml_model.h"

static double uniform(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return ((double)(*state >> 11) + 0.5) / 9007199254740992.0;
}

static void vector_functions_are_exact(void **ctx)
{
    uint64_t state = 1;
    double worst_exp = 0, worst_log = 0;
    (void)ctx;
    for (int i = 0; i < 200000; i++) {
        double x = -700 * pow(uniform(&state), 4), z = exp(-40 + 600 * pow(uniform(&state), 3));
        worst_exp = fmax(worst_exp, fabs(fast_exp(x) / exp(x) - 1));
        worst_log = fmax(worst_log, fabs(fast_log(z) - log(z)) / fmax(fabs(log(z)), 1e-3));
    }
    assert_true(worst_exp < 5e-16);
    assert_true(worst_log < 1e-15);
    assert_true(fast_exp(0) == 1 && fast_log(1) == 0);
    assert_true(fast_exp(-1e308) > 0 && fast_exp(-1e308) < 1e-300);
}

/* A model of each kind, with blocks numbered in a row. */
struct kind {
    const char *name;
    bool unconstrained, overdispersed, ceiling, floor;
    enum estimate_error error;
    enum estimate_multi multi;
};

static const struct kind kinds[] = {
    {.name = "standard"},
    {.name = "unconstrained", .unconstrained = true},
    {.name = "overdispersed", .overdispersed = true},
    {.name = "both", .overdispersed = true, .unconstrained = true},
    {.name = "liars", .ceiling = true, .floor = true},
    {.name = "topcode", .error = ERROR_TOPCODE},
    {.name = "uniform", .error = ERROR_UNIFORM},
    {.name = "level", .multi = MULTI_LEVEL},
    {.name = "indicators", .multi = MULTI_INDICATORS},
};

static struct ml model_of(const struct kind *k, int items)
{
    size_t n = 0;
    struct ml q = {.items = items, .multi = k->multi, .kind = k->error};
    q.ceiling = q.floor = q.error[0] = q.error[1] = q.rho[0] = q.rho[1] = q.y0[1] = ML_NONE;
    q.sensitive[0] = q.sensitive[1] = n++;
    q.psi[0] = q.psi[1] = n++;
    if (k->unconstrained)
        q.psi[1] = n++;
    if (k->overdispersed) {
        q.rho[0] = q.rho[1] = n++;
        if (k->unconstrained)
            q.rho[1] = n++;
    }
    q.ceiling = k->ceiling ? n++ : ML_NONE;
    q.floor = k->floor ? n++ : ML_NONE;
    if (k->error != ERROR_NONE)
        q.error[0] = q.error[1] = n++;
    if (k->error == ERROR_UNIFORM)
        q.error[1] = n++;
    if (k->multi != MULTI_NONE)
        q.y0[1] = n;
    return q;
}

/* One cell evaluated at ${eta} (active order). */
struct one {
    double ll, d[LIKELIHOOD_ACTIVE], h[LIKELIHOOD_PAIRS];
};

static struct one evaluate(const struct ml *q, const struct cells_segment *s, const double *eta,
                           bool plain)
{
    struct one o = {0};
    struct likelihood_batch b = {.segment = s, .count = 1, .ll = &o.ll};
    for (size_t m = 0; m < LIKELIHOOD_ACTIVE; m++) {
        b.eta[m] = &eta[m];
        b.d[m] = &o.d[m];
    }
    for (size_t p = 0; p < LIKELIHOOD_PAIRS; p++)
        b.h[p] = &o.h[p];
    (plain ? ml_plain_evaluate : ml_latent_evaluate)(q, &b);
    return o;
}

static void check_derivatives(const struct ml *q, const struct cells_segment *s, const double *eta,
                              size_t n)
{
    const double step = 1e-5;
    struct one at = evaluate(q, s, eta, false);
    assert_true(isfinite(at.ll));
    for (size_t m = 0; m < n; m++) {
        double up[LIKELIHOOD_ACTIVE], down[LIKELIHOOD_ACTIVE];
        memcpy(up, eta, sizeof up);
        memcpy(down, eta, sizeof down);
        up[m] += step;
        down[m] -= step;
        struct one a = evaluate(q, s, up, false), b = evaluate(q, s, down, false);
        assert_true(fabs((a.ll - b.ll) / (2 * step) - at.d[m]) < 1e-7 * fmax(1, fabs(at.d[m])));
        for (size_t l = 0; l < n; l++) {
            double h = at.h[m > l ? likelihood_pair(m, l) : likelihood_pair(l, m)];
            assert_true(fabs((a.d[l] - b.d[l]) / (2 * step) - h) < 1e-7 * fmax(1, fabs(h)));
        }
    }
}

static void derivatives_are_those_of_the_likelihood(void **ctx)
{
    uint64_t state = 2;
    (void)ctx;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (int items = 1; items <= 7; items += 2) {
            struct ml q = model_of(&kinds[k], items);
            for (int arm = 0; arm < 2; arm++)
                for (int y = 0; y <= items + arm; y++) {
                    struct cells_segment s = {.count = 1, .arm = arm, .y = y};
                    size_t block[LIKELIHOOD_ACTIVE], n = ml_latent_active(&q, &s, block);
                    double eta[LIKELIHOOD_ACTIVE] = {0};
                    for (size_t m = 0; m < n; m++)
                        eta[m] = 4 * uniform(&state) - 2;
                    check_derivatives(&q, &s, eta, n);
                }
        }
}

/* The fast likelihood is the general one, and neither over- nor underflows. */
static void the_standard_model_is_the_same_twice(void **ctx)
{
    static const double far[] = {0.3, -2, 35, -35, 300, -300};
    struct ml q = model_of(&kinds[0], 20);
    (void)ctx;
    for (int arm = 0; arm < 2; arm++)
        for (int y = 0; y <= 20 + arm; y++)
            for (size_t i = 0; i < 36; i++) {
                struct cells_segment s = {.count = 1, .arm = arm, .y = y};
                double eta[LIKELIHOOD_ACTIVE] = {far[i / 6], far[i % 6]};
                struct one a = evaluate(&q, &s, eta, true), b = evaluate(&q, &s, eta, false);
                assert_true(isfinite(a.ll) && isfinite(b.ll));
                assert_true(fabs(a.ll - b.ll) <= 1e-12 * fmax(1, fabs(b.ll)));
                for (size_t m = 0; m <= (size_t)arm; m++)
                    assert_true(fabs(a.d[m] - b.d[m]) <= 1e-12 * fmax(1, fabs(b.d[m])));
                for (size_t p = 0; p < (arm ? 3 : 1); p++)
                    assert_true(fabs(a.h[p] - b.h[p]) <= 1e-12 * fmax(1, fabs(b.h[p])));
            }
}

static void extreme_predictors_stay_finite(void **ctx)
{
    (void)ctx;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        struct ml q = model_of(&kinds[k], 20);
        for (int arm = 0; arm < 2; arm++)
            for (int y = 0; y <= 20 + arm; y++)
                for (int sign = -1; sign <= 1; sign += 2) {
                    struct cells_segment s = {.count = 1, .arm = arm, .y = y};
                    double eta[LIKELIHOOD_ACTIVE];
                    for (size_t m = 0; m < LIKELIHOOD_ACTIVE; m++)
                        eta[m] = sign * 30;
                    struct one o = evaluate(&q, &s, eta, false);
                    assert_true(isfinite(o.ll));
                    for (size_t m = 0; m < LIKELIHOOD_ACTIVE; m++)
                        assert_true(isfinite(o.d[m]));
                }
    }
}

enum { N = 20000 };

/* Columns: a measure (all different), a rough measure, a code. */
static struct frame *frame_of(bool rough)
{
    uint64_t state = 3;
    struct frame *f = NULL;
    double *x = malloc(N * sizeof *x), *code = malloc(N * sizeof *code);
    struct frame_list *l = calloc(1, sizeof *l);
    assert_int_equal(frame_new(N, &f), ERR_OK);
    f->list = l;
    f->lists = 1;
    *l = (struct frame_list){.items = 4, .arms = 2, .arm = malloc(N), .count = malloc(2 * N)};
    f->weight = malloc(N * sizeof *f->weight);
    for (size_t i = 0; i < N; i++) {
        l->arm[i] = (int8_t)(uniform(&state) < 0.5);
        l->count[i] = (int16_t)(uniform(&state) * 5);
        x[i] = rough ? floor(uniform(&state) * 40) / 8 : uniform(&state);
        code[i] = floor(uniform(&state) * 4);
        f->weight[i] = 0.5 + uniform(&state);
    }
    assert_int_equal(frame_add_numbers(f, "x", x), ERR_OK);
    assert_int_equal(frame_add_numbers(f, "code", code), ERR_OK);
    return f;
}

/* Every row used is in one cell, whose arm, count and columns are its own; weights add up. */
static void check_cells(const char *formula, bool rough, size_t most)
{
    struct frame *f = frame_of(rough);
    const struct frame_list *l = f->list;
    uint8_t *used = malloc(N);
    struct terms *t = NULL;
    struct cells *c = NULL;
    double all = 0, sum = 0, x[8], z[8];
    for (size_t i = 0; i < N; i++)
        used[i] = i % 11 != 0;
    assert_int_equal(terms_new(f, formula, "--covariates", used, &t), ERR_OK);
    const struct terms *set[] = {t};
    struct cells_spec spec = {.f = f,
                              .used = used,
                              .arm = l->arm,
                              .count = l->count,
                              .terms = set,
                              .sets = 1,
                              .weight = f->weight};
    assert_int_equal(cells_new(&spec, &c), ERR_OK);
    assert_true(c->n <= most);
    for (size_t k = 0; k < c->n; k++)
        sum += c->weight[k];
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(c->of_row[i] >= 0, used[i]);
        if (!used[i])
            continue;
        size_t row = c->row[c->of_row[i]];
        all += f->weight[i];
        assert_int_equal(l->arm[row], l->arm[i]);
        assert_int_equal(l->count[row], l->count[i]);
        terms_row(t, row, x);
        terms_row(t, i, z);
        assert_memory_equal(x, z, terms_count(t) * sizeof *x);
    }
    assert_true(fabs(sum - all) < 1e-9 * all);
    for (size_t s = 0, next = 0; s < c->segments; s++) {
        const struct cells_segment *q = &c->segment[s];
        assert_int_equal(q->first, next);
        next += q->count;
        for (size_t i = q->first; i < next; i++) {
            assert_int_equal(l->arm[c->row[i]], q->arm);
            assert_int_equal(l->count[c->row[i]], q->y);
        }
    }
    cells_free(c);
    terms_free(t);
    frame_free(f);
    free(used);
}

static void cells_lose_nobody(void **ctx)
{
    (void)ctx;
    check_cells("", false, 2 * 5);                 /* counts alone, a table */
    check_cells("factor(code)", false, 2 * 5 * 4); /* codes, a table */
    check_cells("x,code", true, 2 * 5 * 40 * 4);   /* a measure that repeats, hashed */
    check_cells("x,code", false, N);               /* one that does not: a cell a row */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vector_functions_are_exact),
        cmocka_unit_test(derivatives_are_those_of_the_likelihood),
        cmocka_unit_test(the_standard_model_is_the_same_twice),
        cmocka_unit_test(extreme_predictors_stay_finite),
        cmocka_unit_test(cells_lose_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
