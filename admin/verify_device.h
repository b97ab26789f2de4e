/* One device of an archive: from its segments to the entries that passed. Inside verify only. */
#ifndef SANAQ_ADMIN_VERIFY_DEVICE_H
#define SANAQ_ADMIN_VERIFY_DEVICE_H

#include "admin/intake.h"
#include "admin/verify.h"

struct verify_run { /* what every step of one reading shares */
    struct archive *archive;
    const struct studykey *key;
    verify_event *event;
    void *ctx;
    struct verify_report *report;
};

struct verify_slot { /* one position that came whole */
    uint64_t n;
    const struct segment *segment;
    struct bytes sealed;
    const uint8_t *head;
};

struct verify_chain { /* all positions of a device, ordered, without doubles */
    struct verify_slot *slot;
    size_t count;
};

/** The archive's pack with this hash, NULL if there is none. */
const struct verify_pack *verify_find_pack(const struct verify_report *r,
                                           const uint8_t hash[HASH_LEN]);
/** True if ${next} is ${p} or follows it, directly or not. */
bool verify_is_behind(const struct verify_report *r, const struct verify_pack *next,
                      const struct verify_pack *p);

/** Add a line and raise the device's verdict. */
enum err verify_add(struct verify_run *run, size_t device, enum verdict v, uint64_t stream,
                    uint64_t first, uint64_t last);

/** Steps 7 to 12 for the positions of ${chain} up to ${last}. */
enum err verify_open(struct verify_run *run, size_t device, const struct verify_chain *chain,
                     uint64_t last);

/** Steps 1 to 6, then verify_open if the device is approved and there is a key. */
enum err verify_device(struct verify_run *run, size_t device);

#endif
