#include "admin/estimate/numeric.h"

#include <gsl/gsl_eigen.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_linalg.h>
#include <math.h>
#include <string.h>

static void load(gsl_matrix *m, const double *a)
{
    for (size_t i = 0; i < m->size1; i++)
        for (size_t j = 0; j < m->size2; j++)
            gsl_matrix_set(m, i, j, a[i * m->size2 + j]);
}

static void store(const gsl_matrix *m, double *a)
{
    for (size_t i = 0; i < m->size1; i++)
        for (size_t j = 0; j < m->size2; j++)
            a[i * m->size2 + j] = gsl_matrix_get(m, i, j);
}

/* Scale the diagonal to 1, so that rcond and the pivots do not depend on units. False where an
 * entry of it is not above 0. */
static bool balance(gsl_matrix *m, gsl_vector *scale)
{
    for (size_t i = 0; i < m->size1; i++) {
        double d = gsl_matrix_get(m, i, i);
        if (!(d > 0) || !isfinite(d))
            return false;
        gsl_vector_set(scale, i, 1 / sqrt(d));
    }
    for (size_t i = 0; i < m->size1; i++)
        for (size_t j = 0; j < m->size1; j++)
            gsl_matrix_set(m, i, j,
                           gsl_matrix_get(m, i, j) * gsl_vector_get(scale, i) *
                               gsl_vector_get(scale, j));
    return true;
}

enum err numeric_spd_inverse(const double *a, size_t n, double *inverse, double *rcond)
{
    enum err e = ERR_NOMEM;
    numeric_quiet();
    gsl_matrix *m = gsl_matrix_alloc(n, n);
    gsl_vector *scale = gsl_vector_alloc(n), *work = gsl_vector_alloc(3 * n);
    if (m == NULL || scale == NULL || work == NULL)
        goto out;
    e = ERR_OK;
    *rcond = 0;
    double r = 0;
    load(m, a);
    if (!balance(m, scale) || gsl_linalg_cholesky_decomp1(m) != GSL_SUCCESS ||
        gsl_linalg_cholesky_rcond(m, &r, work) != GSL_SUCCESS || !(r > 0) ||
        gsl_linalg_cholesky_invert(m) != GSL_SUCCESS)
        goto out;
    *rcond = r;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            inverse[i * n + j] =
                gsl_matrix_get(m, i, j) * gsl_vector_get(scale, i) * gsl_vector_get(scale, j);
out:
    gsl_matrix_free(m);
    gsl_vector_free(scale);
    gsl_vector_free(work);
    return e;
}

enum err numeric_spd_solve(const double *a, size_t n, const double *b, double *x, bool *good)
{
    enum err e = ERR_NOMEM;
    numeric_quiet();
    gsl_matrix *m = gsl_matrix_alloc(n, n);
    gsl_vector *scale = gsl_vector_alloc(n), *v = gsl_vector_alloc(n);
    if (m == NULL || scale == NULL || v == NULL)
        goto out;
    e = ERR_OK;
    load(m, a);
    *good = balance(m, scale) && gsl_linalg_cholesky_decomp1(m) == GSL_SUCCESS;
    if (!*good)
        goto out;
    for (size_t i = 0; i < n; i++)
        gsl_vector_set(v, i, b[i] * gsl_vector_get(scale, i));
    *good = gsl_linalg_cholesky_svx(m, v) == GSL_SUCCESS;
    for (size_t i = 0; *good && i < n; i++)
        x[i] = gsl_vector_get(v, i) * gsl_vector_get(scale, i);
out:
    gsl_matrix_free(m);
    gsl_vector_free(scale);
    gsl_vector_free(v);
    return e;
}

enum err numeric_eigen(const double *a, size_t n, double *values, double *vectors)
{
    enum err e = ERR_NOMEM;
    numeric_quiet();
    gsl_matrix *m = gsl_matrix_alloc(n, n), *q = gsl_matrix_alloc(n, n);
    gsl_vector *v = gsl_vector_alloc(n);
    gsl_eigen_symmv_workspace *work = gsl_eigen_symmv_alloc(n);
    if (m == NULL || q == NULL || v == NULL || work == NULL)
        goto out;
    load(m, a);
    if (gsl_eigen_symmv(m, v, q, work) != GSL_SUCCESS ||
        gsl_eigen_symmv_sort(v, q, GSL_EIGEN_SORT_VAL_ASC) != GSL_SUCCESS)
        goto out;
    e = ERR_OK;
    for (size_t i = 0; i < n; i++)
        values[i] = gsl_vector_get(v, i);
    store(q, vectors);
out:
    gsl_matrix_free(m);
    gsl_matrix_free(q);
    gsl_vector_free(v);
    gsl_eigen_symmv_free(work);
    return e;
}

enum err numeric_inverse(const double *a, size_t n, double *inverse, bool *good)
{
    enum err e = ERR_NOMEM;
    int sign = 0;
    numeric_quiet();
    gsl_matrix *m = gsl_matrix_alloc(n, n), *q = gsl_matrix_alloc(n, n);
    gsl_permutation *p = gsl_permutation_alloc(n);
    if (m == NULL || q == NULL || p == NULL)
        goto out;
    e = ERR_OK;
    load(m, a);
    *good = gsl_linalg_LU_decomp(m, p, &sign) == GSL_SUCCESS;
    for (size_t i = 0; *good && i < n; i++)
        *good = gsl_matrix_get(m, i, i) != 0 && isfinite(gsl_matrix_get(m, i, i));
    *good = *good && gsl_linalg_LU_invert(m, p, q) == GSL_SUCCESS;
    if (*good)
        store(q, inverse);
out:
    gsl_matrix_free(m);
    gsl_matrix_free(q);
    gsl_permutation_free(p);
    return e;
}
