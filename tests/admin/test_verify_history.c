#include "tests/admin/handmade.h"

#include "admin/frame/fold.h"

/* Two histories of one laptop, chains that restart, laptops set up anew: what is known is said,
 * nobody is accused, and nothing counts that a person has not chosen. */

/* Three contacts, then two continuations: a of two contacts, b of one. */
struct forked {
    struct laptop l;
    struct archive *a;
    uint8_t head[2][HASH_LEN]; /* of the first entry of each */
    uint64_t n;                /* position of it */
};

static void first_head(struct laptop *l, uint8_t out[HASH_LEN])
{
    memcpy(out, device_head(l->device), HASH_LEN);
}

static void fork_it(struct forked *f, const struct world *w)
{
    set_up(&f->l, w);
    work_on(&f->l, 3);
    f->a = open_for(&f->l);
    send(&f->l, f->a);
    struct buffer then = state_of_laptop(&f->l);
    f->n = device_position(f->l.device) + 1;
    begin(&f->l);
    work_on(&f->l, 1);
    first_head(&f->l, f->head[0]);
    work_on(&f->l, 1);
    send(&f->l, f->a);
    go_back_to(&f->l, &then);
    f->l.clocks.boot[0] = 9;
    begin(&f->l);
    work_on(&f->l, 1);
    first_head(&f->l, f->head[1]);
    send(&f->l, f->a);
    buffer_free(&then);
}

static void drop(struct forked *f)
{
    archive_close(f->a);
    take_away(&f->l);
}

/* The index of the branch that begins with this head. */
static size_t branch_with(const struct verify_fork *f, const uint8_t head[HASH_LEN])
{
    for (size_t i = 0; i < f->branches; i++)
        if (memcmp(f->branch[i].head, head, HASH_LEN) == 0)
            return i;
    fail_msg("no such branch");
    return 0;
}

/* ---- forks ---- */

static void neither_history_counts_and_what_is_known_of_both_is_told(void **state)
{
    const struct world *w = *state;
    struct forked f;
    fork_it(&f, w);
    struct seen s = read_archive(f.a, w->key[0]);
    assert_int_equal(s.e, ERR_DOUBT);
    assert_int_equal(s.lines, 1);
    assert_int_equal(s.line[0].verdict, VERDICT_FORK);
    assert_int_equal(s.events, 3);
    assert_int_equal(s.whole_to, f.n - 1);
    struct verify_report *r = report_of(f.a, w->key[0]);
    assert_int_equal(r->forks, 1);
    const struct verify_fork *fork = &r->fork[0];
    assert_int_equal(fork->n, f.n);
    assert_int_equal(fork->branches, 2);
    assert_false(fork->decided);
    assert_int_equal(fork->chosen, -1);
    assert_false(fork->locked);
    for (size_t i = 0; i < 2; i++) {
        const struct verify_branch *b = &fork->branch[branch_with(fork, f.head[i])];
        assert_int_equal(b->at, f.n);
        assert_int_equal(b->first, f.n);
        assert_int_equal(b->last, f.n + 1 - i);
        assert_int_equal(b->entries, 2 - i);
        assert_true(b->choosable && b->new_session && b->opened);
        assert_int_equal(b->chain, CHAIN_OWN); /* whoever made it had the laptop's state */
        assert_int_equal(b->same_start, i == 0);
    }
    verify_free(r);
    r = report_of(f.a, NULL); /* and the ranges without a key */
    assert_int_equal(r->forks, 1);
    assert_int_equal(r->fork[0].branches, 2);
    assert_false(r->fork[0].branch[0].opened);
    verify_free(r);
    drop(&f);
}

