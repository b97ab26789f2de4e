#include <stdio.h>

#include "admin/command/command.h"
#include "admin/command/options.h"
#include "admin/pack_file.h"
#include "admin/studykey.h"
#include "core/file.h"
#include "core/log.h"
#include "core/words.h"

static const char usage[] =
    "usage: sanaq-admin sign STUDY.pack --key SECOND.key [--replaces OLD.pack] [--passphrase-file "
    "FILE]\n\n"
    "Adds a researcher's signature to a pack; one that changes who reads, who signs or where "
    "results "
    "go needs\n"
    "two. With OLD.pack, what it changes is shown first: sign only what you have read.\n";

static enum err show(const struct pack_file *f, const char *path, const char *replaces)
{
    struct pack_file old = {0};
    char words[WORDS_TEXT];
    words_of(f->pack->hash, words);
    printf("%s: study %s, pack number %u, signatures so far: %zu. Its eight words:\n\n    %s\n",
           path, f->study->id, (unsigned)f->pack->number, f->pack->signatures, words);
    if (replaces == NULL)
        return ERR_OK;
    struct edition now, next = {f->pack, f->study};
    enum err e = pack_file_read(replaces, &old);
    if (e != ERR_OK)
        return e;
    now = (struct edition){old.pack, old.study};
    enum succession is = succession_judge(&now, &next);
    if (is == SUCCESSION_FOLLOWS || is == SUCCESSION_CIRCLE)
        pack_file_say_changes(&now, &next, path);
    else
        e = log_fail(ERR_STATE, "%s: this pack does not replace %s", path, replaces);
    pack_file_free(&old);
    return e;
}

static enum err sign(const struct pack_file *f, const char *path, const struct studykey *key)
{
    struct buffer b = {0};
    struct pack *made = NULL;
    int place = pack_researcher(f->pack, key->pub.sign);
    if (key->role != STUDYKEY_RESEARCHER || place < 0)
        return log_fail(
            ERR_KEY,
            "%s: only a researcher of this pack may sign it, and this key is none of theirs", path);
    enum err e = pack_sign(f->pack, (uint8_t)place, secret_view(key->sign), &b);
    if (e == ERR_STATE)
        e = log_fail(e, "%s: this key has signed the pack already", path);
    if (e == ERR_OK) /* what cannot be read back is never handed out */
        e = pack_parse(buffer_view(&b), path, &made);
    if (e == ERR_OK)
        e = file_write(path, buffer_view(&b), 0644, true);
    if (e == ERR_OK)
        printf("\nSigned: %zu of %zu researchers have.\n", made->signatures, made->researchers);
    pack_free(made);
    buffer_free(&b);
    return e;
}

enum err command_sign(int argc, char **argv)
{
    struct options o;
    struct pack_file f = {0};
    struct studykey *key = NULL;
    enum err e =
        options_parse(argc, argv, TAKES_KEY | TAKES_REPLACES | TAKES_PASSPHRASE, usage, &o);
    if (e != ERR_OK || o.help)
        return e;
    if (o.words != 1)
        return log_fail(ERR_USAGE,
                        "sign takes one pack: sanaq-admin sign STUDY.pack --key SECOND.key");
    if ((e = options_need("sign", o.key, "--key SECOND.key")) != ERR_OK)
        return e;
    e = pack_file_read(o.word[0], &f);
    if (e == ERR_OK)
        e = show(&f, o.word[0], o.replaces);
    if (e == ERR_OK)
        e = studykey_unlock(o.key, o.passphrase_file, &key);
    if (e == ERR_OK)
        e = sign(&f, o.word[0], key);
    studykey_free(key);
    pack_file_free(&f);
    return e;
}
