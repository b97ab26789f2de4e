#include <math.h>
#include <stdlib.h>

#include "admin/estimate/latent.h"
#include "admin/estimate/ml_model.h"

/* The logit of P(z = 1) of a cell before its answer is known, given y0 where that is the answer. */
static double prior_of(const struct ml *q, const struct cells_segment *s, const double *x,
                       const double *b)
{
    const struct likelihood *l = &q->likelihood;
    double eta = latent_eta(l, q->sensitive[1], x, b);
    if (q->multi == MULTI_LEVEL)
        eta += s->y * latent_eta(l, q->y0[1], x, b);
    if (q->multi == MULTI_INDICATORS && s->y < q->items)
        eta += latent_eta(l, q->y0[1] + (size_t)s->y, x, b);
    return eta;
}

/* The row of a block's own design matrix at a cell. */
static const double *row_of(const struct likelihood *l, size_t block, size_t cell)
{
    const struct matrix *x = l->block[block].x;
    return x != NULL ? x->at + cell * x->cols : NULL;
}

static double posterior_of(const struct ml_run *u, const struct cells_segment *s, size_t cell,
                           const double *b)
{
    size_t block[LIKELIHOOD_ACTIVE];
    double eta[LIKELIHOOD_ACTIVE];
    const struct likelihood *l = &u->q.likelihood;
    size_t n = ml_latent_active(&u->q, s, block);
    for (size_t m = 0; m < n; m++)
        eta[m] = latent_eta(l, block[m], row_of(l, block[m], cell), b);
    const double *x = u->m.x[0].at + cell * u->m.x[0].cols;
    double p = ml_posterior(&u->q, s, eta, prior_of(&u->q, s, x, b));
    return u->mirrored ? 1 - p : p;
}

enum err ml_add_posterior(struct ml_run *u, const double *b)
{
    const struct cells *c = u->m.cells;
    double *of_cell = malloc((c->n + 1) * sizeof *of_cell);
    double *of_row = malloc((u->m.f->n + 1) * sizeof *of_row);
    if (of_cell == NULL || of_row == NULL) {
        free(of_cell);
        free(of_row);
        return ERR_NOMEM;
    }
    for (size_t s = 0; s < c->segments; s++)
        for (size_t i = 0; i < c->segment[s].count; i++)
            of_cell[c->segment[s].first + i] =
                posterior_of(u, &c->segment[s], c->segment[s].first + i, b);
    for (size_t i = 0; i < u->m.f->n; i++)
        of_row[i] = c->of_row[i] >= 0 ? of_cell[c->of_row[i]] : NAN;
    free(of_cell);
    free(u->m.r->posterior);
    u->m.r->posterior = of_row;
    return ERR_OK;
}
