/* Chi-bar-square weights: closed forms, identities that exact weights keep, and drawing. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "admin/estimate/chi_bar.h"

static void near(double got, double expected, double tolerance)
{
    if (!(fabs(got - expected) <= tolerance))
        fail_msg("%.17g, expected %.17g", got, expected);
}

/* Correlations all ${r}. */
static void alike(size_t k, double r, double *v)
{
    for (size_t i = 0; i < k * k; i++)
        v[i] = i % (k + 1) == 0 ? 2 : 2 * r;
}

static void orthants_have_their_known_probabilities(void **state)
{
    (void)state;
    double v[CHI_BAR_EXACT * CHI_BAR_EXACT];
    for (size_t k = 1; k <= CHI_BAR_EXACT; k++) {
        alike(k, 0, v);
        near(chi_bar_orthant(v, k), ldexp(1, -(int)k), 1e-14);
        alike(k, 0.5, v);
        near(chi_bar_orthant(v, k), 1.0 / (double)(k + 1), 1e-11); /* of k + 1 equals, the least */
    }
}

/* The weights add up to 1, and so do those of even and of odd degrees to one half. */
static void weights_keep_their_identities(void **state)
{
    (void)state;
    for (size_t k = 1; k <= CHI_BAR_EXACT; k++) {
        double v[CHI_BAR_EXACT * CHI_BAR_EXACT], w[CHI_BAR_MAX + 1], sum = 0, turns = 0;
        bool exact = false;
        for (size_t i = 0; i < k; i++)
            for (size_t j = 0; j < k; j++)
                v[i * k + j] = pow(0.7, fabs((double)i - (double)j)) * (1 + (double)(i * j) / 50);
        assert_int_equal(chi_bar_weights(v, k, false, w, &exact), ERR_OK);
        assert_true(exact);
        for (size_t j = 0; j <= k; j++) {
            assert_true(w[j] >= 0);
            sum += w[j];
            turns += j % 2 == 0 ? w[j] : -w[j];
        }
        near(sum, 1, 1e-9);
        near(turns, 0, 1e-9);
    }
}

static void many_dimensions_are_drawn(void **state)
{
    (void)state;
    enum { K = 10 };
    double v[K * K], w[CHI_BAR_MAX + 1], choose = 1;
    bool exact = true;
    alike(K, 0, v);
    assert_int_equal(chi_bar_weights(v, K, false, w, &exact), ERR_OK);
    assert_false(exact);
    for (size_t j = 0; j <= K; j++) { /* independent: binomial */
        near(w[j], choose / 1024, 0.005);
        choose = choose * (double)(K - j) / (double)(j + 1);
    }
}

static void distances_are_those_of_the_projection(void **state)
{
    (void)state;
    const double unit[4] = {1, 0, 0, 1}, inverse[4] = {4.0 / 3, -2.0 / 3, -2.0 / 3, 4.0 / 3};
    near(chi_bar_distance((double[]){-3, 2}, unit, 2), 9, 1e-12);
    near(chi_bar_distance((double[]){1, 2}, unit, 2), 0, 1e-12);
    near(chi_bar_distance((double[]){-1, 0.2}, inverse, 2), 1, 1e-9); /* r = 0.5: e1^2 / v11 */
    double w[3] = {0.25, 0.5, 0.25};
    near(chi_bar_tail(w, 2, 0), 1, 0);
    near(chi_bar_tail(w, 2, 3.841458820694124), 0.025 + 0.25 * exp(-3.841458820694124 / 2), 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orthants_have_their_known_probabilities),
        cmocka_unit_test(weights_keep_their_identities),
        cmocka_unit_test(many_dimensions_are_drawn),
        cmocka_unit_test(distances_are_those_of_the_projection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
