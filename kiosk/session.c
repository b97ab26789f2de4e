#include "kiosk/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/file.h"
#include "core/log.h"
#include "kiosk/home.h"
#include "kiosk/keyfile.h"
#include "kiosk/state.h"
#include "kiosk/sync.h"
#include "kiosk/text.h"

struct session {
    char *home, *store_path;
    char code[ENTRY_CODE_LEN + 1];
    struct keyfile *keyfile;
    struct secret *local, *sign_key;
    struct pack *pack;
    struct study *study;
    struct points *points;
    struct store *store;
    struct device *device; /* NULL after a failure that could not be mended yet */
    struct state *state;
    uint64_t epoch;
    struct secret *key, *next; /* of this epoch; of the next, ahead of time, or NULL */
    uint64_t stream;           /* number of the open stream, 0: none yet */
    struct buffer preamble;
    bool preamble_kept;
    uint64_t confirmed;
    bool interrupted;
    uint8_t *entry, *sealed_state; /* room for one of each */
    size_t entry_len, state_len;
};

/* ---- what is on the disk ---- */

static enum err damaged(void)
{
    return log_fail(ERR_FORMAT, "the store does not fit the keys file: its state cannot be read; "
                                "collect this laptop's results and tell the researchers");
}

/* Reads position and state back from the store; the only way a device comes into being here. */
static enum err load(struct session *ss)
{
    struct buffer sealed = {0}, receipt = {0};
    uint64_t epoch = 0;
    struct secret *key = NULL;
    enum err e = store_state(ss->store, &epoch, &sealed);
    if (e == ERR_OK)
        e = keyfile_epoch(ss->keyfile, ss->local, epoch, &key);
    if (e == ERR_OK)
        e = state_open(ss->pack, ss->study, ss->points, ss->sign_key, key, epoch,
                       buffer_view(&sealed), ss->state, &ss->device);
    if (e == ERR_KEY || e == ERR_FORMAT)
        e = damaged();
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
    }
    secret_free(key);
    buffer_free(&sealed);
    buffer_free(&receipt);
    return e;
}

/* The next epoch's key goes over the place of the last epoch's: forgetting and preparing in one. */
static enum err prepare(struct session *ss)
{
    if (ss->next != NULL)
        return ERR_OK;
    return keyfile_next_epoch(ss->keyfile, ss->local, ss->epoch + 1, &ss->next);
}

static void drop_stream(struct session *ss)
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
    drop_stream(ss);
    store_close(ss->store);
    ss->store = NULL;
    if (store_open(ss->store_path, false, &ss->store) == ERR_OK && load(ss) != ERR_OK)
        drop_stream(ss);
}

static enum err ready(struct session *ss)
{
    if (ss->device == NULL)
        recover(ss);
    return ss->device != NULL
               ? ERR_OK
               : log_fail(ERR_FILE, _("the store cannot be used now; is the disk full or "
                                      "read-only? Mend that, then lock and unlock"));
}

/* One transaction: the sealed entry, if there is one, and the state that goes with it. */
static enum err keep(struct session *ss, bool with_entry)
{
    uint64_t epoch = ss->epoch + (with_entry ? 1 : 0);
    enum err e = with_entry ? prepare(ss) : ERR_OK;
    if (e == ERR_OK)
        e = state_seal(ss->state, ss->device, ss->study, ss->pack->strata,
                       with_entry ? ss->next : ss->key, epoch, ss->sealed_state);
    if (e == ERR_OK)
        e = store_begin(ss->store);
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
    if (with_entry) {
        ss->preamble_kept = true;
        secret_free(ss->key);
        ss->key = ss->next, ss->next = NULL;
        ss->epoch = epoch;
        if (prepare(ss) != ERR_OK) /* the entry is safe; the next seal tries again */
            log_note("the old state could not be wiped yet");
    }
    return ERR_OK;
}

/* ---- sealing ---- */

