#include "admin/estimate/predict.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/numeric.h"
#include "admin/estimate/predict_draws.h"
#include "core/log.h"

enum { SETTINGS_MAX = 16 };

/* A mean probability in the making. */
struct mean {
    double weights, value;
    double *grad; /* p */
    double *draw; /* the same at each draw of the coefficients; NULL: none are drawn */
};

double predict_logistic(const struct predict *q, const double *x, const double *b, double *grad)
{
    size_t k = terms_count(q->terms), at = *(const size_t *)q->ctx;
    double eta = 0;
    for (size_t j = 0; j < k; j++)
        eta += x[j] * b[at + j];
    double p = eta > 0 ? 1 / (1 + exp(-eta)) : exp(eta) / (1 + exp(eta));
    double slope = p * (eta > 0 ? exp(-eta) / (1 + exp(-eta)) : 1 / (1 + exp(eta)));
    for (size_t j = 0; grad != NULL && j < k; j++)
        grad[at + j] += slope * x[j];
    return p;
}

double predict_linear(const struct predict *q, const double *x, const double *b, double *grad)
{
    size_t k = terms_count(q->terms), at = *(const size_t *)q->ctx;
    double eta = 0;
    for (size_t j = 0; j < k; j++)
        eta += x[j] * b[at + j];
    for (size_t j = 0; grad != NULL && j < k; j++)
        grad[at + j] += x[j];
    return eta;
}

/* mean += weight probability(x). ${room}: p. */
static void add_row(const struct predict *q, const double *x, double weight, double *room,
                    struct mean *m)
{
    memset(room, 0, q->p * sizeof *room);
    double v = q->probability(q, x, q->b, room);
    m->weights += weight;
    m->value += weight * (q->flip ? 1 - v : v);
    for (size_t i = 0; i < q->p; i++)
        m->grad[i] += weight * (q->flip ? -room[i] : room[i]);
    for (size_t d = 0; m->draw != NULL && d < q->draws->n; d++) {
        v = q->probability(q, x, q->draws->b + d * q->p, NULL);
        m->draw[d] += weight * (q->flip ? 1 - v : v);
    }
}

static void finish(const struct predict *q, struct mean *m)
{
    m->value /= m->weights;
    for (size_t i = 0; i < q->p; i++)
        m->grad[i] /= m->weights;
    for (size_t d = 0; m->draw != NULL && d < q->draws->n; d++)
        m->draw[d] /= m->weights;
}

static double row_weight(const struct model *m, size_t row)
{
    return m->weight != NULL ? m->weight[row] : 1;
}

/* Means of all levels of a column (NULL: of all, over cells). */
static void take_means(const struct model *m, const struct predict *q, const struct frame_column *c,
                       double *room, struct mean *mean)
{
    const struct matrix *x = &m->x[q->equation];
    for (size_t i = 0; c == NULL && i < m->cells->n; i++)
        add_row(q, x->at + i * x->cols, m->cells->weight[i], room, &mean[0]);
    for (size_t i = 0; c != NULL && i < m->f->n; i++)
        if (m->used[i] && c->row[i] != FRAME_MISSING)
            add_row(q, x->at + (size_t)m->cells->of_row[i] * x->cols, row_weight(m, i), room,
                    &mean[c->row[i]]);
    for (size_t k = 0; k < (c != NULL ? c->levels : 1); k++)
        if (mean[k].weights > 0)
            finish(q, &mean[k]);
}

/* Counts of each arm of each level: [level * arms + arm]. Of all respondents from the cells, whose
 * counts may be mirrored. */
