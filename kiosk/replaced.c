#include "kiosk/replaced.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "core/log.h"
#include "core/notice.h"
#include "kiosk/home.h"
#include "kiosk/keyfile.h"
#include "kiosk/store.h"
#include "kiosk/successor.h"
#include "kiosk/sync.h"
#include "kiosk/text.h"

enum { DEVICES_MAX = 99, NAME_ROOM = 32 };

/* The folder of device ${n}; fresh memory, NULL if out of memory. */
static char *place(const char *home, unsigned n)
{
    char name[NAME_ROOM];
    snprintf(name, sizeof name, "replaced/%u", n);
    return file_join(home, name);
}

/* Whether a store lies there: moved first, it tells that a device was given up. */
static bool holds_store(const char *home)
{
    char *store = home_store(home);
    bool there = store != NULL && access(store, F_OK) == 0;
    free(store);
    return there;
}

static unsigned count(const char *home)
{
    unsigned n = 0;
    for (bool there = true; there && n < DEVICES_MAX; n += there) {
        char *dir = place(home, n + 1);
        there = dir != NULL && holds_store(dir);
        free(dir);
    }
    return n;
}

static enum err open_store(const char *home, bool read_only, struct store **out)
{
    char *path = home_store(home);
    enum err e = path == NULL ? ERR_NOMEM : store_open(path, read_only, out);
    free(path);
    return e;
}

enum err replaced_device(const char *home, uint8_t device[32])
{
    struct store *st = NULL;
    if (!holds_store(home))
        return ERR_STATE;
    enum err e = open_store(home, true, &st);
    if (e == ERR_OK)
        e = sync_device(st, device);
    store_close(st);
    return e;
}

bool replaced_last(const char *home, uint8_t device[32])
{
    unsigned n = count(home);
    char *dir = n > 0 ? place(home, n) : NULL;
    bool found = dir != NULL && replaced_device(dir, device) == ERR_OK;
    free(dir);
    return found;
}

/* ---- giving up ---- */

