#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/command/command.h"
#include "admin/command/options.h"
#include "admin/pack_file.h"
#include "admin/verify.h"
#include "core/file.h"
#include "core/log.h"
#include "core/segment.h"

static const char usage[] =
    "usage: sanaq-admin send ARCHIVE TARGET... --key FILE.key [--pack NEW.pack]\n"
    "                        [--passphrase-file FILE]\n\n"
    "Verifies, then writes to each TARGET (dir:PATH) what laptops take back at their next sync: "
    "receipts,\n"
    "approvals, packs, and go-live files that everybody who reads has signed. --pack takes a pack "
    "that replaces\n"
    "one of the archive's into the archive first (made with pack --replaces). A laptop that went "
    "on "
    "under another\n"
    "pack gets its next approval by itself: its words are the same.\n";

struct sending {
    struct archive *archive;
    const struct studykey *key;
    const struct verify_report *report;
    const struct pack *fresh; /* taken in by this very command, or NULL */
    const char *folder;
    unsigned receipts, approvals;
    /* go-live signatures of one pack */
    uint8_t sig[PACK_MAX_RESEARCHERS + PACK_MAX_SUPERVISORS][SIGN_LEN];
    size_t sigs;
};

static enum err put(const struct sending *s, const char *dir, const char *name, const char *end,
                    struct bytes b)
{
    char file[128];
    snprintf(file, sizeof file, "%s/%s%s", dir, name, end);
    char *path = file_join(s->folder, file);
    enum err e = path == NULL ? ERR_NOMEM : file_write(path, b, 0644, true);
    free(path);
    return e;
}

/* Only what came whole, in one chain and without doubt is confirmed. */
static bool may_confirm(const struct verify_device *d)
{
    return d->approved && d->whole_to > 0 && verdict_err(d->verdict) != ERR_DOUBT;
}

static enum err send_receipt(struct sending *s, const struct verify_device *d, const char *name)
{
    struct buffer b = {0};
    struct notice n = {.kind = NOTICE_RECEIPT, .n = d->whole_to};
    memcpy(n.pack, d->pack->pack->hash, HASH_LEN);
    memcpy(n.device, d->id, 32);
    memcpy(n.value, d->head, HASH_LEN);
    n.researcher = (uint8_t)pack_researcher(d->pack->pack, s->key->pub.sign);
    enum err e = notice_make(&n, secret_view(s->key->sign), &b);
    if (e == ERR_OK)
        e = put(s, "down", name, ".receipt", buffer_view(&b));
    s->receipts += e == ERR_OK;
    buffer_free(&b);
    return e;
}

struct first_approval {
    const struct verify_device *device;
    const struct pack *pack;
    struct buffer bytes;
};

/* The first valid one of a pack: laptops take one and only one. */
static enum err keep_first(void *ctx, const char *name, struct bytes file)
{
    struct first_approval *fa = ctx;
    struct notice n;
    (void)name;
    if (fa->bytes.len == 0 && notice_parse(file, fa->pack, &n) == ERR_OK &&
        memcmp(n.device, fa->device->id, 32) == 0)
        buffer_add(&fa->bytes, file.p, file.len);
    return fa->bytes.failed ? ERR_NOMEM : ERR_OK;
}

/* The person has compared the words of the device's key, which is the same under every pack. Only
 * once all it sealed has come: whoever knew the random bytes before making the root could choose
 * the draws.
 */
static enum err approve_again(struct sending *s, const struct verify_device *d, struct buffer *out)
{
    struct notice n = {.kind = NOTICE_APPROVAL};
    if (!may_confirm(d) || d->entries != d->whole_to)
        return ERR_OK;
    memcpy(n.pack, d->pack->pack->hash, HASH_LEN);
    memcpy(n.device, d->id, 32);
    randombytes_buf(n.value, sizeof n.value);
    n.researcher = (uint8_t)pack_researcher(d->pack->pack, s->key->pub.sign);
    enum err e = notice_make(&n, secret_view(s->key->sign), out);
    return e == ERR_OK
               ? archive_put_notice(s->archive, NOTICE_APPROVAL, d->id, buffer_view(out), NULL)
               : e;
}

