/* coverage [--full] [--list] [SCENARIO...]: is the truth inside as many intervals as they promise?
 *
 * Each scenario draws samples from a world (world.h), estimates, and compares with the world's
 * truth: bias, spread of the estimates against the mean standard error, coverage of the 95%
 * interval with its Monte Carlo error, fits refused. Scenarios with a bar fail the run where
 * coverage leaves it: 93.75 to 96.25% at full size (5,000 samples), the same widened by the Monte
 * Carlo error of fewer samples otherwise. Seeds are fixed: the same table every time. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/estimate.h"
#include "tests/stats/workers.h"
#include "tests/stats/world.h"

enum { FULL = 5000, REDUCED = 1000, MOST_TARGETS = 8 };

struct target {
    const char *name; /* "prevalence" (of all respondents) or "equation.term" of a coefficient */
    double truth;     /* of a coefficient */
};

struct scenario {
    const char *name, *method;
    const struct world *world;
    size_t n;
    struct estimate_options o;
    const char
        *only; /* a prevalence of the world itself, not of the sample's respondents: "world" */
    struct target target[MOST_TARGETS];
    bool bar;    /* coverage is held to the bar */
    bool breaks; /* the world breaks the method's assumption: shown, never judged */
};

#define SENSITIVE                                                                                  \
    {                                                                                              \
        {-0.3, 0.6, -0.4},                                                                         \
        {                                                                                          \
            0.2, -0.5, 0.3                                                                         \
        }                                                                                          \
    }
#define CONTROL                                                                                    \
    {                                                                                              \
        -0.1, 0.3, 0.2                                                                             \
    }
#define STANDARD .items = 4, .arms = 2, .sensitive = SENSITIVE, .psi0 = CONTROL, .psi1 = CONTROL

static const struct world plain = {STANDARD};
static const struct world apart = {
    .items = 4, .arms = 2, .sensitive = SENSITIVE, .psi0 = CONTROL, .psi1 = {0.4, -0.2, 0.1}};
static const struct world rho = {STANDARD, .rho = 0.15};
static const struct world items = {
    .items = 4, .arms = 3, .sensitive = SENSITIVE, .psi0 = CONTROL, .psi1 = CONTROL};
/* The list says who misreports only as well as the control items are quiet: three rare ones. */
static const struct world direct = {.items = 3,
                                    .arms = 2,
                                    .sensitive = SENSITIVE,
                                    .psi0 = {-1.5, 0.3, 0.2},
                                    .psi1 = {-1.5, 0.3, 0.2},
                                    .direct = true,
                                    .misreport = {-0.5, 0.4, 0.3}};
static const struct world twice = {STANDARD, .twice = true};
static const struct world noisy = {STANDARD, .direct = true, .misreport = {-0.5, 0.4, 0.3}};
static const struct world two_lists = {STANDARD, .twice = true};
static const struct world outcome = {STANDARD, .outcome = true, .after = {-0.4, 0.3, 0.2, 1.0}};
static const struct world points = {STANDARD, .points = 200, .spread = 0.42, .weight_cv = 0.6};
static const struct world ceiling = {STANDARD, .ceiling = 0.4};
static const struct world floored = {STANDARD, .floor = 0.4};
static const struct world topcode = {STANDARD, .topcode = 0.10};
static const struct world random_answers = {STANDARD, .uniform = 0.10};
static const struct world ceiling_rate[] = {
    {STANDARD, .ceiling = 0.05}, {STANDARD, .ceiling = 0.5}, {STANDARD, .ceiling = 0.95}};
static const struct world floor_rate[] = {
    {STANDARD, .floor = 0.05}, {STANDARD, .floor = 0.5}, {STANDARD, .floor = 0.95}};
static const struct world topcode_rate[] = {
    {STANDARD, .topcode = 0.05}, {STANDARD, .topcode = 0.5}, {STANDARD, .topcode = 0.95}};
static const struct world uniform_rate[] = {
    {STANDARD, .uniform = 0.05}, {STANDARD, .uniform = 0.5}, {STANDARD, .uniform = 0.95}};
static const struct world deflated = {STANDARD, .deflate = 0.20};
static const struct world inflated = {STANDARD, .inflate = 0.20};

