#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "admin/command/command.h"
#include "admin/command/options.h"
#include "admin/verify.h"
#include "core/device.h"
#include "core/log.h"
#include "core/segment.h"

static const char usage[] =
    "usage: sanaq-admin devices ARCHIVE [--json]\n"
    "       sanaq-admin devices ARCHIVE approve \"EIGHT WORDS\" --key FILE.key [--passphrase-file "
    "FILE]\n"
    "       sanaq-admin devices ARCHIVE revoke \"EIGHT WORDS\" --after N --key FILE.key\n\n"
    "Lists the laptops. approve: after comparing the words with the laptop's, let its results "
    "count. revoke: what\n"
    "lies behind position N counts no more. A laptop is named by its eight words or its id.\n";

static const char *state_of(const struct verify_device *d)
{
    return d->revoked ? "revoked" : d->approved ? "approved" : "quarantine";
}

static void print_text(const struct verify_report *r)
{
    for (size_t i = 0; i < r->devices; i++)
        printf("%-10s  %6" PRIu64 " entries  %s\n", state_of(&r->device[i]), r->device[i].entries,
               r->device[i].words);
    if (r->devices == 0)
        puts("no laptop has sent anything yet");
}

static enum err print_json(const struct verify_report *r)
{
    json_t *all = json_array();
    bool ok = all != NULL;
    for (size_t i = 0; ok && i < r->devices; i++) {
        char id[65];
        segment_hex(r->device[i].id, 32, id);
        ok = json_array_append_new(all,
                                   json_pack("{ss ss ss}", "id", id, "words", r->device[i].words,
                                             "state", state_of(&r->device[i]))) == 0;
    }
    ok = ok && json_dumpf(all, stdout, JSON_INDENT(2)) == 0 && putchar('\n') != EOF;
    json_decref(all);
    return ok ? ERR_OK : ERR_NOMEM;
}

/* Words may come as one argument or as eight. */
static void join(const struct options *o, int from, char *out, size_t room)
{
    out[0] = '\0';
    for (int i = from; i < o->words; i++) {
        size_t n = strlen(out);
        snprintf(out + n, room - n, "%s%s", n > 0 ? " " : "", o->word[i]);
    }
}

static struct verify_device *find(const struct verify_report *r, const char *named)
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

static enum err sign(struct archive *a, const struct verify_device *d, enum notice_kind kind,
                     const struct options *o)
{
    struct studykey *key = NULL;
    struct buffer b = {0};
    struct notice n = {.kind = kind, .n = o->after};
    enum err e = studykey_unlock(o->key, o->passphrase_file, &key);
    int place = e == ERR_OK && key->role == STUDYKEY_RESEARCHER
                    ? pack_researcher(d->pack->pack, key->pub.sign)
                    : -1;
    if (e == ERR_OK && place < 0)
        e = log_fail(ERR_KEY, "%s: only a researcher of this laptop's study may do that", o->key);
    if (e == ERR_OK) {
        memcpy(n.pack, d->pack->pack->hash, HASH_LEN);
        memcpy(n.device, d->id, 32);
        n.researcher = (uint8_t)place;
        if (kind == NOTICE_APPROVAL)
            randombytes_buf(n.value, sizeof n.value);
        e = notice_make(&n, secret_view(key->sign), &b);
    }
    if (e == ERR_OK)
        e = archive_put_notice(a, kind, d->id, buffer_view(&b), NULL);
    buffer_free(&b);
    studykey_free(key);
    return e;
}

static enum err change(struct archive *a, const struct verify_report *r, const struct options *o)
{
    char named[256];
    bool approve = strcmp(o->word[1], "approve") == 0;
    if (!approve && strcmp(o->word[1], "revoke") != 0)
        return log_fail(ERR_USAGE, "devices: %s is neither approve nor revoke", o->word[1]);
    enum err e = options_need("devices", o->key, "--key FILE.key");
    if (e != ERR_OK)
        return e;
    if (!approve && !o->has_after)
        return log_fail(ERR_USAGE, "devices revoke needs --after N, the last position that counts");
    join(o, 2, named, sizeof named);
    const struct verify_device *d = find(r, named);
    if (d == NULL)
        return log_fail(
            ERR_USAGE,
            "no laptop in this archive has these eight words; compare them with `sanaq-admin "
            "devices ARCHIVE` and with the laptop's screen");
    if (d->pack == NULL)
        return log_fail(ERR_STATE,
                        "this laptop's pack is not in the archive: pull from where it lies");
    if (approve && d->approved)
        return log_fail(ERR_STATE, "this laptop is approved already");
    e = sign(a, d, approve ? NOTICE_APPROVAL : NOTICE_REVOCATION, o);
    if (e == ERR_OK && approve)
        printf("approved: %s\nUse send to bring the approval back to the laptop.\n", d->words);
    else if (e == ERR_OK)
        printf("revoked: %s; nothing behind position %" PRIu64 " counts\n", d->words, o->after);
    return e;
}

enum err command_devices(int argc, char **argv)
{
    struct options o;
    struct archive *a = NULL;
    struct verify_report *r = NULL;
    enum err e = options_parse(argc, argv, TAKES_KEY | TAKES_PASSPHRASE | TAKES_JSON | TAKES_AFTER,
                               usage, &o);
    if (e != ERR_OK || o.help)
        return e;
    if (o.words < 1)
        return log_fail(ERR_USAGE, "devices takes an archive: sanaq-admin devices ARCHIVE");
    e = archive_open(o.word[0], false, &a);
    if (e == ERR_OK)
        e = verify_archive(a, NULL, NULL, NULL, &r);
    if (e == ERR_OK && o.words > 1)
        e = change(a, r, &o);
    else if (e == ERR_OK && o.json)
        e = print_json(r);
    else if (e == ERR_OK)
        print_text(r);
    verify_free(r);
    archive_close(a);
    return e;
}
