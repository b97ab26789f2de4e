/* A study: what study.yaml says, in memory, and how it is read and judged.
 * Meaning only: knows no disk and no key. */
#ifndef SANAQ_CORE_STUDY_H
#define SANAQ_CORE_STUDY_H

#include "core/bytes.h"
#include "core/err.h"

/* Limits, checked while reading. */
enum {
    STUDY_MAX_BYTES = 1 << 20,
    STUDY_MAX_LANGUAGES = 8,
    STUDY_MAX_QUESTIONS = 500, /* of all sections together, direct questions included */
    STUDY_MAX_OPTIONS = 64,
    STUDY_MAX_MULTI = 30, /* options of a multi question: bits of a number */
    STUDY_MAX_LISTS = 16,
    STUDY_MAX_ITEMS = 20, /* J */
    STUDY_MAX_SENSITIVE = 8,
    STUDY_MAX_STRATA = 1024,
    STUDY_MAX_CHAINS = 4096, /* lists x strata */
    STUDY_MAX_BLOCK = 32,
    STUDY_MAX_ID = 32, /* bytes of any id */
    STUDY_MAX_TEXT = 4000,
    STUDY_MAX_RESEARCHERS = 16,
    STUDY_MAX_SUPERVISORS = 16
};

/* An answer that is not one: codes in files and exports. Real answers are 0 or more. */
enum {
    ANSWER_DONT_KNOW = -1,
    ANSWER_REFUSED = -2,
    ANSWER_NOT_ASKED = -3,   /* routing */
    ANSWER_NOT_REACHED = -4, /* break-off */
    ANSWER_INVALID = -5      /* no longer valid after a change */
};

/** A text in each language of the study, in the order of study->language; NULL where the study
 * gives none (only where the text is optional, then in every language). */
struct study_text {
    char *in[STUDY_MAX_LANGUAGES];
};

/** `when: {question: answer, ...}`: all must hold. */
struct study_when {
    struct study_condition {
        char *id;     /* a question, or a point column */
        int question; /* index into study->question, or -1 for a point column */
        char *equals; /* option id or column value; NULL where a range is given */
        int32_t code; /* the option's code, or the number, where question >= 0; multi: bit + 1 */
        bool has_min, has_max; /* {min:, max:} on an integer or scale */
        int32_t min, max;
    } * condition;
    size_t count;
};

enum study_type { STUDY_CHOICE, STUDY_MULTI, STUDY_INTEGER, STUDY_SCALE };
enum study_section { STUDY_BEFORE, STUDY_DIRECT, STUDY_AFTER, STUDY_OBSERVATION };

struct study_option {
    char *id;
    int32_t code;
    struct study_text text;
};

struct study_question {
    char *id;
    enum study_section section;
    enum study_type type;
    struct study_text text, instruction;
    char *show_card; /* label of a paper show card, or NULL */
    struct study_option *option;
    size_t options;
    int32_t min, max;            /* integer: min, max; scale: from, to; multi: 0, 2^options - 1 */
    struct study_text low, high; /* scale: what its ends mean */
    bool refuse, unknown;
    struct study_when when;
    struct { /* section STUDY_DIRECT only: a choice, of yes (1) and no (0) without texts unless
                given */
        char *item;
        enum study_direct_to { DIRECT_EVERYONE, DIRECT_RANDOM_HALF } to;
        enum study_direct_order { DIRECT_AFTER, DIRECT_BEFORE, DIRECT_RANDOM } order;
    } direct;
    unsigned line;
};

enum study_hide { HIDE_AGREE, HIDE_DISAGREE, HIDE_BOTH };

struct study_item {
    char *id;
    struct study_text text;
    enum study_hide hide; /* sensitive items */
    bool has_known;       /* sensitive items: the prevalence is known (placebo list) */
    double known;
    unsigned ratio; /* sensitive items: share of this arm, from assignment.ratio (default 1) */
};

enum study_placebo { PLACEBO_NONE, PLACEBO_CONTROL, PLACEBO_MIXED };

struct study_list {
    char *id;
    struct study_when when;
    struct study_text intro;
    struct study_item *item; /* the J control items */
    size_t items;
    struct study_item *sensitive; /* arm k shows sensitive[k - 1] after the control items */
    size_t sensitives;
    enum study_placebo placebo;
    struct study_item placebo_item;
    bool random_order;
    unsigned control_ratio; /* default 1 */
    int in_double;          /* index into study->pair, or -1 */
    unsigned line;
};

struct study_double { /* the item stands in exactly one of the two lists */
    size_t list[2];
    char *item;
    bool random_order;
};

enum study_sample { SAMPLE_ADDRESSES, SAMPLE_RANDOM_ROUTE, SAMPLE_QUOTA };
enum study_selection { SELECTION_NONE, SELECTION_KISH, SELECTION_NEXT_BIRTHDAY };
enum study_card { CARD_PAPER, CARD_SCREEN_RESPONDENT, CARD_SCREEN_INTERVIEWER };

struct study_derived { /* new column from the codes of a choice question */
    char *id, *from;
    size_t question;
    struct study_recode {
        int32_t code;
        char *value;
    } * map;
    size_t maps;
};

/** One stage `rake: {variable: {value: share}}`. */
struct study_margin {
    char *id;
    struct study_share {
        char *value;
        double share;
    } * share;
    size_t shares;
};