static void the_history_that_a_person_chooses_counts_and_the_other_is_kept(void **state)
{
    const struct world *w = *state;
    for (size_t i = 0; i < 2; i++) {
        struct forked f;
        fork_it(&f, w);
        put_signed(&f.l, f.a, NOTICE_CHOICE, f.n, f.head[i], w->key[0]);
        struct seen s = read_archive(f.a, w->key[1]);
        assert_int_equal(s.e, ERR_PARTIAL);
        assert_int_equal(s.lines, 1);
        assert_int_equal(s.line[0].verdict, VERDICT_NOT_CHOSEN);
        assert_int_equal(s.line[0].first, f.n);
        assert_int_equal(s.line[0].last, f.n + i);
        assert_int_equal(s.events, 5 - i);
        assert_int_equal(s.replayed, 5 - i);
        assert_int_equal(s.mismatched, 0);
        assert_int_equal(s.whole_to, f.n + 1 - i); /* what receipts confirm */
        struct verify_report *r = report_of(f.a, w->key[1]);
        assert_int_equal(r->forks, 1);
        assert_true(r->fork[0].decided);
        assert_int_equal(r->fork[0].chosen, branch_with(&r->fork[0], f.head[i]));
        assert_int_equal(r->fork[0].branches, 2);
        verify_free(r);
        drop(&f);
    }
}

static void a_choice_of_nobody_in_the_pack_chooses_nothing(void **state)
{
    const struct world *w = *state;
    struct forked f;
    fork_it(&f, w);
    put_signed(&f.l, f.a, NOTICE_CHOICE, f.n, f.head[0], w->key[2]);
    struct seen s = read_archive(f.a, w->key[0]);
    assert_int_equal(s.verdict[VERDICT_FORK], 1);
    assert_int_equal(s.events, 3);
    drop(&f);
}

static void of_two_choices_the_one_given_later_counts(void **state)
{
    const struct world *w = *state;
    struct forked f;
    fork_it(&f, w);
    put_signed(&f.l, f.a, NOTICE_CHOICE, f.n, f.head[1], w->key[0]);
    put_signed(&f.l, f.a, NOTICE_CHOICE, f.n, f.head[0], w->key[0]);
    struct seen s = read_archive(f.a, w->key[0]);
    assert_int_equal(s.e, ERR_PARTIAL);
    assert_int_equal(s.events, 5);
    drop(&f);
}

/* What the other laptop goes on sending does not open the question again. */
static void what_is_behind_the_history_not_chosen_stays_out(void **state)
{
    const struct world *w = *state;
    struct forked f;
    fork_it(&f, w); /* the laptop stands in b */
    put_signed(&f.l, f.a, NOTICE_CHOICE, f.n, f.head[0], w->key[0]);
    for (unsigned i = 0; i < 3; i++)
        one_session(&f.l, f.a, 2);
    struct seen s = read_archive(f.a, w->key[0]);
    assert_int_equal(s.e, ERR_PARTIAL);
    assert_int_equal(s.verdict[VERDICT_FORK], 0);
    assert_int_equal(s.events, 5);
    assert_int_equal(s.line[0].last, f.n + 6);
    drop(&f);
}

static void the_history_chosen_goes_on(void **state)
{
    const struct world *w = *state;
    struct forked f;
    fork_it(&f, w);
    put_signed(&f.l, f.a, NOTICE_CHOICE, f.n, f.head[1], w->key[0]);
    one_session(&f.l, f.a, 4);
    struct seen s = read_archive(f.a, w->key[0]);
    assert_int_equal(s.events, 8);
    assert_int_equal(s.replayed, 8);
    assert_int_equal(s.verdict[VERDICT_FORK], 0);
    drop(&f);
}

/* A fork in a history chosen is another question; a choice behind it answers both. */
static void a_choice_further_on_settles_the_forks_in_front_of_it(void **state)
{
    const struct world *w = *state;
    struct forked f;
    uint8_t head[HASH_LEN];
    fork_it(&f, w);
    struct buffer then = state_of_laptop(&f.l);
    one_session(&f.l, f.a, 1);
    first_head(&f.l, head);
    uint64_t n = device_position(f.l.device);
    go_back_to(&f.l, &then);
    one_session(&f.l, f.a, 1);
    buffer_free(&then);
    struct archive *a = f.a;
    put_signed(&f.l, a, NOTICE_CHOICE, f.n, f.head[1], w->key[0]);
    struct seen s = read_archive(a, w->key[0]);
    assert_int_equal(s.verdict[VERDICT_FORK], 1);
    assert_int_equal(s.events, 4);
    put_signed(&f.l, a, NOTICE_CHOICE, n, head, w->key[0]);
    s = read_archive(a, w->key[0]);
    assert_int_equal(s.verdict[VERDICT_FORK], 0);
    assert_int_equal(s.events, 5);
    drop(&f);
}

