/* A day on one laptop, from set-up to the last lock, told so that it can go on after any failure,
 * with other content at each attempt; and what must hold whenever it stops: memory is what is
 * stored, no draw changes, nothing that was acknowledged is gone. */
#ifndef SANAQ_TESTS_FAULT_DAY_H
#define SANAQ_TESTS_FAULT_DAY_H

#include "tests/kiosk/laptop.h"
#include "tests/fault/disk.h"
#include "tests/fault/sealed.h"

#include "admin/frame/fold.h"
#include "admin/pull.h"
#include "core/segment.h"
#include "kiosk/localbox.h"
#include "kiosk/session_inside.h"

enum day_ending { DAY_COMPLETES, DAY_REFUSES, DAY_WITHDRAWS, DAY_BREAKS_OFF };
enum { DAY_CONTACTS = 4, DAY_TRIES = 12 };
static const enum day_ending day_plan[DAY_CONTACTS] = {DAY_COMPLETES, DAY_REFUSES, DAY_WITHDRAWS,
                                                       DAY_BREAKS_OFF};

/* Passphrases of the interviewer, the first from set-up; another's code and passphrase. */
enum { DAY_WORDS = 4 };
static const char *const day_words[DAY_WORDS] = {laptop_passphrase, "velvet harbour nine",
                                                 "copper window rain", "quiet ladder moon"};
static const char day_second[] = "b2", day_second_words[] = "marble engine tide";

struct day_contact {
    bool drawn;
    struct draw draw; /* as it was when a card could be shown */
    uint32_t counted; /* lists whose count was acknowledged */
    int count[STUDY_MAX_LISTS];
    uint32_t tried[STUDY_MAX_LISTS]; /* bit c: the count c */
    unsigned tries;                  /* endings tried: the last one acknowledged, if it was */
    bool ended;
    struct {
        uint16_t disposition;
        uint64_t answers;
    } end[DAY_TRIES];
};

struct day_account { /* what people know who were there */
    bool set_up, voided, synced, closed;
    unsigned locks;
    unsigned words, words_tried;      /* own passphrase; bit k: day_words[k] was tried since */
    bool second, second_gone;         /* another interviewer has come, and gone */
    uint64_t position;                /* the last that was acknowledged */
    uint64_t draft_kept, draft_tried; /* of the contact under way; 0: none known */
    struct day_contact contact[DAY_CONTACTS + 1];
};

struct day {
    const struct world *w;
    struct laptop l;
    struct session *ss;
    unsigned tries;
    uint8_t device[32];
    struct day_account a;
    void (*mark)(struct day *); /* before each step that changes what is kept, and after; or NULL */
    bool compares;              /* memory with what is stored, after each step */
};

/* Told when the product's own code begins and ends; or NULL. */
static void (*day_inside)(bool inside);

static inline void day_enter(void)
{
    if (day_inside != NULL)
        day_inside(true);
}

static inline enum err day_leave(enum err e)
{
    if (day_inside != NULL)
        day_inside(false);
    return e;
}
#define PRODUCT(call) (day_enter(), day_leave(call))

static inline void day_mark(struct day *d)
{
    if (d->mark != NULL)
        d->mark(d);
}

static inline uint64_t day_answers(const struct study *s, uint32_t contact, const int32_t *answer)
{
    uint64_t id = 0;
    struct hash h;
    uint8_t full[HASH_LEN];
    hash_start(&h, NULL, "test");
    hash_add_u64(&h, contact);
    for (size_t i = 0; i < s->questions; i++) {
        int32_t v = answer[i] == ANSWER_NONE ? ANSWER_NOT_REACHED : answer[i];
        hash_add(&h, &v, sizeof v);
    }
    hash_end(&h, full);
    memcpy(&id, full, sizeof id);
    return id | 1;
}

/* ---- what must hold ---- */

