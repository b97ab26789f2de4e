/* The list of sampling points. */
#include "core/points.h"
#include "tests/fuzz/fuzz.h"

static struct study *study;

static void drop(void)
{
    study_free(study);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct points *p = NULL;
    fuzz_start();
    if (study == NULL) {
        struct bytes yaml = fuzz_file(SANAQ_SOURCE_DIR "/tests/vectors/study/study.yaml");
        HOLDS(study_parse(yaml, NULL, NULL, &study) == ERR_OK);
        atexit(drop);
    }
    if (points_parse((struct bytes){data, size}, study, NULL, NULL, &p) != ERR_OK)
        return 0;
    for (size_t i = 0; i < p->count; i++) {
        HOLDS(p->stratum_of[i] >= 1 && p->stratum_of[i] <= p->strata);
        HOLDS(points_find(p, points_value(p, i, "id")) == (int)i);
        HOLDS(points_weight(p, i, "weight") > 0);
    }
    study_check_points(study, p, NULL, NULL);
    points_free(p);
    return 0;
}
