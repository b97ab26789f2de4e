#include "admin/frame/flat_table.h"

#include <csv.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistr.h>

#include "admin/frame/frame.h"
#include "core/file.h"
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

static uint32_t number_at(const struct buffer *b, size_t i)
{
    uint32_t v;
    memcpy(&v, b->p + i * sizeof v, sizeof v);
    return v;
}

static void add_number(struct buffer *b, size_t v)
{
    uint32_t narrow = (uint32_t)v; /* FLAT_MAX_BYTES fits many times */
    buffer_add(b, &narrow, sizeof narrow);
}

const char *flat_table_name(const struct flat_table *t, size_t column)
{
    return (const char *)t->text.p + number_at(&t->offset, column);
}

const char *flat_table_cell(const struct flat_table *t, size_t row, size_t column)
{
    return flat_table_name(t, (row + 1) * t->columns + column);
}

size_t flat_table_line(const struct flat_table *t, size_t row)
{
    return number_at(&t->line, row + 1);
}

void flat_table_free(struct flat_table *t)
{
    buffer_free(&t->text);
    buffer_free(&t->offset);
    buffer_free(&t->line);
}

/* What libcsv's two callbacks share. */
struct parse {
    struct flat_table *t;
    struct flat_faults *faults;
    size_t fields; /* of the row so far */
    size_t line;   /* of the file, from 1 */
    bool after_cr; /* a line feed now belongs to the carriage return before it */
    bool has_header;
    size_t all_rows; /* with the header */
};

static void on_field(void *s, size_t n, void *ctx)
{
    struct parse *p = ctx;
    const char *text = s;
    p->after_cr = false;
    for (size_t i = 0; i < n; i++)
        p->line += text[i] == '\n';
    p->fields++;
    bool wanted = p->has_header ? p->fields <= p->t->columns : p->fields <= FRAME_MAX_COLUMNS + 1;
    if (!wanted || p->all_rows > FLAT_MAX_ROWS)
        return;
    add_number(&p->t->offset, p->t->text.len);
    buffer_add(&p->t->text, text, n);
    buffer_u8(&p->t->text, 0);
}

static void end_row(struct parse *p)
{
    struct flat_table *t = p->t;
    p->all_rows++;
    if (p->all_rows > FLAT_MAX_ROWS + 1)
        return;
    add_number(&t->line, p->line);
    if (!p->has_header) {
        p->has_header = true;
        t->columns = p->fields;
        return;
    }
    if (p->fields != t->columns)
        flat_fault(
            p->faults, p->line,
            "row %zu has %zu fields, the header has %zu; add or remove commas, or quote texts "
            "that hold one",
            t->rows + 1, p->fields, t->columns);
    for (; p->fields < t->columns; p->fields++) {
        add_number(&t->offset, t->text.len);
        buffer_u8(&t->text, 0);
    }
    t->rows++;
}

static void on_line_end(int c, void *ctx)
{
    struct parse *p = ctx;
    bool pair = c == '\n' && p->after_cr;
    if (p->fields > 0)
        end_row(p);
    p->fields = 0;
    p->line += !pair;
    p->after_cr = c == '\r';
}

static enum err parse_bytes(struct bytes b, struct parse *p)
{
    struct csv_parser csv;
    enum err e = ERR_OK;
    if (csv_init(&csv, CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL) != 0)
        return ERR_NOMEM;
    bool good = csv_parse(&csv, b.p, b.len, on_field, on_line_end, p) == b.len &&
                csv_fini(&csv, on_field, on_line_end, p) == 0;
    if (!good && csv_error(&csv) == CSV_EPARSE) {
        flat_fault(p->faults, p->line,
                   "from here on the quotes do not fit: a text with quotes stands in quotes, and a "
                   "quote inside it is written twice");
        e = ERR_STUDY;
    } else if (!good) {
        e = ERR_NOMEM;
    }
    csv_free(&csv);
    return e;
}

/* Only text goes further: no zero bytes (they would end a cell early), valid UTF-8. */
static enum err check_text(struct bytes b, struct flat_faults *faults)
{
    if (b.len == 0 || memchr(b.p, 0, b.len) != NULL)
        return log_fail(ERR_FORMAT, "%s: this is not a CSV file; save the table as \"CSV UTF-8\"",
                        faults->path);
    const uint8_t *bad = u8_check(b.p, b.len);
    if (bad == NULL)
        return ERR_OK;
    size_t line = 1;
    for (const uint8_t *p = b.p; p < bad; p++)
        line += *p == '\n';
    flat_fault(faults, line, "this is not UTF-8 text; save the table as \"CSV UTF-8\"");
    return ERR_STUDY;
}

static bool has_control(const char *s)
{
    for (; *s != '\0'; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            return true;
    return false;
}

static enum err check_header(const struct flat_table *t, struct flat_faults *faults)
{
    size_t before = faults->count;
    if (t->columns > FRAME_MAX_COLUMNS) {
        flat_fault(faults, 1, "more than %d columns; leave some out", FRAME_MAX_COLUMNS);
        return ERR_STUDY;
    }
    for (size_t i = 0; i < t->columns; i++) {
        const char *name = flat_table_name(t, i);
        if (has_control(name))
            flat_fault(faults, 1, "the name of column %zu holds a line break or a tab; rename it",
                       i + 1);
        for (size_t j = 0; j < i && name[0] != '\0'; j++) {
            if (strcmp(flat_table_name(t, j), name) == 0) {
                flat_fault(faults, 1, "columns %zu and %zu are both called %s; rename one", j + 1,
                           i + 1, name);
                break;
            }
        }
    }
    if (t->columns == 1 && strpbrk(flat_table_name(t, 0), ";\t") != NULL)
        flat_fault(faults, 1,
                   "there is only one column; the file seems to have semicolons or tabs "
                   "between the fields: save it with commas");
    if (t->rows == 0)
        flat_fault(faults, 0, "there are no rows below the header");
    return faults->count == before ? ERR_OK : ERR_STUDY;
}

enum err flat_table_read(const char *path, struct flat_faults *faults, struct flat_table *out)
{
    struct buffer file = {0};
    struct parse p = {.t = out, .faults = faults, .line = 1};
    enum err e = file_read(path, FLAT_MAX_BYTES, false, &file);
    if (e != ERR_OK)
        goto out;
    struct bytes b = buffer_view(&file);
    if (b.len >= 3 && memcmp(b.p, "\xEF\xBB\xBF", 3) == 0)
        b = (struct bytes){b.p + 3, b.len - 3};
    if ((e = check_text(b, faults)) != ERR_OK || (e = parse_bytes(b, &p)) != ERR_OK)
        goto out;
    e = out->text.failed || out->offset.failed || out->line.failed ? ERR_NOMEM : ERR_STUDY;
    if (e == ERR_NOMEM)
        goto out;
    if (p.all_rows > FLAT_MAX_ROWS + 1)
        flat_fault(faults, 0, "more than %d rows; cut the file", FLAT_MAX_ROWS);
    else if (out->columns == 0)
        flat_fault(faults, 0, "there is no header line");
    else
        e = check_header(out, faults);
out:
    buffer_free(&file);
    return e;
}
