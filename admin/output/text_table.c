#include "admin/output/text_table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>
#include <unilbrk.h>
#include <uniwidth.h>

#include "admin/output/tables.h"

enum { NUMBERS_WIDTH = 61, FIRST_MIN = 18, FIRST_MAX = 38, PAGE = 80, CELL_MAX = 48 };

static const uint8_t *as_u8(const char *s)
{
    return (const uint8_t *)s;
}

static size_t width_of(const char *s)
{
    int w = u8_strwidth(as_u8(s), "UTF-8");
    return w > 0 ? (size_t)w : 0;
}

/* A copy without anything that could steer a terminal: C0, DEL and C1 become "?". NULL: no memory.
 */
static char *printable(const char *s)
{
    struct buffer b = {0};
    ucs4_t c;
    for (const uint8_t *p = as_u8(s), *next; (next = u8_next(&c, p)) != NULL; p = next) {
        if (c < 0x20 || (c >= 0x7f && c < 0xa0))
            buffer_u8(&b, '?');
        else
            buffer_add(&b, p, (size_t)(next - p));
    }
    buffer_u8(&b, 0);
    if (b.failed)
        buffer_free(&b);
    return (char *)b.p;
}

/* ${s} in ${width} columns: padded, or cut with an ellipsis. */
static void pad(struct buffer *out, const char *s, size_t width)
{
    char *clean = printable(s);
    if (clean == NULL) {
        out->failed = true;
        return;
    }
    size_t w = width_of(clean);
    if (w > width) {
        const uint8_t *end = as_u8(clean);
        ucs4_t c;
        for (w = 0;;) {
            const uint8_t *next = u8_next(&c, end);
            int cw = next == NULL ? 0 : uc_width(c, "UTF-8");
            if (next == NULL || w + (size_t)(cw > 0 ? cw : 0) > width - 1)
                break;
            w += (size_t)(cw > 0 ? cw : 0);
            end = next;
        }
        buffer_add(out, clean, (size_t)(end - as_u8(clean)));
        buffer_printf(out, "\xE2\x80\xA6"); /* U+2026 */
        w++;
    } else {
        buffer_add(out, clean, strlen(clean));
    }
    for (; w < width; w++)
        buffer_u8(out, ' ');
    free(clean);
}

enum err text_table_wrap(const char *text, size_t indent, size_t width, struct buffer *out)
{
    char *clean = printable(text), *breaks = NULL;
    size_t n = clean != NULL ? strlen(clean) : 0;
    if (clean == NULL || (breaks = malloc(n + 1)) == NULL) {
        free(clean);
        return ERR_NOMEM;
    }
    u8_width_linebreaks(as_u8(clean), n, (int)(width - indent), 0, 0, NULL, "UTF-8", breaks);
    for (size_t i = 0; i < n; i++) {
        if (breaks[i] == UC_BREAK_POSSIBLE) { /* the space before a break stays at the line's end */
            while (out->len > 0 && out->p[out->len - 1] == ' ')
                out->len--;
            buffer_printf(out, "\n%*s", (int)indent, "");
        }
        buffer_u8(out, (uint8_t)clean[i]);
    }
    buffer_u8(out, '\n');
    free(breaks);
    free(clean);
    return out->failed ? ERR_NOMEM : ERR_OK;
}

/* ${format} of ${v}, or a dash where it is absent, right-aligned. */
static void cell(struct buffer *out, int width, int decimals, double v)
{
    if (isfinite(v))
        buffer_printf(out, " %*.*f", width, decimals, v);
    else
        buffer_printf(out, " %*s", width, "-");
}

static void p_cell(struct buffer *out, double p)
{
    if (!isfinite(p))
        buffer_printf(out, " %5s", "-");
    else if (p < 0.001)
        buffer_printf(out, " %5s", "<.001");
    else
        buffer_printf(out, " %5.3f", p);
}

static void group_row(struct buffer *out, const struct estimate_group *g, int n_width)
{
    char ci[32] = "-";
    if (isfinite(g->ci_low))
        snprintf(ci, sizeof ci, "%.1f..%.1f", 100 * g->ci_low, 100 * g->ci_high);
    cell(out, 5, 1, 100 * g->share);
    cell(out, 5, 2, g->control_mean);
    cell(out, 5, 2, g->treatment_mean);
    if (isfinite(g->estimate))
        buffer_printf(out, " %6.1f%s", 100 * g->estimate, g->marked ? "*" : " ");
    else
        buffer_printf(out, " %7s", g->withheld ? "withh." : "- ");
    cell(out, 5, 1, 100 * g->se);
    buffer_printf(out, " %12s", ci);
    p_cell(out, g->p_value);
    buffer_printf(out, " %*zu %*zu\n", n_width, g->n_control, n_width, g->n_treatment);
}

