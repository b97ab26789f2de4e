#include "admin/estimate/lottery.h"

#include <math.h>
#include <string.h>

#define SAME        1e-12   /* relative: below it two statistics are equal but for rounding */
#define MOST_TABLES 2000000 /* gone through in about a second */
enum { MOST_TRIES = 1000 };

void lottery_of(const struct frame *f, const struct frame_list *list, int item,
                const int32_t *level, int32_t want, struct lottery *out)
{
    const struct frame_mechanism *m = list->mechanism;
    *out = (struct lottery){.kind = m == NULL   ? LOTTERY_COMPLETE
                                    : m->blocks ? LOTTERY_BLOCKS
                                                : LOTTERY_SIMPLE,
                            .list = list,
                            .item = item,
                            .level = level,
                            .want = want,
                            .cells = (size_t)list->items + 3};
    if (m != NULL)
        out->p = (double)m->share[item] / (m->share[0] + m->share[item]);
    for (size_t i = 0; i < f->n; i++) {
        if ((list->arm[i] != 0 && list->arm[i] != item) || (level != NULL && level[i] != want))
            continue;
        size_t arm = list->arm[i] != 0;
        size_t cell = list->count[i] < 0 ? out->cells - 1 : (size_t)list->count[i];
        out->cell[arm][cell]++;
        out->treated += arm;
    }
}

static void add(struct lottery_side *s, double n, double count, bool own)
{
    s->n += n;
    s->sum += n * count;
    s->squares += n * count * count;
    s->own += own ? n : 0;
    s->own_sum += own ? n * count : 0;
}

void lottery_observed(const struct lottery *l, struct lottery_arms *out)
{
    memset(out, 0, sizeof *out);
    for (size_t arm = 0; arm < 2; arm++)
        for (size_t c = 0; c + 1 < l->cells; c++)
            add(&out->side[arm], (double)l->cell[arm][c], (double)c, arm == 1);
}

/* ---- drawing ---- */

static void draw_cells(const struct lottery *l, struct chance *c, struct lottery_arms *out)
{
    uint64_t all = 0, left = l->treated;
    for (size_t arm = 0; arm < 2; arm++)
        for (size_t k = 0; k < l->cells; k++)
            all += l->cell[arm][k];
    for (size_t arm = 0; arm < 2; arm++)
        for (size_t k = 0; k < l->cells; k++) {
            uint64_t n = l->cell[arm][k];
            uint64_t with = l->kind == LOTTERY_SIMPLE ? chance_binomial(c, n, l->p)
                                                      : chance_hypergeometric(c, all, n, left);
            all -= n;
            left -= l->kind == LOTTERY_SIMPLE ? 0 : with;
            if (k + 1 == l->cells)
                continue;
            add(&out->side[1], (double)with, (double)k, arm == 1);
            add(&out->side[0], (double)(n - with), (double)k, arm == 1);
        }
}

/* A new block: arms by their shares, shuffled. Returns its size. */
static size_t fill_block(const struct lottery *l, struct chance *c, uint8_t *place)
{
    const struct frame_mechanism *m = l->list->mechanism;
    uint32_t shares = 0, size = m->block[chance_below(c, (uint32_t)m->block_sizes)];
    size_t n = 0;
    for (size_t a = 0; a < l->list->arms; a++)
        shares += m->share[a];
    for (size_t a = 0; a < l->list->arms; a++)
        for (uint32_t i = 0; i < size / shares * m->share[a]; i++)
            place[n++] = (uint8_t)a;
    for (size_t i = n; i > 1; i--) {
        size_t j = chance_below(c, (uint32_t)i);
        uint8_t swapped = place[i - 1];
        place[i - 1] = place[j];
        place[j] = swapped;
    }
    return n;
}

static void draw_blocks(const struct lottery *l, struct chance *c, struct lottery_arms *out)
{
    const struct frame_mechanism *m = l->list->mechanism;
    uint8_t place[STUDY_MAX_BLOCK];
    size_t size = 0, taken = 0;
    for (size_t i = 0; i < m->draws; i++) {
        if (i == 0 || m->chain[i] != m->chain[i - 1] || taken == size) {
            size = fill_block(l, c, place);
            taken = 0;
        }
        int arm = place[taken++];
        int32_t row = m->row[i];
        if (row < 0 || l->list->count[row] < 0 || l->list->arm[row] < 0 ||
            (arm != 0 && arm != l->item) || (l->level != NULL && l->level[row] != l->want))
            continue;
        add(&out->side[arm != 0], 1, l->list->count[row], l->list->arm[row] == l->item);
    }
}

