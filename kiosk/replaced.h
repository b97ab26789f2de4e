/* Devices of this laptop that were given up because nobody could unlock them. HOME/replaced/1, 2,
 * ... hold the store and the keys file of each; the keys file is overwritten once its successor
 * stands. What they sealed goes out with every sync and collect until it is received. */
#ifndef SANAQ_KIOSK_REPLACED_H
#define SANAQ_KIOSK_REPLACED_H

#include <stdbool.h>

#include "core/bytes.h"
#include "core/err.h"

/** The device whose store lies in ${home}; ERR_STATE where there is none. Needs no keys file. */
enum err replaced_device(const char *home, uint8_t device[32]);

/** The device given up last. False where there is none. */
bool replaced_last(const char *home, uint8_t device[32]);

/** Move store and keys file of ${home} aside; nothing of them is lost, whatever fails. ERR_BUSY: a
 *  kiosk is open on this home. ERR_FILE, ERR_FORMAT; said. */
enum err replaced_give_up(const char *home);
/** Undo the last replaced_give_up: its successor could not be made. */
void replaced_take_back(const char *home);
/** The successor stands: overwrite the keys files of all that were given up. */
void replaced_forget_keys(const char *home);

/** Write to ${folder} what the devices given up have sealed and is not received, and, if ${take},
 * keep the receipts for them that lie there; else nothing is written to ${home}. ${written} is
 * added to. ERR_PARTIAL: some could not be read (said); ERR_FILE, ERR_FULL (said). */
enum err replaced_sync(const char *home, const char *folder, bool take, unsigned *written);

/** Write to ${folder} what this laptop has sealed, as every device that it was, and is not
 * received: read-only, without a passphrase and without a keys file. ERR_STATE (said): it is not
 * set up; ERR_PARTIAL, ERR_FILE, ERR_FULL (said). */
enum err replaced_collect(const char *home, const char *folder, unsigned *written);

#endif
