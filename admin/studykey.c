#include "admin/studykey.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/log.h"
#include "core/segment.h"
#include "core/words.h"

static const char magic[8] = "SANAQSK1", public_magic[] = "sanaq public key 1\n";
static const char *const role_name[] = {
    [STUDYKEY_RESEARCHER] = "researcher", [STUDYKEY_SUPERVISOR] = "supervisor"};
enum {
    VERSION = 1,
    NONCE_LEN = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG_LEN = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    OPEN_LEN = 8 + 2 + 1 + 8 + 8 + SECRET_SALT_LEN + 64,
    PLAIN_LEN = 64, /* Ed25519 seed, X25519 secret key */
    FILE_LEN = OPEN_LEN + NONCE_LEN + PLAIN_LEN + TAG_LEN,
    PUBLIC_MAX = 1024
};

/* "x.key" -> "x.pub"; anything else gets ".pub" behind it. */
static char *public_path(const char *path)
{
    size_t n = strlen(path);
    char *out = malloc(n + 5);
    if (out == NULL)
        return NULL;
    if (n > 4 && strcmp(path + n - 4, ".key") == 0)
        n -= 4;
    snprintf(out, n + 5, "%.*s.pub", (int)n, path);
    return out;
}

static void additional(const uint8_t *open, uint8_t ad[LABEL_LEN + OPEN_LEN])
{
    hash_label(ad, "key");
    memcpy(ad + LABEL_LEN, open, OPEN_LEN);
}

static enum err seal_file(const struct studykey *k, const struct secret *passphrase,
                          struct secret_cost cost, uint8_t file[FILE_LEN])
{
    struct secret *wrap = NULL, *plain = NULL;
    uint8_t ad[LABEL_LEN + OPEN_LEN], salt[SECRET_SALT_LEN];
    struct writer w = writer_of(file, OPEN_LEN);
    randombytes_buf(salt, sizeof salt);
    write_raw(&w, magic, sizeof magic);
    write_u16(&w, VERSION);
    write_u8(&w, (uint8_t)k->role);
    write_u64(&w, cost.ops);
    write_u64(&w, cost.mem);
    write_raw(&w, salt, sizeof salt);
    write_raw(&w, k->pub.sign, 32);
    write_raw(&w, k->pub.box, 32);
    enum err e = secret_stretch(passphrase, salt, cost, &wrap);
    if (e == ERR_OK)
        e = secret_new(PLAIN_LEN, &plain);
    if (e == ERR_OK) {
        memcpy(secret_bytes(plain), secret_view(k->sign), 32);
        memcpy(secret_bytes(plain) + 32, secret_view(k->box), 32);
        additional(file, ad);
        randombytes_buf(file + OPEN_LEN, NONCE_LEN);
        crypto_aead_xchacha20poly1305_ietf_encrypt(file + OPEN_LEN + NONCE_LEN, NULL,
                                                   secret_view(plain), PLAIN_LEN, ad, sizeof ad,
                                                   NULL, file + OPEN_LEN, secret_view(wrap));
    }
    secret_free(plain);
    secret_free(wrap);
    return e;
}

static enum err write_public(const char *path, const struct studykey *k)
{
    struct buffer b = {0};
    char hex[129], words[WORDS_TEXT];
    uint8_t hash[HASH_LEN], both[64];
    memcpy(both, k->pub.sign, 32);
    memcpy(both + 32, k->pub.box, 32);
    segment_hex(both, 64, hex);
    pack_key_fingerprint(&k->pub, hash);
    words_of(hash, words);
    buffer_printf(&b, "%srole: %s\nkey: %s\nwords: %s\n", public_magic, role_name[k->role], hex,
                  words);
    enum err e = b.failed ? ERR_NOMEM : file_write(path, buffer_view(&b), 0644, false);
    buffer_free(&b);
    return e;
}

enum err studykey_new(enum studykey_role role, struct studykey **out)
{
    struct studykey *k = calloc(1, sizeof *k);
    if (k == NULL)
        return ERR_NOMEM;
    k->role = role;
    enum err e = secret_new(64, &k->sign);
    if (e == ERR_OK)
        e = secret_new(32, &k->box);
    if (e != ERR_OK) {
        studykey_free(k);
        return e;
    }
    crypto_sign_keypair(k->pub.sign, secret_bytes(k->sign));
    crypto_box_keypair(k->pub.box, secret_bytes(k->box));
    *out = k;
    return ERR_OK;
}

enum err studykey_save(const char *path, const struct studykey *k, const struct secret *passphrase)
{
    uint8_t file[FILE_LEN];
    char *beside = public_path(path);
    enum err e = beside == NULL ? ERR_NOMEM : ERR_OK;
    if (e == ERR_OK && access(beside, F_OK) == 0)
        e = log_fail(ERR_FILE, "%s: there is such a file already; it was left as it is", beside);
    if (e == ERR_OK) {
        e = seal_file(k, passphrase, k->cost, file);
        if (e != ERR_OK)
            log_fail(
                e, "the key needs %llu MiB of free memory; close other programs, or choose --cost",
                (unsigned long long)(k->cost.mem >> 20));
    }
    if (e == ERR_OK)
        e = file_write(path, (struct bytes){file, sizeof file}, 0600, false);
    if (e == ERR_OK) {
        e = write_public(beside, k);
        if (e != ERR_OK)
            unlink(path);
    }
    free(beside);
    return e;
}

enum err studykey_create(const char *path, enum studykey_role role, const struct secret *passphrase,
                         struct secret_cost cost, struct pack_key *pub)
{
    struct studykey *k = NULL;
    enum err e = studykey_new(role, &k);
    if (e == ERR_OK) {
        k->cost = cost;
        e = studykey_save(path, k, passphrase);
    }
    if (e == ERR_OK)
        *pub = k->pub;
    studykey_free(k);
    return e;
}

