/* Packs over time on a laptop: which one it goes to, what it asks a person, and that nothing is
 * lost or sealed twice on the way, whatever fails. */
#include "laptop.h"

#include "admin/frame/fold.h"
#include "admin/pull.h"
#include "core/segment.h"
#include "tests/admin/successor.h"

static char sentences[2048]; /* what the last sync said */
static enum { WORKS, FAILS_BEFORE, FAILS_AFTER } commit_fails;

enum err __real_store_commit(struct store *st);
enum err __wrap_store_commit(struct store *st);

enum err __wrap_store_commit(struct store *st)
{
    unsigned how = commit_fails;
    commit_fails = WORKS;
    if (how == FAILS_BEFORE)
        return ERR_FULL;
    enum err e = __real_store_commit(st);
    return how == FAILS_AFTER ? ERR_FILE : e;
}

static enum err sync_with(struct session *ss, const struct laptop *l)
{
    said[0] = '\0';
    return session_sync(ss, l->target, sentences, sizeof sentences);
}

static uint32_t pack_of(const struct session *ss)
{
    struct session_tally t;
    session_tally(ss, &t);
    return t.pack_number;
}

static void put_file(const struct laptop *l, const char *sub, const uint8_t id[HASH_LEN],
                     const char *ending, struct bytes b)
{
    char name[160], hex[65];
    char *dir = file_join(l->stick, sub);
    segment_hex(id, HASH_LEN, hex);
    snprintf(name, sizeof name, "%s/%s%s", sub, hex, ending);
    char *path = file_join(l->stick, name);
    assert_int_equal(file_make_dir(dir), ERR_OK);
    assert_int_equal(file_write(path, b, 0644, true), ERR_OK);
    free(path);
    free(dir);
}

static void put_pack(const struct laptop *l, const struct pack *p)
{
    put_file(l, "packs", p->hash, ".pack", buffer_view(&p->bytes));
}

static void remove_pack(const struct laptop *l, const struct pack *p)
{
    char name[160], hex[65];
    segment_hex(p->hash, HASH_LEN, hex);
    snprintf(name, sizeof name, "packs/%s.pack", hex);
    char *path = file_join(l->stick, name);
    assert_int_equal(unlink(path), 0);
    free(path);
}

static void put_golive(const struct world *w, const struct laptop *l, const struct pack *p)
{
    uint8_t sig[PACK_MAX_RESEARCHERS][SIGN_LEN];
    struct buffer b = {0};
    for (size_t i = 0; i < p->researchers; i++)
        for (size_t k = 0; k < 3; k++)
            if (memcmp(p->researcher[i].sign, w->key[k]->pub.sign, 32) == 0)
                notice_golive_sign(p->hash, secret_view(w->key[k]->sign), sig[i]);
    notice_golive_make(p, (const uint8_t(*)[SIGN_LEN])sig, &b);
    put_file(l, "down", p->hash, ".golive", buffer_view(&b));
    buffer_free(&b);
}

/* ---- at the office ---- */

static struct verify_report *pulled(const struct world *w, const struct laptop *l, int key,
                                    struct fold *f)
{
    char *path = path_in(w, "archive.db");
    struct archive *a = NULL;
    struct pull_counts n;
    struct verify_report *r = NULL;
    assert_int_equal(archive_open(path, true, &a), ERR_OK);
    assert_int_equal(pull_source(l->target, NULL, a, &n), ERR_OK);
    assert_int_equal(verify_archive(a, w->key[key], f != NULL ? fold_event : NULL, f, &r), ERR_OK);
    archive_close(a);
    free(path);
    return r;
}

static void send_notice(const struct world *w, const struct laptop *l, const struct pack *p,
                        enum notice_kind kind, int researcher, const struct verify_report *r)
{
    struct notice n = {.kind = kind};
    struct buffer b = {0};
    memcpy(n.pack, p->hash, HASH_LEN);
    memcpy(n.device, r->device[0].id, 32);
    if (kind == NOTICE_RECEIPT) {
        n.n = r->device[0].whole_to;
        memcpy(n.value, r->device[0].head, HASH_LEN);
    } else {
        randombytes_buf(n.value, sizeof n.value);
    }
    n.researcher = (uint8_t)pack_researcher(p, w->key[researcher]->pub.sign);
    assert_int_equal(notice_make(&n, secret_view(w->key[researcher]->sign), &b), ERR_OK);
    put_file(l, "down", n.device, kind == NOTICE_RECEIPT ? ".receipt" : ".approval",
             buffer_view(&b));
    buffer_free(&b);
}

