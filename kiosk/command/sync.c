/* What goes to a target and comes back: with a passphrase, and without one. */
#include <stdio.h>

#include "core/log.h"
#include "kiosk/command/command.h"
#include "kiosk/replaced.h"
#include "kiosk/sync.h"

enum err command_sync(const struct options *o)
{
    struct session *ss = NULL;
    struct edition now, next;
    char said[1024];
    enum err e = command_unlock(o, &ss);
    if (e != ERR_OK)
        return e;
    e = session_sync(ss, o->word, said, sizeof said);
    if (e == ERR_OK && session_waiting(ss, &now, &next))
        e = ERR_PARTIAL; /* said so; only a person at the screens can confirm it */
    enum err locked = session_lock(ss);
    if (e == ERR_OK || e == ERR_PARTIAL)
        puts(said);
    return e != ERR_OK ? e : locked;
}

enum err command_collect(const struct options *o)
{
    const char *folder = NULL;
    unsigned written = 0;
    if (o->word == NULL)
        return log_fail(ERR_USAGE,
                        "collect needs a target: sanaq-kiosk collect dir:/path/of/the/stick");
    enum err e = sync_folder(o->word, &folder);
    if (e != ERR_OK)
        return e;
    e = replaced_collect(o->home, folder, &written);
    if (e == ERR_OK || e == ERR_PARTIAL)
        printf("new files in %s: %u\n", folder, written);
    return e;
}
