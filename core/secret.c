#include "core/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "core/log.h"

enum { SECRET_MAX = 1 << 20, LINE_MAX_LEN = 1024 };

struct secret {
    uint8_t *p;
    size_t len;
};

enum err secret_start(void)
{
    if (sodium_init() < 0)
        return log_fail(ERR_SYSTEM, "the cryptographic library could not start");
    struct secret *s = NULL;
    enum err e = secret_new(32, &s);
    if (e != ERR_OK)
        return log_fail(e, "the system gives no guarded memory");
    if (sodium_mlock(secret_bytes(s), 32) != 0)
        log_note("memory cannot be locked here (see `ulimit -l`): secrets could reach the swap");
    secret_free(s);
    return ERR_OK;
}

enum err secret_new(size_t len, struct secret **out)
{
    if (len == 0 || len > SECRET_MAX)
        return ERR_NOMEM;
    struct secret *s = calloc(1, sizeof *s);
    if (s == NULL)
        return ERR_NOMEM;
    s->len = len;
    s->p = sodium_malloc(len + 1); /* one more: text keeps its terminating 0 */
    if (s->p == NULL) {
        free(s);
        return ERR_NOMEM;
    }
    memset(s->p, 0, len + 1);
    *out = s;
    return ERR_OK;
}

enum err secret_copy(const void *p, size_t len, struct secret **out)
{
    enum err e = secret_new(len, out);
    if (e == ERR_OK)
        memcpy((*out)->p, p, len);
    return e;
}

enum err secret_random(size_t len, struct secret **out)
{
    enum err e = secret_new(len, out);
    if (e == ERR_OK)
        randombytes_buf((*out)->p, len);
    return e;
}

uint8_t *secret_bytes(struct secret *s)
{
    return s->p;
}

const uint8_t *secret_view(const struct secret *s)
{
    return s->p;
}

size_t secret_len(const struct secret *s)
{
    return s->len;
}

void secret_free(struct secret *s)
{
    if (s == NULL)
        return;
    sodium_free(s->p); /* wipes before it unmaps */
    free(s);
}

void secret_wipe(void *p, size_t len)
{
    sodium_memzero(p, len);
}

/* The signal that came while a passphrase was typed. */
static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
    caught = sig;
}

/* Reads up to a newline, byte by byte: stdio would keep a copy in its own buffer. */
static enum err read_line(int fd, char *line, size_t room, size_t *len)
{
    for (*len = 0;;) {
        char c = 0;
        ssize_t got = read(fd, &c, 1);
        if (got < 0 && errno == EINTR && caught == 0)
            continue;
        if (got < 0)
            return caught != 0 ? ERR_INTERRUPTED : ERR_FILE;
        if (got == 0)
            return *len > 0 ? ERR_OK : ERR_FORMAT;
        if (c == '\n')
            break;
        if (*len + 1 >= room)
            return ERR_FORMAT;
        line[(*len)++] = c;
    }
    if (*len > 0 && line[*len - 1] == '\r')
        (*len)--;
    return ERR_OK;
}

enum err secret_read_line(const char *path, unsigned number, struct secret **out)
{
    struct secret *line = NULL;
    size_t len = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC); /* may be a link: /dev/fd/3 */
    if (fd < 0)
        return log_fail(ERR_FILE, "%s: %s; give a file with the passphrase in it", path,
                        strerror(errno));
    enum err e = secret_new(LINE_MAX_LEN, &line);
    if (e != ERR_OK)
        goto out;
    for (unsigned i = 0; i <= number && e == ERR_OK; i++)
        e = read_line(fd, (char *)secret_bytes(line), LINE_MAX_LEN, &len);
    if (e == ERR_OK && len == 0)
        e = ERR_FORMAT;
    if (e != ERR_OK)
        e = log_fail(e, "%s: line %u should hold a passphrase of at most %d bytes", path,
                     number + 1, LINE_MAX_LEN - 1);
    else
        e = secret_copy(secret_view(line), len, out);
out:
    secret_free(line);
    close(fd);
    return e;
}

/* Signals that end the program, or stop it, must not leave a terminal without echo behind. */
static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
enum { SIGNALS = sizeof signals / sizeof *signals };

