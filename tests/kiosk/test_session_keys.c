/* Several interviewers on one laptop, whatever fails while they come and go; and how a laptop goes
 * on that lost its working state. */
#include "laptop.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "admin/pull.h"
#include "admin/verify.h"
#include "kiosk/keyfile.h"

static const char second_code[] = "second", second_words[] = "anchor basil cobalt",
                  other_words[] = "velvet quarry nimble";

/* ---- trouble at the n-th thing that is written ---- */

enum { DIED = 7 };
static struct {
    unsigned at, step;
    bool dies;
} trouble;

ssize_t __real_pwrite(int fd, const void *p, size_t n, off_t at);
ssize_t __wrap_pwrite(int fd, const void *p, size_t n, off_t at);
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
enum err __real_store_commit(struct store *st);
enum err __wrap_store_commit(struct store *st);

static bool now(void)
{
    return trouble.at != 0 && ++trouble.step == trouble.at;
}

ssize_t __wrap_pwrite(int fd, const void *p, size_t n, off_t at)
{
    if (now()) { /* half of it gets there */
        __real_pwrite(fd, p, n / 2, at);
        if (trouble.dies)
            _exit(DIED);
        errno = EIO;
        return -1;
    }
    return __real_pwrite(fd, p, n, at);
}

int __wrap_fdatasync(int fd)
{
    if (now()) {
        if (trouble.dies)
            _exit(DIED);
        errno = EIO;
        return -1;
    }
    return __real_fdatasync(fd);
}

enum err __wrap_store_commit(struct store *st)
{
    if (now()) {
        if (trouble.dies)
            _exit(DIED);
        return ERR_FULL;
    }
    enum err e = __real_store_commit(st);
    if (!now())
        return e;
    if (trouble.dies)
        _exit(DIED);
    return ERR_FILE; /* though it was done */
}

/* ---- interviewers ---- */

static enum err add(struct session *ss, const char *code, const char *words)
{
    struct secret *passphrase = secret_of(words);
    enum err e = session_add(ss, code, passphrase);
    secret_free(passphrase);
    return e;
}

static enum err choose(struct session *ss, const char *words)
{
    struct secret *passphrase = secret_of(words);
    enum err e = session_passphrase(ss, passphrase);
    secret_free(passphrase);
    return e;
}

static enum err confirm(struct session *ss, const char *words)
{
    struct secret *passphrase = secret_of(words);
    enum err e = session_confirm(ss, passphrase);
    secret_free(passphrase);
    return e;
}

static bool unlocks(const struct laptop *l, const char *code, const char *words)
{
    struct session *ss = NULL;
    enum err e = laptop_try(l, code, words, &ss);
    assert_true(e == ERR_OK || e == ERR_PASSPHRASE);
    session_drop(ss);
    return e == ERR_OK;
}

static void interviewers_come_change_and_go_between_interviews(void **state)
{
    struct laptop l;
    struct session *ss = NULL;
    laptop_new(*state, "several", &l);
    ss = laptop_unlock(&l);
    assert_int_equal(session_interviewers(ss), 1);
    assert_int_equal(conduct(ss, 0, 1, 0), ERR_OK);
    assert_int_equal(add(ss, second_code, second_words), ERR_OK);
    assert_int_equal(session_interviewers(ss), 2);
    assert_int_equal(conduct(ss, 0, 2, 1), ERR_OK); /* the session goes on */
    assert_int_equal(session_lock(ss), ERR_OK);

    assert_int_equal(laptop_try(&l, second_code, second_words, &ss), ERR_OK);
    assert_true(session_is_own(ss, second_code));
    assert_int_equal(conduct(ss, 1, 1, 0), ERR_OK);
    assert_int_equal(confirm(ss, second_words), ERR_OK);
    assert_int_equal(confirm(ss, laptop_passphrase), ERR_PASSPHRASE); /* another one's */
    assert_int_equal(choose(ss, other_words), ERR_OK);
    assert_int_equal(confirm(ss, second_words), ERR_PASSPHRASE);
    assert_int_equal(confirm(ss, other_words), ERR_OK);
    assert_int_equal(session_lock(ss), ERR_OK);
    assert_false(unlocks(&l, second_code, second_words));
    assert_true(unlocks(&l, second_code, other_words));

    ss = laptop_unlock(&l);
    assert_int_equal(session_remove(ss, second_code), ERR_OK);
    assert_int_equal(session_interviewers(ss), 1);
    assert_int_equal(conduct(ss, 0, 0, 0), ERR_OK);
    assert_int_equal(session_lock(ss), ERR_OK);
    assert_false(unlocks(&l, second_code, other_words));
    assert_true(unlocks(&l, laptop_code, laptop_passphrase));
    assert_int_equal(rows_of(&l).last % 16, 0);
    laptop_free(&l);
}

