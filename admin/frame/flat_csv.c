/* CSV files by libcsv, in pieces: neither the file nor its cells are ever in memory as a whole. */
#include <csv.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <unistr.h>

#include "admin/frame/flat_table.h"
#include "core/log.h"

enum { CHUNK = 1 << 18, HEADER_LINE = 1 };
static const long long MAX_BYTES = 1LL << 32;

/* What libcsv's two callbacks share. */
struct parse {
    struct flat_table *t;
    struct flat_faults *faults;
    size_t row;      /* being read; not of the header */
    size_t fields;   /* of the row so far */
    size_t line;     /* of the file, from 1 */
    size_t bad_line; /* the first that is not UTF-8; 0: none */
    bool after_cr;   /* a line feed now belongs to the carriage return before it */
    bool has_header, again;
    enum err failed;
};

static bool missing(const char *s, size_t n)
{
    return n == 0 || (n == 1 && s[0] == '.') || (n == 2 && s[0] == 'N' && s[1] == 'A');
}

static void check_text(struct parse *p, const char *s, size_t n)
{
    if (p->bad_line == 0 && u8_check((const uint8_t *)s, n) != NULL)
        p->bad_line = p->line;
}

/* A cell that is more than one digit. */
static void take_cell(struct parse *p, struct flat_column *c, const char *s, size_t n)
{
    double v;
    if (!c->open)
        return;
    if (missing(s, n)) {
        flat_table_missing(c, p->row);
    } else if (c->kind == FLAT_NUMBERS && frame_parse_number(s, n, &v)) {
        enum err e = flat_table_number(c, p->t->room, p->row, v);
        if (e != ERR_OK)
            p->failed = e;
    } else {
        size_t before = c->texts != NULL ? texts_count(c->texts) : 0;
        enum err e = flat_table_text(c, p->t->room, p->row, s, n);
        if (e != ERR_OK)
            p->failed = e;
        if (c->texts == NULL || texts_count(c->texts) > before)
            check_text(p, s, n);
    }
}

static void on_field(void *cell, size_t n, void *ctx)
{
    struct parse *p = ctx;
    const char *s = cell;
    size_t at = p->fields++;
    bool kept = p->has_header && at < p->t->columns && p->row < FLAT_MAX_ROWS;
    struct flat_column *c = kept ? &p->t->column[at] : NULL;
    p->after_cr = false;
    if (kept && n == 1 && s[0] >= '0' && s[0] <= '9' && c->small != NULL && c->open) {
        c->small[p->row] = (int8_t)(s[0] - '0'); /* most of a survey */
        c->seen = true;
        return;
    }
    for (size_t i = 0; i < n; i++)
        p->line += s[i] == '\n';
    if (p->failed != ERR_OK)
        return;
    if (kept) {
        take_cell(p, c, s, n);
    } else if (!p->has_header && !p->again) {
        check_text(p, s, n);
        if (at <= FRAME_MAX_COLUMNS)
            p->failed = flat_table_add_column(p->t, s, n);
    }
}

static void end_row(struct parse *p)
{
    struct flat_table *t = p->t;
    if (!p->has_header) {
        p->has_header = true; /* a second reading has its columns */
        p->failed = flat_table_room(t);
        return;
    }
    if (p->row < FLAT_MAX_ROWS) {
        if (p->fields != t->columns && !p->again)
            flat_fault(
                p->faults, p->line,
                "row %zu has %zu fields, the header has %zu; add or remove commas, or quote texts "
                "that hold one",
                p->row + 1, p->fields, t->columns);
        for (size_t i = p->fields; i < t->columns; i++)
            flat_table_missing(&t->column[i], p->row);
        if (!p->again) {
            flat_table_row_line(t, p->row, p->line);
            t->rows++;
            p->failed = flat_table_room(t);
        }
    }
    p->row++;
    if (p->again && p->row == t->rows) /* the file has grown meanwhile */
        p->row = FLAT_MAX_ROWS;
}

static void on_line_end(int c, void *ctx)
{
    struct parse *p = ctx;
    bool pair = c == '\n' && p->after_cr;
    if (p->fields > 0 && p->failed == ERR_OK)
        end_row(p);
    p->fields = 0;
    p->line += !pair;
    p->after_cr = c == '\r';
}

static enum err quotes(struct csv_parser *csv, struct parse *p)
{
    if (csv_error(csv) != CSV_EPARSE)
        return ERR_NOMEM;
    flat_fault(p->faults, p->line,
               "from here on the quotes do not fit: a text with quotes stands in quotes, and a "
               "quote inside it is written twice");
    return ERR_STUDY;
}

