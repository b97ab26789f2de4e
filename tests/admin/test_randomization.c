/* The randomisation test against going through all assignments one by one. */
#include "tests/admin/frames.h"

#include <stdio.h>

#include "admin/estimate/lottery.h"
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

/* ---- by hand ---- */

struct trial { /* respondents of one list; count < 0: lost */
    size_t n;
    int arm[24], count[24];
};

/* |t| of the assignment that ${with} codes bit by bit, -1 where an arm has fewer than two counts.
 */
static double size_of(const struct trial *t, uint32_t with)
{
    double n[2] = {0}, sum[2] = {0}, squares[2] = {0}, v = 0;
    for (size_t i = 0; i < t->n; i++) {
        size_t a = with >> i & 1;
        if (t->count[i] < 0)
            continue;
        n[a]++;
        sum[a] += t->count[i];
        squares[a] += t->count[i] * t->count[i];
    }
    if (n[0] < 2 || n[1] < 2)
        return -1;
    for (size_t a = 0; a < 2; a++)
        v += (squares[a] - sum[a] * sum[a] / n[a]) / (n[a] - 1) / n[a];
    double d = fabs(sum[1] / n[1] - sum[0] / n[0]);
    return v > 1e-12 ? d / sqrt(v) : d > 1e-12 ? INFINITY : 0;
}

static uint32_t real(const struct trial *t)
{
    uint32_t with = 0;
    for (size_t i = 0; i < t->n; i++)
        with |= (uint32_t)t->arm[i] << i;
    return with;
}

static int bits(uint32_t x)
{
    int n = 0;
    for (; x != 0; x &= x - 1)
        n++;
    return n;
}

/* Probability of a chain of ${n} draws in blocks of 2 or 4, 1:1, coded by bits, by going through
 * the blocks. */
static double in_blocks(uint32_t with, size_t n)
{
    double p = 0;
    static const double orders[] = {1, 1, 2, 0, 6}; /* of a block of 0, 2, 4 places */
    if (n == 0)
        return 1;
    for (size_t size = 2; size <= 4; size += 2) {
        size_t here = n < size ? n : size;
        int ones = bits(with & ((1u << here) - 1)), half = (int)size / 2;
        double ways = 1; /* of the rest of the block that was not drawn */
        int rest = (int)(size - here), missing = half - ones;
        if (missing < 0 || missing > rest)
            continue;
        for (int i = 0; i < missing; i++)
            ways = ways * (rest - i) / (i + 1);
        p += 0.5 * ways / orders[size] * in_blocks(with >> here, n - here);
    }
    return p;
}

static double probability(const struct trial *t, uint32_t with, enum lottery_kind kind, double p)
{
    int ones = bits(with);
    if (kind == LOTTERY_COMPLETE)
        return ones == bits(real(t)) ? 1 : 0;
    if (kind == LOTTERY_SIMPLE)
        return pow(p, ones) * pow(1 - p, (double)t->n - ones);
    return in_blocks(with, t->n);
}

static double p_by_hand(const struct trial *t, enum lottery_kind kind, double p)
{
    double all = 0, extreme = 0, observed = size_of(t, real(t));
    for (uint32_t with = 0; with < 1u << t->n; with++) {
        double s = size_of(t, with), w = probability(t, with, kind, p);
        all += s >= 0 ? w : 0;
        extreme += s >= observed * (1 - 1e-9) && s >= 0 ? w : 0;
    }
    return extreme / all;
}

/* ---- the same as a frame ---- */

static struct frame *frame_of(const struct trial *t, enum lottery_kind kind)
{
    struct frame *f = frames_new(t->n, 3, 2, 1);
    struct frame_list *l = f->list;
    for (size_t i = 0; i < t->n; i++) {
        l->arm[i] = (int8_t)t->arm[i];
        l->count[i] = (int16_t)(t->count[i] < 0 ? ANSWER_REFUSED : t->count[i]);
    }
    if (kind == LOTTERY_COMPLETE)
        return f;
    struct frame_mechanism *m = l->mechanism = calloc(1, sizeof *m);
    assert_non_null(m);
    m->blocks = kind == LOTTERY_BLOCKS;
    m->share[0] = 1;
    m->share[1] = kind == LOTTERY_BLOCKS ? 1 : 2;
    m->block[0] = 2;
    m->block[1] = 4;
    m->block_sizes = 2;
    m->draws = t->n;
    m->row = calloc(t->n, sizeof *m->row);
    m->chain = calloc(t->n, sizeof *m->chain);
    assert_true(m->row != NULL && m->chain != NULL);
    for (size_t i = 0; i < t->n; i++)
        m->row[i] = (int32_t)i;
    return f;
}

