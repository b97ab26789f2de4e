#include "core/points.h"

#include <csv.h>
#include <stdlib.h>
#include <string.h>

#include "core/study_memory.h"
#include "core/study_reports.h"
#include "core/study_word.h"

enum { CELL_MAX = 200, BAD_ROWS = 100 /* after so many the rest has the same fault */ };

/* A point list and all it points to; the list comes first, so that its address is the whole's. */
struct whole {
    struct points points;
    struct study_memory memory;
};

/* A list while it is being read. */
struct reading {
    struct points *p;
    struct study_memory *memory;
    struct study_reports reports;
    char *text; /* cells, one after the other; never more bytes than the file */
    unsigned line;
    char *row[POINTS_MAX_COLUMNS];
    size_t cells;      /* seen in this row, kept or not */
    unsigned *line_of; /* one per point */
    size_t room;
    bool bad_row; /* a cell of it could not be taken (said) */
    bool has_header, stopped;
};

static void say(struct reading *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(struct reading *r, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    study_reports_vadd(&r->reports, false, r->line, fmt, ap);
    va_end(ap);
    r->stopped = r->stopped || r->reports.mistakes >= BAD_ROWS;
}

static bool is_clean(const uint8_t *p, size_t len)
{
    uint32_t code = 0;
    for (size_t n; len > 0; p += n, len -= n) {
        n = study_word_char(p, len, &code);
        if (n == 0 || study_word_hidden(code))
            return false;
    }
    return true;
}

static void take_cell(void *data, size_t len, void *ctx)
{
    struct reading *r = ctx;
    const char *name = r->has_header && r->cells < r->p->columns ? r->p->column[r->cells] : NULL;
    if (r->stopped)
        return;
    if (r->cells < POINTS_MAX_COLUMNS) {
        r->row[r->cells] = r->text;
        size_t before = r->reports.mistakes;
        if (!is_clean(data, len))
            say(r,
                "`%s` has characters that are hidden or not UTF-8; delete them and save as UTF-8",
                name != NULL ? name : "the header");
        else if (len > CELL_MAX)
            say(r, "`%s` has %zu bytes; at most %d are allowed: shorten it",
                name != NULL ? name : "the header", len, CELL_MAX);
        else if (len > 0)
            memcpy(r->text, data, len), r->text += len;
        *r->text++ = '\0';
        r->bad_row = r->bad_row || r->reports.mistakes > before;
    }
    r->cells++;
}

static int column_index(const struct points *p, const char *name)
{
    for (size_t i = 0; i < p->columns; i++)
        if (p->column[i] != NULL && strcmp(p->column[i], name) == 0)
            return (int)i;
    return -1;
}

static void take_header(struct reading *r)
{
    struct points *p = r->p;
    r->has_header = true;
    r->stopped = true; /* unless the header is good: without it no row can be judged */
    if (r->bad_row)
        return;
    if (r->cells == 1 && (strchr(r->row[0], ';') != NULL || strchr(r->row[0], '\t') != NULL)) {
        say(r, "the columns are not separated by commas; save the list as CSV with commas");
        return;
    }
    if (r->cells > POINTS_MAX_COLUMNS) {
        say(r, "the list has %zu columns; at most %d are allowed: delete some", r->cells,
            POINTS_MAX_COLUMNS);
        return;
    }
    size_t before = r->reports.mistakes;
    for (size_t i = 0; i < r->cells; i++) {
        if (!study_word_is_name(r->row[i]))
            say(r, "`%s` cannot be the name of a column; use 1 to 32 of a-z, A-Z, 0-9, - and _",
                r->row[i]);
        else if (column_index(p, r->row[i]) >= 0)
            say(r, "the column `%s` stands twice; rename or delete one", r->row[i]);
        p->column[p->columns++] = r->row[i];
    }
    if (column_index(p, "id") < 0)
        say(r, "the header has no column `id`; the first line names the columns: id,label,region");
    p->cell = study_memory_take(r->memory, r->room * p->columns, sizeof *p->cell);
    r->stopped = r->reports.mistakes > before || p->cell == NULL;
}

static bool known_number(const char *column)
{
    return strcmp(column, "target") == 0 || strcmp(column, "addresses") == 0;
}

static void judge_row(struct reading *r)
{
    const struct points *p = r->p;
    for (size_t i = 0; i < p->columns; i++) {
        const char *name = p->column[i], *value = r->row[i];
        int32_t whole = -1;
        double weight = 0;
        if (strcmp(name, "id") == 0 && value[0] == '\0')
            say(r, "this point has no id; give it one");
        if (strcmp(name, "id") == 0 && strlen(value) > POINTS_MAX_ID)
            say(r, "the id `%s` has %zu bytes; at most %d are allowed: shorten it", value,
                strlen(value), POINTS_MAX_ID);
        if (strcmp(name, "weight") == 0 && (!study_word_decimal(value, &weight) || weight <= 0))
            say(r, "`weight` must be a number above 0 with a decimal point, not `%s`", value);
        if (known_number(name) && (!study_word_whole(value, &whole) || whole < 0))
            say(r, "`%s` must be a whole number of 0 or more, not `%s`", name, value);
    }
}

static void take_row(int terminator, void *ctx)
{
    struct reading *r = ctx;
    struct points *p = r->p;
    size_t cells = r->cells;
    (void)terminator;
    if (r->stopped)
        return;
    if (!r->has_header) {
        take_header(r);
    } else if (p->count == POINTS_MAX) {
        say(r, "the list has more than %d points; split the study", POINTS_MAX);
        r->stopped = true;
    } else if (cells != p->columns) {
        say(r, "this line has %zu cells where the header has %zu; put texts with commas in quotes",
            cells, p->columns);
    } else if (!r->bad_row) {
        judge_row(r);
        memcpy(p->cell + p->count * p->columns, r->row, p->columns * sizeof *r->row);
        r->line_of[p->count++] = r->line;
    }
    r->cells = 0;
    r->bad_row = false;
}

static size_t count_lines(struct bytes csv)
{
    size_t n = 1;
    for (size_t i = 0; i < csv.len; i++)
        n += csv.p[i] == '\n' || csv.p[i] == '\r' ? 1 : 0;
    return n;
}

/* libcsv does not say on which line it is, so it is fed one at a time. */
static void read_lines(struct reading *r, struct csv_parser *parser, struct bytes csv)
{
    size_t at = 0;
    while (at < csv.len && !r->stopped) {
        const uint8_t *end = memchr(csv.p + at, '\n', csv.len - at);
        size_t len = end != NULL ? (size_t)(end - csv.p) + 1 - at : csv.len - at;
        r->line++;
        if (csv_parse(parser, csv.p + at, len, take_cell, take_row, r) != len) {
            if (csv_error(parser) == CSV_ENOMEM)
                r->reports.failed = true;
            else
                say(r, "the quotes are wrong here; write a text in quotes as \"...\", and a quote "
                       "within it twice");
            return;
        }
        at += len;
    }
    if (!r->stopped && csv_fini(parser, take_cell, take_row, r) != 0)
        say(r, "a quoted text does not end before the end of the list; close its quotes");
}

static void read_points(struct reading *r, struct bytes csv)
{
    static const uint8_t mark[] = {0xEF, 0xBB, 0xBF}; /* some spreadsheets start a file with it */
    struct csv_parser parser;
    if (csv.len >= sizeof mark && memcmp(csv.p, mark, sizeof mark) == 0)
        csv = (struct bytes){csv.p + sizeof mark, csv.len - sizeof mark};
    r->room = count_lines(csv) < POINTS_MAX ? count_lines(csv) : POINTS_MAX;
    r->text = study_memory_take(r->memory, csv.len + 2, 1);
    r->line_of = study_memory_take(r->memory, r->room, sizeof *r->line_of);
    r->p->column = study_memory_take(r->memory, POINTS_MAX_COLUMNS, sizeof *r->p->column);
    if (r->memory->failed)
        return;
    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL) != 0) {
        r->reports.failed = true;
        return;
    }
    read_lines(r, &parser, csv);
    csv_free(&parser);
    r->line = 0;
    if (r->reports.mistakes == 0 && r->p->count == 0)
        say(r, "the list has no points; the first line names the columns, each further line is a "
               "point");
}

