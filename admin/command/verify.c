#include "admin/verify.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#include "admin/command/command.h"
#include "admin/command/options.h"
#include "admin/frame/fold.h"
#include "core/log.h"
#include "core/segment.h"

static const char usage[] =
    "usage: sanaq-admin verify ARCHIVE --key FILE.key [--passphrase-file FILE] [--json]\n\n"
    "Reads everything in the archive, gives every piece a verdict, replays every draw and balances "
    "both ledgers.\n"
    "Exit status: 0 all intact, 1 something counted is in doubt, 4 pieces were set aside.\n";

enum { MAX_CODES = 64 };

struct ledgers {
    struct fold_draws draws;
    uint64_t final[MAX_CODES], contacts, unfinished;
    bool balanced;
};

static void balance(const struct fold *f, struct ledgers *l)
{
    const struct fold_draws *d = &l->draws;
    uint64_t finals = 0;
    size_t codes = 0;
    disposition_table(&codes);
    fold_draws(f, &l->draws);
    fold_finals(f, l->final);
    l->contacts = f->contacts;
    l->unfinished = 0;
    for (size_t i = 0; i < f->contacts; i++)
        l->unfinished += !f->contact[i].ended;
    for (size_t k = 0; k < codes; k++)
        finals += l->final[k];
    l->balanced = finals + l->unfinished == l->contacts &&
                  d->assigned == d->counted + d->dont_know + d->refused + d->broken_off +
                                     d->voided + d->withdrawn + d->unfinished;
}

/* ---- for people ---- */

static void print_packs(const struct verify_report *r)
{
    for (size_t i = 0; i < r->packs; i++) {
        char words[WORDS_TEXT];
        words_of(r->pack[i].pack->hash, words);
        printf("study %s, pack %" PRIu32 ": %s\n", r->pack[i].study->id, r->pack[i].pack->number,
               words);
    }
}

static void print_devices(const struct verify_report *r)
{
    for (size_t i = 0; i < r->devices; i++)
        printf("%-24s %7" PRIu64 " entries  %s\n", verdict_name(r->device[i].verdict),
               r->device[i].entries, r->device[i].words);
    for (size_t i = 0; i < r->lines; i++) {
        const struct verify_line *l = &r->line[i];
        printf("  %s: stream %" PRIu64 ", entries %" PRIu64 " to %" PRIu64 ": %s: %s\n",
               r->device[l->device].words, l->stream, l->first, l->last, verdict_name(l->verdict),
               verdict_text(l->verdict));
    }
}

static void print_ledgers(const struct verify_report *r, const struct ledgers *l)
{
    size_t codes = 0;
    const struct disposition *table = disposition_table(&codes);
    printf("\naddresses: issued not known; %" PRIu64 " contacts, %" PRIu64 " still open\n",
           l->contacts, l->unfinished);
    for (size_t k = 0; k < codes; k++)
        if (l->final[k] > 0)
            printf("  %-6s %7" PRIu64 "  %s\n", table[k].number, l->final[k], table[k].text);
    if (!r->answers) {
        puts("draws, assignment: not checked with this key");
        return;
    }
    const struct fold_draws *d = &l->draws;
    printf("draws: %" PRIu64 " assigned = %" PRIu64 " counted + %" PRIu64 " don't know + %" PRIu64
           " refused + %" PRIu64 " broken off + %" PRIu64 " void + %" PRIu64 " withdrawn + %" PRIu64
           " unfinished\n",
           d->assigned, d->counted, d->dont_know, d->refused, d->broken_off, d->voided,
           d->withdrawn, d->unfinished);
    if (d->test + d->simulated > 0)
        printf("  of them %" PRIu64 " in test interviews and %" PRIu64 " simulated\n", d->test,
               d->simulated);
    printf("assignment: %" PRIu64 " interviews replayed, %" PRIu64
           " not as the key dictates; %" PRIu64 " drawn before approval\n",
           r->replayed, r->mismatched, r->before_approval);
}

static void print_text(const struct verify_report *r, const struct ledgers *l, enum err e)
{
    print_packs(r);
    print_devices(r);
    print_ledgers(r, l);
    puts(e == ERR_OK      ? "all intact"
         : e == ERR_DOUBT ? "SOMETHING COUNTED IS IN DOUBT: see above"
                          : "some pieces were set aside: see above");
}

/* ---- for programs ---- */

static json_t *number(uint64_t n)
{
    return json_integer((json_int_t)n);
}

