/* Columns of numbers: what a number is, and the levels that numbers make. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/frame/frame.h"
#include "core/log.h"

enum { EXACT_DIGITS = 15, TEXT_MAX = 128, WHOLE_SPAN = 1 << 16 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* What is not plain decimal digits: exponents, more digits than are exact. */
static bool parse_slowly(const char *s, size_t n, double *out)
{
    char copy[TEXT_MAX], *end;
    if (n >= sizeof copy)
        return false;
    memcpy(copy, s, n);
    copy[n] = '\0';
    if (copy[strspn(copy, "0123456789+-.eE")] != '\0') /* strtod takes "nan" and "inf" too */
        return false;
    double v = strtod(copy, &end);
    if (end == copy || *end != '\0' || !isfinite(v))
        return false;
    *out = v + 0.0; /* no -0 */
    return true;
}

bool frame_parse_number(const char *s, size_t n, double *out)
{
    static const double ten[EXACT_DIGITS + 1] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    size_t at = n > 0 && (s[0] == '-' || s[0] == '+'), whole = at, fraction = 0;
    uint64_t v = 0;
    if (n == 1 && is_digit(s[0])) { /* most of a survey */
        *out = s[0] - '0';
        return true;
    }
    for (; at < n && is_digit(s[at]) && at - whole <= EXACT_DIGITS; at++)
        v = 10 * v + (uint64_t)(s[at] - '0');
    size_t digits = at - whole;
    if (digits > 1 && s[whole] == '0')
        return false;
    if (digits > EXACT_DIGITS) { /* of a whole number this long a double keeps not all */
        while (at < n && is_digit(s[at]))
            at++;
        return at < n && s[at] == '.' && parse_slowly(s, n, out);
    }
    if (at < n && s[at] == '.')
        for (at++; at < n && is_digit(s[at]) && digits + fraction <= EXACT_DIGITS; at++, fraction++)
            v = 10 * v + (uint64_t)(s[at] - '0');
    if (at < n || digits + fraction == 0 || digits + fraction > EXACT_DIGITS)
        return n > 0 && parse_slowly(s, n, out);
    double exact = (double)v / ten[fraction]; /* both exact, hence correctly rounded */
    *out = (s[0] == '-' ? -exact : exact) + 0.0;
    return true;
}

char *frame_print_number(double v, char out[FRAME_NUMBER_ROOM])
{
    for (int digits = EXACT_DIGITS; digits <= 17; digits++) {
        snprintf(out, FRAME_NUMBER_ROOM, "%.*g", digits, v);
        if (strtod(out, NULL) == v)
            break;
    }
    return out;
}

double frame_number_at(const struct frame *f, int column, size_t row)
{
    const struct frame_column *c = &f->column[column];
    if (c->number != NULL)
        return c->number[row];
    return c->small[row] == FRAME_SMALL_MISSING ? NAN : c->small[row];
}

const double *frame_numbers(const struct frame *f, int column)
{
    struct frame_column *c = &f->column[column];
    if (c->number != NULL || c->small == NULL)
        return c->number;
    double *number = malloc((f->n + 1) * sizeof *number);
    for (size_t i = 0; number != NULL && i < f->n; i++)
        number[i] = c->small[i] == FRAME_SMALL_MISSING ? NAN : c->small[i];
    return c->number = number;
}

const int8_t *frame_small(const struct frame *f, int column)
{
    return f->column[column].small;
}

