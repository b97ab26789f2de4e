/* exp and log for loops that the compiler turns into vector code: no branches, no calls. Good to
 * about 4e-16 (tests/admin/test_fit.c). Compile with -fno-trapping-math, or they stay scalar. */
#ifndef SANAQ_ADMIN_ESTIMATE_FAST_H
#define SANAQ_ADMIN_ESTIMATE_FAST_H

#include <stdint.h>
#include <string.h>

static inline double fast_from_bits(uint64_t bits)
{
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static inline uint64_t fast_to_bits(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

/* ln 2 in two parts, the first with zeros at its end. */
#define FAST_LN2_HIGH 6.93147180369123816490e-01
#define FAST_LN2_LOW  1.90821492927058770002e-10

/** exp(x) for x <= 0, as if x were -700 below that. */
static inline double fast_exp(double x)
{
    const double whole = 6755399441055744.0; /* 1.5 * 2^52: adding it rounds to a whole number */
    x = x < -700 ? -700 : x;
    double t = x * 1.4426950408889634 + whole, n = t - whole;
    double r = x - n * FAST_LN2_HIGH - n * FAST_LN2_LOW, r2 = r * r, r4 = r2 * r2;
    double a = 1 + r, b = 1.0 / 2 + r * (1.0 / 6), c = 1.0 / 24 + r * (1.0 / 120);
    double d = 1.0 / 720 + r * (1.0 / 5040), e = 1.0 / 40320 + r * (1.0 / 362880);
    double f = 1.0 / 3628800 + r * (1.0 / 39916800);
    double p = a + r2 * b + r4 * (c + r2 * d) + r4 * r4 * (e + r2 * f + r4 * (1.0 / 479001600));
    return fast_from_bits(fast_to_bits(p) + (fast_to_bits(t) << 52));
}

/** log(z) for z from 2^-64 to 2^900: z = 2^k m with m between sqrt(1/2) and sqrt(2), log(m) =
 * 2 artanh((m - 1)/(m + 1)). */
static inline double fast_log(double z)
{
    const uint64_t root = 0x3fe6a09e667f3bcdULL; /* sqrt(1/2) */
    uint64_t bits = fast_to_bits(z), k = (bits - root + ((uint64_t)64 << 52)) >> 52;
    double m = fast_from_bits(bits - (k << 52) + ((uint64_t)64 << 52));
    double n = fast_from_bits(k | 0x4330000000000000ULL) - 4503599627370496.0 - 64;
    double f = (m - 1) / (m + 1), s = f * f, s2 = s * s, s4 = s2 * s2;
    double a = 1.0 / 3 + s * (1.0 / 5), b = 1.0 / 7 + s * (1.0 / 9);
    double c = 1.0 / 11 + s * (1.0 / 13), d = 1.0 / 15 + s * (1.0 / 17);
    double p = a + s2 * b + s4 * (c + s2 * d) + s4 * s4 * (1.0 / 19 + s * (1.0 / 21));
    return n * FAST_LN2_HIGH + (2 * f + (2 * f * s * p + n * FAST_LN2_LOW));
}

#endif
