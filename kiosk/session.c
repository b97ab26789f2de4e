#include "kiosk/session_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/log.h"
#include "kiosk/home.h"
#include "kiosk/text.h"

/* ---- what is on the disk ---- */

enum err session_room(struct session *ss)
{
    size_t entry_len = device_entry_len(ss->study);
    size_t state_len = state_sealed_len(ss->study, ss->pack->strata);
    uint8_t *entry = malloc(entry_len), *sealed = malloc(state_len);
    if (entry == NULL || sealed == NULL) {
        free(entry);
        free(sealed);
        return ERR_NOMEM;
    }
    free(ss->entry);
    free(ss->sealed_state);
    ss->entry = entry, ss->entry_len = entry_len;
    ss->sealed_state = sealed, ss->state_len = state_len;
    return ERR_OK;
}

/* The pack that the store says the laptop is under: another one only after a change of packs. */
static enum err read_pack(struct session *ss)
{
    struct buffer bytes = {0};
    struct packed found = {0};
    enum err e = store_pack(ss->store, &bytes);
    bool same = e == ERR_OK && ss->pack != NULL && bytes.len == ss->pack->bytes.len &&
                memcmp(bytes.p, ss->pack->bytes.p, bytes.len) == 0;
    if (e == ERR_OK && !same)
        e = packed_open(buffer_view(&bytes), "the pack in the store", &found);
    buffer_free(&bytes);
    ss->pack_kept = true;
    if (e != ERR_OK || same)
        return e;
    session_use_pack(ss, &found);
    return session_room(ss);
}

/* Reads position and state back from the store; the only way a device comes into being here. */
static enum err load(struct session *ss)
{
    struct buffer sealed = {0}, receipt = {0};
    uint64_t epoch = 0;
    struct secret *key = NULL;
    enum err e = read_pack(ss);
    if (e != ERR_OK)
        return e;
    e = store_state(ss->store, &epoch, &sealed);
    if (e == ERR_OK) /* a change of interviewers may have been cut short */
        e = keyfile_settle(ss->keyfile, epoch);
    if (e == ERR_OK)
        e = keyfile_epoch(ss->keyfile, epoch, &key);
    if (e == ERR_OK)
        e = state_open(ss->pack, ss->study, ss->points, keyfile_sign_key(ss->keyfile), key, epoch,
                       buffer_view(&sealed), ss->state, &ss->device);
    ss->lost = e == ERR_KEY || e == ERR_FORMAT;
    if (ss->lost)
        e = ERR_LOST;
    if (e == ERR_OK)
        e = store_receipt(ss->store, &ss->confirmed, &receipt);
    if (e == ERR_OK) {
        secret_free(ss->key);
        secret_free(ss->next);
        ss->key = key, key = NULL;
        ss->next = NULL;
        ss->epoch = epoch;
        if (ss->state->open) /* a card whose count is sealed does not come back */
            interview_resume(&ss->state->iv, ss->study, ss->points);
        session_tally(ss, &ss->tally);
    }
    secret_free(key);
    buffer_free(&sealed);
    buffer_free(&receipt);
    return e;
}

enum err session_prepare(struct session *ss)
{
    if (ss->next != NULL)
        return ERR_OK;
    return keyfile_next_epoch(ss->keyfile, ss->epoch + 1, &ss->next);
}

void session_drop_stream(struct session *ss)
{
    device_free(ss->device);
    ss->device = NULL;
    ss->stream = 0;
    ss->preamble_kept = false;
    buffer_free(&ss->preamble);
}

/* After a failed transaction: wipe the stream, open the store again, believe only what it says. */
static void recover(struct session *ss)
{
    session_drop_stream(ss);
    store_close(ss->store);
    ss->store = NULL;
    if (store_open(ss->store_path, false, &ss->store) == ERR_OK && load(ss) != ERR_OK)
        session_drop_stream(ss);
}

enum err session_ready(struct session *ss)
{
    if (ss->device == NULL)
        recover(ss);
    if (ss->device == NULL && ss->lost)
        return log_fail(ERR_LOST,
                        _("this laptop lost its working state: start sanaq-kiosk, unlock, "
                          "and follow the page that tells of it; collect works "
                          "meanwhile"));
    return ss->device != NULL
               ? ERR_OK
               : log_fail(ERR_FILE, _("the store cannot be used now; is the disk full or "
                                      "read-only? Mend that, then lock and unlock"));
}

