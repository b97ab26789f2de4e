#include "admin/estimate/bounds.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/bounds_table.h"
#include "admin/estimate/scope.h"
#include "admin/estimate/stoye.h"
#include "core/bytes.h"
#include "core/log.h"

#define LEVEL 0.95

enum { MAX_SHARES = 8 };

/* ---- which of them ---- */

struct run {
    struct scope scope;
    bool wanted[BOUNDS_ASSUMPTIONS];
    bool named; /* by --assume: whatever does not fit is refused */
    double share[MAX_SHARES];
    size_t shares;
};

static bool fits(const struct bounds_assumption *a, const struct frame_list *l, int item)
{
    if (a->direction == BOUNDS_EITHER)
        return true;
    return l->has_hide &&
           l->hide[item] == (a->direction == BOUNDS_AGREE ? HIDE_AGREE : HIDE_DISAGREE);
}

static enum err refuse(const struct bounds_assumption *a, const struct frame_list *l, int item)
{
    static const char *const said[] = {
        [HIDE_AGREE] = "agree", [HIDE_DISAGREE] = "disagree", [HIDE_BOTH] = "both"};
    const char *needs = a->direction == BOUNDS_AGREE ? "agree" : "disagree";
    if (!l->has_hide)
        return log_fail(ERR_USAGE,
                        "--assume %s: it assumes that respondents hide one answer only (%s); say "
                        "which with --hide %s",
                        a->name, a->meaning, needs);
    return log_fail(ERR_USAGE,
                    "--assume %s: it assumes that respondents hide one answer only (%s), and the "
                    "data say hide: %s; leave it out",
                    a->name, a->meaning, said[l->hide[item]]);
}

static enum err want_one(struct run *u, const char *name)
{
    const struct frame_list *l = u->scope.list;
    for (size_t i = 0; i < BOUNDS_ASSUMPTIONS; i++) {
        if (strcmp(bounds_table[i].name, name) != 0)
            continue;
        u->wanted[i] = true;
        for (size_t k = 1; k < l->arms; k++)
            if (!fits(&bounds_table[i], l, (int)k))
                return refuse(&bounds_table[i], l, (int)k);
        return ERR_OK;
    }
    struct buffer names = {0};
    for (size_t i = 0; i < BOUNDS_ASSUMPTIONS; i++)
        buffer_printf(&names, "%s%s", i > 0 ? ", " : "", bounds_table[i].name);
    log_fail(ERR_USAGE, "--assume %s: there is no such assumption; there are: %s", name,
             names.failed ? "" : (const char *)names.p);
    buffer_free(&names);
    return ERR_USAGE;
}

static enum err choose_assumptions(struct run *u)
{
    const char *assume = u->scope.o->assume;
    enum err e = ERR_OK;
    char *rest = NULL, *copy;
    u->named = assume != NULL;
    for (size_t i = 0; i < BOUNDS_ASSUMPTIONS; i++)
        u->wanted[i] = !u->named;
    if (!u->named)
        return e;
    if ((copy = strdup(assume)) == NULL)
        return ERR_NOMEM;
    size_t found = 0;
    for (char *p = strtok_r(copy, ",", &rest); e == ERR_OK && p != NULL;
         p = strtok_r(NULL, ",", &rest), found++)
        e = want_one(u, p);
    free(copy);
    return e == ERR_OK && found == 0 ? log_fail(ERR_USAGE, "--assume: name an assumption") : e;
}

static enum err choose_shares(struct run *u)
{
    static const double usual[] = {0.05, 0.10, 0.20};
    const char *p = u->scope.o->random_share;
    if (p == NULL) {
        memcpy(u->share, usual, sizeof usual);
        u->shares = sizeof usual / sizeof *usual;
        return ERR_OK;
    }
    for (char *end; u->shares < MAX_SHARES; p = end + 1) {
        double v = strtod(p, &end);
        if (end == p || (*end != ',' && *end != '\0') || !(v >= 0 && v < 1))
            break;
        u->share[u->shares++] = v;
        if (*end == '\0')
            return ERR_OK;
    }
    return log_fail(ERR_USAGE,
                    "--random-share %s: give at most %d shares from 0 to below 1, apart by commas, "
                    "such as 0.05,0.1",
                    u->scope.o->random_share, MAX_SHARES);
}

/* ---- one group ---- */

