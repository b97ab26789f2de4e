/* Trouble at every step that touches the disk: the process dies or the disk says no, before or
 * after the step was done. Afterwards the contact goes on with the same draw and has each entry
 * once. */
#include "laptop.h"

#include <sys/mman.h>
#include <sys/wait.h>

#include "admin/frame/fold.h"
#include "admin/pull.h"
#include "kiosk/keyfile.h"

enum trouble { NO_TROUBLE, DIES_BEFORE, DIES_AFTER, FAILS_BEFORE, FAILS_AFTER };
enum ending { COMPLETES, REFUSES, BREAKS_OFF, WITHDRAWS, ENDINGS };
enum { MAX_CONTACTS = 1024, DIED = 7 };

static struct {
    enum trouble kind;
    unsigned at, step; /* trouble at step ${at}, counted from 1 */
} trouble;

/* Draws as they were when a card could be shown, by contact; also seen by processes that die. */
static struct draw *seen;

/* ---- the steps ---- */

enum err __real_store_commit(struct store *st);
enum err __wrap_store_commit(struct store *st);
enum err __real_keyfile_next_epoch(struct keyfile *kf, uint64_t number, struct secret **out);
enum err __wrap_keyfile_next_epoch(struct keyfile *kf, uint64_t number, struct secret **out);

static bool is_now(enum trouble dies, enum trouble fails)
{
    if (trouble.step != trouble.at)
        return false;
    if (trouble.kind == dies)
        _exit(DIED);
    return trouble.kind == fails;
}

enum err __wrap_store_commit(struct store *st)
{
    trouble.step++;
    if (is_now(DIES_BEFORE, FAILS_BEFORE))
        return ERR_FULL;
    enum err e = __real_store_commit(st);
    return is_now(DIES_AFTER, FAILS_AFTER) ? ERR_FILE : e;
}

enum err __wrap_keyfile_next_epoch(struct keyfile *kf, uint64_t number, struct secret **out)
{
    struct secret *key = NULL;
    trouble.step++;
    if (is_now(DIES_BEFORE, FAILS_BEFORE))
        return ERR_FULL;
    enum err e = __real_keyfile_next_epoch(kf, number, &key);
    if (is_now(DIES_AFTER, FAILS_AFTER)) {
        secret_free(key);
        return ERR_FILE;
    }
    if (e == ERR_OK)
        *out = key;
    return e;
}

/* ---- contacts that go on from wherever they stand ---- */

static void look(struct session *ss)
{
    const struct interview *iv = session_interview(ss);
    if (iv == NULL || !iv->assigned)
        return;
    assert_true(iv->contact < MAX_CONTACTS);
    if (seen[iv->contact].arm[0] == ARM_NOT_ASKED)
        seen[iv->contact] = iv->draw;
    assert_true(same_draw(&seen[iv->contact], &iv->draw, session_study(ss)->lists));
}

static enum err draw(struct session *ss, uint32_t pick)
{
    if (session_interview(ss)->assigned)
        return ERR_OK;
    go_to(ss, INTERVIEW_READY, pick);
    return session_assign(ss);
}

static enum err carry_on(struct session *ss, enum ending ending, uint32_t contact)
{
    struct session_tally t;
    enum err e = ERR_OK;
    const uint32_t pick = 1; /* where there are several lists, one is not asked then */
    session_tally(ss, &t);
    look(ss);
    if (t.contacts_all >= contact)
        return ERR_OK;
    if (session_interview(ss) == NULL)
        e = session_begin(ss, contact % 2, 0);
    else if (session_interview(ss)->ending != 0)
        return session_save(ss);
    if (e == ERR_OK && ending == REFUSES)
        return session_end(ss, DISPOSITION_REFUSAL_PERSON);
    if (e == ERR_OK)
        e = draw(ss, pick);
    look(ss);
    if (e == ERR_OK && ending == BREAKS_OFF)
        return session_end(ss, DISPOSITION_BREAK_OFF);
    if (e == ERR_OK && ending == WITHDRAWS)
        return session_withdraw(ss);
    if (e == ERR_OK && session_interview(ss)->step == INTERVIEW_READY)
        interview_next(session_interview(ss), session_study(ss), session_points(ss));
    return e == ERR_OK ? finish(ss, 1, pick) : e;
}

