#include "admin/pull.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/intake.h"
#include "admin/laptop_store.h"
#include "core/file.h"
#include "core/log.h"
#include "core/segment.h"
#include "core/words.h"

struct line {
    uint8_t hash[HASH_LEN], replaces[HASH_LEN];
};

struct pulling {
    struct archive *archive;
    struct pull_counts n;
    const char *expect; /* words of the pack, or NULL */
    bool shows;         /* progress on a terminal */
    struct line *line;  /* packs that lie here; only before an archive is of one */
    size_t lines;
    const uint8_t *earliest; /* the hash of the one that the others here follow, or NULL */
    /* from a laptop's store: the stream in hand */
    struct segment_run run;
    uint8_t device[32];
    size_t entry_len; /* 0: nothing of that stream is taken */
    uint64_t first;   /* its first position */
};

static void progress(struct pulling *p)
{
    if (p->shows && p->n.segments % 64 == 0)
        fprintf(stderr, "\rpull: %u segments, %u new ", p->n.segments, p->n.fresh);
}

static enum err refuse(struct pulling *p, const char *path, const char *why)
{
    p->n.refused++;
    log_note("%s: %s", path, why);
    return ERR_OK;
}

/* ---- pieces ---- */

static enum err put_segment(struct pulling *p, const char *name, const uint8_t device[32],
                            struct bytes file, const char *path)
{
    struct segment s;
    struct segment_name n;
    bool fresh = false;
    if (!segment_get_name(name, &n) || memcmp(n.device, device, sizeof n.device) != 0)
        return refuse(p, path, "this is not the name of a segment of this laptop; set aside");
    if (intake_read(file, &s) != ERR_OK || !intake_in_range(&s))
        refuse(p, path, "damaged; kept, and listed by verify; sync again from the laptop");
    else if (s.truncated)
        refuse(p, path, "cut short; what is whole was kept; sync again from the laptop");
    else if (memcmp(s.pre.device, device, 32) != 0)
        refuse(p, path, "a segment of another laptop under this name; kept, and listed by verify");
    enum err e = archive_put_segment(p->archive, name, device, n.first, file, &fresh);
    p->n.segments++;
    p->n.fresh += fresh;
    progress(p);
    return e;
}

/* The first pack makes the archive one of its study; what does not replace it, directly or not, is
 * another's. */
static enum err judge_pack(struct pulling *p, const struct pack *pack, const char *path)
{
    static const uint8_t none[HASH_LEN];
    uint8_t pin[HASH_LEN];
    char words[WORDS_TEXT];
    bool known = false;
    bool expected = p->expect != NULL     ? words_match(pack->hash, p->expect)
                    : p->earliest != NULL ? memcmp(p->earliest, pack->hash, HASH_LEN) == 0
                                          : true;
    enum err e = archive_pinned(p->archive, pin, &known);
    if (e != ERR_OK)
        return e;
    if (!known && expected) {
        words_of(pack->hash, words);
        log_note(
            "this archive is now of the pack with the words \"%s\"; compare them with the sheet",
            words);
        return archive_pin(p->archive, pack->hash);
    }
    if ((known && memcmp(pin, pack->hash, HASH_LEN) == 0) ||
        memcmp(pack->replaces, none, HASH_LEN) != 0)
        return ERR_OK;
    return refuse(p, path,
                  "a pack of another study than this archive's; its laptops are set aside");
}

static enum err put_pack(struct pulling *p, struct bytes file, const char *path)
{
    struct pack *pack = NULL;
    bool fresh = false;
    enum err e = pack_parse(file, path, &pack);
    if (e != ERR_OK)
        return e == ERR_NOMEM ? e : refuse(p, path, "the pack was set aside");
    e = archive_put_pack(p->archive, pack->hash, file, &fresh);
    p->n.packs += fresh;
    if (e == ERR_OK)
        e = judge_pack(p, pack, path);
    pack_free(pack);
    return e;
}

/* Signatures of approvals are checked by whoever uses them: the pack may come later. */
static enum err put_approval(struct pulling *p, const char *name, struct bytes file,
                             const char *path)
{
    enum { DEVICE = 64, PACK = 1 + 16, ENDING = sizeof ".approval" - 1 };
    uint8_t device[32];
    char hex[DEVICE + 1] = "";
    bool fresh = false;
    size_t len = strlen(name);
    snprintf(hex, sizeof hex, "%.*s", DEVICE, name);
    if ((len != DEVICE + ENDING && !(len == DEVICE + PACK + ENDING && name[DEVICE] == '-')) ||
        !segment_unhex(hex, 32, device) || file.len > NOTICE_MAX_BYTES || file.len < 8 ||
        memcmp(file.p, "SANAQAP1", 8) != 0)
        return refuse(p, path, "this is not an approval; set aside");
    enum err e = archive_put_notice(p->archive, NOTICE_APPROVAL, device, file, &fresh);
    p->n.approvals += fresh;
    return e;
}

