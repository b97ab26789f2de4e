/* What laptops send means the same to a second reader, tests/interop/sanaq-read, which was written
 * from FORMAT.md alone: the same entries, byte by byte; and tests/interop/agree.py finds the same
 * verdicts, ledgers and interviews. */
#include "tests/kiosk/laptop.h"

#include <inttypes.h>
#include <sys/wait.h>

#include "admin/pull.h"
#include "admin/simulate.h"
#include "admin/verify.h"
#include "core/segment.h"

enum { SKIPPED = 77 };

static const char *python; /* one that has what the reader needs */

/* ---- our own reading, in the words of the other ---- */

static void tell_hex(struct buffer *b, const uint8_t *p, size_t n)
{
    char *hex = malloc(2 * n + 1);
    assert_non_null(hex);
    segment_hex(p, n, hex);
    buffer_printf(b, "%s", hex);
    free(hex);
}

static enum err tell(void *ctx, const struct verify_report *r, size_t device, uint64_t n,
                     const struct entry_field *f, const struct entry_answers *a)
{
    struct buffer *text = ctx;
    const struct study *s = r->device[device].pack->study;
    uint8_t field[ENTRY_FIELD_LEN], answers[4096];
    entry_put_field(f, field);
    entry_put_answers(s, a, answers);
    tell_hex(text, r->device[device].id, 32);
    buffer_printf(text, " %" PRIu64 " ", n);
    tell_hex(text, field, sizeof field);
    buffer_printf(text, " ");
    tell_hex(text, answers, entry_answers_len(s));
    buffer_printf(text, "\n");
    return ERR_OK;
}

static struct buffer our_reading(const struct world *w, const char *folder)
{
    struct buffer text = {0};
    struct archive *a = NULL;
    struct pull_counts n;
    struct verify_report *r = NULL;
    assert_int_equal(archive_open(":memory:", true, &a), ERR_OK);
    assert_int_equal(pull_source(folder, NULL, a, &n), ERR_OK);
    assert_int_equal(n.refused, 0);
    assert_int_equal(verify_archive(a, w->key[0], tell, &text, &r), ERR_OK);
    assert_int_equal(verify_err(r), ERR_OK);
    assert_false(text.failed);
    verify_free(r);
    archive_close(a);
    return text;
}

/* ---- the other's ---- */

