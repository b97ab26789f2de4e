#include <string.h>

#include "core/study_load.h"

enum { MAX_RATIO = 16, MAX_RATIOS = STUDY_MAX_LISTS * STUDY_MAX_SENSITIVE + 1, MAX_STRATA = 8 };

void study_load_order(struct study_draft *d, const yaml_node_t *n, void *into)
{
    static const char *const words[] = {"fixed", "random", NULL};
    *(bool *)into = study_node_word(d, n, words) == 1;
}

/* Items. */

static void read_item(struct study_draft *d, const yaml_node_t *n, void *into)
{
    static const struct study_key keys[] = {
        {"id", true, offsetof(struct study_item, id), study_node_id},
        {"text", true, offsetof(struct study_item, text), study_node_text},
    };
    study_node_map(d, n, "an item", keys, STUDY_LOAD_ROWS(keys), into);
}

static void read_hide(struct study_draft *d, const yaml_node_t *n, void *into)
{
    static const char *const words[] = {"agree", "disagree", "both", NULL};
    int i = study_node_word(d, n, words);
    if (i >= 0)
        *(enum study_hide *)into = (enum study_hide)i;
}

static void read_known(struct study_draft *d, const yaml_node_t *n, void *into)
{
    struct study_item *item = into;
    item->has_known = study_node_decimal(d, n, 0, 1, &item->known);
}

static void read_sensitive(struct study_draft *d, const yaml_node_t *n, void *into)
{
    static const struct study_key keys[] = {
        {"id", true, offsetof(struct study_item, id), study_node_id},
        {"hide", true, offsetof(struct study_item, hide), read_hide},
        {"text", true, offsetof(struct study_item, text), study_node_text},
        {"known", false, 0, read_known},
    };
    struct study_item *item = into;
    item->ratio = 1;
    study_node_map(d, n, "a sensitive item", keys, STUDY_LOAD_ROWS(keys), item);
    if (item->id != NULL && strcmp(item->id, "control") == 0)
        study_draft_say(d, study_draft_line(d, "id"),
                        "a sensitive item cannot be called `control`: assignment.ratio uses that "
                        "word; rename it");
}

static void read_placebo_to(struct study_draft *d, const yaml_node_t *n, void *into)
{
    static const char *const words[] = {"control", "mixed", NULL};
    int i = study_node_word(d, n, words);
    if (i >= 0)
        *(enum study_placebo *)into = i == 0 ? PLACEBO_CONTROL : PLACEBO_MIXED;
}

static void read_placebo(struct study_draft *d, const yaml_node_t *n, void *into)
{
    static const struct study_key keys[] = {
        {"id", true, offsetof(struct study_list, placebo_item.id), study_node_id},
        {"text", true, offsetof(struct study_list, placebo_item.text), study_node_text},
        {"to", true, offsetof(struct study_list, placebo), read_placebo_to},
    };
    study_node_map(d, n, "a placebo item", keys, STUDY_LOAD_ROWS(keys), into);
}

/* Lists. */

static void read_items(struct study_draft *d, const yaml_node_t *n, void *into)
{
    struct study_list *list = into;
    list->item =
        study_node_list(d, n, 2, STUDY_MAX_ITEMS, sizeof *list->item, read_item, &list->items);
}

static void read_sensitives(struct study_draft *d, const yaml_node_t *n, void *into)
{
    struct study_list *list = into;
    list->sensitive = study_node_list(d, n, 1, STUDY_MAX_SENSITIVE, sizeof *list->sensitive,
                                      read_sensitive, &list->sensitives);
}

static void read_list(struct study_draft *d, const yaml_node_t *n, void *into)
{
    static const struct study_key keys[] = {
        {"id", true, offsetof(struct study_list, id), study_node_id},
        {"when", false, offsetof(struct study_list, when), study_load_when},
        {"intro", true, offsetof(struct study_list, intro), study_node_paragraphs},
        {"items", true, 0, read_items},
        {"sensitive", true, 0, read_sensitives},
        {"placebo", false, 0, read_placebo},
        {"order", false, offsetof(struct study_list, random_order), study_load_order},
    };
    struct study_list *list = into;
    list->line = d->line;
    list->control_ratio = 1;
    list->in_double = -1;
    study_node_map(d, n, "a list", keys, STUDY_LOAD_ROWS(keys), list);
    d->names_missing = d->names_missing || list->id == NULL;
}

void study_load_lists(struct study_draft *d, const yaml_node_t *n, void *into)
{
    struct study *s = into;
    s->list = study_node_list(d, n, 1, STUDY_MAX_LISTS, sizeof *s->list, read_list, &s->lists);
    d->names_missing = d->names_missing || s->list == NULL;
}

/* Doubles. A list that could not be found is SIZE_MAX. */

static void read_double_list(struct study_draft *d, const yaml_node_t *n, void *into)
{
    const char *id = study_node_scalar(d, n);
    int list = id != NULL ? study_list_index(d->study, id) : -1;
    *(size_t *)into = list < 0 ? SIZE_MAX : (size_t)list;
    if (id != NULL && list < 0 && !d->names_missing)
        study_draft_say(d, study_node_line(d, n),
                        "a double names `%.40s`, which is no list; write the id of a list", id);
}

