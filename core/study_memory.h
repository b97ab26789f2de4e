/* Memory that lives and dies together: everything a study or a point list points to. So nothing has
 * to be walked to be released, and a half-read study is released like a whole one. */
#ifndef SANAQ_CORE_STUDY_MEMORY_H
#define SANAQ_CORE_STUDY_MEMORY_H

#include "core/bytes.h"

/** Starts as {0}. */
struct study_memory {
    struct study_memory_chunk *first;
    bool failed; /* out of memory, once and for good */
};

/** ${count} x ${size} zero bytes; NULL, and `failed`, if there is no memory. */
void *study_memory_take(struct study_memory *m, size_t count, size_t size);
/** A copy of ${len} bytes of text, ended by 0; NULL as above. */
char *study_memory_text(struct study_memory *m, const void *p, size_t len);
/** Releases all of it; the struct is {0} again. */
void study_memory_free(struct study_memory *m);

#endif
