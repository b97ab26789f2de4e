/* The file that travels: a run of sealed entries of one stream, immutable (FORMAT.md "Segment"). */
#ifndef SANAQ_CORE_SEGMENT_H
#define SANAQ_CORE_SEGMENT_H

#include "core/hash.h"

enum {
    SEGMENT_MAX_BYTES = 4 << 20,
    SEGMENT_MAX_ENTRIES = 4096,
    SEGMENT_NAME = 80,
    SEGMENT_TIME = 946684800 /* modification time of every segment */
};

struct segment_name {
    uint8_t device[8]; /* first bytes of the device's public key */
    uint64_t stream, first, last;
};

void segment_put_name(const struct segment_name *n, char out[SEGMENT_NAME]);
/** False if ${text} is not exactly such a name. */
bool segment_get_name(const char *text, struct segment_name *out);

/** Length of a whole segment. */
size_t segment_len(size_t preamble_len, size_t entry_len, uint64_t count);

/** Write a segment into the empty ${out}; its entries are added by the caller, ${count} times the
 * sealed bytes, right behind. */
void segment_put_start(struct buffer *out, struct bytes preamble, uint64_t first,
                       const uint8_t before[HASH_LEN], uint32_t count);

/** Lower-case hexadecimal of ${n} bytes, ended by 0; ${out} has 2 n + 1. */
void segment_hex(const uint8_t *p, size_t n, char *out);
bool segment_unhex(const char *text, size_t n, uint8_t *out);

#endif
