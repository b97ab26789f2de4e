#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/auxiliary_model.h"
#include "admin/estimate/numeric.h"
#include "core/log.h"

enum { WEIGHINGS = 100, STEPS = 200, HALVINGS = 40 };
#define REST      1e-12 /* a step this small, relative to 1 + |b|, is at rest */
#define CLOSE     1e-6
#define SETTLED   1e-12 /* of the coefficients from one weighing to the next */
#define RCOND_MIN 1e-11 /* of the covariance of the equations, its diagonal scaled to 1 */

/* Totals of all equations and their derivative (n x p) at ${b}; ${score}: their rows (cells x n).
 */
static enum err equations_at(const struct auxiliary *u, const double *b, struct matrix *score,
                             double *total, double *slope)
{
    const struct model *m = &u->q.nls.m;
    size_t p = u->q.p, k = u->q.k;
    enum err e = moments_at(&u->q, b, score, total, slope);
    if (e != ERR_OK)
        return e;
    memset(total + p, 0, u->knowns * sizeof *total);
    memset(slope + p * p, 0, u->knowns * p * sizeof *slope);
    for (size_t t = 0; t < m->cells->segments; t++) {
        const struct cells_segment *s = &m->cells->segment[t];
        for (size_t i = s->first; i < s->first + s->count; i++) {
            const double *x = m->x[0].at + i * k;
            double g = moments_prediction(&u->q, b, i), w = m->cells->weight[i];
            for (size_t a = 0; a < u->knowns; a++) {
                bool in = (s->extra[0] >> a & 1) != 0;
                double v = in ? u->known[a].value - g : 0;
                if (score != NULL)
                    score->at[i * score->cols + p + a] = v;
                total[p + a] += w * v;
                for (size_t j = 0; in && j < k; j++)
                    slope[(p + a) * p + j] -= w * g * (1 - g) * x[j];
            }
        }
    }
    return ERR_OK;
}

/* S^-1 at ${b} into u->weight. */
static enum err weigh(struct auxiliary *u, const double *b)
{
    struct matrix score = {0};
    double rcond = 0, squares = 0;
    enum err e = matrix_new(u->q.nls.m.cells->n, u->n, &score);
    if (e == ERR_OK)
        e = equations_at(u, b, &score, u->total, u->slope);
    if (e == ERR_OK)
        e = moments_meat(&u->q, &score, u->weight);
    for (size_t i = 0; i < u->q.nls.m.cells->n; i++)
        squares += u->q.nls.m.cells->weight2[i];
    for (size_t a = u->q.p; e == ERR_OK && a < u->n; a++)
        u->weight[a * u->n + a] += AUXILIARY_FLOOR * AUXILIARY_FLOOR * squares;
    if (e == ERR_OK)
        e = numeric_spd_inverse(u->weight, u->n, u->weight, &rcond);
    if (e == ERR_OK && !(rcond > RCOND_MIN))
        e = log_fail(
            ERR_STUDY,
            "aux: one known prevalence follows from the others, or there are fewer sampling points "
            "than equations (%zu); give fewer known values",
            u->n);
    matrix_free(&score);
    return e;
}

/* Gauss-Newton: minimises t'Wt from u->b. ${room}: p p + 2 p. */
static enum err minimise(struct auxiliary *u, double *room, bool *rest)
{
    size_t p = u->q.p, n = u->n;
    double *square = room, *gradient = room + p * p, *step = gradient + p, next = 0;
    bool good = true;
    *rest = false;
    for (int i = 0; good && !*rest && i < STEPS; i++, u->iterations++) {
        double size = 0, scale = 1, part = 1;
        enum err e = equations_at(u, u->b, NULL, u->total, u->slope);
        if (e != ERR_OK)
            return e;
        double now = matrix_quadratic(u->total, u->weight, n);
        memset(room, 0, (p * p + p) * sizeof *room);
        for (size_t a = 0; a < n; a++)
            for (size_t c = 0; c < n; c++)
                for (size_t r = 0; r < p; r++) {
                    double v = u->slope[a * p + r] * u->weight[a * n + c];
                    gradient[r] += v * u->total[c];
                    for (size_t s = 0; s < p; s++)
                        square[r * p + s] += v * u->slope[c * p + s];
                }
        if ((e = numeric_spd_solve(square, p, gradient, step, &good)) != ERR_OK)
            return e;
        for (size_t r = 0; good && r < p; r++) {
            size = fmax(size, fabs(step[r]));
            scale = fmax(scale, fabs(u->b[r]));
        }
        *rest = good && size <= REST * scale;
        for (int h = 0; good && h < HALVINGS; h++, part /= 2) {
            for (size_t r = 0; r < p; r++)
                u->trial[r] = u->b[r] - part * step[r];
            if ((e = equations_at(u, u->trial, NULL, u->total, u->slope)) != ERR_OK)
                return e;
            next = matrix_quadratic(u->total, u->weight, n);
            if (next < now || size <= CLOSE * scale) /* so close the minimum is flat to rounding */
                break;
        }
        memcpy(u->b, u->trial, p * sizeof *u->b);
    }
    return ERR_OK;
}

