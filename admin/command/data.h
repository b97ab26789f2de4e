/* The options that say what DATA is, shared by the commands that take it. */
#ifndef SANAQ_ADMIN_COMMAND_DATA_H
#define SANAQ_ADMIN_COMMAND_DATA_H

#include "admin/frame/source.h"

enum {
    DATA_KEY = 512,
    DATA_PASSPHRASE,
    DATA_UNBLIND,
    DATA_Y,
    DATA_TREAT,
    DATA_Y2,
    DATA_TREAT2,
    DATA_ITEMS,
    DATA_WEIGHTS,
    DATA_WEIGHTS_FILE,
    DATA_CLUSTER,
    DATA_STRATA,
    DATA_HIDE
};

/** Rows for getopt_long's table. */
#define DATA_OPTIONS                                                                               \
    {"key", required_argument, NULL, DATA_KEY},                                                    \
        {"passphrase-file", required_argument, NULL, DATA_PASSPHRASE},                             \
        {"unblind", required_argument, NULL, DATA_UNBLIND},                                        \
        {"y", required_argument, NULL, DATA_Y}, {"treat", required_argument, NULL, DATA_TREAT},    \
        {"y2", required_argument, NULL, DATA_Y2},                                                  \
        {"treat2", required_argument, NULL, DATA_TREAT2},                                          \
        {"items", required_argument, NULL, DATA_ITEMS},                                            \
        {"weights", required_argument, NULL, DATA_WEIGHTS},                                        \
        {"weights-file", required_argument, NULL, DATA_WEIGHTS_FILE},                              \
        {"cluster", required_argument, NULL, DATA_CLUSTER},                                        \
        {"strata", required_argument, NULL, DATA_STRATA},                                          \
    {                                                                                              \
        "hide", required_argument, NULL, DATA_HIDE                                                 \
    }

/** What --help says of them. */
extern const char data_usage[];

/** Take one of the options above into ${s}; ERR_USAGE (said) for a value it cannot have. */
enum err data_take(int option, const char *value, struct source_options *s);

/** The one argument that is left, as DATA: ERR_USAGE (said) where there is none or more than one,
 * or where options of the other kind of data were given, or those it needs were not. */
enum err data_argument(int argc, char **argv, int first, struct source_options *s);

#endif
