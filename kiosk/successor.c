#include "kiosk/successor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/notice.h"
#include "core/segment.h"
#include "kiosk/sync.h"
#include "kiosk/text.h"

enum { HEX = 2 * HASH_LEN, NAME_SHOWN = 80 };

struct file { /* a pack on the target */
    struct pack *pack;
    char name[SYNC_NAME]; /* "packs/HASH.pack" */
    bool done;            /* judged: taken, passed over or refused */
};

struct own { /* a pack that this laptop has been under */
    uint8_t hash[HASH_LEN], replaces[HASH_LEN];
};

struct looking {
    const char *folder;
    struct own *own;
    size_t owns;
    struct file file[SUCCESSOR_MAX_FILES];
    size_t files;
    enum err worst;
    struct packed at; /* the end of the line so far; {0}: the laptop's own pack */
    struct edition now;
    bool live;
    uint32_t waits;
};

/* One bad file stops nothing; a forged change weighs more than what a newer program can mend. */
static void refuse(struct looking *l, enum err e)
{
    static const enum err order[] = {ERR_SIGNATURE, ERR_UNSUPPORTED, ERR_PARTIAL};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        if (e == order[i] || l->worst == order[i]) {
            l->worst = order[i];
            return;
        }
    l->worst = ERR_PARTIAL;
}

/* ---- what lies there ---- */

static enum err add_own(void *ctx, struct bytes bytes)
{
    struct looking *l = ctx;
    struct pack *p = NULL;
    struct own *more = realloc(l->own, (l->owns + 1) * sizeof *more);
    if (more == NULL)
        return ERR_NOMEM;
    l->own = more;
    enum err e = pack_parse(bytes, "a pack in the store", &p);
    if (e != ERR_OK)
        return e;
    memcpy(l->own[l->owns].hash, p->hash, HASH_LEN);
    memcpy(l->own[l->owns++].replaces, p->replaces, HASH_LEN);
    pack_free(p);
    return ERR_OK;
}

static const struct own *find_own(const struct looking *l, const uint8_t hash[HASH_LEN])
{
    for (size_t i = 0; i < l->owns; i++)
        if (memcmp(l->own[i].hash, hash, HASH_LEN) == 0)
            return &l->own[i];
    return NULL;
}

static struct file *find_file(struct looking *l, const uint8_t hash[HASH_LEN])
{
    for (size_t i = 0; i < l->files; i++)
        if (memcmp(l->file[i].pack->hash, hash, HASH_LEN) == 0)
            return &l->file[i];
    return NULL;
}

static enum err read_file(struct looking *l, const char *name, const uint8_t hash[HASH_LEN])
{
    struct buffer b = {0};
    struct pack *p = NULL;
    enum err e = sync_take(l->folder, name, PACK_MAX_BYTES, &b);
    if (e == ERR_OK)
        e = pack_parse(buffer_view(&b), name, &p);
    buffer_free(&b);
    if (e == ERR_NOMEM)
        return e;
    if (e == ERR_UNSUPPORTED)
        log_note(
            _("%s: this pack needs a newer version of sanaq-kiosk; ask the researchers for it"),
            name);
    if (e != ERR_OK)
        refuse(l, e == ERR_UNSUPPORTED ? e : ERR_PARTIAL);
    if (p != NULL && memcmp(p->hash, hash, HASH_LEN) != 0) {
        log_note(_("%s: this pack is not the one that its name says; it was not taken"), name);
        refuse(l, ERR_PARTIAL);
        pack_free(p);
        p = NULL;
    }
    if (p != NULL) {
        struct file *f = &l->file[l->files++];
        f->pack = p;
        sync_name("packs", hash, ".pack", f->name);
    }
    return ERR_OK;
}

static enum err visit_name(void *ctx, const char *name)
{
    struct looking *l = ctx;
    uint8_t hash[HASH_LEN];
    char hex[HEX + 1], path[NAME_SHOWN + 8];
    size_t n = strlen(name);
    if (name[0] == '.' || n < 5 || strcmp(name + n - 5, ".pack") != 0)
        return ERR_OK;
    snprintf(hex, sizeof hex, "%.*s", HEX, name);
    snprintf(path, sizeof path, "packs/%.80s", name);
    if (n != HEX + 5 || !segment_unhex(hex, HASH_LEN, hash)) {
        log_note(_("%s: this pack is not the one that its name says; it was not taken"), path);
        refuse(l, ERR_PARTIAL);
        return ERR_OK;
    }
    if (find_own(l, hash) != NULL)
        return ERR_OK;
    if (l->files == SUCCESSOR_MAX_FILES) {
        log_note(_("packs: too many packs lie there; not all of them were looked at"));
        refuse(l, ERR_PARTIAL);
        return ERR_STATE; /* enough */
    }
    return read_file(l, path, hash);
}

