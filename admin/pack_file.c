#include "admin/pack_file.h"

#include <stdio.h>

#include "core/file.h"
#include "core/log.h"
#include "core/words.h"

static void complain(void *ctx, bool warning, unsigned line, const char *what)
{
    if (!warning)
        log_note("%s: line %u of the study: %s", (const char *)ctx, line, what);
}

enum err pack_file_read(const char *path, struct pack_file *out)
{
    struct buffer b = {0};
    struct pack_file f = {0};
    enum err e = file_read(path, PACK_MAX_BYTES, false, &b);
    if (e == ERR_OK)
        e = pack_parse(buffer_view(&b), path, &f.pack);
    if (e == ERR_OK)
        e = study_parse(f.pack->study, complain, (void *)(uintptr_t)path, &f.study);
    if (e == ERR_OK)
        e = points_parse(f.pack->points, f.study, complain, (void *)(uintptr_t)path, &f.points);
    buffer_free(&b);
    if (e != ERR_OK) {
        pack_file_free(&f);
        return e;
    }
    *out = f;
    return ERR_OK;
}

void pack_file_free(struct pack_file *f)
{
    points_free(f->points);
    study_free(f->study);
    pack_free(f->pack);
    *f = (struct pack_file){0};
}

static void say_change(void *ctx, enum succession_part part, bool added, const struct pack_key *key,
                       const char *target)
{
    static const char *const name[] = {[PART_SIGNER] = "signer",
                                       [PART_RESEARCHER] = "researcher, reads everything",
                                       [PART_SUPERVISOR] = "supervisor, reads the field part",
                                       [PART_TARGET] = "target of sync"};
    char words[WORDS_TEXT];
    uint8_t hash[HASH_LEN];
    (void)ctx;
    if (key != NULL) {
        pack_key_fingerprint(key, hash);
        words_of(hash, words);
    }
    printf("  %-5s  %s: %s\n", added ? "new" : "gone", name[part], key != NULL ? words : target);
}

void pack_file_say_changes(const struct edition *now, const struct edition *next, const char *path)
{
    size_t signatures = succession_signed(now->pack, next->pack);
    if (!succession_changes(now, next)) {
        puts("\nReaders, signer and targets are as before: laptops take it without asking.");
        return;
    }
    puts("\nIt changes who reads, who signs or where results go:\n");
    succession_each(now, next, say_change, NULL);
    puts("\nOn each laptop a person is shown this and must agree.");
    if (signatures < 2)
        printf("Laptops refuse it until a second researcher of the old pack has signed it too:\n"
               "    sanaq-admin sign %s --key SECOND.key\n",
               path);
}
