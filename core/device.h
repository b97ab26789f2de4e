/* One device's side of the protocol in memory: root, draws, sealing, what a contact owes, fillers.
 * Bytes in and out, no disk. The kiosk adds a store to it, `sanaq-admin simulate` respondents. */
#ifndef SANAQ_CORE_DEVICE_H
#define SANAQ_CORE_DEVICE_H

#include "core/entry.h"
#include "core/stream.h"

enum { DEVICE_FILL = 16 /* positions are brought to a multiple of this */ };

struct device;

/** A device that has sealed nothing yet. ${sign_key}: 64 bytes, Ed25519. Pack, study and key are
 *  borrowed and must outlive the device. */
enum err device_create(const struct pack *pack, const struct study *study,
                       const struct secret *sign_key, struct device **out);

/** A device whose state is lost and whose key is not (FORMAT.md "A chain restarted"): it goes on
 * behind position ${last}, whose head is ${head}, and behind stream ${streams}. Its first entry
 * must be device_root's; it is not approved, and its contacts are numbered from that root's
 * position on. */
enum err device_restart(const struct pack *pack, const struct study *study,
                        const struct secret *sign_key, uint64_t last, const uint8_t head[HASH_LEN],
                        uint64_t streams, struct device **out);

/** Go on under a pack that follows: position, head, MAC key, numbers and flags of ${from} as they
 * stand, no chains of assignment yet. Its first entry must be device_root's. ${from} is only good
 * for device_free afterwards. ERR_NOMEM: it is as it was. */
enum err device_follow(struct device *from, const struct pack *pack, const struct study *study,
                       struct device **out);

/** The state between streams: position, head, MAC key, assignment chains; never the sealing keys.
 * The length is constant for a pack. The caller encrypts it. */
size_t device_state_len(const struct study *study, size_t strata);
void device_save(const struct device *d, uint8_t *out);
/** ERR_FORMAT if these bytes are not such a state. */
enum err device_load(const struct pack *pack, const struct study *study,
                     const struct secret *sign_key, struct bytes state, struct device **out);

/** Wipes everything; NULL does nothing. */
void device_free(struct device *d);

/** Begin a stream; needed before anything is sealed and again after device_load. Writes its
 *  number and the preamble (into an empty buffer). */
enum err device_stream(struct device *d, uint64_t *number, struct buffer *preamble);

size_t device_entry_len(const struct study *study);

/** Seal the root entry, the first of all, of a chain restarted, or under another pack: ${field}
 * says what is in its field part. ${roots}: MAC root and assignment root (64 bytes), or NULL for
 * random ones. */
enum err device_root(struct device *d, struct entry_field *field, const uint8_t *roots,
                     uint8_t *out);

/** Every entry of this device says it is simulated. */
void device_set_simulated(struct device *d);

/** True until device_golive: entries carry the test flag and draws come from the test chains. */
bool device_test(const struct device *d);
void device_golive(struct device *d);
bool device_approved(const struct device *d);
/** Approved under this pack or one before. */
bool device_known(const struct device *d);

/** Number of the next contact, counted on. */
uint32_t device_contact(struct device *d);

/** Make all draws of one interview (assign.h). */
void device_draw(struct device *d, uint16_t stratum, uint32_t asked, struct draw *out);

/** Seal one entry into ${out} (device_entry_len bytes). Sets the flags of ${field}. */
void device_seal(struct device *d, struct entry_field *field, const struct entry_answers *answers,
                 uint8_t *out);

/** Take the first approval: mixes its random bytes into every chain and seals `approved` with
 * ${hash}. ERR_STATE if one was taken before. */
enum err device_approve(struct device *d, const uint8_t random[32], const uint8_t hash[HASH_LEN],
                        const struct entry_clocks *clocks, uint8_t *out);

/** Seal one filler, if the position is not a multiple of DEVICE_FILL; false if none was due. */
bool device_fill(struct device *d, const struct entry_clocks *clocks, uint8_t *out);

/** What a contact that ends now still owes, in order: `contact` if it was never assigned, one
 * `counted` per list without one, `outcome`. Bit l of ${counted}: list l has its entry. */
struct device_debt {
    enum entry_kind kind;
    size_t list; /* ENTRY_COUNTED */
};
struct device_debt device_owes(const struct study *study, bool begun, uint32_t counted);

/** Position of the last entry, 0 before the first; the head there; the public key. */
uint64_t device_position(const struct device *d);
const uint8_t *device_head(const struct device *d);
const uint8_t *device_key(const struct device *d);

/** H("device", public key): the fingerprint read out as words. */
void device_fingerprint(const uint8_t key[32], uint8_t out[HASH_LEN]);

#endif