/* Packs that came before this laptop's are no news. */
static void pass_over_older(struct looking *l)
{
    const uint8_t *hash = l->now.pack->replaces;
    const struct own *o = NULL;
    struct file *f = NULL;
    while ((o = find_own(l, hash)) != NULL || (f = find_file(l, hash)) != NULL) {
        if (o == NULL)
            f->done = true;
        hash = o != NULL ? o->replaces : f->pack->replaces;
    }
}

/* ---- along the line ---- */

static struct edition end_of_line(const struct looking *l)
{
    return l->at.pack != NULL ? packed_edition(&l->at) : l->now;
}

static void say_refused(struct looking *l, const struct file *f, enum succession why)
{
    switch (why) {
    case SUCCESSION_NUMBER:
        log_note(_("%s: pack number %u is not newer than the one before it; it was not taken"),
                 f->name, (unsigned)f->pack->number);
        refuse(l, ERR_PARTIAL);
        return;
    case SUCCESSION_STUDY:
        log_note(_("%s: this pack is of another study; it was not taken"), f->name);
        refuse(l, ERR_PARTIAL);
        return;
    default:
        log_note(
            _("%s: this pack changes who reads the results, who signs, or where they are sent, "
              "and fewer than two researchers have signed that. It was not taken; call the "
              "researchers"),
            f->name);
        refuse(l, ERR_SIGNATURE);
    }
}

/* A file that replaces the end of the line: opened if it may, else refused for good. */
static bool may_follow(struct looking *l, struct file *f, struct packed *out)
{
    struct edition end = end_of_line(l), next = {f->pack, NULL};
    f->done = true;
    enum err e = packed_judge(f->pack, f->name, out);
    if (e != ERR_OK) {
        refuse(l, e == ERR_UNSUPPORTED ? e : ERR_PARTIAL);
        return false;
    }
    f->pack = NULL; /* it is in ${out} now */
    next = packed_edition(out);
    enum succession is = succession_judge(&end, &next);
    if (is == SUCCESSION_FOLLOWS)
        return true;
    f->pack = out->pack;
    out->pack = NULL;
    say_refused(l, f, is);
    packed_close(out);
    return false;
}

static bool went_live(const char *folder, const struct pack *p)
{
    struct buffer b = {0};
    char name[SYNC_NAME];
    sync_name("down", p->hash, ".golive", name);
    bool went = sync_take(folder, name, NOTICE_MAX_BYTES, &b) == ERR_OK && b.len > 0 &&
                notice_golive_check(buffer_view(&b), p) == ERR_OK;
    buffer_free(&b);
    return went;
}

/* One step along the line; false where it ends. */
static bool step(struct looking *l)
{
    struct packed found = {0}, other = {0};
    bool two = false, live = false;
    uint8_t end[HASH_LEN];
    memcpy(end, end_of_line(l).pack->hash, HASH_LEN);
    for (size_t i = 0; i < l->files; i++) {
        struct file *f = &l->file[i];
        if (f->done || memcmp(f->pack->replaces, end, HASH_LEN) != 0 || !may_follow(l, f, &other))
            continue;
        two = found.pack != NULL;
        if (two)
            packed_close(&other);
        else
            found = other, other = (struct packed){0};
    }
    if (two) {
        log_note(_("packs: two different packs replace the same one; neither was taken. Call the "
                   "researchers"));
        refuse(l, ERR_SIGNATURE);
    }
    bool may = found.pack != NULL && !two;
    if (may)
        live = (l->live && !succession_adds(end_of_line(l).pack, found.pack)) ||
               went_live(l->folder, found.pack);
    if (!may || (l->live && !live)) {
        l->waits = may ? found.pack->number : 0;
        packed_close(&found);
        return false;
    }
    packed_close(&l->at);
    l->at = found;
    l->live = live;
    return true;
}

