#include "core/study.h"

#include <stdlib.h>

#include "core/study_check.h"
#include "core/study_load.h"

/* A study and all it points to. The study comes first, so that its address is the whole's. */
struct whole {
    struct study study;
    struct study_memory memory;
};

typedef void reading(struct study_draft *d);

static void read_study(struct study_draft *d)
{
    study_load(d);
    study_check(d);
}

static enum err parse(struct bytes yaml, reading *read, study_report *report, void *ctx,
                      struct study **out)
{
    struct whole *w = calloc(1, sizeof *w);
    if (w == NULL)
        return ERR_NOMEM;
    struct study_draft d = {.study = &w->study, .memory = &w->memory};
    if (study_draft_open(&d, yaml))
        read(&d);
    study_draft_close(&d);
    d.reports.failed = d.reports.failed || w->memory.failed;
    enum err e = study_reports_send(&d.reports, ERR_STUDY, report, ctx);
    if (e != ERR_OK) {
        study_free(&w->study);
        return e;
    }
    *out = &w->study;
    return ERR_OK;
}

enum err study_parse(struct bytes yaml, study_report *report, void *ctx, struct study **out)
{
    return parse(yaml, read_study, report, ctx, out);
}

enum err study_parse_weights(struct bytes yaml, study_report *report, void *ctx, struct study **out)
{
    return parse(yaml, study_load_weights_alone, report, ctx, out);
}

void study_free(struct study *s)
{
    if (s == NULL)
        return;
    struct whole *w = (struct whole *)s;
    study_memory_free(&w->memory);
    free(w);
}
