/* Memory for tests that runs out on demand: every allocation of our programs, and of the libraries
 * that take theirs from a function that can be replaced (SQLite, jansson, libcsv; libsodium's
 * guarded memory and GSL's matrices where our programs ask for them), is counted and can be made to
 * fail. */
#ifndef SANAQ_TESTS_FAULT_MEMORY_H
#define SANAQ_TESTS_FAULT_MEMORY_H

#include <stdbool.h>

/** Puts itself under SQLite and jansson. Once, before either is used. */
void memory_start(void);

/** The ${at}-th allocation from now (from 1) fails; 0: none. With ${for_good} all after it too. */
void memory_break(unsigned long at, bool for_good);
/** Enough again. */
void memory_mend(void);
/** Allocations since memory_break. */
unsigned long memory_calls(void);
/** True once one failed. */
bool memory_struck(void);
/** What the test itself does in between neither counts nor fails. */
void memory_aside(bool aside);

#endif