static enum err need_stream(struct session *ss)
{
    enum err e = ready(ss);
    if (e != ERR_OK || ss->stream != 0)
        return e;
    return device_stream(ss->device, &ss->stream, &ss->preamble);
}

static struct entry_field field_of(enum entry_kind kind, uint32_t contact)
{
    struct entry_field f = {.kind = kind, .contact = contact};
    home_clocks(&f.clocks);
    return f;
}

static void fill_contact(const struct session *ss, struct entry_field *f)
{
    const struct interview *iv = &ss->state->iv;
    snprintf(f->u.contact.interviewer, sizeof f->u.contact.interviewer, "%s", ss->code);
    snprintf(f->u.contact.point, sizeof f->u.contact.point, "%s",
             points_value(ss->points, iv->point, "id"));
    f->u.contact.attempt = 1;
    f->u.contact.stratum = iv->stratum;
}

static enum err seal_contact(struct session *ss)
{
    struct entry_field f = field_of(ENTRY_CONTACT, ss->state->iv.contact);
    struct entry_answers a = {.kind = ENTRY_CONTACT};
    fill_contact(ss, &f);
    device_seal(ss->device, &f, &a, ss->entry);
    ss->state->begun = true;
    return keep(ss, true);
}

static enum err seal_count(struct session *ss, size_t list, int count, unsigned seconds,
                           uint8_t language)
{
    struct entry_field f = field_of(ENTRY_COUNTED, ss->state->iv.contact);
    struct entry_answers a = {.kind = ENTRY_COUNTED};
    bool shown = count != ANSWER_NOT_ASKED && count != ANSWER_NOT_REACHED;
    a.u.counted.list = (uint8_t)list;
    a.u.counted.count = (int8_t)count;
    a.u.counted.seconds = (uint16_t)((seconds > 65530 ? 65530 : seconds) / 5 * 5);
    a.u.counted.language = language;
    a.u.counted.mode = shown ? MODE_SCREEN_RESPONDENT : MODE_NONE;
    device_seal(ss->device, &f, &a, ss->entry);
    secret_wipe(&a, sizeof a);
    ss->state->iv.counted |= UINT32_C(1) << list;
    return keep(ss, true);
}

/* Today's tally starts anew with the day. */
static void tally_day(struct state *st)
{
    uint32_t today = home_today();
    if (st->day == today)
        return;
    st->day = today;
    st->contacts = st->completes = st->partials = st->refusals = st->break_offs = st->others = 0;
}

static void tally_add(struct state *st, uint16_t disposition, uint64_t position)
{
    tally_day(st);
    st->contacts++;
    st->completes += disposition == DISPOSITION_COMPLETE;
    st->partials += disposition == DISPOSITION_PARTIAL;
    st->refusals += disposition >= 2110 && disposition <= 2119;
    st->break_offs += disposition == DISPOSITION_BREAK_OFF;
    st->others = st->contacts - st->completes - st->partials - st->refusals - st->break_offs;
    st->last = st->iv.contact;
    st->end_of[st->last % STATE_CONTACTS] = position;
}

static enum err seal_outcome(struct session *ss)
{
    struct interview *iv = &ss->state->iv;
    struct entry_field f = field_of(ENTRY_OUTCOME, iv->contact);
    struct entry_answers a = {.kind = ENTRY_OUTCOME};
    f.u.outcome.disposition = iv->ending;
    for (size_t i = 0; i < ss->study->questions; i++)
        a.u.answer[i] = iv->answer[i] == ANSWER_NONE ? ANSWER_NOT_REACHED : iv->answer[i];
    device_seal(ss->device, &f, &a, ss->entry);
    secret_wipe(&a, sizeof a);
    tally_add(ss->state, iv->ending, device_position(ss->device));
    secret_wipe(iv, sizeof *iv);
    ss->state->open = ss->state->begun = false;
    return keep(ss, true);
}

