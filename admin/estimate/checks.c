#include "admin/estimate/checks.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/design_effect.h"
#include "admin/estimate/dim.h"
#include "admin/estimate/numeric.h"
#include "admin/estimate/scope.h"
#include "core/assign.h"
#include "core/log.h"

/* "name", or "name, item" where there are several. */
static const char *of_item(const struct estimate_result *r, const struct frame_list *l, int item,
                           const char *name, char *out, size_t room)
{
    snprintf(out, room, "%s%s%s", name, r->arms > 2 ? ", " : "",
             r->arms > 2 ? l->sensitive[item] : "");
    return out;
}

static enum err say_power(const struct design_effect_counts *c, const char *name,
                          struct estimate_result *r)
{
    double less = NAN, more = NAN;
    enum err e = design_effect_power(c, &less, &more);
    char number[200];
    if (e == ERR_STUDY)
        return ERR_OK;
    snprintf(number, sizeof number, "%s: smallest share deflating", name);
    if (e == ERR_OK)
        e = estimate_add_number(r, number, less);
    snprintf(number, sizeof number, "%s: smallest share inflating", name);
    if (e == ERR_OK)
        e = estimate_add_number(r, number, more);
    if (e == ERR_OK && isfinite(less))
        e = estimate_assume(r,
                            "%s: of respondents who count one item less than they should, %.0f%% "
                            "in treatment would have been found with a probability of 80%%.",
                            name, 100 * less);
    if (e == ERR_OK && isnan(less))
        e = estimate_assume(r,
                            "%s: no share of respondents who count one item less would have been "
                            "found with a probability of 80%%.",
                            name);
    if (e == ERR_OK && isfinite(more))
        e = estimate_assume(r, "%s: of those who count one more, %.0f%%.", name, 100 * more);
    if (e == ERR_OK && isnan(more))
        e = estimate_assume(r,
                            "%s: those who count one more look like those who agree; no share of "
                            "them would have been found.",
                            name);
    return e;
}

static enum err design_effects(const struct frame *f, const struct frame_list *l,
                               struct estimate_result *r)
{
    enum err e = ERR_OK;
    char name[100];
    for (int k = 1; e == ERR_OK && k < (int)l->arms; k++) {
        struct design_effect_counts c;
        struct design_effect d = {0};
        of_item(r, l, k, "design effect", name, sizeof name);
        design_effect_count(l, f->n, k, &c);
        e = design_effect_test(&c, true, &d);
        if (e == ERR_STUDY) {
            e = estimate_warn(r, "%s: no test, because an arm is empty or a count never occurs.",
                              name);
            continue;
        }
        if (e != ERR_OK)
            return e;
        double lambda = fmax(d.side[0].lambda, d.side[1].lambda);
        if ((e = estimate_add_test(r, name, lambda, NAN, d.p)) != ERR_OK)
            return e;
        if (d.p < 0.05)
            e = estimate_warn(r,
                              "%s: detected (p = %.3f): the sensitive item changed the answers to "
                              "the others, or respondents miscounted. Differences in means are not "
                              "prevalences here.",
                              name, d.p);
        else
            e = estimate_assume(r,
                                "%s: not detected (p = %.3f), which does not say that there is "
                                "none.",
                                name, d.p);
        if (e == ERR_OK)
            e = say_power(&c, name, r);
    }
    return e;
}

/* Shares at the ends of the counts, and who is exposed there. */
static enum err ends(const struct frame *f, const struct frame_list *l, struct estimate_result *r)
{
    enum err e = ERR_OK;
    char name[100];
    for (int k = 1; e == ERR_OK && k < (int)l->arms; k++) {
        struct design_effect_counts c;
        design_effect_count(l, f->n, k, &c);
        if (!(c.n[0] > 0) || !(c.n[1] > 0))
            continue;
        double floor1 = c.count[1][0] / c.n[1], ceiling1 = c.count[1][l->items + 1] / c.n[1];
        double floor0 = c.count[0][0] / c.n[0], ceiling0 = c.count[0][l->items] / c.n[0];
        const struct {
            const char *what;
            double value;
        } number[] = {{"floor share, treatment", floor1},
                      {"ceiling share, treatment", ceiling1},
                      {"floor share, control", floor0},
                      {"ceiling share, control", ceiling0}};
        for (size_t i = 0; i < sizeof number / sizeof *number && e == ERR_OK; i++)
            e = estimate_add_number(r, of_item(r, l, k, number[i].what, name, sizeof name),
                                    number[i].value);
        bool agree = l->has_hide && l->hide[k] != HIDE_DISAGREE;
        bool disagree = l->has_hide && l->hide[k] != HIDE_AGREE;
        if (e == ERR_OK && agree)
            e = estimate_assume(r,
                                "%.1f%% of treatment gave the highest count, which tells that "
                                "they agree with the item; %.1f%% of control would be so "
                                "exposed if they agreed.",
                                100 * ceiling1, 100 * ceiling0);
        if (e == ERR_OK && disagree)
            e = estimate_assume(r,
                                "%.1f%% of treatment gave 0, which tells that they do not agree "
                                "with the item; %.1f%% of control would be so exposed if they "
                                "did not.",
                                100 * floor1, 100 * floor0);
        if (e == ERR_OK && !l->has_hide)
            e = estimate_assume(r,
                                "At the ends of the counts (0: %.1f%%, J + 1: %.1f%% of "
                                "treatment) the answer to the item is told; --hide says which "
                                "end exposes.",
                                100 * floor1, 100 * ceiling1);
    }
    return e;
}