/* The approval for the pack that the device is under goes under the device's name; those of packs
 * before stay beside it, so that an archive can be made anew from the target. */
static enum err send_approval(struct sending *s, const struct verify_device *d,
                              const struct verify_pack *p, const char *name)
{
    struct first_approval fa = {.device = d, .pack = p->pack};
    char ending[32] = ".approval", hex[17];
    enum err e = archive_each_notice(s->archive, NOTICE_APPROVAL, d->id, keep_first, &fa);
    if (e == ERR_OK && fa.bytes.len == 0 && p == d->pack)
        e = approve_again(s, d, &fa.bytes);
    if (p != d->pack) {
        segment_hex(p->pack->hash, 8, hex);
        snprintf(ending, sizeof ending, "-%s.approval", hex);
    }
    if (e == ERR_OK && fa.bytes.len > 0)
        e = put(s, "down", name, ending, buffer_view(&fa.bytes));
    s->approvals += e == ERR_OK && fa.bytes.len > 0 && p == d->pack;
    buffer_free(&fa.bytes);
    return e;
}

static enum err send_device(struct sending *s, const struct verify_device *d)
{
    char name[65];
    enum err e = ERR_OK;
    segment_hex(d->id, 32, name);
    if (d->pack == NULL || pack_researcher(d->pack->pack, s->key->pub.sign) < 0)
        return ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < s->report->packs; i++)
        e = send_approval(s, d, &s->report->pack[i], name);
    return e == ERR_OK && may_confirm(d) ? send_receipt(s, d, name) : e;
}

static enum err take_signature(void *ctx, const char *name, struct bytes row)
{
    struct sending *s = ctx;
    (void)name;
    if (row.p[0] == s->sigs && s->sigs < PACK_MAX_RESEARCHERS + PACK_MAX_SUPERVISORS)
        memcpy(s->sig[s->sigs++], row.p + 1, SIGN_LEN);
    return ERR_OK;
}

static enum err send_pack(struct sending *s, const struct pack *pack)
{
    struct buffer b = {0};
    char name[65];
    segment_hex(pack->hash, HASH_LEN, name);
    enum err e = put(s, "packs", name, ".pack", buffer_view(&pack->bytes));
    s->sigs = 0;
    if (e == ERR_OK)
        e = archive_each_golive(s->archive, pack->hash, take_signature, s);
    if (e != ERR_OK || s->sigs < notice_golive_recipients(pack))
        return e;
    notice_golive_make(pack, (const uint8_t(*)[SIGN_LEN])s->sig, &b);
    e = b.failed ? ERR_NOMEM : notice_golive_check(buffer_view(&b), pack);
    if (e == ERR_OK)
        e = put(s, "down", name, ".golive", buffer_view(&b));
    buffer_free(&b);
    return e;
}

static enum err send_to(struct sending *s, const char *target)
{
    if (strncmp(target, "dir:", 4) != 0)
        return log_fail(ERR_UNSUPPORTED, "%s: this version sends to a folder only; write dir:PATH",
                        target);
    s->folder = target + 4;
    char *down = file_join(s->folder, "down"), *packs = file_join(s->folder, "packs");
    enum err e = down == NULL || packs == NULL ? ERR_NOMEM : file_make_shared_dir(down);
    if (e == ERR_OK)
        e = file_make_shared_dir(packs);
    for (size_t i = 0; e == ERR_OK && i < s->report->packs; i++)
        e = send_pack(s, s->report->pack[i].pack);
    if (e == ERR_OK && s->fresh != NULL)
        e = send_pack(s, s->fresh);
    for (size_t i = 0; e == ERR_OK && i < s->report->devices; i++)
        e = send_device(s, &s->report->device[i]);
    free(down);
    free(packs);
    return e;
}

