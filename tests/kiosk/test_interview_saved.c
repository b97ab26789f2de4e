/* The saved form of an interview: it comes back as it was, and nothing else is let in. */
#include "tests/kiosk/routes.h"

static uint8_t *saved(const struct walk *w)
{
    uint8_t *p = malloc(interview_size(w->s));
    assert_non_null(p);
    interview_save(&w->iv, w->s, p);
    return p;
}

static enum err load(const struct walk *w, const uint8_t *p, size_t len, struct interview *out)
{
    return interview_load(w->s, w->p, (struct bytes){p, len}, out);
}

static void comes_back(struct walk *w)
{
    struct interview back;
    uint8_t *p = saved(w), *again;
    memset(&back, 0xaa, sizeof back);
    assert_int_equal(load(w, p, interview_size(w->s), &back), ERR_OK);
    w->iv = back;
    again = saved(w);
    assert_memory_equal(p, again, interview_size(w->s));
    free(p);
    free(again);
}

static void what_is_saved_comes_back_at_every_step(void **state)
{
    struct walk *w = *state;
    begin_at(w, NORTH);
    comes_back(w);
    to_ready(w, NORTH);
    comes_back(w);
    draw(w, 1, 2, 0);
    w->iv.draw.order[FIRST] = 23;
    next(w);
    comes_back(w);
    next(w);
    while (w->iv.step == INTERVIEW_CARD) {
        comes_back(w);
        count(w);
    }
    assert_int_equal(w->iv.draw.order[FIRST], 23);
    assert_int_equal(w->iv.contact, 7);
    answer(w, TRUST, 2);
    comes_back(w);
    answer(w, WHY, 1);
    comes_back(w);
    next(w);
    answer(w, ALONE, NO);
    comes_back(w);
    answer(w, HEARD, NO);
    comes_back(w);
    next(w);
    comes_back(w);
    assert_int_equal(w->iv.answer[TRUST], 2);
    assert_int_equal(w->iv.answer[MEDIA], 3);
}

static void the_saved_form_has_one_length(void **state)
{
    struct walk *w = *state;
    size_t before = interview_size(w->s);
    to_thanks(w);
    assert_int_equal(interview_size(w->s), before);
}

static void refused(struct walk *w, const uint8_t *p, size_t len)
{
    struct interview out;
    memset(&out, 0x55, sizeof out);
    assert_int_equal(load(w, p, len, &out), ERR_FORMAT);
    for (size_t i = 0; i < sizeof out; i++)
        assert_int_equal(((const uint8_t *)&out)[i], 0x55);
}

/* Saves what ${w} holds, which must be refused. */
static void refused_as_is(struct walk *w)
{
    uint8_t *p = saved(w);
    refused(w, p, interview_size(w->s));
    free(p);
}

static void garbage_is_refused(void **state)
{
    struct walk *w = *state;
    size_t len = interview_size(w->s);
    to_thanks(w);
    uint8_t *p = saved(w), *longer = calloc(1, len + 1);
    assert_non_null(longer);
    memcpy(longer, p, len);
    for (size_t n = 0; n < len; n++)
        refused(w, p, n);
    refused(w, longer, len + 1);
    p[0]++;
    refused(w, p, len);
    memset(p, 0xff, len);
    refused(w, p, len);
    memset(p, 0, len);
    refused(w, p, len);
    free(p);
    free(longer);
}

#define REFUSED_WITH(w, member, value)                                                             \
    do {                                                                                           \
        struct interview kept = (w)->iv;                                                           \
        (w)->iv.member = (value);                                                                  \
        refused_as_is(w);                                                                          \
        (w)->iv = kept;                                                                            \
    } while (0)

static void values_outside_the_study_are_refused(void **state)
{
    struct walk *w = *state;
    to_ready(w, SOUTH);
    draw(w, 1, 2, 0);
    next(w);
    comes_back(w);
    REFUSED_WITH(w, contact, 0);
    REFUSED_WITH(w, point, 2);
    REFUSED_WITH(w, stratum, 3);
    REFUSED_WITH(w, language, 1);
    REFUSED_WITH(w, step, INTERVIEW_DONE + 1);
    REFUSED_WITH(w, at, 3);
    REFUSED_WITH(w, counted, 8);
    REFUSED_WITH(w, draw.arm[FIRST], 2);
    REFUSED_WITH(w, draw.arm[SECOND], 3);
    REFUSED_WITH(w, draw.order[FIRST], 24);
    REFUSED_WITH(w, draw.position[FIRST], 3);
    REFUSED_WITH(w, draw.position[THIRD], 0); /* a list that is not asked has no place */
    REFUSED_WITH(w, answer[MEMBER], 2);
    REFUSED_WITH(w, answer[MEDIA], 4);
    REFUSED_WITH(w, answer[MEMBER], -6);
    REFUSED_WITH(w, assigned, false);         /* with a list marked as sealed */
    REFUSED_WITH(w, step, INTERVIEW_OBSERVE); /* question 1 is no observation */
    next(w);
    assert_int_equal(w->iv.step, INTERVIEW_CARD);
    REFUSED_WITH(w, at, THIRD);
}

static void random_bytes_never_load_into_something_that_does_not_fit(void **state)
{
    struct walk *w = *state;
    uint32_t seed = 20220901;
    to_thanks(w);
    size_t len = interview_size(w->s);
    uint8_t *good = saved(w), *p = malloc(len);
    assert_non_null(p);
    for (int i = 0; i < 20000; i++) {
        struct interview out;
        memcpy(p, good, len);
        for (int change = 0; change < 2; change++) {
            seed = seed * 1664525u + 1013904223u;
            p[(seed >> 16) % len] = (uint8_t)(seed >> 8);
        }
        if (load(w, p, len, &out) != ERR_OK)
            continue;
        w->iv = out; /* what loads can be walked to its end */
        for (int n = 0; w->iv.step != INTERVIEW_DONE; n++) {
            assert_in_range(n, 0, 30);
            interview_resume(&w->iv, w->s, w->p);
            if (w->iv.step == INTERVIEW_READY && !w->iv.assigned)
                draw(w, 0, 0, 0);
            if (w->iv.step == INTERVIEW_HANDOVER)
                next(w);
            if (w->iv.step == INTERVIEW_CARD)
                w->iv.counted |= UINT32_C(1) << w->iv.at;
            next(w);
        }
    }
    free(good);
    free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_saved_comes_back_at_every_step),
        TEST(the_saved_form_has_one_length),
        TEST(garbage_is_refused),
        TEST(values_outside_the_study_are_refused),
        TEST(random_bytes_never_load_into_something_that_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
