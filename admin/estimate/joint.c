#include "admin/estimate/joint.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/latent.h"
#include "admin/estimate/numeric.h"
#include "admin/estimate/predict.h"
#include "core/log.h"

/* Where the blocks stand; LATENT_NONE: not in this model. */
struct blocks {
    size_t sensitive, control, control_z, outcome, outcome_y0, outcome_z, sigma;
};

struct run {
    struct model m;
    struct blocks at;
    struct likelihood likelihood;
    int items;
    bool linear;
    double *value; /* of each outcome code; standardised where linear */
    double mean, scale;
};

/* ---- the likelihood ---- */

static size_t active(const void *ctx, const struct cells_segment *s, size_t *block)
{
    const struct run *u = ctx;
    (void)s;
    for (size_t k = 0; k < u->likelihood.blocks; k++)
        block[k] = k;
    return u->likelihood.blocks;
}

static struct latent_sum control_of(const struct blocks *at, int z)
{
    struct latent_sum s = {0};
    latent_term(&s, at->control, 1);
    if (at->control_z != LATENT_NONE && z == 1)
        latent_term(&s, at->control_z, 1);
    return s;
}

static struct latent_sum outcome_of(const struct blocks *at, int y0, int z)
{
    struct latent_sum s = {0};
    latent_term(&s, at->outcome, 1);
    if (at->outcome_y0 != LATENT_NONE && y0 != 0)
        latent_term(&s, at->outcome_y0, y0);
    if (z == 1)
        latent_term(&s, at->outcome_z, 1);
    return s;
}

static void evaluate(const void *ctx, const struct likelihood_batch *b)
{
    const struct run *u = ctx;
    const struct cells_segment *g = b->segment;
    double value = u->value[g->extra[0]], eta[LIKELIHOOD_ACTIVE];
    for (size_t i = 0; i < b->count; i++) {
        struct likelihood_class k[2];
        memset(k, 0, sizeof k);
        for (size_t m = 0; m < u->likelihood.blocks; m++)
            eta[m] = b->eta[m][i];
        for (int z = 0; z < 2; z++) {
            int y0 = g->y - (g->arm != 0 ? z : 0);
            struct latent_sum control = control_of(&u->at, z), outcome = outcome_of(&u->at, y0, z);
            latent_binomial(&k[z], &control, eta, y0, u->items);
            if (k[z].ll == -INFINITY)
                continue;
            likelihood_add_logistic(&k[z], u->at.sensitive, eta[u->at.sensitive], z == 1 ? 1 : -1);
            if (u->linear)
                latent_normal(&k[z], &outcome, u->at.sigma, eta, value);
            else
                latent_logistic(&k[z], &outcome, eta, value > 0 ? 1 : -1);
        }
        likelihood_mix(k, 2, u->likelihood.blocks, i, b);
    }
}

static size_t add_block(struct run *u, const char *equation, const char *term)
{
    struct likelihood *l = &u->likelihood;
    l->block[l->blocks] = (struct likelihood_block){.equation = equation,
                                                    .term = term,
                                                    .of = term == NULL ? u->m.terms[0] : NULL,
                                                    .x = term == NULL ? &u->m.x[0] : NULL};
    return l->blocks++;
}

static void lay_out(struct run *u)
{
    bool free_ = u->m.o->unconstrained;
    u->at.sensitive = add_block(u, "sensitive", NULL);
    u->at.control = add_block(u, "control", NULL);
    u->at.control_z = free_ ? add_block(u, "control", "sensitiveitem") : LATENT_NONE;
    u->at.outcome = add_block(u, "outcome", NULL);
    u->at.outcome_y0 = free_ ? add_block(u, "outcome", "controlitems") : LATENT_NONE;
    u->at.outcome_z = add_block(u, "outcome", "sensitiveitem");
    u->at.sigma = u->linear ? add_block(u, "log_sigma", "") : LATENT_NONE;
    u->items = u->m.list->items;
    u->likelihood.cells = u->m.cells;
    u->likelihood.active = active;
    u->likelihood.evaluate = evaluate;
    u->likelihood.ctx = u;
}

