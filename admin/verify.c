#include "admin/verify.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "admin/verify_device.h"
#include "core/device.h"
#include "core/log.h"
#include "core/segment.h"
#include "core/succession.h"

static const struct {
    const char *name, *text;
    enum err e;
} verdicts[] = {
    [VERDICT_INTACT] = {"intact", "whole and in order", ERR_OK},
    [VERDICT_DUPLICATE] = {"duplicate", "a bad copy; all its entries also came whole", ERR_OK},
    [VERDICT_REPAIRED] =
        {"repaired", "changed on the way; the laptop's signatures say how it was, and it counts",
         ERR_OK},
    [VERDICT_RESUMED] =
        {"chain restarted, chosen",
         "the laptop had lost its state; a person chose its new root, and it counts", ERR_OK},
    [VERDICT_QUARANTINE] =
        {"unknown device",
         "not approved: compare its eight words with the laptop's, then use devices approve",
         ERR_PARTIAL},
    [VERDICT_REVOKED] = {"revoked", "behind the last position that counts; set aside", ERR_PARTIAL},
    [VERDICT_NOT_CHOSEN] = {"not chosen", "a person chose another history; kept, and not counted",
                            ERR_PARTIAL},
    [VERDICT_UNKNOWN_PACK] = {"unknown pack",
                              "its pack is not this archive's: not pulled yet, or of another study",
                              ERR_PARTIAL},
    [VERDICT_TRUNCATED] = {"truncated", "the segment was cut short; sync again from the laptop",
                           ERR_PARTIAL},
    [VERDICT_DAMAGED] = {"damaged", "the bytes were changed on the way; sync again from the laptop",
                         ERR_PARTIAL},
    [VERDICT_BEHIND] = {"behind damage",
                        "no signature vouches for it behind a damaged entry; sync again from the "
                        "laptop",
                        ERR_PARTIAL},
    [VERDICT_GAP] = {"gap", "these never came; sync again from the laptop", ERR_PARTIAL},
    [VERDICT_FOREIGN] = {"foreign", "a segment of another device under this name; set aside",
                         ERR_PARTIAL},
    [VERDICT_NOT_OURS] = {"not sealed to this key",
                          "its pack does not name this key; not checked with it", ERR_PARTIAL},
    [VERDICT_ROOTLESS] =
        {"without its root",
         "the root entry that its chain begins with never came or is not sealed to "
         "this key; not checked, and not counted",
         ERR_PARTIAL},
    [VERDICT_RESTARTED] =
        {"chain restarted",
         "the laptop lost its state and began again with a new root; it counts when "
         "a person has asked and chosen it",
         ERR_PARTIAL},
    [VERDICT_AWAITED] = {"not yet there",
                         "a closing code was read out for it: not brought in yet, or deleted since",
                         ERR_PARTIAL},
    [VERDICT_DIFFERS] = {"closing code differs",
                         "what was read out when the laptop was locked is not what came",
                         ERR_DOUBT},
    [VERDICT_FORK] =
        {"fork",
         "two histories of one laptop (a copy, a restored disk, or a disk that lost writes); "
         "neither counts until a person has looked",
         ERR_DOUBT},
    [VERDICT_FORGED] = {"forged", "not sealed by the laptop's own chain", ERR_DOUBT},
    [VERDICT_ASSIGNMENT] = {"assignment not the key's",
                            "a draw differs from what the sealed root dictates", ERR_DOUBT},
};
_Static_assert(sizeof verdicts / sizeof *verdicts == VERDICT__COUNT, "one row per verdict");

const char *verdict_name(enum verdict v)
{
    return verdicts[v].name;
}

const char *verdict_text(enum verdict v)
{
    return verdicts[v].text;
}

enum err verdict_err(enum verdict v)
{
    return verdicts[v].e;
}

/* ---- packs ---- */

static void quiet(void *ctx, bool warning, unsigned line, const char *what)
{
    (void)ctx;
    if (!warning)
        log_note("a pack of the archive, line %u: %s", line, what);
}

static void drop_pack(struct verify_pack *p)
{
    points_free(p->points);
    study_free(p->study);
    pack_free(p->pack);
}

