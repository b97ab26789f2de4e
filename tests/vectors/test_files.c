/* Packs, keys, notices, records, fingerprints and closing codes in known bytes, both ways. */
#include "tests/vectors/vectors.h"

#include <unistd.h>

#include "admin/studykey.h"
#include "core/entry.h"
#include "core/notice.h"
#include "core/stream.h"
#include "core/words.h"

static const json_t *item(const char *list, size_t i)
{
    return json_array_get(vectors_of(list), i);
}

static size_t items(const char *list)
{
    return json_array_size(vectors_of(list));
}

/* ---- words and codes ---- */

static void fingerprints_are_the_known_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < items("fingerprints"); i++) {
        char words[WORDS_TEXT];
        const uint8_t *hash = vectors_raw(item("fingerprints", i), "hash", HASH_LEN);
        words_of(hash, words);
        assert_string_equal(words, vectors_text(item("fingerprints", i), "words"));
        assert_true(words_match(hash, words));
    }
}

static void closing_codes_are_the_known_digits(void **state)
{
    (void)state;
    for (size_t i = 0; i < items("closing"); i++) {
        const json_t *told = item("closing", i);
        char code[STREAM_CLOSING];
        stream_closing(vectors_number(told, "n"), vectors_raw(told, "mac", STREAM_MAC_LEN), code);
        assert_string_equal(code, vectors_text(told, "code"));
    }
}

/* ---- keys ---- */

static void assert_opens(const json_t *told)
{
    char path[256];
    struct studykey *k = NULL;
    struct secret *passphrase = vectors_passphrase(), *wrong = NULL;
    snprintf(path, sizeof path, V1 "%s", vectors_text(told, "file"));
    assert_int_equal(studykey_open(path, passphrase, &k), ERR_OK);
    assert_int_equal(k->role, vectors_number(told, "role"));
    assert_memory_equal(k->pub.sign, vectors_raw(told, "sign", 32), 32);
    assert_memory_equal(k->pub.box, vectors_raw(told, "box", 32), 32);
    assert_memory_equal(secret_view(k->sign), vectors_raw(told, "sign_seed", 32), 32);
    assert_memory_equal(secret_view(k->box), vectors_raw(told, "box_secret", 32), 32);
    studykey_free(k);
    assert_int_equal(secret_copy("seven words", 11, &wrong), ERR_OK);
    assert_int_equal(studykey_open(path, wrong, &k), ERR_PASSPHRASE);
    secret_free(wrong);
    secret_free(passphrase);
}

static void assert_public(const json_t *told, const char *dir, const char *pub)
{
    struct pack_key key;
    enum studykey_role role = (enum studykey_role)vectors_number(told, "role");
    struct buffer made = {0};
    char path[256];
    snprintf(path, sizeof path, V1 "%s", pub);
    assert_int_equal(studykey_read_public(path, role, &key), ERR_OK);
    assert_memory_equal(key.sign, vectors_raw(told, "sign", 32), 32);
    assert_memory_equal(key.box, vectors_raw(told, "box", 32), 32);
    snprintf(path, sizeof path, "%s/%s", dir, pub);
    assert_int_equal(file_read(path, 4096, false, &made), ERR_OK);
    assert_bytes(buffer_view(&made), vectors_file(pub));
    buffer_free(&made);
    unlink(path);
}

/* With the random bytes of the vector in the place of fresh ones. */
static void assert_made(const json_t *told, const char *dir)
{
    char path[256], pub[64];
    const char *file = vectors_text(told, "file");
    struct secret *passphrase = vectors_passphrase();
    struct secret_cost cost;
    struct pack_key key;
    struct buffer made = {0};
    assert_true(secret_cost_named("interactive", &cost));
    snprintf(path, sizeof path, "%s/%s", dir, file);
    give(vectors_bytes(told, "sign_seed"));
    give(vectors_bytes(told, "box_secret"));
    give(vectors_bytes(told, "salt"));
    give(vectors_bytes(told, "nonce"));
    given_begin();
    enum err e = studykey_create(path, (enum studykey_role)vectors_number(told, "role"), passphrase,
                                 cost, &key);
    given_end();
    assert_int_equal(e, ERR_OK);
    assert_int_equal(file_read(path, 4096, false, &made), ERR_OK);
    assert_bytes(buffer_view(&made), vectors_file(file));
    snprintf(pub, sizeof pub, "%.*s.pub", (int)(strlen(file) - 4), file);
    assert_public(told, dir, pub);
    buffer_free(&made);
    secret_free(passphrase);
    unlink(path);
}

static void study_keys_open_and_are_made_as_known(void **state)
{
    char dir[] = "/tmp/sanaq-vectors-XXXXXX";
    (void)state;
    assert_non_null(mkdtemp(dir));
    for (size_t i = 0; i < items("keys"); i++) {
        assert_opens(item("keys", i));
        assert_made(item("keys", i), dir);
    }
    rmdir(dir);
}

/* ---- packs ---- */

