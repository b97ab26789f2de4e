#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/likelihood.h"
#include "admin/estimate/numeric.h"
#include "core/log.h"

enum { STEPS_MAX = 200, HALVINGS_MAX = 40, PART_CELLS = 4096 };

/* Squared length, in standard errors, of a step that need not be taken any more: 1e-9 of them. On a
 * part of the cells, which only leads to where the rest is, a hundredth. */
#define REST      1e-18
#define REST_PART 1e-4
/* The same where there is no Newton step because the information is singular. */
#define LEVEL 1e-10
/* Information per observation, in a direction of unit length on the scale of the columns: below
 * this the likelihood is flat for all that a sample can say, and the climb has left the data. */
#define FLAT 1e-7
/* A linear predictor beyond this is on its way to a probability of 0 or 1. */
#define FAR 15.0
/* No coefficient moves a linear predictor by more than about this in one step. */
#define STRIDE 6.0

enum end { END_REST, END_RUNS, END_FLAT, END_STUCK, END_SAME };

struct peak {
    enum end end;
    double *b;
    double penalised, loglik;
    size_t iterations, direction; /* the parameter that runs off, or that nothing says of */
    size_t reached;
};

struct climb {
    const struct likelihood *l;
    size_t p, thin;
    double mean_weight;
    double *scale;                  /* root mean square of each parameter's column */
    double *b, *trial, *step;       /* p */
    struct likelihood_value at, to; /* at b, at trial */
    double *room;                   /* p x p, thrice, and p */
    const struct peak *known;       /* maxima found before */
    const double *known_info;       /* information at it */
    const struct peak *last;        /* whose end c->at still holds */
    size_t knowns;
};

static double *slice(double **from, size_t n)
{
    double *s = *from;
    *from += n;
    return s;
}

static enum err climb_start(struct climb *c, const struct likelihood *l)
{
    size_t p = likelihood_parameters(l), at = 0;
    double *all = calloc(6 * p + 5 * p * p + p + 1, sizeof *all);
    if (all == NULL)
        return ERR_NOMEM;
    *c = (struct climb){.l = l, .p = p, .thin = 1};
    c->scale = slice(&all, p);
    c->b = slice(&all, p);
    c->trial = slice(&all, p);
    c->step = slice(&all, p);
    c->at.score = slice(&all, p);
    c->to.score = slice(&all, p);
    c->at.information = slice(&all, p * p);
    c->to.information = slice(&all, p * p);
    c->room = all;
    double rows = 0, weight = 0;
    for (size_t i = 0; i < l->cells->n; i++) {
        rows += l->cells->rows[i];
        weight += l->cells->weight[i];
    }
    c->mean_weight = weight / rows;
    for (size_t k = 0; k < l->blocks; k++) {
        const struct matrix *x = l->block[k].x;
        for (size_t j = 0; j < (x != NULL ? x->cols : 1); j++, at++) {
            double sum = 0;
            for (size_t i = 0; x != NULL && i < x->rows; i++)
                sum += l->cells->rows[i] * x->at[i * x->cols + j] * x->at[i * x->cols + j];
            c->scale[at] = x != NULL && sum > 0 ? sqrt(sum / rows) : 1;
        }
    }
    return ERR_OK;
}

static void climb_end(struct climb *c)
{
    free(c->scale);
}

/* Information per observation, on the scale of the columns. */
static void standardise(const struct climb *c, const double *info, double *out)
{
    for (size_t i = 0; i < c->p; i++)
        for (size_t j = 0; j < c->p; j++)
            out[i * c->p + j] = info[i * c->p + j] / (c->scale[i] * c->scale[j] * c->mean_weight);
}

/* The smallest eigenvalue of the standardised information and the parameter that has most of its
 * direction. */
static enum err weakest(struct climb *c, const double *info, double *value, size_t *direction)
{
    size_t p = c->p;
    double *a = c->room, *vectors = a + p * p, *values = vectors + p * p;
    standardise(c, info, a);
    enum err e = numeric_eigen(a, p, values, vectors);
    *value = values[0];
    *direction = 0;
    for (size_t i = 1; e == ERR_OK && i < p; i++)
        if (fabs(vectors[i * p]) > fabs(vectors[*direction * p]))
            *direction = i;
    return e;
}

