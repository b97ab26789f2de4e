/* Checks that run other estimators, and the balance of the arms. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/chance.h"
#include "admin/estimate/checks.h"
#include "admin/estimate/numeric.h"
#include "admin/estimate/terms.h"

enum { PERMUTATIONS = 2000 };

/* Index in ${b} of coefficient ${i} of ${a}; -1: it is not there. */
static int same(const struct estimate_result *a, size_t i, const struct estimate_result *b)
{
    for (size_t k = 0; k < b->coefficients; k++)
        if (strcmp(a->coefficient[i].equation, b->coefficient[k].equation) == 0 &&
            strcmp(a->coefficient[i].term, b->coefficient[k].term) == 0)
            return (int)k;
    return -1;
}

/* (b_nls - b_ml)' (V_nls - V_ml)^-1 (b_nls - b_ml), where that is a distance. */
static enum err hausman(const struct estimate_result *ml, const struct estimate_result *nls,
                        struct estimate_result *r)
{
    size_t p = ml->coefficients;
    double w = NAN, least = -INFINITY;
    double *d = calloc(p + 3 * p * p + 1, sizeof *d), *v = d + p, *values = NULL;
    enum err e = d != NULL ? ERR_OK : ERR_NOMEM;
    if (e != ERR_OK || ml->vcov == NULL || nls->vcov == NULL || nls->coefficients != p)
        goto out;
    for (size_t i = 0; i < p; i++) {
        int a = same(ml, i, nls);
        if (a < 0)
            goto out;
        d[i] = nls->coefficient[a].estimate - ml->coefficient[i].estimate;
        for (size_t j = 0; j < p; j++) {
            int b = same(ml, j, nls);
            v[i * p + j] = b < 0 ? NAN : nls->vcov[(size_t)a * p + (size_t)b] - ml->vcov[i * p + j];
        }
    }
    values = malloc((p + 1) * sizeof *values);
    if (values == NULL || (e = numeric_eigen(v, p, values, v + p * p)) != ERR_OK) {
        e = ERR_NOMEM;
        goto out;
    }
    least = values[0];
    if (least > 0)
        e = numeric_wald(d, v, p, &w);
    if (e == ERR_OK)
        e = estimate_add_test(r, "Hausman, nls against ml", w, isnan(w) ? NAN : (double)p,
                              isnan(w) ? NAN : numeric_chi_tail(w, (double)p));
    if (e == ERR_OK && isnan(w))
        e = estimate_warn(r,
                          "Hausman's test cannot be made: the variance of nls less that of ml is "
                          "not positive definite (least eigenvalue %.3g), so that the difference "
                          "is no distance. This says nothing for or against the model.",
                          least);
    else if (e == ERR_OK && numeric_chi_tail(w, (double)p) < 0.05)
        e = estimate_warn(r, "Hausman: nls and ml differ more than chance does; the stronger "
                             "assumptions of ml do not hold.");
out:
    free(d);
    free(values);
    return e;
}

static enum err copy_tests(const struct estimate_result *from, struct estimate_result *r)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < from->named_tests && e == ERR_OK; i++) {
        const struct estimate_named_test *t = &from->named_test[i];
        if (strstr(t->name, "placebo") == NULL && strstr(t->name, "Placebo") == NULL)
            continue;
        e = estimate_add_test(r, t->name, t->statistic, t->df, t->p_value);
    }
    return e;
}

