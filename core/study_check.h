/* What concerns several parts of a study at once: names that must exist, orders, sums. Values in
 * themselves were judged while they were read (study_load.h); what could not be read there is
 * passed over here. */
#ifndef SANAQ_CORE_STUDY_CHECK_H
#define SANAQ_CORE_STUDY_CHECK_H

#include "core/study_draft.h"

/** All of it; settles what depends on other parts: conditions, ratios, doubles. */
void study_check(struct study_draft *d);

/** Its rooms. */
void study_check_conditions(struct study_draft *d);
void study_check_lists(struct study_draft *d);
void study_check_uses(struct study_draft *d);

/** Line of a key path such as "lists.2.items"; 0 if there is none. */
unsigned study_check_line(const struct study *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/** Path of question ${i}: "after.2". */
void study_check_question_path(const struct study *s, size_t i, char out[32]);

/** True if both are there and equal. */
bool study_check_same(const char *a, const char *b);
/** Index of a derived column, or -1. */
int study_check_derived(const struct study *s, const char *id);

#endif