/* ---- a folder ---- */

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);
    return n > m && strcmp(name + n - m, end) == 0;
}

typedef enum err visit_file(struct pulling *p, const char *name, struct bytes file,
                            const char *path);

/* Every regular file in ${dir} that ends so; a folder that is not there holds nothing. */
static enum err each_file(struct pulling *p, const char *dir, const char *end, size_t limit,
                          visit_file *visit)
{
    enum err e = ERR_OK;
    struct dirent *entry;
    DIR *d = opendir(dir);
    if (d == NULL)
        return errno == ENOENT ? ERR_OK : log_fail(ERR_FILE, "%s: %s", dir, strerror(errno));
    while (e == ERR_OK && (entry = readdir(d)) != NULL) {
        if (!ends_with(entry->d_name, end) || entry->d_name[0] == '.')
            continue;
        struct buffer b = {0};
        char *path = file_join(dir, entry->d_name);
        e = path == NULL ? ERR_NOMEM : file_read(path, limit, true, &b);
        if (e == ERR_OK)
            e = visit(p, entry->d_name, buffer_view(&b), path);
        else if (e != ERR_NOMEM)
            e = refuse(p, path, "could not be read; set aside");
        buffer_free(&b);
        free(path);
    }
    closedir(d);
    return e;
}

static enum err visit_segment(struct pulling *p, const char *name, struct bytes file,
                              const char *path)
{
    return put_segment(p, name, p->device, file, path);
}

static enum err visit_pack(struct pulling *p, const char *name, struct bytes file, const char *path)
{
    (void)name;
    return put_pack(p, file, path);
}

