/* Views on bytes, and reading and writing them one by one, little-endian. A struct is never a file
 * format. */
#ifndef SANAQ_CORE_BYTES_H
#define SANAQ_CORE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes { /* a view; owns nothing */
    const uint8_t *p;
    size_t len;
};

/** Reads from the front. Past the end every read gives 0 and `failed` is set for good, so a caller
 *  reads everything and asks once. */
struct reader {
    const uint8_t *p;
    size_t left;
    bool failed;
};
struct reader reader_of(struct bytes b);
uint8_t read_u8(struct reader *r);
uint16_t read_u16(struct reader *r);
uint32_t read_u32(struct reader *r);
uint64_t read_u64(struct reader *r);
/** ${n} bytes to ${out}; zeros on failure. */
void read_raw(struct reader *r, uint8_t *out, size_t n);
/** A view of the next ${n} bytes; {NULL, 0} on failure. */
struct bytes read_view(struct reader *r, size_t n);
/** True if nothing failed and nothing is left. */
bool reader_done(const struct reader *r);

/** Writes to the front of a fixed buffer; what does not fit sets `failed` and writes nothing. */
struct writer {
    uint8_t *p;
    size_t left;
    bool failed;
};
struct writer writer_of(uint8_t *p, size_t len);
void write_u8(struct writer *w, uint8_t v);
void write_u16(struct writer *w, uint16_t v);
void write_u32(struct writer *w, uint32_t v);
void write_u64(struct writer *w, uint64_t v);
void write_raw(struct writer *w, const void *p, size_t n);
/** ${n} zero bytes. */
void write_zeros(struct writer *w, size_t n);

/** A growing buffer. Starts as {0}; buffer_free wipes nothing (no secrets in it) and accepts {0}.
 */
struct buffer {
    uint8_t *p;
    size_t len, room;
    bool failed; /* out of memory, once and for good */
};
void buffer_add(struct buffer *b, const void *p, size_t n);
void buffer_u8(struct buffer *b, uint8_t v);
void buffer_u16(struct buffer *b, uint16_t v);
void buffer_u32(struct buffer *b, uint32_t v);
void buffer_u64(struct buffer *b, uint64_t v);
void buffer_printf(struct buffer *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buffer_free(struct buffer *b);
struct bytes buffer_view(const struct buffer *b);

#endif
