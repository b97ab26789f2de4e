#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "admin/command/command.h"
#include "admin/command/options.h"
#include "admin/command/verify_report.h"
#include "core/device.h"
#include "core/log.h"
#include "core/segment.h"

static const char usage[] =
    "usage: sanaq-admin devices ARCHIVE [--key FILE.key] [--json]\n"
    "       sanaq-admin devices ARCHIVE approve \"EIGHT WORDS\" --key FILE.key [--passphrase-file "
    "FILE]\n"
    "       sanaq-admin devices ARCHIVE revoke \"EIGHT WORDS\" --after N --key FILE.key\n"
    "       sanaq-admin devices ARCHIVE choose \"EIGHT WORDS\" --branch LETTER --reason TEXT --key "
    "FILE.key\n"
    "       sanaq-admin devices ARCHIVE choose \"EIGHT WORDS\" --position N [--head HEX] --reason "
    "TEXT "
    "--key FILE.key\n\n"
    "Lists the laptops; with a key also which one was set up in the place of another. approve: "
    "after "
    "comparing the words\n"
    "with the laptop's, let its results count. revoke: what lies behind position N counts no more. "
    "choose: where a laptop has\n"
    "two histories, or its chain restarted, say which one counts, after asking who worked with it; "
    "verify shows the letters.\n"
    "The choice is signed, the reason logged, the other history kept. A laptop is named by its "
    "eight "
    "words or its id.\n";

static const char *state_of(const struct verify_device *d)
{
    return d->revoked ? "revoked" : d->approved ? "approved" : "quarantine";
}

static const char *words_of_device(const struct verify_report *r, const uint8_t id[32])
{
    for (size_t i = 0; i < r->devices; i++)
        if (memcmp(r->device[i].id, id, 32) == 0)
            return r->device[i].words;
    return "a laptop that sent nothing here";
}

static void print_text(const struct verify_report *r)
{
    char sentence[VERIFY_SENTENCE];
    for (size_t i = 0; i < r->devices; i++) {
        const struct verify_device *d = &r->device[i];
        printf("%-10s  %6" PRIu64 " entries  %s\n", state_of(d), d->entries, d->words);
        if (d->has_replaced)
            printf("  set up anew in the place of: %s\n", words_of_device(r, d->replaced));
        if (d->retired)
            puts("  retired: another laptop was set up in its place");
    }
    for (size_t i = 0; i < r->forks; i++)
        verify_print_fork(r, &r->fork[i]);
    for (size_t i = 0; i < r->codes; i++) {
        verify_code_text(r, &r->code[i], sentence);
        if (verify_code_err(&r->code[i]) != ERR_OK)
            puts(sentence);
    }
    if (r->devices == 0)
        puts("no laptop has sent anything yet");
}

static enum err print_json(const struct verify_report *r)
{
    json_t *all = json_array();
    bool ok = all != NULL;
    for (size_t i = 0; ok && i < r->devices; i++) {
        const struct verify_device *d = &r->device[i];
        char id[65], old[65];
        segment_hex(d->id, 32, id);
        segment_hex(d->replaced, 32, old);
        ok = json_array_append_new(all, json_pack("{ss ss ss so so}", "id", id, "words", d->words,
                                                  "state", state_of(d), "replaces",
                                                  d->has_replaced ? json_string(old) : json_null(),
                                                  "retired", json_boolean(d->retired))) == 0;
    }
    ok = ok && json_dumpf(all, stdout, JSON_INDENT(2)) == 0 && putchar('\n') != EOF;
    json_decref(all);
    return ok ? ERR_OK : ERR_NOMEM;
}

/* ---- what people sign ---- */

/* Words may come as one argument or as eight. */
static void join(const struct options *o, int from, char *out, size_t room)
{
    out[0] = '\0';
    for (int i = from; i < o->words; i++) {
        size_t n = strlen(out);
        snprintf(out + n, room - n, "%s%s", n > 0 ? " " : "", o->word[i]);
    }
}

struct change {
    struct archive *archive;
    const struct verify_report *report;
    const struct verify_device *device;
    const struct studykey *key;
    const struct options *o;
};

