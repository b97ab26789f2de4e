#include "admin/estimate/terms.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/log.h"

enum { ORDER = 6, FORMULA_TERMS = 100 }; /* factors of an interaction; terms of a formula */

/* A column of the frame as the formula reads it. */
struct variable {
    int column;
    bool factor;
    const double *number; /* of a number */
    const int32_t *row;   /* of a factor: level of each row of the frame */
    int32_t *rank;        /* of a factor: place of each level among those used, -1: not used */
    int32_t *level;       /* of a factor: the levels used, in order */
    size_t levels;
};

struct factor { /* of one design column */
    size_t variable;
    int32_t level; /* indicator of this level of the frame, or -1: the number itself */
};

struct design_column {
    char *name;
    struct factor factor[ORDER];
    size_t factors;
};

struct term { /* of the formula */
    size_t variable[ORDER];
    size_t variables;
};

struct terms {
    const struct frame *f;
    const char *option;
    struct variable variable[TERMS_MAX_COLUMNS];
    size_t variables;
    struct term term[FORMULA_TERMS];
    size_t terms;
    struct design_column column[TERMS_MAX];
    size_t columns;
};

void terms_free(struct terms *t)
{
    if (t == NULL)
        return;
    for (size_t i = 0; i < t->variables; i++) {
        free(t->variable[i].rank);
        free(t->variable[i].level);
    }
    for (size_t i = 0; i < t->columns; i++)
        free(t->column[i].name);
    free(t);
}

size_t terms_count(const struct terms *t)
{
    return t->columns;
}

const char *terms_name(const struct terms *t, size_t i)
{
    return t->column[i].name;
}

const char *terms_option(const struct terms *t)
{
    return t->option;
}

size_t terms_columns(const struct terms *t)
{
    return t->variables;
}

int terms_column(const struct terms *t, size_t i)
{
    return t->variable[i].column;
}

bool terms_reads(const struct terms *t, int column)
{
    for (size_t k = 0; k < terms_columns(t); k++)
        if (terms_column(t, k) == column)
            return true;
    return false;
}

static enum err no_column(const struct terms *t, const char *name)
{
    struct buffer names = {0};
    for (size_t i = 0; i < t->f->columns; i++)
        buffer_printf(&names, "%s%s", i > 0 ? ", " : "", t->f->column[i].name);
    buffer_u8(&names, 0);
    log_fail(ERR_USAGE, "%s %s: there is no such column; there are: %s", t->option, name,
             names.failed || t->f->columns == 0 ? "none" : (char *)names.p);
    buffer_free(&names);
    return ERR_USAGE;
}

/* "factor(x)" or "number(x)": the name inside, cut out in place; NULL where it is neither. */
static char *inside(char *s, const char *function)
{
    size_t n = strlen(function), len = strlen(s);
    if (strncmp(s, function, n) != 0 || s[n] != '(' || len < n + 2 || s[len - 1] != ')')
        return NULL;
    s[len - 1] = 0;
    return s + n + 1;
}

static char *trim(char *s)
{
    while (*s == ' ')
        s++;
    for (size_t n = strlen(s); n > 0 && s[n - 1] == ' '; n--)
        s[n - 1] = 0;
    return s;
}

static enum err find_variable(struct terms *t, char *name, size_t *out)
{
    bool factor = false, number = false;
    int at = frame_find(t->f, name = trim(name));
    char *whole = name;
    if (at < 0) {
        char *cut = inside(name, "factor");
        factor = cut != NULL;
        if (cut == NULL)
            cut = inside(name, "number");
        number = cut != NULL && !factor;
        if (cut != NULL)
            at = frame_find(t->f, whole = trim(cut));
    }
    if (at < 0)
        return no_column(t, whole);
    factor = factor || (frame_is_factor(t->f, at) && !number);
    if (!factor && frame_numbers(t->f, at) == NULL)
        return log_fail(ERR_USAGE, "%s: %s holds texts and cannot be taken as numbers", t->option,
                        whole);
    for (*out = 0; *out < t->variables; (*out)++)
        if (t->variable[*out].column == at && t->variable[*out].factor == factor)
            return ERR_OK;
    if (t->variables == TERMS_MAX_COLUMNS)
        return log_fail(ERR_USAGE, "%s: at most %d columns", t->option, TERMS_MAX_COLUMNS);
    struct variable *v = &t->variable[t->variables++];
    *v = (struct variable){.column = at, .factor = factor};
    if (!factor) {
        v->number = frame_numbers(t->f, at);
        return ERR_OK;
    }
    enum err e = frame_levels(t->f, at);
    v->row = t->f->column[at].row;
    return e;
}

