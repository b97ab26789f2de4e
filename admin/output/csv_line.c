#include "admin/output/csv_line.h"

#include <csv.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/frame/frame.h"

void csv_line_raw(struct csv_line *l, const char *s)
{
    size_t n = strlen(s);
    if (l->begun)
        buffer_u8(l->out, ',');
    l->begun = true;
    if (strpbrk(s, ",\"\r\n") == NULL && s[0] != ' ' && (n == 0 || s[n - 1] != ' ')) {
        buffer_add(l->out, s, n);
        return;
    }
    size_t room = 2 * n + 2; /* every byte a quote, and the two around */
    char *quoted = malloc(room);
    if (quoted == NULL)
        l->out->failed = true;
    else
        buffer_add(l->out, quoted, csv_write(quoted, room, s, n));
    free(quoted);
}

static bool is_number(const char *s)
{
    char *end;
    if (s[strspn(s, "0123456789+-.eE")] != '\0')
        return false;
    strtod(s, &end);
    return end != s && *end == '\0';
}

void csv_line_text(struct csv_line *l, const char *s)
{
    if (s == NULL || s[0] == '\0' || strchr("=+-@\t\r", s[0]) == NULL || is_number(s)) {
        csv_line_raw(l, s != NULL ? s : "");
        return;
    }
    size_t room = strlen(s) + 2;
    char *guarded = malloc(room);
    if (guarded == NULL) {
        l->out->failed = true;
        return;
    }
    snprintf(guarded, room, "'%s", s);
    csv_line_raw(l, guarded);
    free(guarded);
}

void csv_line_int(struct csv_line *l, long v)
{
    char s[24];
    snprintf(s, sizeof s, "%ld", v);
    csv_line_raw(l, s);
}

void csv_line_number(struct csv_line *l, double v)
{
    char s[FRAME_NUMBER_ROOM];
    csv_line_raw(l, isfinite(v) ? frame_print_number(v, s) : "");
}

void csv_line_end(struct csv_line *l)
{
    buffer_add(l->out, "\r\n", 2);
    l->begun = false;
}
