#include "core/device.h"

#include <stdlib.h>
#include <string.h>

_Static_assert((int)PACK_ALGORITHM == (int)ASSIGN_ALGORITHM, "packs name the algorithm in use");
_Static_assert((int)PACK_MAX_STRATA == (int)STUDY_MAX_STRATA, "a pack names every stratum");
_Static_assert((int)PACK_MAX_STUDY == (int)STUDY_MAX_BYTES, "a pack holds every study");

enum { STATE_VERSION = 1, STATE_HEAD_LEN = 1 + 1 + 8 + HASH_LEN + 32 + 8 + 4 };
enum { /* bits of `is` */
       IS_LIVE = 1,
       IS_APPROVED = 2,
       HAS_ROOT = 4,
       IS_SIMULATED = 8,
       WAS_APPROVED = 16 /* under a pack before */
};

struct device {
    const struct pack *pack;
    const struct study *study;
    const struct secret *sign_key;
    struct stream *stream;
    struct stream_chain chain;
    struct assign *assign;  /* NULL before the root */
    struct secret *answers; /* room for one plain answers part */
    uint64_t streams;
    uint32_t contacts;
    uint8_t is;
    bool follows; /* its root goes under the chain it ends */
};

static enum err new_device(const struct pack *pack, const struct study *study,
                           const struct secret *sign_key, struct device **out)
{
    struct device *d = calloc(1, sizeof *d);
    if (d == NULL)
        return ERR_NOMEM;
    d->pack = pack;
    d->study = study;
    d->sign_key = sign_key;
    d->chain.next = 1;
    enum err e = secret_new(32, &d->chain.mac);
    if (e == ERR_OK)
        e = secret_new(entry_answers_len(study), &d->answers);
    if (e != ERR_OK) {
        device_free(d);
        return e;
    }
    *out = d;
    return ERR_OK;
}

enum err device_create(const struct pack *pack, const struct study *study,
                       const struct secret *sign_key, struct device **out)
{
    return new_device(pack, study, sign_key, out);
}

enum err device_restart(const struct pack *pack, const struct study *study,
                        const struct secret *sign_key, uint64_t last, const uint8_t head[HASH_LEN],
                        uint64_t streams, struct device **out)
{
    struct device *d = NULL;
    enum err e = new_device(pack, study, sign_key, &d);
    if (e != ERR_OK)
        return e;
    d->chain.next = last + 1;
    memcpy(d->chain.head, head, HASH_LEN);
    d->streams = streams;
    d->contacts = (uint32_t)last; /* every contact before had an entry of its own */
    *out = d;
    return ERR_OK;
}

enum err device_follow(struct device *from, const struct pack *pack, const struct study *study,
                       struct device **out)
{
    struct device *d = NULL;
    enum err e = new_device(pack, study, from->sign_key, &d);
    if (e != ERR_OK)
        return e;
    stream_free(from->stream); /* it seals into the chain that moves on here */
    from->stream = NULL;
    struct secret *room = d->chain.mac;
    d->chain = from->chain;
    from->chain.mac = room;
    d->streams = from->streams;
    d->contacts = from->contacts;
    d->is = (uint8_t)(from->is & (IS_LIVE | IS_SIMULATED | WAS_APPROVED));
    if (device_approved(from))
        d->is |= WAS_APPROVED;
    d->follows = true;
    *out = d;
    return ERR_OK;
}

void device_free(struct device *d)
{
    if (d == NULL)
        return;
    stream_free(d->stream);
    assign_free(d->assign);
    secret_free(d->chain.mac);
    secret_free(d->answers);
    free(d);
}

size_t device_state_len(const struct study *study, size_t strata)
{
    return STATE_HEAD_LEN + assign_size(study, strata);
}

void device_save(const struct device *d, uint8_t *out)
{
    struct writer w = writer_of(out, STATE_HEAD_LEN);
    write_u8(&w, STATE_VERSION);
    write_u8(&w, d->is);
    write_u64(&w, d->chain.next);
    write_raw(&w, d->chain.head, HASH_LEN);
    write_raw(&w, secret_view(d->chain.mac), 32);
    write_u64(&w, d->streams);
    write_u32(&w, d->contacts);
    assign_save(d->assign, out + STATE_HEAD_LEN);
}

enum err device_load(const struct pack *pack, const struct study *study,
                     const struct secret *sign_key, struct bytes state, struct device **out)
{
    struct device *d = NULL;
    if (state.len != device_state_len(study, pack->strata))
        return ERR_FORMAT;
    enum err e = new_device(pack, study, sign_key, &d);
    if (e != ERR_OK)
        return e;
    struct reader r = reader_of(state);
    bool known = read_u8(&r) == STATE_VERSION;
    d->is = read_u8(&r);
    d->chain.next = read_u64(&r);
    read_raw(&r, d->chain.head, HASH_LEN);
    read_raw(&r, secret_bytes(d->chain.mac), 32);
    d->streams = read_u64(&r);
    d->contacts = read_u32(&r);
    e = known && (d->is & HAS_ROOT) != 0
            ? assign_load(study, pack->strata, (struct bytes){r.p, r.left}, &d->assign)
            : ERR_FORMAT;
    if (e != ERR_OK) {
        device_free(d);
        return e;
    }
    *out = d;
    return ERR_OK;
}

