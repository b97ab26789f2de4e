/* What can be told of a laptop, with and without a passphrase. */
#include <inttypes.h>
#include <stdio.h>

#include "core/segment.h"
#include "kiosk/command/command.h"
#include "kiosk/setup.h"

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

enum err command_status(const struct options *o)
{
    struct setup_status st;
    struct session *ss = NULL;
    struct session_tally t;
    enum err e = ERR_OK;
    if (o->passphrase_file != NULL) {
        e = command_unlock(o, &ss);
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
