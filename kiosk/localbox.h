/* Local boxes: XSalsa20-Poly1305 with a random nonce in front, under HK(key; use, device, number),
 * so that what is sealed opens for its use, device and number only. For the laptop's own files. */
#ifndef SANAQ_KIOSK_LOCALBOX_H
#define SANAQ_KIOSK_LOCALBOX_H

#include "core/hash.h"
#include "core/secret.h"

enum { LOCALBOX_KEY_LEN = 32, LOCALBOX_MORE = 24 + 16 /* bytes that a box is longer */ };

/** ${out} has plain.len + LOCALBOX_MORE. ${key}: 32 bytes. */
void localbox_seal(const struct secret *key, const char *use, const uint8_t device[32],
                   uint64_t number, struct bytes plain, uint8_t *out);

/** False if it does not open. ${out} has sealed.len - LOCALBOX_MORE. */
bool localbox_open(const struct secret *key, const char *use, const uint8_t device[32],
                   uint64_t number, struct bytes sealed, uint8_t *out);

#endif
