#include "core/segment.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/stream.h"

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

enum err segment_run_stream(struct segment_run *run, struct bytes preamble)
{
    enum { DEVICE_AT = 8 + 2 + HASH_LEN, NUMBER_AT = DEVICE_AT + 32 }; /* FORMAT.md, "Stream" */
    if (preamble.len < NUMBER_AT + 8 + SIGN_LEN)
        return ERR_FORMAT;
    struct reader r = reader_of((struct bytes){preamble.p + NUMBER_AT, 8});
    segment_run_free(run);
    memcpy(run->name.device, preamble.p + DEVICE_AT, sizeof run->name.device);
    run->name.stream = read_u64(&r);
    buffer_add(&run->preamble, preamble.p, preamble.len);
    /* the head before a stream's first entry is its id */
    hash_once(run->head, NULL, "stream", (struct bytes){preamble.p, preamble.len - SIGN_LEN});
    return run->preamble.failed ? ERR_NOMEM : ERR_OK;
}

bool segment_run_full(const struct segment_run *run, size_t entry_len)
{
    uint64_t count = run->name.last - run->name.first + 1;
    return run->name.first != 0 &&
           (count >= SEGMENT_MAX_ENTRIES ||
            segment_len(run->preamble.len, entry_len, count + 1) > SEGMENT_MAX_BYTES);
}

void segment_run_add(struct segment_run *run, uint64_t n, struct bytes sealed)
{
    if (run->name.first == 0) {
        run->name.first = n;
        memcpy(run->before, run->head, HASH_LEN);
    }
    run->name.last = n;
    buffer_add(&run->entries, sealed.p, sealed.len);
    segment_run_pass(run, sealed);
}

void segment_run_pass(struct segment_run *run, struct bytes sealed)
{
    stream_head(run->head, sealed, run->head);
}

enum err segment_run_take(struct segment_run *run, char name[SEGMENT_NAME], struct buffer *file)
{
    segment_put_name(&run->name, name);
    segment_put_start(file, buffer_view(&run->preamble), run->name.first, run->before,
                      (uint32_t)(run->name.last - run->name.first + 1));
    buffer_add(file, run->entries.p, run->entries.len);
    enum err e = run->entries.failed || file->failed ? ERR_NOMEM : ERR_OK;
    buffer_free(&run->entries);
    run->name.first = run->name.last = 0;
    return e;
}

void segment_run_free(struct segment_run *run)
{
    buffer_free(&run->preamble);
    buffer_free(&run->entries);
    *run = (struct segment_run){0};
}