struct study {
    char *id, *wave;
    struct study_text title;
    char *language[STUDY_MAX_LANGUAGES];
    size_t languages;
    struct {
        int32_t version, min_age; /* min_age 0: not asked */
        struct study_text text;
        char *retention; /* ISO date or NULL */
    } consent;
    enum study_sample sample;
    enum study_selection selection;
    char *timezone; /* IANA name, or NULL */
    char *points;   /* path of the point list, relative to study.yaml */
    struct study_quota {
        char *cells; /* "gender x age-group" */
        int32_t target;
    } * quota;
    size_t quotas;
    int32_t attempts; /* default 1 */
    bool final_highest;
    struct {
        int32_t digits; /* 0: no link */
        bool damm;
    } link;
    struct study_question
        *question; /* all sections, in the order asked: before, direct, after, observations */
    size_t questions;
    struct study_list *list;
    size_t lists;
    struct study_double *pair;
    size_t pairs;
    bool random_list_order;
    struct {
        struct study_item *item;
        size_t items; /* 0: no warm-up list */
        int32_t expect;
        struct study_text intro;
    } warm_up;
    struct study_text debrief;
    enum study_card card;
    bool aid_slip;
    bool blocks; /* assignment by permuted blocks; else simple */
    uint8_t block[STUDY_MAX_BLOCK];
    size_t block_sizes;
    char **strata; /* point columns */
    size_t stratas;
    char **complete, **partial; /* ids of lists and questions */
    size_t completes, partials;
    struct study_derived *derived;
    size_t deriveds;
    struct study_weights {
        bool present;
        char *base;     /* column (of the point list, or of a data file) that holds the design
                           weight, or NULL */
        bool selection; /* by eligible adults */
        char *adults;   /* of a data file: the column that holds them, or NULL */
        double cap, trim, tolerance; /* 0: none */
        char **nonresponse;          /* "point" or cells */
        size_t nonresponses;
        struct study_margin *rake;
        size_t rakes;
    } weights;
    char **by; /* analysis.by: pre-specified */
    size_t bys;
    char **researcher, **supervisor; /* paths of public keys, relative to study.yaml */
    size_t researchers, supervisors;
    char **target; /* sync.targets */
    size_t targets;
    struct study_line { /* where a thing of the study stands in its file, for messages of later
                           checks */
        char *key;
        unsigned line;
    } * line;
    size_t lines;
};

/** Called once for each mistake or warning, in order of line. ${what} says what is wrong and how to
 *  mend it. Lines count from 1; 0: the file as a whole. */
typedef void study_report(void *ctx, bool warning, unsigned line, const char *what);

/** Read and judge ${yaml}. Every mistake is reported, not only the first. ERR_OK: no mistake
 *  (perhaps warnings), and *out is the study, released by study_free. ERR_STUDY: reported, *out
 *  untouched. ERR_NOMEM. Reads nothing but ${yaml}: files it names are checked by
 * study_check_points and by the caller. */
enum err study_parse(struct bytes yaml, study_report *report, void *ctx, struct study **out);
/** Read ${yaml}, whose one key `weights` is as a study's, for a data file: `base` is a column of
 * it, `adults` (beside `selection: eligible-adults`) another. *out has nothing but weights. Errors
 * and ownership as above. */
enum err study_parse_weights(struct bytes yaml, study_report *report, void *ctx,
                             struct study **out);
void study_free(struct study *s);

/** What this version of the kiosk cannot do, each reported by name as a mistake with its line;
 *  ERR_UNSUPPORTED if there was any. Never ignored, never best effort. */
enum err study_kiosk_can(const struct study *s, study_report *report, void *ctx);

/** Line of a key path such as "points", "sync.targets.0" or "lists.2.items.0.text.ru" (list entries
 *  count from 0); 0 if the study does not have it. */
unsigned study_line_of(const struct study *s, const char *key);

/** Index of a question, list or language; -1 if there is none. */
int study_question_index(const struct study *s, const char *id);
int study_list_index(const struct study *s, const char *id);
int study_language_index(const struct study *s, const char *language);

/** The text in a language (index); "" where the text is absent. */
const char *study_text_in(const struct study_text *t, size_t language);

/** Option of a choice or multi question by its code; NULL if there is none. */
const struct study_option *study_option_by_code(const struct study_question *q, int32_t code);

/** True if ${value} is an answer ${q} can have (a missing code always is). */
bool study_answer_fits(const struct study_question *q, int32_t value);

/** True if all conditions hold. ${answer}: one value per question of the study. ${column} gives the
 *  value of a point column (NULL if absent). */
bool study_when_holds(const struct study *s, const struct study_when *w, const int32_t *answer,
                      const char *(*column)(void *ctx, const char *name), void *ctx);

/** Items shown on the card of ${list} in ${arm}: J, or J + 1. */
size_t study_shown(const struct study_list *list, uint8_t arm);
/** The item with index ${i} of that card before ordering: control items, then the sensitive one. */
const struct study_item *study_shown_item(const struct study_list *list, uint8_t arm, size_t i);

/** Sampling points (points.csv): `id` plus any columns. Parsed by points.h. */
struct points;
/** Judge study and point list together (strata columns exist, when-columns, weights.base, targets,
 *  limits of strata): reports with lines of study.yaml. */
enum err study_check_points(const struct study *s, const struct points *p, study_report *report,
                            void *ctx);

#endif