/* A laptop approved under the world's pack, whose archive is pinned to it. */
static struct session *approved(struct world *w, const char *name, struct laptop *l)
{
    laptop_new(w, name, l);
    struct session *ss = laptop_unlock(l);
    assert_int_equal(sync_with(ss, l), ERR_OK);
    struct verify_report *r = pulled(w, l, 1, NULL);
    send_notice(w, l, w->pack, NOTICE_APPROVAL, 0, r);
    verify_free(r);
    assert_int_equal(sync_with(ss, l), ERR_OK);
    return ss;
}

/* ---- taken without asking ---- */

static void a_better_text_is_taken_between_two_interviews(void **state)
{
    struct world *w = *state;
    struct laptop l;
    struct fold f = {0};
    struct session_tally t;
    struct session *ss = approved(w, "text", &l);
    char *text = reworded(w, "wave: 2022-09", "wave: 2022-10");
    struct pack *second = pack_by(w, w->pack, "01", "0", text, NULL);
    assert_int_equal(conduct(ss, 0, 2, 0), ERR_OK);
    assert_int_equal(session_begin(ss, 0, 0), ERR_OK); /* one is under way */
    go_to(ss, INTERVIEW_READY, 0);
    assert_int_equal(session_assign(ss), ERR_OK);
    put_pack(&l, second);
    assert_int_equal(sync_with(ss, &l), ERR_OK);
    assert_int_equal(pack_of(ss), 1);
    assert_non_null(strstr(sentences, "waits until the interview under way is finished"));
    interview_next(session_interview(ss), session_study(ss), session_points(ss));
    assert_int_equal(finish(ss, 1, 0), ERR_OK);
    assert_int_equal(sync_with(ss, &l), ERR_OK);
    assert_int_equal(pack_of(ss), 2);
    assert_non_null(strstr(sentences, "works with pack number 2"));
    assert_string_equal(session_study(ss)->wave, "2022-10");
    session_tally(ss, &t);
    assert_true(t.approved); /* nobody need call the researchers again */
    assert_int_equal(t.contacts_all, 2);
    assert_int_equal(conduct(ss, 0, 3, 0), ERR_OK);
    assert_int_equal(session_lock(ss), ERR_OK);
    ss = laptop_unlock(&l);
    assert_int_equal(pack_of(ss), 2);
    assert_int_equal(conduct(ss, 0, 0, 0), ERR_OK);
    assert_int_equal(sync_with(ss, &l), ERR_OK);
    struct verify_report *r = pulled(w, &l, 1, &f);
    assert_int_equal(verify_err(r), ERR_OK);
    assert_int_equal(r->packs, 2);
    assert_int_equal(r->device[0].pack->pack->number, 2);
    assert_int_equal(r->device[0].whole_to, position_of(ss));
    assert_int_equal(f.contacts, 4);
    assert_int_equal(f.contact[1].pack->pack->number, 1);
    assert_int_equal(f.contact[2].pack->pack->number, 2);
    assert_int_equal(f.contact[2].number, 3); /* numbers go on */
    assert_int_equal(r->replayed, 4);
    assert_int_equal(r->mismatched, 0);
    send_notice(w, &l, second, NOTICE_RECEIPT, 1, r);
    send_notice(w, &l, second, NOTICE_APPROVAL, 1, r); /* the next one, for the new draws */
    verify_free(r);
    fold_free(&f);
    assert_int_equal(sync_with(ss, &l), ERR_OK);
    session_tally(ss, &t);
    assert_int_equal(t.contacts_received, 4);
    assert_int_equal(session_lock(ss), ERR_OK);
    pack_free(second);
    free(text);
    laptop_free(&l);
}

/* Packs 2 and 3 came while the laptop was away: it roots itself once, in the last. */
static void packs_left_out_cost_no_root(void **state)
{
    struct world *w = *state;
    struct laptop l;
    struct session *ss = approved(w, "skip", &l);
    uint64_t before = position_of(ss);
    struct pack *second = pack_by(w, w->pack, "01", "0", NULL, NULL);
    struct pack *third = pack_by(w, second, "01", "0", NULL, NULL);
    put_pack(&l, third);
    assert_int_equal(sync_with(ss, &l), ERR_PARTIAL);
    assert_non_null(strstr(said, "replaces one that does not lie there"));
    assert_int_equal(pack_of(ss), 1);
    put_pack(&l, second);
    assert_int_equal(sync_with(ss, &l), ERR_OK);
    assert_int_equal(pack_of(ss), 3);
    assert_int_equal(position_of(ss), before + 16);
    remove_pack(&l, second);
    assert_int_equal(sync_with(ss, &l), ERR_OK);
    assert_int_equal(said[0], '\0'); /* what was is no news */
    session_drop(ss);
    pack_free(second);
    pack_free(third);
    laptop_free(&l);
}

