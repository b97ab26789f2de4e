#include "admin/estimate/bounds_table.h"

#include <math.h>
#include <string.h>

static void constant(double value, struct shares_statistic *out)
{
    memset(out, 0, sizeof *out);
    out->value = value;
}

/* ${out} += ${times} of a_k or b_k. */
static void add_cell(const struct shares *s, double times, bool agree, int k,
                     struct shares_statistic *out)
{
    struct shares_statistic cell;
    (agree ? shares_agree : shares_not)(s, k, &cell);
    shares_add(s, out, times, &cell);
}

static void honest(const struct shares *s, double share, struct shares_statistic *lower,
                   struct shares_statistic *upper)
{
    (void)share;
    shares_difference(s, lower);
    *upper = *lower;
}

static void hidden(const struct shares *s, double share, struct shares_statistic *lower,
                   struct shares_statistic *upper)
{
    (void)share;
    shares_difference(s, lower);
    constant(1, upper);
}

static void hidden_full(const struct shares *s, double share, struct shares_statistic *lower,
                        struct shares_statistic *upper)
{
    honest(s, share, lower, upper);
    add_cell(s, 1, false, s->items, upper);
}

static void hidden_ends(const struct shares *s, double share, struct shares_statistic *lower,
                        struct shares_statistic *upper)
{
    hidden_full(s, share, lower, upper);
    add_cell(s, 1, false, 0, upper);
}

static void falsely(const struct shares *s, double share, struct shares_statistic *lower,
                    struct shares_statistic *upper)
{
    (void)share;
    shares_difference(s, upper);
    constant(0, lower);
}

static void false_zero(const struct shares *s, double share, struct shares_statistic *lower,
                       struct shares_statistic *upper)
{
    honest(s, share, lower, upper);
    add_cell(s, -1, true, 0, lower);
}

static void false_ends(const struct shares *s, double share, struct shares_statistic *lower,
                       struct shares_statistic *upper)
{
    false_zero(s, share, lower, upper);
    add_cell(s, -1, true, s->items, lower);
}

static void ends(const struct shares *s, double share, struct shares_statistic *lower,
                 struct shares_statistic *upper)
{
    struct shares_statistic unused;
    false_ends(s, share, lower, &unused);
    hidden_ends(s, share, &unused, upper);
}

static void lost_worst(const struct shares *s, double share, struct shares_statistic *lower,
                       struct shares_statistic *upper)
{
    size_t lost = s->cells - 1;
    (void)share;
    shares_difference(s, lower); /* the lost count 0 in it */
    *upper = *lower;
    lower->grad[lost] = -s->items;
    upper->grad[s->cells + lost] = s->items + 1;
    shares_linear(s, lower);
    shares_linear(s, upper);
}

/* Mean of the counts of arm ${t} after trimming it to the share ${keep} that the other arm kept,
 * the lowest counts staying or the highest. At the count where the cut falls, ${cut}: a respondent
 * on the kept side pushes one of ${cut} out, and a larger ${keep} lets one of ${cut} in. */
static void trimmed(const struct shares *s, size_t t, double keep, bool lowest,
                    struct shares_statistic *out)
{
    const double *p = s->p + t * s->cells;
    double room = keep, sum = 0, cut = 0;
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < s->counts && room > 0; i++) {
        size_t c = lowest ? i : s->counts - 1 - i;
        double part = p[c] < room ? p[c] : room;
        if (part > 0)
            cut = (double)c;
        sum += part * (double)c;
        room -= part;
    }
    out->value = sum / keep;
    for (size_t c = 0; c < s->counts; c++) {
        bool kept = lowest ? (double)c < cut : (double)c > cut;
        out->grad[t * s->cells + c] = kept ? ((double)c - cut) / keep : 0;
        out->grad[(1 - t) * s->cells + c] = (cut - out->value) / keep;
    }
}

static void lost_lee(const struct shares *s, double share, struct shares_statistic *lower,
                     struct shares_statistic *upper)
{
    double kept[2] = {1 - s->p[s->cells - 1], 1 - s->p[2 * s->cells - 1]};
    size_t t = kept[0] > kept[1] ? 0 : 1; /* the arm that lost less is trimmed */
    double keep = kept[1 - t];
    struct shares_statistic mean, zero;
    (void)share;
    memset(&mean, 0, sizeof mean);
    for (size_t c = 0; c < s->counts; c++)
        mean.value += s->p[(1 - t) * s->cells + c] * (double)c / keep;
    for (size_t c = 0; c < s->counts; c++)
        mean.grad[(1 - t) * s->cells + c] = ((double)c - mean.value) / keep;
    trimmed(s, t, keep, t == 1, lower);
    trimmed(s, t, keep, t == 0, upper);
    shares_add(s, lower, -1, &mean);
    shares_add(s, upper, -1, &mean);
    for (int k = 0; t == 0 && k < 2; k++) { /* control was trimmed: turn the signs */
        struct shares_statistic *b = k == 0 ? lower : upper;
        constant(0, &zero);
        shares_add(s, &zero, -1, b);
        *b = zero;
    }
}

static void random_any(const struct shares *s, double share, struct shares_statistic *lower,
                       struct shares_statistic *upper)
{
    honest(s, share, lower, upper);
    lower->value -= share / 2;
    upper->value += share / 2;
}

static void random_independent(const struct shares *s, double share, struct shares_statistic *lower,
                               struct shares_statistic *upper)
{
    struct shares_statistic other;
    constant(-share / 2 / (1 - share), &other);
    honest(s, share, lower, upper);
    shares_add(s, &other, 1 / (1 - share), lower);
    *(other.value < lower->value ? lower : upper) = other;
}

const struct bounds_assumption bounds_table[BOUNDS_ASSUMPTIONS] = {
    {"honest", "nobody lies in the count", BOUNDS_EITHER, false, false, honest},
    {"hidden", "agreement may be hidden, never feigned", BOUNDS_AGREE, false, false, hidden},
    {"hidden-ends", "agreement hidden by those who agree to none or to all of the control items",
     BOUNDS_AGREE, false, false, hidden_ends},
    {"hidden-full", "agreement hidden only to avoid a count of J + 1", BOUNDS_AGREE, false, false,
     hidden_full},
    {"false", "agreement may be feigned, never hidden", BOUNDS_DISAGREE, false, false, falsely},
    {"false-ends", "agreement feigned by those who agree to none or to all of the control items",
     BOUNDS_DISAGREE, false, false, false_ends},
    {"false-zero", "agreement feigned only to avoid a count of 0", BOUNDS_DISAGREE, false, false,
     false_zero},
    {"ends", "hidden or feigned by those who agree to none or to all of the control items",
     BOUNDS_EITHER, false, false, ends},
    {"lost-worst", "lost counts may be anything", BOUNDS_EITHER, true, false, lost_worst},
    {"lost-lee", "the item only loses counts, or only wins some (of those never lost)",
     BOUNDS_EITHER, true, false, lost_lee},
    {"random", "at most this share answers at random", BOUNDS_EITHER, false, true, random_any},
    {"random-independent", "at most this share, as often among those who agree", BOUNDS_EITHER,
     false, true, random_independent},
};

double bounds_largest_share(const struct shares *s)
{
    double least = INFINITY, j = s->items;
    for (int k = 0; k <= s->items; k++) {
        struct shares_statistic agree, denied;
        shares_agree(s, k, &agree);
        shares_not(s, k, &denied);
        least = fmin(least, fmin(agree.value / (k + 1), denied.value / (j + 1 - k)));
    }
    return fmin(1, (j + 1) * (j + 2) * least);
}
