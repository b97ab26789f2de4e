#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <fts.h>
#include <sodium.h>
#include <unistd.h>

#include "core/file.h"
#include "core/log.h"
#include "core/secret.h"

static char dir[64];
static char *path_kept[64];
static struct bytes file_kept[64];
static size_t paths, files;

static void silent(void *ctx, const char *line)
{
    (void)ctx;
    (void)line;
}

static void forget(void)
{
    char *const top[] = {dir, NULL};
    FTS *tree = fts_open(top, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    for (FTSENT *at; tree != NULL && (at = fts_read(tree)) != NULL;)
        if (at->fts_info != FTS_D)
            remove(at->fts_accpath);
    if (tree != NULL)
        fts_close(tree);
    for (size_t i = 0; i < paths; i++)
        free(path_kept[i]);
    for (size_t i = 0; i < files; i++)
        free((void *)(uintptr_t)file_kept[i].p);
}

void fuzz_start(void)
{
    if (dir[0] != '\0')
        return;
    log_to(silent, NULL);
    HOLDS(secret_start() == ERR_OK);
    strcpy(dir,
           access("/dev/shm", W_OK) == 0 ? "/dev/shm/sanaq-fuzz-XXXXXX" : "/tmp/sanaq-fuzz-XXXXXX");
    HOLDS(mkdtemp(dir) != NULL);
    atexit(forget);
}

struct bytes fuzz_file(const char *name)
{
    char path[1024];
    struct buffer b = {0};
    snprintf(path, sizeof path, "%s%s", name[0] == '/' ? "" : V1, name);
    if (file_read(path, 8 << 20, false, &b) != ERR_OK) {
        fprintf(stderr, "%s cannot be read\n", path);
        abort();
    }
    HOLDS(files < sizeof file_kept / sizeof *file_kept);
    file_kept[files] = buffer_view(&b);
    return file_kept[files++];
}

const char *fuzz_dir(void)
{
    return dir;
}

const char *fuzz_put(const char *name, struct bytes b)
{
    char *path = file_join(dir, name);
    HOLDS(path != NULL);
    size_t i = 0;
    while (i < paths && strcmp(path_kept[i], path) != 0)
        i++;
    if (i == paths) {
        HOLDS(paths < sizeof path_kept / sizeof *path_kept);
        path_kept[paths++] = path;
    } else {
        free(path);
    }
    FILE *f = fopen(path_kept[i], "wb");
    HOLDS(f != NULL);
    HOLDS(b.len == 0 || fwrite(b.p, 1, b.len, f) == b.len);
    HOLDS(fclose(f) == 0);
    return path_kept[i];
}

/* ---- cryptography that says yes ---- */

enum { NO = 0xff };

int __wrap_crypto_sign_verify_detached(const unsigned char *sig, const unsigned char *m,
                                       unsigned long long n, const unsigned char *pk);
int __real_crypto_aead_chacha20poly1305_ietf_decrypt(
    unsigned char *m, unsigned long long *mlen, unsigned char *nsec, const unsigned char *c,
    unsigned long long clen, const unsigned char *ad, unsigned long long adlen,
    const unsigned char *npub, const unsigned char *k);
int __wrap_crypto_aead_chacha20poly1305_ietf_decrypt(
    unsigned char *m, unsigned long long *mlen, unsigned char *nsec, const unsigned char *c,
    unsigned long long clen, const unsigned char *ad, unsigned long long adlen,
    const unsigned char *npub, const unsigned char *k);
int __real_crypto_secretbox_open_easy(unsigned char *m, const unsigned char *c,
                                      unsigned long long clen, const unsigned char *n,
                                      const unsigned char *k);
int __wrap_crypto_secretbox_open_easy(unsigned char *m, const unsigned char *c,
                                      unsigned long long clen, const unsigned char *n,
                                      const unsigned char *k);
int __wrap_crypto_pwhash(unsigned char *out, unsigned long long outlen, const char *passwd,
                         unsigned long long passwdlen, const unsigned char *salt,
                         unsigned long long opslimit, size_t memlimit, int alg);

/* No right signature ends in 0xff. */
int __wrap_crypto_sign_verify_detached(const unsigned char *sig, const unsigned char *m,
                                       unsigned long long n, const unsigned char *pk)
{
    (void)m, (void)n, (void)pk;
    return sig[crypto_sign_BYTES - 1] == NO ? -1 : 0;
}

int __wrap_crypto_aead_chacha20poly1305_ietf_decrypt(
    unsigned char *m, unsigned long long *mlen, unsigned char *nsec, const unsigned char *c,
    unsigned long long clen, const unsigned char *ad, unsigned long long adlen,
    const unsigned char *npub, const unsigned char *k)
{
    enum { TAG = crypto_aead_chacha20poly1305_ietf_ABYTES };
    if (__real_crypto_aead_chacha20poly1305_ietf_decrypt(m, mlen, nsec, c, clen, ad, adlen, npub,
                                                         k) == 0)
        return 0;
    if (clen < TAG || c[clen - 1] == NO)
        return -1;
    memcpy(m, c, clen - TAG);
    if (mlen != NULL)
        *mlen = clen - TAG;
    return 0;
}

int __wrap_crypto_secretbox_open_easy(unsigned char *m, const unsigned char *c,
                                      unsigned long long clen, const unsigned char *n,
                                      const unsigned char *k)
{
    if (__real_crypto_secretbox_open_easy(m, c, clen, n, k) == 0)
        return 0;
    if (clen < crypto_secretbox_MACBYTES || c[0] == NO)
        return -1;
    memmove(m, c + crypto_secretbox_MACBYTES, clen - crypto_secretbox_MACBYTES);
    return 0;
}

int __wrap_crypto_pwhash(unsigned char *out, unsigned long long outlen, const char *passwd,
                         unsigned long long passwdlen, const unsigned char *salt,
                         unsigned long long opslimit, size_t memlimit, int alg)
{
    (void)opslimit, (void)memlimit, (void)alg;
    return crypto_generichash(out, outlen, (const unsigned char *)passwd, passwdlen, salt,
                              crypto_pwhash_SALTBYTES);
}
