#include "tests/admin/simulated.h"

static double share_held(const struct respondent_model *m, size_t item)
{
    struct respondent_source *src = NULL;
    struct respondent r;
    int held = 0, all = 0;
    assert_int_equal(respondent_source_new(m, 9, 0, &src), ERR_OK);
    while (all < 20000) {
        respondent_next(src, &r);
        if (r.refuses)
            continue;
        all++;
        held += r.holds[item];
    }
    respondent_source_free(src);
    return (double)held / all;
}

static void first_of(const struct respondent_model *m, uint64_t seed, uint32_t device,
                     struct respondent *out)
{
    struct respondent_source *src = NULL;
    assert_int_equal(respondent_source_new(m, seed, device, &src), ERR_OK);
    for (int i = 0; i < 20; i++)
        respondent_next(src, out);
    respondent_source_free(src);
}

static void respondent_follows_from_seed_and_device(void **state)
{
    struct world *w = *state;
    struct respondent one, same, other;
    first_of(w->model, 1, 0, &one);
    first_of(w->model, 1, 0, &same);
    assert_memory_equal(one.answer, same.answer, sizeof one.answer);
    assert_memory_equal(one.holds, same.holds, sizeof one.holds);
    first_of(w->model, 2, 0, &other);
    assert_memory_not_equal(one.answer, other.answer, sizeof one.answer);
    first_of(w->model, 1, 1, &other);
    assert_memory_not_equal(one.answer, other.answer, sizeof one.answer);
}

static void respondent_holds_items_as_often_as_told(void **state)
{
    struct world *w = *state;
    assert_int_equal(respondent_prevalence(w->model, "csto=.8"), ERR_OK);
    assert_int_equal(respondent_control(w->model, ".1,0.3,1,0"), ERR_OK);
    const double told[] = {.1, .3, 1, 0, .8};
    for (size_t i = 0; i < 5; i++) /* 5 standard errors at .5 are .018 */
        assert_float_equal((float)share_held(w->model, i), (float)told[i], .018f);
    assert_true(share_held(w->model, 2) >= 1 && share_held(w->model, 3) <= 0);
}

static void respondent_gives_only_answers_the_study_knows(void **state)
{
    struct world *w = *state;
    struct respondent_source *src = NULL;
    struct respondent r;
    bool town = false, multi = false;
    assert_int_equal(respondent_source_new(w->model, 1, 0, &src), ERR_OK);
    for (int i = 0; i < 2000; i++) {
        respondent_next(src, &r);
        for (size_t q = 0; q < w->study->questions; q++)
            assert_true(study_answer_fits(&w->study->question[q], r.answer[q]));
        if (r.refuses)
            continue;
        town = town || r.answer[0] == 1;
        multi = multi || r.answer[1] == 3;
        assert_int_equal(r.answer[0] == 2, r.answer[1] == ANSWER_NOT_ASKED);
        assert_int_equal(r.answer[2] == ANSWER_NOT_REACHED, r.fate == RESPONDENT_BREAKS_OFF);
    }
    assert_true(town && multi);
    respondent_source_free(src);
}

static void respondent_refuses_shares_it_cannot_use(void **state)
{
    struct world *w = *state;
    static const char *const prevalence[] = {"csto",     "csto=",  "csto=1.01",
                                             "csto=-.1", "csto=x", "cst=.5",
                                             "csto2=.5", "=.5",    "investment=.5"};
    static const char *const control[] = {"",          ".5,.6,.7",     ".5,.6,.7,.8,.9",
                                          ".5,.6,,.8", ".5,.6,.7,1.1", "nothing:.5,.6,.7,.8",
                                          "policies:"};
    for (size_t i = 0; i < sizeof prevalence / sizeof *prevalence; i++) {
        said[0] = '\0';
        assert_int_equal(respondent_prevalence(w->model, prevalence[i]), ERR_USAGE);
        assert_non_null(strstr(said, prevalence[i]));
    }
    for (size_t i = 0; i < sizeof control / sizeof *control; i++) {
        said[0] = '\0';
        assert_int_equal(respondent_control(w->model, control[i]), ERR_USAGE);
        assert_non_null(strstr(said, "--control"));
    }
    assert_int_equal(respondent_control(w->model, "policies:.5,.6,.7,.8"), ERR_OK);
}

static void respondent_wants_to_know_which_of_several_lists(void **state)
{
    struct world *w = *state;
    assert_int_equal(respondent_control(w->model, ".5,.6,.7"), ERR_USAGE);
    assert_non_null(strstr(said, "say which"));
    assert_int_equal(respondent_control(w->model, "second:1,1,1"), ERR_OK);
    assert_true(share_held(w->model, 4) >= 1);
    assert_int_equal(respondent_prevalence(w->model, "hidden=0"), ERR_OK);
    assert_true(share_held(w->model, 3) <= 0 && share_held(w->model, 7) <= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(start_csto, respondent_follows_from_seed_and_device),
        WITH(start_csto, respondent_holds_items_as_often_as_told),
        WITH(start_several, respondent_gives_only_answers_the_study_knows),
        WITH(start_csto, respondent_refuses_shares_it_cannot_use),
        WITH(start_several, respondent_wants_to_know_which_of_several_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
