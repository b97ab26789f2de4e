#include "admin/estimate/cells.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Keys of a row: small codes packed into one number (mixed radix), and the bits of each number that
 * takes too many values for a code. */
enum { KEYS_MAX = 2 + CELLS_EXTRA + 4 * TERMS_MAX_COLUMNS, CODE_MAX = 1 << 16 };
#define DIRECT_MAX ((uint64_t)1 << 24) /* slots of a table that is indexed by the packed codes */

enum source { FROM_ARM, FROM_COUNT, FROM_INT, FROM_DOUBLE };

struct key { /* codes 0..radix - 1 */
    enum source source;
    const void *at;
    int32_t least;  /* of a double: code = value - least */
    uint64_t radix; /* how many codes */
};

struct grouping {
    const struct cells_spec *spec;
    struct key code[KEYS_MAX];
    size_t codes, heads;          /* the first ${heads} codes make the segment */
    const double *wide[KEYS_MAX]; /* compared by their bits */
    size_t wides;
    uint64_t slots; /* product of the radices; 0: too many for a table */
    uint64_t *word; /* of each cell: packed codes, then the wide bits (hash only) */
    uint32_t *slot; /* cell + 1, 0: empty */
    uint64_t mask;  /* hash only */
    struct cells *out;
    size_t room;
};

void cells_free(struct cells *c)
{
    if (c == NULL)
        return;
    if (c->weight2 != c->weight)
        free(c->weight2);
    free(c->weight);
    free(c->rows);
    free(c->row);
    free(c->of_row);
    free(c->segment);
    free(c);
}

static inline int32_t code_of(const struct key *k, size_t row)
{
    switch (k->source) {
    case FROM_ARM:
        return ((const int8_t *)k->at)[row] - k->least;
    case FROM_COUNT:
        return ((const int16_t *)k->at)[row] - k->least;
    case FROM_INT:
        return ((const int32_t *)k->at)[row] - k->least;
    default:
        return (int32_t)((const double *)k->at)[row] - k->least;
    }
}

static void add_code(struct grouping *g, enum source source, const void *at)
{
    struct key k = {.source = source, .at = at, .least = 0};
    int32_t least = INT32_MAX, most = INT32_MIN;
    for (size_t i = 0; i < g->spec->f->n; i++) {
        if (!g->spec->used[i])
            continue;
        int32_t v = code_of(&k, i);
        least = v < least ? v : least;
        most = v > most ? v : most;
    }
    if (least > most) /* no row is used */
        least = most = 0;
    k.least = least;
    k.radix = (uint64_t)((int64_t)most - least) + 1;
    g->code[g->codes++] = k;
}

/* Whole numbers of a small range make a code; others are compared by their bits. */
static void add_numbers(struct grouping *g, const double *number)
{
    double least = INFINITY, most = -INFINITY;
    bool whole = true;
    for (size_t i = 0; i < g->spec->f->n; i++) {
        if (!g->spec->used[i])
            continue;
        double v = number[i];
        whole = whole && fabs(v) < 1e9 && v == (double)(int32_t)v;
        if (!whole)
            break;
        least = v < least ? v : least;
        most = v > most ? v : most;
    }
    if (whole && most - least < CODE_MAX)
        add_code(g, FROM_DOUBLE, number);
    else
        g->wide[g->wides++] = number;
}

/* Columns of all formulas, each once. */
static void add_columns(struct grouping *g)
{
    const struct cells_spec *s = g->spec;
    for (size_t a = 0; a < s->sets; a++)
        for (size_t i = 0; i < terms_columns(s->terms[a]); i++) {
            int column = terms_column(s->terms[a], i);
            bool seen = false;
            for (size_t b = 0; b <= a; b++)
                for (size_t j = 0; j < (b < a ? terms_columns(s->terms[b]) : i); j++)
                    seen = seen || terms_column(s->terms[b], j) == column;
            if (seen || g->codes + g->wides == KEYS_MAX)
                continue;
            const double *number = frame_numbers(s->f, column);
            if (number != NULL)
                add_numbers(g, number);
            else
                add_code(g, FROM_INT, s->f->column[column].row);
        }
}

static void list_keys(struct grouping *g)
{
    const struct cells_spec *s = g->spec;
    if (s->arm != NULL)
        add_code(g, FROM_ARM, s->arm);
    if (s->count != NULL)
        add_code(g, FROM_COUNT, s->count);
    for (size_t i = 0; i < CELLS_EXTRA && s->extra[i] != NULL; i++)
        add_code(g, FROM_INT, s->extra[i]);
    g->heads = g->codes;
    add_columns(g);
    g->slots = 1;
    for (size_t i = 0; i < g->codes && g->slots != 0; i++)
        g->slots =
            g->slots <= (UINT64_MAX >> 1) / g->code[i].radix ? g->slots * g->code[i].radix : 0;
}

static inline uint64_t pack(const struct grouping *g, size_t row)
{
    uint64_t v = 0;
    for (size_t i = 0; i < g->codes; i++)
        v = v * g->code[i].radix + (uint64_t)code_of(&g->code[i], row);
    return v;
}