static enum err add_pack(void *ctx, const char *name, struct bytes file)
{
    struct verify_report *r = ctx;
    struct verify_pack p = {0};
    (void)name;
    struct verify_pack *more = realloc(r->pack, (r->packs + 1) * sizeof *more);
    if (more == NULL)
        return ERR_NOMEM;
    r->pack = more;
    enum err e = pack_parse(file, "a pack of the archive", &p.pack);
    if (e == ERR_OK)
        e = study_parse(p.pack->study, quiet, NULL, &p.study);
    if (e == ERR_OK)
        e = points_parse(p.pack->points, p.study, quiet, NULL, &p.points);
    if (e == ERR_OK && p.points->strata != p.pack->strata)
        e = ERR_FORMAT;
    if (e == ERR_OK) {
        r->pack[r->packs++] = p;
        return ERR_OK;
    }
    drop_pack(&p);
    return e == ERR_NOMEM ? e : ERR_OK; /* its devices will be told "unknown pack" */
}

static const struct verify_pack *with_hash(const struct verify_report *r,
                                           const uint8_t hash[HASH_LEN])
{
    for (size_t i = 0; i < r->packs; i++)
        if (memcmp(r->pack[i].pack->hash, hash, HASH_LEN) == 0)
            return &r->pack[i];
    return NULL;
}

static bool follows(const struct verify_pack *next, const struct verify_pack *p)
{
    const struct edition a = {p->pack, p->study}, b = {next->pack, next->study};
    return succession_judge(&a, &b) == SUCCESSION_FOLLOWS;
}

static int by_number(const void *a, const void *b)
{
    const struct verify_pack *x = a, *y = b;
    if (x->pack->number != y->pack->number)
        return x->pack->number < y->pack->number ? -1 : 1;
    return memcmp(x->pack->hash, y->pack->hash, HASH_LEN);
}

/* Anybody can make a pack and name our keys in it: only the archive's own line counts. What the
 * archive's pack replaces is vouched for by the hash in it, what comes behind by who signed it. */
static enum err keep_own_packs(struct verify_report *r, const uint8_t pin[HASH_LEN])
{
    size_t own = 0;
    bool *trusted = calloc(r->packs > 0 ? r->packs : 1, sizeof *trusted);
    if (trusted == NULL)
        return ERR_NOMEM;
    for (const struct verify_pack *p = with_hash(r, pin); p != NULL;
         p = with_hash(r, p->pack->replaces))
        trusted[p - r->pack] = true;
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < r->packs; i++)
            for (size_t k = 0; k < r->packs && !trusted[i]; k++)
                if (trusted[k] && follows(&r->pack[i], &r->pack[k]))
                    trusted[i] = more = true;
    }
    for (size_t i = 0; i < r->packs; i++) {
        if (trusted[i])
            r->pack[own++] = r->pack[i];
        else
            drop_pack(&r->pack[i]);
    }
    r->packs = own;
    free(trusted);
    if (own > 0)
        qsort(r->pack, own, sizeof *r->pack, by_number);
    return ERR_OK;
}

const struct verify_pack *verify_find_pack(const struct verify_report *r,
                                           const uint8_t hash[HASH_LEN])
{
    return with_hash(r, hash);
}

bool verify_is_behind(const struct verify_report *r, const struct verify_pack *next,
                      const struct verify_pack *p)
{
    while (next != NULL && next != p)
        next = with_hash(r, next->pack->replaces);
    return next == p;
}

static enum err read_packs(struct archive *a, struct verify_report *r)
{
    uint8_t pin[HASH_LEN] = {0};
    bool known = false;
    enum err e = archive_pinned(a, pin, &known);
    if (e == ERR_OK)
        e = archive_each_pack(a, add_pack, r);
    if (e == ERR_OK)
        e = keep_own_packs(r, pin);
    return e;
}

static bool in_some_pack(const struct verify_report *r, const struct studykey *key)
{
    for (size_t i = 0; i < r->packs; i++)
        if ((key->role == STUDYKEY_RESEARCHER
                 ? pack_researcher(r->pack[i].pack, key->pub.sign)
                 : pack_supervisor(r->pack[i].pack, key->pub.sign)) >= 0)
            return true;
    return false;
}

/* ---- devices ---- */