static enum err add_bound(struct run *u, const struct shares *s, const struct bounds_assumption *a,
                          double share, size_t group)
{
    struct estimate_result *r = u->scope.r;
    struct shares_statistic lower, upper;
    struct estimate_bound b = {.assumption = a->name,
                               .meaning = a->meaning,
                               .group = group,
                               .share = a->share ? share : NAN,
                               .ci_low = NAN,
                               .ci_high = NAN};
    char name[200];
    a->fill(s, share, &lower, &upper);
    struct stoye q = {lower.value,
                      upper.value,
                      shares_se(s, &lower),
                      shares_se(s, &upper),
                      shares_covariance(s, &lower, &upper),
                      s->n[0] + s->n[1]};
    b.lower = q.lower;
    b.upper = q.upper;
    b.se_lower = q.se_lower;
    b.se_upper = q.se_upper;
    enum err e = ERR_OK;
    bool has_se =
        isfinite(q.se_lower) && isfinite(q.se_upper) && (q.se_lower > 0 || q.se_upper > 0);
    if (has_se && !stoye_interval(&q, LEVEL, &b.ci_low, &b.ci_high)) {
        b.ci_low = b.ci_high = NAN;
        e = estimate_warn(r,
                          "%s, %s: the upper bound lies so far below the lower that no prevalence "
                          "fits the counts under this assumption.",
                          estimate_group_name(r, &r->group[group], name, sizeof name), a->name);
    }
    return e == ERR_OK ? estimate_add_bound(r, &b) : e;
}

static enum err add_bounds(struct run *u, const struct shares *counted, const struct shares *given,
                           size_t group)
{
    enum err e = ERR_OK;
    bool lost = given->lost[0] + given->lost[1] > 0;
    for (size_t i = 0; e == ERR_OK && i < BOUNDS_ASSUMPTIONS; i++) {
        const struct bounds_assumption *a = &bounds_table[i];
        if (!u->wanted[i] || !fits(a, u->scope.list, u->scope.r->group[group].item) ||
            (a->lost && !lost && !u->named))
            continue;
        for (size_t k = 0; e == ERR_OK && k < (a->share ? u->shares : 1); k++)
            e = add_bound(u, a->lost ? given : counted, a, a->share ? u->share[k] : 0, group);
    }
    return e;
}

/* a_k and b_k of all respondents, with their covariance where there is one item. */
static enum err add_cells(struct run *u, const struct shares *s, int item)
{
    struct estimate_result *r = u->scope.r;
    struct shares_statistic *cell = calloc(2 * s->counts, sizeof *cell);
    double *vcov = calloc(4 * s->counts * s->counts, sizeof *vcov);
    size_t n = 0;
    enum err e = cell == NULL || vcov == NULL ? ERR_NOMEM : ERR_OK;
    for (int kind = 0; e == ERR_OK && kind < 2; kind++)
        for (int k = 0; e == ERR_OK && k <= s->items; k++, n++) {
            char equation[16], term[16];
            snprintf(term, sizeof term, "%d", k);
            snprintf(equation, sizeof equation, r->arms > 2 ? "%s.%d" : "%s", kind == 0 ? "a" : "b",
                     item);
            (kind == 0 ? shares_agree : shares_not)(s, k, &cell[n]);
            e = estimate_add_coefficient(r, equation, term, cell[n].value, shares_se(s, &cell[n]));
        }
    for (size_t i = 0; e == ERR_OK && i < n; i++)
        for (size_t j = 0; j < n; j++)
            vcov[i * n + j] = shares_covariance(s, &cell[i], &cell[j]);
    if (e == ERR_OK && r->arms == 2)
        e = estimate_set_vcov(r, vcov, n);
    free(cell);
    free(vcov);
    return e;
}

static enum err warn_of_cells(struct run *u, const struct shares *s, size_t group)
{
    struct estimate_result *r = u->scope.r;
    struct buffer list = {0};
    char name[200];
    bool beyond = false;
    for (int kind = 0; kind < 2; kind++)
        for (int k = 0; k <= s->items; k++) {
            struct shares_statistic cell;
            (kind == 0 ? shares_agree : shares_not)(s, k, &cell);
            double se = shares_se(s, &cell);
            if (!(cell.value < 0))
                continue;
            beyond = beyond || cell.value < -1.645 * se;
            buffer_printf(&list, "%s%s_%d = %.3f (SE %.3f)", list.len > 0 ? ", " : "",
                          kind == 0 ? "a" : "b", k, cell.value, se);
        }
    enum err e = list.failed ? ERR_NOMEM : ERR_OK;
    if (e == ERR_OK && list.len > 0)
        e = estimate_warn(
            r,
            "%s: %s. These are shares of respondents and cannot be negative: %s. They "
            "enter the bounds as they are.",
            estimate_group_name(r, &r->group[group], name, sizeof name), (const char *)list.p,
            beyond ? "at least one is further below 0 than chance explains well, as "
                     "a design effect or counts given at random would make it"
                   : "chance does this where few respondents are in a cell");
    buffer_free(&list);
    return e;
}