static size_t times_in(const struct term *t, size_t variable)
{
    size_t n = 0;
    for (size_t i = 0; i < t->variables; i++)
        n += t->variable[i] == variable;
    return n;
}

static bool same_term(const struct term *a, const struct term *b)
{
    bool same = a->variables == b->variables;
    for (size_t i = 0; same && i < a->variables; i++)
        same = times_in(a, a->variable[i]) == times_in(b, a->variable[i]);
    return same;
}

static enum err add_term(struct terms *t, const struct term *term)
{
    for (size_t i = 0; i < t->terms; i++)
        if (same_term(&t->term[i], term))
            return ERR_OK;
    if (t->terms == FORMULA_TERMS)
        return log_fail(ERR_USAGE, "%s: at most %d terms", t->option, FORMULA_TERMS);
    t->term[t->terms++] = *term;
    return ERR_OK;
}

/* Is there a column on both sides of every : and *? */
static bool has_all_factors(const char *piece)
{
    bool column = false;
    for (const char *p = piece; *p != 0; p++) {
        bool mark = *p == ':' || *p == '*';
        if (mark && !column)
            return false;
        column = mark ? false : column || *p != ' ';
    }
    return column;
}

/* One piece between commas: "a", "a:b", "a*b". */
static enum err read_term(struct terms *t, char *piece)
{
    struct term all = {0};
    bool star = strchr(piece, '*') != NULL;
    char *rest = NULL;
    enum err e = ERR_OK;
    if (!has_all_factors(piece))
        return log_fail(ERR_USAGE, "%s %s: a column is missing beside : or *", t->option, piece);
    for (char *p = strtok_r(piece, ":*", &rest); p != NULL; p = strtok_r(NULL, ":*", &rest)) {
        size_t v = 0;
        if (all.variables == ORDER)
            return log_fail(ERR_USAGE, "%s: an interaction of more than %d columns", t->option,
                            ORDER);
        if ((e = find_variable(t, p, &v)) != ERR_OK)
            return e;
        /* a:a of a number is its square; of a factor, a */
        if (!t->variable[v].factor || times_in(&all, v) == 0)
            if (!t->variable[v].factor || times_in(&all, v) == 0)
                all.variable[all.variables++] = v;
    }
    for (size_t subset = 1; star && e == ERR_OK && subset < (size_t)1 << all.variables; subset++) {
        struct term one = {0};
        for (size_t i = 0; i < all.variables; i++)
            if (subset >> i & 1)
                one.variable[one.variables++] = all.variable[i];
        e = add_term(t, &one);
    }
    return e == ERR_OK && all.variables > 0 ? add_term(t, &all) : e;
}

static enum err read_formula(struct terms *t, const char *formula)
{
    enum err e = ERR_OK;
    char *copy = strdup(formula != NULL ? formula : ""), *p = copy;
    if (copy == NULL)
        return ERR_NOMEM;
    while (e == ERR_OK && p != NULL && *p != 0) {
        char *comma = strchr(p, ',');
        if (comma != NULL)
            *comma = 0;
        char *piece = trim(p);
        if (*piece == 0)
            e = log_fail(ERR_USAGE, "%s %s: a term is empty; separate columns by single commas",
                         t->option, formula);
        else if (strcmp(piece, "1") != 0) /* the intercept is there anyway */
            e = read_term(t, piece);
        p = comma != NULL ? comma + 1 : NULL;
    }
    free(copy);
    return e;
}

