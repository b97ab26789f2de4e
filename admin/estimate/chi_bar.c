#include "admin/estimate/chi_bar.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/chance.h"
#include "admin/estimate/numeric.h"

enum { POINTS = 24, DRAWS = 200000, ROUGH_DRAWS = 5000, ROUGH_EXACT = 5, SWEEPS = 200000 };
#define PI 3.14159265358979323846

/* Half of the 24 Gauss-Legendre points and weights on (-1, 1) (Abramowitz and Stegun 25.4). */
static const double node[POINTS / 2] = {
    0.0640568928626056260850430826247450385909, 0.1911188674736163091586398207570696318404,
    0.3150426796961633743867932913198102407864, 0.4337935076260451384870842319133497124524,
    0.5454214713888395356583756172183723700107, 0.6480936519369755692524957869107476266696,
    0.7401241915785543642438281030999784255232, 0.8200019859739029219539498726697452080761,
    0.8864155270044010342131543419821967550873, 0.9382745520027327585236490017087214496548,
    0.9747285559713094981983919930081690617411, 0.9951872199970213601799974097007368118745};
static const double weight[POINTS / 2] = {
    0.1279381953467521569740561652246953718517, 0.1258374563468282961213753825111836887264,
    0.1216704729278033912044631534762624256070, 0.1155056680537256013533444839067835598622,
    0.1074442701159656347825773424466062227946, 0.0976186521041138882698806644642471544279,
    0.0861901615319532759171852029837426671850, 0.0733464814110803057340336152531165181193,
    0.0592985849154367807463677585001085845412, 0.0442774388174198061686027482113382288593,
    0.0285313886289336631813078159518782864491, 0.0123412297999871995468056670700372915759};

/* Covariance of the others given that two correlated ${r} are 0; ${v}: correlations. */
static void given_two(const double *v, size_t k, size_t i, size_t j, double *out)
{
    double r = v[i * k + j], d = 1 - r * r;
    for (size_t a = 0, x = 0; a < k; a++) {
        if (a == i || a == j)
            continue;
        for (size_t b = 0, y = 0; b < k; b++) {
            if (b == i || b == j)
                continue;
            double ai = v[a * k + i], aj = v[a * k + j], bi = v[b * k + i], bj = v[b * k + j];
            out[x * (k - 2) + y] =
                v[a * k + b] - (ai * bi - r * ai * bj - r * aj * bi + aj * bj) / d;
            y++;
        }
        x++;
    }
}

/* d/dt of the orthant's probability at correlations t times ${v}. */
static double slope(const double *v, size_t k, double t)
{
    double at[CHI_BAR_EXACT * CHI_BAR_EXACT], rest[CHI_BAR_EXACT * CHI_BAR_EXACT], sum = 0;
    for (size_t i = 0; i < k * k; i++)
        at[i] = i % (k + 1) == 0 ? 1 : t * v[i];
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < i; j++) {
            double r = at[i * k + j];
            given_two(at, k, i, j, rest);
            sum += v[i * k + j] / (2 * PI * sqrt(1 - r * r)) * chi_bar_orthant(rest, k - 2);
        }
    return sum;
}

double chi_bar_orthant(const double *v, size_t k)
{
    double r[CHI_BAR_EXACT * CHI_BAR_EXACT], sum = 0;
    if (k == 0)
        return 1;
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < k; j++)
            r[i * k + j] = i == j ? 1 : v[i * k + j] / sqrt(v[i * k + i] * v[j * k + j]);
    if (k == 1)
        return 0.5;
    if (k == 2)
        return 0.25 + asin(r[1]) / (2 * PI);
    if (k == 3)
        return 0.125 + (asin(r[1]) + asin(r[2]) + asin(r[5])) / (4 * PI);
    for (size_t i = 0; i < POINTS / 2; i++)
        sum += weight[i] * (slope(r, k, (1 - node[i]) / 2) + slope(r, k, (1 + node[i]) / 2)) / 2;
    return ldexp(1, -(int)k) + sum;
}

/* The part of ${v} whose rows and columns are in ${rows}. */
static size_t part(const double *v, size_t k, unsigned rows, double *out)
{
    size_t n = 0;
    for (size_t i = 0; i < k; i++)
        n += rows >> i & 1;
    for (size_t i = 0, x = 0; i < k; i++) {
        if (!(rows >> i & 1))
            continue;
        for (size_t j = 0, y = 0; j < k; j++)
            if (rows >> j & 1)
                out[x * n + y++] = v[i * k + j];
        x++;
    }
    return n;
}

/* Kudo: the projection has exactly the components ${face} positive with probability
 * P(N(0, V_CC^-1) > 0) P(N(0, V_FF.C) > 0), C the others. V_FF.C is the inverse of the F part of
 * V^-1. */
