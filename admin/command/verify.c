#include "admin/verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin/command/command.h"
#include "admin/command/options.h"
#include "admin/command/verify_report.h"
#include "core/log.h"
#include "core/segment.h"

static const char usage[] =
    "usage: sanaq-admin verify ARCHIVE --key FILE.key [--passphrase-file FILE] [--json]\n"
    "                          [--closing \"CODE\" [--device \"EIGHT WORDS\"]]...\n"
    "       sanaq-admin verify ARCHIVE --key FILE.key --take-back \"CODE\" --reason TEXT\n\n"
    "Reads everything in the archive, gives every laptop, session and run of entries a verdict, "
    "replays "
    "every draw and balances\n"
    "both ledgers. --closing keeps a closing code that an interviewer read out, for ever: each "
    "verify "
    "looks for all of them, and\n"
    "says what is missing. --device (words or id) says whose it is. --take-back: it was misheard; "
    "that "
    "is logged.\n"
    "Exit status: 0 all intact, 1 something counted is in doubt, 4 pieces were set aside.\n";

static void balance(const struct fold *f, const struct verify_report *r, struct ledgers *l)
{
    const struct fold_draws *d = &l->draws;
    uint64_t finals = 0;
    size_t codes = 0;
    disposition_table(&codes);
    fold_draws(f, &l->draws);
    fold_finals(f, l->final);
    l->contacts = f->contacts;
    for (size_t i = 0; i < f->contacts; i++) {
        const struct fold_contact *c = &f->contact[i];
        const struct verify_device *on = &r->device[c->device];
        l->unfinished += !c->ended;
        l->retired += !c->ended && (on->retired || c->n < on->restarted);
    }
    for (size_t k = 0; k < codes; k++)
        finals += l->final[k];
    l->balanced = finals + l->unfinished == l->contacts &&
                  d->assigned == d->counted + d->dont_know + d->refused + d->broken_off +
                                     d->voided + d->withdrawn + d->unfinished;
}

static enum err run(struct archive *a, const struct studykey *key, bool json)
{
    struct verify_report *r = NULL;
    struct fold f = {0};
    struct ledgers l = {.balanced = false};
    enum err e = verify_archive(a, key, fold_event, &f, &r);
    if (e == ERR_OK) {
        balance(&f, r, &l);
        e = verify_err(r);
        if (f.irregular > 0)
            e = log_fail(ERR_DOUBT,
                         "%zu entries say again what their contact had said; they were not taken",
                         f.irregular);
        if (!l.balanced)
            e = log_fail(ERR_DOUBT, "the ledgers do not balance");
        if (json)
            e = verify_print_json(r, &l, e);
        else
            verify_print_text(r, &l, e);
    }
    fold_free(&f);
    verify_free(r);
    return e;
}

/* ---- closing codes ---- */

/* An id may be of a laptop that has sent nothing yet; words only name one that has. */
static enum err find_device(struct archive *a, const char *named, uint8_t out[32])
{
    struct verify_report *r = NULL;
    if (strlen(named) == 64 && segment_unhex(named, 32, out))
        return ERR_OK;
    enum err e = verify_archive(a, NULL, NULL, NULL, &r);
    if (e != ERR_OK)
        return e;
    const struct verify_device *d = verify_named(r, named);
    if (d != NULL)
        memcpy(out, d->id, 32);
    else
        e = log_fail(
            ERR_USAGE,
            "--device %s: no laptop in this archive has these eight words; compare them with "
            "`sanaq-admin devices ARCHIVE`, or leave --device out",
            named);
    verify_free(r);
    return e;
}

static enum err take_back(struct archive *a, const char *code, const char *reason)
{
    bool known = false;
    enum err e = archive_begin(a);
    if (e != ERR_OK)
        return e;
    e = archive_take_back_closing(a, code, &known);
    if (e == ERR_OK && !known)
        e = log_fail(ERR_USAGE, "--take-back: this code was never given");
    if (e == ERR_OK)
        e = archive_log(a, "closing code taken back", code, reason);
    if (e == ERR_OK)
        e = archive_commit(a);
    if (e != ERR_OK)
        archive_cancel(a);
    return e;
}

struct codes {
    char digits[OPTIONS_MAX_CODES][CLOSING_TEXT], back[CLOSING_TEXT];
};

/* Before anything is opened, so that a slip costs no passphrase. */
static enum err read_codes(const struct options *o, struct codes *c)
{
    enum err e = ERR_OK;
    for (int i = 0; e == ERR_OK && i < o->closings; i++)
        e = closing_read(o->closing[i].code, c->digits[i]);
    if (e == ERR_OK && o->take_back != NULL)
        e = closing_read(o->take_back, c->back);
    if (e == ERR_OK && (o->take_back != NULL) != (o->reason != NULL && o->reason[0] != '\0'))
        e = log_fail(ERR_USAGE, "--take-back \"CODE\" and --reason TEXT go together");
    return e;
}

static enum err keep_codes(struct archive *a, const struct options *o, const struct codes *c)
{
    uint8_t device[OPTIONS_MAX_CODES][32];
    enum err e = ERR_OK;
    for (int i = 0; e == ERR_OK && i < o->closings; i++)
        if (o->closing[i].device != NULL)
            e = find_device(a, o->closing[i].device, device[i]);
    for (int i = 0; e == ERR_OK && i < o->closings; i++)
        e = archive_put_closing(a, c->digits[i], o->closing[i].device != NULL ? device[i] : NULL);
    return e == ERR_OK && o->take_back != NULL ? take_back(a, c->back, o->reason) : e;
}

enum err command_verify(int argc, char **argv)
{
    struct options o;
    struct codes c;
    struct archive *a = NULL;
    struct studykey *key = NULL;
    enum err e = options_parse(
        argc, argv, TAKES_KEY | TAKES_PASSPHRASE | TAKES_JSON | TAKES_CLOSING, usage, &o);
    if (e != ERR_OK || o.help)
        return e;
    if (o.words != 1)
        return log_fail(ERR_USAGE,
                        "verify takes one archive: sanaq-admin verify ARCHIVE --key FILE.key");
    if ((e = options_need("verify", o.key, "--key FILE.key")) != ERR_OK)
        return e;
    if ((e = read_codes(&o, &c)) != ERR_OK)
        return e;
    e = archive_open(o.word[0], false, &a);
    if (e == ERR_OK)
        e = studykey_unlock(o.key, o.passphrase_file, &key);
    if (e == ERR_OK)
        e = keep_codes(a, &o, &c);
    if (e == ERR_OK)
        e = run(a, key, o.json);
    studykey_free(key);
    archive_close(a);
    return e;
}