/* Output and exit status of a program in tests/interop. */
static int run_other(const struct world *w, const char *program, const char *folder,
                     const char *more, const char *key, struct buffer *out)
{
    static const uint8_t passphrase[] = "for tests only"; /* with its 0: so the keys were made */
    char command[4096];
    uint8_t chunk[65536];
    size_t got;
    char *path = path_in(w, "passphrase");
    assert_int_equal(file_write(path, (struct bytes){passphrase, sizeof passphrase}, 0600, true),
                     ERR_OK);
    snprintf(command, sizeof command,
             "%s %s/tests/interop/%s '%s' %s --key '%s/%s' --passphrase-file '%s' 2>&1", python,
             SANAQ_SOURCE_DIR, program, folder, more, w->dir, key, path);
    FILE *f = popen(command, "r");
    assert_non_null(f);
    while ((got = fread(chunk, 1, sizeof chunk, f)) > 0)
        buffer_add(out, chunk, got);
    int status = pclose(f);
    free(path);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void assert_no_complaint(int status, const struct buffer *out)
{
    if (status != 0)
        print_message("%.*s\n", (int)out->len, (const char *)out->p);
    assert_int_equal(status, 0);
}

static void assert_both_read_the_same(const struct world *w, const char *folder)
{
    static const char *const key[] = {"first.key", "second.key"};
    struct buffer ours = our_reading(w, folder), agreed = {0};
    for (size_t i = 0; i < 2; i++) {
        struct buffer theirs = {0};
        assert_no_complaint(run_other(w, "sanaq-read", folder, "--entries -", key[i], &theirs),
                            &theirs);
        assert_int_equal(theirs.len, ours.len);
        assert_memory_equal(theirs.p, ours.p, ours.len);
        buffer_free(&theirs);
    }
    assert_no_complaint(run_other(w, "agree.py --folder", folder, "", key[0], &agreed), &agreed);
    buffer_free(&agreed);
    buffer_free(&ours);
}

/* ---- a laptop with everything that can happen to a contact ---- */

static void approve(const struct world *w, const struct laptop *l)
{
    struct setup_status st;
    struct notice n = {.kind = NOTICE_APPROVAL, .researcher = 1};
    struct buffer b = {0};
    char hex[65], name[96];
    assert_int_equal(setup_status(l->home, &st), ERR_OK);
    memcpy(n.pack, w->pack->hash, HASH_LEN);
    memcpy(n.device, st.device, 32);
    randombytes_buf(n.value, sizeof n.value);
    assert_int_equal(notice_make(&n, secret_view(w->key[1]->sign), &b), ERR_OK);
    segment_hex(st.device, 32, hex);
    snprintf(name, sizeof name, "down/%s.approval", hex);
    char *down = file_join(l->stick, "down"), *path = file_join(l->stick, name);
    assert_int_equal(file_make_dir(down), ERR_OK);
    assert_int_equal(file_write(path, buffer_view(&b), 0644, true), ERR_OK);
    setup_status_free(&st);
    buffer_free(&b);
    free(down);
    free(path);
}

static void sync_now(struct session *ss, const struct laptop *l)
{
    char words[256];
    assert_int_equal(session_sync(ss, l->target, words, sizeof words), ERR_OK);
}

static void every_ending(struct session *ss, uint32_t pick)
{
    struct session_tally t;
    assert_int_equal(conduct(ss, pick % 2, (int)pick % 4, pick), ERR_OK);
    assert_int_equal(conduct(ss, pick % 2, ANSWER_DONT_KNOW, pick + 1), ERR_OK);
    assert_int_equal(conduct(ss, pick % 2, ANSWER_REFUSED, pick), ERR_OK);
    session_tally(ss, &t);
    assert_int_equal(session_void(ss, t.last_contact - 2, 2), ERR_OK);
    assert_int_equal(session_begin(ss, 1, 0), ERR_OK);
    assert_int_equal(session_end(ss, DISPOSITION_REFUSAL_PERSON), ERR_OK);
    for (int withdrawn = 0; withdrawn < 2; withdrawn++) {
        assert_int_equal(session_begin(ss, 0, 0), ERR_OK);
        go_to(ss, INTERVIEW_READY, pick);
        assert_int_equal(session_assign(ss), ERR_OK);
        assert_int_equal(withdrawn ? session_withdraw(ss) : session_end(ss, DISPOSITION_BREAK_OFF),
                         ERR_OK);
    }
}

static void a_laptops_folder_reads_the_same_to_both(void **state)
{
    const struct world *w = *state;
    struct laptop l;
    laptop_new(w, "laptop", &l);
    for (uint32_t day = 0; day < 4; day++) {
        struct session *ss = laptop_unlock(&l);
        every_ending(ss, day);
        if (day == 1)
            approve(w, &l);
        if (day % 2 == 1)
            sync_now(ss, &l); /* the first of them brings the approval */
        if (day == 2)
            session_drop(ss); /* a power cut: no fillers */
        else
            assert_int_equal(session_lock(ss), ERR_OK);
    }
    assert_both_read_the_same(w, l.stick);
    laptop_free(&l);
}

static void a_simulated_folder_reads_the_same_to_both(void **state)
{
    const struct world *w = *state;
    char *out = path_in(w, "simulated");
    const struct simulate_options o = {.interviews = 90, .devices = 3, .seed = 11, .out = out};
    assert_int_equal(simulate_run(w->pack, w->key[0], w->model, &o), ERR_OK);
    assert_both_read_the_same(w, out);
    free(out);
}

/* ---- */

static bool find_python(void)
{
    static const char *const names[] = {"python3", "/usr/bin/python3"};
    char command[128];
    for (size_t i = 0; i < 2; i++) {
        snprintf(command, sizeof command, "%s -c 'import nacl, yaml' 2>/dev/null", names[i]);
        if (system(command) == 0) {
            python = names[i];
            return true;
        }
    }
    puts("skipped: the second reader needs PyNaCl and PyYAML; install python3-nacl and "
         "python3-yaml");
    return false;
}

#define CSTO(test)    WITH(start_csto, test)
#define SEVERAL(test) WITH(start_several, test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CSTO(a_laptops_folder_reads_the_same_to_both),
        SEVERAL(a_laptops_folder_reads_the_same_to_both),
        CSTO(a_simulated_folder_reads_the_same_to_both),
        SEVERAL(a_simulated_folder_reads_the_same_to_both),
    };
    return find_python() ? cmocka_run_group_tests(tests, NULL, NULL) : SKIPPED;
}