#define XS .covariates = "male,age"
#define SENSITIVE_TARGETS                                                                          \
    {"prevalence", 0}, {"sensitive.(Intercept)", -0.3}, {"sensitive.male", 0.6},                   \
    {                                                                                              \
        "sensitive.age", -0.4                                                                      \
    }
#define CONTROL_TARGETS                                                                            \
    {"control.(Intercept)", -0.1}, {"control.male", 0.3},                                          \
    {                                                                                              \
        "control.age", 0.2                                                                         \
    }

#define ALL_SIZES(label, how, where, held, ...)                                                    \
    {label, how, where, 400, __VA_ARGS__}, {label, how, where, 1000, __VA_ARGS__},                 \
    {                                                                                              \
        label, how, where, 2000, __VA_ARGS__, .bar = held                                          \
    }

/* What is asked of a method whose assumption the world breaks: how far off it is. */
#define BROKEN(label, where)                                                                       \
    {"dim: " label, "dim", where, 5000, .only = "world", .target = {{"prevalence", 0}},            \
     .breaks = true},                                                                              \
        {"nls: " label, "nls", where, 5000, .o = {XS}, .target = {{"prevalence", 0}},              \
         .breaks = true},                                                                          \
    {                                                                                              \
        "ml: " label, "ml", where, 5000, .o = {XS}, .target = {{"prevalence", 0}}, .breaks = true  \
    }

/* Shares of liars and errors from rare to nearly all, each with the delta method's interval and
 * with that of the profile likelihood. Shown without a bar. */
#define ONE_RATE(label, where, interval, ...)                                                      \
    {                                                                                              \
        label, "ml", where, 5000, .o = {XS, __VA_ARGS__, .likelihood_interval = interval},         \
                                  .target = {                                                      \
                                      {"prevalence", 0}                                            \
                                  }                                                                \
    }
#define RATES(name, where, ...)                                                                    \
    ONE_RATE(name " .05", &where[0], false, __VA_ARGS__),                                          \
        ONE_RATE(name " .05, profile", &where[0], true, __VA_ARGS__),                              \
        ONE_RATE(name " .50", &where[1], false, __VA_ARGS__),                                      \
        ONE_RATE(name " .50, profile", &where[1], true, __VA_ARGS__),                              \
        ONE_RATE(name " .95", &where[2], false, __VA_ARGS__),                                      \
        ONE_RATE(name " .95, profile", &where[2], true, __VA_ARGS__)

