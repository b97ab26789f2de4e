/* A laptop's store.db that came from elsewhere. */
#include "admin/laptop_store.h"
#include "tests/fuzz/fuzz.h"

struct seen {
    uint64_t sum;
};

static void touch(struct seen *s, struct bytes b)
{
    for (size_t i = 0; i < b.len; i++) /* all of it must be readable */
        s->sum += b.p[i];
}

static enum err pack(void *ctx, struct bytes b)
{
    touch(ctx, b);
    return ERR_OK;
}

static enum err stream(void *ctx, uint64_t number, uint64_t first, struct bytes preamble)
{
    (void)number, (void)first;
    touch(ctx, preamble);
    return ERR_OK;
}

static enum err entry(void *ctx, uint64_t number, uint64_t n, struct bytes sealed)
{
    (void)number, (void)n;
    touch(ctx, sealed);
    return ERR_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seen s = {0};
    const struct laptop_store_visitor v = {pack, stream, entry, &s};
    fuzz_start();
    const char *path = fuzz_put("store.db", (struct bytes){data, size});
    if (laptop_store_is(path))
        laptop_store_read(path, &v);
    return 0;
}
