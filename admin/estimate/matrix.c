#include "admin/estimate/matrix.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum err matrix_new(size_t rows, size_t cols, struct matrix *out)
{
    *out = (struct matrix){0};
    if (cols > 0 && rows > SIZE_MAX / sizeof(double) / cols)
        return ERR_NOMEM;
    double *at = calloc(rows * cols + 1, sizeof *at);
    if (at == NULL)
        return ERR_NOMEM;
    *out = (struct matrix){rows, cols, at};
    return ERR_OK;
}

void matrix_free(struct matrix *m)
{
    free(m->at);
    *m = (struct matrix){0};
}

enum err matrix_sandwich(const double *a, size_t rows, const double *b, size_t n, double *out)
{
    double *ab = calloc(n + 1, sizeof *ab);
    if (ab == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < rows; i++) {
        memset(ab, 0, n * sizeof *ab);
        for (size_t k = 0; k < n; k++)
            for (size_t j = 0; j < n; j++)
                ab[j] += a[i * n + k] * b[k * n + j];
        for (size_t j = 0; j <= i; j++) {
            double sum = 0;
            for (size_t k = 0; k < n; k++)
                sum += ab[k] * a[j * n + k];
            out[i * rows + j] = out[j * rows + i] = sum;
        }
    }
    free(ab);
    return ERR_OK;
}

double matrix_quadratic(const double *x, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            sum += x[i] * b[i * n + j] * x[j];
    return sum;
}
