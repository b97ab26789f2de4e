/* One device of an archive: from its segments to the entries that passed. Inside verify only.
 *
 *   verify_files    steps 1 to 5: each segment by itself
 *   verify_heal     what the signatures put right
 *   verify_history  step 6: one history out of all that came, or a fork
 *   verify_open     steps 7 to 12: box, root, MACs, parts, ranges, replay
 *   verify_branch   what can be known of the branches of a fork
 *   verify_closing  closing codes
 *   verify_runs     a verdict for every stream and run
 */
#ifndef SANAQ_ADMIN_VERIFY_DEVICE_H
#define SANAQ_ADMIN_VERIFY_DEVICE_H

#include "admin/intake.h"
#include "admin/verify.h"
#include "core/segment.h"

struct verify_run { /* what every step of one reading shares */
    struct archive *archive;
    const struct studykey *key;
    verify_event *event;
    void *ctx;
    struct verify_report *report;
    unsigned bitwise; /* entries tried bit by bit so far */
};

struct verify_slot { /* one entry at one position */
    uint64_t n;
    const struct segment *segment;
    const struct verify_pack *pack;
    struct bytes sealed;
    const uint8_t *head; /* after it; NULL: no signature vouches for it */
    size_t parent;       /* index of the entry in front of it in its history, or NO_PARENT */
    bool out;            /* it cannot be in one history with what a person chose */
    enum verdict verdict;
    const char *why;
};
#define NO_PARENT SIZE_MAX

struct verify_file { /* one segment as it came */
    uint8_t *bytes;
    struct segment_name name;
    struct segment s;
    const struct verify_pack *pack;
    uint8_t (*head)[HASH_LEN]; /* NULL: refused as a whole */
    uint32_t good;             /* entries vouched for, from the front */
    enum verdict fault;        /* VERDICT_INTACT, or why not all of it counts */
};
struct verify_files {
    struct verify_file *file;
    size_t count;
};

struct verify_history {
    struct verify_slot *slot; /* all that is vouched for, by position and head, each once */
    size_t slots;
    struct verify_slot *loose; /* the others, by position */
    size_t looses;
    struct verify_slot **chain; /* the one history that is read, in order of position */
    size_t count;
    uint64_t
        fork; /* position where it ends because histories part and nobody has chosen; 0: none */
};

/** The archive's pack with this hash, NULL if there is none. */
const struct verify_pack *verify_find_pack(const struct verify_report *r,
                                           const uint8_t hash[HASH_LEN]);
/** True if ${next} is ${p} or follows it, directly or not. */
bool verify_is_behind(const struct verify_report *r, const struct verify_pack *next,
                      const struct verify_pack *p);

/** Add a line and raise the device's verdict; one that continues the line before it lengthens that.
 * ${why} NULL: verdict_text. */
enum err verify_add(struct verify_run *run, size_t device, enum verdict v, const char *why,
                    uint64_t stream, uint64_t first, uint64_t last);
/** The same for one entry, which keeps its verdict. */
enum err verify_mark(struct verify_run *run, size_t device, struct verify_slot *s, enum verdict v,
                     const char *why);
/** Parse a notice that a researcher of any pack of the archive signed for ${device}. */
bool verify_notice(const struct verify_report *r, const uint8_t device[32], struct bytes file,
                   struct notice *out);

enum err verify_files_read(struct verify_run *run, size_t device, struct verify_files *out);
void verify_files_free(struct verify_files *f);
/** Put right in ${f}, which is damaged, what the signatures allow; its good entries are more then.
 */
void verify_heal(struct verify_run *run, const struct verify_files *files, struct verify_file *f);
/** Say what is wrong with each; a bad copy of what also came whole is harmless. */
enum err verify_files_say(struct verify_run *run, size_t device, const struct verify_files *f,
                          const struct verify_history *h);

/** Gather the entries of ${f}. The history must be freed whatever is returned. */
enum err verify_history_gather(const struct verify_files *f, struct verify_history *out);
void verify_history_free(struct verify_history *h);
/** Leave out what cannot be in one history with an entry chosen: of the choices, given later counts
 * first. ${n} entries of position and head. */
struct verify_choice {
    uint64_t n;
    uint8_t head[HASH_LEN];
};
void verify_history_choose(struct verify_history *h, const struct verify_choice *choice, size_t n);
/** Choose the one history up to position ${last}, tell gaps, forks and what is left out. */
enum err verify_history_walk(struct verify_run *run, size_t device, struct verify_history *h,
                             uint64_t last);

/** Steps 7 to 12 for the history. */
enum err verify_open(struct verify_run *run, size_t device, struct verify_history *h,
                     const struct verify_choice *choice, size_t choices);

/** What the branches of ${fork} say of when and by whom they were written. ${mac}: k of position
 * ${mac_n} of the chain in front, NULL where it is not known. ${front}: clocks of the entry in
 * front, or NULL. ERR_NOMEM; else told in the branches. */
enum err verify_branch_look(struct verify_run *run, const struct verify_history *h,
                            struct verify_fork *fork, const struct secret *mac, uint64_t mac_n,
                            const struct entry_clocks *front);

/** Read the codes of the archive, look each up among the entries of a device (any that came,
 * counted or not), and judge what was found nowhere. */
enum err verify_closing_read(struct verify_run *run);
void verify_closing_look(struct verify_run *run, size_t device, const struct verify_history *h,
                         uint64_t last);
enum err verify_closing_end(struct verify_run *run);

/** Streams and runs of one device, with the verdicts of its entries. */
enum err verify_runs(struct verify_run *run, size_t device, const struct verify_history *h);

/** Everything for one device. */
enum err verify_device(struct verify_run *run, size_t device);

/** True if the MAC of ${s} is that of key ${k}; the entry must be vouched for. */
bool verify_mac(const uint8_t k[32], const struct verify_slot *s);

#endif
