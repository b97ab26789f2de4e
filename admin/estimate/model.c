#include "admin/estimate/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/log.h"

static double processor_seconds(void)
{
    struct timespec t;
    return clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) == 0
               ? (double)t.tv_sec + 1e-9 * (double)t.tv_nsec
               : NAN;
}

static enum err mirror_counts(struct model *m)
{
    const struct frame_list *l = m->list;
    if ((m->count = malloc((m->f->n + 1) * sizeof *m->count)) == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < m->f->n; i++)
        m->count[i] =
            estimate_used(l, i) ? (int16_t)(l->items + (l->arm[i] > 0) - l->count[i]) : l->count[i];
    return ERR_OK;
}

/* Which rows: those with an arm, a count and the extra keys; then those with all covariates. Twice,
 * because a row that a later formula drops must not count for an earlier one's levels. */
static enum err choose_rows(struct model *m, const struct model_spec *spec)
{
    enum err e = ERR_OK;
    if ((m->used = malloc(m->f->n + 1)) == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < m->f->n; i++)
        m->used[i] = (m->list->arm[i] >= 0) & (m->list->count[i] >= 0); /* estimate_used */
    for (size_t k = 0; k < CELLS_EXTRA && spec->extra[k] != NULL; k++)
        for (size_t i = 0; i < m->f->n; i++)
            m->used[i] &= spec->extra[k][i] >= 0;
    for (size_t pass = 0; pass < (spec->equations > 1 ? 2 : 1); pass++)
        for (size_t k = 0; k < spec->equations; k++) {
            terms_free(m->terms[k]);
            m->terms[k] = NULL;
            e = terms_new(m->f, spec->equation[k].formula, spec->equation[k].option, m->used,
                          &m->terms[k]);
            if (e != ERR_OK)
                return e;
        }
    m->equations = spec->equations;
    return ERR_OK;
}

static enum err count_rows(struct model *m, const struct model_spec *spec)
{
    size_t n[2] = {0, 0}, arm[FRAME_MAX_ARMS] = {0};
    const struct frame_list *l = m->list;
    struct estimate_result *r = m->r;
    for (size_t i = 0; i < m->f->n; i++)
        if (m->used[i]) {
            n[l->arm[i] != 0]++;
            arm[l->arm[i]]++;
        }
    size_t lost0 = r->n_control - n[0], lost1 = r->n_treatment - n[1];
    r->n_control = n[0];
    r->n_treatment = n[1];
    r->n = n[0] + n[1];
    for (size_t k = 0; k < l->arms; k++)
        if (arm[k] == 0)
            return log_fail(ERR_STUDY,
                            "%s: nobody in %s has a count and all covariates; there is nothing to "
                            "compare",
                            spec->method, k == 0 ? "control" : "a treatment arm");
    if (lost0 + lost1 == 0)
        return ERR_OK;
    return estimate_warn(r,
                         "%zu respondents (%zu in control, %zu in treatment) have no value of a "
                         "column that the model needs and are left out; the estimate is of the "
                         "others.",
                         lost0 + lost1, lost0, lost1);
}

static enum err make_cells(struct model *m, const struct model_spec *spec)
{
    struct cells_spec s = {.f = m->f,
                           .used = m->used,
                           .arm = m->list->arm,
                           .count = m->count != NULL ? m->count : m->list->count,
                           .terms = (const struct terms *const *)m->terms,
                           .sets = m->equations,
                           .weight = m->weight};
    memcpy(s.extra, spec->extra, sizeof s.extra);
    enum err e = cells_new(&s, &m->cells);
    for (size_t k = 0; e == ERR_OK && k < m->equations; k++)
        if ((e = cells_matrix(m->cells, m->terms[k], &m->x[k])) == ERR_OK)
            e = terms_independent(m->terms[k], &m->x[k]);
    return e;
}

static const char *const se_name[] = {[SE_OBSERVED] = "observed",
                                      [SE_OPG] = "opg",
                                      [SE_ROBUST] = "robust",
                                      [SE_CLUSTER] = "cluster",
                                      [SE_DESIGN] = "design"};

enum err model_design_df(struct model *m)
{
    if (design_points(m->design) <= design_strata(m->design))
        return log_fail(ERR_STUDY, "there are no more sampling points than strata, so that no "
                                   "standard error can be given; leave out --strata, or choose "
                                   "another --se");
    m->df = (double)(design_points(m->design) - design_strata(m->design));
    return ERR_OK;
}

