#include "admin/estimate/resample.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/estimate/dim.h"
#include "admin/estimate/numeric.h"
#include "admin/estimate/scope.h"
#include "core/log.h"

enum { THREADS_MAX = 64 };

size_t resample_numbers(const struct estimate_result *r)
{
    return r->groups + r->coefficients + r->prevalences;
}

double resample_number(const struct estimate_result *r, size_t k)
{
    if (k < r->groups)
        return r->group[k].estimate;
    k -= r->groups;
    return k < r->coefficients ? r->coefficient[k].estimate
                               : r->prevalence[k - r->coefficients].estimate;
}

void resample_free(struct resample_runs *r)
{
    free(r->value);
    *r = (struct resample_runs){0};
}

/* The sample of one run: the frame with arms of its own, so that rows can be taken out. */
struct copy {
    struct frame frame;
    struct frame_list *list;
};

static void copy_free(struct copy *c, size_t lists)
{
    for (size_t l = 0; c->list != NULL && l < lists; l++)
        free(c->list[l].arm);
    free(c->list);
    free(c->frame.weight);
    *c = (struct copy){0};
}

static enum err copy_new(const struct frame *f, struct copy *c)
{
    c->frame = *f;
    c->frame.psu = c->frame.stratum = NULL; /* only estimates are wanted */
    c->frame.weighting = NULL;
    c->frame.weight = malloc((f->n + 1) * sizeof *f->weight);
    c->frame.list = c->list = calloc(f->lists + 1, sizeof *c->list);
    if (c->frame.weight == NULL || c->list == NULL)
        return ERR_NOMEM;
    for (size_t l = 0; l < f->lists; l++) {
        c->list[l] = f->list[l];
        if ((c->list[l].arm = malloc((f->n + 1) * sizeof *c->list[l].arm)) == NULL)
            return ERR_NOMEM;
    }
    return ERR_OK;
}

static void take_out(const struct frame *f, struct copy *c)
{
    for (size_t l = 0; l < f->lists; l++)
        for (size_t i = 0; i < f->n; i++)
            c->list[l].arm[i] = c->frame.weight[i] > 0 ? f->list[l].arm[i] : FRAME_MISSING;
    for (size_t i = 0; i < f->n; i++)
        if (!(c->frame.weight[i] > 0))
            c->frame.weight[i] = 1; /* a weight is a number above 0, also of a row not there */
}

/* Number ${k} of the whole sample in the result of a run: covariates may lose levels. */
static double same_number(const struct estimate_result *full, const struct estimate_result *r,
                          size_t k)
{
    if (k < full->groups)
        return k < r->groups ? r->group[k].estimate : NAN;
    k -= full->groups;
    if (k >= full->coefficients) {
        k -= full->coefficients;
        return k < r->prevalences ? r->prevalence[k].estimate : NAN;
    }
    const struct estimate_coefficient *want = &full->coefficient[k];
    for (size_t i = 0; i < r->coefficients; i++) {
        const struct estimate_coefficient *c = &r->coefficient[(k + i) % r->coefficients];
        if (strcmp(c->term, want->term) == 0 && strcmp(c->equation, want->equation) == 0)
            return c->estimate;
    }
    return NAN;
}

struct work {
    const struct resample *s;
    struct resample_runs *out;
    struct estimate_options o;
    atomic_size_t next, failed;
    atomic_bool nomem;
};

static enum err one_run(struct work *w, struct copy *c, size_t i)
{
    const struct resample *s = w->s;
    struct estimate_result *r = NULL;
    double *value = w->out->value + i * w->out->numbers;
    for (size_t k = 0; k < w->out->numbers; k++)
        value[k] = NAN;
    enum err e = s->weights(s->ctx, i, c->frame.weight);
    if (e == ERR_OK) {
        take_out(s->f, c);
        e = s->est->run(&c->frame, &w->o, &r);
    }
    for (size_t k = 0; e == ERR_OK && k < w->out->numbers; k++)
        value[k] = same_number(s->full, r, k);
    if (e == ERR_OK)
        estimate_free(r);
    else if (e != ERR_NOMEM)
        atomic_fetch_add(&w->failed, 1);
    return e == ERR_NOMEM ? e : ERR_OK;
}

static void *worker(void *ctx)
{
    struct work *w = ctx;
    struct copy c = {0};
    enum err e = copy_new(w->s->f, &c);
    for (;;) {
        size_t i = atomic_fetch_add(&w->next, 1);
        if (e != ERR_OK || i >= w->s->count || atomic_load(&w->nomem))
            break;
        e = one_run(w, &c, i);
    }
    if (e != ERR_OK)
        atomic_store(&w->nomem, true);
    copy_free(&c, w->s->f->lists);
    return NULL;
}

static size_t threads_of(const struct resample *s)
{
    long there = sysconf(_SC_NPROCESSORS_ONLN);
    size_t n = s->o->threads > 0 ? s->o->threads : there > 0 ? (size_t)there : 1;
    n = n < s->count ? n : s->count;
    return n < THREADS_MAX ? n : THREADS_MAX;
}

