#include "admin/output/result_csv.h"

#include <math.h>
#include <string.h>

#include "admin/output/csv_line.h"

/* One line; texts NULL and numbers NAN where there are none. */
struct record {
    const char *part, *equation, *term, *by, *value, *item, *name, *note;
    double n, n_control, n_treatment, control_mean, treatment_mean, share;
    double estimate, se, df, df2, statistic, p_value, ci_low, ci_high;
};

static struct record record_of(const char *part)
{
    return (struct record){.part = part,
                           .n = NAN,
                           .n_control = NAN,
                           .n_treatment = NAN,
                           .control_mean = NAN,
                           .treatment_mean = NAN,
                           .share = NAN,
                           .estimate = NAN,
                           .se = NAN,
                           .df = NAN,
                           .df2 = NAN,
                           .statistic = NAN,
                           .p_value = NAN,
                           .ci_low = NAN,
                           .ci_high = NAN};
}

static const char *const heading[] = {
    "method",       "list",           "part",    "equation", "term",      "by",
    "value",        "item",           "name",    "n",        "n_control", "n_treatment",
    "control_mean", "treatment_mean", "share",   "estimate", "se",        "df",
    "df2",          "statistic",      "p_value", "ci_low",   "ci_high",   "note"};

static void write_record(struct csv_line *l, const struct estimate_result *r,
                         const struct record *v)
{
    const char *const text[] = {r->method, r->list,  v->part, v->equation, v->term,
                                v->by,     v->value, v->item, v->name};
    const double number[] = {
        v->n,         v->n_control, v->n_treatment, v->control_mean, v->treatment_mean,
        v->share,     v->estimate,  v->se,          v->df,           v->df2,
        v->statistic, v->p_value,   v->ci_low,      v->ci_high};
    _Static_assert(sizeof text / sizeof *text + sizeof number / sizeof *number + 1 ==
                       sizeof heading / sizeof *heading,
                   "a heading for every field");
    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
        csv_line_text(l, text[i]);
    for (size_t i = 0; i < sizeof number / sizeof *number; i++)
        csv_line_number(l, number[i]);
    csv_line_text(l, v->note);
    csv_line_end(l);
}

static void groups_of(struct csv_line *l, const struct estimate_result *r, const char *part,
                      bool all)
{
    for (size_t i = 0; i < r->groups; i++) {
        const struct estimate_group *g = &r->group[i];
        struct record v = record_of(part);
        if (!all && g->by >= 0)
            continue;
        v.by = g->by_name;
        v.value = g->value;
        v.item = g->item_name;
        v.name = g->value_label;
        v.n = (double)g->n;
        v.n_control = (double)g->n_control;
        v.n_treatment = (double)g->n_treatment;
        v.control_mean = g->control_mean;
        v.treatment_mean = g->treatment_mean;
        v.share = g->share;
        v.estimate = g->estimate;
        v.se = g->se;
        v.df = g->df;
        v.p_value = g->p_value;
        v.ci_low = g->ci_low;
        v.ci_high = g->ci_high;
        v.note = g->withheld       ? "withheld"
                 : !r->archive     ? NULL
                 : g->prespecified ? "pre-specified"
                                   : "exploratory";
        write_record(l, r, &v);
    }
}

static void bounds_of(struct csv_line *l, const struct estimate_result *r)
{
    for (size_t i = 0; i < r->bounds; i++) {
        const struct estimate_bound *b = &r->bound[i];
        const struct estimate_group *g = &r->group[b->group];
        for (int upper = 0; upper < 2; upper++) {
            struct record v = record_of(upper ? "upper bound" : "lower bound");
            v.by = g->by_name;
            v.value = g->value;
            v.item = g->item_name;
            v.name = b->assumption;
            v.share = b->share;
            v.estimate = upper ? b->upper : b->lower;
            v.se = upper ? b->se_upper : b->se_lower;
            v.ci_low = b->ci_low;
            v.ci_high = b->ci_high;
            v.note = b->meaning;
            write_record(l, r, &v);
        }
    }
}

