#include "admin/output/csv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/output/csv_line.h"
#include "core/log.h"

static const struct {
    int code;
    const char *meaning;
} missing_code[] = {
    {ANSWER_DONT_KNOW, "don't know"},    {ANSWER_REFUSED, "refused"},
    {ANSWER_NOT_ASKED, "not asked"},     {ANSWER_NOT_REACHED, "not reached"},
    {ANSWER_INVALID, "no longer valid"},
};
enum { MISSING_CODES = sizeof missing_code / sizeof *missing_code };

static const char *list_name(const struct frame_list *l)
{
    return l->id != NULL ? l->id : "list";
}

/* "policies_y" */
static char *list_column(const struct frame_list *l, const char *what, char out[STUDY_MAX_ID + 16])
{
    snprintf(out, STUDY_MAX_ID + 16, "%.*s_%s", STUDY_MAX_ID, list_name(l), what);
    return out;
}

static const char *const list_part[] = {"treat", "y", "y_missing", "items"};
enum { LIST_PARTS = sizeof list_part / sizeof *list_part };

/* A flat file's rows have no name but their number, unless it brought an id of its own. */
static bool writes_id(const struct frame *f)
{
    return f->id != NULL || frame_find(f, "id") < 0;
}

static void names_of(const struct frame *f, enum frame_role role, struct csv_line *l)
{
    for (size_t i = 0; i < f->columns; i++)
        if (f->column[i].role == role)
            csv_line_text(l, f->column[i].name);
}

static void header(const struct frame *f, struct csv_line *l)
{
    char name[STUDY_MAX_ID + 16];
    if (writes_id(f))
        csv_line_raw(l, "id");
    names_of(f, FRAME_POINT, l);
    for (size_t i = 0; i < f->lists; i++)
        for (size_t p = 0; p < LIST_PARTS; p++)
            csv_line_text(l, list_column(&f->list[i], list_part[p], name));
    names_of(f, FRAME_QUESTION, l);
    names_of(f, FRAME_DERIVED, l);
    if (f->weight != NULL)
        csv_line_raw(l, "weight");
    csv_line_end(l);
}

/* Names that this file gives must not be taken by columns of the frame. */
static enum err check_names(const struct frame *f)
{
    char name[STUDY_MAX_ID + 16];
    const char *taken = NULL;
    if (f->id != NULL && frame_find(f, "id") >= 0)
        taken = "id";
    if (f->weight != NULL && frame_find(f, "weight") >= 0)
        taken = "weight";
    for (size_t i = 0; i < f->lists && taken == NULL; i++)
        for (size_t p = 0; p < LIST_PARTS && taken == NULL; p++)
            if (frame_find(f, list_column(&f->list[i], list_part[p], name)) >= 0)
                taken = name;
    if (taken == NULL)
        return ERR_OK;
    return log_fail(ERR_STUDY,
                    "column %s: the export writes a column of that name itself; rename it "
                    "in the data",
                    taken);
}

static void values_of(const struct frame *f, enum frame_role role, size_t row, struct csv_line *l)
{
    for (size_t i = 0; i < f->columns; i++) {
        const struct frame_column *c = &f->column[i];
        if (c->role != role)
            continue;
        double v = c->numbers ? frame_number_at(f, (int)i, row) : NAN;
        if (!isnan(v))
            csv_line_number(l, v);
        else if (!c->numbers && c->row[row] != FRAME_MISSING)
            csv_line_text(l, c->level[c->row[row]]);
        else if (c->why != NULL && c->why[row] != 0)
            csv_line_int(l, c->why[row]);
        else
            csv_line_raw(l, "");
    }
}

static void list_fields(const struct frame_list *q, size_t row, struct csv_line *l)
{
    int16_t y = q->count[row];
    if (q->arm[row] != FRAME_MISSING)
        csv_line_int(l, q->arm[row]);
    else
        csv_line_raw(l, "");
    if (y >= 0)
        csv_line_int(l, y);
    else
        csv_line_raw(l, "");
    if (y < 0 && y != FRAME_NO_REASON)
        csv_line_int(l, y);
    else
        csv_line_raw(l, "");
    csv_line_int(l, q->items);
}

static void row_fields(const struct frame *f, size_t row, struct csv_line *l)
{
    if (f->id != NULL)
        csv_line_text(l, f->id[row]);
    else if (writes_id(f))
        csv_line_int(l, (long)row + 1);
    values_of(f, FRAME_POINT, row, l);
    for (size_t i = 0; i < f->lists; i++)
        list_fields(&f->list[i], row, l);
    values_of(f, FRAME_QUESTION, row, l);
    values_of(f, FRAME_DERIVED, row, l);
    if (f->weight != NULL) {
        csv_line_number(l, f->weight[row]);
    }
    csv_line_end(l);
}

struct named {
    const char *id;
    size_t row;
};

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct named *)a)->id, ((const struct named *)b)->id);
}

enum err csv_export_frame(const struct frame *f, struct buffer *out)
{
    struct csv_line l = {out, false};
    enum err e = check_names(f);
    if (e != ERR_OK)
        return e;
    struct named *order = calloc(f->n + 1, sizeof *order);
    if (order == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < f->n; i++)
        order[i] = (struct named){f->id != NULL ? f->id[i] : NULL, i};
    if (f->id != NULL)
        qsort(order, f->n, sizeof *order, by_id);
    header(f, &l);
    for (size_t i = 0; i < f->n; i++)
        row_fields(f, order[i].row, &l);
    free(order);
    return out->failed ? ERR_NOMEM : ERR_OK;
}