/* The spread of control counts, between nobody differing and everybody all or nothing. */
static enum err variance(const struct frame *f, const struct frame_list *l,
                         struct estimate_result *r)
{
    double n = 0, sum = 0, squares = 0, j = l->items;
    for (size_t i = 0; i < f->n; i++)
        if (estimate_used(l, i) && l->arm[i] == 0) {
            n++;
            sum += l->count[i];
            squares += (double)l->count[i] * l->count[i];
        }
    if (n < 2)
        return ERR_OK;
    double mean = sum / n, part = mean - floor(mean);
    double v = (squares - n * mean * mean) / (n - 1);
    double least = part * (1 - part), most = mean * (j - mean), alike = mean * (1 - mean / j);
    const struct {
        const char *name;
        double value;
    } number[] = {{"variance of control counts", v},
                  {"least possible for their mean", least},
                  {"most possible for their mean", most},
                  {"of independent items equally likely", alike}};
    enum err e = ERR_OK;
    for (size_t i = 0; i < sizeof number / sizeof *number && e == ERR_OK; i++)
        e = estimate_add_number(r, number[i].name, number[i].value);
    return e != ERR_OK
               ? e
               : estimate_assume(r,
                                 "Control counts vary by %.2f, between %.2f and %.2f that their "
                                 "mean allows. How items go together is not to be seen in "
                                 "counts; below the variance of independent items, negative "
                                 "correlation protects.",
                                 v, least, most);
}

/* Do counts depend on which item stood first? Between items over within, arm by arm. */
static enum err item_order(const struct frame *f, const struct frame_list *l,
                           struct estimate_result *r)
{
    struct {
        double n, sum, squares;
    } at[FRAME_MAX_ARMS][STUDY_MAX_ITEMS + 1] = {{{0}}};
    double statistic = 0, df = 0;
    bool random = false;
    for (size_t i = 0; l->order != NULL && i < f->n; i++) {
        uint8_t place[STUDY_MAX_ITEMS + 1];
        size_t shown = (size_t)l->items + (l->arm[i] > 0);
        if (!estimate_used(l, i) || shown > 20 || !assign_order(l->order[i], shown, place))
            continue;
        random = random || l->order[i] != 0;
        at[l->arm[i]][place[0]].n++;
        at[l->arm[i]][place[0]].sum += l->count[i];
        at[l->arm[i]][place[0]].squares += (double)l->count[i] * l->count[i];
    }
    for (size_t k = 0; random && k < l->arms; k++) {
        double n = 0, sum = 0, squares = 0, between = 0, groups = 0;
        for (int j = 0; j <= l->items; j++) {
            n += at[k][j].n;
            sum += at[k][j].sum;
            squares += at[k][j].squares;
            groups += at[k][j].n > 0;
            between += at[k][j].n > 0 ? at[k][j].sum * at[k][j].sum / at[k][j].n : 0;
        }
        double within = squares - between;
        if (groups < 2 || !(n > groups) || !(within > 0))
            continue;
        statistic += (between - sum * sum / n) / (within / (n - groups));
        df += groups - 1;
    }
    return df > 0 ? estimate_add_test(r, "order of items (which stood first)", statistic, df,
                                      numeric_chi_tail(statistic, df))
                  : ERR_OK;
}

/* Items whose prevalence is known: what the list says of them is artificial. ${label}: what they
 * are called in the result. */