static void model_of(struct csv_line *l, const struct estimate_result *r)
{
    for (size_t i = 0; i < r->prevalences; i++) {
        const struct estimate_prevalence *p = &r->prevalence[i];
        struct record v = record_of("prevalence");
        v.name = p->name;
        v.estimate = p->estimate;
        v.se = p->se;
        v.ci_low = p->ci_low;
        v.ci_high = p->ci_high;
        write_record(l, r, &v);
    }
    for (size_t i = 0; i < r->coefficients; i++) {
        const struct estimate_coefficient *c = &r->coefficient[i];
        struct record v = record_of("coefficient");
        v.equation = c->equation;
        v.term = c->term;
        v.estimate = c->estimate;
        v.se = c->se;
        v.statistic = c->z;
        v.p_value = c->p_value;
        write_record(l, r, &v);
    }
}

static void boots_of(struct csv_line *l, const struct estimate_result *r)
{
    for (size_t i = 0; i < r->boots; i++)
        for (int bca = 0; bca < 2; bca++) {
            const struct estimate_boot *b = &r->boot[i];
            struct record v = record_of(bca ? "bca interval" : "percentile interval");
            if (i < r->groups) {
                v.by = r->group[i].by_name;
                v.value = r->group[i].value;
                v.item = r->group[i].item_name;
            } else if (i < r->groups + r->coefficients) {
                v.equation = r->coefficient[i - r->groups].equation;
                v.term = r->coefficient[i - r->groups].term;
            } else {
                v.name = r->prevalence[i - r->groups - r->coefficients].name;
            }
            v.ci_low = bca ? b->bca_low : b->percentile_low;
            v.ci_high = bca ? b->bca_high : b->percentile_high;
            write_record(l, r, &v);
        }
}

static void tests_of(struct csv_line *l, const struct estimate_result *r)
{
    for (size_t i = 0; i < r->tests; i++) {
        const struct estimate_test *t = &r->test[i];
        struct record v = record_of("test");
        v.by = t->by_name;
        v.item = t->item_name;
        v.name = "equality of groups";
        v.statistic = t->statistic;
        v.df = t->df > 0 ? (double)t->df : NAN;
        v.df2 = t->df2;
        v.p_value = t->p_value;
        write_record(l, r, &v);
    }
    for (size_t i = 0; i < r->named_tests; i++) {
        const struct estimate_named_test *t = &r->named_test[i];
        struct record v = record_of("test");
        v.name = t->name;
        v.statistic = t->statistic;
        v.df = t->df;
        v.df2 = t->df2;
        v.p_value = t->p_value;
        write_record(l, r, &v);
    }
}

static void number_of(struct csv_line *l, const struct estimate_result *r, const char *name,
                      double value)
{
    struct record v = record_of("number");
    v.name = name;
    v.estimate = value;
    write_record(l, r, &v);
}

static void sentences(struct csv_line *l, const struct estimate_result *r, const char *part,
                      char *const *line, size_t lines)
{
    for (size_t i = 0; i < lines; i++) {
        struct record v = record_of(part);
        v.note = line[i];
        write_record(l, r, &v);
    }
}

enum err result_csv(const struct estimate_result *r, const struct estimate_result *plain,
                    const char *method, struct buffer *out)
{
    struct csv_line l = {out, false};
    (void)method; /* the name for people; a script wants the method's own */
    for (size_t i = 0; i < sizeof heading / sizeof *heading; i++)
        csv_line_raw(&l, heading[i]);
    csv_line_end(&l);
    groups_of(&l, r, "group", true);
    if (plain != NULL)
        groups_of(&l, plain, "unweighted", false);
    bounds_of(&l, r);
    model_of(&l, r);
    boots_of(&l, r);
    tests_of(&l, r);
    if (r->fitted) {
        number_of(&l, r, "loglik", r->loglik);
        number_of(&l, r, "iterations", (double)r->iterations);
        number_of(&l, r, "starts", (double)r->starts);
        number_of(&l, r, "starts_reached", (double)r->reached);
    }
    for (size_t i = 0; i < r->numbers; i++)
        number_of(&l, r, r->number[i].name, r->number[i].value);
    sentences(&l, r, "assumption", r->assumption, r->assumptions);
    sentences(&l, r, "warning", r->warning, r->warnings);
    return out->failed ? ERR_NOMEM : ERR_OK;
}
