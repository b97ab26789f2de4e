#include "admin/frame/flat.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/frame/flat_table.h"
#include "admin/frame/weights_file.h"
#include "core/log.h"

enum { NO_COLUMN = -1, LISTS = 2 };

/* One list experiment of the file. */
struct listing {
    const char *y_name, *treat_name;
    int y, treat; /* columns, or NO_COLUMN */
    size_t arms;
    int8_t *arm;
    int16_t *count;
};

/* Messages name row and column, never what a respondent's cell holds. */
struct reading {
    const struct flat_options *o;
    struct flat_faults faults;
    struct flat_table t;
    struct listing list[LISTS];
    size_t lists;
    int weights, cluster, strata; /* columns, or NO_COLUMN */
    uint8_t *keep;                /* per row of the file */
    double *weight;               /* per row kept */
    size_t n;                     /* rows kept */
};

static const struct format {
    const char *ending;
    enum err (*read)(const char *path, struct flat_faults *faults, struct flat_table *out);
} formats[] = {
    {".csv", flat_table_csv},
    {".dta", flat_table_stata},
    {".sav", flat_table_spss},
};
enum { FORMATS = sizeof formats / sizeof *formats };

static const struct format *format_of(const char *path)
{
    size_t n = strlen(path);
    for (size_t i = 0; i < FORMATS; i++) {
        size_t m = strlen(formats[i].ending);
        if (n > m && strcmp(path + n - m, formats[i].ending) == 0)
            return &formats[i];
    }
    return NULL;
}

bool flat_is_file(const char *path)
{
    return format_of(path) != NULL;
}

static int find_column(struct reading *r, const char *option, const char *name)
{
    struct buffer names = {0};
    if (name == NULL)
        return NO_COLUMN;
    for (size_t i = 0; i < r->t.columns; i++)
        if (name[0] != '\0' && strcmp(r->t.column[i].name, name) == 0)
            return (int)i;
    for (size_t i = 0; i < r->t.columns; i++)
        buffer_printf(&names, "%s%s", i > 0 ? ", " : "", r->t.column[i].name);
    flat_fault(&r->faults, r->t.lined ? 1 : 0, "--%s %s: there is no such column; there are: %.*s",
               option, name, (int)(names.len < 500 ? names.len : 500),
               names.p != NULL ? (char *)names.p : "");
    buffer_free(&names);
    return NO_COLUMN;
}

/* The number in a cell: also "2.0" and 02, as programs and people write them. */
static enum flat_cell number_at(const struct reading *r, size_t row, int column, double *out)
{
    const char *s = NULL;
    char *end;
    enum flat_cell cell = flat_table_cell(&r->t, row, (size_t)column, out, &s);
    if (cell != FLAT_TEXT || s[strspn(s, "0123456789+-.eE")] != '\0')
        return cell;
    double v = strtod(s, &end);
    if (end == s || *end != '\0')
        return cell;
    *out = v;
    return FLAT_NUMBER;
}

/* The arm of a row; FRAME_MISSING where there is none or it is wrong. */
static int8_t read_arm(struct reading *r, const struct listing *l, size_t row)
{
    double v = 0;
    enum flat_cell cell = number_at(r, row, l->treat, &v);
    if (cell == FLAT_MISSING)
        return FRAME_MISSING;
    if (cell == FLAT_NUMBER && v >= 0 && v <= STUDY_MAX_SENSITIVE && floor(v) == v)
        return (int8_t)v;
    flat_fault(&r->faults, flat_table_line(&r->t, row),
               "row %zu, column %s: this is not a treatment; write 0 for control, 1 to %d for the "
               "sensitive items",
               row + 1, l->treat_name, STUDY_MAX_SENSITIVE);
    return FRAME_MISSING;
}

static int16_t read_count(struct reading *r, const struct listing *l, size_t row)
{
    double v = 0;
    enum flat_cell cell = number_at(r, row, l->y, &v);
    if (cell == FLAT_MISSING)
        return FRAME_NO_REASON;
    if (cell == FLAT_NUMBER && v >= 0 && v <= r->o->items + 1 && floor(v) == v)
        return (int16_t)v;
    size_t line = flat_table_line(&r->t, row);
    if (cell == FLAT_TEXT || floor(v) != v)
        flat_fault(
            &r->faults, line,
            "row %zu, column %s: this is not a whole number; correct it, or leave it empty if "
            "it is missing",
            row + 1, l->y_name);
    else
        flat_fault(
            &r->faults, line,
            "row %zu, column %s: a count %s is not possible with %d items; correct it, leave "
            "it empty if it is missing, or correct --items",
            row + 1, l->y_name, v < 0 ? "below 0" : "above J + 1", r->o->items);
    return FRAME_NO_REASON;
}