/* Device and state as one plain text, the number of a stream that sealed nothing yet left out. */
static inline void day_plain(const struct session *ss, const struct state *st,
                             const struct device *dev, uint8_t *out)
{
    enum { STREAMS_AT = 1 + 1 + 8 + HASH_LEN + 32, KEY = 32 };
    uint8_t *sealed = malloc(ss->state_len);
    struct secret *key = NULL;
    assert_non_null(sealed);
    assert_int_equal(secret_new(KEY, &key), ERR_OK);
    assert_int_equal(state_seal(st, dev, ss->study, ss->pack->strata, key, 1, sealed), ERR_OK);
    assert_true(localbox_open(key, "state", device_key(dev), 1,
                              (struct bytes){sealed, ss->state_len}, out));
    memset(out + STREAMS_AT, 0, 8);
    secret_free(key);
    free(sealed);
}

static inline void memory_is_what_is_stored(const struct session *ss)
{
    struct buffer sealed = {0};
    struct state *st = calloc(1, sizeof *st);
    struct device *dev = NULL;
    struct secret *key = NULL;
    struct store *store = NULL;
    uint64_t epoch = 0;
    if (ss == NULL || ss->device == NULL) {
        free(st);
        return;
    }
    disk_aside(true);
    uint8_t *here = malloc(ss->state_len), *there = malloc(ss->state_len);
    assert_true(st != NULL && here != NULL && there != NULL);
    assert_int_equal(store_open(ss->store_path, true, &store), ERR_OK);
    assert_int_equal(store_state(store, &epoch, &sealed), ERR_OK);
    assert_int_equal(epoch, ss->epoch);
    assert_int_equal(keyfile_epoch(ss->keyfile, epoch, &key), ERR_OK);
    assert_int_equal(state_open(ss->pack, ss->study, ss->points, keyfile_sign_key(ss->keyfile), key,
                                epoch, buffer_view(&sealed), st, &dev),
                     ERR_OK);
    if (st->open)
        interview_resume(&st->iv, ss->study, ss->points);
    state_day(st, ss->state->day);
    st->iv.step = ss->state->iv.step; /* pages turned since are not kept */
    st->iv.at = ss->state->iv.at;
    day_plain(ss, ss->state, ss->device, here);
    day_plain(ss, st, dev, there);
    assert_memory_equal(here, there, ss->state_len - LOCALBOX_MORE);
    store_close(store);
    device_free(dev);
    secret_free(key);
    buffer_free(&sealed);
    free(st);
    free(here);
    free(there);
    disk_aside(false);
}

/* At a session that stands: nothing acknowledged is gone, what goes on is what was. */
static inline void day_look(struct day *d)
{
    struct session *ss = d->ss;
    assert_int_equal(sealed_so_far()->repeats, 0);
    if (ss == NULL || ss->device == NULL)
        return;
    uint64_t position = device_position(ss->device);
    assert_in_range(position, d->a.position, sealed_so_far()->last);
    const struct interview *iv = session_interview(ss);
    if (iv == NULL)
        return;
    assert_in_range(iv->contact, 1, DAY_CONTACTS);
    struct day_contact *c = &d->a.contact[iv->contact];
    assert_false(c->ended);
    assert_true(!c->drawn || iv->assigned);
    if (iv->assigned && !c->drawn) {
        c->drawn = true;
        c->draw = iv->draw;
    }
    assert_true(!c->drawn || same_draw(&c->draw, &iv->draw, ss->study->lists));
    assert_int_equal(c->counted & ~iv->counted, 0);
}

/* The draft is one that was tried, and the one acknowledged if nothing was tried since. */
static inline void day_draft(struct day *d)
{
    const struct interview *iv = session_interview(d->ss);
    if (iv == NULL || d->a.draft_tried == 0)
        return;
    uint64_t now = day_answers(d->ss->study, iv->contact, iv->answer);
    assert_true(now == d->a.draft_tried || now == d->a.draft_kept);
    d->a.draft_tried = d->a.draft_kept = now;
}

/* After a step: its error goes on. */
static inline enum err day_step(struct day *d, enum err e)
{
    day_look(d);
    if (e != ERR_OK)
        return e;
    d->a.position = position_of(d->ss);
    if (session_interview(d->ss) != NULL)
        d->a.draft_kept = d->a.draft_tried;
    if (d->compares)
        memory_is_what_is_stored(d->ss);
    day_mark(d);
    return e;
}

