#include "admin/estimate/randomization.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/lottery.h"
#include "admin/estimate/scope.h"

enum { USUAL_DRAWS = 9999, WIDEST = 64, HALVINGS = 50 };
#define LEVEL 0.05
#define SAME  1e-12

struct run {
    struct estimate_options plain; /* without weights, points and strata */
    size_t draws;
    struct lottery_arms *redraw; /* draws */
    bool exact;                  /* all assignments were gone through, in every group */
};

static double t_size(const struct lottery_arms *a, double shift)
{
    return fabs(lottery_t(a, shift));
}

/* Share of redraws at least as extreme as what was observed, the observed among them. */
static double p_at(const struct run *u, const struct lottery_arms *observed, double shift)
{
    double t = t_size(observed, shift) * (1 - SAME);
    size_t extreme = 1;
    for (size_t i = 0; i < u->draws; i++)
        extreme += t_size(&u->redraw[i], shift) >= t;
    return (double)extreme / (double)(u->draws + 1);
}

/* The end of the interval on one side (${step} of either sign): the last shift not rejected. NAN
 * where even far away none is rejected. */
static double end_of(const struct run *u, const struct lottery_arms *observed, double estimate,
                     double step)
{
    double in = estimate, out = estimate + step;
    for (int i = 0; p_at(u, observed, out) > LEVEL; i++) {
        if (i == WIDEST)
            return NAN;
        in = out;
        out += step;
    }
    for (int i = 0; i < HALVINGS; i++) {
        double middle = (in + out) / 2;
        if (p_at(u, observed, middle) > LEVEL)
            in = middle;
        else
            out = middle;
    }
    return in;
}

static enum err add_test(struct run *u, struct scope *s, const struct lottery *l,
                         const struct lottery_arms *observed, size_t group)
{
    struct estimate_result *r = s->r;
    struct estimate_group *g = &r->group[group];
    char name[200], text[260];
    double t = lottery_t(observed, 0), p = p_at(u, observed, 0), exact;
    bool all = lottery_exact(l, t, &exact);
    g->p_value = all ? exact : p;
    u->exact = u->exact && all;
    estimate_group_name(r, g, name, sizeof name);
    snprintf(text, sizeof text, "the item changed nobody's count, %s", name);
    enum err e = estimate_add_test(r, text, t, NAN, g->p_value);
    if (e == ERR_OK && g->by < 0) {
        snprintf(text, sizeof text, "Monte Carlo error of p, %s", name);
        e = estimate_add_number(r, text, all ? 0 : sqrt(p * (1 - p) / (double)u->draws));
    }
    return e;
}

static enum err add_interval(struct run *u, struct scope *s, const struct lottery *l,
                             const struct lottery_arms *observed, size_t group)
{
    struct estimate_result *r = s->r;
    struct estimate_group *g = &r->group[group];
    char name[200];
    if (!(g->se > 0) || (l->kind == LOTTERY_BLOCKS && s->list->arms > 2))
        return ERR_OK;
    g->ci_low = end_of(u, observed, g->estimate, -g->se);
    g->ci_high = end_of(u, observed, g->estimate, g->se);
    if (isfinite(g->ci_low) && isfinite(g->ci_high))
        return ERR_OK;
    g->ci_low = g->ci_high = NAN;
    return estimate_warn(r,
                         "%s: no interval; with so few respondents or redraws no support is "
                         "rejected at 5%%.",
                         estimate_group_name(r, g, name, sizeof name));
}

static enum err visit(void *ctx, struct scope *s, const struct scope_place *at)
{
    struct run *u = ctx;
    struct estimate_group *g = &s->r->group[at->group];
    struct lottery l;
    struct lottery_arms observed;
    struct chance c;
    char name[200];
    lottery_of(s->f, s->list, g->item, at->level, at->want, &l);
    lottery_observed(&l, &observed);
    if (g->withheld || observed.side[0].n < 1 || observed.side[1].n < 1)
        return ERR_OK;
    g->estimate = g->treatment_mean - g->control_mean;
    if (observed.side[0].n < 2 || observed.side[1].n < 2)
        return ERR_OK;
    g->se = lottery_se(&observed);
    chance_start(&c, s->o->seed, at->group);
    for (size_t i = 0; i < u->draws; i++)
        if (!lottery_draw(&l, &c, &u->redraw[i]))
            return estimate_warn(s->r,
                                 "%s: no test; the arms drawn again hardly ever have two counts "
                                 "each.",
                                 estimate_group_name(s->r, g, name, sizeof name));
    enum err e = add_test(u, s, &l, &observed, at->group);
    return e == ERR_OK ? add_interval(u, s, &l, &observed, at->group) : e;
}

