/* Between laptop and office: segments out, approvals and receipts in, and what is not taken. */
#include "laptop.h"

#include <dirent.h>

#include "admin/frame/fold.h"
#include "admin/pull.h"
#include "core/segment.h"
#include "kiosk/sync.h"

static char sentence[256]; /* what the last sync said */

static enum err sync_with(struct session *ss, const struct laptop *l)
{
    return session_sync(ss, l->target, sentence, sizeof sentence);
}

static bool wrote(unsigned files)
{
    char begin[32];
    snprintf(begin, sizeof begin, "new files: %u;", files);
    return strncmp(sentence, begin, strlen(begin)) == 0;
}

static struct archive *pulled(const struct world *w, const struct laptop *l)
{
    char *path = path_in(w, "archive.db");
    struct archive *a = NULL;
    struct pull_counts n;
    assert_int_equal(archive_open(path, true, &a), ERR_OK);
    assert_int_equal(pull_source(l->target, NULL, a, &n), ERR_OK);
    assert_int_equal(n.refused, 0);
    free(path);
    return a;
}

static struct verify_report *verified(const struct world *w, const struct laptop *l,
                                      verify_event *event, void *ctx)
{
    struct archive *a = pulled(w, l);
    struct verify_report *r = NULL;
    assert_int_equal(verify_archive(a, w->key[1], event, ctx, &r), ERR_OK);
    archive_close(a);
    assert_int_equal(r->devices, 1);
    return r;
}

/* ---- what the office sends ---- */

static char *down(const struct laptop *l, const uint8_t device[32], const char *end)
{
    char name[128], hex[65];
    char *dir = file_join(l->stick, "down");
    segment_hex(device, 32, hex);
    snprintf(name, sizeof name, "%s%s", hex, end);
    assert_int_equal(file_make_dir(dir), ERR_OK);
    char *path = file_join(dir, name);
    free(dir);
    return path;
}

static void send_notice(const struct world *w, const struct laptop *l, const struct notice *n,
                        const char *end, size_t signer)
{
    struct buffer b = {0};
    struct notice signed_by = *n;
    char *path = down(l, n->device, end);
    signed_by.researcher = signer < 2 ? (uint8_t)signer : 0; /* a stranger takes another's place */
    assert_int_equal(notice_make(&signed_by, secret_view(w->key[signer]->sign), &b), ERR_OK);
    assert_int_equal(file_write(path, buffer_view(&b), 0644, true), ERR_OK);
    if (n->kind == NOTICE_APPROVAL && signer < 2) {
        struct archive *a = pulled(w, l);
        assert_int_equal(archive_put_notice(a, n->kind, n->device, buffer_view(&b), NULL), ERR_OK);
        archive_close(a);
    }
    buffer_free(&b);
    free(path);
}

static struct notice notice_of(const struct world *w, const struct verify_report *r,
                               enum notice_kind kind)
{
    struct notice n = {.kind = kind};
    memcpy(n.pack, w->pack->hash, HASH_LEN);
    memcpy(n.device, r->device[0].id, 32);
    if (kind == NOTICE_RECEIPT) {
        n.n = r->device[0].whole_to;
        memcpy(n.value, r->device[0].head, HASH_LEN);
    } else {
        memset(n.value, 0xa5, sizeof n.value);
    }
    return n;
}

static void approve_and_take(struct world *w, const struct laptop *l, struct session *ss)
{
    assert_int_equal(sync_with(ss, l), ERR_OK);
    struct verify_report *r = verified(w, l, NULL, NULL);
    struct notice n = notice_of(w, r, NOTICE_APPROVAL);
    send_notice(w, l, &n, ".approval", 0);
    assert_int_equal(sync_with(ss, l), ERR_OK);
    verify_free(r);
}

/* ---- the tests ---- */

