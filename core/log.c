#include "core/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

static struct {
    void (*sink)(void *ctx, const char *line);
    void *ctx;
    const char *program;
} target;

static atomic_bool muted;

static void say(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));

static void say(const char *fmt, va_list ap)
{
    char line[1024];
    if (atomic_load(&muted))
        return;
    vsnprintf(line, sizeof line, fmt, ap);
    for (char *c = line; *c != '\0'; c++) /* a name on a stick must not drive the terminal */
        if (((unsigned char)*c < 0x20 && *c != '\n') || *c == 0x7f)
            *c = '?';
    if (target.sink != NULL)
        target.sink(target.ctx, line);
    else
        fprintf(stderr, "%s%s%s\n", target.program ? target.program : "",
                target.program ? ": " : "", line);
}

enum err log_fail(enum err e, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(fmt, ap);
    va_end(ap);
    return e;
}

void log_note(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(fmt, ap);
    va_end(ap);
}

void log_to(void (*sink)(void *ctx, const char *line), void *ctx)
{
    target.sink = sink;
    target.ctx = ctx;
}

void log_mute(bool mute)
{
    atomic_store(&muted, mute);
}

void log_name(const char *program)
{
    target.program = program;
}
