#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/log.h"
#include "core/process.h"
#include "core/segment.h"
#include "kiosk/confine.h"
#include "kiosk/home.h"
#include "kiosk/screens.h"
#include "kiosk/session.h"
#include "kiosk/setup.h"
#include "kiosk/sync.h"

struct options {
    char *home; /* owned */
    const char *language, *pack, *expect, *passphrase_file, *cost, *target;
    bool json;
    bool made_home;         /* by us, just now */
    struct confine confine; /* in force */
};

static const char usage[] =
    "usage: sanaq-kiosk [--home DIR] [--lang LL]          the interviewer's screens\n"
    "       sanaq-kiosk setup --pack FILE [--expect \"EIGHT WORDS\"] [--passphrase-file FILE]\n"
    "                         [--cost interactive|moderate|sensitive]  first use on this laptop\n"
    "       sanaq-kiosk sync [TARGET] [--passphrase-file FILE]  write results to dir:PATH, take "
    "news\n"
    "       sanaq-kiosk collect TARGET                     sealed results out, no passphrase "
    "needed\n"
    "       sanaq-kiosk status [--json] [--passphrase-file FILE]\n"
    "\n"
    "  --home DIR              where this kiosk keeps its store ($XDG_DATA_HOME/sanaq)\n"
    "  --lang LL               language of the screens: en, ru, kk\n"
    "  --passphrase-file FILE  line 1: interviewer's code; line 2: passphrase\n"
    "  -h, --help  --version\n"
    "\n"
    "Exit status: 0 done, 1 something is in doubt, 2 usage, 3 the system failed, 4 partial.\n";

static enum err take_code(const struct secret *line, char code[ENTRY_CODE_LEN + 1])
{
    if (secret_len(line) > ENTRY_CODE_LEN)
        return log_fail(ERR_USAGE, "the interviewer's code has at most %d characters",
                        ENTRY_CODE_LEN);
    snprintf(code, ENTRY_CODE_LEN + 1, "%s", (const char *)secret_view(line));
    return ERR_OK;
}

/* Code and passphrase, from the file where one is given, else from the terminal. */
static enum err ask(const struct options *o, char code[ENTRY_CODE_LEN + 1],
                    struct secret **passphrase)
{
    struct secret *line = NULL;
    enum err e = o->passphrase_file != NULL ? secret_read_line(o->passphrase_file, 0, &line)
                                            : secret_ask("Interviewer's code: ", false, &line);
    if (e != ERR_OK)
        return e;
    e = take_code(line, code);
    secret_free(line);
    if (e != ERR_OK)
        return e;
    return o->passphrase_file != NULL ? secret_read_line(o->passphrase_file, 1, passphrase)
                                      : secret_ask("Passphrase: ", false, passphrase);
}

static enum err unlock(const struct options *o, struct session **out)
{
    char code[ENTRY_CODE_LEN + 1] = "";
    struct secret *passphrase = NULL;
    if (!setup_done(o->home))
        return log_fail(
            ERR_STATE, "%s: this laptop is not set up; run sanaq-kiosk setup --pack FILE", o->home);
    enum err e = ask(o, code, &passphrase);
    if (e == ERR_OK)
        e = session_open(o->home, code, passphrase, out);
    if (e == ERR_PASSPHRASE)
        log_note("the code or the passphrase is wrong; nothing was changed, try again");
    secret_free(passphrase);
    return e;
}

/* The person compares eight words with the researchers' sheet, or a script hands them over. */
static enum err compare_words(const struct options *o, const struct pack *pack)
{
    char words[WORDS_TEXT], answer[16];
    words_of(pack->hash, words);
    if (o->expect != NULL)
        return words_match(pack->hash, o->expect)
                   ? ERR_OK
                   : log_fail(ERR_SIGNATURE,
                              "%s: the pack's words are \"%s\", not those expected; do not "
                              "use it",
                              o->pack, words);
    printf("The words of this pack:\n\n    %s\n\nAre these the words on the researchers' sheet? "
           "Type yes: ",
           words);
    fflush(stdout);
    if (fgets(answer, sizeof answer, stdin) == NULL || strcmp(answer, "yes\n") != 0)
        return log_fail(ERR_SIGNATURE, "the words were not confirmed; nothing was set up");
    return ERR_OK;
}

