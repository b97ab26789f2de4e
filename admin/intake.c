#include "admin/intake.h"

#include <string.h>

#include "core/segment.h"

enum {
    VERSION = 1,
    PREAMBLE_MAX = 16384,
    PART_MIN = STREAM_TAG_LEN + 16,
    PART_MAX = 4096,
    MAX_POSITION = 1 << 24,  /* of a device: bounds what a hostile segment can cost */
    MAX_IN_STREAM = 1 << 20, /* entries of one session */
    RESEARCHER_BOX = 64 + crypto_box_SEALBYTES,
    SUPERVISOR_BOX = 32 + crypto_box_SEALBYTES
};
static const char stream_magic[8] = "SANAQST1", segment_magic[8] = "SANAQSG1";

static bool read_magic(struct reader *r, const char magic[8])
{
    uint8_t found[8];
    read_raw(r, found, sizeof found);
    return memcmp(found, magic, 8) == 0 && read_u16(r) == VERSION;
}

enum err intake_preamble(struct bytes b, struct preamble *p)
{
    struct reader r = reader_of(b);
    if (b.len > PREAMBLE_MAX || !read_magic(&r, stream_magic))
        return ERR_FORMAT;
    p->bytes = b;
    read_raw(&r, p->pack, HASH_LEN);
    read_raw(&r, p->device, 32);
    p->number = read_u64(&r);
    p->first = read_u64(&r);
    read_raw(&r, p->previous, HASH_LEN);
    p->field_len = read_u16(&r);
    p->answers_len = read_u16(&r);
    read_raw(&r, p->commit[0], HASH_LEN);
    read_raw(&r, p->commit[1], HASH_LEN);
    p->researchers = read_u8(&r);
    p->researcher_box = read_view(&r, p->researchers * RESEARCHER_BOX);
    p->supervisors = read_u8(&r);
    p->supervisor_box = read_view(&r, p->supervisors * SUPERVISOR_BOX);
    read_view(&r, SIGN_LEN);
    if (!reader_done(&r) || p->researchers > PACK_MAX_RESEARCHERS ||
        p->supervisors > PACK_MAX_SUPERVISORS || p->first == 0 || p->number == 0 ||
        (p->first == 1 && !sodium_is_zero(p->previous, HASH_LEN)) || p->field_len < PART_MIN ||
        p->field_len > PART_MAX || p->answers_len < PART_MIN || p->answers_len > PART_MAX)
        return ERR_FORMAT;
    hash_once(p->id, NULL, "stream", (struct bytes){b.p, b.len - SIGN_LEN});
    return ERR_OK;
}

size_t intake_entry_len(const struct preamble *pre)
{
    return (size_t)pre->field_len + pre->answers_len + STREAM_MAC_LEN + SIGN_LEN;
}

enum err intake_read(struct bytes file, struct segment *out)
{
    struct segment s = {0};
    struct reader r = reader_of(file);
    if (file.len > SEGMENT_MAX_BYTES || !read_magic(&r, segment_magic))
        return ERR_FORMAT;
    struct bytes pre = read_view(&r, read_u32(&r));
    s.first = read_u64(&r);
    read_raw(&r, s.before, HASH_LEN);
    uint32_t said = read_u32(&r);
    if (r.failed || said == 0 || said > SEGMENT_MAX_ENTRIES ||
        intake_preamble(pre, &s.pre) != ERR_OK)
        return ERR_FORMAT;
    s.entry_len = intake_entry_len(&s.pre);
    s.entry = r.p;
    /* where the bytes make whole entries, they say better than the number how many there are */
    size_t there = r.left / s.entry_len;
    bool whole = there * s.entry_len == r.left && there > 0 && there <= SEGMENT_MAX_ENTRIES;
    s.count = there < said || whole ? (uint32_t)there : said;
    s.truncated = r.left != said * s.entry_len;
    *out = s;
    return ERR_OK;
}

bool intake_in_range(const struct segment *s)
{
    return s->first >= s->pre.first && s->first <= MAX_POSITION &&
           s->first - s->pre.first <= MAX_IN_STREAM;
}

enum err intake_check_preamble(const struct preamble *pre, const struct pack *pack)
{
    struct buffer message = {0};
    uint8_t label[LABEL_LEN];
    size_t len = pre->bytes.len - SIGN_LEN;
    if (pack != NULL &&
        (memcmp(pre->pack, pack->hash, HASH_LEN) != 0 || pre->researchers != pack->researchers ||
         pre->supervisors != pack->supervisors))
        return ERR_SIGNATURE;
    hash_label(label, "preamble");
    buffer_add(&message, label, sizeof label);
    buffer_add(&message, pre->bytes.p, len);
    bool ok = !message.failed && crypto_sign_verify_detached(pre->bytes.p + len, message.p,
                                                             message.len, pre->device) == 0;
    buffer_free(&message);
    return ok ? ERR_OK : ERR_SIGNATURE;
}

struct bytes intake_entry(const struct segment *s, uint32_t i)
{
    return (struct bytes){s->entry + i * s->entry_len, s->entry_len};
}

bool intake_vouches(const struct segment *s, uint32_t i, const uint8_t head[HASH_LEN])
{
    uint8_t message[STREAM_SIGNED_LEN];
    struct bytes e = intake_entry(s, i);
    stream_signed(s->pre.id, s->first + i, head, message);
    return crypto_sign_verify_detached(e.p + e.len - SIGN_LEN, message, sizeof message,
                                       s->pre.device) == 0;
}

uint32_t intake_check_entries(const struct segment *s, uint8_t (*head)[HASH_LEN])
{
    const uint8_t *before = s->first == s->pre.first ? s->pre.id : s->before;
    for (uint32_t i = 0; i < s->count; i++) {
        stream_head(before, intake_entry(s, i), head[i]);
        before = head[i];
    }
    if (s->count == 0 || intake_vouches(s, s->count - 1, head[s->count - 1]))
        return s->count; /* the last signature vouches for all */
    uint32_t good = 0;
    while (good < s->count && intake_vouches(s, good, head[good]))
        good++;
    return good;
}
