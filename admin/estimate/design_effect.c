#include "admin/estimate/design_effect.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/chance.h"
#include "admin/estimate/estimate.h"
#include "admin/estimate/numeric.h"

enum { POWER_DRAWS = 1000, SHARES = 100 };

void design_effect_count(const struct frame_list *l, size_t n, int item,
                         struct design_effect_counts *out)
{
    *out = (struct design_effect_counts){.items = l->items};
    for (size_t i = 0; i < n; i++) {
        if (!estimate_used(l, i) || (l->arm[i] != 0 && l->arm[i] != item))
            continue;
        bool treated = l->arm[i] != 0;
        if (!treated && l->count[i] > l->items)
            continue; /* not possible: said elsewhere */
        out->n[treated]++;
        out->count[treated][l->count[i]]++;
    }
}

/* Share of ${arm} with a count of at most ${y}. */
static double at_most(const struct design_effect_counts *c, int arm, int y)
{
    double sum = 0;
    for (int i = 0; i <= y && i <= c->items + 1; i++)
        sum += c->count[arm][i];
    return sum / c->n[arm];
}

/* Constraint ${i} of side ${z}: counts of treatment and control whose shares it compares. */
static void counts_of(int z, size_t i, int *treatment, int *control)
{
    *treatment = (int)i + (z == 0);
    *control = (int)i;
}

static double covariance(const struct design_effect_counts *c, int z, size_t i, size_t j)
{
    int a, b, x, y;
    size_t low = i < j ? i : j, high = i < j ? j : i;
    counts_of(z, low, &a, &x);
    counts_of(z, high, &b, &y);
    return at_most(c, 1, a) * (1 - at_most(c, 1, b)) / c->n[1] +
           at_most(c, 0, x) * (1 - at_most(c, 0, y)) / c->n[0];
}

static void fill_side(const struct design_effect_counts *c, int z, struct design_effect_side *s)
{
    s->k = (size_t)c->items;
    for (size_t i = 0; i < s->k; i++) {
        int a, b;
        counts_of(z, i, &a, &b);
        double d = at_most(c, 0, b) - at_most(c, 1, a);
        s->pi[i] = z == 1 ? d : -d;
        s->se[i] = sqrt(covariance(c, z, i, i));
    }
}

/* Covariance and estimates of the constraints kept. */
static void kept_part(const struct design_effect_counts *c, int z,
                      const struct design_effect_side *s, double *e, double *v)
{
    for (size_t i = 0, x = 0; i < s->k; i++) {
        if (!s->kept[i])
            continue;
        e[x] = s->pi[i];
        for (size_t j = 0, y = 0; j < s->k; j++)
            if (s->kept[j])
                v[x * s->kepts + y++] = covariance(c, z, i, j);
        x++;
    }
}

static enum err test_side(const struct design_effect_counts *c, int z, bool selection,
                          struct design_effect_side *s)
{
    double e[CHI_BAR_MAX], v[CHI_BAR_MAX * CHI_BAR_MAX], inverse[CHI_BAR_MAX * CHI_BAR_MAX];
    double far = sqrt(log(c->n[0] + c->n[1])), rcond = 0;
    *s = (struct design_effect_side){.p = NAN};
    fill_side(c, z, s);
    for (size_t i = 0; i < s->k; i++) {
        s->kept[i] = s->se[i] > 0 && !(selection && s->pi[i] / s->se[i] > far);
        s->kepts += s->kept[i];
    }
    if (s->kepts == 0)
        return ERR_OK;
    kept_part(c, z, s, e, v);
    enum err err = numeric_spd_inverse(v, s->kepts, inverse, &rcond);
    if (err == ERR_OK && !(rcond > 1e-13))
        err = ERR_STUDY;
    if (err == ERR_OK)
        err = chi_bar_weights(v, s->kepts, false, s->weight, &s->exact);
    if (err != ERR_OK)
        return err;
    s->lambda = chi_bar_distance(e, inverse, s->kepts);
    s->p = chi_bar_tail(s->weight, s->kepts, s->lambda);
    return ERR_OK;
}

enum err design_effect_test(const struct design_effect_counts *c, bool selection,
                            struct design_effect *out)
{
    enum err e = c->n[0] > 0 && c->n[1] > 0 ? ERR_OK : ERR_STUDY;
    double least = NAN;
    for (int z = 0; z < 2 && e == ERR_OK; z++) {
        e = test_side(c, z, selection, &out->side[z]);
        if (e == ERR_OK && !isnan(out->side[z].p))
            least = isnan(least) ? out->side[z].p : fmin(least, out->side[z].p);
    }
    out->p = isnan(least) ? 1 : fmin(1, 2 * least);
    return e;
}

