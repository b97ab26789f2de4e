#include "admin/command/options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/log.h"

static const struct {
    unsigned takes;
    struct option option;
} table[] = {
    {TAKES_KEY, {"key", required_argument, NULL, 'k'}},
    {TAKES_PASSPHRASE, {"passphrase-file", required_argument, NULL, 'f'}},
    {TAKES_OUT, {"out", required_argument, NULL, 'o'}},
    {TAKES_JSON, {"json", no_argument, NULL, 'j'}},
    {TAKES_COST, {"cost", required_argument, NULL, 'c'}},
    {TAKES_SUPERVISOR, {"supervisor", no_argument, NULL, 's'}},
    {TAKES_REPLACES, {"replaces", required_argument, NULL, 'r'}},
    {TAKES_ARCHIVE, {"archive", required_argument, NULL, 'a'}},
    {TAKES_EXPECT, {"expect", required_argument, NULL, 'e'}},
    {TAKES_AFTER, {"after", required_argument, NULL, 'n'}},
};
enum { TABLE = sizeof table / sizeof *table };

static enum err take_after(const char *text, struct options *o)
{
    char *end = NULL;
    errno = 0;
    o->after = strtoull(text, &end, 10);
    o->has_after = true;
    if (errno != 0 || *end != '\0' || !isdigit((unsigned char)text[0]))
        return log_fail(ERR_USAGE, "--after %s: give the last position that counts, a whole number",
                        text);
    return ERR_OK;
}

static enum err take(int c, char *value, void *ctx)
{
    struct options *o = ctx;
    switch (c) {
    case 'k':
        o->key = value;
        return ERR_OK;
    case 'f':
        o->passphrase_file = value;
        return ERR_OK;
    case 'o':
        o->out = value;
        return ERR_OK;
    case 'j':
        o->json = true;
        return ERR_OK;
    case 'c':
        o->cost = value;
        return ERR_OK;
    case 's':
        o->supervisor = true;
        return ERR_OK;
    case 'r':
        o->replaces = value;
        return ERR_OK;
    case 'a':
        o->archive = value;
        return ERR_OK;
    case 'e':
        o->expect = value;
        return ERR_OK;
    case 'n':
        return take_after(value, o);
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
