/* Codes and passphrases on the command line: from the terminal or a file, never from an argument.
 */
#include <stdio.h>
#include <string.h>

#include "core/log.h"
#include "core/words.h"
#include "kiosk/command/command.h"
#include "kiosk/setup.h"

enum { PASSPHRASE_WORDS = 5 };

enum err command_ask_code(const char *file, char code[ENTRY_CODE_LEN + 1])
{
    struct secret *line = NULL;
    enum err e = file != NULL ? secret_read_line(file, 0, &line)
                              : secret_ask("Interviewer's code: ", false, &line);
    if (e == ERR_OK && secret_len(line) > ENTRY_CODE_LEN)
        e = log_fail(ERR_USAGE, "the interviewer's code has at most %d characters", ENTRY_CODE_LEN);
    if (e == ERR_OK)
        snprintf(code, ENTRY_CODE_LEN + 1, "%s", (const char *)secret_view(line));
    secret_free(line);
    return e;
}

enum err command_ask(const char *file, char code[ENTRY_CODE_LEN + 1], struct secret **passphrase)
{
    enum err e = command_ask_code(file, code);
    if (e != ERR_OK)
        return e;
    return file != NULL ? secret_read_line(file, 1, passphrase)
                        : secret_ask("Passphrase: ", false, passphrase);
}

enum err command_choose(const char *file, char *code, struct secret **passphrase)
{
    struct secret *offered = NULL;
    char unused[ENTRY_CODE_LEN + 1];
    if (file != NULL)
        return command_ask(file, code != NULL ? code : unused, passphrase);
    enum err e = code != NULL ? command_ask_code(NULL, code) : ERR_OK;
    if (e == ERR_OK)
        e = words_passphrase(PASSPHRASE_WORDS, &offered);
    if (e != ERR_OK)
        return e;
    printf("A passphrase: write it down and keep it apart from the laptop.\n\n    %s\n\n"
           "Type it, or one of your own with at least 12 characters.\n",
           (const char *)secret_view(offered));
    fflush(stdout);
    secret_free(offered);
    return secret_ask("New passphrase: ", true, passphrase);
}

enum err command_unlock(const struct options *o, struct session **out)
{
    char code[ENTRY_CODE_LEN + 1] = "";
    struct secret *passphrase = NULL;
    if (!setup_done(o->home))
        return log_fail(
            ERR_STATE, "%s: this laptop is not set up; run sanaq-kiosk setup --pack FILE", o->home);
    enum err e = command_ask(o->passphrase_file, code, &passphrase);
    if (e == ERR_OK)
        e = session_open(o->home, code, passphrase, out);
    if (e == ERR_PASSPHRASE)
        log_note("the code or the passphrase is wrong; nothing was changed, try again");
    secret_free(passphrase);
    return e;
}
