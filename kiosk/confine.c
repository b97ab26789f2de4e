#define _GNU_SOURCE /* O_PATH, O_TMPFILE */
#include "kiosk/confine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/file.h"

/* ---- system calls ---- */

#if defined(__x86_64__)
#define THIS_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define THIS_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define THIS_ARCH AUDIT_ARCH_RISCV64
#endif

#if defined(__SANITIZE_ADDRESS__)
#define WATCHED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WATCHED 1
#endif
#endif

enum {
    NEWEST_CALL = 462 /* mseal: what is newer is not known here, so it "does not exist" */
};

/* Refused with "operation not permitted". */
static const unsigned refused[] = {
    /* programs */
    __NR_execve,
    __NR_execveat,
#ifndef WATCHED /* a sanitizer looks for leaks from a process of its own */
    __NR_clone,
    __NR_ptrace,
    __NR_kill,
#ifdef __NR_fork
    __NR_fork,
    __NR_vfork,
#endif
#endif
    __NR_process_vm_readv,
    __NR_process_vm_writev,
    __NR_tkill,
    __NR_pidfd_open,
    __NR_pidfd_getfd,
    /* connections */
    __NR_socket,
    __NR_socketpair,
    __NR_connect,
    __NR_bind,
    __NR_listen,
    __NR_accept,
    __NR_accept4,
    __NR_io_uring_setup, /* all of these by another door */
    /* the machine */
    __NR_mount,
    __NR_umount2,
    __NR_pivot_root,
    __NR_chroot,
    __NR_unshare,
    __NR_setns,
    __NR_open_by_handle_at,
    __NR_mknodat,
    __NR_bpf,
    __NR_perf_event_open,
    __NR_userfaultfd,
    __NR_add_key,
    __NR_request_key,
    __NR_keyctl,
    __NR_init_module,
    __NR_finit_module,
    __NR_delete_module,
    __NR_kexec_load,
    __NR_reboot,
    __NR_swapon,
    __NR_acct,
    __NR_settimeofday,
    __NR_clock_settime,
    __NR_adjtimex,
    __NR_setuid,
    __NR_setgid,
    __NR_setresuid,
    __NR_setresgid,
};

/* Refused where the second argument is one of these: keys typed into the terminal on our behalf. */
static const unsigned refused_ioctl[] = {TIOCSTI, TIOCLINUX};

enum {
    REFUSED = sizeof refused / sizeof *refused,
    IOCTLS = sizeof refused_ioctl / sizeof *refused_ioctl,
    FILTER_MAX = 16 + 2 * (REFUSED + IOCTLS)
};

#ifdef THIS_ARCH
struct filter {
    struct sock_filter line[FILTER_MAX];
    unsigned short lines;
};

static void add(struct filter *f, struct sock_filter line)
{
    f->line[f->lines++] = line;
}

static void load(struct filter *f, unsigned at)
{
    add(f, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at));
}

static void give(struct filter *f, unsigned answer)
{
    add(f, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, answer));
}

/* Answer so if what was loaded compares. */
static void answer_if(struct filter *f, unsigned short compares, unsigned with, unsigned answer)
{
    add(f, (struct sock_filter)BPF_JUMP(BPF_JMP | compares | BPF_K, with, 0, 1));
    give(f, answer);
}

static void make_filter(struct filter *f)
{
    const unsigned no = SECCOMP_RET_ERRNO | EPERM, unknown = SECCOMP_RET_ERRNO | ENOSYS;
    const unsigned low = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 0 : 4;
    load(f, offsetof(struct seccomp_data, arch));
    add(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, THIS_ARCH, 1, 0));
    give(f, no);
    load(f, offsetof(struct seccomp_data, nr));
    answer_if(f, BPF_JGT, NEWEST_CALL, unknown);
#if defined(__NR_clone3) && !defined(WATCHED)
    answer_if(f, BPF_JEQ, __NR_clone3, unknown); /* the C library tries clone then */
#endif
    for (size_t i = 0; i < REFUSED; i++)
        answer_if(f, BPF_JEQ, refused[i], no);
    add(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_ioctl, 1, 0));
    give(f, SECCOMP_RET_ALLOW);
    load(f, offsetof(struct seccomp_data, args[1]) + low); /* the kernel takes the low half only */
    for (size_t i = 0; i < IOCTLS; i++)
        answer_if(f, BPF_JEQ, refused_ioctl[i], no);
    give(f, SECCOMP_RET_ALLOW);
}