struct named {
    const char *name;
    size_t point;
};

static int by_name(const void *a, const void *b)
{
    const struct named *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order != 0 ? order : x->point < y->point ? -1 : x->point > y->point;
}

static void check_ids(struct reading *r)
{
    const struct points *p = r->p;
    struct named *all = study_memory_take(r->memory, p->count, sizeof *all);
    if (all == NULL || p->count == 0)
        return;
    for (size_t i = 0; i < p->count; i++)
        all[i] = (struct named){points_value(p, i, "id"), i};
    qsort(all, p->count, sizeof *all, by_name);
    for (size_t i = 1; i < p->count; i++)
        if (all[i].name[0] != '\0' && strcmp(all[i].name, all[i - 1].name) == 0)
            study_reports_add(
                &r->reports, false, r->line_of[all[i].point],
                "the id `%s` stands twice (also on line %u); each point needs its own", all[i].name,
                r->line_of[all[i - 1].point]);
}

/* What a point's stratum is called; NULL if out of memory. A strata column that is not there is
 * said by study_check_points, with its line in the study. */
static char *stratum_name(struct reading *r, const struct study *s, size_t point)
{
    struct buffer b = {0};
    for (size_t i = 0; i < s->stratas; i++) {
        const char *value = points_value(r->p, point, s->strata[i]);
        if (value != NULL && value[0] == '\0')
            study_reports_add(&r->reports, false, r->line_of[point],
                              "`%s` is empty, but strata are made from it; fill it in",
                              s->strata[i]);
        buffer_printf(&b, "%s%s", i > 0 ? " / " : "", value != NULL ? value : "");
    }
    if (s->stratas == 0)
        buffer_printf(&b, "all");
    char *name = b.failed ? NULL : study_memory_text(r->memory, b.p, b.len);
    r->reports.failed = r->reports.failed || b.failed;
    buffer_free(&b);
    return name;
}

