#include "admin/estimate/cells.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"

/* Small codes of a row are packed into words (mixed radix), the first of arm, count and extra keys;
 * numbers of too many values are words of their own, by their bits. Words are worked out for a
 * block of rows at a time, in doubles: whole numbers below 2^53 are exact, and the loops vectorise.
 */
enum { KEYS_MAX = 2 + CELLS_EXTRA + 4 * TERMS_MAX_COLUMNS, BLOCK = 512 };
#define CODE_MAX   65536.0
#define WORD_MAX   9007199254740992.0 /* 2^53 */
#define DIRECT_MAX 16777216.0         /* slots of a table indexed by the only word */

enum source { FROM_ARM, FROM_COUNT, FROM_INT, FROM_DOUBLE };

struct key { /* code: value - least, 0..radix - 1 */
    enum source source;
    const void *at;
    double least, radix;
    size_t word;
};

struct grouping {
    const struct cells_spec *spec;
    bool all_used;
    struct key key[KEYS_MAX];
    size_t keys;
    double product[KEYS_MAX]; /* of the radices of each word */
    double heads;             /* of those of arm, count and extra keys: they come first in word 0 */
    const double *wide[KEYS_MAX];
    size_t packed, words;   /* words of codes; with the wide ones */
    double (*block)[BLOCK]; /* [word] */
    uint64_t *word;         /* of each cell */
    bool single;            /* each row a cell of its own */
    uint32_t *slot;         /* cell + 1, 0: empty */
    uint64_t mask;
    struct cells *out;
    size_t room;
};

static inline double value_at(const struct key *k, size_t row)
{
    switch (k->source) {
    case FROM_ARM:
        return ((const int8_t *)k->at)[row];
    case FROM_COUNT:
        return ((const int16_t *)k->at)[row];
    case FROM_INT:
        return ((const int32_t *)k->at)[row];
    default:
        return ((const double *)k->at)[row];
    }
}

/* Least and most of the rows used, and whether all are whole numbers of an int's range. */
struct range {
    double least, most;
    bool whole;
};

static struct range slow_range(const struct grouping *g, const struct key *k)
{
    struct range r = {INFINITY, -INFINITY, true};
    for (size_t i = 0; i < g->spec->f->n; i++) {
        if (!g->spec->used[i])
            continue;
        double v = value_at(k, i);
        r.least = v < r.least ? v : r.least;
        r.most = v > r.most ? v : r.most;
        r.whole = r.whole && fabs(v) < 1e9 && v == (double)(int32_t)v;
    }
    return r;
}

/* The same of doubles that are all used, four at a time; ends at the first that is not whole. */
static struct range quick_range(const double *v, size_t n)
{
    double least[4] = {v[0], v[0], v[0], v[0]}, most[4] = {v[0], v[0], v[0], v[0]};
    struct range r = {0, 0, true};
    size_t i = 0;
    for (; i + 4 <= n && r.whole; i += 4)
        for (size_t k = 0; k < 4; k++) {
            double x = v[i + k];
            least[k] = x < least[k] ? x : least[k];
            most[k] = x > most[k] ? x : most[k];
            r.whole = r.whole && fabs(x) < 1e9 && x == (double)(int32_t)x;
        }
    for (; i < n && r.whole; i++) {
        least[0] = v[i] < least[0] ? v[i] : least[0];
        most[0] = v[i] > most[0] ? v[i] : most[0];
        r.whole = fabs(v[i]) < 1e9 && v[i] == (double)(int32_t)v[i];
    }
    r.least = fmin(fmin(least[0], least[1]), fmin(least[2], least[3]));
    r.most = fmax(fmax(most[0], most[1]), fmax(most[2], most[3]));
    return r;
}

#define WHOLE_RANGE(type)                                                                          \
    do {                                                                                           \
        const type *v = k->at;                                                                     \
        type least = v[0], most = v[0];                                                            \
        for (size_t i = 1; i < n; i++) {                                                           \
            least = v[i] < least ? v[i] : least;                                                   \
            most = v[i] > most ? v[i] : most;                                                      \
        }                                                                                          \
        r = (struct range){least, most, true};                                                     \
    } while (0)

static struct range range_of(const struct grouping *g, const struct key *k)
{
    struct range r = {0};
    size_t n = g->spec->f->n;
    if (!g->all_used || n == 0)
        return slow_range(g, k);
    switch (k->source) {
    case FROM_ARM:
        WHOLE_RANGE(int8_t);
        break;
    case FROM_COUNT:
        WHOLE_RANGE(int16_t);
        break;
    case FROM_INT:
        WHOLE_RANGE(int32_t);
        break;
    case FROM_DOUBLE:
        return quick_range(k->at, n);
    }
    return r;
}

