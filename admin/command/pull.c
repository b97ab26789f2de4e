#include "admin/pull.h"

#include <stdio.h>

#include "admin/command/command.h"
#include "admin/command/options.h"
#include "admin/verify.h"
#include "core/log.h"

static const char usage[] =
    "usage: sanaq-admin pull SOURCE --archive ARCHIVE [--expect \"EIGHT WORDS\"]\n\n"
    "Takes in what laptops sent. SOURCE is dir:PATH, a folder, or a laptop's store.db. Needs no "
    "key and\n"
    "writes nothing to SOURCE; pulling the same again does no harm. An archive is of one study: "
    "the first pull\n"
    "takes its pack, and --expect says by its words which one that must be.\n";

static unsigned unknown_devices(const struct verify_report *r)
{
    unsigned n = 0;
    for (size_t i = 0; i < r->devices; i++)
        n += !r->device[i].approved;
    return n;
}

static enum err report(struct archive *a, const struct pull_counts *n)
{
    struct verify_report *r = NULL;
    enum err e = verify_archive(a, NULL, NULL, NULL, &r);
    if (e != ERR_OK)
        return e;
    unsigned unknown = unknown_devices(r);
    printf("segments: %u, new: %u; new packs: %u; laptops in the archive: %zu\n", n->segments,
           n->fresh, n->packs, r->devices);
    if (unknown > 0)
        printf(
            "in quarantine until a researcher approves them: %u; see sanaq-admin devices ARCHIVE\n",
            unknown);
    verify_free(r);
    return n->refused > 0 ? log_fail(ERR_PARTIAL, "pieces set aside: %u (listed above)", n->refused)
                          : ERR_OK;
}

enum err command_pull(int argc, char **argv)
{
    struct options o;
    struct archive *a = NULL;
    struct pull_counts n = {0};
    enum err e = options_parse(argc, argv, TAKES_ARCHIVE | TAKES_EXPECT, usage, &o);
    if (e != ERR_OK || o.help)
        return e;
    if (o.words != 1)
        return log_fail(ERR_USAGE,
                        "pull takes one source: sanaq-admin pull dir:PATH --archive ARCHIVE");
    if ((e = options_need("pull", o.archive, "--archive ARCHIVE")) != ERR_OK)
        return e;
    e = archive_open(o.archive, true, &a);
    if (e == ERR_OK)
        e = pull_source(o.word[0], o.expect, a, &n);
    if (e == ERR_OK)
        e = report(a, &n);
    archive_close(a);
    return e;
}
