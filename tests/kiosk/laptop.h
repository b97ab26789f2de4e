/* What the tests of the kiosk's core share: laptops set up for a study, contacts conducted through
 * the session without a screen, and what lies in the store afterwards. */
#ifndef SANAQ_TESTS_KIOSK_LAPTOP_H
#define SANAQ_TESTS_KIOSK_LAPTOP_H

#include "tests/admin/simulated.h"

#include "kiosk/home.h"
#include "kiosk/interview.h"
#include "kiosk/session.h"
#include "kiosk/setup.h"
#include "kiosk/store.h"

static const char laptop_code[] = "kq7-int8"; /* bytes that chance does not bring about */
static const char laptop_passphrase[] = "lantern oak quartz";

struct laptop {
    char *home, *stick, *target; /* target: "dir:" and stick */
};

static inline struct secret *secret_of(const char *text)
{
    struct secret *s = NULL;
    assert_int_equal(secret_copy(text, strlen(text), &s), ERR_OK);
    return s;
}

static inline struct secret_cost cheap(void)
{
    struct secret_cost cost;
    assert_true(secret_cost_named("interactive", &cost));
    return cost;
}

static inline void laptop_new(const struct world *w, const char *name, struct laptop *l)
{
    char *dir = path_in(w, name);
    struct secret *passphrase = secret_of(laptop_passphrase);
    l->home = file_join(dir, "home");
    l->target = malloc(strlen(dir) + 16);
    assert_true(l->home != NULL && l->target != NULL);
    sprintf(l->target, "dir:%s/stick", dir);
    l->stick = l->target + 4;
    assert_int_equal(file_make_dir(l->stick), ERR_OK);
    assert_int_equal(setup_run(l->home, w->pack, laptop_code, passphrase, cheap(), NULL), ERR_OK);
    secret_free(passphrase);
    free(dir);
}

static inline void laptop_free(struct laptop *l)
{
    free(l->home);
    free(l->target);
}

static inline enum err laptop_try(const struct laptop *l, const char *code, const char *words,
                                  struct session **out)
{
    struct secret *passphrase = secret_of(words);
    enum err e = session_open(l->home, code, passphrase, out);
    secret_free(passphrase);
    return e;
}

static inline struct session *laptop_unlock(const struct laptop *l)
{
    struct session *ss = NULL;
    assert_int_equal(laptop_try(l, laptop_code, laptop_passphrase, &ss), ERR_OK);
    return ss;
}

/* ---- conducting ---- */

/* An answer that fits; ${pick} varies it. */
static inline int32_t any_answer(const struct study_question *q, uint32_t pick)
{
    switch (q->type) {
    case STUDY_CHOICE:
        return q->option[pick % q->options].code;
    case STUDY_MULTI:
        return (int32_t)(pick % 2) + 1;
    default:
        return q->min + (int32_t)(pick % (uint32_t)(q->max - q->min + 1));
    }
}

/* Answer and page on until ${step}, or a later one, is reached. */
static inline void go_to(struct session *ss, uint8_t step, uint32_t pick)
{
    struct interview *iv = session_interview(ss);
    const struct study *s = session_study(ss);
    assert_non_null(iv);
    while (iv->step < step) {
        if (iv->step == INTERVIEW_QUESTION || iv->step == INTERVIEW_AFTER ||
            iv->step == INTERVIEW_OBSERVE)
            interview_answer(iv, s, session_points(ss), any_answer(&s->question[iv->at], pick));
        interview_next(iv, s, session_points(ss));
    }
}

/* From the present step to the card of a list not counted yet; false once all are. */
static inline bool go_to_card(struct session *ss, uint32_t pick)
{
    go_to(ss, INTERVIEW_CARD, pick);
    return session_interview(ss)->step == INTERVIEW_CARD;
}

static inline enum err count_rest(struct session *ss, int count, uint32_t pick)
{
    enum err e = ERR_OK;
    while (e == ERR_OK && go_to_card(ss, pick)) {
        struct interview *iv = session_interview(ss);
        e = session_count(ss, iv->at, count, 20, iv->language);
        if (e == ERR_OK)
            interview_next(session_interview(ss), session_study(ss), session_points(ss));
    }
    return e;
}

/* From wherever the interview stands to its sealed outcome. */
static inline enum err finish(struct session *ss, int count, uint32_t pick)
{
    enum err e = ERR_OK;
    if (!session_interview(ss)->assigned) {
        go_to(ss, INTERVIEW_READY, pick);
        e = session_assign(ss);
        if (e == ERR_OK)
            interview_next(session_interview(ss), session_study(ss), session_points(ss));
    }
    if (e == ERR_OK)
        e = count_rest(ss, count, pick);
    if (e == ERR_OK) {
        go_to(ss, INTERVIEW_DONE, pick);
        e = session_end(ss, interview_disposition(session_interview(ss), session_study(ss)));
    }
    return e;
}

static inline enum err conduct(struct session *ss, uint32_t point, int count, uint32_t pick)
{
    enum err e = session_begin(ss, point, 0);
    if (e == ERR_OK) {
        go_to(ss, INTERVIEW_READY, pick);
        e = session_save(ss);
    }
    return e == ERR_OK ? finish(ss, count, pick) : e;
}

static inline bool same_draw(const struct draw *a, const struct draw *b, size_t lists)
{
    for (size_t l = 0; l < lists; l++)
        if (a->arm[l] != b->arm[l] || a->position[l] != b->position[l] ||
            a->order[l] != b->order[l])
            return false;
    return true;
}

/* ---- what lies in the store ---- */

struct rows {
    size_t streams, entries;
    uint64_t last;
    size_t entry_len; /* of all of them */
    bool uneven;      /* an entry has another length, or a position is missing */
};

static inline enum err rows_stream(void *ctx, uint64_t number, uint64_t first,
                                   struct bytes preamble)
{
    struct rows *r = ctx;
    (void)number, (void)preamble;
    r->uneven = r->uneven || first != r->last + 1;
    r->streams++;
    return ERR_OK;
}

static inline enum err rows_entry(void *ctx, uint64_t stream, uint64_t n, struct bytes sealed)
{
    struct rows *r = ctx;
    (void)stream;
    r->uneven = r->uneven || n != r->last + 1 || (r->entries > 0 && sealed.len != r->entry_len);
    r->entry_len = sealed.len;
    r->last = n;
    r->entries++;
    return ERR_OK;
}

static inline struct rows rows_of(const struct laptop *l)
{
    struct rows r = {0};
    struct store_visitor v = {rows_stream, rows_entry, &r};
    struct store *st = NULL;
    char *path = home_store(l->home);
    assert_int_equal(store_open(path, true, &st), ERR_OK);
    assert_int_equal(store_walk(st, 0, &v), ERR_OK);
    store_close(st);
    free(path);
    assert_false(r.uneven);
    return r;
}

static inline uint64_t position_of(const struct session *ss)
{
    struct session_tally t;
    session_tally(ss, &t);
    return t.position;
}

#endif
