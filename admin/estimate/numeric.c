#include "admin/estimate/numeric.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_linalg.h>
#include <math.h>
#include <pthread.h>

/* GSL's own handler ends the program. Switched off once and for all, because fits run in threads.
 */
static void switch_off(void)
{
    gsl_set_error_handler_off();
}

void numeric_quiet(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, switch_off);
}

double numeric_t_quantile(double p, double df)
{
    return gsl_cdf_tdist_Pinv(p, df);
}

double numeric_t_two_sided(double t, double df)
{
    return 2 * gsl_cdf_tdist_Q(fabs(t), df);
}

double numeric_normal_quantile(double p)
{
    return gsl_cdf_ugaussian_Pinv(p);
}

double numeric_normal_two_sided(double z)
{
    return 2 * gsl_cdf_ugaussian_Q(fabs(z));
}

double numeric_chi_tail(double x, double df)
{
    return gsl_cdf_chisq_Q(x, df);
}

/* Below this reciprocal condition number the inverse has no digit left worth printing. */
#define RCOND_MIN 1e-12

static void fill(const double *d, const double *v, gsl_matrix *m, gsl_vector *x)
{
    size_t n = x->size + 1;
    for (size_t i = 1; i < n; i++) {
        gsl_vector_set(x, i - 1, d[i] - d[0]);
        for (size_t j = 1; j < n; j++)
            gsl_matrix_set(m, i - 1, j - 1, v[i * n + j] - v[i * n] - v[j] + v[0]);
    }
}

enum err numeric_wald_equal(const double *d, const double *v, size_t n, double *out)
{
    enum err e = ERR_NOMEM;
    double rcond = 0, sum = 0;
    numeric_quiet();
    gsl_matrix *m = gsl_matrix_alloc(n - 1, n - 1);
    gsl_vector *x = gsl_vector_alloc(n - 1), *y = gsl_vector_alloc(n - 1);
    gsl_vector *work = gsl_vector_alloc(3 * (n - 1));
    if (m == NULL || x == NULL || y == NULL || work == NULL)
        goto out;
    fill(d, v, m, x);
    *out = NAN;
    e = ERR_OK;
    if (gsl_linalg_cholesky_decomp1(m) != GSL_SUCCESS ||
        gsl_linalg_cholesky_rcond(m, &rcond, work) != GSL_SUCCESS || !(rcond > RCOND_MIN) ||
        gsl_linalg_cholesky_solve(m, x, y) != GSL_SUCCESS)
        goto out;
    for (size_t i = 0; i + 1 < n; i++)
        sum += gsl_vector_get(x, i) * gsl_vector_get(y, i);
    *out = sum;
out:
    gsl_matrix_free(m);
    gsl_vector_free(x);
    gsl_vector_free(y);
    gsl_vector_free(work);
    return e;
}
