/* Taking in what laptops sent: from a target folder or a laptop's store, as it came, into the
 * archive. */
#ifndef SANAQ_ADMIN_PULL_H
#define SANAQ_ADMIN_PULL_H

#include "admin/archive.h"

struct pull_counts {
    unsigned segments, fresh;  /* seen; new in the archive */
    unsigned packs, approvals; /* new */
    unsigned
        refused; /* pieces that are not what their name says; kept where they can be, and listed */
};

/** ${expect}: eight words of the pack that a new archive is of, or NULL where there is only one
 * pack to be had. Packs of another study are kept and listed, and their laptops set aside. Read
 * ${source}: "dir:PATH", a folder, or a laptop's store.db. Writes nothing to it and needs no key.
 * Everything is one transaction: interrupted, the archive is as before. ERR_FILE, ERR_FULL,
 * ERR_FORMAT (said). */
enum err pull_source(const char *source, const char *expect, struct archive *a,
                     struct pull_counts *out);

#endif
