#include "admin/estimate/ml.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/ml_model.h"
#include "admin/estimate/numeric.h"
#include "core/log.h"

static bool liars(const struct estimate_options *o)
{
    return o->ceiling || o->floor;
}

/* Which options go together. */
static enum err check_options(const struct frame_list *l, const struct estimate_options *o)
{
    bool several = l->arms > 2;
    const struct {
        bool wrong;
        const char *sentence;
    } rule[] = {
        {several && (o->unconstrained || liars(o) || o->error != ERROR_NONE),
         "with several sensitive items only --overdispersed and --multi can be used; estimate each "
         "item alone with the others"},
        {o->unconstrained && (liars(o) || o->error != ERROR_NONE || o->multi != MULTI_NONE),
         "--unconstrained goes with --overdispersed only: more is not identified"},
        {liars(o) && o->error != ERROR_NONE,
         "--ceiling and --floor do not go with --error: both explain the same extreme counts"},
        {o->multi != MULTI_NONE && (liars(o) || o->error != ERROR_NONE),
         "--multi does not go with --ceiling, --floor or --error"},
        {o->likelihood_interval && (several || o->multi != MULTI_NONE || o->simulate),
         "--interval likelihood is for one sensitive item, without --multi and --simulate"},
        {o->posterior && several, "--posterior is for lists with one sensitive item"},
        {o->ceiling_covariates != NULL && !o->ceiling, "--ceiling-covariates needs --ceiling"},
        {o->floor_covariates != NULL && !o->floor, "--floor-covariates needs --floor"},
    };
    for (size_t i = 0; i < sizeof rule / sizeof *rule; i++)
        if (rule[i].wrong)
            return log_fail(ERR_USAGE, "ml: %s", rule[i].sentence);
    return ERR_OK;
}

static enum err refuse_impossible(const struct model *m)
{
    size_t n = 0;
    for (size_t s = 0; s < m->cells->segments; s++) {
        const struct cells_segment *q = &m->cells->segment[s];
        for (size_t i = 0; q->arm == 0 && i < q->count; i++) /* above, or in the mirror below */
            n += q->y > m->list->items || q->y < 0 ? m->cells->rows[q->first + i] : 0;
    }
    return n == 0 ? ERR_OK
                  : log_fail(ERR_STUDY,
                             "ml: %zu control %s above the %d items shown, which has probability 0 "
                             "in the model; correct them, or use dim",
                             n, n == 1 ? "count is" : "counts are", m->list->items);
}

static size_t add_block(struct ml_run *u, const char *equation, const char *term, size_t equations)
{
    struct likelihood *l = &u->q.likelihood;
    bool scalar = equations == MODEL_EQUATIONS;
    l->block[l->blocks] = (struct likelihood_block){
        .equation = equation,
        .term = term,
        .of = scalar ? NULL : u->m.terms[equations],
        .x = scalar ? NULL : &u->m.x[equations],
        .prior = !u->m.o->prior ? NULL
                 : scalar       ? &u->scalar_prior
                                : u->prior[equations],
    };
    return l->blocks++;
}

static void add_y0_scalars(struct ml_run *u, size_t arm)
{
    struct ml *q = &u->q;
    q->y0[arm] = ML_NONE;
    if (q->multi == MULTI_LEVEL)
        q->y0[arm] = add_block(u, u->name[arm], "y0", MODEL_EQUATIONS);
    for (int y0 = 0; q->multi == MULTI_INDICATORS && y0 < q->items; y0++) {
        snprintf(u->term[y0], sizeof u->term[y0], "y0eq%d", y0);
        size_t k = add_block(u, u->name[arm], u->term[y0], MODEL_EQUATIONS);
        q->y0[arm] = y0 == 0 ? k : q->y0[arm];
    }
}

static void advise(struct ml_run *u, size_t block, const char *advice)
{
    if (block != ML_NONE && !u->m.o->prior)
        u->q.likelihood.block[block].advice = advice;
}

/* A share of 0 or 1 is a logit at infinity. */
static void advise_all(struct ml_run *u)
{
    struct ml *q = &u->q;
    for (size_t i = 0; i < 2; i++) {
        advise(u, q->rho[i],
               "the data show no overdispersion, or nothing else: leave out "
               "--overdispersed, or use --prior cauchy");
        advise(u, q->error[i],
               "the data show no errors, or nothing else: leave out --error, or use "
               "--prior cauchy");
    }
    advise(u, q->ceiling,
           "the data show no such liars, or nobody else: leave the option out, or use "
           "--prior cauchy");
    advise(u, q->floor,
           "the data show no such liars, or nobody else: leave the option out, or use "
           "--prior cauchy");
}