static enum err choose_se(struct model *m, const struct model_spec *spec)
{
    const struct frame *f = m->f;
    const char *asked = m->o->se;
    bool clustered = m->design != NULL && (f->psu != NULL || f->stratum != NULL);
    size_t kinds = sizeof se_name / sizeof *se_name, k = 0;
    m->df = INFINITY;
    if (spec->own_se)
        return ERR_OK;
    m->se = clustered ? SE_DESIGN : m->weight != NULL ? SE_ROBUST : spec->plain_se;
    for (k = 0; asked != NULL && k < kinds; k++)
        if (strcmp(asked, se_name[k]) == 0) {
            m->se = (enum likelihood_se)k;
            break;
        }
    if (asked != NULL && k == kinds)
        return log_fail(ERR_USAGE,
                        "--se %s: this method knows observed, opg, robust, cluster and "
                        "design",
                        asked);
    if (m->se >= SE_CLUSTER && !clustered)
        return log_fail(ERR_USAGE, "--se %s needs --cluster or --strata", se_name[m->se]);
    m->r->se_type = se_name[m->se];
    return m->se < SE_CLUSTER ? ERR_OK : model_design_df(m);
}

static double weight_cv(const struct model *m)
{
    double n = 0, sum = 0, squares = 0;
    for (size_t i = 0; i < m->f->n; i++)
        if (m->used[i]) {
            n++;
            sum += m->weight[i];
        }
    for (size_t i = 0; i < m->f->n; i++)
        if (m->used[i])
            squares += (m->weight[i] - sum / n) * (m->weight[i] - sum / n);
    return sqrt(squares / n) / (sum / n);
}

/* Squares of weights and sums of them must neither over- nor underflow. */
static enum err check_weights(const struct model *m)
{
    double least = INFINITY, most = 0;
    for (size_t i = 0; i < m->f->n; i++)
        if (m->used[i]) {
            least = m->weight[i] < least ? m->weight[i] : least;
            most = m->weight[i] > most ? m->weight[i] : most;
        }
    return least > 1e-60 && most < 1e60
               ? ERR_OK
               : log_fail(ERR_STUDY,
                          "the weights go from %.3g to %.3g; rescale them so that they average 1",
                          least, most);
}

static enum err choose_design(struct model *m)
{
    const struct frame *f = m->f;
    m->r->design = "srs";
    if (m->o->unweighted || (f->weight == NULL && f->psu == NULL && f->stratum == NULL))
        return ERR_OK;
    enum err e = design_new(f, m->list, &m->design);
    if (e != ERR_OK)
        return e;
    m->weight = f->weight;
    if (m->weight != NULL && (e = check_weights(m)) != ERR_OK)
        return e;
    m->r->design = f->psu != NULL ? "clustered" : "weighted";
    m->r->n_psu = f->psu != NULL ? design_points(m->design) : 0;
    if (m->weight != NULL)
        m->r->weight_cv = weight_cv(m);
    if (design_lone(m->design) > 0)
        e = estimate_warn(m->r,
                          "%zu strata have a single %s, which shows no spread within its stratum; "
                          "its total is taken as it is.",
                          design_lone(m->design), f->psu != NULL ? "sampling point" : "respondent");
    return e;
}

enum err model_open(const struct frame *f, const struct estimate_options *o,
                    const struct model_spec *spec, struct model *m)
{
    *m = (struct model){.f = f, .list = &f->list[o->list], .o = o};
    double began = processor_seconds();
    enum err e = estimate_start(f, o, spec->method, &m->r);
    if (e != ERR_OK || (spec->mirror && (e = mirror_counts(m)) != ERR_OK) ||
        (e = choose_rows(m, spec)) != ERR_OK || (e = count_rows(m, spec)) != ERR_OK ||
        (e = choose_design(m)) != ERR_OK || (e = choose_se(m, spec)) != ERR_OK ||
        (e = make_cells(m, spec)) != ERR_OK)
        return e;
    m->started = processor_seconds();
    m->r->group_seconds = m->started - began;
    return ERR_OK;
}

void model_close(struct model *m, struct estimate_result **out)
{
    if (out != NULL) {
        m->r->fit_seconds = processor_seconds() - m->started;
        *out = m->r;
    } else {
        estimate_free(m->r);
    }
    for (size_t k = 0; k < MODEL_EQUATIONS; k++) {
        terms_free(m->terms[k]);
        matrix_free(&m->x[k]);
    }
    free(m->used);
    free(m->count);
    cells_free(m->cells);
    design_free(m->design);
    *m = (struct model){0};
}