/* ---- the outcome ---- */

static enum err choose_kind(struct run *u, const double *value, size_t values)
{
    bool binary = true;
    enum estimate_outcome asked = u->m.o->outcome_model;
    for (size_t k = 0; k < values; k++)
        binary = binary && (value[k] == 0 || value[k] == 1);
    u->linear = asked == OUTCOME_LINEAR || (asked == OUTCOME_BY_VALUES && !binary);
    if (!binary && !u->linear)
        return log_fail(
            ERR_STUDY,
            "--outcome-model logistic: %s has other values than 0 and 1; use linear, or "
            "recode it with --derive",
            u->m.o->outcome);
    if (values < 2)
        return log_fail(ERR_STUDY, "--outcome %s: all respondents have the same value",
                        u->m.o->outcome);
    return ERR_OK;
}

/* A linear outcome is fitted in units of its standard deviation, so that no unit of measurement is
 * too large for the optimiser. */
static void standardise(struct run *u, const int32_t *code, size_t values)
{
    double n = 0, sum = 0, squares = 0;
    for (size_t i = 0; i < u->m.f->n; i++)
        if (code[i] >= 0) {
            n++;
            sum += u->value[code[i]];
        }
    u->mean = sum / n;
    for (size_t i = 0; i < u->m.f->n; i++)
        if (code[i] >= 0)
            squares += (u->value[code[i]] - u->mean) * (u->value[code[i]] - u->mean);
    u->scale = sqrt(squares / n);
    for (size_t k = 0; k < values; k++)
        u->value[k] = (u->value[k] - u->mean) / u->scale;
}

/* ---- fitting ---- */

static void start_at(const struct run *u, double shift, double effect, double *b)
{
    const struct likelihood *l = &u->likelihood;
    double base = model_mean(&u->m, 0), hits = 0, all = 0;
    memset(b, 0, likelihood_parameters(l) * sizeof *b);
    for (size_t s = 0; !u->linear && s < u->m.cells->segments; s++) {
        const struct cells_segment *g = &u->m.cells->segment[s];
        for (size_t i = g->first; i < g->first + g->count; i++) {
            all += u->m.cells->weight[i];
            hits += u->m.cells->weight[i] * u->value[g->extra[0]];
        }
    }
    double share = latent_logit(model_mean(&u->m, 1) - base, 0.05) + shift;
    b[likelihood_offset(l, u->at.sensitive)] = share;
    b[likelihood_offset(l, u->at.control)] = latent_logit(base / u->items, 0.02);
    b[likelihood_offset(l, u->at.outcome)] =
        (u->linear ? 0 : latent_logit(hits / all, 0.02)) - effect / (1 + exp(-share));
    b[likelihood_offset(l, u->at.outcome_z)] = effect;
    if (u->linear)
        b[likelihood_offset(l, u->at.sigma)] = -0.1;
}

static enum err fit(struct run *u, struct likelihood_fit *out)
{
    static const struct {
        double shift, effect;
    } begin[] = {{0, 0.5}, {0, -0.5}, {0, 2}, {0, -2}, {-1.5, 1}, {1.5, -1}};
    enum { STARTS = sizeof begin / sizeof *begin };
    struct likelihood_options o = {.starts = STARTS,
                                   .what = "joint",
                                   .advice = "leave out covariates, or estimate without "
                                             "--unconstrained"};
    size_t p = likelihood_parameters(&u->likelihood);
    double *room = calloc(STARTS * p + 1, sizeof *room);
    if (room == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < STARTS; i++) {
        start_at(u, begin[i].shift, begin[i].effect, room + i * p);
        o.start[i] = room + i * p;
    }
    enum err e = likelihood_fit(&u->likelihood, &o, out);
    free(room);
    return e;
}