static double read_weight(struct reading *r, size_t row)
{
    double v = 0;
    if (number_at(r, row, r->weights, &v) == FLAT_NUMBER && isfinite(v) && v > 0)
        return v;
    flat_fault(&r->faults, flat_table_line(&r->t, row),
               "row %zu, column %s: this is not a weight; every row needs a number above 0",
               row + 1, r->o->weights);
    return 1;
}

static void need_value(struct reading *r, size_t row, int column)
{
    double v;
    const char *s;
    if (column != NO_COLUMN && flat_table_cell(&r->t, row, (size_t)column, &v, &s) == FLAT_MISSING)
        flat_fault(
            &r->faults, flat_table_line(&r->t, row),
            "row %zu, column %s: there is no value; every row needs one to belong to the design",
            row + 1, r->t.column[column].name);
}

static enum err read_rows(struct reading *r)
{
    size_t rows = r->t.rows;
    r->keep = malloc(rows + 1);
    r->weight = r->weights != NO_COLUMN ? malloc((rows + 1) * sizeof *r->weight) : NULL;
    if (r->keep == NULL || (r->weights != NO_COLUMN && r->weight == NULL))
        return ERR_NOMEM;
    for (size_t k = 0; k < r->lists; k++) {
        r->list[k].arm = malloc((rows + 1) * sizeof *r->list[k].arm);
        r->list[k].count = malloc((rows + 1) * sizeof *r->list[k].count);
        if (r->list[k].arm == NULL || r->list[k].count == NULL)
            return ERR_NOMEM;
    }
    for (size_t i = 0; i < rows; i++) {
        for (size_t k = 0; k < r->lists; k++) { /* judged in rows without an arm too */
            struct listing *l = &r->list[k];
            l->arm[r->n] = read_arm(r, l, i);
            l->count[r->n] = read_count(r, l, i);
        }
        r->keep[i] = r->list[0].arm[r->n] != FRAME_MISSING;
        if (r->keep[i] == 0)
            continue;
        if (r->weights != NO_COLUMN)
            r->weight[r->n] = read_weight(r, i);
        need_value(r, i, r->cluster);
        need_value(r, i, r->strata);
        r->n++;
    }
    return ERR_OK;
}

/* Arms 0..K, each with somebody in it. */
static void check_arms(struct reading *r, struct listing *l)
{
    size_t in_arm[FRAME_MAX_ARMS] = {0};
    l->arms = 2;
    for (size_t i = 0; i < r->n; i++) {
        if (l->arm[i] == FRAME_MISSING)
            continue;
        in_arm[l->arm[i]]++;
        if ((size_t)l->arm[i] >= l->arms)
            l->arms = (size_t)l->arm[i] + 1;
    }
    for (size_t k = 0; k < l->arms; k++)
        if (in_arm[k] == 0)
            flat_fault(
                &r->faults, 0,
                "column %s: nobody has %zu; an experiment needs a control group (0) and every "
                "treatment from 1 on",
                l->treat_name, k);
}

static enum err add_list(struct reading *r, struct listing *from, struct frame *f)
{
    struct frame_list *l = &f->list[f->lists++];
    l->items = r->o->items;
    l->arms = from->arms;
    l->has_hide = r->o->has_hide;
    for (size_t k = 1; k < l->arms; k++) {
        char name[24];
        l->hide[k] = r->o->hide;
        snprintf(name, sizeof name, "%zu", k);
        if (l->arms > 2 && (l->sensitive[k] = strdup(name)) == NULL)
            return ERR_NOMEM;
    }
    l->arm = from->arm;
    l->count = from->count;
    from->arm = NULL;
    from->count = NULL;
    return ERR_OK;
}

static enum err add_lists(struct reading *r, struct frame *f)
{
    enum err e = ERR_OK;
    if ((f->list = calloc(r->lists, sizeof *f->list)) == NULL)
        return ERR_NOMEM;
    for (size_t k = 0; e == ERR_OK && k < r->lists; k++)
        e = add_list(r, &r->list[k], f);
    f->weight = r->weight;
    r->weight = NULL;
    return e;
}

static bool is_listed(const struct reading *r, int column)
{
    bool is = column == r->weights;
    for (size_t k = 0; k < r->lists; k++)
        is = is || column == r->list[k].y || column == r->list[k].treat;
    return is;
}

/* Codes, where every value that occurs has a label: as statistical programs show them. */
static bool all_labelled(const struct flat_table *t, size_t column)
{
    const struct flat_column *c = &t->column[column];
    bool any = false;
    double v;
    size_t at = 0; /* equal neighbours are frequent */
    for (size_t i = 0; c->value_labels > 0 && i < t->rows; i++) {
        if (flat_table_cell(t, i, column, &v, NULL) == FLAT_MISSING)
            continue;
        for (size_t k = 0; c->value_label[at].value != v; k++) {
            if (k == c->value_labels)
                return false;
            at = (at + 1) % c->value_labels;
        }
        any = true;
    }
    return any;
}