/* On a terminal: code, then the five words offered or an own passphrase. */
static enum err choose(const struct options *o, char code[ENTRY_CODE_LEN + 1],
                       struct secret **passphrase)
{
    struct secret *offered = NULL;
    if (o->passphrase_file != NULL)
        return ask(o, code, passphrase);
    enum err e = words_passphrase(5, &offered);
    if (e != ERR_OK)
        return e;
    printf("A passphrase for you: write it down and keep it apart from the laptop.\n\n    %s\n\n"
           "Type it, or one of your own with at least 12 characters.\n",
           (const char *)secret_view(offered));
    fflush(stdout);
    secret_free(offered);
    struct secret *line = NULL;
    e = secret_ask("Interviewer's code: ", false, &line);
    if (e == ERR_OK)
        e = take_code(line, code);
    secret_free(line);
    return e == ERR_OK ? secret_ask("Passphrase: ", true, passphrase) : e;
}

static enum err run_setup(const struct options *o)
{
    char code[ENTRY_CODE_LEN + 1] = "";
    struct secret *passphrase = NULL;
    struct pack *pack = NULL;
    struct secret_cost cost;
    struct setup_status st;
    if (o->pack == NULL)
        return log_fail(ERR_USAGE, "setup needs the study's pack: sanaq-kiosk setup --pack FILE");
    if (!secret_cost_named(o->cost, &cost))
        return log_fail(ERR_USAGE, "--cost is interactive, moderate or sensitive, not %s", o->cost);
    enum err e =
        setup_done(o->home)
            ? log_fail(ERR_STATE, "%s: this laptop is set up already; start sanaq-kiosk", o->home)
            : setup_read_pack(o->pack, &pack);
    if (e == ERR_OK)
        e = compare_words(o, pack);
    if (e == ERR_OK)
        e = choose(o, code, &passphrase);
    if (e == ERR_OK)
        e = setup_run(o->home, pack, code, passphrase, cost, NULL);
    if (e == ERR_OK)
        e = setup_status(o->home, &st);
    if (e == ERR_OK) {
        printf(
            "This laptop is set up. Its words, to read out to the researchers:\n\n    %s\n\n"
            "Now sync once, so that they can approve it: sanaq-kiosk sync dir:/path/of/the/stick\n",
            st.words);
        if (!st.machine_known)
            log_note("this machine has no /etc/machine-id: copies of this home cannot be noticed");
        setup_status_free(&st);
    }
    secret_free(passphrase);
    pack_free(pack);
    return e;
}

static enum err run_sync(const struct options *o)
{
    struct session *ss = NULL;
    struct edition now, next;
    char said[1024];
    enum err e = unlock(o, &ss);
    if (e != ERR_OK)
        return e;
    e = session_sync(ss, o->target, said, sizeof said);
    if (e == ERR_OK && session_waiting(ss, &now, &next))
        e = ERR_PARTIAL; /* said so; only a person at the screens can confirm it */
    enum err locked = session_lock(ss);
    if (e == ERR_OK || e == ERR_PARTIAL)
        puts(said);
    return e != ERR_OK ? e : locked;
}

static enum err run_collect(const struct options *o)
{
    struct setup_status st;
    struct store *store = NULL;
    const char *folder = NULL;
    unsigned written = 0;
    if (o->target == NULL)
        return log_fail(ERR_USAGE,
                        "collect needs a target: sanaq-kiosk collect dir:/path/of/the/stick");
    enum err e = sync_folder(o->target, &folder);
    if (e == ERR_OK)
        e = setup_status(o->home, &st);
    if (e != ERR_OK)
        return e;
    char *path = home_store(o->home);
    e = path == NULL ? ERR_NOMEM : store_open(path, true, &store);
    if (e == ERR_OK)
        e = sync_out(store, st.device, st.confirmed, folder, &written);
    if (e == ERR_OK)
        printf("new files in %s: %u\n", folder, written);
    store_close(store);
    setup_status_free(&st);
    free(path);
    return e;
}