/* Uphill where the information is not positive definite: eigenvalues turned positive. */
static enum err turned_step(struct climb *c)
{
    size_t p = c->p;
    double *a = c->room, *vectors = a + p * p, *values = vectors + p * p;
    standardise(c, c->at.information, a);
    enum err e = numeric_eigen(a, p, values, vectors);
    if (e != ERR_OK)
        return e;
    double most = fabs(values[0]) > fabs(values[p - 1]) ? fabs(values[0]) : fabs(values[p - 1]);
    memset(c->step, 0, p * sizeof *c->step);
    for (size_t k = 0; k < p; k++) {
        double along = 0, value = fabs(values[k]);
        for (size_t i = 0; i < p; i++)
            along += vectors[i * p + k] * c->at.score[i] / (c->scale[i] * c->mean_weight);
        value = value > 1e-8 * most ? value : 1e-8 * most;
        for (size_t i = 0; value > 0 && i < p; i++)
            c->step[i] += along / value * vectors[i * p + k] / c->scale[i];
    }
    return ERR_OK;
}

/* The Newton step, shortened to STRIDE; *gain: its slope, score' step; *newton: it was one. */
static enum err find_step(struct climb *c, double *gain, bool *newton)
{
    enum err e = numeric_spd_solve(c->at.information, c->p, c->at.score, c->step, newton);
    double longest = 0;
    *gain = 0;
    for (size_t i = 0; i < c->p; i++)
        *newton = *newton && isfinite(c->step[i]);
    if (e == ERR_OK && !*newton)
        e = turned_step(c);
    if (e != ERR_OK)
        return e;
    for (size_t i = 0; i < c->p; i++)
        longest =
            fabs(c->step[i]) * c->scale[i] > longest ? fabs(c->step[i]) * c->scale[i] : longest;
    for (size_t i = 0; i < c->p; i++) {
        c->step[i] *= longest > STRIDE ? STRIDE / longest : 1;
        *gain += c->step[i] * c->at.score[i];
    }
    return ERR_OK;
}

static bool finite_value(const struct climb *c, const struct likelihood_value *v)
{
    bool good = isfinite(v->penalised);
    for (size_t i = 0; good && i < c->p; i++)
        good = isfinite(v->score[i]);
    for (size_t i = 0; good && i < c->p * c->p; i++)
        good = isfinite(v->information[i]);
    return good;
}

/* Go along the step, halving it until the log-likelihood rises as it should. What rounding alone
 * can do to a sum of this size is no fall. */
static enum err search_line(struct climb *c, double gain, bool *moved)
{
    double slack = 1e-14 * fabs(c->at.penalised) * sqrt((double)c->l->cells->n + 1);
    enum err e = ERR_OK;
    *moved = false;
    for (int halving = 0; halving < HALVINGS_MAX; halving++) {
        double along = ldexp(1, -halving);
        for (size_t i = 0; i < c->p; i++)
            c->trial[i] = c->b[i] + along * c->step[i];
        if ((e = likelihood_evaluate(c->l, c->trial, c->thin, &c->to)) != ERR_OK)
            return e;
        if (finite_value(c, &c->to) &&
            c->to.penalised >= c->at.penalised + 1e-4 * along * gain - slack) {
            struct likelihood_value v = c->at;
            double *b = c->b;
            c->at = c->to;
            c->to = v;
            c->b = c->trial;
            c->trial = b;
            *moved = true;
            return ERR_OK;
        }
    }
    return ERR_OK;
}

/* Within a tenth of a standard error of the first maximum, and higher than its foot: the climb ends
 * there. */
static bool near_known(const struct climb *c)
{
    double sum = 0;
    if (c->knowns == 0 || c->known_info == NULL)
        return false;
    for (size_t i = 0; i < c->p; i++)
        for (size_t j = 0; j < c->p; j++)
            sum += (c->b[i] - c->known->b[i]) * c->known_info[i * c->p + j] *
                   (c->b[j] - c->known->b[j]);
    return sum / c->mean_weight < 0.01;
}

static enum err climb_from(struct climb *c, const double *start, struct peak *out)
{
    enum err e = ERR_OK;
    bool newton = false, moved = true;
    double gain = 0, value = 0;
    memcpy(c->b, start, c->p * sizeof *c->b);
    if ((e = likelihood_evaluate(c->l, c->b, c->thin, &c->at)) != ERR_OK)
        return e;
    out->end = END_STUCK;
    bool rest = false, level = false, good = finite_value(c, &c->at);
    for (out->iterations = 0; good && !rest && out->iterations < STEPS_MAX; out->iterations++) {
        if (near_known(c)) {
            out->end = END_SAME;
            break;
        }
        if ((e = find_step(c, &gain, &newton)) != ERR_OK)
            return e;
        rest = newton && gain < (c->thin > 1 ? REST_PART : REST) * c->mean_weight;
        level = !newton && gain < LEVEL * c->mean_weight;
        if (rest || level)
            break;
        if ((e = search_line(c, gain, &moved)) != ERR_OK)
            return e;
        rest = !moved && newton && gain < 1e-9 * c->mean_weight; /* nothing but rounding is left */
        if (!moved)
            break;
        if (c->at.most < FAR)
            continue;
        if ((e = weakest(c, c->at.information, &value, &out->direction)) != ERR_OK)
            return e;
        if (value < FLAT && value > -FLAT) {
            out->end = END_RUNS;
            break;
        }
    }
    if (rest || level) {
        if ((e = weakest(c, c->at.information, &value, &out->direction)) != ERR_OK)
            return e;
        out->end = rest && value > FLAT ? END_REST : c->at.most > FAR ? END_RUNS : END_FLAT;
    }
    out->penalised = c->at.penalised;
    out->loglik = c->at.loglik;
    memcpy(out->b, c->b, c->p * sizeof *out->b);
    return e;
}

