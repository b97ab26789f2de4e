#include "core/disposition.h"

#include "core/study.h"

#include <stdlib.h>

/* The in-person household codes of the Standard Definitions that a fieldworker can give as final,
 * with the group's own code where no finer one fits. */
static const struct disposition table[] = {
    {1100, "1.1", "Interview complete", true},
    {1200, "1.2", "Interview partly complete", true},
    {2111, "2.111", "Refusal by the household", false},
    {2112, "2.112", "Refusal by the selected person", false},
    {2120, "2.12", "Broken off", false},
    {2230, "2.23", "The building could not be entered", false},
    {2240, "2.24", "Nobody was met at the home", false},
    {2250, "2.25", "The selected person is away", false},
    {2310, "2.31", "The selected person has died", false},
    {2320, "2.32", "The selected person is not able to take part", false},
    {2331, "2.331", "Nobody in the household speaks a language of the study", false},
    {2332, "2.332", "The selected person speaks no language of the study", false},
    {2333, "2.333", "No interviewer speaks the language of the household", false},
    {2360, "2.36", "No interview for another reason", false},
    {3100, "3.10", "Not known whether this is a home", false},
    {3110, "3.11", "The address was not visited", false},
    {3170, "3.17", "The place is unsafe or cannot be reached", false},
    {3180, "3.18", "The address could not be found", false},
    {3200, "3.20", "A home, but not known whether anyone can be selected", false},
    {3210, "3.21", "The questions about the household were not completed", false},
    {3900, "3.90", "Not known for another reason", false},
    {4100, "4.10", "Outside the sample", false},
    {4500, "4.50", "Not a home", false},
    {4510, "4.51", "A business, an office or another organisation", false},
    {4520, "4.52", "An institution", false},
    {4530, "4.53", "Group quarters", false},
    {4600, "4.60", "An empty home", false},
    {4610, "4.61", "An empty home, to be lived in again", false},
    {4620, "4.62", "A holiday or seasonal home", false},
    {4630, "4.63", "Empty for another reason", false},
    {4700, "4.70", "Nobody in the household can be selected", false},
    {4800, "4.80", "The quota is filled", false},
};

const struct disposition *disposition_table(size_t *count)
{
    *count = sizeof table / sizeof *table;
    return table;
}

static int by_code(const void *key, const void *row)
{
    int code = *(const uint16_t *)key;
    return code - (int)((const struct disposition *)row)->code;
}

const struct disposition *disposition_find(uint16_t code)
{
    return bsearch(&code, table, sizeof table / sizeof *table, sizeof *table, by_code);
}

static bool done_with(const struct study *s, uint32_t counted, const int32_t *answer,
                      const char *id)
{
    int l = study_list_index(s, id), q = study_question_index(s, id);
    if (l >= 0)
        return (counted >> l & 1) != 0;
    return q >= 0 &&
           (answer[q] >= 0 || answer[q] == ANSWER_DONT_KNOW || answer[q] == ANSWER_NOT_ASKED);
}

static bool rule_holds(const struct study *s, uint32_t counted, const int32_t *answer,
                       char *const *id, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!done_with(s, counted, answer, id[i]))
            return false;
    return count > 0 || counted == (UINT32_C(1) << s->lists) - 1;
}

uint16_t disposition_of(const struct study *s, uint32_t counted, const int32_t *answer)
{
    if (rule_holds(s, counted, answer, s->complete, s->completes))
        return DISPOSITION_COMPLETE;
    if (rule_holds(s, counted, answer, s->partial, s->partials))
        return DISPOSITION_PARTIAL;
    return DISPOSITION_BREAK_OFF;
}