/* A laptop set up with pack 2 finds pack 1 on every stick. */
static void older_packs_are_passed_over(void **state)
{
    struct world *w = *state;
    struct world later = *w;
    struct laptop l;
    later.pack = pack_by(w, w->pack, "01", "0", NULL, NULL);
    laptop_new(&later, "older", &l);
    struct session *ss = laptop_unlock(&l);
    put_pack(&l, w->pack);
    assert_int_equal(sync_with(ss, &l), ERR_OK);
    assert_int_equal(said[0], '\0');
    assert_int_equal(pack_of(ss), 2);
    session_drop(ss);
    pack_free(later.pack);
    laptop_free(&l);
}

/* Two packs of one number: whoever has taken the one never takes the other. */
static void each_number_is_taken_once(void **state)
{
    struct world *w = *state;
    struct laptop l;
    struct session *ss = approved(w, "once", &l);
    char *text = reworded(w, "Urban?", "In town?");
    struct pack *second = pack_by(w, w->pack, "01", "0", NULL, NULL);
    struct pack *other = pack_by(w, w->pack, "01", "01", text, NULL);
    put_pack(&l, second);
    assert_int_equal(sync_with(ss, &l), ERR_OK);
    assert_int_equal(pack_of(ss), 2);
    put_pack(&l, other);
    assert_int_equal(sync_with(ss, &l), ERR_PARTIAL);
    assert_non_null(strstr(said, "pack number 2 is not newer"));
    assert_int_equal(pack_of(ss), 2);
    session_drop(ss);
    pack_free(second);
    pack_free(other);
    free(text);
    laptop_free(&l);
}

/* ---- with a person ---- */

static void a_new_reader_waits_for_a_person(void **state)
{
    struct world *w = *state;
    struct laptop l;
    struct edition now, next;
    struct session *ss = approved(w, "reader", &l);
    struct pack *second = pack_by(w, w->pack, "012", "01", NULL, NULL);
    struct pack *third = pack_by(w, second, "012", "0", NULL, NULL); /* changes nothing more */
    put_pack(&l, second);
    put_pack(&l, third);
    assert_int_equal(sync_with(ss, &l), ERR_OK);
    assert_int_equal(pack_of(ss), 1);
    assert_true(session_waiting(ss, &now, &next));
    assert_int_equal(next.pack->number, 3);
    assert_non_null(strstr(sentences, "It waits for a person"));
    assert_int_equal(conduct(ss, 0, 1, 0), ERR_OK); /* nothing stops meanwhile */
    assert_int_equal(session_begin(ss, 0, 0), ERR_OK);
    assert_int_equal(session_take_waiting(ss), ERR_STATE);
    assert_int_equal(session_end(ss, DISPOSITION_REFUSAL_PERSON), ERR_OK);
    assert_int_equal(session_take_waiting(ss), ERR_OK);
    assert_false(session_waiting(ss, &now, &next));
    assert_int_equal(session_take_waiting(ss), ERR_STATE);
    assert_int_equal(pack_of(ss), 3);
    assert_int_equal(conduct(ss, 0, 2, 0), ERR_OK);
    assert_int_equal(sync_with(ss, &l), ERR_OK);
    struct fold f = {0};
    struct verify_report *r = pulled(w, &l, 2, &f); /* the new one, alone */
    assert_int_equal(f.contacts, 1);
    assert_int_equal(f.contact[0].count[0], 2);
    assert_int_equal(r->replayed, 1);
    assert_int_equal(r->mismatched, 0);
    verify_free(r);
    fold_free(&f);
    session_drop(ss);
    pack_free(second);
    pack_free(third);
    laptop_free(&l);
}

static void targets_and_signer_wait_for_a_person_too(void **state)
{
    struct world *w = *state;
    struct laptop l;
    struct edition now, next;
    struct session *ss = approved(w, "circle", &l);
    char *text = reworded(w, "languages:", "sync: {targets: [\"dir:/media/other\"]}\nlanguages:");
    struct pack *target = pack_by(w, w->pack, "01", "01", text, NULL);
    struct pack *signer = pack_by(w, w->pack, "01", "10", NULL, NULL);
    struct pack *of[] = {target, signer};
    for (size_t i = 0; i < 2; i++) {
        put_pack(&l, of[i]);
        assert_int_equal(sync_with(ss, &l), ERR_OK);
        assert_true(session_waiting(ss, &now, &next));
        assert_memory_equal(next.pack->hash, of[i]->hash, HASH_LEN);
        assert_int_equal(pack_of(ss), 1);
        remove_pack(&l, of[i]);
        assert_int_equal(sync_with(ss, &l), ERR_OK); /* what is gone waits no more */
        assert_false(session_waiting(ss, &now, &next));
    }
    session_drop(ss);
    pack_free(target);
    pack_free(signer);
    free(text);
    laptop_free(&l);
}

