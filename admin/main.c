#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "admin/command/command.h"
#include "core/file.h"
#include "core/log.h"
#include "core/process.h"
#include "core/secret.h"

static const struct command {
    const char *name, *what;
    enum err (*run)(int argc, char **argv);
} commands[] = {
    {"keygen", "a person's keys for a study", command_keygen},
    {"keycheck", "is this the right key, and does it open what is sealed", command_keycheck},
    {"backup", "a study key on paper, still under its passphrase", command_backup},
    {"restore", "a study key back from its paper", command_restore},
    {"check", "judge a study: every mistake, with its line", command_check},
    {"pack", "sign a study for the laptops", command_pack},
    {"sign", "a second researcher's signature for a pack", command_sign},
    {"simulate", "simulated laptops and respondents, with the truth beside", command_simulate},
    {"pull", "take in what laptops sent", command_pull},
    {"devices", "list, approve or revoke laptops", command_devices},
    {"send", "receipts and approvals back to the laptops", command_send},
    {"golive", "sign for the end of the test phase", command_golive},
    {"verify", "a verdict on every piece, draws replayed, ledgers balanced", command_verify},
    {"close", "end the blinded phase", command_close},
    {"estimate", "the table of results", command_estimate},
    {"test", "what the estimates assume, tested", command_test},
    {"export", "interviews as a file, with a codebook", command_export},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_usage(void)
{
    puts("usage: sanaq-admin COMMAND ...\n");
    for (size_t i = 0; i < COMMANDS; i++)
        printf("  %-10s %s\n", commands[i].name, commands[i].what);
    puts("\nEach command explains itself with --help. sanaq-admin --version\n"
         "Exit status: 0 done, 1 something is in doubt, 2 usage, 3 the system failed, 4 partial.");
}

static enum err run(int argc, char **argv)
{
    if (argc < 2)
        return log_fail(ERR_USAGE, "which command? see sanaq-admin --help");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_usage();
        return ERR_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("sanaq-admin " SANAQ_VERSION);
        return ERR_OK;
    }
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(argv[1], commands[i].name) == 0) {
            enum err e = secret_start();
            return e == ERR_OK ? commands[i].run(argc - 1, argv + 1) : e;
        }
    return log_fail(ERR_USAGE, "there is no command %s; see sanaq-admin --help", argv[1]);
}

int main(int argc, char **argv)
{
    process_harden();
    if (setlocale(LC_CTYPE, "") == NULL)
        setlocale(LC_CTYPE, "C.UTF-8");
    log_name("sanaq-admin");
    enum err e = run(argc, argv);
    if (fflush(stdout) != 0 && e == ERR_OK)
        e = log_fail(file_err(errno), "the output could not be written: %s", strerror(errno));
    return err_exit(e);
}
