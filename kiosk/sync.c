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
#include "core/segment.h"
#include "core/stream.h"
#include "kiosk/text.h"

enum { HEX_LEN = 2 * 32 + 1 };

enum err sync_folder(const char *target, const char **path)
{
    if (strncmp(target, "dir:", 4) != 0 || target[4] == '\0')
        return log_fail(ERR_UNSUPPORTED,
                        "%s: this version syncs to a folder only; write dir:/path/of/the/stick",
                        target);
    *path = target + 4;
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
        return errno == ENOENT ? ERR_OK : log_fail(ERR_FILE, "%s: %s", folder, strerror(errno));
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

static enum err write_pack(const struct pack *pack, const char *folder)
{
    char hex[HEX_LEN], name[HEX_LEN + 16];
    segment_hex(pack->hash, HASH_LEN, hex);
    snprintf(name, sizeof name, "packs/%s.pack", hex);
    char *path = file_join(folder, name), *dir = file_join(folder, "packs");
    enum err e = path == NULL || dir == NULL ? ERR_NOMEM : file_make_shared_dir(dir);
    if (e == ERR_OK && !is_there(path, buffer_view(&pack->bytes)))
        e = file_write(path, buffer_view(&pack->bytes), 0644, true);
    free(path);
    free(dir);
    return e;
}

enum err sync_out(struct store *st, const struct pack *pack, const uint8_t device[32],
                  uint64_t confirmed, const char *folder, unsigned *written)
{
    char hex[HEX_LEN], name[HEX_LEN + 8];
    struct there there = {0};
    struct stat is;
    segment_hex(device, 32, hex);
    snprintf(name, sizeof name, "up/%s", hex);
    if (stat(folder, &is) != 0 || !S_ISDIR(is.st_mode))
        return log_fail(ERR_FILE, _("%s: there is no such folder; is the stick plugged in?"),
                        folder);
    char *own = file_join(folder, name);
    struct out o = {.there = &there, .device = device, .folder = own, .confirmed = confirmed};
    struct store_visitor v = {out_stream, out_entry, &o};
    enum err e = own == NULL ? ERR_NOMEM : file_make_shared_dir(own);
    if (e == ERR_OK)
        e = write_pack(pack, folder);
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
    return e;
}

static enum err take(const char *folder, const char *name, struct buffer *out)
{
    char *path = file_join(folder, name);
    enum err e = path == NULL ? ERR_NOMEM : ERR_OK;
    if (e == ERR_OK && access(path, F_OK) == 0)
        e = file_read(path, NOTICE_MAX_BYTES, true, out);
    else if (e == ERR_OK && errno != ENOENT && errno != ENOTDIR)
        e = log_fail(ERR_FILE, "%s: %s", path, strerror(errno));
    if (e != ERR_OK)
        buffer_free(out);
    free(path);
    return e;
}

enum err sync_in(const struct pack *pack, const uint8_t device[32], const char *folder,
                 struct sync_in *in)
{
    char hex[HEX_LEN], name[HEX_LEN + 32];
    segment_hex(device, 32, hex);
    snprintf(name, sizeof name, "down/%s.approval", hex);
    enum err e = take(folder, name, &in->approval);
    snprintf(name, sizeof name, "down/%s.receipt", hex);
    enum err receipt = take(folder, name, &in->receipt);
    segment_hex(pack->hash, HASH_LEN, hex);
    snprintf(name, sizeof name, "down/%s.golive", hex);
    enum err golive = take(folder, name, &in->golive);
    return e != ERR_OK ? e : receipt != ERR_OK ? receipt : golive;
}

void sync_in_free(struct sync_in *in)
{
    buffer_free(&in->approval);
    buffer_free(&in->receipt);
    buffer_free(&in->golive);
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