/* The kiosk runs without as well, but whoever answers for the laptop should know. */
static void print_confine(struct confine in_force)
{
    if (in_force.calls)
        printf("confined       starts no program, opens no connection (seccomp)\n");
    else
        printf("not confined   this kernel does not filter system calls (seccomp)\n");
    if (in_force.files > 0)
        printf("confined       writes to its home and to sync targets only (Landlock %d)\n",
               in_force.files);
    else
        printf("not confined   this kernel does not limit where files are written (Landlock)\n");
}

static void print_status(const struct setup_status *st, const struct session_tally *t,
                         struct confine in_force)
{
    printf("device         %s\n", st->words);
    printf("pack           %s %s, number %" PRIu32 ": %s\n", st->study, st->wave, st->pack_number,
           st->pack_words);
    printf("position       %" PRIu64 "\n", st->position);
    printf("closing code   %s\n", st->closing);
    printf("received       up to position %" PRIu64 " of %" PRIu64 "\n", st->confirmed,
           st->position);
    if (t != NULL)
        printf("contacts       %" PRIu32 ", %" PRIu32 " of them received by the researchers\n",
               t->contacts_all, t->contacts_received);
    else
        printf("contacts       not told without the passphrase\n");
    printf("passphrase     Argon2id, %" PRIu64 " passes over %" PRIu64 " MiB\n", st->cost.ops,
           st->cost.mem >> 20);
    if (!st->machine_known)
        printf("note           this machine has no id: copies of this home cannot be noticed\n");
    print_confine(in_force);
}

/* Study ids are [a-z0-9-] and words Latin letters: nothing here needs escaping but the wave. */
static void print_json(const struct setup_status *st, const struct session_tally *t,
                       struct confine in_force)
{
    char device[65], contacts[32] = "null", received[32];
    segment_hex(st->device, 32, device);
    snprintf(received, sizeof received, "%" PRIu64, st->confirmed);
    if (t != NULL)
        snprintf(contacts, sizeof contacts, "%" PRIu32, t->contacts_all);
    printf("{\"device\": \"%s\", \"words\": \"%s\", \"position\": %" PRIu64
           ", \"closing_code\": \"%s\", \"contacts\": %s, \"received\": %s, "
           "\"pack\": {\"study\": \"%s\", \"number\": %" PRIu32 ", \"words\": \"%s\"}, "
           "\"copies_noticed\": %s, \"seccomp\": %s, \"landlock\": %d}\n",
           device, st->words, st->position, st->closing, contacts, received, st->study,
           st->pack_number, st->pack_words, st->machine_known ? "true" : "false",
           in_force.calls ? "true" : "false", in_force.files);
}

static enum err run_status(const struct options *o)
{
    struct setup_status st;
    struct session *ss = NULL;
    struct session_tally t;
    enum err e = ERR_OK;
    if (o->passphrase_file != NULL) {
        e = unlock(o, &ss);
        if (e != ERR_OK)
            return e;
        session_tally(ss, &t);
        session_drop(ss);
    }
    e = setup_status(o->home, &st);
    if (e != ERR_OK)
        return e;
    if (o->json)
        print_json(&st, o->passphrase_file != NULL ? &t : NULL, o->confine);
    else
        print_status(&st, o->passphrase_file != NULL ? &t : NULL, o->confine);
    setup_status_free(&st);
    return ERR_OK;
}

static enum err run_screens(const struct options *o)
{
    return screens_run(&(struct screens_options){o->home, o->language, o->pack, o->cost});
}

static const struct {
    const char *name;
    enum err (*run)(const struct options *o);
    bool takes_target, makes_home;
} commands[] = {
    {"setup", run_setup, false, true},     {"sync", run_sync, true, false},
    {"collect", run_collect, true, false}, {"status", run_status, false, false},
    {NULL, run_screens, false, true},
};