/* The blocks in the order in which coefficients are reported. */
static void lay_out(struct ml_run *u)
{
    const struct estimate_options *o = u->m.o;
    struct ml *q = &u->q;
    q->items = u->m.list->items;
    q->multi = o->multi;
    q->kind = o->error;
    q->ceiling = q->floor = q->error[0] = q->error[1] = q->rho[0] = q->rho[1] = ML_NONE;
    for (size_t k = 1; k < u->m.list->arms; k++) {
        snprintf(u->name[k], sizeof u->name[k], u->m.list->arms > 2 ? "sensitive.%zu" : "sensitive",
                 k);
        q->sensitive[k] = add_block(u, u->name[k], NULL, 0);
        add_y0_scalars(u, k);
    }
    q->sensitive[0] = q->sensitive[1];
    q->psi[0] = add_block(u, o->unconstrained ? "control.psi0" : "control", NULL, 0);
    q->psi[1] = o->unconstrained ? add_block(u, "control.psi1", NULL, 0) : q->psi[0];
    if (o->overdispersed) {
        q->rho[0] = add_block(u, "logit_rho", o->unconstrained ? "psi0" : "", MODEL_EQUATIONS);
        q->rho[1] =
            o->unconstrained ? add_block(u, "logit_rho", "psi1", MODEL_EQUATIONS) : q->rho[0];
    }
    /* named for the end of the count that is shown, modelled in the mirror */
    if (u->at_floor)
        *(u->mirrored ? &q->ceiling : &q->floor) = add_block(u, "floor", NULL, u->at_floor);
    if (u->at_ceiling)
        *(u->mirrored ? &q->floor : &q->ceiling) = add_block(u, "ceiling", NULL, u->at_ceiling);
    if (o->error == ERROR_TOPCODE)
        q->error[0] = q->error[1] = add_block(u, "logit_p", "", MODEL_EQUATIONS);
    if (o->error == ERROR_UNIFORM) {
        q->error[0] = add_block(u, "logit_p0", "", MODEL_EQUATIONS);
        q->error[1] = add_block(u, "logit_p1", "", MODEL_EQUATIONS);
    }
    advise_all(u);
}

static bool is_plain(const struct estimate_options *o)
{
    return !o->unconstrained && !o->overdispersed && !liars(o) && o->error == ERROR_NONE &&
           o->multi == MULTI_NONE;
}

/* Scales of the Cauchy prior (Gelman, Jakulin, Pittau and Su 2008): 10 for the intercept, 2.5 for
 * the others after a column of two values is given the range 1 and any other the standard
 * deviation 1/2. */
static enum err make_priors(struct ml_run *u)
{
    u->scalar_prior = 10;
    for (size_t k = 0; u->m.o->prior && k < u->m.equations; k++) {
        const struct matrix *x = &u->m.x[k];
        if ((u->prior[k] = calloc(x->cols + 1, sizeof *u->prior[k])) == NULL)
            return ERR_NOMEM;
        u->prior[k][0] = 10;
        for (size_t j = 1; j < x->cols; j++) {
            double n = 0, mean = 0, square = 0, least = INFINITY, most = -INFINITY;
            bool two = true;
            for (size_t i = 0; i < x->rows; i++) {
                double v = x->at[i * x->cols + j], w = u->m.cells->rows[i];
                double d = v - mean;
                n += w;
                mean += d * w / n;
                square += w * d * (v - mean);
                least = v < least ? v : least;
                most = v > most ? v : most;
            }
            for (size_t i = 0; two && i < x->rows; i++) {
                double v = x->at[i * x->cols + j];
                two = v == least || v == most;
            }
            u->prior[k][j] = two ? 2.5 / (most - least) : 2.5 / (2 * sqrt(square / (n - 1)));
        }
    }
    return ERR_OK;
}

static double logit_within(double p, double margin)
{
    p = p < margin ? margin : p > 1 - margin ? 1 - margin : p;
    return log(p / (1 - p));
}

/* Intercepts that fit the means of the arms, all slopes 0; ${shift} is added to the sensitive
 * intercepts, the other scalars (liars, errors, rho) begin at ${extra}. */
