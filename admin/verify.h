/* Reading an archive in the order of FORMAT.md "Reading untrusted bytes": every piece gets one
 * verdict, one bad thing never stops the rest, and only what passed every step reaches the visitor.
 */
#ifndef SANAQ_ADMIN_VERIFY_H
#define SANAQ_ADMIN_VERIFY_H

#include "admin/archive.h"
#include "admin/closing.h"
#include "admin/studykey.h"
#include "core/entry.h"
#include "core/words.h"

enum verdict {
    VERDICT_INTACT,
    VERDICT_DUPLICATE,  /* a bad copy of what also came whole: harmless */
    VERDICT_REPAIRED,   /* a carrier changed something, and the signatures put it right: harmless */
    VERDICT_RESUMED,    /* a chain restarted, and a person chose it: counts */
    VERDICT_QUARANTINE, /* unknown device: not approved yet */
    VERDICT_REVOKED,    /* behind the last position that counts */
    VERDICT_NOT_CHOSEN, /* a person chose another history */
    VERDICT_UNKNOWN_PACK,
    VERDICT_TRUNCATED,
    VERDICT_DAMAGED,
    VERDICT_BEHIND, /* whole, but no signature vouches for it: a byte before or beside it changed */
    VERDICT_GAP,    /* positions that never came */
    VERDICT_FOREIGN,    /* a segment of another device or stream under this name */
    VERDICT_NOT_OURS,   /* sealed to others than this key */
    VERDICT_ROOTLESS,   /* its root never came or cannot be opened: not checked with this key */
    VERDICT_RESTARTED,  /* behind a new root that no person has chosen yet */
    VERDICT_AWAITED,    /* a closing code was read out for what has not come */
    VERDICT_DIFFERS,    /* what came has another closing code than was read out */
    VERDICT_FORK,       /* two histories of one device */
    VERDICT_FORGED,     /* sealed, but not by the laptop's own chain */
    VERDICT_ASSIGNMENT, /* a draw that is not the key's */
    VERDICT__COUNT
};
/** "intact", "unknown device", ...; a sentence for people. */
const char *verdict_name(enum verdict v);
const char *verdict_text(enum verdict v);
/** ERR_OK harmless, ERR_PARTIAL set aside, ERR_DOUBT something counted is in doubt. */
enum err verdict_err(enum verdict v);

struct verify_line {
    enum verdict verdict;
    size_t device; /* index into report->device */
    uint64_t stream, first, last;
    const char *why; /* a sentence; of this case, or verdict_text */
};

/** A session of a device, as far as it came: its runs are report->run[run .. run + runs - 1], in
 * order of position, what is intact too. */
struct verify_stream {
    size_t device;
    uint64_t number, first, last;
    uint8_t id[HASH_LEN];
    uint32_t pack;        /* its pack's number */
    enum verdict verdict; /* the worst of its runs, and of the gap in front of it */
    size_t run, runs;
};

/** One of the histories that part at a fork. */
struct verify_branch {
    uint64_t at; /* its entry that a choice names: position, head */
    uint8_t head[HASH_LEN];
    uint64_t stream, first, last, entries; /* its own; none: it ends in front of the fork */
    bool choosable;                        /* false: its beginning never came */
    bool new_session;                      /* the fork is where a session of its own begins */
    /* With a key, where its first entry opens: */
    bool opened;
    enum { CHAIN_UNKNOWN, CHAIN_OWN, CHAIN_RESTARTED, CHAIN_OTHER } chain;
    bool same_start; /* of the machine as the entry in front */
    uint8_t boot[16];
    uint32_t from, to; /* wall clock of the laptop at its first and last entry, minutes */
};

/** Where histories of one device part: what is known, accusing nobody. */
struct verify_fork {
    size_t device;
    uint64_t n;
    bool locked; /* the entry in front ended a session as a lock does: at a multiple of 16 */
    struct verify_branch *branch; /* by head: the same order whoever reads; owned */
    size_t branches;
    bool decided; /* a person has chosen */
    int chosen;   /* index of the branch; -1: nobody has, or what they chose is not here */
};