static enum err known_items(const struct frame *f, const struct estimate_options *o,
                            const char *label, struct estimate_result *r)
{
    const struct frame_list *l = &f->list[o->list];
    bool any = false;
    enum err e = ERR_OK;
    struct estimate_result *d = NULL;
    char name[300], what[200];
    for (size_t k = 1; k < l->arms; k++)
        any = any || l->has_known[k];
    if (!any || (e = estimate_find("dim")->run(f, o, &d)) != ERR_OK)
        return e == ERR_NOMEM ? e : ERR_OK; /* what dim cannot do it has said */
    for (size_t i = 0; i < d->groups && e == ERR_OK; i++) {
        const struct estimate_group *g = &d->group[i];
        if (!l->has_known[g->item] || !(g->se > 0))
            continue;
        double off = g->estimate - l->known[g->item], t = off / g->se;
        snprintf(name, sizeof name, "%s, %s", label, estimate_group_name(d, g, what, sizeof what));
        e = estimate_add_test(r, name, t, g->df, numeric_t_two_sided(t, g->df));
        if (e == ERR_OK)
            e = estimate_add_prevalence(r, name, g->item, off, g->se, g->ci_low - l->known[g->item],
                                        g->ci_high - l->known[g->item]);
        if (e == ERR_OK && g->by < 0)
            e = estimate_assume(r,
                                "%s: the item known to be supported by %.0f%% was %s by %.1f "
                                "points (SE %.1f).",
                                label, 100 * l->known[g->item], off < 0 ? "deflated" : "inflated",
                                100 * fabs(off), 100 * g->se);
    }
    estimate_free(d);
    return e;
}

/* The placebo item as an experiment of its own: the control respondents who were shown it against
 * those who were not. */
static enum err placebo_item(const struct frame *f, const struct estimate_options *o,
                             struct estimate_result *r)
{
    const struct frame_list *l = &f->list[o->list];
    int at = frame_find(f, o->placebo);
    const double *shown = at >= 0 ? frame_numbers(f, at) : NULL;
    size_t n[2] = {0, 0}, other = 0;
    if (shown == NULL)
        return log_fail(ERR_USAGE,
                        "--placebo %s: name a column with 1 for control respondents who were shown "
                        "the placebo item and 0 for those who were not",
                        o->placebo);
    int8_t *arm = malloc(f->n + 1);
    if (arm == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < f->n; i++) {
        bool with = shown[i] == 1, without = shown[i] == 0;
        arm[i] = FRAME_MISSING;
        if (l->arm[i] == 0 && (with || without)) {
            arm[i] = (int8_t)with;
            n[with] += l->count[i] >= 0;
        }
        other += l->arm[i] == 0 && !with && !without && !isnan(shown[i]);
    }
    struct frame_list mixed = {
        .id = l->id, .items = l->items, .arms = 2, .arm = arm, .count = l->count};
    mixed.has_known[1] = true;
    struct frame of_control = *f;
    of_control.list = &mixed;
    of_control.lists = 1;
    struct estimate_options plain = *o;
    plain.list = 0;
    enum err e = other > 0 ? log_fail(ERR_STUDY,
                                      "--placebo %s: %zu control respondents have another value "
                                      "than 0 and 1",
                                      o->placebo, other)
                 : n[0] < 2 || n[1] < 2
                     ? log_fail(ERR_STUDY,
                                "--placebo %s: %zu control respondents with a count were shown the "
                                "item and %zu were not; two of each at least are needed",
                                o->placebo, n[1], n[0])
                     : known_items(&of_control, &plain, "placebo item", r);
    free(arm);
    return e;
}

enum err checks_run(const struct frame *f, const struct estimate_options *o,
                    struct estimate_result **out)
{
    struct scope s;
    enum err e = scope_open(f, o, "test", &s);
    const struct frame_list *l = &f->list[o->list];
    struct estimate_options plain = *o;
    plain.covariates = plain.direct = plain.se = NULL;
    if (e != ERR_OK || (e = design_effects(f, l, s.r)) != ERR_OK ||
        (e = dim_missing(f, o, s.design, s.r)) != ERR_OK ||
        (e = dim_broken_off(f, o, s.design, s.r)) != ERR_OK ||
        (e = item_order(f, l, s.r)) != ERR_OK ||
        (e = checks_of_place(f, o, s.design, s.r)) != ERR_OK ||
        (e = known_items(f, &plain, "known prevalence", s.r)) != ERR_OK ||
        (o->placebo != NULL && (e = placebo_item(f, &plain, s.r)) != ERR_OK) ||
        (e = checks_of_balance(f, o, s.r)) != ERR_OK ||
        (e = checks_of_models(f, o, s.r)) != ERR_OK || (e = ends(f, l, s.r)) != ERR_OK ||
        (e = variance(f, l, s.r)) != ERR_OK)
        goto out;
    *out = s.r;
    s.r = NULL;
out:
    scope_close(&s);
    return e;
}
