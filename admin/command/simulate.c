#include "admin/simulate.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "admin/command/command.h"
#include "admin/command/options.h"
#include "core/file.h"
#include "core/log.h"

static const char usage[] =
    "usage: sanaq-admin simulate STUDY.pack --key FILE.key --interviews N --out DIR [OPTION]...\n"
    "\n"
    "Simulated respondents on simulated laptops, through the kiosk's own core. DIR becomes a "
    "folder\n"
    "that `pull` reads, with truth.csv: what each respondent really thinks. Its devices are "
    "approved.\n"
    "\n"
    "  --interviews N          1 to 1000000\n"
    "  --devices D             1 to 10000; 4 unless given\n"
    "  --seed S                1 unless given; the same seed and key give the same interviews.\n"
    "                          Simulations that go into one archive need different seeds\n"
    "  --prevalence ITEM=P     share who hold a sensitive item, 0 to 1; .5 unless the study knows "
    "it.\n"
    "                          Once for each item\n"
    "  --control P,P,...       shares of the control items, in order; .5 unless given\n"
    "  --control LIST:P,P,...  the same in a study with several lists, once for each\n"
    "  --passphrase-file FILE\n";

enum { MAX_SHARES = 64 }; /* of each kind, on one command line */

struct request {
    const char *pack, *key, *passphrase_file;
    const char *prevalence[MAX_SHARES], *control[MAX_SHARES];
    size_t prevalences, controls;
    struct simulate_options o;
    bool help;
};

static const struct option options[] = {
    {"key", required_argument, NULL, 'k'},
    {"passphrase-file", required_argument, NULL, 'f'},
    {"interviews", required_argument, NULL, 'n'},
    {"devices", required_argument, NULL, 'd'},
    {"seed", required_argument, NULL, 's'},
    {"out", required_argument, NULL, 'o'},
    {"prevalence", required_argument, NULL, 'p'},
    {"control", required_argument, NULL, 'c'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* ---- the command line ---- */

static enum err take_number(const char *name, const char *text, uint64_t min, uint64_t max,
                            uint64_t *out)
{
    char *end = NULL;
    errno = 0;
    uint64_t v = strtoull(text, &end, 10);
    if (errno != 0 || !isdigit((unsigned char)text[0]) || *end != '\0' || v < min || v > max)
        return log_fail(ERR_USAGE, "--%s %s: give a whole number from %" PRIu64 " to %" PRIu64,
                        name, text, min, max);
    *out = v;
    return ERR_OK;
}

static enum err take_count(const char *name, const char *text, uint32_t max, uint32_t *out)
{
    uint64_t v = 0;
    enum err e = take_number(name, text, 1, max, &v);
    if (e == ERR_OK)
        *out = (uint32_t)v;
    return e;
}

static enum err take_share(const char *name, const char *text, const char **all, size_t *count)
{
    if (*count == MAX_SHARES)
        return log_fail(ERR_USAGE, "simulate: --%s can be given %d times at most", name,
                        MAX_SHARES);
    all[(*count)++] = text;
    return ERR_OK;
}

static enum err take_option(int c, char *arg, void *ctx)
{
    struct request *q = ctx;
    switch (c) {
    case 'k':
        q->key = arg;
        return ERR_OK;
    case 'f':
        q->passphrase_file = arg;
        return ERR_OK;
    case 'n':
        return take_count("interviews", arg, SIMULATE_MAX_INTERVIEWS, &q->o.interviews);
    case 'd':
        return take_count("devices", arg, SIMULATE_MAX_DEVICES, &q->o.devices);
    case 's':
        return take_number("seed", arg, 0, UINT64_MAX, &q->o.seed);
    case 'o':
        q->o.out = arg;
        return ERR_OK;
    case 'p':
        return take_share("prevalence", arg, q->prevalence, &q->prevalences);
    case 'c':
        return take_share("control", arg, q->control, &q->controls);
    default:
        q->help = true;
        return ERR_OK;
    }
}

static enum err check_request(int argc, char **argv, int first, struct request *q)
{
    if (first + 1 != argc)
        return log_fail(ERR_USAGE, "simulate takes one pack: sanaq-admin simulate study.pack --key "
                                   "FILE.key --interviews N --out DIR");
    q->pack = argv[first];
    const char *missing = q->key == NULL         ? "--key FILE.key"
                          : q->o.interviews == 0 ? "--interviews N"
                          : q->o.out == NULL     ? "--out DIR"
                                                 : NULL;
    return missing == NULL
               ? ERR_OK
               : log_fail(ERR_USAGE, "simulate needs %s; see sanaq-admin simulate --help", missing);
}

static enum err parse_request(int argc, char **argv, struct request *q)
{
    int first = 0;
    *q = (struct request){.o = {.devices = 4, .seed = 1}};
    enum err e = options_walk(argc, argv, options, take_option, q, &first);
    return e != ERR_OK || q->help ? e : check_request(argc, argv, first, q);
}

/* ---- the pack ---- */

struct material {
    struct pack *pack;
    struct study *study;
    struct points *points;
    struct respondent_model *model;
};

static void say_line(void *ctx, bool warning, unsigned line, const char *what)
{
    if (!warning)
        log_note("%s, study line %u: %s", (const char *)ctx, line, what);
}

static enum err open_pack(const char *path, struct material *m)
{
    struct buffer b = {0};
    void *name = (void *)(uintptr_t)path;
    enum err e = file_read(path, PACK_MAX_BYTES, false, &b);
    if (e == ERR_OK)
        e = pack_parse(buffer_view(&b), path, &m->pack);
    if (e == ERR_OK)
        e = study_parse(m->pack->study, say_line, name, &m->study);
    if (e == ERR_OK) /* what a kiosk would refuse is not simulated either */
        e = study_kiosk_can(m->study, say_line, name);
    if (e == ERR_OK)
        e = points_parse(m->pack->points, m->study, say_line, name, &m->points);
    if (e == ERR_OK && m->points->strata != m->pack->strata)
        e = log_fail(ERR_FORMAT, "%s: the strata of the pack do not fit its point list", path);
    if (e == ERR_OK)
        e = respondent_model_new(m->study, m->points, &m->model);
    buffer_free(&b);
    return e;
}

static enum err set_shares(const struct request *q, struct respondent_model *m)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < q->prevalences; i++)
        e = respondent_prevalence(m, q->prevalence[i]);
    for (size_t i = 0; e == ERR_OK && i < q->controls; i++)
        e = respondent_control(m, q->control[i]);
    return e;
}

