/* Bounds against linear programmes over the joint distribution of control count, true agreement and
 * what the count says of it: nothing of the closed forms enters here. */
#include <glpk.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "admin/estimate/bounds_table.h"
#include "admin/estimate/stoye.h"

enum { ROUNDS = 60, MOST = 20 };

static uint64_t state = 1;

static double uniform(void)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return ((double)(state >> 11) + 0.5) / 9007199254740992.0;
}

/* ---- a linear programme, row by row ---- */

struct programme {
    glp_prob *lp;
    int row[20000], column[20000];
    double value[20000];
    int entries;
};

static void programme_start(struct programme *p, int columns)
{
    memset(p, 0, sizeof *p);
    glp_term_out(GLP_OFF);
    p->lp = glp_create_prob();
    glp_add_cols(p->lp, columns);
    for (int j = 1; j <= columns; j++)
        glp_set_col_bnds(p->lp, j, GLP_LO, 0, 0);
}

static int add_row(struct programme *p, int kind, double bound)
{
    int i = glp_add_rows(p->lp, 1);
    glp_set_row_bnds(p->lp, i, kind, bound, bound);
    return i;
}

static void put(struct programme *p, int row, int column, double value)
{
    p->entries++;
    p->row[p->entries] = row;
    p->column[p->entries] = column;
    p->value[p->entries] = value;
}

/* The optimum, NAN where nothing fits. */
static double solve(struct programme *p, int direction)
{
    glp_smcp how;
    glp_init_smcp(&how);
    how.tol_bnd = how.tol_dj = 1e-10;
    glp_load_matrix(p->lp, p->entries, p->row, p->column, p->value);
    glp_set_obj_dir(p->lp, direction);
    int failed = glp_simplex(p->lp, &how);
    return failed == 0 && glp_get_status(p->lp) == GLP_OPT ? glp_get_obj_val(p->lp) : NAN;
}

static void programme_end(struct programme *p)
{
    glp_delete_prob(p->lp);
}

/* ---- distributions ---- */

/* Shares that a joint distribution of control count and said agreement makes. */
static void honest_shares(struct shares *s, int items, double noise)
{
    double joint[MOST + 1][2], all = 0;
    memset(s, 0, sizeof *s);
    s->items = items;
    s->counts = s->cells = (size_t)items + 2;
    for (int k = 0; k <= items; k++)
        for (int z = 0; z < 2; z++)
            all += joint[k][z] = noise + uniform() * uniform();
    for (int k = 0; k <= items; k++)
        for (int z = 0; z < 2; z++) {
            s->p[k] += joint[k][z] / all;
            s->p[s->cells + (size_t)(k + z)] += joint[k][z] / all;
        }
}

/* The same with a cell of lost counts in each arm. */
static void lose_counts(struct shares *s)
{
    struct shares whole = *s;
    s->cells = s->counts + 1;
    memset(s->p, 0, sizeof s->p);
    for (size_t arm = 0; arm < 2; arm++)
        for (size_t c = 0; c < s->counts; c++) {
            double p = whole.p[arm * whole.cells + c], lost = p * 0.4 * uniform();
            s->p[arm * s->cells + c] = p - lost;
            s->p[arm * s->cells + s->cells - 1] += lost;
        }
}

static const struct bounds_assumption *find(const char *name)
{
    for (size_t i = 0; i < BOUNDS_ASSUMPTIONS; i++)
        if (strcmp(bounds_table[i].name, name) == 0)
            return &bounds_table[i];
    fail_msg("%s is not there", name);
    return NULL;
}

static void bounds_of(const char *name, const struct shares *s, double share, double *lower,
                      double *upper)
{
    struct shares_statistic l, u;
    find(name)->fill(s, share, &l, &u);
    *lower = l.value;
    *upper = u.value;
}

static void near(const char *what, double got, double expected)
{
    if (!(fabs(got - expected) <= 1e-8))
        fail_msg("%s: %.12f is not %.12f", what, got, expected);
}

/* ---- liars ---- */

struct lies { /* may one with control count k and truth z say otherwise? */
    const char *assumption;
    bool hide_inside, hide_zero, hide_full, feign_inside, feign_zero, feign_full;
};

static bool may_lie(const struct lies *l, int k, int items, int truth)
{
    if (k == 0)
        return truth == 1 ? l->hide_zero : l->feign_zero;
    if (k == items)
        return truth == 1 ? l->hide_full : l->feign_full;
    return truth == 1 ? l->hide_inside : l->feign_inside;
}