static enum err not_csv(const struct parse *p)
{
    return log_fail(ERR_FORMAT, "%s: this is not a CSV file; save the table as \"CSV UTF-8\"",
                    p->faults->path);
}

static enum err feed(struct csv_parser *csv, const uint8_t *chunk, size_t n, struct parse *p)
{
    if (memchr(chunk, 0, n) != NULL)
        return not_csv(p);
    if (csv_parse(csv, chunk, n, on_field, on_line_end, p) != n)
        return quotes(csv, p);
    return p->failed;
}

static size_t mark_of(const uint8_t *chunk, size_t n) /* a byte order mark */
{
    return n >= 3 && memcmp(chunk, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

static enum err parse_file(int fd, uint8_t *chunk, struct parse *p)
{
    struct csv_parser csv;
    enum err e = ERR_OK;
    bool any = false;
    if (lseek(fd, 0, SEEK_SET) != 0)
        return log_fail(ERR_FILE, "%s: %s", p->faults->path, strerror(errno));
    if (csv_init(&csv, CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL) != 0)
        return ERR_NOMEM;
    while (e == ERR_OK) {
        ssize_t got = read(fd, chunk, CHUNK);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            e = log_fail(ERR_FILE, "%s: %s", p->faults->path, strerror(errno));
        if (got <= 0)
            break;
        size_t skip = any ? 0 : mark_of(chunk, (size_t)got);
        any = true;
        e = feed(&csv, chunk + skip, (size_t)got - skip, p);
    }
    if (e == ERR_OK && !any)
        e = not_csv(p);
    if (e == ERR_OK && csv_fini(&csv, on_field, on_line_end, p) != 0)
        e = quotes(&csv, p);
    csv_free(&csv);
    return e != ERR_OK ? e : p->failed;
}

static enum err open_file(const char *path, int *fd)
{
    struct stat st;
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0)
        return log_fail(ERR_FILE, "%s: %s", path, strerror(errno));
    if (fstat(*fd, &st) != 0 || !S_ISREG(st.st_mode))
        return log_fail(ERR_FILE, "%s: this is not a file", path);
    if ((long long)st.st_size > MAX_BYTES)
        return log_fail(ERR_FORMAT, "%s: larger than the %lld bytes allowed; is it the right file?",
                        path, MAX_BYTES);
    return ERR_OK;
}

static enum err judge(const struct parse *p)
{
    const struct flat_table *t = p->t;
    if (p->bad_line > 0)
        flat_fault(p->faults, p->bad_line,
                   "this is not UTF-8 text; save the table as \"CSV UTF-8\"");
    else if (p->row > FLAT_MAX_ROWS)
        flat_fault(p->faults, 0, "more than %d rows; cut the file", FLAT_MAX_ROWS);
    else if (t->columns == 0)
        flat_fault(p->faults, 0, "there is no header line");
    else if (t->columns > FRAME_MAX_COLUMNS)
        flat_fault(p->faults, HEADER_LINE, "more than %d columns; leave some out",
                   FRAME_MAX_COLUMNS);
    else if (t->columns == 1 && strpbrk(t->column[0].name, ";\t") != NULL)
        flat_fault(p->faults, HEADER_LINE,
                   "there is only one column; the file seems to have semicolons or tabs between "
                   "the fields: save it with commas");
    else
        return flat_table_check(t, p->faults);
    return ERR_STUDY;
}

enum err flat_table_csv(const char *path, struct flat_faults *faults, struct flat_table *out)
{
    struct parse p = {.t = out, .faults = faults, .line = 1};
    uint8_t *chunk = malloc(CHUNK);
    bool again = false;
    int fd = -1;
    enum err e = chunk == NULL ? ERR_NOMEM : open_file(path, &fd);
    out->lined = true;
    if (e != ERR_OK || (e = parse_file(fd, chunk, &p)) != ERR_OK || (e = judge(&p)) != ERR_OK ||
        (e = flat_table_again(out, &again)) != ERR_OK)
        goto out;
    if (again) { /* texts among numbers: their column once more, as texts */
        struct parse second = {.t = out, .faults = faults, .line = 1, .again = true};
        e = parse_file(fd, chunk, &second);
    }
    if (e == ERR_OK && out->lines.failed)
        e = ERR_NOMEM;
out:
    if (fd >= 0)
        close(fd);
    free(chunk);
    return e;
}
