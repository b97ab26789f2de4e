#include "core/study_reports.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/study_word.h"

enum { WHAT_LEN = 600 };

struct study_reports_one {
    unsigned line;
    size_t place; /* qsort does not keep the order of equals */
    bool warning;
    char *what;
};

static void make_printable(char *s)
{
    size_t n = strlen(s);
    for (size_t i = 0, len; i < n; i += len) {
        uint32_t code = 0;
        len = study_word_char((const uint8_t *)s + i, n - i, &code);
        if (len == 0 || study_word_hidden(code)) {
            len = len == 0 ? 1 : len;
            memset(s + i, '?', len);
        }
    }
}

static struct study_reports_one *next_one(struct study_reports *r)
{
    if (r->count == r->room) {
        size_t room = r->room == 0 ? 16 : r->room * 2;
        struct study_reports_one *one = realloc(r->one, room * sizeof *one);
        if (one == NULL)
            return NULL;
        r->one = one;
        r->room = room;
    }
    return &r->one[r->count];
}

void study_reports_vadd(struct study_reports *r, bool warning, unsigned line, const char *fmt,
                        va_list ap)
{
    char what[WHAT_LEN];
    r->mistakes += warning ? 0 : 1;
    if (r->count > STUDY_REPORTS_MAX || r->failed)
        return;
    if (r->count == STUDY_REPORTS_MAX) {
        snprintf(what, sizeof what,
                 "there are more mistakes than are listed here; mend these first");
        line = UINT32_MAX;
    } else {
        vsnprintf(what, sizeof what, fmt, ap);
        make_printable(what);
    }
    struct study_reports_one *one = next_one(r);
    char *copy = strdup(what);
    if (one == NULL || copy == NULL) {
        free(copy);
        r->failed = true;
        return;
    }
    *one = (struct study_reports_one){line, r->count++, warning, copy};
}

void study_reports_add(struct study_reports *r, bool warning, unsigned line, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    study_reports_vadd(r, warning, line, fmt, ap);
    va_end(ap);
}

void study_reports_collect(void *ctx, bool warning, unsigned line, const char *what)
{
    study_reports_add(ctx, warning, line, "%s", what);
}

static int by_line(const void *a, const void *b)
{
    const struct study_reports_one *x = a, *y = b;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

enum err study_reports_send(struct study_reports *r, enum err mistake, study_report *report,
                            void *ctx)
{
    enum err e = r->failed ? ERR_NOMEM : r->mistakes > 0 ? mistake : ERR_OK;
    if (r->count > 0)
        qsort(r->one, r->count, sizeof *r->one, by_line);
    for (size_t i = 0; i < r->count; i++) {
        if (report != NULL)
            report(ctx, r->one[i].warning, r->one[i].line == UINT32_MAX ? 0 : r->one[i].line,
                   r->one[i].what);
        free(r->one[i].what);
    }
    free(r->one);
    *r = (struct study_reports){0};
    return e;
}
