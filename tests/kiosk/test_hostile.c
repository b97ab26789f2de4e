/* What a hostile carrier, or a thief of one signing key, can lay on a target: a table. Each is
 * refused with a sentence; nothing is taken, confirmed, approved or gone live with, and nothing is
 * written anywhere but into the target's own folders. */
#include "laptop.h"

#include <fcntl.h>

#include "admin/pull.h"
#include "core/segment.h"
#include "kiosk/sync.h"
#include "tests/admin/successor.h"

struct scene {
    struct world *w;
    struct laptop l;
    uint8_t device[32];
};

static char sentences[2048];

/* ---- laying things down ---- */

static char *stick_path(const struct scene *s, const char *name)
{
    char *path = file_join(s->l.stick, name), *dir = strdup(path);
    assert_non_null(dir);
    *strrchr(dir, '/') = '\0';
    assert_int_equal(file_make_dir(dir), ERR_OK);
    free(dir);
    return path;
}

static void put_bytes(const struct scene *s, const char *name, struct bytes b)
{
    char *path = stick_path(s, name);
    assert_int_equal(file_write(path, b, 0644, true), ERR_OK);
    free(path);
}

static void put_pack(const struct scene *s, struct pack *p)
{
    char name[SYNC_NAME];
    sync_name("packs", p->hash, ".pack", name);
    put_bytes(s, name, buffer_view(&p->bytes));
    pack_free(p);
}

/* A pack's bytes changed at ${at} and signed anew by the first researcher, whose key was stolen. */
static void put_forged(const struct scene *s, const char *from, const char *to, size_t at, int byte)
{
    enum { SIGNATURES = 1 + 1 + SIGN_LEN };
    struct pack *p = pack_by(s->w, s->w->pack, "01", "0", NULL, NULL);
    struct buffer b = {0};
    char name[SYNC_NAME];
    uint8_t hash[HASH_LEN], message[LABEL_LEN + HASH_LEN];
    buffer_add(&b, p->bytes.p, p->bytes.len);
    size_t covered = b.len - SIGNATURES;
    if (from != NULL) {
        size_t i = 0;
        while (i + strlen(from) < b.len && memcmp(b.p + i, from, strlen(from)) != 0)
            i++;
        assert_true(i + strlen(from) < b.len && strlen(from) == strlen(to));
        memcpy(b.p + i, to, strlen(to));
    } else {
        b.p[at] = (uint8_t)byte;
    }
    hash_once(hash, NULL, "pack", (struct bytes){b.p, covered});
    hash_label(message, "pack");
    memcpy(message + LABEL_LEN, hash, HASH_LEN);
    crypto_sign_detached(b.p + covered + 2, NULL, message, sizeof message,
                         secret_view(s->w->key[0]->sign));
    sync_name("packs", hash, ".pack", name);
    put_bytes(s, name, buffer_view(&b));
    buffer_free(&b);
    pack_free(p);
}

static void put_notice(const struct scene *s, enum notice_kind kind, int key, uint64_t n,
                       bool other_pack, bool other_device)
{
    struct notice notice = {.kind = kind, .n = n, .researcher = key < 2 ? (uint8_t)key : 0};
    struct buffer b = {0};
    char name[SYNC_NAME];
    memcpy(notice.pack, s->w->pack->hash, HASH_LEN);
    memcpy(notice.device, s->device, 32);
    notice.pack[0] ^= other_pack;
    notice.device[0] ^= other_device;
    memset(notice.value, 7, sizeof notice.value);
    assert_int_equal(notice_make(&notice, secret_view(s->w->key[key]->sign), &b), ERR_OK);
    sync_name("down", s->device, kind == NOTICE_RECEIPT ? ".receipt" : ".approval", name);
    put_bytes(s, name, buffer_view(&b));
    buffer_free(&b);
}

/* ---- the rows ---- */