/** A closing code that somebody read out. */
struct verify_code {
    char digits[CLOSING_TEXT];
    bool bound; /* said to be of ${device} */
    uint8_t device[32];
    enum code_state {
        CODE_THERE,
        CODE_MISHEARD, /* there, but for one digit, or two that changed places */
        CODE_LEFT_OUT, /* there, in what does not count */
        CODE_TAKEN_BACK,
        CODE_NEEDLESS, /* not there, but behind the last position that counts */
        CODE_AWAITED,  /* not there yet, or deleted: nothing came at its position */
        CODE_DIFFERS   /* something else came at its position */
    } state;
    bool placed;   /* the three below are known */
    size_t at;     /* index of the device */
    uint64_t n;    /* position it is, or must be, of */
    uint64_t last; /* of that device: the last that came */
};

struct verify_device {
    uint8_t id[32];
    char words[WORDS_TEXT];
    enum verdict verdict; /* the worst of its lines */
    bool approved, revoked;
    uint64_t cost_ops,
        cost_mem; /* of the interviewers' passphrases, from the root; 0: not opened */
    bool
        has_machine; /* its root names the machine it runs on, so a copy elsewhere refuses to run */
    bool has_replaced;
    uint8_t replaced[32]; /* its root says: set up anew in the place of this device */
    bool retired;         /* an approved device says so of it */
    uint64_t restarted;   /* position of the last root at which its chain restarted, or 0 */
    uint8_t restart_head[HASH_LEN];
    const struct verify_pack
        *pack;              /* of the entry in hand; in the end of the last; NULL: unknown */
    uint64_t entries;       /* positions that came whole */
    uint64_t whole_to;      /* all up to here came, in one chain */
    uint8_t head[HASH_LEN]; /* after whole_to */
};

struct verify_pack {
    struct pack *pack;
    struct study *study;
    struct points *points;
};

struct verify_report {
    struct verify_pack *pack; /* of the archive's line, by number */
    size_t packs;
    struct verify_device *device;
    size_t devices;
    struct verify_line *line; /* all that is not intact */
    size_t lines;
    struct verify_stream *stream; /* device by device, by number */
    size_t streams;
    struct verify_line *run;
    size_t runs;
    struct verify_fork *fork;
    size_t forks;
    struct verify_code *code;
    size_t codes;
    bool opened, answers; /* with a key; with a researcher's key */
    uint64_t replayed, mismatched, before_approval;
};

/** What came through, device by device in order of position. ${answers} is NULL for a supervisor's
 * key. A visitor that returns other than ERR_OK ends the reading with that. */
typedef enum err verify_event(void *ctx, const struct verify_report *r, size_t device, uint64_t n,
                              const struct entry_field *field, const struct entry_answers *answers);

/** Read everything. ${key} NULL: steps 1 to 6 only. ERR_OK even where pieces were set aside
 * (verify_err tells); errors are those of the system, and ERR_KEY (said) if the key is in none of
 * the packs. */
enum err verify_archive(struct archive *a, const struct studykey *key, verify_event *event,
                        void *ctx, struct verify_report **out);
void verify_free(struct verify_report *r);

/** ERR_OK, ERR_PARTIAL or ERR_DOUBT: the worst of all lines and closing codes. */
enum err verify_err(const struct verify_report *r);

/** The device with these eight words or this id; NULL if there is none. */
const struct verify_device *verify_named(const struct verify_report *r, const char *named);

/** A sentence on a closing code, and what it does to the exit status. */
enum { VERIFY_SENTENCE = 512 };
void verify_code_text(const struct verify_report *r, const struct verify_code *c,
                      char out[VERIFY_SENTENCE]);
enum err verify_code_err(const struct verify_code *c);

/** One line of text for each verdict line, and for each closing code that is not there, to the log.
 */
void verify_say(const struct verify_report *r);

#endif