/* ---- the steps ---- */

static inline enum err day_save(struct day *d)
{
    const struct interview *iv = session_interview(d->ss);
    d->a.draft_tried = day_answers(d->ss->study, iv->contact, iv->answer);
    day_mark(d);
    return day_step(d, PRODUCT(session_save(d->ss)));
}

/* Page by page, each kept as the screens do. */
static inline enum err day_pages(struct day *d, uint8_t to)
{
    const struct study *s = session_study(d->ss);
    enum err e = ERR_OK;
    while (e == ERR_OK && session_interview(d->ss)->step < to) {
        struct interview *iv = session_interview(d->ss);
        if (iv->step == INTERVIEW_QUESTION || iv->step == INTERVIEW_AFTER ||
            iv->step == INTERVIEW_OBSERVE)
            interview_answer(iv, s, session_points(d->ss),
                             any_answer(&s->question[iv->at], iv->contact + d->tries));
        interview_next(iv, s, session_points(d->ss));
        if (session_interview(d->ss)->step == INTERVIEW_CARD)
            break;
        e = day_save(d);
    }
    return e;
}

static inline enum err day_begin(struct day *d, uint32_t k)
{
    struct interview *fresh = calloc(1, sizeof *fresh);
    uint32_t point = (k + d->tries) % 2;
    assert_non_null(fresh);
    interview_start(fresh, k, point, 0, 0);
    d->a.draft_kept = 0;
    d->a.draft_tried = day_answers(d->ss->study, k, fresh->answer);
    free(fresh);
    day_mark(d);
    enum err e = PRODUCT(session_begin(d->ss, point, 0));
    if (e == ERR_STATE && session_interview(d->ss) != NULL) { /* kept before the failure */
        d->a.draft_kept = d->a.draft_tried;
        e = ERR_OK;
    }
    return day_step(d, e);
}

static inline enum err day_counts(struct day *d)
{
    enum err e = ERR_OK;
    struct interview *iv = session_interview(d->ss);
    while (e == ERR_OK && iv->step <= INTERVIEW_CARD) {
        if (iv->step != INTERVIEW_CARD) {
            interview_next(iv, d->ss->study, d->ss->points);
            continue;
        }
        struct day_contact *c = &d->a.contact[iv->contact];
        size_t list = iv->at;
        int count = (int)(list + d->tries) % 3;
        c->tried[list] |= UINT32_C(1) << count;
        day_mark(d);
        e = PRODUCT(session_count(d->ss, list, count, 20, 0));
        if (e == ERR_OK) {
            c->counted |= UINT32_C(1) << list;
            c->count[list] = count;
        }
        e = day_step(d, e);
        iv = session_interview(d->ss);
        if (e == ERR_OK)
            interview_next(iv, d->ss->study, d->ss->points);
    }
    return e;
}

static inline void day_try_end(struct day *d, uint16_t disposition)
{
    const struct interview *iv = session_interview(d->ss);
    struct day_contact *c = &d->a.contact[iv->contact];
    assert_true(c->tries < DAY_TRIES);
    c->end[c->tries].disposition = disposition;
    c->end[c->tries++].answers = day_answers(d->ss->study, iv->contact, iv->answer);
    day_mark(d);
}

static inline enum err day_ended(struct day *d, uint32_t k, enum err e)
{
    if (e == ERR_OK) {
        d->a.contact[k].ended = true;
        d->a.draft_kept = d->a.draft_tried = 0;
    }
    return day_step(d, e);
}

static inline enum err day_end(struct day *d, uint32_t k, uint16_t disposition)
{
    day_try_end(d, disposition);
    return day_ended(d, k, PRODUCT(session_end(d->ss, disposition)));
}

static inline enum err day_withdraw(struct day *d, uint32_t k)
{
    day_try_end(d, DISPOSITION_BREAK_OFF);
    return day_ended(d, k, PRODUCT(session_withdraw(d->ss)));
}

