#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "admin/command/command.h"
#include "admin/command/data.h"
#include "admin/command/estimate_options.h"
#include "admin/command/options.h"
#include "admin/estimate/bootstrap.h"
#include "admin/estimate/replicate.h"
#include "admin/output/posterior.h"
#include "admin/output/result.h"
#include "core/file.h"
#include "core/log.h"

enum { MAX_DERIVES = 32, MAX_BYS = 64 };

static const char usage[] =
    "usage: sanaq-admin estimate DATA [OPTION]...\n"
    "\n"
    "  --method NAME       how to estimate (default: dim)\n"
    "  --of NAME           --method bootstrap: of this method (default: dim), 1,000 resamples\n"
    "  --list ID           which list of the study (default: the first)\n"
    "  --by A,B,C:D        groups of these columns, each by itself; C:D crosses two\n"
    "  --derive RULE       a new column: university=education:1-4=0,5-6=1\n"
    "  --small             show groups with fewer than 10 counts in an arm\n"
    "  --unweighted        leave weights, sampling points and strata out\n"
    "  --format NAME       text (default), json, csv, latex, markdown; --json is --format json\n"
    "\n"
    "of methods that have them:\n";

struct request {
    struct source_options source;
    const char *method, *of, *list;
    char *by; /* cut into pieces while it is read */
    const char *derive[MAX_DERIVES];
    size_t derives;
    const struct result_format *format;
    bool help;
    struct estimate_request how;
};

enum {
    OPT_METHOD = 256,
    OPT_OF,
    OPT_LIST,
    OPT_BY,
    OPT_DERIVE,
    OPT_SMALL,
    OPT_UNWEIGHTED,
    OPT_FORMAT,
    OPT_JSON
};

static const struct option options[] = {
    {"method", required_argument, NULL, OPT_METHOD},
    {"of", required_argument, NULL, OPT_OF},
    {"list", required_argument, NULL, OPT_LIST},
    {"by", required_argument, NULL, OPT_BY},
    {"derive", required_argument, NULL, OPT_DERIVE},
    {"small", no_argument, NULL, OPT_SMALL},
    {"unweighted", no_argument, NULL, OPT_UNWEIGHTED},
    {"format", required_argument, NULL, OPT_FORMAT},
    {"json", no_argument, NULL, OPT_JSON},
    {"help", no_argument, NULL, 'h'},
    DATA_OPTIONS,
};
enum { OPTIONS = sizeof options / sizeof *options };

static enum err add_derive(struct request *q, const char *rule)
{
    if (q->derives == MAX_DERIVES)
        return log_fail(ERR_USAGE, "--derive: at most %d rules", MAX_DERIVES);
    q->derive[q->derives++] = rule;
    return ERR_OK;
}

static enum err take_format(const char *name, struct request *q)
{
    q->format = result_format_find(name);
    return q->format != NULL ? ERR_OK
                             : log_fail(ERR_USAGE, "--format %s: there is no such format; write %s",
                                        name, result_format_names());
}

static enum err take_option(int c, char *arg, void *ctx)
{
    struct request *q = ctx;
    switch (c) {
    case OPT_METHOD:
        q->method = arg;
        return ERR_OK;
    case OPT_OF:
        q->of = arg;
        return ERR_OK;
    case OPT_LIST:
        q->list = arg;
        return ERR_OK;
    case OPT_BY:
        q->by = arg;
        return ERR_OK;
    case OPT_DERIVE:
        return add_derive(q, arg);
    case OPT_SMALL:
        q->how.o.small = true;
        return ERR_OK;
    case OPT_UNWEIGHTED:
        q->how.o.unweighted = true;
        return ERR_OK;
    case OPT_FORMAT:
        return take_format(arg, q);
    case OPT_JSON:
        return take_format("json", q);
    case 'h':
        q->help = true;
        return ERR_OK;
    default:
        return c >= ESTIMATE_OPTION_FIRST ? estimate_options_take(c, arg, &q->how)
                                          : data_take(c, arg, &q->source);
    }
}

/* `--method bootstrap --of ml` is `--method ml --bootstrap 1000`. */
static enum err take_bootstrap(struct request *q)
{
    bool method = strcmp(q->method, "bootstrap") == 0;
    if (q->of != NULL && !method)
        return log_fail(ERR_USAGE, "--of %s goes with --method bootstrap", q->of);
    if (method && q->how.o.bootstrap == 0)
        q->how.o.bootstrap = 1000;
    if (method)
        q->method = q->of != NULL ? q->of : "dim";
    return ERR_OK;
}

