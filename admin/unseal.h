/* The opening half: what the kiosk locked. Only admin links it. */
#ifndef SANAQ_ADMIN_UNSEAL_H
#define SANAQ_ADMIN_UNSEAL_H

#include "admin/intake.h"
#include "admin/studykey.h"

/** Keys of one stream, moved forward as entries are opened. */
struct unseal;

/** True if ${pack} names this key among those that its streams are sealed to. */
bool unseal_is_ours(const struct pack *pack, const struct studykey *key);

/** Open this reader's box of a stream, by its place in the pack, and compare the commitments.
 *  ERR_KEY: the key is not in the pack, or the box does not open. ERR_DOUBT: a commitment does not
 * fit. */
enum err unseal_begin(const struct preamble *pre, const struct pack *pack,
                      const struct studykey *key, struct unseal **out);
void unseal_free(struct unseal *u);

/** True if this reader may open answers too. */
bool unseal_answers(const struct unseal *u);

/** Open the parts of entry ${n} (not before one opened already) into ${field} and ${answers} (plain
 * lengths; ${answers} untouched for a supervisor). Moves the keys on whether it opens or not.
 * ERR_DOUBT: a part does not open. */
enum err unseal_entry(struct unseal *u, uint64_t n, struct bytes sealed, uint8_t *field,
                      uint8_t *answers);

#endif
