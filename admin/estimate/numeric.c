#include "admin/estimate/numeric.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>

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

double numeric_normal_cdf(double z)
{
    return gsl_cdf_ugaussian_P(z);
}

double numeric_chi_tail(double x, double df)
{
    return gsl_cdf_chisq_Q(x, df);
}

double numeric_f_tail(double x, double df1, double df2)
{
    return gsl_cdf_fdist_Q(x, df1, df2);
}

double numeric_fisher(size_t hits, size_t n, size_t hits2, size_t n2)
{
    unsigned all = (unsigned)(hits + hits2), a = (unsigned)n, b = (unsigned)n2;
    unsigned least = all > b ? all - b : 0, most = all < a ? all : a;
    double here = gsl_ran_hypergeometric_pdf((unsigned)hits, a, b, all), sum = 0;
    for (unsigned k = least; k <= most; k++) {
        double p = gsl_ran_hypergeometric_pdf(k, a, b, all);
        sum += p <= here * (1 + 1e-7) ? p : 0; /* equally likely up to rounding */
    }
    return sum < 1 ? sum : 1;
}

/* Below this reciprocal condition number the inverse has no digit left worth printing. */
#define RCOND_MIN 1e-12

enum err numeric_wald(const double *d, const double *v, size_t n, double *out)
{
    double rcond = 0, *inverse = malloc((n * n + 1) * sizeof *inverse);
    enum err e = inverse != NULL ? numeric_spd_inverse(v, n, inverse, &rcond) : ERR_NOMEM;
    *out = NAN;
    if (e == ERR_OK && rcond > RCOND_MIN) {
        *out = 0;
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++)
                *out += d[i] * inverse[i * n + j] * d[j];
    }
    free(inverse);
    return e;
}

enum err numeric_wald_equal(const double *d, const double *v, size_t n, double *out)
{
    size_t m = n - 1;
    double *x = malloc((m + m * m) * sizeof *x), *w = x + m;
    enum err e = ERR_NOMEM;
    if (x == NULL)
        return e;
    for (size_t i = 1; i < n; i++) {
        x[i - 1] = d[i] - d[0];
        for (size_t j = 1; j < n; j++)
            w[(i - 1) * m + j - 1] = v[i * n + j] - v[i * n] - v[j] + v[0];
    }
    e = numeric_wald(x, w, m, out);
    free(x);
    return e;
}