static void read_double_lists(struct study_draft *d, const yaml_node_t *n, void *into)
{
    struct study_double *pair = into;
    size_t count;
    size_t *list = study_node_list(d, n, 2, 2, sizeof *list, read_double_list, &count);
    if (count == 2)
        memcpy(pair->list, list, sizeof pair->list);
}

static void read_double(struct study_draft *d, const yaml_node_t *n, void *into)
{
    static const struct study_key keys[] = {
        {"lists", true, 0, read_double_lists},
        {"item", true, offsetof(struct study_double, item), study_node_id},
        {"order", false, offsetof(struct study_double, random_order), study_load_order},
    };
    struct study_double *pair = into;
    pair->list[0] = pair->list[1] = SIZE_MAX;
    study_node_map(d, n, "a double", keys, STUDY_LOAD_ROWS(keys), pair);
}

void study_load_doubles(struct study_draft *d, const yaml_node_t *n, void *into)
{
    struct study *s = into;
    s->pair =
        study_node_list(d, n, 0, STUDY_MAX_LISTS / 2, sizeof *s->pair, read_double, &s->pairs);
}

/* The warm-up list. */

static void read_warm_up_items(struct study_draft *d, const yaml_node_t *n, void *into)
{
    struct study *s = into;
    s->warm_up.item = study_node_list(d, n, 2, STUDY_MAX_ITEMS, sizeof *s->warm_up.item, read_item,
                                      &s->warm_up.items);
}

static void read_expect(struct study_draft *d, const yaml_node_t *n, void *into)
{
    const struct study *s = d->study;
    int32_t most = s->warm_up.items > 0 ? (int32_t)s->warm_up.items : STUDY_MAX_ITEMS;
    study_node_whole(d, n, 0, most, into);
}

void study_load_warm_up(struct study_draft *d, const yaml_node_t *n, void *into)
{
    static const struct study_key keys[] = {
        {"intro", false, offsetof(struct study, warm_up.intro), study_node_paragraphs},
        {"items", true, 0, read_warm_up_items},
        {"expect", true, offsetof(struct study, warm_up.expect), read_expect},
    };
    study_node_map(d, n, "the warm-up", keys, STUDY_LOAD_ROWS(keys), into);
}

/* Assignment. */

static void read_method(struct study_draft *d, const yaml_node_t *n, void *into)
{
    static const char *const words[] = {"simple", "blocks", NULL};
    *(bool *)into = study_node_word(d, n, words) == 1;
}

static void read_share(struct study_draft *d, char *key, const yaml_node_t *n, void *into)
{
    struct study_draft_ratio *r = into;
    if (study_node_whole(d, n, 1, MAX_RATIO, &r->share))
        r->id = key;
}

static void read_ratio(struct study_draft *d, const yaml_node_t *n, void *into)
{
    (void)into;
    d->ratio = study_node_pairs(d, n, 1, MAX_RATIOS, sizeof *d->ratio, read_share, &d->ratios);
}

static void read_block(struct study_draft *d, const yaml_node_t *n, void *into)
{
    int32_t size = 0;
    if (study_node_whole(d, n, 2, STUDY_MAX_BLOCK, &size))
        *(uint8_t *)into = (uint8_t)size;
}

static void read_blocks(struct study_draft *d, const yaml_node_t *n, void *into)
{
    struct study *s = into;
    uint8_t *size =
        study_node_list(d, n, 1, sizeof s->block, sizeof *size, read_block, &s->block_sizes);
    if (s->block_sizes > 0)
        memcpy(s->block, size, s->block_sizes);
}

static void read_strata(struct study_draft *d, const yaml_node_t *n, void *into)
{
    struct study *s = into;
    s->strata =
        study_node_list(d, n, 0, MAX_STRATA, sizeof *s->strata, study_node_name, &s->stratas);
}

void study_load_assignment(struct study_draft *d, const yaml_node_t *n, void *into)
{
    static const struct study_key keys[] = {
        {"method", true, offsetof(struct study, blocks), read_method},
        {"ratio", false, 0, read_ratio},
        {"blocks", false, 0, read_blocks},
        {"strata", false, 0, read_strata},
    };
    const struct study *s = into;
    size_t before = d->reports.mistakes;
    uint64_t seen = study_node_map(d, n, "the assignment", keys, STUDY_LOAD_ROWS(keys), into);
    bool sizes = study_node_seen(seen, keys, STUDY_LOAD_ROWS(keys), "blocks");
    if (d->reports.mistakes > before)
        return;
    if (s->blocks && !sizes)
        study_draft_say(
            d, study_draft_line(d, "method"),
            "assignment by blocks lacks `blocks`, their sizes; add [4, 6, 8] or others");
    if (!s->blocks && sizes)
        study_draft_say(d, study_draft_line(d, "blocks"),
                        "block sizes are given, but the method is not blocks; delete them or write "
                        "method: blocks");
}
