/* A data file of one row a respondent. The first byte says what its ending is. */
#include "admin/frame/flat.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const name[] = {"table.csv", "table.dta", "table.sav"};
    static const struct flat_options options[] = {
        {.y = "y", .treat = "treat", .items = 4},
        {.y = "y",
         .treat = "treat",
         .items = 3,
         .weights = "weight",
         .cluster = "point",
         .strata = "region",
         .has_hide = true,
         .hide = HIDE_AGREE},
        {.y = "y", .treat = "treat", .y2 = "y2", .treat2 = "treat2", .items = 4}};
    struct frame *f = NULL;
    fuzz_start();
    if (size == 0)
        return 0;
    const char *path = fuzz_put(name[data[0] % 3], (struct bytes){data + 1, size - 1});
    if (flat_read(path, &options[data[0] / 3 % 3], &f) == ERR_OK)
        frame_free(f);
    return 0;
}
