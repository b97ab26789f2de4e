/* What the tests of studies and point lists share: files, reports as they were told, edits. */
#ifndef SANAQ_TESTS_CORE_STUDY_FILES_H
#define SANAQ_TESTS_CORE_STUDY_FILES_H

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/file.h"
#include "core/points.h"

enum { TOLD_MAX = 64 };

struct told {
    size_t count;
    struct {
        unsigned line;
        bool warning;
        char what[700];
    } one[TOLD_MAX];
};

static inline void hear(void *ctx, bool warning, unsigned line, const char *what)
{
    struct told *t = ctx;
    if (t->count < TOLD_MAX) {
        t->one[t->count].line = line;
        t->one[t->count].warning = warning;
        snprintf(t->one[t->count].what, sizeof t->one[0].what, "%s", what);
    }
    t->count++;
}

/* A file of the tree, by its path from the folder of this file; its text ends in 0. */
static inline char *text_of(const char *name)
{
    char path[1024];
    struct buffer b = {0};
    const char *slash = strrchr(__FILE__, '/');
    snprintf(path, sizeof path, "%.*s/%s", slash != NULL ? (int)(slash - __FILE__) : 1,
             slash != NULL ? __FILE__ : ".", name);
    assert_int_equal(file_read(path, 1 << 22, false, &b), ERR_OK);
    buffer_u8(&b, 0);
    assert_false(b.failed);
    return (char *)b.p;
}

static inline struct bytes bytes_of(const char *s)
{
    return (struct bytes){(const uint8_t *)s, strlen(s)};
}

/* Line on which ${part} first stands in ${text}. */
static inline unsigned line_with(const char *text, const char *part)
{
    const char *at = strstr(text, part);
    unsigned line = 1;
    if (at == NULL)
        fail_msg("the text has no: %s", part);
    for (const char *p = text; p < at; p++)
        line += *p == '\n' ? 1 : 0;
    return line;
}

/* ${text} with the first ${from} replaced; the caller frees it. */
static inline char *edited(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    size_t room = strlen(text) + strlen(to) + 1;
    char *out = malloc(room);
    if (at == NULL)
        fail_msg("the text has no: %s", from);
    assert_non_null(out);
    snprintf(out, room, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    return out;
}

#endif
