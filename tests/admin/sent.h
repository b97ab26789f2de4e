/* What the tests of verify share: simulated laptops' segments in memory, to be changed one by one,
 * laid into an archive that lives in memory, and read. */
#ifndef SANAQ_TESTS_ADMIN_SENT_H
#define SANAQ_TESTS_ADMIN_SENT_H

#include "tests/admin/simulated.h"

#include "admin/pull.h"
#include "admin/simulate.h"
#include "admin/verify.h"
#include "core/device.h"
#include "core/segment.h"

enum { SENT_MAX = 64 };

struct piece {
    char name[SEGMENT_NAME];
    uint8_t device[32];
    struct buffer file;
};

struct sent {
    struct piece piece[SENT_MAX], approval[SENT_MAX];
    size_t pieces, approvals;
    uint8_t device[32]; /* while collecting */
};

struct seen {   /* by a reader */
    enum err e; /* verify_err */
    unsigned verdict[VERDICT__COUNT];
    enum verdict worst; /* of the first device */
    uint64_t entries, whole_to, replayed, mismatched, before_approval;
    uint64_t events, last, with_answers;
    struct verify_line line[8];
    size_t lines;
    crypto_generichash_state field, answers;
    uint8_t field_hash[HASH_LEN], answers_hash[HASH_LEN]; /* over all events, in order */
};

static inline struct archive *open_empty(void)
{
    struct archive *a = NULL;
    assert_int_equal(archive_open(":memory:", true, &a), ERR_OK);
    return a;
}

/* ---- collecting ---- */

static inline void keep(struct piece *p, const uint8_t device[32], const char *name,
                        struct bytes file)
{
    snprintf(p->name, sizeof p->name, "%s", name != NULL ? name : "");
    memcpy(p->device, device, 32);
    buffer_add(&p->file, file.p, file.len);
}

static inline enum err take_segment(void *ctx, const char *name, struct bytes file)
{
    struct sent *s = ctx;
    assert_true(s->pieces < SENT_MAX);
    keep(&s->piece[s->pieces++], s->device, name, file);
    return ERR_OK;
}

static inline enum err take_approval(void *ctx, const char *name, struct bytes file)
{
    struct sent *s = ctx;
    assert_true(s->approvals < SENT_MAX);
    keep(&s->approval[s->approvals++], s->device, name, file);
    return ERR_OK;
}

struct collecting {
    struct archive *archive;
    struct sent *sent;
};

static inline enum err take_device(void *ctx, const uint8_t device[32])
{
    struct collecting *c = ctx;
    memcpy(c->sent->device, device, 32);
    enum err e = archive_each_segment(c->archive, device, take_segment, c->sent);
    return e != ERR_OK
               ? e
               : archive_each_notice(c->archive, NOTICE_APPROVAL, device, take_approval, c->sent);
}

static inline void simulate_into(const struct world *w, const char *name, uint32_t interviews,
                                 uint32_t devices)
{
    char *out = path_in(w, name);
    struct simulate_options o = {
        .interviews = interviews, .devices = devices, .seed = 7, .out = out};
    assert_int_equal(simulate_run(w->pack, w->key[0], w->model, &o), ERR_OK);
    free(out);
}

static inline void pull_from(const struct world *w, const char *name, struct archive *a,
                             struct pull_counts *n)
{
    char *path = path_in(w, name);
    assert_int_equal(pull_source(path, NULL, a, n), ERR_OK);
    free(path);
}

/* The segments of a fresh simulation, devices by their keys, each in order of positions. */
static inline struct sent *send_new(const struct world *w, const char *name, uint32_t interviews,
                                    uint32_t devices)
{
    struct pull_counts n;
    struct sent *s = calloc(1, sizeof *s);
    struct collecting c = {open_empty(), s};
    assert_non_null(s);
    simulate_into(w, name, interviews, devices);
    pull_from(w, name, c.archive, &n);
    assert_int_equal(n.refused, 0);
    assert_int_equal(archive_each_device(c.archive, take_device, &c), ERR_OK);
    archive_close(c.archive);
    return s;
}

