/* Packs on a target that follow this laptop's own (FORMAT.md "Packs that follow packs"): which one
 * to go to, and what is refused. Reads only. */
#ifndef SANAQ_KIOSK_SUCCESSOR_H
#define SANAQ_KIOSK_SUCCESSOR_H

#include "kiosk/packed.h"
#include "kiosk/store.h"

enum { SUCCESSOR_MAX_FILES = 64 /* that are neither this laptop's packs nor older ones */ };

struct successor {    /* starts as {0} */
    struct packed to; /* {0}: there is none to go to */
    bool live;        /* the laptop is live under it */
    uint32_t waits;   /* number of a pack that waits for its go-live file; 0: none */
};

/** Look in ${folder} for the pack that a laptop under ${now}, live or not, goes to. ERR_OK also
 * where there is none. Anything that lies there and is refused is said and gives ERR_SIGNATURE (a
 * change of the circle that too few have signed, two packs with one predecessor), ERR_UNSUPPORTED
 * (needs a newer program), ERR_PARTIAL (the rest); ${out} is then as if it did not lie there. */
enum err successor_find(struct store *st, const struct edition *now, bool live, const char *folder,
                        struct successor *out);
/** The pack with this hash among those that the laptop has been under, owned by the caller; NULL
 * where it is none of them. */
enum err successor_own(struct store *st, const uint8_t hash[HASH_LEN], struct pack **out);

/** True in ${live} if a pack that ${now} replaces, directly or not, went live and ${now} adds no
 * recipient to it: its file and the packs between lie in ${folder} or in the store. */
enum err successor_went_live(struct store *st, const struct pack *now, const char *folder,
                             bool *live);

void successor_free(struct successor *s);

#endif