/* ---- live ---- */

static void a_live_laptop_never_falls_back_into_a_test(void **state)
{
    struct world *w = *state;
    struct laptop l;
    struct edition now, next;
    struct session *ss = approved(w, "live", &l);
    struct pack *text = pack_by(w, w->pack, "01", "0", NULL, NULL);
    struct pack *reader = pack_by(w, text, "012", "01", NULL, NULL);
    assert_true(session_test(ss));
    put_golive(w, &l, w->pack);
    assert_int_equal(sync_with(ss, &l), ERR_OK);
    assert_false(session_test(ss));
    put_pack(&l, text);
    put_pack(&l, reader);
    assert_int_equal(sync_with(ss, &l), ERR_OK);
    assert_int_equal(pack_of(ss), 2); /* nobody new reads: live as before */
    assert_false(session_test(ss));
    assert_false(session_waiting(ss, &now, &next));
    assert_non_null(strstr(said, "pack number 3 adds a reader"));
    put_golive(w, &l, reader);
    assert_int_equal(sync_with(ss, &l), ERR_OK);
    assert_true(session_waiting(ss, &now, &next));
    assert_int_equal(session_take_waiting(ss), ERR_OK);
    assert_int_equal(pack_of(ss), 3);
    assert_false(session_test(ss));
    session_drop(ss);
    pack_free(text);
    pack_free(reader);
    laptop_free(&l);
}

/* In test it is taken at once, so that somebody can conduct the test interview; and a pack that
 * went live takes the laptop along. */
static void a_laptop_in_test_goes_live_with_the_pack_that_did(void **state)
{
    struct world *w = *state;
    struct laptop l;
    struct session *ss = approved(w, "test", &l);
    struct pack *reader = pack_by(w, w->pack, "012", "01", NULL, NULL);
    struct pack *text = pack_by(w, reader, "012", "0", NULL, NULL);
    put_pack(&l, reader);
    assert_int_equal(sync_with(ss, &l), ERR_OK);
    assert_int_equal(session_take_waiting(ss), ERR_OK);
    assert_true(session_test(ss));
    put_golive(w, &l, w->pack); /* of a pack left behind: no longer enough */
    assert_int_equal(sync_with(ss, &l), ERR_OK);
    assert_true(session_test(ss));
    put_pack(&l, text);
    assert_int_equal(sync_with(ss, &l), ERR_OK);
    assert_int_equal(pack_of(ss), 3);
    assert_true(session_test(ss));
    put_golive(w, &l, text);
    assert_int_equal(sync_with(ss, &l), ERR_OK);
    assert_false(session_test(ss));
    session_drop(ss);
    pack_free(text);
    pack_free(reader);
    laptop_free(&l);
}

/* A laptop that comes later, under a better text only, need not wait for everybody to sign once
 * more; under one with a new reader it must. */
static void a_new_laptop_goes_live_by_the_file_of_an_older_pack(void **state)
{
    struct world *w = *state;
    struct pack *text = pack_by(w, w->pack, "01", "0", NULL, NULL);
    struct pack *last[] = {pack_by(w, text, "01", "0", NULL, NULL),
                           pack_by(w, text, "012", "01", NULL, NULL)};
    for (size_t i = 0; i < 2; i++) {
        struct world later = *w;
        struct laptop l;
        later.pack = last[i];
        laptop_new(&later, i == 0 ? "text" : "reader", &l);
        struct session *ss = laptop_unlock(&l);
        put_golive(w, &l, w->pack);
        put_pack(&l, w->pack);
        assert_int_equal(sync_with(ss, &l), ERR_OK);
        assert_true(session_test(ss)); /* the pack between is not there */
        put_pack(&l, text);
        assert_int_equal(sync_with(ss, &l), ERR_OK);
        assert_int_equal(said[0], '\0');
        assert_int_equal(session_test(ss), i == 1);
        session_drop(ss);
        laptop_free(&l);
        pack_free(last[i]);
    }
    pack_free(text);
}

/* ---- who confirms ---- */