/* (G'S^-1 G)^-1 and the minimum at u->b. */
static enum err finish(struct auxiliary *u, double *square)
{
    size_t p = u->q.p, n = u->n;
    double rcond = 0;
    enum err e = equations_at(u, u->b, NULL, u->total, u->slope);
    if (e != ERR_OK)
        return e;
    u->hansen = matrix_quadratic(u->total, u->weight, n);
    memset(square, 0, p * p * sizeof *square);
    for (size_t a = 0; a < n; a++)
        for (size_t c = 0; c < n; c++)
            for (size_t r = 0; r < p; r++)
                for (size_t s = 0; s < p; s++)
                    square[r * p + s] +=
                        u->slope[a * p + r] * u->weight[a * n + c] * u->slope[c * p + s];
    e = numeric_spd_inverse(square, p, u->vcov, &rcond);
    return e != ERR_OK || rcond > 0
               ? e
               : log_fail(ERR_DOUBT, "aux: the data do not determine all coefficients; leave out "
                                     "covariates");
}

/* Covariance of the coefficients of the equations by themselves, at u->q.start, into u->vcov. */
static enum err own_covariance(struct auxiliary *u, double *inverse, double *meat)
{
    size_t p = u->q.p;
    struct matrix score = {0};
    bool good = false;
    enum err e = matrix_new(u->q.nls.m.cells->n, p, &score);
    if (e == ERR_OK)
        e = moments_at(&u->q, u->q.start, &score, u->total, u->slope);
    if (e == ERR_OK)
        e = moments_meat(&u->q, &score, meat);
    if (e == ERR_OK)
        e = numeric_inverse(u->slope, p, inverse, &good);
    if (e == ERR_OK)
        e = good ? matrix_sandwich(inverse, p, meat, p, u->vcov) : ERR_DOUBT;
    matrix_free(&score);
    return e;
}

/* What the list by itself predicts for the rows under known value ${a}, and its standard error. */
static double own_prediction(const struct auxiliary *u, size_t a, double *grad, double *se)
{
    const struct model *m = &u->q.nls.m;
    double sum = 0, weights = 0;
    memset(grad, 0, u->q.p * sizeof *grad);
    for (size_t t = 0; t < m->cells->segments; t++) {
        const struct cells_segment *s = &m->cells->segment[t];
        for (size_t i = s->first; (s->extra[0] >> a & 1) != 0 && i < s->first + s->count; i++) {
            double w = m->cells->weight[i], g = moments_prediction(&u->q, u->q.start, i);
            weights += w;
            sum += w * g;
            for (size_t j = 0; j < u->q.k; j++)
                grad[j] += w * g * (1 - g) * m->x[0].at[i * u->q.k + j];
        }
    }
    *se = sqrt(fmax(0, matrix_quadratic(grad, u->vcov, u->q.p))) / weights;
    return sum / weights;
}

/* No minimum was found: which known value is farthest from what the list by itself says? */
static enum err say_contradiction(struct auxiliary *u)
{
    size_t p = u->q.p, worst = 0;
    double *room = calloc(2 * p * p + p + 1, sizeof *room), most = -1, own = 0, error = 0;
    enum err e = room == NULL ? ERR_NOMEM : own_covariance(u, room, room + p * p);
    for (size_t a = 0; e == ERR_OK && a < u->knowns; a++) {
        double se, g = own_prediction(u, a, room + 2 * p * p, &se);
        if (fabs(g - u->known[a].value) <= most * se)
            continue;
        most = fabs(g - u->known[a].value) / se;
        worst = a;
        own = g;
        error = se;
    }
    if (e == ERR_OK)
        e = log_fail(
            ERR_DOUBT,
            "aux: no coefficients come near the list and the known prevalences together. "
            "Farthest is %s: known %.3f, by the list alone %.3f (SE %.3f). Known values of "
            "groups that the covariates do not tell apart contradict each other too: then "
            "add the groups to --covariates",
            u->known[worst].text != NULL ? u->known[worst].text : "all respondents",
            u->known[worst].value, own, error);
    else if (e == ERR_DOUBT)
        e = log_fail(ERR_DOUBT, "aux: the data do not determine all coefficients; leave out "
                                "covariates");
    free(room);
    return e;
}

enum err auxiliary_solve(struct auxiliary *u)
{
    size_t p = u->q.p, n = u->n = p + u->knowns;
    double *before = calloc(p + p * p + 2 * p + 1, sizeof *before), *room = before + p, moved = 1;
    bool rest = true;
    u->b = calloc(p + 1, sizeof *u->b);
    u->trial = calloc(p + 1, sizeof *u->trial);
    u->vcov = calloc(p * p + 1, sizeof *u->vcov);
    u->total = calloc(n + 1, sizeof *u->total);
    u->slope = calloc(n * p + 1, sizeof *u->slope);
    u->weight = calloc(n * n + 1, sizeof *u->weight);
    enum err e = before == NULL || u->b == NULL || u->trial == NULL || u->vcov == NULL ||
                         u->total == NULL || u->slope == NULL || u->weight == NULL
                     ? ERR_NOMEM
                     : ERR_OK;
    if (e == ERR_OK)
        memcpy(u->b, u->q.start, p * sizeof *u->b);
    for (int i = 0; e == ERR_OK && rest && moved > SETTLED && i < WEIGHINGS; i++) {
        memcpy(before, u->b, p * sizeof *before);
        if ((e = weigh(u, u->b)) == ERR_OK)
            e = minimise(u, room, &rest);
        moved = 0;
        for (size_t r = 0; r < p; r++)
            moved = fmax(moved, fabs(u->b[r] - before[r]) / fmax(1, fabs(u->b[r])));
    }
    if (e == ERR_OK && (!rest || moved > SETTLED))
        e = say_contradiction(u);
    if (e == ERR_OK)
        e = finish(u, room);
    free(before);
    return e;
}
