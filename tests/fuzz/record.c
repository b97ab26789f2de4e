/* Both parts of an entry: what is read is written again as the same bytes. */
#include "core/entry.h"
#include "tests/fuzz/fuzz.h"

static struct study *study;

static void drop(void)
{
    study_free(study);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct entry_field f;
    struct entry_answers a;
    uint8_t field[ENTRY_FIELD_LEN], answers[4096];
    fuzz_start();
    if (study == NULL) {
        struct bytes yaml = fuzz_file(SANAQ_SOURCE_DIR "/tests/vectors/study/study.yaml");
        HOLDS(study_parse(yaml, NULL, NULL, &study) == ERR_OK);
        atexit(drop);
    }
    if (size < ENTRY_FIELD_LEN || entry_get_field(data, &f) != ERR_OK)
        return 0;
    entry_put_field(&f, field);
    HOLDS(memcmp(field, data, sizeof field) == 0);
    struct bytes rest = {data + ENTRY_FIELD_LEN, size - ENTRY_FIELD_LEN};
    if (entry_get_answers(study, f.kind, rest, &a) != ERR_OK)
        return 0;
    HOLDS(rest.len == entry_answers_len(study));
    entry_put_answers(study, &a, answers);
    HOLDS(memcmp(answers, rest.p, rest.len) == 0);
    return 0;
}
