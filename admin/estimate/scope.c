#include "admin/estimate/scope.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/numeric.h"
#include "core/bytes.h"
#include "core/log.h"

/* Population form (divided by n): then 1 + cv^2 is Kish's design effect exactly. */
static double weight_cv(const struct frame *f, const struct frame_list *l)
{
    double n = 0, sum = 0, squares = 0;
    for (size_t i = 0; i < f->n; i++)
        if (estimate_used(l, i)) {
            n++;
            sum += f->weight[i];
        }
    for (size_t i = 0; i < f->n; i++)
        if (estimate_used(l, i))
            squares += (f->weight[i] - sum / n) * (f->weight[i] - sum / n);
    return n > 0 ? sqrt(squares / n) / (sum / n) : NAN;
}

static enum err warn_of_design(const struct frame *f, const struct design *d,
                               struct estimate_result *r)
{
    enum err e = ERR_OK;
    if (design_lone(d) > 0)
        e = estimate_warn(r,
                          "%zu strata have a single %s, which shows no spread within its "
                          "stratum; centred on the mean of all instead.",
                          design_lone(d), f->psu != NULL ? "sampling point" : "respondent");
    if (e == ERR_OK && design_split(d) > 0)
        e = estimate_warn(r,
                          "%zu point names occur in more than one stratum; each was taken for a "
                          "point of its own there.",
                          design_split(d));
    double cv = r->weight_cv, kish = (double)r->n / (1 + cv * cv);
    if (e == ERR_OK && f->weight != NULL && !(kish >= ESTIMATE_MARK) && r->n >= ESTIMATE_MARK)
        e = estimate_warn(
            r,
            "The weights differ so much that %zu counts are worth no more than %.0f equal ones "
            "(Kish); look at the largest.",
            r->n, isfinite(kish) ? kish : 1);
    if (e == ERR_OK && design_points(d) <= design_strata(d))
        e = estimate_warn(r, "There are no more sampling points than strata: no standard error can "
                             "be given.");
    return e;
}

enum err scope_design(const struct frame *f, const struct estimate_options *o,
                      struct estimate_result *r, struct design **out)
{
    const struct frame_list *list = &f->list[o->list];
    struct design *d = NULL;
    *out = NULL;
    r->design = "srs";
    r->se_type = "welch";
    if (o->unweighted || (f->weight == NULL && f->psu == NULL && f->stratum == NULL))
        return ERR_OK;
    r->design = f->psu != NULL ? "clustered" : "weighted";
    r->se_type = f->psu != NULL ? "taylor" : "weighted";
    enum err e = design_new(f, list, &d);
    if (e != ERR_OK)
        return e;
    r->n_psu = f->psu != NULL ? design_points(d) : 0;
    if (f->weight != NULL)
        r->weight_cv = weight_cv(f, list);
    if ((e = warn_of_design(f, d, r)) == ERR_OK)
        *out = d;
    else
        design_free(d);
    return e;
}

static enum err list_groups(struct estimate_result *r, const char *sentence,
                            bool (*is)(const struct estimate_group *))
{
    struct buffer names = {0};
    char name[200];
    enum err e = ERR_OK;
    for (size_t i = 0; i < r->groups; i++)
        if (is(&r->group[i]))
            buffer_printf(&names, "%s%s", names.len > 0 ? ", " : "",
                          estimate_group_name(r, &r->group[i], name, sizeof name));
    if (names.failed)
        e = ERR_NOMEM;
    else if (names.len > 0)
        e = estimate_warn(r, "%s: %s.", sentence, (const char *)names.p);
    buffer_free(&names);
    return e;
}

static bool is_withheld(const struct estimate_group *g)
{
    return g->withheld;
}

static bool is_marked(const struct estimate_group *g)
{
    return g->marked && !g->withheld;
}

static bool is_flat(const struct estimate_group *g)
{
    return g->se == 0;
}

static bool is_alone(const struct estimate_group *g)
{
    return !g->withheld && isnan(g->se) && (g->n_control < 2 || g->n_treatment < 2);
}