static void a_retired_researcher_confirms_nothing_any_more(void **state)
{
    struct world *w = *state;
    struct world three = *w;
    struct laptop l;
    struct session_tally t;
    three.pack = pack_by(w, NULL, "012", "0", NULL, NULL);
    struct pack *without = pack_by(w, three.pack, "01", "01", NULL, NULL);
    struct session *ss = approved(&three, "retired", &l);
    assert_int_equal(conduct(ss, 0, 1, 0), ERR_OK);
    put_pack(&l, without);
    assert_int_equal(sync_with(ss, &l), ERR_OK);
    assert_int_equal(session_take_waiting(ss), ERR_OK);
    struct verify_report *r = pulled(&three, &l, 2, NULL);
    send_notice(w, &l, three.pack, NOTICE_RECEIPT, 2, r); /* by the one who was retired */
    assert_int_equal(sync_with(ss, &l), ERR_SIGNATURE);
    session_tally(ss, &t);
    assert_int_equal(t.confirmed, 0);
    send_notice(w, &l, three.pack, NOTICE_RECEIPT, 1,
                r); /* under the pack before, by one who stays */
    assert_int_equal(sync_with(ss, &l), ERR_OK);
    session_tally(ss, &t);
    assert_true(t.confirmed > 0);
    verify_free(r);
    session_drop(ss);
    pack_free(without);
    pack_free(three.pack);
    laptop_free(&l);
}

/* ---- failures ---- */

/* Whether the transaction is there or not, the laptop is under one of the packs as a whole, and
 * goes on in one chain. */
static void a_failed_change_is_one_or_the_other(void **state)
{
    struct world *w = *state;
    for (int how = FAILS_BEFORE; how <= FAILS_AFTER; how++) {
        struct laptop l;
        struct fold f = {0};
        struct session *ss = approved(w, how == FAILS_BEFORE ? "before" : "after", &l);
        char *longer = reworded(w, "questions:\n",
                                "questions:\n"
                                "  - {id: age, type: integer, text: {en: Age?}, min: 18, max: 99}\n"
                                "  - {id: sex, type: integer, text: {en: Sex?}, min: 1, max: 2}\n");
        struct pack *second = pack_by(w, w->pack, "01", "0", longer,
                                      "id,region,weight\np1,\"north, by the sea\",1\np2,south,1\n"
                                      "p3,east,1\n");
        put_pack(&l, second);
        commit_fails = how == FAILS_BEFORE ? FAILS_BEFORE : FAILS_AFTER;
        assert_int_not_equal(sync_with(ss, &l), ERR_OK);
        assert_int_equal(commit_fails, WORKS); /* it was reached */
        assert_int_equal(pack_of(ss), how == FAILS_BEFORE ? 1 : 2);
        assert_int_equal(conduct(ss, 0, 1, 0), ERR_OK);
        assert_int_equal(sync_with(ss, &l), ERR_OK);
        assert_int_equal(pack_of(ss), 2);
        assert_int_equal(conduct(ss, 0, 2, 0), ERR_OK);
        assert_int_equal(session_lock(ss), ERR_OK);
        ss = laptop_unlock(&l);
        assert_int_equal(sync_with(ss, &l), ERR_OK);
        char *path = path_in(w, "archive.db");
        struct verify_report *r = pulled(w, &l, 0, &f);
        verify_say(r);
        assert_int_equal(verify_err(r), ERR_OK);
        assert_int_equal(f.contacts, 2);
        assert_int_equal(r->mismatched, 0);
        assert_int_equal(unlink(path), 0); /* the next laptop's archive */
        free(path);
        verify_free(r);
        fold_free(&f);
        session_drop(ss);
        pack_free(second);
        free(longer);
        laptop_free(&l);
    }
}

#define SEVERAL(test) WITH(start_several, test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SEVERAL(a_better_text_is_taken_between_two_interviews),
        SEVERAL(packs_left_out_cost_no_root),
        SEVERAL(older_packs_are_passed_over),
        SEVERAL(each_number_is_taken_once),
        SEVERAL(a_new_reader_waits_for_a_person),
        SEVERAL(targets_and_signer_wait_for_a_person_too),
        SEVERAL(a_live_laptop_never_falls_back_into_a_test),
        SEVERAL(a_laptop_in_test_goes_live_with_the_pack_that_did),
        SEVERAL(a_new_laptop_goes_live_by_the_file_of_an_older_pack),
        SEVERAL(a_retired_researcher_confirms_nothing_any_more),
        SEVERAL(a_failed_change_is_one_or_the_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
