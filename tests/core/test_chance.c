/* Draws by the hundred thousand: arms as the ratio says, no trace of one in the next, and nobody
 * guesses the next arm better than theory says. The keys are fixed, so nothing here is left to
 * chance. SANAQ_DRAWS=1000000 makes them a million a method.
 *
 * Sources: Pearson's chi-square with the quantile of Wilson and Hilferty (1931); the runs test of
 * Wald and Wolfowitz (1940); the guesser is the exact forward filter over begun blocks. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/assign.h"

enum { MAX_ARMS = 4, LAGS = 12, STATES = 128 };
static const double Z = 4; /* in a hundred such tests one fails by chance in 160 tries: with fixed
                              keys once and for all, or never */

static char item_id[] = "item";
static struct study_item even[] = {{.id = item_id, .ratio = 1}};
static struct study_item two[] = {{.id = item_id, .ratio = 1}, {.id = item_id, .ratio = 1}};
static struct study_double pair[] = {{{0, 1}, item_id, true}};

static struct study_list one_even[] = {
    {.items = 4, .sensitive = even, .sensitives = 1, .control_ratio = 1, .in_double = -1}};
static struct study_list one_uneven[] = {
    {.items = 4, .sensitive = two, .sensitives = 2, .control_ratio = 2, .in_double = -1}};
static struct study_list in_pair[] = {
    {.items = 4, .sensitive = even, .sensitives = 1, .control_ratio = 1, .in_double = 0},
    {.items = 4, .sensitive = even, .sensitives = 1, .control_ratio = 1, .in_double = 0}};
static struct study_list ordered[] = {
    {.items = 4,
     .sensitive = even,
     .sensitives = 1,
     .control_ratio = 1,
     .random_order = true,
     .in_double = -1},
    {.items = 3, .sensitive = even, .sensitives = 1, .control_ratio = 1, .in_double = -1},
    {.items = 3, .sensitive = even, .sensitives = 1, .control_ratio = 1, .in_double = -1}};

static const struct study simple_even = {.list = one_even, .lists = 1};
static const struct study simple_uneven = {.list = one_uneven, .lists = 1};
static const struct study blocks_even = {
    .list = one_even, .lists = 1, .blocks = true, .block = {4, 6, 8}, .block_sizes = 3};
static const struct study blocks_uneven = {
    .list = one_uneven, .lists = 1, .blocks = true, .block = {4, 8}, .block_sizes = 2};
static const struct study double_simple = {.list = in_pair, .lists = 2, .pair = pair, .pairs = 1};
static const struct study double_blocks = {.list = in_pair,
                                           .lists = 2,
                                           .pair = pair,
                                           .pairs = 1,
                                           .blocks = true,
                                           .block = {4, 6, 8},
                                           .block_sizes = 3};
static const struct study orders = {.list = ordered, .lists = 3, .random_list_order = true};

static size_t draws(void)
{
    const char *wanted = getenv("SANAQ_DRAWS");
    size_t n = wanted != NULL ? strtoul(wanted, NULL, 10) : 0;
    return n >= 1000 ? n : 100000;
}

/* The draws of one chain after another; released with free. */
static struct draw *draw_all(const struct study *s, uint8_t key, size_t n)
{
    uint8_t root[32];
    struct assign *a = NULL;
    struct draw *d = calloc(n, sizeof *d);
    memset(root, key, sizeof root);
    assert_non_null(d);
    assert_int_equal(assign_new(s, 1, root, &a), ERR_OK);
    for (size_t i = 0; i < n; i++)
        assign_draw(a, false, 1, (1u << s->lists) - 1, &d[i]);
    assign_free(a);
    return d;
}

/* ---- tests of chance ---- */

static double chi_square(const size_t *seen, const double *expected, size_t cells)
{
    double sum = 0;
    for (size_t i = 0; i < cells; i++)
        sum += ((double)seen[i] - expected[i]) * ((double)seen[i] - expected[i]) / expected[i];
    return sum;
}

/* Its quantile at Z standard deviations of the normal, ${df} degrees of freedom. */
static double chi_square_limit(double df)
{
    double x = 1 - 2 / (9 * df) + Z * sqrt(2 / (9 * df));
    return df * x * x * x;
}

