/* What the files of a session share: session.c (disk, unlock, lock), session_steps.c (the steps of
 * a contact), session_keys.c (interviewers, a lost state), session_sync.c and session_pack.c (packs
 * that follow). Nobody else includes it. */
#ifndef SANAQ_KIOSK_SESSION_INSIDE_H
#define SANAQ_KIOSK_SESSION_INSIDE_H

#include "kiosk/keyfile.h"
#include "kiosk/packed.h"
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
    bool pack_kept;         /* false: the pack goes into the store with the next entry */
    struct packed *waiting; /* a pack that a person must confirm, or NULL */
    bool waiting_live;      /* the laptop is live under it */
    struct store *store;
    struct device *device;       /* NULL after a failure that could not be mended yet */
    struct secret *state_memory; /* guarded: answers, draws, codes */
    struct state *state;         /* in it */
    uint64_t epoch;
    struct secret *key, *next; /* of this epoch; of the next, ahead of time, or NULL */
    uint64_t stream;           /* number of the open stream, 0: none yet */
    struct buffer preamble;
    bool preamble_kept;
    uint64_t confirmed;
    struct session_tally tally; /* as last known to be kept */
    bool interrupted;
    bool lost;                     /* the state cannot be read: session_restart */
    uint8_t *entry, *sealed_state; /* room for one of each */
    size_t entry_len, state_len;
};

/** Ready to work on: the store is read again after a failure. ERR_FILE (said) where that cannot be
 * done now. */
enum err session_ready(struct session *ss);

/** Ready, with a stream open to seal into. */
enum err session_stream(struct session *ss);

enum session_kept {
    KEEP_STATE, /* in this epoch: a draft, a step */
    KEEP_EPOCH, /* under the next epoch's key, which is there already: a change of interviewers */
    KEEP_ENTRY  /* under the next epoch's key, with ss->entry as sealed last */
};
/** One transaction. After a failure the stream is wiped and only what the store says is believed.
 */
enum err session_keep(struct session *ss, enum session_kept what);

/** The next epoch's key goes over the place of the last epoch's: forgetting and preparing in one.
 */
enum err session_prepare(struct session *ss);

/** Forget the open stream and the device. */
void session_drop_stream(struct session *ss);

/** Seal whatever is owed without anybody being asked: lists that are not asked, and all the rest of
 * a contact that is ending. Each entry in its own transaction; after a crash it goes on where it
 * was. */
enum err session_settle(struct session *ss);

/** The pack that a notice names, if this laptop has been under it (owned by the caller); else
 * ${out} is NULL. */
enum err session_pack_of(struct session *ss, struct bytes notice, struct pack **out);

/** Another pack takes the place of ss's, which is released; ${p} is {0} afterwards. */
void session_use_pack(struct session *ss, struct packed *p);
void session_drop_waiting(struct session *ss);
/** Room for an entry and a state under ss's pack. */
enum err session_room(struct session *ss);

/** Look on a target for a pack to go to, and go there unless a person must confirm it or an
 * interview is under way (its number to ${waits}). What is refused is said. */
enum err session_find_pack(struct session *ss, const char *folder, uint32_t *waits);

/** Fillers up to a multiple of DEVICE_FILL, unless a contact is under way. */
enum err session_fill(struct session *ss);

#endif