static struct trial trial_of(struct frames_chance *c, size_t n, enum lottery_kind kind)
{
    struct trial t = {.n = n};
    do
        for (size_t i = 0; i < n; i++) {
            t.arm[i] = kind == LOTTERY_BLOCKS ? (int)(i % 2) : frames_uniform(c) < 0.6;
            t.count[i] = frames_uniform(c) < 0.1 ? -1 : frames_binomial(c, 3, 0.5) + t.arm[i];
        }
    while (size_of(&t, real(&t)) < 0);
    return t;
}

static struct estimate_result *test_of(const struct frame *f, size_t draws, uint64_t seed)
{
    struct estimate_result *r = NULL;
    struct estimate_options o = {.small = true, .draws = draws, .seed = seed};
    assert_int_equal(estimate_find("randomization")->run(f, &o, &r), ERR_OK);
    return r;
}

static void p_is_that_of_all_assignments(void **unused)
{
    (void)unused;
    struct frames_chance c = {21};
    for (int round = 0; round < 12; round++)
        for (enum lottery_kind kind = LOTTERY_COMPLETE; kind <= LOTTERY_SIMPLE; kind++) {
            struct trial t = trial_of(&c, 5 + (size_t)round, kind);
            struct frame *f = frame_of(&t, kind);
            struct estimate_result *r = test_of(f, 19, 1);
            frames_near("p", r->group[0].p_value, p_by_hand(&t, kind, 2.0 / 3), 1e-9);
            frames_near("gone through", r->number[r->numbers - 1].value, 1, 0);
            estimate_free(r);
            frame_free(f);
        }
}

static void redraws_have_the_probabilities_of_the_mechanism(void **unused)
{
    (void)unused;
    enum { DRAWS = 20000 };
    struct frames_chance c = {22};
    for (enum lottery_kind kind = LOTTERY_COMPLETE; kind <= LOTTERY_BLOCKS; kind++) {
        struct trial t = trial_of(&c, 11, kind);
        struct frame *f = frame_of(&t, kind);
        struct lottery l;
        struct lottery_arms a;
        struct chance chance;
        double observed, expected = p_by_hand(&t, kind, 2.0 / 3), extreme = 0;
        lottery_of(f, f->list, 1, NULL, 0, &l);
        assert_int_equal(l.kind, kind);
        lottery_observed(&l, &a);
        observed = fabs(lottery_t(&a, 0));
        frames_near("t", observed, size_of(&t, real(&t)), 1e-12);
        chance_start(&chance, 5, kind);
        for (int i = 0; i < DRAWS; i++) {
            assert_true(lottery_draw(&l, &chance, &a));
            extreme += fabs(lottery_t(&a, 0)) >= observed * (1 - 1e-9);
        }
        double error = sqrt(expected * (1 - expected) / DRAWS);
        if (!(fabs(extreme / DRAWS - expected) <= 4 * error))
            fail_msg("kind %d: %f is not %f", kind, extreme / DRAWS, expected);
        frame_free(f);
    }
}

/* Broken-off interviews keep their places: with blocks of two, the partner of one who is in no row
 * can have either arm, all others have one each. */
