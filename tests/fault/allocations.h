/* What the tests of failing allocations share. */
#ifndef SANAQ_TESTS_FAULT_ALLOCATIONS_H
#define SANAQ_TESTS_FAULT_ALLOCATIONS_H

#include "tests/admin/simulated.h"
#include "tests/fault/memory.h"

static char where[96]; /* the failure under way, for whoever reads of it */

static inline int end_saying(void **state)
{
    if (where[0] != '\0')
        printf("it happened with %s\n%s", where, said);
    where[0] = '\0';
    memory_mend();
    return end(state);
}

/* An error that is no lack of memory was said. */
static inline void nomem_or_said(enum err e)
{
    if (e != ERR_NOMEM && said[0] == '\0')
        fail_msg("error %d without a sentence", (int)e);
    said[0] = '\0';
}

static inline unsigned long every(unsigned long reduced)
{
    return getenv("SANAQ_FULL") != NULL ? 1 : reduced;
}

#endif