static void drop_missing(const struct terms *t, uint8_t *used)
{
    for (size_t k = 0; k < t->variables; k++) {
        const struct variable *v = &t->variable[k];
        for (size_t i = 0; v->factor && i < t->f->n; i++)
            used[i] &= v->row[i] != FRAME_MISSING;
        for (size_t i = 0; !v->factor && i < t->f->n; i++)
            used[i] &= v->number[i] - v->number[i] == 0; /* finite */
    }
}

/* The levels that occur in the rows used. */
static enum err find_levels(struct terms *t, struct variable *v, const uint8_t *used)
{
    const struct frame_column *c = &t->f->column[v->column];
    if ((v->rank = malloc((c->levels + 1) * sizeof *v->rank)) == NULL ||
        (v->level = malloc((c->levels + 1) * sizeof *v->level)) == NULL)
        return ERR_NOMEM;
    for (size_t l = 0; l < c->levels; l++)
        v->rank[l] = -1;
    for (size_t i = 0; i < t->f->n; i++)
        if (used[i])
            v->rank[v->row[i]] = 0;
    for (size_t l = 0; l < c->levels; l++)
        if (v->rank[l] == 0) {
            v->level[v->levels] = (int32_t)l;
            v->rank[l] = (int32_t)v->levels++;
        }
    if (v->levels > TERMS_MAX)
        return log_fail(ERR_STUDY,
                        "%s: %s has %zu values, too many for a factor; recode it with --derive",
                        t->option, c->name, v->levels);
    return ERR_OK;
}

/* A factor of a term is coded by contrasts where the term without it is in the formula too. */
static bool has_margin(const struct terms *t, const struct term *term, size_t without)
{
    struct term margin = {0};
    for (size_t i = 0; i < term->variables; i++)
        if (i != without)
            margin.variable[margin.variables++] = term->variable[i];
    bool found = margin.variables == 0; /* the intercept */
    for (size_t i = 0; i < t->terms; i++)
        found = found || same_term(&t->term[i], &margin);
    return found;
}

static void name_factor(const struct terms *t, const struct factor *k, struct buffer *out)
{
    const struct frame_column *c = &t->f->column[t->variable[k->variable].column];
    buffer_printf(out, "%s%s%s", out->len > 0 ? ":" : "", c->name,
                  k->level >= 0 ? c->level[k->level] : "");
}

static enum err add_column(struct terms *t, const struct factor *k, size_t factors)
{
    struct buffer name = {0};
    if (t->columns == TERMS_MAX)
        return log_fail(ERR_STUDY, "%s: more than %d coefficients", t->option, TERMS_MAX);
    for (size_t i = 0; i < factors; i++)
        name_factor(t, &k[i], &name);
    if (factors == 0)
        buffer_printf(&name, "(Intercept)");
    buffer_u8(&name, 0);
    if (name.failed) {
        buffer_free(&name);
        return ERR_NOMEM;
    }
    struct design_column *c = &t->column[t->columns++];
    *c = (struct design_column){.name = (char *)name.p, .factors = factors};
    if (factors > 0)
        memcpy(c->factor, k, factors * sizeof *k);
    return ERR_OK;
}

/* Every combination of the levels of the term's factors, the first changing fastest, as in R. */
static enum err expand(struct terms *t, const struct term *term)
{
    size_t from[ORDER], now[ORDER];
    enum err e = ERR_OK;
    for (size_t i = 0; i < term->variables; i++) {
        const struct variable *v = &t->variable[term->variable[i]];
        from[i] = now[i] = v->factor && has_margin(t, term, i) ? 1 : 0;
        if (v->factor && v->levels <= from[i])
            return log_fail(ERR_STUDY, "%s: %s has one value in all rows used; leave it out",
                            t->option, t->f->column[v->column].name);
    }
    for (size_t i = 0; e == ERR_OK;) {
        struct factor k[ORDER];
        for (i = 0; i < term->variables; i++) {
            const struct variable *v = &t->variable[term->variable[i]];
            k[i] = (struct factor){term->variable[i], v->factor ? v->level[now[i]] : -1};
        }
        e = add_column(t, k, term->variables);
        for (i = 0; i < term->variables; i++) {
            const struct variable *v = &t->variable[term->variable[i]];
            if (v->factor && ++now[i] < v->levels)
                break;
            now[i] = from[i];
        }
        if (i == term->variables)
            break;
    }
    return e;
}