static void crude_start(const struct ml_run *u, double shift, double extra, double *b)
{
    const struct ml *q = &u->q;
    const struct likelihood *l = &q->likelihood;
    double base = model_mean(&u->m, 0), items = q->items;
    memset(b, 0, likelihood_parameters(l) * sizeof *b);
    for (size_t k = 1; k < u->m.list->arms; k++)
        b[likelihood_offset(l, q->sensitive[k])] =
            logit_within(model_mean(&u->m, (int)k) - base, 0.05) + shift;
    b[likelihood_offset(l, q->psi[0])] = logit_within(base / items, 0.02);
    b[likelihood_offset(l, q->psi[1])] = logit_within(base / items, 0.02);
    const size_t other[] = {q->rho[0], q->rho[1], q->ceiling, q->floor, q->error[0], q->error[1]};
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        if (other[i] != ML_NONE)
            b[likelihood_offset(l, other[i])] = extra;
}

/* The constrained standard model's maximum, for starts and likelihood ratios; *found false where it
 * has none. */
static enum err fit_plain(const struct ml_run *u, struct likelihood_fit *fit, bool *found)
{
    struct ml_run *plain = malloc(sizeof *plain);
    struct estimate_options o = {0};
    double start[2 * TERMS_MAX];
    if (plain == NULL)
        return ERR_NOMEM;
    *plain = *u;
    plain->q.likelihood = (struct likelihood){.cells = u->m.cells};
    plain->at_ceiling = plain->at_floor = 0;
    plain->m.o = &o;
    lay_out(plain);
    plain->q.likelihood.active = ml_plain_active;
    plain->q.likelihood.evaluate = ml_plain_evaluate;
    plain->q.likelihood.ctx = &plain->q;
    crude_start(plain, 0, 0, start);
    struct likelihood_options lo = {.start = {start}, .starts = 1, .quiet = true};
    enum err e = likelihood_fit(&plain->q.likelihood, &lo, fit);
    *found = e == ERR_OK;
    free(plain);
    return e == ERR_DOUBT ? ERR_OK : e;
}

/* Put the plain fit's coefficients where the blocks of the model are. */
static void start_from(const struct ml_run *u, const struct likelihood_fit *plain, double extra,
                       double *b)
{
    const struct likelihood *l = &u->q.likelihood;
    size_t k = terms_count(u->m.terms[0]);
    crude_start(u, 0, extra, b);
    memcpy(b + likelihood_offset(l, u->q.sensitive[1]), plain->b, k * sizeof *b);
    for (size_t z = 0; z < 2; z++)
        memcpy(b + likelihood_offset(l, u->q.psi[z]), plain->b + k, k * sizeof *b);
}

/* A resample begins where the whole sample ended; *found false where that cannot be done. */
static enum err fit_warm(struct ml_run *u, struct likelihood_fit *out, bool *found)
{
    const struct estimate_result *w = u->m.o->warm;
    size_t p = likelihood_parameters(&u->q.likelihood);
    *found = false;
    if (w == NULL || w->coefficients != p)
        return ERR_OK;
    double *b = malloc((p + 1) * sizeof *b);
    bool *flip = calloc(p + 1, sizeof *flip);
    enum err e = b != NULL && flip != NULL ? ERR_OK : ERR_NOMEM;
    if (e == ERR_OK)
        ml_flips(u, flip);
    for (size_t i = 0; e == ERR_OK && i < p; i++)
        b[i] = flip[i] ? -w->coefficient[i].estimate : w->coefficient[i].estimate;
    struct likelihood_options o = {.start = {b}, .starts = 1, .quiet = true};
    if (e == ERR_OK) {
        e = likelihood_fit(&u->q.likelihood, &o, out);
        *found = e == ERR_OK;
    }
    free(b);
    free(flip);
    return e == ERR_DOUBT ? ERR_OK : e;
}

enum { CRUDE_STARTS = 3 };

