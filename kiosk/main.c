#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/log.h"
#include "core/process.h"
#include "kiosk/command/command.h"
#include "kiosk/home.h"
#include "kiosk/screens.h"

static const char usage[] =
    "usage: sanaq-kiosk [--home DIR] [--lang LL]          the interviewer's screens\n"
    "       sanaq-kiosk setup --pack FILE [--expect \"EIGHT WORDS\"] [--passphrase-file FILE]\n"
    "                         [--cost interactive|moderate|sensitive]  first use on this laptop\n"
    "                         [--replaces DEVICE]          anew, where nobody can unlock it any "
    "more\n"
    "       sanaq-kiosk sync [TARGET] [--passphrase-file FILE]  write results to dir:PATH, take "
    "news\n"
    "       sanaq-kiosk collect TARGET                     sealed results out, no passphrase "
    "needed\n"
    "       sanaq-kiosk interviewers [add|passphrase|remove] [--passphrase-file FILE] [--new "
    "FILE]\n"
    "                                                      who may unlock; at most eight\n"
    "       sanaq-kiosk status [--json] [--passphrase-file FILE]\n"
    "\n"
    "  --home DIR              where this kiosk keeps its store ($XDG_DATA_HOME/sanaq)\n"
    "  --lang LL               language of the screens: en, ru, kk\n"
    "  --passphrase-file FILE  line 1: interviewer's code; line 2: passphrase\n"
    "  --new FILE              the same of the interviewer who is added, or removed (line 1), or "
    "of\n"
    "                          the new passphrase (line 2)\n"
    "  --replaces DEVICE       the device that the new one replaces: its eight words or 64\n"
    "                          hexadecimal digits (status says both); one of another laptop: the "
    "digits\n"
    "  -h, --help  --version\n"
    "\n"
    "The screens lock after ten minutes without a key, when the laptop slept, and on SIGUSR1. F12\n"
    "three times within two seconds is panic: nobody can unlock from then on.\n"
    "\n"
    "Exit status: 0 done, 1 something is in doubt, 2 usage, 3 the system failed, 4 partial.\n";

enum err command_screens(const struct options *o)
{
    return screens_run(&(struct screens_options){o->home, o->language, o->pack, o->cost});
}

static const struct {
    const char *name;
    enum err (*run)(const struct options *o);
    bool takes_word, makes_home;
} commands[] = {
    {"setup", command_setup, false, true},     {"sync", command_sync, true, false},
    {"collect", command_collect, true, false}, {"interviewers", command_interviewers, true, false},
    {"status", command_status, false, false},  {NULL, command_screens, false, true},
};

/* Before anything is read that others may have written. Home must be there by then, or what lies
 * above it would have to stay writable. */
static void confine(struct options *o, bool makes_home)
{
    const char *folder[] = {o->home, o->word};
    size_t folders = 1;
    if (makes_home && access(o->home, F_OK) != 0)
        o->made_home = file_make_dir(o->home) == ERR_OK; /* what is wrong is said there */
    if (o->word != NULL && strncmp(o->word, "dir:", 4) == 0)
        folder[folders++] = o->word + 4;
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
    {"new", required_argument, NULL, 'n'},
    {"replaces", required_argument, NULL, 'r'},
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
        case 'n':
            o->new_file = optarg;
            break;
        case 'r':
            o->replaces = optarg;
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
        if (rest > (commands[i].takes_word ? 1 : 0))
            return log_fail(ERR_USAGE, "%s: one word too many: see sanaq-kiosk --help",
                            argv[argc - 1]);
        o->word = rest == 1 ? argv[argc - 1] : NULL;
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
