#include "kiosk/home.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "core/file.h"
#include "core/log.h"

char *home_default(void)
{
    const char *data = getenv("XDG_DATA_HOME"), *user = getenv("HOME");
    if (data != NULL && data[0] == '/') /* relative values are to be ignored */
        return file_join(data, "sanaq");
    return user != NULL && user[0] == '/' ? file_join(user, ".local/share/sanaq") : NULL;
}

char *home_store(const char *home)
{
    return file_join(home, "store.db");
}

char *home_keys(const char *home)
{
    return file_join(home, "keys");
}

enum err home_check_disk(const char *home)
{
    static const struct {
        uint32_t magic;
        const char *name;
        bool refused;
    } kinds[] = {
        {0x6969, "NFS", true},      {0xff534d42, "SMB", true},      {0xfe534d42, "SMB", true},
        {0x517b, "SMB", true},      {0x01021997, "9p", true},       {0x65735546, "FUSE", true},
        {0x4d44, "FAT", true},      {0x2011bab0, "exFAT", true},    {0x9123683e, "btrfs", false},
        {0x2fc12fc1, "zfs", false}, {0x794c7630, "overlay", false}, {0xf2f52010, "f2fs", false},
    };
    struct statfs fs;
    if (statfs(home, &fs) != 0)
        return log_fail(ERR_FILE, "%s: the folder cannot be looked at: %s", home, strerror(errno));
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if ((uint32_t)fs.f_type != kinds[i].magic)
            continue;
        if (kinds[i].refused)
            return log_fail(
                ERR_UNSUPPORTED,
                "%s: a %s file system does not keep what was written through a power cut; "
                "choose a folder on the laptop's own disk with --home",
                home, kinds[i].name);
        log_note("%s: on %s, old states may stay on the disk after they were overwritten", home,
                 kinds[i].name);
    }
    return ERR_OK;
}

/* A short file of one line; false if there is none. */
static bool read_short(const char *path, char *out, size_t room)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t got = read(fd, out, room - 1);
    close(fd);
    if (got <= 0)
        return false;
    out[got] = '\0';
    out[strcspn(out, "\n")] = '\0';
    return out[0] != '\0';
}

void home_machine(const uint8_t device[32], uint8_t out[16])
{
    char id[128];
    uint8_t full[HASH_LEN];
    struct hash h;
    memset(out, 0, 16);
    if (!read_short("/etc/machine-id", id, sizeof id))
        return;
    hash_start(&h, NULL, "machine");
    hash_add(&h, device, 32);
    hash_add(&h, id, strlen(id));
    hash_end(&h, full);
    memcpy(out, full, 16);
}

static void boot_id(uint8_t out[16])
{
    char text[64];
    size_t got = 0;
    memset(out, 0, 16);
    if (read_short("/proc/sys/kernel/random/boot_id", text, sizeof text))
        sodium_hex2bin(out, 16, text, strlen(text), "-", &got, NULL);
}

void home_clocks(struct entry_clocks *out)
{
    struct timespec wall, up;
    memset(out, 0, sizeof *out);
    if (clock_gettime(CLOCK_REALTIME, &wall) == 0 && wall.tv_sec > 0)
        out->wall = (uint32_t)(wall.tv_sec / 60);
    if (clock_gettime(CLOCK_BOOTTIME, &up) == 0)
        out->monotonic = (uint32_t)(up.tv_sec / 60);
    boot_id(out->boot);
}

uint32_t home_today(void)
{
    time_t now = time(NULL);
    struct tm local;
    if (localtime_r(&now, &local) == NULL)
        return 0;
    local.tm_hour = 12;
    local.tm_isdst = 0;
    return (uint32_t)(timegm(&local) / 86400);
}
