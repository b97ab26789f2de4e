/* double, combined, joint, misreport, aux: truths recovered from data made by their own models, and
 * data nobody would wish for. */
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

static double logistic(double x)
{
    return 1 / (1 + exp(-x));
}

/* What a respondent is: everything that the methods' models read, with known coefficients. */
enum { ITEMS = 4 };
static const double agree[] = {-0.6, 0.8}, control[] = {0.3, -0.5}, lie[] = {-0.7, 0.9},
                    outcome[] = {-0.4, 0.5, 1.2}, wage[] = {10, 2, -3, 1.5};

struct truth {
    double share, misreports, liars_of_all; /* realised */
};

static struct frame *population(size_t n, uint64_t seed, struct truth *truth)
{
    struct frames_chance c = {seed};
    struct frame *f = frames_new(n, ITEMS, 2, 2);
    double *male = calloc(4 * n, sizeof *male), *direct = male + n, *voted = male + 2 * n,
           *pay = male + 3 * n, holders = 0, liars = 0;
    assert_non_null(male);
    for (size_t i = 0; i < n; i++) {
        male[i] = frames_uniform(&c) < 0.5;
        int z = frames_uniform(&c) < logistic(agree[0] + agree[1] * male[i]);
        int u = z && frames_uniform(&c) < logistic(lie[0] + lie[1] * male[i]);
        int arm = frames_uniform(&c) < 0.5;
        double p = logistic(control[0] + control[1] * male[i]);
        holders += z;
        liars += u;
        direct[i] = z && !u;
        voted[i] =
            frames_uniform(&c) < logistic(outcome[0] + outcome[1] * male[i] + outcome[2] * z);
        pay[i] = wage[0] + wage[1] * male[i] + wage[2] * z + wage[3] * frames_normal(&c);
        for (size_t k = 0; k < 2; k++) {
            bool with = (arm == 1) == (k == 0);
            f->list[k].arm[i] = with;
            f->list[k].count[i] = (int16_t)(frames_binomial(&c, ITEMS, p) + (with ? z : 0));
        }
    }
    static const char *const name[] = {"male", "direct", "voted", "pay"};
    for (size_t k = 0; k < 4; k++)
        frames_numbers(f, name[k], male + k * n);
    free(male);
    frames_hide(f, HIDE_AGREE);
    *truth = (struct truth){holders / (double)n, liars / holders, liars / (double)n};
    return f;
}

static struct estimate_result *run_method(const char *method, const struct frame *f,
                                          const struct estimate_options *o)
{
    struct estimate_result *r = NULL;
    if (estimate_find(method)->run(f, o, &r) != ERR_OK)
        fail_msg("%s: %s", method, said);
    return r;
}

static void near_truth(const char *what, double got, double se, double truth)
{
    assert_true(se > 0);
    if (!(fabs(got - truth) < 4.5 * se)) /* one false alarm in 150,000 */
        fail_msg("%s: %f (se %f) is not %f", what, got, se, truth);
}

static void coefficients_near(const struct estimate_result *r, const char *equation,
                              const double *truth, size_t n)
{
    size_t k = 0;
    for (size_t i = 0; i < r->coefficients; i++) {
        const struct estimate_coefficient *c = &r->coefficient[i];
        if (strcmp(c->equation, equation) != 0)
            continue;
        assert_true(k < n);
        near_truth(equation, c->estimate, c->se, truth[k++]);
    }
    assert_int_equal(k, n);
}

static const struct estimate_prevalence *entry(const struct estimate_result *r, const char *name)
{
    for (size_t i = 0; i < r->prevalences; i++)
        if (strcmp(r->prevalence[i].name, name) == 0)
            return &r->prevalence[i];
    fail_msg("no entry %s", name);
    return NULL;
}

static void every_method_recovers_its_truth(void **unused)
{
    (void)unused;
    struct truth t;
    struct frame *f = population(4000, 31, &t);
    static const struct estimate_options plain = {.covariates = "male", .direct = "direct"};
    static const char *const method[] = {"double", "combined", "joint", "misreport", "aux"};
    for (size_t k = 0; k < 5; k++) {
        struct estimate_options o = plain;
        o.robust = k == 4;
        o.outcome = k == 2 ? "voted" : NULL;
        o.control_constraint = CONSTRAINT_FULL;
        struct estimate_result *r = run_method(method[k], f, &o);
        near_truth(method[k], r->group[0].estimate, r->group[0].se, t.share);
        if (k >= 2) {
            coefficients_near(r, "sensitive", agree, 2);
            coefficients_near(r, "control", control, 2);
        }
        if (k == 2)
            coefficients_near(r, "outcome", outcome, 3);
        if (k == 3) {
            const struct estimate_prevalence *p = entry(r, "misreport, of those who could");
            const double with_card[] = {lie[0], lie[1], 0};
            coefficients_near(r, "misreport", with_card, 3);
            near_truth(p->name, p->estimate, p->se, t.misreports);
            p = entry(r, "misreport, of all");
            near_truth(p->name, p->estimate, p->se, t.liars_of_all);
        }
        if (k == 1) {
            const struct estimate_prevalence *p = entry(r, "list minus direct");
            near_truth(p->name, p->estimate, p->se, t.liars_of_all);
        }
        estimate_free(r);
    }
    frame_free(f);
}

