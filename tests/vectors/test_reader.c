/* What laptops send means the same to a second reader, tests/vectors/stream.py, which was written
 * from FORMAT.md alone: the same entries, byte by byte, and the same ledger of draws. */
#include "tests/kiosk/laptop.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/wait.h>

#include "admin/frame/fold.h"
#include "admin/pull.h"
#include "admin/simulate.h"
#include "core/segment.h"

enum { SKIPPED = 77 };

static const char *python; /* one that has what the reader needs */

/* ---- our own reading, in the words of the other ---- */

struct telling {
    struct buffer text;
    struct fold fold;
};

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
    struct telling *t = ctx;
    const struct study *s = r->device[device].pack->study;
    uint8_t field[ENTRY_FIELD_LEN], answers[4096];
    entry_put_field(f, field);
    entry_put_answers(s, a, answers);
    tell_hex(&t->text, r->device[device].id, 32);
    buffer_printf(&t->text, " %" PRIu64 " ", n);
    tell_hex(&t->text, field, sizeof field);
    buffer_printf(&t->text, " ");
    tell_hex(&t->text, answers, entry_answers_len(s));
    buffer_printf(&t->text, "\n");
    return fold_event(&t->fold, r, device, n, f, a);
}

static struct buffer our_reading(const struct world *w, const char *folder)
{
    struct telling t = {{0}, {0}};
    struct archive *a = NULL;
    struct pull_counts n;
    struct verify_report *r = NULL;
    struct fold_draws d;
    assert_int_equal(archive_open(":memory:", true, &a), ERR_OK);
    assert_int_equal(pull_source(folder, NULL, a, &n), ERR_OK);
    assert_int_equal(n.refused, 0);
    assert_int_equal(verify_archive(a, w->key[0], tell, &t, &r), ERR_OK);
    assert_int_equal(verify_err(r), ERR_OK);
    fold_draws(&t.fold, &d);
    buffer_printf(&t.text,
                  "ledger %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
                  " %" PRIu64 " %" PRIu64 "\nreplayed %" PRIu64 "\n",
                  d.assigned, d.counted, d.dont_know, d.refused, d.broken_off, d.voided,
                  d.withdrawn, d.unfinished, r->replayed);
    assert_false(t.text.failed);
    fold_free(&t.fold);
    verify_free(r);
    archive_close(a);
    return t.text;
}

/* ---- the other's ---- */

/* Its output, and its exit status. */
static int other_reading(const struct world *w, const char *folder, const char *key,
                         struct buffer *out)
{
    static const uint8_t passphrase[] = "for tests only"; /* with its 0: so the keys were made */
    char command[4096];
    uint8_t chunk[65536];
    size_t got;
    char *path = path_in(w, "passphrase");
    assert_int_equal(file_write(path, (struct bytes){passphrase, sizeof passphrase}, 0600, true),
                     ERR_OK);
    snprintf(command, sizeof command,
             "%s %s/tests/vectors/stream.py '%s' --key '%s/%s' --passphrase-file '%s' 2>&1", python,
             SANAQ_SOURCE_DIR, folder, w->dir, key, path);
    FILE *f = popen(command, "r");
    assert_non_null(f);
    while ((got = fread(chunk, 1, sizeof chunk, f)) > 0)
        buffer_add(out, chunk, got);
    int status = pclose(f);
    free(path);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void assert_both_read_the_same(const struct world *w, const char *folder)
{
    static const char *const key[] = {"first.key", "second.key"};
    struct buffer ours = our_reading(w, folder);
    for (size_t i = 0; i < 2; i++) {
        struct buffer theirs = {0};
        int status = other_reading(w, folder, key[i], &theirs);
        if (status != 0)
            print_message("%.*s\n", (int)theirs.len, (const char *)theirs.p);
        assert_int_equal(status, 0);
        assert_int_equal(theirs.len, ours.len);
        assert_memory_equal(theirs.p, ours.p, ours.len);
        buffer_free(&theirs);
    }
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

/* ---- the other reader is one that can say no ---- */

static char *a_segment(const char *folder)
{
    char *up = file_join(folder, "up"), *found = NULL;
    char *const paths[] = {up, NULL};
    FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    for (FTSENT *at; tree != NULL && found == NULL && (at = fts_read(tree)) != NULL;)
        if (at->fts_info == FTS_F)
            found = strdup(at->fts_path);
    if (tree != NULL)
        fts_close(tree);
    free(up);
    assert_non_null(found);
    return found;
}

static void the_other_reader_refuses_a_changed_byte_anywhere(void **state)
{
    const struct world *w = *state;
    struct timespec constant[2] = {{SEGMENT_TIME, 0}, {SEGMENT_TIME, 0}};
    struct buffer file = {0};
    char *out = path_in(w, "changed");
    const struct simulate_options o = {.interviews = 4, .devices = 1, .seed = 5, .out = out};
    assert_int_equal(simulate_run(w->pack, w->key[0], w->model, &o), ERR_OK);
    char *path = a_segment(out);
    assert_int_equal(file_read(path, 1 << 22, true, &file), ERR_OK);
    for (size_t at = 3; at < file.len; at += file.len / 23) {
        struct buffer said_no = {0};
        file.p[at] ^= 0x40;
        assert_int_equal(file_write(path, buffer_view(&file), 0644, true), ERR_OK);
        assert_int_equal(utimensat(AT_FDCWD, path, constant, 0), 0);
        file.p[at] ^= 0x40;
        assert_int_equal(other_reading(w, out, "first.key", &said_no), 1);
        buffer_u8(&said_no, 0);
        assert_non_null(strstr((char *)said_no.p, "stream.py: ")); /* a sentence, not a crash */
        buffer_free(&said_no);
    }
    buffer_free(&file);
    free(path);
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
        CSTO(the_other_reader_refuses_a_changed_byte_anywhere),
    };
    return find_python() ? cmocka_run_group_tests(tests, NULL, NULL) : SKIPPED;
}
