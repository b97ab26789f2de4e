#include "admin/frame/flat.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/frame/flat_table.h"
#include "core/log.h"

enum { NO_COLUMN = -1 };

/* Messages name row and column, never what a respondent's cell holds. */
struct reading {
    const struct flat_options *o;
    struct flat_faults faults;
    struct flat_table t;
    int y, treat, weights, cluster, strata; /* columns, or NO_COLUMN */
    uint32_t *kept;                         /* rows of the table that are rows of the frame */
    int8_t *arm;
    int16_t *count;
    double *weight;
    size_t n;
};

static bool missing(const char *s)
{
    return s[0] == '\0' || strcmp(s, "NA") == 0 || strcmp(s, ".") == 0;
}

static int find_column(struct reading *r, const char *option, const char *name)
{
    struct buffer names = {0};
    if (name == NULL)
        return NO_COLUMN;
    for (size_t i = 0; i < r->t.columns; i++)
        if (strcmp(flat_table_name(&r->t, i), name) == 0)
            return (int)i;
    for (size_t i = 0; i < r->t.columns; i++)
        buffer_printf(&names, "%s%s", i > 0 ? ", " : "", flat_table_name(&r->t, i));
    flat_fault(&r->faults, 1, "--%s %s: there is no such column; there are: %.*s", option, name,
               (int)(names.len < 500 ? names.len : 500), names.p != NULL ? (char *)names.p : "");
    buffer_free(&names);
    return NO_COLUMN;
}

static const char *cell(const struct reading *r, size_t row, int column)
{
    return flat_table_cell(&r->t, row, (size_t)column);
}

/* "2", and "2.0" as programs write it where a column has gaps. */
static bool parse_whole(const char *s, long *out)
{
    char *end;
    if (s[strspn(s, "0123456789+-.eE")] != '\0')
        return false;
    double v = strtod(s, &end);
    if (end == s || *end != '\0' || floor(v) != v || fabs(v) > 1e6)
        return false;
    *out = (long)v;
    return true;
}

static bool parse_weight(const char *s, double *out)
{
    char *end;
    *out = strtod(s, &end);
    return end != s && *end == '\0';
}

/* The arm of a row; FRAME_MISSING where there is none or it is wrong. */
static int8_t read_arm(struct reading *r, size_t row)
{
    const char *s = cell(r, row, r->treat);
    long v;
    if (missing(s))
        return FRAME_MISSING;
    if (parse_whole(s, &v) && v >= 0 && v <= STUDY_MAX_SENSITIVE)
        return (int8_t)v;
    flat_fault(&r->faults, flat_table_line(&r->t, row),
               "row %zu, column %s: this is not a treatment; write 0 for control, 1 to %d for the "
               "sensitive items",
               row + 1, r->o->treat, STUDY_MAX_SENSITIVE);
    return FRAME_MISSING;
}

static int16_t read_count(struct reading *r, size_t row)
{
    const char *s = cell(r, row, r->y);
    size_t line = flat_table_line(&r->t, row);
    long v;
    if (missing(s))
        return FRAME_NO_REASON;
    if (!parse_whole(s, &v))
        flat_fault(
            &r->faults, line,
            "row %zu, column %s: this is not a whole number; correct it, or leave it empty if "
            "it is missing",
            row + 1, r->o->y);
    else if (v < 0 || v > r->o->items + 1)
        flat_fault(
            &r->faults, line,
            "row %zu, column %s: a count %s is not possible with %d items; correct it, leave "
            "it empty if it is missing, or correct --items",
            row + 1, r->o->y, v < 0 ? "below 0" : "above J + 1", r->o->items);
    else
        return (int16_t)v;
    return FRAME_NO_REASON;
}

static double read_weight(struct reading *r, size_t row)
{
    const char *s = cell(r, row, r->weights);
    double v;
    if (!missing(s) && parse_weight(s, &v) && isfinite(v) && v > 0)
        return v;
    flat_fault(&r->faults, flat_table_line(&r->t, row),
               "row %zu, column %s: this is not a weight; every row needs a number above 0",
               row + 1, r->o->weights);
    return 1;
}

static void need_value(struct reading *r, size_t row, int column)
{
    if (column != NO_COLUMN && missing(cell(r, row, column)))
        flat_fault(
            &r->faults, flat_table_line(&r->t, row),
            "row %zu, column %s: there is no value; every row needs one to belong to the design",
            row + 1, flat_table_name(&r->t, (size_t)column));
}

static enum err read_rows(struct reading *r)
{
    size_t rows = r->t.rows;
    r->kept = malloc((rows + 1) * sizeof *r->kept);
    r->arm = malloc((rows + 1) * sizeof *r->arm);
    r->count = malloc((rows + 1) * sizeof *r->count);
    r->weight = malloc((rows + 1) * sizeof *r->weight);
    if (r->kept == NULL || r->arm == NULL || r->count == NULL || r->weight == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < rows; i++) {
        int8_t arm = read_arm(r, i);
        int16_t count = read_count(r, i); /* judged in rows without an arm too */
        if (arm == FRAME_MISSING)
            continue;
        r->kept[r->n] = (uint32_t)i;
        r->arm[r->n] = arm;
        r->count[r->n] = count;
        r->weight[r->n] = r->weights != NO_COLUMN ? read_weight(r, i) : 1;
        need_value(r, i, r->cluster);
        need_value(r, i, r->strata);
        r->n++;
    }
    return ERR_OK;
}

