/* Every label of FORMAT.md has its known answers, and a label that changed breaks those and no
 * others: the three functions that make labels are wrapped, and change one use at a time. */
#include "tests/vectors/vectors.h"

#include <fts.h>
#include <unistd.h>

#include "admin/frame/interviews.h"
#include "admin/pull.h"
#include "admin/simulate.h"
#include "admin/unseal.h"
#include "core/device.h"
#include "kiosk/home.h"
#include "kiosk/keyfile.h"
#include "kiosk/state.h"
#include "kiosk/store.h"

/* ---- labels that change ---- */

static const char *mutated; /* the use whose label is another one; NULL: none */

void __real_hash_label(uint8_t out[LABEL_LEN], const char *use);
void __real_hash_start(struct hash *h, const uint8_t *key, const char *use);
void __real_hash_once(uint8_t out[HASH_LEN], const uint8_t *key, const char *use, struct bytes b);
void __wrap_hash_label(uint8_t out[LABEL_LEN], const char *use);
void __wrap_hash_start(struct hash *h, const uint8_t *key, const char *use);
void __wrap_hash_once(uint8_t out[HASH_LEN], const uint8_t *key, const char *use, struct bytes b);

static const char *turned(const char *use)
{
    return mutated != NULL && strcmp(use, mutated) == 0 ? "another" : use;
}

void __wrap_hash_label(uint8_t out[LABEL_LEN], const char *use)
{
    __real_hash_label(out, turned(use));
}

void __wrap_hash_start(struct hash *h, const uint8_t *key, const char *use)
{
    __real_hash_start(h, key, turned(use));
}

void __wrap_hash_once(uint8_t out[HASH_LEN], const uint8_t *key, const char *use, struct bytes b)
{
    __real_hash_once(out, key, turned(use), b);
}

/* ---- what the checks need, read before any label changes ---- */

enum { KEPT_EPOCH = 17 }; /* of v1/home */

/* The device of seed 1 under the first researcher's key. */
#define SIMULATED "358fea7216f212118577102cafea4411c7da6b3b4ee39216d79a13a06e52d1ab"

static struct world {
    struct pack *pack;
    struct study *study;
    struct points *points;
    struct studykey *key;
    struct respondent_model *model;
    struct segment segment; /* the first */
    const json_t *steps, *draws, *laptop;
    char dir[64];
} w;

static struct bytes segment_file(size_t stream)
{
    char name[SEGMENT_NAME], path[256];
    const json_t *s = json_array_get(vectors_get(w.laptop, "streams"), stream);
    const json_t *entries = vectors_get(s, "entries");
    struct segment_name n = {.stream = vectors_number(s, "number")};
    n.first = vectors_number(json_array_get(entries, 0), "n");
    n.last = n.first + json_array_size(entries) - 1;
    memcpy(n.device, vectors_raw(w.laptop, "id", 32), sizeof n.device);
    segment_put_name(&n, name);
    snprintf(path, sizeof path, "target/up/%s/%s", vectors_text(w.laptop, "id"), name);
    return vectors_file(path);
}

static int start(void **state)
{
    struct secret *passphrase;
    vectors_start(state);
    w.steps = vectors_of("steps");
    w.draws = vectors_of("draws");
    w.laptop = vectors_of("laptop");
    w.pack = vectors_pack(vectors_text(json_array_get(vectors_of("packs"), 0), "file"));
    assert_int_equal(study_parse(w.pack->study, NULL, NULL, &w.study), ERR_OK);
    assert_int_equal(points_parse(w.pack->points, w.study, NULL, NULL, &w.points), ERR_OK);
    assert_int_equal(respondent_model_new(w.study, w.points, &w.model), ERR_OK);
    passphrase = vectors_passphrase();
    assert_int_equal(studykey_open(V1 "first.key", passphrase, &w.key), ERR_OK);
    secret_free(passphrase);
    assert_int_equal(intake_read(segment_file(0), &w.segment), ERR_OK);
    strcpy(w.dir, "/tmp/sanaq-labels-XXXXXX");
    assert_non_null(mkdtemp(w.dir));
    return 0;
}

