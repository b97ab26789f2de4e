#include "admin/estimate/combined.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/adjusted.h"
#include "admin/estimate/latent.h"
#include "admin/estimate/numeric.h"
#include "admin/estimate/scope.h"
#include "core/log.h"

struct run {
    struct scope scope;
    struct terms *terms;
    uint8_t *used; /* rows with arm, count, direct answer and covariates */
    int32_t *direct;
    double *count, *answer; /* per row: the regressions' outcomes */
    bool flip;              /* hide: disagree: "no" is believed */
};

/* The group at work. */
struct part {
    struct run *u;
    uint8_t *all, *admit, *deny; /* rows of the group, by whether the direct answer is believed */
    double n[2];                 /* rows by card */
    double yes, variance;        /* share who say yes, and its variance */
    struct adjusted list, denied, admitted, placebo;
    double df; /* of intervals; INFINITY: normal */
};

/* ---- what goes into a group ---- */

static double weight_of(const struct run *u, size_t row)
{
    return u->scope.design != NULL ? design_weight(u->scope.f, row) : 1;
}

static void choose_rows(struct part *p, const struct scope_place *at)
{
    const struct run *u = p->u;
    double weights = 0, sum = 0;
    for (size_t i = 0; i < u->scope.f->n; i++) {
        p->all[i] = u->used[i] && (at->level == NULL || at->level[i] == at->want);
        p->admit[i] = p->all[i] && (u->direct[i] == 1) != u->flip;
        p->deny[i] = p->all[i] && !p->admit[i];
        if (!p->all[i])
            continue;
        p->n[u->scope.list->arm[i] != 0]++;
        weights += weight_of(u, i);
        sum += weight_of(u, i) * u->direct[i];
    }
    p->yes = sum / weights;
}

static enum err regress(struct part *p)
{
    struct run *u = p->u;
    const struct {
        const uint8_t *in;
        const double *y;
        struct adjusted *to;
    } work[] = {{p->all, u->count, &p->list},
                {p->deny, u->count, &p->denied},
                {p->admit, u->count, &p->admitted},
                {p->all, u->answer, &p->placebo}};
    enum err e = ERR_OK;
    for (size_t k = 0; e == ERR_OK && k < sizeof work / sizeof *work; k++)
        e = adjusted_effect(&u->scope, u->terms, work[k].in, work[k].y, work[k].to);
    return e;
}

static enum err part_open(struct run *u, const struct scope_place *at, struct part *p)
{
    size_t n = u->scope.f->n + 1;
    *p = (struct part){.u = u, .df = INFINITY};
    p->all = calloc(3 * n, 1);
    if (p->all == NULL)
        return ERR_NOMEM;
    p->admit = p->all + n;
    p->deny = p->all + 2 * n;
    choose_rows(p, at);
    return p->n[0] > 0 && p->n[1] > 0 ? regress(p) : ERR_OK;
}

static void part_close(struct part *p)
{
    free(p->all);
    adjusted_free(&p->list);
    adjusted_free(&p->denied);
    adjusted_free(&p->admitted);
    adjusted_free(&p->placebo);
}

/* ---- variances ---- */

/* Of each row in the group's statistics, after linearisation. */
enum { COMBINED, LIST, DIRECT, ADMITTED, PLACEBO, STATISTICS };

struct linear {
    const struct part *p;
    double weights;      /* of the group */
    double of_yes, of_d; /* derivatives of the combined estimate */
};

static bool influence(const void *ctx, size_t row, double *out)
{
    const struct linear *l = ctx;
    const struct part *p = l->p;
    if (!p->all[row])
        return false;
    double yes = weight_of(p->u, row) * (p->u->direct[row] - p->yes) / l->weights;
    out[COMBINED] = l->of_yes * yes + l->of_d * (p->denied.good ? p->denied.influence[row] : 0);
    out[LIST] = p->list.good ? p->list.influence[row] : 0;
    out[DIRECT] = yes;
    out[ADMITTED] = p->admitted.good ? p->admitted.influence[row] : 0;
    out[PLACEBO] = p->placebo.good ? p->placebo.influence[row] : 0;
    return true;
}