/* ---- the run ---- */

static volatile sig_atomic_t stop;

static void on_stop(int sig)
{
    (void)sig;
    stop = 1;
}

struct meter {
    bool terminal, shown;
    time_t last;
};

/* Once a second, and not at all where it is done within one. */
static enum err progress(void *ctx, uint32_t done, uint32_t of)
{
    struct meter *m = ctx;
    time_t now = time(NULL);
    if (m->terminal && now != m->last) {
        fprintf(stderr, "\r%" PRIu32 " of %" PRIu32 " interviews", done, of);
        m->last = now;
        m->shown = true;
    }
    return stop ? ERR_INTERRUPTED : ERR_OK;
}

static enum err run(const struct request *q, const struct material *m, const struct studykey *key)
{
    const struct sigaction catch = {.sa_handler = on_stop, .sa_flags = SA_RESTART};
    struct sigaction was_int, was_term;
    struct meter meter = {.terminal = isatty(STDERR_FILENO) == 1, .last = time(NULL)};
    struct simulate_options o = q->o;
    o.progress = progress;
    o.ctx = &meter;
    stop = 0;
    sigaction(SIGINT, &catch, &was_int);
    sigaction(SIGTERM, &catch, &was_term);
    enum err e = simulate_run(m->pack, key, m->model, &o);
    sigaction(SIGINT, &was_int, NULL);
    sigaction(SIGTERM, &was_term, NULL);
    if (meter.shown)
        fputc('\n', stderr);
    if (e == ERR_INTERRUPTED)
        log_note(
            "stopped; %s holds part of the interviews and no truth.csv: delete it, or give another "
            "folder next time",
            o.out);
    if (e == ERR_OK)
        log_note("%" PRIu32 " interviews on %" PRIu32
                 " laptops; take them in with: sanaq-admin pull "
                 "dir:%s --archive ARCHIVE",
                 o.interviews, o.devices, o.out);
    return e;
}

enum err command_simulate(int argc, char **argv)
{
    struct request q;
    struct material m = {0};
    struct studykey *key = NULL;
    enum err e = parse_request(argc, argv, &q);
    if (e == ERR_OK && q.help)
        fputs(usage, stdout);
    if (e != ERR_OK || q.help)
        return e;
    e = open_pack(q.pack, &m);
    if (e == ERR_OK)
        e = set_shares(&q, m.model);
    if (e == ERR_OK)
        e = studykey_unlock(q.key, q.passphrase_file, &key);
    if (e == ERR_OK)
        e = run(&q, &m, key);
    studykey_free(key);
    respondent_model_free(m.model);
    points_free(m.points);
    study_free(m.study);
    pack_free(m.pack);
    return e;
}