static void forget(char *path)
{
    char *const paths[] = {path, NULL};
    FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    for (FTSENT *at; tree != NULL && (at = fts_read(tree)) != NULL;)
        if (at->fts_info != FTS_D)
            remove(at->fts_accpath);
    if (tree != NULL)
        fts_close(tree);
}

static int end(void **state)
{
    forget(w.dir);
    respondent_model_free(w.model);
    studykey_free(w.key);
    points_free(w.points);
    study_free(w.study);
    pack_free(w.pack);
    return vectors_end(state);
}

/* ---- the checks: true if the known answer comes out ---- */

static bool pack_is_known(void)
{
    const json_t *told = json_array_get(vectors_of("packs"), 0);
    struct pack *p = NULL;
    bool ok = pack_parse(buffer_view(&w.pack->bytes), "a pack", &p) == ERR_OK &&
              memcmp(p->hash, vectors_raw(told, "hash", HASH_LEN), HASH_LEN) == 0;
    pack_free(p);
    return ok;
}

static bool notice_is(const char *file, enum notice_kind kind, const char *pack)
{
    struct notice n;
    struct pack *other = pack != NULL ? vectors_pack(pack) : NULL;
    bool ok = notice_parse(vectors_file(file), other != NULL ? other : w.pack, &n) == ERR_OK &&
              n.kind == kind;
    pack_free(other);
    return ok;
}

static bool approval_is_signed(void)
{
    return notice_is("notice-0", NOTICE_APPROVAL, NULL);
}

static bool approval_has_its_hash(void)
{
    uint8_t hash[HASH_LEN];
    notice_hash(vectors_file("notice-0"), hash);
    return memcmp(hash, vectors_raw(vectors_of("approval"), "hash", HASH_LEN), HASH_LEN) == 0;
}

static bool receipt_is_signed(void)
{
    char name[128];
    snprintf(name, sizeof name, "target/down/%s.receipt", vectors_text(w.laptop, "id"));
    return notice_is(name, NOTICE_RECEIPT, NULL);
}

/* These two are of the second pack, read without a changed label. */
static bool notice_of_second(const char *file, enum notice_kind kind)
{
    const char *use = mutated;
    mutated = NULL;
    struct pack *p = vectors_pack(vectors_text(json_array_get(vectors_of("packs"), 1), "file"));
    mutated = use;
    struct notice n;
    bool ok = notice_parse(vectors_file(file), p, &n) == ERR_OK && n.kind == kind;
    pack_free(p);
    return ok;
}

static bool revocation_is_signed(void)
{
    return notice_of_second("revocation", NOTICE_REVOCATION);
}

static bool choice_is_signed(void)
{
    return notice_of_second("notice-2", NOTICE_CHOICE);
}

static bool golive_is_signed(void)
{
    char name[128], hex[65];
    segment_hex(w.pack->hash, 32, hex);
    snprintf(name, sizeof name, "target/down/%s.golive", hex);
    return notice_golive_check(vectors_file(name), w.pack) == ERR_OK;
}

static bool device_has_its_words(void)
{
    uint8_t hash[HASH_LEN];
    char words[WORDS_TEXT];
    device_fingerprint(vectors_raw(w.laptop, "id", 32), hash);
    words_of(hash, words);
    return strcmp(words, vectors_text(w.laptop, "words")) == 0;
}

static bool preamble_is_signed(void)
{
    return intake_check_preamble(&w.segment.pre, NULL) == ERR_OK;
}

static bool stream_has_its_id(void)
{
    struct segment s;
    const json_t *told = json_array_get(vectors_get(w.laptop, "streams"), 0);
    return intake_read(segment_file(0), &s) == ERR_OK &&
           memcmp(s.pre.id, vectors_raw(told, "id", HASH_LEN), HASH_LEN) == 0;
}

static bool is_step(const char *name, const void *have, size_t len)
{
    return memcmp(have, vectors_raw(w.steps, name, len), len) == 0;
}