/* Before anything is read that others may have written. Home must be there by then, or what lies
 * above it would have to stay writable. */
static void confine(struct options *o, bool makes_home)
{
    const char *folder[] = {o->home, o->target};
    size_t folders = 1;
    if (makes_home && access(o->home, F_OK) != 0)
        o->made_home = file_make_dir(o->home) == ERR_OK; /* what is wrong is said there */
    if (o->target != NULL && strncmp(o->target, "dir:", 4) == 0)
        folder[folders++] = o->target + 4;
    o->confine = confine_start(folder, folders);
}

static enum err run_command(const struct options *o, enum err (*command)(const struct options *))
{
    enum err e = command(o);
    if (o->made_home)
        rmdir(o->home); /* only if nothing came to lie in it */
    return e;
}

enum { OPT_VERSION = 256 };
static const struct option long_options[] = {
    {"home", required_argument, NULL, 'H'},
    {"lang", required_argument, NULL, 'l'},
    {"pack", required_argument, NULL, 'p'},
    {"expect", required_argument, NULL, 'e'},
    {"passphrase-file", required_argument, NULL, 'f'},
    {"cost", required_argument, NULL, 'c'},
    {"json", no_argument, NULL, 'j'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, OPT_VERSION},
    {NULL, 0, NULL, 0},
};

/* ERR_INTERRUPTED: help or version was printed, nothing else to do. */
static enum err options_parse(int argc, char **argv, struct options *o)
{
    int c = 0;
    while ((c = getopt_long(argc, argv, "h", long_options, NULL)) != -1)
        switch (c) {
        case 'H':
            free(o->home);
            o->home = strdup(optarg);
            break;
        case 'l':
            o->language = optarg;
            break;
        case 'p':
            o->pack = optarg;
            break;
        case 'e':
            o->expect = optarg;
            break;
        case 'f':
            o->passphrase_file = optarg;
            break;
        case 'c':
            o->cost = optarg;
            break;
        case 'j':
            o->json = true;
            break;
        case 'h':
            fputs(usage, stdout);
            return ERR_INTERRUPTED;
        case OPT_VERSION:
            puts("sanaq-kiosk " SANAQ_VERSION);
            return ERR_INTERRUPTED;
        default:
            return log_fail(ERR_USAGE, "see sanaq-kiosk --help");
        }
    if (o->home == NULL)
        o->home = home_default();
    return o->home != NULL
               ? ERR_OK
               : log_fail(ERR_USAGE, "there is no home folder; give one with --home DIR");
}

static enum err run(int argc, char **argv, struct options *o)
{
    enum err e = options_parse(argc, argv, o);
    if (e != ERR_OK)
        return e == ERR_INTERRUPTED ? ERR_OK : e;
    e = secret_start();
    if (e != ERR_OK)
        return e;
    const char *name = optind < argc ? argv[optind] : NULL;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (name == NULL ? commands[i].name != NULL
                         : commands[i].name == NULL || strcmp(name, commands[i].name) != 0)
            continue;
        int rest = name != NULL ? argc - optind - 1 : 0;
        if (rest > (commands[i].takes_target ? 1 : 0))
            return log_fail(ERR_USAGE, "%s: one word too many: see sanaq-kiosk --help",
                            argv[argc - 1]);
        o->target = rest == 1 ? argv[argc - 1] : NULL;
        confine(o, commands[i].makes_home);
        return run_command(o, commands[i].run);
    }
    return log_fail(ERR_USAGE, "there is no command %s: see sanaq-kiosk --help", name);
}

int main(int argc, char **argv)
{
    struct options o = {.cost = "moderate"};
    process_harden();
    process_wipe_freed();
    log_name("sanaq-kiosk");
    enum err e = run(argc, argv, &o);
    free(o.home);
    if (fflush(stdout) != 0 && e == ERR_OK)
        e = log_fail(file_err(errno), "the output could not be written: %s", strerror(errno));
    return err_exit(e);
}
