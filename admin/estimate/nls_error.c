#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/nls_model.h"
#include "admin/estimate/numeric.h"
#include "core/log.h"

/* A logit known no better than this, on the scale of its column, may be any probability. */
#define LOGIT_SE_MAX 3.0
/* Below this the warning says that the error rate rests on the curve of the logistic alone. */
#define CONDITION_WARN 1e-3

enum { SENSITIVE, CONTROL, ERROR, PREDICTORS };

struct means {
    double items;
    enum estimate_error kind;
};

static size_t active(const void *ctx, const struct cells_segment *s, size_t *block)
{
    const struct means *q = ctx;
    bool treated = s->arm > 0;
    block[0] = 1;
    block[1] = q->kind == ERROR_UNIFORM && treated ? 3 : 2;
    block[2] = 0;
    return treated ? 3 : 2;
}

static double logistic(double x)
{
    return x > 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x));
}

/* E(y) of a row with its derivatives in control, error and sensitive predictors, in that order. */
struct mean {
    double value, d[3], h[6];
};

static struct mean mean_of(const struct means *q, bool treated, double control, double error,
                           double sensitive)
{
    double h = logistic(control), p = logistic(error), g = treated ? logistic(sensitive) : 0;
    double dh = q->items * h * (1 - h), dp = p * (1 - p), dg = g * (1 - g);
    double most = q->items + treated;
    double gap = (q->kind == ERROR_UNIFORM ? most / 2 : most) - (q->items * h + g);
    struct mean m = {.value = q->items * h + g + p * gap};
    m.d[0] = (1 - p) * dh;
    m.d[1] = dp * gap;
    m.d[2] = (1 - p) * dg;
    m.h[likelihood_pair(0, 0)] = (1 - p) * dh * (1 - 2 * h);
    m.h[likelihood_pair(1, 0)] = -dp * dh;
    m.h[likelihood_pair(1, 1)] = dp * (1 - 2 * p) * gap;
    m.h[likelihood_pair(2, 1)] = -dp * dg;
    m.h[likelihood_pair(2, 2)] = (1 - p) * dg * (1 - 2 * g);
    return m;
}

static void evaluate(const void *ctx, const struct likelihood_batch *b)
{
    bool treated = b->segment->arm > 0;
    size_t n = treated ? 3 : 2;
    for (size_t i = 0; i < b->count; i++) {
        struct mean m =
            mean_of(ctx, treated, b->eta[0][i], b->eta[1][i], treated ? b->eta[2][i] : 0);
        double e = b->segment->y - m.value;
        b->ll[i] = -e * e / 2;
        for (size_t a = 0; b->d[0] != NULL && a < n; a++) {
            b->d[a][i] = e * m.d[a];
            for (size_t c = 0; c <= a; c++)
                b->h[likelihood_pair(a, c)][i] = e * m.h[likelihood_pair(a, c)] - m.d[a] * m.d[c];
        }
    }
}

static void lay_out(struct nls *u, const struct means *q, struct likelihood *l)
{
    bool two = q->kind == ERROR_UNIFORM;
    *l = (struct likelihood){.cells = u->m.cells,
                             .blocks = two ? 4 : 3,
                             .active = active,
                             .evaluate = evaluate,
                             .ctx = q};
    for (size_t k = 0; k < 2; k++)
        l->block[k] = (struct likelihood_block){
            .equation = k == 0 ? "sensitive" : "control", .of = u->m.terms[0], .x = &u->m.x[0]};
    l->block[2] = (struct likelihood_block){.equation = two ? "logit_p0" : "logit_p", .term = ""};
    l->block[3] = (struct likelihood_block){.equation = "logit_p1", .term = ""};
}

static double logit_within(double p, double margin)
{
    p = p < margin ? margin : p > 1 - margin ? 1 - margin : p;
    return log(p / (1 - p));
}

/* Gauss-Newton cross products, scores and sums of squares at the coefficients found. */
static void take_equations(struct nls *u, const struct means *q)
{
    const struct cells *c = u->m.cells;
    size_t k = u->k, p = u->p;
    for (size_t s = 0; s < c->segments; s++) {
        const struct cells_segment *g = &c->segment[s];
        bool treated = g->arm > 0;
        size_t error = 2 * k + (q->kind == ERROR_UNIFORM && treated);
        for (size_t i = g->first; i < g->first + g->count; i++) {
            const double *x = u->m.x[0].at + i * k;
            double *row = u->score.at + i * p, eta[2] = {0, 0};
            for (size_t j = 0; j < k; j++) {
                eta[0] += x[j] * u->b[k + j];
                eta[1] += x[j] * u->b[j];
            }
            struct mean m = mean_of(q, treated, eta[0], u->b[error], eta[1]);
            double e = g->y - m.value;
            for (size_t j = 0; j < k; j++) {
                row[k + j] = m.d[0] * x[j];
                row[j] = treated ? m.d[2] * x[j] : 0;
            }
            row[error] = m.d[1];
            for (size_t a = 0; a < p; a++)
                for (size_t b = 0; b < p; b++)
                    u->slope[a * p + b] -= c->weight[i] * row[a] * row[b];
            for (size_t a = 0; a < p; a++)
                row[a] *= e;
            u->sse[treated] += c->weight[i] * e * e;
        }
    }
}