/* Of all reasons why a pack follows none of the archive's, the one that a person can mend. */
static enum err say_why(const struct verify_report *r, const struct edition *next, const char *path)
{
    for (size_t i = 0; i < r->packs; i++) {
        const struct edition now = {r->pack[i].pack, r->pack[i].study};
        switch (succession_judge(&now, next)) {
        case SUCCESSION_CIRCLE:
            return log_fail(
                ERR_SIGNATURE,
                "%s: it changes who reads, who signs or where results go, and needs a second "
                "researcher's signature first: sanaq-admin sign %s --key SECOND.key",
                path, path);
        case SUCCESSION_STUDY:
            return log_fail(ERR_STUDY, "%s: this pack is of another study than the one it replaces",
                            path);
        case SUCCESSION_NUMBER:
            return log_fail(ERR_STUDY,
                            "%s: its number is not higher than that of the one it replaces", path);
        default:
            break;
        }
    }
    return log_fail(
        ERR_STATE,
        "%s: this pack replaces none of the archive's; make it with pack --replaces and "
        "the pack that the laptops are under",
        path);
}

static enum err take_pack(struct archive *a, const struct verify_report *r, const char *path,
                          struct pack_file *out)
{
    struct edition next;
    enum err e = pack_file_read(path, out);
    if (e != ERR_OK)
        return e;
    bool own = false;
    next = (struct edition){out->pack, out->study};
    for (size_t i = 0; i < r->packs && !own; i++) {
        const struct edition now = {r->pack[i].pack, r->pack[i].study};
        own = succession_judge(&now, &next) == SUCCESSION_FOLLOWS ||
              memcmp(now.pack->hash, next.pack->hash, HASH_LEN) == 0;
    }
    return own ? archive_put_pack(a, out->pack->hash, buffer_view(&out->pack->bytes), NULL)
               : say_why(r, &next, path);
}

static enum err send_all(struct archive *a, const struct studykey *key, const struct options *o)
{
    struct pack_file fresh = {0};
    struct verify_report *r = NULL;
    enum err failed = ERR_OK;
    int done = 0;
    enum err e = verify_archive(a, key, NULL, NULL, &r);
    if (e == ERR_OK && o->pack != NULL)
        e = take_pack(a, r, o->pack, &fresh);
    for (int i = 1; e == ERR_OK && i < o->words; i++) {
        struct sending s = {.archive = a, .key = key, .report = r, .fresh = fresh.pack};
        enum err sent = send_to(&s, o->word[i]);
        if (sent == ERR_OK) {
            printf("%s: receipts: %u, approvals: %u\n", o->word[i], s.receipts, s.approvals);
            done++;
        } else {
            failed = sent;
        }
    }
    if (e == ERR_OK) {
        verify_say(r);
        e = failed == ERR_OK ? verify_err(r) : done > 0 ? ERR_PARTIAL : failed;
    }
    pack_file_free(&fresh);
    verify_free(r);
    return e;
}

enum err command_send(int argc, char **argv)
{
    struct options o;
    struct archive *a = NULL;
    struct studykey *key = NULL;
    enum err e = options_parse(argc, argv, TAKES_KEY | TAKES_PASSPHRASE | TAKES_PACK, usage, &o);
    if (e != ERR_OK || o.help)
        return e;
    if (o.words < 2)
        return log_fail(
            ERR_USAGE,
            "send takes an archive and targets: sanaq-admin send ARCHIVE dir:PATH --key FILE.key");
    if ((e = options_need("send", o.key, "--key FILE.key")) != ERR_OK)
        return e;
    e = archive_open(o.word[0], false, &a);
    if (e == ERR_OK)
        e = studykey_unlock(o.key, o.passphrase_file, &key);
    if (e == ERR_OK && key->role != STUDYKEY_RESEARCHER)
        e = log_fail(ERR_KEY, "%s: only a researcher's key can confirm results", o.key);
    if (e == ERR_OK)
        e = send_all(a, key, &o);
    studykey_free(key);
    archive_close(a);
    return e;
}
