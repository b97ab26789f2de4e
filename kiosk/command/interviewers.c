/* Who may unlock this laptop. Codes are not listed and never stand in an argument. */
#include <stdio.h>
#include <string.h>

#include "core/log.h"
#include "kiosk/command/command.h"

static enum err add(struct session *ss, const struct options *o)
{
    char code[ENTRY_CODE_LEN + 1] = "";
    struct secret *passphrase = NULL;
    if (o->new_file == NULL)
        puts("The new interviewer:");
    enum err e = command_choose(o->new_file, code, &passphrase);
    if (e == ERR_OK)
        e = session_add(ss, code, passphrase);
    secret_free(passphrase);
    return e;
}

static enum err change(struct session *ss, const struct options *o)
{
    struct secret *passphrase = NULL;
    enum err e = command_choose(o->new_file, NULL, &passphrase);
    if (e == ERR_OK)
        e = session_passphrase(ss, passphrase);
    secret_free(passphrase);
    return e;
}

static enum err remove_one(struct session *ss, const struct options *o)
{
    char code[ENTRY_CODE_LEN + 1] = "";
    if (o->new_file == NULL)
        puts("Who may not unlock any more:");
    enum err e = command_ask_code(o->new_file, code);
    return e == ERR_OK ? session_remove(ss, code) : e;
}

static const struct {
    const char *name;
    enum err (*run)(struct session *ss, const struct options *o);
} acts[] = {{"add", add}, {"passphrase", change}, {"remove", remove_one}};

enum { ACTS = sizeof acts / sizeof *acts };

enum err command_interviewers(const struct options *o)
{
    struct session *ss = NULL;
    size_t act = 0;
    while (o->word != NULL && act < ACTS && strcmp(o->word, acts[act].name) != 0)
        act++;
    if (act == ACTS)
        return log_fail(ERR_USAGE,
                        "interviewers add, interviewers passphrase or interviewers "
                        "remove, not interviewers %s",
                        o->word);
    enum err e = command_unlock(o, &ss);
    if (e != ERR_OK)
        return e;
    if (o->word != NULL)
        e = acts[act].run(ss, o);
    if (e == ERR_OK)
        printf("%zu of 8 places for interviewers are taken\n", session_interviewers(ss));
    enum err locked = session_lock(ss);
    return e != ERR_OK ? e : locked;
}
