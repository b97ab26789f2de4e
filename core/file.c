#define _GNU_SOURCE /* mkostemp */
#include "core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/log.h"

enum err file_err(int errnum)
{
    return errnum == ENOSPC || errnum == EDQUOT ? ERR_FULL : ERR_FILE;
}

char *file_join(const char *dir, const char *name)
{
    size_t n = strlen(dir) + strlen(name) + 2;
    char *path = malloc(n);
    if (path != NULL)
        snprintf(path, n, "%s/%s", dir, name);
    return path;
}

enum err file_read(const char *path, size_t limit, bool strict, struct buffer *out)
{
    struct stat st;
    enum err e = ERR_FILE;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | (strict ? O_NOFOLLOW : 0));
    if (fd < 0)
        return log_fail(ERR_FILE, "%s: could not be opened: %s", path, strerror(errno));
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        log_fail(e, "%s: this is not a file", path);
        goto out;
    }
    for (;;) {
        uint8_t chunk[65536];
        ssize_t got = read(fd, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            log_fail(e, "%s: could not be read: %s", path, strerror(errno));
            goto out;
        }
        if (got == 0)
            break;
        buffer_add(out, chunk, (size_t)got);
        if (out->len > limit) {
            e = log_fail(ERR_FORMAT, "%s: larger than the %zu bytes allowed; is it the right file?",
                         path, limit);
            goto out;
        }
    }
    e = out->failed ? ERR_NOMEM : ERR_OK;
out:
    close(fd);
    return e;
}

static int sync_parent(const char *path)
{
    char *dir = strdup(path);
    if (dir == NULL)
        return -1;
    char *slash = strrchr(dir, '/');
    if (slash == dir)
        slash[1] = '\0';
    else if (slash != NULL)
        *slash = '\0';
    int fd = open(slash != NULL ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(dir);
    if (fd < 0)
        return -1;
    int bad = fsync(fd) != 0 && errno != EINVAL; /* some file systems cannot sync a folder */
    close(fd);
    return bad ? -1 : 0;
}

static int write_all(int fd, struct bytes b)
{
    while (b.len > 0) {
        ssize_t put = write(fd, b.p, b.len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -1;
        b.p += put;
        b.len -= (size_t)put;
    }
    return 0;
}

/* "dir/.name.XXXXXX": hidden, beside the target, so that rename stays on one file system. */
static char *temp_name(const char *path)
{
    size_t n = strlen(path) + sizeof ".." + 6;
    char *tmp = malloc(n);
    if (tmp == NULL)
        return NULL;
    const char *slash = strrchr(path, '/');
    int dir = slash == NULL ? 0 : (int)(slash - path) + 1;
    snprintf(tmp, n, "%.*s.%s.XXXXXX", dir, path, path + dir);
    return tmp;
}

static bool put_in_place(const char *tmp, const char *path, bool replace)
{
    if (replace)
        return rename(tmp, path) == 0;
    if (link(tmp, path) == 0) /* fails where the name has appeared meanwhile */
        return true;
    bool no_links = errno == EPERM || errno == ENOTSUP; /* FAT on a stick has none */
    return no_links && rename(tmp, path) == 0;
}

enum err file_write(const char *path, struct bytes b, unsigned mode, bool replace)
{
    int fd = -1, errnum = 0;
    bool done = false;
    if (!replace && access(path, F_OK) == 0)
        return log_fail(ERR_FILE, "%s: there is such a file already; it was left as it is", path);
    char *tmp = temp_name(path);
    if (tmp == NULL)
        return ERR_NOMEM;
    fd = mkostemp(tmp, O_CLOEXEC);
    if (fd < 0) {
        errnum = errno;
        goto out;
    }
    done = fchmod(fd, (mode_t)mode) == 0 && write_all(fd, b) == 0 && fsync(fd) == 0;
    errnum = errno;
    if (close(fd) != 0 && done) {
        errnum = errno;
        done = false;
    }
    if (done && !put_in_place(tmp, path, replace)) {
        errnum = errno;
        done = false;
    }
    unlink(tmp); /* still there unless it was renamed */
    if (done && sync_parent(path) != 0) {
        errnum = errno;
        done = false;
    }
out:
    free(tmp);
    return done
               ? ERR_OK
               : log_fail(file_err(errnum), "%s: could not be written: %s", path, strerror(errnum));
}

/* On a target, the folder above says who may write. */
static bool share(const char *path)
{
    struct stat above;
    char *up = file_join(path, "..");
    bool ok = up != NULL && stat(up, &above) == 0 && chmod(path, above.st_mode & 0777) == 0;
    free(up);
    return ok;
}

/* What was made and may not last is taken back, so that whoever tries again makes it again. */
static bool keep_folder(const char *path, bool shared)
{
    if ((!shared || share(path)) && sync_parent(path) == 0)
        return true;
    int errnum = errno;
    rmdir(path);
    errno = errnum;
    return false;
}

/* True if there is a folder now, also after a power cut; a file in its place is not one. */
static bool folder_stands(const char *path, bool shared)
{
    struct stat st;
    if (mkdir(path, 0700) == 0)
        return keep_folder(path, shared);
    if (errno != EEXIST || stat(path, &st) != 0)
        return false;
    errno = ENOTDIR;
    return S_ISDIR(st.st_mode);
}

static enum err make_dir(const char *path, bool shared)
{
    char *part = strdup(path);
    enum err e = ERR_OK;
    if (part == NULL)
        return ERR_NOMEM;
    for (char *p = part + 1;; p++) {
        if (*p != '/' && *p != '\0')
            continue;
        char kept = *p;
        *p = '\0';
        if (!folder_stands(part, shared)) {
            e = log_fail(file_err(errno), "%s: the folder could not be made: %s", part,
                         strerror(errno));
            break;
        }
        *p = kept;
        if (kept == '\0')
            break;
    }
    free(part);
    return e;
}

enum err file_make_dir(const char *path)
{
    return make_dir(path, false);
}

enum err file_make_shared_dir(const char *path)
{
    return make_dir(path, true);
}
