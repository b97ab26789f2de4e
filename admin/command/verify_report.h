/* What `verify` found, for people and for programs. */
#ifndef SANAQ_ADMIN_COMMAND_VERIFY_REPORT_H
#define SANAQ_ADMIN_COMMAND_VERIFY_REPORT_H

#include "admin/frame/fold.h"

enum { LEDGER_MAX_CODES = 64 };

struct ledgers {
    struct fold_draws draws;
    uint64_t final[LEDGER_MAX_CODES], contacts, unfinished;
    uint64_t
        retired; /* of the unfinished: on a laptop that was set up anew, or lost its state, since */
    bool balanced;
};

/** Tables on standard output; ${e} is what it all comes to. */
void verify_print_text(const struct verify_report *r, const struct ledgers *l, enum err e);

/** One object on standard output. ${e}, or ERR_NOMEM. */
enum err verify_print_json(const struct verify_report *r, const struct ledgers *l, enum err e);

/** What is known of one fork, several lines; also for `devices`. */
void verify_print_fork(const struct verify_report *r, const struct verify_fork *f);

#endif
