#include <math.h>
#include <stdlib.h>

#include "admin/estimate/terms.h"
#include "core/bytes.h"
#include "core/log.h"

/* Below this share of a column's variance left by the columns before it, it is their combination:
 * what is left is rounding. */
#define SHARE_MIN 1e-10

struct moments { /* of the columns without the intercept */
    size_t k;
    double *mean, *sd, *low; /* low: rows of the Cholesky factor of the correlations */
};

static enum err take_moments(const struct matrix *x, struct moments *m)
{
    size_t k = x->cols - 1, cols = x->cols;
    double n = (double)x->rows;
    m->k = k;
    m->mean = calloc(k + 1, sizeof *m->mean);
    m->sd = calloc(k + 1, sizeof *m->sd);
    m->low = calloc(k * k + 1, sizeof *m->low);
    if (m->mean == NULL || m->sd == NULL || m->low == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < x->rows; i++)
        for (size_t j = 0; j < k; j++)
            m->mean[j] += x->at[i * cols + j + 1] / n;
    for (size_t i = 0; i < x->rows; i++)
        for (size_t j = 0; j < k; j++) {
            double a = x->at[i * cols + j + 1] - m->mean[j];
            m->sd[j] += a * a / n;
            for (size_t l = 0; l <= j; l++)
                m->low[j * k + l] += a * (x->at[i * cols + l + 1] - m->mean[l]) / n;
        }
    for (size_t j = 0; j < k; j++)
        m->sd[j] = sqrt(m->sd[j]);
    for (size_t j = 0; j < k; j++)
        for (size_t l = 0; l <= j; l++)
            m->low[j * k + l] /= m->sd[j] * m->sd[l];
    return ERR_OK;
}

/* Row j of the Cholesky factor in place; the share of the variance that the columns before leave.
 */
static double next_row(struct moments *m, size_t j)
{
    double *row = m->low + j * m->k, left = 1;
    for (size_t l = 0; l < j; l++) {
        double sum = row[l];
        for (size_t a = 0; a < l; a++)
            sum -= row[a] * m->low[l * m->k + a];
        row[l] = sum / m->low[l * m->k + l];
        left -= row[l] * row[l];
    }
    row[j] = sqrt(left > 0 ? left : 0);
    return left;
}

static enum err say_dependent(const struct terms *t, struct moments *m, size_t j)
{
    struct buffer names = {0};
    double *c = m->low + j * m->k; /* solved backwards: coefficients of the columns before */
    for (size_t l = j; l-- > 0;) {
        for (size_t a = l + 1; a < j; a++)
            c[l] -= m->low[a * m->k + l] * c[a];
        c[l] /= m->low[l * m->k + l];
    }
    for (size_t l = 0; l < j; l++)
        if (fabs(c[l]) > 1e-6)
            buffer_printf(&names, "%s%s", names.len > 0 ? ", " : "", terms_name(t, l + 1));
    buffer_u8(&names, 0);
    if (names.failed) {
        buffer_free(&names);
        return ERR_NOMEM;
    }
    log_fail(ERR_STUDY,
             "%s: in the rows used %s is a combination of the intercept%s%s, so their coefficients "
             "cannot be told apart; leave one of them out",
             terms_option(t), terms_name(t, j + 1), names.len > 1 ? " and " : "", (char *)names.p);
    buffer_free(&names);
    return ERR_STUDY;
}

enum err terms_independent(const struct terms *t, const struct matrix *x)
{
    struct moments m = {0};
    enum err e = take_moments(x, &m);
    for (size_t j = 0; e == ERR_OK && j < m.k; j++) {
        double scale = fabs(m.mean[j]) + m.sd[j];
        if (!isfinite(m.sd[j]))
            e = log_fail(ERR_STUDY, "%s: the numbers of %s are too large; rescale them",
                         terms_option(t), terms_name(t, j + 1));
        else if (!(m.sd[j] > 1e-12 * scale))
            e = log_fail(ERR_STUDY, "%s: %s has one value in all rows used; leave it out",
                         terms_option(t), terms_name(t, j + 1));
    }
    for (size_t j = 0; e == ERR_OK && j < m.k; j++)
        if (!(next_row(&m, j) > SHARE_MIN))
            e = say_dependent(t, &m, j);
    free(m.mean);
    free(m.sd);
    free(m.low);
    return e;
}