/* A new key, in the last word of codes where it fits there. False: its values are no codes. */
static bool add_key(struct grouping *g, enum source source, const void *at)
{
    struct key k = {.source = source, .at = at};
    struct range r = range_of(g, &k);
    if (source == FROM_DOUBLE && (!r.whole || r.most - r.least >= CODE_MAX))
        return false;
    k.least = r.least <= r.most ? r.least : 0;
    k.radix = r.least <= r.most ? r.most - r.least + 1 : 1;
    if (g->packed == 0 || g->product[g->packed - 1] > WORD_MAX / k.radix)
        g->product[g->packed++] = 1;
    k.word = g->packed - 1;
    g->product[k.word] *= k.radix;
    g->key[g->keys++] = k;
    return true;
}

static bool seen_before(const struct cells_spec *s, size_t set, size_t i)
{
    int column = terms_column(s->terms[set], i);
    bool seen = false;
    for (size_t b = 0; b <= set; b++)
        for (size_t j = 0; j < (b < set ? terms_columns(s->terms[b]) : i); j++)
            seen = seen || terms_column(s->terms[b], j) == column;
    return seen;
}

static enum err list_keys(struct grouping *g)
{
    const struct cells_spec *s = g->spec;
    g->all_used = memchr(s->used, 0, s->f->n) == NULL;
    if (s->arm != NULL)
        add_key(g, FROM_ARM, s->arm);
    if (s->count != NULL)
        add_key(g, FROM_COUNT, s->count);
    for (size_t i = 0; i < CELLS_EXTRA && s->extra[i] != NULL; i++)
        add_key(g, FROM_INT, s->extra[i]);
    if (g->packed > 1)
        return log_fail(ERR_UNSUPPORTED, "the columns that split the counts have too many values");
    g->heads = g->packed > 0 ? g->product[0] : 1;
    for (size_t a = 0, wides = 0; a < s->sets; a++)
        for (size_t i = 0; i < terms_columns(s->terms[a]); i++) {
            int column = terms_column(s->terms[a], i);
            const double *number = frame_numbers(s->f, column);
            if (seen_before(s, a, i) || g->keys + wides == KEYS_MAX)
                continue;
            if (number == NULL)
                add_key(g, FROM_INT, s->f->column[column].row);
            else if (!add_key(g, FROM_DOUBLE, number))
                g->wide[wides++] = number;
            g->words = wides;
        }
    g->words += g->packed;
    return ERR_OK;
}

/* to[] = to[] * radix + code. */
#define PACK(type)                                                                                 \
    do {                                                                                           \
        const type *v = (const type *)k->at + first;                                               \
        for (size_t i = 0; i < n; i++)                                                             \
            to[i] = to[i] * k->radix + ((double)v[i] - k->least);                                  \
    } while (0)

/* The words of rows first .. first + n - 1. What those of rows that are not used come to is not
 * looked at. */
static void pack_block(struct grouping *g, size_t first, size_t n)
{
    for (size_t w = 0; w < g->packed; w++)
        memset(g->block[w], 0, n * sizeof *g->block[w]);
    for (size_t j = 0; j < g->keys; j++) {
        const struct key *k = &g->key[j];
        double *restrict to = g->block[k->word];
        switch (k->source) {
        case FROM_ARM:
            PACK(int8_t);
            break;
        case FROM_COUNT:
            PACK(int16_t);
            break;
        case FROM_INT:
            PACK(int32_t);
            break;
        case FROM_DOUBLE:
            PACK(double);
            break;
        }
    }
    for (size_t w = g->packed; w < g->words; w++)
        for (size_t i = 0; i < n; i++)
            g->block[w][i] = g->wide[w - g->packed][first + i] + 0.0; /* -0 and 0 are one number */
}

static enum err grow(struct grouping *g)
{
    struct cells *c = g->out;
    size_t room = g->room * 2 + 256;
    uint32_t *row = realloc(c->row, room * sizeof *row);
    if (row == NULL)
        return ERR_NOMEM;
    c->row = row;
    uint32_t *rows = realloc(c->rows, room * sizeof *rows);
    if (rows == NULL)
        return ERR_NOMEM;
    c->rows = rows;
    uint64_t *word = realloc(g->word, (room * g->words + 1) * sizeof *word);
    if (word == NULL)
        return ERR_NOMEM;
    g->word = word;
    g->room = room;
    return ERR_OK;
}