static enum err open_file(struct bytes b, const char *path, const struct secret *passphrase,
                          struct studykey *k)
{
    struct secret *wrap = NULL;
    uint8_t found[8], salt[SECRET_SALT_LEN], ad[LABEL_LEN + OPEN_LEN], plain[PLAIN_LEN],
        sign_pub[32];
    struct reader r = reader_of(b);
    read_raw(&r, found, sizeof found);
    if (b.len != FILE_LEN || memcmp(found, magic, sizeof magic) != 0 || read_u16(&r) != VERSION)
        return log_fail(ERR_FORMAT,
                        "%s: this is not a study key (or it was cut short); give the .key file",
                        path);
    k->role = (enum studykey_role)read_u8(&r);
    struct secret_cost cost = {read_u64(&r), 0};
    cost.mem = read_u64(&r);
    k->cost = cost;
    read_raw(&r, salt, sizeof salt);
    read_raw(&r, k->pub.sign, 32);
    read_raw(&r, k->pub.box, 32);
    if (k->role != STUDYKEY_RESEARCHER && k->role != STUDYKEY_SUPERVISOR)
        return log_fail(ERR_FORMAT, "%s: the key file is damaged", path);
    enum err e = secret_stretch(passphrase, salt, cost, &wrap);
    if (e != ERR_OK)
        return log_fail(e,
                        e == ERR_FORMAT ? "%s: the key file is damaged"
                                        : "%s: not enough free memory to open this key",
                        path);
    additional(b.p, ad);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, b.p + OPEN_LEN + NONCE_LEN,
                                                   PLAIN_LEN + TAG_LEN, ad, sizeof ad,
                                                   b.p + OPEN_LEN, secret_view(wrap)) != 0)
        e = log_fail(ERR_PASSPHRASE, "%s: the passphrase is wrong (or the file is damaged)", path);
    secret_free(wrap);
    if (e == ERR_OK) {
        crypto_sign_seed_keypair(sign_pub, secret_bytes(k->sign), plain);
        memcpy(secret_bytes(k->box), plain + 32, 32);
    }
    secret_wipe(plain, sizeof plain);
    return e;
}

enum err studykey_open(const char *path, const struct secret *passphrase, struct studykey **out)
{
    struct buffer b = {0};
    struct studykey *k = NULL;
    enum err e = file_read(path, 4096, false, &b);
    if (e == ERR_OK)
        e = studykey_new(STUDYKEY_RESEARCHER, &k); /* room; what is in it is replaced */
    if (e == ERR_OK)
        e = open_file(buffer_view(&b), path, passphrase, k);
    if (e == ERR_OK)
        *out = k, k = NULL;
    studykey_free(k);
    buffer_free(&b);
    return e;
}

void studykey_free(struct studykey *k)
{
    if (k == NULL)
        return;
    secret_free(k->sign);
    secret_free(k->box);
    free(k);
}

enum err studykey_unlock(const char *path, const char *passphrase_file, struct studykey **out)
{
    struct secret *passphrase = NULL;
    char prompt[300];
    snprintf(prompt, sizeof prompt, "Passphrase of %s: ", path);
    enum err e = passphrase_file != NULL ? secret_read_line(passphrase_file, 0, &passphrase)
                                         : secret_ask(prompt, false, &passphrase);
    if (e == ERR_OK)
        e = studykey_open(path, passphrase, out);
    secret_free(passphrase);
    return e;
}

/* The value of line "name: value" behind ${at}; NULL if that is not what stands there. */
static char *value_of(char **at, const char *name)
{
    size_t n = strlen(name);
    char *value = *at + n, *end = strchr(*at, '\n');
    if (strncmp(*at, name, n) != 0 || end == NULL)
        return NULL;
    *end = '\0';
    *at = end + 1;
    return value;
}

static enum err parse_public(char *text, const char *path, enum studykey_role role,
                             struct pack_key *out)
{
    uint8_t both[64], point[32];
    if (strncmp(text, public_magic, sizeof public_magic - 1) != 0)
        return log_fail(ERR_FORMAT,
                        "%s: this is not a public key; give the .pub file that keygen wrote", path);
    char *at = text + sizeof public_magic - 1;
    char *found = value_of(&at, "role: "), *key = value_of(&at, "key: ");
    if (found == NULL || key == NULL || !segment_unhex(key, sizeof both, both) ||
        crypto_sign_ed25519_pk_to_curve25519(point, both) != 0)
        return log_fail(ERR_FORMAT, "%s: the public key is damaged; copy it again", path);
    if (strcmp(found, role_name[role]) != 0)
        return log_fail(ERR_FORMAT, "%s: this is a %s's key and stands where a %s's belongs", path,
                        found, role_name[role]);
    memcpy(out->sign, both, 32);
    memcpy(out->box, both + 32, 32);
    return ERR_OK;
}

enum err studykey_read_public(const char *path, enum studykey_role role, struct pack_key *out)
{
    struct buffer b = {0};
    enum err e = file_read(path, PUBLIC_MAX, false, &b);
    if (e == ERR_OK && b.len >= sizeof magic && memcmp(b.p, magic, sizeof magic) == 0)
        e = log_fail(ERR_FORMAT, "%s: this is a SECRET key; only the .pub file may go into a study",
                     path);
    if (e == ERR_OK) {
        buffer_u8(&b, 0);
        e = b.failed ? ERR_NOMEM : parse_public((char *)b.p, path, role, out);
    }
    buffer_free(&b);
    return e;
}
