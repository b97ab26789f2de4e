#include "admin/frame/flat_table.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"

void flat_fault(struct flat_faults *faults, size_t line, const char *fmt, ...)
{
    char what[768];
    va_list ap;
    if (faults->count++ >= FLAT_MAX_FAULTS)
        return;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    if (line > 0)
        log_note("%s:%zu: %s", faults->path, line, what);
    else
        log_note("%s: %s", faults->path, what);
}

enum err flat_faults_end(const struct flat_faults *faults)
{
    if (faults->count > FLAT_MAX_FAULTS)
        log_note("%s: and %zu more mistakes", faults->path, faults->count - FLAT_MAX_FAULTS);
    return faults->count == 0 ? ERR_OK : ERR_STUDY;
}

void flat_table_free(struct flat_table *t)
{
    for (size_t i = 0; i < t->columns; i++) {
        struct flat_column *c = &t->column[i];
        for (size_t k = 0; k < c->value_labels; k++)
            free(c->value_label[k].text);
        free(c->value_label);
        free(c->name);
        free(c->label);
        free(c->small);
        free(c->number);
        free(c->text);
        texts_free(c->texts);
    }
    free(t->column);
    buffer_free(&t->lines);
    *t = (struct flat_table){0};
}

enum flat_cell flat_table_cell(const struct flat_table *t, size_t row, size_t column,
                               double *number, const char **text)
{
    const struct flat_column *c = &t->column[column];
    if (c->kind == FLAT_NUMBERS && c->small != NULL) {
        *number = c->small[row];
        return c->small[row] == FRAME_SMALL_MISSING ? FLAT_MISSING : FLAT_NUMBER;
    }
    if (c->kind == FLAT_NUMBERS) {
        *number = c->number[row];
        return isnan(*number) ? FLAT_MISSING : FLAT_NUMBER;
    }
    if (c->kind != FLAT_TEXTS || c->text[row] == FRAME_MISSING)
        return FLAT_MISSING;
    *text = texts_at(c->texts, c->text[row]);
    return FLAT_TEXT;
}

/* From this row on, line = row + distance, until the next entry. */
struct flat_line {
    uint32_t row, distance;
};

static struct flat_line line_entry(const struct flat_table *t, size_t i)
{
    struct flat_line l;
    memcpy(&l, t->lines.p + i * sizeof l, sizeof l);
    return l;
}

void flat_table_row_line(struct flat_table *t, size_t row, size_t line)
{
    size_t entries = t->lines.len / sizeof(struct flat_line);
    struct flat_line l = {(uint32_t)row, (uint32_t)(line - row)};
    if (entries == 0 || line_entry(t, entries - 1).distance != l.distance)
        buffer_add(&t->lines, &l, sizeof l);
    t->lined = true;
}

size_t flat_table_line(const struct flat_table *t, size_t row)
{
    size_t entries = t->lines.len / sizeof(struct flat_line), distance = 0;
    if (!t->lined)
        return 0;
    for (size_t i = 0; i < entries && line_entry(t, i).row <= row; i++)
        distance = line_entry(t, i).distance;
    return row + distance;
}

void flat_table_keep(struct flat_table *t, const uint8_t *keep)
{
    size_t kept = 0;
    for (size_t i = 0; i < t->columns; i++) {
        struct flat_column *c = &t->column[i];
        kept = 0;
        for (size_t row = 0; row < t->rows; row++) {
            if (keep[row] == 0)
                continue;
            if (c->small != NULL)
                c->small[kept] = c->small[row];
            else if (c->number != NULL)
                c->number[kept] = c->number[row];
            else if (c->text != NULL)
                c->text[kept] = c->text[row];
            kept++;
        }
    }
    t->rows = kept;
}

enum err flat_table_add_column(struct flat_table *t, const char *name, size_t n)
{
    struct flat_column *more = realloc(t->column, (t->columns + 1) * sizeof *more);
    if (more == NULL)
        return ERR_NOMEM;
    t->column = more;
    char *copy = malloc(n + 1);
    if (copy == NULL)
        return ERR_NOMEM;
    memcpy(copy, name, n);
    copy[n] = '\0';
    t->column[t->columns++] = (struct flat_column){.name = copy, .open = n > 0};
    return ERR_OK;
}

/* Room is virtual until it is written to; hence the doubling costs nothing. */
static enum err column_room(struct flat_column *c, size_t room)
{
    void *more = NULL;
    if (!c->open || c->kind == FLAT_MIXED || c->kind == FLAT_DROPPED)
        return ERR_OK;
    if (c->kind == FLAT_TEXTS && (more = realloc(c->text, room * sizeof *c->text)) != NULL)
        c->text = more;
    else if (c->kind == FLAT_NUMBERS && c->number != NULL &&
             (more = realloc(c->number, room * sizeof *c->number)) != NULL)
        c->number = more;
    else if (c->kind == FLAT_NUMBERS && c->number == NULL &&
             (more = realloc(c->small, room * sizeof *c->small)) != NULL)
        c->small = more;
    return more != NULL ? ERR_OK : ERR_NOMEM;
}