static inline enum err day_contact(struct day *d, uint32_t k)
{
    enum day_ending ending = day_plan[k - 1];
    enum err e = session_interview(d->ss) == NULL ? day_begin(d, k) : ERR_OK;
    if (e != ERR_OK)
        return e;
    const struct interview *iv = session_interview(d->ss);
    assert_int_equal(iv->contact, k);
    if (iv->ending == 0)
        d->a.contact[k].tries = 0; /* what was tried before was not kept */
    if (iv->ending != 0) {         /* some of what it owes is sealed already */
        day_try_end(d, iv->ending);
        return day_ended(d, k, PRODUCT(session_save(d->ss)));
    }
    if (ending == DAY_REFUSES)
        return day_end(
            d, k, d->tries % 2 == 0 ? DISPOSITION_REFUSAL_PERSON : DISPOSITION_REFUSAL_HOUSEHOLD);
    if (!iv->assigned) {
        e = day_pages(d, INTERVIEW_READY);
        if (e == ERR_OK)
            e = day_step(d, PRODUCT(session_assign(d->ss)));
    }
    if (e != ERR_OK)
        return e;
    if (ending == DAY_WITHDRAWS && d->tries % 2 == 0)
        return day_withdraw(d, k);
    if (ending == DAY_BREAKS_OFF || ending == DAY_WITHDRAWS)
        return day_end(d, k, DISPOSITION_BREAK_OFF);
    e = day_counts(d);
    if (e == ERR_OK)
        e = day_pages(d, INTERVIEW_DONE);
    return e == ERR_OK
               ? day_end(d, k, interview_disposition(session_interview(d->ss), d->ss->study))
               : e;
}

static inline enum err day_void(struct day *d)
{
    uint64_t before = d->ss->device != NULL ? device_position(d->ss->device) : d->a.position;
    enum err e = PRODUCT(session_void(d->ss, 1, d->tries % 2 == 0 ? 1 : 2));
    bool moved = d->ss->device != NULL && device_position(d->ss->device) > before;
    d->a.voided = e == ERR_OK || moved;
    return day_step(d, e);
}

static inline enum err day_sync(struct day *d)
{
    char words[256];
    return day_step(d, PRODUCT(session_sync(d->ss, d->l.target, words, sizeof words)));
}

static inline enum err day_try(struct day *d, unsigned k)
{
    struct secret *words = secret_of(day_words[k]);
    enum err e = PRODUCT(session_open(d->l.home, laptop_code, words, &d->ss));
    secret_free(words);
    return e;
}

/* The passphrase acknowledged last opens, or one tried since; and no other. */
static inline enum err day_open(struct day *d)
{
    enum err e = day_try(d, d->a.words);
    for (unsigned k = 0; e == ERR_PASSPHRASE && k < DAY_WORDS; k++)
        if ((d->a.words_tried >> k & 1) != 0 && (e = day_try(d, k)) == ERR_OK)
            d->a.words = k;
    d->a.words_tried = e == ERR_OK ? 0 : d->a.words_tried;
    return e;
}

static inline enum err day_unlock(struct day *d)
{
    enum err e = d->ss == NULL ? day_open(d) : PRODUCT(session_ready(d->ss));
    if (e == ERR_OK) {
        day_look(d);
        day_draft(d);
        memcpy(d->device, device_key(d->ss->device), 32);
    }
    return e;
}

static inline enum err day_new_words(struct day *d)
{
    unsigned k = 1 + d->tries % (DAY_WORDS - 1);
    struct secret *words = secret_of(day_words[k]);
    d->a.words_tried |= 1u << k;
    day_mark(d);
    enum err e = PRODUCT(session_passphrase(d->ss, words));
    secret_free(words);
    if (e == ERR_OK) {
        d->a.words = k;
        d->a.words_tried = 0;
    }
    return day_step(d, e);
}

static inline enum err day_second_comes(struct day *d)
{
    struct secret *words = secret_of(day_second_words);
    enum err e = keyfile_knows(d->ss->keyfile, day_second) /* it failed though it was done */
                     ? ERR_OK
                     : PRODUCT(session_add(d->ss, day_second, words));
    secret_free(words);
    d->a.second = e == ERR_OK;
    return day_step(d, e);
}

