#include "tests/fault/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { MAX_FDS = 1024 };

static struct {
    char root[512];
    enum disk_trouble kind;
    unsigned long at, calls[DISK_TROUBLES];
    bool aside, struck, short_now; /* the write after a short one finds the disk full */
} disk;

static struct {
    bool watched, folder;
    int inode;
    uint64_t at;
    char path[512];
} of_fd[MAX_FDS];

void disk_start(const char *root)
{
    static bool placed;
    if (!placed)
        disk_vfs_start();
    placed = true;
    disk_log_start();
    memset(&disk, 0, sizeof disk);
    memset(of_fd, 0, sizeof of_fd);
    snprintf(disk.root, sizeof disk.root, "%s/", root);
}

void disk_break(enum disk_trouble kind, unsigned long at)
{
    memset(disk.calls, 0, sizeof disk.calls);
    disk.kind = kind;
    disk.at = at;
    disk.struck = disk.short_now = false;
}

void disk_mend(void)
{
    disk.kind = DISK_WELL;
    disk.short_now = false;
}

void disk_aside(bool aside)
{
    disk.aside = aside;
}

unsigned long disk_calls(enum disk_trouble kind)
{
    return disk.calls[kind];
}

bool disk_struck(void)
{
    return disk.struck;
}

static bool stays(void)
{
    return disk.kind == DISK_STAYS_FULL || disk.kind == DISK_IS_GONE;
}

bool disk_is_well(void)
{
    return !stays() || !disk.struck;
}

bool disk_watches(const char *path)
{
    return path != NULL && disk.root[0] != '\0' && strncmp(path, disk.root, strlen(disk.root)) == 0;
}

static bool takes_room(enum disk_call c)
{
    return c == CALL_WRITE || c == CALL_MAKE || c == CALL_SYNC;
}

/* Which calls can have which trouble, and what becomes of them. */
enum disk_blow disk_call(enum disk_call c)
{
    const bool can[DISK_TROUBLES] = {[DISK_ERROR] = true,         [DISK_SHORT] = c == CALL_WRITE,
                                     [DISK_FULL] = takes_room(c), [DISK_STAYS_FULL] = takes_room(c),
                                     [DISK_IS_GONE] = true,       [DISK_FORGETS] = c == CALL_SYNC};
    static const enum disk_blow blow[DISK_TROUBLES] = {BLOW_NONE, BLOW_ERROR, BLOW_HALF,  BLOW_FULL,
                                                       BLOW_FULL, BLOW_ERROR, BLOW_FORGET};
    if (disk.aside)
        return BLOW_NONE;
    for (int k = 0; k < DISK_TROUBLES; k++)
        disk.calls[k] += can[k];
    if (disk.short_now && c == CALL_WRITE) {
        disk.short_now = false;
        return BLOW_FULL;
    }
    if (!can[disk.kind] || disk.calls[disk.kind] < disk.at ||
        (!stays() && disk.calls[disk.kind] > disk.at))
        return BLOW_NONE;
    disk.struck = true;
    return blow[disk.kind];
}

/* ---- the calls of our own programs ---- */

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap___open_2(const char *path, int flags);
int __real_mkostemp(char *path, int flags);
int __wrap_mkostemp(char *path, int flags);
ssize_t __real_read(int fd, void *p, size_t n);
ssize_t __wrap_read(int fd, void *p, size_t n);
ssize_t __wrap___read_chk(int fd, void *p, size_t n, size_t room);
ssize_t __real_pread(int fd, void *p, size_t n, off_t at);
ssize_t __wrap_pread(int fd, void *p, size_t n, off_t at);
ssize_t __wrap___pread_chk(int fd, void *p, size_t n, off_t at, size_t room);
ssize_t __real_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n);
ssize_t __real_pwrite(int fd, const void *p, size_t n, off_t at);
ssize_t __wrap_pwrite(int fd, const void *p, size_t n, off_t at);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __real_close(int fd);
int __wrap_close(int fd);
int __real_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to);
int __real_unlink(const char *path);
int __wrap_unlink(const char *path);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __real_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode);
int __real_rmdir(const char *path);
int __wrap_rmdir(const char *path);
int __real_ftruncate(int fd, off_t size);
int __wrap_ftruncate(int fd, off_t size);