/* A cell that is new, with the words of row ${i} of the block; 0: no memory. */
static uint32_t new_cell(struct grouping *g, const uint64_t *word, size_t row)
{
    if (g->out->n == g->room && grow(g) != ERR_OK)
        return 0;
    g->out->row[g->out->n] = (uint32_t)row;
    g->out->rows[g->out->n] = 0;
    memcpy(g->word + g->out->n * g->words, word, g->words * sizeof *word);
    return (uint32_t)++g->out->n;
}

/* The finalizer of MurmurHash3 (Appleby, public domain): every bit reaches every other. */
static inline uint64_t stir(uint64_t h)
{
    h ^= h >> 33;
    h *= 0xff51afd7ed558ccdULL;
    h ^= h >> 33;
    h *= 0xc4ceb9fe1a85ec53ULL;
    return h ^ h >> 33;
}

static bool same_words(const uint64_t *a, const uint64_t *b, size_t words)
{
    bool same = true;
    for (size_t w = 0; w < words; w++)
        same = same && a[w] == b[w];
    return same;
}

/* The slot of a row: its word where the table is indexed by it, else found by hashing. */
static uint32_t *find_slot(struct grouping *g, const uint64_t *word)
{
    if (g->mask == 0)
        return &g->slot[word[0]];
    uint64_t h = 0;
    for (size_t w = 0; w < g->words; w++)
        h = stir(h ^ word[w]);
    for (h &= g->mask; g->slot[h] != 0; h = (h + 1) & g->mask)
        if (same_words(g->word + (g->slot[h] - 1) * g->words, word, g->words))
            break;
    return &g->slot[h];
}