static enum err grow(struct grouping *g)
{
    struct cells *c = g->out;
    size_t room = g->room * 2 + 256;
    uint32_t *row = realloc(c->row, room * sizeof *row);
    if (row == NULL)
        return ERR_NOMEM;
    c->row = row;
    size_t words = 1 + g->wides;
    uint64_t *word = g->mask == 0 ? g->word : realloc(g->word, room * words * sizeof *word);
    if (g->mask != 0 && word == NULL)
        return ERR_NOMEM;
    g->word = word;
    g->room = room;
    return ERR_OK;
}

/* A cell that is new; 0: no memory. */
static uint32_t new_cell(struct grouping *g, size_t row)
{
    if (g->out->n == g->room && grow(g) != ERR_OK)
        return 0;
    g->out->row[g->out->n] = (uint32_t)row;
    return (uint32_t)++g->out->n;
}

static enum err group_direct(struct grouping *g)
{
    if ((g->slot = calloc(g->slots, sizeof *g->slot)) == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < g->spec->f->n; i++) {
        g->out->of_row[i] = -1;
        if (!g->spec->used[i])
            continue;
        uint32_t *slot = &g->slot[pack(g, i)];
        if (*slot == 0 && (*slot = new_cell(g, i)) == 0)
            return ERR_NOMEM;
        g->out->of_row[i] = (int32_t)(*slot - 1);
    }
    return ERR_OK;
}

/* The finalizer of MurmurHash3 (Appleby, public domain): every bit of the key reaches every other.
 */
static inline uint64_t stir(uint64_t h)
{
    h ^= h >> 33;
    h *= 0xff51afd7ed558ccdULL;
    h ^= h >> 33;
    h *= 0xc4ceb9fe1a85ec53ULL;
    return h ^ h >> 33;
}

/* Packed codes; where even 63 bits are too few, they are stirred together two and two, and cells
 * that differ only there are told apart by comparing rows. */
static void words_of(const struct grouping *g, size_t row, uint64_t *word)
{
    word[0] = 0;
    if (g->slots != 0)
        word[0] = pack(g, row);
    for (size_t i = 0; g->slots == 0 && i < g->codes; i++)
        word[0] = stir(word[0] ^ (uint64_t)code_of(&g->code[i], row)) + i;
    for (size_t i = 0; i < g->wides; i++) {
        double v = g->wide[i][row] + 0.0; /* -0 and 0 are one number */
        memcpy(&word[i + 1], &v, sizeof v);
    }
}

static bool same_codes(const struct grouping *g, size_t a, size_t b)
{
    bool same = true;
    for (size_t i = 0; g->slots == 0 && same && i < g->codes; i++)
        same = code_of(&g->code[i], a) == code_of(&g->code[i], b);
    return same;
}

static enum err group_hash(struct grouping *g)
{
    size_t words = 1 + g->wides, n = g->spec->f->n;
    uint64_t size = 1024, word[1 + KEYS_MAX];
    while (size < 2 * (uint64_t)n)
        size *= 2;
    g->mask = size - 1;
    if ((g->slot = calloc(size, sizeof *g->slot)) == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++) {
        g->out->of_row[i] = -1;
        if (!g->spec->used[i])
            continue;
        uint64_t h = 0;
        words_of(g, i, word);
        for (size_t k = 0; k < words; k++)
            h = stir(h ^ word[k]);
        for (h &= g->mask; g->slot[h] != 0; h = (h + 1) & g->mask) {
            size_t cell = g->slot[h] - 1;
            if (memcmp(g->word + cell * words, word, words * sizeof *word) == 0 &&
                same_codes(g, g->out->row[cell], i))
                break;
        }
        if (g->slot[h] == 0) {
            if ((g->slot[h] = new_cell(g, i)) == 0)
                return ERR_NOMEM;
            memcpy(g->word + (g->out->n - 1) * words, word, words * sizeof *word);
        }
        g->out->of_row[i] = (int32_t)(g->slot[h] - 1);
    }
    return ERR_OK;
}

/* order[k]: the cell at place k, sorted by the head codes: one counting sort per code, the last
 * first. */
static enum err sort_cells(const struct grouping *g, uint32_t *order)
{
    const struct cells *c = g->out;
    enum err e = ERR_NOMEM;
    uint64_t most = 1;
    for (size_t i = 0; i < g->heads; i++)
        most = g->code[i].radix > most ? g->code[i].radix : most;
    uint32_t *next = malloc((c->n + 1) * sizeof *next);
    size_t *at = most < SIZE_MAX / sizeof *at - 1 ? malloc((size_t)(most + 1) * sizeof *at) : NULL;
    if (next == NULL || at == NULL)
        goto out;
    for (size_t i = 0; i < c->n; i++)
        order[i] = (uint32_t)i;
    for (size_t k = g->heads; k-- > 0;) {
        const struct key *key = &g->code[k];
        memset(at, 0, (size_t)(key->radix + 1) * sizeof *at);
        for (size_t i = 0; i < c->n; i++)
            at[code_of(key, c->row[i]) + 1]++;
        for (size_t v = 0; v < key->radix; v++)
            at[v + 1] += at[v];
        for (size_t i = 0; i < c->n; i++)
            next[at[code_of(key, c->row[order[i]])]++] = order[i];
        memcpy(order, next, c->n * sizeof *order);
    }
    e = ERR_OK;
out:
    free(next);
    free(at);
    return e;
}

