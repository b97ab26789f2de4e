#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/ml_model.h"
#include "admin/estimate/numeric.h"

/* What predict.h hands back to a probability that sums over y0. */
struct over_y0 {
    const struct ml *q;
    int arm;
};

/* x'b of a block, or the scalar itself; 0 where there is no block. */
static double eta_of(const struct likelihood *l, size_t block, const double *x, const double *b)
{
    if (block == ML_NONE)
        return 0;
    size_t at = likelihood_offset(l, block);
    size_t cols = l->block[block].x != NULL ? l->block[block].x->cols : 1;
    double sum = 0;
    for (size_t j = 0; j < cols; j++)
        sum += (l->block[block].x != NULL ? x[j] : 1) * b[at + j];
    return sum;
}

/* grad += v deta/db of a block. */
static void add_gradient(const struct likelihood *l, size_t block, const double *x, double v,
                         double *grad)
{
    if (block == ML_NONE)
        return;
    size_t at = likelihood_offset(l, block);
    size_t cols = l->block[block].x != NULL ? l->block[block].x->cols : 1;
    for (size_t j = 0; j < cols; j++)
        grad[at + j] += (l->block[block].x != NULL ? x[j] : 1) * v;
}

/* The blocks that P(z = 1, y0) reads, in ml_joint's order. */
static void joint_blocks(const struct ml *q, int arm, int y0, size_t *block)
{
    block[0] = q->sensitive[arm];
    block[1] = q->y0[arm];
    if (q->multi == MULTI_INDICATORS)
        block[1] = y0 < q->items ? q->y0[arm] + (size_t)y0 : ML_NONE;
    block[2] = q->psi[1];
    block[3] = q->rho[1];
}

/* P(z = 1, y0) at design row ${x}; its gradient times ${times} is added. */
static double joint(const struct ml *q, int arm, int y0, const double *x, const double *b,
                    double times, double *grad)
{
    size_t block[ML_JOINT];
    double eta[ML_JOINT], d[ML_JOINT];
    joint_blocks(q, arm, y0, block);
    for (size_t m = 0; m < ML_JOINT; m++)
        eta[m] = eta_of(&q->likelihood, block[m], x, b);
    double v = ml_joint(q, arm, y0, eta, d);
    for (size_t m = 0; grad != NULL && m < ML_JOINT; m++)
        add_gradient(&q->likelihood, block[m], x, times * d[m], grad);
    return v;
}

static double sum_over_y0(const struct predict *p, const double *x, const double *b, double *grad)
{
    const struct over_y0 *c = p->ctx;
    double sum = 0;
    for (int y0 = 0; y0 <= c->q->items; y0++)
        sum += joint(c->q, c->arm, y0, x, b, 1, grad);
    return sum;
}

void ml_flips(const struct ml_run *u, bool *flip)
{
    const struct likelihood *l = &u->q.likelihood;
    size_t k = terms_count(u->m.terms[0]);
    for (size_t j = 0; u->mirrored && j < k; j++) {
        flip[likelihood_offset(l, u->q.sensitive[1]) + j] = true;
        flip[likelihood_offset(l, u->q.psi[0]) + j] = true;
    }
}

static double spread(const double *grad, const double *vcov, size_t p)
{
    double var = matrix_quadratic(grad, vcov, p);
    return sqrt(var > 0 ? var : 0);
}

/* A share with an interval on the logit scale, which keeps it within 0 and 1. */
static enum err add_share(struct ml_run *u, const char *name, double share, double se)
{
    double q =
        isfinite(u->m.df) ? numeric_t_quantile(0.975, u->m.df) : numeric_normal_quantile(0.975);
    double logit = log(share / (1 - share)), half = q * se / (share * (1 - share));
    return estimate_add_prevalence(u->m.r, name, 1, share, se, 1 / (1 + exp(half - logit)),
                                   1 / (1 + exp(-half - logit)));
}