/* With the prevalence known the coefficients are more precise, and a wrong one is found out. */
static void known_prevalences_help_and_are_tested(void **unused)
{
    (void)unused;
    struct truth t;
    struct frame *f = population(4000, 38, &t);
    char known[40];
    struct estimate_options o = {.covariates = "male"};
    struct estimate_result *nls = run_method("nls", f, &o);
    snprintf(known, sizeof known, "%.4f", t.share);
    o.known = known;
    struct estimate_result *r = run_method("aux", f, &o);
    coefficients_near(r, "sensitive", agree, 2);
    coefficients_near(r, "control", control, 2);
    assert_true(r->coefficient[0].se < 0.9 * nls->coefficient[0].se);
    assert_true(r->named_test[0].p_value > 0.001);
    frames_near("held", r->group[0].estimate, t.share, 0.01);
    estimate_free(r);
    o.known = "0.6";
    r = run_method("aux", f, &o);
    assert_true(r->named_test[0].p_value < 0.01 && frames_warns(r, "contradict each other"));
    estimate_free(r);
    o.known = "0.9"; /* nothing lies between: the coefficients run off */
    r = NULL;
    assert_int_equal(estimate_find("aux")->run(f, &o, &r), ERR_DOUBT);
    assert_non_null(strstr(said, "all respondents: known 0.900, by the list alone 0.4"));
    estimate_free(nls);
    frame_free(f);
}

static void a_linear_outcome_is_fitted_in_its_own_units(void **unused)
{
    (void)unused;
    struct truth t;
    struct frame *f = population(3000, 32, &t);
    struct estimate_options o = {.covariates = "male", .outcome = "pay"};
    struct estimate_result *r = run_method("joint", f, &o);
    const double sigma[] = {log(wage[3])};
    coefficients_near(r, "outcome", wage, 3);
    coefficients_near(r, "log_sigma", sigma, 1);
    near_truth("prevalence", r->group[0].estimate, r->group[0].se, t.share);
    /* in other units nothing changes but the units */
    double *cents = calloc(f->n, sizeof *cents);
    assert_non_null(cents);
    for (size_t i = 0; i < f->n; i++)
        cents[i] = 1e6 + 100 * frame_numbers(f, frame_find(f, "pay"))[i];
    frames_numbers(f, "cents", cents);
    free(cents);
    o.outcome = "cents";
    struct estimate_result *s = run_method("joint", f, &o);
    frames_near("se", s->group[0].se, r->group[0].se, 1e-8);
    frames_near("loglik", s->loglik, r->loglik - 3000 * log(100), 1e-9);
    for (size_t i = 0; i < r->coefficients; i++) {
        const struct estimate_coefficient *a = &r->coefficient[i], *b = &s->coefficient[i];
        bool outcome_row = strcmp(a->equation, "outcome") == 0;
        double times = outcome_row ? 100 : 1;
        double plus = outcome_row && strcmp(a->term, "(Intercept)") == 0 ? 1e6
                      : strcmp(a->equation, "log_sigma") == 0            ? log(100)
                                                                         : 0;
        frames_near(a->term, b->estimate, times * a->estimate + plus, 1e-7);
        frames_near(a->term, b->se, times * a->se, 1e-6);
        frames_near(a->term, s->vcov[i * s->coefficients + i], b->se * b->se, 1e-9);
    }
    estimate_free(r);
    estimate_free(s);
    frame_free(f);
}

static void unconstrained_models_hold_the_constrained_truth(void **unused)
{
    (void)unused;
    struct truth t;
    struct frame *f = population(4000, 33, &t);
    struct estimate_options o = {
        .covariates = "male", .outcome = "voted", .direct = "direct", .unconstrained = true};
    struct estimate_result *r = run_method("joint", f, &o);
    const double with_z[] = {control[0], control[1], 0};
    const double with_both[] = {outcome[0], outcome[1], 0, outcome[2]};
    coefficients_near(r, "control", with_z, 3);
    coefficients_near(r, "outcome", with_both, 4);
    estimate_free(r);
    o.unconstrained = false;
    r = run_method("misreport", f, &o);
    const double with_u_and_z[] = {control[0], control[1], 0, 0};
    coefficients_near(r, "control", with_u_and_z, 4);
    estimate_free(r);
    frame_free(f);
}