enum err device_stream(struct device *d, uint64_t *number, struct buffer *preamble)
{
    stream_free(d->stream);
    d->stream = NULL;
    enum err e = stream_begin(d->pack, d->sign_key, &d->chain, d->streams + 1, ENTRY_FIELD_LEN,
                              entry_answers_len(d->study), &d->stream, preamble);
    if (e == ERR_OK)
        *number = ++d->streams;
    return e;
}

size_t device_entry_len(const struct study *study)
{
    return stream_entry_len(ENTRY_FIELD_LEN, entry_answers_len(study));
}

enum err device_root(struct device *d, struct entry_field *field, const uint8_t *roots,
                     uint8_t *out)
{
    struct secret *both = NULL;
    struct entry_answers a = {.kind = ENTRY_ROOT};
    enum err e = roots != NULL ? secret_copy(roots, 64, &both) : secret_random(64, &both);
    if (e == ERR_OK)
        e = assign_new(d->study, d->pack->strata, secret_view(both) + 32, &d->assign);
    if (e != ERR_OK)
        goto out;
    if (!d->follows)
        memcpy(secret_bytes(d->chain.mac), secret_view(both), 32);
    memcpy(a.u.root.mac, secret_view(both), 32);
    memcpy(a.u.root.assign, secret_view(both) + 32, 32);
    field->kind = ENTRY_ROOT;
    field->u.root.pack_number = d->pack->number;
    d->is |= HAS_ROOT;
    device_seal(d, field, &a, out);
    if (d->follows)
        memcpy(secret_bytes(d->chain.mac), secret_view(both), 32);
    d->follows = false;
out:
    secret_wipe(&a.u.root, sizeof a.u.root);
    secret_free(both);
    return e;
}

void device_set_simulated(struct device *d)
{
    d->is |= IS_SIMULATED;
}

bool device_test(const struct device *d)
{
    return (d->is & IS_LIVE) == 0;
}

void device_golive(struct device *d)
{
    d->is |= IS_LIVE;
}

bool device_approved(const struct device *d)
{
    return (d->is & IS_APPROVED) != 0;
}

bool device_known(const struct device *d)
{
    return (d->is & (IS_APPROVED | WAS_APPROVED)) != 0;
}

uint32_t device_contact(struct device *d)
{
    return ++d->contacts;
}

void device_draw(struct device *d, uint16_t stratum, uint32_t asked, struct draw *out)
{
    assign_draw(d->assign, device_test(d), stratum, asked, out);
}

void device_seal(struct device *d, struct entry_field *field, const struct entry_answers *answers,
                 uint8_t *out)
{
    uint8_t plain[ENTRY_FIELD_LEN];
    field->flags = (uint8_t)((device_test(d) ? ENTRY_TEST : 0) |
                             ((d->is & IS_SIMULATED) != 0 ? ENTRY_SIMULATED : 0));
    entry_put_field(field, plain);
    entry_put_answers(d->study, answers, secret_bytes(d->answers));
    stream_seal(d->stream, plain, secret_view(d->answers), out);
    secret_wipe(plain, sizeof plain);
    secret_wipe(secret_bytes(d->answers), secret_len(d->answers));
}

enum err device_approve(struct device *d, const uint8_t random[32], const uint8_t hash[HASH_LEN],
                        const struct entry_clocks *clocks, uint8_t *out)
{
    struct entry_field f = {.kind = ENTRY_APPROVED, .clocks = *clocks};
    struct entry_answers a = {.kind = ENTRY_APPROVED};
    if (device_approved(d))
        return ERR_STATE;
    memcpy(f.u.event.hash, hash, HASH_LEN);
    assign_approve(d->assign, random);
    d->is |= IS_APPROVED;
    device_seal(d, &f, &a, out);
    return ERR_OK;
}

bool device_fill(struct device *d, const struct entry_clocks *clocks, uint8_t *out)
{
    struct entry_field f = {.kind = ENTRY_FILLER, .clocks = *clocks};
    struct entry_answers a = {.kind = ENTRY_FILLER};
    if (device_position(d) % DEVICE_FILL == 0)
        return false;
    device_seal(d, &f, &a, out);
    return true;
}

struct device_debt device_owes(const struct study *study, bool begun, uint32_t counted)
{
    if (!begun)
        return (struct device_debt){ENTRY_CONTACT, 0};
    for (size_t l = 0; l < study->lists; l++)
        if ((counted >> l & 1) == 0)
            return (struct device_debt){ENTRY_COUNTED, l};
    return (struct device_debt){ENTRY_OUTCOME, 0};
}

uint64_t device_position(const struct device *d)
{
    return d->chain.next - 1;
}

const uint8_t *device_head(const struct device *d)
{
    return d->chain.head;
}

const uint8_t *device_key(const struct device *d)
{
    return secret_view(d->sign_key) + 32;
}

void device_fingerprint(const uint8_t key[32], uint8_t out[HASH_LEN])
{
    hash_once(out, NULL, "device", (struct bytes){key, 32});
}