static bool head_is_known(void)
{
    uint8_t head[HASH_LEN];
    struct buffer sealed = {0};
    buffer_add(&sealed, vectors_bytes(w.steps, "parts").p, vectors_bytes(w.steps, "parts").len);
    buffer_add(&sealed, vectors_raw(w.steps, "device", 32), 32); /* in the place of the mac */
    buffer_add(&sealed, vectors_raw(w.steps, "signature", SIGN_LEN), SIGN_LEN);
    stream_head(vectors_raw(w.steps, "before", HASH_LEN), buffer_view(&sealed), head);
    buffer_free(&sealed);
    return is_step("head", head, sizeof head);
}

static bool mac_is_known(void)
{
    uint8_t mac[STREAM_MAC_LEN];
    stream_mac(vectors_raw(w.steps, "key", 32), vectors_raw(w.steps, "device", 32),
               vectors_number(w.steps, "n"), vectors_raw(w.steps, "before", HASH_LEN),
               vectors_bytes(w.steps, "parts"), mac);
    return is_step("mac", mac, sizeof mac);
}

static bool part_keys_are_known(void)
{
    uint8_t key[32], once[32];
    memcpy(key, vectors_raw(w.steps, "key", 32), 32);
    stream_ratchet(key, once);
    return is_step("seal_once", once, 32) && is_step("seal_next", key, 32);
}

static bool field_data_is_known(void)
{
    uint8_t ad[STREAM_AD_LEN];
    stream_ad("field", vectors_raw(w.steps, "key", 32), vectors_number(w.steps, "n"), ad);
    return is_step("field_ad", ad, sizeof ad);
}

static bool answers_data_is_known(void)
{
    uint8_t ad[STREAM_AD_LEN];
    stream_ad("answers", vectors_raw(w.steps, "key", 32), vectors_number(w.steps, "n"), ad);
    return is_step("answers_ad", ad, sizeof ad);
}

static bool entry_message_is_known(void)
{
    uint8_t message[STREAM_SIGNED_LEN];
    stream_signed(vectors_raw(w.steps, "key", 32), vectors_number(w.steps, "n"),
                  vectors_raw(w.steps, "device", 32), message);
    return is_step("entry_signed", message, sizeof message);
}

/* One entry of any stream moves the MAC key on. */
static bool mac_key_moves_on(void)
{
    static const uint8_t field[ENTRY_FIELD_LEN], answers[ENTRY_ANSWERS_MIN];
    struct stream_chain chain = {.next = 1};
    struct secret *sign = NULL;
    struct stream *st = NULL;
    struct buffer preamble = {0};
    uint8_t entry[1024];
    assert_int_equal(secret_copy(vectors_raw(w.steps, "key", 32), 32, &chain.mac), ERR_OK);
    assert_int_equal(secret_random(64, &sign), ERR_OK);
    assert_int_equal(
        stream_begin(w.pack, sign, &chain, 1, sizeof field, sizeof answers, &st, &preamble),
        ERR_OK);
    stream_seal(st, field, answers, entry);
    bool ok = is_step("next", secret_view(chain.mac), 32);
    stream_free(st);
    buffer_free(&preamble);
    secret_free(chain.mac);
    secret_free(sign);
    return ok;
}

static bool commitments_fit(void)
{
    struct unseal *u = NULL;
    bool ok = unseal_begin(&w.segment.pre, w.pack, w.key, &u) == ERR_OK;
    unseal_free(u);
    return ok;
}

