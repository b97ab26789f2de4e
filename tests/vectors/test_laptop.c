/* A laptop's whole life in known bytes: core/device seals the same from the same random bytes, and
 * admin opens it to every reader. */
#include "tests/vectors/vectors.h"

#include "admin/pull.h"
#include "admin/unseal.h"
#include "admin/verify.h"
#include "core/device.h"

enum { PACKS = 2, ENTRY_MAX = 2048 };

static struct world {
    const json_t *laptop, *streams;
    struct pack *pack[PACKS];
    struct study *study[PACKS];
    struct secret *sign;
    struct studykey *first, *third, *field;
} w;

static struct studykey *open_key(const char *path)
{
    struct studykey *k = NULL;
    struct secret *passphrase = vectors_passphrase();
    assert_int_equal(studykey_open(path, passphrase, &k), ERR_OK);
    secret_free(passphrase);
    return k;
}

static int start(void **state)
{
    uint8_t pub[32];
    vectors_start(state);
    w.laptop = vectors_of("laptop");
    w.streams = vectors_get(w.laptop, "streams");
    for (size_t i = 0; i < PACKS; i++) {
        w.pack[i] = vectors_pack(vectors_text(json_array_get(vectors_of("packs"), i), "file"));
        assert_int_equal(study_parse(w.pack[i]->study, NULL, NULL, &w.study[i]), ERR_OK);
    }
    assert_int_equal(secret_new(64, &w.sign), ERR_OK);
    crypto_sign_seed_keypair(pub, secret_bytes(w.sign), vectors_raw(w.laptop, "seed", 32));
    assert_memory_equal(pub, vectors_raw(w.laptop, "id", 32), 32);
    w.first = open_key(V1 "first.key");
    w.third = open_key(V1 "third.key");
    w.field = open_key(V1 "field.key");
    return 0;
}

static int end(void **state)
{
    studykey_free(w.first);
    studykey_free(w.third);
    studykey_free(w.field);
    secret_free(w.sign);
    for (size_t i = 0; i < PACKS; i++) {
        study_free(w.study[i]);
        pack_free(w.pack[i]);
    }
    return vectors_end(state);
}

static size_t pack_of(const json_t *stream)
{
    char hex[65], name[80];
    for (size_t i = 0; i < PACKS; i++) {
        segment_hex(w.pack[i]->hash, 32, hex);
        snprintf(name, sizeof name, "%s.pack", hex);
        if (strcmp(name, vectors_text(stream, "pack")) == 0)
            return i;
    }
    fail();
    return 0;
}

/* The approval of this hash: its random bytes. */
static void random_of(const uint8_t hash[HASH_LEN], uint8_t out[32])
{
    static const char *const file[] = {"notice-0", "notice-1", "notice-3"};
    for (size_t i = 0; i < sizeof file / sizeof *file; i++) {
        uint8_t have[HASH_LEN];
        struct notice n;
        struct bytes b = vectors_file(file[i]);
        notice_hash(b, have);
        if (memcmp(have, hash, HASH_LEN) == 0) {
            assert_true(notice_parse(b, w.pack[0], &n) == ERR_OK ||
                        notice_parse(b, w.pack[1], &n) == ERR_OK);
            memcpy(out, n.value, 32);
            return;
        }
    }
    fail();
}

/* ---- sealing ---- */

struct sealing {
    struct device *device;
    const struct study *study;
    uint8_t out[ENTRY_MAX];
};

static void draw_again(struct sealing *s, const struct entry_field *f,
                       const struct entry_answers *want)
{
    struct draw d;
    uint32_t asked = 0;
    for (size_t l = 0; l < s->study->lists; l++)
        asked |= (uint32_t)(want->u.draw.arm[l] != ARM_NOT_ASKED) << l;
    assert_int_equal(device_contact(s->device), f->contact);
    device_draw(s->device, f->u.contact.stratum, asked, &d);
    for (size_t l = 0; l < s->study->lists; l++) {
        assert_int_equal(d.arm[l], want->u.draw.arm[l]);
        assert_int_equal(d.position[l], want->u.draw.position[l]);
        assert_true(d.order[l] == want->u.draw.order[l]);
    }
}

static void seal_entry(struct sealing *s, const json_t *told)
{
    struct bytes answers = vectors_bytes(told, "answers");
    struct entry_field f;
    struct entry_answers a;
    uint8_t random[32];
    assert_int_equal(entry_get_field(vectors_raw(told, "field", ENTRY_FIELD_LEN), &f), ERR_OK);
    assert_int_equal(entry_get_answers(s->study, f.kind, answers, &a), ERR_OK);
    if ((f.flags & ENTRY_TEST) == 0)
        device_golive(s->device);
    switch (f.kind) {
    case ENTRY_ROOT:
        assert_int_equal(device_root(s->device, &f, answers.p + 2, s->out), ERR_OK);
        return;
    case ENTRY_APPROVED:
        random_of(f.u.event.hash, random);
        assert_int_equal(device_approve(s->device, random, f.u.event.hash, &f.clocks, s->out),
                         ERR_OK);
        return;
    case ENTRY_FILLER:
        assert_true(device_fill(s->device, &f.clocks, s->out));
        return;
    case ENTRY_ASSIGNED:
        draw_again(s, &f, &a);
        break;
    case ENTRY_CONTACT:
        assert_int_equal(device_contact(s->device), f.contact);
        break;
    case ENTRY_COUNTED:
    case ENTRY_OUTCOME:
    case ENTRY_VOID:
    case ENTRY_WITHDRAWN:
        break;
    }
    device_seal(s->device, &f, &a, s->out);
}