/* Digits of the largest n of an arm, at least those of its heading. */
static int n_width_of(const struct estimate_result *r)
{
    size_t most = r->n_control > r->n_treatment ? r->n_control : r->n_treatment;
    int width = 4;
    for (; most >= 10000; most /= 10)
        width++;
    return width;
}

static const char *people(const char *label, const char *name)
{
    return label != NULL ? label : name;
}

static void header(struct buffer *out, size_t first, int n_width)
{
    pad(out, "", first);
    buffer_printf(out, " %5s %5s %5s %7s %5s %12s %5s %*s %*s\n", "share", "mean", "mean",
                  "support", "SE", "95% interval", "p", n_width, "n", n_width, "n");
    pad(out, "", first);
    buffer_printf(out, " %5s %5s %5s %7s %5s %12s %5s %*s %*s\n", "%", "contr", "treat", "% ", "%",
                  "%", "", n_width, "ctrl", n_width, "trt");
}

static void p_word(struct buffer *out, double p)
{
    buffer_printf(out, p < 0.001 ? " < .001" : " = %.3f", p);
}

/* "gender", and whether its groups differ. */
static void column_row(struct buffer *out, const struct estimate_result *r, int by,
                       const char *name, bool prespecified)
{
    pad(out, name, width_of(name) < FIRST_MAX ? width_of(name) : FIRST_MAX);
    if (r->archive)
        buffer_printf(out, " (%s)", prespecified ? "pre-specified" : "exploratory");
    for (size_t i = 0; i < r->tests; i++) {
        const struct estimate_test *t = &r->test[i];
        if (t->by != by || isnan(t->statistic))
            continue;
        buffer_printf(out, "; equal%s%s: ", r->arms > 2 ? ", " : "",
                      r->arms > 2 ? t->item_name : "");
        if (isnan(t->df2))
            buffer_printf(out, "chi2(%zu) = %.2f, p", t->df, t->statistic);
        else
            buffer_printf(out, "F(%zu, %.0f) = %.2f, p", t->df, t->df2, t->statistic);
        p_word(out, t->p_value);
        if (!isnan(t->p_holm)) {
            buffer_printf(out, " (Holm");
            p_word(out, t->p_holm);
            buffer_printf(out, ")");
        }
    }
    buffer_printf(out, "\n");
}

static void title(struct buffer *out, const struct estimate_result *r, const char *method)
{
    struct buffer s = {0};
    tables_caption(r, method, &s);
    buffer_u8(&s, 0);
    if (s.failed || text_table_wrap((const char *)s.p, 0, PAGE, out) != ERR_OK)
        out->failed = true;
    buffer_free(&s);
}

/* First column of a group's row: " male", or " male, csto" where there are several items. */
static void group_label(const struct estimate_result *r, const struct estimate_group *g, char *s,
                        size_t room)
{
    const char *value = g->by < 0 ? "all" : people(g->value_label, g->value);
    snprintf(s, room, "%s%s%s%s", g->by < 0 ? "" : " ", value, r->arms > 2 ? ", " : "",
             r->arms > 2 ? people(g->item_label, g->item_name) : "");
}

static size_t first_width(const struct estimate_result *r)
{
    char s[400];
    size_t w = FIRST_MIN;
    for (size_t i = 0; i < r->groups; i++) {
        group_label(r, &r->group[i], s, sizeof s);
        if (width_of(s) > w)
            w = width_of(s);
    }
    return w < FIRST_MAX ? w : FIRST_MAX;
}
_Static_assert(FIRST_MIN + NUMBERS_WIDTH < PAGE && FIRST_MAX + NUMBERS_WIDTH < 100,
               "the page's width");

static void plain_lines(struct buffer *out, const struct estimate_result *plain)
{
    for (size_t i = 0; plain != NULL && i < plain->groups && plain->group[i].by < 0; i++) {
        const struct estimate_group *g = &plain->group[i];
        if (g->withheld)
            continue;
        buffer_printf(out, "unweighted, as simple random sample: %s%s%.1f%%",
                      plain->arms > 2 ? g->item_name : "", plain->arms > 2 ? " " : "",
                      100 * g->estimate);
        if (isfinite(g->se))
            buffer_printf(out, " (SE %.1f)", 100 * g->se);
        buffer_printf(out, "\n");
    }
}

/* Percent with one decimal, "-" where absent. */
static void percents(char *s, size_t room, double low, double high)
{
    if (isfinite(low) && isfinite(high))
        snprintf(s, room, "%.1f..%.1f", 100 * low, 100 * high);
    else
        snprintf(s, room, "-");
}

