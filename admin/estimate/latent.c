#include "admin/estimate/latent.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/log.h"

void latent_term(struct latent_sum *s, size_t m, double c)
{
    s->m[s->n] = m;
    s->c[s->n] = c;
    s->n++;
}

static double sum_of(const struct latent_sum *s, const double *eta)
{
    double x = 0;
    for (size_t i = 0; i < s->n; i++)
        x += s->c[i] * eta[s->m[i]];
    return x;
}

/* A function of the sum has slope ${d} and curvature ${h} in it; by the chain rule in each. */
static void spread(struct likelihood_class *k, const struct latent_sum *s, double d, double h)
{
    for (size_t i = 0; i < s->n; i++) {
        k->d[s->m[i]] += s->c[i] * d;
        for (size_t j = 0; j < s->n; j++)
            if (s->m[j] <= s->m[i])
                k->h[likelihood_pair(s->m[i], s->m[j])] += s->c[i] * s->c[j] * h;
    }
}

void latent_logistic(struct likelihood_class *k, const struct latent_sum *s, const double *eta,
                     int sign)
{
    struct likelihood_class one = {0};
    likelihood_add_logistic(&one, 0, sum_of(s, eta), sign);
    k->ll += one.ll;
    spread(k, s, one.d[0], one.h[0]);
}

void latent_binomial(struct likelihood_class *k, const struct latent_sum *s, const double *eta,
                     int y, int size)
{
    struct likelihood_class one = {0};
    likelihood_add_binomial(&one, 0, sum_of(s, eta), y, size);
    k->ll += one.ll;
    if (one.ll > -INFINITY)
        spread(k, s, one.d[0], one.h[0]);
}

void latent_normal(struct likelihood_class *k, const struct latent_sum *s, size_t sigma,
                   const double *eta, double value)
{
    const double log_2pi = 1.83787706640934548356;
    double tau = exp(-eta[sigma]), z = (value - sum_of(s, eta)) * tau;
    k->ll -= 0.5 * (log_2pi + z * z) + eta[sigma];
    spread(k, s, z * tau, -tau * tau);
    k->d[sigma] += z * z - 1;
    k->h[likelihood_pair(sigma, sigma)] -= 2 * z * z;
    for (size_t i = 0; i < s->n; i++) {
        size_t m = s->m[i] > sigma ? s->m[i] : sigma, l = s->m[i] > sigma ? sigma : s->m[i];
        k->h[likelihood_pair(m, l)] -= 2 * s->c[i] * z * tau;
    }
}

double latent_eta(const struct likelihood *l, size_t block, const double *x, const double *b)
{
    if (block == LATENT_NONE)
        return 0;
    size_t at = likelihood_offset(l, block);
    const struct matrix *of = l->block[block].x;
    double sum = 0;
    for (size_t j = 0; j < (of != NULL ? of->cols : 1); j++)
        sum += (of != NULL ? x[j] : 1) * b[at + j];
    return sum;
}

void latent_gradient(const struct likelihood *l, size_t block, const double *x, double v,
                     double *grad)
{
    if (block == LATENT_NONE)
        return;
    size_t at = likelihood_offset(l, block);
    const struct matrix *of = l->block[block].x;
    for (size_t j = 0; j < (of != NULL ? of->cols : 1); j++)
        grad[at + j] += (of != NULL ? x[j] : 1) * v;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static enum err find_numbers(const struct frame *f, const char *column, const char *option,
                             const double **out)
{
    struct buffer names = {0};
    int at = frame_find(f, column);
    if (at >= 0 && (*out = frame_numbers(f, at)) != NULL)
        return ERR_OK;
    if (at >= 0)
        return log_fail(ERR_USAGE,
                        "%s %s: the column holds texts, numbers are needed; recode it with "
                        "--derive",
                        option, column);
    for (size_t i = 0; i < f->columns; i++)
        buffer_printf(&names, "%s%s", i > 0 ? ", " : "", f->column[i].name);
    log_fail(ERR_USAGE, "%s %s: there is no such column; there are: %s", option, column,
             names.p != NULL && !names.failed ? (const char *)names.p : "none");
    buffer_free(&names);
    return ERR_USAGE;
}

enum err latent_codes(const struct frame *f, const struct frame_list *l, const char *column,
                      const char *option, int32_t **code, double **value, size_t *values)
{
    const double *x = NULL;
    enum err e = find_numbers(f, column, option, &x);
    if (e != ERR_OK)
        return e;
    double *v = malloc((f->n + 1) * sizeof *v);
    int32_t *c = malloc((f->n + 1) * sizeof *c);
    size_t n = 0, distinct = 0;
    if (v == NULL || c == NULL) {
        free(v);
        free(c);
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < f->n; i++)
        if (estimate_used(l, i) && isfinite(x[i]))
            v[n++] = x[i];
    qsort(v, n, sizeof *v, by_value);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || v[i] != v[distinct - 1])
            v[distinct++] = v[i];
    for (size_t i = 0; i < f->n; i++) {
        const double *at = estimate_used(l, i) && isfinite(x[i])
                               ? bsearch(&x[i], v, distinct, sizeof *v, by_value)
                               : NULL;
        c[i] = at != NULL ? (int32_t)(at - v) : -1;
    }
    *code = c;
    *value = v;
    *values = distinct;
    return ERR_OK;
}

enum err latent_binary(const struct frame *f, const struct frame_list *l, const char *column,
                       const char *option, int32_t **code)
{
    double *value = NULL;
    size_t values = 0;
    int32_t *c = NULL;
    enum err e = latent_codes(f, l, column, option, &c, &value, &values);
    for (size_t k = 0; e == ERR_OK && k < values; k++)
        if (value[k] != 0 && value[k] != 1)
            e = log_fail(ERR_STUDY,
                         "%s %s: 1 (agrees) and 0 (does not) are needed, %g is neither; recode it, "
                         "as in --derive agrees=%s:1=1,2=0",
                         option, column, value[k], column);
    if (e == ERR_OK && values > 0 && value[0] == 1) /* nobody said 0 */
        for (size_t i = 0; i < f->n; i++)
            c[i] = c[i] >= 0 ? 1 : -1;
    free(value);
    if (e != ERR_OK)
        free(c);
    else
        *code = c;
    return e;
}

enum err latent_check(const struct frame *f, const struct frame_list *l, const char *method)
{
    size_t n = 0;
    if (l->arms > 2)
        return log_fail(ERR_USAGE,
                        "%s: a list with one sensitive item is needed, this has %zu; leave the "
                        "rows of the other arms out",
                        method, l->arms - 1);
    for (size_t i = 0; i < f->n; i++)
        n += l->arm[i] == 0 && l->count[i] > l->items;
    return n == 0 ? ERR_OK
                  : log_fail(ERR_STUDY,
                             "%s: %zu control %s above the %d items shown, which has probability 0 "
                             "in the model; correct them, or use dim",
                             method, n, n == 1 ? "count is" : "counts are", l->items);
}

double latent_logit(double p, double margin)
{
    p = fmin(1 - margin, fmax(margin, p));
    return log(p / (1 - p));
}