enum err session_keep(struct session *ss, enum session_kept what)
{
    bool moves = what != KEEP_STATE, with_entry = what == KEEP_ENTRY;
    uint64_t epoch = ss->epoch + (moves ? 1 : 0);
    enum err e = moves ? session_prepare(ss) : ERR_OK;
    if (e == ERR_OK)
        e = state_seal(ss->state, ss->device, ss->study, ss->pack->strata,
                       moves ? ss->next : ss->key, epoch, ss->sealed_state);
    if (e == ERR_OK)
        e = store_begin(ss->store);
    if (e == ERR_OK && with_entry && !ss->pack_kept)
        e = store_put_pack(ss->store, buffer_view(&ss->pack->bytes));
    if (e == ERR_OK && with_entry && !ss->preamble_kept)
        e = store_put_stream(ss->store, ss->stream, device_position(ss->device),
                             buffer_view(&ss->preamble));
    if (e == ERR_OK && with_entry)
        e = store_put_entry(ss->store, device_position(ss->device), ss->stream,
                            (struct bytes){ss->entry, ss->entry_len});
    if (e == ERR_OK)
        e = store_put_state(ss->store, epoch, (struct bytes){ss->sealed_state, ss->state_len});
    if (e == ERR_OK)
        e = store_commit(ss->store);
    if (e != ERR_OK) {
        if (ss->store != NULL)
            store_cancel(ss->store);
        recover(ss);
        return e;
    }
    session_tally(ss, &ss->tally);
    ss->preamble_kept = ss->preamble_kept || with_entry;
    ss->pack_kept = ss->pack_kept || with_entry;
    if (moves) {
        secret_free(ss->key);
        ss->key = ss->next, ss->next = NULL;
        ss->epoch = epoch;
    }
    if (with_entry && session_prepare(ss) != ERR_OK) /* the next seal tries again */
        log_note("the old state could not be wiped yet");
    return ERR_OK;
}

/* ---- unlock and lock ---- */

static enum err open_files(struct session *ss, const char *code, const struct secret *passphrase)
{
    static const uint8_t none[16];
    uint8_t machine[16];
    uint64_t epoch = 0;
    struct buffer sealed = {0};
    char *keys = home_keys(ss->home);
    enum err e = keys == NULL ? ERR_NOMEM : keyfile_open(keys, true, &ss->keyfile);
    free(keys);
    if (e != ERR_OK)
        return e;
    const struct keyfile_public *pub = keyfile_public(ss->keyfile);
    home_machine(pub->device, machine);
    if (memcmp(pub->machine, none, sizeof none) != 0 &&
        memcmp(pub->machine, machine, sizeof machine) != 0)
        return log_fail(ERR_STATE,
                        _("this home was set up on another machine and cannot be used here; "
                          "set this laptop up anew"));
    e = home_check_disk(ss->home);
    if (e == ERR_OK)
        e = store_open(ss->store_path, false, &ss->store);
    if (e == ERR_OK)
        e = store_state(ss->store, &epoch, &sealed);
    if (e == ERR_FORMAT) /* no state: whichever side fits what is left */
        epoch = 0, e = ERR_OK;
    if (e == ERR_OK)
        e = keyfile_unlock(ss->keyfile, epoch, code, passphrase);
    buffer_free(&sealed);
    return e;
}

/* Guarded memory is not aligned: the struct lies at the first place in it that is. Without memory
 * the state stays NULL. */
static void new_state(struct session *ss)
{
    enum { ALIGN = _Alignof(struct state) };
    if (secret_new(sizeof *ss->state + ALIGN, &ss->state_memory) != ERR_OK)
        return;
    uint8_t *p = secret_bytes(ss->state_memory);
    ss->state = (void *)(p + (ALIGN - (uintptr_t)p % ALIGN) % ALIGN);
}

