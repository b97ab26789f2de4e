/* Weights in stages: what the ledger of addresses makes of them, and what replicates repeat. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "admin/frame/interviews_weights.h"
#include "admin/frame/weighting.h"
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

static void near(double got, double expected)
{
    if (!(fabs(got - expected) <= 1e-12 * fmax(1, fabs(expected))))
        fail_msg("%.17g, expected %.17g", got, expected);
}

static const char yaml[] =
    "study: weighted\nwave: 2027-09\ntitle: {en: Weighted}\nlanguages: [en]\n"
    "consent: {version: 1, text: {en: May we begin?}}\nsample: random-route\nselection: none\n"
    "points: points.csv\n"
    "questions:\n  - {id: sex, type: choice, text: {en: Sex?}, options:"
    " [{id: male, code: 1, text: {en: M}}, {id: female, code: 2, text: {en: F}}]}\n"
    "lists:\n  - {id: first, intro: {en: How many?}, order: fixed,\n"
    "     items: [{id: a, text: {en: A}}, {id: b, text: {en: B}}, {id: c, text: {en: C}}],\n"
    "     sensitive: [{id: hidden, hide: agree, text: {en: H}}]}\n"
    "debrief: {en: Thanks}\ncard: {default: screen-respondent}\n"
    "assignment: {method: blocks, blocks: [6], strata: [region]}\ncomplete: [first]\n"
    "researchers: [first.pub, second.pub]\nsupervisors: []\n";

enum { INTERVIEWS = 7 };

/* Two points: 4 interviews at p1 (base 2) and 3 at p2 (base 1). */
struct world {
    struct study *study;
    struct points *points;
    struct verify_pack pack;
    struct fold fold;
    struct fold_contact contact[32];
    const struct fold_contact *row[INTERVIEWS];
    int32_t point[INTERVIEWS];
    struct frame *f;
};

static void tell(void *ctx, bool warning, unsigned line, const char *what)
{
    (void)ctx;
    log_note("%u: %s%s", line, warning ? "warning: " : "", what);
}

static struct fold_contact *visit(struct world *w, const char *point, uint32_t address,
                                  uint8_t attempt, uint16_t disposition)
{
    struct fold_contact *c = &w->contact[w->fold.contacts++];
    snprintf(c->point, sizeof c->point, "%s", point);
    c->pack = &w->pack;
    c->address = address;
    c->attempt = attempt;
    c->ended = disposition != 0;
    c->assigned = disposition == DISPOSITION_COMPLETE;
    c->disposition = disposition;
    return c;
}

static void open_world(struct world *w, const char *weights, const char *points)
{
    char text[4096];
    static const char *const sex[INTERVIEWS] = {"1", "2", "1", "2", "2", "1", NULL};
    memset(w, 0, sizeof *w);
    snprintf(text, sizeof text, "%sweights: %s\n", yaml, weights);
    if (study_parse((struct bytes){(const uint8_t *)text, strlen(text)}, tell, NULL, &w->study) !=
        ERR_OK)
        fail_msg("%s", said);
    if (points_parse((struct bytes){(const uint8_t *)points, strlen(points)}, w->study, tell, NULL,
                     &w->points) != ERR_OK)
        fail_msg("%s", said);
    w->pack = (struct verify_pack){NULL, w->study, w->points};
    w->fold.contact = w->contact;
    assert_int_equal(frame_new(INTERVIEWS, &w->f), ERR_OK);
    w->f->psu = calloc(INTERVIEWS, sizeof *w->f->psu);
    w->f->stratum = calloc(INTERVIEWS, sizeof *w->f->stratum);
    for (size_t i = 0; i < INTERVIEWS; i++) {
        w->point[i] = w->f->psu[i] = i >= 4;
        w->row[i] = visit(w, i < 4 ? "p1" : "p2", (uint32_t)i % 4 + 1, 2, DISPOSITION_COMPLETE);
        w->contact[i].eligible = (uint8_t)(i + 1);
    }
    assert_int_equal(frame_add_texts(w->f, "sex", sex), ERR_OK);
}

static enum err weigh(struct world *w)
{
    bool in[32];
    for (size_t i = 0; i < w->fold.contacts; i++)
        in[i] = w->contact[i].pack == &w->pack;
    const struct interviews_weights q = {&w->fold, &w->pack, in, true, w->row, w->point};
    return interviews_weights(&q, w->f);
}