/* Nobody may have it open: the lock that a kiosk holds on its keys file, where there is one. */
static enum err lock(const char *home, int *fd)
{
    char *keys = home_keys(home);
    *fd = keys != NULL ? open(keys, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    free(keys);
    if (*fd >= 0 && flock(*fd, LOCK_EX | LOCK_NB) != 0)
        return log_fail(ERR_BUSY, _("another kiosk is running on this home; close it first"));
    return ERR_OK;
}

/* Everything from the log into the file: then the file alone is the store. */
static enum err close_log(const char *home)
{
    struct store *st = NULL;
    enum err e = open_store(home, false, &st);
    if (e == ERR_OK)
        e = store_checkpoint(st);
    store_close(st);
    return e;
}

static void sync_folder_of(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        fsync(fd);
    if (fd >= 0)
        close(fd);
}

/* A file that is not there has nothing to move. */
static bool move(const char *from, const char *to, const char *name)
{
    char *old = file_join(from, name), *new = file_join(to, name);
    bool done = old != NULL && new != NULL && (rename(old, new) == 0 || errno == ENOENT);
    free(old);
    free(new);
    return done;
}

/* What a reader of the old store made SQLite leave behind; it is empty. */
static void drop_log(const char *home)
{
    static const char *const name[] = {"store.db-wal", "store.db-shm"};
    for (size_t i = 0; i < 2; i++) {
        char *path = file_join(home, name[i]);
        if (path != NULL)
            unlink(path);
        free(path);
    }
}

enum err replaced_give_up(const char *home)
{
    int fd = -1;
    unsigned n = count(home);
    char *dir = place(home, n + 1);
    enum err e = dir == NULL ? ERR_NOMEM : ERR_OK;
    if (e == ERR_OK && n >= DEVICES_MAX)
        e = log_fail(ERR_STATE, _("this laptop was set up anew too often; take another folder"));
    if (e == ERR_OK)
        e = lock(home, &fd);
    if (e == ERR_OK)
        e = close_log(home);
    if (e == ERR_OK)
        e = file_make_dir(dir);
    if (e == ERR_OK && (!move(home, dir, "store.db") || !move(home, dir, "keys"))) {
        e = log_fail(ERR_FILE, "%s: %s", dir, strerror(errno));
        move(dir, home, "store.db");
    }
    if (e == ERR_OK) {
        drop_log(home);
        sync_folder_of(dir);
        sync_folder_of(home);
    }
    if (fd >= 0)
        close(fd);
    free(dir);
    return e;
}

void replaced_take_back(const char *home)
{
    char *dir = place(home, count(home));
    if (dir == NULL)
        return;
    move(dir, home, "keys");
    move(dir, home, "store.db");
    sync_folder_of(home);
    rmdir(dir);
    free(dir);
}

void replaced_forget_keys(const char *home)
{
    unsigned n = count(home);
    for (unsigned i = 1; i <= n; i++) {
        char *dir = place(home, i), *keys = dir != NULL ? home_keys(dir) : NULL;
        if (keys != NULL)
            keyfile_wipe(keys);
        free(keys);
        free(dir);
    }
}

/* ---- what they sealed ---- */

/* A receipt for its results, by a researcher of one of its packs. */
static enum err take_receipt(struct store *st, const uint8_t device[32], const char *folder,
                             uint64_t *confirmed)
{
    char name[SYNC_NAME];
    uint8_t pack_hash[HASH_LEN], head[HASH_LEN];
    struct buffer b = {0};
    struct pack *pack = NULL;
    struct notice n;
    sync_name("down", device, ".receipt", name);
    enum err e = sync_take(folder, name, NOTICE_MAX_BYTES, &b);
    if (e == ERR_OK && b.len > 0 && notice_pack(buffer_view(&b), pack_hash))
        e = successor_own(st, pack_hash, &pack);
    if (e == ERR_OK && pack != NULL && notice_parse(buffer_view(&b), pack, &n) == ERR_OK &&
        n.kind == NOTICE_RECEIPT && memcmp(n.device, device, 32) == 0 && n.n > *confirmed &&
        sync_head_at(st, n.n, head) == ERR_OK && memcmp(head, n.value, HASH_LEN) == 0) {
        e = store_put_receipt(st, n.n, buffer_view(&b));
        *confirmed = e == ERR_OK ? n.n : *confirmed;
    }
    pack_free(pack);
    buffer_free(&b);
    return e;
}

static enum err sync_one(const char *dir, const char *folder, bool take, unsigned *written)
{
    struct store *st = NULL;
    struct buffer receipt = {0};
    uint8_t device[32];
    uint64_t confirmed = 0;
    unsigned more = 0;
    enum err e = open_store(dir, !take, &st);
    if (e == ERR_OK)
        e = sync_device(st, device);
    if (e == ERR_OK)
        e = store_receipt(st, &confirmed, &receipt);
    if (e == ERR_OK && take)
        e = take_receipt(st, device, folder, &confirmed);
    if (e == ERR_OK)
        e = sync_out(st, device, confirmed, folder, &more);
    *written += more;
    store_close(st);
    buffer_free(&receipt);
    return e;
}

enum err replaced_sync(const char *home, const char *folder, bool take, unsigned *written)
{
    unsigned n = count(home);
    enum err worst = ERR_OK;
    for (unsigned i = 1; i <= n; i++) {
        char *dir = place(home, i);
        enum err e = dir == NULL ? ERR_NOMEM : sync_one(dir, folder, take, written);
        if (e == ERR_FORMAT || e == ERR_UNSUPPORTED)
            e = ERR_PARTIAL; /* said; the others are not stopped by it */
        worst = e != ERR_OK ? e : worst;
        free(dir);
    }
    return worst;
}

enum err replaced_collect(const char *home, const char *folder, unsigned *written)
{
    enum err own = ERR_OK, before = replaced_sync(home, folder, false, written);
    if (holds_store(home))
        own = sync_one(home, folder, false, written);
    else if (count(home) == 0)
        own = log_fail(ERR_STATE,
                       "%s: this laptop is not set up; run sanaq-kiosk setup --pack FILE", home);
    return own != ERR_OK ? own : before;
}
