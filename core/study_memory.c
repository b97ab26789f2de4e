#include "core/study_memory.h"

#include <stdlib.h>
#include <string.h>

struct study_memory_chunk {
    struct study_memory_chunk *next;
    max_align_t data[];
};

void *study_memory_take(struct study_memory *m, size_t count, size_t size)
{
    struct study_memory_chunk *c = NULL;
    if (size == 0 || count <= (SIZE_MAX - sizeof *c) / size)
        c = calloc(1, sizeof *c + count * size);
    if (c == NULL) {
        m->failed = true;
        return NULL;
    }
    c->next = m->first;
    m->first = c;
    return c->data;
}

char *study_memory_text(struct study_memory *m, const void *p, size_t len)
{
    char *s = study_memory_take(m, len + 1, 1);
    if (s != NULL && len > 0)
        memcpy(s, p, len);
    return s;
}

void study_memory_free(struct study_memory *m)
{
    while (m->first != NULL) {
        struct study_memory_chunk *next = m->first->next;
        free(m->first);
        m->first = next;
    }
    m->failed = false;
}
