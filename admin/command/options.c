#include "admin/command/options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/log.h"

static const struct {
    unsigned takes;
    struct option option;
    size_t at; /* of a text in struct options; 0: read by its own function */
} table[] = {
    {TAKES_KEY, {"key", required_argument, NULL, 'k'}, offsetof(struct options, key)},
    {TAKES_PASSPHRASE,
     {"passphrase-file", required_argument, NULL, 'f'},
     offsetof(struct options, passphrase_file)},
    {TAKES_OUT, {"out", required_argument, NULL, 'o'}, offsetof(struct options, out)},
    {TAKES_JSON, {"json", no_argument, NULL, 'j'}, 0},
    {TAKES_COST, {"cost", required_argument, NULL, 'c'}, offsetof(struct options, cost)},
    {TAKES_SUPERVISOR, {"supervisor", no_argument, NULL, 's'}, 0},
    {TAKES_REPLACES,
     {"replaces", required_argument, NULL, 'r'},
     offsetof(struct options, replaces)},
    {TAKES_ARCHIVE, {"archive", required_argument, NULL, 'a'}, offsetof(struct options, archive)},
    {TAKES_EXPECT, {"expect", required_argument, NULL, 'e'}, offsetof(struct options, expect)},
    {TAKES_PACK, {"pack", required_argument, NULL, 'p'}, offsetof(struct options, pack)},
    {TAKES_AFTER, {"after", required_argument, NULL, 'n'}, 0},
    {TAKES_CLOSING, {"closing", required_argument, NULL, 'C'}, 0},
    {TAKES_CLOSING, {"device", required_argument, NULL, 'D'}, 0},
    {TAKES_CLOSING,
     {"take-back", required_argument, NULL, 'T'},
     offsetof(struct options, take_back)},
    {TAKES_CHOICE, {"branch", required_argument, NULL, 'B'}, offsetof(struct options, branch)},
    {TAKES_CHOICE, {"position", required_argument, NULL, 'P'}, 0},
    {TAKES_CHOICE, {"head", required_argument, NULL, 'H'}, offsetof(struct options, head)},
    {TAKES_CLOSING | TAKES_CHOICE,
     {"reason", required_argument, NULL, 'R'},
     offsetof(struct options, reason)},
};
enum { TABLE = sizeof table / sizeof *table };
_Static_assert(offsetof(struct options, key) != 0, "0 means that an option is no text");

static enum err take_position(const char *option, const char *text, uint64_t *n, bool *has)
{
    char *end = NULL;
    errno = 0;
    *n = strtoull(text, &end, 10);
    *has = true;
    if (errno != 0 || *end != '\0' || !isdigit((unsigned char)text[0]))
        return log_fail(ERR_USAGE, "%s %s: give a position, a whole number", option, text);
    return ERR_OK;
}

static enum err take_closing(int c, const char *value, struct options *o)
{
    if (c == 'C' && o->closings == OPTIONS_MAX_CODES)
        return log_fail(ERR_USAGE, "--closing: at most %d codes at a time", OPTIONS_MAX_CODES);
    if (c == 'C')
        o->closing[o->closings++].code = value;
    else if (o->closings == 0)
        return log_fail(ERR_USAGE,
                        "--device says whose the --closing in front of it is; there is none");
    else
        o->closing[o->closings - 1].device = value;
    return ERR_OK;
}

static bool take_text(int c, const char *value, struct options *o)
{
    for (size_t i = 0; i < TABLE; i++)
        if (table[i].option.val == c && table[i].at != 0) {
            *(const char **)(void *)((char *)o + table[i].at) = value;
            return true;
        }
    return false;
}

static enum err take(int c, char *value, void *ctx)
{
    struct options *o = ctx;
    if (take_text(c, value, o))
        return ERR_OK;
    switch (c) {
    case 'j':
        o->json = true;
        return ERR_OK;
    case 's':
        o->supervisor = true;
        return ERR_OK;
    case 'n':
        return take_position("--after", value, &o->after, &o->has_after);
    case 'P':
        return take_position("--position", value, &o->position, &o->has_position);
    case 'C':
    case 'D':
        return take_closing(c, value, o);
    default:
        o->help = true;
        return ERR_OK;
    }
}

enum err options_walk(int argc, char **argv, const struct option *known, options_take *each,
                      void *ctx, int *first)
{
    int c = 0;
    enum err e = ERR_OK;
    optind = 0; /* the main program may have used getopt too */
    opterr = 0;
    while (e == ERR_OK && (c = getopt_long(argc, argv, ":h", known, NULL)) != -1) {
        if (c == '?' || c == ':')
            e = log_fail(ERR_USAGE, "%s: %s %s; see sanaq-admin %s --help", argv[0],
                         argv[optind - 1], c == '?' ? "is not an option here" : "needs a value",
                         argv[0]);
        else
            e = each(c, optarg, ctx);
    }
    *first = optind;
    return e;
}

enum err options_parse(int argc, char **argv, unsigned takes, const char *usage,
                       struct options *out)
{
    struct option row[TABLE + 2] = {{0}};
    size_t n = 0;
    *out = (struct options){0};
    for (size_t i = 0; i < TABLE; i++)
        if ((table[i].takes & takes) != 0)
            row[n++] = table[i].option;
    row[n] = (struct option){"help", no_argument, NULL, 'h'};
    int first = 0;
    enum err e = options_walk(argc, argv, row, take, out, &first);
    out->word = argv + first;
    out->words = argc - first;
    if (e == ERR_OK && out->help)
        fputs(usage, stdout);
    return e;
}

enum err options_need(const char *command, const char *value, const char *option)
{
    return value != NULL ? ERR_OK
                         : log_fail(ERR_USAGE, "%s needs %s; see sanaq-admin %s --help", command,
                                    option, command);
}
