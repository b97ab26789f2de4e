/* What the tamper campaigns share: a laptop's entries as they were, and how a reading differs from
 * them. SANAQ_TAMPER in the environment says how thoroughly: 1 in that many bits (1: every bit);
 * else a few seconds' worth. See tests/fault/tamper.sh. */
#ifndef SANAQ_TESTS_FAULT_TAMPERED_H
#define SANAQ_TESTS_FAULT_TAMPERED_H

#include "tests/admin/simulated.h"

#include "admin/verify.h"
#include "core/device.h"
#include "core/segment.h"

enum { MOST_ENTRIES = 512 };

struct truth { /* what each position of the one laptop says, root excepted */
    uint8_t hash[MOST_ENTRIES][HASH_LEN];
    bool there[MOST_ENTRIES];
    uint64_t last;
};

struct reading {
    struct truth got;
    unsigned wrong; /* events that say something else than the truth, or that never were */
    unsigned missing;
    unsigned verdict[VERDICT__COUNT]; /* lines */
    size_t lines;
    struct verify_line line[4];
    enum err e;
    uint64_t entries;
};

static inline size_t stride(size_t reduced)
{
    const char *said_so = getenv("SANAQ_TAMPER");
    unsigned long n = said_so != NULL ? strtoul(said_so, NULL, 10) : 0;
    return n > 0 ? n : reduced;
}

static inline enum err hear_event(void *ctx, const struct verify_report *r, size_t device,
                                  uint64_t n, const struct entry_field *f,
                                  const struct entry_answers *a)
{
    struct truth *t = ctx;
    uint8_t field[ENTRY_FIELD_LEN], answers[4096];
    const struct study *study = r->device[device].pack->study;
    crypto_generichash_state h;
    assert_true(n < MOST_ENTRIES);
    assert_false(t->there[n]);
    crypto_generichash_init(&h, NULL, 0, HASH_LEN);
    entry_put_field(f, field);
    crypto_generichash_update(&h, field, sizeof field);
    if (a != NULL) {
        entry_put_answers(study, a, answers);
        crypto_generichash_update(&h, answers, entry_answers_len(study));
    }
    crypto_generichash_final(&h, t->hash[n], HASH_LEN);
    t->there[n] = true;
    t->last = n > t->last ? n : t->last;
    return ERR_OK;
}

/* Read an archive of one laptop and compare with ${truth}; closes it. */
static inline struct reading read_tampered(struct archive *a, const struct studykey *key,
                                           const struct truth *truth)
{
    struct reading out;
    struct verify_report *r = NULL;
    memset(&out, 0, sizeof out);
    assert_int_equal(verify_archive(a, key, hear_event, &out.got, &r), ERR_OK);
    out.e = verify_err(r);
    for (size_t i = 0; i < r->lines; i++) {
        out.verdict[r->line[i].verdict]++;
        if (i < sizeof out.line / sizeof *out.line)
            out.line[i] = r->line[i];
    }
    out.lines = r->lines;
    for (size_t i = 0; i < r->devices; i++)
        out.entries += r->device[i].entries;
    for (size_t n = 0; truth != NULL && n < MOST_ENTRIES; n++) {
        out.wrong += out.got.there[n] &&
                     (!truth->there[n] || memcmp(out.got.hash[n], truth->hash[n], HASH_LEN) != 0);
        out.missing += truth->there[n] && !out.got.there[n];
    }
    verify_free(r);
    archive_close(a);
    return out;
}

/* No carrier makes a laptop look guilty, and nothing is read that was never written. */
static inline void assert_honest(const struct reading *r)
{
    assert_int_equal(r->wrong, 0);
    assert_int_not_equal(r->e, ERR_DOUBT);
    assert_int_equal(r->verdict[VERDICT_FORGED], 0);
    assert_int_equal(r->verdict[VERDICT_FORK], 0);
    assert_int_equal(r->verdict[VERDICT_ASSIGNMENT], 0);
}

#endif
