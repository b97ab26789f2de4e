/* Every encryption that the programs under test make, looked at on its way into libsodium (by
 * --wrap): no key seals twice, no place in a stream is sealed twice, no box repeats its nonce. */
#ifndef SANAQ_TESTS_FAULT_SEALED_H
#define SANAQ_TESTS_FAULT_SEALED_H

#include <stdint.h>

struct sealed {
    uint64_t parts, boxes; /* sealed since the program began */
    uint64_t repeats;      /* of a key, a place or a nonce */
    uint64_t last;         /* highest position of an entry since sealed_new */
};
const struct sealed *sealed_so_far(void);
/** Another device: positions begin again. */
void sealed_new(void);

#endif
