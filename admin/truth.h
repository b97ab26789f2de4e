/* truth.csv of a simulation: what the simulated respondents really think, which no estimate may
 * read. Header `device,interview,stratum,item,value`: a row for every item of every list that an
 * interview asked, seen or not; value 0 or 1; an item of a study with several lists is LIST:ITEM.
 */
#ifndef SANAQ_ADMIN_TRUTH_H
#define SANAQ_ADMIN_TRUTH_H

#include "admin/respondent.h"
#include "core/pack.h"

struct truth;

/** Begin ${dir}/truth.csv, under a hidden name until truth_finish. Pack and model are borrowed.
 *  ERR_FILE, ERR_FULL (said), ERR_NOMEM. */
enum err truth_open(const char *dir, const struct pack *pack, const struct respondent_model *m,
                    struct truth **out);

/** Add one interview: ${device} in hexadecimal, the contact's number on it, its stratum from 1. */
enum err truth_add(struct truth *t, const char *device, uint32_t contact, uint16_t stratum,
                   const struct respondent *r);

/** All rows on the disk, under their name. ERR_FILE, ERR_FULL; said. */
enum err truth_finish(struct truth *t);

/** Leaves nothing behind of a file that was not finished; NULL does nothing. */
void truth_free(struct truth *t);

#endif