static json_t *json_devices(const struct verify_report *r)
{
    json_t *all = json_array();
    for (size_t i = 0; i < r->devices; i++) {
        char id[65];
        segment_hex(r->device[i].id, 32, id);
        json_array_append_new(all, json_pack("{ss ss ss so}", "id", id, "words", r->device[i].words,
                                             "verdict", verdict_name(r->device[i].verdict),
                                             "entries", number(r->device[i].entries)));
    }
    return all;
}

static json_t *json_draws(const struct verify_report *r, const struct fold_draws *d)
{
    if (!r->answers)
        return json_null();
    return json_pack("{so so so so so so so so so so}", "assigned", number(d->assigned), "counted",
                     number(d->counted), "dont_know", number(d->dont_know), "refused",
                     number(d->refused), "broken_off", number(d->broken_off), "void",
                     number(d->voided), "withdrawn", number(d->withdrawn), "unfinished",
                     number(d->unfinished), "test", number(d->test), "simulated",
                     number(d->simulated));
}

static json_t *json_addresses(const struct ledgers *l)
{
    size_t codes = 0;
    const struct disposition *table = disposition_table(&codes);
    json_t *final = json_object();
    for (size_t k = 0; k < codes; k++)
        if (l->final[k] > 0)
            json_object_set_new(final, table[k].number, number(l->final[k]));
    return json_pack("{so so so so}", "issued", json_null(), "contacts", number(l->contacts),
                     "final", final, "open", number(l->unfinished));
}

static json_t *json_verdicts(const struct verify_report *r)
{
    json_t *all = json_array();
    for (size_t i = 0; i < r->lines; i++) {
        const struct verify_line *l = &r->line[i];
        char id[65];
        segment_hex(r->device[l->device].id, 32, id);
        json_array_append_new(all, json_pack("{ss so so so ss ss}", "device", id, "stream",
                                             number(l->stream), "first", number(l->first), "last",
                                             number(l->last), "verdict", verdict_name(l->verdict),
                                             "what", verdict_text(l->verdict)));
    }
    return all;
}

static enum err print_json(const struct verify_report *r, const struct ledgers *l, enum err e)
{
    json_t *assignment =
        r->answers ? json_pack("{so so so}", "replayed", number(r->replayed), "mismatched",
                               number(r->mismatched), "before_approval", number(r->before_approval))
                   : json_null();
    json_t *all = json_pack("{sb so so so so so}", "ok", e == ERR_OK, "devices", json_devices(r),
                            "draws", json_draws(r, &l->draws), "addresses", json_addresses(l),
                            "assignment", assignment, "verdicts", json_verdicts(r));
    bool ok = all != NULL && json_dumpf(all, stdout, JSON_INDENT(2)) == 0 && putchar('\n') != EOF;
    json_decref(all);
    return ok ? e : ERR_NOMEM;
}

static enum err run(struct archive *a, const struct studykey *key, bool json)
{
    struct verify_report *r = NULL;
    struct fold f = {0};
    struct ledgers l = {{0}, {0}, 0, 0, false};
    enum err e = verify_archive(a, key, fold_event, &f, &r);
    if (e == ERR_OK) {
        balance(&f, &l);
        e = verify_err(r);
        if (f.irregular > 0)
            e = log_fail(ERR_DOUBT,
                         "%zu entries say again what their contact had said; they were not taken",
                         f.irregular);
        if (!l.balanced)
            e = log_fail(ERR_DOUBT, "the ledgers do not balance");
        if (json)
            e = print_json(r, &l, e);
        else
            print_text(r, &l, e);
    }
    fold_free(&f);
    verify_free(r);
    return e;
}

enum err command_verify(int argc, char **argv)
{
    struct options o;
    struct archive *a = NULL;
    struct studykey *key = NULL;
    enum err e = options_parse(argc, argv, TAKES_KEY | TAKES_PASSPHRASE | TAKES_JSON, usage, &o);
    if (e != ERR_OK || o.help)
        return e;
    if (o.words != 1)
        return log_fail(ERR_USAGE,
                        "verify takes one archive: sanaq-admin verify ARCHIVE --key FILE.key");
    if ((e = options_need("verify", o.key, "--key FILE.key")) != ERR_OK)
        return e;
    e = archive_open(o.word[0], false, &a);
    if (e == ERR_OK)
        e = studykey_unlock(o.key, o.passphrase_file, &key);
    if (e == ERR_OK)
        e = run(a, key, o.json);
    studykey_free(key);
    archive_close(a);
    return e;
}