static void reader(const struct scene *s)
{
    put_pack(s, pack_by(s->w, s->w->pack, "012", "0", NULL, NULL));
}
static void reader_signed_by_himself(const struct scene *s)
{
    put_pack(s, pack_by(s->w, s->w->pack, "012", "02", NULL, NULL));
}
static void reader_in_the_place_of_another(const struct scene *s)
{
    put_pack(s, pack_by(s->w, s->w->pack, "02", "0", NULL, NULL));
}
static void target(const struct scene *s)
{
    char *text = reworded(s->w, "languages:", "sync: {targets: [\"dir:/mnt/theirs\"]}\nlanguages:");
    put_pack(s, pack_by(s->w, s->w->pack, "01", "0", text, NULL));
    free(text);
}
static void other_signer(const struct scene *s)
{
    put_pack(s, pack_by(s->w, s->w->pack, "01", "1", NULL, NULL));
}
static void the_same_number(const struct scene *s)
{
    put_forged(s, NULL, NULL, 8 + 2 + 2, 1); /* the low byte of the number */
}
static void another_study(const struct scene *s)
{
    char *text = reworded(s->w, "study: several", "study: severer");
    put_pack(s, pack_by(s->w, s->w->pack, "01", "0", text, NULL));
    free(text);
}
static void two_of_one(const struct scene *s)
{
    char *text = reworded(s->w, "Urban?", "Rural?");
    put_pack(s, pack_by(s->w, s->w->pack, "01", "0", NULL, NULL));
    put_pack(s, pack_by(s->w, s->w->pack, "01", "0", text, NULL));
    free(text);
}
static void out_of_the_line(const struct scene *s)
{
    struct pack *between = pack_by(s->w, s->w->pack, "01", "0", NULL, NULL);
    put_pack(s, pack_by(s->w, between, "01", "0", NULL, NULL));
    pack_free(between);
}
static void algorithm(const struct scene *s)
{
    put_forged(s, NULL, NULL, 8 + 2, 2);
}
static void feature(const struct scene *s)
{
    char *text = reworded(s->w, "screen-respondent", "paper");
    put_pack(s, pack_by(s->w, s->w->pack, "01", "0", text, NULL));
    free(text);
}
static void alias(const struct scene *s)
{
    put_forged(s, "title: {en: Several lists}", "title: &a {en: Several li}", 0, 0);
}
static void tag(const struct scene *s)
{
    put_forged(s, "title: {en: Several lists}", "title: {en: !!int Several}", 0, 0);
}
static void control(const struct scene *s)
{
    put_forged(s, "{en: Several lists}", "{en: \"Sever\\x1b\\n\"}", 0, 0);
}
static void turned_text(const struct scene *s)
{
    put_forged(s, "{en: Several lists}", "{en: Sev\xe2\x80\xael lists}", 0, 0);
}
static void remote(const struct scene *s)
{
    /* a target that would run a program, in place of as many bytes of the study */
    put_forged(s, "consent: {version: 1, text: {en: May we begin?}}\n",
               "sync: {targets: ['rclone::sftp,ssh=sh:']}       \n", 0, 0);
}
static void named_wrongly(const struct scene *s)
{
    struct pack *p = pack_by(s->w, s->w->pack, "01", "0", NULL, NULL);
    put_bytes(s, "packs/newest.pack", buffer_view(&p->bytes));
    pack_free(p);
}
static void link_to_a_pack(const struct scene *s)
{
    char name[SYNC_NAME];
    struct pack *p = pack_by(s->w, s->w->pack, "01", "0", NULL, NULL);
    sync_name("packs", p->hash, ".pack", name);
    put_bytes(s, "elsewhere/x", buffer_view(&p->bytes));
    char *path = stick_path(s, name), *to = stick_path(s, "elsewhere/x");
    assert_int_equal(symlink(to, path), 0);
    free(path);
    free(to);
    pack_free(p);
}
static void pipe_for_a_receipt(const struct scene *s)
{
    char name[SYNC_NAME];
    sync_name("down", s->device, ".receipt", name);
    char *path = stick_path(s, name);
    assert_int_equal(mkfifo(path, 0600), 0);
    free(path);
}
static void huge_approval(const struct scene *s)
{
    char name[SYNC_NAME];
    sync_name("down", s->device, ".approval", name);
    char *path = stick_path(s, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    assert_true(fd >= 0 && ftruncate(fd, (off_t)1 << 32) == 0);
    close(fd);
    free(path);
}
static void huge_pack(const struct scene *s)
{
    char *path =
        stick_path(s, "packs/0000000000000000000000000000000000000000000000000000000000000000"
                      ".pack");
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    assert_true(fd >= 0 && ftruncate(fd, (off_t)1 << 32) == 0);
    close(fd);
    free(path);
}
static void down_is_a_link(const struct scene *s)
{
    char *path = stick_path(s, "down");
    assert_int_equal(symlink("/etc", path), 0);
    free(path);
}
static void receipt_for_another_head(const struct scene *s)
{
    put_notice(s, NOTICE_RECEIPT, 0, 1, false, false);
}
static void receipt_for_what_is_not(const struct scene *s)
{
    put_notice(s, NOTICE_RECEIPT, 0, UINT64_MAX, false, false);
}
static void receipt_for_another_laptop(const struct scene *s)
{
    put_notice(s, NOTICE_RECEIPT, 0, 1, false, true);
}
static void receipt_of_another_pack(const struct scene *s)
{
    put_notice(s, NOTICE_RECEIPT, 0, 1, true, false);
}
static void receipt_by_a_stranger(const struct scene *s)
{
    put_notice(s, NOTICE_RECEIPT, 2, 1, false, false);
}
static void approval_by_a_stranger(const struct scene *s)
{
    put_notice(s, NOTICE_APPROVAL, 2, 0, false, false);
}
static void approval_of_another_laptop(const struct scene *s)
{
    put_notice(s, NOTICE_APPROVAL, 0, 0, false, true);
}
static void golive_by_one(const struct scene *s)
{
    uint8_t sig[2][SIGN_LEN];
    struct buffer b = {0};
    char name[SYNC_NAME];
    for (int i = 0; i < 2; i++)
        notice_golive_sign(s->w->pack->hash, secret_view(s->w->key[0]->sign), sig[i]);
    notice_golive_make(s->w->pack, (const uint8_t(*)[SIGN_LEN])sig, &b);
    sync_name("down", s->w->pack->hash, ".golive", name);
    put_bytes(s, name, buffer_view(&b));
    buffer_free(&b);
}

static const struct row {
    const char *what;
    void (*put)(const struct scene *s);
    enum err e;
    const char *sentence;
} rows[] = {
    {"a reader added by one key", reader, ERR_SIGNATURE, "fewer than two researchers"},
    {"signed by the new reader too", reader_signed_by_himself, ERR_SIGNATURE, "fewer than two"},
    {"in another's place", reader_in_the_place_of_another, ERR_SIGNATURE, "fewer than two"},
    {"a target added by one key", target, ERR_SIGNATURE, "fewer than two researchers"},
    {"another signer alone", other_signer, ERR_SIGNATURE, "fewer than two researchers"},
    {"an equal number", the_same_number, ERR_PARTIAL, "damaged or cut short"},
    {"another study", another_study, ERR_PARTIAL, "of another study"},
    {"two packs in one place", two_of_one, ERR_SIGNATURE, "two different packs"},
    {"a pack behind one that is not there", out_of_the_line, ERR_PARTIAL, "does not lie there"},
    {"an algorithm not known", algorithm, ERR_UNSUPPORTED, "needs a newer version"},
    {"a feature not known", feature, ERR_UNSUPPORTED, "cannot use the pack"},
    {"an anchor", alias, ERR_PARTIAL, "cannot use the pack"},
    {"a tag", tag, ERR_PARTIAL, "cannot use the pack"},
    {"a control character", control, ERR_PARTIAL, "hidden character"},
    {"text that turns around", turned_text, ERR_PARTIAL, "hidden character"},
    {"a remote that runs a program", remote, ERR_PARTIAL, "neither dir:FOLDER nor rclone:"},
    {"a name that is no hash", named_wrongly, ERR_PARTIAL, "not the one that its name says"},
    {"a link to a pack", link_to_a_pack, ERR_PARTIAL, "packs/"},
    {"a huge pack", huge_pack, ERR_PARTIAL, "larger than"},
    {"a pipe", pipe_for_a_receipt, ERR_FILE, "this is not a file"},
    {"a huge approval", huge_approval, ERR_FORMAT, "larger than"},
    {"a folder that is a link", down_is_a_link, ERR_FILE, "a folder belongs here"},
    {"a receipt for another head", receipt_for_another_head, ERR_SIGNATURE, "other results"},
    {"a receipt for what is not", receipt_for_what_is_not, ERR_SIGNATURE, "other results"},
    {"a receipt for another laptop", receipt_for_another_laptop, ERR_SIGNATURE, "the receipt"},
    {"a receipt of another pack", receipt_of_another_pack, ERR_SIGNATURE, "the receipt"},
    {"a stranger's receipt", receipt_by_a_stranger, ERR_SIGNATURE, "the receipt"},
    {"a stranger's approval", approval_by_a_stranger, ERR_SIGNATURE, "the approval"},
    {"another laptop's approval", approval_of_another_laptop, ERR_SIGNATURE, "the approval"},
    {"a go-live file by one", golive_by_one, ERR_SIGNATURE, "the go-live file"},
};

static void nothing_was_taken(struct session *ss)
{
    struct session_tally t;
    struct edition now, next;
    session_tally(ss, &t);
    assert_int_equal(t.pack_number, 1);
    assert_int_equal(t.confirmed, 0);
    assert_false(t.approved);
    assert_true(session_test(ss));
    assert_false(session_waiting(ss, &now, &next));
}

/* One laptop, a fresh stick for each row; the results go out all the same. */
static void it_is_refused_with_a_sentence_and_the_results_go_out(void **state)
{
    struct scene s = {.w = *state};
    struct setup_status st;
    laptop_new(s.w, "hostile", &s.l);
    assert_int_equal(setup_status(s.l.home, &st), ERR_OK);
    memcpy(s.device, st.device, sizeof s.device);
    setup_status_free(&st);
    struct session *ss = laptop_unlock(&s.l);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("  %s\n", rows[i].what);
        forget(s.l.stick);
        assert_int_equal(file_make_dir(s.l.stick), ERR_OK);
        rows[i].put(&s);
        said[0] = '\0';
        enum err e = session_sync(ss, s.l.target, sentences, sizeof sentences);
        if (e != rows[i].e || strstr(said, rows[i].sentence) == NULL)
            fail_msg("%s gives %d and says:\n%s", rows[i].what, e, said);
        nothing_was_taken(ss);
        assert_true(strncmp(sentences, "new files: 0;", 13) != 0);
    }
    assert_int_equal(session_lock(ss), ERR_OK);
    laptop_free(&s.l);
}