/* True if the call is to fail; errno says how. */
static bool fails(enum disk_call c, enum disk_blow *blow)
{
    enum disk_blow b = disk_call(c);
    if (blow != NULL)
        *blow = b;
    if (b == BLOW_NONE || b == BLOW_HALF)
        return false;
    errno = b == BLOW_FULL ? ENOSPC : EIO;
    return true;
}

static bool watched(int fd)
{
    return fd >= 0 && fd < MAX_FDS && of_fd[fd].watched;
}

static void remember(int fd, const char *path, bool folder)
{
    if (fd < 0 || fd >= MAX_FDS)
        return;
    of_fd[fd].watched = true;
    of_fd[fd].folder = folder;
    of_fd[fd].at = 0;
    of_fd[fd].inode = folder ? -1 : disk_inode(path);
    snprintf(of_fd[fd].path, sizeof of_fd[fd].path, "%s%s", path, folder ? "/." : "");
}

/* The root itself counts too: its names are synced through it. */
static bool watches_folder(const char *path)
{
    size_t n = strlen(path);
    return disk_watches(path) ||
           (disk.root[0] != '\0' && n + 1 == strlen(disk.root) && strncmp(path, disk.root, n) == 0);
}

int __wrap_open(const char *path, int flags, ...)
{
    unsigned mode = 0;
    if ((flags & O_CREAT) != 0) {
        va_list args;
        va_start(args, flags);
        mode = va_arg(args, unsigned);
        va_end(args);
    }
    bool folder = (flags & O_DIRECTORY) != 0;
    if (!(folder ? watches_folder(path) : disk_watches(path)))
        return __real_open(path, flags, mode);
    bool makes = (flags & O_CREAT) != 0 && access(path, F_OK) != 0;
    if (fails(makes ? CALL_MAKE : CALL_OTHER, NULL))
        return -1;
    int fd = __real_open(path, flags, mode);
    if (fd >= 0)
        remember(fd, path, folder);
    if (fd >= 0 && makes)
        disk_log_name(path, of_fd[fd].inode);
    return fd;
}

int __wrap___open_2(const char *path, int flags)
{
    return __wrap_open(path, flags);
}

int __wrap_mkostemp(char *path, int flags)
{
    if (!disk_watches(path))
        return __real_mkostemp(path, flags);
    if (fails(CALL_MAKE, NULL))
        return -1;
    int fd = __real_mkostemp(path, flags);
    if (fd >= 0) {
        remember(fd, path, false);
        disk_log_name(path, of_fd[fd].inode);
    }
    return fd;
}

ssize_t __wrap_read(int fd, void *p, size_t n)
{
    return watched(fd) && fails(CALL_READ, NULL) ? -1 : __real_read(fd, p, n);
}

ssize_t __wrap___read_chk(int fd, void *p, size_t n, size_t room)
{
    return n > room ? -1 : __wrap_read(fd, p, n);
}

ssize_t __wrap_pread(int fd, void *p, size_t n, off_t at)
{
    return watched(fd) && fails(CALL_READ, NULL) ? -1 : __real_pread(fd, p, n, at);
}

ssize_t __wrap___pread_chk(int fd, void *p, size_t n, off_t at, size_t room)
{
    return n > room ? -1 : __wrap_pread(fd, p, n, at);
}