static enum err add_device(void *ctx, const uint8_t id[32])
{
    struct verify_report *r = ctx;
    uint8_t hash[HASH_LEN];
    struct verify_device *more = realloc(r->device, (r->devices + 1) * sizeof *more);
    if (more == NULL)
        return ERR_NOMEM;
    r->device = more;
    struct verify_device *d = &r->device[r->devices++];
    memset(d, 0, sizeof *d);
    memcpy(d->id, id, sizeof d->id);
    device_fingerprint(id, hash);
    words_of(hash, d->words);
    return ERR_OK;
}

/* A laptop set up anew names the one it replaces; whoever approved it vouches for that. */
static void link_devices(struct verify_report *r)
{
    for (size_t i = 0; i < r->devices; i++)
        for (size_t k = 0; k < r->devices; k++)
            if (i != k && r->device[i].approved && r->device[i].has_replaced &&
                memcmp(r->device[i].replaced, r->device[k].id, 32) == 0)
                r->device[k].retired = true;
}

static enum err read_devices(struct verify_run *run)
{
    struct verify_report *r = run->report;
    enum err e = archive_each_device(run->archive, add_device, r);
    if (e == ERR_OK)
        e = verify_closing_read(run);
    for (size_t i = 0; e == ERR_OK && i < r->devices; i++)
        e = verify_device(run, i);
    if (e == ERR_OK)
        e = verify_closing_end(run);
    if (e == ERR_OK)
        link_devices(r);
    return e;
}

enum err verify_archive(struct archive *a, const struct studykey *key, verify_event *event,
                        void *ctx, struct verify_report **out)
{
    struct verify_report *r = calloc(1, sizeof *r);
    if (r == NULL)
        return ERR_NOMEM;
    struct verify_run run = {a, key, event, ctx, r, 0};
    r->opened = key != NULL;
    r->answers = key != NULL && key->role == STUDYKEY_RESEARCHER;
    enum err e = archive_freeze(a);
    if (e == ERR_OK)
        e = read_packs(a, r);
    if (e == ERR_OK && key != NULL && r->packs > 0 && !in_some_pack(r, key))
        e = log_fail(
            ERR_KEY,
            "this key is not among the researchers or supervisors of any pack in the archive; "
            "it opens nothing here");
    if (e == ERR_OK)
        e = read_devices(&run);
    archive_thaw(a);
    if (e != ERR_OK) {
        verify_free(r);
        return e;
    }
    *out = r;
    return ERR_OK;
}

void verify_free(struct verify_report *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < r->packs; i++)
        drop_pack(&r->pack[i]);
    free(r->pack);
    for (size_t i = 0; i < r->forks; i++)
        free(r->fork[i].branch);
    free(r->device);
    free(r->line);
    free(r->stream);
    free(r->run);
    free(r->fork);
    free(r->code);
    free(r);
}

static enum err worse(enum err a, enum err b)
{
    return a == ERR_DOUBT || b == ERR_OK ? a : b;
}

enum err verify_err(const struct verify_report *r)
{
    enum err worst = ERR_OK;
    for (size_t i = 0; i < r->lines; i++)
        worst = worse(worst, verdicts[r->line[i].verdict].e);
    for (size_t i = 0; i < r->codes; i++)
        worst = worse(worst, verify_code_err(&r->code[i]));
    return worst;
}

const struct verify_device *verify_named(const struct verify_report *r, const char *named)
{
    for (size_t i = 0; i < r->devices; i++) {
        uint8_t hash[HASH_LEN];
        char id[65];
        segment_hex(r->device[i].id, 32, id);
        device_fingerprint(r->device[i].id, hash);
        if (strcmp(named, id) == 0 || words_match(hash, named))
            return &r->device[i];
    }
    return NULL;
}

void verify_say(const struct verify_report *r)
{
    char sentence[VERIFY_SENTENCE];
    for (size_t i = 0; i < r->lines; i++) {
        const struct verify_line *l = &r->line[i];
        log_note("%s, stream %" PRIu64 ", entries %" PRIu64 " to %" PRIu64 ": %s: %s",
                 r->device[l->device].words, l->stream, l->first, l->last, verdict_name(l->verdict),
                 l->why);
    }
    for (size_t i = 0; i < r->codes; i++) {
        verify_code_text(r, &r->code[i], sentence);
        if (verify_code_err(&r->code[i]) != ERR_OK)
            log_note("%s", sentence);
    }
}
