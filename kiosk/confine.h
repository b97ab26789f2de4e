/* What the kiosk gives up before it reads anything that others wrote (packs, sticks, a store that
 * was found): from then on, whatever happens inside it, it starts no program, opens no connection,
 * looks into no other process, types nothing into its terminal, and writes nowhere but in its home,
 * the sync targets it was given and the places where people plug in and keep files. What it may
 * read is not narrowed.
 *
 * Where a program must be run one day (rclone), a helper is started by fork before confine_start,
 * which holds no key and is told through a pipe which remote to copy to: what is confined cannot
 * start it any more. */
#ifndef SANAQ_KIOSK_CONFINE_H
#define SANAQ_KIOSK_CONFINE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

struct confine {
    bool calls; /* system calls are filtered (seccomp) */
    int files;  /* version of Landlock in force; 0: this kernel does not narrow where files are
                   written */
};

/** What this kernel offers; changes nothing. */
struct confine confine_offered(void);

/** Confine this process, for good. ${folder}: folders that may be written besides removable media,
 *  temporary folders and the visible folders of the user; of one that does not exist yet the
 * nearest one above it that does, unless that is the root. Never fails: what the kernel does not
 * offer is left out, and what is in force is returned. */
struct confine confine_start(const char *const *folder, size_t folders);

/** True if writing to this folder, which its owner would let us write, is forbidden by
 *  confine_start only. */
bool confine_bars(const char *folder);

#endif