static void a_laptop_is_quarantined_then_approved_then_confirmed(void **state)
{
    struct world *w = *state;
    struct laptop l;
    struct session_tally t;
    laptop_new(w, "way", &l);
    struct session *ss = laptop_unlock(&l);
    assert_int_equal(conduct(ss, 0, 2, 0), ERR_OK);
    assert_int_equal(sync_with(ss, &l), ERR_OK);
    assert_true(wrote(2)); /* the set-up's stream and this one */
    assert_int_equal(position_of(ss) % 16, 0);
    struct verify_report *r = verified(w, &l, NULL, NULL);
    assert_false(r->device[0].approved);
    assert_int_equal(r->device[0].verdict, VERDICT_QUARANTINE);
    assert_int_equal(verify_err(r), ERR_PARTIAL);
    struct notice n = notice_of(w, r, NOTICE_APPROVAL);
    verify_free(r);
    send_notice(w, &l, &n, ".approval", 0);
    r = verified(w, &l, NULL, NULL);
    assert_true(r->device[0].approved);
    assert_int_equal(verify_err(r), ERR_OK);
    assert_int_equal(r->before_approval, 1);
    n = notice_of(w, r, NOTICE_RECEIPT);
    verify_free(r);
    send_notice(w, &l, &n, ".receipt", 1);
    session_tally(ss, &t);
    assert_false(t.approved);
    assert_int_equal(t.contacts_received, 0);
    assert_int_equal(sync_with(ss, &l), ERR_OK);
    assert_non_null(strstr(sentence, "1 of 1 contacts"));
    session_tally(ss, &t);
    assert_true(t.approved);
    assert_int_equal(t.contacts_received, 1);
    assert_int_equal(t.confirmed, 16);
    n.n = 1; /* an older one takes nothing back */
    send_notice(w, &l, &n, ".receipt", 1);
    assert_int_equal(conduct(ss, 1, 1, 1), ERR_OK);
    assert_int_equal(sync_with(ss, &l), ERR_OK);
    session_tally(ss, &t);
    assert_int_equal(t.confirmed, 16);
    assert_int_equal(session_lock(ss), ERR_OK);
    struct fold f = {0};
    r = verified(w, &l, fold_event, &f);
    assert_int_equal(verify_err(r), ERR_OK);
    assert_int_equal(r->replayed, 2);
    assert_int_equal(r->mismatched, 0);
    assert_int_equal(r->before_approval, 1);
    assert_int_equal(f.contacts, 2);
    assert_int_equal(f.contact[1].count[0], 1);
    assert_string_equal(f.contact[1].interviewer, laptop_code);
    fold_free(&f);
    verify_free(r);
    laptop_free(&l);
}

/* Void and withdrawn carry the number of the contact under way, or 0. */
static enum err ledger_event(void *ctx, const struct verify_report *r, size_t device, uint64_t n,
                             const struct entry_field *field, const struct entry_answers *answers)
{
    if (field->kind == ENTRY_VOID)
        assert_int_equal(field->contact, 0);
    if (field->kind == ENTRY_WITHDRAWN)
        assert_int_equal(field->contact, field->u.event.contact);
    return fold_event(ctx, r, device, n, field, answers);
}

