#include "core/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader reader_of(struct bytes b)
{
    return (struct reader){b.p, b.len, false};
}

struct bytes read_view(struct reader *r, size_t n)
{
    if (r->failed || r->left < n) {
        r->failed = true;
        return (struct bytes){NULL, 0};
    }
    struct bytes v = {r->p, n};
    if (n > 0)
        r->p += n;
    r->left -= n;
    return v;
}

static uint64_t read_le(struct reader *r, size_t n)
{
    struct bytes v = read_view(r, n);
    uint64_t x = 0;
    for (size_t i = v.len; i > 0; i--)
        x = x << 8 | v.p[i - 1];
    return x;
}

uint8_t read_u8(struct reader *r)
{
    return (uint8_t)read_le(r, 1);
}

uint16_t read_u16(struct reader *r)
{
    return (uint16_t)read_le(r, 2);
}

uint32_t read_u32(struct reader *r)
{
    return (uint32_t)read_le(r, 4);
}

uint64_t read_u64(struct reader *r)
{
    return read_le(r, 8);
}

void read_raw(struct reader *r, uint8_t *out, size_t n)
{
    struct bytes v = read_view(r, n);
    if (v.p != NULL && n > 0)
        memcpy(out, v.p, n);
    else
        memset(out, 0, n);
}

bool reader_done(const struct reader *r)
{
    return !r->failed && r->left == 0;
}

struct writer writer_of(uint8_t *p, size_t len)
{
    return (struct writer){p, len, false};
}

void write_raw(struct writer *w, const void *p, size_t n)
{
    if (w->failed || w->left < n) {
        w->failed = true;
        return;
    }
    if (n > 0)
        memcpy(w->p, p, n);
    w->p += n;
    w->left -= n;
}

static void write_le(struct writer *w, uint64_t v, size_t n)
{
    uint8_t b[8];
    for (size_t i = 0; i < n; i++)
        b[i] = (uint8_t)(v >> (8 * i));
    write_raw(w, b, n);
}

void write_u8(struct writer *w, uint8_t v)
{
    write_le(w, v, 1);
}

void write_u16(struct writer *w, uint16_t v)
{
    write_le(w, v, 2);
}

void write_u32(struct writer *w, uint32_t v)
{
    write_le(w, v, 4);
}

void write_u64(struct writer *w, uint64_t v)
{
    write_le(w, v, 8);
}

void write_zeros(struct writer *w, size_t n)
{
    if (w->failed || w->left < n) {
        w->failed = true;
        return;
    }
    memset(w->p, 0, n);
    w->p += n;
    w->left -= n;
}

static bool buffer_reserve(struct buffer *b, size_t more)
{
    if (b->failed || more > SIZE_MAX / 4 - b->len) {
        b->failed = true;
        return false;
    }
    if (b->len + more <= b->room)
        return true;
    size_t room = b->room ? b->room : 256;
    while (room < b->len + more)
        room *= 2;
    uint8_t *p = realloc(b->p, room);
    if (p == NULL) {
        b->failed = true;
        return false;
    }
    b->p = p;
    b->room = room;
    return true;
}

void buffer_add(struct buffer *b, const void *p, size_t n)
{
    if (n == 0 || !buffer_reserve(b, n))
        return;
    memcpy(b->p + b->len, p, n);
    b->len += n;
}

static void buffer_le(struct buffer *b, uint64_t v, size_t n)
{
    uint8_t raw[8];
    for (size_t i = 0; i < n; i++)
        raw[i] = (uint8_t)(v >> (8 * i));
    buffer_add(b, raw, n);
}

void buffer_u8(struct buffer *b, uint8_t v)
{
    buffer_le(b, v, 1);
}

void buffer_u16(struct buffer *b, uint16_t v)
{
    buffer_le(b, v, 2);
}

void buffer_u32(struct buffer *b, uint32_t v)
{
    buffer_le(b, v, 4);
}

void buffer_u64(struct buffer *b, uint64_t v)
{
    buffer_le(b, v, 8);
}

void buffer_printf(struct buffer *b, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0)
        b->failed = true;
    else if (buffer_reserve(b, (size_t)n + 1)) {
        vsnprintf((char *)b->p + b->len, (size_t)n + 1, fmt, again);
        b->len += (size_t)n;
    }
    va_end(again);
}

void buffer_free(struct buffer *b)
{
    free(b->p);
    *b = (struct buffer){0};
}

struct bytes buffer_view(const struct buffer *b)
{
    return (struct bytes){b->p, b->len};
}
