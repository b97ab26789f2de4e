/* Step 12: the draws of a device, made again from its root and compared. Inside verify only. */
#ifndef SANAQ_ADMIN_VERIFY_REPLAY_H
#define SANAQ_ADMIN_VERIFY_REPLAY_H

#include "admin/verify_device.h"

struct verify_replay { /* starts as {0}, with run and device */
    struct verify_run *run;
    size_t device;
    struct assign *assign; /* NULL: no root, or what the chains hold is not known any more */
    bool approved;         /* since the last root */
};

/** Begin from a root's assignment root (32 bytes). ERR_NOMEM. */
enum err verify_replay_start(struct verify_replay *p, const struct verify_pack *pack,
                             const uint8_t root[32]);
/** An entry is missing: what follows cannot be replayed. */
void verify_replay_stop(struct verify_replay *p);
/** One entry after another; false in ${fits} for a draw or an approval that is not as it must be.
 */
enum err verify_replay_entry(struct verify_replay *p, const struct verify_pack *pack,
                             const struct entry_field *f, const struct entry_answers *a,
                             bool *fits);

#endif
