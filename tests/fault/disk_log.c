/* What was done to the test's disk, and the disk after a power cut at any moment of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/fault/disk.h"

enum { SECTOR = 512, PATH_ROOM = 512, MAX_NAMES = 256 };

struct event {
    enum disk_kind kind;
    int inode;         /* of a name: -1 folder, -2 gone */
    uint64_t at, size; /* note: its value in ${at} */
    uint8_t *data;
    char *path;
};
enum { IS_FOLDER = -1, IS_GONE = -2 };

static struct {
    bool on;
    struct event *event;
    size_t count, room;
    int inodes; /* the highest of its events */
} past;

struct name {
    char path[PATH_ROOM];
    int inode;
};
struct names {
    struct name name[MAX_NAMES];
    size_t count;
};
static struct names live;
static int inodes;

static void *must(void *p)
{
    if (p == NULL)
        abort();
    return p;
}

static struct name *find(struct names *n, const char *path)
{
    for (size_t i = 0; i < n->count; i++)
        if (strcmp(n->name[i].path, path) == 0)
            return &n->name[i];
    return NULL;
}

static void set_name(struct names *n, const char *path, int inode)
{
    struct name *at = find(n, path);
    if (inode == IS_GONE) {
        if (at != NULL)
            *at = n->name[--n->count];
        return;
    }
    if (at == NULL && n->count == MAX_NAMES)
        abort();
    if (at == NULL)
        at = &n->name[n->count++];
    snprintf(at->path, PATH_ROOM, "%s", path);
    at->inode = inode;
}

int disk_inode(const char *path)
{
    struct name *at = find(&live, path);
    if (at == NULL) {
        set_name(&live, path, ++inodes);
        at = find(&live, path);
    }
    return at->inode;
}

/* ---- writing down ---- */

static void forget_past(void)
{
    for (size_t i = 0; i < past.count; i++) {
        free(past.event[i].data);
        free(past.event[i].path);
    }
    past.count = 0;
    past.inodes = 0;
}

void disk_log_start(void)
{
    live.count = 0;
    inodes = 0;
    past.on = false;
}

void disk_record(void)
{
    forget_past();
    past.on = true;
}

size_t disk_events(void)
{
    return past.count;
}

enum disk_kind disk_kind_of(size_t event)
{
    return past.event[event].kind;
}

static struct event *add(enum disk_kind kind, int inode, const char *path)
{
    static struct event none;
    if (!past.on)
        return &none;
    if (past.count == past.room) {
        past.room = past.room ? 2 * past.room : 1024;
        past.event = must(realloc(past.event, past.room * sizeof *past.event));
    }
    struct event *e = &past.event[past.count++];
    *e = (struct event){.kind = kind, .inode = inode};
    past.inodes = inode > past.inodes ? inode : past.inodes;
    if (path != NULL)
        e->path = must(strdup(path));
    return e;
}

void disk_note(uint64_t value)
{
    add(DISK_NOTE, 0, NULL)->at = value;
}

uint64_t disk_noted(size_t event)
{
    while (event > 0)
        if (past.event[--event].kind == DISK_NOTE)
            return past.event[event].at;
    return 0;
}

void disk_log_write(int inode, uint64_t at, const void *p, size_t n)
{
    if (!past.on)
        return;
    struct event *e = add(DISK_WRITE, inode, NULL);
    e->at = at;
    e->size = n;
    e->data = must(malloc(n > 0 ? n : 1));
    memcpy(e->data, p, n);
}

void disk_log_truncate(int inode, uint64_t size)
{
    add(DISK_TRUNCATE, inode, NULL)->size = size;
}

void disk_log_sync(int inode, bool lost)
{
    add(lost ? DISK_LOST : DISK_SYNC, inode, NULL);
}

void disk_log_dir(const char *path_in_it)
{
    add(DISK_DIR, 0, path_in_it);
}

void disk_log_name(const char *path, int inode)
{
    set_name(&live, path, inode);
    add(DISK_NAME, inode, path);
}

void disk_log_gone(const char *path)
{
    set_name(&live, path, IS_GONE);
    add(DISK_NAME, IS_GONE, path);
}

void disk_log_folder(const char *path)
{
    add(DISK_NAME, IS_FOLDER, path);
}

/* ---- the disk after a cut ---- */

struct content {
    uint8_t *p;
    size_t len;
    size_t *pending, count; /* events not synced yet, in order */
};

struct cut {
    enum disk_cut how;
    uint64_t random;
    struct content *file; /* by inode */
    struct names names;
    size_t *due, dues; /* events that name, their folder not synced yet */
};