/* A list that this interview does not ask and that has no entry yet. */
static bool unasked_list(const struct session *ss, size_t *list)
{
    const struct interview *iv = &ss->state->iv;
    for (*list = 0; iv->assigned && *list < ss->study->lists; (*list)++)
        if ((iv->counted >> *list & 1) == 0 && iv->draw.arm[*list] == ARM_NOT_ASKED)
            return true;
    return false;
}

static enum err seal_owed(struct session *ss)
{
    const struct interview *iv = &ss->state->iv;
    struct device_debt debt = device_owes(ss->study, ss->state->begun, iv->counted);
    switch (debt.kind) {
    case ENTRY_CONTACT:
        return seal_contact(ss);
    case ENTRY_COUNTED:
        return seal_count(ss, debt.list, ANSWER_NOT_REACHED, 0, iv->language);
    default:
        return seal_outcome(ss);
    }
}

/* Seals whatever is owed without anybody being asked: lists that are not asked, and all the rest of
 * a contact that is ending. Each entry in its own transaction; after a crash it goes on where it
 * was. */
static enum err settle(struct session *ss)
{
    enum err e = ERR_OK;
    size_t list = 0;
    while (e == ERR_OK && ss->state->open) {
        bool unasked = unasked_list(ss, &list);
        if (!unasked && ss->state->iv.ending == 0)
            break;
        e = need_stream(ss);
        if (e == ERR_OK)
            e = unasked ? seal_count(ss, list, ANSWER_NOT_ASKED, 0, ss->state->iv.language)
                        : seal_owed(ss);
    }
    return e;
}

/* ---- unlock and lock ---- */

static enum err open_files(struct session *ss, const char *code, const struct secret *passphrase)
{
    static const uint8_t none[16];
    uint8_t machine[16];
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
        e = keyfile_unlock(ss->keyfile, code, passphrase, &ss->local);
    if (e == ERR_OK)
        e = keyfile_sign_key(ss->keyfile, ss->local, &ss->sign_key);
    return e;
}

static void say_line(void *ctx, bool warning, unsigned line, const char *what)
{
    (void)ctx;
    if (!warning)
        log_note("study in the pack, line %u: %s", line, what);
}

static enum err open_study(struct session *ss)
{
    struct buffer bytes = {0};
    enum err e = store_pack(ss->store, &bytes);
    if (e == ERR_OK)
        e = pack_parse(buffer_view(&bytes), "the pack in the store", &ss->pack);
    if (e == ERR_OK)
        e = study_parse(ss->pack->study, say_line, NULL, &ss->study);
    if (e == ERR_OK)
        e = study_kiosk_can(ss->study, say_line, NULL);
    if (e == ERR_OK)
        e = points_parse(ss->pack->points, ss->study, say_line, NULL, &ss->points);
    if (e == ERR_OK && ss->points->strata != ss->pack->strata)
        e = log_fail(ERR_FORMAT, "the strata of the pack do not fit its point list");
    buffer_free(&bytes);
    return e;
}

static enum err make_room(struct session *ss)
{
    ss->entry_len = device_entry_len(ss->study);
    ss->state_len = state_sealed_len(ss->study, ss->pack->strata);
    ss->entry = malloc(ss->entry_len);
    ss->sealed_state = malloc(ss->state_len);
    return ss->entry != NULL && ss->sealed_state != NULL ? ERR_OK : ERR_NOMEM;
}

