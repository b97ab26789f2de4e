/* The file that travels: a run of sealed entries of one stream, immutable (FORMAT.md "Segment"). */
#ifndef SANAQ_CORE_SEGMENT_H
#define SANAQ_CORE_SEGMENT_H

#include "core/err.h"
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

/** A run of entries of one stream on its way into a segment. Starts as {0}. */
struct segment_run {
    struct buffer preamble, entries;
    struct segment_name name; /* name.first 0: nothing gathered */
    uint8_t before[HASH_LEN]; /* head before the first one gathered */
    uint8_t head[HASH_LEN];   /* head after the last entry that went by */
};
/** A stream begins; what was gathered of another one must have been taken. ERR_FORMAT if these
 * bytes cannot be a preamble, ERR_NOMEM. */
enum err segment_run_stream(struct segment_run *run, struct bytes preamble);
/** True if an entry of this length must go into another segment. */
bool segment_run_full(const struct segment_run *run, size_t entry_len);
/** The next entry of the stream: gathered behind the others, or only passed by. ${sealed} is longer
 * than a signature. */
void segment_run_add(struct segment_run *run, uint64_t n, struct bytes sealed);
void segment_run_pass(struct segment_run *run, struct bytes sealed);
/** Write the segment of what was gathered (something was) into the empty ${file}, its name to
 * ${name}, and begin a new run. ERR_NOMEM: something is missing, nothing was written. */
enum err segment_run_take(struct segment_run *run, char name[SEGMENT_NAME], struct buffer *file);
void segment_run_free(struct segment_run *run);

/** Lower-case hexadecimal of ${n} bytes, ended by 0; ${out} has 2 n + 1. */
void segment_hex(const uint8_t *p, size_t n, char *out);
bool segment_unhex(const char *text, size_t n, uint8_t *out);

#endif
