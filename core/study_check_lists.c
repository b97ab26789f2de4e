#include <string.h>

#include "core/study_check.h"

/* The items of a list with the keys they stand under. */
struct place {
    const char *id, *key;
    size_t index;
};

static size_t gather_items(const struct study_list *list, struct place *out)
{
    size_t n = 0;
    for (size_t i = 0; i < list->items; i++)
        out[n++] = (struct place){list->item[i].id, "items", i};
    for (size_t i = 0; i < list->sensitives; i++)
        out[n++] = (struct place){list->sensitive[i].id, "sensitive", i};
    return n;
}

static void check_items(struct study_draft *d, size_t list)
{
    const struct study *s = d->study;
    const struct study_list *l = &s->list[list];
    struct place item[STUDY_MAX_ITEMS + STUDY_MAX_SENSITIVE];
    size_t n = gather_items(l, item);
    for (size_t i = 0; i < n; i++) {
        if (study_check_same(item[i].id, l->placebo_item.id))
            study_draft_say(
                d, study_check_line(s, "lists.%zu.placebo.id", list),
                "the placebo item `%s` has the id of another item of the list; rename it",
                item[i].id);
        for (size_t j = 0; j < i; j++)
            if (study_check_same(item[i].id, item[j].id)) {
                study_draft_say(
                    d, study_check_line(s, "lists.%zu.%s.%zu.id", list, item[i].key, item[i].index),
                    "the item `%s` stands twice in one list; rename or delete one", item[i].id);
                break;
            }
    }
    if (l->random_order && l->items + 1 > STUDY_MAX_ITEMS)
        study_draft_say(d, study_check_line(s, "lists.%zu.order", list),
                        "a card of %zu items cannot be in random order, at most %d can; take items "
                        "away or write order: fixed",
                        l->items + 1, STUDY_MAX_ITEMS);
}

/* Ratios and blocks. */

static void settle_ratio(struct study_draft *d, const struct study_draft_ratio *r)
{
    struct study *s = d->study;
    bool used = strcmp(r->id, "control") == 0;
    for (size_t i = 0; i < s->lists; i++) {
        if (used && strcmp(r->id, "control") == 0)
            s->list[i].control_ratio = (unsigned)r->share;
        for (size_t j = 0; j < s->list[i].sensitives; j++)
            if (study_check_same(s->list[i].sensitive[j].id, r->id)) {
                s->list[i].sensitive[j].ratio = (unsigned)r->share;
                used = true;
            }
    }
    if (!used)
        study_draft_say(d, study_check_line(s, "assignment.ratio.%s", r->id),
                        "`%.40s` is no sensitive item; ratio names `control` and sensitive items",
                        r->id);
}

static unsigned ratio_sum(const struct study_list *list)
{
    unsigned sum = list->control_ratio;
    for (size_t i = 0; i < list->sensitives; i++)
        sum += list->sensitive[i].ratio;
    return sum;
}

static void check_blocks(struct study_draft *d)
{
    const struct study *s = d->study;
    for (size_t b = 0; b < s->block_sizes; b++)
        for (size_t i = 0; i < s->lists; i++) {
            unsigned sum = ratio_sum(&s->list[i]);
            if (s->list[i].sensitives == 0 || s->block[b] % sum == 0)
                continue;
            study_draft_say(
                d, study_check_line(s, "assignment.blocks.%zu", b),
                "a block of %u cannot be shared out in the list `%s`: its ratio adds up "
                "to %u; use multiples of that",
                s->block[b], s->list[i].id != NULL ? s->list[i].id : "?", sum);
            break;
        }
}

static void check_strata(struct study_draft *d)
{
    const struct study *s = d->study;
    for (size_t i = 0; i < s->stratas; i++) {
        const char *id = s->strata[i];
        unsigned line = study_check_line(s, "assignment.strata.%zu", i);
        if (id == NULL)
            continue;
        if (study_question_index(s, id) >= 0 || study_list_index(s, id) >= 0 ||
            study_check_derived(s, id) >= 0)
            study_draft_say(d, line,
                            "`%s` comes from the interview; strata must be columns of the point "
                            "list, known before the draw",
                            id);
        for (size_t j = 0; j < i; j++)
            if (study_check_same(id, s->strata[j]))
                study_draft_say(d, line, "the column `%s` stands twice; delete one", id);
    }
}

/* Doubles. */

static bool same_when(const struct study_when *a, const struct study_when *b)
{
    size_t found = 0;
    for (size_t i = 0; i < a->count; i++)
        for (size_t j = 0; j < b->count; j++) {
            const struct study_condition *x = &a->condition[i], *y = &b->condition[j];
            if (study_check_same(x->id, y->id) && x->has_min == y->has_min &&
                x->has_max == y->has_max && x->min == y->min && x->max == y->max &&
                (x->equals == y->equals || study_check_same(x->equals, y->equals)))
                found++;
        }
    return a->count == b->count && found == a->count;
}

