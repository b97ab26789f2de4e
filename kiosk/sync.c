#include "kiosk/sync.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "core/log.h"
#include "core/pack.h"
#include "core/segment.h"
#include "core/stream.h"
#include "kiosk/confine.h"
#include "core/study_word.h"
#include "kiosk/text.h"

enum { HEX_LEN = 2 * 32 + 1 };

enum err sync_folder(const char *target, const char **path)
{
    if (!study_word_is_target(target))
        return log_fail(
            ERR_USAGE,
            _("%s: this is no target; write dir:/path/of/the/stick. A remote is named by "
              "letters, digits, - and _ only: anything else could run programs"),
            target);
    if (strncmp(target, "dir:", 4) != 0)
        return log_fail(ERR_UNSUPPORTED,
                        _("%s: this version syncs to a folder only; write dir:/path/of/the/stick"),
                        target);
    if (confine_bars(target + 4))
        return log_fail(ERR_STATE,
                        _("%s: the kiosk may write to removable media, temporary folders and the "
                          "visible folders of this user only; for this one run: sanaq-kiosk sync "
                          "%s"),
                        target + 4, target);
    *path = target + 4;
    return ERR_OK;
}

void sync_name(const char *sub, const uint8_t id[HASH_LEN], const char *ending, char out[SYNC_NAME])
{
    char hex[HEX_LEN];
    segment_hex(id, HASH_LEN, hex);
    snprintf(out, SYNC_NAME, "%s/%s%s", sub, hex, ending);
}

/* True if ${path} is a folder and no link to one elsewhere; ${absent} where there is nothing.
 * ERR_FILE (said) for anything else. */
static enum err look_at(const char *path, bool *absent)
{
    struct stat is;
    *absent = false;
    if (lstat(path, &is) != 0) {
        *absent = errno == ENOENT || errno == ENOTDIR;
        return *absent ? ERR_OK
                       : log_fail(ERR_FILE, "%s: could not be read: %s", path, strerror(errno));
    }
    return S_ISDIR(is.st_mode)
               ? ERR_OK
               : log_fail(ERR_FILE,
                          _("%s: a folder belongs here, and this is none (a link?); it was left "
                            "alone. Use another stick"),
                          path);
}

/* The folder ${sub} of a target, made where there is none. */
static enum err own_folder(const char *folder, const char *sub, char **out)
{
    bool absent = false;
    char *path = file_join(folder, sub);
    enum err e = path == NULL ? ERR_NOMEM : look_at(path, &absent);
    if (e == ERR_OK && absent)
        e = file_make_shared_dir(path);
    if (e != ERR_OK) {
        free(path);
        return e;
    }
    *out = path;
    return ERR_OK;
}

/* What of this device lies on the target: ranges by their names. */
struct range {
    uint64_t first, last;
};
struct there {
    struct range *range;
    size_t count;
};

static enum err list(const char *folder, const uint8_t device[32], struct there *out)
{
    enum err e = ERR_OK;
    size_t room = 0;
    struct dirent *entry;
    DIR *d = opendir(folder);
    if (d == NULL)
        return errno == ENOENT
                   ? ERR_OK
                   : log_fail(ERR_FILE, "%s: could not be read: %s", folder, strerror(errno));
    while (e == ERR_OK && (entry = readdir(d)) != NULL) {
        struct segment_name n;
        if (!segment_get_name(entry->d_name, &n) || memcmp(n.device, device, sizeof n.device) != 0)
            continue;
        if (out->count == room) {
            room = room ? 2 * room : 64;
            struct range *more = realloc(out->range, room * sizeof *more);
            if (more == NULL) {
                e = ERR_NOMEM;
                break;
            }
            out->range = more;
        }
        out->range[out->count++] = (struct range){n.first, n.last};
    }
    closedir(d);
    return e;
}

/* Last position of the range that begins at ${n}; 0: none does. */
static uint64_t end_there(const struct there *t, uint64_t n)
{
    uint64_t end = 0;
    for (size_t i = 0; i < t->count; i++)
        if (t->range[i].first == n && t->range[i].last > end)
            end = t->range[i].last;
    return end;
}

struct out {
    const struct there *there;
    const uint8_t *device;
    const char *folder;
    uint64_t confirmed;
    unsigned written;
    struct segment_run run;
    uint64_t end; /* of the file that has the run's beginning; 0: there is none */
};

/* True if exactly these bytes lie there, as the medium gives them back: a stick that lies is found
 * out while it is still here, and a file that was cut short or damaged on the way is not there. */