enum err checks_of_models(const struct frame *f, const struct estimate_options *o,
                          struct estimate_result *r)
{
    struct estimate_result *ml = NULL, *nls = NULL, *combined = NULL;
    struct estimate_options own = *o;
    enum err e = ERR_OK, found;
    own.bys = own.profiles = own.differences = 0;
    own.direct = NULL;
    own.se = NULL;
    found = estimate_find("ml")->run(f, &own, &ml);
    if (found == ERR_NOMEM)
        return found;
    if (found != ERR_OK)
        e = estimate_warn(r,
                          "Maximum likelihood has no answer for these data, for the reason said "
                          "before: a group that always answers alike (separation), or too little "
                          "to fit. The difference in means needs no such fit.");
    else
        e = estimate_assume(r, "Maximum likelihood comes to rest at one finite maximum.");
    if (e == ERR_OK && found == ERR_OK && estimate_find("nls") != NULL) {
        found = estimate_find("nls")->run(f, &own, &nls);
        e = found == ERR_NOMEM ? found : found == ERR_OK ? hausman(ml, nls, r) : ERR_OK;
    }
    if (e == ERR_OK && o->direct != NULL && estimate_find("combined") != NULL) {
        own.direct = o->direct;
        found = estimate_find("combined")->run(f, &own, &combined);
        e = found == ERR_NOMEM ? found : found == ERR_OK ? copy_tests(combined, r) : ERR_OK;
    }
    estimate_free(ml);
    estimate_free(nls);
    estimate_free(combined);
    return e;
}

/* Rows of the experiment with their covariates. */
struct balance {
    size_t n, p;
    double *x;       /* n x p, centred within strata */
    double *inverse; /* of sum x x' */
    int8_t *arm;
    uint32_t *stratum;
    size_t arms, strata;
    double *sum; /* arms x p */
    double *size;
};

/* sum over arms of n_k times the squared Mahalanobis distance of their means from 0. */
static double distance(const struct balance *b)
{
    double total = 0;
    memset(b->sum, 0, b->arms * b->p * sizeof *b->sum);
    memset(b->size, 0, b->arms * sizeof *b->size);
    for (size_t i = 0; i < b->n; i++) {
        b->size[b->arm[i]]++;
        for (size_t j = 0; j < b->p; j++)
            b->sum[(size_t)b->arm[i] * b->p + j] += b->x[i * b->p + j];
    }
    for (size_t k = 0; k < b->arms; k++)
        for (size_t i = 0; b->size[k] > 0 && i < b->p; i++)
            for (size_t j = 0; j < b->p; j++)
                total += b->sum[k * b->p + i] * b->inverse[i * b->p + j] * b->sum[k * b->p + j] /
                         b->size[k];
    return total * (double)(b->n - b->strata);
}

/* Arms drawn anew within strata, each stratum keeping its numbers. */
static void permute(struct balance *b, const uint32_t *order, const size_t *first, struct chance *c)
{
    for (size_t h = 0; h < b->strata; h++)
        for (size_t i = first[h + 1]; i > first[h] + 1; i--) {
            size_t j = first[h] + chance_below(c, (uint32_t)(i - first[h]));
            int8_t arm = b->arm[order[i - 1]];
            b->arm[order[i - 1]] = b->arm[order[j]];
            b->arm[order[j]] = arm;
        }
}

static enum err permutation_test(struct balance *b, uint64_t seed, double *statistic, double *p)
{
    uint32_t *order = malloc((b->n + 1) * sizeof *order);
    size_t *first = calloc(2 * b->strata + 2, sizeof *first), *next = first + b->strata + 1;
    size_t beyond = 1;
    struct chance c;
    enum err e = order != NULL && first != NULL ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; e == ERR_OK && i < b->n; i++)
        first[b->stratum[i] + 1]++;
    for (size_t h = 0; e == ERR_OK && h < b->strata; h++)
        next[h] = first[h + 1] += first[h];
    for (size_t i = b->n; e == ERR_OK && i > 0; i--)
        order[--next[b->stratum[i - 1]]] = (uint32_t)(i - 1);
    if (e == ERR_OK) {
        *statistic = distance(b);
        for (size_t d = 0; d < PERMUTATIONS; d++) {
            chance_start(&c, seed, d);
            permute(b, order, first, &c);
            beyond += distance(b) >= *statistic * (1 - 1e-9);
        }
        *p = (double)beyond / (PERMUTATIONS + 1);
    }
    free(order);
    free(first);
    return e;
}

