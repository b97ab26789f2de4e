/* Typed reading of a study's nodes: each function takes what is due at a place, or says once what
 * stands there instead and what to do. */
#ifndef SANAQ_CORE_STUDY_NODE_H
#define SANAQ_CORE_STUDY_NODE_H

#include "core/study_draft.h"

/** Reads the value ${n} into ${into}; all readers below that fit a field have this form. */
typedef void study_node_read(struct study_draft *d, const yaml_node_t *n, void *into);

/** One key a map may have. Keys are read in the order of their table, not of the file, so a reader
 *  may count on those above it. */
struct study_key {
    const char *name;
    bool required;
    size_t at; /* offset of the field in what is read into */
    study_node_read *read;
};

/** Keys found: bit i for row i of the table, and STUDY_NODE_MAP if it was a map at all. */
#define STUDY_NODE_MAP (UINT64_C(1) << 63)
/** Read a map of known keys into ${into}. ${what} names it in messages: "a question". Unknown,
 *  repeated and missing keys are said. */
uint64_t study_node_map(struct study_draft *d, const yaml_node_t *n, const char *what,
                        const struct study_key *keys, size_t count, void *into);
/** True if ${seen}, as study_node_map gave it, has the key. */
bool study_node_seen(uint64_t seen, const struct study_key *keys, size_t count, const char *name);

/** Read a list of ${least}..${most} entries of ${size} bytes. Returns their memory, zero where an
 *  entry could not be read, and their number; NULL and 0 if it is no such list. */
void *study_node_list(struct study_draft *d, const yaml_node_t *n, size_t least, size_t most,
                      size_t size, study_node_read *read, size_t *count);

/** The same for a map whose keys the study chooses. ${key}: in the study's memory. */
typedef void study_node_read_pair(struct study_draft *d, char *key, const yaml_node_t *n,
                                  void *into);
void *study_node_pairs(struct study_draft *d, const yaml_node_t *n, size_t least, size_t most,
                       size_t size, study_node_read_pair *read, size_t *count);

/** The scalar's characters, or NULL (said): not a scalar, empty, or with hidden characters. They
 *  belong to the document. */
const char *study_node_scalar(struct study_draft *d, const yaml_node_t *n);

/** The line of a scalar; of a map or list, the line of its key. */
unsigned study_node_line(const struct study_draft *d, const yaml_node_t *n);

/* Into char *: */
study_node_read study_node_id;
study_node_read study_node_name;  /* of a point column, or whatever has such a name */
study_node_read study_node_words; /* up to 255 bytes that are not a respondent's text: a path */
/* Into struct study_text: */
study_node_read study_node_text;       /* in each language, one line */
study_node_read study_node_paragraphs; /* in each language, line breaks allowed */
/* Into bool: */
study_node_read study_node_flag; /* yes or no */

/** A whole number in ${min}..${max}; false (said) if it is none. */
bool study_node_whole(struct study_draft *d, const yaml_node_t *n, int32_t min, int32_t max,
                      int32_t *out);
/** A number in ${min}..${max}, likewise. */
bool study_node_decimal(struct study_draft *d, const yaml_node_t *n, double min, double max,
                        double *out);
/** Index of the word among ${words} (NULL ends them), or -1 (said). */
int study_node_word(struct study_draft *d, const yaml_node_t *n, const char *const *words);

#endif