static void bounds_lines(struct buffer *out, const struct estimate_result *r)
{
    char name[200], range[64], interval[64], share[16];
    size_t group = SIZE_MAX;
    for (size_t i = 0; i < r->bounds; i++) {
        const struct estimate_bound *b = &r->bound[i];
        if (b->group != group)
            buffer_printf(out, "%-19s %5s %15s %15s  %s\n", "bounds, %", "share", "between",
                          "95% interval",
                          estimate_group_name(r, &r->group[b->group], name, sizeof name));
        group = b->group;
        percents(range, sizeof range, b->lower, b->upper);
        percents(interval, sizeof interval, b->ci_low, b->ci_high);
        share[0] = '\0';
        if (isfinite(b->share))
            snprintf(share, sizeof share, "%.1f", 100 * b->share);
        buffer_printf(out, "%-19s %5s %15s %15s  ", b->assumption, share, range, interval);
        if (text_table_wrap(b->meaning, 58, 100, out) != ERR_OK)
            out->failed = true;
    }
    if (r->bounds > 0)
        buffer_u8(out, '\n');
}

static enum err sentences(struct buffer *out, const char *heading, char *const *line, size_t lines)
{
    enum err e = ERR_OK;
    if (lines > 0)
        buffer_printf(out, "\n%s:\n", heading);
    for (size_t i = 0; e == ERR_OK && i < lines; i++) {
        buffer_printf(out, "- ");
        e = text_table_wrap(line[i], 2, PAGE, out);
    }
    return e;
}

static enum err notes(struct buffer *out, const struct estimate_result *r)
{
    enum err e = ERR_OK;
    if (r->groups > 0)
        e = text_table_wrap("Support, its SE and its interval in percent. * fewer than 30 counts "
                            "in an arm.",
                            0, PAGE, out);
    if (e == ERR_OK)
        e = sentences(out, "It assumes", r->assumption, r->assumptions);
    return e == ERR_OK ? sentences(out, "Warnings", r->warning, r->warnings) : e;
}

/* Coefficients, prevalences, tests: columns as wide as their widest cell. */
static void other_table(struct buffer *out, const struct table *t)
{
    size_t width[TABLE_COLUMNS];
    for (size_t c = 0; c < t->columns; c++) {
        width[c] = width_of(t->heading[c]);
        for (size_t i = 0; i < t->rows; i++) {
            size_t w = width_of(t->cell[i * t->columns + c]);
            width[c] = w > width[c] ? w : width[c];
        }
        width[c] = width[c] < CELL_MAX ? width[c] : CELL_MAX;
    }
    buffer_u8(out, '\n');
    for (size_t i = 0; i <= t->rows; i++) {
        for (size_t c = 0; c < t->columns; c++) {
            const char *s = i == 0 ? t->heading[c] : t->cell[(i - 1) * t->columns + c];
            size_t w = width_of(s), last = c + 1 == t->columns;
            if (c > 0)
                buffer_printf(out, "  ");
            if (!t->left[c])
                buffer_printf(out, "%*s", (int)(width[c] > w ? width[c] - w : 0), "");
            pad(out, s, t->left[c] && !last ? width[c] : w < width[c] ? w : width[c]);
        }
        buffer_u8(out, '\n');
    }
}

enum err text_table_others(const struct estimate_result *r, struct buffer *out)
{
    struct tables t = {0};
    enum err e = tables_of(r, "", false, &t);
    for (size_t i = 0; e == ERR_OK && i < t.count; i++)
        other_table(out, &t.table[i]);
    if (t.count > 0)
        buffer_u8(out, '\n');
    tables_free(&t);
    return e;
}

enum err text_table(const struct estimate_result *r, const struct estimate_result *plain,
                    const char *method, struct buffer *out)
{
    char label[400];
    size_t first = first_width(r);
    int by = -1;
    title(out, r, method);
    buffer_u8(out, '\n');
    if (r->groups > 0)
        header(out, first, n_width_of(r));
    for (size_t i = 0; i < r->groups; i++) {
        const struct estimate_group *g = &r->group[i];
        if (g->by != by)
            column_row(out, r, g->by, g->by_name, g->prespecified);
        by = g->by;
        group_label(r, g, label, sizeof label);
        pad(out, label, first);
        group_row(out, g, n_width_of(r));
    }
    enum err e = text_table_others(r, out);
    buffer_u8(out, '\n');
    bounds_lines(out, r);
    plain_lines(out, plain);
    if (e == ERR_OK)
        e = notes(out, r);
    return out->failed ? ERR_NOMEM : e;
}