static const struct scenario table[] = {
    ALL_SIZES("dim", "dim", &plain, true, .only = "world", .target = {{"prevalence", 0}}),
    ALL_SIZES("dim-points", "dim", &points, true, .only = "world", .target = {{"prevalence", 0}}),
    ALL_SIZES("nls", "nls", &plain, true, .o = {XS}, .target = {SENSITIVE_TARGETS}),
    ALL_SIZES("ml", "ml", &plain, true, .o = {XS}, .target = {SENSITIVE_TARGETS, CONTROL_TARGETS}),
    ALL_SIZES(
        "ml-unconstrained", "ml", &apart, true, .o = {XS, .unconstrained = true},
        .target = {SENSITIVE_TARGETS, {"control.psi0.male", 0.3}, {"control.psi1.male", -0.2}}),
    ALL_SIZES("ml-overdispersed", "ml", &rho, true, .o = {XS, .overdispersed = true},
              .target = {SENSITIVE_TARGETS, CONTROL_TARGETS}),
    ALL_SIZES("ml-multi", "ml", &items, true, .o = {XS, .multi = MULTI_NONE},
              .target = {{"sensitive.1.(Intercept)", -0.3},
                         {"sensitive.1.male", 0.6},
                         {"sensitive.2.(Intercept)", 0.2},
                         {"sensitive.2.male", -0.5},
                         CONTROL_TARGETS}),
    ALL_SIZES("lm", "lm", &plain, true, .o = {XS}, .target = {{"prevalence", 0}}),
    ALL_SIZES("double", "double", &twice, true, .o = {.se = "CR0"}, .only = "world",
              .target = {{"prevalence", 0}}),
    ALL_SIZES("combined", "combined", &direct, true, .o = {.direct = "direct"}, .only = "world",
              .target = {{"prevalence", 0}}),
    ALL_SIZES("combined-x", "combined", &direct, true, .o = {XS, .direct = "direct"},
              .only = "world", .target = {{"prevalence", 0}}),
    ALL_SIZES("joint", "joint", &outcome, true, .o = {XS, .outcome = "outcome"},
              .target = {SENSITIVE_TARGETS, {"outcome.male", 0.3}, {"outcome.sensitiveitem", 1.0}}),
    ALL_SIZES(
        "misreport", "misreport", &direct, true,
        .o = {XS, .direct = "direct", .control_constraint = CONSTRAINT_FULL, .no_treatment = true},
        .target = {SENSITIVE_TARGETS, {"misreport.male", 0.4}, {"misreport.age", 0.3}}),
    ALL_SIZES("double", "double", &two_lists, true, .only = "world",
              .target = {{"prevalence", 0}, {"stacked.list", 0}}),
    ALL_SIZES("combined", "combined", &direct, true, .o = {.direct = "direct"}, .only = "world",
              .target = {{"prevalence", 0}}),
    ALL_SIZES("aux-robust", "aux", &plain, true, .o = {XS, .robust = true},
              .target = {SENSITIVE_TARGETS}),
    {"misreport-noisy", "misreport", &noisy, 2000,
     .o = {XS, .direct = "direct", .control_constraint = CONSTRAINT_FULL, .no_treatment = true},
     .target = {SENSITIVE_TARGETS, {"misreport.male", 0.4}, {"misreport.age", 0.3}}},
    {"ml-ceiling", "ml", &ceiling, 5000, .o = {XS, .ceiling = true},
     .target = {SENSITIVE_TARGETS, CONTROL_TARGETS}, .bar = true},
    {"ml-floor", "ml", &floored, 5000, .o = {XS, .floor = true},
     .target = {SENSITIVE_TARGETS, CONTROL_TARGETS}, .bar = true},
    {"ml-topcode", "ml", &topcode, 5000, .o = {XS, .error = ERROR_TOPCODE},
     .target = {SENSITIVE_TARGETS, CONTROL_TARGETS}, .bar = true},
    {"ml-uniform", "ml", &random_answers, 5000, .o = {XS, .error = ERROR_UNIFORM},
     .target = {SENSITIVE_TARGETS, CONTROL_TARGETS}, .bar = true},
    RATES("ceiling", ceiling_rate, .ceiling = true),
    RATES("floor", floor_rate, .floor = true),
    RATES("topcode", topcode_rate, .error = ERROR_TOPCODE),
    RATES("uniform", uniform_rate, .error = ERROR_UNIFORM),
    BROKEN("no ceiling term", &ceiling),
    BROKEN("no floor term", &floored),
    BROKEN("no topcode term", &topcode),
    BROKEN("no uniform term", &random_answers),
    BROKEN("deflation", &deflated),
    BROKEN("inflation", &inflated),
};

struct sums {
    double n, refused, bias, square, se, inside, estimate;
};
enum { SUMS = 7 }; /* numbers in one */
_Static_assert(sizeof(struct sums) == SUMS * sizeof(double), "sums are plain numbers");

/* Estimate and interval of one target; false where the result has none. */
static bool find(const struct estimate_result *r, const char *name, double *estimate, double *se,
                 double *low, double *high)
{
    if (strcmp(name, "prevalence") == 0) {
        const struct estimate_group *g = &r->group[0];
        *estimate = g->estimate, *se = g->se, *low = g->ci_low, *high = g->ci_high;
        return r->groups > 0 && isfinite(g->se);
    }
    for (size_t i = 0; i < r->coefficients; i++) {
        const struct estimate_coefficient *c = &r->coefficient[i];
        size_t len = strlen(c->equation);
        bool same = c->term[0] == '\0' ? strcmp(name, c->equation) == 0
                                       : strncmp(name, c->equation, len) == 0 && name[len] == '.' &&
                                             strcmp(name + len + 1, c->term) == 0;
        if (!same)
            continue;
        *estimate = c->estimate, *se = c->se;
        *low = c->estimate - 1.959963984540054 * c->se;
        *high = c->estimate + 1.959963984540054 * c->se;
        return isfinite(c->se);
    }
    return false;
}

static size_t targets(const struct scenario *s)
{
    size_t n = 0;
    while (n < MOST_TARGETS && s->target[n].name != NULL)
        n++;
    return n;
}