/* ---- reporting ---- */

/* Back to the outcome's own units. */
static void unscale(const struct run *u, size_t p)
{
    struct estimate_result *r = u->m.r;
    size_t first = likelihood_offset(&u->likelihood, u->at.outcome);
    size_t last = likelihood_offset(&u->likelihood, u->at.sigma);
    for (size_t i = first; i <= last; i++) {
        struct estimate_coefficient *c = &r->coefficient[i];
        if (i < last) {
            c->estimate *= u->scale;
            c->se *= u->scale;
            for (size_t j = 0; j < p; j++) {
                r->vcov[i * p + j] *= u->scale;
                r->vcov[j * p + i] *= u->scale;
            }
        }
        c->estimate += i == first ? u->mean : i == last ? log(u->scale) : 0;
        c->z = c->estimate / c->se;
        c->p_value = numeric_normal_two_sided(c->z);
    }
    double weights = 0;
    for (size_t i = 0; i < u->m.cells->n; i++)
        weights += u->m.cells->weight[i];
    r->loglik -= weights * log(u->scale);
    for (size_t i = 0; i < r->others; i++)
        r->other_maxima[i] -= weights * log(u->scale);
}

/* The outcome expected at design row ${x} if the latent answer is ${z}, over the control counts
 * that go with it; its gradient times ${w} is added. */
static double expected(const struct run *u, const double *x, const double *b, int z, double w,
                       double *grad)
{
    const struct likelihood *l = &u->likelihood;
    bool with_y0 = u->at.outcome_y0 != LATENT_NONE;
    double h = latent_eta(l, u->at.control, x, b) + z * latent_eta(l, u->at.control_z, x, b);
    double f = latent_eta(l, u->at.outcome, x, b) + z * latent_eta(l, u->at.outcome_z, x, b);
    double slope = latent_eta(l, u->at.outcome_y0, x, b), sum = 0, mean = u->items / (1 + exp(-h));
    for (int y0 = 0; y0 <= (with_y0 ? u->items : 0); y0++) {
        struct likelihood_class k = {0};
        if (with_y0)
            likelihood_add_binomial(&k, 0, h, y0, u->items);
        double p = exp(k.ll), eta = f + slope * y0;
        double v = 1 / (1 + exp(-eta)), d = v * (1 - v);
        sum += p * v;
        double of_control = with_y0 ? w * p * v * (y0 - mean) : 0;
        latent_gradient(l, u->at.control, x, of_control, grad);
        latent_gradient(l, u->at.control_z, x, z * of_control, grad);
        latent_gradient(l, u->at.outcome, x, w * p * d, grad);
        latent_gradient(l, u->at.outcome_y0, x, w * p * d * y0, grad);
        latent_gradient(l, u->at.outcome_z, x, w * p * d * z, grad);
    }
    return sum;
}

/* The share with the outcome if everybody agreed, if nobody did, and the difference. (A linear
 * outcome is no share: there the coefficient says it.) */
static enum err add_outcomes(struct run *u, const struct likelihood_fit *f, const double *vcov)
{
    static const char *const name[] = {"outcome.disagree", "outcome.agree", "outcome.difference"};
    size_t p = f->p;
    double mean[3] = {0}, all = 0;
    double q =
        isfinite(u->m.df) ? numeric_t_quantile(0.975, u->m.df) : numeric_normal_quantile(0.975);
    double *grad = calloc(3 * p + 1, sizeof *grad);
    enum err e = grad == NULL ? ERR_NOMEM : ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < u->m.cells->n; i++) {
        const double *x = u->m.x[0].at + i * u->m.x[0].cols;
        double w = u->m.cells->weight[i];
        all += w;
        for (int z = 0; z < 2; z++)
            mean[z] += w * expected(u, x, f->b, z, w, grad + (size_t)z * p);
    }
    for (size_t j = 0; e == ERR_OK && j < p; j++)
        grad[2 * p + j] = grad[p + j] - grad[j];
    mean[2] = mean[1] - mean[0];
    for (size_t k = 0; e == ERR_OK && k < 3; k++) {
        double var = matrix_quadratic(grad + k * p, vcov, p) / (all * all);
        double se = sqrt(fmax(0, var)), v = mean[k] / all;
        e = estimate_add_prevalence(u->m.r, name[k], 1, v, se, v - q * se, v + q * se);
    }
    free(grad);
    return e;
}

