#include <sodium.h>
#include <stdio.h>

#include "admin/command/command.h"
#include "admin/command/options.h"
#include "admin/frame/fold.h"
#include "core/log.h"

static const char usage[] =
    "usage: sanaq-admin golive ARCHIVE --key FILE.key [--passphrase-file FILE]\n\n"
    "Adds this person's signature for going live under the newest pack, after a test interview "
    "from "
    "a real laptop\n"
    "was opened with this very key. When everybody who reads has signed, researchers and "
    "supervisors, send brings it\n"
    "to the laptops; until then their screens say TEST.\n";

struct going {
    const struct pack *pack;
    size_t signatures;
};

static enum err count_signature(void *ctx, const char *name, struct bytes row)
{
    struct going *g = ctx;
    (void)name, (void)row;
    g->signatures++;
    return ERR_OK;
}

static bool opened_a_test(const struct fold *f, const struct verify_pack *p)
{
    for (size_t i = 0; i < f->contacts; i++) {
        const struct fold_contact *c = &f->contact[i];
        if (c->test && !c->simulated && c->ended && c->assigned && c->pack == p)
            return true;
    }
    return false;
}

static enum err judge(const struct verify_report *r, const struct fold *f,
                      const struct studykey *key, const struct verify_pack *pack)
{
    if (key->cost.ops < crypto_pwhash_OPSLIMIT_SENSITIVE ||
        key->cost.mem < crypto_pwhash_MEMLIMIT_SENSITIVE)
        return log_fail(
            ERR_STATE,
            "this study key was made with a lower cost than the default, which is for trials "
            "only; make the real one with keygen and a new pack");
    for (size_t i = 0; i < r->devices; i++) {
        const struct verify_device *d = &r->device[i];
        if (d->approved && d->pack == pack && d->cost_mem != 0 &&
            (d->cost_ops < crypto_pwhash_OPSLIMIT_MODERATE ||
             d->cost_mem < crypto_pwhash_MEMLIMIT_MODERATE))
            return log_fail(
                ERR_STATE,
                "the laptop %s was set up with a lower cost than the default; set it up anew",
                d->words);
    }
    if (!opened_a_test(f, pack))
        return log_fail(
            ERR_STATE,
            "no test interview from a real laptop was opened with this key under pack number %u; "
            "conduct one, sync, pull, approve, and try again",
            (unsigned)pack->pack->number);
    return ERR_OK;
}

static const struct verify_pack *newest_of(const struct verify_report *r,
                                           const struct studykey *key)
{
    const struct verify_pack *p = NULL;
    for (size_t i = 0; i < r->packs; i++)
        if (notice_golive_place(r->pack[i].pack, key->pub.sign) >= 0 &&
            (p == NULL || r->pack[i].pack->number > p->pack->number))
            p = &r->pack[i];
    return p;
}

static enum err sign(struct archive *a, const struct studykey *key)
{
    struct verify_report *r = NULL;
    struct fold f = {0};
    struct going g = {0};
    uint8_t sig[SIGN_LEN];
    enum err e = verify_archive(a, key, fold_event, &f, &r);
    const struct verify_pack *p = e == ERR_OK ? newest_of(r, key) : NULL;
    if (e == ERR_OK && p == NULL)
        e = log_fail(ERR_KEY,
                     "only those who read under a pack in this archive may sign for going live");
    if (e == ERR_OK)
        e = judge(r, &f, key, p);
    if (e == ERR_OK) {
        notice_golive_sign(p->pack->hash, secret_view(key->sign), sig);
        e = archive_put_golive(a, p->pack->hash,
                               (uint8_t)notice_golive_place(p->pack, key->pub.sign), sig);
    }
    if (e == ERR_OK)
        e = archive_each_golive(a, p->pack->hash, count_signature, &g);
    if (e == ERR_OK)
        printf("%zu of %zu have signed for pack number %u%s\n", g.signatures,
               notice_golive_recipients(p->pack), (unsigned)p->pack->number,
               g.signatures == notice_golive_recipients(p->pack)
                   ? "; use send to bring it to the laptops"
                   : "");
    fold_free(&f);
    verify_free(r);
    return e;
}

enum err command_golive(int argc, char **argv)
{
    struct options o;
    struct archive *a = NULL;
    struct studykey *key = NULL;
    enum err e = options_parse(argc, argv, TAKES_KEY | TAKES_PASSPHRASE, usage, &o);
    if (e != ERR_OK || o.help)
        return e;
    if (o.words != 1)
        return log_fail(ERR_USAGE,
                        "golive takes one archive: sanaq-admin golive ARCHIVE --key FILE.key");
    if ((e = options_need("golive", o.key, "--key FILE.key")) != ERR_OK)
        return e;
    e = archive_open(o.word[0], false, &a);
    if (e == ERR_OK)
        e = studykey_unlock(o.key, o.passphrase_file, &key);
    if (e == ERR_OK)
        e = sign(a, key);
    studykey_free(key);
    archive_close(a);
    return e;
}
