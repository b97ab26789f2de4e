#include "admin/frame/margins.h"

#include <stdlib.h>
#include <string.h>

#include "core/log.h"

static bool is_level(const struct frame_column *c, size_t level, const char *value)
{
    const char *label = c->level_label != NULL ? c->level_label[level] : NULL;
    return strcmp(c->level[level], value) == 0 || (label != NULL && strcmp(label, value) == 0);
}

/* The category of each level, or FRAME_MISSING. */
static void match(const struct frame_column *c, const struct study_margin *m,
                  const char *const *code, int32_t *category)
{
    for (size_t l = 0; l < c->levels; l++) {
        category[l] = FRAME_MISSING;
        for (size_t i = 0; i < m->shares && category[l] == FRAME_MISSING; i++)
            if (is_level(c, l, code != NULL ? code[i] : m->share[i].value))
                category[l] = (int32_t)i;
    }
}

static enum err fill(struct weighting_margin *g, const struct frame *f,
                     const struct frame_column *c, const struct study_margin *m,
                     const int32_t *category)
{
    size_t missing = 0;
    g->name = strdup(m->id);
    g->value = calloc(m->shares + 1, sizeof *g->value);
    g->share = calloc(m->shares + 1, sizeof *g->share);
    g->category = malloc((f->n + 1) * sizeof *g->category);
    if (g->name == NULL || g->value == NULL || g->share == NULL || g->category == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < m->shares; i++) {
        if ((g->value[i] = strdup(m->share[i].value)) == NULL)
            return ERR_NOMEM;
        g->share[i] = m->share[i].share;
        g->categories++;
    }
    for (size_t i = 0; i < f->n; i++) {
        int32_t l = c->row[i];
        g->category[i] = l == FRAME_MISSING ? FRAME_MISSING : category[l];
        missing += l == FRAME_MISSING;
        if (l != FRAME_MISSING && category[l] == FRAME_MISSING)
            return log_fail(ERR_STUDY,
                            "raking over %s: the data have `%s`, to which the margin gives no "
                            "share; add it, or recode the data",
                            m->id, c->level[l]);
    }
    if (missing > 0)
        log_note("raking over %s: %zu respondents have no value; together they keep their share",
                 m->id, missing);
    return ERR_OK;
}

enum err margins_add(struct weighting_spec *spec, const struct frame *f, int column,
                     const struct study_margin *m, const char *const *code)
{
    enum err e = frame_levels(f, column);
    const struct frame_column *c = &f->column[column];
    struct weighting_margin *more = NULL;
    int32_t *category = NULL;
    if (e != ERR_OK)
        return e;
    category = malloc((c->levels + 1) * sizeof *category);
    more = realloc(spec->margin, (spec->margins + 1) * sizeof *more);
    if (more != NULL)
        spec->margin = more;
    if (category == NULL || more == NULL) {
        free(category);
        return ERR_NOMEM;
    }
    match(c, m, code, category);
    spec->margin[spec->margins] = (struct weighting_margin){0};
    e = fill(&spec->margin[spec->margins++], f, c, m, category);
    free(category);
    return e;
}
