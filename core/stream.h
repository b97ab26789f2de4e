/* The sealing half of the stream (FORMAT.md "Stream"): part keys that move on with every entry,
 * mac, chain of heads, signature. The opening half is in admin and nowhere else. */
#ifndef SANAQ_CORE_STREAM_H
#define SANAQ_CORE_STREAM_H

#include "core/pack.h"
#include "core/secret.h"

enum { STREAM_TAG_LEN = 16, STREAM_MAC_LEN = 32 };

/** Sealed bytes of an entry whose parts have these plain lengths: cF, cA, mac, signature. */
size_t stream_entry_len(size_t field_len, size_t answers_len);

/** The device that a preamble names; NULL if it is too short to be one. */
const uint8_t *stream_preamble_device(struct bytes preamble);

/** Length of every preamble under this pack. */
size_t stream_preamble_len(const struct pack *pack);

/** Where a device's chain stands; moved on by stream_seal. */
struct stream_chain {
    uint64_t next;          /* position of the next entry, from 1 */
    uint8_t head[HASH_LEN]; /* head after the last entry; zeros before position 1 */
    struct secret *mac;     /* k of that position */
};

struct stream;

/** Begin stream ${number} of a device: writes the preamble, signed, into the empty ${preamble}, which
 * stays empty after a failure. The chain moves only with entries: a stream that seals nothing leaves no trace in it. ${sign_key}:
 * 64 bytes Ed25519 secret key (seed and public key); it and ${chain} must outlive the stream. A
 * sealing state is never copied, saved or restored: after anything goes wrong, stream_free and
 * begin another. */
enum err stream_begin(const struct pack *pack, const struct secret *sign_key,
                      struct stream_chain *chain, uint64_t number, size_t field_len,
                      size_t answers_len, struct stream **out, struct buffer *preamble);

/** Seal one entry into ${out} (stream_entry_len bytes) and move keys, mac key, head and position
 * on.
 *  ${field} and ${answers} have the lengths given at the beginning. The caller wipes them. */
void stream_seal(struct stream *st, const uint8_t *field, const uint8_t *answers, uint8_t *out);

/** Wipes what is left of the keys; NULL does nothing. */
void stream_free(struct stream *st);

/** The head after an entry; shared with whoever checks. */
void stream_head(const uint8_t before[HASH_LEN], struct bytes sealed, uint8_t out[HASH_LEN]);
/** What a signature of entry ${n} covers, after the label: stream id, n, head. */
enum { STREAM_SIGNED_LEN = LABEL_LEN + HASH_LEN + 8 + HASH_LEN };
void stream_signed(const uint8_t id[HASH_LEN], uint64_t n, const uint8_t head[HASH_LEN],
                   uint8_t out[STREAM_SIGNED_LEN]);
/** mac of an entry: ${sealed} needs only cF and cA in front. */
void stream_mac(const uint8_t key[32], const uint8_t device[32], uint64_t n,
                const uint8_t before[HASH_LEN], struct bytes parts, uint8_t out[STREAM_MAC_LEN]);
/** (m, f') = H512K(f; "seal"): ${key} becomes f', ${once} is m. */
void stream_ratchet(uint8_t key[32], uint8_t once[32]);
/** Additional data of a part: label, stream id, n. */
enum { STREAM_AD_LEN = LABEL_LEN + HASH_LEN + 8 };
void stream_ad(const char *part, const uint8_t id[HASH_LEN], uint64_t n,
               uint8_t out[STREAM_AD_LEN]);

/** Closing code of position ${n}: n mod 10,000 and its mac as a number mod 10^20, six groups of
 * four digits: what an interviewer reads out, so that later deletion of the tail shows. */
enum { STREAM_CLOSING = 30 };
void stream_closing(uint64_t n, const uint8_t mac[STREAM_MAC_LEN], char out[STREAM_CLOSING]);

#endif
