/* What travels back to a laptop, signed by researchers of its pack: approval, receipt, go-live; and
 * revocation and choice, which stay in the archive (FORMAT.md "What travels back"). */
#ifndef SANAQ_CORE_NOTICE_H
#define SANAQ_CORE_NOTICE_H

#include "core/pack.h"

enum notice_kind {
    NOTICE_APPROVAL,
    NOTICE_REVOCATION,
    NOTICE_RECEIPT,
    NOTICE_CHOICE, /* between two histories of one device, or of a chain restarted */
    NOTICE__COUNT
};
enum { NOTICE_MAX_BYTES = 4096 };

struct notice {
    enum notice_kind kind;
    uint8_t pack[HASH_LEN], device[32];
    uint64_t n;         /* revocation: last position that counts; receipt: position confirmed;
                           choice: position of the entry chosen */
    uint8_t value[32];  /* approval: random bytes; receipt, choice: head at n */
    uint8_t researcher; /* index of the signer in the pack */
};

/** The pack that a notice names. False if it is too short for one. */
bool notice_pack(struct bytes b, uint8_t pack[HASH_LEN]);

/** Read a notice of any kind and check that a researcher of ${pack} signed it for this pack.
 *  ERR_FORMAT, ERR_SIGNATURE; not said (the caller knows where it came from). */
enum err notice_parse(struct bytes b, const struct pack *pack, struct notice *out);

/** Write and sign with the 64-byte secret key of researcher ${n->researcher}; appends to ${out}. */
enum err notice_make(const struct notice *n, const uint8_t secret_key[64], struct buffer *out);

/** H("approve", bytes of the approval). */
void notice_hash(struct bytes approval, uint8_t out[HASH_LEN]);

/** Recipients sign for going live: researchers, then supervisors, numbered through in the pack's
 * order. How many; the number of this key, -1 if it is none of them. */
size_t notice_golive_recipients(const struct pack *pack);
int notice_golive_place(const struct pack *pack, const uint8_t sign_key[32]);

/** One recipient's signature for going live. */
void notice_golive_sign(const uint8_t pack[HASH_LEN], const uint8_t secret_key[64],
                        uint8_t sig[SIGN_LEN]);
/** Write the go-live file from one signature per recipient, in order. */
void notice_golive_make(const struct pack *pack, const uint8_t (*sig)[SIGN_LEN],
                        struct buffer *out);
/** ERR_OK if every recipient of ${pack} has signed this file. */
enum err notice_golive_check(struct bytes b, const struct pack *pack);

#endif
