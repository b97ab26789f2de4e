/* New columns from old ones: crossing and recoding. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/frame/frame.h"
#include "core/log.h"

/* "x:y", or NULL if out of memory. */
static char *joined(const char *a, const char *b)
{
    size_t n = strlen(a) + strlen(b) + 2;
    char *s = malloc(n);
    if (s != NULL)
        snprintf(s, n, "%s:%s", a, b);
    return s;
}

static const char *label_of(const struct frame_column *c, size_t level)
{
    const char *label = c->level_label != NULL ? c->level_label[level] : NULL;
    return label != NULL ? label : c->level[level];
}

static void cross_free(struct frame_column *c)
{
    for (size_t i = 0; i < c->levels; i++) {
        free(c->level[i]);
        free(c->level_label[i]);
    }
    free(c->level);
    free(c->level_label);
    free(c->row);
    *c = (struct frame_column){0};
}

/* Number the combinations that occur, in the order of the old levels: ${place}[combination] becomes
 * the new level, or FRAME_MISSING. */
static size_t number_pairs(size_t n, const struct frame_column *a, const struct frame_column *b,
                           int32_t *place, size_t pairs)
{
    size_t levels = 0;
    for (size_t p = 0; p < pairs; p++)
        place[p] = FRAME_MISSING;
    for (size_t i = 0; i < n; i++)
        if (a->row[i] != FRAME_MISSING && b->row[i] != FRAME_MISSING)
            place[(size_t)a->row[i] * b->levels + (size_t)b->row[i]] = 0;
    for (size_t p = 0; p < pairs; p++)
        if (place[p] != FRAME_MISSING)
            place[p] = (int32_t)levels++;
    return levels;
}

/* ${out} = a x b, without a name. */
static enum err cross_two(size_t n, const struct frame_column *a, const struct frame_column *b,
                          struct frame_column *out)
{
    size_t pairs = a->levels * b->levels;
    struct frame_column c = {0};
    enum err e = ERR_NOMEM;
    int32_t *place = NULL;
    if (pairs > FRAME_MAX_LEVELS)
        return log_fail(ERR_USAGE, "%s x %s: more than %d combinations; recode with --derive first",
                        a->name != NULL ? a->name : "the first columns", b->name, FRAME_MAX_LEVELS);
    place = malloc((pairs + 1) * sizeof *place);
    c.row = malloc((n + 1) * sizeof *c.row);
    if (place == NULL || c.row == NULL)
        goto out;
    size_t levels = number_pairs(n, a, b, place, pairs);
    c.level = calloc(levels + 1, sizeof *c.level);
    c.level_label = calloc(levels + 1, sizeof *c.level_label);
    if (c.level == NULL || c.level_label == NULL)
        goto out;
    c.levels = levels;
    for (size_t p = 0; p < pairs; p++) {
        if (place[p] == FRAME_MISSING)
            continue;
        char **text = &c.level[place[p]], **label = &c.level_label[place[p]];
        *text = joined(a->level[p / b->levels], b->level[p % b->levels]);
        *label = joined(label_of(a, p / b->levels), label_of(b, p % b->levels));
        if (*text == NULL || *label == NULL)
            goto out;
    }
    for (size_t i = 0; i < n; i++) {
        bool both = a->row[i] != FRAME_MISSING && b->row[i] != FRAME_MISSING;
        c.row[i] = both ? place[(size_t)a->row[i] * b->levels + (size_t)b->row[i]] : FRAME_MISSING;
    }
    *out = c;
    c = (struct frame_column){0};
    e = ERR_OK;
out:
    cross_free(&c);
    free(place);
    return e;
}

enum err frame_cross(struct frame *f, const char *const *names, size_t count, const char *name)
{
    struct frame_column made = {0}, next = {0};
    enum err e = ERR_OK;
    int first = -1;
    for (size_t i = 0; i < count; i++) {
        int at = frame_find(f, names[i]);
        e = at < 0 ? log_fail(ERR_USAGE, "%s: there is no column %s", name, names[i])
                   : frame_levels(f, at);
        if (e != ERR_OK)
            goto out;
        if (i == 0) {
            first = at;
            continue;
        }
        const struct frame_column *before = i == 1 ? &f->column[first] : &made;
        if ((e = cross_two(f->n, before, &f->column[at], &next)) != ERR_OK)
            goto out;
        cross_free(&made);
        made = next;
        next = (struct frame_column){0};
    }
    if (made.row == NULL)
        e = log_fail(ERR_USAGE, "%s: a cross takes two columns or more", name);
    else
        e = frame_add_levels(f, name, &made);
    if (e == ERR_OK)
        f->column[f->columns - 1].role = FRAME_DERIVED;
out:
    cross_free(&made);
    return e;
}

