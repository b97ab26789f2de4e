#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/ml_model.h"
#include "admin/estimate/numeric.h"

/* Profile likelihood of the mean prevalence g(b): the highest likelihood at each g. Its points are
 * maxima of log-likelihood + lambda g, one for each lambda, which is again a sum over cells, so the
 * optimiser of the likelihoods finds them. The interval ends where twice the fall of the
 * log-likelihood is the 95% quantile of chi-square(1) (Venzon and Moolgavkar 1988 solve the same
 * equations). */
struct tilt {
    const struct ml *q;
    size_t sensitive;  /* block */
    double per_weight; /* lambda over the sum of weights */
};

enum { ROUNDS = 40 };
#define CLOSE 1e-11 /* of the root of the fall, whose target is 1.96 */

static size_t tilted_active(const void *ctx, const struct cells_segment *s, size_t *block)
{
    const struct tilt *t = ctx;
    size_t n = t->q->likelihood.active(t->q, s, block);
    for (size_t i = 0; i < n; i++)
        if (block[i] == t->sensitive)
            return n;
    block[n] = t->sensitive;
    return n + 1;
}

static void tilted_evaluate(const void *ctx, const struct likelihood_batch *b)
{
    const struct tilt *t = ctx;
    size_t block[LIKELIHOOD_ACTIVE], n = t->q->likelihood.active(t->q, b->segment, block), at = 0;
    t->q->likelihood.evaluate(t->q, b);
    while (at < n && block[at] != t->sensitive)
        at++;
    for (size_t i = 0; i < b->count; i++) {
        double eta = b->eta[at][i], p = 1 / (1 + exp(-eta)), slope = p / (1 + exp(eta));
        if (at == n) { /* the model's own likelihood does not read it here */
            b->d[at][i] = 0;
            for (size_t m = 0; m <= n; m++)
                b->h[likelihood_pair(n, m)][i] = 0;
        }
        b->ll[i] += t->per_weight * p;
        b->d[at][i] += t->per_weight * slope;
        b->h[likelihood_pair(at, at)][i] += t->per_weight * slope * (1 - 2 * p);
    }
}

struct search {
    struct ml_run *u;
    const struct predict *q;
    struct likelihood *tilted;
    struct tilt tilt;
    double weights, top; /* log-likelihood (with prior) at the maximum */
    double *b, *grad;    /* p each */
};

/* The point of one lambda: its g, and the root of twice the fall. *found false: the likelihood
 * does not fall so far on this side. */
static enum err point(struct search *s, double lambda, double *g, double *root, bool *found)
{
    struct likelihood_fit fit = {0};
    struct likelihood_options o = {.start = {s->b}, .starts = 1, .edge = true, .quiet = true};
    s->tilt.per_weight = lambda / s->weights;
    enum err e = likelihood_fit(s->tilted, &o, &fit);
    *found = e == ERR_OK;
    if (e != ERR_OK)
        return e == ERR_DOUBT ? ERR_OK : e;
    struct predict q = *s->q;
    q.b = fit.b;
    q.flip = false;
    if ((e = predict_average(&s->u->m, &q, g, s->grad)) == ERR_OK) {
        double fall = s->top - (fit.penalised - lambda * *g);
        *root = sqrt(fall > 0 ? 2 * fall : 0);
        memcpy(s->b, fit.b, fit.p * sizeof *s->b);
    }
    likelihood_fit_free(&fit);
    return e;
}

/* One end, up (sign 1) or down. The root of the fall grows almost in proportion to lambda. */
static enum err find_end(struct search *s, const double *from, double se, int sign, double *out,
                         bool *found)
{
    double z = numeric_normal_quantile(0.975), lambda = sign * z / se, root = 0;
    enum err e = ERR_OK;
    memcpy(s->b, from, s->q->p * sizeof *s->b);
    *found = false;
    for (int round = 0; round < ROUNDS; round++) {
        if ((e = point(s, lambda, out, &root, found)) != ERR_OK || !*found)
            return e;
        if (fabs(root - z) < CLOSE)
            return ERR_OK;
        double times = root > 0 ? z / root : 4;
        lambda *= times > 4 ? 4 : times < 0.25 ? 0.25 : times;
    }
    *found = fabs(root - z) < 1e-4;
    return ERR_OK;
}

static enum err find_ends(struct search *s, const struct likelihood_fit *fit,
                          struct estimate_group *g)
{
    double end[2] = {0, 1};
    bool found[2] = {false, false};
    enum err e = ERR_OK;
    for (int up = 0; e == ERR_OK && up < 2; up++)
        if ((e = find_end(s, fit->b, g->se, up ? 1 : -1, &end[up], &found[up])) == ERR_OK &&
            !found[up])
            end[up] = up;
    if (e != ERR_OK)
        return e;
    g->ci_low = s->q->flip ? 1 - end[1] : end[0];
    g->ci_high = s->q->flip ? 1 - end[0] : end[1];
    return found[0] && found[1]
               ? ERR_OK
               : estimate_warn(s->u->m.r,
                               "The likelihood does not fall far enough on one side to "
                               "end the interval; it is given as open to %s%%.",
                               found[0] != s->q->flip ? "100" : "0");
}

enum err ml_likelihood_interval(struct ml_run *u, const struct likelihood_fit *fit,
                                const struct predict *q)
{
    struct search s = {.u = u, .q = q, .top = fit->penalised};
    struct estimate_group *g = &u->m.r->group[0];
    enum err e = ERR_NOMEM;
    s.tilt = (struct tilt){&u->q, u->q.sensitive[1], 0};
    s.tilted = malloc(sizeof *s.tilted);
    s.b = calloc(2 * fit->p + 1, sizeof *s.b);
    if (s.tilted == NULL || s.b == NULL)
        goto out;
    s.grad = s.b + fit->p;
    *s.tilted = u->q.likelihood;
    s.tilted->active = tilted_active;
    s.tilted->evaluate = tilted_evaluate;
    s.tilted->ctx = &s.tilt;
    for (size_t i = 0; i < u->m.cells->n; i++)
        s.weights += u->m.cells->weight[i];
    e = find_ends(&s, fit, g);
out:
    free(s.tilted);
    free(s.b);
    return e;
}
