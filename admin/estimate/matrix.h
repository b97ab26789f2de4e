/* Small dense matrices, by rows. What needs a decomposition goes through numeric.h. */
#ifndef SANAQ_ADMIN_ESTIMATE_MATRIX_H
#define SANAQ_ADMIN_ESTIMATE_MATRIX_H

#include <stddef.h>

#include "core/err.h"

struct matrix {
    size_t rows, cols;
    double *at; /* at[i * cols + j] */
};

/** All zeros. ERR_NOMEM, with *out empty. */
enum err matrix_new(size_t rows, size_t cols, struct matrix *out);
/** An empty matrix, and a second time, does nothing. */
void matrix_free(struct matrix *m);

/** out = a b a', with ${a} rows x n and ${b} n x n; ${out} is rows x rows, made symmetric.
 * ERR_NOMEM. */
enum err matrix_sandwich(const double *a, size_t rows, const double *b, size_t n, double *out);

/** x' b x of a vector of ${n}. */
double matrix_quadratic(const double *x, const double *b, size_t n);

#endif