/* Who lies at one end: of those who would have to give the extreme answer, and of all. */
static enum err add_liars(struct ml_run *u, size_t block, size_t equation, int y0, const char *end,
                          const struct likelihood_fit *fit, const double *vcov)
{
    size_t p = fit->p;
    const struct likelihood *l = &u->q.likelihood;
    const struct matrix *x = &u->m.x[0], *xl = &u->m.x[equation];
    double all = 0, there = 0, lie = 0;
    double *grad = calloc(3 * p + 1, sizeof *grad), *of_lie = grad + p, *of_there = grad + 2 * p;
    char name[80];
    if (grad == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < u->m.cells->n; i++) {
        double w = u->m.cells->weight[i];
        const double *row = x->at + i * x->cols, *rowl = xl->at + i * xl->cols;
        double share = 1 / (1 + exp(-eta_of(l, block, rowl, fit->b)));
        double v = joint(&u->q, 1, y0, row, fit->b, w, of_there);
        joint(&u->q, 1, y0, row, fit->b, w * share, of_lie);
        add_gradient(l, block, rowl, w * v * share * (1 - share), of_lie);
        all += w;
        there += w * v;
        lie += w * v * share;
    }
    for (size_t i = 0; i < p; i++)
        grad[i] = (of_lie[i] - lie / there * of_there[i]) / there;
    snprintf(name, sizeof name, "%s liars, of those at the %s", end, end);
    enum err e = add_share(u, name, lie / there, spread(grad, vcov, p));
    for (size_t i = 0; i < p; i++)
        grad[i] = of_lie[i] / all;
    snprintf(name, sizeof name, "%s liars, of all", end);
    if (e == ERR_OK)
        e = add_share(u, name, lie / all, spread(grad, vcov, p));
    free(grad);
    return e;
}

static enum err add_rate(struct ml_run *u, const char *name, size_t block,
                         const struct likelihood_fit *fit, const double *vcov)
{
    size_t i = likelihood_offset(&u->q.likelihood, block);
    double share = 1 / (1 + exp(-fit->b[i]));
    return add_share(u, name, share, share * (1 - share) * sqrt(vcov[i * fit->p + i]));
}

static enum err add_rates(struct ml_run *u, const struct likelihood_fit *fit, const double *vcov)
{
    const struct ml *q = &u->q;
    const struct {
        size_t block;
        const char *name;
    } rate[] = {
        {q->rho[0], q->rho[0] == q->rho[1] ? "rho" : "rho, psi0"},
        {q->rho[0] == q->rho[1] ? ML_NONE : q->rho[1], "rho, psi1"},
        {q->error[0], q->kind == ERROR_UNIFORM ? "error rate, control" : "error rate"},
        {q->kind == ERROR_UNIFORM ? q->error[1] : ML_NONE, "error rate, treatment"},
    };
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < sizeof rate / sizeof *rate; i++)
        if (rate[i].block != ML_NONE)
            e = add_rate(u, rate[i].name, rate[i].block, fit, vcov);
    if (e == ERR_OK && u->at_floor)
        e = add_liars(u, u->mirrored ? q->ceiling : q->floor, u->at_floor,
                      u->mirrored ? q->items : 0, "floor", fit, vcov);
    if (e == ERR_OK && u->at_ceiling)
        e = add_liars(u, u->mirrored ? q->floor : q->ceiling, u->at_ceiling,
                      u->mirrored ? 0 : q->items, "ceiling", fit, vcov);
    return e;
}

/* Twice the difference to the constrained standard model. Psi that do not differ by z are inside
 * the parameters; a share of liars, of errors or an overdispersion of 0 is their edge, where the
 * statistic is half the time 0 (Self and Liang 1987), and with several such shares no one
 * distribution holds. */
static enum err add_ratio(struct ml_run *u, const struct likelihood_fit *fit,
                          const struct likelihood_fit *plain)
{
    const struct estimate_options *o = u->m.o;
    size_t more = fit->p - (plain != NULL ? plain->p : 0);
    if (plain == NULL || o->prior || u->m.design != NULL)
        return ERR_OK;
    double x = 2 * (fit->loglik - plain->loglik), p = NAN;
    bool inside = o->unconstrained && !o->overdispersed;
    x = x > 0 ? x : 0;
    if (inside)
        p = numeric_chi_tail(x, (double)more);
    else if (more == 1)
        p = x > 0 ? numeric_chi_tail(x, 1) / 2 : 1;
    enum err e = estimate_add_test(u->m.r, "likelihood ratio against the standard model", x,
                                   (double)more, p);
    if (e == ERR_OK && isnan(p))
        e = estimate_warn(u->m.r,
                          "The likelihood ratio against the standard model has no p value: shares "
                          "of 0 are the edge of this model, and its distribution there is not "
                          "known.");
    return e;
}