/* One line of the codebook; ${code} NULL: about the variable as a whole. */
static void book_line(struct csv_line *l, const char *variable, const char *label, const char *code,
                      const char *meaning, bool missing)
{
    csv_line_text(l, variable);
    csv_line_text(l, label);
    csv_line_text(l, code);
    csv_line_text(l, meaning);
    csv_line_int(l, missing);
    csv_line_end(l);
}

static void book_missing(struct csv_line *l, const char *variable, const char *label)
{
    char code[16];
    for (size_t i = 0; i < MISSING_CODES; i++) {
        snprintf(code, sizeof code, "%d", missing_code[i].code);
        book_line(l, variable, label, code, missing_code[i].meaning, true);
    }
}

/* A column with more values than this is listed by its number of values, not by each. */
enum { BOOK_MAX_LEVELS = 200 };

/* True for numbers that are no codes: a fraction among them, or far apart. */
static bool is_measure(const struct frame *f, int column, double *low, double *high)
{
    bool whole = true;
    *low = INFINITY;
    *high = -INFINITY;
    for (size_t i = 0; f->column[column].numbers && i < f->n; i++) {
        double v = frame_number_at(f, column, i);
        if (isnan(v))
            continue;
        whole = whole && floor(v) == v;
        *low = v < *low ? v : *low;
        *high = v > *high ? v : *high;
    }
    return !frame_is_factor(f, column) && *high >= *low &&
           (!whole || *high - *low >= BOOK_MAX_LEVELS);
}

static enum err book_column(struct csv_line *l, const struct frame *f, int column)
{
    const struct frame_column *c = &f->column[column];
    char meaning[96];
    double low, high;
    if (is_measure(f, column, &low, &high)) {
        snprintf(meaning, sizeof meaning, "numbers from %.15g to %.15g", low, high);
        book_line(l, c->name, c->label, NULL, meaning, false);
    } else {
        enum err e = frame_levels(f, column);
        if (e != ERR_OK)
            return e;
        if (c->levels > BOOK_MAX_LEVELS) {
            snprintf(meaning, sizeof meaning, "%zu different values", c->levels);
            book_line(l, c->name, c->label, NULL, meaning, false);
        }
        for (size_t i = 0; i < c->levels && c->levels <= BOOK_MAX_LEVELS; i++)
            book_line(l, c->name, c->label, c->level[i],
                      c->level_label != NULL && c->level_label[i] != NULL ? c->level_label[i]
                                                                          : c->level[i],
                      false);
    }
    if (c->why != NULL)
        book_missing(l, c->name, c->label);
    return ERR_OK;
}

static enum err book_role(struct csv_line *l, const struct frame *f, enum frame_role role)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < f->columns && e == ERR_OK; i++)
        if (f->column[i].role == role)
            e = book_column(l, f, (int)i);
    return e;
}

static void book_list(struct csv_line *l, const struct frame_list *q)
{
    char name[STUDY_MAX_ID + 16], code[24], meaning[64];
    const char *label = "arm of the list experiment";
    list_column(q, "treat", name);
    book_line(l, name, label, "0", "control", false);
    for (size_t k = 1; k < q->arms; k++) {
        const char *item = q->sensitive_label[k] != NULL ? q->sensitive_label[k] : q->sensitive[k];
        snprintf(code, sizeof code, "%zu", k);
        book_line(l, name, label, code, item != NULL ? item : "with the sensitive item", false);
    }
    snprintf(meaning, sizeof meaning, "0 to %d; empty where missing", q->items + 1);
    book_line(l, list_column(q, "y", name), "how many items of the list", NULL, meaning, false);
    book_missing(l, list_column(q, "y_missing", name), "why the count is missing");
    snprintf(code, sizeof code, "%d", q->items);
    book_line(l, list_column(q, "items", name), "control items of the list (J)", code, code, false);
}

enum err csv_export_codebook(const struct frame *f, struct buffer *out)
{
    struct csv_line l = {out, false};
    static const char *const title[] = {"variable", "label", "code", "meaning", "missing"};
    for (size_t i = 0; i < sizeof title / sizeof *title; i++)
        csv_line_raw(&l, title[i]);
    csv_line_end(&l);
    if (writes_id(f))
        book_line(&l, "id", f->id != NULL ? "interview; rows are sorted by it" : "row of the data",
                  NULL, NULL, false);
    enum err e = book_role(&l, f, FRAME_POINT);
    for (size_t i = 0; i < f->lists; i++)
        book_list(&l, &f->list[i]);
    if (e != ERR_OK || (e = book_role(&l, f, FRAME_QUESTION)) != ERR_OK ||
        (e = book_role(&l, f, FRAME_DERIVED)) != ERR_OK)
        return e;
    if (f->weight != NULL)
        book_line(&l, "weight", "weight of the respondent", NULL, "a number above 0", false);
    book_line(
        &l, NULL, "about texts", "'",
        "an apostrophe before a text that begins with = + - @ or a tab keeps a spreadsheet from "
        "running it as a formula; it is not part of the text",
        false);
    return out->failed ? ERR_NOMEM : ERR_OK;
}
