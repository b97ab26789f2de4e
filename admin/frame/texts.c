#include "admin/frame/texts.h"

#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"

struct texts {
    struct buffer bytes; /* the texts, each ended by 0 */
    size_t *offset;
    size_t count, room;
    uint32_t *slot; /* hash table of numbers: 0 empty, else + 1 */
    size_t mask;
};

enum { ROOM_FIRST = 32 };

enum err texts_new(struct texts **out)
{
    struct texts *t = calloc(1, sizeof *t);
    if (t == NULL)
        return ERR_NOMEM;
    t->room = ROOM_FIRST;
    t->mask = 2 * ROOM_FIRST - 1;
    t->offset = malloc(t->room * sizeof *t->offset);
    t->slot = calloc(t->mask + 1, sizeof *t->slot);
    if (t->offset == NULL || t->slot == NULL) {
        texts_free(t);
        return ERR_NOMEM;
    }
    *out = t;
    return ERR_OK;
}

void texts_free(struct texts *t)
{
    if (t == NULL)
        return;
    buffer_free(&t->bytes);
    free(t->offset);
    free(t->slot);
    free(t);
}

size_t texts_count(const struct texts *t)
{
    return t->count;
}

const char *texts_at(const struct texts *t, int32_t number)
{
    return (const char *)t->bytes.p + t->offset[number];
}

static size_t hash_of(const char *s, size_t n)
{
    uint64_t h = 14695981039346656037u; /* FNV-1a: no secret is hashed and no order depends on it */
    for (size_t i = 0; i < n; i++)
        h = (h ^ (uint8_t)s[i]) * 1099511628211u;
    return (size_t)(h ^ h >> 32);
}

/* The slot of ${s}, or the empty one where it belongs. */
static size_t find_slot(const struct texts *t, const char *s, size_t n)
{
    size_t at = hash_of(s, n) & t->mask;
    for (; t->slot[at] != 0; at = (at + 1) & t->mask) {
        const char *there = texts_at(t, (int32_t)t->slot[at] - 1);
        if (strncmp(there, s, n) == 0 && there[n] == '\0')
            break;
    }
    return at;
}

static enum err grow(struct texts *t)
{
    size_t room = 2 * t->room, *offset = realloc(t->offset, room * sizeof *offset);
    uint32_t *slot = calloc(2 * room, sizeof *slot);
    if (offset != NULL)
        t->offset = offset;
    if (offset == NULL || slot == NULL) {
        free(slot);
        return ERR_NOMEM;
    }
    free(t->slot);
    t->slot = slot;
    t->room = room;
    t->mask = 2 * room - 1;
    for (size_t i = 0; i < t->count; i++) {
        const char *s = texts_at(t, (int32_t)i);
        t->slot[find_slot(t, s, strlen(s))] = (uint32_t)i + 1;
    }
    return ERR_OK;
}

enum err texts_number(struct texts *t, const char *s, size_t n, int32_t *out)
{
    size_t at = find_slot(t, s, n);
    if (t->slot[at] != 0) {
        *out = (int32_t)t->slot[at] - 1;
        return ERR_OK;
    }
    if (t->count == FRAME_MAX_LEVELS)
        return ERR_STATE;
    if (t->count == t->room) {
        if (grow(t) != ERR_OK)
            return ERR_NOMEM;
        at = find_slot(t, s, n);
    }
    t->offset[t->count] = t->bytes.len;
    buffer_add(&t->bytes, s, n);
    buffer_u8(&t->bytes, 0);
    if (t->bytes.failed)
        return ERR_NOMEM;
    *out = (int32_t)t->count++;
    t->slot[at] = (uint32_t)t->count;
    return ERR_OK;
}

struct ranked {
    const char *text;
    double number;
    size_t old;
};

static bool is_number(const char *s, double *out) /* 007 too: here only the order is at stake */
{
    char *end;
    if (s[strspn(s, "0123456789+-.eE")] != '\0')
        return false;
    *out = strtod(s, &end);
    return end != s && *end == '\0';
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(((const struct ranked *)a)->text, ((const struct ranked *)b)->text);
}

static int by_number(const void *a, const void *b)
{
    double x = ((const struct ranked *)a)->number, y = ((const struct ranked *)b)->number;
    return x < y ? -1 : x > y ? 1 : by_bytes(a, b);
}

/* The texts that occur, sorted; ${rank}[number] is nonzero where one does. */
static size_t sort_texts(const struct texts *t, const int32_t *rank, struct ranked *order)
{
    bool numbers = true;
    size_t count = 0;
    for (size_t i = 0; i < t->count; i++) {
        if (rank[i] == 0)
            continue;
        order[count] = (struct ranked){texts_at(t, (int32_t)i), 0, i};
        numbers = is_number(order[count].text, &order[count].number) && numbers;
        count++;
    }
    qsort(order, count, sizeof *order, numbers ? by_number : by_bytes);
    return count;
}

enum err texts_levels(const struct texts *t, size_t n, struct frame_column *c)
{
    enum err e = ERR_NOMEM;
    struct ranked *order = calloc(t->count + 1, sizeof *order);
    int32_t *rank = calloc(t->count + 1, sizeof *rank);
    c->level = calloc(t->count + 1, sizeof *c->level);
    if (order == NULL || rank == NULL || c->level == NULL)
        goto out;
    for (size_t i = 0; i < n; i++)
        if (c->row[i] != FRAME_MISSING)
            rank[c->row[i]] = 1;
    size_t count = sort_texts(t, rank, order);
    for (c->levels = 0; c->levels < count; c->levels++) {
        rank[order[c->levels].old] = (int32_t)c->levels;
        if ((c->level[c->levels] = strdup(order[c->levels].text)) == NULL)
            goto out;
    }
    for (size_t i = 0; i < n; i++)
        if (c->row[i] != FRAME_MISSING)
            c->row[i] = rank[c->row[i]];
    e = ERR_OK;
out:
    free(order);
    free(rank);
    return e;
}
