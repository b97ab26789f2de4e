/* A laptop that nobody can unlock any more: set up anew in the place of the old device, whose
 * results are kept, sent and received; whatever fails on the way. */
#include "laptop.h"

#include <fcntl.h>
#include <sys/wait.h>

#include "admin/pull.h"
#include "admin/verify.h"
#include "core/segment.h"
#include "kiosk/keyfile.h"
#include "kiosk/replaced.h"

static const char new_words[] = "velvet quarry nimble";

enum { DIED = 7 };
static unsigned die_at, step; /* at this call of rename or store_commit */

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
enum err __real_store_commit(struct store *st);
enum err __wrap_store_commit(struct store *st);

static void maybe_die(void)
{
    if (die_at != 0 && ++step == die_at)
        _exit(DIED);
}

int __wrap_rename(const char *from, const char *to)
{
    maybe_die();
    int r = __real_rename(from, to);
    maybe_die();
    return r;
}

enum err __wrap_store_commit(struct store *st)
{
    maybe_die();
    enum err e = __real_store_commit(st);
    maybe_die();
    return e;
}

static enum err set_up(const struct world *w, const struct laptop *l, const char *words,
                       const uint8_t *replaces)
{
    struct secret *passphrase = secret_of(words);
    enum err e = setup_run(l->home, w->pack, laptop_code, passphrase, cheap(), replaces);
    secret_free(passphrase);
    return e;
}

static void device_of(const struct laptop *l, uint8_t device[32])
{
    assert_int_equal(replaced_device(l->home, device), ERR_OK);
}

/* A laptop with two contacts of which nothing was synced, then nobody knows the passphrase. */
static void worked(const struct world *w, const char *name, struct laptop *l, uint8_t device[32])
{
    laptop_new(w, name, l);
    struct session *ss = laptop_unlock(l);
    assert_int_equal(conduct(ss, 0, 1, 0), ERR_OK);
    assert_int_equal(conduct(ss, 0, 2, 0), ERR_OK);
    assert_int_equal(session_lock(ss), ERR_OK);
    device_of(l, device);
}

static struct session *unlock_new(const struct laptop *l)
{
    struct session *ss = NULL;
    assert_int_equal(laptop_try(l, laptop_code, new_words, &ss), ERR_OK);
    return ss;
}

static bool old_passphrase_opens(const struct laptop *l, const char *dir)
{
    char *home = file_join(l->home, dir);
    struct laptop old = {.home = home};
    struct session *ss = NULL;
    enum err e = laptop_try(&old, laptop_code, laptop_passphrase, &ss);
    session_drop(ss);
    free(home);
    return e == ERR_OK;
}

/* ---- the office ---- */

struct office {
    char *path;
    struct archive *archive;
    struct verify_report *report;
};

static void read_all(struct world *w, const struct laptop *l, struct office *o)
{
    struct pull_counts n;
    if (o->archive == NULL) {
        o->path = path_in(w, "archive.db");
        assert_int_equal(archive_open(o->path, true, &o->archive), ERR_OK);
    }
    assert_int_equal(pull_source(l->target, NULL, o->archive, &n), ERR_OK);
    verify_free(o->report);
    assert_int_equal(verify_archive(o->archive, NULL, NULL, NULL, &o->report), ERR_OK);
    for (size_t i = 0; i < o->report->devices; i++) { /* all are approved */
        struct notice approval = {.kind = NOTICE_APPROVAL, .value = {1}};
        struct buffer b = {0};
        memcpy(approval.pack, w->pack->hash, HASH_LEN);
        memcpy(approval.device, o->report->device[i].id, 32);
        assert_int_equal(notice_make(&approval, secret_view(w->key[0]->sign), &b), ERR_OK);
        assert_int_equal(
            archive_put_notice(o->archive, NOTICE_APPROVAL, approval.device, buffer_view(&b), NULL),
            ERR_OK);
        buffer_free(&b);
    }
    verify_free(o->report);
    assert_int_equal(verify_archive(o->archive, w->key[1], NULL, NULL, &o->report), ERR_OK);
    verify_say(o->report);
}

static const struct verify_device *find(const struct office *o, const uint8_t device[32])
{
    for (size_t i = 0; i < o->report->devices; i++)
        if (memcmp(o->report->device[i].id, device, 32) == 0)
            return &o->report->device[i];
    return NULL;
}

static void office_free(struct office *o)
{
    verify_free(o->report);
    archive_close(o->archive);
    free(o->path);
}