static void check_double_list(struct study_draft *d, size_t pair, size_t k)
{
    struct study *s = d->study;
    const struct study_double *p = &s->pair[pair];
    struct study_list *list = &s->list[p->list[k]];
    unsigned line = study_check_line(s, "doubles.%zu.lists.%zu", pair, k);
    const char *id = list->id != NULL ? list->id : "?";
    if (list->in_double >= 0)
        study_draft_say(d, line, "the list `%s` is in two doubles; a list can be in one", id);
    else
        list->in_double = (int)pair;
    if (list->sensitives == 0 || p->item == NULL)
        return;
    if (list->sensitives != 1)
        study_draft_say(d, line,
                        "the list `%s` of a double has %zu sensitive items; it must have just one",
                        id, list->sensitives);
    else if (list->sensitive[0].id != NULL && !study_check_same(list->sensitive[0].id, p->item))
        study_draft_say(d, line,
                        "the list `%s` has not `%s` as its sensitive item; both lists of a double "
                        "need it",
                        id, p->item);
}

/* One draw decides which list holds the item, so both its arms are equally likely. */
static void check_double_ratio(struct study_draft *d, const struct study_double *p)
{
    struct study *s = d->study;
    bool even = true;
    for (size_t k = 0; k < 2; k++) {
        struct study_list *list = &s->list[p->list[k]];
        if (list->sensitives != 1 || list->sensitive[0].ratio == list->control_ratio)
            continue;
        even = false;
        list->control_ratio = list->sensitive[0].ratio = 1; /* said: blocks are not judged by it */
    }
    if (!even)
        study_draft_say(
            d, study_line_of(s, "assignment.ratio"),
            "`%s` stands in a double, where the ratio is always 1:1; give `control` and "
            "the item the same share",
            p->item != NULL ? p->item : "an item");
}

static void check_double(struct study_draft *d, size_t pair)
{
    const struct study *s = d->study;
    const struct study_double *p = &s->pair[pair];
    unsigned line = study_check_line(s, "doubles.%zu.lists", pair);
    if (p->list[0] == SIZE_MAX || p->list[1] == SIZE_MAX)
        return;
    if (p->list[0] == p->list[1]) {
        study_draft_say(d, line, "a double names the same list twice; name two lists");
        return;
    }
    const struct study_list *a = &s->list[p->list[0]], *b = &s->list[p->list[1]];
    check_double_list(d, pair, 0);
    check_double_list(d, pair, 1);
    check_double_ratio(d, p);
    if (!same_when(&a->when, &b->when))
        study_draft_say(d, line,
                        "the lists of a double are asked under different conditions; give both the "
                        "same `when`");
    for (size_t i = 0; i < a->items; i++)
        for (size_t j = 0; j < b->items; j++)
            if (study_check_same(a->item[i].id, b->item[j].id))
                study_draft_say(
                    d, study_check_line(s, "lists.%zu.items.%zu.id", p->list[1], j),
                    "the lists of a double share the control item `%s`; the second list "
                    "needs another",
                    b->item[j].id);
}

/* Direct questions. */

static void check_direct(struct study_draft *d, size_t question)
{
    const struct study *s = d->study;
    const char *item = s->question[question].direct.item;
    char path[32];
    bool found = false, whole = true;
    for (size_t i = 0; i < s->lists; i++) {
        whole = whole && s->list[i].sensitives > 0;
        for (size_t j = 0; j < s->list[i].sensitives; j++) {
            whole = whole && s->list[i].sensitive[j].id != NULL;
            found = found || study_check_same(s->list[i].sensitive[j].id, item);
        }
    }
    if (item == NULL || found || !whole || s->lists == 0)
        return;
    study_check_question_path(s, question, path);
    study_draft_say(d, study_check_line(s, "%s.item", path),
                    "`%s` is no sensitive item of a list; a direct question names one", item);
}

void study_check_lists(struct study_draft *d)
{
    const struct study *s = d->study;
    for (size_t i = 0; i < s->lists; i++)
        check_items(d, i);
    for (size_t i = 0; i < d->ratios; i++)
        if (d->ratio[i].id != NULL)
            settle_ratio(d, &d->ratio[i]);
    for (size_t i = 0; i < s->pairs; i++)
        check_double(d, i);
    check_blocks(d);
    check_strata(d);
    for (size_t i = 0; i < s->questions; i++)
        if (s->question[i].section == STUDY_DIRECT)
            check_direct(d, i);
}