static bool filter_calls(void)
{
    struct filter f = {.lines = 0};
    make_filter(&f);
    struct sock_fprog program = {f.lines, f.line};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

static bool calls_can_be_filtered(void)
{
    unsigned action = SECCOMP_RET_ERRNO;
    return syscall(__NR_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}
#else
static bool filter_calls(void)
{
    return false;
}
static bool calls_can_be_filtered(void)
{
    return false;
}
#endif

/* ---- files ---- */

/* Newer than the headers of some systems that build this. */
enum { FILES_MIN = 2 /* before, nothing could be renamed into another folder */ };
#define ACCESS_TRUNCATE  (UINT64_C(1) << 14)
#define ACCESS_IOCTL_DEV (UINT64_C(1) << 15)
struct ruleset { /* struct landlock_ruleset_attr as it has grown */
    uint64_t files, net, scoped;
};

static int files_offered(void)
{
    long version = syscall(__NR_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return version < FILES_MIN ? 0 : (int)version;
}

/* What is narrowed: everything but reading. */
static uint64_t narrowed(int version)
{
    uint64_t all = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                   LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                   LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
                   LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
                   LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
                   LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REFER;
    return all | (version >= 3 ? ACCESS_TRUNCATE : 0);
}

/* What a folder that we write to needs: plain files and folders. */
static uint64_t granted(int version)
{
    return LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
           LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
           LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REFER |
           (version >= 3 ? ACCESS_TRUNCATE : 0);
}

static void grant(int ruleset, const char *path, uint64_t rights)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = rights};
    rule.parent_fd = open(path, O_PATH | O_CLOEXEC); /* links too: a person gave this path */
    if (rule.parent_fd < 0)
        return;
    syscall(__NR_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    close(rule.parent_fd);
}

/* The folder, or the nearest above it that exists; never the root. */
static void grant_nearest(int ruleset, const char *path, uint64_t rights)
{
    char *part = strdup(path);
    while (part != NULL && part[0] != '\0' && access(part, F_OK) != 0) {
        char *slash = strrchr(part, '/');
        if (slash == NULL) {
            strcpy(part, ".");
            break;
        }
        *slash = '\0';
    }
    if (part != NULL && part[0] != '\0' && strspn(part, "/") != strlen(part))
        grant(ruleset, part, rights);
    free(part);
}

/* The user's folders, but not the folder that holds them: what starts programs at the next login
 * lies there, in files and folders that are not shown. */
static void grant_visible(int ruleset, uint64_t rights)
{
    const char *user = getenv("HOME");
    DIR *d = user != NULL && user[0] == '/' ? opendir(user) : NULL;
    for (struct dirent *entry; d != NULL && (entry = readdir(d)) != NULL;) {
        struct stat is;
        char *path = entry->d_name[0] != '.' ? file_join(user, entry->d_name) : NULL;
        if (path != NULL && lstat(path, &is) == 0 && S_ISDIR(is.st_mode))
            grant(ruleset, path, rights);
        free(path);
    }
    if (d != NULL)
        closedir(d);
}

static bool narrow_files(int version, const char *const *folder, size_t folders)
{
    static const char *const places[] = {"/media", "/run/media", "/mnt",
                                         "/srv",   "/tmp",       "/var/tmp"};
    static const char *const devices[] = {"/dev/tty", "/dev/null"};
    struct ruleset wanted = {.files = narrowed(version)};
    size_t size = sizeof wanted.files;
    if (version >= 4) { /* no TCP either, where system calls cannot be filtered */
        wanted.net = 3;
        size = 2 * sizeof wanted.files;
    }
    if (version >= 6) { /* no signals and no named sockets across the border */
        wanted.scoped = 3;
        size = sizeof wanted;
    }
    int ruleset = (int)syscall(__NR_landlock_create_ruleset, &wanted, size, 0);
    if (ruleset < 0)
        return false;
    for (size_t i = 0; i < folders; i++)
        grant_nearest(ruleset, folder[i], granted(version));
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        grant(ruleset, places[i], granted(version));
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++)
        grant(ruleset, devices[i], LANDLOCK_ACCESS_FS_WRITE_FILE);
    grant_visible(ruleset, granted(version));
    bool done = syscall(__NR_landlock_restrict_self, ruleset, 0) == 0;
    close(ruleset);
    return done;
}

bool confine_bars(const char *folder)
{
    if (access(folder, W_OK | X_OK) != 0)
        return false;
    int fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    if (fd >= 0)
        close(fd);
    return fd < 0 && errno == EACCES;
}

/* ---- both ---- */

struct confine confine_offered(void)
{
    return (struct confine){calls_can_be_filtered(), files_offered()};
}

struct confine confine_start(const char *const *folder, size_t folders)
{
    struct confine in_force = {false, 0};
    int version = files_offered();
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return in_force;
    if (version > 0 && narrow_files(version, folder, folders))
        in_force.files = version;
    in_force.calls = filter_calls();
    return in_force;
}