static inline enum err day_second_goes(struct day *d)
{
    enum err e = keyfile_knows(d->ss->keyfile, day_second)
                     ? PRODUCT(session_remove(d->ss, day_second))
                     : ERR_OK;
    d->a.second_gone = e == ERR_OK;
    return day_step(d, e);
}

static inline enum err day_lock(struct day *d)
{
    enum err e = PRODUCT(session_lock(d->ss));
    d->ss = NULL;
    d->a.locks += e == ERR_OK;
    return e;
}

static inline enum err day_set_up(struct day *d)
{
    struct secret *passphrase = secret_of(laptop_passphrase);
    enum err e = PRODUCT(setup_run(d->l.home, d->w->pack, laptop_code, passphrase, cheap(), NULL));
    secret_free(passphrase);
    if (e == ERR_STATE && disk_is_well()) /* it failed though it was done */
        e = ERR_OK;
    d->a.set_up = e == ERR_OK;
    if (e == ERR_OK) {
        d->a.position = 1;
        day_mark(d);
    }
    return e;
}

static inline enum err day_contacts(struct day *d, uint32_t from, uint32_t to)
{
    enum err e = day_unlock(d);
    for (uint32_t k = from; e == ERR_OK && k <= to; k++) {
        struct session_tally t;
        session_tally(d->ss, &t);
        if (t.contacts_all < k)
            e = day_contact(d, k);
    }
    return e;
}

/* The researchers lay an approval on the stick; past the disk's eyes. */
static inline void day_approve(struct day *d, struct buffer *b)
{
    struct notice n = {.kind = NOTICE_APPROVAL, .value = {1}};
    char hex[65], path[600];
    memcpy(n.pack, d->w->pack->hash, HASH_LEN);
    memcpy(n.device, d->device, 32);
    assert_int_equal(notice_make(&n, secret_view(d->w->key[0]->sign), b), ERR_OK);
    segment_hex(n.device, 32, hex);
    snprintf(path, sizeof path, "%s/down/%s.approval", d->l.stick, hex);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(b->p, 1, b->len, f), b->len);
    assert_int_equal(fclose(f), 0);
}

/* From wherever it stands to its end; the first error ends it. */
static inline enum err day_go(struct day *d)
{
    struct buffer approval = {0};
    struct session_tally t;
    enum err e = d->a.set_up ? ERR_OK : day_set_up(d);
    if (e == ERR_OK && d->a.locks < 1)
        e = day_contacts(d, 1, 2);
    if (e == ERR_OK && !d->a.voided)
        e = day_void(d);
    if (e == ERR_OK && d->a.locks < 1)
        e = day_contacts(d, 3, 3);
    if (e == ERR_OK && d->a.locks < 1)
        e = day_sync(d);
    if (e == ERR_OK && d->a.locks < 1)
        e = day_lock(d);
    if (e == ERR_OK && d->a.locks < 2)
        e = day_unlock(d);
    if (e == ERR_OK && d->a.locks < 2) {
        session_tally(d->ss, &t);
        if (!t.approved) {
            day_approve(d, &approval);
            e = day_sync(d);
        }
    }
    if (e == ERR_OK && d->a.locks < 2 && d->a.words == 0)
        e = day_new_words(d);
    if (e == ERR_OK && d->a.locks < 2 && !d->a.second)
        e = day_second_comes(d);
    if (e == ERR_OK && d->a.locks < 2)
        e = day_contacts(d, 4, DAY_CONTACTS);
    if (e == ERR_OK && d->a.locks < 2 && !d->a.second_gone)
        e = day_second_goes(d);
    if (e == ERR_OK && d->a.locks < 2)
        e = day_sync(d);
    if (e == ERR_OK && d->a.locks < 2)
        e = day_lock(d);
    buffer_free(&approval);
    return e;
}

/* ---- what the researchers find ---- */