/* A receipt for all that came of a device, where its laptop looks for it. */
static void send_receipt(struct world *w, const struct laptop *l, const struct verify_device *d)
{
    struct notice n = {.kind = NOTICE_RECEIPT, .n = d->whole_to};
    struct buffer b = {0};
    char hex[65], name[96];
    memcpy(n.pack, w->pack->hash, HASH_LEN);
    memcpy(n.device, d->id, 32);
    memcpy(n.value, d->head, HASH_LEN);
    assert_int_equal(notice_make(&n, secret_view(w->key[0]->sign), &b), ERR_OK);
    char *down = file_join(l->stick, "down");
    assert_int_equal(file_make_dir(down), ERR_OK);
    segment_hex(d->id, 32, hex);
    snprintf(name, sizeof name, "%s.receipt", hex);
    char *path = file_join(down, name);
    assert_int_equal(file_write(path, buffer_view(&b), 0600, true), ERR_OK);
    buffer_free(&b);
    free(down);
    free(path);
}

/* ---- tests ---- */

static void the_new_device_names_the_old_one_and_sends_its_results(void **state)
{
    struct world *w = *state;
    struct laptop l;
    struct office o = {0};
    struct setup_status st;
    uint8_t old[32], now[32];
    char words[1024];
    worked(w, "lost", &l, old);
    assert_int_equal(set_up(w, &l, new_words, old), ERR_OK);
    device_of(&l, now);
    assert_memory_not_equal(old, now, 32);
    struct session *ss = NULL;
    assert_int_equal(laptop_try(&l, laptop_code, laptop_passphrase, &ss), ERR_PASSPHRASE);
    assert_false(old_passphrase_opens(&l, "replaced/1")); /* not there either */

    ss = unlock_new(&l);
    assert_int_equal(conduct(ss, 1, 0, 0), ERR_OK);
    assert_int_equal(session_sync(ss, l.target, words, sizeof words), ERR_OK);
    assert_int_equal(session_lock(ss), ERR_OK);
    read_all(w, &l, &o);
    assert_int_equal(verify_err(o.report), ERR_OK);
    assert_int_equal(o.report->devices, 2);
    assert_non_null(find(&o, old));
    assert_int_equal(find(&o, old)->entries, 16);
    assert_true(find(&o, now)->has_replaced);
    assert_memory_equal(find(&o, now)->replaced, old, 32);

    send_receipt(w, &l, find(&o, old));
    ss = unlock_new(&l);
    assert_int_equal(session_sync(ss, l.target, words, sizeof words), ERR_OK);
    assert_int_equal(session_lock(ss), ERR_OK);
    char *first = file_join(l.home, "replaced/1");
    assert_int_equal(setup_status(first, &st), ERR_OK);
    assert_int_equal(st.confirmed, 16);
    setup_status_free(&st);
    free(first);
    office_free(&o);
    laptop_free(&l);
}

static void a_laptop_can_be_replaced_again_and_again(void **state)
{
    struct world *w = *state;
    struct laptop l;
    uint8_t device[3][32], last[32];
    worked(w, "again", &l, device[0]);
    assert_false(replaced_last(l.home, last));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(set_up(w, &l, new_words, device[i]), ERR_OK);
        device_of(&l, device[i + 1]);
        assert_true(replaced_last(l.home, last));
        assert_memory_equal(last, device[i], 32);
    }
    unsigned written = 0;
    assert_int_equal(replaced_collect(l.home, l.stick, &written), ERR_OK);
    assert_int_equal(written, 4); /* two of the first, one of each other: its root */
    laptop_free(&l);
}

static void nothing_is_given_up_by_mistake(void **state)
{
    struct world *w = *state;
    struct laptop l;
    struct session *ss = NULL;
    uint8_t device[32], other[32] = {7};
    worked(w, "mistake", &l, device);
    assert_int_equal(set_up(w, &l, new_words, NULL), ERR_STATE);
    assert_int_equal(set_up(w, &l, new_words, other), ERR_STATE);
    assert_non_null(strstr(said, "as another device than the one to be replaced"));
    assert_int_equal(set_up(w, &l, "too short", device), ERR_USAGE);
    ss = laptop_unlock(&l);
    assert_int_equal(set_up(w, &l, new_words, device), ERR_BUSY); /* somebody can unlock it */
    assert_int_equal(conduct(ss, 0, 1, 0), ERR_OK);
    assert_int_equal(session_lock(ss), ERR_OK);
    session_drop(laptop_unlock(&l));
    assert_int_equal(rows_of(&l).last % 16, 0);
    laptop_free(&l);
}

/* The new keys file cannot be made: then all is as it was. */
static void a_set_up_that_fails_gives_nothing_up(void **state)
{
    struct world *w = *state;
    struct laptop l;
    uint8_t device[32], now[32];
    worked(w, "fails", &l, device);
    struct secret *passphrase = secret_of(new_words);
    struct secret_cost dear = {3, UINT64_C(1) << 60};
    assert_int_not_equal(setup_run(l.home, w->pack, laptop_code, passphrase, dear, device), ERR_OK);
    secret_free(passphrase);
    device_of(&l, now);
    assert_memory_equal(now, device, 32);
    assert_false(replaced_last(l.home, now));
    session_drop(laptop_unlock(&l));
    laptop_free(&l);
}