/* ${plain} is left empty where the model is that itself, or where it has no maximum. */
static enum err fit(struct ml_run *u, struct likelihood_fit *out, struct likelihood_fit *plain)
{
    static const double shift[CRUDE_STARTS] = {0, -2, 2}, extra[CRUDE_STARTS] = {-2, 0, -4};
    bool plain_only = is_plain(u->m.o), found = false, single = u->m.list->arms == 2;
    size_t p = likelihood_parameters(&u->q.likelihood), n = 0;
    struct likelihood_options o = {.what = "ml",
                                   .advice = u->m.o->prior
                                                 ? "use fewer covariates"
                                                 : "use --prior cauchy, or fewer covariates"};
    enum err e = fit_warm(u, out, &found);
    if (e != ERR_OK || found)
        return e;
    double *room = calloc(LIKELIHOOD_STARTS * p + 1, sizeof *room);
    e = room != NULL ? ERR_OK : ERR_NOMEM;
    if (e == ERR_OK && !plain_only && single)
        e = fit_plain(u, plain, &found);
    for (size_t i = 0; e == ERR_OK && found && i < CRUDE_STARTS; i++, n++)
        start_from(u, plain, extra[i], room + n * p);
    for (size_t i = 0; e == ERR_OK && i < CRUDE_STARTS; i++, n++)
        crude_start(u, shift[i], extra[i], room + n * p);
    for (size_t i = 0; i < n; i++)
        o.start[i] = room + i * p;
    o.starts = n;
    if (e == ERR_OK)
        e = likelihood_fit(&u->q.likelihood, &o, out);
    free(room);
    return e;
}

static enum err open_model(struct ml_run *u, const struct frame *f,
                           const struct estimate_options *o)
{
    struct model_spec s = {.method = "ml",
                           .equation = {{o->covariates, "--covariates"}},
                           .equations = 1,
                           .mirror = u->mirrored};
    if (o->floor) {
        u->at_floor = s.equations;
        s.equation[s.equations++] =
            (struct model_equation){o->floor_covariates, "--floor-covariates"};
    }
    if (o->ceiling) {
        u->at_ceiling = s.equations;
        s.equation[s.equations++] =
            (struct model_equation){o->ceiling_covariates, "--ceiling-covariates"};
    }
    enum err e = bias_open(f, o, &s, &u->direct);
    if (e == ERR_OK)
        e = model_open(f, o, &s, &u->m);
    if (e != ERR_OK || (e = refuse_impossible(&u->m)) != ERR_OK || (e = make_priors(u)) != ERR_OK)
        return e;
    if (o->likelihood_interval && u->m.design != NULL)
        return log_fail(ERR_USAGE, "--interval likelihood: with weights, points or strata the "
                                   "likelihood's height has no known distribution; leave one out");
    lay_out(u);
    u->q.likelihood.cells = u->m.cells;
    u->q.likelihood.active = is_plain(o) ? ml_plain_active : ml_latent_active;
    u->q.likelihood.evaluate = is_plain(o) ? ml_plain_evaluate : ml_latent_evaluate;
    u->q.likelihood.ctx = &u->q;
    return ERR_OK;
}

static enum err run(const struct frame *f, const struct estimate_options *o,
                    struct estimate_result **out)
{
    struct likelihood_fit best = {0}, plain = {0};
    enum study_hide hide = HIDE_AGREE;
    struct ml_run *u = calloc(1, sizeof *u);
    bool done = false;
    if (u == NULL)
        return ERR_NOMEM;
    enum err e = check_options(&f->list[o->list], o);
    if (e == ERR_OK && liars(o))
        e = model_direction(&f->list[o->list], "--ceiling or --floor",
                            "who lies hides one and the same answer", NULL, &hide);
    u->mirrored = hide == HIDE_DISAGREE;
    if (e == ERR_OK && (e = open_model(u, f, o)) == ERR_OK && liars(o))
        e = model_direction(&f->list[o->list], "--ceiling or --floor", "", u->m.r, &hide);
    if (e == ERR_OK && (e = fit(u, &best, &plain)) == ERR_OK)
        e = ml_report(u, &best, plain.b != NULL ? &plain : NULL);
    done = e == ERR_OK;
    likelihood_fit_free(&best);
    likelihood_fit_free(&plain);
    for (size_t k = 0; k < MODEL_EQUATIONS; k++)
        free(u->prior[k]);
    free(u->direct);
    model_close(&u->m, done ? out : NULL);
    free(u);
    return e;
}

const struct estimator ml_estimator = {
    "ml", "maximum likelihood", run,
    "covariates unconstrained overdispersed ceiling floor "
    "ceiling-covariates floor-covariates prior "
    "error multi se profile difference simulate draws seed direct posterior force interval"};
