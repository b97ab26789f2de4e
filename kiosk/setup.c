#include "kiosk/setup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/file.h"
#include "core/log.h"
#include "kiosk/home.h"
#include "kiosk/packed.h"
#include "kiosk/replaced.h"
#include "kiosk/state.h"
#include "kiosk/store.h"

enum { PASSPHRASE_MIN = 12 };

bool setup_done(const char *home)
{
    char *path = home_store(home), *keys = home_keys(home);
    bool done = path != NULL && keys != NULL && access(keys, F_OK) == 0 && store_used(path);
    free(path);
    free(keys);
    return done;
}

enum err setup_read_pack(const char *path, struct pack **out)
{
    struct buffer b = {0};
    struct packed p = {0};
    enum err e = file_read(path, PACK_MAX_BYTES, false, &b);
    if (e == ERR_OK)
        e = packed_open(buffer_view(&b), path, &p);
    if (e == ERR_OK)
        *out = p.pack, p.pack = NULL;
    packed_close(&p);
    buffer_free(&b);
    return e;
}

enum err setup_check_code(const char *code)
{
    size_t n = strlen(code);
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    if (n < 1 || n > ENTRY_CODE_LEN || strspn(code, allowed) != n)
        return log_fail(ERR_USAGE, "the interviewer's code is 1 to %d Latin letters and digits",
                        ENTRY_CODE_LEN);
    return ERR_OK;
}

enum err setup_check_passphrase(const struct secret *passphrase)
{
    if (secret_len(passphrase) < PASSPHRASE_MIN)
        return log_fail(ERR_USAGE,
                        "the passphrase is too short: at least %d characters, or take the "
                        "five words offered",
                        PASSPHRASE_MIN);
    return ERR_OK;
}

/* What a set-up makes, in the order made. */
struct making {
    const struct pack *pack;
    struct packed packed; /* the same, opened */
    char *keys_path, *store_path;
    struct secret *sign_key, *epoch_key;
    struct keyfile *keyfile;
    struct store *store;
    struct device *device;
    const char *home;
    int lock; /* on the home */
    bool gave_up, keys_made, store_made;
};

static enum err make_keys(struct making *m, const char *code, const struct secret *passphrase,
                          struct secret_cost cost)
{
    struct keyfile_public pub = {.cost = cost};
    enum err e = secret_new(64, &m->sign_key);
    if (e != ERR_OK)
        return e;
    crypto_sign_keypair(pub.device, secret_bytes(m->sign_key));
    home_machine(pub.device, pub.machine);
    e = keyfile_create(m->keys_path, &pub, m->sign_key, code, passphrase, &m->epoch_key,
                       &m->keyfile);
    m->keys_made = e == ERR_OK;
    return e;
}

static enum err put_all(struct making *m, struct bytes preamble, uint64_t stream,
                        struct bytes entry, struct bytes state)
{
    enum err e = store_begin(m->store);
    if (e == ERR_OK)
        e = store_put_pack(m->store, buffer_view(&m->pack->bytes));
    if (e == ERR_OK)
        e = store_put_stream(m->store, stream, 1, preamble);
    if (e == ERR_OK)
        e = store_put_entry(m->store, 1, stream, entry);
    if (e == ERR_OK)
        e = store_put_state(m->store, 1, state);
    if (e == ERR_OK)
        e = store_commit(m->store);
    if (e != ERR_OK)
        store_cancel(m->store);
    return e;
}

void setup_root(const struct keyfile_public *pub, const uint8_t *replaces, struct entry_field *out)
{
    *out = (struct entry_field){.kind = ENTRY_ROOT};
    home_clocks(&out->clocks);
    out->u.root.cost_ops = pub->cost.ops;
    out->u.root.cost_mem = pub->cost.mem;
    memcpy(out->u.root.machine, pub->machine, KEYFILE_MACHINE_LEN);
    if (replaces != NULL)
        memcpy(out->u.root.replaces, replaces, 32);
}