/* Is this maximum one of those found? */
static struct peak *find_peak(struct peak *peak, size_t peaks, const struct climb *c,
                              const struct peak *q)
{
    for (size_t k = 0; k < peaks; k++) {
        double far = 0;
        if (peak[k].end != q->end || fabs(peak[k].penalised - q->penalised) > 1e-6 * c->mean_weight)
            continue;
        for (size_t i = 0; i < c->p; i++) {
            double d = fabs(peak[k].b[i] - q->b[i]) * c->scale[i];
            far = d > far ? d : far;
        }
        if (q->end != END_REST || far < 1e-3)
            return &peak[k];
    }
    return NULL;
}

/* All maxima that the starts lead to. ${room}: a p-vector for each and one more. */
static enum err climb_all(struct climb *c, const double *const *start, size_t starts,
                          struct peak *peak, size_t *peaks, double *info)
{
    enum err e = ERR_OK;
    *peaks = 0;
    c->knowns = 0;
    c->known_info = NULL;
    for (size_t s = 0; e == ERR_OK && s < starts; s++) {
        struct peak *q = &peak[*peaks], *same;
        if ((e = climb_from(c, start[s], q)) != ERR_OK)
            break;
        c->last = q;
        q->reached = 1;
        same = q->end == END_SAME ? (struct peak *)c->known : find_peak(peak, *peaks, c, q);
        if (same != NULL) {
            same->reached++;
            continue;
        }
        if (q->end == END_REST && c->knowns == 0) {
            memcpy(info, c->at.information, c->p * c->p * sizeof *info);
            c->known = q;
            c->known_info = info;
            c->knowns = 1;
        }
        (*peaks)++;
    }
    return e;
}

static size_t best_peak(const struct peak *peak, size_t peaks, enum end end)
{
    size_t best = peaks;
    for (size_t k = 0; k < peaks; k++)
        if (peak[k].end == end && (best == peaks || peak[k].penalised > peak[best].penalised))
            best = k;
    return best;
}

static enum err say_no_maximum(const struct likelihood *l, const struct likelihood_options *o,
                               const struct peak *k)
{
    char name[300];
    likelihood_name(l, k->direction, name, sizeof name);
    const char *advice = likelihood_advice(l, k->direction);
    if (advice == NULL)
        advice = o->advice != NULL ? o->advice : "leave out covariates";
    if (o->quiet)
        return ERR_DOUBT;
    if (k->end == END_RUNS)
        return log_fail(ERR_DOUBT,
                        "%s: there is no finite estimate: the fit gets better as %s goes without "
                        "end towards %s, where some probability is 0 or 1; %s",
                        o->what, name, k->b[k->direction] < 0 ? "minus infinity" : "plus infinity",
                        advice);
    return log_fail(ERR_DOUBT, "%s: the data do not determine %s: the fit is the same along it; %s",
                    o->what, name, advice);
}

static int by_height(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x > y ? -1 : x < y;
}

static void list_others(const struct climb *c, const struct peak *peak, size_t peaks, size_t best,
                        struct likelihood_fit *out)
{
    for (size_t k = 0; k < peaks; k++) {
        out->ran_off += peak[k].end == END_RUNS ? peak[k].reached : 0;
        if (k == best || peak[k].end != END_REST)
            continue;
        if (peak[best].penalised - peak[k].penalised < 1e-6 * c->mean_weight)
            out->tie = true;
        else
            out->other[out->others++] = peak[k].loglik;
    }
    qsort(out->other, out->others, sizeof *out->other, by_height);
}