static double by_card(const struct adjusted *a)
{
    return a->spread[0] / a->n[0] + a->spread[1] / a->n[1];
}

/* Simple random sample: the paper's forms, and the covariance of list and direct answer from the
 * residuals of the same respondents. */
static void sample_variances(const struct part *p, const struct linear *l, double *cov)
{
    double n = p->n[0] + p->n[1], g = p->n[1] / n, together = 0;
    double believed = p->u->flip ? 1 - p->yes : p->yes;
    const struct adjusted *d = &p->denied;
    memset(cov, 0, STATISTICS * STATISTICS * sizeof *cov);
    if (d->good)
        cov[COMBINED * STATISTICS + COMBINED] =
            (l->of_yes * l->of_yes * believed * (1 - believed) +
             (1 - believed) * (d->spread[1] / g + d->spread[0] / (1 - g))) /
            n;
    for (size_t i = 0; i < p->u->scope.f->n; i++)
        if (p->all[i] && p->list.good) {
            size_t card = p->u->scope.list->arm[i] != 0;
            double m = p->n[card], e = p->list.residual[i] / m * sqrt(m / (m - 1));
            together += (card == 1 ? e : -e) * (p->u->direct[i] - p->yes) / n * sqrt(n / (n - 1));
        }
    cov[LIST * STATISTICS + LIST] = by_card(&p->list);
    cov[LIST * STATISTICS + DIRECT] = cov[DIRECT * STATISTICS + LIST] = together;
    cov[DIRECT * STATISTICS + DIRECT] = p->yes * (1 - p->yes) / (n - 1);
    cov[ADMITTED * STATISTICS + ADMITTED] = by_card(&p->admitted);
    cov[PLACEBO * STATISTICS + PLACEBO] = by_card(&p->placebo);
}

static enum err variances(struct part *p, double *cov)
{
    struct run *u = p->u;
    double d = p->denied.effect;
    struct linear l = {.p = p};
    size_t df = 0;
    /* agree: X + (1 - X) D; disagree: X D */
    l.of_yes = u->flip ? d : 1 - d;
    l.of_d = u->flip ? p->yes : 1 - p->yes;
    for (size_t i = 0; i < u->scope.f->n; i++)
        l.weights += p->all[i] ? weight_of(u, i) : 0;
    if (u->scope.design == NULL) {
        sample_variances(p, &l, cov);
        return ERR_OK;
    }
    enum err e = design_linear(u->scope.design, STATISTICS, influence, &l, cov, &df);
    p->df = (double)df;
    return e;
}

/* ---- reporting ---- */

static double half_width(const struct part *p, double se)
{
    if (!(se > 0) || !(p->df > 0))
        return NAN;
    return se *
           (isfinite(p->df) ? numeric_t_quantile(0.975, p->df) : numeric_normal_quantile(0.975));
}

static double two_sided(const struct part *p, double t)
{
    return isfinite(p->df) ? numeric_t_two_sided(t, p->df) : numeric_normal_two_sided(t);
}

static enum err add_entry(struct part *p, const char *name, double estimate, double variance)
{
    double se = variance > 0 ? sqrt(variance) : NAN, half = half_width(p, se);
    return estimate_add_prevalence(p->u->scope.r, name, 1, estimate, se, estimate - half,
                                   estimate + half);
}

static enum err add_placebo(struct part *p, const char *name, const struct adjusted *a,
                            double expected, double variance)
{
    struct estimate_result *r = p->u->scope.r;
    if (!a->good || !(variance > 0))
        return estimate_warn(r, "%s cannot be made: too few respondents with either card.", name);
    double t = (a->effect - expected) / sqrt(variance), pv = two_sided(p, t);
    enum err e = add_entry(p, name, a->effect, variance);
    if (e == ERR_OK)
        e = estimate_add_test(r, name, t, isfinite(p->df) ? p->df : NAN, pv);
    if (e == ERR_OK && pv < 0.05)
        e = estimate_warn(r, "%s fails (p = %.3f): %s.", name, pv,
                          a == &p->placebo
                              ? "the card moved the direct answer, so that the two cannot be "
                                "combined"
                              : "those whose direct answer is believed do not count as they say; "
                                "either that answer or the list cannot be trusted");
    return e;
}

