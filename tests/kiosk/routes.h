/* What the tests of interviews share: a small study with routes, and walking through it. */
#ifndef SANAQ_TESTS_KIOSK_ROUTES_H
#define SANAQ_TESTS_KIOSK_ROUTES_H

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/disposition.h"
#include "kiosk/interview.h"

static const char yaml[] =
    "study: routes\n"
    "wave: 2022-09\n"
    "title: {en: Routes}\n"
    "languages: [en]\n"
    "consent: {version: 1, text: {en: May we begin?}}\n"
    "sample: random-route\n"
    "selection: none\n"
    "points: points.csv\n"
    "questions:\n"
    "  - {id: member, type: choice, text: {en: Member?}, refuse: yes, options:"
    " [{id: yes, code: 1, text: {en: Y}}, {id: no, code: 0, text: {en: N}}]}\n"
    "  - {id: since, when: {member: yes}, type: integer, text: {en: Years?}, min: 0, max: 50}\n"
    "  - {id: paid, when: {since: {min: 10}}, type: choice, text: {en: Paid?}, options:"
    " [{id: yes, code: 1, text: {en: Y}}, {id: no, code: 0, text: {en: N}}]}\n"
    "  - {id: sea, when: {region: north}, type: choice, text: {en: Sea?}, options:"
    " [{id: yes, code: 1, text: {en: Y}}, {id: no, code: 0, text: {en: N}}]}\n"
    "  - {id: media, type: multi, text: {en: Media}, unknown: yes, options:"
    " [{id: tv, text: {en: TV}}, {id: web, text: {en: Web}}]}\n"
    "lists:\n"
    "  - id: first\n"
    "    intro: {en: How many?}\n"
    "    items: [{id: a, text: {en: A}}, {id: b, text: {en: B}}, {id: c, text: {en: C}}]\n"
    "    sensitive: [{id: h, hide: agree, text: {en: H}}]\n"
    "    order: random\n"
    "  - id: second\n"
    "    when: {member: yes}\n"
    "    intro: {en: How many?}\n"
    "    items: [{id: d, text: {en: D}}, {id: e, text: {en: E}}, {id: f, text: {en: F}}]\n"
    "    sensitive: [{id: i, hide: agree, text: {en: I}}, {id: j, hide: both, text: {en: J}}]\n"
    "    order: fixed\n"
    "  - id: third\n"
    "    when: {region: north}\n"
    "    intro: {en: How many?}\n"
    "    items: [{id: k, text: {en: K}}, {id: l, text: {en: L}}, {id: m, text: {en: M}}]\n"
    "    sensitive: [{id: n, hide: agree, text: {en: O}}]\n"
    "    order: fixed\n"
    "list-order: random\n"
    "after:\n"
    "  - {id: trust, type: scale, text: {en: Trust}, from: 1, to: 5, low: {en: No}, high: {en: "
    "Y}}\n"
    "  - {id: why, when: {trust: {max: 2}}, type: choice, text: {en: Why?}, options:"
    " [{id: x, text: {en: X}}, {id: y, text: {en: Y}}]}\n"
    "observations:\n"
    "  - {id: alone, type: choice, text: {en: Alone?}, options:"
    " [{id: yes, code: 1, text: {en: Y}}, {id: no, code: 0, text: {en: N}}]}\n"
    "  - {id: heard, when: {alone: no}, type: choice, text: {en: Heard?}, options:"
    " [{id: yes, code: 1, text: {en: Y}}, {id: no, code: 0, text: {en: N}}]}\n"
    "debrief: {en: Thanks}\n"
    "card: {default: screen-respondent}\n"
    "assignment: {method: simple, strata: [region]}\n"
    "complete: [first, second, member, since]\n"
    "partial: [first]\n"
    "researchers: [first.pub, second.pub]\n"
    "supervisors: []\n";
static const char csv[] = "id,region\nn1,north\ns1,south\n";

enum question { MEMBER, SINCE, PAID, SEA, MEDIA, TRUST, WHY, ALONE, HEARD, QUESTIONS };
enum list { FIRST, SECOND, THIRD };
enum place { NORTH, SOUTH };
enum { YES = 1, NO = 0 };

struct walk {
    struct study *s;
    struct points *p;
    struct interview iv;
};

static inline void print(void *ctx, bool warning, unsigned line, const char *what)
{
    (void)ctx;
    if (!warning)
        print_error("line %u: %s\n", line, what);
}

static inline int start(void **state)
{
    struct walk *w = calloc(1, sizeof *w);
    assert_non_null(w);
    assert_int_equal(
        study_parse((struct bytes){(const uint8_t *)yaml, sizeof yaml - 1}, print, NULL, &w->s),
        ERR_OK);
    assert_int_equal(study_kiosk_can(w->s, print, NULL), ERR_OK);
    assert_int_equal(points_parse((struct bytes){(const uint8_t *)csv, sizeof csv - 1}, w->s, print,
                                  NULL, &w->p),
                     ERR_OK);
    assert_int_equal(w->s->questions, QUESTIONS);
    interview_start(&w->iv, 1, SOUTH, w->p->stratum_of[SOUTH], 0);
    *state = w;
    return 0;
}

static inline int end(void **state)
{
    struct walk *w = *state;
    points_free(w->p);
    study_free(w->s);
    free(w);
    return 0;
}

/* ---- walking ---- */

static inline void begin_at(struct walk *w, uint32_t point)
{
    interview_start(&w->iv, 7, point, w->p->stratum_of[point], 0);
}

static inline void next(struct walk *w)
{
    interview_next(&w->iv, w->s, w->p);
}

static inline void stands(const struct walk *w, enum interview_step step, size_t at)
{
    assert_int_equal(w->iv.step, step);
    assert_int_equal(w->iv.at, at);
}

static inline void answer(struct walk *w, enum question q, int32_t value)
{
    assert_int_equal(w->iv.at, q);
    interview_answer(&w->iv, w->s, w->p, value);
    next(w);
}

/* What session_assign does to the interview: lists not asked count as sealed. */
static inline void draw(struct walk *w, uint8_t first, uint8_t second, uint8_t third)
{
    uint32_t asked = interview_asked(&w->iv, w->s, w->p);
    const uint8_t arm[] = {first, second, third};
    uint8_t position = 0;
    for (size_t l = w->s->lists; l-- > 0;) { /* the last list first */
        bool is = (asked >> l & 1) != 0;
        w->iv.draw.arm[l] = is ? arm[l] : ARM_NOT_ASKED;
        w->iv.draw.position[l] = is ? position++ : 255;
        w->iv.draw.order[l] = 0;
    }
    w->iv.assigned = true;
    w->iv.counted = ~asked & 7u;
}

static inline void count(struct walk *w)
{
    assert_int_equal(w->iv.step, INTERVIEW_CARD);
    w->iv.counted |= UINT32_C(1) << w->iv.at;
    next(w);
}

/* To the page before the draw: a member, in the south or the north. */
static inline void to_ready(struct walk *w, enum place point)
{
    begin_at(w, point);
    next(w);
    answer(w, MEMBER, YES);
    answer(w, SINCE, 3);
    if (point == NORTH)
        answer(w, SEA, YES);
    answer(w, MEDIA, 3);
    stands(w, INTERVIEW_READY, 0);
}

static inline void to_thanks(struct walk *w)
{
    to_ready(w, SOUTH);
    draw(w, 1, 2, 0);
    next(w);
    next(w);
    count(w);
    count(w);
    answer(w, TRUST, 5);
    stands(w, INTERVIEW_THANKS, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

#endif