static void close_world(struct world *w)
{
    frame_free(w->f);
    study_free(w->study);
    points_free(w->points);
}

static const char issued[] = "id,region,weight,addresses\np1,north,2,10\np2,north,1,6\n";
static const char not_issued[] = "id,region,weight\np1,north,2\np2,north,1\n";

static void selection_counts_eligible_adults_up_to_the_cap(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "{base: points.weight, selection: eligible-adults, cap: 4}", issued);
    w.contact[1].eligible = 0;
    assert_int_equal(weigh(&w), ERR_OK);
    const double expected[INTERVIEWS] = {2, 2, 6, 8, 4, 4, 4};
    for (size_t i = 0; i < INTERVIEWS; i++)
        near(w.f->weight[i], expected[i]);
    assert_non_null(strstr(said, "of 1 respondents the eligible adults"));
    close_world(&w);
}

/* p1: 4 interviews, one refusal, one business, one not known, three never visited; p2: 3
 * interviews, one refusal, two never visited. e = (2*5 + 4)/(2*6 + 4). */
static void add_ledger(struct world *w)
{
    visit(w, "p1", 1, 1, 2240); /* nobody at home, then the interview of attempt 2 */
    visit(w, "p1", 5, 1, 2111);
    visit(w, "p1", 6, 1, 2240); /* nobody at home, then seen to be a business */
    visit(w, "p1", 6, 2, 4510);
    visit(w, "p1", 7, 1, 3170);
    visit(w, "p2", 5, 1, 2112);
    visit(w, "p2", 9, 1, 2112)->voided = true;
    visit(w, "p1", 9, 1, 2112)->test = true;
}

static void nonresponse_by_point_counts_issued_addresses(void **state)
{
    (void)state;
    struct world w;
    size_t stages;
    double e = 14.0 / 16;
    open_world(&w, "{base: points.weight, nonresponse: point}", issued);
    add_ledger(&w);
    assert_int_equal(weigh(&w), ERR_OK);
    near(w.f->weight[0], 2 * (5 + 4 * e) / 4);
    near(w.f->weight[6], 1 * (4 + 2 * e) / 3);
    const struct weighting_stage *s = weighting_stages(w.f->weighting, &stages);
    assert_int_equal(stages, 2);
    assert_string_equal(s[1].name, "nonresponse");
    near(s[1].effect, 1 + s[1].cv * s[1].cv);
    close_world(&w);
}

static void nonresponse_by_cells_joins_points(void **state)
{
    (void)state;
    struct world w;
    double e = 14.0 / 16, factor = (2 * (5 + 4 * e) + 4 + 2 * e) / (2 * 4 + 3);
    open_world(&w, "{base: points.weight, nonresponse: [region]}", issued);
    add_ledger(&w);
    assert_int_equal(weigh(&w), ERR_OK);
    near(w.f->weight[0], 2 * factor);
    near(w.f->weight[6], 1 * factor);
    close_world(&w);
}

static void nonresponse_takes_what_was_written_down_where_nothing_was_issued(void **state)
{
    (void)state;
    struct world w;
    double e = 14.0 / 16;
    open_world(&w, "{base: points.weight, nonresponse: point}", not_issued);
    add_ledger(&w);
    assert_int_equal(weigh(&w), ERR_OK);
    near(w.f->weight[0], 2 * (5 + e) / 4);
    near(w.f->weight[6], 4.0 / 3);
    close_world(&w);
}

static void nonresponse_is_refused_where_addresses_are_not_known(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "{base: points.weight, nonresponse: point}", not_issued);
    visit(&w, "p2", 0, 1, 2111);
    assert_int_equal(weigh(&w), ERR_STUDY);
    assert_non_null(strstr(said, "`weights.nonresponse`: the addresses issued are not known"));
    assert_non_null(strstr(said, "a contact at the point p2 has no address"));
    close_world(&w);
}