static enum err make_store(struct making *m, const uint8_t *replaces)
{
    struct entry_field root;
    struct state *state = calloc(1, sizeof *state);
    struct buffer preamble = {0};
    uint64_t stream = 0;
    size_t entry_len = device_entry_len(m->packed.study);
    size_t state_len = state_sealed_len(m->packed.study, m->pack->strata);
    uint8_t *entry = malloc(entry_len), *sealed = malloc(state_len);
    setup_root(keyfile_public(m->keyfile), replaces, &root);
    enum err e = entry == NULL || sealed == NULL || state == NULL ? ERR_NOMEM : ERR_OK;
    m->store_made = e == ERR_OK; /* also where it gets no further than a half-made one */
    if (e == ERR_OK)
        e = store_create(m->store_path, &m->store);
    if (e == ERR_OK)
        e = device_create(m->pack, m->packed.study, m->sign_key, &m->device);
    if (e == ERR_OK)
        e = device_stream(m->device, &stream, &preamble);
    if (e == ERR_OK)
        e = device_root(m->device, &root, NULL, entry);
    if (e == ERR_OK)
        e = state_seal(state, m->device, m->packed.study, m->pack->strata, m->epoch_key, 1, sealed);
    if (e == ERR_OK)
        e = put_all(m, buffer_view(&preamble), stream, (struct bytes){entry, entry_len},
                    (struct bytes){sealed, state_len});
    if (e == ERR_OK)
        e = store_checkpoint(m->store);
    buffer_free(&preamble);
    free(state);
    free(entry);
    free(sealed);
    return e;
}

static void remove_store(const char *path)
{
    static const char *const suffix[] = {"", "-wal", "-shm", "-journal"};
    char name[4096];
    for (size_t i = 0; i < sizeof suffix / sizeof *suffix; i++)
        if (snprintf(name, sizeof name, "%s%s", path, suffix[i]) < (int)sizeof name)
            unlink(name);
}

static void making_end(struct making *m, enum err e)
{
    device_free(m->device);
    store_close(m->store);
    keyfile_close(m->keyfile);
    secret_free(m->epoch_key);
    secret_free(m->sign_key);
    if (e != ERR_OK && m->store_made)
        remove_store(m->store_path);
    if (e != ERR_OK && m->keys_made)
        unlink(m->keys_path);
    if (e != ERR_OK && m->gave_up)
        replaced_take_back(m->home);
    if (e == ERR_OK)
        replaced_forget_keys(m->home);
    if (m->lock >= 0)
        close(m->lock);
    packed_close(&m->packed);
    free(m->keys_path);
    free(m->store_path);
}

/* One set-up at a time in a home. */
static enum err lock_home(const char *home, int *fd)
{
    *fd = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd < 0)
        return log_fail(ERR_FILE, "%s: the folder could not be opened: %s", home, strerror(errno));
    return flock(*fd, LOCK_EX | LOCK_NB) == 0
               ? ERR_OK
               : log_fail(ERR_BUSY, "%s: this laptop is being set up by another program", home);
}

/* Makes room for a new device: a store that is used goes aside, if its device is the one that is to
 * be replaced. */
static enum err make_room(struct making *m, const char *home, const uint8_t *replaces)
{
    uint8_t device[32];
    if (!store_used(m->store_path)) {
        unlink(m->keys_path); /* what an interrupted set-up left: it never sealed anything */
        return ERR_OK;
    }
    if (replaces == NULL && access(m->keys_path, F_OK) == 0)
        return log_fail(ERR_STATE, "%s: this laptop is set up already; start sanaq-kiosk", home);
    if (replaces == NULL)
        return log_fail(ERR_STATE,
                        "%s: a store without its keys file; it was left as it is. Set this laptop "
                        "up with --replaces, or choose another folder with --home",
                        m->store_path);
    enum err e = replaced_device(home, device);
    if (e == ERR_OK && memcmp(device, replaces, sizeof device) != 0)
        e = log_fail(ERR_STATE,
                     "%s: this laptop is set up already, as another device than the one "
                     "to be replaced; it was left as it is",
                     home);
    if (e == ERR_OK)
        e = replaced_give_up(home);
    m->gave_up = e == ERR_OK;
    return e;
}

