/* The folder of a kiosk and the machine under it. */
#ifndef SANAQ_KIOSK_HOME_H
#define SANAQ_KIOSK_HOME_H

#include "core/entry.h"

/** $XDG_DATA_HOME/sanaq, or ~/.local/share/sanaq; fresh memory, NULL if there is neither. */
char *home_default(void);

/** Paths inside; fresh memory, NULL if out of memory. */
char *home_store(const char *home);
char *home_keys(const char *home);

/** Refuses file systems that cannot keep what they promise (NFS, SMB, 9p, FUSE, FAT), warns of
 * those where old states may stay (btrfs, zfs, overlay, f2fs). ERR_UNSUPPORTED, ERR_FILE; said. */
enum err home_check_disk(const char *home);

/** The first 16 bytes of H("machine", device, /etc/machine-id); zeros where there is no such id. */
void home_machine(const uint8_t device[32], uint8_t out[16]);

/** Wall clock, time since boot, boot id. */
void home_clocks(struct entry_clocks *out);

/** Day number of now in the time zone of the process. */
uint32_t home_today(void);

#endif
