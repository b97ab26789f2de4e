/* Reading an archive in the order of FORMAT.md "Reading untrusted bytes": every piece gets one
 * verdict, one bad thing never stops the rest, and only what passed every step reaches the visitor.
 */
#ifndef SANAQ_ADMIN_VERIFY_H
#define SANAQ_ADMIN_VERIFY_H

#include "admin/archive.h"
#include "admin/studykey.h"
#include "core/entry.h"
#include "core/words.h"

enum verdict {
    VERDICT_INTACT,
    VERDICT_DUPLICATE,  /* a bad copy of what also came whole: harmless */
    VERDICT_QUARANTINE, /* unknown device: not approved yet */
    VERDICT_REVOKED,    /* behind the last position that counts */
    VERDICT_UNKNOWN_PACK,
    VERDICT_TRUNCATED,
    VERDICT_DAMAGED,
    VERDICT_BEHIND,     /* whole, but cannot be vouched for behind a damaged entry */
    VERDICT_GAP,        /* positions that never came */
    VERDICT_FOREIGN,    /* a segment of another device or stream under this name */
    VERDICT_NOT_OURS,   /* sealed to others than this key */
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
};

struct verify_device {
    uint8_t id[32];
    char words[WORDS_TEXT];
    enum verdict verdict; /* the worst of its lines */
    bool approved, revoked;
    uint64_t cost_ops,
        cost_mem; /* of the interviewers' passphrases, from the root; 0: not opened */
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
    struct verify_line *line;
    size_t lines;
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

/** ERR_OK, ERR_PARTIAL or ERR_DOUBT: the worst of all lines. */
enum err verify_err(const struct verify_report *r);

/** One line of text for each verdict line, to the log. */
void verify_say(const struct verify_report *r);

#endif
