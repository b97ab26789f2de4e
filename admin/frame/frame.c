#include "admin/frame/frame.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "admin/frame/texts.h"
#include "admin/frame/weighting.h"
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

void frame_column_free(struct frame_column *c)
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
    free(c->small);
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
    free(l->position);
    free(l->language);
    if (l->mechanism != NULL) {
        free(l->mechanism->row);
        free(l->mechanism->chain);
    }
    free(l->mechanism);
}

void frame_free(struct frame *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; i < f->columns; i++)
        frame_column_free(&f->column[i]);
    for (size_t i = 0; i < f->lists; i++)
        list_free(&f->list[i]);
    for (size_t i = 0; f->id != NULL && i < f->n; i++)
        free(f->id[i]);
    free(f->id);
    free(f->column);
    free(f->list);
    free(f->pair);
    for (size_t i = 0; i < f->languages; i++)
        free(f->language[i]);
    free(f->language);
    free(f->weight);
    weighting_free(f->weighting);
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
    return frame_add_levels(f, name, &(struct frame_column){.numbers = true, .number = number});
}

static enum err add_distinct(struct frame *f, const char *name, const char *const *text)
{
    struct texts *t = NULL;
    struct frame_column c = {0};
    enum err e = texts_new(&t);
    if (e != ERR_OK)
        goto out;
    e = ERR_NOMEM;
    if ((c.row = malloc((f->n + 1) * sizeof *c.row)) == NULL)
        goto out;
    for (size_t i = 0; i < f->n; i++) {
        c.row[i] = FRAME_MISSING;
        if (text[i] == NULL || text[i][0] == '\0')
            continue;
        if ((e = texts_number(t, text[i], strlen(text[i]), &c.row[i])) == ERR_OK)
            continue;
        if (e == ERR_STATE) {
            log_note("column %s was left out: it has more than %d different texts", name,
                     FRAME_MAX_LEVELS);
            e = ERR_OK;
        }
        goto out;
    }
    if ((e = texts_levels(t, f->n, &c)) == ERR_OK)
        e = frame_add_levels(f, name, &c);
out:
    frame_column_free(&c);
    texts_free(t);
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