static enum err group_rows(struct grouping *g)
{
    size_t n = g->spec->f->n;
    uint64_t word[2 * KEYS_MAX];
    for (size_t first = 0; first < n; first += BLOCK) {
        size_t count = n - first < BLOCK ? n - first : BLOCK;
        pack_block(g, first, count);
        for (size_t i = 0; i < count; i++) {
            size_t row = first + i;
            g->out->of_row[row] = -1;
            if (!g->spec->used[row])
                continue;
            for (size_t w = 0; w < g->packed; w++)
                word[w] = (uint64_t)g->block[w][i];
            for (size_t w = g->packed; w < g->words; w++)
                memcpy(&word[w], &g->block[w][i], sizeof *word);
            uint32_t none = 0, *slot = g->single ? &none : find_slot(g, word);
            if (*slot == 0 && (*slot = new_cell(g, word, row)) == 0)
                return ERR_NOMEM;
            g->out->of_row[row] = (int32_t)(*slot - 1);
            g->out->rows[*slot - 1]++;
        }
    }
    return ERR_OK;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* A measure hardly repeats, and looking every row up would cost more than it saves: where at most
 * two of some two thousand rows share a value of it, each row is a cell of its own. */
static bool hardly_repeats(const struct grouping *g)
{
    enum { SAMPLE = 2048, SHARED_MAX = 2 };
    size_t n = g->spec->f->n, step = n / SAMPLE, shared = 0;
    double v[SAMPLE];
    bool found = false;
    for (size_t w = 0; w < g->words - g->packed && n >= 4 * SAMPLE && !found; w++) {
        for (size_t i = 0; i < SAMPLE; i++)
            v[i] = g->wide[w][i * step];
        qsort(v, SAMPLE, sizeof *v, by_value);
        shared = 0;
        for (size_t i = 1; i < SAMPLE; i++)
            shared += v[i] == v[i - 1];
        found = shared <= SHARED_MAX;
    }
    return found;
}

static enum err make_table(struct grouping *g)
{
    double cap = 4 * (double)g->spec->f->n + 4096;
    bool direct =
        g->words == 1 && g->packed == 1 && g->product[0] <= (cap < DIRECT_MAX ? cap : DIRECT_MAX);
    g->single = hardly_repeats(g);
    uint64_t size = direct ? (uint64_t)g->product[0] : 1024;
    while (!direct && !g->single && size < 2 * (uint64_t)g->spec->f->n)
        size *= 2;
    g->mask = direct ? 0 : size - 1;
    g->slot = calloc(size + 1, sizeof *g->slot);
    g->block = malloc((g->words + 1) * sizeof *g->block);
    return g->slot != NULL && g->block != NULL ? ERR_OK : ERR_NOMEM;
}

/* The code of arm, count and extra keys alone. */
static uint64_t head_of(const struct grouping *g, size_t cell)
{
    double rest = g->packed > 0 ? g->product[0] / g->heads : 1;
    return g->packed > 0 ? g->word[cell * g->words] / (uint64_t)rest : 0;
}

/* order[k]: the cell at place k, sorted by heads: a counting sort for each 11 bits. */
static enum err sort_cells(const struct grouping *g, uint32_t *order, uint64_t *head)
{
    enum { DIGITS = 2048 };
    const struct cells *c = g->out;
    size_t at[DIGITS + 1];
    uint32_t *next = malloc((c->n + 1) * sizeof *next);
    if (next == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < c->n; i++) {
        order[i] = (uint32_t)i;
        head[i] = head_of(g, i);
    }
    for (unsigned shift = 0; shift < 54 && g->heads > (double)(1ULL << shift); shift += 11) {
        memset(at, 0, sizeof at);
        for (size_t i = 0; i < c->n; i++)
            at[(head[i] >> shift) % DIGITS + 1]++;
        for (size_t v = 0; v < DIGITS; v++)
            at[v + 1] += at[v];
        for (size_t i = 0; i < c->n; i++)
            next[at[(head[order[i]] >> shift) % DIGITS]++] = order[i];
        memcpy(order, next, c->n * sizeof *order);
    }
    free(next);
    return ERR_OK;
}

static enum err find_segments(const struct grouping *g, const uint32_t *order, const uint64_t *head)
{
    struct cells *c = g->out;
    const struct cells_spec *s = g->spec;
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++)
        n += i == 0 || head[order[i]] != head[order[i - 1]];
    if ((c->segment = calloc(n + 1, sizeof *c->segment)) == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < c->n; i++) {
        size_t row = c->row[i];
        if (i > 0 && head[order[i]] == head[order[i - 1]]) {
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

/* Put the cells in order and give the rows their new numbers. */
static enum err reorder(struct grouping *g)
{
    struct cells *c = g->out;
    enum err e = ERR_NOMEM;
    uint32_t *order = malloc((c->n + 1) * sizeof *order);
    uint32_t *place = malloc((c->n + 1) * sizeof *place);
    uint32_t *row = malloc((c->n + 1) * sizeof *row), *rows = malloc((c->n + 1) * sizeof *rows);
    uint64_t *head = malloc((c->n + 1) * sizeof *head);
    if (order == NULL || place == NULL || row == NULL || rows == NULL || head == NULL ||
        (e = sort_cells(g, order, head)) != ERR_OK)
        goto out;
    for (size_t k = 0; k < c->n; k++) {
        place[order[k]] = (uint32_t)k;
        row[k] = c->row[order[k]];
        rows[k] = c->rows[order[k]];
    }
    memcpy(c->row, row, c->n * sizeof *row);
    memcpy(c->rows, rows, c->n * sizeof *rows);
    for (size_t i = 0; i < g->spec->f->n; i++)
        c->of_row[i] = c->of_row[i] >= 0 ? (int32_t)place[c->of_row[i]] : -1;
    e = find_segments(g, order, head);
out:
    free(order);
    free(place);
    free(row);
    free(rows);
    free(head);
    return e;
}

static enum err sum_weights(const struct cells_spec *s, struct cells *c)
{
    c->weight = calloc(c->n + 1, sizeof *c->weight);
    c->weight2 = s->weight != NULL ? calloc(c->n + 1, sizeof *c->weight2) : c->weight;
    if (c->weight == NULL || c->weight2 == NULL)
        return ERR_NOMEM;
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
    enum err e = ERR_NOMEM;
    struct grouping *g = calloc(1, sizeof *g);
    if (g == NULL)
        return e;
    g->spec = spec;
    if ((g->out = calloc(1, sizeof *g->out)) == NULL ||
        (g->out->of_row = malloc((spec->f->n + 1) * sizeof *g->out->of_row)) == NULL)
        goto out;
    if ((e = list_keys(g)) != ERR_OK || (e = make_table(g)) != ERR_OK || (e = grow(g)) != ERR_OK ||
        (e = group_rows(g)) != ERR_OK || (e = reorder(g)) != ERR_OK ||
        (e = sum_weights(spec, g->out)) != ERR_OK)
        goto out;
    *out = g->out;
    g->out = NULL;
out:
    free(g->block);
    free(g->word);
    free(g->slot);
    cells_free(g->out);
    free(g);
    return e;
}