/* Everything beside the estimate, of all respondents. */
static enum err add_rest(struct part *p, const double *cov)
{
    const double *v = cov;
    enum err e = add_entry(p, "direct", p->yes, v[DIRECT * STATISTICS + DIRECT]);
    if (e == ERR_OK && p->list.good)
        e = add_entry(p, "list alone", p->list.effect, v[LIST * STATISTICS + LIST]);
    if (e == ERR_OK && p->list.good)
        e = add_entry(p, "list minus direct", p->list.effect - p->yes,
                      v[LIST * STATISTICS + LIST] + v[DIRECT * STATISTICS + DIRECT] -
                          2 * v[LIST * STATISTICS + DIRECT]);
    if (e == ERR_OK)
        e = add_placebo(p, "placebo test I", &p->admitted, p->u->flip ? 0 : 1,
                        v[ADMITTED * STATISTICS + ADMITTED]);
    if (e == ERR_OK)
        e = add_placebo(p, "placebo test II", &p->placebo, 0, v[PLACEBO * STATISTICS + PLACEBO]);
    if (e == ERR_OK)
        e = estimate_add_number(p->u->scope.r, "believed directly",
                                p->admitted.n[0] + p->admitted.n[1]);
    return e;
}

static enum err fill_group(struct part *p, size_t group, bool everybody)
{
    struct run *u = p->u;
    struct estimate_group *g = &u->scope.r->group[group];
    double cov[STATISTICS * STATISTICS];
    if (!p->denied.good) {
        char name[200];
        if (!everybody)
            return estimate_warn(u->scope.r,
                                 "%s: no estimate; of those for whom the list is needed "
                                 "too few have counts with either card.",
                                 estimate_group_name(u->scope.r, g, name, sizeof name));
        return log_fail(ERR_STUDY,
                        "combined: of those who %s directly, for whom the list is needed, too few "
                        "have counts with either card",
                        u->flip ? "agree" : "do not agree");
    }
    enum err e = variances(p, cov);
    if (e != ERR_OK)
        return e;
    double d = p->denied.effect, v = cov[COMBINED * STATISTICS + COMBINED];
    g->estimate = u->flip ? p->yes * d : p->yes + (1 - p->yes) * d;
    g->se = v > 0 ? sqrt(v) : 0;
    double half = half_width(p, g->se);
    g->df = isfinite(p->df) ? p->df : NAN;
    g->ci_low = g->estimate - half;
    g->ci_high = g->estimate + half;
    g->p_value = half > 0 ? two_sided(p, g->estimate / g->se) : NAN;
    return everybody ? add_rest(p, cov) : ERR_OK;
}

static enum err visit(void *ctx, struct scope *s, const struct scope_place *at)
{
    struct run *u = ctx;
    struct part p;
    if (s->r->group[at->group].withheld)
        return ERR_OK;
    enum err e = part_open(u, at, &p);
    if (e == ERR_OK && p.n[0] > 0 && p.n[1] > 0)
        e = fill_group(&p, at->group, at->level == NULL);
    else if (e == ERR_OK && at->level == NULL)
        e = log_fail(ERR_STUDY, "combined: nobody has a count and a direct answer with %s",
                     p.n[0] > 0 ? "the item on the card" : "the control card");
    part_close(&p);
    return e;
}

/* ---- rows ---- */

static enum err choose_used(struct run *u, const struct frame *f, const struct estimate_options *o)
{
    const struct frame_list *l = &f->list[o->list];
    u->used = malloc(f->n + 1);
    u->count = calloc(f->n + 1, sizeof *u->count);
    u->answer = calloc(f->n + 1, sizeof *u->answer);
    if (u->used == NULL || u->count == NULL || u->answer == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < f->n; i++) {
        u->used[i] = estimate_used(l, i) && u->direct[i] >= 0;
        u->count[i] = l->count[i];
        u->answer[i] = u->direct[i];
    }
    return terms_new(f, o->covariates, "--covariates", u->used, &u->terms);
}

