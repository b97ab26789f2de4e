/* Reading untrusted segments: steps 1 to 5 of FORMAT.md "Reading untrusted bytes", without any key.
 */
#ifndef SANAQ_ADMIN_INTAKE_H
#define SANAQ_ADMIN_INTAKE_H

#include "core/stream.h"

struct preamble {
    struct bytes bytes; /* all of it, in the segment */
    uint8_t id[HASH_LEN];
    uint8_t pack[HASH_LEN], device[32], previous[HASH_LEN];
    uint64_t number, first;
    uint16_t field_len, answers_len; /* sealed lengths */
    uint8_t commit[2][HASH_LEN];     /* of f, of a */
    size_t researchers, supervisors;
    struct bytes researcher_box, supervisor_box; /* all boxes of each kind, one behind the other */
};

struct segment { /* views into the file's bytes */
    struct preamble pre;
    uint64_t first;
    uint8_t before[HASH_LEN];
    uint32_t count; /* whole entries that are there */
    bool truncated; /* fewer than the segment says, or bytes left over */
    size_t entry_len;
    const uint8_t *entry;
};

/** Steps 1 and 2: sizes, counts, magic, version. ERR_FORMAT. */
enum err intake_read(struct bytes file, struct segment *out);
/** The same for a preamble by itself. */
enum err intake_preamble(struct bytes b, struct preamble *out);

/** The rest of step 1: its first position is one that its stream can have. */
bool intake_in_range(const struct segment *s);

/** Steps 3 (part) and 4: the preamble is signed by its device and, unless ${pack} is NULL, fits
 * that pack's readers. ERR_SIGNATURE. */
enum err intake_check_preamble(const struct preamble *pre, const struct pack *pack);

/** Step 5: fold the heads and check signatures. ${head}: one hash per entry, the head after it.
 * Returns how many entries from the front are vouched for: all, or those before the first that is
 * damaged. */
uint32_t intake_check_entries(const struct segment *s, uint8_t (*head)[HASH_LEN]);

/** True if the signature of entry ${i} (from 0) is over ${head}. */
bool intake_vouches(const struct segment *s, uint32_t i, const uint8_t head[HASH_LEN]);

/** Length of an entry, as kept and as sent. */
size_t intake_entry_len(const struct preamble *pre);

struct bytes intake_entry(const struct segment *s, uint32_t i);

#endif