struct person {
    struct pack_key pub;
    uint8_t sign[64];
};

/* By place among the keys: first, second, third, field. */
static struct person person(size_t i)
{
    struct person p;
    crypto_sign_seed_keypair(p.pub.sign, p.sign, vectors_raw(item("keys", i), "sign_seed", 32));
    memcpy(p.pub.box, vectors_raw(item("keys", i), "box", 32), 32);
    return p;
}

/* A copy that ends in 0. */
static char *text_of(struct bytes b)
{
    char *text = (char *)vectors_keep(malloc(b.len + 1));
    memcpy(text, b.p, b.len);
    text[b.len] = '\0';
    return text;
}

static void assert_pack(size_t i, const struct person *all, const struct pack_key *researcher,
                        size_t researchers, const uint8_t *replaces)
{
    const json_t *told = item("packs", i), *signers = vectors_get(told, "signers");
    struct pack *p = vectors_pack(vectors_text(told, "file")), *again = NULL;
    struct buffer one = {0}, two = {0};
    const char *stratum[PACK_MAX_STRATA];
    char words[WORDS_TEXT];
    words_of(p->hash, words);
    assert_string_equal(words, vectors_text(told, "words"));
    assert_memory_equal(p->hash, vectors_raw(told, "hash", HASH_LEN), HASH_LEN);
    assert_int_equal(p->strata, json_array_size(vectors_get(told, "strata")));
    for (size_t k = 0; k < p->strata; k++) {
        stratum[k] = text_of(p->stratum[k]);
        assert_bytes(p->stratum[k], vectors_unhex(json_array_get(vectors_get(told, "strata"), k)));
    }
    const struct pack_parts parts = {.number = (uint32_t)vectors_number(told, "number"),
                                     .replaces = replaces,
                                     .study = p->study,
                                     .points = p->points,
                                     .stratum = stratum,
                                     .strata = p->strata,
                                     .researcher = researcher,
                                     .researchers = researchers,
                                     .supervisor = &all[3].pub,
                                     .supervisors = 1};
    uint8_t who[2] = {(uint8_t)json_integer_value(json_array_get(signers, 0)),
                      (uint8_t)json_integer_value(json_array_get(signers, 1))};
    const uint8_t *key[2] = {NULL, NULL};
    for (size_t k = 0; k < 3; k++)
        for (size_t s = 0; s < 2; s++)
            if (memcmp(all[k].pub.sign, researcher[who[s]].sign, 32) == 0)
                key[s] = all[k].sign;
    assert_int_equal(pack_make(&parts, who[0], key[0], &one), ERR_OK);
    assert_int_equal(pack_parse(buffer_view(&one), "one", &again), ERR_OK);
    assert_int_equal(pack_sign(again, who[1], key[1], &two), ERR_OK);
    assert_bytes(buffer_view(&two), buffer_view(&p->bytes));
    pack_free(again);
    pack_free(p);
    buffer_free(&one);
    buffer_free(&two);
}

static void packs_open_and_are_made_as_known(void **state)
{
    const struct person all[4] = {person(0), person(1), person(2), person(3)};
    const struct pack_key of_first[2] = {all[0].pub, all[1].pub};
    const struct pack_key of_second[3] = {all[2].pub, all[1].pub, all[0].pub};
    (void)state;
    assert_pack(0, all, of_first, 2, NULL);
    assert_pack(1, all, of_second, 3, vectors_raw(item("packs", 0), "hash", HASH_LEN));
}

static void packs_that_this_version_does_not_know_are_refused(void **state)
{
    static const struct {
        const char *name;
        enum err e;
    } error[] = {
        {"unsupported", ERR_UNSUPPORTED}, {"signature", ERR_SIGNATURE}, {"format", ERR_FORMAT}};
    (void)state;
    for (size_t i = 0; i < items("refused_packs"); i++) {
        const json_t *told = item("refused_packs", i);
        struct pack *p = NULL;
        enum err e = pack_parse(vectors_bytes(told, "bytes"), "a pack", &p);
        bool known = false;
        for (size_t k = 0; k < 3; k++)
            known = known ||
                    (e == error[k].e && strcmp(vectors_text(told, "error"), error[k].name) == 0);
        if (!known)
            print_error("%s: %d\n", vectors_text(told, "why"), (int)e);
        assert_true(known);
        assert_null(p);
    }
}

/* ---- notices ---- */

static void assert_notice(const char *file, const struct pack *pack, enum notice_kind kind)
{
    struct notice n;
    struct buffer made = {0};
    struct bytes b = vectors_file(file);
    assert_int_equal(notice_parse(b, pack, &n), ERR_OK);
    assert_int_equal(n.kind, kind);
    for (size_t i = 0; i < 3; i++) {
        const struct person p = person(i);
        if (memcmp(p.pub.sign, pack->researcher[n.researcher].sign, 32) == 0)
            assert_int_equal(notice_make(&n, p.sign, &made), ERR_OK);
    }
    assert_bytes(buffer_view(&made), b);
    buffer_free(&made);
}