static void take_tallies(const struct model *m, const struct frame_column *c,
                         struct estimate_tally *tally)
{
    const struct frame_list *l = m->list;
    for (size_t s = 0; c == NULL && s < m->cells->segments; s++) {
        const struct cells_segment *q = &m->cells->segment[s];
        struct estimate_tally *t = &tally[q->arm];
        int y = m->count != NULL ? l->items + (q->arm > 0) - q->y : q->y;
        for (size_t i = q->first; i < q->first + q->count; i++) {
            t->n += m->cells->rows[i];
            t->weights += m->cells->weight[i];
            t->sum += m->cells->weight[i] * y;
        }
    }
    for (size_t i = 0; c != NULL && i < m->f->n; i++) {
        if (!m->used[i] || c->row[i] == FRAME_MISSING)
            continue;
        struct estimate_tally *t = &tally[(size_t)c->row[i] * l->arms + (size_t)l->arm[i]];
        t->n++;
        t->weights += row_weight(m, i);
        t->sum += row_weight(m, i) * l->count[i];
    }
}

static double weight_of(const struct estimate_tally *tally, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += tally[i].weights;
    return sum;
}

static double quantile(double df)
{
    return isfinite(df) ? numeric_t_quantile(0.975, df) : numeric_normal_quantile(0.975);
}

static double two_sided(double z, double df)
{
    return isfinite(df) ? numeric_t_two_sided(z, df) : numeric_normal_two_sided(z);
}

static double bilinear(const double *a, const double *v, const double *b, size_t p)
{
    double sum = 0;
    for (size_t i = 0; i < p; i++)
        for (size_t j = 0; j < p; j++)
            sum += a[i] * v[i * p + j] * b[j];
    return sum;
}

static double spread(const struct predict *q, const double *grad)
{
    double var = bilinear(grad, q->vcov, grad, q->p), se = sqrt(var > 0 ? var : 0);
    return se > PREDICT_SE_ROUNDING ? se : 0;
}

static enum err df_of(const struct model *m, const struct predict *q, const double *grad,
                      double *out)
{
    *out = m->df;
    return q->df != NULL ? q->df(q, grad, out) : ERR_OK;
}

/* By the delta method, or from the draws. */
static struct predict_interval interval_of(const struct predict *q, const struct mean *mean,
                                           double df)
{
    double se = spread(q, mean->grad), half = se > 0 ? quantile(df) * se : NAN;
    struct predict_interval i = {se, mean->value - half, mean->value + half};
    if (mean->draw != NULL && se > 0)
        predict_draws_read(mean->draw, q->draws->n, &i);
    return i;
}

static enum err fill_group(const struct model *m, const struct predict *q, const struct mean *mean,
                           struct estimate_group *g)
{
    double df;
    if (g->withheld) { /* two means give the difference away */
        g->control_mean = g->treatment_mean = NAN;
        return ERR_OK;
    }
    if (!(mean->weights > 0))
        return ERR_OK;
    enum err e = df_of(m, q, mean->grad, &df);
    if (e != ERR_OK)
        return e;
    struct predict_interval i = interval_of(q, mean, df);
    g->estimate = mean->value;
    g->se = i.se;
    g->df = isfinite(df) && q->draws == NULL ? df : NAN;
    if (g->se == 0)
        return ERR_OK;
    g->ci_low = i.low;
    g->ci_high = i.high;
    g->p_value = two_sided(g->estimate / g->se, df);
    return ERR_OK;
}

/* Groups that the model does not know differ by whom the sample put into them, and the delta method
 * takes its covariates as given: a statistic would be of nothing but that chance. */
static enum err warn_of_outsider(struct estimate_result *r, const char *name)
{
    return estimate_warn(r,
                         "%s: no test of equality: %s is not among the model's covariates, so that "
                         "its groups differ only by their other covariates, whose sampling the "
                         "standard errors leave out. Add it to --covariates, or compare the groups "
                         "with --method dim.",
                         name, name);
}