static void ledgers_hold_every_ending(void **state)
{
    struct world *w = *state;
    struct laptop l;
    struct fold_draws d;
    struct fold f = {0};
    laptop_new(w, "ledger", &l);
    struct session *ss = laptop_unlock(&l);
    approve_and_take(w, &l, ss);
    assert_int_equal(conduct(ss, 0, 2, 0), ERR_OK);
    assert_int_equal(conduct(ss, 0, ANSWER_DONT_KNOW, 0), ERR_OK);
    assert_int_equal(conduct(ss, 0, ANSWER_REFUSED, 0), ERR_OK);
    assert_int_equal(conduct(ss, 0, 3, 0), ERR_OK);
    assert_int_equal(session_void(ss, 4, 1), ERR_OK);
    assert_int_equal(session_begin(ss, 0, 0), ERR_OK);
    assert_int_equal(session_end(ss, DISPOSITION_REFUSAL_HOUSEHOLD), ERR_OK);
    for (int i = 0; i < 3; i++) { /* broken off, withdrawn, under way */
        assert_int_equal(session_begin(ss, 0, 0), ERR_OK);
        go_to(ss, INTERVIEW_READY, 0);
        assert_int_equal(session_assign(ss), ERR_OK);
        if (i < 2)
            assert_int_equal(i == 0 ? session_end(ss, DISPOSITION_BREAK_OFF) : session_withdraw(ss),
                             ERR_OK);
    }
    assert_int_equal(sync_with(ss, &l), ERR_OK);
    session_drop(ss);
    struct verify_report *r = verified(w, &l, ledger_event, &f);
    verify_say(r);
    assert_int_equal(verify_err(r), ERR_OK);
    size_t lists = w->study->lists;
    fold_draws(&f, &d);
    assert_int_equal(d.assigned, 7 * lists);
    assert_int_equal(d.counted, lists);
    assert_int_equal(d.dont_know, lists);
    assert_int_equal(d.refused, lists);
    assert_int_equal(d.voided, lists);
    assert_int_equal(d.broken_off, lists);
    assert_int_equal(d.withdrawn, lists);
    assert_int_equal(d.unfinished, lists);
    assert_int_equal(d.test, 7 * lists);
    assert_int_equal(r->replayed, 7);
    assert_int_equal(r->mismatched, 0);
    fold_free(&f);
    verify_free(r);
    laptop_free(&l);
}

static unsigned segments(const struct laptop *l, char *one)
{
    char *up = file_join(l->stick, "up"), path[512];
    struct dirent *e;
    unsigned n = 0;
    DIR *d = opendir(up);
    assert_non_null(d);
    while ((e = readdir(d)) != NULL && e->d_name[0] == '.')
        ;
    snprintf(path, sizeof path, "%s/%.64s", up, e->d_name);
    closedir(d);
    assert_non_null(d = opendir(path));
    while ((e = readdir(d)) != NULL)
        if (e->d_name[0] != '.') {
            snprintf(one, 1024, "%s/%.255s", path, e->d_name);
            n++;
        }
    closedir(d);
    free(up);
    return n;
}

static void a_second_sync_writes_only_what_is_missing_or_cut(void **state)
{
    struct laptop l;
    struct stat whole, is;
    char path[1024];
    laptop_new(*state, "again", &l);
    struct session *ss = laptop_unlock(&l);
    assert_int_equal(conduct(ss, 0, 2, 0), ERR_OK);
    assert_int_equal(sync_with(ss, &l), ERR_OK);
    assert_int_equal(segments(&l, path), 2);
    assert_int_equal(sync_with(ss, &l), ERR_OK);
    assert_true(wrote(0));
    assert_int_equal(stat(path, &whole), 0);
    assert_int_equal(truncate(path, whole.st_size - 1), 0);
    assert_int_equal(sync_with(ss, &l), ERR_OK);
    assert_true(wrote(1));
    assert_int_equal(stat(path, &is), 0);
    assert_int_equal(is.st_size, whole.st_size);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(sync_with(ss, &l), ERR_OK);
    assert_true(wrote(1));
    assert_int_equal(segments(&l, path), 2);
    assert_int_equal(session_lock(ss), ERR_OK);
    struct verify_report *r = verified(*state, &l, NULL, NULL);
    assert_int_equal(r->device[0].entries, 16);
    verify_free(r);
    laptop_free(&l);
}

