/* What a confined process can no longer do, and what it still can. */
#define _GNU_SOURCE /* syscall */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/file.h"
#include "core/log.h"
#include "kiosk/confine.h"
#include "kiosk/store.h"
#include "kiosk/sync.h"

static char dir[64]; /* in a place that is not granted to everybody */

static void be_quiet(void *ctx, const char *line)
{
    (void)ctx, (void)line;
}

static int start(void **state)
{
    (void)state;
    log_to(be_quiet, NULL);
    snprintf(dir, sizeof dir, "%s", "/dev/shm/sanaq-confine-XXXXXX");
    return mkdtemp(dir) != NULL && setenv("HOME", "/nowhere", 1) == 0 ? 0 : -1;
}

static int stop(void **state)
{
    char *const paths[] = {dir, NULL};
    FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    (void)state;
    for (FTSENT *at; tree != NULL && (at = fts_read(tree)) != NULL;)
        if (at->fts_info != FTS_D)
            remove(at->fts_accpath);
    fts_close(tree);
    return 0;
}

static const char *in(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static enum err put(const char *path)
{
    return file_write(path, (struct bytes){(const uint8_t *)"x", 1}, 0600, true);
}

/* Runs a test in a process that is confined to ${dir}/home; its number is where it failed. */
static int confined(int (*test)(void))
{
    int status = 0;
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char home[80];
        snprintf(home, sizeof home, "%s/home", dir);
        const char *const folder[] = {home};
        struct confine offered = confine_offered(), is = confine_start(folder, 1);
        if (is.calls != offered.calls || is.files != offered.files)
            _exit(99);
        _exit(test());
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

#define MUST(line, what)                                                                           \
    do                                                                                             \
        if (!(what))                                                                               \
            return line;                                                                           \
    while (0)

static int try_calls(void)
{
    char *const argv[] = {(char *)(uintptr_t) "true", NULL};
    char c = 'x';
    MUST(1, execv("/bin/true", argv) < 0 && errno == EPERM);
    MUST(2, socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM);
    MUST(3, socket(AF_UNIX, SOCK_STREAM, 0) < 0 && errno == EPERM);
    MUST(4, ioctl(STDIN_FILENO, TIOCSTI, &c) < 0 && errno == EPERM);
    MUST(5, syscall(600) < 0 && errno == ENOSYS); /* whatever that will be one day */
    MUST(6, syscall(__NR_unshare, 0) < 0 && errno == EPERM);
#ifndef __SANITIZE_ADDRESS__
    MUST(7, fork() < 0 && errno == EPERM);
    MUST(8, ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 && errno == EPERM);
    MUST(9, kill(getppid(), SIGTERM) < 0 && errno == EPERM);
#endif
    MUST(10, system("true") != 0);
    return 0;
}

static void no_programs_no_connections_no_other_processes(void **state)
{
    (void)state;
    if (!confine_offered().calls)
        skip();
    assert_int_equal(confined(try_calls), 0);
}

static int try_files(void)
{
    struct buffer b = {0};
    MUST(1, put(in("outside")) != ERR_OK);
    MUST(2, open(in("there"), O_WRONLY) < 0 && errno == EACCES);
    MUST(3, unlink(in("there")) < 0 && errno == EACCES);
    MUST(4, rename(in("there"), "/tmp/there") < 0);
    MUST(5, mkdir(in("folder"), 0700) < 0 && errno == EACCES);
    MUST(6, symlink("/etc/passwd", in("home/link")) < 0 && errno == EACCES);
    MUST(7, file_read(in("there"), 10, true, &b) == ERR_OK);
    MUST(8, confine_bars(dir) && !confine_bars(in("home")) && !confine_bars("/tmp") &&
                !confine_bars(in("nowhere")));
    buffer_free(&b);
    char target[96];
    const char *folder = NULL;
    snprintf(target, sizeof target, "dir:%s", dir);
    MUST(9, sync_folder(target, &folder) == ERR_STATE); /* with a sentence */
    MUST(10, sync_folder("dir:/tmp", &folder) == ERR_OK);
    return 0;
}

static void nothing_is_written_outside_home_and_targets(void **state)
{
    (void)state;
    if (confine_offered().files == 0)
        skip();
    assert_int_equal(put(in("there")), ERR_OK);
    assert_int_equal(mkdir(in("home"), 0700), 0);
    assert_false(confine_bars(dir));
    assert_int_equal(confined(try_files), 0);
}

/* What the kiosk does in its home: a store with its log, files that replace others, a folder that
 * files move into. */
static int try_home(void)
{
    struct store *st = NULL;
    MUST(1, put(in("home/keys")) == ERR_OK);
    MUST(2, put(in("home/keys")) == ERR_OK);
    MUST(3, store_create(in("home/store.db"), &st) == ERR_OK);
    MUST(4, store_begin(st) == ERR_OK &&
                store_put_state(st, 1, (struct bytes){(const uint8_t *)"s", 1}) == ERR_OK &&
                store_commit(st) == ERR_OK && store_checkpoint(st) == ERR_OK);
    store_close(st);
    MUST(5, file_make_dir(in("home/replaced/1")) == ERR_OK);
    char to[160];
    snprintf(to, sizeof to, "%s", in("home/replaced/1/store.db"));
    MUST(6, rename(in("home/store.db"), to) == 0);
    MUST(7, truncate(to, 1) == 0 && unlink(to) == 0 && rmdir(in("home/replaced/1")) == 0);
    MUST(8, open("/dev/tty", O_RDWR) >= 0 || errno != EACCES);
    MUST(9, put("/tmp/sanaq-confined") == ERR_OK && unlink("/tmp/sanaq-confined") == 0);
    return 0;
}

static void everything_can_be_done_in_the_home(void **state)
{
    (void)state;
    assert_int_equal(mkdir(in("home"), 0700), 0);
    assert_int_equal(confined(try_home), 0);
}

#define CONFINE(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONFINE(no_programs_no_connections_no_other_processes),
        CONFINE(nothing_is_written_outside_home_and_targets),
        CONFINE(everything_can_be_done_in_the_home),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
