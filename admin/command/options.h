/* Options of the commands that work on keys, packs and archives: one struct, filled by one
 * function. */
#ifndef SANAQ_ADMIN_COMMAND_OPTIONS_H
#define SANAQ_ADMIN_COMMAND_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"

enum { /* which options a command takes */
       TAKES_KEY = 1,
       TAKES_PASSPHRASE = 2,
       TAKES_OUT = 4,
       TAKES_JSON = 8,
       TAKES_COST = 16,
       TAKES_SUPERVISOR = 32,
       TAKES_REPLACES = 64,
       TAKES_ARCHIVE = 128,
       TAKES_AFTER = 256,
       TAKES_EXPECT = 512,
       TAKES_CLOSING = 1024, /* --closing and --device, --take-back, --reason */
       TAKES_CHOICE = 2048,  /* --branch, --position, --head, --reason */
       TAKES_PACK = 4096
};

enum { OPTIONS_MAX_CODES = 64 };

struct options {
    bool json, supervisor, has_after, has_position, help;
    const char *key, *passphrase_file, *out, *cost, *replaces, *archive, *expect, *pack;
    const char *branch, *head, *take_back, *reason;
    uint64_t after, position;
    struct {
        const char *code, *device; /* device NULL: not said whose */
    } closing[OPTIONS_MAX_CODES];
    int closings;
    char **word; /* what is left, in order */
    int words;
};

/** Walk through argv's options by getopt_long's ${table}, giving each to ${take}; what is not known
 * or lacks its value is said (ERR_USAGE). *first is the index of the first word that is no option.
 */
struct option;
typedef enum err options_take(int option, char *value, void *ctx);
enum err options_walk(int argc, char **argv, const struct option *table, options_take *take,
                      void *ctx, int *first);

/** Read argv. ERR_USAGE (said). With `help` set the usage was printed to standard output and the
 * command is done. */
enum err options_parse(int argc, char **argv, unsigned takes, const char *usage,
                       struct options *out);

/** ERR_USAGE (said) unless ${value} was given. */
enum err options_need(const char *command, const char *value, const char *option);

#endif