static void raking_takes_the_ids_of_options(void **state)
{
    (void)state;
    struct world w;
    double male = 0, female = 0, all = 0;
    open_world(&w, "{base: points.weight, rake: {sex: {male: 0.3, female: 0.7}}}", issued);
    assert_int_equal(weigh(&w), ERR_OK);
    for (size_t i = 0; i < INTERVIEWS; i++) {
        double v = frame_number_at(w.f, 0, i);
        all += w.f->weight[i];
        male += v == 1 ? w.f->weight[i] : 0;
        female += v == 2 ? w.f->weight[i] : 0;
    }
    near(all, 11);
    near(w.f->weight[6], 1); /* who did not say keeps the share */
    near(male / (male + female), 0.3);
    assert_non_null(strstr(said, "raking over sex: 1 respondents have no value"));
    close_world(&w);
}

/* ---- replicates ---- */

enum { ROWS = 12 };

/* Rows 0..11 at points 0..5 of 2; strata: points 0, 1, 2 | 3, 4 | 5. */
static struct weighting_spec spec_of(void)
{
    static const int32_t of[6] = {0, 0, 0, 1, 1, 2};
    struct weighting_spec s = {.n = ROWS};
    s.base = malloc(ROWS * sizeof *s.base);
    s.psu = malloc(ROWS * sizeof *s.psu);
    s.stratum = malloc(ROWS * sizeof *s.stratum);
    for (int i = 0; i < ROWS; i++) {
        s.base[i] = 1 + i;
        s.psu[i] = i / 2;
        s.stratum[i] = of[i / 2];
    }
    return s;
}

static void add_margin(struct weighting_spec *s, const char *name, size_t categories,
                       const double *share, const int32_t *category)
{
    struct weighting_margin *m = realloc(s->margin, (s->margins + 1) * sizeof *m);
    char text[24];
    s->margin = m;
    m += s->margins++;
    *m = (struct weighting_margin){.name = strdup(name), .categories = categories};
    m->value = calloc(categories, sizeof *m->value);
    m->share = malloc(categories * sizeof *m->share);
    m->category = malloc(s->n * sizeof *m->category);
    memcpy(m->share, share, categories * sizeof *m->share);
    memcpy(m->category, category, s->n * sizeof *m->category);
    for (size_t i = 0; i < categories; i++) {
        snprintf(text, sizeof text, "v%zu", i);
        m->value[i] = strdup(text);
    }
}

static void replicates_leave_out_a_point_at_a_time(void **state)
{
    (void)state;
    struct weighting_spec s = spec_of();
    struct weighting *w = NULL;
    double out[ROWS];
    assert_int_equal(weighting_new(&s, &w), ERR_OK);
    assert_int_equal(weighting_replicates(w), 6);
    assert_int_equal(weighting_df(w), 3);
    assert_int_equal(weighting_lone(w), 1);
    assert_false(weighting_adjusts(w));
    near(weighting_scale(w, 0), 2.0 / 3);
    near(weighting_scale(w, 3), 0.5);
    near(weighting_scale(w, 5), 1);
    assert_int_equal(weighting_replicate(w, 1, out), ERR_OK);
    for (int i = 0; i < ROWS; i++)
        near(out[i], i / 2 == 1 ? 0 : (1 + i) * (i < 6 ? 1.5 : 1));
    assert_int_equal(weighting_replicate(w, 5, out), ERR_OK);
    for (int i = 0; i < ROWS; i++)
        near(out[i], i / 2 == 5 ? 0 : 1 + i);
    weighting_free(w);
}

static void replicates_rake_what_is_left(void **state)
{
    (void)state;
    static const double a[] = {0.25, 0.75}, b[] = {0.5, 0.2, 0.3};
    static const int32_t in_a[ROWS] = {0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1};
    static const int32_t in_b[ROWS] = {0, 0, 1, 1, 2, 2, 0, 1, 2, 0, 1, 2};
    struct weighting_spec s = spec_of();
    struct weighting *w = NULL;
    double out[ROWS];
    add_margin(&s, "a", 2, a, in_a);
    add_margin(&s, "b", 3, b, in_b);
    assert_int_equal(weighting_new(&s, &w), ERR_OK);
    assert_true(weighting_adjusts(w));
    for (size_t r = 0; r <= weighting_replicates(w); r++) {
        double sum = 0, in[2] = {0}, other[3] = {0};
        if (r < weighting_replicates(w))
            assert_int_equal(weighting_replicate(w, r, out), ERR_OK);
        else
            memcpy(out, weighting_final(w), sizeof out);
        for (int i = 0; i < ROWS; i++) {
            sum += out[i];
            in[in_a[i]] += out[i];
            other[in_b[i]] += out[i];
        }
        near(in[0] / sum, 0.25);
        near(other[0] / sum, 0.5);
        near(other[1] / sum, 0.2);
    }
    weighting_free(w);
}