/* In a process of its own; false if it came to its end before the trouble. */
static bool die(const struct laptop *l, enum ending ending, uint32_t contact)
{
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct session *ss = laptop_unlock(l);
        _exit(carry_on(ss, ending, contact) == ERR_OK ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == DIED);
    return WEXITSTATUS(status) == DIED;
}

/* One failure, then the same again until it is done. */
static bool stumble(const struct laptop *l, enum ending ending, uint32_t contact)
{
    struct session *ss = NULL;
    enum err e = laptop_try(l, laptop_code, laptop_passphrase, &ss);
    if (e != ERR_OK) {
        assert_true(trouble.step >= trouble.at);
        return true;
    }
    for (int i = 0; i < 2 && (e = carry_on(ss, ending, contact)) != ERR_OK; i++)
        assert_true(trouble.step >= trouble.at); /* only the one that was made */
    assert_int_equal(e, ERR_OK);
    session_drop(ss);
    return trouble.step >= trouble.at;
}

/* One contact with trouble at step ${at}; false if there is no such step. */
static bool one(const struct laptop *l, enum ending ending, enum trouble kind, unsigned at,
                uint32_t contact)
{
    uint64_t before = rows_of(l).last;
    trouble.kind = kind;
    trouble.at = at;
    trouble.step = 0;
    bool happened = kind <= DIES_AFTER ? die(l, ending, contact) : stumble(l, ending, contact);
    trouble.kind = NO_TROUBLE;
    struct session *ss = laptop_unlock(l);
    size_t each = entry_per_contact(session_study(ss)) + (ending == WITHDRAWS);
    assert_int_equal(carry_on(ss, ending, contact), ERR_OK);
    assert_null(session_interview(ss));
    assert_int_equal(position_of(ss), before + each);
    session_drop(ss);
    return happened;
}

/* ---- what the researchers find ---- */

static void check_with_the_office(const struct world *w, const struct laptop *l, uint32_t contacts)
{
    char *path = path_in(w, "archive.db"), words[256];
    struct archive *a = NULL;
    struct pull_counts n;
    struct verify_report *r = NULL;
    struct fold f = {0};
    struct session *ss = laptop_unlock(l);
    assert_int_equal(session_sync(ss, l->target, words, sizeof words), ERR_OK);
    assert_int_equal(session_lock(ss), ERR_OK);
    assert_int_equal(archive_open(path, true, &a), ERR_OK);
    assert_int_equal(pull_source(l->target, NULL, a, &n), ERR_OK);
    assert_int_equal(verify_archive(a, NULL, NULL, NULL, &r), ERR_OK);
    struct notice approval = {.kind = NOTICE_APPROVAL, .value = {1}};
    struct buffer b = {0};
    memcpy(approval.pack, w->pack->hash, HASH_LEN);
    memcpy(approval.device, r->device[0].id, 32);
    assert_int_equal(notice_make(&approval, secret_view(w->key[0]->sign), &b), ERR_OK);
    assert_int_equal(archive_put_notice(a, NOTICE_APPROVAL, approval.device, buffer_view(&b), NULL),
                     ERR_OK);
    verify_free(r);
    assert_int_equal(verify_archive(a, w->key[1], fold_event, &f, &r), ERR_OK);
    verify_say(r);
    assert_int_equal(verify_err(r), ERR_OK);
    assert_int_equal(r->mismatched, 0);
    assert_int_equal(f.contacts, contacts);
    for (size_t i = 0; i < f.contacts; i++) {
        assert_true(f.contact[i].ended);
        assert_int_equal(f.contact[i].number, i + 1);
        if (f.contact[i].assigned)
            assert_true(same_draw(&f.contact[i].draw, &seen[i + 1], w->study->lists));
    }
    fold_free(&f);
    verify_free(r);
    archive_close(a);
    buffer_free(&b);
    free(path);
}