/* Are the prevalences of the groups of a column equal? */
static enum err compare(struct model *m, const struct predict *q, int by, const struct mean *mean)
{
    const struct frame_column *c = &m->f->column[by];
    struct estimate_result *r = m->r;
    size_t n = 0, use[ESTIMATE_MAX_LEVELS];
    double *d = calloc(c->levels * (c->levels + 1) + 1, sizeof *d), *v = d + c->levels;
    struct estimate_test *more = realloc(r->test, (r->tests + 1) * sizeof *more);
    if (more != NULL)
        r->test = more;
    if (d == NULL || more == NULL) {
        free(d);
        return ERR_NOMEM;
    }
    struct estimate_test *t = &r->test[r->tests++];
    *t = (struct estimate_test){.by = by,
                                .item = q->item,
                                .by_name = c->name,
                                .item_name = m->list->sensitive[q->item],
                                .prespecified = c->prespecified,
                                .statistic = NAN,
                                .df2 = NAN,
                                .p_value = NAN,
                                .p_holm = NAN};
    for (size_t i = 0; i < r->groups; i++) {
        const struct estimate_group *g = &r->group[i];
        if (g->by == by && g->item == q->item && g->se > 0)
            use[n++] = (size_t)g->level;
    }
    for (size_t i = 0; i < n; i++) {
        d[i] = mean[use[i]].value;
        for (size_t j = 0; j < n; j++)
            v[i * n + j] = bilinear(mean[use[i]].grad, q->vcov, mean[use[j]].grad, q->p);
    }
    bool holds = false;
    enum err e = model_holds(m, q->terms, by, &holds);
    if (e == ERR_OK && holds && n >= 2)
        e = numeric_wald_equal(d, v, n, &t->statistic);
    free(d);
    if (e != ERR_OK)
        return e;
    if (!holds)
        return warn_of_outsider(r, c->name);
    if (isnan(t->statistic))
        return estimate_warn(r,
                             "%s: no test of equality: the model's coefficients do not move its "
                             "groups apart, or fewer than two have a standard error.",
                             c->name);
    t->df = n - 1;
    t->p_value = numeric_chi_tail(t->statistic, (double)t->df);
    return ERR_OK;
}

/* ${levels} means and one further p-vector behind their gradients; means_free it. */
static enum err means_new(size_t levels, const struct predict *q, struct mean **out)
{
    size_t draws = q->draws != NULL ? q->draws->n : 0;
    struct mean *mean = calloc(levels + 1, sizeof *mean);
    double *grad = calloc((levels + 1) * q->p + levels * draws + 1, sizeof *grad);
    if (mean == NULL || grad == NULL) {
        free(mean);
        free(grad);
        return ERR_NOMEM;
    }
    for (size_t k = 0; k < levels; k++) {
        mean[k].grad = grad + k * q->p;
        mean[k].draw = draws > 0 ? grad + (levels + 1) * q->p + k * draws : NULL;
    }
    *out = mean;
    return ERR_OK;
}

static void means_free(struct mean *mean)
{
    if (mean != NULL)
        free(mean->grad);
    free(mean);
}

static size_t missing_rows(const struct model *m, const struct frame_column *c)
{
    size_t n = 0;
    for (size_t i = 0; i < m->f->n; i++)
        n += m->used[i] && c->row[i] == FRAME_MISSING;
    return n;
}

/* The groups of one item. */
static enum err predict_item(struct model *m, const struct predict *q, int by,
                             const struct estimate_tally *tally, size_t levels,
                             struct estimate_group *group, size_t items)
{
    size_t arms = m->list->arms;
    double all = weight_of(tally, levels * arms);
    struct mean *mean = NULL;
    enum err e = means_new(levels, q, &mean);
    if (e != ERR_OK)
        return e;
    take_means(m, q, by < 0 ? NULL : &m->f->column[by], mean->grad + levels * q->p, mean);
    for (size_t l = 0; e == ERR_OK && l < levels; l++) {
        struct estimate_group *g = &group[l * items];
        const struct estimate_tally *t = tally + l * arms;
        estimate_start_group(m->f, m->o, by, (int)l, q->item, g);
        estimate_count_group(m->o, &t[0], &t[q->item], all > 0 ? weight_of(t, arms) / all : 0, g);
        e = fill_group(m, q, &mean[l], g);
    }
    if (e == ERR_OK && by >= 0)
        e = compare(m, q, by, mean);
    means_free(mean);
    return e;
}

