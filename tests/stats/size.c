/* size [--full] [ROW...]: how often does a test reject what is true, and what is false?
 *
 * Each row draws samples from a world (world.h), makes one test and counts p < 5%. Where the
 * hypothesis holds in the world that is the test's size, and the bar: at most 5% and three Monte
 * Carlo errors. Where it does not hold it is the power, shown beside it (with --full, or by name).
 * Tests refused (no p value, or no estimate) are counted and left out of both. Seeds are fixed: the
 * same table every time. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/chance.h"
#include "admin/estimate/checks.h"
#include "admin/estimate/design_effect.h"
#include "tests/stats/workers.h"
#include "tests/stats/world.h"

enum { FULL = 5000, REDUCED = 300 };

/* What is done to a sample beyond its world. */
enum fault {
    NONE,
    CARD,      /* one in five who had the item and would admit directly no longer does */
    POSITIONS, /* the list stands first, second or third, by chance */
    LAST /* likewise, and of the treated who count anything a third count one less when last */
};

enum from { DESIGN_EFFECT, NAMED, EQUALITY, HAUSMAN, PLACES };

struct row {
    const char *test, *where; /* what is tested; the world, in words */
    const struct world *world;
    size_t n;
    bool holds; /* the hypothesis, in this world */
    enum from from;
    const char *method, *named; /* the estimator, and how the name of its test begins */
    struct estimate_options o;
    enum fault fault;
};

#define CONTROL                                                                                    \
    {                                                                                              \
        -0.1, 0.3, 0.2                                                                             \
    }
#define WORLD(...)                                                                                 \
    .items = 4, .arms = 2, .sensitive = {__VA_ARGS__}, .psi0 = CONTROL, .psi1 = CONTROL
#define PLAIN WORLD({-0.3, 0.6, -0.4})
#define DIRECT                                                                                     \
    .items = 3, .arms = 2, .sensitive = {{-0.3, 0.6, -0.4}}, .psi0 = {-1.5, 0.3, 0.2},             \
    .psi1 = {-1.5, 0.3, 0.2}, .direct = true, .misreport = {-0.5, 0.4, 0.3}

static const struct world plain = {PLAIN};
static const struct world nobody = {WORLD({-40, 0, 0})}; /* support at the edge of what may be */
static const struct world everybody = {WORLD({40, 0, 0})};
static const struct world few = {WORLD({-2, 0, 0})};
static const struct world apart = {.items = 4,
                                   .arms = 2,
                                   .sensitive = {{-0.3, 0.6, -0.4}},
                                   .psi0 = CONTROL,
                                   .psi1 = {0.4, -0.2, 0.1}};
static const struct world rho = {PLAIN, .rho = 0.15};
static const struct world deflated = {PLAIN, .deflate = 0.20};
static const struct world inflated = {PLAIN, .inflate = 0.20};
static const struct world few_inflated = {WORLD({-2, 0, 0}), .inflate = 0.20};
static const struct world few_deflated = {WORLD({-2, 0, 0}), .deflate = 0.20};
static const struct world direct = {DIRECT};
static const struct world direct_deflated = {DIRECT, .deflate = 0.20};
static const struct world direct_inflated = {DIRECT, .inflate = 0.20};
static const struct world alike = {WORLD({-0.3, 0, -0.4})};
static const struct world points = {PLAIN, .points = 100, .spread = 0.42, .weight_cv = 0.6};
static const struct world points_alike = {WORLD({-0.3, 0, -0.4}), .points = 100, .spread = 0.42,
                                          .weight_cv = 0.6};
static const struct world ceiling = {PLAIN, .ceiling = 0.4};
static const struct world twice = {PLAIN, .twice = true};

static const int male = 0; /* the first column of every world */
#define XS .covariates = "male,age"
#define BY .by = &male, .bys = 1

#define DESIGNS(where, world, n, holds)                                                            \
    {                                                                                              \
        "design effect", where, &world, n, holds, DESIGN_EFFECT, NULL, NULL, {0}, NONE             \
    }
#define TESTS(label, how, named, where, world, n, holds, ...)                                      \
    {                                                                                              \
        label, where, &world, n, holds, NAMED, how, named, {__VA_ARGS__}, NONE                     \
    }
#define GROUPS(label, how, where, world, n, holds, ...)                                            \
    {                                                                                              \
        label, where, &world, n, holds, EQUALITY, how, NULL, {BY, __VA_ARGS__}, NONE               \
    }
#define MODELS(where, world, n, holds)                                                             \
    {                                                                                              \
        "Hausman", where, &world, n, holds, HAUSMAN, NULL, "Hausman", {XS}, NONE                   \
    }