/* How much of a write comes about; false: nothing, with errno. */
static bool allowed(int fd, size_t *n)
{
    enum disk_blow blow = BLOW_NONE;
    if (!watched(fd))
        return true;
    if (fails(CALL_WRITE, &blow))
        return false;
    if (blow == BLOW_HALF) {
        *n = *n / 2 > 0 ? *n / 2 : *n;
        disk.short_now = true;
    }
    return true;
}

ssize_t __wrap_write(int fd, const void *p, size_t n)
{
    if (!allowed(fd, &n))
        return -1;
    ssize_t put = __real_write(fd, p, n);
    if (put > 0 && watched(fd)) {
        disk_log_write(of_fd[fd].inode, of_fd[fd].at, p, (size_t)put);
        of_fd[fd].at += (uint64_t)put;
    }
    return put;
}

ssize_t __wrap_pwrite(int fd, const void *p, size_t n, off_t at)
{
    if (!allowed(fd, &n))
        return -1;
    ssize_t put = __real_pwrite(fd, p, n, at);
    if (put > 0 && watched(fd))
        disk_log_write(of_fd[fd].inode, (uint64_t)at, p, (size_t)put);
    return put;
}

static int sync_fd(int fd)
{
    enum disk_blow blow = BLOW_NONE;
    bool bad = fails(CALL_SYNC, &blow);
    if (of_fd[fd].folder && !bad)
        disk_log_dir(of_fd[fd].path);
    else if (!of_fd[fd].folder && (!bad || blow == BLOW_FORGET))
        disk_log_sync(of_fd[fd].inode, bad);
    return bad ? -1 : 0;
}

int __wrap_fsync(int fd)
{
    return watched(fd) ? sync_fd(fd) : __real_fsync(fd);
}

int __wrap_fdatasync(int fd)
{
    return watched(fd) ? sync_fd(fd) : __real_fdatasync(fd);
}

int __wrap_close(int fd)
{
    if (!watched(fd))
        return __real_close(fd);
    of_fd[fd].watched = false;
    int done = __real_close(fd);
    return fails(CALL_OTHER, NULL) ? -1 : done;
}

int __wrap_link(const char *from, const char *to)
{
    if (!disk_watches(to))
        return __real_link(from, to);
    if (fails(CALL_MAKE, NULL) || __real_link(from, to) != 0)
        return -1;
    disk_log_name(to, disk_inode(from));
    return 0;
}

int __wrap_unlink(const char *path)
{
    if (!disk_watches(path))
        return __real_unlink(path);
    if (fails(CALL_REMOVE, NULL) || __real_unlink(path) != 0)
        return -1;
    disk_log_gone(path);
    return 0;
}

int __wrap_rename(const char *from, const char *to)
{
    if (!disk_watches(to))
        return __real_rename(from, to);
    if (fails(CALL_MAKE, NULL) || __real_rename(from, to) != 0)
        return -1;
    disk_log_name(to, disk_inode(from));
    disk_log_gone(from);
    return 0;
}

int __wrap_mkdir(const char *path, mode_t mode)
{
    if (!disk_watches(path))
        return __real_mkdir(path, mode);
    struct stat is;
    if (stat(path, &is) == 0) { /* asked for to be sure: takes no room */
        errno = EEXIST;
        return -1;
    }
    if (fails(CALL_MAKE, NULL) || __real_mkdir(path, mode) != 0)
        return -1;
    disk_log_folder(path);
    return 0;
}

int __wrap_rmdir(const char *path)
{
    if (!disk_watches(path))
        return __real_rmdir(path);
    if (fails(CALL_REMOVE, NULL) || __real_rmdir(path) != 0)
        return -1;
    disk_log_gone(path);
    return 0;
}

int __wrap_ftruncate(int fd, off_t size)
{
    if (!watched(fd))
        return __real_ftruncate(fd, size);
    if (fails(CALL_WRITE, NULL) || __real_ftruncate(fd, size) != 0)
        return -1;
    disk_log_truncate(of_fd[fd].inode, (uint64_t)size);
    return 0;
}