static void centre(struct balance *b, double *mean)
{
    for (size_t h = 0; h < b->strata; h++) {
        double n = 0;
        memset(mean, 0, b->p * sizeof *mean);
        for (size_t i = 0; i < b->n; i++) {
            if (b->stratum[i] != h)
                continue;
            n++;
            for (size_t j = 0; j < b->p; j++)
                mean[j] += b->x[i * b->p + j];
        }
        for (size_t i = 0; i < b->n; i++)
            for (size_t j = 0; b->stratum[i] == h && j < b->p; j++)
                b->x[i * b->p + j] -= mean[j] / n;
    }
}

static enum err open_balance(const struct frame *f, const struct estimate_options *o,
                             const struct terms *t, const uint8_t *used, struct balance *b)
{
    const struct frame_list *l = &f->list[o->list];
    size_t q = terms_count(t);
    double row[TERMS_MAX + 1], rcond = 0;
    *b = (struct balance){.p = q - 1, .arms = l->arms, .strata = 1};
    bool strata = f->stratum != NULL && !o->unweighted;
    b->strata = strata ? f->strata : 1;
    b->x = malloc((f->n * b->p + 1) * sizeof *b->x);
    b->inverse = calloc(b->p * b->p + b->p + 1, sizeof *b->inverse);
    b->arm = malloc(f->n + 1);
    b->stratum = malloc((f->n + 1) * sizeof *b->stratum);
    b->sum = malloc((b->arms * b->p + 1) * sizeof *b->sum);
    b->size = malloc((b->arms + 1) * sizeof *b->size);
    if (!b->x || !b->inverse || !b->arm || !b->stratum || !b->sum || !b->size)
        return ERR_NOMEM;
    for (size_t i = 0; i < f->n; i++) {
        if (!used[i])
            continue;
        terms_row(t, i, row);
        memcpy(b->x + b->n * b->p, row + 1, b->p * sizeof *row);
        b->arm[b->n] = l->arm[i];
        b->stratum[b->n++] = strata ? (uint32_t)f->stratum[i] : 0;
    }
    centre(b, b->inverse + b->p * b->p);
    for (size_t i = 0; i < b->n; i++)
        for (size_t j = 0; j < b->p; j++)
            for (size_t k = 0; k < b->p; k++)
                b->inverse[j * b->p + k] += b->x[i * b->p + j] * b->x[i * b->p + k];
    enum err e = numeric_spd_inverse(b->inverse, b->p, b->inverse, &rcond);
    return e == ERR_OK && !(rcond > 1e-12) ? ERR_STUDY : e;
}

static void close_balance(struct balance *b)
{
    free(b->x);
    free(b->inverse);
    free(b->arm);
    free(b->stratum);
    free(b->sum);
    free(b->size);
}

enum err checks_of_balance(const struct frame *f, const struct estimate_options *o,
                           struct estimate_result *r)
{
    const struct frame_list *l = &f->list[o->list];
    struct terms *t = NULL;
    struct balance b = {0};
    double statistic = NAN, p = NAN;
    if (o->covariates == NULL)
        return estimate_warn(r, "The balance of the arms was not tested; name the background "
                                "columns with --covariates.");
    uint8_t *used = malloc(f->n + 1);
    enum err e = used != NULL ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; e == ERR_OK && i < f->n; i++)
        used[i] = l->arm[i] >= 0;
    if (e == ERR_OK)
        e = terms_new(f, o->covariates, "--covariates", used, &t);
    if (e == ERR_OK && terms_count(t) > 1) {
        e = open_balance(f, o, t, used, &b);
        if (e == ERR_OK)
            e = permutation_test(&b, o->seed, &statistic, &p);
        if (e == ERR_OK)
            e = estimate_add_test(r, "balance of the arms", statistic, (double)(b.p * (b.arms - 1)),
                                  p);
        else if (e == ERR_STUDY)
            e = estimate_warn(r, "The balance of the arms cannot be tested: the covariates are "
                                 "combinations of one another.");
        if (e == ERR_OK && p < 0.01)
            e = estimate_warn(r,
                              "The arms differ in the background columns more than chance does (p "
                              "= %.4f): look at how arms were assigned.",
                              p);
    }
    close_balance(&b);
    terms_free(t);
    free(used);
    return e;
}