#define SHOWN(named, where, world, n, holds, fault)                                                \
    {                                                                                              \
        "order of lists, " named, where, &world, n, holds, PLACES, NULL, "order of lists, " named, \
            {0}, fault                                                                             \
    }

static const struct row table[] = {
    DESIGNS("as assumed", plain, 400, true),
    DESIGNS("as assumed", plain, 2000, true),
    DESIGNS("nobody supports", nobody, 400, true),
    DESIGNS("nobody supports", nobody, 2000, true),
    DESIGNS("everybody supports", everybody, 2000, true),
    DESIGNS("supporters differ", apart, 2000, true),
    DESIGNS("overdispersed", rho, 2000, true),
    DESIGNS("deflation .20", deflated, 2000, false),
    DESIGNS("inflation .20", inflated, 2000, false),
    DESIGNS("12% support, deflation", few_deflated, 2000, false),
    DESIGNS("12% support, inflation", few_inflated, 2000, false),
    TESTS("placebo I", "combined", "placebo test I", "as assumed", direct, 1000, true,
          .direct = "direct"),
    TESTS("placebo I", "combined", "placebo test I", "as assumed", direct, 2000, true,
          .direct = "direct"),
    TESTS("placebo I", "combined", "placebo test I", "deflation .20", direct_deflated, 2000, false,
          .direct = "direct"),
    TESTS("placebo I", "combined", "placebo test I", "inflation .20", direct_inflated, 2000, false,
          .direct = "direct"),
    TESTS("placebo II", "combined", "placebo test II", "as assumed", direct, 2000, true,
          .direct = "direct"),
    {"placebo II",
     "card moves .20",
     &direct,
     2000,
     false,
     NAMED,
     "combined",
     "placebo test II",
     {.direct = "direct"},
     CARD},
    MODELS("as assumed", plain, 2000, true),
    MODELS("as assumed", plain, 5000, true),
    MODELS("supporters differ", apart, 2000, false),
    MODELS("liars at the ceiling", ceiling, 2000, false),
    MODELS("deflation .20", deflated, 2000, false),
    MODELS("inflation .20", inflated, 2000, false),
    TESTS("ml: supporters alike", "ml", "likelihood ratio against the standard", "as assumed",
          plain, 2000, true, XS, .unconstrained = true),
    TESTS("ml: supporters alike", "ml", "likelihood ratio against the standard",
          "supporters differ", apart, 2000, false, XS, .unconstrained = true),
    GROUPS("equality, dim", "dim", "groups alike", alike, 400, true, .unweighted = false),
    GROUPS("equality, dim", "dim", "groups alike", alike, 2000, true, .unweighted = false),
    GROUPS("equality, dim", "dim", ".14 apart", plain, 2000, false, .unweighted = false),
    GROUPS("equality, dim, points", "dim", "groups alike", points_alike, 2000, true,
           .unweighted = false),
    GROUPS("equality, dim, points", "dim", ".14 apart", points, 2000, false, .unweighted = false),
    GROUPS("equality, ml", "ml", "groups alike", alike, 2000, true, XS),
    GROUPS("equality, ml", "ml", ".14 apart", plain, 2000, false, XS),
    TESTS("randomization", "randomization", "the item changed", "nobody supports", nobody, 100,
          true, .draws = 199),
    TESTS("randomization", "randomization", "the item changed", "nobody supports", nobody, 1000,
          true, .draws = 199),
    TESTS("randomization", "randomization", "the item changed", "12% support", few, 1000, false,
          .draws = 199),
    TESTS("lists of a double", "double", "both lists", "as assumed", twice, 2000, true,
          .se = "CR0"),
    SHOWN("difference", "in any place alike", plain, 2000, true, POSITIONS),
    SHOWN("control", "in any place alike", plain, 2000, true, POSITIONS),
    SHOWN("difference", "less when last", plain, 2000, false, LAST),
};

/* ---- one sample ---- */

static double *column(struct frame *f, const char *name)
{
    int at = frame_find(f, name);
    return at < 0 ? NULL : f->column[at].number;
}

static void spoil(struct frame *f, enum fault fault, uint64_t seed)
{
    struct frame_list *l = f->list;
    double *said = column(f, "direct");
    struct chance c;
    chance_start(&c, seed, 0);
    for (size_t i = 0; fault == CARD && i < f->n; i++)
        if (l->arm[i] > 0 && said[i] == 1 && chance_below(&c, 5) == 0)
            said[i] = 0;
    if ((fault == POSITIONS || fault == LAST) && (l->position = malloc(f->n)) == NULL)
        exit(3);
    for (size_t i = 0; l->position != NULL && i < f->n; i++) {
        l->position[i] = (int8_t)chance_below(&c, 3);
        bool less = l->position[i] == 2 && l->arm[i] > 0 && chance_below(&c, 3) == 0;
        if (fault == LAST && less && l->count[i] > 0)
            l->count[i]--;
    }
}

