#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "admin/command/command.h"
#include "admin/command/options.h"
#include "admin/laptop_store.h"
#include "admin/unseal.h"
#include "admin/verify.h"
#include "core/file.h"
#include "core/log.h"
#include "core/segment.h"

static const char usage[] =
    "usage: sanaq-admin keycheck FILE.key [PACK | ARCHIVE] [--passphrase-file FILE]\n\n"
    "Is this the right key? Opens it with its passphrase and says whose it is; with a pack, its "
    "place "
    "in it; with an\n"
    "archive, its place in every pack, and whether it opens what laptops sealed. Nothing of that "
    "is "
    "shown.\n"
    "Exit status: 0 it is, 1 it should open what is there and does not, 3 it is not, 4 it opens a "
    "part.\n";

enum { PART_MAX = 4096 };

static const char *role_of(const struct studykey *k)
{
    return k->role == STUDYKEY_RESEARCHER ? "researcher" : "supervisor";
}

/* A file put together from two people's halves would open nothing, or sign for somebody else. */
static enum err check_halves(const struct studykey *k, const char *path)
{
    uint8_t sign[32], box[32];
    crypto_sign_ed25519_sk_to_pk(sign, secret_view(k->sign));
    if (crypto_scalarmult_base(box, secret_view(k->box)) != 0 ||
        memcmp(sign, k->pub.sign, 32) != 0 || memcmp(box, k->pub.box, 32) != 0)
        return log_fail(ERR_DOUBT, "%s: its secret and public halves do not belong together", path);
    return ERR_OK;
}

/* ${found}: the pack names this key. */
static enum err say_place(const struct pack *p, const struct studykey *k, bool *found)
{
    bool researcher = k->role == STUDYKEY_RESEARCHER;
    int place = researcher ? pack_researcher(p, k->pub.sign) : pack_supervisor(p, k->pub.sign);
    size_t all = researcher ? p->researchers : p->supervisors;
    char words[WORDS_TEXT];
    words_of(p->hash, words);
    *found = place >= 0 && unseal_is_ours(p, k);
    if (*found)
        printf("pack %u, %s: %s %d of %zu%s\n", (unsigned)p->number, words, role_of(k), place + 1,
               all, researcher && (size_t)place == p->signer ? ", its signer" : "");
    else
        printf("pack %u, %s: does not name this key\n", (unsigned)p->number, words);
    return place >= 0 && !*found
               ? log_fail(ERR_DOUBT,
                          "pack %u names this signing key with another sealing key: what is "
                          "sealed under it does not open with this file",
                          (unsigned)p->number)
               : ERR_OK;
}

static enum err check_pack(const char *path, const struct studykey *k)
{
    struct buffer b = {0};
    struct pack *p = NULL;
    bool found = false;
    enum err e = file_read(path, PACK_MAX_BYTES, false, &b);
    if (e == ERR_OK)
        e = pack_parse(buffer_view(&b), path, &p);
    if (e == ERR_OK)
        e = say_place(p, k, &found);
    if (e == ERR_OK && !found)
        e = log_fail(ERR_KEY, "%s: this %s's key is not in it", path, role_of(k));
    pack_free(p);
    buffer_free(&b);
    return e;
}

/* ---- an archive ---- */

struct trying {
    const struct verify_report *report;
    const struct studykey *key;
    size_t ours, opened, others; /* sessions */
    uint8_t last[HASH_LEN];      /* stream id of the last one tried */
};

static bool opens(const struct trying *t, const struct segment *s, const struct pack *pack)
{
    struct unseal *u = NULL;
    uint8_t *part = malloc((size_t)2 * PART_MAX);
    bool ok = part != NULL && unseal_begin(&s->pre, pack, t->key, &u) == ERR_OK;
    ok = ok && (s->count == 0 ||
                unseal_entry(u, s->first, intake_entry(s, 0), part, part + PART_MAX) == ERR_OK);
    unseal_free(u);
    if (part != NULL)
        secret_wipe(part, (size_t)2 * PART_MAX);
    free(part);
    return ok;
}

static enum err try_segment(void *ctx, const char *name, struct bytes file)
{
    struct trying *t = ctx;
    struct segment s;
    const struct pack *pack = NULL;
    (void)name;
    if (intake_read(file, &s) != ERR_OK || !intake_in_range(&s) ||
        memcmp(s.pre.id, t->last, HASH_LEN) == 0)
        return ERR_OK;
    for (size_t i = 0; i < t->report->packs; i++)
        if (memcmp(t->report->pack[i].pack->hash, s.pre.pack, HASH_LEN) == 0)
            pack = t->report->pack[i].pack;
    if (pack == NULL || intake_check_preamble(&s.pre, pack) != ERR_OK)
        return ERR_OK;
    memcpy(t->last, s.pre.id, HASH_LEN);
    bool ours = unseal_is_ours(pack, t->key);
    t->others += !ours;
    t->ours += ours;
    t->opened += ours && opens(t, &s, pack);
    return ERR_OK;
}

static enum err judge(const struct trying *t)
{
    if (t->ours + t->others == 0)
        puts("nothing has been sealed yet: no session of a laptop is in this archive");
    else
        printf("sessions sealed to this key: %zu, opened: %zu; sealed to others only: %zu\n",
               t->ours, t->opened, t->others);
    if (t->opened < t->ours)
        return log_fail(ERR_DOUBT, "what should open with this key does not: see verify");
    return t->others > 0 && t->ours > 0 ? ERR_PARTIAL : ERR_OK;
}

static enum err check_archive(const char *path, const struct studykey *k)
{
    struct archive *a = NULL;
    struct verify_report *r = NULL;
    size_t named = 0;
    enum err e = archive_open(path, false, &a);
    if (e == ERR_OK)
        e = verify_archive(a, NULL, NULL, NULL, &r);
    struct trying t = {.report = r, .key = k};
    for (size_t i = 0; e == ERR_OK && i < r->packs; i++) {
        bool found = false;
        e = say_place(r->pack[i].pack, k, &found);
        named += found;
    }
    if (e == ERR_OK && named == 0)
        e = log_fail(ERR_KEY,
                     "%s: no pack of this archive names this %s's key; it opens nothing here", path,
                     role_of(k));
    for (size_t i = 0; e == ERR_OK && i < r->devices; i++)
        e = archive_each_segment(a, r->device[i].id, try_segment, &t);
    if (e == ERR_OK)
        e = judge(&t);
    verify_free(r);
    archive_close(a);
    return e;
}

enum err command_keycheck(int argc, char **argv)
{
    struct options o;
    struct studykey *k = NULL;
    uint8_t hash[HASH_LEN];
    char words[WORDS_TEXT];
    enum err e = options_parse(argc, argv, TAKES_PASSPHRASE, usage, &o);
    if (e != ERR_OK || o.help)
        return e;
    if (o.words < 1 || o.words > 2)
        return log_fail(ERR_USAGE,
                        "keycheck takes a key, and a pack or an archive: sanaq-admin keycheck "
                        "FILE.key [PACK | ARCHIVE]");
    e = studykey_unlock(o.word[0], o.passphrase_file, &k);
    if (e == ERR_OK)
        e = check_halves(k, o.word[0]);
    if (e == ERR_OK) {
        pack_key_fingerprint(&k->pub, hash);
        words_of(hash, words);
        printf("%s: a %s's key, opened with its passphrase; its words: %s\n", o.word[0], role_of(k),
               words);
    }
    if (e == ERR_OK && o.words == 2)
        e = laptop_store_is(o.word[1]) ? check_archive(o.word[1], k) : check_pack(o.word[1], k);
    studykey_free(k);
    return e;
}