/* Moves the column into the frame. */
static enum err add_column(struct reading *r, size_t column, struct frame *f)
{
    struct flat_column *c = &r->t.column[column];
    struct frame_column made = {.numbers = c->kind == FLAT_NUMBERS};
    enum err e = ERR_OK;
    if (c->kind == FLAT_DROPPED) {
        log_note("column %s was left out: it has more than %d different texts", c->name,
                 FRAME_MAX_LEVELS);
        return e;
    }
    made.factor = made.numbers && all_labelled(&r->t, column);
    made.label = c->label;
    made.small = c->small;
    made.number = c->number;
    made.value_label = c->value_label;
    made.value_labels = c->value_labels;
    made.row = c->text;
    c->label = NULL;
    c->small = NULL;
    c->number = NULL;
    c->value_label = NULL;
    c->value_labels = 0;
    c->text = NULL;
    if (!made.numbers)
        e = texts_levels(c->texts, r->n, &made);
    if (e == ERR_OK)
        e = frame_add_levels(f, c->name, &made);
    frame_column_free(&made);
    return e;
}

static enum err add_columns(struct reading *r, struct frame *f)
{
    enum err e = ERR_OK;
    for (size_t c = 0; c < r->t.columns && e == ERR_OK; c++) {
        if (is_listed(r, (int)c))
            continue;
        if (r->t.column[c].name[0] == '\0')
            log_note("%s: column %zu has no name and was left out", r->faults.path, c + 1);
        else
            e = add_column(r, c, f);
    }
    return e;
}

/* The levels of a column as design numbers. */
static enum err add_design(const struct reading *r, const struct frame *f, int column,
                           int32_t **out, size_t *count)
{
    if (column == NO_COLUMN)
        return ERR_OK;
    const char *name = r->t.column[column].name;
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

static enum err build(struct reading *r, struct frame **out)
{
    struct frame *f = NULL;
    enum err e = frame_new(r->n, &f);
    if (e != ERR_OK || (e = add_lists(r, f)) != ERR_OK || (e = add_columns(r, f)) != ERR_OK ||
        (e = add_design(r, f, r->cluster, &f->psu, &f->psus)) != ERR_OK ||
        (e = add_design(r, f, r->strata, &f->stratum, &f->strata)) != ERR_OK)
        goto out;
    *out = f;
    f = NULL;
out:
    frame_free(f);
    return e;
}

static void find_columns(struct reading *r)
{
    const struct flat_options *o = r->o;
    r->list[0] = (struct listing){.y_name = o->y, .treat_name = o->treat};
    r->list[1] = (struct listing){.y_name = o->y2, .treat_name = o->treat2};
    r->lists = o->y2 != NULL ? 2 : 1;
    for (size_t k = 0; k < r->lists; k++) {
        struct listing *l = &r->list[k];
        l->y = find_column(r, k == 0 ? "y" : "y2", l->y_name);
        l->treat = find_column(r, k == 0 ? "treat" : "treat2", l->treat_name);
        if (l->y != NO_COLUMN && l->y == l->treat)
            flat_fault(&r->faults, 0, "column %s cannot be both --y and --treat", l->y_name);
    }
    if (r->lists > 1 && r->list[0].y != NO_COLUMN && r->list[0].y == r->list[1].y)
        flat_fault(&r->faults, 0, "column %s cannot be the counts of both lists", o->y);
    r->weights = find_column(r, "weights", o->weights);
    r->cluster = find_column(r, "cluster", o->cluster);
    r->strata = find_column(r, "strata", o->strata);
}

enum err flat_read(const char *path, const struct flat_options *o, struct frame **out)
{
    struct reading r = {.o = o, .faults = {.path = path}};
    enum err e = format_of(path)->read(path, &r.faults, &r.t), end;
    if (e != ERR_OK)
        goto out;
    size_t before = r.faults.count; /* ragged rows; what else is wrong is told along with them */
    find_columns(&r);
    if (r.faults.count > before)
        goto out;
    if ((e = read_rows(&r)) != ERR_OK)
        goto out;
    for (size_t k = 0; k < r.lists && r.faults.count == 0; k++)
        check_arms(&r, &r.list[k]);
    if (r.faults.count > 0)
        goto out;
    if (r.n < r.t.rows) {
        log_note("%s: %zu rows without a value in %s were left out", path, r.t.rows - r.n,
                 o->treat);
        flat_table_keep(&r.t, r.keep);
    }
    e = build(&r, out);
    if (e == ERR_OK && o->weights_file != NULL &&
        (e = weights_file_apply(o->weights_file, *out)) != ERR_OK) {
        frame_free(*out);
        *out = NULL;
    }
out:
    end = flat_faults_end(&r.faults);
    flat_table_free(&r.t);
    free(r.keep);
    free(r.weight);
    for (size_t k = 0; k < LISTS; k++) {
        free(r.list[k].arm);
        free(r.list[k].count);
    }
    return e != ERR_OK ? e : end;
}