enum err setup_run(const char *home, const struct pack *pack, const char *code,
                   const struct secret *passphrase, struct secret_cost cost,
                   const uint8_t *replaces)
{
    struct making m = {.pack = pack, .home = home, .lock = -1};
    uint8_t last[32];
    enum err e = setup_check_code(code);
    if (e == ERR_OK)
        e = setup_check_passphrase(passphrase);
    if (e == ERR_OK)
        e = packed_open(buffer_view(&pack->bytes), "the pack", &m.packed);
    if (e == ERR_OK)
        e = file_make_dir(home);
    if (e == ERR_OK)
        e = home_check_disk(home);
    if (e == ERR_OK)
        e = lock_home(home, &m.lock);
    if (e == ERR_OK) {
        m.keys_path = home_keys(home);
        m.store_path = home_store(home);
        e = m.keys_path == NULL || m.store_path == NULL ? ERR_NOMEM : ERR_OK;
    }
    if (e == ERR_OK)
        e = make_room(&m, home, replaces);
    if (replaces == NULL && replaced_last(home, last)) /* a set-up anew that was interrupted */
        replaces = last;
    if (e == ERR_OK)
        e = make_keys(&m, code, passphrase, cost);
    if (e == ERR_OK)
        e = make_store(&m, replaces);
    making_end(&m, e);
    return e;
}

static enum err read_status(struct store *st, struct setup_status *out)
{
    struct buffer pack_bytes = {0}, last = {0}, receipt = {0};
    struct pack *pack = NULL;
    struct study *study = NULL;
    uint8_t hash[HASH_LEN];
    enum err e = store_pack(st, &pack_bytes);
    if (e == ERR_OK)
        e = pack_parse(buffer_view(&pack_bytes), "the pack in the store", &pack);
    if (e == ERR_OK)
        e = study_parse(pack->study, NULL, NULL, &study);
    if (e == ERR_OK)
        e = store_last(st, &out->position, &last);
    if (e == ERR_OK)
        e = store_receipt(st, &out->confirmed, &receipt);
    if (e == ERR_OK && last.len > SIGN_LEN + STREAM_MAC_LEN)
        stream_closing(out->position, last.p + last.len - SIGN_LEN - STREAM_MAC_LEN, out->closing);
    if (e == ERR_OK) {
        out->pack_number = pack->number;
        words_of(pack->hash, out->pack_words);
        device_fingerprint(out->device, hash);
        words_of(hash, out->words);
        out->study = strdup(study->id);
        out->wave = strdup(study->wave != NULL ? study->wave : "");
        e = out->study == NULL || out->wave == NULL ? ERR_NOMEM : ERR_OK;
    }
    study_free(study);
    pack_free(pack);
    buffer_free(&pack_bytes);
    buffer_free(&last);
    buffer_free(&receipt);
    return e;
}

enum err setup_status(const char *home, struct setup_status *out)
{
    static const uint8_t none[16];
    struct keyfile *kf = NULL;
    struct store *st = NULL;
    char *keys = home_keys(home), *path = home_store(home);
    memset(out, 0, sizeof *out);
    enum err e = keys == NULL || path == NULL ? ERR_NOMEM : ERR_OK;
    if (e == ERR_OK && access(keys, F_OK) != 0)
        e = log_fail(ERR_STATE, "%s: this laptop is not set up; run sanaq-kiosk setup --pack FILE",
                     home);
    if (e == ERR_OK)
        e = keyfile_open(keys, false, &kf);
    if (e == ERR_OK) {
        const struct keyfile_public *pub = keyfile_public(kf);
        memcpy(out->device, pub->device, sizeof out->device);
        out->cost = pub->cost;
        out->machine_known = memcmp(pub->machine, none, sizeof none) != 0;
        e = store_open(path, true, &st);
    }
    if (e == ERR_OK)
        e = read_status(st, out);
    store_close(st);
    keyfile_close(kf);
    free(keys);
    free(path);
    if (e != ERR_OK)
        setup_status_free(out);
    return e;
}

void setup_status_free(struct setup_status *st)
{
    free(st->study);
    free(st->wave);
    st->study = st->wave = NULL;
}