static bool is_there(const char *path, struct bytes wanted)
{
    struct buffer got = {0};
    struct stat is;
    bool same = false;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return false;
    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    if (fstat(fd, &is) == 0 && S_ISREG(is.st_mode) && is.st_size == (off_t)wanted.len)
        same = file_read(path, wanted.len, true, &got) == ERR_OK && got.len == wanted.len &&
               memcmp(got.p, wanted.p, got.len) == 0;
    close(fd);
    buffer_free(&got);
    return same;
}

static enum err write_segment(const char *path, struct bytes b)
{
    struct timespec constant[2] = {{SEGMENT_TIME, 0}, {SEGMENT_TIME, 0}};
    enum err e = file_write(path, b, 0644, true);
    if (e == ERR_OK && !is_there(path, b)) {
        unlink(path);
        e = log_fail(ERR_FILE,
                     _("%s: what was written does not come back the same; use another stick"),
                     path);
    }
    if (e == ERR_OK) /* the time of writing would tell the hour of the interview */
        utimensat(AT_FDCWD, path, constant, AT_SYMLINK_NOFOLLOW);
    return e;
}

static enum err flush(struct out *o)
{
    struct buffer b = {0};
    char name[SEGMENT_NAME];
    if (o->run.name.first == 0)
        return ERR_OK;
    enum err e = segment_run_take(&o->run, name, &b);
    char *path = file_join(o->folder, name);
    if (path == NULL)
        e = ERR_NOMEM;
    if (e == ERR_OK && !is_there(path, buffer_view(&b))) {
        e = write_segment(path, buffer_view(&b));
        o->written += e == ERR_OK;
    }
    buffer_free(&b);
    free(path);
    return e;
}

static enum err out_stream(void *ctx, uint64_t number, uint64_t first, struct bytes preamble)
{
    struct out *o = ctx;
    (void)number, (void)first;
    enum err e = flush(o);
    return e == ERR_OK ? segment_run_stream(&o->run, preamble) : e;
}

static enum err out_entry(void *ctx, uint64_t stream, uint64_t n, struct bytes sealed)
{
    struct out *o = ctx;
    (void)stream;
    enum err e = ERR_OK;
    uint64_t end = end_there(o->there, n);
    bool ends = o->end != 0 ? n > o->end : end != 0;
    if (o->run.name.first != 0 && (ends || segment_run_full(&o->run, sealed.len)))
        e = flush(o);
    bool begins = o->run.name.first == 0 && (n > o->confirmed || end > o->confirmed);
    if (begins)
        o->end = end;
    if (begins || o->run.name.first != 0)
        segment_run_add(&o->run, n, sealed);
    else
        segment_run_pass(&o->run, sealed);
    return e;
}

/* True if this pack lies there, perhaps with more signatures than here: those are not taken away.
 */
static bool has_pack(const char *path, const struct pack *pack)
{
    struct buffer b = {0};
    struct pack *there = NULL;
    struct stat is;
    bool more = lstat(path, &is) == 0 && S_ISREG(is.st_mode) &&
                is.st_size > (off_t)pack->bytes.len && is.st_size <= PACK_MAX_BYTES;
    if (!more)
        return is_there(path, buffer_view(&pack->bytes));
    bool has = file_read(path, PACK_MAX_BYTES, true, &b) == ERR_OK &&
               pack_parse(buffer_view(&b), path, &there) == ERR_OK &&
               memcmp(there->hash, pack->hash, HASH_LEN) == 0;
    pack_free(there);
    buffer_free(&b);
    return has;
}

static enum err write_pack(void *ctx, struct bytes bytes)
{
    const char *folder = ctx;
    char name[SYNC_NAME];
    struct pack *pack = NULL;
    enum err e = pack_parse(bytes, "a pack in the store", &pack);
    if (e != ERR_OK)
        return e;
    sync_name("packs", pack->hash, ".pack", name);
    char *path = file_join(folder, name);
    if (path == NULL)
        e = ERR_NOMEM;
    else if (!has_pack(path, pack))
        e = file_write(path, bytes, 0644, true);
    pack_free(pack);
    free(path);
    return e;
}

/* Results are read under the pack that they were sealed under, however long ago. */
static enum err write_packs(struct store *st, const char *folder)
{
    char *dir = NULL;
    enum err e = own_folder(folder, "packs", &dir);
    if (e == ERR_OK)
        e = store_each_pack(st, write_pack, (void *)(uintptr_t)folder);
    free(dir);
    return e;
}

