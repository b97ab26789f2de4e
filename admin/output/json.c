#include "admin/output/json.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

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
        {"p_value", number(t->p_value)},
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

enum err json_result(const struct estimate_result *r, struct buffer *out)
{
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
        {"groups", groups},
        {"tests", tests},
        {"bounds", bounds_of(r)},
        {"warnings", warnings},
    };
    json_t *all = object_of(key, sizeof key / sizeof *key);
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
