/* Who may unlock, and how a laptop goes on that lost its state. */
#include <string.h>

#include "core/log.h"
#include "core/notice.h"
#include "kiosk/home.h"
#include "kiosk/session_inside.h"
#include "kiosk/setup.h"
#include "kiosk/sync.h"
#include "kiosk/text.h"

/* ---- interviewers ---- */

size_t session_interviewers(const struct session *ss)
{
    return keyfile_interviewers(ss->keyfile);
}

bool session_is_own(const struct session *ss, const char *code)
{
    return strcmp(ss->code, code) == 0;
}

enum err session_confirm(const struct session *ss, const struct secret *passphrase)
{
    return keyfile_confirm(ss->keyfile, ss->code, passphrase);
}

/* The keys file first, then the store, which makes it true, then the old side is overwritten. */
static enum err turn(struct session *ss, enum keyslots_change change, const char *code,
                     const struct secret *passphrase)
{
    enum err e = session_ready(ss);
    if (e == ERR_OK && ss->state->open)
        e = ERR_STATE;
    if (e == ERR_OK && passphrase != NULL)
        e = setup_check_passphrase(passphrase);
    if (e != ERR_OK)
        return e;
    secret_free(ss->next); /* its place is taken by the key of the epoch after the change */
    ss->next = NULL;
    e = keyfile_turn(ss->keyfile, change, code, passphrase, ss->epoch + 1, &ss->next);
    if (e == ERR_OK)
        e = session_keep(ss, KEEP_EPOCH);
    enum err settled = ss->device != NULL ? keyfile_settle(ss->keyfile, ss->epoch) : ERR_OK;
    if (settled != ERR_OK) /* nothing more under keys that may be of the side that is gone */
        session_drop_stream(ss);
    if (settled == ERR_OK && ss->device != NULL)
        settled = session_prepare(ss);
    return e == ERR_OK ? settled : e;
}

enum err session_add(struct session *ss, const char *code, const struct secret *passphrase)
{
    enum err e = setup_check_code(code);
    return e == ERR_OK ? turn(ss, KEYSLOTS_ADD, code, passphrase) : e;
}

enum err session_passphrase(struct session *ss, const struct secret *passphrase)
{
    return turn(ss, KEYSLOTS_CHANGE, ss->code, passphrase);
}

enum err session_remove(struct session *ss, const char *code)
{
    if (session_is_own(ss, code))
        return log_fail(ERR_STATE, _("nobody removes their own place; another interviewer of this "
                                     "laptop can do it"));
    return turn(ss, KEYSLOTS_REMOVE, code, NULL);
}

/* ---- a state that is lost ---- */

bool session_lost(const struct session *ss)
{
    return ss->lost && ss->device == NULL;
}

/* The last entry that this laptop can show, and the number of its stream. */
struct last {
    uint64_t n, stream;
    uint8_t head[HASH_LEN];
};

static enum err see_stream(void *ctx, uint64_t number, uint64_t first, struct bytes preamble)
{
    (void)first, (void)preamble;
    ((struct last *)ctx)->stream = number;
    return ERR_OK;
}

static enum err see_entry(void *ctx, uint64_t stream, uint64_t n, struct bytes sealed)
{
    (void)ctx, (void)stream, (void)n, (void)sealed;
    return ERR_OK;
}

static enum err find_last(struct session *ss, struct last *out)
{
    struct buffer sealed = {0}, receipt = {0};
    struct notice n;
    struct pack *pack = NULL;
    struct store_visitor v = {see_stream, see_entry, out};
    memset(out, 0, sizeof *out);
    enum err e = store_last(ss->store, &out->n, &sealed);
    if (e == ERR_OK)
        e = store_walk(ss->store, out->n, &v);
    if (e == ERR_OK && out->n > 0)
        e = sync_head_at(ss->store, out->n, out->head);
    if (e == ERR_OK)
        e = store_receipt(ss->store, &ss->confirmed, &receipt);
    if (e == ERR_OK)
        e = session_pack_of(ss, buffer_view(&receipt), &pack);
    if (e == ERR_OK && ss->confirmed > out->n && /* the store has lost entries that were received */
        pack != NULL && notice_parse(buffer_view(&receipt), pack, &n) == ERR_OK &&
        n.kind == NOTICE_RECEIPT) {
        out->n = n.n;
        memcpy(out->head, n.value, HASH_LEN);
    }
    pack_free(pack);
    buffer_free(&sealed);
    buffer_free(&receipt);
    return e;
}

/* The epoch behind all that store or keys file know of. */
static enum err last_epoch(const struct session *ss, uint64_t *out)
{
    struct buffer sealed = {0};
    uint64_t highest = keyfile_highest(ss->keyfile);
    enum err e = store_state(ss->store, out, &sealed);
    if (e == ERR_FORMAT)
        *out = 0, e = ERR_OK;
    *out = highest > *out ? highest : *out;
    buffer_free(&sealed);
    return e;
}

/* A device behind the last entry, its stream open and its root sealed in ss->entry. */
static enum err root_anew(struct session *ss)
{
    struct entry_field root;
    struct last last;
    enum err e = find_last(ss, &last);
    if (e == ERR_OK)
        e = last_epoch(ss, &ss->epoch);
    if (e == ERR_OK)
        e = device_restart(ss->pack, ss->study, keyfile_sign_key(ss->keyfile), last.n, last.head,
                           last.stream, &ss->device);
    if (e == ERR_OK)
        e = device_stream(ss->device, &ss->stream, &ss->preamble);
    setup_root(keyfile_public(ss->keyfile), NULL, &root);
    if (e == ERR_OK)
        e = device_root(ss->device, &root, NULL, ss->entry);
    secret_wipe(ss->state, sizeof *ss->state);
    ss->state->last = ss->state->since = (uint32_t)last.n;
    return e;
}

enum err session_restart(struct session *ss)
{
    if (!session_lost(ss))
        return ERR_STATE;
    secret_free(ss->next);
    ss->next = NULL;
    enum err e = root_anew(ss);
    if (e == ERR_OK)
        e = session_keep(ss, KEEP_ENTRY);
    else
        session_drop_stream(ss);
    if (e == ERR_OK)
        e = keyfile_settle(ss->keyfile, ss->epoch);
    ss->lost = ss->device == NULL;
    ss->interrupted = false;
    return e;
}