/* The first entry of b never came: where it parted nobody can say. */
static void a_history_whose_beginning_is_missing_cannot_be_chosen(void **state)
{
    const struct world *w = *state;
    struct laptop l;
    set_up(&l, w);
    work_on(&l, 3);
    struct archive *a = open_for(&l);
    send(&l, a);
    struct buffer then = state_of_laptop(&l);
    one_session(&l, a, 1);
    uint64_t n = device_position(l.device);
    uint8_t head[HASH_LEN];
    first_head(&l, head);
    go_back_to(&l, &then);
    begin(&l);
    work_on(&l, 1); /* not sent */
    one_session(&l, a, 2);
    struct verify_report *r = report_of(a, w->key[0]);
    assert_int_equal(verify_err(r), ERR_DOUBT);
    assert_int_equal(r->forks, 1);
    const struct verify_fork *f = &r->fork[0];
    assert_int_equal(f->n, n + 1);
    assert_int_equal(f->branches, 2);
    size_t end = branch_with(f, head);
    assert_true(f->branch[end].choosable);
    assert_int_equal(f->branch[end].entries, 0); /* it ends in front of the fork */
    assert_int_equal(f->branch[end].at, n);
    assert_false(f->branch[!end].choosable);
    verify_free(r);
    put_signed(&l, a, NOTICE_CHOICE, n, head, w->key[0]);
    struct seen s = read_archive(a, w->key[0]);
    assert_int_equal(s.e, ERR_PARTIAL);
    assert_int_equal(s.events, 4);
    assert_int_equal(s.verdict[VERDICT_NOT_CHOSEN], 1);
    buffer_free(&then);
    archive_close(a);
    take_away(&l);
}

/* Whoever has only the device key makes a branch that is told as what it is. */
static void a_branch_that_is_not_of_the_laptops_chain_is_told_so(void **state)
{
    const struct world *w = *state;
    struct laptop l;
    set_up(&l, w);
    work_on(&l, 3);
    struct archive *a = open_for(&l);
    send(&l, a);
    struct buffer then = state_of_laptop(&l), other = {0};
    one_session(&l, a, 2);
    buffer_add(&other, then.p, then.len);
    enum { MAC_AT = 1 + 1 + 8 + HASH_LEN };
    other.p[MAC_AT] ^= 1;
    go_back_to(&l, &other);
    one_session(&l, a, 1);
    struct verify_report *r = report_of(a, w->key[0]);
    unsigned own = 0, others = 0;
    assert_int_equal(r->forks, 1);
    for (size_t i = 0; i < r->fork[0].branches; i++) {
        own += r->fork[0].branch[i].chain == CHAIN_OWN;
        others += r->fork[0].branch[i].chain == CHAIN_OTHER;
    }
    assert_int_equal(own, 1);
    assert_int_equal(others, 1);
    verify_free(r);
    buffer_free(&then);
    buffer_free(&other);
    archive_close(a);
    take_away(&l);
}

/* ---- with revocations ---- */

static void a_revocation_in_front_of_a_fork_leaves_nothing_to_choose(void **state)
{
    const struct world *w = *state;
    struct forked f;
    fork_it(&f, w);
    put_signed(&f.l, f.a, NOTICE_REVOCATION, f.n - 1, NULL, w->key[0]);
    struct seen s = read_archive(f.a, w->key[0]);
    assert_int_equal(s.e, ERR_PARTIAL);
    assert_int_equal(s.lines, 1);
    assert_int_equal(s.line[0].verdict, VERDICT_REVOKED);
    assert_int_equal(s.events, 3);
    struct verify_report *r = report_of(f.a, w->key[0]);
    assert_int_equal(r->forks, 0);
    verify_free(r);
    drop(&f);
}