/* Smallest over largest eigenvalue of the cross products. */
static enum err condition_of(const struct nls *u, double *out)
{
    size_t p = u->p;
    double *room = calloc(p * p + p + 1, sizeof *room);
    enum err e = room != NULL ? numeric_eigen(u->slope, p, room, room + p) : ERR_NOMEM;
    *out = e == ERR_OK ? room[p - 1] / room[0] : NAN; /* slope has the sign turned */
    free(room);
    return e;
}

static double column_scale(const struct nls *u, size_t parameter)
{
    const struct matrix *x = &u->m.x[0];
    double sum = 0, rows = 0;
    for (size_t i = 0; i < x->rows; i++) {
        double v = parameter < 2 * u->k ? x->at[i * x->cols + parameter % u->k] : 1;
        sum += u->m.cells->rows[i] * v * v;
        rows += u->m.cells->rows[i];
    }
    return sqrt(sum / rows);
}

static enum err judge(struct nls *u, const struct likelihood *l)
{
    double condition = 0, worst = 0;
    size_t at = 0;
    char name[300];
    enum err e = condition_of(u, &condition);
    if (e != ERR_OK || (e = nls_variance(u)) != ERR_OK)
        return e;
    for (size_t i = 0; i < u->p; i++) {
        double se = sqrt(u->vcov[i * u->p + i]) * column_scale(u, i);
        if (!(se <= worst)) {
            worst = se;
            at = i;
        }
    }
    if (!(worst <= LOGIT_SE_MAX))
        return log_fail(ERR_DOUBT,
                        "nls --error: the means do not determine %s (its standard error is %.3g "
                        "logits; smallest over largest eigenvalue of the cross products %.1e): an "
                        "error rate moves the means as other coefficients do; use ml --error, "
                        "which uses all of the distribution",
                        likelihood_name(l, at, name, sizeof name), worst, condition);
    if (condition < CONDITION_WARN)
        e = estimate_warn(u->m.r,
                          "The means hardly tell the error rate from the other coefficients "
                          "(smallest over largest eigenvalue of the cross products %.1e): it rests "
                          "on the logistic curve being right. Compare ml --error.",
                          condition);
    return e == ERR_OK ? estimate_add_number(u->m.r, "condition", condition) : e;
}

enum err nls_error(struct nls *u)
{
    static const double rate[] = {-3, -1.5, -5, 0};
    enum { RATES = sizeof rate / sizeof *rate, STARTS = 2 * RATES };
    const struct model *m = &u->m;
    struct means q = {m->list->items, m->o->error};
    size_t p = 2 * u->k + (q.kind == ERROR_UNIFORM ? 2 : 1);
    enum err e = nls_room(u, p);
    struct likelihood *l = calloc(1, sizeof *l);
    double *room = calloc(STARTS * p + 1, sizeof *room);
    struct likelihood_options o = {
        .starts = STARTS,
        .what = "nls --error",
        .advice = "use ml --error, which uses all of the distribution and not its mean alone"};
    struct likelihood_fit fit = {0};
    if (e != ERR_OK || l == NULL || room == NULL) {
        e = ERR_NOMEM;
        goto out;
    }
    lay_out(u, &q, l);
    for (size_t i = 0; i < STARTS; i++) {
        double *b = room + i * p, base = model_mean(m, 0), error = rate[i % RATES];
        b[0] = logit_within(model_mean(m, 1) - base, 0.05) - (i < RATES ? 0 : 1.5);
        b[u->k] = logit_within(base / q.items, 0.05);
        for (size_t j = 2 * u->k; j < p; j++)
            b[j] = error;
        o.start[i] = b;
    }
    if ((e = likelihood_fit(l, &o, &fit)) != ERR_OK)
        goto out;
    memcpy(u->b, fit.b, p * sizeof *u->b);
    u->iterations = fit.iterations;
    u->starts = fit.starts;
    u->reached = fit.reached;
    take_equations(u, &q);
    e = fit.tie ? log_fail(ERR_DOUBT, "nls --error: two sets of coefficients fit the means equally "
                                      "well; use ml --error")
                : judge(u, l);
out:
    likelihood_fit_free(&fit);
    free(l);
    free(room);
    return e;
}
