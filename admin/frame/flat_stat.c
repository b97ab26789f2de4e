/* Stata and SPSS files by ReadStat. */
#include <math.h>
#include <readstat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

#include "admin/frame/flat_table.h"
#include "core/log.h"

enum { MAX_VALUE_LABELS = 100000 };

struct named_label { /* one line of a set of value labels */
    char *set, *text;
    double value;
};

struct loading {
    struct flat_table *t;
    struct flat_faults *faults;
    struct named_label *label;
    size_t labels, room;
    char **set; /* of each column: its set of value labels, or NULL */
    bool too_many_rows, too_many_columns;
    enum err failed;
};

static int stop(struct loading *l, enum err e)
{
    if (l->failed == ERR_OK)
        l->failed = e;
    return READSTAT_HANDLER_ABORT;
}

static int on_metadata(readstat_metadata_t *m, void *ctx)
{
    struct loading *l = ctx;
    l->too_many_rows = readstat_get_row_count(m) > FLAT_MAX_ROWS;
    l->too_many_columns = readstat_get_var_count(m) > FRAME_MAX_COLUMNS;
    return l->too_many_rows || l->too_many_columns ? stop(l, ERR_STUDY) : READSTAT_HANDLER_OK;
}

static bool is_utf8(const char *s)
{
    return u8_check((const uint8_t *)s, strlen(s)) == NULL;
}

static char *copy_of(const char *s)
{
    return s != NULL && s[0] != '\0' && is_utf8(s) ? strdup(s) : NULL;
}

static int on_variable(int index, readstat_variable_t *v, const char *set, void *ctx)
{
    struct loading *l = ctx;
    const char *name = readstat_variable_get_name(v);
    (void)index;
    if (name != NULL && !is_utf8(name))
        return stop(l, ERR_FORMAT);
    if (l->t->columns >= FRAME_MAX_COLUMNS) {
        l->too_many_columns = true;
        return stop(l, ERR_STUDY);
    }
    char **sets = realloc(l->set, (l->t->columns + 1) * sizeof *sets);
    if (sets == NULL)
        return stop(l, ERR_NOMEM);
    l->set = sets;
    sets[l->t->columns] = NULL;
    if (flat_table_add_column(l->t, name != NULL ? name : "", name != NULL ? strlen(name) : 0) !=
        ERR_OK)
        return stop(l, ERR_NOMEM);
    l->t->column[l->t->columns - 1].label = copy_of(readstat_variable_get_label(v));
    l->set[l->t->columns - 1] = copy_of(set);
    return READSTAT_HANDLER_OK;
}

static bool is_text(readstat_value_t v)
{
    return readstat_value_type_class(v) == READSTAT_TYPE_CLASS_STRING;
}

static int on_label(const char *set, readstat_value_t v, const char *text, void *ctx)
{
    struct loading *l = ctx;
    if (is_text(v) || readstat_value_is_system_missing(v) || readstat_value_is_tagged_missing(v) ||
        set == NULL || text == NULL || !is_utf8(text) || l->labels == MAX_VALUE_LABELS)
        return READSTAT_HANDLER_OK;
    if (l->labels == l->room) {
        size_t room = l->room == 0 ? 64 : 2 * l->room;
        struct named_label *more = realloc(l->label, room * sizeof *more);
        if (more == NULL)
            return stop(l, ERR_NOMEM);
        l->label = more;
        l->room = room;
    }
    struct named_label *n = &l->label[l->labels++];
    *n = (struct named_label){strdup(set), strdup(text), readstat_double_value(v) + 0.0};
    return n->set != NULL && n->text != NULL ? READSTAT_HANDLER_OK : stop(l, ERR_NOMEM);
}

/* Rows come in order, and of each every column. */
static int on_value(int row, readstat_variable_t *v, readstat_value_t value, void *ctx)
{
    struct loading *l = ctx;
    struct flat_table *t = l->t;
    int at = readstat_variable_get_index(v);
    enum err e = ERR_OK;
    if (row < 0 || at < 0 || (size_t)at >= t->columns || (size_t)row > t->rows)
        return stop(l, ERR_FORMAT);
    if (row >= FLAT_MAX_ROWS) {
        l->too_many_rows = true;
        return stop(l, ERR_STUDY);
    }
    if ((size_t)row == t->rows) {
        if (flat_table_room(t) != ERR_OK)
            return stop(l, ERR_NOMEM);
        t->rows++;
    }
    struct flat_column *c = &t->column[at];
    if (!c->open)
        return READSTAT_HANDLER_OK;
    if (readstat_value_is_missing(value, v)) {
        flat_table_missing(c, (size_t)row);
    } else if (is_text(value)) {
        const char *s = readstat_string_value(value);
        if (s == NULL || s[0] == '\0')
            flat_table_missing(c, (size_t)row);
        else if (!is_utf8(s))
            return stop(l, ERR_FORMAT);
        else
            e = flat_table_text(c, t->room, (size_t)row, s, strlen(s));
    } else {
        double x = readstat_double_value(value) + 0.0; /* no -0 */
        if (isfinite(x))
            e = flat_table_number(c, t->room, (size_t)row, x);
        else
            flat_table_missing(c, (size_t)row);
    }
    return e == ERR_OK ? READSTAT_HANDLER_OK : stop(l, e);
}