static void a_category_that_a_replicate_loses_is_left_out_of_it(void **state)
{
    (void)state;
    static const double a[] = {0.2, 0.3, 0.5};
    static const int32_t in_a[ROWS] = {0, 0, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2}; /* 0: at one point */
    struct weighting_spec s = spec_of();
    struct weighting *w = NULL;
    double out[ROWS], sum = 0, one = 0;
    add_margin(&s, "a", 3, a, in_a);
    assert_int_equal(weighting_new(&s, &w), ERR_OK);
    assert_int_equal(weighting_replicate(w, 0, out), ERR_OK);
    for (int i = 0; i < ROWS; i++) {
        sum += out[i];
        one += in_a[i] == 1 ? out[i] : 0;
    }
    near(one / sum, 0.3 / 0.8);
    weighting_free(w);
}

static void trimming_holds_with_the_margins(void **state)
{
    (void)state;
    static const double a[] = {0.4, 0.6};
    static const int32_t in_a[ROWS] = {0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1};
    struct weighting_spec s = spec_of();
    struct weighting *w = NULL;
    double in[2] = {0}, most = 0;
    s.trim = 1.4;
    add_margin(&s, "a", 2, a, in_a);
    assert_int_equal(weighting_new(&s, &w), ERR_OK);
    for (int i = 0; i < ROWS; i++) {
        in[in_a[i]] += weighting_final(w)[i];
        most = fmax(most, weighting_final(w)[i]);
    }
    assert_true(fabs(in[0] / (in[0] + in[1]) - 0.4) < 1e-6);
    assert_true(most <= 1.4 * (in[0] + in[1]) / ROWS * (1 + 1e-8));
    weighting_free(w);
    s = spec_of(); /* without margins the total is kept */
    s.trim = 1.4;
    assert_int_equal(weighting_new(&s, &w), ERR_OK);
    double sum = 0;
    for (int i = 0; i < ROWS; i++)
        sum += weighting_final(w)[i];
    near(sum, 78);
    weighting_free(w);
}

static void margins_that_cannot_be_kept_are_refused_in_words(void **state)
{
    (void)state;
    static const double half[] = {0.5, 0.5}, other[] = {0.4, 0.6}, zero[] = {0, 1},
                        three[] = {0.2, 0.3, 0.5};
    static const int32_t in_a[ROWS] = {0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1};
    const struct {
        const double *first, *second;
        size_t categories;
        const char *words;
    } wrong[] = {
        {half, other, 2, "the margins of `rake` contradict one another"},
        {zero, half, 2, "`v0` has the share 0 and somebody in the sample"},
        {half, three, 3, "nobody in the sample is `v2`"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct weighting_spec s = spec_of();
        struct weighting *w = NULL;
        said[0] = '\0';
        add_margin(&s, "a", 2, wrong[i].first, in_a);
        add_margin(&s, "b", wrong[i].categories, wrong[i].second, in_a); /* the same column */
        assert_int_equal(weighting_new(&s, &w), ERR_STUDY);
        if (strstr(said, wrong[i].words) == NULL)
            fail_msg("no word of %s in: %s", wrong[i].words, said);
        weighting_spec_free(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(selection_counts_eligible_adults_up_to_the_cap, start),
        cmocka_unit_test_setup(nonresponse_by_point_counts_issued_addresses, start),
        cmocka_unit_test_setup(nonresponse_by_cells_joins_points, start),
        cmocka_unit_test_setup(nonresponse_takes_what_was_written_down_where_nothing_was_issued,
                               start),
        cmocka_unit_test_setup(nonresponse_is_refused_where_addresses_are_not_known, start),
        cmocka_unit_test_setup(raking_takes_the_ids_of_options, start),
        cmocka_unit_test_setup(replicates_leave_out_a_point_at_a_time, start),
        cmocka_unit_test_setup(replicates_rake_what_is_left, start),
        cmocka_unit_test_setup(a_category_that_a_replicate_loses_is_left_out_of_it, start),
        cmocka_unit_test_setup(trimming_holds_with_the_margins, start),
        cmocka_unit_test_setup(margins_that_cannot_be_kept_are_refused_in_words, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
