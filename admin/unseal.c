#include "admin/unseal.h"

#include <stdlib.h>
#include <string.h>

struct unseal {
    uint8_t id[HASH_LEN];
    uint64_t next;       /* position whose keys are in hand */
    size_t parts;        /* 1: field only; 2 */
    size_t len[2];       /* sealed lengths */
    struct secret *keys; /* f, a, and one that opens an entry */
};

static int place_in(const struct pack *pack, const struct studykey *key)
{
    return key->role == STUDYKEY_RESEARCHER ? pack_researcher(pack, key->pub.sign)
                                            : pack_supervisor(pack, key->pub.sign);
}

bool unseal_is_ours(const struct pack *pack, const struct studykey *key)
{
    int place = place_in(pack, key);
    const struct pack_key *all =
        key->role == STUDYKEY_RESEARCHER ? pack->researcher : pack->supervisor;
    return place >= 0 && memcmp(all[place].box, key->pub.box, sizeof key->pub.box) == 0;
}

/* This reader's box: its place in the pack. */
static struct bytes own_box(const struct preamble *pre, const struct pack *pack,
                            const struct studykey *key, size_t *parts)
{
    bool researcher = key->role == STUDYKEY_RESEARCHER;
    int place = place_in(pack, key);
    *parts = researcher ? 2 : 1;
    size_t len = *parts * 32 + crypto_box_SEALBYTES;
    if (place < 0 || memcmp(pre->pack, pack->hash, HASH_LEN) != 0)
        return (struct bytes){NULL, 0}; /* another pack has other places */
    const struct bytes *all = researcher ? &pre->researcher_box : &pre->supervisor_box;
    return (struct bytes){all->p + (size_t)place * len, len};
}

enum err unseal_begin(const struct preamble *pre, const struct pack *pack,
                      const struct studykey *key, struct unseal **out)
{
    size_t parts = 0;
    uint8_t commit[HASH_LEN];
    struct bytes box = own_box(pre, pack, key, &parts);
    if (box.p == NULL)
        return ERR_KEY;
    struct unseal *u = calloc(1, sizeof *u);
    if (u == NULL)
        return ERR_NOMEM;
    memcpy(u->id, pre->id, HASH_LEN);
    u->next = pre->first;
    u->parts = parts;
    u->len[0] = pre->field_len;
    u->len[1] = pre->answers_len;
    enum err e = secret_new(96, &u->keys);
    if (e == ERR_OK && crypto_box_seal_open(secret_bytes(u->keys), box.p, box.len, key->pub.box,
                                            secret_view(key->box)) != 0)
        e = ERR_KEY;
    for (size_t i = 0; e == ERR_OK && i < parts; i++) {
        hash_once(commit, NULL, "commit", (struct bytes){secret_view(u->keys) + 32 * i, 32});
        if (memcmp(commit, pre->commit[i], HASH_LEN) != 0)
            e = ERR_DOUBT;
    }
    if (e != ERR_OK) {
        unseal_free(u);
        return e;
    }
    *out = u;
    return ERR_OK;
}

void unseal_free(struct unseal *u)
{
    if (u == NULL)
        return;
    secret_free(u->keys);
    free(u);
}

bool unseal_answers(const struct unseal *u)
{
    return u->parts == 2;
}

enum err unseal_entry(struct unseal *u, uint64_t n, struct bytes sealed, uint8_t *field,
                      uint8_t *answers)
{
    static const uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
    static const char *const label[2] = {"field", "answers"};
    uint8_t *keys = secret_bytes(u->keys), *once = keys + 64, ad[STREAM_AD_LEN];
    uint8_t *plain[2] = {field, answers};
    enum err e = n < u->next || sealed.len < u->len[0] + u->len[1] ? ERR_DOUBT : ERR_OK;
    for (; e == ERR_OK && u->next < n; u->next++) /* entries that are missing */
        for (size_t i = 0; i < u->parts; i++)
            stream_ratchet(keys + 32 * i, once);
    for (size_t i = 0, at = 0; e == ERR_OK && i < u->parts; at += u->len[i++]) {
        stream_ratchet(keys + 32 * i, once);
        stream_ad(label[i], u->id, n, ad);
        if (crypto_aead_chacha20poly1305_ietf_decrypt(plain[i], NULL, NULL, sealed.p + at,
                                                      u->len[i], ad, sizeof ad, nonce, once) != 0)
            e = ERR_DOUBT;
        if (e != ERR_OK && i + 1 < u->parts) /* both keys move on together */
            stream_ratchet(keys + 32 * (i + 1), once);
    }
    if (n >= u->next)
        u->next = n + 1;
    secret_wipe(once, 32);
    return e;
}