/* All respondents (by -1) or the levels of one column. */
static enum err predict_by(struct model *m, const struct predict *q, size_t items, int by)
{
    const struct frame_column *c = by < 0 ? NULL : &m->f->column[by];
    enum err e = by < 0 ? ERR_OK : frame_levels(m->f, by);
    if (e != ERR_OK)
        return e;
    size_t levels = c != NULL ? c->levels : 1, first = m->r->groups, without;
    if (levels > ESTIMATE_MAX_LEVELS)
        return log_fail(ERR_USAGE,
                        "--by %s: %zu groups, at most %d can be shown; recode it with --derive",
                        c->name, levels, ESTIMATE_MAX_LEVELS);
    if ((e = estimate_room(m->r, levels * items)) != ERR_OK)
        return e;
    struct estimate_tally *tally = calloc(levels * m->list->arms + 1, sizeof *tally);
    if (tally == NULL)
        return ERR_NOMEM;
    take_tallies(m, c, tally);
    m->r->groups += levels * items;
    for (size_t k = 0; e == ERR_OK && k < items; k++)
        e = predict_item(m, &q[k], by, tally, levels, m->r->group + first + k, items);
    free(tally);
    if (e == ERR_OK && c != NULL && (without = missing_rows(m, c)) > 0)
        e = estimate_warn(m->r, "%s: %zu respondents have no value and are in none of its groups.",
                          c->name, without);
    return e;
}

/* "male=1,age10=4" into settings; cut in place. */
static enum err read_settings(const struct model *m, const struct predict *q, char *text,
                              const char *option, struct terms_setting *set, size_t *sets)
{
    char *rest = NULL;
    for (char *p = strtok_r(text, ",", &rest); p != NULL; p = strtok_r(NULL, ",", &rest)) {
        char *value = strchr(p, '=');
        if (value == NULL || *sets == SETTINGS_MAX)
            return log_fail(ERR_USAGE,
                            "%s %s: say column=value, at most %d of them, apart by "
                            "commas",
                            option, p, SETTINGS_MAX);
        *value++ = 0;
        int column = frame_find(m->f, p);
        if (column < 0 || !terms_reads(q->terms, column))
            return log_fail(ERR_USAGE, "%s %s=%s: the model has no column %s", option, p, value, p);
        set[*sets] = (struct terms_setting){column, value};
        enum err e = terms_accept(q->terms, &set[(*sets)++], option);
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}

/* The mean over all rows used with the columns of ${text} held; others as each respondent has them.
 * ${room}: p and terms. */
static enum err profile_mean(const struct model *m, const struct predict *q, char *text,
                             const char *option, double *room, struct mean *mean)
{
    struct terms_setting set[SETTINGS_MAX];
    size_t sets = 0;
    enum err e = read_settings(m, q, text, option, set, &sets);
    for (size_t i = 0; e == ERR_OK && i < m->cells->n; i++) {
        terms_row_with(q->terms, m->cells->row[i], set, sets, room + q->p);
        add_row(q, room + q->p, m->cells->weight[i], room, mean);
    }
    if (e == ERR_OK)
        finish(q, mean);
    return e;
}

/* mean[0] -= mean[1]. */
static void subtract(const struct predict *q, struct mean *mean)
{
    mean[0].value -= mean[1].value;
    for (size_t i = 0; i < q->p; i++)
        mean[0].grad[i] -= mean[1].grad[i];
    for (size_t d = 0; mean[0].draw != NULL && d < q->draws->n; d++)
        mean[0].draw[d] -= mean[1].draw[d];
}

static enum err add_profile(struct model *m, const struct predict *q, const char *text,
                            const char *option, bool difference)
{
    struct mean *mean = NULL;
    double df = m->df, *room = calloc(q->p + terms_count(q->terms) + 1, sizeof *room);
    char *copy = strdup(text), *second = copy != NULL ? strchr(copy, ':') : NULL;
    enum err e = room == NULL || copy == NULL ? ERR_NOMEM : means_new(2, q, &mean);
    if (e == ERR_OK && difference != (second != NULL))
        e = log_fail(ERR_USAGE, "%s %s: %s", option, text,
                     difference ? "say two profiles, such as male=1:male=0" : "one profile each");
    if (e == ERR_OK && second != NULL)
        *second++ = 0;
    if (e == ERR_OK)
        e = profile_mean(m, q, copy, option, room, &mean[0]);
    if (e == ERR_OK && difference &&
        (e = profile_mean(m, q, second, option, room, &mean[1])) == ERR_OK)
        subtract(q, mean);
    if (e == ERR_OK && (e = df_of(m, q, mean[0].grad, &df)) == ERR_OK) {
        struct predict_interval i = interval_of(q, &mean[0], df);
        e = estimate_add_prevalence(m->r, text, q->item, mean[0].value, i.se, i.low, i.high);
    }
    means_free(mean);
    free(room);
    free(copy);
    return e;
}

static enum err warn_of_range(struct estimate_result *r)
{
    char name[200];
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < r->groups; i++)
        if (r->group[i].estimate < 0 || r->group[i].estimate > 1)
            e = estimate_warn(r,
                              "%s: the estimate, %.1f%%, lies outside 0 to 100%%; it is shown as "
                              "it is.",
                              estimate_group_name(r, &r->group[i], name, sizeof name),
                              100 * r->group[i].estimate);
    return e;
}