/* Where results would go through a link, they do not go. */
static void no_link_leads_results_elsewhere(void **state)
{
    static const char *const folder[] = {"up", "packs"};
    struct scene s = {.w = *state};
    laptop_new(s.w, "links", &s.l);
    struct session *ss = laptop_unlock(&s.l);
    char *elsewhere = path_in(s.w, "elsewhere");
    assert_int_equal(file_make_dir(elsewhere), ERR_OK);
    for (size_t i = 0; i < 2; i++) {
        forget(s.l.stick);
        assert_int_equal(file_make_dir(s.l.stick), ERR_OK);
        char *path = file_join(s.l.stick, folder[i]);
        assert_int_equal(symlink(elsewhere, path), 0);
        said[0] = '\0';
        assert_int_equal(session_sync(ss, s.l.target, sentences, sizeof sentences), ERR_FILE);
        assert_non_null(strstr(said, "a folder belongs here"));
        assert_int_equal(rmdir(elsewhere), 0); /* still empty */
        assert_int_equal(file_make_dir(elsewhere), ERR_OK);
        free(path);
    }
    session_drop(ss);
    free(elsewhere);
    laptop_free(&s.l);
}

/* Remotes that are made on the fly carry options, and some of those run programs. */
static void only_named_remotes_are_targets(void **state)
{
    static const char *const bad[] = {
        ":sftp,ssh=touch /tmp/x:", "rclone::sftp,ssh=sh:", "rclone:name,ssh=sh:path",
        "rclone:a b:path",         "rclone:name",          "dir:",
        "http://example.org"};
    struct laptop l;
    laptop_new(*state, "remotes", &l);
    struct session *ss = laptop_unlock(&l);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        said[0] = '\0';
        assert_int_equal(session_sync(ss, bad[i], sentences, sizeof sentences), ERR_USAGE);
        assert_non_null(strstr(said, "this is no target"));
    }
    session_drop(ss);
    laptop_free(&l);
}