static void broken_off_draws_stand_in_their_slots(void **unused)
{
    (void)unused;
    struct trial t = {.n = 7, .arm = {1, 0, 1, 0, 1, 0, 1}, .count = {1, 2, 0, 3, 1, 1, 2}};
    struct frame *f = frame_of(&t, LOTTERY_BLOCKS);
    struct frame_mechanism *m = f->list->mechanism;
    struct lottery l;
    struct lottery_arms a;
    struct chance c;
    int counts[2] = {0, 0};
    m->block_sizes = 1; /* of two */
    m->draws = 8;
    m->row = realloc(m->row, 8 * sizeof *m->row);
    m->chain = realloc(m->chain, 8 * sizeof *m->chain);
    assert_true(m->row != NULL && m->chain != NULL);
    for (int i = 0; i < 8; i++) {
        m->row[i] = i < 3 ? i : i == 3 ? FRAME_MISSING : i - 1;
        m->chain[i] = 0;
    }
    lottery_of(f, f->list, 1, NULL, 0, &l);
    chance_start(&c, 1, 1);
    for (int i = 0; i < 2000; i++) {
        assert_true(lottery_draw(&l, &c, &a));
        assert_true(a.side[1].n == 3 || a.side[1].n == 4);
        counts[a.side[1].n == 4]++;
        assert_true(a.side[0].n + a.side[1].n == 7);
    }
    assert_true(counts[0] > 850 && counts[1] > 850);
    for (int i = 4; i < 8; i++)
        m->chain[i] = 1; /* a new chain behind the single one: nothing changes */
    m->draws = 3;        /* but a chain that ends in a block leaves its last place free */
    f->n = 3;
    lottery_of(f, f->list, 1, NULL, 0, &l);
    for (int i = 0; i < 100; i++)
        assert_false(lottery_draw(&l, &c, &a)); /* three counts never make two and two */
    frame_free(f);
}

static void the_seed_gives_the_same_again(void **unused)
{
    (void)unused;
    struct frames_chance c = {23};
    struct frame *f = frames_new(300, 4, 2, 1);
    for (size_t i = 0; i < f->n; i++) {
        f->list->arm[i] = (int8_t)(i % 2);
        f->list->count[i] =
            (int16_t)(frames_binomial(&c, 4, 0.5) + (i % 2 == 1 && frames_uniform(&c) < 0.15));
    }
    struct estimate_result *a = test_of(f, 999, 4), *b = test_of(f, 999, 4),
                           *d = test_of(f, 999, 5);
    assert_true(a->group[0].p_value == b->group[0].p_value);
    assert_true(a->group[0].ci_low == b->group[0].ci_low);
    assert_true(a->group[0].p_value != d->group[0].p_value);
    /* near the interval of Welch, which is right here */
    struct estimate_result *w = NULL;
    struct estimate_options o = {0};
    assert_int_equal(estimate_find("dim")->run(f, &o, &w), ERR_OK);
    frames_near("se", a->group[0].se, w->group[0].se, 1e-12);
    frames_near("low", a->group[0].ci_low, w->group[0].ci_low, 0.02);
    frames_near("high", a->group[0].ci_high, w->group[0].ci_high, 0.02);
    frames_near("p", a->group[0].p_value, w->group[0].p_value, 0.05);
    estimate_free(a);
    estimate_free(b);
    estimate_free(d);
    estimate_free(w);
    frame_free(f);
}

/* Under the hypothesis a test at 5% rejects at most that often: small samples, unequal shares. */
static void the_size_is_at_most_nominal(void **unused)
{
    (void)unused;
    enum { TIMES = 1000 };
    struct frames_chance c = {24};
    for (enum lottery_kind kind = LOTTERY_COMPLETE; kind <= LOTTERY_BLOCKS; kind++) {
        int rejected = 0;
        for (int i = 0; i < TIMES; i++) {
            struct trial t = {.n = 20};
            struct lottery l;
            struct lottery_arms a;
            struct chance chance;
            chance_start(&chance, (uint64_t)i, kind);
            for (size_t k = 0; k < t.n; k++)
                t.count[k] = frames_binomial(&c, 3, 0.3);
            do { /* arms as the mechanism draws them */
                uint8_t place[4];
                for (size_t k = 0, size = 0, taken = 0; k < t.n; k++) {
                    if (kind != LOTTERY_BLOCKS) {
                        t.arm[k] = kind == LOTTERY_COMPLETE ? k < 7 : frames_uniform(&c) < 2.0 / 3;
                        continue;
                    }
                    if (taken == size) {
                        size = frames_uniform(&c) < 0.5 ? 2 : 4;
                        taken = 0;
                        for (size_t j = 0; j < size; j++) {
                            size_t other = (size_t)(frames_uniform(&c) * (double)(j + 1));
                            place[j] = place[other];
                            place[other] = j % 2;
                        }
                    }
                    t.arm[k] = place[taken++];
                }
            } while (size_of(&t, real(&t)) < 0);
            struct frame *f = frame_of(&t, kind);
            lottery_of(f, f->list, 1, NULL, 0, &l);
            lottery_observed(&l, &a);
            double observed = fabs(lottery_t(&a, 0));
            int extreme = 1;
            for (int k = 0; k < 199; k++) {
                assert_true(lottery_draw(&l, &chance, &a));
                extreme += fabs(lottery_t(&a, 0)) >= observed * (1 - 1e-9);
            }
            rejected += extreme <= 10; /* of 200 */
            frame_free(f);
        }
        if (rejected > TIMES * 0.05 + 3 * sqrt(TIMES * 0.05 * 0.95))
            fail_msg("kind %d: %d of %d rejected", kind, rejected, TIMES);
        assert_true(rejected > TIMES * 0.02); /* and it does reject */
    }
}

