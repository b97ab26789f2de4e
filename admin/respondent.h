/* Simulated respondents: what they think, how they answer, when they stop. All chance comes from a
 * seeded generator (GSL's mt19937), one a device, so that a device's respondents do not depend on
 * how many other devices there are. They think before any card is drawn: nothing here knows an arm
 * until the count is asked for. */
#ifndef SANAQ_ADMIN_RESPONDENT_H
#define SANAQ_ADMIN_RESPONDENT_H

#include "core/points.h"
#include "core/study.h"

enum { RESPONDENT_MAX_ITEMS = STUDY_MAX_LISTS * (STUDY_MAX_ITEMS + STUDY_MAX_SENSITIVE) };

/** One item of a list. Items of one id in several lists are one opinion: that of ${same}, the first
 *  of them in the table. */
struct respondent_item {
    size_t list, same;
    const char *id;
    bool sensitive;
    double share; /* who hold it, 0..1 */
};

/** How all respondents are drawn. Study and points are borrowed. */
struct respondent_model;

/** Every item is held by half; sensitive items with a known prevalence by that share. ERR_NOMEM. */
enum err respondent_model_new(const struct study *s, const struct points *p,
                              struct respondent_model **out);
void respondent_model_free(struct respondent_model *m);

/** Take "ITEM=SHARE", for a sensitive item of any list. ERR_USAGE (said). */
enum err respondent_prevalence(struct respondent_model *m, const char *text);

/** Take "SHARE,SHARE,..." or "LIST:SHARE,...", one for each control item; the list may be left out
 *  where there is only one. ERR_USAGE (said), nothing taken. */
enum err respondent_control(struct respondent_model *m, const char *text);

const struct study *respondent_study(const struct respondent_model *m);
const struct points *respondent_points(const struct respondent_model *m);

/** All items: list by list, its control items, then its sensitive ones. */
const struct respondent_item *respondent_items(const struct respondent_model *m, size_t *count);

enum respondent_fate {
    RESPONDENT_COUNTS,
    RESPONDENT_BREAKS_OFF, /* with a card in hand */
    RESPONDENT_DOES_NOT_KNOW,
    RESPONDENT_DECLINES /* to give that number; the interview goes on */
};

struct respondent {
    bool refuses; /* at the door: then only point, language and minutes hold */
    uint32_t point;
    uint8_t language;
    uint16_t minutes; /* whole contact */
    uint32_t asked;   /* bit l: list l, by its `when` */
    enum respondent_fate fate;
    size_t fate_at; /* place among the lists asked, from 0 */
    bool holds[RESPONDENT_MAX_ITEMS];
    uint16_t seconds[STUDY_MAX_LISTS]; /* on each card, a multiple of 5 */
    int32_t answer[STUDY_MAX_QUESTIONS];
};

/** The respondents that one device meets, in order. */
struct respondent_source;

/** ${m} is borrowed. ERR_NOMEM. */
enum err respondent_source_new(const struct respondent_model *m, uint64_t seed, uint32_t device,
                               struct respondent_source **out);
void respondent_source_free(struct respondent_source *src);

void respondent_next(struct respondent_source *src, struct respondent *out);

/** A number in 0..n-1 from the same generator, for what happens around interviews. n >= 1. */
uint32_t respondent_below(struct respondent_source *src, uint32_t n);

/** The number given for the card of ${list} in ${arm}, shown ${position}-th (from 0): how many of
 *  its items the respondent holds, or a missing code. */
int respondent_count(const struct respondent_model *m, const struct respondent *r, size_t list,
                     uint8_t arm, uint8_t position);

#endif