static enum err warn_of_zero(struct estimate_result *r)
{
    bool zero = false;
    for (size_t i = 0; i < r->groups; i++)
        zero = zero || r->group[i].se == 0;
    for (size_t i = 0; i < r->coefficients; i++)
        zero = zero || r->coefficient[i].se == 0;
    return !zero ? ERR_OK
                 : estimate_warn(r, "All counts that a coefficient rests on are the same, so that "
                                    "a standard error is 0 and there is neither interval nor p "
                                    "value.");
}

enum err predict_average(const struct model *m, const struct predict *q, double *value,
                         double *grad)
{
    struct mean *mean = NULL;
    struct predict plain = *q;
    plain.draws = NULL;
    enum err e = means_new(1, &plain, &mean);
    if (e != ERR_OK)
        return e;
    take_means(m, &plain, NULL, mean->grad + q->p, mean);
    *value = mean->value;
    memcpy(grad, mean->grad, q->p * sizeof *grad);
    means_free(mean);
    return ERR_OK;
}

static enum err predict_each(struct model *m, const struct predict *q, size_t items)
{
    enum err e = predict_by(m, q, items, -1);
    for (size_t i = 0; e == ERR_OK && i < m->o->bys; i++)
        e = predict_by(m, q, items, m->o->by[i]);
    for (size_t k = 0; e == ERR_OK && k < items; k++) {
        for (size_t i = 0; e == ERR_OK && i < m->o->profiles; i++)
            e = add_profile(m, &q[k], m->o->profile[i], "--profile", false);
        for (size_t i = 0; e == ERR_OK && i < m->o->differences; i++)
            e = add_profile(m, &q[k], m->o->difference[i], "--difference", true);
    }
    if (e == ERR_OK)
        e = warn_of_range(m->r);
    return e == ERR_OK ? warn_of_zero(m->r) : e;
}

enum err predict_all(struct model *m, const struct predict *q, size_t items)
{
    struct predict each[FRAME_MAX_ARMS];
    struct predict_draws *draws = NULL;
    enum err e = ERR_OK;
    memcpy(each, q, items * sizeof *q);
    if (m->o->simulate) /* items share the coefficients, so one set of draws is of all */
        e = predict_draws_new(&q[0], m->o, &draws);
    for (size_t k = 0; k < items; k++)
        each[k].draws = draws;
    if (e == ERR_OK)
        e = predict_each(m, each, items);
    predict_draws_free(draws);
    return e;
}