static void assert_as_expected(const char *what, const size_t *seen, const double *expected,
                               size_t cells)
{
    double x = chi_square(seen, expected, cells), limit = chi_square_limit((double)cells - 1);
    if (x >= limit)
        print_error("%s: chi-square %.2f with %zu cells, limit %.2f\n", what, x, cells, limit);
    assert_true(x < limit);
}

/* Arms by themselves and in pairs of neighbours; ${share}: of each arm, sum 1. */
static void assert_independent(const struct draw *d, size_t n, const double *share, size_t arms)
{
    size_t alone[MAX_ARMS] = {0}, pairs[MAX_ARMS * MAX_ARMS] = {0};
    double expected[MAX_ARMS * MAX_ARMS];
    for (size_t i = 0; i < n; i++) {
        alone[d[i].arm[0]]++;
        if (i % 2 == 1)
            pairs[d[i - 1].arm[0] * arms + d[i].arm[0]]++;
    }
    for (size_t a = 0; a < arms; a++)
        expected[a] = share[a] * (double)n;
    assert_as_expected("arms", alone, expected, arms);
    for (size_t a = 0; a < arms * arms; a++)
        expected[a] = share[a / arms] * share[a % arms] * (double)(n / 2);
    assert_as_expected("pairs of arms", pairs, expected, arms * arms);
}

/* Correlation of an arm with those ${lag} draws before. */
static void assert_no_lag(const struct draw *d, size_t n, double share)
{
    for (size_t lag = 1; lag <= LAGS; lag++) {
        double sum = 0, var = share * (1 - share);
        for (size_t i = lag; i < n; i++)
            sum += ((d[i].arm[0] == 1) - share) * ((d[i - lag].arm[0] == 1) - share);
        double z = sum / var / sqrt((double)(n - lag));
        if (fabs(z) >= Z)
            print_error("lag %zu: z = %.2f\n", lag, z);
        assert_true(fabs(z) < Z);
    }
}

static void assert_runs(const struct draw *d, size_t n)
{
    double ones = 0, runs = 1;
    for (size_t i = 0; i < n; i++) {
        ones += d[i].arm[0] == 1;
        runs += i > 0 && d[i].arm[0] != d[i - 1].arm[0];
    }
    double zeros = (double)n - ones, both = 2 * ones * zeros / (double)n;
    double sd = sqrt(both * (both - 1) / ((double)n - 1));
    if (fabs(runs - both - 1) >= Z * sd)
        print_error("runs: %.0f, expected %.1f, sd %.1f\n", runs, both + 1, sd);
    assert_true(fabs(runs - both - 1) < Z * sd);
}

static void simple_draws_are_independent_and_as_the_ratio_says(void **state)
{
    static const double halves[] = {.5, .5}, quarters[] = {.5, .25, .25};
    size_t n = draws();
    (void)state;
    struct draw *d = draw_all(&simple_even, 1, n);
    assert_independent(d, n, halves, 2);
    assert_no_lag(d, n, .5);
    assert_runs(d, n);
    free(d);
    d = draw_all(&simple_uneven, 2, n);
    assert_independent(d, n, quarters, 3);
    assert_no_lag(d, n, .25);
    free(d);
}

/* Blocks balance more than chance does: never further off than one block. */
static void blocks_keep_the_ratio(void **state)
{
    static const struct study *const study[] = {&blocks_even, &blocks_uneven, &double_blocks};
    size_t n = draws();
    (void)state;
    for (size_t k = 0; k < 3; k++) {
        struct draw *d = draw_all(study[k], (uint8_t)(10 + k), n);
        size_t seen[MAX_ARMS] = {0};
        double share = k == 1 ? .25 : .5;
        for (size_t i = 0; i < n; i++) {
            seen[d[i].arm[0]]++;
            assert_true(fabs((double)seen[1] - share * (double)(i + 1)) <= 4);
        }
        free(d);
    }
}

/* Over blocks every place is as good as every other: runs across many begun blocks must not favour
 * an arm, so the first arm of a fresh chain is even over keys. */