static enum err each_device(struct pulling *p, const char *up)
{
    enum err e = ERR_OK;
    struct dirent *entry;
    DIR *d = opendir(up);
    if (d == NULL)
        return errno == ENOENT ? ERR_OK : log_fail(ERR_FILE, "%s: %s", up, strerror(errno));
    while (e == ERR_OK && (entry = readdir(d)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        char *path = file_join(up, entry->d_name);
        if (path == NULL)
            e = ERR_NOMEM;
        else if (!segment_unhex(entry->d_name, 32, p->device))
            e = refuse(p, path, "this is not the name of a laptop's folder; set aside");
        else
            e = each_file(p, path, ".seg", SEGMENT_MAX_BYTES, visit_segment);
        free(path);
    }
    closedir(d);
    return e;
}

static enum err note_pack(struct pulling *p, const char *name, struct bytes file, const char *path)
{
    struct pack *pack = NULL;
    (void)name;
    if (pack_parse(file, path, &pack) != ERR_OK) /* told again when it is set aside */
        return ERR_OK;
    struct line *more = realloc(p->line, (p->lines + 1) * sizeof *more);
    if (more != NULL) {
        p->line = more;
        memcpy(more[p->lines].hash, pack->hash, HASH_LEN);
        memcpy(more[p->lines++].replaces, pack->replaces, HASH_LEN);
    }
    pack_free(pack);
    return more != NULL ? ERR_OK : ERR_NOMEM;
}

static bool lies_here(const struct pulling *p, const uint8_t hash[HASH_LEN])
{
    for (size_t i = 0; i < p->lines; i++)
        if (memcmp(p->line[i].hash, hash, HASH_LEN) == 0)
            return true;
    return false;
}

/* How many packs here replace none that lies here; the last of them. */
static size_t beginnings(const struct pulling *p, const uint8_t **hash)
{
    size_t n = 0;
    for (size_t i = 0; i < p->lines; i++)
        if (!lies_here(p, p->line[i].replaces)) {
            *hash = p->line[i].hash;
            n++;
        }
    return n;
}

/* A new archive takes the study from what is there: the first pack, which the others follow. Where
 * there are several such, a person says which. */
static enum err check_choice(struct pulling *p, const char *packs)
{
    uint8_t pin[HASH_LEN];
    bool known = false;
    enum err e = archive_pinned(p->archive, pin, &known);
    if (e != ERR_OK)
        return e;
    if (known)
        return p->expect == NULL || words_match(pin, p->expect)
                   ? ERR_OK
                   : log_fail(ERR_SIGNATURE,
                              "this archive is of another pack than the words expected");
    if (p->expect != NULL)
        return ERR_OK;
    e = each_file(p, packs, ".pack", PACK_MAX_BYTES, note_pack);
    return e == ERR_OK && beginnings(p, &p->earliest) > 1
               ? log_fail(ERR_USAGE,
                          "packs of several studies lie here: say which one this archive "
                          "is of with --expect \"EIGHT WORDS\", those of its first pack")
               : e;
}

static enum err pull_folder(struct pulling *p, const char *folder)
{
    char *packs = file_join(folder, "packs"), *down = file_join(folder, "down"),
         *up = file_join(folder, "up");
    enum err e = packs == NULL || down == NULL || up == NULL ? ERR_NOMEM : ERR_OK;
    if (e == ERR_OK && access(packs, F_OK) != 0 && access(up, F_OK) != 0)
        e = log_fail(
            ERR_FILE,
            "%s: nothing of a laptop is here (no folders packs and up); is it the right one?",
            folder);
    if (e == ERR_OK)
        e = check_choice(p, packs);
    if (e == ERR_OK)
        e = each_file(p, packs, ".pack", PACK_MAX_BYTES, visit_pack);
    if (e == ERR_OK)
        e = each_file(p, down, ".approval", NOTICE_MAX_BYTES, put_approval);
    if (e == ERR_OK)
        e = each_device(p, up);
    free(packs);
    free(down);
    free(up);
    return e;
}

/* ---- a laptop's store ---- */

static enum err flush(struct pulling *p)
{
    struct buffer b = {0};
    char name[SEGMENT_NAME];
    if (p->run.name.first == 0)
        return ERR_OK;
    enum err e = segment_run_take(&p->run, name, &b);
    if (e == ERR_OK)
        e = put_segment(p, name, p->device, buffer_view(&b), name);
    buffer_free(&b);
    return e;
}

static enum err store_pack(void *ctx, struct bytes pack)
{
    return put_pack(ctx, pack, "the pack in the store");
}

static enum err refuse_row(struct pulling *p, const char *what, uint64_t number)
{
    p->n.refused++;
    log_note("the store holds a damaged %s, number %" PRIu64
             "; if the laptop is there, use collect on it",
             what, number);
    return ERR_OK;
}

/* A preamble whose signature fails opens nothing, and would only make a laptop up. */
static enum err store_stream(void *ctx, uint64_t number, uint64_t first, struct bytes preamble)
{
    struct pulling *p = ctx;
    struct preamble pre;
    (void)first;
    enum err e = flush(p);
    p->entry_len = 0;
    if (e != ERR_OK)
        return e;
    if (intake_preamble(preamble, &pre) != ERR_OK || intake_check_preamble(&pre, NULL) != ERR_OK)
        return refuse_row(p, "session", number);
    memcpy(p->device, pre.device, 32);
    p->entry_len = intake_entry_len(&pre);
    p->first = pre.first;
    return segment_run_stream(&p->run, preamble);
}

static enum err store_entry(void *ctx, uint64_t stream, uint64_t n, struct bytes sealed)
{
    struct pulling *p = ctx;
    enum err e = ERR_OK;
    (void)stream;
    if (p->entry_len == 0) /* its session was refused */
        return ERR_OK;
    if (sealed.len != p->entry_len || n < p->first)
        return refuse_row(p, "entry", n);
    bool gap = p->run.name.first != 0 && n != p->run.name.last + 1;
    if (gap || segment_run_full(&p->run, sealed.len))
        e = flush(p);
    segment_run_add(&p->run, n, sealed);
    return e;
}

static enum err pull_store(struct pulling *p, const char *path)
{
    struct laptop_store_visitor v = {store_pack, store_stream, store_entry, p};
    enum err e = laptop_store_read(path, &v);
    if (e == ERR_PARTIAL) { /* said: what was whole came */
        p->n.refused++;
        e = ERR_OK;
    }
    if (e == ERR_OK)
        e = flush(p);
    segment_run_free(&p->run);
    return e;
}

enum err pull_source(const char *source, const char *expect, struct archive *a,
                     struct pull_counts *out)
{
    struct pulling p = {.archive = a, .expect = expect, .shows = isatty(STDERR_FILENO) == 1};
    const char *path = strncmp(source, "dir:", 4) == 0 ? source + 4 : source;
    struct stat is;
    if (strncmp(source, "rclone:", 7) == 0)
        return log_fail(ERR_UNSUPPORTED,
                        "%s: this version pulls from a folder or a laptop's store.db only", source);
    if (stat(path, &is) != 0)
        return log_fail(ERR_FILE, "%s: %s", path, strerror(errno));
    enum err e = archive_begin(a);
    if (e != ERR_OK)
        return e;
    if (S_ISDIR(is.st_mode))
        e = pull_folder(&p, path);
    else if (laptop_store_is(path))
        e = pull_store(&p, path);
    else
        e = log_fail(ERR_FORMAT, "%s: neither a folder nor a laptop's store.db", path);
    if (p.shows && p.n.segments >= 64)
        fputc('\n', stderr);
    if (e == ERR_OK)
        e = archive_commit(a);
    if (e != ERR_OK)
        archive_cancel(a);
    free(p.line);
    *out = p.n;
    return e;
}
