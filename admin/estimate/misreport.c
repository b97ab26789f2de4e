#include "admin/estimate/misreport.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/latent.h"
#include "admin/estimate/numeric.h"
#include "admin/estimate/predict.h"
#include "core/log.h"

/* Where the blocks stand; LATENT_NONE: not in this model. */
struct blocks {
    size_t sensitive, control, control_u, control_z, misreport, treat;
};

struct run {
    struct model m;
    struct blocks at;
    struct likelihood likelihood;
    int items;
    bool mirrored;
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

/* One kind of respondent: z and u, with a direct answer of z (1 - u). False: nobody of this kind
 * gives this answer and count. */
static bool add_kind(const struct run *u, const struct cells_segment *g, const double *eta, int z,
                     int lies, struct likelihood_class *k)
{
    struct latent_sum control = {0}, lie = {0};
    memset(k, 0, sizeof *k);
    if (g->extra[0] != z * (1 - lies))
        return false;
    latent_term(&control, u->at.control, 1);
    if (z == 1 && u->at.control_z != LATENT_NONE)
        latent_term(&control, u->at.control_z, 1);
    if (lies == 1 && u->at.control_u != LATENT_NONE)
        latent_term(&control, u->at.control_u, 1);
    latent_binomial(k, &control, eta, g->y - (g->arm != 0 ? z : 0), u->items);
    if (k->ll == -INFINITY)
        return false;
    likelihood_add_logistic(k, u->at.sensitive, eta[u->at.sensitive], z == 1 ? 1 : -1);
    if (z == 0)
        return true;
    latent_term(&lie, u->at.misreport, 1);
    if (g->arm != 0 && u->at.treat != LATENT_NONE)
        latent_term(&lie, u->at.treat, 1);
    latent_logistic(k, &lie, eta, lies == 1 ? 1 : -1);
    return true;
}

static void evaluate(const void *ctx, const struct likelihood_batch *b)
{
    const struct run *u = ctx;
    double eta[LIKELIHOOD_ACTIVE];
    for (size_t i = 0; i < b->count; i++) {
        struct likelihood_class k[3];
        size_t kinds = 0;
        for (size_t m = 0; m < u->likelihood.blocks; m++)
            eta[m] = b->eta[m][i];
        kinds += add_kind(u, b->segment, eta, 0, 0, &k[kinds]);
        kinds += add_kind(u, b->segment, eta, 1, 0, &k[kinds]);
        kinds += add_kind(u, b->segment, eta, 1, 1, &k[kinds]);
        likelihood_mix(k, kinds, u->likelihood.blocks, i, b);
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
    const struct estimate_options *o = u->m.o;
    bool with_u = o->control_constraint == CONSTRAINT_NONE;
    bool with_z = o->control_constraint != CONSTRAINT_FULL;
    u->at.sensitive = add_block(u, "sensitive", NULL);
    u->at.control = add_block(u, "control", NULL);
    u->at.control_u = with_u ? add_block(u, "control", "U") : LATENT_NONE;
    u->at.control_z = with_z ? add_block(u, "control", "Z") : LATENT_NONE;
    u->at.misreport = add_block(u, "misreport", NULL);
    u->at.treat = o->no_treatment ? LATENT_NONE : add_block(u, "misreport", "treat");
    u->items = u->m.list->items;
    u->likelihood.cells = u->m.cells;
    u->likelihood.active = active;
    u->likelihood.evaluate = evaluate;
    u->likelihood.ctx = u;
}

/* ---- fitting ---- */

/* Counts that the model gives probability 0: the direct answer and the list contradict each other.
 */
static enum err refuse_contradictions(const struct run *u)
{
    size_t n = 0;
    for (size_t s = 0; s < u->m.cells->segments; s++) {
        const struct cells_segment *g = &u->m.cells->segment[s];
        for (size_t i = g->first;
             g->arm != 0 && g->y == 0 && g->extra[0] == 1 && i < g->first + g->count; i++)
            n += u->m.cells->rows[i];
    }
    if (n == 0)
        return ERR_OK;
    return log_fail(ERR_STUDY,
                    "misreport: %zu respondents %s when asked directly and count %s with the item, "
                    "which nobody does in the model; look at placebo test I of --method combined, "
                    "and correct or leave out these rows",
                    n, u->mirrored ? "did not agree" : "agreed", u->mirrored ? "J + 1" : "0");
}

/* Intercepts that fit the means: with a share ${share} who agree, of whom those who did not say so
 * directly misreport. */
static void start_at(const struct run *u, double share, double *b)
{
    const struct likelihood *l = &u->likelihood;
    double base = model_mean(&u->m, 0), yes = 0, all = 0;
    memset(b, 0, likelihood_parameters(l) * sizeof *b);
    for (size_t s = 0; s < u->m.cells->segments; s++) {
        const struct cells_segment *g = &u->m.cells->segment[s];
        for (size_t i = g->first; i < g->first + g->count; i++) {
            all += u->m.cells->weight[i];
            yes += u->m.cells->weight[i] * g->extra[0];
        }
    }
    share = fmin(0.95, fmax(share, yes / all + 0.02));
    b[likelihood_offset(l, u->at.sensitive)] = latent_logit(share, 0.02);
    b[likelihood_offset(l, u->at.control)] = latent_logit(base / u->items, 0.02);
    b[likelihood_offset(l, u->at.misreport)] = latent_logit(1 - yes / all / share, 0.02);
}

static enum err fit(struct run *u, struct likelihood_fit *out)
{
    enum { STARTS = 5 };
    size_t p = likelihood_parameters(&u->likelihood);
    double *room = calloc(STARTS * p + 1, sizeof *room);
    double d = model_mean(&u->m, 1) - model_mean(&u->m, 0);
    struct likelihood_options o = {.starts = STARTS,
                                   .what = "misreport",
                                   .advice = "leave out covariates, or take more of the control "
                                             "answers as alike (--control-constraint full)"};
    if (room == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < STARTS; i++) {
        static const double around[STARTS] = {0, -0.15, 0.15, 0.3, 0};
        double *b = room + i * p;
        start_at(u, fmin(0.9, fmax(0.05, d + around[i])), b);
        if (i + 1 == STARTS) /* liars and others that differ much in the control items */
            for (size_t k = 0; k < u->likelihood.blocks; k++)
                if (k == u->at.control_u || k == u->at.control_z)
                    b[likelihood_offset(&u->likelihood, k)] = k == u->at.control_u ? 1 : -1;
        o.start[i] = b;
    }
    enum err e = likelihood_fit(&u->likelihood, &o, out);
    free(room);
    return e;
}

/* ---- reporting ---- */

/* Who misreports, of those who could, at design row ${x}; gradients of numerator and denominator
 * times ${w} are added. */
static void add_liars(const struct run *u, const double *x, const double *b, int t, double w,
                      double sum[2], double *grad, size_t p)
{
    const struct likelihood *l = &u->likelihood;
    double z = 1 / (1 + exp(-latent_eta(l, u->at.sensitive, x, b)));
    double q =
        1 / (1 + exp(-latent_eta(l, u->at.misreport, x, b) - t * latent_eta(l, u->at.treat, x, b)));
    sum[0] += w * z * q;
    sum[1] += w * z;
    latent_gradient(l, u->at.sensitive, x, w * q * z * (1 - z), grad);
    latent_gradient(l, u->at.misreport, x, w * z * q * (1 - q), grad);
    latent_gradient(l, u->at.treat, x, t * w * z * q * (1 - q), grad);
    latent_gradient(l, u->at.sensitive, x, w * z * (1 - z), grad + p);
}

/* A share with an interval on the logit scale, which keeps it within 0 and 1. */
static enum err add_share(struct run *u, const char *name, double share, const double *grad,
                          const double *vcov, size_t p)
{
    double q =
        isfinite(u->m.df) ? numeric_t_quantile(0.975, u->m.df) : numeric_normal_quantile(0.975);
    double se = sqrt(fmax(0, matrix_quadratic(grad, vcov, p)));
    double logit = log(share / (1 - share)), half = q * se / (share * (1 - share));
    return estimate_add_prevalence(u->m.r, name, 1, share, se, 1 / (1 + exp(half - logit)),
                                   1 / (1 + exp(-half - logit)));
}

static enum err add_misreports(struct run *u, const struct likelihood_fit *f, const double *vcov)
{
    static const char *const name[2][2] = {
        {"misreport, of those who could", "misreport, of all"},
        {"misreport with the item, of those who could", "misreport with the item, of all"}};
    size_t p = f->p, cards = u->at.treat == LATENT_NONE ? 1 : 2;
    double *grad = calloc(3 * p + 1, sizeof *grad);
    enum err e = grad == NULL ? ERR_NOMEM : ERR_OK;
    for (size_t t = 0; e == ERR_OK && t < cards; t++) {
        double sum[2] = {0, 0}, all = 0;
        memset(grad, 0, 3 * p * sizeof *grad);
        for (size_t i = 0; i < u->m.cells->n; i++) {
            double w = u->m.cells->weight[i];
            add_liars(u, u->m.x[0].at + i * u->m.x[0].cols, f->b, (int)t, w, sum, grad, p);
            all += w;
        }
        for (size_t j = 0; j < p; j++) {
            grad[2 * p + j] = (grad[j] - sum[0] / sum[1] * grad[p + j]) / sum[1];
            grad[j] /= all;
        }
        e = add_share(u, name[t][0], sum[0] / sum[1], grad + 2 * p, vcov, p);
        if (e == ERR_OK)
            e = add_share(u, name[t][1], sum[0] / all, grad, vcov, p);
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
        e = estimate_assume(
            r, u->mirrored
                   ? "Asked directly, only those who do not agree may misreport; who agrees "
                     "says so. U and Z in the control equation are of those who do not agree."
                   : "Asked directly, only those who agree may misreport; who does not agree "
                     "says so.");
    if (e == ERR_OK)
        e = estimate_assume(r, "Control counts are binomial given the covariates%s.",
                            u->m.o->control_constraint == CONSTRAINT_NONE
                                ? ", agreement and misreporting"
                            : u->m.o->control_constraint == CONSTRAINT_PARTIAL ? " and agreement"
                                                                               : "");
    return e;
}

static enum err report(struct run *u, const struct likelihood_fit *f)
{
    size_t p = f->p, at = likelihood_offset(&u->likelihood, u->at.sensitive);
    size_t misreport = likelihood_offset(&u->likelihood, u->at.misreport);
    double *vcov = calloc(p * p + 1, sizeof *vcov);
    bool *flip = calloc(p + 1, sizeof *flip);
    enum err e = vcov == NULL || flip == NULL ? ERR_NOMEM : ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < p; i++)
        flip[i] = u->mirrored && i < misreport;
    if (e == ERR_OK)
        e = model_take(&u->m, &u->likelihood, f, flip, vcov);
    struct predict q = {.terms = u->m.terms[0],
                        .item = 1,
                        .b = f->b,
                        .vcov = vcov,
                        .p = p,
                        .probability = predict_logistic,
                        .ctx = &at,
                        .flip = u->mirrored};
    if (e == ERR_OK)
        e = predict_all(&u->m, &q, 1);
    if (e == ERR_OK)
        e = add_misreports(u, f, vcov);
    if (e == ERR_OK)
        e = say(u);
    free(vcov);
    free(flip);
    return e;
}

static enum err misreport_run(const struct frame *f, const struct estimate_options *o,
                              struct estimate_result **out)
{
    const struct frame_list *list = &f->list[o->list];
    struct likelihood_fit best = {0};
    enum study_hide hide = HIDE_AGREE;
    int32_t *code = NULL;
    struct run *u = calloc(1, sizeof *u);
    enum err e = u == NULL ? ERR_NOMEM : latent_check(f, list, "misreport");
    if (e == ERR_OK && o->direct == NULL)
        e = log_fail(ERR_USAGE, "misreport needs --direct COL, the answer to the direct question");
    if (e == ERR_OK)
        e = model_direction(list, "misreport",
                            "on the direct question only one answer is misreported", NULL, &hide);
    if (e == ERR_OK)
        e = latent_binary(f, list, o->direct, "--direct", &code);
    if (e != ERR_OK)
        goto out;
    u->mirrored = hide == HIDE_DISAGREE;
    for (size_t i = 0; u->mirrored && i < f->n; i++)
        code[i] = code[i] >= 0 ? 1 - code[i] : -1;
    const struct model_spec spec = {.method = "misreport",
                                    .equation = {{o->covariates, "--covariates"}},
                                    .equations = 1,
                                    .extra = {code},
                                    .extra_option = {"--direct"},
                                    .mirror = u->mirrored};
    e = model_open(f, o, &spec, &u->m);
    if (e == ERR_OK) /* again, now that there is a result to carry the warning */
        e = model_direction(list, "misreport", "", u->m.r, &hide);
    if (e != ERR_OK || (e = refuse_contradictions(u)) != ERR_OK)
        goto out;
    lay_out(u);
    if ((e = fit(u, &best)) == ERR_OK)
        e = report(u, &best);
out:
    if (u != NULL)
        model_close(&u->m, e == ERR_OK ? out : NULL);
    likelihood_fit_free(&best);
    free(code);
    free(u);
    return e;
}

const struct estimator misreport_estimator = {
    "misreport", "who misreports on the direct question", misreport_run,
    "covariates direct control-constraint misreport-treatment se profile difference starts seed"};
