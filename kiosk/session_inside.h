/* What the files of a session share: session.c (disk, unlock, lock), session_steps.c (the steps of
 * a contact) and session_sync.c. Nobody else includes it. */
#ifndef SANAQ_KIOSK_SESSION_INSIDE_H
#define SANAQ_KIOSK_SESSION_INSIDE_H

#include "kiosk/keyfile.h"
#include "kiosk/session.h"
#include "kiosk/state.h"
#include "kiosk/store.h"

struct session {
    char *home, *store_path;
    char code[ENTRY_CODE_LEN + 1];
    struct keyfile *keyfile;
    struct pack *pack;
    struct study *study;
    struct points *points;
    struct store *store;
    struct device *device; /* NULL after a failure that could not be mended yet */
    struct state *state;
    uint64_t epoch;
    struct secret *key, *next; /* of this epoch; of the next, ahead of time, or NULL */
    uint64_t stream;           /* number of the open stream, 0: none yet */
    struct buffer preamble;
    bool preamble_kept;
    uint64_t confirmed;
    bool interrupted;
    uint8_t *entry, *sealed_state; /* room for one of each */
    size_t entry_len, state_len;
};

/** Ready to work on: the store is read again after a failure. ERR_FILE (said) where that cannot be
 * done now. */
enum err session_ready(struct session *ss);

/** Ready, with a stream open to seal into. */
enum err session_stream(struct session *ss);

/** One transaction: ss->entry as sealed last, if ${with_entry}, and the state that goes with it.
 * After a failure the stream is wiped and only what the store says is believed. */
enum err session_keep(struct session *ss, bool with_entry);

/** Seal whatever is owed without anybody being asked: lists that are not asked, and all the rest of
 * a contact that is ending. Each entry in its own transaction; after a crash it goes on where it
 * was. */
enum err session_settle(struct session *ss);

/** Fillers up to a multiple of DEVICE_FILL, unless a contact is under way. */
enum err session_fill(struct session *ss);

#endif