static inline void send_free(struct sent *s)
{
    for (size_t i = 0; i < SENT_MAX; i++) {
        buffer_free(&s->piece[i].file);
        buffer_free(&s->approval[i].file);
    }
    free(s);
}

/* ---- laying into an archive ---- */

static inline void put(struct archive *a, const char *name, const uint8_t device[32],
                       struct bytes file)
{
    struct segment_name n;
    assert_true(segment_get_name(name, &n));
    assert_int_equal(archive_put_segment(a, name, device, n.first, file, NULL), ERR_OK);
}

static inline void put_piece(struct archive *a, const struct piece *p)
{
    put(a, p->name, p->device, buffer_view(&p->file));
}

/* Put the pack in and make the archive one of its study: of the pack that it replaces, if it does.
 */
static inline void put_own_pack(struct archive *a, const struct pack *pack)
{
    static const uint8_t none[HASH_LEN];
    bool first = memcmp(pack->replaces, none, HASH_LEN) == 0;
    assert_int_equal(archive_put_pack(a, pack->hash, buffer_view(&pack->bytes), NULL), ERR_OK);
    assert_int_equal(archive_pin(a, first ? pack->hash : pack->replaces), ERR_OK);
}

/* The pack and all approvals, no segments yet. */
static inline struct archive *open_approved(const struct world *w, const struct sent *s)
{
    struct archive *a = open_empty();
    put_own_pack(a, w->pack);
    for (size_t i = 0; i < s->approvals; i++)
        assert_int_equal(archive_put_notice(a, NOTICE_APPROVAL, s->approval[i].device,
                                            buffer_view(&s->approval[i].file), NULL),
                         ERR_OK);
    return a;
}

/* ---- reading ---- */

static inline enum err count_event(void *ctx, const struct verify_report *r, size_t device,
                                   uint64_t n, const struct entry_field *f,
                                   const struct entry_answers *a)
{
    struct seen *s = ctx;
    uint8_t field[ENTRY_FIELD_LEN], answers[4096];
    const struct study *study = r->device[device].pack->study;
    s->events++;
    s->last = n;
    entry_put_field(f, field);
    crypto_generichash_update(&s->field, field, sizeof field);
    if (a == NULL)
        return ERR_OK;
    s->with_answers++;
    entry_put_answers(study, a, answers);
    crypto_generichash_update(&s->answers, answers, entry_answers_len(study));
    return ERR_OK;
}

static inline struct seen read_archive(struct archive *a, const struct studykey *key)
{
    struct seen s = {.e = ERR_OK};
    struct verify_report *r = NULL;
    crypto_generichash_init(&s.field, NULL, 0, HASH_LEN);
    crypto_generichash_init(&s.answers, NULL, 0, HASH_LEN);
    assert_int_equal(verify_archive(a, key, count_event, &s, &r), ERR_OK);
    s.e = verify_err(r);
    for (size_t i = 0; i < r->lines; i++) {
        s.verdict[r->line[i].verdict]++;
        if (s.lines < sizeof s.line / sizeof *s.line)
            s.line[s.lines++] = r->line[i];
    }
    for (size_t i = 0; i < r->devices; i++)
        s.entries += r->device[i].entries;
    if (r->devices > 0) {
        s.worst = r->device[0].verdict;
        s.whole_to = r->device[0].whole_to;
    }
    s.replayed = r->replayed;
    s.mismatched = r->mismatched;
    s.before_approval = r->before_approval;
    crypto_generichash_final(&s.field, s.field_hash, HASH_LEN);
    crypto_generichash_final(&s.answers, s.answers_hash, HASH_LEN);
    verify_free(r);
    return s;
}

/* Reads and closes. */
static inline struct seen read_once(struct archive *a, const struct studykey *key)
{
    struct seen s = read_archive(a, key);
    archive_close(a);
    return s;
}

#endif
