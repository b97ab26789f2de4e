#include "core/segment.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char magic[8] = "SANAQSG1";
enum { SEGMENT_VERSION = 1 };

void segment_hex(const uint8_t *p, size_t n, char *out)
{
    sodium_bin2hex(out, 2 * n + 1, p, n);
}

bool segment_unhex(const char *text, size_t n, uint8_t *out)
{
    size_t got = 0;
    const char *end = NULL;
    for (const char *c = text; *c != '\0'; c++)
        if (strchr("0123456789abcdef", *c) == NULL)
            return false;
    return sodium_hex2bin(out, n, text, strlen(text), NULL, &got, &end) == 0 && got == n &&
           *end == '\0';
}

void segment_put_name(const struct segment_name *n, char out[SEGMENT_NAME])
{
    char hex[17];
    segment_hex(n->device, sizeof n->device, hex);
    snprintf(out, SEGMENT_NAME, "%s-%08" PRIu64 "-%08" PRIu64 "-%08" PRIu64 ".seg", hex, n->stream,
             n->first, n->last);
}

bool segment_get_name(const char *text, struct segment_name *out)
{
    struct segment_name n;
    char hex[17], again[SEGMENT_NAME];
    if (sscanf(text, "%16[0-9a-f]-%" SCNu64 "-%" SCNu64 "-%" SCNu64, hex, &n.stream, &n.first,
               &n.last) != 4 ||
        !segment_unhex(hex, sizeof n.device, n.device) || n.first == 0 || n.last < n.first)
        return false;
    segment_put_name(&n, again); /* one spelling only */
    if (strcmp(again, text) != 0)
        return false;
    *out = n;
    return true;
}

size_t segment_len(size_t preamble_len, size_t entry_len, uint64_t count)
{
    return sizeof magic + 2 + 4 + preamble_len + 8 + HASH_LEN + 4 + entry_len * (size_t)count;
}

void segment_put_start(struct buffer *out, struct bytes preamble, uint64_t first,
                       const uint8_t before[HASH_LEN], uint32_t count)
{
    buffer_add(out, magic, sizeof magic);
    buffer_u16(out, SEGMENT_VERSION);
    buffer_u32(out, (uint32_t)preamble.len);
    buffer_add(out, preamble.p, preamble.len);
    buffer_u64(out, first);
    buffer_add(out, before, HASH_LEN);
    buffer_u32(out, count);
}