/* The same at set-up: a pack that this program does not understand is not used. */
static void set_up_refuses_what_it_does_not_know(void **state)
{
    struct scene s = {.w = *state};
    struct pack *p = NULL;
    char *path = NULL;
    laptop_new(s.w, "setup", &s.l);
    static void (*const put[])(const struct scene *) = {algorithm, feature, alias, control};
    for (size_t i = 0; i < sizeof put / sizeof *put; i++) {
        forget(s.l.stick);
        assert_int_equal(file_make_dir(s.l.stick), ERR_OK);
        put[i](&s);
        char *dir = file_join(s.l.stick, "packs");
        char *const roots[] = {dir, NULL};
        FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
        for (FTSENT *at; (at = fts_read(tree)) != NULL;)
            if (at->fts_info == FTS_F)
                path = strdup(at->fts_accpath);
        fts_close(tree);
        said[0] = '\0';
        enum err e = setup_read_pack(path, &p);
        assert_int_equal(e, i < 2 ? ERR_UNSUPPORTED : ERR_STUDY);
        assert_null(p);
        assert_true(said[0] != '\0');
        free(path);
        free(dir);
    }
    laptop_free(&s.l);
}

#define SEVERAL(test) WITH(start_several, test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SEVERAL(it_is_refused_with_a_sentence_and_the_results_go_out),
        SEVERAL(no_link_leads_results_elsewhere),
        SEVERAL(only_named_remotes_are_targets),
        SEVERAL(set_up_refuses_what_it_does_not_know),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
