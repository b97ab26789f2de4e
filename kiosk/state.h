/* What a laptop must know between two sessions: device state, the contact under way, today's tally.
 * One blob of constant size, encrypted under the epoch key. */
#ifndef SANAQ_KIOSK_STATE_H
#define SANAQ_KIOSK_STATE_H

#include "core/device.h"
#include "core/secret.h"
#include "kiosk/interview.h"

enum { STATE_CONTACTS = 512 /* how many of the last contacts are known by position */ };

struct state {
    bool open;  /* a contact is under way */
    bool begun; /* its first entry (`assigned` or `contact`) is sealed */
    struct interview iv;
    uint32_t day; /* of the tally */
    uint32_t contacts, completes, partials, refusals, break_offs, others;
    uint32_t last;  /* number of the last finished contact */
    uint32_t since; /* contacts up to this number are from before the state was lost */
    uint64_t
        end_of[STATE_CONTACTS]; /* position of the outcome of contact c, at c % STATE_CONTACTS */
};

/** Today's tally starts anew with the day. */
void state_day(struct state *st, uint32_t today);
/** Count the contact under way, which ended with this disposition and its outcome at ${position}.
 */
void state_count(struct state *st, uint16_t disposition, uint64_t position);

/** Length of the encrypted state; constant for a pack. */
size_t state_sealed_len(const struct study *s, size_t strata);

/** Encrypt device and state under the epoch key into ${out}. ERR_NOMEM. */
enum err state_seal(const struct state *st, const struct device *d, const struct study *s,
                    size_t strata, const struct secret *key, uint64_t epoch, uint8_t *out);

/** Open what was stored. ERR_KEY, ERR_FORMAT. The device borrows pack, study and sign key. */
enum err state_open(const struct pack *pack, const struct study *s, const struct points *p,
                    const struct secret *sign_key, const struct secret *key, uint64_t epoch,
                    struct bytes sealed, struct state *out, struct device **device);

#endif