static void a_pack_cut_short_on_the_stick_is_written_again(void **state)
{
    struct world *w = *state;
    struct laptop l;
    struct stat is;
    char hex[65], name[128];
    laptop_new(w, "pack", &l);
    struct session *ss = laptop_unlock(&l);
    assert_int_equal(sync_with(ss, &l), ERR_OK);
    segment_hex(w->pack->hash, HASH_LEN, hex);
    snprintf(name, sizeof name, "packs/%s.pack", hex);
    char *path = file_join(l.stick, name);
    assert_int_equal(truncate(path, 100), 0);
    assert_int_equal(sync_with(ss, &l), ERR_OK);
    assert_int_equal(stat(path, &is), 0);
    assert_int_equal(is.st_size, w->pack->bytes.len);
    session_drop(ss);
    free(path);
    laptop_free(&l);
}

static void what_a_receipt_confirms_is_not_written_again(void **state)
{
    struct world *w = *state;
    struct laptop l;
    char path[1024];
    laptop_new(w, "confirmed", &l);
    struct session *ss = laptop_unlock(&l);
    approve_and_take(w, &l, ss);
    struct verify_report *r = verified(w, &l, NULL, NULL);
    struct notice n = notice_of(w, r, NOTICE_RECEIPT);
    verify_free(r);
    send_notice(w, &l, &n, ".receipt", 0);
    assert_int_equal(sync_with(ss, &l), ERR_OK);
    segments(&l, path);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(sync_with(ss, &l), ERR_OK);
    assert_true(wrote(0));
    assert_int_equal(session_lock(ss), ERR_OK);
    ss = laptop_unlock(&l);
    struct session_tally t;
    session_tally(ss, &t);
    assert_int_equal(t.confirmed, 32);
    session_drop(ss);
    laptop_free(&l);
}

/* A notice in ${end} is refused, changes nothing, and the results still go out. */
static void refused(struct world *w, const struct laptop *l, struct session *ss,
                    const struct notice *n, const char *end, size_t signer, const char *why)
{
    struct session_tally t;
    said[0] = '\0';
    send_notice(w, l, n, end, signer);
    assert_int_equal(conduct(ss, 0, 1, 0), ERR_OK);
    assert_int_equal(sync_with(ss, l), ERR_SIGNATURE);
    assert_true(wrote(1));
    assert_non_null(strstr(said, why));
    session_tally(ss, &t);
    assert_int_equal(t.confirmed, 0);
    char *path = down(l, n->device, end);
    assert_int_equal(unlink(path), 0);
    free(path);
}

static void notices_of_others_are_refused_and_stop_nothing(void **state)
{
    struct world *w = *state;
    struct laptop l;
    struct session_tally t;
    laptop_new(w, "others", &l);
    struct session *ss = laptop_unlock(&l);
    assert_int_equal(sync_with(ss, &l), ERR_OK);
    struct verify_report *r = verified(w, &l, NULL, NULL);
    struct notice n = notice_of(w, r, NOTICE_APPROVAL);
    refused(w, &l, ss, &n, ".approval", 2, "not from this study's researchers"); /* a stranger */
    session_tally(ss, &t);
    assert_false(t.approved);
    n = notice_of(w, r, NOTICE_RECEIPT);
    refused(w, &l, ss, &n, ".receipt", 2, "not from this study's researchers");
    n.value[0] ^= 1; /* a receipt for another head */
    refused(w, &l, ss, &n, ".receipt", 0, "other results");
    n.value[0] ^= 1;
    n.n = 1000; /* for what there is not */
    refused(w, &l, ss, &n, ".receipt", 0, "other results");
    n = notice_of(w, r, NOTICE_APPROVAL); /* a receipt's place taken by an approval */
    refused(w, &l, ss, &n, ".receipt", 1, "not from this study's researchers");
    n = notice_of(w, r, NOTICE_RECEIPT);
    n.pack[0] ^= 1; /* for another pack */
    refused(w, &l, ss, &n, ".receipt", 0, "not from this study's researchers");
    verify_free(r);
    session_drop(ss);
    laptop_free(&l);
}