static void make_strata(struct reading *r, const struct study *s)
{
    struct points *p = r->p;
    struct named *all = study_memory_take(r->memory, p->count, sizeof *all);
    p->stratum = study_memory_take(r->memory, p->count, sizeof *p->stratum);
    p->stratum_of = study_memory_take(r->memory, p->count, sizeof *p->stratum_of);
    if (r->memory->failed || p->count == 0)
        return;
    for (size_t i = 0; i < p->count; i++) {
        all[i] = (struct named){stratum_name(r, s, i), i};
        if (all[i].name == NULL)
            return;
    }
    qsort(all, p->count, sizeof *all, by_name);
    for (size_t i = 0; i < p->count; i++) {
        if (i == 0 || strcmp(all[i].name, all[i - 1].name) != 0)
            p->stratum[p->strata++] =
                study_memory_text(r->memory, all[i].name, strlen(all[i].name));
        p->stratum_of[all[i].point] = (uint16_t)p->strata;
    }
}

enum err points_parse(struct bytes csv, const struct study *s, study_report *report, void *ctx,
                      struct points **out)
{
    struct whole *w = calloc(1, sizeof *w);
    if (w == NULL)
        return ERR_NOMEM;
    struct reading r = {.p = &w->points, .memory = &w->memory};
    if (csv.len > POINTS_MAX_BYTES)
        say(&r, "the point list is larger than the %d bytes allowed; delete columns nobody needs",
            POINTS_MAX_BYTES);
    else
        read_points(&r, csv);
    if (!w->memory.failed && !r.reports.failed && w->points.columns > 0 &&
        column_index(&w->points, "id") >= 0 && w->points.cell != NULL) {
        check_ids(&r);
        make_strata(&r, s);
    }
    r.reports.failed = r.reports.failed || w->memory.failed;
    enum err e = study_reports_send(&r.reports, ERR_STUDY, report, ctx);
    if (e != ERR_OK) {
        points_free(&w->points);
        return e;
    }
    *out = &w->points;
    return ERR_OK;
}

void points_free(struct points *p)
{
    if (p == NULL)
        return;
    struct whole *w = (struct whole *)p;
    study_memory_free(&w->memory);
    free(w);
}

int points_find(const struct points *p, const char *id)
{
    for (size_t i = 0; i < p->count; i++) {
        const char *have = points_value(p, i, "id");
        if (have != NULL && strcmp(have, id) == 0)
            return (int)i;
    }
    return -1;
}

const char *points_value(const struct points *p, size_t point, const char *column)
{
    int i = column_index(p, column);
    return i < 0 || point >= p->count ? NULL : p->cell[point * p->columns + (size_t)i];
}

double points_weight(const struct points *p, size_t point, const char *column)
{
    double v = 1;
    const char *value = column != NULL ? points_value(p, point, column) : NULL;
    if (value != NULL)
        study_word_decimal(value, &v);
    return v;
}
