#include "admin/frame/frame.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"

enum err frame_new(size_t n, struct frame **out)
{
    struct frame *f = calloc(1, sizeof *f);
    if (f == NULL)
        return ERR_NOMEM;
    f->n = n;
    *out = f;
    return ERR_OK;
}

static void column_free(struct frame_column *c)
{
    for (size_t i = 0; i < c->levels; i++) {
        if (c->level != NULL)
            free(c->level[i]);
        if (c->level_label != NULL)
            free(c->level_label[i]);
    }
    free(c->name);
    free(c->label);
    free(c->level);
    for (size_t i = 0; i < c->value_labels; i++)
        free(c->value_label[i].text);
    free(c->level_label);
    free(c->value_label);
    free(c->number);
    free(c->row);
    free(c->why);
    *c = (struct frame_column){0};
}

static void list_free(struct frame_list *l)
{
    for (size_t k = 0; k < FRAME_MAX_ARMS; k++) {
        free(l->sensitive[k]);
        free(l->sensitive_label[k]);
    }
    free(l->id);
    free(l->arm);
    free(l->count);
    free(l->order);
}

void frame_free(struct frame *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; i < f->columns; i++)
        column_free(&f->column[i]);
    for (size_t i = 0; i < f->lists; i++)
        list_free(&f->list[i]);
    for (size_t i = 0; f->id != NULL && i < f->n; i++)
        free(f->id[i]);
    free(f->id);
    free(f->column);
    free(f->list);
    free(f->weight);
    free(f->psu);
    free(f->stratum);
    free(f);
}

int frame_find(const struct frame *f, const char *name)
{
    for (size_t i = 0; i < f->columns; i++)
        if (strcmp(f->column[i].name, name) == 0)
            return (int)i;
    return -1;
}

/* Distinct texts in order of appearance, with a hash table of their numbers (0: empty, else + 1).
 */
struct texts {
    const char **text;
    size_t count, room;
    uint32_t *slot;
    size_t mask;
};

static size_t hash_of(const char *s)
{
    uint64_t h = 14695981039346656037u; /* FNV-1a: no secret is hashed and no order depends on it */
    for (; *s != '\0'; s++)
        h = (h ^ (uint8_t)*s) * 1099511628211u;
    return (size_t)(h ^ h >> 32);
}

static enum err texts_start(struct texts *t, size_t rows)
{
    size_t most = rows < FRAME_MAX_LEVELS ? rows : FRAME_MAX_LEVELS, slots = 16;
    while (slots < 2 * most)
        slots *= 2;
    t->room = most;
    t->mask = slots - 1;
    t->slot = calloc(slots, sizeof *t->slot);
    t->text = calloc(most + 1, sizeof *t->text);
    return t->slot != NULL && t->text != NULL ? ERR_OK : ERR_NOMEM;
}

/* The number of ${s}, or FRAME_MISSING where there is no room for one more. */
static int32_t texts_number(struct texts *t, const char *s)
{
    size_t at = hash_of(s) & t->mask;
    for (; t->slot[at] != 0; at = (at + 1) & t->mask)
        if (strcmp(t->text[t->slot[at] - 1], s) == 0)
            return (int32_t)(t->slot[at] - 1);
    if (t->count == t->room)
        return FRAME_MISSING;
    t->text[t->count++] = s;
    t->slot[at] = (uint32_t)t->count;
    return (int32_t)(t->count - 1);
}

struct ranked {
    const char *text;
    double number;
    size_t old;
};