static inline void day_check_contact(const struct day *d, const struct fold_contact *f, uint32_t k)
{
    const struct day_contact *c = &d->a.contact[k];
    bool tried = false;
    assert_int_equal(f->number, k);
    assert_true(f->ended);
    assert_true(f->assigned || day_plan[k - 1] == DAY_REFUSES);
    assert_true(!f->assigned || same_draw(&c->draw, &f->draw, d->w->study->lists));
    for (size_t l = 0; l < d->w->study->lists; l++)
        if ((c->counted >> l & 1) != 0)
            assert_int_equal(f->count[l], c->count[l]);
        else if (f->assigned && f->count[l] >= 0)
            assert_true((c->tried[l] >> f->count[l] & 1) != 0);
    uint64_t answers = day_answers(d->w->study, k, f->answer);
    for (unsigned i = 0; i < c->tries; i++)
        tried = tried || (c->end[i].disposition == f->disposition && c->end[i].answers == answers);
    assert_true(tried);
    assert_int_equal(f->voided, k == 1);
}

/* Own words open, words of before and those of who has gone do not. */
static inline void day_check_keys(const struct day *d)
{
    struct session *ss = NULL;
    for (unsigned k = 0; k < DAY_WORDS; k++) {
        enum err e = laptop_try(&d->l, laptop_code, day_words[k], &ss);
        assert_int_equal(e, k == d->a.words ? ERR_OK : ERR_PASSPHRASE);
        session_drop(ss);
        ss = NULL;
    }
    assert_int_equal(laptop_try(&d->l, day_second, day_second_words, &ss), ERR_PASSPHRASE);
}

/* Everything acknowledged came, once; both ledgers balance. */
static inline void day_check(const struct day *d)
{
    struct archive *a = NULL;
    struct pull_counts n;
    struct verify_report *r = NULL;
    struct fold f = {0};
    struct fold_draws draws;
    struct buffer approval = {0};
    day_approve((struct day *)(uintptr_t)d, &approval);
    assert_int_equal(archive_open(":memory:", true, &a), ERR_OK);
    assert_int_equal(pull_source(d->l.target, NULL, a, &n), ERR_OK);
    if (n.refused != 0)
        fail_msg("%u pieces are refused: %s", n.refused, said);
    assert_int_equal(
        archive_put_notice(a, NOTICE_APPROVAL, d->device, buffer_view(&approval), NULL), ERR_OK);
    assert_int_equal(verify_archive(a, d->w->key[1], fold_event, &f, &r), ERR_OK);
    verify_say(r);
    assert_int_equal(verify_err(r), ERR_OK);
    assert_int_equal(r->devices, 1);
    assert_int_equal(r->mismatched, 0);
    assert_true(r->device[0].whole_to >= d->a.position && r->device[0].whole_to % 16 == 0);
    assert_true(r->device[0].whole_to <= sealed_so_far()->last);
    assert_int_equal(r->device[0].entries, r->device[0].whole_to);
    assert_int_equal(f.irregular, 0);
    assert_int_equal(f.contacts, DAY_CONTACTS);
    for (uint32_t k = 1; k <= DAY_CONTACTS; k++)
        day_check_contact(d, &f.contact[k - 1], k);
    fold_draws(&f, &draws);
    assert_int_equal(draws.unfinished, 0);
    assert_int_equal(draws.assigned, draws.counted + draws.dont_know + draws.refused +
                                         draws.broken_off + draws.voided + draws.withdrawn);
    fold_free(&f);
    verify_free(r);
    archive_close(a);
    buffer_free(&approval);
    day_check_keys(d);
}

/* ---- making one ---- */

/* A home and a stick below the folder ${root}, which stands. */
static inline void day_place(const struct world *w, const char *root, struct day *d)
{
    memset(d, 0, sizeof *d);
    d->w = w;
    d->l.home = file_join(root, "home");
    d->l.target = malloc(strlen(root) + 16);
    assert_true(d->l.home != NULL && d->l.target != NULL);
    sprintf(d->l.target, "dir:%s/stick", root);
    d->l.stick = d->l.target + 4;
}

static inline void day_free(struct day *d)
{
    session_drop(d->ss);
    d->ss = NULL;
    laptop_free(&d->l);
}

#endif
