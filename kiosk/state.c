#include "kiosk/state.h"

#include <string.h>

#include "core/disposition.h"
#include "kiosk/localbox.h"

enum { TALLY_LEN = 9 * 4 + STATE_CONTACTS * 8, FLAGS_LEN = 2 };

static size_t plain_len(const struct study *s, size_t strata)
{
    return device_state_len(s, strata) + FLAGS_LEN + interview_size(s) + TALLY_LEN;
}

size_t state_sealed_len(const struct study *s, size_t strata)
{
    return plain_len(s, strata) + LOCALBOX_MORE;
}

static void put_tally(const struct state *st, struct writer *w)
{
    write_u32(w, st->day);
    write_u32(w, st->contacts);
    write_u32(w, st->completes);
    write_u32(w, st->partials);
    write_u32(w, st->refusals);
    write_u32(w, st->break_offs);
    write_u32(w, st->others);
    write_u32(w, st->last);
    write_u32(w, st->since);
    for (size_t i = 0; i < STATE_CONTACTS; i++)
        write_u64(w, st->end_of[i]);
}

static void get_tally(struct state *st, struct reader *r)
{
    st->day = read_u32(r);
    st->contacts = read_u32(r);
    st->completes = read_u32(r);
    st->partials = read_u32(r);
    st->refusals = read_u32(r);
    st->break_offs = read_u32(r);
    st->others = read_u32(r);
    st->last = read_u32(r);
    st->since = read_u32(r);
    for (size_t i = 0; i < STATE_CONTACTS; i++)
        st->end_of[i] = read_u64(r);
}

enum err state_seal(const struct state *st, const struct device *d, const struct study *s,
                    size_t strata, const struct secret *key, uint64_t epoch, uint8_t *out)
{
    struct secret *plain = NULL;
    size_t len = plain_len(s, strata), at = device_state_len(s, strata);
    enum err e = secret_new(len, &plain);
    if (e != ERR_OK)
        return e;
    uint8_t *p = secret_bytes(plain);
    device_save(d, p);
    p[at] = st->open;
    p[at + 1] = st->begun;
    at += FLAGS_LEN;
    if (st->open) /* else zeros, of the same length */
        interview_save(&st->iv, s, p + at);
    struct writer w = writer_of(p + at + interview_size(s), TALLY_LEN);
    put_tally(st, &w);
    localbox_seal(key, "state", device_key(d), epoch, (struct bytes){p, len}, out);
    secret_free(plain);
    return ERR_OK;
}

enum err state_open(const struct pack *pack, const struct study *s, const struct points *p,
                    const struct secret *sign_key, const struct secret *key, uint64_t epoch,
                    struct bytes sealed, struct state *out, struct device **device)
{
    struct secret *plain = NULL;
    struct state st = {0};
    size_t len = plain_len(s, pack->strata);
    if (sealed.len != len + LOCALBOX_MORE)
        return ERR_FORMAT;
    enum err e = secret_new(len, &plain);
    if (e != ERR_OK)
        return e;
    e = ERR_KEY;
    if (!localbox_open(key, "state", secret_view(sign_key) + 32, epoch, sealed,
                       secret_bytes(plain)))
        goto out;
    struct reader r = reader_of((struct bytes){secret_view(plain), len});
    struct bytes dev = read_view(&r, device_state_len(s, pack->strata));
    st.open = read_u8(&r) != 0;
    st.begun = read_u8(&r) != 0;
    struct bytes iv = read_view(&r, interview_size(s));
    get_tally(&st, &r);
    e = ERR_FORMAT;
    if (!reader_done(&r) || (st.open && interview_load(s, p, iv, &st.iv) != ERR_OK))
        goto out;
    e = device_load(pack, s, sign_key, dev, device);
    if (e == ERR_OK)
        *out = st;
out:
    secret_wipe(&st, sizeof st);
    secret_free(plain);
    return e;
}

void state_day(struct state *st, uint32_t today)
{
    if (st->day == today)
        return;
    st->day = today;
    st->contacts = st->completes = st->partials = st->refusals = st->break_offs = st->others = 0;
}

void state_count(struct state *st, uint16_t disposition, uint64_t position)
{
    st->contacts++;
    st->completes += disposition == DISPOSITION_COMPLETE;
    st->partials += disposition == DISPOSITION_PARTIAL;
    st->refusals += disposition >= 2110 && disposition <= 2119;
    st->break_offs += disposition == DISPOSITION_BREAK_OFF;
    st->others = st->contacts - st->completes - st->partials - st->refusals - st->break_offs;
    st->last = st->iv.contact;
    st->end_of[st->last % STATE_CONTACTS] = position;
}
