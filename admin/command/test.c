#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/command/command.h"
#include "admin/command/data.h"
#include "admin/command/options.h"
#include "admin/estimate/checks.h"
#include "admin/output/checks_output.h"
#include "core/log.h"

static const char usage[] =
    "usage: sanaq-admin test DATA [OPTION]...\n"
    "\n"
    "Tests what estimates assume: design effects, missing counts and break-offs by arm, order of\n"
    "items and lists, language of the card, known prevalences, balance, Hausman, placebo tests,\n"
    "exposure at the ends, the spread of counts.\n"
    "\n"
    "  --covariates A,B    background columns: balance, Hausman, convergence\n"
    "  --direct COL        the direct question: placebo tests\n"
    "  --known P           the item's prevalence is known, 0 to 1 (a placebo list in a file)\n"
    "  --placebo COL       1 where a control card had the placebo item, 0 where it had not\n"
    "  --by COL            known prevalences and the placebo item by these groups (education)\n"
    "  --list ID           which list of the study (default: the first)\n"
    "  --unweighted        leave weights, sampling points and strata out\n"
    "  --seed N            of the permutations (default: 1)\n"
    "  --json\n"
    "\n";

enum {
    OPT_COVARIATES = 256,
    OPT_DIRECT,
    OPT_KNOWN,
    OPT_PLACEBO,
    OPT_BY,
    OPT_LIST,
    OPT_UNWEIGHTED,
    OPT_SEED,
    OPT_JSON
};

static const struct option options[] = {
    {"covariates", required_argument, NULL, OPT_COVARIATES},
    {"direct", required_argument, NULL, OPT_DIRECT},
    {"known", required_argument, NULL, OPT_KNOWN},
    {"placebo", required_argument, NULL, OPT_PLACEBO},
    {"by", required_argument, NULL, OPT_BY},
    {"list", required_argument, NULL, OPT_LIST},
    {"unweighted", no_argument, NULL, OPT_UNWEIGHTED},
    {"seed", required_argument, NULL, OPT_SEED},
    {"json", no_argument, NULL, OPT_JSON},
    {"help", no_argument, NULL, 'h'},
    DATA_OPTIONS,
    {NULL, 0, NULL, 0},
};

struct request {
    struct source_options source;
    const char *list, *by;
    struct estimate_options o;
    double known;
    bool has_known, json, help;
};

static enum err take_known(const char *arg, struct request *q)
{
    q->has_known =
        frame_parse_number(arg, strlen(arg), &q->known) && q->known >= 0 && q->known <= 1;
    return q->has_known ? ERR_OK
                        : log_fail(ERR_USAGE, "--known %s: write a share from 0 to 1", arg);
}

static enum err take_seed(const char *arg, uint64_t *out)
{
    char *end;
    errno = 0;
    *out = strtoull(arg, &end, 10);
    return errno == 0 && end != arg && *end == '\0' && arg[0] != '-'
               ? ERR_OK
               : log_fail(ERR_USAGE, "--seed %s: write a whole number", arg);
}

static enum err take(int c, char *arg, void *ctx)
{
    struct request *q = ctx;
    switch (c) {
    case OPT_COVARIATES:
        q->o.covariates = arg;
        return ERR_OK;
    case OPT_DIRECT:
        q->o.direct = arg;
        return ERR_OK;
    case OPT_KNOWN:
        return take_known(arg, q);
    case OPT_PLACEBO:
        q->o.placebo = arg;
        return ERR_OK;
    case OPT_BY:
        q->by = arg;
        return ERR_OK;
    case OPT_LIST:
        q->list = arg;
        return ERR_OK;
    case OPT_UNWEIGHTED:
        q->o.unweighted = true;
        return ERR_OK;
    case OPT_SEED:
        return take_seed(arg, &q->o.seed);
    case OPT_JSON:
        q->json = true;
        return ERR_OK;
    case 'h':
        q->help = true;
        return ERR_OK;
    default:
        return data_take(c, arg, &q->source);
    }
}

static enum err find(const struct frame *f, struct request *q, int *by)
{
    if (f->lists == 0)
        return log_fail(ERR_STUDY, "there is no list experiment in these data");
    for (size_t i = 0; q->list != NULL && i < f->lists; i++)
        if (f->list[i].id != NULL && strcmp(f->list[i].id, q->list) == 0)
            q->o.list = i;
    if (q->list != NULL &&
        (f->list[q->o.list].id == NULL || strcmp(f->list[q->o.list].id, q->list) != 0))
        return log_fail(ERR_USAGE, "--list %s: there is no such list", q->list);
    if (q->has_known && f->archive)
        return log_fail(ERR_USAGE, "--known: an archive's study says itself what is known");
    for (size_t k = 1; q->has_known && k < f->list[q->o.list].arms; k++) {
        f->list[q->o.list].has_known[k] = true;
        f->list[q->o.list].known[k] = q->known;
    }
    if (q->by == NULL)
        return ERR_OK;
    if ((*by = frame_find(f, q->by)) < 0)
        return log_fail(ERR_USAGE, "--by %s: there is no such column", q->by);
    q->o.by = by;
    q->o.bys = 1;
    return frame_levels(f, *by);
}

enum err command_test(int argc, char **argv)
{
    struct request q = {.source.command = "test", .o.seed = 1};
    struct frame *f = NULL;
    struct estimate_result *r = NULL;
    struct buffer text = {0};
    int first = 0, by = -1;
    enum err e = options_walk(argc, argv, options, take, &q, &first), opened;
    if (e == ERR_OK && q.help) {
        printf("%s%s", usage, data_usage);
        return ERR_OK;
    }
    if (e != ERR_OK || (e = data_argument(argc, argv, first, &q.source)) != ERR_OK)
        return e;
    opened = source_open(&q.source, &f);
    if (f == NULL)
        return opened;
    if ((e = find(f, &q, &by)) == ERR_OK && (e = checks_run(f, &q.o, &r)) == ERR_OK)
        e = q.json ? checks_json(r, &text) : checks_text(r, &text);
    if (e == ERR_OK && (fwrite(text.p, 1, text.len, stdout) != text.len || fflush(stdout) != 0))
        e = log_fail(ERR_FILE, "the result could not be written to the output: %s",
                     strerror(errno));
    estimate_free(r);
    buffer_free(&text);
    frame_free(f);
    return e != ERR_OK ? e : opened;
}