static bool is_number(const char *s, double *out)
{
    char *end;
    if (s[strspn(s, "0123456789+-.eE")] !=
        '\0') /* strtod also takes "nan", "inf" and hexadecimals */
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

/* Copies of the texts, sorted, into ${c}; the rows hold their new numbers. */
static enum err texts_sort(const struct texts *t, size_t n, struct frame_column *c)
{
    enum err e = ERR_NOMEM;
    bool numbers = true;
    struct ranked *order = calloc(t->count + 1, sizeof *order);
    int32_t *rank = calloc(t->count + 1, sizeof *rank);
    c->level = calloc(t->count + 1, sizeof *c->level);
    if (order == NULL || rank == NULL || c->level == NULL)
        goto out;
    for (size_t i = 0; i < t->count; i++) {
        order[i] = (struct ranked){t->text[i], 0, i};
        numbers = is_number(t->text[i], &order[i].number) && numbers;
    }
    qsort(order, t->count, sizeof *order, numbers ? by_number : by_bytes);
    for (c->levels = 0; c->levels < t->count; c->levels++) {
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

/* Room for one more column whose name is not taken. */
static enum err make_room(struct frame *f, const char *name)
{
    if (frame_find(f, name) >= 0)
        return log_fail(ERR_STUDY, "there is a column %s already; give the new one another name",
                        name);
    if (f->columns == FRAME_MAX_COLUMNS)
        return log_fail(ERR_STUDY, "column %s: there may be at most %d columns; leave some out",
                        name, FRAME_MAX_COLUMNS);
    struct frame_column *more = realloc(f->column, (f->columns + 1) * sizeof *more);
    if (more == NULL)
        return ERR_NOMEM;
    f->column = more;
    return ERR_OK;
}

/* All of them as numbers, where they are; NULL in *out where one is not. */
static enum err all_numbers(size_t n, const char *const *text, double **out)
{
    double *number = malloc((n + 1) * sizeof *number);
    if (number == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++) {
        number[i] = NAN;
        if (text[i] != NULL && text[i][0] != '\0' &&
            !frame_parse_number(text[i], strlen(text[i]), &number[i])) {
            free(number);
            return ERR_OK;
        }
    }
    *out = number;
    return ERR_OK;
}

enum err frame_add_levels(struct frame *f, const char *name, struct frame_column *made)
{
    enum err e = make_room(f, name);
    char *copy = e == ERR_OK ? strdup(name) : NULL;
    if (e != ERR_OK || copy == NULL)
        return e != ERR_OK ? e : ERR_NOMEM;
    f->column[f->columns] = *made;
    f->column[f->columns++].name = copy;
    *made = (struct frame_column){0};
    return ERR_OK;
}

enum err frame_add_numbers(struct frame *f, const char *name, double *number)
{
    return frame_add_levels(f, name, &(struct frame_column){.number = number});
}

static enum err add_distinct(struct frame *f, const char *name, const char *const *text)
{
    struct texts t = {0};
    struct frame_column c = {0};
    enum err e = texts_start(&t, f->n);
    if (e != ERR_OK)
        goto out;
    e = ERR_NOMEM;
    if ((c.row = malloc((f->n + 1) * sizeof *c.row)) == NULL)
        goto out;
    for (size_t i = 0; i < f->n; i++) {
        c.row[i] = FRAME_MISSING;
        if (text[i] == NULL || text[i][0] == '\0')
            continue;
        if ((c.row[i] = texts_number(&t, text[i])) == FRAME_MISSING) {
            log_note("column %s was left out: it has more than %d different values", name,
                     FRAME_MAX_LEVELS);
            e = ERR_OK;
            goto out;
        }
    }
    if ((e = texts_sort(&t, f->n, &c)) == ERR_OK)
        e = frame_add_levels(f, name, &c);
out:
    column_free(&c);
    free(t.slot);
    free(t.text);
    return e;
}

enum err frame_add_texts(struct frame *f, const char *name, const char *const *text)
{
    double *number = NULL;
    enum err e = make_room(f, name);
    if (e != ERR_OK || (e = all_numbers(f->n, text, &number)) != ERR_OK)
        return e;
    if (number == NULL)
        return add_distinct(f, name, text);
    if ((e = frame_add_numbers(f, name, number)) != ERR_OK)
        free(number);
    return e;
}