static double extreme_truth(const struct shares *s, const struct lies *l, int direction)
{
    struct programme p;
    programme_start(&p, 4 * (s->items + 1));
    int control[MOST + 2], treated[MOST + 2];
    for (int k = 0; k <= s->items; k++)
        control[k] = add_row(&p, GLP_FX, s->p[k]);
    for (int c = 0; c <= s->items + 1; c++)
        treated[c] = add_row(&p, GLP_FX, s->p[s->cells + (size_t)c]);
    for (int k = 0; k <= s->items; k++)
        for (int truth = 0; truth < 2; truth++)
            for (int said = 0; said < 2; said++) {
                int column = 1 + 4 * k + 2 * truth + said;
                put(&p, control[k], column, 1);
                put(&p, treated[k + said], column, 1);
                glp_set_obj_coef(p.lp, column, truth);
                if (truth != said && !may_lie(l, k, s->items, truth))
                    glp_set_col_bnds(p.lp, column, GLP_FX, 0, 0);
            }
    double v = solve(&p, direction);
    programme_end(&p);
    return v;
}

static void bounds_on_liars_are_those_of_the_programme(void **unused)
{
    (void)unused;
    static const struct lies table[] = {
        {"honest", false, false, false, false, false, false},
        {"hidden", true, true, true, false, false, false},
        {"hidden-ends", false, true, true, false, false, false},
        {"hidden-full", false, false, true, false, false, false},
        {"false", false, false, false, true, true, true},
        {"false-ends", false, false, false, false, true, true},
        {"false-zero", false, false, false, false, true, false},
        {"ends", false, true, true, false, true, true},
    };
    static const int items[] = {1, 2, 3, 4, 5, 20};
    struct shares s;
    for (size_t j = 0; j < sizeof items / sizeof *items; j++)
        for (int round = 0; round < ROUNDS / 6; round++)
            for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
                double lower, upper;
                honest_shares(&s, items[j], 0);
                bounds_of(table[i].assumption, &s, 0, &lower, &upper);
                near(table[i].assumption, lower, extreme_truth(&s, &table[i], GLP_MIN));
                near(table[i].assumption, upper, extreme_truth(&s, &table[i], GLP_MAX));
            }
}

/* ---- random answers ---- */

/* Columns: honest[k][z], then those answering at random by truth z. ${share}: exactly, or at most;
 * returns the extreme of those who agree, among all or among the honest. */
static double extreme_random(const struct shares *s, double share, bool exactly, bool honest_only,
                             int direction)
{
    struct programme p;
    int j = s->items, random = 2 * (j + 1);
    programme_start(&p, random + 2);
    for (int k = 0; k <= j; k++) {
        int row = add_row(&p, GLP_FX, s->p[k]);
        for (int z = 0; z < 2; z++) {
            put(&p, row, 1 + 2 * k + z, 1);
            put(&p, row, 1 + random + z, 1.0 / (j + 1));
        }
    }
    for (int c = 0; c <= j + 1; c++) {
        int row = add_row(&p, GLP_FX, s->p[s->cells + (size_t)c]);
        for (int z = 0; z < 2; z++) {
            if (c - z >= 0 && c - z <= j)
                put(&p, row, 1 + 2 * (c - z) + z, 1);
            put(&p, row, 1 + random + z, 1.0 / (j + 2));
        }
    }
    int row = add_row(&p, exactly ? GLP_FX : GLP_UP, share);
    for (int z = 0; z < 2; z++)
        put(&p, row, 1 + random + z, 1);
    for (int k = 0; k <= j; k++)
        glp_set_obj_coef(p.lp, 1 + 2 * k + 1, 1);
    if (!honest_only)
        glp_set_obj_coef(p.lp, 1 + random + 1, 1);
    double v = solve(&p, direction);
    programme_end(&p);
    return v;
}

static void bounds_on_random_answers_are_those_of_the_programme(void **unused)
{
    (void)unused;
    struct shares s;
    for (int round = 0; round < ROUNDS; round++) {
        double lower, upper, low = INFINITY, high = -INFINITY;
        honest_shares(&s, 1 + round % 6, 0.15);
        double most = bounds_largest_share(&s), share = most * uniform();
        assert_true(most > 0);
        bounds_of("random", &s, share, &lower, &upper);
        near("random", lower, extreme_random(&s, share, false, false, GLP_MIN));
        near("random", upper, extreme_random(&s, share, false, false, GLP_MAX));
        bounds_of("random-independent", &s, share, &lower, &upper);
        for (int i = 0; i <= 20; i++) {
            double e = share * i / 20;
            double at = extreme_random(&s, e, true, true, GLP_MIN) / (1 - e);
            near("one point", at, extreme_random(&s, e, true, true, GLP_MAX) / (1 - e));
            low = fmin(low, at);
            high = fmax(high, at);
        }
        near("random-independent", lower, low);
        near("random-independent", upper, high);
        assert_true(isnan(extreme_random(&s, most + 1e-6, true, false, GLP_MIN)));
        assert_true(!isnan(extreme_random(&s, most - 1e-6, true, false, GLP_MIN)));
    }
}