static enum err parse_request(int argc, char **argv, struct request *q)
{
    int first = 0;
    enum err e = ERR_OK;
    struct option all[OPTIONS + ESTIMATE_OPTIONS_MAX];
    *q = (struct request){.source.command = "estimate",
                          .method = "dim",
                          .format = result_format_find("text"),
                          .how.o.seed = 1};
    memcpy(all, options, sizeof options);
    size_t more = estimate_options_rows(all + OPTIONS);
    all[OPTIONS + more] = (struct option){NULL, 0, NULL, 0};
    e = options_walk(argc, argv, all, take_option, q, &first);
    if (e != ERR_OK || q->help)
        return e;
    if ((e = take_bootstrap(q)) != ERR_OK)
        return e;
    if (estimate_find(q->method) == NULL)
        return log_fail(ERR_USAGE,
                        "--method %s: there is no such method; see sanaq-admin estimate "
                        "--help",
                        q->method);
    if ((e = estimate_options_check(&q->how, estimate_find(q->method))) != ERR_OK)
        return e;
    return data_argument(argc, argv, first, &q->source);
}

static void print_help(void)
{
    size_t n;
    const struct estimator *const *table = estimate_table(&n);
    printf("%s", usage);
    estimate_options_help();
    printf("\n%s\nmethods:\n", data_usage);
    for (size_t i = 0; i < n; i++)
        printf("  %-18s  %s\n", table[i]->name, table[i]->what);
    printf("  %-18s  %s\n", "bootstrap", "of any of them");
}

static enum err choose_list(const struct frame *f, const char *id, size_t *out)
{
    struct buffer names = {0};
    *out = 0;
    if (f->lists == 0)
        return log_fail(ERR_STUDY, "there is no list experiment in these data");
    if (id == NULL)
        return ERR_OK;
    if (!f->archive)
        return log_fail(ERR_USAGE, "--list %s: a CSV file has one list, named by --y; leave it out",
                        id);
    for (size_t i = 0; i < f->lists; i++) {
        if (f->list[i].id != NULL && strcmp(f->list[i].id, id) == 0) {
            *out = i;
            buffer_free(&names);
            return ERR_OK;
        }
        buffer_printf(&names, "%s%s", i > 0 ? ", " : "", f->list[i].id ? f->list[i].id : "");
    }
    log_fail(ERR_USAGE, "--list %s: there is no such list; there are: %s", id,
             names.p != NULL ? (char *)names.p : "");
    buffer_free(&names);
    return ERR_USAGE;
}

static enum err unknown_column(const struct frame *f, const char *name)
{
    struct buffer names = {0};
    for (size_t i = 0; i < f->columns; i++)
        buffer_printf(&names, "%s%s", i > 0 ? ", " : "", f->column[i].name);
    log_fail(ERR_USAGE, "--by %s: there is no such column; there are: %s", name,
             names.p != NULL ? (char *)names.p : "none");
    buffer_free(&names);
    return ERR_USAGE;
}

/* "a" or "a:b" as a column, made if it has to be. */
static enum err find_by(struct frame *f, char *name, int *out)
{
    const char *part[8];
    size_t parts = 0;
    char *whole, *rest = NULL;
    enum err e = ERR_OK;
    if ((*out = frame_find(f, name)) >= 0)
        return ERR_OK;
    if ((whole = strdup(name)) == NULL)
        return ERR_NOMEM;
    for (char *p = strtok_r(name, ":", &rest); p != NULL && e == ERR_OK;
         p = strtok_r(NULL, ":", &rest)) {
        if (parts == sizeof part / sizeof *part)
            e = log_fail(ERR_USAGE, "--by %s: too many columns crossed", whole);
        else if (frame_find(f, p) < 0)
            e = unknown_column(f, p);
        else
            part[parts++] = p;
    }
    if (e == ERR_OK && parts < 2)
        e = unknown_column(f, whole);
    if (e == ERR_OK && (e = frame_cross(f, part, parts, whole)) == ERR_OK)
        *out = frame_find(f, whole);
    free(whole);
    return e;
}