enum err session_open(const char *home, const char *code, const struct secret *passphrase,
                      struct session **out)
{
    struct session *ss = calloc(1, sizeof *ss);
    if (ss == NULL)
        return ERR_NOMEM;
    ss->home = strdup(home);
    ss->store_path = home_store(home);
    ss->state = calloc(1, sizeof *ss->state);
    snprintf(ss->code, sizeof ss->code, "%s", code);
    enum err e = ss->home == NULL || ss->store_path == NULL || ss->state == NULL
                     ? ERR_NOMEM
                     : open_files(ss, code, passphrase);
    if (e == ERR_OK)
        e = open_study(ss);
    if (e == ERR_OK)
        e = make_room(ss);
    if (e == ERR_OK)
        e = load(ss);
    if (e == ERR_OK)
        e = prepare(ss);
    if (e == ERR_OK && ss->study->timezone != NULL) {
        setenv("TZ", ss->study->timezone, 1);
        tzset();
    }
    if (e == ERR_OK)
        e = settle(ss);
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
    drop_stream(ss);
    store_close(ss->store);
    keyfile_close(ss->keyfile);
    secret_free(ss->local);
    secret_free(ss->sign_key);
    secret_free(ss->key);
    secret_free(ss->next);
    points_free(ss->points);
    study_free(ss->study);
    pack_free(ss->pack);
    if (ss->state != NULL)
        secret_wipe(ss->state, sizeof *ss->state);
    free(ss->state);
    free(ss->entry);
    free(ss->sealed_state);
    free(ss->home);
    free(ss->store_path);
    free(ss);
}

/* Numbers of entries must not tell how many refusals there were. */
static enum err fill(struct session *ss)
{
    struct entry_clocks clocks;
    enum err e = ready(ss);
    while (e == ERR_OK && !ss->state->open && device_position(ss->device) % DEVICE_FILL != 0) {
        e = need_stream(ss);
        home_clocks(&clocks);
        if (e == ERR_OK && device_fill(ss->device, &clocks, ss->entry))
            e = keep(ss, true);
    }
    return e;
}