static enum err add_largest_share(struct run *u, const struct shares *s)
{
    struct estimate_result *r = u->scope.r;
    double most = bounds_largest_share(s), asked = 0;
    for (size_t i = 0; i < u->shares; i++)
        asked = fmax(asked, u->share[i]);
    enum err e = estimate_add_number(r, "largest share of random answers", most);
    if (e == ERR_OK && most < asked)
        e = estimate_warn(r,
                          "The counts as they are leave room for a share of random answers of at "
                          "most %.3f; rows for a larger one hold only if chance made a cell too "
                          "small.",
                          fmax(0, most));
    return e;
}

static enum err visit(void *ctx, struct scope *scope, const struct scope_place *at)
{
    struct run *u = ctx;
    struct estimate_group *g = &scope->r->group[at->group];
    struct shares_spec spec = {scope->f, scope->list,   g->item, at->level,
                               at->want, scope->design, false};
    struct shares *s = calloc(2, sizeof *s);
    enum err e = s == NULL ? ERR_NOMEM : shares_of(&spec, &s[0]);
    spec.lost = true;
    if (e == ERR_OK)
        e = shares_of(&spec, &s[1]);
    if (e != ERR_OK || s[0].n[0] == 0 || s[0].n[1] == 0 || g->withheld)
        goto out;
    struct shares_statistic d;
    shares_difference(&s[0], &d);
    double se = shares_se(&s[0], &d);
    scope_fill(g, d.value, s[0].n[0] > 1 && s[0].n[1] > 1 ? se : NAN, shares_df(&s[0]));
    if ((e = add_bounds(u, &s[0], &s[1], at->group)) == ERR_OK)
        e = warn_of_cells(u, &s[0], at->group);
    if (e == ERR_OK && at->level == NULL)
        e = add_cells(u, &s[0], g->item);
    if (e == ERR_OK && at->level == NULL && g->item == 1)
        e = add_largest_share(u, &s[0]);
out:
    free(s);
    return e;
}

static enum err say_what_is_assumed(struct run *u)
{
    struct estimate_result *r = u->scope.r;
    enum err e = estimate_assume(r, "The sensitive item leaves the answers to the control items as "
                                    "they are (no design effect); each row adds what it says.");
    if (e == ERR_OK)
        e = estimate_assume(r, "Intervals are for large samples and cover the prevalence between "
                               "the bounds with 95%% (Stoye 2009); nothing is cut to 0..1.");
    bool left_out = false;
    for (size_t i = 0; i < BOUNDS_ASSUMPTIONS; i++)
        for (size_t k = 1; k < u->scope.list->arms; k++)
            left_out =
                left_out || (u->wanted[i] && bounds_table[i].direction != BOUNDS_EITHER &&
                             (!u->scope.list->has_hide || u->scope.list->hide[k] == HIDE_BOTH));
    if (e == ERR_OK && left_out)
        e = estimate_warn(r, u->scope.list->has_hide
                                 ? "Bounds that assume one hidden answer are left out, as the data "
                                   "say that either may be hidden (hide: both)."
                                 : "Bounds that assume one hidden answer are left out, as the data "
                                   "do not say which; --hide agree or --hide disagree does.");
    return e;
}

static enum err bounds_run(const struct frame *f, const struct estimate_options *o,
                           struct estimate_result **out)
{
    struct run u = {0};
    enum err e = scope_open(f, o, "bounds", &u.scope);
    if (e == ERR_OK)
        e = choose_assumptions(&u);
    if (e == ERR_OK)
        e = choose_shares(&u);
    if (e == ERR_OK)
        e = scope_each(&u.scope, visit, &u);
    if (e == ERR_OK)
        e = say_what_is_assumed(&u);
    if (e == ERR_OK)
        e = scope_warn_groups(u.scope.r);
    if (e == ERR_OK) {
        *out = u.scope.r;
        u.scope.r = NULL;
    }
    scope_close(&u.scope);
    return e;
}

const struct estimator bounds_estimator = {"bounds",
                                           "what weaker assumptions than honesty leave possible",
                                           bounds_run, "assume random-share"};