/* The ${nth} draw from the live or the test chains is the one called ${name}. */
static bool draw_is(const char *name, unsigned nth, bool test, bool approved)
{
    const json_t *lists = vectors_get(w.draws, name);
    struct assign *a = NULL;
    struct draw d;
    bool same = true;
    assert_int_equal(assign_new(w.study, w.pack->strata, vectors_raw(w.draws, "root", 32), &a),
                     ERR_OK);
    if (approved)
        assign_approve(a, vectors_raw(w.draws, "approval", 32));
    for (unsigned i = 0; i < nth; i++)
        assign_draw(a, test, 1, 7, &d);
    for (size_t l = 0; l < w.study->lists; l++) {
        const json_t *one = json_array_get(lists, l);
        same = same && d.arm[l] == json_integer_value(json_array_get(one, 0)) &&
               d.position[l] == json_integer_value(json_array_get(one, 1)) &&
               d.order[l] == (uint64_t)json_integer_value(json_array_get(one, 2));
    }
    assign_free(a);
    return same;
}

static bool first_draw_is_known(void)
{
    return draw_is("first", 1, false, false) && draw_is("test", 1, true, false);
}

static bool second_draw_is_known(void)
{
    return draw_is("second", 2, false, false);
}

static bool approved_draw_is_known(void)
{
    return draw_is("approved", 1, false, true);
}

static bool study_key_opens(void)
{
    struct studykey *k = NULL;
    struct secret *passphrase = vectors_passphrase();
    bool ok = studykey_open(V1 "second.key", passphrase, &k) == ERR_OK;
    studykey_free(k);
    secret_free(passphrase);
    return ok;
}

static bool person_has_their_words(void)
{
    uint8_t hash[HASH_LEN];
    char words[WORDS_TEXT];
    pack_key_fingerprint(&w.key->pub, hash);
    words_of(hash, words);
    return strcmp(words, vectors_text(json_array_get(vectors_of("keys"), 0), "words")) == 0;
}

/* Of this machine, so what must come out is made here, from the label's own bytes. */
static bool machine_is_known(void)
{
    static const uint8_t label[LABEL_LEN] = "sanaq1/machine", none[16];
    const uint8_t *device = vectors_raw(w.laptop, "id", 32);
    struct buffer id = {0};
    uint8_t have[16], want[32];
    home_machine(device, have);
    if (memcmp(have, none, 16) == 0 || file_read("/etc/machine-id", 64, false, &id) != ERR_OK)
        return mutated == NULL || strcmp(mutated, "machine") != 0; /* there is nothing to hash */
    while (id.len > 0 && id.p[id.len - 1] == '\n')
        id.len--;
    crypto_generichash_state h;
    crypto_generichash_init(&h, NULL, 0, sizeof want);
    crypto_generichash_update(&h, label, sizeof label);
    crypto_generichash_update(&h, device, 32);
    crypto_generichash_update(&h, id.p, id.len);
    crypto_generichash_final(&h, want, sizeof want);
    buffer_free(&id);
    return memcmp(have, want, 16) == 0;
}

/* A laptop's keys file as its first interviewer opens it. */
static struct keyfile *unlocked(void)
{
    char path[128];
    struct keyfile *kf = NULL;
    struct secret *passphrase = NULL;
    snprintf(path, sizeof path, "%s/keys", w.dir);
    assert_int_equal(file_write(path, vectors_file("home/keys"), 0600, true), ERR_OK);
    assert_int_equal(secret_copy("lantern oak quartz", 18, &passphrase), ERR_OK);
    assert_int_equal(keyfile_open(path, true, &kf), ERR_OK);
    if (keyfile_unlock(kf, KEPT_EPOCH, "ab12", passphrase) != ERR_OK) {
        keyfile_close(kf);
        kf = NULL;
    }
    secret_free(passphrase);
    return kf;
}

static bool keys_file_unlocks(void)
{
    struct keyfile *kf = unlocked();
    bool ok = kf != NULL;
    keyfile_close(kf);
    return ok;
}

/* With the file unlocked under the labels as they are. */
static bool of_unlocked(bool (*holds)(struct keyfile *kf))
{
    const char *use = mutated;
    mutated = NULL;
    struct keyfile *kf = unlocked();
    mutated = use;
    assert_non_null(kf);
    bool ok = holds(kf);
    keyfile_close(kf);
    return ok;
}

static bool opens_epoch(struct keyfile *kf)
{
    struct secret *key = NULL;
    bool ok = keyfile_epoch(kf, KEPT_EPOCH, &key) == ERR_OK;
    secret_free(key);
    return ok;
}