static void first_places_of_blocks_are_even_over_keys(void **state)
{
    enum { KEYS = 20000 };
    size_t seen[2] = {0};
    const double expected[2] = {KEYS / 2.0, KEYS / 2.0};
    uint8_t root[32] = {3};
    (void)state;
    for (unsigned i = 0; i < KEYS; i++) {
        struct assign *a = NULL;
        struct draw d;
        root[1] = (uint8_t)i;
        root[2] = (uint8_t)(i >> 8);
        assert_int_equal(assign_new(&blocks_even, 1, root, &a), ERR_OK);
        assign_draw(a, false, 1, 1, &d);
        seen[d.arm[0]]++;
        assign_free(a);
    }
    assert_as_expected("first places", seen, expected, 2);
}

static void doubles_show_the_item_in_one_of_two_lists(void **state)
{
    size_t n = draws();
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        struct draw *d = draw_all(k == 0 ? &double_simple : &double_blocks, (uint8_t)(20 + k), n);
        size_t cell[4] = {0};
        const double quarter = (double)n / 4, expected[4] = {quarter, quarter, quarter, quarter};
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(d[i].arm[0] + d[i].arm[1], 1);
            cell[2 * d[i].arm[0] + (d[i].position[0] == 0)]++;
        }
        assert_as_expected("cells of a double", cell, expected, 4);
        if (k == 0) {
            assert_no_lag(d, n, .5);
            assert_runs(d, n);
        }
        free(d);
    }
}

static void orders_are_even_and_independent_of_arms(void **state)
{
    enum { PERMUTATIONS = 24, OF_LISTS = 6 };
    size_t n = draws();
    struct draw *d = draw_all(&orders, 30, n);
    size_t control[PERMUTATIONS] = {0}, lists[OF_LISTS] = {0}, controls = 0;
    double expected[PERMUTATIONS], of_lists[OF_LISTS];
    (void)state;
    for (size_t i = 0; i < n; i++) {
        const uint8_t *p = d[i].position;
        lists[p[0] * 2 + (p[1] > p[2])]++;
        if (d[i].arm[0] == 0) { /* 4 items; with the sensitive one 120 orders */
            controls++;
            control[d[i].order[0]]++;
        }
    }
    for (size_t i = 0; i < PERMUTATIONS; i++)
        expected[i] = (double)controls / PERMUTATIONS;
    for (size_t i = 0; i < OF_LISTS; i++)
        of_lists[i] = (double)n / OF_LISTS;
    assert_as_expected("orders of items", control, expected, PERMUTATIONS);
    assert_as_expected("orders of lists", lists, of_lists, OF_LISTS);
    free(d);
}

/* ---- guessing ---- */

/* A begun block as the guesser thinks of it. */
struct begun {
    uint8_t size, seen[MAX_ARMS];
    double weight;
};

struct guesser { /* knows sizes, shares and all arms so far; nothing else */
    const struct study *study;
    uint8_t share[MAX_ARMS], arms, sum;
    struct begun state[STATES];
    size_t states;
};

static void begin_blocks(struct guesser *g, double weight)
{
    for (size_t i = 0; i < g->study->block_sizes; i++)
        g->state[g->states++] = (struct begun){.size = g->study->block[i],
                                               .weight = weight / (double)g->study->block_sizes};
}

static uint8_t left_of(const struct guesser *g, const struct begun *b, size_t arm)
{
    return (uint8_t)(b->size / g->sum * g->share[arm] - b->seen[arm]);
}

static unsigned places_left(const struct guesser *g, const struct begun *b)
{
    unsigned n = 0;
    for (size_t a = 0; a < g->arms; a++)
        n += left_of(g, b, a);
    return n;
}

static uint8_t guess(const struct guesser *g)
{
    double p[MAX_ARMS] = {0};
    uint8_t best = 0;
    for (size_t i = 0; i < g->states; i++)
        for (size_t a = 0; a < g->arms; a++)
            p[a] += g->state[i].weight * left_of(g, &g->state[i], a) / places_left(g, &g->state[i]);
    for (uint8_t a = 1; a < g->arms; a++)
        if (p[a] > p[best])
            best = a;
    return best;
}

static void add_state(struct guesser *g, const struct begun *b)
{
    for (size_t i = 0; i < g->states; i++)
        if (g->state[i].size == b->size && memcmp(g->state[i].seen, b->seen, MAX_ARMS) == 0) {
            g->state[i].weight += b->weight;
            return;
        }
    assert_true(g->states < STATES);
    g->state[g->states++] = *b;
}