/* The critical distance of one side at 2.5%. */
static double critical(const double *w, size_t k)
{
    double low = 0, high = 200;
    for (int i = 0; i < 100; i++)
        *(chi_bar_tail(w, k, (low + high) / 2) > 0.025 ? &low : &high) = (low + high) / 2;
    return high;
}

/* The counts that would be if a share of the treated counted ${by} more (where they can). */
static void shifted(const struct design_effect_counts *c, double share, int by,
                    struct design_effect_counts *out)
{
    *out = *c;
    for (int y = 0; y <= c->items + 1; y++) {
        int to = y + by;
        if (to < 0 || to > c->items + 1)
            continue;
        out->count[1][y] -= share * c->count[1][y];
        out->count[1][to] += share * c->count[1][y];
    }
}

/* V = L L'. */
static void root(const double *v, size_t k, double *l)
{
    memset(l, 0, k * k * sizeof *l);
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j <= i; j++) {
            double s = v[i * k + j];
            for (size_t m = 0; m < j; m++)
                s -= l[i * k + m] * l[j * k + m];
            l[i * k + j] = i == j ? sqrt(fmax(s, 0)) : l[j * k + j] > 0 ? s / l[j * k + j] : 0;
        }
}

/* How often a side is beyond its critical value. ${hit}: draws in which some side was. */
static enum err draw_side(const struct design_effect_counts *c, int z, bool *hit)
{
    struct design_effect_side s = {0};
    double e[CHI_BAR_MAX], d[CHI_BAR_MAX], v[CHI_BAR_MAX * CHI_BAR_MAX];
    double l[CHI_BAR_MAX * CHI_BAR_MAX], inverse[CHI_BAR_MAX * CHI_BAR_MAX], rcond = 0;
    struct chance chance;
    fill_side(c, z, &s);
    for (size_t i = 0; i < s.k; i++)
        s.kepts += s.kept[i] = s.se[i] > 0;
    if (s.kepts == 0)
        return ERR_OK;
    kept_part(c, z, &s, e, v);
    enum err err = numeric_spd_inverse(v, s.kepts, inverse, &rcond);
    if (err != ERR_OK || !(rcond > 1e-13))
        return err;
    if ((err = chi_bar_weights(v, s.kepts, true, s.weight, &s.exact)) != ERR_OK)
        return err;
    double at = critical(s.weight, s.kepts);
    root(v, s.kepts, l);
    chance_start(&chance, 1, (uint64_t)z);
    for (size_t n = 0; n < POWER_DRAWS; n++) {
        double x[CHI_BAR_MAX];
        for (size_t i = 0; i < s.kepts; i++)
            x[i] = numeric_normal_quantile(chance_uniform(&chance));
        for (size_t i = 0; i < s.kepts; i++) {
            d[i] = e[i];
            for (size_t j = 0; j <= i; j++)
                d[i] += l[i * s.kepts + j] * x[j];
        }
        hit[n] = hit[n] || chi_bar_distance(d, inverse, s.kepts) > at;
    }
    return ERR_OK;
}

static enum err power_at(const struct design_effect_counts *c, double share, int by, double *power)
{
    struct design_effect_counts moved;
    bool hit[POWER_DRAWS] = {false};
    size_t hits = 0;
    shifted(c, share, by, &moved);
    enum err e = draw_side(&moved, 0, hit);
    if (e == ERR_OK)
        e = draw_side(&moved, 1, hit);
    for (size_t i = 0; i < POWER_DRAWS; i++)
        hits += hit[i];
    *power = (double)hits / POWER_DRAWS;
    return e;
}

static enum err smallest(const struct design_effect_counts *c, int by, double *share)
{
    int low = 0, high = SHARES + 1; /* percent; high: found */
    enum err e = ERR_OK;
    while (high - low > 1 && e == ERR_OK) {
        int middle = (low + high) / 2;
        double power = 0;
        if ((e = power_at(c, middle / (double)SHARES, by, &power)) == ERR_OK)
            *(power >= 0.8 ? &high : &low) = middle;
    }
    *share = high > SHARES ? NAN : high / (double)SHARES;
    return e;
}

enum err design_effect_power(const struct design_effect_counts *c, double *deflating,
                             double *inflating)
{
    if (!(c->n[0] > 0) || !(c->n[1] > 0))
        return ERR_STUDY;
    enum err e = smallest(c, -1, deflating);
    return e == ERR_OK ? smallest(c, 1, inflating) : e;
}