enum err terms_new(const struct frame *f, const char *formula, const char *option, uint8_t *used,
                   struct terms **out)
{
    enum err e = ERR_NOMEM;
    struct terms *t = calloc(1, sizeof *t);
    if (t == NULL)
        return e;
    t->f = f;
    t->option = option;
    if ((e = read_formula(t, formula)) != ERR_OK)
        goto out;
    drop_missing(t, used);
    for (size_t k = 0; e == ERR_OK && k < t->variables; k++)
        if (t->variable[k].factor)
            e = find_levels(t, &t->variable[k], used);
    if (e == ERR_OK)
        e = add_column(t, NULL, 0);
    for (size_t order = 1; order <= ORDER; order++) /* main effects first, as in R */
        for (size_t k = 0; e == ERR_OK && k < t->terms; k++)
            if (t->term[k].variables == order)
                e = expand(t, &t->term[k]);
    if (e != ERR_OK)
        goto out;
    *out = t;
    t = NULL;
out:
    terms_free(t);
    return e;
}

void terms_row(const struct terms *t, size_t row, double *x)
{
    terms_row_with(t, row, NULL, 0, x);
}

struct held { /* what a variable is at a row */
    double number;
    int32_t level;
};

static struct held hold(const struct terms *t, const struct variable *v, size_t row,
                        const struct terms_setting *set, size_t sets)
{
    struct held h = {0, -1};
    for (size_t s = 0; s < sets; s++) {
        if (set[s].column != v->column)
            continue;
        const struct frame_column *c = &t->f->column[v->column];
        for (size_t l = 0; v->factor && l < c->levels; l++)
            if (strcmp(c->level[l], set[s].value) == 0)
                h.level = (int32_t)l;
        if (!v->factor)
            frame_parse_number(set[s].value, strlen(set[s].value), &h.number);
        return h;
    }
    if (v->factor)
        h.level = v->row[row];
    else
        h.number = v->number[row];
    return h;
}

void terms_row_with(const struct terms *t, size_t row, const struct terms_setting *set, size_t sets,
                    double *x)
{
    struct held h[TERMS_MAX_COLUMNS];
    for (size_t k = 0; k < t->variables; k++)
        h[k] = hold(t, &t->variable[k], row, set, sets);
    for (size_t j = 0; j < t->columns; j++) {
        const struct design_column *c = &t->column[j];
        double v = 1;
        for (size_t i = 0; i < c->factors; i++) {
            const struct factor *k = &c->factor[i];
            v *= k->level < 0 ? h[k->variable].number : h[k->variable].level == k->level;
        }
        x[j] = v;
    }
}

enum err terms_accept(const struct terms *t, const struct terms_setting *s, const char *option)
{
    double number;
    const char *name = t->f->column[s->column].name;
    for (size_t k = 0; k < t->variables; k++) {
        const struct variable *v = &t->variable[k];
        const struct frame_column *c = &t->f->column[v->column];
        bool good = false;
        if (v->column != s->column)
            continue;
        for (size_t l = 0; v->factor && l < v->levels; l++)
            good = good || strcmp(c->level[v->level[l]], s->value) == 0;
        if (!v->factor)
            good = frame_parse_number(s->value, strlen(s->value), &number);
        if (!good && !v->factor)
            return log_fail(ERR_USAGE, "%s %s=%s: %s is a number", option, name, s->value, name);
        if (!good)
            return log_fail(ERR_USAGE, "%s %s=%s: nobody of the rows used has this value of %s",
                            option, name, s->value, name);
    }
    return ERR_OK;
}