bool lottery_draw(const struct lottery *l, struct chance *c, struct lottery_arms *out)
{
    for (int i = 0; i < MOST_TRIES; i++) {
        memset(out, 0, sizeof *out);
        (l->kind == LOTTERY_BLOCKS ? draw_blocks : draw_cells)(l, c, out);
        if (out->side[0].n >= 2 && out->side[1].n >= 2)
            return true;
    }
    return false;
}

/* ---- the statistic ---- */

/* Mean and variance of the mean after the shift; n times the sum of squared deviations is a whole
 * number where the shift is none, so equal counts give 0 exactly. */
static double mean_of(const struct lottery_side *s, double shift, double *variance)
{
    double sum = s->sum - shift * s->own;
    double squares = s->squares - 2 * shift * s->own_sum + shift * shift * s->own;
    double spread = s->n * squares - sum * sum;
    *variance = fmax(0, spread) / (s->n * (s->n - 1)) / s->n;
    return sum / s->n;
}

double lottery_t(const struct lottery_arms *a, double shift)
{
    double v0, v1;
    double d = -mean_of(&a->side[0], shift, &v0) + mean_of(&a->side[1], shift, &v1);
    if (v0 + v1 > 0)
        return d / sqrt(v0 + v1);
    return d == 0 ? 0 : copysign(INFINITY, d);
}

double lottery_se(const struct lottery_arms *a)
{
    double v0, v1;
    mean_of(&a->side[0], 0, &v0);
    mean_of(&a->side[1], 0, &v1);
    return sqrt(v0 + v1);
}

/* ---- all assignments ---- */

struct walk {
    const struct lottery *l;
    double n[LOTTERY_CELLS]; /* respondents of each count, lost ones last */
    double t;
    double extreme, all; /* probability */
};

static double log_choose(double n, double k)
{
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1);
}

static void judge(struct walk *w, const struct lottery_arms *a, double logp)
{
    if (a->side[0].n < 2 || a->side[1].n < 2)
        return;
    double p = exp(logp);
    w->all += p;
    if (fabs(lottery_t(a, 0)) >= fabs(w->t) * (1 - SAME))
        w->extreme += p;
}

/* How many of cell ${cell} get the item, then the next one; ${left}: still to get it. */
static void go_through(struct walk *w, size_t cell, double left, const struct lottery_arms *so_far,
                       double logp)
{
    bool complete = w->l->kind == LOTTERY_COMPLETE, last = cell + 1 == w->l->cells;
    double n = w->n[cell], from = 0, to = n;
    if (complete) {
        double rest = 0;
        for (size_t k = cell + 1; k < w->l->cells; k++)
            rest += w->n[k];
        from = fmax(0, left - rest);
        to = fmin(n, left);
    }
    for (double m = from; m <= to; m++) {
        struct lottery_arms a = *so_far;
        double p = logp + log_choose(n, m);
        if (!complete)
            p += m * log(w->l->p) + (n - m) * log1p(-w->l->p);
        if (!last) {
            add(&a.side[1], m, (double)cell, false);
            add(&a.side[0], n - m, (double)cell, false);
            go_through(w, cell + 1, left - m, &a, p);
        } else {
            judge(w, &a, p);
        }
    }
}

bool lottery_exact(const struct lottery *l, double t, double *p)
{
    struct walk w = {.l = l, .t = t};
    struct lottery_arms none;
    double tables = 1, all = 0, most = 1;
    for (size_t k = 0; k < l->cells; k++) {
        w.n[k] = (double)(l->cell[0][k] + l->cell[1][k]);
        all += w.n[k];
        tables *= w.n[k] + 1;
        most = fmax(most, w.n[k] + 1);
    }
    if (l->kind == LOTTERY_BLOCKS ||
        tables / (l->kind == LOTTERY_COMPLETE ? most : 1) > MOST_TABLES)
        return false;
    memset(&none, 0, sizeof none);
    double treated = (double)l->treated;
    double scale = l->kind == LOTTERY_COMPLETE ? -log_choose(all, treated) : 0;
    go_through(&w, 0, treated, &none, scale);
    *p = fmin(1, w.extreme / w.all);
    return w.all > 0;
}