/* The points that carry the group are as many as their strata. */
static bool is_without_df(const struct estimate_group *g)
{
    return !g->withheld && isnan(g->se) && !is_alone(g);
}

enum err scope_warn_groups(struct estimate_result *r)
{
    char name[200];
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < r->groups; i++) {
        const struct estimate_group *g = &r->group[i];
        if (g->estimate < 0 || g->estimate > 1)
            e = estimate_warn(
                r,
                "%s: the estimate, %.1f%%, lies outside 0 to 100%%; it is shown as it "
                "is. Chance does this in small groups; elsewhere suspect a design "
                "effect or mistakes in counting.",
                estimate_group_name(r, g, name, sizeof name), 100 * g->estimate);
    }
    static const struct {
        const char *sentence;
        bool (*is)(const struct estimate_group *);
    } kind[] = {
        {"Withheld, with fewer than 10 counts in an arm (--small shows them)", is_withheld},
        {"Fewer than 30 counts in an arm, not for reading alone", is_marked},
        {"No standard error, with fewer than two counts in an arm", is_alone},
        {"No standard error, with too few sampling points or with weights that leave one of them",
         is_without_df},
        {"All counts of each arm are the same, so that the standard error is 0 and there is "
         "neither "
         "interval nor p value",
         is_flat},
    };
    for (size_t i = 0; e == ERR_OK && i < sizeof kind / sizeof *kind; i++)
        e = list_groups(r, kind[i].sentence, kind[i].is);
    return e;
}
_Static_assert(ESTIMATE_WITHHOLD == 10 && ESTIMATE_MARK == 30, "the sentences above say so");

enum err scope_open(const struct frame *f, const struct estimate_options *o, const char *method,
                    struct scope *s)
{
    *s = (struct scope){.f = f, .list = &f->list[o->list], .o = o};
    enum err e = estimate_start(f, o, method, &s->r);
    if (e == ERR_OK)
        e = scope_design(f, o, s->r, &s->design);
    return e;
}

void scope_close(struct scope *s)
{
    estimate_free(s->r);
    design_free(s->design);
    *s = (struct scope){0};
}

static enum err each_level(struct scope *s, int by, scope_group *visit, void *ctx)
{
    const struct frame_column *c = by >= 0 ? &s->f->column[by] : NULL;
    size_t levels = c != NULL ? c->levels : 1;
    enum err e = estimate_room(s->r, levels * (s->list->arms - 1));
    for (size_t l = 0; e == ERR_OK && l < levels; l++)
        for (size_t k = 1; e == ERR_OK && k < s->list->arms; k++) {
            struct scope_place at = {c != NULL ? c->row : NULL, (int32_t)l, s->r->groups++};
            estimate_name_group(s->f, s->o, by, (int)l, (int)k, s->used, &s->r->group[at.group]);
            e = visit(ctx, s, &at);
        }
    return e;
}

enum err scope_each(struct scope *s, scope_group *visit, void *ctx)
{
    enum err e = each_level(s, -1, visit, ctx);
    for (size_t i = 0; e == ERR_OK && i < s->o->bys; i++) {
        const struct frame_column *c = &s->f->column[s->o->by[i]];
        if ((e = frame_levels(s->f, s->o->by[i])) != ERR_OK)
            break;
        if (c->levels > ESTIMATE_MAX_LEVELS)
            return log_fail(ERR_USAGE,
                            "--by %s: %zu groups, at most %d can be shown; recode it with "
                            "--derive",
                            c->name, c->levels, ESTIMATE_MAX_LEVELS);
        e = each_level(s, s->o->by[i], visit, ctx);
    }
    return e;
}

void scope_fill(struct estimate_group *g, double estimate, double se, double df)
{
    g->estimate = estimate;
    g->se = se;
    g->df = df;
    if (!(se > 0) || !(df > 0))
        return;
    double half = numeric_t_quantile(0.975, df) * se;
    g->ci_low = estimate - half;
    g->ci_high = estimate + half;
    g->p_value = numeric_t_two_sided(estimate / se, df);
}
