/* Approval, revocation, receipt, choice, go-live: what is read is written again as the same bytes,
 * but for the signature. */
#include "core/notice.h"
#include "tests/fuzz/fuzz.h"

static struct pack *pack;

static void drop(void)
{
    pack_free(pack);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t nobody[64];
    struct bytes b = {data, size};
    struct notice n;
    struct buffer made = {0};
    uint8_t hash[HASH_LEN];
    fuzz_start();
    if (pack == NULL) {
        HOLDS(pack_parse(fuzz_file("target/packs/" PACK_1 ".pack"), "first", &pack) == ERR_OK);
        atexit(drop);
    }
    notice_golive_check(b, pack);
    notice_hash(b, hash);
    if (notice_parse(b, pack, &n) != ERR_OK)
        return 0;
    HOLDS(n.researcher < pack->researchers && size <= NOTICE_MAX_BYTES);
    HOLDS(notice_make(&n, nobody, &made) == ERR_OK);
    HOLDS(made.len == size && memcmp(made.p, data, size - SIGN_LEN) == 0);
    buffer_free(&made);
    return 0;
}
