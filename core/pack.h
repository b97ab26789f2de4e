/* A pack: a signed study (FORMAT.md "Pack"). Keeping: carries study and points as bytes; pack_open
 * hands them to the meaning side. */
#ifndef SANAQ_CORE_PACK_H
#define SANAQ_CORE_PACK_H

#include "core/err.h"
#include "core/hash.h"

enum {
    PACK_MAX_BYTES = 8 << 20,
    PACK_MAX_STUDY = 1 << 20,
    PACK_MAX_STRATA = 1024,
    PACK_MAX_RESEARCHERS = 16,
    PACK_MAX_SUPERVISORS = 16,
    PACK_ALGORITHM = 1 /* of the assignment; another one is refused */
};

struct pack_key {
    uint8_t sign[32], box[32]; /* Ed25519, X25519 public keys */
};

struct pack {
    struct buffer bytes; /* the whole file; owns what the views below show */
    uint8_t hash[HASH_LEN];
    uint32_t number;
    uint8_t replaces[HASH_LEN];
    struct bytes study, points;
    size_t strata; /* 1.. */
    struct bytes stratum[PACK_MAX_STRATA];
    struct pack_key researcher[PACK_MAX_RESEARCHERS], supervisor[PACK_MAX_SUPERVISORS];
    size_t researchers, supervisors;
    uint8_t signer; /* index of the researcher whose signature comes first */
    size_t signatures;
    uint32_t signed_by; /* bit i: researcher i has signed */
};

/** Read a pack and check its signatures. Copies ${b}. ERR_FORMAT, ERR_UNSUPPORTED (a version or an
 *  algorithm this program does not know), ERR_SIGNATURE; said with ${name}. */
enum err pack_parse(struct bytes b, const char *name, struct pack **out);
void pack_free(struct pack *p);

/** What goes into a new pack; views, nothing owned. */
struct pack_parts {
    uint32_t number;
    const uint8_t *replaces; /* HASH_LEN bytes or NULL */
    struct bytes study, points;
    const char *const *stratum;
    size_t strata;
    const struct pack_key *researcher, *supervisor;
    size_t researchers, supervisors;
};

/** Write the pack into the empty ${out} and sign it with the 64-byte Ed25519 secret key of
 *  researcher ${signer}. ERR_NOMEM; ERR_USAGE where a part is outside its limit (said). */
enum err pack_make(const struct pack_parts *parts, uint8_t signer, const uint8_t secret_key[64],
                   struct buffer *out);

/** Write ${p} with one more signature, by researcher ${who}, into the empty ${out}. ERR_STATE if it
 * is signed by that one already; ERR_NOMEM. */
enum err pack_sign(const struct pack *p, uint8_t who, const uint8_t secret_key[64],
                   struct buffer *out);

/** True if no two of these have a key in common. */
bool pack_keys_differ(const struct pack_key *key, size_t count);

/** H("key", both public keys): a person's fingerprint, read out as words. */
void pack_key_fingerprint(const struct pack_key *key, uint8_t out[HASH_LEN]);

/** Index of the researcher or supervisor with this key; -1 if there is none. */
int pack_researcher(const struct pack *p, const uint8_t sign_key[32]);
int pack_supervisor(const struct pack *p, const uint8_t sign_key[32]);

#endif
