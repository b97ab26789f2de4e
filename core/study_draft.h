/* A study while it is being read: libyaml's document, the place in it, what was found wrong, and
 * the study so far. Reading never stops at a mistake; what could not be read stays NULL or 0, and
 * who uses it later says nothing more about it. */
#ifndef SANAQ_CORE_STUDY_DRAFT_H
#define SANAQ_CORE_STUDY_DRAFT_H

#include <yaml.h>

#include "core/study_memory.h"
#include "core/study_reports.h"

enum {
    STUDY_DRAFT_SECTIONS = STUDY_OBSERVATION + 1,
    STUDY_DRAFT_DEPTH = 16, /* maps and lists within each other */
    STUDY_DRAFT_KEYS = 512  /* keys of one map */
};

struct study_draft {
    struct study *study;
    struct study_memory *memory; /* of the study */
    struct study_reports reports;
    yaml_document_t document;
    bool loaded; /* document holds one */

    char path[512];  /* of the value being read: "questions.3.options.0.text" */
    const char *key; /* its last key, for messages */
    unsigned line;   /* of that key, or of the entry of a list */
    size_t line_room;

    struct { /* sections in the file's order, before they are joined */
        struct study_question *question;
        size_t count;
    } section[STUDY_DRAFT_SECTIONS];
    bool names_missing; /* some ids could not be read: unknown ones are no news */
    struct study_draft_ratio {
        char *id;
        int32_t share;
    } * ratio;
    size_t ratios;
};

/** Say a mistake on ${line}. */
void study_draft_say(struct study_draft *d, unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/** Line of what stands below the value being read, at a path such as "options.2.id"; the line of
 * the value itself if there is no such thing. */
unsigned study_draft_line(const struct study_draft *d, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/** Read ${yaml} into d->document. What no study may contain is said: bytes that are not UTF-8,
 *  hidden characters, anchors, aliases, tags, several documents, nesting beyond the limit, what is
 *  not YAML. False if there is nothing to go on with. */
bool study_draft_open(struct study_draft *d, struct bytes yaml);
void study_draft_close(struct study_draft *d);

/** Where the value read now stands: below it, at ${key} or at ${index} of a list. */
struct study_draft_place {
    size_t len;
    const char *key;
    unsigned line;
};
struct study_draft_place study_draft_enter(struct study_draft *d, const char *key, unsigned line);
struct study_draft_place study_draft_enter_at(struct study_draft *d, size_t index, unsigned line);
void study_draft_leave(struct study_draft *d, struct study_draft_place was);

#endif