/* ---- lost counts ---- */

/* Lost counts free within the range; ${structure}: and the treated counts are control counts with
 * at most one added, in the same population. */
static double extreme_lost(const struct shares *s, bool structure, int direction)
{
    struct programme p;
    int j = s->items, counts = j + 2;
    programme_start(&p, 2 * counts + 2 * (j + 1));
    int all[2], row;
    double given = 0;
    for (size_t arm = 0; arm < 2; arm++)
        all[arm] = add_row(&p, GLP_FX, s->p[(arm + 1) * s->cells - 1]);
    for (int c = 0; c < counts; c++) {
        given += c * (s->p[s->cells + (size_t)c] - s->p[c]);
        put(&p, all[0], 1 + c, 1);
        put(&p, all[1], 1 + counts + c, 1);
        glp_set_obj_coef(p.lp, 1 + c, -c);
        glp_set_obj_coef(p.lp, 1 + counts + c, c);
    }
    glp_set_col_bnds(p.lp, counts, GLP_FX, 0, 0); /* nobody in control counts J + 1 */
    for (int c = 0; structure && c < counts; c++)
        for (int arm = 0; arm < 2; arm++) {
            row = add_row(&p, GLP_FX, s->p[(size_t)arm * s->cells + (size_t)c]);
            put(&p, row, 1 + arm * counts + c, -1);
            for (int z = 0; z < 2; z++)
                if (c - arm * z >= 0 && c - arm * z <= j)
                    put(&p, row, 1 + 2 * counts + 2 * (c - arm * z) + z, 1);
        }
    double v = solve(&p, direction) + given;
    programme_end(&p);
    return v;
}

/* Of the arm that lost less a part as large as the other arm stays, any part. */
static double extreme_lee(const struct shares *s, int direction)
{
    struct programme p;
    double kept[2] = {1 - s->p[s->cells - 1], 1 - s->p[2 * s->cells - 1]}, other = 0;
    size_t trim = kept[0] > kept[1] ? 0 : 1;
    programme_start(&p, (int)s->counts);
    int all = add_row(&p, GLP_FX, kept[1 - trim]);
    for (size_t c = 0; c < s->counts; c++) {
        double most = s->p[trim * s->cells + c];
        glp_set_col_bnds(p.lp, (int)c + 1, most > 0 ? GLP_DB : GLP_FX, 0, most);
        put(&p, all, (int)c + 1, 1);
        glp_set_obj_coef(p.lp, (int)c + 1, (trim == 1 ? 1.0 : -1.0) * (double)c / kept[1 - trim]);
        other += (double)c * s->p[(1 - trim) * s->cells + c] / kept[1 - trim];
    }
    double v = solve(&p, direction) + (trim == 1 ? -other : other);
    programme_end(&p);
    return v;
}

static void bounds_on_lost_counts_are_those_of_the_programme(void **unused)
{
    (void)unused;
    struct shares s;
    for (int round = 0; round < ROUNDS; round++) {
        double lower, upper;
        honest_shares(&s, 1 + round % 6, 0);
        lose_counts(&s);
        bounds_of("lost-worst", &s, 0, &lower, &upper);
        near("lost-worst", lower, extreme_lost(&s, false, GLP_MIN));
        near("lost-worst", upper, extreme_lost(&s, false, GLP_MAX));
        assert_true(lower <= extreme_lost(&s, true, GLP_MIN) + 1e-9);
        assert_true(upper >= extreme_lost(&s, true, GLP_MAX) - 1e-9);
        bounds_of("lost-lee", &s, 0, &lower, &upper);
        near("lost-lee", lower, extreme_lee(&s, GLP_MIN));
        near("lost-lee", upper, extreme_lee(&s, GLP_MAX));
    }
}

/* ---- derivatives and intervals ---- */

static void derivatives_are_those_of_the_bounds(void **unused)
{
    (void)unused;
    struct shares s, moved;
    for (size_t i = 0; i < BOUNDS_ASSUMPTIONS; i++)
        for (int round = 0; round < 10; round++) {
            struct shares_statistic b[2], after[2];
            honest_shares(&s, 4, 0.05);
            if (bounds_table[i].lost)
                lose_counts(&s);
            moved = s;
            bounds_table[i].fill(&s, 0.1, &b[0], &b[1]);
            for (size_t arm = 0; arm < 2; arm++) { /* a little goes from one cell to another */
                size_t from = arm * s.cells + (size_t)(uniform() * (double)s.cells);
                size_t to = arm * s.cells + (size_t)(uniform() * (double)s.cells);
                moved.p[from] -= 1e-7;
                moved.p[to] += 1e-7;
            }
            bounds_table[i].fill(&moved, 0.1, &after[0], &after[1]);
            for (int side = 0; side < 2; side++) {
                double expected = 0;
                for (size_t c = 0; c < shares_size(&s); c++)
                    expected += b[side].grad[c] * (moved.p[c] - s.p[c]);
                near(bounds_table[i].name, (after[side].value - b[side].value) / 1e-5,
                     expected / 1e-5);
            }
        }
}