static uint64_t chance(struct cut *c)
{
    uint64_t z = (c->random += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void set_length(struct content *f, size_t len)
{
    if (len > f->len) {
        f->p = must(realloc(f->p, len));
        memset(f->p + f->len, 0, len - f->len);
    }
    f->len = len;
}

static void place(struct content *f, uint64_t at, const uint8_t *p, size_t n)
{
    if (at + n > f->len)
        set_length(f, at + n);
    memcpy(f->p + at, p, n);
}

/* Of a write that was not synced, sector by sector. */
static void tear(struct cut *c, struct content *f, const struct event *e)
{
    for (uint64_t at = e->at, end = e->at + e->size; at < end;) {
        uint64_t next = at / SECTOR * SECTOR + SECTOR;
        size_t n = (size_t)((next < end ? next : end) - at);
        uint64_t pick = chance(c) % (c->how == DISK_TEARS ? 4 : 2);
        if (pick == 2)
            place(f, at, e->data + (at - e->at), n / 2);
        else if (pick == 3)
            place(f, at + n / 2, e->data + (at - e->at) + n / 2, n - n / 2);
        else if (pick == 1)
            place(f, at, e->data + (at - e->at), n);
        at += n;
    }
}

static void do_whole(struct content *f, const struct event *e)
{
    if (e->kind == DISK_TRUNCATE)
        set_length(f, e->size);
    else
        place(f, e->at, e->data, e->size);
}

static void do_cut(struct cut *c, struct content *f, const struct event *e)
{
    switch (c->how) {
    case DISK_DROPS:
        return;
    case DISK_KEEPS:
        do_whole(f, e);
        return;
    case DISK_GROWS:
        if (e->kind == DISK_WRITE && e->at + e->size > f->len)
            set_length(f, e->at + e->size);
        return;
    default:
        if (e->kind == DISK_WRITE)
            tear(c, f, e);
        else if (chance(c) % 2 == 0)
            do_whole(f, e);
    }
}

/* "/a/b" lies in the folder of "/a/c". */
static bool same_folder(const char *a, const char *b)
{
    size_t n = (size_t)(strrchr(a, '/') - a);
    return (size_t)(strrchr(b, '/') - b) == n && strncmp(a, b, n) == 0;
}

static void sync_folder(struct cut *c, const char *path)
{
    size_t left = 0;
    for (size_t i = 0; i < c->dues; i++) {
        const struct event *e = &past.event[c->due[i]];
        if (same_folder(e->path, path))
            set_name(&c->names, e->path, e->inode);
        else
            c->due[left++] = c->due[i];
    }
    c->dues = left;
}

static void replay(struct cut *c, size_t at)
{
    const struct event *e = &past.event[at];
    struct content *f = &c->file[e->inode > 0 ? e->inode : 0];
    switch (e->kind) {
    case DISK_WRITE:
    case DISK_TRUNCATE:
        f->pending = must(realloc(f->pending, (f->count + 1) * sizeof *f->pending));
        f->pending[f->count++] = at;
        break;
    case DISK_SYNC:
        for (size_t i = 0; i < f->count; i++)
            do_whole(f, &past.event[f->pending[i]]);
        f->count = 0;
        break;
    case DISK_LOST:
        f->count = 0;
        break;
    case DISK_NAME:
        c->due = must(realloc(c->due, (c->dues + 1) * sizeof *c->due));
        c->due[c->dues++] = at;
        break;
    case DISK_DIR:
        sync_folder(c, e->path);
        break;
    case DISK_NOTE:
        break;
    }
}

/* Names come to the disk in order; how many of them, chance says. */
static void cut_names(struct cut *c)
{
    size_t n = c->how == DISK_DROPS   ? 0
               : c->how == DISK_KEEPS ? c->dues
                                      : (size_t)(chance(c) % (c->dues + 1));
    for (size_t i = 0; i < n; i++)
        set_name(&c->names, past.event[c->due[i]].path, past.event[c->due[i]].inode);
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct name *)a)->path, ((const struct name *)b)->path);
}

/* Folders come before what is in them; what lies in a folder that is not there is not there. */
static void lay_out(struct cut *c, size_t root, const char *into)
{
    char path[2 * PATH_ROOM];
    qsort(c->names.name, c->names.count, sizeof *c->names.name, by_path);
    for (size_t i = 0; i < c->names.count; i++) {
        const struct name *n = &c->names.name[i];
        snprintf(path, sizeof path, "%s%s", into, n->path + root);
        if (n->inode == IS_FOLDER) {
            mkdir(path, 0700);
            continue;
        }
        FILE *f = fopen(path, "wb");
        if (f == NULL)
            continue;
        const struct content *is = &c->file[n->inode];
        if (is->len > 0 && fwrite(is->p, 1, is->len, f) != is->len)
            abort();
        if (fclose(f) != 0)
            abort();
    }
}

void disk_rebuild(size_t events, enum disk_cut how, uint64_t seed, const char *root,
                  const char *into)
{
    struct cut *c = must(calloc(1, sizeof *c));
    c->how = how;
    c->random = seed;
    c->file = must(calloc((size_t)past.inodes + 1, sizeof *c->file));
    for (size_t i = 0; i < events; i++)
        replay(c, i);
    for (int i = 0; i <= past.inodes; i++)
        for (size_t k = 0; k < c->file[i].count; k++)
            do_cut(c, &c->file[i], &past.event[c->file[i].pending[k]]);
    cut_names(c);
    lay_out(c, strlen(root), into);
    for (int i = 0; i <= past.inodes; i++) {
        free(c->file[i].p);
        free(c->file[i].pending);
    }
    free(c->file);
    free(c->due);
    free(c);
}