/* The best maximum, with everything that is known of it. */
static enum err keep(struct climb *c, const struct peak *peak, size_t peaks, size_t best,
                     struct likelihood_fit *out)
{
    size_t p = c->p, direction;
    struct likelihood_fit f = {.p = p,
                               .b = malloc((p + 1) * sizeof *f.b),
                               .information = malloc((p * p + 1) * sizeof *f.information),
                               .inverse = calloc(p * p + 1, sizeof *f.inverse),
                               .iterations = peak[best].iterations,
                               .reached = peak[best].reached};
    enum err e = ERR_NOMEM;
    if (f.b == NULL || f.information == NULL || f.inverse == NULL)
        goto out;
    memcpy(f.b, peak[best].b, p * sizeof *f.b);
    if ((c->last != &peak[best] && (e = likelihood_evaluate(c->l, f.b, 1, &c->at)) != ERR_OK) ||
        (e = weakest(c, c->at.information, &f.weakest, &direction)) != ERR_OK)
        goto out;
    memcpy(f.information, c->at.information, p * p * sizeof *f.information);
    f.loglik = c->at.loglik;
    f.penalised = c->at.penalised;
    if ((e = numeric_spd_inverse(f.information, p, f.inverse, &f.rcond)) != ERR_OK)
        goto out;
    list_others(c, peak, peaks, best, &f);
    *out = f;
    f = (struct likelihood_fit){0};
out:
    likelihood_fit_free(&f);
    return e;
}

static enum err judge(struct climb *c, const struct likelihood_options *o, const struct peak *peak,
                      size_t peaks, struct likelihood_fit *out)
{
    size_t rest = best_peak(peak, peaks, END_REST), runs = best_peak(peak, peaks, END_RUNS);
    size_t flat = best_peak(peak, peaks, END_FLAT);
    if (o->edge && runs < peaks && (rest == peaks || peak[runs].penalised > peak[rest].penalised))
        return keep(c, peak, peaks, runs, out);
    if (runs < peaks &&
        (rest == peaks || peak[runs].penalised > peak[rest].penalised + 1e-6 * c->mean_weight))
        return say_no_maximum(c->l, o, &peak[runs]);
    if (flat < peaks &&
        (rest == peaks || peak[flat].penalised > peak[rest].penalised + 1e-6 * c->mean_weight))
        return say_no_maximum(c->l, o, &peak[flat]);
    if (rest == peaks && o->quiet)
        return ERR_DOUBT;
    if (rest == peaks)
        return log_fail(ERR_DOUBT,
                        "%s: the fit did not come to rest from any of %zu starts, so there is no "
                        "estimate; %s",
                        o->what, o->starts, o->advice != NULL ? o->advice : "leave out covariates");
    return keep(c, peak, peaks, rest, out);
}

/* How many of the cells are enough to come near the maximum. */
static size_t thinning(const struct cells *c)
{
    return c->n / PART_CELLS > 1 ? c->n / PART_CELLS : 1;
}

enum err likelihood_fit(const struct likelihood *l, const struct likelihood_options *o,
                        struct likelihood_fit *out)
{
    struct climb c;
    struct peak peak[LIKELIHOOD_STARTS + 1] = {{0}};
    const double *start[LIKELIHOOD_STARTS];
    size_t peaks = 0, starts = o->starts, near = 0;
    enum err e = climb_start(&c, l);
    if (e != ERR_OK)
        return e;
    double *room = calloc(2 * (LIKELIHOOD_STARTS + 1) * c.p + c.p * c.p + 1, sizeof *room);
    double *kept = room != NULL ? room + (LIKELIHOOD_STARTS + 1) * c.p : NULL;
    double *info = room != NULL ? kept + (LIKELIHOOD_STARTS + 1) * c.p : NULL;
    e = room != NULL ? ERR_OK : ERR_NOMEM;
    for (size_t k = 0; e == ERR_OK && k <= LIKELIHOOD_STARTS; k++)
        peak[k].b = room + k * c.p;
    memcpy(start, o->start, starts * sizeof *start);
    c.thin = thinning(l->cells);
    if (e == ERR_OK && c.thin > 1) {
        e = climb_all(&c, o->start, o->starts, peak, &peaks, info);
        for (size_t k = 0; e == ERR_OK && k < peaks; k++)
            if (peak[k].end == END_REST) {
                memcpy(kept + near * c.p, peak[k].b, c.p * sizeof *kept);
                start[near] = kept + near * c.p;
                near++;
            }
        starts = near > 0 ? near : starts;
        c.thin = 1;
    }
    if (e == ERR_OK && (e = climb_all(&c, start, starts, peak, &peaks, info)) == ERR_OK &&
        (e = judge(&c, o, peak, peaks, out)) == ERR_OK) {
        out->starts = o->starts;
        out->reached = near > 0 ? o->starts : out->reached;
    }
    free(room);
    climb_end(&c);
    return e;
}