/* A device at the beginning of this stream, out of the one before. */
static struct device *go_on(struct device *before, size_t stream, size_t pack)
{
    const json_t *first =
        json_array_get(vectors_get(json_array_get(w.streams, stream), "entries"), 0);
    struct device *d = before;
    if (before == NULL)
        assert_int_equal(device_create(w.pack[pack], w.study[pack], w.sign, &d), ERR_OK);
    else if (stream == 3) /* the second pack */
        assert_int_equal(device_follow(before, w.pack[pack], w.study[pack], &d), ERR_OK);
    else if (stream == 4) /* its state is lost */
        assert_int_equal(device_restart(w.pack[pack], w.study[pack], w.sign,
                                        vectors_number(first, "n") - 1, device_head(before), stream,
                                        &d),
                         ERR_OK);
    if (d != before)
        device_free(before);
    return d;
}

static void assert_segment(const json_t *stream, const struct buffer *preamble,
                           const struct buffer *entries)
{
    const json_t *list = vectors_get(stream, "entries");
    uint32_t count = (uint32_t)json_array_size(list);
    char name[SEGMENT_NAME], path[256];
    struct buffer file = {0};
    struct segment_name n = {.stream = vectors_number(stream, "number"),
                             .first = vectors_number(json_array_get(list, 0), "n")};
    n.last = n.first + count - 1;
    memcpy(n.device, secret_view(w.sign) + 32, sizeof n.device);
    segment_put_name(&n, name);
    snprintf(path, sizeof path, "target/up/%s/%s", vectors_text(w.laptop, "id"), name);
    segment_put_start(&file, buffer_view(preamble), n.first, vectors_raw(stream, "id", HASH_LEN),
                      count);
    buffer_add(&file, entries->p, entries->len);
    assert_bytes(buffer_view(&file), vectors_file(path));
    buffer_free(&file);
}

static void a_device_seals_the_known_bytes_from_set_up_to_a_chain_restarted(void **state)
{
    struct device *d = NULL;
    (void)state;
    for (size_t i = 0; i < json_array_size(w.streams); i++) {
        const json_t *stream = json_array_get(w.streams, i);
        const json_t *entries = vectors_get(stream, "entries");
        struct buffer preamble = {0}, all = {0};
        uint64_t number;
        size_t pack = pack_of(stream);
        d = go_on(d, i, pack);
        struct sealing s = {.device = d, .study = w.study[pack]};
        give(vectors_bytes(stream, "f"));
        give(vectors_bytes(stream, "a"));
        give_all(vectors_get(stream, "ephemeral"));
        given_begin();
        assert_int_equal(device_stream(d, &number, &preamble), ERR_OK);
        given_end();
        assert_int_equal(number, vectors_number(stream, "number"));
        assert_bytes(buffer_view(&preamble), vectors_bytes(stream, "preamble"));
        for (size_t k = 0; k < json_array_size(entries); k++) {
            const json_t *told = json_array_get(entries, k);
            seal_entry(&s, told);
            assert_bytes((struct bytes){s.out, device_entry_len(s.study)},
                         vectors_bytes(told, "sealed"));
            assert_memory_equal(device_head(d), vectors_raw(told, "head", HASH_LEN), HASH_LEN);
            buffer_add(&all, s.out, device_entry_len(s.study));
        }
        assert_segment(stream, &preamble, &all);
        buffer_free(&preamble);
        buffer_free(&all);
    }
    device_free(d);
}

/* ---- opening ---- */