/* Wherever the power fails: the old results are there, under the old device or given up, and the
 * next set-up comes to its end and names the old device. */
static void dying_at_any_step_of_a_set_up_anew_loses_nothing(void **state)
{
    struct world *w = *state;
    bool died = true;
    unsigned asides = 0;
    for (unsigned at = 1; died; at++) {
        struct laptop l;
        uint8_t device[32], now[32], last[32];
        char name[16];
        int status = 0;
        unsigned written = 0;
        snprintf(name, sizeof name, "dies-%u", at);
        worked(w, name, &l, device);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            die_at = at;
            _exit(set_up(w, &l, new_words, device) == ERR_OK ? 0 : 1);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == DIED));
        died = WEXITSTATUS(status) == DIED;
        if (!setup_done(l.home)) { /* it went aside, its successor is not there yet */
            asides++;
            assert_int_equal(set_up(w, &l, new_words, NULL), ERR_OK);
        }
        device_of(&l, now);
        if (memcmp(now, device, 32) == 0) {
            session_drop(laptop_unlock(&l));
            assert_int_equal(set_up(w, &l, new_words, device), ERR_OK);
        }
        assert_true(replaced_last(l.home, last));
        assert_memory_equal(last, device, 32);
        assert_int_equal(replaced_collect(l.home, l.stick, &written), ERR_OK);
        assert_int_equal(written, 3);
        session_drop(unlock_new(&l));
        laptop_free(&l);
    }
    assert_true(asides >= 2);
}

static void without_its_keys_file_a_laptop_is_collected_and_replaced(void **state)
{
    struct world *w = *state;
    struct laptop l;
    uint8_t device[32];
    unsigned written = 0;
    worked(w, "keyless", &l, device);
    char *keys = home_keys(l.home);
    assert_int_equal(unlink(keys), 0);
    assert_int_equal(replaced_collect(l.home, l.stick, &written), ERR_OK);
    assert_int_equal(written, 2);
    assert_int_equal(set_up(w, &l, new_words, NULL), ERR_STATE);
    assert_int_equal(set_up(w, &l, new_words, device), ERR_OK);
    session_drop(unlock_new(&l));
    free(keys);
    laptop_free(&l);
}

/* The old laptop is broken or gone: another one is set up in its place. */
static void a_device_of_another_laptop_can_be_named(void **state)
{
    struct world *w = *state;
    struct laptop l;
    struct office o = {0};
    uint8_t device[32], gone[32];
    char words[1024];
    char *dir = path_in(w, "elsewhere");
    randombytes_buf(gone, sizeof gone);
    l.home = file_join(dir, "home");
    l.target = malloc(strlen(dir) + 16);
    sprintf(l.target, "dir:%s/stick", dir);
    l.stick = l.target + 4;
    assert_int_equal(file_make_dir(l.stick), ERR_OK);
    assert_int_equal(set_up(w, &l, new_words, gone), ERR_OK);
    struct session *ss = unlock_new(&l);
    assert_int_equal(session_sync(ss, l.target, words, sizeof words), ERR_OK);
    assert_int_equal(session_lock(ss), ERR_OK);
    device_of(&l, device);
    read_all(w, &l, &o);
    assert_memory_equal(find(&o, device)->replaced, gone, 32);
    office_free(&o);
    free(dir);
    laptop_free(&l);
}

/* One wins, the other is told; neither destroys what the other made. */
static void two_set_ups_at_once_leave_one_device(void **state)
{
    struct world *w = *state;
    struct laptop l;
    char *dir = path_in(w, "both");
    l.home = file_join(dir, "home");
    l.target = l.stick = NULL;
    pid_t child[2];
    int done = 0;
    for (int i = 0; i < 2; i++)
        if ((child[i] = fork()) == 0)
            _exit((int)set_up(w, &l, new_words, NULL));
    for (int i = 0; i < 2; i++) {
        int status = 0;
        assert_int_equal(waitpid(child[i], &status, 0), child[i]);
        assert_true(WIFEXITED(status));
        enum err e = (enum err)WEXITSTATUS(status);
        assert_true(e == ERR_OK || e == ERR_BUSY || e == ERR_STATE);
        done += e == ERR_OK;
    }
    assert_int_equal(done, 1);
    session_drop(unlock_new(&l));
    free(dir);
    laptop_free(&l);
}

#define CSTO(test) WITH(start_csto, test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CSTO(the_new_device_names_the_old_one_and_sends_its_results),
        CSTO(a_laptop_can_be_replaced_again_and_again),
        CSTO(nothing_is_given_up_by_mistake),
        CSTO(a_set_up_that_fails_gives_nothing_up),
        CSTO(dying_at_any_step_of_a_set_up_anew_loses_nothing),
        CSTO(without_its_keys_file_a_laptop_is_collected_and_replaced),
        CSTO(a_device_of_another_laptop_can_be_named),
        CSTO(two_set_ups_at_once_leave_one_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