/* ${n} has its kind, position and value. */
static enum err sign(const struct change *c, struct notice *n)
{
    struct buffer b = {0};
    const struct pack *pack = c->device->pack->pack;
    int place = c->key->role == STUDYKEY_RESEARCHER ? pack_researcher(pack, c->key->pub.sign) : -1;
    if (place < 0)
        return log_fail(ERR_KEY, "%s: only a researcher of this laptop's study may do that",
                        c->o->key);
    memcpy(n->pack, pack->hash, HASH_LEN);
    memcpy(n->device, c->device->id, 32);
    n->researcher = (uint8_t)place;
    enum err e = notice_make(n, secret_view(c->key->sign), &b);
    if (e == ERR_OK)
        e = archive_put_notice(c->archive, n->kind, c->device->id, buffer_view(&b), NULL);
    buffer_free(&b);
    return e;
}

static enum err approve(const struct change *c)
{
    struct notice n = {.kind = NOTICE_APPROVAL};
    if (c->device->approved)
        return log_fail(ERR_STATE, "this laptop is approved already");
    randombytes_buf(n.value, sizeof n.value);
    enum err e = sign(c, &n);
    if (e == ERR_OK)
        printf("approved: %s\nUse send to bring the approval back to the laptop.\n",
               c->device->words);
    return e;
}

static enum err revoke(const struct change *c)
{
    struct notice n = {.kind = NOTICE_REVOCATION, .n = c->o->after};
    if (!c->o->has_after)
        return log_fail(ERR_USAGE, "devices revoke needs --after N, the last position that counts");
    enum err e = sign(c, &n);
    if (e == ERR_OK)
        printf("revoked: %s; nothing behind position %" PRIu64 " counts\n", c->device->words, n.n);
    return e;
}

/* ---- choices ---- */

struct option_found {
    uint64_t n;
    uint8_t head[HASH_LEN];
    bool choosable;
    unsigned matches;
};

static void offer(const struct options *o, uint64_t n, const uint8_t head[HASH_LEN], bool choosable,
                  struct option_found *out)
{
    char hex[2 * HASH_LEN + 1];
    segment_hex(head, HASH_LEN, hex);
    if (n != o->position || (o->head != NULL && strcmp(o->head, hex) != 0))
        return;
    if (out->matches > 0 && out->n == n && memcmp(out->head, head, HASH_LEN) == 0)
        return;
    out->matches++;
    out->n = n;
    out->choosable = choosable;
    memcpy(out->head, head, HASH_LEN);
}

/* The letters are those of the fork that is not decided yet, or of the last one. */
static const struct verify_fork *fork_of(const struct change *c)
{
    const struct verify_fork *f = NULL;
    for (size_t i = 0; i < c->report->forks; i++)
        if (&c->report->device[c->report->fork[i].device] == c->device &&
            (f == NULL || !c->report->fork[i].decided || f->decided))
            f = &c->report->fork[i];
    return f;
}

static enum err by_letter(const struct change *c, struct option_found *out)
{
    const struct verify_fork *f = fork_of(c);
    const char *letter = c->o->branch;
    if (f == NULL)
        return log_fail(ERR_STATE, "this laptop has one history only: there is nothing to choose");
    size_t i = (size_t)(letter[0] - 'a');
    if (letter[0] < 'a' || letter[1] != '\0' || i >= f->branches)
        return log_fail(ERR_USAGE,
                        "--branch %s: the histories of this laptop are a to %c; see verify", letter,
                        (char)('a' + (int)f->branches - 1));
    *out = (struct option_found){
        .n = f->branch[i].at, .choosable = f->branch[i].choosable, .matches = 1};
    memcpy(out->head, f->branch[i].head, HASH_LEN);
    return ERR_OK;
}

static enum err by_position(const struct change *c, struct option_found *out)
{
    *out = (struct option_found){.matches = 0};
    if (c->device->restarted > 0)
        offer(c->o, c->device->restarted, c->device->restart_head, true, out);
    for (size_t i = 0; i < c->report->forks; i++)
        for (size_t k = 0; k < c->report->fork[i].branches; k++) {
            const struct verify_branch *b = &c->report->fork[i].branch[k];
            if (&c->report->device[c->report->fork[i].device] == c->device)
                offer(c->o, b->at, b->head, b->choosable, out);
        }
    if (out->matches == 1)
        return ERR_OK;
    return out->matches == 0 ? log_fail(ERR_STATE,
                                        "there is nothing to choose at position %" PRIu64
                                        " of this laptop; see verify",
                                        c->o->position)
                             : log_fail(ERR_USAGE,
                                        "several entries came at position %" PRIu64
                                        ": say which with --head or --branch",
                                        c->o->position);
}