enum err sync_out(struct store *st, const uint8_t device[32], uint64_t confirmed,
                  const char *folder, unsigned *written)
{
    char name[SYNC_NAME];
    char *up = NULL, *own = NULL;
    struct there there = {0};
    struct stat is;
    *written = 0;
    sync_name("up", device, "", name);
    if (stat(folder, &is) != 0 || !S_ISDIR(is.st_mode))
        return log_fail(ERR_FILE, _("%s: there is no such folder; is the stick plugged in?"),
                        folder);
    enum err e = own_folder(folder, "up", &up);
    if (e == ERR_OK)
        e = own_folder(folder, name, &own);
    struct out o = {.there = &there, .device = device, .folder = own, .confirmed = confirmed};
    struct store_visitor v = {out_stream, out_entry, &o};
    if (e == ERR_OK)
        e = write_packs(st, folder);
    if (e == ERR_OK)
        e = list(own, device, &there);
    if (e == ERR_OK)
        e = store_walk(st, confirmed + 1, &v);
    if (e == ERR_OK)
        e = flush(&o);
    *written = o.written;
    segment_run_free(&o.run);
    free(there.range);
    free(own);
    free(up);
    return e;
}

/* ---- what came back ---- */

enum err sync_take(const char *folder, const char *name, size_t limit, struct buffer *out)
{
    struct stat is;
    bool absent = false;
    char *path = file_join(folder, name);
    if (path == NULL)
        return ERR_NOMEM;
    char *slash = strrchr(path, '/');
    *slash = '\0';
    enum err e = look_at(path, &absent);
    *slash = '/';
    if (e == ERR_OK && !absent && lstat(path, &is) != 0 && errno == ENOENT)
        absent = true;
    if (e == ERR_OK && !absent)
        e = file_read(path, limit, true, out);
    if (e != ERR_OK)
        buffer_free(out);
    free(path);
    return e;
}

enum err sync_names(const char *folder, const char *sub, sync_visit *visit, void *ctx)
{
    bool absent = false;
    struct dirent *entry;
    DIR *d = NULL;
    char *path = file_join(folder, sub);
    enum err e = path == NULL ? ERR_NOMEM : look_at(path, &absent);
    if (e == ERR_OK && !absent && (d = opendir(path)) == NULL)
        e = log_fail(ERR_FILE, "%s: could not be read: %s", path, strerror(errno));
    while (e == ERR_OK && d != NULL && (entry = readdir(d)) != NULL)
        e = visit(ctx, entry->d_name);
    if (d != NULL)
        closedir(d);
    free(path);
    return e;
}

static enum err first_stream(void *ctx, uint64_t number, uint64_t first, struct bytes preamble)
{
    const uint8_t *device = stream_preamble_device(preamble);
    (void)number, (void)first;
    if (device == NULL)
        return ERR_FORMAT;
    memcpy(ctx, device, 32);
    return ERR_INTERRUPTED; /* the first is enough */
}

static enum err no_entry(void *ctx, uint64_t stream, uint64_t n, struct bytes sealed)
{
    (void)ctx, (void)stream, (void)n, (void)sealed;
    return ERR_OK;
}

enum err sync_device(struct store *st, uint8_t device[32])
{
    struct store_visitor v = {first_stream, no_entry, device};
    enum err e = store_walk(st, 0, &v);
    return e == ERR_INTERRUPTED ? ERR_OK : e == ERR_OK ? ERR_FORMAT : e;
}

struct head_at {
    uint64_t n;
    bool found;
    struct segment_run run;
};

static enum err head_stream(void *ctx, uint64_t number, uint64_t first, struct bytes preamble)
{
    struct head_at *h = ctx;
    (void)number, (void)first;
    return h->found ? ERR_OK : segment_run_stream(&h->run, preamble);
}

static enum err head_entry(void *ctx, uint64_t stream, uint64_t n, struct bytes sealed)
{
    struct head_at *h = ctx;
    (void)stream;
    if (n <= h->n && !h->found)
        segment_run_pass(&h->run, sealed);
    h->found = h->found || n == h->n;
    return ERR_OK;
}

enum err sync_head_at(struct store *st, uint64_t n, uint8_t head[HASH_LEN])
{
    struct head_at h = {.n = n};
    struct store_visitor v = {head_stream, head_entry, &h};
    enum err e = store_walk(st, n, &v);
    if (e == ERR_OK && !h.found)
        e = ERR_FORMAT;
    if (e == ERR_OK)
        memcpy(head, h.run.head, HASH_LEN);
    segment_run_free(&h.run);
    return e;
}
