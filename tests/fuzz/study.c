/* study.yaml, and a point list that goes with it. */
#include "core/assign.h"
#include "core/points.h"
#include "core/study.h"
#include "tests/fuzz/fuzz.h"

static struct bytes list;

/* Whatever is let through must be drawn without leaving its state. */
static void draw(const struct study *s, size_t strata)
{
    static const uint8_t root[32] = {1};
    struct assign *a = NULL;
    struct draw d;
    if (assign_new(s, strata, root, &a) != ERR_OK)
        return;
    for (uint16_t i = 0; i < 40; i++) {
        assign_draw(a, i % 3 == 0, (uint16_t)(i % (strata + 2)), UINT32_MAX >> i % 5, &d);
        for (size_t l = 0; l < s->lists; l++)
            HOLDS(d.arm[l] == ARM_NOT_ASKED || d.arm[l] <= s->list[l].sensitives);
    }
    for (size_t l = 0; l < s->lists; l++)
        HOLDS(assign_guess(s, l) >= 0 && assign_guess(s, l) <= 1);
    assign_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct study *s = NULL;
    struct points *p = NULL;
    fuzz_start();
    if (list.p == NULL)
        list = fuzz_file(SANAQ_SOURCE_DIR "/assets/studies/csto/points.csv");
    if (study_parse((struct bytes){data, size}, NULL, NULL, &s) != ERR_OK)
        return 0;
    study_kiosk_can(s, NULL, NULL);
    if (points_parse(list, s, NULL, NULL, &p) == ERR_OK) {
        study_check_points(s, p, NULL, NULL);
        draw(s, p->strata);
    }
    points_free(p);
    study_free(s);
    return 0;
}