static int by_value(const void *a, const void *b)
{
    double x = ((const struct frame_value_label *)a)->value;
    double y = ((const struct frame_value_label *)b)->value;
    return x < y ? -1 : x > y;
}

/* The labels of ${set} for one column: sorted, of a value that comes twice the first. */
static enum err give_labels(const struct loading *l, const char *set, struct flat_column *c)
{
    size_t count = 0, kept = 0;
    for (size_t i = 0; i < l->labels; i++)
        count += strcmp(l->label[i].set, set) == 0;
    if (count == 0 || c->kind != FLAT_NUMBERS)
        return ERR_OK;
    if ((c->value_label = calloc(count, sizeof *c->value_label)) == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < l->labels; i++) {
        if (strcmp(l->label[i].set, set) != 0)
            continue;
        struct frame_value_label *to = &c->value_label[c->value_labels];
        *to = (struct frame_value_label){l->label[i].value, strdup(l->label[i].text)};
        if (to->text == NULL)
            return ERR_NOMEM;
        c->value_labels++;
    }
    qsort(c->value_label, count, sizeof *c->value_label, by_value);
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && c->value_label[kept - 1].value == c->value_label[i].value)
            free(c->value_label[i].text);
        else
            c->value_label[kept++] = c->value_label[i];
    }
    c->value_labels = kept;
    return ERR_OK;
}

static enum err end_loading(struct loading *l, readstat_error_t r)
{
    enum err e = ERR_OK;
    if (l->too_many_rows)
        flat_fault(l->faults, 0, "more than %d rows; cut the file", FLAT_MAX_ROWS);
    if (l->too_many_columns)
        flat_fault(l->faults, 0, "more than %d columns; leave some out", FRAME_MAX_COLUMNS);
    if (l->failed == ERR_FORMAT || (r != READSTAT_OK && l->failed == ERR_OK))
        return log_fail(r == READSTAT_ERROR_OPEN ? ERR_FILE : ERR_FORMAT,
                        "%s: this file cannot be read (%s); save it anew, or as \"CSV UTF-8\"",
                        l->faults->path, readstat_error_message(r));
    if (l->failed != ERR_OK)
        return l->failed;
    for (size_t i = 0; i < l->t->columns && e == ERR_OK; i++)
        if (l->set[i] != NULL)
            e = give_labels(l, l->set[i], &l->t->column[i]);
    return e == ERR_OK ? flat_table_check(l->t, l->faults) : e;
}

typedef readstat_error_t parse_file(readstat_parser_t *parser, const char *path, void *ctx);

static enum err load(const char *path, parse_file *parse, struct flat_faults *faults,
                     struct flat_table *out)
{
    struct loading l = {.t = out, .faults = faults};
    readstat_parser_t *parser = readstat_parser_init();
    if (parser == NULL)
        return ERR_NOMEM;
    readstat_set_metadata_handler(parser, on_metadata);
    readstat_set_variable_handler(parser, on_variable);
    readstat_set_value_handler(parser, on_value);
    readstat_set_value_label_handler(parser, on_label);
    readstat_error_t r = parse(parser, path, &l);
    readstat_parser_free(parser);
    enum err e = end_loading(&l, r);
    for (size_t i = 0; i < l.labels; i++) {
        free(l.label[i].set);
        free(l.label[i].text);
    }
    for (size_t i = 0; i < out->columns; i++)
        free(l.set[i]);
    free(l.label);
    free(l.set);
    return e;
}

enum err flat_table_stata(const char *path, struct flat_faults *faults, struct flat_table *out)
{
    return load(path, readstat_parse_dta, faults, out);
}

enum err flat_table_spss(const char *path, struct flat_faults *faults, struct flat_table *out)
{
    return load(path, readstat_parse_sav, faults, out);
}