enum err session_open(const char *home, const char *code, const struct secret *passphrase,
                      struct session **out)
{
    struct session *ss = calloc(1, sizeof *ss);
    if (ss == NULL)
        return ERR_NOMEM;
    ss->home = strdup(home);
    ss->store_path = home_store(home);
    new_state(ss);
    snprintf(ss->code, sizeof ss->code, "%s", code);
    enum err e = ss->home == NULL || ss->store_path == NULL || ss->state == NULL
                     ? ERR_NOMEM
                     : open_files(ss, code, passphrase);
    if (e == ERR_OK)
        e = load(ss);
    if (e == ERR_OK)
        e = session_prepare(ss);
    if (e == ERR_LOST) /* unlocked all the same: session_restart */
        e = ERR_OK;
    if (e == ERR_OK && !ss->lost)
        e = session_settle(ss);
    if (e != ERR_OK) {
        session_drop(ss);
        return e;
    }
    ss->interrupted = ss->state->open;
    *out = ss;
    return ERR_OK;
}

void session_drop(struct session *ss)
{
    if (ss == NULL)
        return;
    session_drop_stream(ss);
    store_close(ss->store);
    keyfile_close(ss->keyfile);
    secret_free(ss->key);
    secret_free(ss->next);
    session_use_pack(ss, &(struct packed){NULL, NULL, NULL});
    session_drop_waiting(ss);
    secret_free(ss->state_memory);
    secret_wipe(ss->code, sizeof ss->code);
    free(ss->entry);
    free(ss->sealed_state);
    free(ss->home);
    free(ss->store_path);
    free(ss);
}

/* Numbers of entries must not tell how many refusals there were. */
enum err session_fill(struct session *ss)
{
    struct entry_clocks clocks;
    enum err e = session_ready(ss);
    while (e == ERR_OK && !ss->state->open && device_position(ss->device) % DEVICE_FILL != 0) {
        e = session_stream(ss);
        home_clocks(&clocks);
        if (e == ERR_OK && device_fill(ss->device, &clocks, ss->entry))
            e = session_keep(ss, KEEP_ENTRY);
    }
    return e;
}

enum err session_lock(struct session *ss)
{
    if (ss == NULL)
        return ERR_OK;
    enum err e = ss->lost ? ERR_OK : session_fill(ss);
    if (e == ERR_OK && !ss->lost)
        e = session_prepare(ss); /* where the last state could not be wiped before */
    if (e == ERR_OK)
        e = store_checkpoint(ss->store);
    session_drop(ss);
    return e;
}

/* ---- what a screen may know ---- */

const struct study *session_study(const struct session *ss)
{
    return ss->study;
}

const struct points *session_points(const struct session *ss)
{
    return ss->points;
}

bool session_test(const struct session *ss)
{
    return ss->device == NULL || device_test(ss->device);
}

struct interview *session_interview(struct session *ss)
{
    return ss->device != NULL && ss->state->open ? &ss->state->iv : NULL;
}

bool session_interrupted(const struct session *ss)
{
    return ss->interrupted && ss->state->open;
}

/* Positions of older contacts are not kept: they are received if the oldest that is kept is, else
 * nobody knows. */
static uint32_t received(const struct state *st, uint64_t confirmed)
{
    uint32_t all = st->last - st->since;
    uint32_t known = all < STATE_CONTACTS ? all : STATE_CONTACTS;
    uint32_t first = st->last - known + 1, open = 0;
    if (known < all && st->end_of[first % STATE_CONTACTS] > confirmed)
        return 0;
    for (uint32_t c = first; c <= st->last; c++)
        open += st->end_of[c % STATE_CONTACTS] > confirmed;
    return all - open;
}

void session_tally(const struct session *ss, struct session_tally *out)
{
    struct state *st = ss->state;
    if (ss->device == NULL) { /* what is in memory was not kept */
        *out = ss->tally;
        return;
    }
    memset(out, 0, sizeof *out);
    state_day(st, home_today());
    out->contacts = st->contacts;
    out->completes = st->completes;
    out->partials = st->partials;
    out->refusals = st->refusals;
    out->break_offs = st->break_offs;
    out->others = st->others;
    out->last_contact = st->last;
    out->contacts_all = st->last - st->since;
    out->confirmed = ss->confirmed;
    out->contacts_received = received(st, ss->confirmed);
    out->position = device_position(ss->device);
    out->approved = device_known(ss->device);
    out->pack_number = ss->pack->number;
}
