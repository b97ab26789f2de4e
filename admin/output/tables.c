#include "admin/output/tables.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/frame/weighting.h"

char *tables_number(double v, int decimals, char out[TABLE_CELL])
{
    double half = 0.5;
    for (int i = 0; i < decimals; i++)
        half /= 10;
    if (isfinite(v) && fabs(v) < 1e12)
        snprintf(out, TABLE_CELL, "%.*f", decimals, fabs(v) < half ? 0.0 : v); /* no -0.00 */
    else if (isfinite(v))
        snprintf(out, TABLE_CELL, "%.4g", v);
    else
        snprintf(out, TABLE_CELL, "-");
    return out;
}

char *tables_p(double p, char out[TABLE_CELL])
{
    if (isfinite(p) && p < 0.001)
        snprintf(out, TABLE_CELL, "<.001");
    else
        tables_number(p, 3, out);
    return out;
}

char *tables_any(double v, char out[TABLE_CELL])
{
    double size = fabs(v);
    if (isfinite(v) && size != 0 && (size < 0.001 || size >= 1e6))
        snprintf(out, TABLE_CELL, "%.4g", v);
    else
        tables_number(v, 4, out);
    return out;
}

void tables_free(struct tables *t)
{
    for (size_t i = 0; i < t->count; i++) {
        struct table *a = &t->table[i];
        for (size_t k = 0; a->cell != NULL && k < a->rows * a->columns; k++)
            free(a->cell[k]);
        free(a->cell);
    }
    free(t->caption);
    *t = (struct tables){0};
}

void tables_caption(const struct estimate_result *r, const char *method, struct buffer *out)
{
    buffer_printf(out, "List experiment%s%s: %s, J = %d control items", r->list ? " " : "",
                  r->list ? r->list : "", method, r->items);
    for (size_t i = 0; i < r->groups && r->group[i].by < 0; i++) {
        const struct estimate_group *g = &r->group[i];
        if (g->item_name != NULL)
            buffer_printf(out, "%s%s", i == 0 ? ", sensitive: " : ", ",
                          g->item_label != NULL ? g->item_label : g->item_name);
    }
    buffer_printf(out, "; n = %zu (%zu control, %zu treatment)", r->n, r->n_control,
                  r->n_treatment);
    if (strcmp(r->design, "srs") == 0)
        buffer_printf(out, "; simple random sample");
    else
        buffer_printf(out, "; %s design", r->design);
    if (r->n_psu > 0)
        buffer_printf(out, ", %zu sampling points", r->n_psu);
    if (isfinite(r->weight_cv))
        buffer_printf(out, ", CV of weights %.2f", r->weight_cv);
    buffer_u8(out, '.');
    if (r->resamples > 0)
        buffer_printf(out, " Bootstrap of %zu resamples.", r->resamples);
    for (size_t i = 0; i < r->stages; i++)
        buffer_printf(out, "%s%s (CV %.2f, design effect %.2f)", i == 0 ? " Weights: " : " x ",
                      r->stage[i].name, r->stage[i].cv, r->stage[i].effect);
    if (r->stages > 0)
        buffer_u8(out, '.');
}

/* A table being filled, cell after cell. */
struct filling {
    struct table *t;
    size_t at;
    bool failed;
};

