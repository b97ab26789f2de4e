#include "admin/estimate/stacked.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/linear.h"
#include "admin/estimate/terms.h"
#include "core/log.h"

enum { MANY = 300 };                  /* respondents */
enum { LIST = 1, TREAT = 2, OWN = 2 }; /* columns: intercept, list, treat, then the covariates */

struct stacked {
    struct scope *s;
    const struct frame_list *const *list;
    const int *arm;
    struct terms *terms;
    uint8_t *used; /* per respondent: all covariates */
    double *x, *y; /* per count: respondent i's are 2 i and 2 i + 1 */
    int32_t *cell, *cluster;
    double *weight;
    size_t p;
    struct linear l;
    struct linear_fit fit;
    const char *se;
};

static bool gave(const struct stacked *u, size_t k, size_t i)
{
    const struct frame_list *l = u->list[k];
    return u->used[i] && estimate_used(l, i) && (l->arm[i] == 0 || l->arm[i] == u->arm[k]);
}

static enum err make_rows(struct stacked *u)
{
    const struct frame *f = u->s->f;
    size_t n = f->n;
    if ((u->used = malloc(n + 1)) == NULL)
        return ERR_NOMEM;
    memset(u->used, 1, n);
    enum err e = terms_new(f, u->s->o->covariates, "--covariates", u->used, &u->terms);
    if (e != ERR_OK)
        return e;
    size_t k = terms_count(u->terms);
    u->p = k + OWN;
    u->x = calloc(2 * n * u->p + 1, sizeof *u->x);
    u->y = calloc(2 * n + 1, sizeof *u->y);
    u->cell = malloc((2 * n + 1) * sizeof *u->cell);
    u->cluster = malloc((2 * n + 1) * sizeof *u->cluster);
    u->weight = u->s->design != NULL ? calloc(2 * n + 1, sizeof *u->weight) : NULL;
    double *row = calloc(k + 1, sizeof *row);
    if (u->x == NULL || u->y == NULL || u->cell == NULL || u->cluster == NULL || row == NULL ||
        (u->s->design != NULL && u->weight == NULL)) {
        free(row);
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t a = 0; a < 2; a++) {
            size_t at = 2 * i + a;
            bool here = gave(u, a, i);
            u->cell[at] = here ? (int32_t)at : -1;
            u->cluster[at] = (int32_t)i;
            if (u->weight != NULL)
                u->weight[at] = design_weight(f, i);
            if (!here)
                continue;
            terms_row(u->terms, i, row);
            double *x = u->x + at * u->p;
            x[0] = 1;
            x[LIST] = (double)a;
            x[TREAT] = u->list[a]->arm[i] != 0;
            memcpy(x + OWN + 1, row + 1, (k - 1) * sizeof *x);
            u->y[at] = u->list[a]->count[i];
        }
    free(row);
    u->l = (struct linear){.cells = 2 * n,
                           .p = u->p,
                           .x = u->x,
                           .y = u->y,
                           .rows = 2 * n,
                           .cell = u->cell,
                           .weight = u->weight,
                           .cluster = u->cluster,
                           .clusters = n};
    return ERR_OK;
}

/* Scores w e x of a respondent's counts. */
static bool score(const void *ctx, size_t row, double *out)
{
    const struct stacked *u = ctx;
    bool any = false;
    for (size_t a = 0; a < 2; a++) {
        size_t at = 2 * row + a;
        for (size_t j = 0; u->cell[at] >= 0 && j < u->p; j++)
            out[j] += u->weight[at] * u->fit.residual[at] * u->x[at * u->p + j];
        any = any || u->cell[at] >= 0;
    }
    return any;
}

static enum err variance(struct stacked *u, double *vcov, double *df)
{
    static const struct {
        const char *name;
        enum linear_se se;
    } kind[] = {{"CR2", LINEAR_CR2}, {"CR0", LINEAR_CR0}, {"stata", LINEAR_STATA}};
    size_t points = 0;
    if (u->s->design != NULL) {
        double *meat = calloc(u->p * u->p, sizeof *meat);
        enum err e =
            meat == NULL ? ERR_NOMEM : design_linear(u->s->design, u->p, score, u, meat, &points);
        if (e == ERR_OK)
            e = matrix_sandwich(u->fit.bread, u->p, meat, u->p, vcov);
        for (size_t j = 0; j < u->p; j++)
            df[j] = (double)points;
        free(meat);
        return e;
    }
    size_t k = 0;
    while (k < 3 && u->s->o->se != NULL && strcmp(kind[k].name, u->s->o->se) != 0)
        k++;
    if (k == 3)
        return log_fail(ERR_USAGE,
                        "--se %s: double knows CR2, CR0 and stata, clustered on the "
                        "respondent",
                        u->s->o->se);
    enum err e = linear_variance(&u->l, &u->fit, kind[k].se, "double", vcov);
    double *contrast = calloc(u->p, sizeof *contrast);
    if (contrast == NULL)
        return ERR_NOMEM;
    for (size_t j = 0; e == ERR_OK && j < u->p; j++) {
        df[j] = (double)u->fit.groups - 1;
        contrast[j] = 1;
        if (u->fit.groups <= MANY) /* beyond, Satterthwaite's says the same in squared time */
            e = linear_df(&u->l, &u->fit, kind[k].se, contrast, &df[j]);
        contrast[j] = 0;
    }
    free(contrast);
    return e;
}

static enum err report(struct stacked *u)
{
    double *vcov = calloc(u->p * u->p, sizeof *vcov), *df = calloc(u->p, sizeof *df);
    enum err e = vcov == NULL || df == NULL ? ERR_NOMEM : variance(u, vcov, df);
    for (size_t j = 0; e == ERR_OK && j < u->p; j++) {
        const char *term = j == 0       ? "(Intercept)"
                           : j == LIST  ? "list"
                           : j == TREAT ? "treat"
                                        : terms_name(u->terms, j - OWN);
        e = estimate_add_coefficient_t(u->s->r, "stacked", term, u->fit.b[j],
                                       sqrt(vcov[j * u->p + j]), df[j]);
    }
    if (e == ERR_OK)
        e = estimate_set_vcov(u->s->r, vcov, u->p);
    free(vcov);
    free(df);
    return e;
}

enum err stacked_regression(struct scope *s, const struct frame_list *const list[2],
                            const int arm[2])
{
    struct stacked u = {.s = s, .list = list, .arm = arm};
    if (s->design != NULL && s->o->se != NULL)
        return log_fail(ERR_USAGE,
                        "--se %s: with weights, points or strata double has the design's "
                        "standard errors; leave --se out, or use --unweighted",
                        s->o->se);
    enum err e = make_rows(&u);
    if (e == ERR_OK && (e = linear_fit(&u.l, "double", &u.fit)) == ERR_OK)
        e = report(&u);
    linear_free(&u.fit);
    terms_free(u.terms);
    free(u.used);
    free(u.x);
    free(u.y);
    free(u.cell);
    free(u.cluster);
    free(u.weight);
    return e;
}
