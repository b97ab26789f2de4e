#include <math.h>

#include "admin/estimate/fast.h"
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

/* With e = exp(-|x|): logistic(x) = 1/(1 + e) or e/(1 + e), its slope e/(1 + e)^2, log(1 + exp(x))
 * = max(x, 0) + log(1 + e); nothing over- or underflows. */
struct unit {
    double p, slope, ramp, e;
};

static inline struct unit unit_of(double x)
{
    double e = fast_exp(x > 0 ? -x : x), one = 1 / (1 + e), small = e * one;
    return (struct unit){x > 0 ? one : small, small * one, x > 0 ? x : 0, e};
}

static void control(const double *restrict h, size_t cells, int items, int y, double *restrict ll,
                    double *restrict d, double *restrict dd)
{
    double n = items, k = y, constant = log_choose(items, y);
    for (size_t i = 0; i < cells; i++) {
        struct unit u = unit_of(h[i]);
        ll[i] = constant + k * h[i] - n * (u.ramp + fast_log(1 + u.e));
        d[i] = k - n * u.p;
        dd[i] = -n * u.slope;
    }
}

/* A treatment count from 1 to J. With w = P(z = 1 | y): the log-odds of w are x'delta - x'psi + log
 * C(J, y - 1)/C(J, y), and all derivatives follow from w. */
static void inside(const double *restrict h, const double *restrict s, size_t cells, int items,
                   int y, double *restrict ll, double *restrict d0, double *restrict d1,
                   double *restrict h00, double *restrict h10, double *restrict h11)
{
    double n = items, k = y, odds = log(k / (n + 1 - k)), constant = log_choose(items, y);
    for (size_t i = 0; i < cells; i++) {
        struct unit c = unit_of(h[i]), g = unit_of(s[i]), mix = unit_of(s[i] - h[i] + odds);
        ll[i] = constant + k * h[i] - n * (c.ramp + fast_log(1 + c.e)) - g.ramp + mix.ramp -
                fast_log((1 + g.e) / (1 + mix.e));
        d0[i] = k - mix.p - n * c.p;
        d1[i] = mix.p - g.p;
        h00[i] = mix.slope - n * c.slope;
        h10[i] = -mix.slope;
        h11[i] = mix.slope - g.slope;
    }
}

/* A treatment count of 0 or J + 1: z is known to be ${z}. */
static void edge(const double *restrict h, const double *restrict s, size_t cells, int items, int z,
                 double *restrict ll, double *restrict d0, double *restrict d1,
                 double *restrict h00, double *restrict h10, double *restrict h11)
{
    double n = items, y0 = z ? n : 0, one = z;
    for (size_t i = 0; i < cells; i++) {
        struct unit c = unit_of(h[i]), g = unit_of(s[i]);
        ll[i] =
            y0 * h[i] + one * s[i] - n * (c.ramp + fast_log(1 + c.e)) - g.ramp - fast_log(1 + g.e);
        d0[i] = y0 - n * c.p;
        d1[i] = one - g.p;
        h00[i] = -n * c.slope;
        h10[i] = 0;
        h11[i] = -g.slope;
    }
}

void ml_plain_evaluate(const void *ctx, const struct likelihood_batch *b)
{
    const struct ml *q = ctx;
    int y = b->segment->y;
    if (b->segment->arm == 0)
        control(b->eta[0], b->count, q->items, y, b->ll, b->d[0], b->h[0]);
    else if (y > 0 && y <= q->items)
        inside(b->eta[0], b->eta[1], b->count, q->items, y, b->ll, b->d[0], b->d[1], b->h[0],
               b->h[1], b->h[2]);
    else
        edge(b->eta[0], b->eta[1], b->count, q->items, y > 0, b->ll, b->d[0], b->d[1], b->h[0],
             b->h[1], b->h[2]);
}