static double p_named(const struct estimate_result *r, const char *begins)
{
    for (size_t i = 0; i < r->named_tests; i++)
        if (strncmp(r->named_test[i].name, begins, strlen(begins)) == 0)
            return r->named_test[i].p_value;
    return NAN;
}

/* A check of `sanaq-admin test`, by itself. */
static double p_checked(const struct row *row, const struct frame *f)
{
    struct estimate_result *r = NULL;
    enum err e = estimate_start(f, &row->o, "test", &r);
    if (e == ERR_OK)
        e = row->from == HAUSMAN ? checks_of_models(f, &row->o, r)
                                 : checks_of_place(f, &row->o, NULL, r);
    double p = e == ERR_OK ? p_named(r, row->named) : NAN;
    estimate_free(r);
    return p;
}

static double p_estimated(const struct row *row, const struct frame *f, uint64_t seed)
{
    struct estimate_result *r = NULL;
    struct estimate_options o = row->o;
    double p = NAN;
    o.seed = seed;
    o.threads = 1;
    if (estimate_find(row->method)->run(f, &o, &r) == ERR_OK)
        p = row->from == NAMED ? p_named(r, row->named) : r->test[0].p_value;
    estimate_free(r);
    return p;
}

static double p_of(const struct row *row, const struct frame *f, uint64_t seed)
{
    struct design_effect_counts c;
    struct design_effect d;
    if (row->from == HAUSMAN || row->from == PLACES)
        return p_checked(row, f);
    if (row->from != DESIGN_EFFECT)
        return p_estimated(row, f, seed);
    design_effect_count(f->list, f->n, 1, &c);
    return design_effect_test(&c, true, &d) == ERR_OK ? d.p : NAN;
}

/* ---- all samples ---- */

enum { TESTED, REJECTED, REFUSED, SUMS };

struct batch {
    const struct row *row;
    size_t samples;
};

static void work(const void *ctx, size_t first, size_t step, double *sums)
{
    const struct batch *b = ctx;
    struct world w = *b->row->world;
    w.n = b->row->n;
    for (size_t i = first; i < b->samples; i += step) {
        struct sample sample;
        if (world_draw(&w, i + 1, &sample) != ERR_OK)
            exit(3);
        spoil(sample.f, b->row->fault, i + 1);
        double p = p_of(b->row, sample.f, i + 1);
        sums[TESTED] += !isnan(p);
        sums[REJECTED] += p < 0.05;
        sums[REFUSED] += isnan(p);
        frame_free(sample.f);
    }
}

/* False where the bar is missed. */
static bool show(const struct row *row, const double *sums)
{
    double n = sums[TESTED], rate = n > 0 ? sums[REJECTED] / n : NAN;
    double error = n > 0 ? sqrt(0.05 * 0.95 / n) : NAN;
    bool held = n > 0 && rate <= 0.05 + 3 * error;
    printf("%-26s %-24s %5zu  %-5s %7.2f%% %6.2f %7.2f%%  %s\n", row->test, row->where, row->n,
           row->holds ? "size" : "power", 100 * rate,
           100 * (row->holds ? error : sqrt(rate * (1 - rate) / n)),
           100 * sums[REFUSED] / (n + sums[REFUSED]),
           !row->holds ? "shown"
           : held      ? "held"
                       : "MISSED");
    fflush(stdout);
    return held || !row->holds;
}

static bool wanted(const struct row *row, char **name, int names)
{
    for (int i = 0; i < names; i++)
        if (strcmp(row->test, name[i]) == 0)
            return true;
    return names == 0;
}

int main(int argc, char **argv)
{
    bool full = argc > 1 && strcmp(argv[1], "--full") == 0;
    size_t samples = full ? FULL : REDUCED, missed = 0;
    int first = full ? 2 : 1;
    printf("%-26s %-24s %5s  %-5s %8s %6s %8s\n", "test", "world", "n", "", "p < 5%", "mc",
           "refused");
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct batch b = {&table[i], samples};
        double sums[SUMS] = {0};
        bool due = full || table[i].holds || argc > first;
        if (!wanted(&table[i], argv + first, argc - first) || !due)
            continue;
        if (!workers_run(work, &b, SUMS, sums)) {
            fprintf(stderr, "size: %s could not be run\n", table[i].test);
            return 3;
        }
        missed += !show(&table[i], sums);
    }
    printf("%zu samples a row; %zu missed the bar\n", samples, missed);
    return missed == 0 ? 0 : 1;
}