static void a_revocation_behind_a_fork_leaves_the_choice_and_cuts_both(void **state)
{
    const struct world *w = *state;
    struct forked f;
    fork_it(&f, w);
    put_signed(&f.l, f.a, NOTICE_REVOCATION, f.n, NULL, w->key[0]);
    struct seen s = read_archive(f.a, w->key[0]);
    assert_int_equal(s.e, ERR_DOUBT);
    assert_int_equal(s.verdict[VERDICT_FORK], 1);
    assert_int_equal(s.events, 3);
    put_signed(&f.l, f.a, NOTICE_CHOICE, f.n, f.head[0], w->key[0]);
    s = read_archive(f.a, w->key[0]);
    assert_int_equal(s.e, ERR_PARTIAL);
    assert_int_equal(s.events, 4); /* a has one more, behind the last that counts */
    assert_int_equal(s.verdict[VERDICT_REVOKED], 1);
    assert_int_equal(s.verdict[VERDICT_NOT_CHOSEN], 1);
    drop(&f);
}

/* ---- chains that restart ---- */

static void behind_a_new_root_nothing_counts_until_a_person_chooses_it(void **state)
{
    const struct world *w = *state;
    struct laptop l;
    uint8_t head[HASH_LEN];
    set_up(&l, w);
    work_on(&l, 3);
    struct archive *a = open_for(&l);
    send(&l, a);
    restart(&l);
    first_head(&l, head);
    uint64_t n = device_position(l.device);
    take_approval_of(&l, l.approval);
    work_on(&l, 2);
    send(&l, a);
    for (size_t k = 0; k < 2; k++) { /* both researchers see the same */
        struct seen s = read_archive(a, w->key[k]);
        assert_int_equal(s.e, ERR_PARTIAL);
        assert_int_equal(s.lines, 1);
        assert_int_equal(s.line[0].verdict, VERDICT_RESTARTED);
        assert_int_equal(s.line[0].first, n);
        assert_int_equal(s.line[0].last, n + 3);
        assert_int_equal(s.events, 3);
        assert_int_equal(s.replayed, 3);
        assert_int_equal(s.whole_to, n + 3); /* it came, and may be confirmed */
    }
    put_signed(&l, a, NOTICE_CHOICE, n, head, w->key[0]);
    struct seen s = read_archive(a, w->key[1]);
    assert_int_equal(s.e, ERR_OK);
    assert_int_equal(s.lines, 1);
    assert_int_equal(s.line[0].verdict, VERDICT_RESUMED);
    assert_int_equal(s.events, 6);
    assert_int_equal(s.replayed, 5);
    assert_int_equal(s.mismatched, 0);
    archive_close(a);
    take_away(&l);
}

static void a_root_that_goes_on_the_old_chain_under_the_same_pack_is_forged(void **state)
{
    const struct world *w = *state;
    struct laptop l;
    struct stream *st = NULL;
    struct stream_chain chain = {.next = 1};
    struct entry_field f = {.kind = ENTRY_ROOT, .u.root.pack_number = w->pack->number};
    struct entry_answers none = {.kind = ENTRY_ROOT};
    uint8_t field[ENTRY_FIELD_LEN], answers[4096];
    set_up(&l, w);
    struct archive *a = open_for(&l);
    send(&l, a);
    chain.next = 2;
    memcpy(chain.head, device_head(l.device), HASH_LEN);
    assert_int_equal(secret_copy(roots, 32, &chain.mac), ERR_OK);
    hash_once(secret_bytes(chain.mac), secret_view(chain.mac), "next", (struct bytes){NULL, 0});
    buffer_free(&l.preamble);
    buffer_free(&l.entries);
    l.stream = l.first = 2;
    assert_int_equal(stream_begin(w->pack, l.sign, &chain, 2, ENTRY_FIELD_LEN,
                                  entry_answers_len(w->study), &st, &l.preamble),
                     ERR_OK);
    entry_put_field(&f, field);
    entry_put_answers(w->study, &none, answers);
    stream_seal(st, field, answers, l.entry);
    add(&l);
    send(&l, a);
    struct seen s = read_once(a, w->key[0]);
    assert_int_equal(s.lines, 1);
    assert_int_equal(s.line[0].verdict, VERDICT_FORGED);
    stream_free(st);
    secret_free(chain.mac);
    take_away(&l);
}