/* What is left is of no line that leads on from here. */
static void judge_rest(struct looking *l)
{
    for (size_t i = 0; i < l->files; i++) {
        const struct file *f = &l->file[i];
        if (f->done || l->waits != 0) /* behind one that waits: not yet */
            continue;
        if (f->pack->number == 1) {
            log_note(_("%s: this pack is of another study; it was not taken"), f->name);
        } else if (f->pack->number <= l->now.pack->number) {
            say_refused(l, f, SUCCESSION_NUMBER);
        } else {
            log_note(
                _("%s: this pack replaces one that does not lie there and that this laptop does "
                  "not have; it was not taken"),
                f->name);
            refuse(l, ERR_PARTIAL);
        }
    }
}

enum err successor_find(struct store *st, const struct edition *now, bool live, const char *folder,
                        struct successor *out)
{
    struct looking *l = calloc(1, sizeof *l);
    if (l == NULL)
        return ERR_NOMEM;
    l->folder = folder;
    l->now = *now;
    l->live = live;
    enum err e = store_each_pack(st, add_own, l);
    if (e == ERR_OK)
        e = sync_names(folder, "packs", visit_name, l);
    if (e == ERR_STATE)
        e = ERR_OK;
    if (e == ERR_OK)
        pass_over_older(l);
    while (e == ERR_OK && step(l))
        ;
    if (e == ERR_OK)
        judge_rest(l);
    if (e == ERR_OK) {
        *out = (struct successor){l->at, l->live, l->waits};
        l->at = (struct packed){0};
        e = l->worst;
    }
    packed_close(&l->at);
    for (size_t i = 0; i < l->files; i++)
        pack_free(l->file[i].pack);
    free(l->own);
    free(l);
    return e;
}

/* ---- back along the line ---- */

struct search {
    const uint8_t *hash;
    struct pack *found;
};

static enum err compare(void *ctx, struct bytes bytes)
{
    struct search *s = ctx;
    struct pack *p = NULL;
    enum err e = s->found == NULL ? pack_parse(bytes, "a pack in the store", &p) : ERR_OK;
    if (p != NULL && memcmp(p->hash, s->hash, HASH_LEN) == 0)
        s->found = p, p = NULL;
    pack_free(p);
    return e;
}

enum err successor_own(struct store *st, const uint8_t hash[HASH_LEN], struct pack **out)
{
    struct search s = {hash, NULL};
    enum err e = store_each_pack(st, compare, &s);
    if (e != ERR_OK) {
        pack_free(s.found);
        return e;
    }
    *out = s.found;
    return ERR_OK;
}

/* The pack with this hash, from the store or from ${folder}; NULL where there is none. The hash
 * vouches for it. */
static enum err with_hash(struct store *st, const char *folder, const uint8_t hash[HASH_LEN],
                          struct pack **out)
{
    struct buffer b = {0};
    struct pack *p = NULL;
    char name[SYNC_NAME];
    enum err e = successor_own(st, hash, &p);
    sync_name("packs", hash, ".pack", name);
    if (e == ERR_OK && p == NULL && sync_take(folder, name, PACK_MAX_BYTES, &b) == ERR_OK &&
        b.len > 0 && pack_parse(buffer_view(&b), name, &p) == ERR_OK &&
        memcmp(p->hash, hash, HASH_LEN) != 0) {
        pack_free(p);
        p = NULL;
    }
    buffer_free(&b);
    *out = p;
    return e;
}

enum err successor_went_live(struct store *st, const struct pack *now, const char *folder,
                             bool *live)
{
    uint8_t hash[HASH_LEN];
    enum err e = ERR_OK;
    memcpy(hash, now->replaces, sizeof hash);
    *live = false;
    for (int i = 0; e == ERR_OK && !*live && i < SUCCESSOR_MAX_FILES; i++) {
        struct pack *p = NULL;
        if (sodium_is_zero(hash, sizeof hash))
            break;
        e = with_hash(st, folder, hash, &p);
        if (e != ERR_OK || p == NULL)
            break;
        *live = !succession_adds(p, now) && went_live(folder, p);
        memcpy(hash, p->replaces, sizeof hash);
        pack_free(p);
    }
    return e;
}

void successor_free(struct successor *s)
{
    packed_close(&s->to);
}
