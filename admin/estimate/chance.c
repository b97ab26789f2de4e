#include "admin/estimate/chance.h"

#include <math.h>

static uint64_t rotate(uint64_t x, int by)
{
    return (x << by) | (x >> (64 - by));
}

/* splitmix64 (Steele, Lea and Flood 2014) */
static uint64_t mix(uint64_t *x)
{
    uint64_t z = (*x += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void chance_start(struct chance *c, uint64_t seed, uint64_t stream)
{
    uint64_t x = seed, y = mix(&x) ^ stream, z = mix(&y);
    for (int i = 0; i < 4; i++)
        c->state[i] = mix(&z);
}

uint64_t chance_next(struct chance *c)
{
    uint64_t *s = c->state, out = rotate(s[0] + s[3], 23) + s[0], t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return out;
}

double chance_uniform(struct chance *c)
{
    return ((double)(chance_next(c) >> 11) + 0.5) * 0x1p-53;
}

uint32_t chance_below(struct chance *c, uint32_t n)
{
    const uint64_t words = UINT64_C(1) << 32;
    for (;;) {
        uint64_t word = chance_next(c) >> 32;
        if (word < words - words % n)
            return (uint32_t)(word % n);
    }
}

static double log_choose(double n, double k)
{
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1);
}

/* A distribution on low .. high: its mode, the probability there, and p(k + 1) / p(k). */
struct steps {
    double low, high, mode, at_mode;
    double (*ratio)(const struct steps *s, double k);
    double n, p, marked, taken;
};

/* Inversion from the mode outwards: about as many steps as the distribution is wide. */
static uint64_t walk(struct chance *c, const struct steps *s)
{
    double u = chance_uniform(c) - s->at_mode;
    double up = s->mode, down = s->mode, p_up = s->at_mode, p_down = s->at_mode;
    if (u <= 0)
        return (uint64_t)s->mode;
    while (up < s->high || down > s->low) {
        if (up < s->high) {
            p_up *= s->ratio(s, up);
            up++;
            if ((u -= p_up) <= 0)
                return (uint64_t)up;
        }
        if (down > s->low) {
            down--;
            p_down /= s->ratio(s, down);
            if ((u -= p_down) <= 0)
                return (uint64_t)down;
        }
    }
    return (uint64_t)s->mode; /* rounding left a little over */
}

static double binomial_ratio(const struct steps *s, double k)
{
    return (s->n - k) / (k + 1) * s->p / (1 - s->p);
}

uint64_t chance_binomial(struct chance *c, uint64_t n, double p)
{
    struct steps s = {.low = 0, .high = (double)n, .ratio = binomial_ratio, .n = (double)n, .p = p};
    if (n == 0 || p <= 0 || p >= 1)
        return p >= 1 ? n : 0;
    s.mode = fmin(s.high, floor((s.n + 1) * p));
    s.at_mode = exp(log_choose(s.n, s.mode) + s.mode * log(p) + (s.n - s.mode) * log1p(-p));
    return walk(c, &s);
}

static double hypergeometric_ratio(const struct steps *s, double k)
{
    return (s->marked - k) / (k + 1) * (s->taken - k) / (s->n - s->marked - s->taken + k + 1);
}

uint64_t chance_hypergeometric(struct chance *c, uint64_t all, uint64_t marked, uint64_t taken)
{
    struct steps s = {.n = (double)all,
                      .marked = (double)marked,
                      .taken = (double)taken,
                      .ratio = hypergeometric_ratio};
    s.low = fmax(0, s.taken + s.marked - s.n);
    s.high = fmin(s.marked, s.taken);
    if (s.low >= s.high)
        return (uint64_t)s.low;
    s.mode = fmin(s.high, fmax(s.low, floor((s.taken + 1) * (s.marked + 1) / (s.n + 2))));
    s.at_mode = exp(log_choose(s.marked, s.mode) + log_choose(s.n - s.marked, s.taken - s.mode) -
                    log_choose(s.n, s.taken));
    return walk(c, &s);
}
