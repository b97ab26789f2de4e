#include "admin/laptop_salvage.h"

#include <stdlib.h>
#include <string.h>

#include "core/stream.h"

/* A row of `stream` or `entry` as SQLite keeps it in a leaf: varints of payload length and row id;
 * a header of five bytes: its length, NULL (the row id stands in front), the kind of a number, the
 * length of a blob as a varint of two bytes; then the number, most significant byte first, and the
 * blob. */
enum {
    HEADER = 5,
    BLOB_MIN = 58, /* shorter ones have another header */
    MAX_ROWS = 1 << 20,
    LENGTHS_AT = 8 + 2 + HASH_LEN + 32 + 8 + 8 + HASH_LEN, /* of the parts, in a preamble */
    PREAMBLE_LEAST = LENGTHS_AT + 4
};

struct row {
    uint64_t id, number;
    struct bytes blob;
    size_t place; /* where it stood */
};

struct rows {
    struct row *row;
    size_t count, room;
};

/* Lengths of the numbers 0, 1..6 bytes by kind; 8 and 9 are the numbers 0 and 1. */
static int number_len(uint8_t kind)
{
    static const int len[] = {[1] = 1, 2, 3, 4, 6, 8, -1, 0, 0};
    return kind >= 1 && kind <= 9 ? len[kind] : -1;
}

/* The row id in front of ${at}, and in front of that the payload's length. */
static bool read_front(struct bytes b, size_t at, size_t payload, uint64_t *id)
{
    const uint8_t want[2] = {(uint8_t)(0x80 | payload >> 7), (uint8_t)(payload & 0x7f)};
    for (size_t k = 1; k <= 4 && at >= k + 2; k++) {
        bool whole = b.p[at - 1] < 0x80;
        *id = 0;
        for (size_t i = at - k; i < at; i++) {
            *id = *id << 7 | (b.p[i] & 0x7f);
            whole = whole && (i + 1 == at || b.p[i] >= 0x80);
        }
        if (whole && memcmp(b.p + at - k - 2, want, 2) == 0)
            return true;
    }
    return false;
}

static bool read_row(struct bytes b, size_t at, struct row *out)
{
    if (b.len - at < HEADER || b.p[at] != HEADER || b.p[at + 1] != 0 || b.p[at + 3] < 0x80 ||
        b.p[at + 4] >= 0x80)
        return false;
    int number = number_len(b.p[at + 2]);
    size_t kind = (size_t)(b.p[at + 3] & 0x7f) << 7 | b.p[at + 4];
    size_t len = kind >= 12 && kind % 2 == 0 ? (kind - 12) / 2 : 0;
    if (number < 0 || len < BLOB_MIN || b.len - at < HEADER + (size_t)number + len ||
        !read_front(b, at, HEADER + (size_t)number + len, &out->id))
        return false;
    out->number = b.p[at + 2] == 9;
    for (int i = 0; i < number; i++)
        out->number = out->number << 8 | b.p[at + HEADER + (size_t)i];
    out->blob = (struct bytes){b.p + at + HEADER + number, len};
    return true;
}

static enum err look(struct bytes b, struct rows *out)
{
    for (size_t at = 0; at + HEADER <= b.len && out->count < MAX_ROWS; at++) {
        struct row row;
        if (!read_row(b, at, &row))
            continue;
        if (out->count == out->room) {
            size_t room = out->room > 0 ? 2 * out->room : 256;
            struct row *more = realloc(out->row, room * sizeof *more);
            if (more == NULL)
                return ERR_NOMEM;
            out->row = more;
            out->room = room;
        }
        row.place = at;
        out->row[out->count++] = row;
    }
    return ERR_OK;
}

static bool is_preamble(const struct row *r)
{
    return r->blob.len >= PREAMBLE_LEAST && memcmp(r->blob.p, "SANAQST1", 8) == 0;
}

/* Streams first, by number; then entries by stream and position; each once, the last one. */
static int by_place(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    bool s = is_preamble(x), t = is_preamble(y);
    if (s != t)
        return s ? -1 : 1;
    if (!s && x->number != y->number)
        return x->number < y->number ? -1 : 1;
    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

static bool is_last_of_its_kind(const struct rows *r, size_t i)
{
    return i + 1 == r->count || is_preamble(&r->row[i + 1]) != is_preamble(&r->row[i]) ||
           r->row[i + 1].id != r->row[i].id ||
           (!is_preamble(&r->row[i]) && r->row[i + 1].number != r->row[i].number);
}

static size_t entry_len(const struct row *stream)
{
    struct reader r =
        reader_of((struct bytes){stream->blob.p + LENGTHS_AT, stream->blob.len - LENGTHS_AT});
    size_t field = read_u16(&r);
    return field + read_u16(&r) + STREAM_MAC_LEN + SIGN_LEN;
}

static enum err tell_stream(const struct rows *r, const struct row *stream,
                            const struct laptop_store_visitor *v, size_t *found)
{
    size_t len = entry_len(stream);
    enum err e = v->stream(v->ctx, stream->id, stream->number, stream->blob);
    for (size_t i = 0; e == ERR_OK && i < r->count; i++) {
        const struct row *row = &r->row[i];
        if (is_preamble(row) || row->number != stream->id || row->blob.len != len || row->id == 0 ||
            row->id < stream->number || !is_last_of_its_kind(r, i))
            continue;
        e = v->entry(v->ctx, stream->id, row->id, row->blob);
        ++*found;
    }
    return e;
}

enum err laptop_salvage(struct bytes pages, const struct laptop_store_visitor *v, size_t *found)
{
    struct rows r = {NULL, 0, 0};
    *found = 0;
    enum err e = look(pages, &r);
    if (r.count > 0)
        qsort(r.row, r.count, sizeof *r.row, by_place);
    for (size_t i = 0; e == ERR_OK && i < r.count && is_preamble(&r.row[i]); i++)
        if (is_last_of_its_kind(&r, i))
            e = tell_stream(&r, &r.row[i], v, found);
    free(r.row);
    return e;
}