/* The segment with the new root is missing: what is behind it is not forged. */
static void a_new_root_in_a_gap_accuses_nobody(void **state)
{
    const struct world *w = *state;
    struct laptop l;
    set_up(&l, w);
    work_on(&l, 3);
    struct archive *a = open_for(&l);
    send(&l, a);
    restart(&l); /* not sent */
    one_session(&l, a, 2);
    struct seen s = read_archive(a, w->key[0]);
    assert_int_equal(s.e, ERR_PARTIAL);
    assert_int_equal(s.verdict[VERDICT_GAP], 1);
    assert_int_equal(s.verdict[VERDICT_ROOTLESS], 1);
    assert_int_equal(s.events, 3);
    archive_close(a);
    take_away(&l);
}

/* Without the entries in front of it, nor any other: the chain goes on over a gap, and a MAC that
 * does not fit it in the middle of a session is forged. */
static void over_a_gap_without_a_root_the_chain_goes_on(void **state)
{
    const struct world *w = *state;
    struct laptop l;
    set_up(&l, w);
    struct archive *a = open_for(&l);
    send(&l, a);
    begin(&l);
    work_on(&l, 2); /* not sent */
    one_session(&l, a, 2);
    struct seen s = read_archive(a, w->key[0]);
    assert_int_equal(s.lines, 1);
    assert_int_equal(s.line[0].verdict, VERDICT_GAP);
    assert_int_equal(s.events, 2);
    archive_close(a);
    take_away(&l);
}

static void a_laptop_that_forgot_what_it_had_sent_is_a_fork_with_a_new_root_in_it(void **state)
{
    const struct world *w = *state;
    struct laptop l;
    set_up(&l, w);
    work_on(&l, 3);
    struct archive *a = open_for(&l);
    send(&l, a);
    struct buffer then = state_of_laptop(&l);
    uint64_t stream = l.stream;
    one_session(&l, a, 2);
    go_back_to(&l, &then);
    l.stream = stream;
    restart(&l);
    uint8_t head[HASH_LEN];
    first_head(&l, head);
    uint64_t n = device_position(l.device);
    work_on(&l, 1);
    send(&l, a);
    struct verify_report *r = report_of(a, w->key[0]);
    assert_int_equal(verify_err(r), ERR_DOUBT);
    assert_int_equal(r->forks, 1);
    assert_int_equal(r->fork[0].branch[branch_with(&r->fork[0], head)].chain, CHAIN_RESTARTED);
    verify_free(r);
    put_signed(&l, a, NOTICE_CHOICE, n, head, w->key[0]); /* one choice says both */
    struct seen s = read_archive(a, w->key[0]);
    assert_int_equal(s.e, ERR_PARTIAL);
    assert_int_equal(s.verdict[VERDICT_RESUMED], 1);
    assert_int_equal(s.verdict[VERDICT_NOT_CHOSEN], 1);
    assert_int_equal(s.events, 4);
    buffer_free(&then);
    archive_close(a);
    take_away(&l);
}

/* ---- sessions and runs ---- */

static void every_session_and_run_has_a_verdict_what_is_intact_too(void **state)
{
    const struct world *w = *state;
    struct forked f;
    fork_it(&f, w);
    struct verify_report *r = report_of(f.a, w->key[0]);
    uint64_t entries = 0;
    assert_int_equal(r->streams, 3);
    assert_int_equal(r->stream[0].verdict, VERDICT_INTACT);
    assert_int_equal(r->stream[0].runs, 1);
    for (size_t i = 0; i < r->streams; i++) {
        const struct verify_stream *s = &r->stream[i];
        assert_int_equal(s->verdict, i == 0 ? VERDICT_INTACT : VERDICT_FORK);
        for (size_t k = s->run; k < s->run + s->runs; k++)
            entries += r->run[k].last - r->run[k].first + 1;
    }
    assert_int_equal(entries, 4 + 2 + 1);
    verify_free(r);
    drop(&f);
}

