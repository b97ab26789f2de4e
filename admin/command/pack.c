#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/command/command.h"
#include "admin/command/options.h"
#include "admin/frame/combine.h"
#include "admin/pack_file.h"
#include "admin/study_file.h"
#include "admin/studykey.h"
#include "core/file.h"
#include "core/log.h"
#include "core/words.h"

static const char usage[] =
    "usage: sanaq-admin pack STUDY.yaml --key FILE.key --out STUDY.pack [--replaces OLD.pack]\n"
    "                        [--passphrase-file FILE]\n\n"
    "Signs a study for the laptops and prints the eight words that interviewers compare at "
    "set-up. --replaces\n"
    "makes the pack that laptops under OLD.pack take at a sync (see send --pack).\n";

struct packing {
    const char *path;
    struct study *study;
    struct points *points;
    struct buffer yaml, csv;
    struct pack_file old; /* of --replaces */
    struct studykey *key;
    struct pack_key researcher[PACK_MAX_RESEARCHERS], supervisor[PACK_MAX_SUPERVISORS];
};

static void complain(void *ctx, bool warning, unsigned line, const char *what)
{
    if (!warning)
        log_note("%s:%u: %s", (const char *)ctx, line, what);
}

static enum err read_keys(const struct packing *p, char **path, size_t count,
                          enum studykey_role role, struct pack_key *out)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < count && e == ERR_OK; i++) {
        char *file = study_file_beside(p->path, path[i]);
        e = file == NULL ? ERR_NOMEM : studykey_read_public(file, role, &out[i]);
        free(file);
    }
    return e;
}

static int place_of(const struct packing *p)
{
    for (size_t i = 0; i < p->study->researchers; i++)
        if (memcmp(p->researcher[i].sign, p->key->pub.sign, 32) == 0)
            return (int)i;
    return -1;
}

/* What the pack before must have in common with this one, so that its interviews keep their place.
 */
static enum err compare(const struct packing *p)
{
    struct combine c = {0};
    if (strcmp(p->old.study->id, p->study->id) != 0)
        return log_fail(ERR_STUDY, "%s: this is study %s; it cannot replace a pack of study %s",
                        p->path, p->study->id, p->old.study->id);
    for (size_t i = 0; i < p->old.points->count; i++) {
        const char *id = points_value(p->old.points, i, "id");
        if (points_find(p->points, id) < 0)
            return log_fail(ERR_STUDY,
                            "%s: the point list lacks point %s of the pack that this one replaces; "
                            "interviews may have been conducted there, so leave it in",
                            p->path, id);
    }
    enum err e = combine_studies(p->study, p->old.study, &c);
    if (e == ERR_OK && !c.may)
        log_note(
            "note: interviews under pack number %u will not stand in one table with those under "
            "this one: %s",
            (unsigned)p->old.pack->number, c.why);
    combine_free(&c);
    return e;
}

static enum err gather(struct packing *p, const struct options *o)
{
    unsigned warnings = 0;
    enum err e = study_file_load(p->path, &p->study, &p->points, &p->yaml, &p->csv, &warnings);
    if (e == ERR_OK)
        e = study_kiosk_can(p->study, complain, (void *)(uintptr_t)p->path);
    if (e == ERR_OK)
        e = read_keys(p, p->study->researcher, p->study->researchers, STUDYKEY_RESEARCHER,
                      p->researcher);
    if (e == ERR_OK)
        e = read_keys(p, p->study->supervisor, p->study->supervisors, STUDYKEY_SUPERVISOR,
                      p->supervisor);
    if (e == ERR_OK && (!pack_keys_differ(p->researcher, p->study->researchers) ||
                        !pack_keys_differ(p->supervisor, p->study->supervisors)))
        e = log_fail(ERR_STUDY,
                     "%s: two of the key files hold the same key; every person needs their own",
                     p->path);
    if (e == ERR_OK && o->replaces != NULL)
        e = pack_file_read(o->replaces, &p->old);
    if (e == ERR_OK && o->replaces != NULL)
        e = compare(p);
    if (e == ERR_OK)
        e = studykey_unlock(o->key, o->passphrase_file, &p->key);
    if (e == ERR_OK && place_of(p) < 0)
        e = log_fail(ERR_KEY,
                     "%s: this key is not among the study's researchers; only they may sign it",
                     o->key);
    return e;
}

/* No laptop would take it, however many signed it. */
static enum err may_follow(const struct packing *p, const struct pack *made)
{
    struct edition now = {p->old.pack, p->old.study}, next = {made, p->study};
    if (p->old.pack == NULL || !succession_changes(&now, &next) ||
        succession_could_sign(now.pack, made) >= 2)
        return ERR_OK;
    return log_fail(
        ERR_STUDY,
        "%s: fewer than two researchers of the pack that this one replaces remain, so no "
        "laptop would take it; add the new ones first, and leave the old ones out in the "
        "pack after that",
        p->path);
}

static enum err write_pack(const struct packing *p, const char *out)
{
    struct buffer b = {0};
    struct pack *made = NULL;
    char words[WORDS_TEXT];
    struct pack_parts parts = {
        .number = p->old.pack != NULL ? p->old.pack->number + 1 : 1,
        .replaces = p->old.pack != NULL ? p->old.pack->hash : NULL,
        .study = buffer_view(&p->yaml),
        .points = buffer_view(&p->csv),
        .stratum = (const char *const *)p->points->stratum,
        .strata = p->points->strata,
        .researcher = p->researcher,
        .researchers = p->study->researchers,
        .supervisor = p->supervisor,
        .supervisors = p->study->supervisors,
    };
    enum err e = pack_make(&parts, (uint8_t)place_of(p), secret_view(p->key->sign), &b);
    if (e == ERR_OK) /* what cannot be read back is never handed out */
        e = pack_parse(buffer_view(&b), out, &made);
    if (e == ERR_OK)
        e = may_follow(p, made);
    if (e == ERR_OK)
        e = file_write(out, buffer_view(&b), 0644, false);
    if (e == ERR_OK) {
        words_of(made->hash, words);
        printf("%s: study %s, pack number %u. Its eight words, for the interviewers' sheet:\n\n    "
               "%s\n",
               out, p->study->id, (unsigned)made->number, words);
        if (p->old.pack != NULL)
            pack_file_say_changes(&(struct edition){p->old.pack, p->old.study},
                                  &(struct edition){made, p->study}, out);
    }
    pack_free(made);
    buffer_free(&b);
    return e;
}

enum err command_pack(int argc, char **argv)
{
    struct options o;
    struct packing p = {0};
    enum err e = options_parse(
        argc, argv, TAKES_KEY | TAKES_OUT | TAKES_REPLACES | TAKES_PASSPHRASE, usage, &o);
    if (e != ERR_OK || o.help)
        return e;
    if (o.words != 1)
        return log_fail(
            ERR_USAGE,
            "pack takes one study: sanaq-admin pack study.yaml --key FILE.key --out study.pack");
    if ((e = options_need("pack", o.key, "--key FILE.key")) != ERR_OK ||
        (e = options_need("pack", o.out, "--out STUDY.pack")) != ERR_OK)
        return e;
    p.path = o.word[0];
    e = gather(&p, &o);
    if (e == ERR_OK)
        e = write_pack(&p, o.out);
    studykey_free(p.key);
    pack_file_free(&p.old);
    points_free(p.points);
    study_free(p.study);
    buffer_free(&p.yaml);
    buffer_free(&p.csv);
    return e;
}
