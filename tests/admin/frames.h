/* Frames made in tests: deterministic chance, and the mirror of a frame, in which "agree" and
 * "disagree" have changed places, so that an estimator that treats one direction otherwise than the
 * other shows it. */
#ifndef SANAQ_TESTS_ADMIN_FRAMES_H
#define SANAQ_TESTS_ADMIN_FRAMES_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "admin/estimate/estimate.h"

struct frames_chance {
    uint64_t state;
};

static inline double frames_uniform(struct frames_chance *c)
{
    c->state = c->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return ((double)(c->state >> 11) + 0.5) / 9007199254740992.0;
}

static inline double frames_normal(struct frames_chance *c)
{
    double u = frames_uniform(c), v = frames_uniform(c);
    return sqrt(-2 * log(u)) * cos(2 * acos(-1.0) * v);
}

static inline int frames_binomial(struct frames_chance *c, int size, double p)
{
    int y = 0;
    for (int i = 0; i < size; i++)
        y += frames_uniform(c) < p;
    return y;
}

/** One list of ${items} control items and ${arms} arms; all arms and counts 0. */
static inline struct frame *frames_new(size_t n, int items, size_t arms, size_t lists)
{
    static const char *const name[] = {NULL, "first", "second", "third"};
    struct frame *f = NULL;
    assert_int_equal(frame_new(n, &f), ERR_OK);
    f->list = calloc(lists, sizeof *f->list);
    assert_non_null(f->list);
    f->lists = lists;
    for (size_t i = 0; i < lists; i++) {
        struct frame_list *l = &f->list[i];
        l->items = items;
        l->arms = arms;
        l->arm = calloc(n + 1, sizeof *l->arm);
        l->count = calloc(n + 1, sizeof *l->count);
        assert_true(l->arm != NULL && l->count != NULL);
        for (size_t k = 1; arms > 2 && k < arms; k++)
            l->sensitive[k] = strdup(name[k]);
    }
    return f;
}

static inline void frames_hide(struct frame *f, enum study_hide hide)
{
    for (size_t i = 0; i < f->lists; i++) {
        f->list[i].has_hide = true;
        for (size_t k = 1; k < f->list[i].arms; k++)
            f->list[i].hide[k] = hide;
    }
}

/** Add a column of numbers; the caller keeps ${x}. */
static inline void frames_numbers(struct frame *f, const char *name, const double *x)
{
    double *copy = malloc((f->n + 1) * sizeof *copy);
    assert_non_null(copy);
    memcpy(copy, x, f->n * sizeof *copy);
    assert_int_equal(frame_add_numbers(f, name, copy), ERR_OK);
}

static inline int16_t frames_mirrored(const struct frame_list *l, size_t i)
{
    int top = l->items + (l->arm[i] > 0);
    return l->count[i] < 0 ? l->count[i] : (int16_t)(top - l->count[i]);
}

/** The mirror: y' = J + 1 - y in treatment and J - y in control, 1 - x for the columns named in
 * ${flipped} (NULL-terminated), `hide` turned; weights, points and strata likewise there. */
static inline struct frame *frames_mirror(const struct frame *f, const char *const *flipped)
{
    struct frame *m = frames_new(f->n, f->list[0].items, f->list[0].arms, f->lists);
    for (size_t k = 0; k < f->lists; k++) {
        const struct frame_list *l = &f->list[k];
        memcpy(m->list[k].arm, l->arm, f->n * sizeof *l->arm);
        for (size_t i = 0; i < f->n; i++)
            m->list[k].count[i] = frames_mirrored(l, i);
        m->list[k].has_hide = l->has_hide;
        for (size_t a = 1; a < l->arms; a++)
            m->list[k].hide[a] = l->hide[a] == HIDE_AGREE      ? HIDE_DISAGREE
                                 : l->hide[a] == HIDE_DISAGREE ? HIDE_AGREE
                                                               : HIDE_BOTH;
    }
    for (size_t c = 0; c < f->columns; c++) {
        const double *x = frame_numbers(f, (int)c);
        double *copy = malloc((f->n + 1) * sizeof *copy);
        bool flip = false;
        assert_true(x != NULL && copy != NULL);
        for (size_t i = 0; flipped != NULL && flipped[i] != NULL; i++)
            flip = flip || strcmp(flipped[i], f->column[c].name) == 0;
        for (size_t i = 0; i < f->n; i++)
            copy[i] = flip ? 1 - x[i] : x[i];
        assert_int_equal(frame_add_numbers(m, f->column[c].name, copy), ERR_OK);
    }
#define FRAMES_COPY(member)                                                                        \
    if (f->member != NULL) {                                                                       \
        m->member = malloc((f->n + 1) * sizeof *m->member);                                        \
        assert_non_null(m->member);                                                                \
        memcpy(m->member, f->member, f->n * sizeof *m->member);                                    \
    }
    FRAMES_COPY(weight)
    FRAMES_COPY(psu)
    FRAMES_COPY(stratum)
#undef FRAMES_COPY
    m->psus = f->psus;
    m->strata = f->strata;
    return m;
}

/** Random weights, ${psus} points and 4 strata of them. */
static inline void frames_design(struct frame *f, struct frames_chance *c, size_t psus)
{
    f->weight = calloc(f->n, sizeof *f->weight);
    f->psu = calloc(f->n, sizeof *f->psu);
    f->stratum = calloc(f->n, sizeof *f->stratum);
    assert_true(f->weight != NULL && f->psu != NULL && f->stratum != NULL);
    f->psus = psus;
    f->strata = 4;
    for (size_t i = 0; i < f->n; i++) {
        f->weight[i] = 0.5 + frames_uniform(c);
        f->psu[i] = (int32_t)(i % psus);
        f->stratum[i] = (int32_t)(i % psus % 4);
    }
}

static inline bool frames_warns(const struct estimate_result *r, const char *what)
{
    for (size_t i = 0; i < r->warnings; i++)
        if (strstr(r->warning[i], what) != NULL)
            return true;
    return false;
}

static inline void frames_near(const char *what, double got, double expected, double tolerance)
{
    if (isnan(got) && isnan(expected))
        return;
    if (!(fabs(got - expected) <= tolerance * fmax(1, fabs(expected))))
        fail_msg("%s: %.17g is not %.17g", what, got, expected);
}

#endif
