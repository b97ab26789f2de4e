/* Different texts, numbered as they appear; at the end, the sorted levels of a column. */
#ifndef SANAQ_ADMIN_FRAME_TEXTS_H
#define SANAQ_ADMIN_FRAME_TEXTS_H

#include "admin/frame/frame.h"

struct texts;

enum err texts_new(struct texts **out); /* ERR_NOMEM */
void texts_free(struct texts *t);

/** The number of ${s} (${n} bytes, none of them 0), which is copied where it is new. ERR_STATE:
 * FRAME_MAX_LEVELS different texts are there already; ERR_NOMEM. */
enum err texts_number(struct texts *t, const char *s, size_t n, int32_t *out);
size_t texts_count(const struct texts *t);
const char *texts_at(const struct texts *t, int32_t number);

/** Levels of ${c} from c->row, which holds numbers of texts or FRAME_MISSING for ${n} rows: those
 * that occur, sorted (as numbers where all are numbers, else by bytes); the rows then hold levels.
 * ERR_NOMEM: ${c} can only be freed. */
enum err texts_levels(const struct texts *t, size_t n, struct frame_column *c);

#endif