static void put(struct filling *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void put(struct filling *f, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    char *copy = f->failed ? NULL : strdup(text);
    if (copy == NULL)
        f->failed = true;
    else
        f->t->cell[f->at++] = copy;
}

/* ${headings}: "name" stands right, "<name" left. */
static struct filling begin(struct tables *all, const char *title, const char *const *headings,
                            size_t columns, size_t rows)
{
    struct table *t = &all->table[all->count++];
    *t = (struct table){.title = title, .columns = columns, .rows = rows};
    for (size_t i = 0; i < columns; i++) {
        t->left[i] = headings[i][0] == '<';
        t->heading[i] = headings[i] + t->left[i];
    }
    t->cell = calloc(columns * rows + 1, sizeof *t->cell);
    return (struct filling){t, 0, t->cell == NULL};
}

static const char *people(const char *label, const char *name)
{
    return label != NULL ? label : name != NULL ? name : "";
}

static void put_interval(struct filling *f, double scale, int decimals, double low, double high)
{
    char a[TABLE_CELL], b[TABLE_CELL];
    if (isfinite(low) && isfinite(high))
        put(f, "%s to %s", tables_number(scale * low, decimals, a),
            tables_number(scale * high, decimals, b));
    else
        put(f, "-");
}

static bool groups_of(const struct estimate_result *r, struct tables *out)
{
    static const char *const heading[] = {"<Group",       "n control",      "n treatment",
                                          "Mean control", "Mean treatment", "Support, %",
                                          "SE",           "95% interval",   "p"};
    char a[TABLE_CELL];
    struct filling f = begin(out, "Support", heading, 9, r->groups);
    for (size_t i = 0; i < r->groups; i++) {
        const struct estimate_group *g = &r->group[i];
        const char *item = r->arms > 2 ? people(g->item_label, g->item_name) : "";
        if (g->by < 0)
            put(&f, "All%s%s", item[0] != '\0' ? ", " : "", item);
        else
            put(&f, "%s: %s%s%s", g->by_name, people(g->value_label, g->value),
                item[0] != '\0' ? ", " : "", item);
        put(&f, "%zu", g->n_control);
        put(&f, "%zu", g->n_treatment);
        put(&f, "%s", tables_number(g->control_mean, 2, a));
        put(&f, "%s", tables_number(g->treatment_mean, 2, a));
        if (g->withheld)
            put(&f, "withheld");
        else
            put(&f, "%s%s", tables_number(100 * g->estimate, 1, a), g->marked ? "*" : "");
        put(&f, "%s", tables_number(100 * g->se, 1, a));
        put_interval(&f, 100, 1, g->ci_low, g->ci_high);
        put(&f, "%s", tables_p(g->p_value, a));
    }
    return !f.failed;
}

static bool bounds_of(const struct estimate_result *r, struct tables *out)
{
    static const char *const heading[] = {"<Bounds of", "<Assumption", "Random answers, %",
                                          "Between, %", "95% interval"};
    char a[TABLE_CELL], name[200];
    struct filling f = begin(out, "Bounds", heading, 5, r->bounds);
    for (size_t i = 0; i < r->bounds; i++) {
        const struct estimate_bound *b = &r->bound[i];
        put(&f, "%s", estimate_group_name(r, &r->group[b->group], name, sizeof name));
        put(&f, "%s: %s", b->assumption, b->meaning);
        put(&f, "%s", tables_number(100 * b->share, 1, a));
        put_interval(&f, 100, 1, b->lower, b->upper);
        put_interval(&f, 100, 1, b->ci_low, b->ci_high);
    }
    return !f.failed;
}

static bool coefficients_of(const struct estimate_result *r, struct tables *out)
{
    static const char *const heading[] = {"<Equation", "<Term", "Estimate", "SE", "z", "p"};
    char a[TABLE_CELL];
    struct filling f = begin(out, "Coefficients", heading, 6, r->coefficients);
    for (size_t i = 0; i < r->coefficients; i++) {
        const struct estimate_coefficient *c = &r->coefficient[i];
        put(&f, "%s", c->equation);
        put(&f, "%s", c->term);
        put(&f, "%s", tables_any(c->estimate, a));
        put(&f, "%s", tables_any(c->se, a));
        put(&f, "%s", tables_number(c->z, 2, a));
        put(&f, "%s", tables_p(c->p_value, a));
    }
    return !f.failed;
}

static bool prevalences_of(const struct estimate_result *r, struct tables *out)
{
    static const char *const heading[] = {"<Prevalence", "Estimate, %", "SE", "95% interval"};
    char a[TABLE_CELL];
    struct filling f = begin(out, "Prevalence", heading, 4, r->prevalences);
    for (size_t i = 0; i < r->prevalences; i++) {
        const struct estimate_prevalence *p = &r->prevalence[i];
        if (r->arms > 2)
            put(&f, "%s (item %d)", p->name, p->item);
        else
            put(&f, "%s", p->name);
        put(&f, "%s", tables_number(100 * p->estimate, 1, a));
        put(&f, "%s", tables_number(100 * p->se, 1, a));
        put_interval(&f, 100, 1, p->ci_low, p->ci_high);
    }
    return !f.failed;
}

static void put_df(struct filling *f, double df, double df2)
{
    char a[TABLE_CELL], b[TABLE_CELL];
    int whole = isfinite(df) && floor(df) == df ? 0 : 2;
    if (isfinite(df2))
        put(f, "%s, %s", tables_number(df, whole, a),
            tables_number(df2, floor(df2) == df2 ? 0 : 2, b));
    else
        put(f, "%s", tables_number(df, whole, a));
}

static bool tests_of(const struct estimate_result *r, bool groups, struct tables *out)
{
    static const char *const heading[] = {"<Test", "Statistic", "df", "p"};
    char a[TABLE_CELL], holm[TABLE_CELL];
    struct filling f = begin(out, "Tests", heading, 4, (groups ? r->tests : 0) + r->named_tests);
    for (size_t i = 0; groups && i < r->tests; i++) {
        const struct estimate_test *t = &r->test[i];
        put(&f, "equal support by %s%s%s%s", t->by_name, r->arms > 2 ? ", " : "",
            r->arms > 2 ? people(NULL, t->item_name) : "",
            !r->archive       ? ""
            : t->prespecified ? " (pre-specified)"
                              : " (exploratory)");
        put(&f, "%s", tables_number(t->statistic, 2, a));
        put_df(&f, t->df > 0 ? (double)t->df : NAN, t->df2);
        if (isnan(t->p_holm))
            put(&f, "%s", tables_p(t->p_value, a));
        else
            put(&f, "%s (Holm %s)", tables_p(t->p_value, a), tables_p(t->p_holm, holm));
    }
    for (size_t i = 0; i < r->named_tests; i++) {
        const struct estimate_named_test *t = &r->named_test[i];
        put(&f, "%s", t->name);
        put(&f, "%s", tables_number(t->statistic, 2, a));
        put_df(&f, t->df, t->df2);
        put(&f, "%s", tables_p(t->p_value, a));
    }
    return !f.failed;
}

static bool numbers_of(const struct estimate_result *r, struct tables *out)
{
    static const char *const heading[] = {"<Also", "Value"};
    char a[TABLE_CELL];
    struct filling f = begin(out, "Fit", heading, 2, r->numbers + (r->fitted ? 3 : 0));
    if (r->fitted) {
        put(&f, "log-likelihood");
        put(&f, "%s", tables_number(r->loglik, 4, a));
        put(&f, "iterations");
        put(&f, "%zu", r->iterations);
        put(&f, "starts that came to this maximum");
        put(&f, "%zu of %zu", r->reached, r->starts);
    }
    for (size_t i = 0; i < r->numbers; i++) {
        put(&f, "%s", r->number[i].name);
        put(&f, "%s", tables_any(r->number[i].value, a));
    }
    return !f.failed;
}

enum err tables_of(const struct estimate_result *r, const char *method, bool groups,
                   struct tables *out)
{
    struct buffer caption = {0};
    bool good = true;
    tables_caption(r, method, &caption);
    buffer_u8(&caption, 0);
    out->caption = caption.failed ? NULL : strdup((const char *)caption.p);
    buffer_free(&caption);
    if (groups && r->groups > 0)
        good = groups_of(r, out) && good;
    if (groups && r->bounds > 0) /* the text table has lines of its own for them */
        good = bounds_of(r, out) && good;
    if (r->prevalences > 0)
        good = prevalences_of(r, out) && good;
    if (r->coefficients > 0 && !r->repeated)
        good = coefficients_of(r, out) && good;
    if ((groups && r->tests > 0) || r->named_tests > 0)
        good = tests_of(r, groups, out) && good;
    if (r->fitted || r->numbers > 0)
        good = numbers_of(r, out) && good;
    return good && out->caption != NULL ? ERR_OK : ERR_NOMEM;
}