static void tally(const struct scenario *s, const struct world *w, const struct sample *sample,
                  const struct estimate_result *r, struct sums *sums)
{
    for (size_t t = 0; t < targets(s); t++) {
        double estimate, se, low, high, truth = s->target[t].truth;
        if (strcmp(s->target[t].name, "prevalence") == 0)
            truth = s->only != NULL ? world_prevalence(w, 0) : sample->prevalence[0];
        if (r == NULL || !find(r, s->target[t].name, &estimate, &se, &low, &high)) {
            sums[t].refused++;
            continue;
        }
        double off = estimate - truth;
        sums[t].n++;
        sums[t].bias += off;
        sums[t].square += off * off;
        sums[t].se += se;
        sums[t].inside += low <= truth && truth <= high;
        sums[t].estimate += estimate;
    }
}

struct batch {
    const struct scenario *s;
    size_t samples;
};

/* The sums of all targets, one after another. */
static void work(const void *ctx, size_t first, size_t step, double *numbers)
{
    const struct batch *b = ctx;
    struct world w = *b->s->world;
    struct sums sums[MOST_TARGETS] = {{0}};
    const struct estimator *est = estimate_find(b->s->method);
    w.n = b->s->n;
    for (size_t i = first; i < b->samples; i += step) {
        struct sample sample;
        struct estimate_result *r = NULL;
        if (est == NULL || world_draw(&w, i + 1, &sample) != ERR_OK)
            exit(3);
        struct estimate_options o = b->s->o;
        o.threads = 1;
        if (est->run(sample.f, &o, &r) != ERR_OK)
            r = NULL;
        tally(b->s, &w, &sample, r, sums);
        estimate_free(r);
        frame_free(sample.f);
    }
    memcpy(numbers, sums, sizeof sums);
}

static bool run(const struct scenario *s, size_t samples, struct sums *all)
{
    const struct batch b = {s, samples};
    double numbers[MOST_TARGETS * SUMS] = {0};
    bool good = workers_run(work, &b, sizeof numbers / sizeof *numbers, numbers);
    memcpy(all, numbers, sizeof numbers);
    return good;
}

/* Prints the lines of one scenario; false where a bar is missed. */
static bool show(const struct scenario *s, size_t samples, const struct sums *sums)
{
    bool good = true;
    for (size_t t = 0; t < targets(s); t++) {
        const struct sums *u = &sums[t];
        double n = u->n > 0 ? u->n : 1, coverage = u->inside / n, bias = u->bias / n;
        double sd = sqrt(fmax(0, u->square / n - bias * bias));
        double slack = samples < FULL ? 3 * sqrt(0.95 * 0.05 / (double)samples) : 0;
        bool held =
            u->n > 0 && u->refused == 0 && coverage >= 0.9375 - slack && coverage <= 0.9625 + slack;
        printf("%-22s %5zu  %-24s %8.4f %8.4f %8.4f %8.4f  %6.2f%% %5.2f %6.0f  %s\n", s->name,
               s->n, s->target[t].name, (u->estimate - u->bias) / n, bias, sd, u->se / n,
               100 * coverage, 100 * sqrt(0.95 * 0.05 / n), u->refused,
               s->breaks ? "assumption broken"
               : !s->bar ? "shown"
               : held    ? "held"
                         : "MISSED");
        good = good && (held || !s->bar);
    }
    fflush(stdout);
    return good;
}

static bool wanted(const struct scenario *s, char **name, int names)
{
    for (int i = 0; i < names; i++)
        if (strcmp(s->name, name[i]) == 0)
            return true;
    return names == 0;
}

int main(int argc, char **argv)
{
    size_t samples = REDUCED, missed = 0;
    int first = 1;
    if (argc > 1 && strcmp(argv[1], "--full") == 0)
        samples = FULL, first = 2;
    printf("%-22s %5s  %-24s %8s %8s %8s %8s  %7s %5s %6s\n", "scenario", "n", "target", "truth",
           "bias", "sd", "mean se", "cover", "mc", "refused");
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct sums sums[MOST_TARGETS] = {{0}};
        bool due = samples == FULL || table[i].bar || argc > first;
        if (!wanted(&table[i], argv + first, argc - first) || !due)
            continue;
        if (!run(&table[i], samples, sums)) {
            fprintf(stderr, "coverage: %s could not be run\n", table[i].name);
            return 3;
        }
        missed += !show(&table[i], samples, sums);
    }
    printf("%zu samples a scenario; %zu missed the bar\n", samples, missed);
    return missed == 0 ? 0 : 1;
}