static void trouble_at_any_step(struct world *w, enum trouble kind)
{
    struct laptop l;
    uint32_t contact = 0;
    size_t len = MAX_CONTACTS * sizeof *seen;
    laptop_new(w, "trouble", &l);
    seen = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(seen != MAP_FAILED);
    for (size_t i = 0; i < MAX_CONTACTS; i++)
        seen[i].arm[0] = ARM_NOT_ASKED;
    for (enum ending ending = COMPLETES; ending < ENDINGS; ending++) {
        unsigned at = 1;
        while (one(&l, ending, kind, at, ++contact))
            at++;
        assert_true(at > 2 * entry_per_contact(w->study)); /* a commit and a key for each entry */
    }
    check_with_the_office(w, &l, contact);
    munmap(seen, len);
    laptop_free(&l);
}

static void dying_before_any_step_loses_and_doubles_nothing(void **state)
{
    trouble_at_any_step(*state, DIES_BEFORE);
}

static void dying_after_any_step_loses_and_doubles_nothing(void **state)
{
    trouble_at_any_step(*state, DIES_AFTER);
}

static void a_step_that_fails_can_be_done_again(void **state)
{
    trouble_at_any_step(*state, FAILS_BEFORE);
}

static void a_step_that_fails_though_it_was_done_is_not_done_twice(void **state)
{
    trouble_at_any_step(*state, FAILS_AFTER);
}

/* ---- several targets ---- */

static int start_two_targets(void **state)
{
    static const char one[] = "\"dir:/media/sanaq\"",
                      two[] = "\"dir:/nowhere/a\", \"dir:/nowhere/b\"";
    struct buffer yaml = {0}, csv = {0}, changed = {0};
    said[0] = '\0';
    log_to(listen_in, NULL);
    assert_int_equal(secret_start(), ERR_OK);
    read_asset("study.yaml", &yaml);
    read_asset("points.csv", &csv);
    buffer_u8(&yaml, 0);
    const char *text = (const char *)yaml.p, *at = strstr(text, one);
    assert_non_null(at);
    buffer_printf(&changed, "%.*s%s%s", (int)(at - text), text, two, at + strlen(one));
    *state = world_new(buffer_view(&changed), buffer_view(&csv));
    buffer_free(&yaml);
    buffer_free(&csv);
    buffer_free(&changed);
    return 0;
}

static void a_store_that_is_gone_for_a_while_stops_a_sync_and_no_more(void **state)
{
    struct laptop l;
    char words[256];
    laptop_new(*state, "gone", &l);
    struct session *ss = laptop_unlock(&l);
    char *path = home_store(l.home), *aside = file_join(l.home, "aside");
    assert_int_equal(rename(path, aside), 0);
    trouble.kind = FAILS_BEFORE; /* at the first filler; reading the store again fails too */
    trouble.at = trouble.step + 1;
    assert_int_not_equal(session_sync(ss, NULL, words, sizeof words), ERR_OK);
    trouble.kind = NO_TROUBLE;
    assert_non_null(strstr(said, "the store cannot be used now"));
    assert_int_equal(session_begin(ss, 0, 0), ERR_FILE);
    assert_null(session_interview(ss));
    assert_int_equal(rename(aside, path), 0);
    assert_int_equal(conduct(ss, 0, 1, 0), ERR_OK);
    assert_int_equal(session_sync(ss, NULL, words, sizeof words), ERR_FILE);
    assert_non_null(strstr(said, "/nowhere/b: there is no such folder"));
    assert_int_equal(position_of(ss), 16);
    assert_int_equal(session_lock(ss), ERR_OK);
    free(path);
    free(aside);
    laptop_free(&l);
}

#define CSTO(test)    WITH(start_csto, test)
#define SEVERAL(test) WITH(start_several, test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CSTO(dying_before_any_step_loses_and_doubles_nothing),
        SEVERAL(dying_before_any_step_loses_and_doubles_nothing),
        SEVERAL(dying_after_any_step_loses_and_doubles_nothing),
        SEVERAL(a_step_that_fails_can_be_done_again),
        CSTO(a_step_that_fails_though_it_was_done_is_not_done_twice),
        SEVERAL(a_step_that_fails_though_it_was_done_is_not_done_twice),
        WITH(start_two_targets, a_store_that_is_gone_for_a_while_stops_a_sync_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