static enum err add_assumptions(struct ml_run *u)
{
    const struct estimate_options *o = u->m.o;
    const struct {
        bool holds;
        const char *sentence;
    } all[] = {
        {true, "The sensitive item leaves the answers to the others as they are (no design "
               "effect)."},
        {!o->ceiling && !o->floor && o->error == ERROR_NONE, "Nobody lies or errs in the count."},
        {o->ceiling || o->floor, "Nobody lies except those who would have to give the extreme "
                                 "count away, and they by the model of who lies."},
        {o->error == ERROR_TOPCODE, "A share of the answers, the same in both arms and independent "
                                    "of everything, is the highest count; all others are true."},
        {o->error == ERROR_UNIFORM,
         "A share of the answers in each arm, independent of everything, "
         "is any count with equal chance; all others are true."},
        {!o->overdispersed, "Control counts are binomial: the control items are alike and "
                            "independent given the covariates; where they are not, ml is biased."},
        {o->overdispersed, "Control counts are beta-binomial given the covariates."},
        {!o->unconstrained && o->multi == MULTI_NONE,
         "The control count and the sensitive answer are independent given the covariates."},
        {true, "The logits are linear in the covariates as given."},
        {o->prior, "Cauchy priors on all coefficients: estimates lean towards 0."},
    };
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < sizeof all / sizeof *all; i++)
        if (all[i].holds)
            e = estimate_assume(u->m.r, "%s", all[i].sentence);
    return e;
}

static enum err add_bias(struct ml_run *u, const struct likelihood_fit *fit,
                         const struct predict *q)
{
    struct matrix score = {0};
    enum err e = likelihood_scores(&u->q.likelihood, fit->b, &score);
    struct bias_list list = {&score, fit->inverse};
    if (e == ERR_OK)
        e = bias_add(&u->m, q, &list);
    matrix_free(&score);
    return e;
}

enum err ml_report(struct ml_run *u, const struct likelihood_fit *fit,
                   const struct likelihood_fit *plain)
{
    size_t items = u->m.list->arms - 1, p = fit->p, at[FRAME_MAX_ARMS];
    struct over_y0 over[FRAME_MAX_ARMS];
    struct predict q[FRAME_MAX_ARMS];
    bool *flip = calloc(p + 1, sizeof *flip);
    double *vcov = calloc(p * p + 1, sizeof *vcov);
    enum err e = flip != NULL && vcov != NULL ? ERR_OK : ERR_NOMEM;
    if (e != ERR_OK)
        goto out;
    ml_flips(u, flip);
    if ((e = model_take(&u->m, &u->q.likelihood, fit, flip, vcov)) != ERR_OK)
        goto out;
    for (size_t k = 0; k < items; k++) {
        bool simple = u->q.multi == MULTI_NONE;
        at[k] = likelihood_offset(&u->q.likelihood, u->q.sensitive[k + 1]);
        over[k] = (struct over_y0){&u->q, (int)k + 1};
        q[k] = (struct predict){.terms = u->m.terms[0],
                                .item = (int)k + 1,
                                .b = fit->b,
                                .vcov = vcov,
                                .p = p,
                                .probability = simple ? predict_logistic : sum_over_y0,
                                .ctx = simple ? (const void *)&at[k] : (const void *)&over[k],
                                .flip = u->mirrored};
    }
    if ((e = predict_all(&u->m, q, items)) == ERR_OK && (e = add_rates(u, fit, vcov)) == ERR_OK &&
        (e = add_ratio(u, fit, plain)) == ERR_OK)
        e = add_assumptions(u);
    if (e == ERR_OK && u->m.o->likelihood_interval)
        e = ml_likelihood_interval(u, fit, &q[0]);
    if (e == ERR_OK && u->m.o->posterior)
        e = ml_add_posterior(u, fit->b);
    if (e == ERR_OK && u->direct != NULL)
        e = add_bias(u, fit, &q[0]);
out:
    free(flip);
    free(vcov);
    return e;
}
