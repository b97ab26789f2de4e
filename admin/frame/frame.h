/* The frame: one row an interview, columns of codes, counts and weights. It comes from an archive
 * or from a CSV file, and estimators see nothing else. Plain memory: an opened archive lives here
 * only while a command runs. */
#ifndef SANAQ_ADMIN_FRAME_H
#define SANAQ_ADMIN_FRAME_H

#include "core/err.h"
#include "core/study.h"

enum {
    FRAME_MAX_COLUMNS = 600,
    FRAME_MAX_LEVELS = 100000,
    FRAME_MAX_ARMS = 1 + STUDY_MAX_SENSITIVE
};

enum { FRAME_MISSING = -1 }; /* level or arm of a row that has none */

/** A count that is missing nobody knows why: flat files give no reason. */
enum { FRAME_NO_REASON = -6 };

/** Where a column stands in an export: points before the lists, questions after them, derived last.
 */
enum frame_role { FRAME_QUESTION, FRAME_POINT, FRAME_DERIVED };

/** What a number means, where the data say so (Stata, SPSS, an option of a study). */
struct frame_value_label {
    double value;
    char *text;
};

enum { FRAME_SMALL_MOST = 127, FRAME_SMALL_MISSING = -128 };

/** A column: numbers, or texts that are levels. Ask frame_numbers, frame_is_factor and
 * frame_levels; doubles of small whole numbers, and levels of numbers, are made when somebody asks
 * for them: a million answers of one digit are a million bytes. */
struct frame_column {
    char *name;
    char *label;    /* for people: question text in English or the first language; may be NULL */
    bool numbers;   /* else the column holds texts */
    int8_t *small;  /* per row: numbers that are all whole and small, FRAME_SMALL_MISSING missing */
    double *number; /* per row, NAN missing; where there is small: NULL until asked for */
    bool factor;    /* numbers that are codes: a label for every value that occurs */
    struct frame_value_label *value_label; /* sorted by value; of numbers only */
    size_t value_labels;
    char **
        level; /* distinct codes as text, sorted: as numbers where all are numbers, else by bytes */
    char **level_label; /* for people; NULL, or an entry per level that may be NULL */
    size_t levels;
    int32_t *row;         /* index into level, or FRAME_MISSING; NULL: not made yet */
    int8_t *why;          /* missing code (-1..-5) per row, 0 where present; NULL: not known why */
    bool prespecified;    /* named in the study's analysis.by */
    enum frame_role role; /* FRAME_QUESTION unless somebody says otherwise */
};

/** How the arms of a list were drawn in the field, draw by draw: what a randomisation test draws
 * again. Draws of interviews that are in no row (void, withdrawn, broken off before the end) stand
 * in their places. */
struct frame_mechanism {
    bool blocks;                    /* permuted blocks; else each draw by itself */
    uint32_t share[FRAME_MAX_ARMS]; /* of each arm; 0: never drawn */
    uint8_t block[STUDY_MAX_BLOCK]; /* sizes, each as likely */
    size_t block_sizes;
    size_t draws;   /* chain by chain, in the order in which they were drawn */
    int32_t *row;   /* of the frame, or FRAME_MISSING */
    int32_t *chain; /* 0.., rising: a laptop's draws in one stratum */
    size_t broken;  /* chains that begin behind draws which never came */
};

/** Two lists of which exactly one, drawn, holds the item. */
struct frame_double {
    size_t list[2];
    int arm[2]; /* of the item in each */
};

/** One list experiment: arm and count of each row. */
struct frame_list {
    char *id;                        /* NULL in a flat file */
    int items;                       /* J */
    size_t arms;                     /* 1 + number of sensitive items */
    char *sensitive[FRAME_MAX_ARMS]; /* [k], k >= 1: id of the item of arm k; NULL in a flat file
                                        with one */
    char *sensitive_label[FRAME_MAX_ARMS]; /* may be NULL */
    bool has_hide;
    enum study_hide hide[FRAME_MAX_ARMS];
    bool has_known[FRAME_MAX_ARMS]; /* the item's prevalence is known: a placebo */
    double known[FRAME_MAX_ARMS];
    int8_t *arm;      /* 0 control, k; FRAME_MISSING where the list was not asked */
    int16_t *count;   /* 0..J+1, a missing code or FRAME_NO_REASON */
    uint64_t *order;  /* permutation number, NULL in a flat file */
    int8_t *position; /* among the lists asked, 0 first; FRAME_MISSING; NULL in a flat file */
    int8_t *language; /* of the card, index into the frame's; FRAME_MISSING where there is no count;
                         NULL in a flat file */
    struct frame_mechanism *mechanism; /* NULL in a flat file */
};