enum err flat_table_room(struct flat_table *t)
{
    enum err e = ERR_OK;
    if (t->rows < t->room)
        return e;
    size_t room = t->room == 0 ? 1024 : 2 * t->room;
    for (size_t i = 0; i < t->columns && e == ERR_OK; i++)
        e = column_room(&t->column[i], room);
    if (e == ERR_OK)
        t->room = room;
    return e;
}

void flat_table_missing(struct flat_column *c, size_t row)
{
    if (!c->open)
        return;
    if (c->kind == FLAT_TEXTS)
        c->text[row] = FRAME_MISSING;
    else if (c->small != NULL)
        c->small[row] = FRAME_SMALL_MISSING;
    else if (c->number != NULL)
        c->number[row] = NAN;
}

/* A number that no byte holds has come: doubles from now on. */
static enum err widen(struct flat_column *c, size_t room, size_t before)
{
    if ((c->number = malloc(room * sizeof *c->number)) == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < before; i++)
        c->number[i] = c->small[i] == FRAME_SMALL_MISSING ? NAN : c->small[i];
    free(c->small);
    c->small = NULL;
    return ERR_OK;
}

enum err flat_table_number(struct flat_column *c, size_t room, size_t row, double v)
{
    bool fits = fabs(v) <= FRAME_SMALL_MOST && v == (double)(int8_t)v;
    c->seen = true;
    if (c->small != NULL && fits) {
        c->small[row] = (int8_t)v;
        return ERR_OK;
    }
    if (c->small != NULL && widen(c, room, row) != ERR_OK)
        return ERR_NOMEM;
    c->number[row] = v;
    return ERR_OK;
}

static void forget_numbers(struct flat_column *c)
{
    free(c->small);
    free(c->number);
    c->small = NULL;
    c->number = NULL;
}

/* The first value of a column is a text, in this row: all before are missing. */
static enum err start_texts(struct flat_column *c, size_t room, size_t before)
{
    enum err e = texts_new(&c->texts);
    if (e != ERR_OK || (c->text = malloc(room * sizeof *c->text)) == NULL)
        return ERR_NOMEM;
    forget_numbers(c);
    c->kind = FLAT_TEXTS;
    for (size_t i = 0; i < before; i++)
        c->text[i] = FRAME_MISSING;
    return ERR_OK;
}

enum err flat_table_text(struct flat_column *c, size_t room, size_t row, const char *s, size_t n)
{
    enum err e = ERR_OK;
    if (!c->open)
        return e;
    if (c->kind == FLAT_NUMBERS && c->seen) {
        c->kind = FLAT_MIXED;
        forget_numbers(c);
    } else if (c->kind == FLAT_NUMBERS) {
        e = start_texts(c, room, row);
    }
    if (e != ERR_OK || c->kind != FLAT_TEXTS)
        return e;
    c->seen = true;
    e = texts_number(c->texts, s, n, &c->text[row]);
    if (e == ERR_STATE) {
        c->kind = FLAT_DROPPED;
        free(c->text);
        c->text = NULL;
        e = ERR_OK;
    }
    return e;
}

enum err flat_table_again(struct flat_table *t, bool *again)
{
    *again = false;
    for (size_t i = 0; i < t->columns; i++) {
        struct flat_column *c = &t->column[i];
        c->open = c->kind == FLAT_MIXED;
        if (!c->open)
            continue;
        *again = true;
        if (start_texts(c, t->room, t->rows) != ERR_OK)
            return ERR_NOMEM;
    }
    return ERR_OK;
}

static bool has_control(const char *s)
{
    for (; *s != '\0'; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            return true;
    return false;
}

enum err flat_table_check(const struct flat_table *t, struct flat_faults *faults)
{
    size_t before = faults->count, line = t->lined ? 1 : 0;
    for (size_t i = 0; i < t->columns; i++) {
        const char *name = t->column[i].name;
        if (has_control(name))
            flat_fault(faults, line,
                       "the name of column %zu holds a line break or a tab; rename it", i + 1);
        for (size_t j = 0; j < i && name[0] != '\0'; j++) {
            if (strcmp(t->column[j].name, name) == 0) {
                flat_fault(faults, line, "columns %zu and %zu are both called %s; rename one",
                           j + 1, i + 1, name);
                break;
            }
        }
    }
    if (t->rows == 0)
        flat_fault(faults, 0, "there are no rows%s", t->lined ? " below the header" : "");
    return faults->count == before ? ERR_OK : ERR_STUDY;
}