/* As everywhere: a covariate that says nothing new among all rows used is a mistake. */
static enum err check_covariates(const struct run *u)
{
    struct matrix x = {0};
    size_t k = terms_count(u->terms), n = 0;
    for (size_t i = 0; i < u->scope.f->n; i++)
        n += u->used[i];
    enum err e = k > 1 && n > 0 ? matrix_new(n, k, &x) : ERR_OK;
    for (size_t i = 0, at = 0; e == ERR_OK && k > 1 && i < u->scope.f->n; i++)
        if (u->used[i])
            terms_row(u->terms, i, x.at + at++ * k);
    if (e == ERR_OK && x.rows > 0)
        e = terms_independent(u->terms, &x);
    matrix_free(&x);
    return e;
}

static enum err count_left_out(struct run *u)
{
    size_t n[2] = {0, 0};
    struct estimate_result *r = u->scope.r;
    for (size_t i = 0; i < u->scope.f->n; i++)
        if (u->used[i])
            n[u->scope.list->arm[i] != 0]++;
    size_t lost0 = r->n_control - n[0], lost1 = r->n_treatment - n[1];
    r->n_control = n[0];
    r->n_treatment = n[1];
    r->n = n[0] + n[1];
    if (lost0 + lost1 == 0)
        return ERR_OK;
    return estimate_warn(r,
                         "%zu respondents (%zu in control, %zu in treatment) have no direct answer "
                         "or no value of a covariate and are left out; the estimate is of the "
                         "others.",
                         lost0 + lost1, lost0, lost1);
}

static enum err say(struct run *u)
{
    struct estimate_result *r = u->scope.r;
    enum err e = estimate_assume(r, "The item leaves the answers to the others as they are, nobody "
                                    "lies in the count, and the card does not change the direct "
                                    "answer.");
    if (e == ERR_OK)
        e = estimate_assume(r, u->flip
                                   ? "Who says directly not to agree does not agree; some who do "
                                     "not may claim to."
                                   : "Who says directly to agree does agree; some who do may "
                                     "deny it.");
    return e;
}

static enum err open_run(struct run *u, const struct frame *f, const struct estimate_options *o)
{
    const struct frame_list *l = &f->list[o->list];
    enum study_hide hide = HIDE_AGREE;
    if (l->arms > 2)
        return log_fail(ERR_USAGE,
                        "combined: a list with one sensitive item is needed, this has %zu; leave "
                        "the rows of the other arms out",
                        l->arms - 1);
    if (o->direct == NULL)
        return log_fail(ERR_USAGE,
                        "combined needs --direct COL, the answer to the direct question");
    enum err e = model_direction(l, "combined", "one direct answer is always true", NULL, &hide);
    if (e == ERR_OK)
        e = latent_binary(f, l, o->direct, "--direct", &u->direct);
    if (e == ERR_OK)
        e = choose_used(u, f, o);
    if (e == ERR_OK)
        e = scope_open(f, o, "combined", &u->scope);
    if (e != ERR_OK)
        return e;
    u->flip = hide == HIDE_DISAGREE;
    u->scope.used = u->used;
    e = model_direction(l, "combined", "", u->scope.r, &hide);
    if (e == ERR_OK)
        e = count_left_out(u);
    return e == ERR_OK ? check_covariates(u) : e;
}

static enum err combined_run(const struct frame *f, const struct estimate_options *o,
                             struct estimate_result **out)
{
    struct run u = {0};
    enum err e = open_run(&u, f, o);
    if (e == ERR_OK)
        e = scope_each(&u.scope, visit, &u);
    if (e == ERR_OK)
        e = say(&u);
    if (e == ERR_OK)
        e = scope_warn_groups(u.scope.r);
    if (e == ERR_OK) {
        *out = u.scope.r;
        u.scope.r = NULL;
    }
    scope_close(&u.scope);
    terms_free(u.terms);
    free(u.used);
    free(u.direct);
    free(u.count);
    free(u.answer);
    return e;
}

const struct estimator combined_estimator = {"combined", "list and direct question together",
                                             combined_run, "covariates direct"};
