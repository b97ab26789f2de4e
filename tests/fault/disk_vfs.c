/* The part of the test's disk that SQLite sees: a VFS over the system's own. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fault/disk.h"

struct file {
    sqlite3_file base;
    sqlite3_file *real;      /* behind this struct */
    bool watched, entry_due; /* SQLite syncs the folder with the first sync of a log it made */
    int inode;
    char path[512];
};

static sqlite3_vfs shim, *system_vfs;

static struct file *of(sqlite3_file *f)
{
    return (struct file *)f;
}

static int code_of(enum disk_blow blow, int error)
{
    return blow == BLOW_FULL ? SQLITE_FULL : error;
}

#define REAL(f) (of(f)->real->pMethods)

static bool hit(sqlite3_file *f, enum disk_call c, enum disk_blow *blow)
{
    *blow = of(f)->watched ? disk_call(c) : BLOW_NONE;
    return *blow != BLOW_NONE;
}

static int file_close(sqlite3_file *f)
{
    return REAL(f)->xClose(of(f)->real);
}

static int file_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
    enum disk_blow blow;
    return hit(f, CALL_READ, &blow) ? SQLITE_IOERR_READ : REAL(f)->xRead(of(f)->real, p, n, at);
}

static int file_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    enum disk_blow blow;
    if (hit(f, CALL_WRITE, &blow) && blow != BLOW_HALF)
        return code_of(blow, SQLITE_IOERR_WRITE);
    int put = blow == BLOW_HALF ? n / 2 : n;
    int rc = put > 0 ? REAL(f)->xWrite(of(f)->real, p, put, at) : SQLITE_OK;
    if (rc == SQLITE_OK && of(f)->watched)
        disk_log_write(of(f)->inode, (uint64_t)at, p, (size_t)put);
    return rc == SQLITE_OK && blow == BLOW_HALF ? SQLITE_FULL : rc;
}

static int file_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    enum disk_blow blow;
    if (hit(f, CALL_OTHER, &blow))
        return SQLITE_IOERR_TRUNCATE;
    int rc = REAL(f)->xTruncate(of(f)->real, size);
    if (rc == SQLITE_OK && of(f)->watched)
        disk_log_truncate(of(f)->inode, (uint64_t)size);
    return rc;
}

static int file_sync(sqlite3_file *f, int flags)
{
    enum disk_blow blow;
    (void)flags;
    if (!of(f)->watched)
        return REAL(f)->xSync(of(f)->real, flags);
    bool bad = hit(f, CALL_SYNC, &blow);
    if (!bad || blow == BLOW_FORGET)
        disk_log_sync(of(f)->inode, bad);
    if (bad)
        return SQLITE_IOERR_FSYNC;
    if (of(f)->entry_due)
        disk_log_dir(of(f)->path);
    of(f)->entry_due = false;
    return SQLITE_OK;
}

static int file_size(sqlite3_file *f, sqlite3_int64 *size)
{
    enum disk_blow blow;
    return hit(f, CALL_OTHER, &blow) ? SQLITE_IOERR_FSTAT : REAL(f)->xFileSize(of(f)->real, size);
}

static int file_lock(sqlite3_file *f, int level)
{
    enum disk_blow blow;
    return hit(f, CALL_OTHER, &blow) ? SQLITE_IOERR_LOCK : REAL(f)->xLock(of(f)->real, level);
}

static int file_unlock(sqlite3_file *f, int level)
{
    return REAL(f)->xUnlock(of(f)->real, level);
}

static int file_reserved(sqlite3_file *f, int *out)
{
    return REAL(f)->xCheckReservedLock(of(f)->real, out);
}

static int file_control(sqlite3_file *f, int op, void *arg)
{
    return REAL(f)->xFileControl(of(f)->real, op, arg);
}

static int file_sector(sqlite3_file *f)
{
    return REAL(f)->xSectorSize(of(f)->real);
}