static double normal_density(double x)
{
    return exp(-x * x / 2) / sqrt(2 * acos(-1.0));
}

/* P(X <= h, Y <= k) by brute force. */
static double binormal_slowly(double h, double k, double r)
{
    double sum = 0, step = 1e-3;
    for (double x = -10 + step / 2; x < h; x += step)
        sum += step * normal_density(x) * 0.5 * erfc(-(k - r * x) / sqrt(2 * (1 - r * r)));
    return sum;
}

static void the_binormal_probability_is_right(void **unused)
{
    (void)unused;
    static const double r[] = {-0.9999, -0.95, -0.5, 0, 0.3, 0.8, 0.99};
    for (size_t i = 0; i < sizeof r / sizeof *r; i++) {
        near("orthant", stoye_binormal(0, 0, r[i]), 0.25 + asin(r[i]) / (2 * acos(-1.0)));
        double slowly = binormal_slowly(1.2, 0.4, r[i]);
        if (!(fabs(stoye_binormal(1.2, 0.4, r[i]) - slowly) < 1e-5))
            fail_msg("r = %f: %.9f is not %.9f", r[i], stoye_binormal(1.2, 0.4, r[i]), slowly);
    }
    near("equal", stoye_binormal(1.645, 2, 1), 0.5 * erfc(-1.645 / sqrt(2)));
    near("opposite", stoye_binormal(1, 0, -1), 0.5 * erfc(-1 / sqrt(2)) - 0.5);
}

static void intervals_run_from_two_sided_to_one_sided(void **unused)
{
    (void)unused;
    double low, high, z2 = 1.959963984540054, z1 = 1.6448536269514722;
    assert_true(stoye_interval(&(struct stoye){.2, .2, .1, .1, .01, 1000}, .95, &low, &high));
    near("one point, low", low, .2 - z2 * .1);
    near("one point, high", high, .2 + z2 * .1);
    assert_true(stoye_interval(&(struct stoye){.2, .9, .01, .02, 0, 1000}, .95, &low, &high));
    near("far apart, low", low, .2 - z1 * .01);
    near("far apart, high", high, .9 + z1 * .02);
    assert_true(stoye_interval(&(struct stoye){.2, 1, .1, 0, 0, 1000}, .95, &low, &high));
    near("known above, low", low, .2 - z1 * .1);
    near("known above, high", high, 1);
    /* a known width of one standard error: Imbens and Manski's c, N(c + 1) - N(-c) = .95 */
    assert_true(stoye_interval(&(struct stoye){.2, .3, .1, .1, .01, 1000}, .95, &low, &high));
    double c = (.2 - low) / .1;
    near("Imbens and Manski", 0.5 * erfc(-(c + 1) / sqrt(2)) - 0.5 * erfc(c / sqrt(2)), .95);
    assert_false(stoye_interval(&(struct stoye){.9, .1, .05, .05, 0, 1000}, .95, &low, &high));
}

/* Bounds that may coincide: the interval covers either end often enough. */
static void intervals_cover(void **unused)
{
    (void)unused;
    static const double width[] = {0, 0.5, 2, 6};
    enum { TIMES = 400 };
    for (size_t w = 0; w < sizeof width / sizeof *width; w++) {
        int held[2] = {0, 0};
        for (int t = 0; t < TIMES; t++) {
            double u = sqrt(-2 * log(uniform())), v = 2 * acos(-1.0) * uniform(), low, high;
            double x = u * cos(v), y = 0.6 * x + 0.8 * u * sin(v);
            bool there = stoye_interval(&(struct stoye){x, width[w] + 1.5 * y, 1, 1.5, .9, 1000},
                                        .95, &low, &high);
            held[0] += there && low <= 0 && high >= 0;
            held[1] += there && low <= width[w] && high >= width[w];
        }
        for (int end = 0; end < 2; end++) /* three standard errors of a share of .95 */
            if (held[end] < (0.95 - 0.033) * TIMES)
                fail_msg("width %.1f: %d of %d", width[w], held[end], TIMES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds_on_liars_are_those_of_the_programme),
        cmocka_unit_test(bounds_on_random_answers_are_those_of_the_programme),
        cmocka_unit_test(bounds_on_lost_counts_are_those_of_the_programme),
        cmocka_unit_test(derivatives_are_those_of_the_bounds),
        cmocka_unit_test(the_binormal_probability_is_right),
        cmocka_unit_test(intervals_run_from_two_sided_to_one_sided),
        cmocka_unit_test(intervals_cover),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
