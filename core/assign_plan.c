#include "core/assign_plan.h"

#include <string.h>

uint32_t assign_plan_shares(const struct study_list *list)
{
    uint32_t sum = list->control_ratio;
    for (size_t i = 0; i < list->sensitives; i++)
        sum += list->sensitive[i].ratio;
    return sum;
}

uint32_t assign_plan_share(const struct study_list *list, size_t arm)
{
    return arm == 0 ? list->control_ratio : list->sensitive[arm - 1].ratio;
}

uint8_t assign_plan_arm(const struct study_list *list, const char *item)
{
    for (size_t i = 0; i < list->sensitives; i++)
        if (strcmp(list->sensitive[i].id, item) == 0)
            return (uint8_t)(i + 1);
    return 0;
}

static bool blocks_divide(const struct study *s, uint32_t by)
{
    for (size_t i = 0; i < s->block_sizes; i++)
        if (s->block[i] == 0 || s->block[i] > STUDY_MAX_BLOCK || s->block[i] % by != 0)
            return false;
    return s->block_sizes > 0;
}

static const char *fault_of_list(const struct study *s, const struct study_list *list)
{
    if (list->sensitives == 0 || list->sensitives > STUDY_MAX_SENSITIVE)
        return "a list has no sensitive item, or more than 8; mend `sensitive`";
    if (list->random_order && list->items >= ASSIGN_MAX_ORDERED)
        return "a list in random order has more than 19 control items; shorten it or fix its order";
    uint32_t sum = assign_plan_shares(list);
    if (sum == 0)
        return "all shares of a list are 0; mend `assignment.ratio`";
    if (s->blocks && list->in_double < 0 && !blocks_divide(s, sum))
        return "a block size is not a multiple of a list's shares; mend `assignment.blocks`";
    return NULL;
}

static const char *fault_of_pair(const struct study *s, size_t index)
{
    const struct study_double *pair = &s->pair[index];
    for (size_t k = 0; k < 2; k++)
        if (pair->list[k] >= s->lists || s->list[pair->list[k]].in_double != (int)index ||
            assign_plan_arm(&s->list[pair->list[k]], pair->item) == 0)
            return "a double's item is not a sensitive item of both its lists; mend `doubles`";
    if (pair->list[0] == pair->list[1])
        return "a double names one list twice; mend `doubles`";
    if (s->blocks && !blocks_divide(s, 2))
        return "a block size is odd and cannot share out a double; mend `assignment.blocks`";
    return NULL;
}

const char *assign_plan_fault(const struct study *s, size_t strata)
{
    const char *fault = NULL;
    if (s->lists == 0 || s->lists > STUDY_MAX_LISTS || s->pairs > ASSIGN_MAX_PAIRS)
        return "the number of lists or doubles is not allowed; use 1 to 16 lists, 8 doubles at "
               "most";
    if (strata == 0 || strata > STUDY_MAX_STRATA || s->lists * strata > STUDY_MAX_CHAINS)
        return "there are too many strata; name fewer columns in `assignment.strata`";
    for (size_t i = 0; i < s->lists && fault == NULL; i++)
        fault = fault_of_list(s, &s->list[i]);
    for (size_t i = 0; i < s->pairs && fault == NULL; i++)
        fault = fault_of_pair(s, i);
    return fault;
}

static const struct assign_run *plan_add(struct assign_plan *p, struct assign_run r)
{
    r.at = p->len;
    p->len += r.count * r.len;
    p->run[p->runs] = r;
    return &p->run[p->runs++];
}

void assign_plan_make(const struct study *s, size_t strata, struct assign_plan *p)
{
    size_t len = s->blocks ? ASSIGN_BLOCK_CHAIN_LEN : ASSIGN_KEY_LEN;
    *p = (struct assign_plan){0};
    for (size_t i = 0; i < s->lists; i++)
        if (s->list[i].in_double < 0)
            p->arm[i] =
                plan_add(p, (struct assign_run){
                                s->blocks ? ASSIGN_PURPOSE_BLOCK : ASSIGN_PURPOSE_ARM, (uint8_t)i,
                                (uint8_t)(s->list[i].sensitives + 1), 0, strata + 1, len});
    for (size_t i = 0; i < s->pairs; i++)
        p->pair[i] =
            plan_add(p, (struct assign_run){ASSIGN_PURPOSE_DOUBLE, (uint8_t)i,
                                            s->pair[i].random_order ? 4 : 2, 0, strata + 1, len});
    for (size_t i = 0; i < s->lists; i++)
        if (s->list[i].random_order)
            p->order[i] = plan_add(p, (struct assign_run){ASSIGN_PURPOSE_ITEM_ORDER, (uint8_t)i, 0,
                                                          0, 1, ASSIGN_KEY_LEN});
    if (s->random_list_order)
        p->list_order =
            plan_add(p, (struct assign_run){ASSIGN_PURPOSE_LIST_ORDER, 0, 0, 0, 1, ASSIGN_KEY_LEN});
}