struct frame {
    size_t n;
    char **id; /* name of each row (device and contact), or NULL: rows are lines of a file */
    struct frame_column *column;
    size_t columns;
    struct frame_list *list;
    size_t lists;
    struct frame_double *pair;
    size_t pairs;
    char **language; /* of cards, as the studies name them; NULL in a flat file */
    size_t languages;
    double *weight;              /* NULL: none */
    struct weighting *weighting; /* how the weights came about (weighting.h); NULL: as given */
    int32_t *psu;                /* sampling point per row, 0.., NULL: none */
    int32_t *stratum;            /* design stratum per row, 0.., NULL: none */
    size_t psus, strata;
    bool archive;            /* from sealed interviews; else a flat file */
    bool rehearsal;          /* only test or simulated interviews */
    size_t tests, simulated; /* how many of each among the n rows */
};

/** A new frame of ${n} rows without columns; ERR_NOMEM. */
enum err frame_new(size_t n, struct frame **out);
/** Releases all of it, lists and arrays too (all from malloc); NULL does nothing. */
void frame_free(struct frame *f);

/** Add a column from one text per row (NULL or "" = missing); copies everything. Where all texts
 * are numbers it is a column of numbers; codes like 007, and whole numbers of more than 15 digits,
 * are texts. A column of more than FRAME_MAX_LEVELS different texts is a name, not a group: it is
 * left out with a note. ERR_NOMEM, ERR_STUDY (name taken or too many columns; said). */
enum err frame_add_texts(struct frame *f, const char *name, const char *const *text);
/** Add a column of numbers, NAN where missing; takes ${number} (from malloc) over on success. */
enum err frame_add_numbers(struct frame *f, const char *name, double *number);
/** Add a column that is made already; takes all of *${made} but its name over on
 * success.
 */
enum err frame_add_levels(struct frame *f, const char *name, struct frame_column *made);
/** What a column that was not added holds; {0} holds nothing. */
void frame_column_free(struct frame_column *c);

/** One number per row, NAN where missing. NULL where the column holds texts, and where memory ran
 * out. Made once; not from two threads at a time. */
const double *frame_numbers(const struct frame *f, int column);
/** The same as bytes, FRAME_SMALL_MISSING where missing, where the column is kept so; else NULL. */
const int8_t *frame_small(const struct frame *f, int column);
/** One of the numbers. */
double frame_number_at(const struct frame *f, int column, size_t row);
/** True where the column's values are groups: texts, and numbers that all have a label. In a
 * formula it enters as indicators; a column that is not a factor enters as numbers. */
bool frame_is_factor(const struct frame *f, int column);
/** Make level, level_label, levels and row of a column, once; before that they must not be read.
 * Not from two threads at a time. ERR_USAGE (said) for more than FRAME_MAX_LEVELS different
 * numbers, which are a measure and no groups; ERR_NOMEM. */
enum err frame_levels(const struct frame *f, int column);

/** The number that ${s} of ${n} bytes is, where it is one as frame_add_texts takes it. */
bool frame_parse_number(const char *s, size_t n, double *out);
/** ${v} with the fewest digits that give it back. */
enum { FRAME_NUMBER_ROOM = 32 };
char *frame_print_number(double v, char out[FRAME_NUMBER_ROOM]);

/** Index of a column, -1 if there is none. */
int frame_find(const struct frame *f, const char *name);

/** Add a crossed column "a:b" from existing ones (level "x:y", those that occur, sorted by the
 * first column, then the next); missing where either is. ERR_USAGE (said) where a column is not
 * there or there would be more than FRAME_MAX_LEVELS combinations. */
enum err frame_cross(struct frame *f, const char *const *names, size_t count, const char *name);

/** Recode: `university=education:1-4=0,5-6=1`: new column from the codes of an old one; codes that
 * no rule names become missing, with a note. ERR_USAGE (said) where the rule cannot be read or the
 *  column is not there. */
enum err frame_derive(struct frame *f, const char *rule);

#endif
