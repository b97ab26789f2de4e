/* A laptop whose every entry a test makes by hand: what only somebody with its own keys can send.
 */
#ifndef SANAQ_TESTS_ADMIN_HANDMADE_H
#define SANAQ_TESTS_ADMIN_HANDMADE_H

#include "tests/admin/sent.h"

struct laptop {
    const struct world *world;
    struct secret *sign;
    struct device *device;
    struct entry_clocks clocks;
    struct buffer preamble, entries;
    uint64_t stream, first;
    uint8_t approval[32]; /* its random bytes */
    uint8_t entry[4096];
};

static const uint8_t roots[64] = {1, 2, 3};

/* ---- a laptop by hand ---- */

static inline void begin(struct laptop *l)
{
    buffer_free(&l->preamble);
    buffer_free(&l->entries);
    assert_int_equal(device_stream(l->device, &l->stream, &l->preamble), ERR_OK);
    l->first = device_position(l->device) + 1;
}

static inline void add(struct laptop *l)
{
    buffer_add(&l->entries, l->entry, device_entry_len(l->world->study));
}

static inline void set_up(struct laptop *l, const struct world *w)
{
    struct entry_field f = {.kind = ENTRY_ROOT};
    *l = (struct laptop){.world = w};
    assert_int_equal(secret_new(64, &l->sign), ERR_OK);
    uint8_t pub[32];
    crypto_sign_keypair(pub, secret_bytes(l->sign));
    assert_int_equal(device_create(w->pack, w->study, l->sign, &l->device), ERR_OK);
    begin(l);
    assert_int_equal(device_root(l->device, &f, roots, l->entry), ERR_OK);
    add(l);
}

static inline void take_away(struct laptop *l)
{
    device_free(l->device);
    secret_free(l->sign);
    buffer_free(&l->preamble);
    buffer_free(&l->entries);
}

static inline void send(struct laptop *l, struct archive *a)
{
    uint8_t before[HASH_LEN];
    char name[SEGMENT_NAME];
    struct buffer b = {0};
    size_t count = l->entries.len / device_entry_len(l->world->study);
    struct segment_name n = {{0}, l->stream, l->first, l->first + count - 1};
    memcpy(n.device, secret_view(l->sign) + 32, sizeof n.device);
    segment_put_name(&n, name);
    hash_once(before, NULL, "stream", (struct bytes){l->preamble.p, l->preamble.len - SIGN_LEN});
    segment_put_start(&b, buffer_view(&l->preamble), l->first, before, (uint32_t)count);
    buffer_add(&b, l->entries.p, l->entries.len);
    put(a, name, secret_view(l->sign) + 32, buffer_view(&b));
    buffer_free(&b);
}

static inline struct archive *open_for(struct laptop *l)
{
    struct notice n = {.kind = NOTICE_APPROVAL, .researcher = 0};
    struct buffer b = {0};
    struct archive *a = open_empty();
    const struct pack *pack = l->world->pack;
    memcpy(n.pack, pack->hash, HASH_LEN);
    memcpy(n.device, secret_view(l->sign) + 32, 32);
    memcpy(n.value, l->approval, 32);
    assert_int_equal(notice_make(&n, secret_view(l->world->key[0]->sign), &b), ERR_OK);
    put_own_pack(a, pack);
    assert_int_equal(archive_put_notice(a, NOTICE_APPROVAL, n.device, buffer_view(&b), NULL),
                     ERR_OK);
    buffer_free(&b);
    return a;
}

static inline void take_approval_of(struct laptop *l, const uint8_t random[32])
{
    struct notice n = {.kind = NOTICE_APPROVAL, .researcher = 0};
    struct buffer b = {0};
    uint8_t hash[HASH_LEN];
    memcpy(n.pack, l->world->pack->hash, HASH_LEN);
    memcpy(n.device, secret_view(l->sign) + 32, 32);
    memcpy(n.value, random, 32);
    assert_int_equal(notice_make(&n, secret_view(l->world->key[0]->sign), &b), ERR_OK);
    notice_hash(buffer_view(&b), hash);
    assert_int_equal(device_approve(l->device, n.value, hash, &l->clocks, l->entry), ERR_OK);
    add(l);
    buffer_free(&b);
}