/* Put the cells in order and give the rows their new numbers. */
static enum err reorder(struct grouping *g)
{
    struct cells *c = g->out;
    enum err e = ERR_NOMEM;
    uint32_t *order = malloc((c->n + 1) * sizeof *order),
             *place = malloc((c->n + 1) * sizeof *place);
    uint32_t *row = malloc((c->n + 1) * sizeof *row);
    if (order == NULL || place == NULL || row == NULL || (e = sort_cells(g, order)) != ERR_OK)
        goto out;
    for (size_t k = 0; k < c->n; k++) {
        place[order[k]] = (uint32_t)k;
        row[k] = c->row[order[k]];
    }
    for (size_t i = 0; i < g->spec->f->n; i++)
        if (c->of_row[i] >= 0)
            c->of_row[i] = (int32_t)place[c->of_row[i]];
    free(c->row);
    c->row = row;
    row = NULL;
    e = ERR_OK;
out:
    free(order);
    free(place);
    free(row);
    return e;
}

static bool same_head(const struct grouping *g, size_t a, size_t b)
{
    bool same = true;
    for (size_t i = 0; same && i < g->heads; i++)
        same = code_of(&g->code[i], a) == code_of(&g->code[i], b);
    return same;
}

static enum err find_segments(struct grouping *g)
{
    struct cells *c = g->out;
    const struct cells_spec *s = g->spec;
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++)
        n += i == 0 || !same_head(g, c->row[i], c->row[i - 1]);
    if ((c->segment = calloc(n + 1, sizeof *c->segment)) == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < c->n; i++) {
        size_t row = c->row[i];
        if (i > 0 && same_head(g, row, c->row[i - 1])) {
            c->segment[c->segments - 1].count++;
            continue;
        }
        struct cells_segment *q = &c->segment[c->segments++];
        *q = (struct cells_segment){.first = i, .count = 1};
        q->arm = s->arm != NULL ? s->arm[row] : 0;
        q->y = s->count != NULL ? s->count[row] : 0;
        for (size_t k = 0; k < CELLS_EXTRA && s->extra[k] != NULL; k++)
            q->extra[k] = s->extra[k][row];
    }
    return ERR_OK;
}

static enum err sum_weights(const struct cells_spec *s, struct cells *c)
{
    c->weight = calloc(c->n + 1, sizeof *c->weight);
    c->weight2 = s->weight != NULL ? calloc(c->n + 1, sizeof *c->weight2) : c->weight;
    c->rows = calloc(c->n + 1, sizeof *c->rows);
    if (c->weight == NULL || c->weight2 == NULL || c->rows == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < s->f->n; i++)
        if (c->of_row[i] >= 0)
            c->rows[c->of_row[i]]++;
    for (size_t k = 0; s->weight == NULL && k < c->n; k++)
        c->weight[k] = (double)c->rows[k];
    for (size_t i = 0; s->weight != NULL && i < s->f->n; i++)
        if (c->of_row[i] >= 0) {
            c->weight[c->of_row[i]] += s->weight[i];
            c->weight2[c->of_row[i]] += s->weight[i] * s->weight[i];
        }
    return ERR_OK;
}

enum err cells_new(const struct cells_spec *spec, struct cells **out)
{
    struct grouping g = {.spec = spec};
    enum err e = ERR_NOMEM;
    if ((g.out = calloc(1, sizeof *g.out)) == NULL ||
        (g.out->of_row = malloc((spec->f->n + 1) * sizeof *g.out->of_row)) == NULL)
        goto out;
    list_keys(&g);
    uint64_t cap = 4 * (uint64_t)spec->f->n + 4096;
    bool direct = g.wides == 0 && g.slots != 0 && g.slots <= (cap < DIRECT_MAX ? cap : DIRECT_MAX);
    if ((e = direct ? group_direct(&g) : group_hash(&g)) != ERR_OK || (e = reorder(&g)) != ERR_OK ||
        (e = find_segments(&g)) != ERR_OK || (e = sum_weights(spec, g.out)) != ERR_OK)
        goto out;
    *out = g.out;
    g.out = NULL;
out:
    free(g.word);
    free(g.slot);
    cells_free(g.out);
    return e;
}

enum err cells_matrix(const struct cells *c, const struct terms *t, struct matrix *out)
{
    enum err e = matrix_new(c->n, terms_count(t), out);
    for (size_t i = 0; e == ERR_OK && i < c->n; i++)
        terms_row(t, c->row[i], out->at + i * out->cols);
    return e;
}
