#include "admin/output/json.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "admin/frame/weighting.h"

/* jansson's setters take the new value over and fail on NULL, so one check at the end of each
 * object is enough: every call below gives what it was able to. */
static json_t *text(const char *s)
{
    return s != NULL ? json_string(s) : json_null();
}

static json_t *number(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

static json_t *count(size_t n)
{
    return json_integer((json_int_t)n);
}

static json_t *count_or_null(size_t n)
{
    return n > 0 ? count(n) : json_null();
}

static const char *hide_name(enum study_hide hide)
{
    static const char *const name[] = {
        [HIDE_AGREE] = "agree", [HIDE_DISAGREE] = "disagree", [HIDE_BOTH] = "both"};
    return name[hide];
}

struct key {
    const char *name;
    json_t *value;
};

static json_t *object_of(const struct key *key, size_t keys)
{
    bool good = true;
    json_t *o = json_object();
    for (size_t i = 0; i < keys; i++)
        good = json_object_set_new(o, key[i].name, key[i].value) == 0 && good;
    if (good)
        return o;
    json_decref(o);
    return NULL;
}

static json_t *group_of(const struct estimate_group *g)
{
    const struct key key[] = {
        {"by", text(g->by_name)},
        {"value", text(g->value)},
        {"item", text(g->item_name)},
        {"n", count(g->n)},
        {"n_control", count(g->n_control)},
        {"n_treatment", count(g->n_treatment)},
        {"control_mean", number(g->control_mean)},
        {"treatment_mean", number(g->treatment_mean)},
        {"estimate", number(g->estimate)},
        {"se", number(g->se)},
        {"df", number(g->df)},
        {"ci_low", number(g->ci_low)},
        {"ci_high", number(g->ci_high)},
        {"p_value", number(g->p_value)},
        {"prespecified", json_boolean(g->prespecified)},
        {"withheld", json_boolean(g->withheld)},
    };
    return object_of(key, sizeof key / sizeof *key);
}

static json_t *test_of(const struct estimate_test *t)
{
    const struct key key[] = {
        {"by", text(t->by_name)},
        {"item", text(t->item_name)},
        {"statistic", number(t->statistic)},
        {"df", count_or_null(t->df)},
        {"df2", number(t->df2)},
        {"p_value", number(t->p_value)},
        {"p_holm", number(t->p_holm)},
    };
    return object_of(key, sizeof key / sizeof *key);
}

static json_t *bound_of(const struct estimate_result *r, const struct estimate_bound *b)
{
    const struct estimate_group *g = &r->group[b->group];
    const struct key key[] = {
        {"by", text(g->by_name)},          {"value", text(g->value)},
        {"item", text(g->item_name)},      {"assumption", text(b->assumption)},
        {"share", number(b->share)},       {"lower", number(b->lower)},
        {"upper", number(b->upper)},       {"se_lower", number(b->se_lower)},
        {"se_upper", number(b->se_upper)}, {"ci_low", number(b->ci_low)},
        {"ci_high", number(b->ci_high)},
    };
    return object_of(key, sizeof key / sizeof *key);
}

static json_t *coefficient_of(const struct estimate_coefficient *c)
{
    const struct key key[] = {
        {"equation", text(c->equation)}, {"term", text(c->term)}, {"estimate", number(c->estimate)},
        {"se", number(c->se)},           {"z", number(c->z)},     {"p_value", number(c->p_value)},
    };
    return object_of(key, sizeof key / sizeof *key);
}

static json_t *bounds_of(const struct estimate_result *r)
{
    json_t *a = json_array();
    bool good = a != NULL;
    for (size_t i = 0; i < r->bounds; i++)
        good = json_array_append_new(a, bound_of(r, &r->bound[i])) == 0 && good;
    if (good)
        return a;
    json_decref(a);
    return NULL;
}

/* "equation.term", or the equation where it is the whole name. */
static json_t *name_of(const struct estimate_coefficient *c)
{
    return json_sprintf("%s%s%s", c->equation, *c->term != 0 ? "." : "", c->term);
}

static json_t *vcov_of(const struct estimate_result *r)
{
    if (r->vcov == NULL)
        return json_null();
    json_t *names = json_array(), *rows = json_array();
    bool good = names != NULL && rows != NULL;
    for (size_t i = 0; i < r->coefficients; i++) {
        json_t *row = json_array();
        for (size_t j = 0; j < r->coefficients; j++)
            good =
                json_array_append_new(row, number(r->vcov[i * r->coefficients + j])) == 0 && good;
        good = json_array_append_new(names, name_of(&r->coefficient[i])) == 0 && good;
        good = json_array_append_new(rows, row) == 0 && good;
    }
    const struct key key[] = {{"names", names}, {"matrix", rows}};
    json_t *o = object_of(key, sizeof key / sizeof *key);
    if (good)
        return o;
    json_decref(o);
    return NULL;
}

static json_t *prevalence_entry(const char *name, const char *item, double estimate, double se,
                                double low, double high)
{
    const struct key key[] = {
        {"name", text(name)}, {"item", text(item)},    {"estimate", number(estimate)},
        {"se", number(se)},   {"ci_low", number(low)}, {"ci_high", number(high)},
    };
    return object_of(key, sizeof key / sizeof *key);
}

static const char *item_of(const struct estimate_result *r, int item)
{
    for (size_t i = 0; i < r->groups; i++)
        if (r->group[i].item == item)
            return r->group[i].item_name;
    return NULL;
}

/* The prevalence of all respondents (of the first item), and whatever else was asked for. */
static json_t *prevalence_of(const struct estimate_result *r)
{
    json_t *more = json_array();
    bool good = more != NULL;
    for (size_t i = 0; i < r->prevalences; i++) {
        const struct estimate_prevalence *p = &r->prevalence[i];
        good =
            json_array_append_new(more, prevalence_entry(p->name, item_of(r, p->item), p->estimate,
                                                         p->se, p->ci_low, p->ci_high)) == 0 &&
            good;
    }
    static const struct estimate_group none = {
        .estimate = NAN, .se = NAN, .ci_low = NAN, .ci_high = NAN};
    const struct estimate_group *g = r->groups > 0 ? &r->group[0] : &none;
    const struct key key[] = {
        {"estimate", number(g->estimate)}, {"se", number(g->se)}, {"ci_low", number(g->ci_low)},
        {"ci_high", number(g->ci_high)},   {"entries", more},
    };
    json_t *o = object_of(key, sizeof key / sizeof *key);
    if (good)
        return o;
    json_decref(o);
    return NULL;
}

static json_t *named_test_of(const struct estimate_named_test *t)
{
    const struct key key[] = {
        {"name", text(t->name)}, {"statistic", number(t->statistic)}, {"df", number(t->df)},
        {"df2", number(t->df2)}, {"p_value", number(t->p_value)},
    };
    return object_of(key, sizeof key / sizeof *key);
}

static json_t *doubles(const double *v, size_t n)
{
    json_t *a = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(a, number(v[i]));
    return a;
}

static json_t *strings(char *const *s, size_t n)
{
    json_t *a = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(a, json_string(s[i]));
    return a;
}

static json_t *numbers_of(const struct estimate_result *r)
{
    json_t *o = json_object();
    for (size_t i = 0; i < r->numbers; i++)
        json_object_set_new(o, r->number[i].name, number(r->number[i].value));
    return o;
}

/* What a regression has and a difference in means has not. */
static bool add_fit(const struct estimate_result *r, json_t *all)
{
    json_t *coefficients = json_array(), *named = json_array();
    bool good = coefficients != NULL && named != NULL;
    for (size_t i = 0; i < r->coefficients; i++)
        good = json_array_append_new(coefficients, coefficient_of(&r->coefficient[i])) == 0 && good;
    for (size_t i = 0; i < r->named_tests; i++)
        good = json_array_append_new(named, named_test_of(&r->named_test[i])) == 0 && good;
    const struct key key[] = {
        {"coefficients", coefficients},
        {"vcov", vcov_of(r)},
        {"loglik", number(r->loglik)},
        {"iterations", r->fitted ? count(r->iterations) : json_null()},
        {"converged", r->fitted ? json_true() : json_null()},
        {"starts", r->fitted ? count(r->starts) : json_null()},
        {"starts_reached", r->fitted ? count(r->reached) : json_null()},
        {"other_maxima", doubles(r->other_maxima, r->others)},
        {"tie", json_boolean(r->tie)},
        {"prevalence", prevalence_of(r)},
        {"named_tests", named},
        {"numbers", numbers_of(r)},
        {"assumptions", strings(r->assumption, r->assumptions)},
        {"group_seconds", number(r->group_seconds)},
        {"fit_seconds", number(r->fit_seconds)},
    };
    for (size_t i = 0; i < sizeof key / sizeof *key; i++)
        good = json_object_set_new(all, key[i].name, key[i].value) == 0 && good;
    return good;
}

static bool fill_arrays(const struct estimate_result *r, json_t *groups, json_t *tests,
                        json_t *warnings)
{
    bool good = true;
    for (size_t i = 0; i < r->groups; i++)
        good = json_array_append_new(groups, group_of(&r->group[i])) == 0 && good;
    for (size_t i = 0; i < r->tests; i++)
        good = json_array_append_new(tests, test_of(&r->test[i])) == 0 && good;
    for (size_t i = 0; i < r->warnings; i++)
        good = json_array_append_new(warnings, json_string(r->warning[i])) == 0 && good;
    return good;
}

/* One interval of the bootstrap: of the groups first, then coefficients, then prevalences. */
static json_t *boot_entry(const struct estimate_result *r, size_t i)
{
    const struct estimate_boot *b = &r->boot[i];
    char name[400];
    if (i < r->groups)
        estimate_group_name(r, &r->group[i], name, sizeof name);
    else if (i < r->groups + r->coefficients)
        snprintf(name, sizeof name, "%s%s%s", r->coefficient[i - r->groups].equation,
                 r->coefficient[i - r->groups].term[0] != '\0' ? "." : "",
                 r->coefficient[i - r->groups].term);
    else
        snprintf(name, sizeof name, "%s", r->prevalence[i - r->groups - r->coefficients].name);
    const char *of = i < r->groups                     ? "group"
                     : i < r->groups + r->coefficients ? "coefficient"
                                                       : "prevalence";
    json_t *percentile = json_array(), *bca = json_array();
    json_array_append_new(percentile, number(b->percentile_low));
    json_array_append_new(percentile, number(b->percentile_high));
    json_array_append_new(bca, number(b->bca_low));
    json_array_append_new(bca, number(b->bca_high));
    const struct key key[] = {{"of", text(of)},
                              {"name", text(name)},
                              {"resamples", count(b->resamples)},
                              {"percentile", percentile},
                              {"bca", bca}};
    return object_of(key, sizeof key / sizeof *key);
}

static json_t *bootstrap_of(const struct estimate_result *r)
{
    json_t *a = json_array();
    bool good = a != NULL;
    if (r->resamples == 0) {
        json_decref(a);
        return json_null();
    }
    for (size_t i = 0; i < r->boots; i++)
        good = json_array_append_new(a, boot_entry(r, i)) == 0 && good;
    const struct key key[] = {{"resamples", count(r->resamples)},
                              {"failed", count(r->resamples_failed)},
                              {"intervals", a}};
    json_t *o = object_of(key, sizeof key / sizeof *key);
    if (good)
        return o;
    json_decref(o);
    return NULL;
}

static json_t *stages_of(const struct estimate_result *r)
{
    json_t *a = json_array();
    for (size_t i = 0; i < r->stages; i++) {
        const struct key key[] = {{"stage", text(r->stage[i].name)},
                                  {"cv", number(r->stage[i].cv)},
                                  {"design_effect", number(r->stage[i].effect)}};
        json_array_append_new(a, object_of(key, 3));
    }
    return a;
}

/* All respondents and the first item; null where there is no such group or it is withheld. */
static json_t *unweighted_of(const struct estimate_result *plain)
{
    const struct estimate_group *g = plain != NULL && plain->groups > 0 ? &plain->group[0] : NULL;
    if (g == NULL || g->by >= 0 || g->withheld)
        return json_null();
    const struct key key[] = {
        {"estimate", number(g->estimate)}, {"se", number(g->se)},
        {"ci_low", number(g->ci_low)},     {"ci_high", number(g->ci_high)},
        {"p_value", number(g->p_value)},
    };
    return object_of(key, sizeof key / sizeof *key);
}

enum err json_result(const struct estimate_result *r, const struct estimate_result *plain,
                     const char *method, struct buffer *out)
{
    (void)method; /* the name for people */
    json_t *groups = json_array(), *tests = json_array(), *warnings = json_array();
    bool good = fill_arrays(r, groups, tests, warnings);
    const struct key key[] = {
        {"method", text(r->method)},
        {"list", text(r->list)},
        {"items", json_integer(r->items)},
        {"hide", text(r->has_hide ? hide_name(r->hide) : NULL)},
        {"design", text(r->design)},
        {"se_type", text(r->se_type)},
        {"n", count(r->n)},
        {"n_control", count(r->n_control)},
        {"n_treatment", count(r->n_treatment)},
        {"missing_control", count(r->missing_control)},
        {"missing_treatment", count(r->missing_treatment)},
        {"n_psu", count_or_null(r->n_psu)},
        {"weight_cv", number(r->weight_cv)},
        {"weights", stages_of(r)},
        {"bootstrap", bootstrap_of(r)},
        {"unweighted", unweighted_of(plain)},
        {"groups", groups},
        {"tests", tests},
        {"bounds", bounds_of(r)},
        {"warnings", warnings},
    };
    json_t *all = object_of(key, sizeof key / sizeof *key);
    good = all != NULL && add_fit(r, all) && good;
    char *line =
        all != NULL && good ? json_dumps(all, JSON_INDENT(2) | JSON_REAL_PRECISION(17)) : NULL;
    if (line != NULL) {
        buffer_add(out, line, strlen(line));
        buffer_u8(out, '\n');
    }
    bool done = line != NULL && !out->failed;
    free(line);
    json_decref(all);
    return done ? ERR_OK : ERR_NOMEM;
}