static enum err say(struct run *u)
{
    struct estimate_result *r = u->m.r;
    enum err e = estimate_assume(
        r, "The item leaves the answers to the others as they are, and nobody lies in the count.");
    if (e == ERR_OK)
        e = estimate_assume(r, "Control counts are binomial given the covariates%s.",
                            u->m.o->unconstrained ? " and the latent answer" : "");
    if (e == ERR_OK)
        e = estimate_assume(
            r,
            "The outcome is %s in the covariates%s and the latent answer, and the card that was "
            "drawn does not change it.",
            u->linear ? "linear, with normal errors," : "logistic",
            u->m.o->unconstrained ? ", the control count" : "");
    return e;
}

static enum err report(struct run *u, const struct likelihood_fit *f)
{
    size_t p = f->p, at = likelihood_offset(&u->likelihood, u->at.sensitive);
    double *vcov = calloc(p * p + 1, sizeof *vcov);
    enum err e = vcov == NULL ? ERR_NOMEM : model_take(&u->m, &u->likelihood, f, NULL, vcov);
    struct predict q = {.terms = u->m.terms[0],
                        .item = 1,
                        .b = f->b,
                        .vcov = vcov,
                        .p = p,
                        .probability = predict_logistic,
                        .ctx = &at};
    if (e == ERR_OK && u->linear)
        unscale(u, p);
    if (e == ERR_OK)
        e = predict_all(&u->m, &q, 1);
    if (e == ERR_OK && !u->linear)
        e = add_outcomes(u, f, vcov);
    if (e == ERR_OK)
        e = say(u);
    free(vcov);
    return e;
}

static enum err joint_run(const struct frame *f, const struct estimate_options *o,
                          struct estimate_result **out)
{
    const struct frame_list *list = &f->list[o->list];
    struct likelihood_fit best = {0};
    int32_t *code = NULL;
    size_t values = 0;
    struct run *u = calloc(1, sizeof *u);
    enum err e = u == NULL ? ERR_NOMEM : latent_check(f, list, "joint");
    if (e != ERR_OK)
        goto out;
    u->m.o = o;
    if (o->outcome == NULL)
        e = log_fail(ERR_USAGE, "joint needs --outcome COL, what the latent answer is to predict");
    else
        e = latent_codes(f, list, o->outcome, "--outcome", &code, &u->value, &values);
    if (e != ERR_OK || (e = choose_kind(u, u->value, values)) != ERR_OK)
        goto out;
    const struct model_spec spec = {.method = "joint",
                                    .equation = {{o->covariates, "--covariates"}},
                                    .equations = 1,
                                    .extra = {code},
                                    .extra_option = {"--outcome"}};
    if ((e = model_open(f, o, &spec, &u->m)) != ERR_OK)
        goto out;
    if (u->linear)
        standardise(u, code, values);
    lay_out(u);
    if ((e = fit(u, &best)) == ERR_OK)
        e = report(u, &best);
out:
    if (u != NULL) {
        model_close(&u->m, e == ERR_OK ? out : NULL);
        free(u->value);
    }
    likelihood_fit_free(&best);
    free(code);
    free(u);
    return e;
}

const struct estimator joint_estimator = {
    "joint", "the latent answer as a predictor of an outcome", joint_run,
    "covariates outcome outcome-model unconstrained se profile difference starts seed"};
