/* The two kinds of nls, for their own files. */
#ifndef SANAQ_ADMIN_ESTIMATE_NLS_MODEL_H
#define SANAQ_ADMIN_ESTIMATE_NLS_MODEL_H

#include "admin/estimate/bias.h"

struct nls {
    struct model m;
    size_t k, p;         /* columns; all coefficients */
    double *b, *vcov;    /* sensitive (by item), control, error scalars */
    struct matrix score; /* cells x p: of one row, unweighted */
    int32_t *direct;     /* per row; NULL: not asked for */
    double *bread;       /* p x p: minus the inverse of slope */
    double *slope;       /* p x p: derivative of the total score, G */
    double sse[2];       /* weighted: control, treatment */
    size_t iterations, starts, reached;
};

/** Both steps into b, score, slope, sse. ERR_DOUBT (said), ERR_NOMEM. */
enum err nls_two_steps(struct nls *u);
/** The error models likewise. */
enum err nls_error(struct nls *u);

/** Room for b, vcov, score, slope and bread of ${p} coefficients, which nls_room_free releases in
 * every case. ERR_NOMEM. */
enum err nls_room(struct nls *u, size_t p);
void nls_room_free(struct nls *u);
/** vcov = G^-1 F G^-1', F of the kind of standard error. ERR_DOUBT (said) where G is singular. */
enum err nls_variance(struct nls *u);

#endif