static void a_notice_for_another_laptop_is_refused(void **state)
{
    struct world *w = *state;
    struct laptop l, other;
    laptop_new(w, "one", &l);
    laptop_new(w, "other", &other);
    struct session *ss = laptop_unlock(&l);
    assert_int_equal(sync_with(ss, &l), ERR_OK);
    struct verify_report *r = verified(w, &l, NULL, NULL);
    struct notice n = notice_of(w, r, NOTICE_APPROVAL);
    uint8_t own[32];
    memcpy(own, n.device, sizeof own);
    n.device[0] ^= 1;
    send_notice(w, &l, &n, ".approval", 2);
    struct buffer b = {0};
    char *path = down(&l, own, ".approval");
    assert_int_equal(notice_make(&n, secret_view(w->key[0]->sign), &b), ERR_OK);
    assert_int_equal(file_write(path, buffer_view(&b), 0644, true), ERR_OK);
    assert_int_equal(sync_with(ss, &l), ERR_SIGNATURE);
    assert_non_null(strstr(said, "not for this laptop"));
    buffer_free(&b);
    free(path);
    verify_free(r);
    session_drop(ss);
    laptop_free(&l);
    laptop_free(&other);
}

static void an_approval_waits_for_the_end_of_the_interview(void **state)
{
    struct world *w = *state;
    struct laptop l;
    struct session_tally t;
    laptop_new(w, "waits", &l);
    struct session *ss = laptop_unlock(&l);
    assert_int_equal(sync_with(ss, &l), ERR_OK);
    struct verify_report *r = verified(w, &l, NULL, NULL);
    struct notice n = notice_of(w, r, NOTICE_APPROVAL);
    verify_free(r);
    send_notice(w, &l, &n, ".approval", 0);
    assert_int_equal(session_begin(ss, 0, 0), ERR_OK);
    go_to(ss, INTERVIEW_READY, 0);
    assert_int_equal(session_save(ss), ERR_OK);
    assert_int_equal(sync_with(ss, &l), ERR_OK);
    session_tally(ss, &t);
    assert_false(t.approved);
    assert_int_equal(finish(ss, 1, 0), ERR_OK);
    assert_int_equal(sync_with(ss, &l), ERR_OK);
    session_tally(ss, &t);
    assert_true(t.approved);
    uint64_t position = t.position;
    assert_int_equal(sync_with(ss, &l), ERR_OK); /* taken once */
    assert_int_equal(position_of(ss), position);
    session_drop(ss);
    laptop_free(&l);
}

static void a_target_that_is_not_there_is_said_and_nothing_is_lost(void **state)
{
    struct laptop l;
    laptop_new(*state, "nowhere", &l);
    struct session *ss = laptop_unlock(&l);
    assert_int_equal(session_sync(ss, "dir:/nowhere/at/all", sentence, sizeof sentence), ERR_FILE);
    assert_non_null(strstr(said, "is the stick plugged in?"));
    assert_int_equal(session_sync(ss, "rclone:remote:path", sentence, sizeof sentence),
                     ERR_UNSUPPORTED);
    assert_int_equal(conduct(ss, 0, 1, 0), ERR_OK);
    assert_int_equal(sync_with(ss, &l), ERR_OK);
    assert_true(wrote(2));
    session_drop(ss);
    laptop_free(&l);
}

#define CSTO(test)    WITH(start_csto, test)
#define SEVERAL(test) WITH(start_several, test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CSTO(a_laptop_is_quarantined_then_approved_then_confirmed),
        CSTO(ledgers_hold_every_ending),
        SEVERAL(ledgers_hold_every_ending),
        CSTO(a_second_sync_writes_only_what_is_missing_or_cut),
        CSTO(a_pack_cut_short_on_the_stick_is_written_again),
        CSTO(what_a_receipt_confirms_is_not_written_again),
        CSTO(notices_of_others_are_refused_and_stop_nothing),
        CSTO(a_notice_for_another_laptop_is_refused),
        CSTO(an_approval_waits_for_the_end_of_the_interview),
        CSTO(a_target_that_is_not_there_is_said_and_nothing_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