static int file_traits(sqlite3_file *f)
{
    return REAL(f)->xDeviceCharacteristics(of(f)->real);
}

static int shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
    enum disk_blow blow;
    if (hit(f, extend != 0 ? CALL_MAKE : CALL_OTHER, &blow))
        return SQLITE_IOERR_SHMSIZE;
    return REAL(f)->xShmMap(of(f)->real, page, size, extend, out);
}

static int shm_lock(sqlite3_file *f, int at, int n, int flags)
{
    return REAL(f)->xShmLock(of(f)->real, at, n, flags);
}

static void shm_barrier(sqlite3_file *f)
{
    REAL(f)->xShmBarrier(of(f)->real);
}

static int shm_unmap(sqlite3_file *f, int gone)
{
    return REAL(f)->xShmUnmap(of(f)->real, gone);
}

static const sqlite3_io_methods methods = {.iVersion = 2,
                                           .xClose = file_close,
                                           .xRead = file_read,
                                           .xWrite = file_write,
                                           .xTruncate = file_truncate,
                                           .xSync = file_sync,
                                           .xFileSize = file_size,
                                           .xLock = file_lock,
                                           .xUnlock = file_unlock,
                                           .xCheckReservedLock = file_reserved,
                                           .xFileControl = file_control,
                                           .xSectorSize = file_sector,
                                           .xDeviceCharacteristics = file_traits,
                                           .xShmMap = shm_map,
                                           .xShmLock = shm_lock,
                                           .xShmBarrier = shm_barrier,
                                           .xShmUnmap = shm_unmap};

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *out, int flags, int *given)
{
    struct file *f = of(out);
    bool watched = disk_watches(name);
    bool makes = watched && (flags & SQLITE_OPEN_CREATE) != 0 && access(name, F_OK) != 0;
    (void)vfs;
    memset(f, 0, sizeof *f);
    f->real = (sqlite3_file *)(f + 1);
    enum disk_blow blow = watched ? disk_call(makes ? CALL_MAKE : CALL_OTHER) : BLOW_NONE;
    if (blow != BLOW_NONE)
        return blow == BLOW_FULL ? SQLITE_FULL : SQLITE_CANTOPEN;
    int rc = system_vfs->xOpen(system_vfs, name, f->real, flags, given);
    if (rc != SQLITE_OK)
        return rc;
    f->base.pMethods = &methods;
    f->watched = watched;
    if (watched) {
        snprintf(f->path, sizeof f->path, "%s", name);
        f->inode = disk_inode(name);
        f->entry_due = (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0 &&
                       (flags & SQLITE_OPEN_CREATE) != 0;
    }
    if (makes)
        disk_log_name(name, f->inode);
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    (void)vfs;
    bool watched = disk_watches(name);
    if (watched && disk_call(CALL_REMOVE) != BLOW_NONE)
        return SQLITE_IOERR_DELETE;
    int rc = system_vfs->xDelete(system_vfs, name, 0);
    if (rc == SQLITE_OK && watched)
        disk_log_gone(name);
    if (rc == SQLITE_OK && watched && sync_folder != 0)
        disk_log_dir(name);
    return rc;
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    (void)vfs;
    if (disk_watches(name) && disk_call(CALL_OTHER) != BLOW_NONE)
        return SQLITE_IOERR_ACCESS;
    return system_vfs->xAccess(system_vfs, name, flags, out);
}

void disk_vfs_start(void)
{
    system_vfs = sqlite3_vfs_find(NULL);
    shim = *system_vfs;
    shim.zName = "broken";
    shim.szOsFile = (int)sizeof(struct file) + system_vfs->szOsFile;
    shim.xOpen = vfs_open;
    shim.xDelete = vfs_delete;
    shim.xAccess = vfs_access;
    if (sqlite3_vfs_register(&shim, 1) != SQLITE_OK)
        abort();
}