enum err session_lock(struct session *ss)
{
    if (ss == NULL)
        return ERR_OK;
    enum err e = fill(ss);
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

const char *session_code(const struct session *ss)
{
    return ss->code;
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

/* Positions of older contacts are not kept: they are received if the oldest that is kept is, else nobody knows. */
static uint32_t received(const struct state *st, uint64_t confirmed)
{
    uint32_t known = st->last < STATE_CONTACTS ? st->last : STATE_CONTACTS;
    uint32_t first = st->last - known + 1, open = 0;
    if (known < st->last && st->end_of[first % STATE_CONTACTS] > confirmed)
        return 0;
    for (uint32_t c = first; c <= st->last; c++)
        open += st->end_of[c % STATE_CONTACTS] > confirmed;
    return st->last - open;
}

void session_tally(const struct session *ss, struct session_tally *out)
{
    struct state *st = ss->state;
    memset(out, 0, sizeof *out);
    tally_day(st);
    out->contacts = st->contacts;
    out->completes = st->completes;
    out->partials = st->partials;
    out->refusals = st->refusals;
    out->break_offs = st->break_offs;
    out->others = st->others;
    out->last_contact = st->last;
    out->contacts_all = st->last;
    out->confirmed = ss->confirmed;
    out->contacts_received = received(st, ss->confirmed);
    if (ss->device != NULL) {
        out->position = device_position(ss->device);
        out->approved = device_approved(ss->device);
    }
}

void session_closing(const struct session *ss, char out[STREAM_CLOSING])
{
    struct buffer last = {0};
    uint64_t n = 0;
    out[0] = '\0';
    if (ss->store != NULL && store_last(ss->store, &n, &last) == ERR_OK &&
        last.len > SIGN_LEN + STREAM_MAC_LEN)
        stream_closing(n, last.p + last.len - SIGN_LEN - STREAM_MAC_LEN, out);
    buffer_free(&last);
}

/* ---- the steps of a contact ---- */

enum err session_begin(struct session *ss, uint32_t point, uint8_t language)
{
    enum err e = ready(ss);
    if (e != ERR_OK)
        return e;
    if (ss->state->open || point >= ss->points->count || language >= ss->study->languages)
        return ERR_STATE;
    interview_start(&ss->state->iv, device_contact(ss->device), point,
                    ss->points->stratum_of[point], language);
    ss->state->open = true;
    ss->state->begun = ss->interrupted = false;
    return keep(ss, false);
}

enum err session_save(struct session *ss)
{
    enum err e = ready(ss);
    if (e != ERR_OK)
        return e;
    return ss->state->open && ss->state->iv.ending != 0 ? settle(ss) : keep(ss, false);
}

enum err session_assign(struct session *ss)
{
    enum err e = need_stream(ss);
    if (e != ERR_OK)
        return e;
    struct interview *iv = &ss->state->iv;
    if (!ss->state->open || ss->state->begun)
        return ERR_STATE;
    struct entry_field f = field_of(ENTRY_ASSIGNED, iv->contact);
    struct entry_answers a = {.kind = ENTRY_ASSIGNED};
    fill_contact(ss, &f);
    device_draw(ss->device, iv->stratum, interview_asked(iv, ss->study, ss->points), &a.u.draw);
    device_seal(ss->device, &f, &a, ss->entry);
    iv->draw = a.u.draw;
    iv->assigned = ss->state->begun = true;
    secret_wipe(&a, sizeof a);
    e = keep(ss, true);
    return e == ERR_OK ? settle(ss) : e;
}

enum err session_count(struct session *ss, size_t list, int count, unsigned seconds,
                       uint8_t language)
{
    enum err e = need_stream(ss);
    if (e != ERR_OK)
        return e;
    const struct interview *iv = &ss->state->iv;
    if (!ss->state->open || !iv->assigned || list >= ss->study->lists ||
        (iv->counted >> list & 1) != 0)
        return ERR_STATE;
    return seal_count(ss, list, count, seconds, language);
}

enum err session_end(struct session *ss, uint16_t disposition)
{
    enum err e = ready(ss);
    if (e != ERR_OK)
        return e;
    if (!ss->state->open || disposition_find(disposition) == NULL)
        return ERR_STATE;
    ss->state->iv.ending = disposition;
    return settle(ss);
}

static enum err seal_event(struct session *ss, enum entry_kind kind, uint32_t contact,
                           uint16_t reason)
{
    struct entry_field f = field_of(kind, ss->state->open ? ss->state->iv.contact : 0);
    struct entry_answers a = {.kind = kind};
    f.u.event.contact = contact;
    f.u.event.reason = reason;
    device_seal(ss->device, &f, &a, ss->entry);
    return keep(ss, true);
}

enum err session_void(struct session *ss, uint32_t contact, uint16_t reason)
{
    enum err e = need_stream(ss);
    if (e != ERR_OK)
        return e;
    if (contact == 0 || contact > ss->state->last)
        return ERR_STATE;
    return seal_event(ss, ENTRY_VOID, contact, reason);
}

enum err session_withdraw(struct session *ss)
{
    enum err e = need_stream(ss);
    if (e != ERR_OK)
        return e;
    if (!ss->state->open)
        return ERR_STATE;
    ss->state->iv.ending = DISPOSITION_BREAK_OFF;
    e = seal_event(ss, ENTRY_WITHDRAWN, ss->state->iv.contact, 0);
    return e == ERR_OK ? settle(ss) : e;
}

/* ---- sync ---- */

static enum err take_approval(struct session *ss, struct bytes b)
{
    struct notice n;
    struct entry_clocks clocks;
    uint8_t hash[HASH_LEN];
    if (b.len == 0 || ss->device == NULL || device_approved(ss->device) || ss->state->open)
        return ERR_OK;
    if (notice_parse(b, ss->pack, &n) != ERR_OK || n.kind != NOTICE_APPROVAL ||
        memcmp(n.device, device_key(ss->device), 32) != 0)
        return log_fail(ERR_SIGNATURE,
                        _("the approval found there is not from this study's researchers "
                          "or not for this laptop; it was not taken"));
    enum err e = need_stream(ss);
    if (e != ERR_OK)
        return e;
    notice_hash(b, hash);
    home_clocks(&clocks);
    e = device_approve(ss->device, n.value, hash, &clocks, ss->entry);
    return e == ERR_OK ? keep(ss, true) : e;
}

static enum err take_receipt(struct session *ss, struct bytes b)
{
    struct notice n;
    uint8_t head[HASH_LEN];
    if (b.len == 0)
        return ERR_OK;
    if (notice_parse(b, ss->pack, &n) != ERR_OK || n.kind != NOTICE_RECEIPT ||
        memcmp(n.device, device_key(ss->device), 32) != 0)
        return log_fail(ERR_SIGNATURE,
                        _("the receipt found there is not from this study's researchers "
                          "or not for this laptop; it was not taken"));
    if (n.n <= ss->confirmed) /* it never lowers what was confirmed */
        return ERR_OK;
    if (sync_head_at(ss->store, n.n, head) != ERR_OK || memcmp(head, n.value, HASH_LEN) != 0)
        return log_fail(ERR_SIGNATURE, _("the receipt found there is for other results than this "
                                         "laptop's; tell the researchers"));
    enum err e = store_put_receipt(ss->store, n.n, b);
    if (e == ERR_OK)
        ss->confirmed = n.n;
    return e;
}

static enum err take_golive(struct session *ss, struct bytes b)
{
    if (b.len == 0 || ss->device == NULL || !device_test(ss->device) || ss->state->open)
        return ERR_OK;
    if (notice_golive_check(b, ss->pack) != ERR_OK)
        return log_fail(ERR_SIGNATURE, _("the go-live file found there is not signed by every "
                                         "researcher of this study; it was not taken"));
    device_golive(ss->device);
    return keep(ss, false);
}

/* First in, then out, so that what an approval adds travels at once; bad notices stop nothing. */
static enum err sync_one(struct session *ss, const char *target, unsigned *written)
{
    const char *folder = NULL;
    struct sync_in in = {0};
    enum err e = sync_folder(target, &folder), taken = ERR_OK;
    if (e == ERR_OK)
        taken = sync_in(ss->pack, device_key(ss->device), folder, &in);
    if (e == ERR_OK) {
        enum err one[] = {take_receipt(ss, buffer_view(&in.receipt)),
                          take_approval(ss, buffer_view(&in.approval)),
                          take_golive(ss, buffer_view(&in.golive))};
        for (size_t i = 0; i < 3; i++)
            taken = one[i] != ERR_OK ? one[i] : taken;
    }
    if (e == ERR_OK)
        e = fill(ss);
    if (e == ERR_OK)
        e = sync_out(ss->store, ss->pack, device_key(ss->device), ss->confirmed, folder, written);
    sync_in_free(&in);
    return e == ERR_OK ? taken : e;
}

enum err session_sync(struct session *ss, const char *target, char *said, size_t room)
{
    enum err e = ready(ss), failed = ERR_OK;
    unsigned written = 0, done = 0;
    size_t targets = target != NULL ? 1 : ss->study->targets;
    snprintf(said, room, "%s", err_text(e));
    if (e != ERR_OK)
        return e;
    if (targets == 0)
        return log_fail(
            ERR_USAGE,
            _("the study names no target to sync with; give one: dir:/path/of/the/stick"));
    for (size_t i = 0; i < targets; i++) {
        unsigned more = 0;
        e = ready(ss); /* the target before may have found the disk full */
        if (e == ERR_OK)
            e = sync_one(ss, target != NULL ? target : ss->study->target[i], &more);
        written += more;
        done += e == ERR_OK;
        failed = e != ERR_OK ? e : failed;
    }
    struct session_tally t;
    session_tally(ss, &t);
    snprintf(said, room, _("new files: %u; received by the researchers: %u of %u contacts"),
             written, t.contacts_received, t.contacts_all);
    return failed == ERR_OK ? ERR_OK : done > 0 ? ERR_PARTIAL : failed;
}
