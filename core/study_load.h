/* The language of studies as tables of keys: one file for each part of it. The readers say what is
 * wrong with a value in itself; study_check.h judges what concerns several. */
#ifndef SANAQ_CORE_STUDY_LOAD_H
#define SANAQ_CORE_STUDY_LOAD_H

#include "core/study_node.h"

/** Read the whole document of ${d} into d->study. */
void study_load(struct study_draft *d);
/** The same of a document that is the weights of a data file. */
void study_load_weights_alone(struct study_draft *d);

/* Into struct study_when. */
study_node_read study_load_when;
/* Into d->section[...]; ${into} is not used. */
study_node_read study_load_before, study_load_direct, study_load_after, study_load_observations;
/* Into struct study; lists come first, doubles look them up. */
study_node_read study_load_lists, study_load_doubles, study_load_warm_up, study_load_assignment;
study_node_read study_load_derived, study_load_weights, study_load_analysis, study_load_quotas;
study_node_read study_load_complete, study_load_partial;
study_node_read study_load_researchers, study_load_supervisors, study_load_sync;
/* Into bool: fixed (false) or random (true). */
study_node_read study_load_order;

/* Number of rows of a table of keys. */
#define STUDY_LOAD_ROWS(keys) (sizeof(keys) / sizeof *(keys))

#endif