static void catch_signals(struct sigaction before[SIGNALS])
{
    struct sigaction act = {.sa_handler = on_signal}; /* without SA_RESTART: read() returns */
    sigemptyset(&act.sa_mask);
    caught = 0;
    for (size_t i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &act, &before[i]);
}

static void release_signals(const struct sigaction before[SIGNALS])
{
    int sig = caught;
    for (size_t i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &before[i], NULL);
    caught = 0;
    if (sig != 0)
        raise(sig);
}

static enum err ask_once(int fd, const char *prompt, struct secret **out)
{
    struct termios shown, hidden;
    struct sigaction before[SIGNALS];
    struct secret *line = NULL;
    size_t len = 0;
    if (tcgetattr(fd, &shown) != 0)
        return ERR_SYSTEM;
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK);
    hidden.c_lflag |= ICANON | ECHONL;
    enum err e = secret_new(LINE_MAX_LEN, &line);
    if (e != ERR_OK)
        return e;
    catch_signals(before);
    if (tcsetattr(fd, TCSAFLUSH, &hidden) != 0 || write(fd, prompt, strlen(prompt)) < 0)
        e = ERR_SYSTEM;
    else
        e = read_line(fd, (char *)secret_bytes(line), LINE_MAX_LEN, &len);
    tcsetattr(fd, TCSAFLUSH, &shown);
    if (e == ERR_OK && len == 0)
        e = ERR_PASSPHRASE;
    if (e == ERR_OK)
        e = secret_copy(secret_view(line), len, out);
    secret_free(line);
    release_signals(before);
    return e;
}

enum err secret_ask(const char *prompt, bool again, struct secret **out)
{
    struct secret *first = NULL, *second = NULL;
    enum err e = ERR_SYSTEM;
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return log_fail(ERR_SYSTEM, "there is no terminal to ask on; use --passphrase-file FILE");
    for (;;) {
        e = ask_once(fd, prompt, &first);
        if (e != ERR_OK || !again)
            break;
        e = ask_once(fd, "once more: ", &second);
        if (e != ERR_OK ||
            (secret_len(first) == secret_len(second) &&
             memcmp(secret_view(first), secret_view(second), secret_len(first)) == 0))
            break;
        log_note("the two were not the same; please type it again");
        secret_free(first), first = NULL;
        secret_free(second), second = NULL;
    }
    if (e == ERR_OK)
        *out = first, first = NULL;
    secret_free(first);
    secret_free(second);
    close(fd);
    return e;
}

bool secret_cost_named(const char *name, struct secret_cost *out)
{
    static const struct {
        const char *name;
        struct secret_cost cost;
    } costs[] = {
        {"interactive", {crypto_pwhash_OPSLIMIT_INTERACTIVE, crypto_pwhash_MEMLIMIT_INTERACTIVE}},
        {"moderate", {crypto_pwhash_OPSLIMIT_MODERATE, crypto_pwhash_MEMLIMIT_MODERATE}},
        {"sensitive", {crypto_pwhash_OPSLIMIT_SENSITIVE, crypto_pwhash_MEMLIMIT_SENSITIVE}},
    };
    for (size_t i = 0; i < sizeof costs / sizeof *costs; i++)
        if (strcmp(name, costs[i].name) == 0) {
            *out = costs[i].cost;
            return true;
        }
    return false;
}

enum err secret_stretch(const struct secret *passphrase, const uint8_t salt[SECRET_SALT_LEN],
                        struct secret_cost cost, struct secret **out)
{
    struct secret *key = NULL;
    if (cost.ops < crypto_pwhash_OPSLIMIT_INTERACTIVE || cost.ops > 64 ||
        cost.mem < crypto_pwhash_MEMLIMIT_INTERACTIVE || cost.mem > UINT64_C(4) << 30)
        return ERR_FORMAT;
    enum err e = secret_new(SECRET_KEY_LEN, &key);
    if (e != ERR_OK)
        return e;
    if (crypto_pwhash(secret_bytes(key), SECRET_KEY_LEN, (const char *)secret_view(passphrase),
                      secret_len(passphrase), salt, cost.ops, (size_t)cost.mem,
                      crypto_pwhash_ALG_ARGON2ID13) != 0) {
        secret_free(key);
        return ERR_NOMEM;
    }
    *out = key;
    return ERR_OK;
}
