#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/command/command.h"
#include "admin/command/data.h"
#include "admin/command/options.h"
#include "admin/output/csv.h"
#include "core/file.h"
#include "core/log.h"

static const char usage[] =
    "usage: sanaq-admin export DATA --format csv --out FILE.csv [OPTION]...\n"
    "\n"
    "Writes one row an interview to FILE.csv, and what its codes mean to FILE.codebook.csv. Both "
    "hold\n"
    "answers in clear: keep them where only researchers get at them.\n"
    "\n"
    "  --format csv\n"
    "  --out FILE.csv\n"
    "  --force             replace files that are there\n"
    "\n";

struct request {
    struct source_options source;
    const char *format, *out;
    bool force, help;
};

/* What can be written: a table's format and the codebook beside it. */
static const struct format {
    const char *name, *suffix, *codebook; /* suffixes of the two files */
    enum err (*table)(const struct frame *f, struct buffer *out);
    enum err (*book)(const struct frame *f, struct buffer *out);
} formats[] = {
    {"csv", ".csv", ".codebook.csv", csv_export_frame, csv_export_codebook},
};

enum { OPT_FORMAT = 256, OPT_OUT, OPT_FORCE };

static const struct option options[] = {
    {"format", required_argument, NULL, OPT_FORMAT},
    {"out", required_argument, NULL, OPT_OUT},
    {"force", no_argument, NULL, OPT_FORCE},
    {"help", no_argument, NULL, 'h'},
    DATA_OPTIONS,
    {NULL, 0, NULL, 0},
};

static const struct format *format_find(const char *name)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(formats[i].name, name) == 0)
            return &formats[i];
    return NULL;
}

static enum err take_option(int c, char *arg, void *ctx)
{
    struct request *q = ctx;
    switch (c) {
    case OPT_FORMAT:
        q->format = arg;
        return ERR_OK;
    case OPT_OUT:
        q->out = arg;
        return ERR_OK;
    case OPT_FORCE:
        q->force = true;
        return ERR_OK;
    case 'h':
        q->help = true;
        return ERR_OK;
    default:
        return data_take(c, arg, &q->source);
    }
}

static enum err check_request(const struct request *q)
{
    if (q->format == NULL || q->out == NULL)
        return log_fail(ERR_USAGE,
                        "export: say in which format and where to: --format csv --out FILE.csv");
    const struct format *fmt = format_find(q->format);
    if (fmt == NULL)
        return log_fail(ERR_USAGE, "--format %s: there is no such format; write csv", q->format);
    size_t n = strlen(q->out), suffix = strlen(fmt->suffix);
    if (n <= suffix || strcmp(q->out + n - suffix, fmt->suffix) != 0)
        return log_fail(ERR_USAGE, "--out %s: the name has to end in %s", q->out, fmt->suffix);
    return ERR_OK;
}

static enum err parse_request(int argc, char **argv, struct request *q)
{
    int first = 0;
    enum err e = ERR_OK;
    *q = (struct request){.source.command = "export"};
    e = options_walk(argc, argv, options, take_option, q, &first);
    if (e != ERR_OK || q->help)
        return e;
    e = check_request(q);
    return e != ERR_OK ? e : data_argument(argc, argv, first, &q->source);
}

/* "F.csv" -> "F.codebook.csv" */
static char *codebook_name(const char *out, const struct format *fmt)
{
    size_t stem = strlen(out) - strlen(fmt->suffix), room = stem + strlen(fmt->codebook) + 1;
    char *name = malloc(room);
    if (name != NULL)
        snprintf(name, room, "%.*s%s", (int)stem, out, fmt->codebook);
    return name;
}

/* Both files or neither: where the table fails, a codebook that was not there before goes again. */
static enum err write_files(const struct request *q, const struct format *fmt,
                            const struct frame *f)
{
    struct buffer table = {0}, book = {0};
    enum err e = ERR_NOMEM;
    char *name = codebook_name(q->out, fmt);
    if (name == NULL || (e = fmt->table(f, &table)) != ERR_OK ||
        (e = fmt->book(f, &book)) != ERR_OK)
        goto out;
    bool had_book = access(name, F_OK) == 0;
    if (!q->force && (had_book || access(q->out, F_OK) == 0)) {
        e = log_fail(ERR_FILE,
                     "%s: there is such a file already; give another name, or --force to "
                     "replace it",
                     had_book ? name : q->out);
        goto out;
    }
    if ((e = file_write(name, buffer_view(&book), 0600, q->force)) != ERR_OK)
        goto out;
    if ((e = file_write(q->out, buffer_view(&table), 0600, q->force)) != ERR_OK && !had_book)
        unlink(name);
    if (e == ERR_OK)
        log_note("wrote %zu rows to %s and their codes to %s", f->n, q->out, name);
out:
    buffer_free(&table);
    buffer_free(&book);
    free(name);
    return e;
}

enum err command_export(int argc, char **argv)
{
    struct request q;
    struct frame *f = NULL;
    enum err e = parse_request(argc, argv, &q), opened;
    if (e != ERR_OK)
        return e;
    if (q.help) {
        printf("%s%s", usage, data_usage);
        return ERR_OK;
    }
    opened = source_open(&q.source, &f);
    if (f == NULL)
        return opened;
    e = write_files(&q, format_find(q.format), f);
    frame_free(f);
    return e != ERR_OK ? e : opened;
}