static enum err find_bys(struct frame *f, char *by, int *out, size_t *count)
{
    char *rest = NULL;
    *count = 0;
    for (char *p = by != NULL ? strtok_r(by, ",", &rest) : NULL; p != NULL;
         p = strtok_r(NULL, ",", &rest)) {
        if (*count == MAX_BYS)
            return log_fail(ERR_USAGE, "--by: at most %d columns at a time", MAX_BYS);
        enum err e = find_by(f, p, &out[*count]);
        if (e != ERR_OK)
            return e;
        (*count)++;
    }
    return by != NULL && *count == 0 ? log_fail(ERR_USAGE, "--by: name a column") : ERR_OK;
}

/* The same over all respondents without weights, points and strata; NULL in *out where there are
 * none. */
static enum err run_plain(const struct frame *f, const struct estimate_options *o,
                          const struct estimator *est, struct estimate_result *r,
                          struct estimate_result **out)
{
    struct estimate_options plain = *o;
    plain.unweighted = true;
    plain.bys = plain.profiles = plain.differences = 0;
    plain.se = NULL;
    plain.posterior = false;
    plain.bootstrap = 0;
    if (strcmp(r->design, "srs") == 0)
        return ERR_OK;
    enum err e = est->run(f, &plain, out);
    return e == ERR_DOUBT || e == ERR_STUDY
               ? estimate_warn(r, "The same without weights and points gives no estimate, for the "
                                  "reason said before.")
               : e;
}

static enum err write_posterior(const struct frame *f, const struct request *q,
                                const struct estimate_result *r)
{
    struct buffer b = {0};
    enum err e = r->posterior == NULL ? ERR_OK : posterior_csv(f, r, &b);
    if (e == ERR_OK && r->posterior != NULL)
        e = file_write(q->how.posterior, (struct bytes){b.p, b.len}, 0600, false);
    buffer_free(&b);
    return e;
}

static enum err run_method(const struct frame *f, const struct estimate_options *o,
                           const struct estimator *est, struct estimate_result **out)
{
    clock_t began = clock();
    enum err e = o->bootstrap > 0 ? bootstrap_run(est, f, o, out) : replicate_run(est, f, o, out);
    if (e == ERR_OK && isnan((*out)->fit_seconds)) /* closed forms have no fit to time by itself */
        (*out)->fit_seconds = (double)(clock() - began) / CLOCKS_PER_SEC;
    return e;
}

static enum err print_result(const struct buffer *b)
{
    bool good = fwrite(b->p, 1, b->len, stdout) == b->len && fflush(stdout) == 0;
    return good ? ERR_OK
                : log_fail(ERR_FILE, "the result could not be written to the output: %s",
                           strerror(errno));
}

static enum err estimate_frame(struct frame *f, struct request *q, struct buffer *out)
{
    int by[MAX_BYS];
    struct estimate_options o = q->how.o;
    const struct estimator *est = estimate_find(q->method);
    struct estimate_result *r = NULL, *plain = NULL;
    enum err e = ERR_OK;
    o.by = by;
    o.posterior = q->how.posterior != NULL;
    for (size_t i = 0; i < q->derives; i++)
        if ((e = frame_derive(f, q->derive[i])) != ERR_OK)
            goto out;
    if ((e = choose_list(f, q->list, &o.list)) != ERR_OK ||
        (e = find_bys(f, q->by, by, &o.bys)) != ERR_OK ||
        (e = run_method(f, &o, est, &r)) != ERR_OK)
        goto out;
    if (f->lists > 1 && f->archive && q->list == NULL && strcmp(q->method, "double") != 0 &&
        (e = estimate_warn(r,
                           "The study has %zu lists; this is the first, %s. --list names another.",
                           f->lists, f->list[0].id)) != ERR_OK)
        goto out;
    if ((e = write_posterior(f, q, r)) == ERR_OK &&
        (e = run_plain(f, &o, est, r, &plain)) == ERR_OK)
        e = q->format->write(r, plain, est->what, out);
out:
    estimate_free(r);
    estimate_free(plain);
    return e;
}

enum err command_estimate(int argc, char **argv)
{
    struct request q;
    struct frame *f = NULL;
    struct buffer text = {0};
    enum err e = parse_request(argc, argv, &q), opened = ERR_OK;
    if (e != ERR_OK)
        return e;
    if (q.help) {
        print_help();
        return ERR_OK;
    }
    opened = source_open(&q.source, &f);
    if (f == NULL)
        return opened;
    if ((e = estimate_frame(f, &q, &text)) == ERR_OK)
        e = print_result(&text);
    buffer_free(&text);
    frame_free(f);
    return e != ERR_OK ? e : opened;
}
