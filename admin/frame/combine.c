#include "admin/frame/combine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool same_items(const struct study_item *a, size_t as, const struct study_item *b, size_t bs)
{
    bool same = as == bs;
    for (size_t i = 0; same && i < as; i++)
        same = strcmp(a[i].id, b[i].id) == 0 && a[i].hide == b[i].hide;
    return same;
}

static bool same_shares(const struct study_list *a, const struct study_list *b)
{
    bool same = a->control_ratio == b->control_ratio;
    for (size_t k = 0; same && k < a->sensitives; k++)
        same = a->sensitive[k].ratio == b->sensitive[k].ratio;
    return same;
}

static bool same_list(const struct study_list *a, const struct study_list *b, char *why)
{
    const char *what = NULL;
    if (strcmp(a->id, b->id) != 0 || !same_items(a->item, a->items, b->item, b->items) ||
        !same_items(a->sensitive, a->sensitives, b->sensitive, b->sensitives) ||
        a->placebo != b->placebo ||
        (a->placebo != PLACEBO_NONE && strcmp(a->placebo_item.id, b->placebo_item.id) != 0))
        what = "has other items";
    else if (!same_shares(a, b) || a->in_double != b->in_double)
        what = "was drawn with other shares";
    else if (a->random_order != b->random_order)
        what = "was shown in another kind of order";
    if (what != NULL)
        snprintf(why, COMBINE_WHY, "its list %s %s", b->id, what);
    return what == NULL;
}

static bool same_doubles(const struct study *a, const struct study *b)
{
    bool same = a->pairs == b->pairs;
    for (size_t i = 0; same && i < a->pairs; i++)
        same = memcmp(a->pair[i].list, b->pair[i].list, sizeof a->pair[i].list) == 0 &&
               strcmp(a->pair[i].item, b->pair[i].item) == 0 &&
               a->pair[i].random_order == b->pair[i].random_order;
    return same;
}

static bool same_assignment(const struct study *a, const struct study *b)
{
    bool same = a->blocks == b->blocks && a->stratas == b->stratas &&
                a->block_sizes == b->block_sizes && memcmp(a->block, b->block, a->block_sizes) == 0;
    for (size_t i = 0; same && i < a->stratas; i++)
        same = strcmp(a->strata[i], b->strata[i]) == 0;
    return same;
}

static bool same_lists(const struct study *a, const struct study *b, char *why)
{
    if (a->lists != b->lists) {
        snprintf(why, COMBINE_WHY, "it has %zu lists, the newest one %zu", b->lists, a->lists);
        return false;
    }
    for (size_t l = 0; l < a->lists; l++)
        if (!same_list(&a->list[l], &b->list[l], why))
            return false;
    if (same_doubles(a, b) && a->random_list_order == b->random_list_order && same_assignment(a, b))
        return true;
    snprintf(why, COMBINE_WHY, "its lists were drawn in another way");
    return false;
}

/* A code of both means the same option in both. */
static bool same_codes(const struct study_question *a, const struct study_question *b)
{
    for (size_t i = 0; i < a->options; i++)
        for (size_t k = 0; k < b->options; k++)
            if ((a->option[i].code == b->option[k].code) !=
                (strcmp(a->option[i].id, b->option[k].id) == 0))
                return false;
    return a->type != STUDY_MULTI || a->options == b->options;
}

enum err combine_studies(const struct study *of, const struct study *from, struct combine *out)
{
    int32_t *question = malloc((of->questions + 1) * sizeof *question);
    if (question == NULL)
        return ERR_NOMEM;
    out->question = question;
    out->may = same_lists(of, from, out->why);
    for (size_t q = 0; out->may && q < of->questions; q++) {
        question[q] = study_question_index(from, of->question[q].id);
        if (question[q] < 0)
            continue;
        const struct study_question *a = &of->question[q], *b = &from->question[question[q]];
        out->may = a->type == b->type && same_codes(a, b);
        if (!out->may)
            snprintf(out->why, COMBINE_WHY, "its question %s has other answers", a->id);
    }
    return ERR_OK;
}

void combine_free(struct combine *c)
{
    free(c->question);
    c->question = NULL;
}
