/* A pack, the study and points in it, and whether it follows another one. */
#include "core/pack.h"
#include "core/points.h"
#include "core/succession.h"
#include "tests/fuzz/fuzz.h"

static struct edition first;

static void drop(void)
{
    study_free((struct study *)(uintptr_t)first.study);
    pack_free((struct pack *)(uintptr_t)first.pack);
}

static void start(void)
{
    struct pack *p = NULL;
    struct study *s = NULL;
    HOLDS(pack_parse(fuzz_file("target/packs/" PACK_1 ".pack"), "first", &p) == ERR_OK);
    HOLDS(study_parse(p->study, NULL, NULL, &s) == ERR_OK);
    first = (struct edition){p, s};
    atexit(drop);
}

static void visit(void *ctx, enum succession_part part, bool added, const struct pack_key *key,
                  const char *target)
{
    (void)ctx, (void)added;
    HOLDS((part == PART_TARGET) == (target != NULL));
    HOLDS((part == PART_TARGET) == (key == NULL));
}

static void compare(const struct pack *p, const struct study *s)
{
    const struct edition next = {p, s};
    succession_judge(&first, &next);
    succession_judge(&next, &first);
    succession_each(&first, &next, visit, NULL);
    HOLDS(succession_signed(first.pack, p) <= succession_could_sign(first.pack, p));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pack *p = NULL;
    struct study *s = NULL;
    struct points *points = NULL;
    fuzz_start();
    if (first.pack == NULL)
        start();
    if (pack_parse((struct bytes){data, size}, "x", &p) != ERR_OK)
        return 0;
    HOLDS(p->bytes.len == size && memcmp(p->bytes.p, data, size) == 0);
    if (study_parse(p->study, NULL, NULL, &s) == ERR_OK) {
        compare(p, s);
        if (points_parse(p->points, s, NULL, NULL, &points) == ERR_OK)
            points_free(points);
    }
    study_free(s);
    pack_free(p);
    return 0;
}
