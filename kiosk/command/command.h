/* The commands of sanaq-kiosk: one file each. */
#ifndef SANAQ_KIOSK_COMMAND_COMMAND_H
#define SANAQ_KIOSK_COMMAND_COMMAND_H

#include "kiosk/confine.h"
#include "kiosk/session.h"

struct options {
    char *home; /* owned */
    const char *language, *pack, *expect, *passphrase_file, *new_file, *cost, *replaces;
    const char *word; /* the one behind the command: a target, what to do with interviewers */
    bool json;
    bool made_home;         /* by us, just now */
    struct confine confine; /* in force */
};

enum err command_setup(const struct options *o);
enum err command_sync(const struct options *o);
enum err command_collect(const struct options *o);
enum err command_status(const struct options *o);
enum err command_interviewers(const struct options *o);
enum err command_screens(const struct options *o);

/* For the commands. */

/** Code and passphrase: from ${file} (line 1, line 2) where one is given, else from the terminal.
 *  Failures are said. */
enum err command_ask(const char *file, char code[ENTRY_CODE_LEN + 1], struct secret **passphrase);
/** The code alone. */
enum err command_ask_code(const char *file, char code[ENTRY_CODE_LEN + 1]);
/** The same for a new interviewer: on the terminal five words are offered, and what is typed is
 *  typed twice. ${code} NULL: the passphrase alone is asked for; a file still has it in line 2. */
enum err command_choose(const char *file, char *code, struct secret **passphrase);
/** A session, with what --passphrase-file or the terminal says. */
enum err command_unlock(const struct options *o, struct session **out);

#endif
