/* The generalised method of moments behind auxiliary.h, for its own files. */
#ifndef SANAQ_ADMIN_ESTIMATE_AUXILIARY_MODEL_H
#define SANAQ_ADMIN_ESTIMATE_AUXILIARY_MODEL_H

#include "admin/estimate/moments.h"

enum { AUXILIARY_KNOWN = 30 }; /* most known values: bits of a row's mark */
#define AUXILIARY_FLOOR 1e-10  /* predictions within a group vary at least by this */

struct auxiliary_known {
    char *text;   /* "region=1", or NULL: the population */
    double value; /* above 0, below 1 */
};

struct auxiliary {
    struct moments q;
    struct auxiliary_known known[AUXILIARY_KNOWN];
    size_t knowns;
    int32_t *group; /* per row: bit a, under known value a */
    /* of the method of moments: n equations, p coefficients */
    size_t n;
    double *b, *vcov, *total, *slope, *weight, *trial;
    double hansen;
    size_t iterations;
};

/** Solve; u->q is open (moments.h), and known values and marks are there. Fills b, vcov and hansen.
 * ERR_STUDY, ERR_DOUBT (said), ERR_NOMEM. */
enum err auxiliary_solve(struct auxiliary *u);

#endif