/* ---- laptops set up anew ---- */

static void replace(struct laptop *l, const struct world *w, const struct laptop *old)
{
    struct entry_field f = {.kind = ENTRY_ROOT};
    set_up(l, w);
    device_free(l->device);
    l->device = NULL;
    memcpy(f.u.root.replaces, secret_view(old->sign) + 32, 32);
    assert_int_equal(device_create(w->pack, w->study, l->sign, &l->device), ERR_OK);
    begin(l);
    assert_int_equal(device_root(l->device, &f, NULL, l->entry), ERR_OK);
    add(l);
}

static void a_laptop_set_up_anew_retires_the_one_that_it_names_once_it_is_approved(void **state)
{
    const struct world *w = *state;
    struct laptop old, new;
    struct fold f = {0};
    struct verify_report *r = NULL;
    set_up(&old, w);
    work_on(&old, 1); /* never ended */
    replace(&new, w, &old);
    struct archive *a = open_for(&old);
    send(&old, a);
    send(&new, a);
    r = report_of(a, w->key[0]);
    for (size_t i = 0; i < r->devices; i++)
        assert_false(r->device[i].retired); /* whoever made it, nobody approved it */
    verify_free(r);
    put_signed(&new, a, NOTICE_APPROVAL, 0, new.approval, w->key[0]);
    assert_int_equal(verify_archive(a, w->key[0], fold_event, &f, &r), ERR_OK);
    assert_int_equal(verify_err(r), ERR_OK);
    for (size_t i = 0; i < r->devices; i++) {
        bool is_old = memcmp(r->device[i].id, secret_view(old.sign) + 32, 32) == 0;
        assert_int_equal(r->device[i].retired, is_old);
        assert_int_equal(r->device[i].has_replaced, !is_old);
    }
    assert_int_equal(f.contacts, 1);
    assert_false(f.contact[0].ended);
    assert_true(r->device[f.contact[0].device].retired);
    fold_free(&f);
    verify_free(r);
    archive_close(a);
    take_away(&old);
    take_away(&new);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neither_history_counts_and_what_is_known_of_both_is_told),
        cmocka_unit_test(the_history_that_a_person_chooses_counts_and_the_other_is_kept),
        cmocka_unit_test(a_choice_of_nobody_in_the_pack_chooses_nothing),
        cmocka_unit_test(of_two_choices_the_one_given_later_counts),
        cmocka_unit_test(what_is_behind_the_history_not_chosen_stays_out),
        cmocka_unit_test(the_history_chosen_goes_on),
        cmocka_unit_test(a_choice_further_on_settles_the_forks_in_front_of_it),
        cmocka_unit_test(a_history_whose_beginning_is_missing_cannot_be_chosen),
        cmocka_unit_test(a_branch_that_is_not_of_the_laptops_chain_is_told_so),
        cmocka_unit_test(a_revocation_in_front_of_a_fork_leaves_nothing_to_choose),
        cmocka_unit_test(a_revocation_behind_a_fork_leaves_the_choice_and_cuts_both),
        cmocka_unit_test(behind_a_new_root_nothing_counts_until_a_person_chooses_it),
        cmocka_unit_test(a_root_that_goes_on_the_old_chain_under_the_same_pack_is_forged),
        cmocka_unit_test(a_new_root_in_a_gap_accuses_nobody),
        cmocka_unit_test(over_a_gap_without_a_root_the_chain_goes_on),
        cmocka_unit_test(a_laptop_that_forgot_what_it_had_sent_is_a_fork_with_a_new_root_in_it),
        cmocka_unit_test(every_session_and_run_has_a_verdict_what_is_intact_too),
        cmocka_unit_test(a_laptop_set_up_anew_retires_the_one_that_it_names_once_it_is_approved),
    };
    return cmocka_run_group_tests(tests, start_several, end);
}
