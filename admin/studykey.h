/* study.key and study.pub: a person's keys for a study (FORMAT.md "Public keys and study keys"). */
#ifndef SANAQ_ADMIN_STUDYKEY_H
#define SANAQ_ADMIN_STUDYKEY_H

#include "core/pack.h"
#include "core/secret.h"

enum studykey_role { STUDYKEY_RESEARCHER = 1, STUDYKEY_SUPERVISOR = 2 };

struct studykey {
    enum studykey_role role;
    struct secret_cost cost; /* of its passphrase */
    struct pack_key pub;
    struct secret *sign; /* 64 bytes, Ed25519 */
    struct secret *box;  /* 32 bytes, X25519 */
};

/** Make fresh keys and write ${path} (0600) and beside it the public key, its ending .key replaced
 * by .pub. Neither may exist. ERR_FILE, ERR_FULL, ERR_NOMEM: said; nothing is left behind. */
enum err studykey_create(const char *path, enum studykey_role role, const struct secret *passphrase,
                         struct secret_cost cost, struct pack_key *pub);

/** Room for a key of this role; what is in it is random until the caller puts keys there.
 * ERR_NOMEM. */
enum err studykey_new(enum studykey_role role, struct studykey **out);
/** Write ${k} under ${passphrase} at its cost, as studykey_create does. */
enum err studykey_save(const char *path, const struct studykey *k, const struct secret *passphrase);

/** Open ${path}. ERR_PASSPHRASE, ERR_FORMAT, ERR_FILE: said. Release with studykey_free. */
enum err studykey_open(const char *path, const struct secret *passphrase, struct studykey **out);
void studykey_free(struct studykey *k);

/** Passphrase from ${file}'s first line, or asked for on the terminal if NULL; then studykey_open.
 */
enum err studykey_unlock(const char *path, const char *passphrase_file, struct studykey **out);

/** Read a public key file. ERR_FORMAT (said): also where a secret key stands in its place. */
enum err studykey_read_public(const char *path, enum studykey_role role, struct pack_key *out);

#endif
