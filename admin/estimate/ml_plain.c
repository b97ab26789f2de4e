#include <math.h>

#include "admin/estimate/ml_model.h"

size_t ml_plain_active(const void *ctx, const struct cells_segment *s, size_t *block)
{
    const struct ml *q = ctx;
    block[0] = q->psi[0];
    if (s->arm == 0)
        return 1;
    block[1] = q->sensitive[s->arm];
    return 2;
}

static double log_choose(int n, int k)
{
    double c = 1;
    for (int i = 1; i <= k; i++)
        c = c * (n - k + i) / i;
    return log(c);
}

/* e = exp(-|x|): with it logistic(x), 1 - logistic(x) and log(1 + exp(x)) neither over- nor
 * underflow. */
struct unit {
    double p, q, softplus;
};

static inline struct unit unit_of(double x)
{
    double e = exp(-fabs(x)), one = 1 / (1 + e), small = e * one, plus = log1p(e);
    return x > 0 ? (struct unit){one, small, x + plus} : (struct unit){small, one, plus};
}

static void control(const struct likelihood_batch *b, int items, int y)
{
    double n = items, k = y, constant = log_choose(items, y);
    for (size_t i = 0; i < b->count; i++) {
        struct unit u = unit_of(b->eta[0][i]);
        b->ll[i] = constant + k * b->eta[0][i] - n * u.softplus;
        if (b->d[0] == NULL)
            continue;
        b->d[0][i] = k - n * u.p;
        b->h[0][i] = -n * u.p * u.q;
    }
}

/* With w = P(z = 1 | y): the log-odds of w are x'delta - x'psi + log C(J, y - 1)/C(J, y), and all
 * derivatives follow from w. At y = 0 it is 0, at J + 1 it is 1. */
static void treatment(const struct likelihood_batch *b, int items, int y)
{
    double n = items, inside = y > 0 && y <= items, top = y > items;
    double odds = inside != 0 ? log((double)y / (items + 1 - y)) : 0;
    double constant = inside != 0 ? log_choose(items, y) : 0;
    for (size_t i = 0; i < b->count; i++) {
        double h = b->eta[0][i], s = b->eta[1][i];
        struct unit c = unit_of(h), g = unit_of(s);
        struct unit mix = inside != 0 ? unit_of(s - h + odds) : (struct unit){top, 1 - top, 0};
        b->ll[i] = constant + (y - top) * h - n * c.softplus - g.softplus + top * s +
                   (inside != 0 ? mix.softplus : 0);
        if (b->d[0] == NULL)
            continue;
        double w = mix.p, v = mix.p * mix.q;
        b->d[0][i] = y - w - n * c.p;
        b->d[1][i] = w - g.p;
        b->h[likelihood_pair(0, 0)][i] = v - n * c.p * c.q;
        b->h[likelihood_pair(1, 0)][i] = -v;
        b->h[likelihood_pair(1, 1)][i] = v - g.p * g.q;
    }
}

void ml_plain_evaluate(const void *ctx, const struct likelihood_batch *b)
{
    const struct ml *q = ctx;
    if (b->segment->arm == 0)
        control(b, q->items, b->segment->y);
    else
        treatment(b, q->items, b->segment->y);
}
