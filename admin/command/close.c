#include <stdio.h>

#include "admin/command/command.h"
#include "admin/command/options.h"
#include "admin/verify.h"
#include "core/log.h"

static const char usage[] =
    "usage: sanaq-admin close ARCHIVE --key FILE.key [--passphrase-file FILE]\n\n"
    "Ends the blinded phase: from now on estimate and export open arms and answers without a "
    "reason. This is logged in\n"
    "the archive and cannot be taken back.\n";

enum err command_close(int argc, char **argv)
{
    struct options o;
    struct archive *a = NULL;
    struct studykey *key = NULL;
    struct verify_report *r = NULL;
    bool closed = false;
    enum err e = options_parse(argc, argv, TAKES_KEY | TAKES_PASSPHRASE, usage, &o);
    if (e != ERR_OK || o.help)
        return e;
    if (o.words != 1)
        return log_fail(ERR_USAGE,
                        "close takes one archive: sanaq-admin close ARCHIVE --key FILE.key");
    if ((e = options_need("close", o.key, "--key FILE.key")) != ERR_OK)
        return e;
    e = archive_open(o.word[0], false, &a);
    if (e == ERR_OK)
        e = studykey_unlock(o.key, o.passphrase_file, &key);
    if (e == ERR_OK && key->role != STUDYKEY_RESEARCHER)
        e = log_fail(ERR_KEY, "%s: only a researcher may end the blinded phase", o.key);
    if (e == ERR_OK)
        e = verify_archive(a, key, NULL, NULL, &r);
    if (e == ERR_OK)
        e = archive_closed(a, &closed);
    if (e == ERR_OK && !closed)
        e = archive_log(a, "close", "close", "");
    if (e == ERR_OK)
        puts(closed ? "the blinded phase was ended before"
                    : "the blinded phase is over; this is logged in the archive");
    verify_free(r);
    studykey_free(key);
    archive_close(a);
    return e;
}
