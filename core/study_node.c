#include "core/study_node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/study_word.h"

static const yaml_node_t *node_at(struct study_draft *d, int index)
{
    return yaml_document_get_node(&d->document, index);
}

static unsigned own_line(const yaml_node_t *n)
{
    return (unsigned)n->start_mark.line + 1;
}

unsigned study_node_line(const struct study_draft *d, const yaml_node_t *n)
{
    return n->type == YAML_SCALAR_NODE || d->line == 0 ? own_line(n) : d->line;
}

static const char *key_of(const struct study_draft *d)
{
    return d->key != NULL ? d->key : "study";
}

/* The key's characters, or NULL (said). */
static const char *key_text(struct study_draft *d, const yaml_node_t *n)
{
    if (n->type == YAML_SCALAR_NODE && n->data.scalar.length > 0 &&
        strlen((const char *)n->data.scalar.value) == n->data.scalar.length)
        return (const char *)n->data.scalar.value;
    study_draft_say(d, own_line(n), "a key within `%s` is not a word; write `key: value`",
                    key_of(d));
    return NULL;
}

static size_t pair_count(const yaml_node_t *n)
{
    return (size_t)(n->data.mapping.pairs.top - n->data.mapping.pairs.start);
}

static const yaml_node_t *pair_key(struct study_draft *d, const yaml_node_t *n, size_t i)
{
    return node_at(d, n->data.mapping.pairs.start[i].key);
}

static const yaml_node_t *pair_value(struct study_draft *d, const yaml_node_t *n, size_t i)
{
    return node_at(d, n->data.mapping.pairs.start[i].value);
}

static bool same_key(const yaml_node_t *a, const yaml_node_t *b)
{
    return a->type == YAML_SCALAR_NODE && b->type == YAML_SCALAR_NODE &&
           a->data.scalar.length == b->data.scalar.length &&
           memcmp(a->data.scalar.value, b->data.scalar.value, a->data.scalar.length) == 0;
}

/* True if an earlier pair has the key of pair ${i} (said). */
static bool repeated(struct study_draft *d, const yaml_node_t *n, size_t i)
{
    const yaml_node_t *k = pair_key(d, n, i);
    for (size_t j = 0; j < i; j++)
        if (same_key(pair_key(d, n, j), k)) {
            study_draft_say(d, own_line(k),
                            "the key `%s` stands twice in one place (first on line %u); delete one",
                            (const char *)k->data.scalar.value, own_line(pair_key(d, n, j)));
            return true;
        }
    return false;
}

static bool is_map(struct study_draft *d, const yaml_node_t *n, size_t most)
{
    if (n->type != YAML_MAPPING_NODE) {
        study_draft_say(d, study_node_line(d, n),
                        "`%s` must be a map; write keys with values below it, or {key: value}",
                        key_of(d));
        return false;
    }
    if (pair_count(n) > most) {
        study_draft_say(d, study_node_line(d, n), "`%s` has %zu keys; at most %zu are allowed",
                        key_of(d), pair_count(n), most);
        return false;
    }
    return true;
}

static void say_unknown(struct study_draft *d, const yaml_node_t *k, const char *what,
                        const struct study_key *keys, size_t count)
{
    char known[400] = "";
    for (size_t i = 0, len = 0; i < count && len < sizeof known - 40; i++, len = strlen(known))
        snprintf(known + len, sizeof known - len, "%s%s", i > 0 ? ", " : "", keys[i].name);
    study_draft_say(d, own_line(k), "`%.40s` is not a key of %s; it may have: %s",
                    (const char *)k->data.scalar.value, what, known);
}

static size_t row_of(const struct study_key *keys, size_t count, const char *name)
{
    size_t i = 0;
    while (i < count && strcmp(keys[i].name, name) != 0)
        i++;
    return i;
}

uint64_t study_node_map(struct study_draft *d, const yaml_node_t *n, const char *what,
                        const struct study_key *keys, size_t count, void *into)
{
    const yaml_node_t *key[63] = {NULL}, *value[63] = {NULL};
    uint64_t seen = STUDY_NODE_MAP;
    if (!is_map(d, n, STUDY_DRAFT_KEYS))
        return 0;
    for (size_t i = 0; i < pair_count(n); i++) {
        const yaml_node_t *k = pair_key(d, n, i);
        const char *name = key_text(d, k);
        if (name == NULL || repeated(d, n, i))
            continue;
        size_t row = row_of(keys, count, name);
        if (row == count) {
            say_unknown(d, k, what, keys, count);
            continue;
        }
        key[row] = k;
        value[row] = pair_value(d, n, i);
        seen |= UINT64_C(1) << row;
    }
    unsigned line = study_node_line(d, n);
    for (size_t i = 0; i < count; i++) {
        if (value[i] == NULL) {
            if (keys[i].required)
                study_draft_say(d, line, "%s lacks `%s`; add it", what, keys[i].name);
            continue;
        }
        struct study_draft_place was = study_draft_enter(d, keys[i].name, own_line(key[i]));
        keys[i].read(d, value[i], (char *)into + keys[i].at);
        study_draft_leave(d, was);
    }
    return seen;
}

bool study_node_seen(uint64_t seen, const struct study_key *keys, size_t count, const char *name)
{
    return (seen >> row_of(keys, count, name) & 1) != 0;
}

static bool count_fits(struct study_draft *d, const yaml_node_t *n, size_t have, size_t least,
                       size_t most)
{
    if (have >= least && have <= most)
        return true;
    study_draft_say(d, study_node_line(d, n), "`%s` has %zu entries; it must have %zu to %zu",
                    key_of(d), have, least, most);
    return false;
}

void *study_node_list(struct study_draft *d, const yaml_node_t *n, size_t least, size_t most,
                      size_t size, study_node_read *read, size_t *count)
{
    *count = 0;
    if (n->type != YAML_SEQUENCE_NODE) {
        study_draft_say(d, study_node_line(d, n),
                        "`%s` must be a list; write its entries below it with `- `, or [a, b]",
                        key_of(d));
        return NULL;
    }
    size_t have = (size_t)(n->data.sequence.items.top - n->data.sequence.items.start);
    if (!count_fits(d, n, have, least, most))
        return NULL;
    char *all = study_memory_take(d->memory, have, size);
    if (all == NULL)
        return NULL;
    for (size_t i = 0; i < have; i++) {
        const yaml_node_t *entry = node_at(d, n->data.sequence.items.start[i]);
        struct study_draft_place was = study_draft_enter_at(d, i, own_line(entry));
        read(d, entry, all + i * size);
        study_draft_leave(d, was);
    }
    *count = have;
    return all;
}

void *study_node_pairs(struct study_draft *d, const yaml_node_t *n, size_t least, size_t most,
                       size_t size, study_node_read_pair *read, size_t *count)
{
    *count = 0;
    if (!is_map(d, n, STUDY_DRAFT_KEYS) || !count_fits(d, n, pair_count(n), least, most))
        return NULL;
    char *all = study_memory_take(d->memory, pair_count(n), size);
    if (all == NULL)
        return NULL;
    for (size_t i = 0; i < pair_count(n); i++) {
        const yaml_node_t *k = pair_key(d, n, i);
        const char *name = key_text(d, k);
        if (name == NULL || repeated(d, n, i))
            continue;
        char *copy = study_memory_text(d->memory, name, strlen(name));
        if (copy == NULL)
            break;
        struct study_draft_place was = study_draft_enter(d, copy, own_line(k));
        read(d, copy, pair_value(d, n, i), all + i * size);
        study_draft_leave(d, was);
    }
    *count = pair_count(n);
    return all;
}