static enum err say_mechanism(struct scope *s)
{
    static const char *const how[] = {
        [LOTTERY_COMPLETE] =
            "The file does not say how arms were drawn: every assignment that gives them their "
            "sizes is taken as equally likely (complete randomisation given the arm sizes).",
        [LOTTERY_SIMPLE] =
            "Arms are drawn again as the laptops drew them: each draw by itself, with "
            "the study's shares.",
        [LOTTERY_BLOCKS] =
            "Arms are drawn again as the laptops drew them: in permuted blocks of the "
            "study's sizes, laptop by laptop and stratum by stratum, with broken-off "
            "and void interviews in their places."};
    const struct frame_mechanism *m = s->list->mechanism;
    enum lottery_kind kind = m == NULL   ? LOTTERY_COMPLETE
                             : m->blocks ? LOTTERY_BLOCKS
                                         : LOTTERY_SIMPLE;
    enum err e = estimate_assume(s->r, "%s", how[kind]);
    if (e == ERR_OK)
        e = estimate_assume(
            s->r, "The test is exact: it needs no model and no large sample. The interval "
                  "inverts the studentised statistic and is right in large samples; it "
                  "takes the item to leave the other answers as they are.");
    if (e == ERR_OK && kind == LOTTERY_BLOCKS && s->list->arms > 2)
        e = estimate_warn(s->r,
                          "With blocks and several items the hypothesis is that no item changed "
                          "anybody's count; an interval for one item cannot be had from it.");
    if (e == ERR_OK && kind == LOTTERY_BLOCKS && m->broken > 0)
        e = estimate_warn(
            s->r,
            "%zu chains of draws go on behind entries that never came; what was drawn "
            "in between is not known, so they are drawn again as begun anew there.",
            m->broken);
    if (e == ERR_OK && (s->f->weight != NULL || s->f->psu != NULL || s->f->stratum != NULL))
        e = estimate_warn(s->r,
                          "Weights, points and strata are left out: arms were drawn respondent "
                          "by respondent, and the numbers are of the respondents.");
    return e;
}

static enum err say_draws(struct run *u, struct scope *s)
{
    enum err e = estimate_add_number(s->r, "redraws", (double)u->draws);
    if (e == ERR_OK)
        e = estimate_add_number(s->r, "seed", (double)s->o->seed);
    if (e == ERR_OK)
        e = estimate_add_number(s->r, "all assignments gone through", u->exact);
    return e;
}

static enum err randomization_run(const struct frame *f, const struct estimate_options *o,
                                  struct estimate_result **out)
{
    struct run u = {.plain = *o, .draws = o->draws > 0 ? o->draws : USUAL_DRAWS, .exact = true};
    struct scope s;
    u.plain.unweighted = true;
    enum err e = scope_open(f, &u.plain, "randomization", &s);
    if (e == ERR_OK && (u.redraw = calloc(u.draws, sizeof *u.redraw)) == NULL)
        e = ERR_NOMEM;
    if (e == ERR_OK) {
        s.r->se_type = "welch";
        e = scope_each(&s, visit, &u);
    }
    if (e == ERR_OK)
        e = say_mechanism(&s);
    if (e == ERR_OK)
        e = say_draws(&u, &s);
    if (e == ERR_OK)
        e = scope_warn_groups(s.r);
    if (e == ERR_OK) {
        *out = s.r;
        s.r = NULL;
    }
    free(u.redraw);
    scope_close(&s);
    return e;
}

const struct estimator randomization_estimator = {"randomization",
                                                  "exact test that the item changed nobody's count",
                                                  randomization_run, "draws seed"};
