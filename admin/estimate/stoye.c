#include "admin/estimate/stoye.h"

#include <math.h>

#define PI    3.14159265358979323846
#define FAR   40.0 /* beyond it a normal probability is 0 or 1 to the last digit */
#define NEVER 1e9

static double normal(double x)
{
    return 0.5 * erfc(-x / sqrt(2));
}

/* Plackett (1954): the derivative in r is the density, so with r = sin(angle)
 * P = N(h) N(k) + 1/(2 pi) integral over the angle from 0 of
 * exp(-(h^2 + k^2 - 2 h k sin) / (2 cos^2)). Near r = 1 it changes fast where cos is near 0: panels
 * that shrink towards the end see that. */
double stoye_binormal(double h, double k, double r)
{
    static const double node[4] = {0.1834346424956498, 0.5255324099163290, 0.7966664774136267,
                                   0.9602898564975363};
    static const double weight[4] = {0.3626837833783620, 0.3137066458778873, 0.2223810344533745,
                                     0.1012285362903763};
    if (h <= -FAR || k <= -FAR)
        return 0;
    if (h >= FAR || k >= FAR)
        return h >= FAR ? normal(k) : normal(h);
    if (r >= 1)
        return normal(h < k ? h : k);
    if (r <= -1)
        return fmax(0, normal(h) + normal(k) - 1);
    double end = asin(r), sum = 0, from = 0;
    int panels = fabs(r) < 0.7 ? 3 : fabs(r) < 0.95 ? 8 : 40;
    for (int panel = 0; panel < panels; panel++) {
        double to = panel + 1 == panels ? end : from + (end - from) / 2;
        double middle = (from + to) / 2, half = (to - from) / 2;
        for (int i = 0; i < 8; i++) {
            double a = middle + (i < 4 ? node[i] : -node[i - 4]) * half;
            double c = cos(a);
            sum += weight[i % 4] * half * exp(-(h * h + k * k - 2 * h * k * sin(a)) / (2 * c * c));
        }
        from = to;
    }
    return fmin(1, fmax(0, normal(h) * normal(k) + sum / (2 * PI)));
}

struct problem {
    double level, r;               /* r: minus the correlation, as both conditions need it */
    double over_upper, over_lower; /* D / s_U, D / s_L */
};

static double density(double x)
{
    return exp(-x * x / 2) / sqrt(2 * PI);
}

/* dP/dh of P(X <= h, Y <= k). */
static double slope_in(double h, double k, double r)
{
    double gap = k - r * h, rest = sqrt(fmax(0, 1 - r * r));
    return density(h) * (rest > 0 ? normal(gap / rest) : gap > 0 ? 1 : gap < 0 ? 0 : 0.5);
}

/* Where P(X <= h, Y <= x) reaches the level: Newton's steps, halving the bracket where one leaves
 * it. FAR where it never does. */
static double reach(const struct problem *p, double h)
{
    double low = -FAR, high = FAR, x = 2;
    if (!(normal(h) > p->level))
        return NEVER;
    for (int i = 0; i < 100 && high - low > 1e-13; i++) {
        double miss = stoye_binormal(h, x, p->r) - p->level;
        if (miss >= 0)
            high = x;
        else
            low = x;
        double slope = slope_in(x, h, p->r);
        double next = slope > 1e-12 ? x - miss / slope : NAN;
        if (fabs(next - x) < 1e-13)
            return next;
        x = next > low && next < high ? next : (low + high) / 2;
    }
    return high;
}

/* The smallest c_U that meets both conditions at c_L = ${lower} (NEVER where none does), and how
 * fast it falls with c_L. */
static double least_upper(const struct problem *p, double lower, double *falls)
{
    double first = reach(p, lower), second = reach(p, lower + p->over_lower);
    double h = lower, k = first, upper = first - p->over_upper;
    if (second > upper) {
        h = lower + p->over_lower;
        k = upper = second;
    }
    *falls = upper >= NEVER / 2 ? INFINITY : 0;
    if (upper >= NEVER / 2 || upper <= 0)
        return fmax(0, upper);
    *falls = slope_in(h, k, p->r) / slope_in(k, h, p->r);
    return upper;
}

/* c_L and c_U where their weighted sum turns: it falls in c_L, then rises. */
static void critical(const struct problem *p, double s_lower, double s_upper, double *c_lower,
                     double *c_upper)
{
    double low = 0, high = 10, falls;
    for (int i = 0; i < 60; i++) {
        double middle = (low + high) / 2;
        least_upper(p, middle, &falls);
        if (s_upper * falls > s_lower)
            low = middle;
        else
            high = middle;
    }
    *c_lower = high;
    *c_upper = least_upper(p, high, &falls);
}

bool stoye_interval(const struct stoye *s, double level, double *low, double *high)
{
    double sl = s->se_lower, su = s->se_upper, width = s->upper - s->lower;
    double v = sl * sl + su * su - 2 * s->covariance, se = v > 0 ? sqrt(v) : 0;
    double c_lower = 0, c_upper = 0;
    if (se <= 1e-9 * fmax(sl, su)) /* the width is known: its variance is rounding */
        se = 0;
    if (!(width > sqrt(log((double)s->n)) * se))
        width = 0;
    double r = sl > 0 && su > 0 ? fmax(-1, fmin(1, s->covariance / (sl * su))) : 0;
    if (1 - fabs(r) < 1e-12)
        r = r > 0 ? 1 : -1;
    struct problem p = {level, -r, su > 0 ? width / su : FAR, sl > 0 ? width / sl : FAR};
    if (sl > 0 && su > 0) {
        critical(&p, sl, su, &c_lower, &c_upper);
    } else { /* one bound is known, or both: only the other side can err */
        double z = reach(&(struct problem){level, 0, FAR, FAR}, FAR);
        c_lower = sl > 0 ? z : 0;
        c_upper = su > 0 ? z : 0;
    }
    *low = s->lower - c_lower * sl;
    *high = s->upper + c_upper * su;
    return *low <= *high;
}
