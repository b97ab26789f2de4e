#include "tests/stats/world.h"

#include <math.h>
#include <stdlib.h>

/* splitmix64: a stream for every sample, the same on every machine. */
static uint64_t next(uint64_t *s)
{
    uint64_t z = *s += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static double uniform(uint64_t *s)
{
    return ((double)(next(s) >> 11) + 0.5) / 9007199254740992.0;
}

static bool chance(uint64_t *s, double p)
{
    return uniform(s) < p;
}

static double normal(uint64_t *s)
{
    double r = sqrt(-2 * log(uniform(s)));
    return r * cos(6.283185307179586 * uniform(s));
}

/* Marsaglia and Tsang 2000, boosted below 1. */
static double gamma_draw(uint64_t *s, double shape)
{
    if (shape < 1)
        return gamma_draw(s, shape + 1) * pow(uniform(s), 1 / shape);
    double d = shape - 1.0 / 3, c = 1 / sqrt(9 * d);
    for (;;) {
        double x = normal(s), v = 1 + c * x;
        if (v <= 0)
            continue;
        v = v * v * v;
        if (log(uniform(s)) < 0.5 * x * x + d - d * v + d * log(v))
            return d * v;
    }
}

static double logistic(double x)
{
    return 1 / (1 + exp(-x));
}

struct person {
    double x[WORLD_TERMS];
    double shift; /* of the sampling point */
    bool supports[2];
    int arm;
};

static double at(const double *b, const struct person *p)
{
    double eta = p->shift;
    for (int i = 0; i < WORLD_TERMS; i++)
        eta += b[i] * p->x[i];
    return eta;
}

static int control_items(const struct world *w, const struct person *p, bool supports, uint64_t *s)
{
    double q = logistic(at(supports ? w->psi1 : w->psi0, p));
    int y = 0;
    if (w->rho > 0) {
        double size = (1 - w->rho) / w->rho, a = gamma_draw(s, q * size);
        q = a / (a + gamma_draw(s, (1 - q) * size));
    }
    for (int j = 0; j < w->items; j++)
        y += chance(s, q);
    return y;
}

/* What a respondent says: lies at the ends, slips and answers at random included. */
static int says(const struct world *w, const struct person *p, int arm, uint64_t *s)
{
    bool supports = arm > 0 && p->supports[arm - 1];
    int y0 = control_items(w, p, arm > 1 ? supports : p->supports[0], s);
    int most = w->items + (arm > 0), y = y0 + supports;
    if (supports && y0 == w->items && chance(s, w->ceiling))
        y--;
    if (supports && y0 == 0 && chance(s, w->floor))
        y--;
    if (arm > 0 && y0 > 0 && chance(s, w->deflate))
        y--;
    if (arm > 0 && y0 < w->items && chance(s, w->inflate))
        y++;
    if (chance(s, w->topcode))
        y = most;
    if (chance(s, w->uniform))
        y = (int)(uniform(s) * (most + 1));
    return y;
}

static struct person meet(uint64_t *s)
{
    struct person p = {.x = {1, chance(s, 0.5), floor(5 * uniform(s)) / 2 - 1}};
    return p;
}

struct columns {
    double *male, *age, *direct, *outcome;
};

static enum err make_lists(const struct world *w, struct frame *f)
{
    f->lists = w->twice ? 2 : 1;
    if ((f->list = calloc(f->lists, sizeof *f->list)) == NULL)
        return ERR_NOMEM;
    for (size_t l = 0; l < f->lists; l++) {
        struct frame_list *list = &f->list[l];
        list->items = w->items;
        list->arms = w->arms;
        list->has_hide = true;
        for (size_t k = 1; k < w->arms; k++) {
            list->hide[k] = HIDE_AGREE;
            if (w->arms > 2 && (list->sensitive[k] = calloc(2, 1)) == NULL)
                return ERR_NOMEM;
            if (w->arms > 2)
                list->sensitive[k][0] = (char)('0' + k);
        }
        list->arm = malloc(w->n);
        list->count = malloc(w->n * sizeof *list->count);
        if (list->arm == NULL || list->count == NULL)
            return ERR_NOMEM;
    }
    if (w->points > 0 && (f->psu = malloc(w->n * sizeof *f->psu)) == NULL)
        return ERR_NOMEM;
    if (w->weight_cv > 0 && (f->weight = malloc(w->n * sizeof *f->weight)) == NULL)
        return ERR_NOMEM;
    f->psus = w->points;
    return ERR_OK;
}

/* Arms of equal size (as nearly as n allows), in random order: complete randomisation. */
static void assign(const struct world *w, struct frame *f, uint64_t *s)
{
    int8_t *arm = f->list[0].arm;
    for (size_t i = 0; i < w->n; i++)
        arm[i] = (int8_t)(i % w->arms);
    for (size_t i = w->n - 1; i > 0; i--) {
        size_t j = (size_t)(uniform(s) * (double)(i + 1));
        int8_t keep = arm[i];
        arm[i] = arm[j];
        arm[j] = keep;
    }
}

static void interview(const struct world *w, const struct person *p, size_t i, struct frame *f,
                      struct columns *c, uint64_t *s)
{
    c->male[i] = p->x[1];
    c->age[i] = p->x[2];
    f->list[0].count[i] = (int16_t)says(w, p, f->list[0].arm[i], s);
    if (w->twice) {
        f->list[1].arm[i] = (int8_t)(1 - f->list[0].arm[i]);
        f->list[1].count[i] = (int16_t)says(w, p, f->list[1].arm[i], s);
    }
    if (w->direct)
        c->direct[i] = p->supports[0] && !chance(s, logistic(at(w->misreport, p)));
    if (w->outcome)
        c->outcome[i] =
            chance(s, logistic(at(w->after, p) + w->after[WORLD_TERMS] * p->supports[0]));
}

static enum err add(struct frame *f, const char *name, double **number)
{
    enum err e = *number == NULL ? ERR_OK : frame_add_numbers(f, name, *number);
    if (e == ERR_OK)
        *number = NULL;
    return e;
}

/* Older respondents weigh more; the mean is 1 and the coefficient of variation as stated. */
static double weigh(const struct world *w, const struct person *p)
{
    return 1 + w->weight_cv * p->x[2] / sqrt(0.5);
}

enum err world_draw(const struct world *w, uint64_t seed, struct sample *out)
{
    uint64_t s = seed * 0x2545f4914f6cdd1du + 88172645463325252u;
    struct columns c = {0};
    struct frame *f = NULL;
    double *shift = calloc(w->points + 1, sizeof *shift), weights = 0, sum[2] = {0, 0};
    enum err e = shift != NULL ? frame_new(w->n, &f) : ERR_NOMEM;
    if (e != ERR_OK || (e = make_lists(w, f)) != ERR_OK)
        goto out;
    e = ERR_NOMEM;
    c.male = malloc(w->n * sizeof *c.male);
    c.age = malloc(w->n * sizeof *c.age);
    c.direct = w->direct ? malloc(w->n * sizeof *c.direct) : NULL;
    c.outcome = w->outcome ? malloc(w->n * sizeof *c.outcome) : NULL;
    if (c.male == NULL || c.age == NULL || (w->direct && c.direct == NULL) ||
        (w->outcome && c.outcome == NULL))
        goto out;
    for (size_t k = 0; k < w->points; k++)
        shift[k] = w->spread * normal(&s);
    assign(w, f, &s);
    for (size_t i = 0; i < w->n; i++) {
        struct person p = meet(&s);
        p.shift = w->points > 0 ? shift[i % w->points] : 0;
        double weight = 1;
        if (f->psu != NULL)
            f->psu[i] = (int32_t)(i % w->points);
        if (f->weight != NULL)
            weight = f->weight[i] = weigh(w, &p);
        for (size_t k = 0; k + 1 < w->arms; k++) {
            double g = logistic(at(w->sensitive[k], &p));
            sum[k] += weight * g;
            p.supports[k] = chance(&s, g);
        }
        weights += weight;
        interview(w, &p, i, f, &c, &s);
    }
    if ((e = add(f, "male", &c.male)) != ERR_OK || (e = add(f, "age", &c.age)) != ERR_OK ||
        (e = add(f, "direct", &c.direct)) != ERR_OK ||
        (e = add(f, "outcome", &c.outcome)) != ERR_OK)
        goto out;
    *out = (struct sample){f, {sum[0] / weights, sum[1] / weights}};
    f = NULL;
out:
    free(c.male);
    free(c.age);
    free(c.direct);
    free(c.outcome);
    free(shift);
    frame_free(f);
    return e;
}

/* Over the ten kinds of people and, where there are points, a fine grid of their effects. */
double world_prevalence(const struct world *w, size_t item)
{
    enum { GRID = 400 };
    double sum = 0, weights = 0;
    for (int male = 0; male < 2; male++)
        for (int age = -2; age <= 2; age++)
            for (int g = 0; g < (w->points > 0 ? GRID : 1); g++) {
                struct person p = {.x = {1, male, age / 2.0}};
                double z = -5 + 10 * (g + 0.5) / GRID, mass = w->points > 0 ? exp(-z * z / 2) : 1;
                p.shift = w->points > 0 ? w->spread * z : 0;
                double weight = mass * (w->weight_cv > 0 ? weigh(w, &p) : 1);
                sum += weight * logistic(at(w->sensitive[item], &p));
                weights += weight;
            }
    return sum / weights;
}
