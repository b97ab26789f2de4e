#include "admin/output/posterior.h"

#include "admin/output/csv_line.h"

enum err posterior_csv(const struct frame *f, const struct estimate_result *r, struct buffer *out)
{
    struct csv_line l = {.out = out};
    csv_line_raw(&l, f->id != NULL ? "id" : "row");
    csv_line_raw(&l, "support");
    csv_line_end(&l);
    for (size_t i = 0; i < f->n; i++) {
        if (f->id != NULL)
            csv_line_text(&l, f->id[i]);
        else
            csv_line_int(&l, (long)i + 1);
        csv_line_number(&l, r->posterior[i]);
        csv_line_end(&l);
    }
    return out->failed ? ERR_NOMEM : ERR_OK;
}
