#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/command/command.h"
#include "admin/study_design.h"
#include "admin/study_file.h"
#include "core/assign.h"
#include "core/log.h"
#include "core/study_check.h"

static const char usage[] =
    "usage: sanaq-admin check STUDY.yaml [--json]\n"
    "\n"
    "Judges a study and its point list: every mistake with its file, its line and the mend, and\n"
    "warnings about what is allowed but will be regretted. Changes nothing.\n"
    "\n"
    "  --json    the result on standard output as JSON\n"
    "  -h        this help\n";

/* What was said so far. */
struct outcome {
    const char *path; /* of the study, as given */
    unsigned mistakes, warnings;
    json_t *reports; /* NULL unless wanted */
};

static void take(void *ctx, const char *file, bool warning, unsigned line, const char *what)
{
    struct outcome *o = ctx;
    o->mistakes += warning ? 0 : 1;
    o->warnings += warning ? 1 : 0;
    study_file_print(NULL, file, warning, line, what);
    if (o->reports != NULL)
        json_array_append_new(o->reports, json_pack("{s:s, s:o, s:b, s:s}", "file", file, "line",
                                                    line > 0 ? json_integer(line) : json_null(),
                                                    "warning", (int)warning, "what", what));
}

static void take_of_study(void *ctx, bool warning, unsigned line, const char *what)
{
    struct outcome *o = ctx;
    take(o, o->path, warning, line, what);
}

/* A kiosk that cannot do something yet is no mistake of the study; pack refuses it. */
static void warn(void *ctx, bool warning, unsigned line, const char *what)
{
    (void)warning;
    study_reports_collect(ctx, true, line, what);
}

static void judge_keys(const char *path, const struct study *s, char **key, size_t count,
                       const char *kind, struct study_reports *r)
{
    for (size_t i = 0; i < count; i++) {
        char *file = study_file_beside(path, key[i]);
        if (file == NULL)
            r->failed = true;
        else if (access(file, R_OK) != 0)
            study_reports_add(r, true, study_check_line(s, "%s.%zu", kind, i),
                              "the key `%s` is not there; before `pack`, make it with `sanaq-admin "
                              "keygen` or ask its owner for the .pub file",
                              file);
        free(file);
    }
}

static enum err judge(const char *path, const struct study *s, const struct points *p,
                      struct outcome *o)
{
    struct study_reports r = {0};
    study_design_judge(s, p, &r);
    judge_keys(path, s, s->researcher, s->researchers, "researchers", &r);
    judge_keys(path, s, s->supervisor, s->supervisors, "supervisors", &r);
    enum err e = study_kiosk_can(s, warn, &r);
    enum err sent = study_reports_send(&r, ERR_STUDY, take_of_study, o);
    return e == ERR_OK || e == ERR_UNSUPPORTED ? sent : e;
}

static void say_count(char *out, size_t room, unsigned n, const char *word)
{
    if (n == 0)
        snprintf(out, room, "no %ss", word);
    else
        snprintf(out, room, "%u %s%s", n, word, n == 1 ? "" : "s");
}

/* What nobody can mend after the field: how far past arms give the next one away. */
static json_t *guesses(const struct study *s)
{
    json_t *all = json_array();
    for (size_t i = 0; s != NULL && i < s->lists; i++)
        json_array_append_new(
            all, json_pack("{s:s, s:f}", "list", s->list[i].id, "probability", assign_guess(s, i)));
    return all;
}

static enum err print_json(const struct study *s, const struct outcome *o)
{
    json_t *all =
        json_pack("{s:s?, s:s?, s:i, s:i, s:O, s:o}", "study", s != NULL ? s->id : NULL, "wave",
                  s != NULL ? s->wave : NULL, "mistakes", (int)o->mistakes, "warnings",
                  (int)o->warnings, "reports", o->reports, "next_arm", guesses(s));
    char *text = all != NULL ? json_dumps(all, JSON_INDENT(2)) : NULL;
    enum err e = text != NULL ? ERR_OK : ERR_NOMEM;
    if (text != NULL && puts(text) == EOF)
        e = ERR_FILE;
    free(text);
    json_decref(all);
    return e;
}

static void print_line(const struct study *s, const struct outcome *o)
{
    char mistakes[40], warnings[40];
    say_count(mistakes, sizeof mistakes, o->mistakes, "mistake");
    say_count(warnings, sizeof warnings, o->warnings, "warning");
    if (s != NULL)
        printf("study %s, wave %s: %s, %s\n", s->id, s->wave, mistakes, warnings);
    else
        printf("%s: %s, %s\n", o->path, mistakes, warnings);
    for (size_t i = 0; s != NULL && i < s->lists; i++)
        printf("list %s: who knows all earlier arms guesses the next one with probability %.2f\n",
               s->list[i].id, assign_guess(s, i));
}

static enum err check(const char *path, bool json)
{
    struct study *s = NULL;
    struct points *p = NULL;
    struct buffer yaml = {0}, csv = {0};
    struct outcome o = {.path = path, .reports = json ? json_array() : NULL};
    enum err e = ERR_NOMEM;
    if (json && o.reports == NULL)
        goto out;
    e = study_file_read(path, take, &o, &s, &p, &yaml, &csv);
    if (e == ERR_OK)
        e = judge(path, s, p, &o);
    if (e == ERR_OK || e == ERR_STUDY) {
        enum err printed = ERR_OK;
        if (json)
            printed = print_json(s, &o);
        else
            print_line(s, &o);
        e = printed != ERR_OK ? printed : e;
    }
out:
    json_decref(o.reports);
    buffer_free(&csv);
    buffer_free(&yaml);
    points_free(p);
    study_free(s);
    return e;
}

enum err command_check(int argc, char **argv)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    bool json = false;
    int c;
    optind = 1;
    opterr = 0;
    while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (c == 'h') {
            fputs(usage, stdout);
            return ERR_OK;
        }
        if (c != 'j')
            return log_fail(ERR_USAGE,
                            "check: the option %s is not known; `sanaq-admin check -h` "
                            "lists them",
                            argv[optind - 1]);
        json = true;
    }
    if (optind + 1 != argc)
        return log_fail(ERR_USAGE,
                        "check: name one study file, as in `sanaq-admin check study.yaml`");
    return check(argv[optind], json);
}
