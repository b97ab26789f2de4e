#include "admin/frame/weights_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "admin/frame/margins.h"
#include "core/file.h"
#include "core/log.h"

static void tell(void *ctx, bool warning, unsigned line, const char *what)
{
    const char *path = ctx;
    if (line > 0)
        log_note("%s:%u: %s%s", path, line, warning ? "warning: " : "", what);
    else
        log_note("%s: %s%s", path, warning ? "warning: " : "", what);
}

/* Numbers of a column, each at least ${least} and above 0. */
static enum err take_numbers(const char *path, const char *key, const char *name,
                             const struct frame *f, double least, double **out)
{
    int at = frame_find(f, name);
    if (at < 0)
        return log_fail(ERR_STUDY, "%s: `%s: %s`: the data have no such column", path, key, name);
    if (!f->column[at].numbers)
        return log_fail(ERR_STUDY, "%s: `%s: %s`: the column holds texts, not numbers", path, key,
                        name);
    if ((*out = malloc((f->n + 1) * sizeof **out)) == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < f->n; i++) {
        double v = frame_number_at(f, at, i);
        if (!(v > 0) || v < least)
            return log_fail(ERR_STUDY,
                            "row %zu, column %s: there is no number %s; every row needs one", i + 1,
                            name, least > 0 ? "of 1 or more" : "above 0");
        (*out)[i] = v;
    }
    return ERR_OK;
}

static enum err copy_codes(const int32_t *from, size_t n, int32_t **out)
{
    if (from == NULL)
        return ERR_OK;
    if ((*out = malloc((n + 1) * sizeof **out)) == NULL)
        return ERR_NOMEM;
    memcpy(*out, from, n * sizeof **out);
    return ERR_OK;
}

static enum err fill(const char *path, const struct study_weights *w, const struct frame *f,
                     struct weighting_spec *s)
{
    enum err e = ERR_OK;
    *s = (struct weighting_spec){
        .n = f->n, .cap = w->cap, .trim = w->trim, .tolerance = w->tolerance};
    if (w->nonresponses > 0)
        return log_fail(ERR_UNSUPPORTED,
                        "%s: `nonresponse` needs the addresses that were issued, and a data file "
                        "does not know them (an archive does); leave it out, or give weights that "
                        "hold it as `base`",
                        path);
    if (w->base != NULL)
        e = take_numbers(path, "base", w->base, f, 0, &s->base);
    if (e == ERR_OK && w->selection)
        e = take_numbers(path, "adults", w->adults, f, 1, &s->adults);
    for (size_t m = 0; e == ERR_OK && m < w->rakes; m++) {
        int at = frame_find(f, w->rake[m].id);
        e = at >= 0 ? margins_add(s, f, at, &w->rake[m], NULL)
                    : log_fail(ERR_STUDY, "%s: `rake` over %s: the data have no such column", path,
                               w->rake[m].id);
    }
    if (e == ERR_OK)
        e = copy_codes(f->psu, f->n, &s->psu);
    return e == ERR_OK ? copy_codes(f->stratum, f->n, &s->stratum) : e;
}

enum err weights_file_apply(const char *path, struct frame *f)
{
    struct buffer yaml = {0};
    struct study *study = NULL;
    struct weighting_spec spec = {0};
    char *name = strdup(path);
    enum err e = name != NULL ? file_read(path, STUDY_MAX_BYTES, false, &yaml) : ERR_NOMEM;
    if (e != ERR_OK ||
        (e = study_parse_weights(buffer_view(&yaml), tell, name, &study)) != ERR_OK ||
        (e = fill(path, &study->weights, f, &spec)) != ERR_OK)
        goto out;
    size_t n = f->n;
    double *weight = malloc((n + 1) * sizeof *weight);
    e = weight != NULL ? weighting_new(&spec, &f->weighting) : ERR_NOMEM;
    if (e == ERR_OK) {
        memcpy(weight, weighting_final(f->weighting), n * sizeof *weight);
        free(f->weight);
        f->weight = weight;
    } else {
        free(weight);
    }
out:
    weighting_spec_free(&spec);
    study_free(study);
    buffer_free(&yaml);
    free(name);
    return e;
}
