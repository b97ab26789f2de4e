/* One of a laptop's segments in an archive, read to the last step. The first byte says in which
 * one's place: 0..4, and with 8, 16, 32: which others stay away; the rest is the file. */
#include "admin/frame/fold.h"
#include "admin/verify.h"
#include "core/segment.h"
#include "tests/fuzz/fuzz.h"

enum { SEGMENTS = 5 };

static struct {
    struct studykey *key[2];
    struct bytes pack[2], notice[4], segment[SEGMENTS];
    uint8_t hash[2][HASH_LEN], device[32];
} w;

static const char *const segment_name[SEGMENTS] = {
    "3ba88e8795c125f2-00000001-00000001-00000016.seg",
    "3ba88e8795c125f2-00000002-00000017-00000032.seg",
    "3ba88e8795c125f2-00000003-00000033-00000048.seg",
    "3ba88e8795c125f2-00000004-00000049-00000064.seg",
    "3ba88e8795c125f2-00000005-00000065-00000080.seg"};

static void drop(void)
{
    studykey_free(w.key[0]);
    studykey_free(w.key[1]);
}

/* A person of the vectors, whose keys are hashes of these names. */
static struct studykey *key_of(enum studykey_role role, const char *signs, const char *opens)
{
    struct studykey *k = calloc(1, sizeof *k);
    uint8_t seed[32];
    HOLDS(k != NULL && secret_new(64, &k->sign) == ERR_OK && secret_new(32, &k->box) == ERR_OK);
    k->role = role;
    crypto_generichash(seed, 32, (const uint8_t *)signs, strlen(signs), NULL, 0);
    crypto_sign_seed_keypair(k->pub.sign, secret_bytes(k->sign), seed);
    crypto_generichash(secret_bytes(k->box), 32, (const uint8_t *)opens, strlen(opens), NULL, 0);
    crypto_scalarmult_base(k->pub.box, secret_view(k->box));
    return k;
}

static void start(void)
{
    static const char *const notice[] = {"notice-0", "notice-1", "notice-2", "notice-3"};
    char name[256];
    HOLDS(segment_unhex(DEVICE, 32, w.device));
    HOLDS(segment_unhex(PACK_1, 32, w.hash[0]));
    HOLDS(segment_unhex(PACK_2, 32, w.hash[1]));
    w.pack[0] = fuzz_file("target/packs/" PACK_1 ".pack");
    w.pack[1] = fuzz_file("target/packs/" PACK_2 ".pack");
    for (size_t i = 0; i < 4; i++)
        w.notice[i] = fuzz_file(notice[i]);
    for (size_t i = 0; i < SEGMENTS; i++) {
        snprintf(name, sizeof name, "target/up/" DEVICE "/%s", segment_name[i]);
        w.segment[i] = fuzz_file(name);
    }
    w.key[0] = key_of(STUDYKEY_RESEARCHER, "first signs", "first opens");
    w.key[1] = key_of(STUDYKEY_SUPERVISOR, "field signs", "field opens");
    atexit(drop);
}

static struct archive *lay_out(size_t place, struct bytes file, uint8_t away)
{
    static const enum notice_kind kind[] = {NOTICE_APPROVAL, NOTICE_APPROVAL, NOTICE_CHOICE,
                                            NOTICE_APPROVAL};
    struct archive *a = NULL;
    HOLDS(archive_open(":memory:", true, &a) == ERR_OK);
    for (size_t i = 0; i < 2; i++)
        HOLDS(archive_put_pack(a, w.hash[i], w.pack[i], NULL) == ERR_OK);
    HOLDS(archive_pin(a, w.hash[0]) == ERR_OK);
    for (size_t i = 0; i < 4; i++)
        HOLDS(archive_put_notice(a, kind[i], w.device, w.notice[i], NULL) == ERR_OK);
    for (size_t i = 0; i < SEGMENTS; i++) {
        struct segment_name n;
        HOLDS(segment_get_name(segment_name[i], &n));
        if (i == place || (away >> i & 1) == 0)
            HOLDS(archive_put_segment(a, segment_name[i], w.device, n.first,
                                      i == place ? file : w.segment[i], NULL) == ERR_OK);
    }
    return a;
}

static void read_with(struct archive *a, const struct studykey *key)
{
    struct fold fold = {0};
    struct fold_draws draws;
    struct verify_report *r = NULL;
    HOLDS(verify_archive(a, key, fold_event, &fold, &r) == ERR_OK);
    fold_draws(&fold, &draws);
    HOLDS(draws.assigned == draws.counted + draws.dont_know + draws.refused + draws.broken_off +
                                draws.voided + draws.withdrawn + draws.unfinished);
    for (size_t i = 0; i < r->lines; i++)
        HOLDS(r->line[i].first <= r->line[i].last);
    fold_free(&fold);
    verify_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_start();
    if (w.key[0] == NULL)
        start();
    if (size == 0)
        return 0;
    uint8_t *own = malloc(size); /* of its own, so that reading behind it is seen */
    HOLDS(own != NULL);
    memcpy(own, data + 1, size - 1);
    struct archive *a =
        lay_out((data[0] & 7) % SEGMENTS, (struct bytes){own, size - 1}, (uint8_t)(data[0] >> 3));
    read_with(a, w.key[0]);
    read_with(a, w.key[1]);
    archive_close(a);
    free(own);
    return 0;
}