static inline void seal(struct laptop *l, struct entry_field *f, const struct entry_answers *a)
{
    device_seal(l->device, f, a, l->entry);
    add(l);
}

/* Draws for lists 0 and 1; ${cheat} changes what was drawn before it is sealed. */
typedef void cheating(struct draw *d, struct entry_field *f);

static inline void assign_one(struct laptop *l, cheating *cheat)
{
    struct entry_field f = {.kind = ENTRY_ASSIGNED, .contact = device_contact(l->device)};
    struct entry_answers a = {.kind = ENTRY_ASSIGNED};
    f.clocks = l->clocks;
    strcpy(f.u.contact.interviewer, "ab12");
    strcpy(f.u.contact.point, "p1");
    f.u.contact.attempt = 1;
    f.u.contact.stratum = l->world->points->stratum_of[points_find(l->world->points, "p1")];
    device_draw(l->device, f.u.contact.stratum, 3, &a.u.draw);
    if (cheat != NULL)
        cheat(&a.u.draw, &f);
    seal(l, &f, &a);
}

/* ---- its history ---- */

static inline struct buffer state_of_laptop(const struct laptop *l)
{
    struct buffer b = {0};
    size_t len = device_state_len(l->world->study, l->world->pack->strata);
    uint8_t *state = malloc(len);
    assert_non_null(state);
    device_save(l->device, state);
    buffer_add(&b, state, len);
    free(state);
    return b;
}

/* Go on from ${state}, which stays. */
static inline void go_back_to(struct laptop *l, const struct buffer *state)
{
    device_free(l->device);
    l->device = NULL;
    assert_int_equal(
        device_load(l->world->pack, l->world->study, l->sign, buffer_view(state), &l->device),
        ERR_OK);
}

/* The state is lost, the device key is not. */
static inline void restart(struct laptop *l)
{
    struct device *d = NULL;
    struct entry_field f = {.kind = ENTRY_ROOT};
    assert_int_equal(device_restart(l->world->pack, l->world->study, l->sign,
                                    device_position(l->device), device_head(l->device), l->stream,
                                    &d),
                     ERR_OK);
    device_free(l->device);
    l->device = d;
    begin(l);
    assert_int_equal(device_root(l->device, &f, NULL, l->entry), ERR_OK);
    add(l);
}

static inline void work_on(struct laptop *l, unsigned contacts)
{
    for (unsigned i = 0; i < contacts; i++)
        assign_one(l, NULL);
}

/* A session of its own, sent. */
static inline void one_session(struct laptop *l, struct archive *a, unsigned contacts)
{
    begin(l);
    work_on(l, contacts);
    send(l, a);
}

static inline void closing_of(const struct laptop *l, char out[CLOSING_TEXT])
{
    char spaced[STREAM_CLOSING];
    size_t len = device_entry_len(l->world->study);
    stream_closing(device_position(l->device), l->entry + len - SIGN_LEN - STREAM_MAC_LEN, spaced);
    assert_int_equal(closing_read(spaced, out), ERR_OK);
}

/* ---- what people sign about it ---- */

static inline void put_signed(struct laptop *l, struct archive *a, enum notice_kind kind,
                              uint64_t n, const uint8_t *head, const struct studykey *by)
{
    struct notice notice = {.kind = kind, .n = n, .researcher = 0};
    struct buffer b = {0};
    memcpy(notice.pack, l->world->pack->hash, HASH_LEN);
    memcpy(notice.device, secret_view(l->sign) + 32, 32);
    if (head != NULL)
        memcpy(notice.value, head, HASH_LEN);
    assert_int_equal(notice_make(&notice, secret_view(by->sign), &b), ERR_OK);
    assert_int_equal(archive_put_notice(a, kind, notice.device, buffer_view(&b), NULL), ERR_OK);
    buffer_free(&b);
}

static inline struct verify_report *report_of(struct archive *a, const struct studykey *key)
{
    struct verify_report *r = NULL;
    assert_int_equal(verify_archive(a, key, NULL, NULL, &r), ERR_OK);
    return r;
}

static inline struct seen read_laptop(struct laptop *l)
{
    struct archive *a = open_for(l);
    send(l, a);
    return read_once(a, l->world->key[1]);
}

#endif