static void open_stream(const json_t *stream, const struct studykey *key, bool answers)
{
    const json_t *entries = vectors_get(stream, "entries");
    size_t pack = pack_of(stream), len = entry_answers_len(w.study[pack]);
    struct bytes preamble = vectors_bytes(stream, "preamble");
    struct buffer file = {0};
    struct segment s;
    struct unseal *u = NULL;
    uint8_t field[ENTRY_FIELD_LEN], plain[ENTRY_MAX];
    segment_put_start(&file, preamble, vectors_number(json_array_get(entries, 0), "n"),
                      vectors_raw(stream, "id", HASH_LEN), 1);
    struct bytes sealed = vectors_bytes(json_array_get(entries, 0), "sealed");
    buffer_add(&file, sealed.p, sealed.len);
    assert_int_equal(intake_read(buffer_view(&file), &s), ERR_OK);
    assert_int_equal(intake_check_preamble(&s.pre, w.pack[pack]), ERR_OK);
    assert_int_equal(unseal_begin(&s.pre, w.pack[pack], key, &u), ERR_OK);
    for (size_t k = 0; k < json_array_size(entries); k++) {
        const json_t *told = json_array_get(entries, k);
        assert_int_equal(
            unseal_entry(u, vectors_number(told, "n"), vectors_bytes(told, "sealed"), field, plain),
            ERR_OK);
        assert_memory_equal(field, vectors_raw(told, "field", sizeof field), sizeof field);
        if (answers)
            assert_memory_equal(plain, vectors_raw(told, "answers", len), len);
    }
    unseal_free(u);
    buffer_free(&file);
}

static void every_reader_opens_the_known_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < json_array_size(w.streams); i++) {
        const json_t *stream = json_array_get(w.streams, i);
        open_stream(stream, w.first, true);
        open_stream(stream, w.field, false);
        if (pack_of(stream) == 1) /* added with the second pack */
            open_stream(stream, w.third, true);
    }
}

/* ---- the whole, as admin takes it in ---- */

struct reading {
    size_t events, opened;
};

static enum err same_event(void *ctx, const struct verify_report *r, size_t device, uint64_t n,
                           const struct entry_field *f, const struct entry_answers *a)
{
    struct reading *reading = ctx;
    const struct study *study = r->device[device].pack->study;
    uint8_t field[ENTRY_FIELD_LEN], answers[ENTRY_MAX];
    entry_put_field(f, field);
    for (size_t i = 0; i < json_array_size(w.streams); i++) {
        const json_t *entries = vectors_get(json_array_get(w.streams, i), "entries");
        uint64_t first = vectors_number(json_array_get(entries, 0), "n");
        if (n < first || n >= first + json_array_size(entries))
            continue;
        const json_t *told = json_array_get(entries, n - first);
        assert_memory_equal(field, vectors_raw(told, "field", sizeof field), sizeof field);
        reading->events++;
        if (a == NULL)
            continue;
        entry_put_answers(study, a, answers);
        assert_bytes((struct bytes){answers, entry_answers_len(study)},
                     vectors_bytes(told, "answers"));
        reading->opened++;
    }
    return ERR_OK;
}

static void put_notices(struct archive *a)
{
    static const struct {
        const char *file;
        enum notice_kind kind;
    } notice[] = {
        {"notice-1", NOTICE_APPROVAL}, {"notice-2", NOTICE_CHOICE}, {"notice-3", NOTICE_APPROVAL}};
    for (size_t i = 0; i < sizeof notice / sizeof *notice; i++)
        assert_int_equal(archive_put_notice(a, notice[i].kind, secret_view(w.sign) + 32,
                                            vectors_file(notice[i].file), NULL),
                         ERR_OK);
}

static struct reading read_target(struct archive *a, const struct studykey *key, enum verdict worst,
                                  uint64_t replayed)
{
    struct reading reading = {0};
    struct verify_report *r = NULL;
    assert_int_equal(verify_archive(a, key, same_event, &reading, &r), ERR_OK);
    assert_int_equal(r->devices, 1);
    assert_int_equal(r->device[0].verdict, worst);
    assert_int_equal(r->device[0].whole_to, 80);
    assert_int_equal(r->mismatched, 0);
    assert_int_equal(r->replayed, replayed);
    verify_free(r);
    return reading;
}

static void verify_finds_it_intact_and_reads_the_same(void **state)
{
    struct archive *a = NULL;
    struct pull_counts n;
    (void)state;
    assert_int_equal(archive_open(":memory:", true, &a), ERR_OK);
    const char *words = vectors_text(json_array_get(vectors_of("packs"), 0), "words");
    assert_int_equal(pull_source("dir:" V1 "target", words, a, &n), ERR_OK);
    assert_int_equal(n.refused, 0);
    put_notices(a);
    struct reading all = read_target(a, w.first, VERDICT_RESUMED, 8);
    struct reading field = read_target(a, w.field, VERDICT_RESUMED, 0);
    struct reading later = read_target(a, w.third, VERDICT_NOT_OURS, 3);
    assert_int_equal(all.events, 80 - 3); /* roots are no events */
    assert_int_equal(all.opened, all.events);
    assert_int_equal(field.events, all.events);
    assert_int_equal(field.opened, 0);
    assert_int_equal(later.opened, 32 - 2);
    archive_close(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_seals_the_known_bytes_from_set_up_to_a_chain_restarted),
        cmocka_unit_test(every_reader_opens_the_known_bytes),
        cmocka_unit_test(verify_finds_it_intact_and_reads_the_same),
    };
    return cmocka_run_group_tests(tests, start, end);
}