static enum err face_probability(const double *v, const double *inverse, size_t k, unsigned face,
                                 double *out)
{
    double c[CHI_BAR_EXACT * CHI_BAR_EXACT], f[CHI_BAR_EXACT * CHI_BAR_EXACT], rcond = 1;
    unsigned all = (1u << k) - 1;
    size_t nc = part(v, k, all & ~face, c), nf = part(inverse, k, face, f);
    enum err e = nc > 0 ? numeric_spd_inverse(c, nc, c, &rcond) : ERR_OK;
    if (e == ERR_OK && rcond > 0 && nf > 0)
        e = numeric_spd_inverse(f, nf, f, &rcond);
    if (e == ERR_OK && !(rcond > 0))
        e = ERR_STUDY;
    if (e == ERR_OK)
        *out = chi_bar_orthant(c, nc) * chi_bar_orthant(f, nf);
    return e;
}

static double normal(struct chance *c)
{
    return numeric_normal_quantile(chance_uniform(c));
}

/* The projection of ${e}: coordinate descent, which ends because the quadratic form is convex.
 * Returns its number of positive components. */
static size_t project(const double *e, const double *inverse, size_t k, double *t)
{
    size_t positive = 0;
    for (size_t i = 0; i < k; i++)
        t[i] = e[i] > 0 ? e[i] : 0;
    for (size_t sweep = 0; sweep < SWEEPS; sweep++) {
        double moved = 0, size = 0;
        for (size_t i = 0; i < k; i++) {
            double slope_i = 0, h = inverse[i * k + i];
            for (size_t j = 0; j < k; j++)
                slope_i += inverse[i * k + j] * (t[j] - e[j]);
            double next = t[i] - slope_i / h;
            next = next > 0 ? next : 0;
            moved = fmax(moved, fabs(next - t[i]) * sqrt(h));
            size = fmax(size, fabs(next) * sqrt(h));
            t[i] = next;
        }
        if (moved <= 1e-15 * (1 + size))
            break;
    }
    for (size_t i = 0; i < k; i++)
        positive += t[i] > 0;
    return positive;
}

double chi_bar_distance(const double *e, const double *inverse, size_t k)
{
    double t[CHI_BAR_MAX], sum = 0;
    project(e, inverse, k, t);
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < k; j++)
            sum += (e[i] - t[i]) * inverse[i * k + j] * (e[j] - t[j]);
    return sum > 0 ? sum : 0;
}

/* By drawing: z ~ N(0, V^-1)-coordinates are not needed, V = L L'. */
static void draw_weights(const double *v, const double *inverse, size_t k, size_t draws, double *w)
{
    double l[CHI_BAR_MAX * CHI_BAR_MAX] = {0}, z[CHI_BAR_MAX], e[CHI_BAR_MAX], t[CHI_BAR_MAX];
    struct chance c;
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j <= i; j++) {
            double s = v[i * k + j];
            for (size_t m = 0; m < j; m++)
                s -= l[i * k + m] * l[j * k + m];
            l[i * k + j] = i == j ? sqrt(fmax(s, 0)) : l[j * k + j] > 0 ? s / l[j * k + j] : 0;
        }
    chance_start(&c, 1, k);
    for (size_t d = 0; d < draws; d++) {
        for (size_t i = 0; i < k; i++)
            z[i] = normal(&c);
        for (size_t i = 0; i < k; i++) {
            e[i] = 0;
            for (size_t m = 0; m <= i; m++)
                e[i] += l[i * k + m] * z[m];
        }
        w[k - project(e, inverse, k, t)] += 1.0 / (double)draws;
    }
}

enum err chi_bar_weights(const double *v, size_t k, bool rough, double *w, bool *exact)
{
    double inverse[CHI_BAR_MAX * CHI_BAR_MAX], rcond = 0;
    enum err e = numeric_spd_inverse(v, k, inverse, &rcond);
    if (e != ERR_OK || !(rcond > 1e-13))
        return e != ERR_OK ? e : ERR_STUDY;
    memset(w, 0, (k + 1) * sizeof *w);
    *exact = k <= (rough ? ROUGH_EXACT : CHI_BAR_EXACT);
    if (!*exact) {
        draw_weights(v, inverse, k, rough ? ROUGH_DRAWS : DRAWS, w);
        return ERR_OK;
    }
    for (unsigned face = 0; face < 1u << k && e == ERR_OK; face++) {
        size_t positive = 0;
        double p = 0;
        for (size_t i = 0; i < k; i++)
            positive += face >> i & 1;
        e = face_probability(v, inverse, k, face, &p);
        w[k - positive] += p;
    }
    return e;
}

double chi_bar_tail(const double *w, size_t k, double x)
{
    double sum = 0;
    if (!(x > 0))
        return 1;
    for (size_t j = 1; j <= k; j++)
        sum += w[j] * numeric_chi_tail(x, (double)j);
    return sum;
}