static void learn(struct guesser *g, uint8_t arm)
{
    struct guesser next = *g;
    double total = 0, done = 0;
    next.states = 0;
    for (size_t i = 0; i < g->states; i++) {
        struct begun b = g->state[i];
        b.weight *= (double)left_of(g, &b, arm) / places_left(g, &b);
        if (b.weight <= 0)
            continue;
        total += b.weight;
        b.seen[arm]++;
        if (places_left(g, &b) == 0)
            done += b.weight;
        else
            add_state(&next, &b);
    }
    if (done > 0) {
        struct guesser fresh = next;
        fresh.states = 0;
        begin_blocks(&fresh, done);
        for (size_t i = 0; i < fresh.states; i++)
            add_state(&next, &fresh.state[i]);
    }
    *g = next;
    for (size_t i = 0; i < g->states; i++)
        g->state[i].weight /= total;
}

/* How often the best guess from all past arms is right. */
static double guessed_right(const struct study *s, const uint8_t *share, uint8_t arms, uint8_t key)
{
    struct guesser g = {.study = s, .arms = arms};
    size_t n = draws(), right = 0;
    struct draw *d = draw_all(s, key, n);
    for (size_t a = 0; a < arms; a++) {
        g.share[a] = share[a];
        g.sum = (uint8_t)(g.sum + share[a]);
    }
    begin_blocks(&g, 1);
    for (size_t i = 0; i < n; i++) {
        right += guess(&g) == d[i].arm[0];
        learn(&g, d[i].arm[0]);
    }
    free(d);
    return (double)right / (double)n;
}

static void nobody_guesses_better_than_theory(void **state)
{
    static const uint8_t halves[] = {1, 1}, shares[] = {2, 1, 1};
    double sd = sqrt(.25 / (double)draws());
    double even_rate = guessed_right(&blocks_even, halves, 2, 40);
    double double_rate = guessed_right(&double_blocks, halves, 2, 41);
    double uneven_rate = guessed_right(&blocks_uneven, shares, 3, 42);
    (void)state;
    print_message("blocks of 4, 6, 8: %.4f, theory %.4f; doubles %.4f; 2:1:1 in 4, 8: %.4f, theory "
                  "at most %.4f\n",
                  even_rate, assign_guess(&blocks_even, 0), double_rate, uneven_rate,
                  assign_guess(&blocks_uneven, 0));
    assert_true(fabs(assign_guess(&blocks_even, 0) - .68) < .005);
    assert_true(fabs(even_rate - assign_guess(&blocks_even, 0)) < Z * sd);
    assert_true(fabs(double_rate - assign_guess(&double_blocks, 0)) < Z * sd);
    assert_true(uneven_rate < assign_guess(&blocks_uneven, 0) + Z * sd);
}

/* With simple draws there is nothing to learn: whoever bets on what followed the last eight arms
 * most often so far is right half of the time. */
static void simple_draws_teach_nothing(void **state)
{
    size_t n = draws(), right = 0;
    static unsigned followed[256][2];
    struct draw *d = draw_all(&simple_even, 50, n);
    unsigned past = 0;
    (void)state;
    for (size_t i = 0; i < n; i++) {
        uint8_t arm = d[i].arm[0];
        right += (followed[past][1] > followed[past][0]) == arm;
        followed[past][arm]++;
        past = (past << 1 | arm) & 255;
    }
    free(d);
    assert_true(assign_guess(&simple_even, 0) == .5);
    assert_true(assign_guess(&simple_uneven, 0) == .5);
    assert_true(fabs((double)right / (double)n - .5) < Z * sqrt(.25 / (double)n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(simple_draws_are_independent_and_as_the_ratio_says),
        cmocka_unit_test(blocks_keep_the_ratio),
        cmocka_unit_test(first_places_of_blocks_are_even_over_keys),
        cmocka_unit_test(doubles_show_the_item_in_one_of_two_lists),
        cmocka_unit_test(orders_are_even_and_independent_of_arms),
        cmocka_unit_test(nobody_guesses_better_than_theory),
        cmocka_unit_test(simple_draws_teach_nothing),
    };
    if (secret_start() != ERR_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