/* ---- refusals ---- */

static void what_cannot_be_done_is_said(void **unused)
{
    (void)unused;
    struct truth t;
    struct frame *f = population(300, 34, &t);
    static const struct {
        const char *method;
        struct estimate_options o;
        enum study_hide hide;
        enum err e;
        const char *sentence;
    } table[] = {
        {"combined",
         {.direct = "direct"},
         HIDE_BOTH,
         ERR_USAGE,
         "one direct answer is always true"},
        {"misreport", {.direct = "direct"}, HIDE_BOTH, ERR_USAGE, "only one answer is misreported"},
        {"combined", {0}, HIDE_AGREE, ERR_USAGE, "--direct COL"},
        {"misreport", {0}, HIDE_AGREE, ERR_USAGE, "--direct COL"},
        {"joint", {0}, HIDE_AGREE, ERR_USAGE, "--outcome COL"},
        {"combined", {.direct = "pay"}, HIDE_AGREE, ERR_STUDY, "1 (agrees) and 0 (does not)"},
        {"misreport", {.direct = "nobody"}, HIDE_AGREE, ERR_USAGE, "there is no such column"},
        {"joint",
         {.outcome = "pay", .outcome_model = OUTCOME_LOGISTIC},
         HIDE_AGREE,
         ERR_STUDY,
         "other values than 0 and 1"},
        {"aux", {0}, HIDE_AGREE, ERR_USAGE, "aux needs --known PREVALENCE"},
        {"aux", {.known = "0.3", .robust = true}, HIDE_AGREE, ERR_USAGE, "not both"},
        {"aux", {.known = "1.3"}, HIDE_AGREE, ERR_USAGE, "above 0 and below 1"},
        {"aux", {.known = "male=7:0.3"}, HIDE_AGREE, ERR_USAGE, "male has no value 7"},
        {"aux", {.known = "sex=1:0.3"}, HIDE_AGREE, ERR_USAGE, "there is no column sex"},
        {"aux", {.known = "0.3", .se = "opg"}, HIDE_AGREE, ERR_USAGE, "robust, cluster and design"},
        {"aux",
         {.known = "0.3,0.3", .covariates = "male"},
         HIDE_AGREE,
         ERR_STUDY,
         "one known prevalence follows from the others"},
        {"double", {.se = "HC3"}, HIDE_AGREE, ERR_USAGE, "CR2, CR0 and stata"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct estimate_result *r = NULL;
        frames_hide(f, table[i].hide);
        said[0] = '\0';
        assert_int_equal(estimate_find(table[i].method)->run(f, &table[i].o, &r), table[i].e);
        assert_null(r);
        if (strstr(said, table[i].sentence) == NULL)
            fail_msg("%s: %s", table[i].method, said);
    }
    frames_hide(f, HIDE_AGREE);
    f->lists = 1; /* no second list */
    struct estimate_result *r = NULL;
    const struct estimate_options o = {0};
    assert_int_equal(estimate_find("double")->run(f, &o, &r), ERR_USAGE);
    assert_non_null(strstr(said, "--y2"));
    f->lists = 2;
    frame_free(f);
}

static void contradictions_are_counted(void **unused)
{
    (void)unused;
    struct truth t;
    struct frame *f = population(300, 35, &t);
    const struct estimate_options o = {.direct = "direct"};
    struct estimate_result *r = NULL;
    for (size_t i = 0, k = 0; k < 2; i++)
        if (f->list[0].arm[i] == 1 && frame_numbers(f, frame_find(f, "direct"))[i] == 1) {
            f->list[0].count[i] = 0;
            k++;
        }
    assert_int_equal(estimate_find("misreport")->run(f, &o, &r), ERR_STUDY);
    assert_non_null(strstr(said, "2 respondents agreed when asked directly and count 0"));
    frame_free(f);
}

static void without_a_direction_agree_is_taken_and_said(void **unused)
{
    (void)unused;
    struct truth t;
    struct frame *f = population(2000, 36, &t);
    f->list[0].has_hide = false;
    const struct estimate_options o = {.direct = "direct"};
    static const char *const method[] = {"combined", "misreport"};
    for (size_t k = 0; k < 2; k++) {
        struct estimate_result *r = run_method(method[k], f, &o);
        assert_true(frames_warns(r, "No direction was given"));
        estimate_free(r);
    }
    frame_free(f);
}

/* ---- hostile data ---- */

static struct frame *hostile(size_t n, int kind)
{
    struct frames_chance c = {(uint64_t)(37 + kind)};
    struct frame *f = frames_new(n, kind == 3 ? 20 : kind == 4 ? 1 : 4, 2, 2);
    double *x = calloc(4 * n + 1, sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < n; i++) {
        int z = frames_uniform(&c) < 0.4;
        x[i] = (double)(i % 2);                                              /* male */
        x[n + i] = kind == 5 ? 0 : kind == 6 ? 1 : z;                        /* direct */
        x[2 * n + i] = kind == 7 ? 1 : z;                                    /* voted */
        x[3 * n + i] = kind == 8 ? x[i] : (double)i * (kind == 9 ? 1e9 : 1); /* pay */
        for (size_t k = 0; k < 2; k++) {
            struct frame_list *l = &f->list[k];
            l->arm[i] = (int8_t)(kind == 1 ? k : (i / 2 + k) % 2);
            l->count[i] = (int16_t)(kind == 2 ? 2
                                              : frames_binomial(&c, l->items, 0.5) +
                                                    (l->arm[i] == 1 ? z : 0));
            if (kind == 10)
                l->count[i] = (int16_t)(l->arm[i] == 1 ? l->items + 1 : 0);
            if (kind == 11)
                l->count[i] = ANSWER_REFUSED;
        }
    }
    static const char *const name[] = {"male", "direct", "voted", "pay"};
    for (size_t k = 0; k < 4; k++)
        frames_numbers(f, name[k], x + k * n);
    free(x);
    frames_hide(f, HIDE_AGREE);
    if (kind >= 12 && n > 0) { /* a billion-fold range of weights; weights of zero */
        frames_design(f, &c, n < 6 ? 1 : 6);
        for (size_t i = 0; i < n; i++)
            f->weight[i] = kind == 12 ? (i % 3 == 0 ? 1e9 : 1) : i % 3 == 0 ? 0 : 1;
    }
    return f;
}

static void whole(const char *what, double v)
{
    if (isinf(v))
        fail_msg("%s is infinite", what);
}

static void hostile_frames_give_numbers_or_sentences(void **unused)
{
    (void)unused;
    static const size_t size[] = {0, 1, 2, 4, 5, 9, 40, 200};
    static const char *const method[] = {"bounds",   "randomization", "double",
                                         "combined", "joint",         "misreport"};
    for (size_t s = 0; s < sizeof size / sizeof *size; s++)
        for (int kind = 0; kind < 14; kind++)
            for (size_t m = 0; m < sizeof method / sizeof *method; m++)
                for (int more = 0; more < 2; more++) {
                    struct frame *f = hostile(size[s], kind);
                    int by = 0;
                    struct estimate_options o = {.direct = "direct",
                                                 .outcome = more ? "pay" : "voted",
                                                 .covariates = more && m >= 2 ? "male" : NULL,
                                                 .by = &by,
                                                 .bys = (size_t)more,
                                                 .known = more ? "male=0:0.3,male=1:0.5" : NULL,
                                                 .robust = !more,
                                                 .draws = 49,
                                                 .small = true};
                    struct estimate_result *r = NULL;
                    said[0] = '\0';
                    enum err e = estimate_find(method[m])->run(f, &o, &r);
                    if (e != ERR_OK && said[0] == '\0')
                        fail_msg("%s, kind %d: no sentence", method[m], kind);
                    assert_true((e == ERR_OK) == (r != NULL));
                    for (size_t i = 0; r != NULL && i < r->groups; i++) {
                        const struct estimate_group *g = &r->group[i];
                        whole("estimate", g->estimate);
                        whole("se", g->se);
                        assert_true(isnan(g->ci_low) == isnan(g->ci_high));
                        assert_true(!(g->ci_low > g->ci_high));
                        assert_true(isnan(g->p_value) || (g->p_value >= 0 && g->p_value <= 1));
                    }
                    for (size_t i = 0; r != NULL && i < r->coefficients; i++) {
                        assert_true(isfinite(r->coefficient[i].estimate));
                        whole("se", r->coefficient[i].se);
                    }
                    for (size_t i = 0; r != NULL && i < r->prevalences; i++) {
                        assert_true(isfinite(r->prevalence[i].estimate));
                        assert_true(!(r->prevalence[i].ci_low > r->prevalence[i].ci_high));
                    }
                    estimate_free(r);
                    frame_free(f);
                }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_method_recovers_its_truth),
        cmocka_unit_test(known_prevalences_help_and_are_tested),
        cmocka_unit_test(a_linear_outcome_is_fitted_in_its_own_units),
        cmocka_unit_test(unconstrained_models_hold_the_constrained_truth),
        cmocka_unit_test(what_cannot_be_done_is_said),
        cmocka_unit_test(contradictions_are_counted),
        cmocka_unit_test(without_a_direction_agree_is_taken_and_said),
        cmocka_unit_test(hostile_frames_give_numbers_or_sentences),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