static enum err check_choice(const struct options *o)
{
    if (o->reason == NULL || o->reason[0] == '\0')
        return log_fail(ERR_USAGE,
                        "devices choose needs --reason TEXT: what you found out, and from whom");
    if ((o->branch != NULL) == o->has_position)
        return log_fail(ERR_USAGE, "devices choose needs --branch LETTER, or --position N");
    return ERR_OK;
}

static enum err choose(const struct change *c)
{
    struct option_found found;
    char what[96], hex[2 * HASH_LEN + 1];
    enum err e = check_choice(c->o);
    if (e == ERR_OK)
        e = c->o->branch != NULL ? by_letter(c, &found) : by_position(c, &found);
    if (e != ERR_OK)
        return e;
    if (!found.choosable)
        return log_fail(
            ERR_STATE,
            "the beginning of that history never came, so nobody can say where it parted: "
            "bring it first (collect on that laptop, then pull)");
    struct notice n = {.kind = NOTICE_CHOICE, .n = found.n};
    memcpy(n.value, found.head, HASH_LEN);
    segment_hex(found.head, HASH_LEN, hex);
    snprintf(what, sizeof what, "devices choose, position %" PRIu64 ", head %.16s", found.n, hex);
    if ((e = archive_begin(c->archive)) != ERR_OK)
        return e;
    e = sign(c, &n);
    if (e == ERR_OK)
        e = archive_log(c->archive, "choice", what, c->o->reason);
    if (e == ERR_OK)
        e = archive_commit(c->archive);
    if (e != ERR_OK)
        archive_cancel(c->archive);
    else
        printf("chosen: %s, the history with entry %" PRIu64
               "; the reason is logged; the other one is "
               "kept\n",
               c->device->words, found.n);
    return e;
}

static const struct {
    const char *name;
    enum err (*run)(const struct change *c);
} changes[] = {{"approve", approve}, {"revoke", revoke}, {"choose", choose}};
enum { CHANGES = sizeof changes / sizeof *changes };

static enum err change(struct change *c)
{
    char named[256];
    const struct options *o = c->o;
    size_t i = 0;
    while (i < CHANGES && strcmp(o->word[1], changes[i].name) != 0)
        i++;
    if (i == CHANGES)
        return log_fail(ERR_USAGE, "devices: %s is none of approve, revoke and choose", o->word[1]);
    join(o, 2, named, sizeof named);
    c->device = verify_named(c->report, named);
    if (c->device == NULL)
        return log_fail(
            ERR_USAGE,
            "no laptop in this archive has these eight words; compare them with `sanaq-admin "
            "devices ARCHIVE` and with the laptop's screen");
    if (c->device->pack == NULL)
        return log_fail(ERR_STATE,
                        "this laptop's pack is not in the archive: pull from where it lies");
    return changes[i].run(c);
}

enum err command_devices(int argc, char **argv)
{
    struct options o;
    struct archive *a = NULL;
    struct studykey *key = NULL;
    struct verify_report *r = NULL;
    enum err e = options_parse(
        argc, argv, TAKES_KEY | TAKES_PASSPHRASE | TAKES_JSON | TAKES_AFTER | TAKES_CHOICE, usage,
        &o);
    if (e != ERR_OK || o.help)
        return e;
    if (o.words < 1)
        return log_fail(ERR_USAGE, "devices takes an archive: sanaq-admin devices ARCHIVE");
    if (o.words > 1 && (e = options_need("devices", o.key, "--key FILE.key")) != ERR_OK)
        return e;
    e = archive_open(o.word[0], false, &a);
    if (e == ERR_OK && o.key != NULL)
        e = studykey_unlock(o.key, o.passphrase_file, &key);
    if (e == ERR_OK)
        e = verify_archive(a, key, NULL, NULL, &r);
    if (e == ERR_OK && o.words > 1)
        e = change(&(struct change){.archive = a, .report = r, .key = key, .o = &o});
    else if (e == ERR_OK && o.json)
        e = print_json(r);
    else if (e == ERR_OK)
        print_text(r);
    verify_free(r);
    studykey_free(key);
    archive_close(a);
    return e;
}