enum err resample_run(const struct resample *s, struct resample_runs *out)
{
    pthread_t thread[THREADS_MAX];
    size_t started = 0, wanted = threads_of(s);
    struct work w = {.s = s, .out = out, .o = *s->o};
    *out = (struct resample_runs){.count = s->count, .numbers = resample_numbers(s->full)};
    if ((out->value = malloc((s->count * out->numbers + 1) * sizeof *out->value)) == NULL)
        return ERR_NOMEM;
    w.o.warm = s->full;
    w.o.small = true; /* what is withheld is withheld of the whole sample */
    w.o.unweighted = false;
    w.o.threads = 1;
    w.o.simulate = w.o.posterior = false;
    numeric_quiet();
    log_mute(true);
    for (; started + 1 < wanted; started++)
        if (pthread_create(&thread[started], NULL, worker, &w) != 0)
            break; /* fewer do the same work */
    worker(&w);
    for (size_t i = 0; i < started; i++)
        pthread_join(thread[i], NULL);
    log_mute(false);
    out->failed = atomic_load(&w.failed);
    return atomic_load(&w.nomem) ? ERR_NOMEM : ERR_OK;
}

static double quantile(double df)
{
    return isfinite(df) ? numeric_t_quantile(0.975, df) : numeric_normal_quantile(0.975);
}

static double standard_error(const double *v, size_t n, size_t k)
{
    double s = sqrt(v[k * n + k]);
    return s > 0 ? s : NAN;
}

static void give_groups(struct estimate_result *r, const double *v, size_t n, double df)
{
    for (size_t i = 0; i < r->groups; i++) {
        struct estimate_group *g = &r->group[i];
        double se = standard_error(v, n, i), own = isnan(g->df) ? df : g->df;
        if (isnan(g->estimate))
            continue;
        g->ci_low = g->ci_high = g->p_value = NAN;
        g->se = se;
        if (isnan(se))
            continue;
        g->ci_low = g->estimate - quantile(own) * se;
        g->ci_high = g->estimate + quantile(own) * se;
        g->p_value = isfinite(own) ? numeric_t_two_sided(g->estimate / se, own)
                                   : numeric_normal_two_sided(g->estimate / se);
    }
}

static void give_coefficients(struct estimate_result *r, const double *v, size_t n)
{
    for (size_t i = 0; i < r->coefficients; i++) {
        struct estimate_coefficient *c = &r->coefficient[i];
        c->se = standard_error(v, n, r->groups + i);
        c->z = c->estimate / c->se;
        c->p_value = numeric_normal_two_sided(c->z);
        for (size_t j = 0; r->vcov != NULL && j < r->coefficients; j++)
            r->vcov[i * r->coefficients + j] = v[(r->groups + i) * n + r->groups + j];
    }
}

/* Equality of the groups of one column, from their new covariance. A test that was refused, with a
 * warning why, stays refused. */
static enum err give_test(const struct estimate_result *r, const double *v, size_t n, double df,
                          struct estimate_test *t)
{
    size_t use[ESTIMATE_MAX_LEVELS], k = 0;
    if (isnan(t->statistic))
        return ERR_OK;
    double w = NAN, *d = malloc((ESTIMATE_MAX_LEVELS + 1) * ESTIMATE_MAX_LEVELS * sizeof *d);
    double *s = d + ESTIMATE_MAX_LEVELS;
    enum err e = d != NULL ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; i < r->groups && k < ESTIMATE_MAX_LEVELS; i++)
        if (r->group[i].by == t->by && r->group[i].item == t->item && r->group[i].se > 0)
            use[k++] = i;
    for (size_t i = 0; e == ERR_OK && i < k; i++) {
        d[i] = r->group[use[i]].estimate;
        for (size_t j = 0; j < k; j++)
            s[i * k + j] = v[use[i] * n + use[j]];
    }
    if (e == ERR_OK && k >= 2)
        e = numeric_wald_equal(d, s, k, &w);
    free(d);
    if (e == ERR_OK)
        dim_judge(w, k - 1, isfinite(df), isfinite(df) ? (size_t)df : 0, &t->statistic, &t->df2,
                  &t->p_value);
    t->df = isnan(t->statistic) ? 0 : k - 1;
    return e;
}

enum err resample_give(struct estimate_result *r, const double *v, double df)
{
    size_t n = resample_numbers(r), at = r->groups + r->coefficients;
    enum err e = ERR_OK;
    give_groups(r, v, n, df);
    give_coefficients(r, v, n);
    for (size_t i = 0; i < r->prevalences; i++) {
        struct estimate_prevalence *p = &r->prevalence[i];
        p->se = standard_error(v, n, at + i);
        p->ci_low = p->estimate - quantile(df) * p->se;
        p->ci_high = p->estimate + quantile(df) * p->se;
    }
    for (size_t i = 0; i < r->tests && e == ERR_OK; i++)
        e = give_test(r, v, n, df, &r->test[i]);
    return e;
}