static enum err take_coefficients(struct model *m, const struct likelihood *l,
                                  const struct likelihood_fit *fit, const bool *flip,
                                  const double *vcov)
{
    size_t i = 0;
    enum err e = ERR_OK;
    for (size_t k = 0; k < l->blocks; k++) {
        const struct likelihood_block *b = &l->block[k];
        for (size_t j = 0; e == ERR_OK && j < (b->x != NULL ? b->x->cols : 1); j++, i++)
            e = estimate_add_coefficient(
                m->r, b->equation, b->of != NULL ? terms_name(b->of, j) : b->term,
                flip != NULL && flip[i] ? -fit->b[i] : fit->b[i], sqrt(vcov[i * fit->p + i]));
    }
    return e;
}

enum err model_take(struct model *m, const struct likelihood *l, const struct likelihood_fit *fit,
                    const bool *flip, double *vcov)
{
    size_t p = fit->p;
    struct estimate_result *r = m->r;
    enum err e = likelihood_variance(l, fit, m->se, m->design, vcov);
    for (size_t i = 0; e == ERR_OK && i < p; i++)
        if (!(vcov[i * p + i] > 0) || !isfinite(vcov[i * p + i]))
            e = log_fail(ERR_DOUBT,
                         "%s: the %s variance of the coefficients cannot be computed, because too "
                         "few respondents carry it; leave out covariates",
                         r->method, se_name[m->se]);
    if (e != ERR_OK || (e = take_coefficients(m, l, fit, flip, vcov)) != ERR_OK ||
        (e = estimate_set_vcov(r, vcov, p)) != ERR_OK)
        return e;
    for (size_t i = 0; flip != NULL && i < p; i++)
        for (size_t j = 0; j < p; j++)
            r->vcov[i * p + j] *= flip[i] != flip[j] ? -1 : 1;
    r->fitted = true;
    r->loglik = fit->loglik;
    r->iterations = fit->iterations;
    r->starts = fit->starts;
    r->reached = fit->reached;
    r->tie = fit->tie;
    if (fit->tie)
        e = estimate_warn(r, "The likelihood has another maximum as high as this one, with other "
                             "coefficients: the data do not say which. Do not use this fit.");
    if (e != ERR_OK || fit->others == 0)
        return e;
    if ((r->other_maxima = malloc(fit->others * sizeof *r->other_maxima)) == NULL)
        return ERR_NOMEM;
    memcpy(r->other_maxima, fit->other, fit->others * sizeof *r->other_maxima);
    r->others = fit->others;
    return ERR_OK;
}

enum err model_holds(const struct model *m, const struct terms *t, int column, bool *holds)
{
    char *rest = NULL, *copy = strdup(m->f->column[column].name);
    if (copy == NULL)
        return ERR_NOMEM;
    bool all = strchr(copy, ':') != NULL;
    for (char *p = strtok_r(copy, ":", &rest); p != NULL; p = strtok_r(NULL, ":", &rest)) {
        int part = frame_find(m->f, p);
        all = all && part >= 0 && terms_reads(t, part);
    }
    *holds = all || terms_reads(t, column);
    free(copy);
    return ERR_OK;
}

double model_mean(const struct model *m, int arm)
{
    double sum = 0, weights = 0;
    for (size_t s = 0; s < m->cells->segments; s++) {
        const struct cells_segment *q = &m->cells->segment[s];
        for (size_t i = q->first; q->arm == arm && i < q->first + q->count; i++) {
            weights += m->cells->weight[i];
            sum += m->cells->weight[i] * q->y;
        }
    }
    return sum / weights;
}

enum err model_direction(const struct frame_list *list, const char *method, const char *assumption,
                         struct estimate_result *r, enum study_hide *hide)
{
    bool known = list->has_hide, both = false;
    *hide = known ? list->hide[1] : HIDE_AGREE;
    bool differ = false;
    for (size_t k = 1; known && k < list->arms; k++) {
        both = both || list->hide[k] == HIDE_BOTH;
        differ = differ || list->hide[k] != *hide;
    }
    if (both)
        return log_fail(ERR_USAGE,
                        "%s assumes that %s; with hide: both it may be either, so the method "
                        "cannot be used. dim, lm, nls and ml without these options assume no "
                        "direction",
                        method, assumption);
    if (differ)
        return log_fail(ERR_USAGE,
                        "%s assumes one direction for all sensitive items, and theirs differ",
                        method);
    if (!known && r != NULL)
        return estimate_warn(r, "No direction was given (--hide): taken for agree, that is, "
                                "agreement with the item is what may be hidden.");
    return ERR_OK;
}