static bool knows_code(struct keyfile *kf)
{
    return keyfile_knows(kf, "cd34");
}

static bool epoch_key_opens(void)
{
    return of_unlocked(opens_epoch);
}

static bool code_is_known(void)
{
    return of_unlocked(knows_code);
}

static bool state_opens(void)
{
    const char *use = mutated;
    char path[128];
    struct store *store = NULL;
    struct secret *key = NULL;
    struct device *device = NULL;
    struct state st;
    struct buffer sealed = {0};
    uint64_t epoch = 0;
    mutated = NULL;
    struct keyfile *kf = unlocked();
    snprintf(path, sizeof path, "%s/store.db", w.dir);
    assert_int_equal(file_write(path, vectors_file("home/store.db"), 0600, true), ERR_OK);
    assert_int_equal(store_open(path, true, &store), ERR_OK);
    assert_int_equal(store_state(store, &epoch, &sealed), ERR_OK);
    assert_int_equal(keyfile_epoch(kf, epoch, &key), ERR_OK);
    mutated = use;
    bool ok = state_open(w.pack, w.study, w.points, keyfile_sign_key(kf), key, epoch,
                         buffer_view(&sealed), &st, &device) == ERR_OK;
    mutated = NULL;
    device_free(device);
    buffer_free(&sealed);
    secret_free(key);
    store_close(store);
    keyfile_close(kf);
    return ok;
}

/* A row of an export without anything else of a reading. */
static bool row_has_its_name(void)
{
    struct verify_pack pack = {w.pack, w.study, w.points};
    struct verify_device device = {.pack = &pack};
    struct verify_report r = {.pack = &pack, .packs = 1, .device = &device, .devices = 1};
    struct fold_contact contact = {
        .number = 1, .assigned = true, .ended = true, .disposition = DISPOSITION_COMPLETE};
    struct fold f = {.contact = &contact, .contacts = 1, .answers = true};
    struct frame *frame = NULL;
    size_t left = 0;
    memcpy(device.id, vectors_raw(w.laptop, "id", 32), 32);
    contact.pack = &pack;
    strcpy(contact.point, "p1");
    contact.answer = calloc(w.study->questions, sizeof *contact.answer);
    assert_non_null(contact.answer);
    assert_int_equal(interviews_frame(&f, &r, &pack, &frame, &left), ERR_OK);
    assert_int_equal(frame->n, 1);
    bool ok = strcmp(frame->id[0], json_string_value(json_array_get(vectors_of("rows"), 0))) == 0;
    frame_free(frame);
    free(contact.answer);
    return ok;
}

/* No program but this one must know it; the same seed and key give the same laptops for ever. */
static bool simulated_laptop_is_known(void)
{
    static const char known[] = SIMULATED;
    static unsigned runs;
    const char *use = mutated;
    char out[96], path[256];
    snprintf(out, sizeof out, "%s/%u", w.dir, runs++);
    const struct simulate_options o = {.interviews = 1, .devices = 1, .seed = 1, .out = out};
    mutated = use != NULL && strcmp(use, "simulate") == 0 ? use : NULL;
    enum err e = simulate_run(w.pack, w.key, w.model, &o);
    mutated = use;
    assert_int_equal(e, ERR_OK);
    snprintf(path, sizeof path, "%s/up/%s", out, known);
    return access(path, F_OK) == 0;
}

/* ---- all of them ---- */

