#include "admin/estimate/estimate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/numeric.h"

/* One more entry at the end of an array; NULL: no memory, and the array is as it was. */
static void *grow(void **array, size_t count, size_t size)
{
    void *more = realloc(*array, (count + 1) * size);
    if (more == NULL)
        return NULL;
    *array = more;
    return (char *)more + count * size;
}

enum err estimate_room(struct estimate_result *r, size_t more)
{
    struct estimate_group *g = realloc(r->group, (r->groups + more + 1) * sizeof *g);
    if (g == NULL)
        return ERR_NOMEM;
    r->group = g;
    return ERR_OK;
}

static double p_value(double z, double df)
{
    return isfinite(df) ? numeric_t_two_sided(z, df) : numeric_normal_two_sided(z);
}

enum err estimate_add_coefficient_t(struct estimate_result *r, const char *equation,
                                    const char *term, double estimate, double se, double df)
{
    char *a = strdup(equation), *b = strdup(term);
    void *array = r->coefficient;
    struct estimate_coefficient *c =
        a == NULL || b == NULL ? NULL : grow(&array, r->coefficients, sizeof *c);
    if (c == NULL) {
        free(a);
        free(b);
        return ERR_NOMEM;
    }
    r->coefficient = array;
    double z = se > 0 ? estimate / se : NAN;
    *c = (struct estimate_coefficient){a, b, estimate, se, z, se > 0 ? p_value(z, df) : NAN};
    r->coefficients++;
    return ERR_OK;
}

enum err estimate_add_coefficient(struct estimate_result *r, const char *equation, const char *term,
                                  double estimate, double se)
{
    return estimate_add_coefficient_t(r, equation, term, estimate, se, INFINITY);
}

enum err estimate_add_prevalence(struct estimate_result *r, const char *name, int item,
                                 double estimate, double se, double ci_low, double ci_high)
{
    char *copy = strdup(name);
    void *array = r->prevalence;
    struct estimate_prevalence *p = copy == NULL ? NULL : grow(&array, r->prevalences, sizeof *p);
    if (p == NULL) {
        free(copy);
        return ERR_NOMEM;
    }
    r->prevalence = array;
    *p = (struct estimate_prevalence){copy, item, estimate, se, ci_low, ci_high};
    r->prevalences++;
    return ERR_OK;
}

enum err estimate_add_test(struct estimate_result *r, const char *name, double statistic, double df,
                           double p_value)
{
    char *copy = strdup(name);
    void *array = r->named_test;
    struct estimate_named_test *t = copy == NULL ? NULL : grow(&array, r->named_tests, sizeof *t);
    if (t == NULL) {
        free(copy);
        return ERR_NOMEM;
    }
    r->named_test = array;
    *t = (struct estimate_named_test){copy, statistic, df, p_value, NAN};
    r->named_tests++;
    return ERR_OK;
}

enum err estimate_add_number(struct estimate_result *r, const char *name, double value)
{
    char *copy = strdup(name);
    void *array = r->number;
    struct estimate_number *n = copy == NULL ? NULL : grow(&array, r->numbers, sizeof *n);
    if (n == NULL) {
        free(copy);
        return ERR_NOMEM;
    }
    r->number = array;
    *n = (struct estimate_number){copy, value};
    r->numbers++;
    return ERR_OK;
}

enum err estimate_add_bound(struct estimate_result *r, const struct estimate_bound *bound)
{
    void *array = r->bound;
    struct estimate_bound *b = grow(&array, r->bounds, sizeof *b);
    if (b == NULL)
        return ERR_NOMEM;
    r->bound = array;
    *b = *bound;
    r->bounds++;
    return ERR_OK;
}

enum err estimate_set_vcov(struct estimate_result *r, const double *vcov, size_t p)
{
    double *copy = malloc((p * p + 1) * sizeof *copy);
    if (copy == NULL)
        return ERR_NOMEM;
    memcpy(copy, vcov, p * p * sizeof *copy);
    free(r->vcov);
    r->vcov = copy;
    return ERR_OK;
}

void estimate_start_group(const struct frame *f, const struct estimate_options *o, int by,
                          int level, int item, struct estimate_group *out)
{
    const struct frame_list *l = &f->list[o->list];
    const struct frame_column *c = by >= 0 ? &f->column[by] : NULL;
    *out = (struct estimate_group){.by = by,
                                   .level = level,
                                   .item = item,
                                   .item_name = l->sensitive[item],
                                   .item_label = l->sensitive_label[item],
                                   .prespecified = f->archive && (c == NULL || c->prespecified),
                                   .control_mean = NAN,
                                   .treatment_mean = NAN,
                                   .estimate = NAN,
                                   .se = NAN,
                                   .df = NAN,
                                   .ci_low = NAN,
                                   .ci_high = NAN,
                                   .p_value = NAN};
    if (c == NULL)
        return;
    out->by_name = c->name;
    out->value = c->level[level];
    out->value_label = c->level_label != NULL ? c->level_label[level] : NULL;
}

void estimate_count_group(const struct estimate_options *o, const struct estimate_tally *control,
                          const struct estimate_tally *treatment, double share,
                          struct estimate_group *out)
{
    size_t least = control->n < treatment->n ? control->n : treatment->n;
    out->share = share;
    out->n_control = control->n;
    out->n_treatment = treatment->n;
    out->n = control->n + treatment->n;
    out->control_mean = control->n > 0 ? control->sum / control->weights : NAN;
    out->treatment_mean = treatment->n > 0 ? treatment->sum / treatment->weights : NAN;
    if (out->by < 0)
        return;
    out->withheld = least < ESTIMATE_WITHHOLD && !o->small;
    out->marked = least < ESTIMATE_MARK;
}

void estimate_name_group(const struct frame *f, const struct estimate_options *o, int by, int level,
                         int item, const uint8_t *used, struct estimate_group *out)
{
    const struct frame_list *l = &f->list[o->list];
    const struct frame_column *c = by >= 0 ? &f->column[by] : NULL;
    struct estimate_tally arm[2] = {{0}};
    double all = 0, here = 0;
    for (size_t i = 0; i < f->n; i++) {
        if ((used != NULL ? !used[i] : !estimate_used(l, i)) ||
            (c != NULL && c->row[i] == FRAME_MISSING))
            continue;
        double w = o->unweighted || f->weight == NULL ? 1 : f->weight[i];
        all += w;
        if (c != NULL && c->row[i] != level)
            continue;
        here += w;
        if (l->arm[i] != 0 && l->arm[i] != item)
            continue;
        struct estimate_tally *t = &arm[l->arm[i] != 0];
        t->n++;
        t->weights += w;
        t->sum += w * l->count[i];
    }
    estimate_start_group(f, o, by, level, item, out);
    estimate_count_group(o, &arm[0], &arm[1], all > 0 ? here / all : 0, out);
}
