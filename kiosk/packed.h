/* A pack opened: with its study and point list, judged for what this kiosk can do. */
#ifndef SANAQ_KIOSK_PACKED_H
#define SANAQ_KIOSK_PACKED_H

#include "core/points.h"
#include "core/succession.h"

struct packed { /* owned; starts as {0} */
    struct pack *pack;
    struct study *study;
    struct points *points;
};

/** Read and judge; everything wrong is said with ${name}. ERR_FORMAT, ERR_UNSUPPORTED (a version,
 * an algorithm or a feature that this program does not know), ERR_SIGNATURE, ERR_STUDY. ${out} is
 * {0} on failure. */
enum err packed_open(struct bytes b, const char *name, struct packed *out);
/** The same for a pack that was read already. ${p} stays the caller's on failure. */
enum err packed_judge(struct pack *p, const char *name, struct packed *out);
void packed_close(struct packed *p);

struct edition packed_edition(const struct packed *p);

#endif
