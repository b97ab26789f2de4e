#include <stdio.h>
#include <string.h>

#include "admin/command/command.h"
#include "admin/command/options.h"
#include "admin/studykey.h"
#include "core/log.h"
#include "core/words.h"

static const char usage[] =
    "usage: sanaq-admin keygen --out FILE.key [--supervisor] [--cost "
    "sensitive|moderate|interactive]\n"
    "                          [--passphrase-file FILE]\n\n"
    "Makes a person's keys for a study: FILE.key, to be kept secret, and FILE.pub, to be named in\n"
    "study.yaml. A supervisor's key opens who was visited, never an answer.\n";

enum { PASSPHRASE_MIN = 12 };

static enum err get_passphrase(const struct options *o, struct secret **out)
{
    struct secret *offered = NULL;
    if (o->passphrase_file != NULL)
        return secret_read_line(o->passphrase_file, 0, out);
    enum err e = words_passphrase(6, &offered);
    if (e != ERR_OK)
        return e;
    fprintf(stderr,
            "A passphrase for you; write it down and keep it apart from the key:\n\n    %s\n\n"
            "Type it, or one of your own with at least %d characters.\n",
            (const char *)secret_view(offered), PASSPHRASE_MIN);
    secret_free(offered);
    return secret_ask("Passphrase: ", true, out);
}

enum err command_keygen(int argc, char **argv)
{
    struct options o;
    struct secret_cost cost;
    struct secret *passphrase = NULL;
    struct pack_key pub;
    enum err e = options_parse(
        argc, argv, TAKES_OUT | TAKES_SUPERVISOR | TAKES_COST | TAKES_PASSPHRASE, usage, &o);
    if (e != ERR_OK || o.help)
        return e;
    if ((e = options_need("keygen", o.out, "--out FILE.key")) != ERR_OK)
        return e;
    if (!secret_cost_named(o.cost != NULL ? o.cost : "sensitive", &cost))
        return log_fail(ERR_USAGE, "--cost is sensitive, moderate or interactive, not %s", o.cost);
    e = get_passphrase(&o, &passphrase);
    if (e == ERR_OK && secret_len(passphrase) < PASSPHRASE_MIN)
        e = log_fail(ERR_USAGE, "the passphrase is too short: at least %d characters",
                     PASSPHRASE_MIN);
    if (e == ERR_OK)
        e = studykey_create(o.out, o.supervisor ? STUDYKEY_SUPERVISOR : STUDYKEY_RESEARCHER,
                            passphrase, cost, &pub);
    if (e == ERR_OK)
        printf("%s is made; its .pub file goes into the study. Keep two copies of the key: without "
               "it the answers "
               "cannot be read.\n",
               o.out);
    secret_free(passphrase);
    return e;
}
