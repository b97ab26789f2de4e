#include <math.h>

#include "admin/estimate/likelihood.h"

/* log(1 + exp(x)). */
static double softplus(double x)
{
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

static double logistic(double x)
{
    if (x >= 0)
        return 1 / (1 + exp(-x));
    double e = exp(x);
    return e / (1 + e);
}

/* Exact before the log up to 50 items. */
static double log_choose(int n, int k)
{
    double c = 1;
    for (int i = 1; i <= k; i++)
        c = c * (n - k + i) / i;
    return log(c);
}

void likelihood_add_logistic(struct likelihood_class *k, size_t m, double x, int sign)
{
    double p = logistic(x), q = logistic(-x);
    k->ll -= softplus(sign > 0 ? -x : x);
    k->d[m] += sign > 0 ? q : -p;
    k->h[likelihood_pair(m, m)] -= p * q;
}

void likelihood_add_binomial(struct likelihood_class *k, size_t m, double x, int y, int size)
{
    if (y < 0 || y > size) {
        k->ll = -INFINITY;
        return;
    }
    double p = logistic(x), q = logistic(-x), n = size;
    k->ll += log_choose(size, y) - y * softplus(-x) - (n - y) * softplus(x);
    k->d[m] += y * q - (n - y) * p;
    k->h[likelihood_pair(m, m)] -= n * p * q;
}

/* Posterior probabilities of the classes into ${share}; the log of their sum. */
static double shares(const struct likelihood_class *k, size_t classes, double *share)
{
    double most = -INFINITY, sum = 0;
    for (size_t c = 0; c < classes; c++)
        most = k[c].ll > most ? k[c].ll : most;
    for (size_t c = 0; c < classes; c++) {
        share[c] = isfinite(most) ? exp(k[c].ll - most) : 0;
        sum += share[c];
    }
    for (size_t c = 0; c < classes; c++)
        share[c] /= sum > 0 ? sum : 1;
    return isfinite(most) ? most + log(sum) : -INFINITY;
}

void likelihood_mix(const struct likelihood_class *k, size_t classes, size_t active, size_t i,
                    const struct likelihood_batch *b)
{
    double share[LIKELIHOOD_CLASSES], mean[LIKELIHOOD_ACTIVE] = {0};
    b->ll[i] = shares(k, classes, share);
    if (b->d[0] == NULL)
        return;
    for (size_t m = 0; m < active; m++) {
        for (size_t c = 0; c < classes; c++)
            mean[m] += share[c] > 0 ? share[c] * k[c].d[m] : 0;
        b->d[m][i] = mean[m];
    }
    for (size_t m = 0; m < active; m++)
        for (size_t l = 0; l <= m; l++) {
            size_t q = likelihood_pair(m, l);
            double sum = 0;
            for (size_t c = 0; c < classes; c++)
                if (share[c] > 0)
                    sum += share[c] * (k[c].h[q] + (k[c].d[m] - mean[m]) * (k[c].d[l] - mean[l]));
            b->h[q][i] = sum;
        }
}
