/* The options of `sanaq-admin estimate` that say how to estimate, in one table. */
#ifndef SANAQ_ADMIN_COMMAND_ESTIMATE_OPTIONS_H
#define SANAQ_ADMIN_COMMAND_ESTIMATE_OPTIONS_H

#include <getopt.h>
#include <stddef.h>

#include "admin/estimate/estimate.h"

enum { ESTIMATE_OPTION_FIRST = 1024, ESTIMATE_OPTIONS_MAX = 64, ESTIMATE_TEXTS_MAX = 64 };

/** What the options fill: the estimator's options, and the room that their lists need. */
struct estimate_request {
    struct estimate_options o;
    const char *profile[ESTIMATE_TEXTS_MAX], *difference[ESTIMATE_TEXTS_MAX];
    const char *posterior; /* file for each respondent's probability */
    bool force;
    bool given[ESTIMATE_OPTIONS_MAX]; /* which of them stood on the command line */
};

/** Rows for getopt_long; returns how many of ${rows} were filled. */
size_t estimate_options_rows(struct option *rows);
/** Take one of them; ERR_USAGE (said) for a value it cannot have. */
enum err estimate_options_take(int option, const char *value, struct estimate_request *q);
/** ERR_USAGE (said) for an option that was given and that ${method} does not take: what is asked
 * for and not done is a falsified finding. */
enum err estimate_options_check(const struct estimate_request *q, const struct estimator *method);
/** What --help says of them, to standard output. */
void estimate_options_help(void);

#endif
