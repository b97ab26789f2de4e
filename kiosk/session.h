/* One unlocked period of one laptop: device key, open stream, assignment, the interview under way,
 * today's tally. Everything a screen asks of the store goes through here; each step below is one
 * durable transaction. After an error of a sealing step the session has closed its stream, read the
 * store again and begun a new one (a sealing state is never reused): session_interview() then tells
 * where things really stand, and the step may be tried again. */
#ifndef SANAQ_KIOSK_SESSION_H
#define SANAQ_KIOSK_SESSION_H

#include "core/disposition.h"
#include "core/secret.h"
#include "core/succession.h"
#include "core/stream.h"
#include "kiosk/interview.h"

struct session;

/** Unlock ${home} with code and passphrase. Where the working state is lost (session_lost) this is
 *  ERR_OK too, but no step is possible before session_restart. ERR_PASSPHRASE: no slot opens.
 * ERR_BUSY: another kiosk runs on this home. ERR_FORMAT: store or keys file damaged (said).
 * ERR_STATE: not set up, or the home comes from another machine (said). */
enum err session_open(const char *home, const char *code, const struct secret *passphrase,
                      struct session **out);

/** Fill up to a multiple of 16, checkpoint, wipe, close. NULL does nothing. Without fillers where
 *  an interview is under way (it is resumed after the next unlock). */
enum err session_lock(struct session *ss);
/** Wipe and close at once, sealing nothing. */
void session_drop(struct session *ss);

const struct study *session_study(const struct session *ss);
const struct points *session_points(const struct session *ss);
/** True until the study has gone live: every screen says TEST. */
bool session_test(const struct session *ss);

struct session_tally { /* today's, by the study's time zone */
    uint32_t contacts, completes, partials, refusals, break_offs, others;
    uint32_t last_contact;                    /* number of the last contact, 0: none */
    uint64_t position, confirmed;             /* last position, last one confirmed by a receipt */
    uint32_t contacts_all, contacts_received; /* of this device, and confirmed by a receipt */
    bool approved;                            /* the researchers' approval has been taken */
    uint32_t pack_number;
};
void session_tally(const struct session *ss, struct session_tally *out);

/** The interview under way, NULL if none. The screens change answers and steps in it through
 *  interview.h and make that durable with session_save. */
struct interview *session_interview(struct session *ss);

/** True if the interview under way was found at unlock: crash screen first. */
bool session_interrupted(const struct session *ss);

/** Begin a contact at ${point} (index) in ${language}. ERR_STATE if one is under way. */
enum err session_begin(struct session *ss, uint32_t point, uint8_t language);

/** Keep the present state of the interview (an answer, a step). Where session_end could not seal
 * all that was owed, it goes on with that instead. */
enum err session_save(struct session *ss);

/** All draws of this interview at once, sealed in `assigned` and durable before this returns. Lists
 * not asked are sealed as such too (their bits in `counted` are set). ERR_STATE if already
 * assigned. */
enum err session_assign(struct session *ss);

/** Seal the count of list ${list}: 0..J+1, ANSWER_DONT_KNOW or ANSWER_REFUSED, with the seconds
 * that its card was on the screen. ERR_STATE if it is sealed already. */
enum err session_count(struct session *ss, size_t list, int count, unsigned seconds,
                       uint8_t language);

/** End the contact: seals what it still owes and the outcome with every answer; the draft is gone.
 * A contact that never was assigned becomes a `contact` entry. */
enum err session_end(struct session *ss, uint16_t disposition);

/** Void contact ${contact} of this device: ERR_STATE if there is no such finished contact.
 * ${reason}: 1 wrong person, 2 interviewer's mistake, 3 practice by mistake, 9 other. */
enum err session_void(struct session *ss, uint32_t contact, uint16_t reason);

/** Withdraw the interview under way (until hand-back): seals what is owed, the outcome and
 * `withdrawn`. */
enum err session_withdraw(struct session *ss);

/** Who may unlock. All but session_interviewers: ERR_STATE with an interview under way. A change is
 *  there as a whole or not at all, whatever fails; once it says ERR_OK the passphrase of before
 *  opens nothing that is on the disk. Own passphrases are judged as at set-up: ERR_USAGE, said. */

/** How many interviewers this laptop has; at most eight. */
size_t session_interviewers(const struct session *ss);
/** True if ${code} is that of the interviewer who unlocked. */
bool session_is_own(const struct session *ss, const char *code);
/** The interviewer who unlocked types the passphrase once more. ERR_PASSPHRASE. */
enum err session_confirm(const struct session *ss, const struct secret *passphrase);
/** ERR_STATE (said): eight already, or this code. */
enum err session_add(struct session *ss, const char *code, const struct secret *passphrase);
/** Another passphrase for the interviewer who unlocked. */
enum err session_passphrase(struct session *ss, const struct secret *passphrase);
/** ERR_STATE (said): no such code, or the own one. */
enum err session_remove(struct session *ss, const char *code);

/** True where the disk has lost the working state (draft, tally, draws to come), though not what
 *  was sealed, nor the device key. */
bool session_lost(const struct session *ss);
/** Go on all the same (FORMAT.md "A chain restarted"): a new root entry behind the last entry that
 *  this laptop can show. The interview that was under way is over; the laptop is in test until it
 *  takes the go-live file again. Only where session_lost. */
enum err session_restart(struct session *ss);

/** Sync with ${target} ("dir:PATH"; NULL: every target of the study): receipts, packs, approvals
 * and go-live in, fillers and segments out. ${said} gets sentences for the screen. ERR_PARTIAL:
 * some targets failed. Study and points may be others afterwards (a pack that followed was taken).
 */
enum err session_sync(struct session *ss, const char *target, char *said, size_t room);

/** True if the last sync found a pack that a person must confirm, because it changes who reads the
 * results, who signs or where they are sent: what it changes, borrowed. It is not kept: whoever
 * says no, or nothing, is asked again at the next sync. */
bool session_waiting(const struct session *ss, struct edition *now, struct edition *next);
/** A person has confirmed it: go on under it. ERR_STATE if nothing waits or an interview is under
 * way. */
enum err session_take_waiting(struct session *ss);

#endif