static void hostile_frames_give_numbers_or_sentences(void **unused)
{
    (void)unused;
    static const size_t size[] = {1, 2, 3, 4, 5, 30};
    struct frames_chance c = {25};
    for (size_t i = 0; i < sizeof size / sizeof *size; i++)
        for (int kind = 0; kind < 4; kind++) {
            struct frame *f = frames_new(size[i], kind == 2 ? 20 : 1, 2, 1);
            for (size_t k = 0; k < f->n; k++) {
                f->list->arm[k] = (int8_t)(kind == 3 ? 1 : k % 2);
                f->list->count[k] = (int16_t)(kind == 1 ? 1 : frames_binomial(&c, 1, 0.5));
            }
            struct estimate_result *r = test_of(f, 99, 1);
            const struct estimate_group *g = &r->group[0];
            assert_true(isnan(g->p_value) || (g->p_value > 0 && g->p_value <= 1));
            assert_true(!(g->ci_low > g->ci_high));
            if (kind == 1 && size[i] >= 4)
                assert_true(g->p_value == 1 && isnan(g->ci_low));
            estimate_free(r);
            frame_free(f);
        }
}

static void binomial_and_hypergeometric_are_those(void **unused)
{
    (void)unused;
    enum { DRAWS = 40000 };
    static const struct {
        uint64_t all, marked, taken; /* taken 0: binomial of ${all} */
        double p;
    } table[] = {{7, 0, 0, 0.3}, {40, 0, 0, 0.9}, {1000000, 0, 0, 0.5},
                 {12, 5, 6, 0},  {60, 10, 50, 0}, {1000000, 300000, 500000, 0}};
    struct chance c;
    chance_start(&c, 9, 9);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        double n = (double)table[i].all, k = (double)table[i].marked, t = (double)table[i].taken;
        double mean = t > 0 ? t * k / n : n * table[i].p, sum = 0, squares = 0;
        double variance =
            t > 0 ? t * k / n * (1 - k / n) * (n - t) / (n - 1) : n * table[i].p * (1 - table[i].p);
        for (int d = 0; d < DRAWS; d++) {
            uint64_t x =
                t > 0 ? chance_hypergeometric(&c, table[i].all, table[i].marked, table[i].taken)
                      : chance_binomial(&c, table[i].all, table[i].p);
            sum += (double)x - mean;
            squares += ((double)x - mean) * ((double)x - mean);
        }
        double se = sqrt(variance / DRAWS);
        if (!(fabs(sum / DRAWS) < 4 * se) || !(fabs(squares / DRAWS / variance - 1) < 0.05))
            fail_msg("row %zu: mean off by %f (%f), variance by %f", i, sum / DRAWS, se,
                     squares / DRAWS / variance);
    }
    assert_true(chance_binomial(&c, 5, 1) == 5 && chance_binomial(&c, 5, 0) == 0);
    assert_true(chance_hypergeometric(&c, 5, 5, 3) == 3 && chance_hypergeometric(&c, 5, 0, 3) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(p_is_that_of_all_assignments),
        cmocka_unit_test(redraws_have_the_probabilities_of_the_mechanism),
        cmocka_unit_test(broken_off_draws_stand_in_their_slots),
        cmocka_unit_test(the_seed_gives_the_same_again),
        cmocka_unit_test(the_size_is_at_most_nominal),
        cmocka_unit_test(hostile_frames_give_numbers_or_sentences),
        cmocka_unit_test(binomial_and_hypergeometric_are_those),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