static void what_may_not_be_is_refused_and_changes_nothing(void **state)
{
    struct laptop l;
    laptop_new(*state, "refused", &l);
    struct session *ss = laptop_unlock(&l);
    assert_int_equal(add(ss, "no spaces", second_words), ERR_USAGE);
    assert_int_equal(add(ss, second_code, "too short"), ERR_USAGE);
    assert_int_equal(add(ss, laptop_code, second_words), ERR_STATE);
    assert_int_equal(choose(ss, "too short"), ERR_USAGE);
    assert_int_equal(session_remove(ss, second_code), ERR_STATE);
    said[0] = '\0';
    assert_int_equal(session_remove(ss, laptop_code), ERR_STATE);
    assert_non_null(strstr(said, "another interviewer"));
    assert_int_equal(session_begin(ss, 0, 0), ERR_OK);
    assert_int_equal(add(ss, second_code, second_words), ERR_STATE); /* not during an interview */
    assert_int_equal(session_end(ss, DISPOSITION_REFUSAL_PERSON), ERR_OK);
    assert_int_equal(session_interviewers(ss), 1);
    assert_int_equal(session_lock(ss), ERR_OK);
    assert_true(unlocks(&l, laptop_code, laptop_passphrase));
    assert_false(unlocks(&l, second_code, second_words));
    laptop_free(&l);
}

/* The second interviewer is removed in a process that dies at a step; false if it came to its end
 * before. */
static bool dies_at(const struct laptop *l, unsigned at)
{
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct session *ss = laptop_unlock(l);
        if (session_interviewers(ss) == 1 && add(ss, second_code, second_words) != ERR_OK)
            _exit(1);
        trouble.at = at;
        trouble.step = 0;
        trouble.dies = true;
        _exit(session_remove(ss, second_code) == ERR_OK ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == DIED);
    return WEXITSTATUS(status) == DIED;
}

static void dying_at_any_step_of_a_removal_leaves_it_whole_or_not_there(void **state)
{
    struct laptop l;
    unsigned before = 0, after = 0;
    bool died = true;
    laptop_new(*state, "dying", &l);
    for (unsigned at = 1; died; at++) {
        died = dies_at(&l, at);
        bool gone = !unlocks(&l, second_code, second_words);
        assert_true(died || gone);
        assert_true(after == 0 || gone); /* from one step on it is there */
        *(gone ? &after : &before) += 1;
    }
    assert_true(before >= 4 && after >= 4); /* two writes and two syncs on each side */
    struct session *ss = laptop_unlock(&l);
    assert_int_equal(conduct(ss, 0, 1, 0), ERR_OK);
    assert_int_equal(session_lock(ss), ERR_OK);
    laptop_free(&l);
}

static void a_change_that_fails_at_any_step_leaves_a_session_that_goes_on(void **state)
{
    struct laptop l;
    bool reached = true;
    const char *now = laptop_passphrase, *next = other_words;
    laptop_new(*state, "failing", &l);
    for (unsigned at = 1; reached; at++) {
        struct session *ss = NULL;
        assert_int_equal(laptop_try(&l, laptop_code, now, &ss), ERR_OK);
        trouble.at = at;
        trouble.step = 0;
        trouble.dies = false;
        enum err e = choose(ss, next);
        reached = trouble.step >= at;
        trouble.at = 0;
        assert_true(reached ? e != ERR_OK : e == ERR_OK);
        assert_int_equal(conduct(ss, 0, 1, 0), ERR_OK); /* memory fits the store */
        session_drop(ss);
        bool changed = unlocks(&l, laptop_code, next);
        assert_true(e != ERR_OK || changed);
        if (changed) {
            const char *old = now;
            assert_false(unlocks(&l, laptop_code, old));
            now = next, next = old;
        }
    }
    laptop_free(&l);
}

/* ---- a state that is lost ---- */

enum loss { LOSES_EPOCH, LOSES_TAIL, LOSSES };

static void copy(const char *from, const char *to)
{
    struct buffer b = {0};
    assert_int_equal(file_read(from, 1 << 28, true, &b), ERR_OK);
    assert_int_equal(file_write(to, buffer_view(&b), 0600, true), ERR_OK);
    buffer_free(&b);
}

/* Both epoch places of the keys file are gone. */
static void lose_epochs(const struct laptop *l)
{
    uint8_t noise[8192];
    char *keys = home_keys(l->home);
    int fd = open(keys, O_WRONLY);
    memset(noise, 0x5a, sizeof noise);
    assert_int_equal(pwrite(fd, noise, sizeof noise, 4096), sizeof noise);
    close(fd);
    free(keys);
}