static const struct check {
    const char *name;
    const char *use[4]; /* what its answer depends on */
    bool (*holds)(void);
} checks[] = {
    {"a pack and its hash", {"pack"}, pack_is_known},
    {"an approval's signature", {"approve"}, approval_is_signed},
    {"an approval's hash", {"approve"}, approval_has_its_hash},
    {"a receipt's signature", {"receipt"}, receipt_is_signed},
    {"a revocation's signature", {"revoke"}, revocation_is_signed},
    {"a choice's signature", {"choose"}, choice_is_signed},
    {"the signatures for going live", {"golive"}, golive_is_signed},
    {"a device's words", {"device"}, device_has_its_words},
    {"a preamble's signature", {"preamble"}, preamble_is_signed},
    {"a stream's id", {"stream"}, stream_has_its_id},
    {"what an entry's signature covers", {"entry"}, entry_message_is_known},
    {"a head", {"head"}, head_is_known},
    {"a mac", {"mac"}, mac_is_known},
    {"the next mac key", {"next"}, mac_key_moves_on},
    {"the keys of a part", {"seal"}, part_keys_are_known},
    {"a field part's data", {"field"}, field_data_is_known},
    {"an answers part's data", {"answers"}, answers_data_is_known},
    {"the commitments", {"commit"}, commitments_fit},
    {"a first draw", {"chain", "draw"}, first_draw_is_known},
    {"a second draw", {"chain", "draw", "next"}, second_draw_is_known},
    {"a draw behind an approval", {"chain", "draw", "approve"}, approved_draw_is_known},
    {"a study key", {"key"}, study_key_opens},
    {"a person's words", {"key"}, person_has_their_words},
    {"a machine", {"machine"}, machine_is_known},
    {"a row of an export", {"row"}, row_has_its_name},
    {"a keys file", {"slot", "share", "local"}, keys_file_unlocks},
    {"an epoch's key", {"epoch"}, epoch_key_opens},
    {"an interviewer's code", {"code"}, code_is_known},
    {"a laptop's state", {"state"}, state_opens},
    {"a simulated laptop", {"simulate"}, simulated_laptop_is_known},
};
enum { CHECKS = sizeof checks / sizeof *checks };

static bool depends(const struct check *c, const char *use)
{
    for (size_t i = 0; i < 4; i++)
        if (c->use[i] != NULL && strcmp(c->use[i], use) == 0)
            return true;
    return false;
}

static void every_known_answer_comes_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < CHECKS; i++) {
        if (!checks[i].holds())
            print_error("%s is another\n", checks[i].name);
        assert_true(checks[i].holds());
    }
}

static void a_changed_label_breaks_exactly_its_answers(void **state)
{
    const json_t *labels = vectors_of("labels");
    (void)state;
    for (size_t l = 0; l < json_array_size(labels); l++) {
        const char *use = vectors_text(json_array_get(labels, l), "use");
        size_t broken = 0;
        for (size_t i = 0; i < CHECKS; i++) {
            mutated = use;
            bool holds = checks[i].holds();
            mutated = NULL;
            if (holds == depends(&checks[i], use))
                print_error("label %s, check %s\n", use, checks[i].name);
            assert_int_equal(holds, !depends(&checks[i], use));
            broken += !holds;
        }
        if (broken == 0)
            print_error("label %s breaks nothing\n", use);
        assert_true(broken > 0);
    }
}

static void every_label_hashes_and_signs_as_known(void **state)
{
    const json_t *labels = vectors_of("labels");
    (void)state;
    for (size_t l = 0; l < json_array_size(labels); l++) {
        const json_t *told = json_array_get(labels, l);
        const char *use = vectors_text(told, "use");
        struct bytes message = vectors_bytes(told, "message");
        uint8_t label[LABEL_LEN], hash[HASH_LEN];
        hash_label(label, use);
        assert_memory_equal(label, vectors_raw(told, "label", LABEL_LEN), LABEL_LEN);
        hash_once(hash, NULL, use, message);
        assert_memory_equal(hash, vectors_raw(told, "h", HASH_LEN), HASH_LEN);
        hash_once(hash, vectors_raw(told, "key", 32), use, message);
        assert_memory_equal(hash, vectors_raw(told, "hk", HASH_LEN), HASH_LEN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_label_hashes_and_signs_as_known),
        cmocka_unit_test(every_known_answer_comes_out),
        cmocka_unit_test(a_changed_label_breaks_exactly_its_answers),
    };
    return cmocka_run_group_tests(tests, start, end);
}