static void notices_are_read_and_made_as_known(void **state)
{
    struct pack *first = vectors_pack(vectors_text(item("packs", 0), "file"));
    struct pack *second = vectors_pack(vectors_text(item("packs", 1), "file"));
    struct buffer made = {0};
    const struct person all[4] = {person(0), person(1), person(2), person(3)};
    uint8_t sig[3][SIGN_LEN];
    char name[128], hex[65];
    (void)state;
    assert_notice("notice-0", first, NOTICE_APPROVAL);
    assert_notice("notice-1", second, NOTICE_APPROVAL);
    assert_notice("notice-2", second, NOTICE_CHOICE);
    assert_notice("notice-3", second, NOTICE_APPROVAL);
    assert_notice("revocation", second, NOTICE_REVOCATION);
    snprintf(name, sizeof name, "target/down/%s.receipt", vectors_text(vectors_of("laptop"), "id"));
    assert_notice(name, first, NOTICE_RECEIPT);
    notice_golive_sign(first->hash, all[0].sign, sig[0]);
    notice_golive_sign(first->hash, all[1].sign, sig[1]);
    notice_golive_sign(first->hash, all[3].sign, sig[2]);
    notice_golive_make(first, (const uint8_t(*)[SIGN_LEN])sig, &made);
    segment_hex(first->hash, 32, hex);
    snprintf(name, sizeof name, "target/down/%s.golive", hex);
    assert_bytes(buffer_view(&made), vectors_file(name));
    buffer_free(&made);
    pack_free(first);
    pack_free(second);
}

/* ---- records ---- */

static void assert_record(const struct study *s, const json_t *told, bool seen[16])
{
    struct bytes in = vectors_bytes(told, "answers");
    const uint8_t *field = vectors_raw(told, "field", ENTRY_FIELD_LEN);
    uint8_t again[ENTRY_FIELD_LEN], answers[1024];
    struct entry_field f;
    struct entry_answers a;
    assert_int_equal(entry_get_field(field, &f), ERR_OK);
    assert_int_equal(entry_get_answers(s, f.kind, in, &a), ERR_OK);
    entry_put_field(&f, again);
    assert_memory_equal(again, field, sizeof again);
    assert_true(in.len == entry_answers_len(s) && in.len <= sizeof answers);
    entry_put_answers(s, &a, answers);
    assert_memory_equal(answers, in.p, in.len);
    seen[f.kind] = true;
}

static struct study *study_of(size_t pack)
{
    struct study *s = NULL;
    struct pack *p = vectors_pack(vectors_text(item("packs", pack), "file"));
    assert_int_equal(study_parse(p->study, NULL, NULL, &s), ERR_OK);
    pack_free(p);
    return s;
}

static void records_of_every_kind_are_read_and_written_as_known(void **state)
{
    bool seen[16] = {false};
    struct study *s = study_of(0); /* both packs' studies have the same records */
    const json_t *streams = vectors_get(vectors_of("laptop"), "streams");
    (void)state;
    for (size_t i = 0; i < json_array_size(streams); i++) {
        const json_t *entries = vectors_get(json_array_get(streams, i), "entries");
        for (size_t k = 0; k < json_array_size(entries); k++)
            assert_record(s, json_array_get(entries, k), seen);
    }
    for (size_t kind = ENTRY_ROOT; kind <= ENTRY_FILLER; kind++)
        assert_true(seen[kind]);
    study_free(s);
}

static void records_out_of_their_ranges_are_refused(void **state)
{
    struct study *s = study_of(0);
    (void)state;
    for (size_t i = 0; i < items("refused_records"); i++) {
        const json_t *told = item("refused_records", i);
        bool in_field = strcmp(vectors_text(told, "part"), "field") == 0;
        struct entry_field f;
        struct entry_answers a;
        enum err e = entry_get_field(vectors_raw(told, "field", ENTRY_FIELD_LEN), &f);
        if (!in_field) {
            assert_int_equal(e, ERR_OK);
            e = entry_get_answers(s, f.kind, vectors_bytes(told, "answers"), &a);
        }
        if (e != ERR_FORMAT)
            print_error("taken: %s\n", vectors_text(told, "why"));
        assert_int_equal(e, ERR_FORMAT);
    }
    study_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fingerprints_are_the_known_words),
        cmocka_unit_test(closing_codes_are_the_known_digits),
        cmocka_unit_test(study_keys_open_and_are_made_as_known),
        cmocka_unit_test(packs_open_and_are_made_as_known),
        cmocka_unit_test(packs_that_this_version_does_not_know_are_refused),
        cmocka_unit_test(notices_are_read_and_made_as_known),
        cmocka_unit_test(records_of_every_kind_are_read_and_written_as_known),
        cmocka_unit_test(records_out_of_their_ranges_are_refused),
    };
    return cmocka_run_group_tests(tests, vectors_start, vectors_end);
}