/* One contact, another, then the disk takes back what it had acknowledged. The root's position. */
static uint64_t live_with(struct world *w, enum loss loss, struct laptop *l)
{
    char *store = home_store(l->home), *aside = path_in(w, "aside.db"), words[256];
    struct session *ss = laptop_unlock(l);
    struct session_tally t;
    assert_int_equal(conduct(ss, 0, 1, 0), ERR_OK);
    assert_int_equal(session_sync(ss, l->target, words, sizeof words), ERR_OK);
    assert_int_equal(session_lock(ss), ERR_OK);
    copy(store, aside);
    ss = laptop_unlock(l);
    assert_int_equal(conduct(ss, 0, 2, 0), ERR_OK);
    assert_int_equal(session_begin(ss, 0, 0), ERR_OK); /* and one under way */
    assert_int_equal(session_lock(ss), ERR_OK);
    uint64_t last = rows_of(l).last;
    if (loss == LOSES_TAIL)
        copy(aside, store), last = 16;
    else
        lose_epochs(l);

    ss = laptop_unlock(l);
    assert_true(session_lost(ss));
    assert_null(session_interview(ss));
    said[0] = '\0';
    assert_int_equal(session_begin(ss, 0, 0), ERR_LOST);
    assert_non_null(strstr(said, "lost its working state"));
    assert_int_equal(session_sync(ss, l->target, words, sizeof words), ERR_LOST);
    assert_int_equal(add(ss, second_code, second_words), ERR_LOST);
    assert_int_equal(session_lock(ss), ERR_OK); /* nothing has changed by that */
    ss = laptop_unlock(l);
    assert_true(session_lost(ss));
    assert_int_equal(session_restart(ss), ERR_OK);
    assert_false(session_lost(ss));
    assert_true(session_test(ss));
    assert_int_equal(position_of(ss), last + 1);
    assert_int_equal(session_restart(ss), ERR_STATE);
    assert_int_equal(session_void(ss, 1, 2), ERR_STATE); /* it is not known here any more */
    assert_int_equal(conduct(ss, 1, 0, 0), ERR_OK);
    session_tally(ss, &t);
    assert_int_equal(t.last_contact, last + 1);
    assert_int_equal(t.contacts_all, 1);
    assert_int_equal(session_void(ss, t.last_contact, 2), ERR_OK);
    assert_int_equal(add(ss, second_code, second_words), ERR_OK);
    assert_int_equal(session_lock(ss), ERR_OK);
    assert_true(unlocks(l, second_code, second_words));
    assert_true(unlocks(l, laptop_code, laptop_passphrase));
    free(store);
    free(aside);
    return last + 1;
}

/* The researchers see where the chain restarted, and that all else is in order. */
static void read_by_the_office(struct world *w, const struct laptop *l, uint64_t root)
{
    char *path = path_in(w, "archive.db"), words[1024];
    struct archive *a = NULL;
    struct verify_report *r = NULL;
    struct pull_counts n;
    struct session *ss = laptop_unlock(l);
    assert_int_equal(session_sync(ss, l->target, words, sizeof words), ERR_OK);
    assert_int_equal(session_lock(ss), ERR_OK);
    unlink(path);
    assert_int_equal(archive_open(path, true, &a), ERR_OK);
    assert_int_equal(pull_source(l->target, NULL, a, &n), ERR_OK);
    assert_int_equal(verify_archive(a, NULL, NULL, NULL, &r), ERR_OK);
    assert_int_equal(r->devices, 1);
    struct notice approval = {.kind = NOTICE_APPROVAL, .value = {1}};
    struct buffer b = {0};
    memcpy(approval.pack, w->pack->hash, HASH_LEN);
    memcpy(approval.device, r->device[0].id, 32);
    verify_free(r);
    assert_int_equal(notice_make(&approval, secret_view(w->key[0]->sign), &b), ERR_OK);
    assert_int_equal(archive_put_notice(a, NOTICE_APPROVAL, approval.device, buffer_view(&b), NULL),
                     ERR_OK);
    assert_int_equal(verify_archive(a, w->key[1], NULL, NULL, &r), ERR_OK);
    assert_int_equal(r->device[0].restarted, root);
    for (size_t i = 0; i < r->lines; i++)
        assert_int_equal(r->line[i].verdict, VERDICT_RESTARTED);
    verify_free(r);
    archive_close(a);
    buffer_free(&b);
    free(path);
}

static void a_laptop_that_lost_its_state_goes_on_behind_what_it_can_show(void **state)
{
    static const char *const name[] = {[LOSES_EPOCH] = "epoch", [LOSES_TAIL] = "tail"};
    struct world *w = *state;
    for (enum loss loss = LOSES_EPOCH; loss < LOSSES; loss++) {
        struct laptop l;
        laptop_new(w, name[loss], &l);
        uint64_t root = live_with(w, loss, &l);
        assert_int_equal(rows_of(&l).last % 16, 0);
        read_by_the_office(w, &l, root);
        laptop_free(&l);
    }
}

#define CSTO(test) WITH(start_csto, test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CSTO(interviewers_come_change_and_go_between_interviews),
        CSTO(what_may_not_be_is_refused_and_changes_nothing),
        CSTO(dying_at_any_step_of_a_removal_leaves_it_whole_or_not_there),
        CSTO(a_change_that_fails_at_any_step_leaves_a_session_that_goes_on),
        CSTO(a_laptop_that_lost_its_state_goes_on_behind_what_it_can_show),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