/* One rule `codes=value`: the codes ${from}, or those from ${low} to ${high}. */
struct recode {
    const char *from, *value;
    bool range;
    long low, high;
    bool met; /* some level has such a code */
};

static bool whole_number(const char *s, char **end, long *out)
{
    errno = 0;
    *out = strtol(s, end, 10);
    return *end != s && errno == 0;
}

/* Cut "1-4=0" in place; false if it is not a rule. */
static bool parse_recode(char *s, struct recode *r)
{
    char *equals = strchr(s, '='), *end;
    if (equals == NULL || equals == s || equals[1] == '\0')
        return false;
    *equals = '\0';
    *r = (struct recode){.from = s, .value = equals + 1};
    if (whole_number(s, &end, &r->low) && *end == '-' && whole_number(end + 1, &end, &r->high) &&
        *end == '\0') {
        r->range = true;
        return r->low <= r->high;
    }
    return true;
}

static bool recode_fits(const struct recode *r, const char *code)
{
    char *end;
    long v;
    if (!r->range || strcmp(r->from, code) == 0)
        return strcmp(r->from, code) == 0;
    return whole_number(code, &end, &v) && *end == '\0' && r->low <= v && v <= r->high;
}

enum { RECODES = 200 };

/* The new text of each level of ${c}, NULL where no rule names it. */
static enum err recode_levels(const struct frame_column *c, struct recode *r, size_t count,
                              const char **text)
{
    for (size_t l = 0; l < c->levels; l++) {
        for (size_t i = 0; i < count; i++) {
            if (!recode_fits(&r[i], c->level[l]))
                continue;
            r[i].met = true;
            if (text[l] != NULL && strcmp(text[l], r[i].value) != 0)
                return log_fail(ERR_USAGE, "--derive from %s: code %s becomes both %s and %s",
                                c->name, c->level[l], text[l], r[i].value);
            text[l] = r[i].value;
        }
    }
    for (size_t i = 0; i < count; i++)
        if (!r[i].met)
            log_note("--derive from %s: no row has the code %s", c->name, r[i].from);
    return ERR_OK;
}

static enum err add_recoded(struct frame *f, size_t from, const char *name, const char **text)
{
    enum err e = ERR_NOMEM;
    size_t unnamed = 0;
    const struct frame_column *c = &f->column[from];
    const char **row = calloc(f->n + 1, sizeof *row);
    int8_t *why = calloc(f->n + 1, sizeof *why);
    if (row == NULL || why == NULL)
        goto out;
    for (size_t i = 0; i < f->n; i++) {
        if (c->row[i] == FRAME_MISSING) {
            why[i] = c->why != NULL ? c->why[i] : 0;
        } else {
            row[i] = text[c->row[i]];
            unnamed += row[i] == NULL;
        }
    }
    if (unnamed > 0)
        log_note(
            "--derive %s: %zu rows have a code of %s that no rule names; they count as missing",
            name, unnamed, c->name);
    bool reasons = c->why != NULL;
    if ((e = frame_add_texts(f, name, row)) != ERR_OK)
        goto out;
    f->column[f->columns - 1].role = FRAME_DERIVED;
    if (reasons) {
        f->column[f->columns - 1].why = why;
        why = NULL;
    }
out:
    free(row);
    free(why);
    return e;
}

enum err frame_derive(struct frame *f, const char *rule)
{
    struct recode r[RECODES];
    size_t count = 0;
    const char **text = NULL;
    enum err e = ERR_NOMEM;
    char *s = strdup(rule), *from = NULL, *codes = NULL, *rest = NULL;
    if (s == NULL)
        goto out;
    if ((from = strchr(s, '=')) != NULL && (codes = strchr(from, ':')) != NULL) {
        *from++ = '\0';
        *codes++ = '\0';
    }
    bool good = codes != NULL && s[0] != '\0' && *from != '\0';
    for (char *p = good ? strtok_r(codes, ",", &rest) : NULL; p != NULL && good;
         p = strtok_r(NULL, ",", &rest))
        good = count < RECODES && parse_recode(p, &r[count++]);
    if (!good || count == 0) {
        e = log_fail(ERR_USAGE,
                     "--derive %s: this is not of the form "
                     "university=education:1-4=0,5-6=1",
                     rule);
        goto out;
    }
    int at = frame_find(f, from);
    if (at < 0) {
        e = log_fail(ERR_USAGE, "--derive %s: there is no column %s", rule, from);
        goto out;
    }
    if ((e = frame_levels(f, at)) != ERR_OK)
        goto out;
    e = ERR_NOMEM;
    if ((text = calloc(f->column[at].levels + 1, sizeof *text)) == NULL)
        goto out;
    if ((e = recode_levels(&f->column[at], r, count, text)) == ERR_OK)
        e = add_recoded(f, (size_t)at, s, text);
out:
    free(text);
    free(s);
    return e;
}