bool frame_is_factor(const struct frame *f, int column)
{
    return !f->column[column].numbers || f->column[column].factor;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* The different numbers of a column, and of each row where its number stands among them. */
struct distinct {
    double *value;
    size_t count;
    int32_t *row;
};

/* Small whole numbers, as answers are: a table instead of a search. False: these are others. */
static bool whole_span(const double *number, size_t n, double *low, size_t *span)
{
    double high = -INFINITY;
    *low = INFINITY;
    for (size_t i = 0; i < n; i++) {
        if (isnan(number[i]))
            continue;
        if (!(fabs(number[i]) < 1e9) || number[i] != (double)(int64_t)number[i])
            return false;
        *low = number[i] < *low ? number[i] : *low;
        high = number[i] > high ? number[i] : high;
    }
    if (high < *low || !(high - *low < WHOLE_SPAN)) /* no number at all, or far apart */
        return false;
    *span = (size_t)(high - *low) + 1;
    return true;
}

static enum err distinct_bytes(const int8_t *small, size_t n, struct distinct *d)
{
    int32_t place[256] = {0};
    if ((d->value = malloc(256 * sizeof *d->value)) == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++)
        place[small[i] - FRAME_SMALL_MISSING] = 1;
    place[0] = FRAME_MISSING;
    for (int p = 1; p < 256; p++) {
        if (place[p] != 0) {
            d->value[d->count] = p + FRAME_SMALL_MISSING;
            place[p] = (int32_t)d->count++;
        }
    }
    for (size_t i = 0; i < n; i++)
        d->row[i] = place[small[i] - FRAME_SMALL_MISSING];
    return ERR_OK;
}

static enum err distinct_whole(const double *number, size_t n, double low, size_t span,
                               struct distinct *d)
{
    int32_t *place = calloc(span, sizeof *place);
    if (place == NULL || (d->value = malloc(span * sizeof *d->value)) == NULL) {
        free(place);
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < n; i++)
        if (!isnan(number[i]))
            place[(size_t)(number[i] - low)] = 1;
    for (size_t p = 0; p < span; p++) {
        if (place[p] != 0) {
            d->value[d->count] = low + (double)p;
            place[p] = (int32_t)d->count++;
        }
    }
    for (size_t i = 0; i < n; i++)
        d->row[i] = isnan(number[i]) ? FRAME_MISSING : place[(size_t)(number[i] - low)];
    free(place);
    return ERR_OK;
}

static size_t hash_of(double v)
{
    uint64_t h;
    memcpy(&h, &v, sizeof h);
    h *= 0x9E3779B97F4A7C15u; /* no secret is hashed and no order depends on it */
    return (size_t)(h ^ h >> 29);
}

/* Numbers them in the order of appearance; more than FRAME_MAX_LEVELS: stops with count one more.
 */
static void number_rows(const double *number, size_t n, uint32_t *slot, size_t mask,
                        struct distinct *d)
{
    for (size_t i = 0; i < n; i++) {
        d->row[i] = FRAME_MISSING;
        if (isnan(number[i]))
            continue;
        size_t at = hash_of(number[i]) & mask;
        while (slot[at] != 0 && d->value[slot[at] - 1] != number[i])
            at = (at + 1) & mask;
        if (slot[at] == 0) {
            if (d->count++ == FRAME_MAX_LEVELS)
                return;
            d->value[d->count - 1] = number[i];
            slot[at] = (uint32_t)d->count;
        }
        d->row[i] = (int32_t)slot[at] - 1;
    }
}

static enum err distinct_any(const double *number, size_t n, struct distinct *d)
{
    size_t most = n < FRAME_MAX_LEVELS ? n : FRAME_MAX_LEVELS, slots = 16;
    enum err e = ERR_NOMEM;
    while (slots < 2 * most)
        slots *= 2;
    uint32_t *slot = calloc(slots, sizeof *slot);
    double *order = NULL;
    d->value = malloc((most + 1) * sizeof *d->value);
    if (slot == NULL || d->value == NULL)
        goto out;
    number_rows(number, n, slot, slots - 1, d);
    e = ERR_OK;
    if (d->count > FRAME_MAX_LEVELS)
        goto out;
    e = ERR_NOMEM;
    if ((order = malloc((d->count + 1) * sizeof *order)) == NULL)
        goto out;
    memcpy(order, d->value, d->count * sizeof *order);
    qsort(order, d->count, sizeof *order, by_value);
    for (size_t i = 0; i < d->count; i++) { /* slot[i]: the rank of the i-th that appeared */
        const double *at = bsearch(&d->value[i], order, d->count, sizeof *order, by_value);
        slot[i] = (uint32_t)(at - order);
    }
    for (size_t i = 0; i < n; i++)
        if (d->row[i] != FRAME_MISSING)
            d->row[i] = (int32_t)slot[d->row[i]];
    memcpy(d->value, order, d->count * sizeof *order);
    e = ERR_OK;
out:
    free(order);
    free(slot);
    return e;
}

static const char *label_of(const struct frame_column *c, double v)
{
    for (size_t low = 0, high = c->value_labels; low < high;) {
        size_t middle = (low + high) / 2;
        if (c->value_label[middle].value == v)
            return c->value_label[middle].text;
        if (c->value_label[middle].value < v)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static enum err name_levels(struct frame_column *c, const struct distinct *d)
{
    char text[FRAME_NUMBER_ROOM];
    c->level = calloc(d->count + 1, sizeof *c->level);
    c->level_label = c->value_labels > 0 ? calloc(d->count + 1, sizeof *c->level_label) : NULL;
    if (c->level == NULL || (c->value_labels > 0 && c->level_label == NULL))
        return ERR_NOMEM;
    c->levels = d->count;
    for (size_t l = 0; l < d->count; l++) {
        const char *label = label_of(c, d->value[l]);
        if ((c->level[l] = strdup(frame_print_number(d->value[l], text))) == NULL ||
            (label != NULL && (c->level_label[l] = strdup(label)) == NULL))
            return ERR_NOMEM;
    }
    return ERR_OK;
}

static void forget_levels(struct frame_column *c)
{
    for (size_t l = 0; l < c->levels; l++) {
        free(c->level[l]);
        if (c->level_label != NULL)
            free(c->level_label[l]);
    }
    free(c->level);
    free(c->level_label);
    c->level = c->level_label = NULL;
    c->levels = 0;
}

enum err frame_levels(const struct frame *f, int column)
{
    struct frame_column *c = &f->column[column];
    struct distinct d = {0};
    double low;
    size_t span;
    enum err e = ERR_NOMEM;
    if (c->row != NULL)
        return ERR_OK;
    if ((d.row = malloc((f->n + 1) * sizeof *d.row)) == NULL)
        return e;
    if (c->small != NULL)
        e = distinct_bytes(c->small, f->n, &d);
    else if (whole_span(c->number, f->n, &low, &span))
        e = distinct_whole(c->number, f->n, low, span, &d);
    else
        e = distinct_any(c->number, f->n, &d);
    if (e == ERR_OK && d.count > FRAME_MAX_LEVELS)
        e = log_fail(ERR_USAGE,
                     "column %s: more than %d different values are a measure, not groups; recode "
                     "it with --derive",
                     c->name, FRAME_MAX_LEVELS);
    if (e == ERR_OK && (e = name_levels(c, &d)) != ERR_OK)
        forget_levels(c);
    if (e == ERR_OK) {
        c->row = d.row;
        d.row = NULL;
    }
    free(d.row);
    free(d.value);
    return e;
}