/* Arms 0..K, each with somebody in it. */
static size_t check_arms(struct reading *r)
{
    size_t in_arm[FRAME_MAX_ARMS] = {0}, arms = 2;
    for (size_t i = 0; i < r->n; i++) {
        in_arm[r->arm[i]]++;
        if ((size_t)r->arm[i] >= arms)
            arms = (size_t)r->arm[i] + 1;
    }
    for (size_t k = 0; k < arms; k++)
        if (in_arm[k] == 0)
            flat_fault(
                &r->faults, 0,
                "column %s: nobody has %zu; an experiment needs a control group (0) and every "
                "treatment from 1 on",
                r->o->treat, k);
    return arms;
}

static enum err add_list(struct reading *r, size_t arms, struct frame *f)
{
    struct frame_list *l = calloc(1, sizeof *l);
    if (l == NULL)
        return ERR_NOMEM;
    f->list = l;
    f->lists = 1;
    l->items = r->o->items;
    l->arms = arms;
    l->has_hide = r->o->has_hide;
    for (size_t k = 1; k < arms; k++) {
        char name[24];
        l->hide[k] = r->o->hide;
        snprintf(name, sizeof name, "%zu", k);
        if (arms > 2 && (l->sensitive[k] = strdup(name)) == NULL)
            return ERR_NOMEM;
    }
    l->arm = r->arm;
    l->count = r->count;
    r->arm = NULL;
    r->count = NULL;
    if (r->weights != NO_COLUMN) {
        f->weight = r->weight;
        r->weight = NULL;
    }
    return ERR_OK;
}

static enum err add_columns(struct reading *r, struct frame *f)
{
    enum err e = ERR_OK;
    const char **text = malloc((r->n + 1) * sizeof *text);
    if (text == NULL)
        return ERR_NOMEM;
    for (size_t c = 0; c < r->t.columns && e == ERR_OK; c++) {
        int at = (int)c;
        if (at == r->y || at == r->treat || at == r->weights)
            continue;
        if (flat_table_name(&r->t, c)[0] == '\0') {
            log_note("%s: column %zu has no name and was left out", r->faults.path, c + 1);
            continue;
        }
        for (size_t i = 0; i < r->n; i++) {
            text[i] = cell(r, r->kept[i], at);
            if (missing(text[i]))
                text[i] = NULL;
        }
        e = frame_add_texts(f, flat_table_name(&r->t, c), text);
    }
    free(text);
    return e;
}

/* The levels of a column as design numbers. */
static enum err add_design(const struct reading *r, const struct frame *f, int column,
                           int32_t **out, size_t *count)
{
    if (column == NO_COLUMN)
        return ERR_OK;
    const char *name = flat_table_name(&r->t, (size_t)column);
    int at = frame_find(f, name);
    if (at < 0)
        return log_fail(ERR_STUDY, "%s: column %s cannot be part of the design", r->faults.path,
                        name);
    enum err e = frame_levels(f, at);
    if (e != ERR_OK)
        return e;
    if ((*out = malloc((f->n + 1) * sizeof **out)) == NULL)
        return ERR_NOMEM;
    memcpy(*out, f->column[at].row, f->n * sizeof **out);
    *count = f->column[at].levels;
    return ERR_OK;
}

static enum err build(struct reading *r, size_t arms, struct frame **out)
{
    struct frame *f = NULL;
    enum err e = frame_new(r->n, &f);
    if (e != ERR_OK || (e = add_list(r, arms, f)) != ERR_OK || (e = add_columns(r, f)) != ERR_OK ||
        (e = add_design(r, f, r->cluster, &f->psu, &f->psus)) != ERR_OK ||
        (e = add_design(r, f, r->strata, &f->stratum, &f->strata)) != ERR_OK)
        goto out;
    *out = f;
    f = NULL;
out:
    frame_free(f);
    return e;
}

enum err flat_read(const char *path, const struct flat_options *o, struct frame **out)
{
    struct reading r = {.o = o, .faults = {.path = path}};
    enum err e = flat_table_read(path, &r.faults, &r.t), end;
    if (e != ERR_OK)
        goto out;
    size_t before = r.faults.count; /* ragged rows; what else is wrong is told along with them */
    r.y = find_column(&r, "y", o->y);
    r.treat = find_column(&r, "treat", o->treat);
    r.weights = find_column(&r, "weights", o->weights);
    r.cluster = find_column(&r, "cluster", o->cluster);
    r.strata = find_column(&r, "strata", o->strata);
    if (r.y != NO_COLUMN && r.y == r.treat)
        flat_fault(&r.faults, 0, "column %s cannot be both --y and --treat", o->y);
    if (r.faults.count > before)
        goto out;
    if ((e = read_rows(&r)) != ERR_OK)
        goto out;
    size_t arms = r.faults.count == 0 ? check_arms(&r) : 0;
    if (r.faults.count > 0)
        goto out;
    if (r.n < r.t.rows)
        log_note("%s: %zu rows without a value in %s were left out", path, r.t.rows - r.n,
                 o->treat);
    e = build(&r, arms, out);
out:
    end = flat_faults_end(&r.faults);
    flat_table_free(&r.t);
    free(r.kept);
    free(r.arm);
    free(r.count);
    free(r.weight);
    return e != ERR_OK ? e : end;
}
