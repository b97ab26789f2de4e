#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/notice.h"
#include "kiosk/home.h"
#include "kiosk/replaced.h"
#include "kiosk/session_inside.h"
#include "kiosk/successor.h"
#include "kiosk/sync.h"
#include "kiosk/text.h"

/* ---- notices ---- */

/* A notice that lies there for this laptop, by a researcher of a pack that it has been under. */
struct found {
    struct notice notice;
    bool ours;    /* signed and for this laptop; the rest only then */
    bool present; /* of the pack that it is under */
    bool stands;  /* its signer is a researcher of that pack too: whoever was retired is not */
};

static enum err look_at(struct session *ss, struct bytes b, enum notice_kind kind,
                        struct found *out)
{
    struct pack *pack = NULL;
    const struct notice *n = &out->notice;
    *out = (struct found){.ours = false};
    enum err e = session_pack_of(ss, b, &pack);
    out->ours = e == ERR_OK && pack != NULL && notice_parse(b, pack, &out->notice) == ERR_OK &&
                n->kind == kind && memcmp(n->device, device_key(ss->device), 32) == 0;
    if (out->ours) {
        out->present = memcmp(pack->hash, ss->pack->hash, HASH_LEN) == 0;
        out->stands = pack_researcher(ss->pack, pack->researcher[n->researcher].sign) >= 0;
    }
    pack_free(pack);
    return e;
}

static enum err take_approval(struct session *ss, struct bytes b)
{
    struct found f;
    struct entry_clocks clocks;
    uint8_t hash[HASH_LEN];
    if (b.len == 0 || device_approved(ss->device) || ss->state->open)
        return ERR_OK;
    enum err e = look_at(ss, b, NOTICE_APPROVAL, &f);
    if (e != ERR_OK)
        return e;
    if (!f.ours)
        return log_fail(ERR_SIGNATURE,
                        _("the approval found there is not from this study's researchers "
                          "or not for this laptop; it was not taken"));
    if (!f.present) /* of a pack before: its time is over, the researchers send the next one */
        return ERR_OK;
    e = session_stream(ss);
    if (e != ERR_OK)
        return e;
    notice_hash(b, hash);
    home_clocks(&clocks);
    e = device_approve(ss->device, f.notice.value, hash, &clocks, ss->entry);
    return e == ERR_OK ? session_keep(ss, KEEP_ENTRY) : e;
}

static enum err take_receipt(struct session *ss, struct bytes b)
{
    struct found f;
    uint8_t head[HASH_LEN];
    if (b.len == 0)
        return ERR_OK;
    enum err e = look_at(ss, b, NOTICE_RECEIPT, &f);
    if (e != ERR_OK)
        return e;
    if (f.ours && f.notice.n <= ss->confirmed) /* it never lowers what was confirmed */
        return ERR_OK;
    if (!f.ours || !f.stands)
        return log_fail(ERR_SIGNATURE,
                        _("the receipt found there is not from this study's researchers "
                          "or not for this laptop; it was not taken"));
    if (sync_head_at(ss->store, f.notice.n, head) != ERR_OK ||
        memcmp(head, f.notice.value, HASH_LEN) != 0)
        return log_fail(ERR_SIGNATURE, _("the receipt found there is for other results than this "
                                         "laptop's; tell the researchers"));
    e = store_put_receipt(ss->store, f.notice.n, b);
    if (e == ERR_OK)
        ss->confirmed = f.notice.n;
    return e;
}

/* Of this pack, or of one before it that everybody who reads now signed for. */
static enum err take_golive(struct session *ss, const char *folder)
{
    struct buffer b = {0};
    char name[SYNC_NAME];
    bool live = false;
    if (!device_test(ss->device) || ss->state->open)
        return ERR_OK;
    sync_name("down", ss->pack->hash, ".golive", name);
    enum err e = sync_take(folder, name, NOTICE_MAX_BYTES, &b);
    if (e == ERR_OK && b.len > 0 && notice_golive_check(buffer_view(&b), ss->pack) != ERR_OK)
        e = log_fail(ERR_SIGNATURE, _("the go-live file found there is not signed by everybody "
                                      "who reads this study's results; it was not taken"));
    live = e == ERR_OK && b.len > 0;
    buffer_free(&b);
    if (e == ERR_OK && !live)
        e = successor_went_live(ss->store, ss->pack, folder, &live);
    if (e != ERR_OK || !live)
        return e;
    device_golive(ss->device);
    return session_keep(ss, KEEP_STATE);
}

/* ---- one target ---- */

/* What was sent to this device alone: a receipt, an approval. */
static enum err take_own(struct session *ss, const char *folder, const char *ending,
                         enum err (*take)(struct session *ss, struct bytes b))
{
    char name[SYNC_NAME];
    struct buffer b = {0};
    sync_name("down", device_key(ss->device), ending, name);
    enum err e = sync_take(folder, name, NOTICE_MAX_BYTES, &b);
    if (e == ERR_OK)
        e = take(ss, buffer_view(&b));
    buffer_free(&b);
    return e;
}

/* A receipt first: it may be of the pack that is left. Then the pack, since approval and go-live
 * are of one. Bad ones stop nothing; a full disk may. */
static enum err take_all(struct session *ss, const char *folder, uint32_t *pack_waits)
{
    enum { RECEIPT, PACK, APPROVAL, GOLIVE, STEPS };
    enum err worst = ERR_OK;
    for (int step = 0; step < STEPS; step++) {
        enum err e = session_ready(ss);
        if (e == ERR_OK && step == RECEIPT)
            e = take_own(ss, folder, ".receipt", take_receipt);
        else if (e == ERR_OK && step == PACK)
            e = session_find_pack(ss, folder, pack_waits);
        else if (e == ERR_OK && step == APPROVAL)
            e = take_own(ss, folder, ".approval", take_approval);
        else if (e == ERR_OK)
            e = take_golive(ss, folder);
        worst = e != ERR_OK ? e : worst;
    }
    return worst;
}

/* First in, then out, so that what an approval or a new pack adds travels at once. */
static enum err sync_one(struct session *ss, const char *target, unsigned *written,
                         uint32_t *pack_waits)
{
    const char *folder = NULL;
    enum err taken = ERR_OK, e = sync_folder(target, &folder);
    if (e == ERR_OK)
        taken = take_all(ss, folder, pack_waits);
    if (e == ERR_OK)
        e = session_fill(ss);
    if (e == ERR_OK)
        e = sync_out(ss->store, device_key(ss->device), ss->confirmed, folder, written);
    if (e == ERR_OK) /* and what devices of this laptop sealed that were given up */
        e = replaced_sync(ss->home, folder, true, written);
    return e == ERR_OK ? taken : e;
}

/* ---- all of them ---- */

struct round {
    char **target; /* own copies: a new pack may bring another study */
    size_t targets;
    unsigned written;
    uint32_t pack_waits; /* number of one that waits for the end of the interview; 0: none */
};

static enum err copy_targets(const struct session *ss, const char *only, struct round *r)
{
    size_t n = only != NULL ? 1 : ss->study->targets;
    if (n == 0)
        return log_fail(
            ERR_USAGE,
            _("the study names no target to sync with; give one: dir:/path/of/the/stick"));
    if ((r->target = calloc(n, sizeof *r->target)) == NULL)
        return ERR_NOMEM;
    for (; r->targets < n; r->targets++)
        if ((r->target[r->targets] = strdup(only != NULL ? only : ss->study->target[r->targets])) ==
            NULL)
            return ERR_NOMEM;
    return ERR_OK;
}

/* One more sentence, in a line of its own; what does not fit is cut. */
static void add_line(char *said, size_t room, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static void add_line(char *said, size_t room, const char *fmt, ...)
{
    size_t n = strlen(said);
    va_list ap;
    if (n + 2 >= room)
        return;
    said[n++] = '\n';
    va_start(ap, fmt);
    vsnprintf(said + n, room - n, fmt, ap);
    va_end(ap);
}

static void tell(const struct session *ss, const struct round *r, uint32_t before, char *said,
                 size_t room)
{
    struct session_tally t;
    session_tally(ss, &t);
    snprintf(said, room, _("new files: %u; received by the researchers: %u of %u contacts"),
             r->written, t.contacts_received, t.contacts_all);
    if (t.pack_number != before)
        add_line(said, room, _("From now on this laptop works with pack number %u."),
                 t.pack_number);
    if (r->pack_waits != 0)
        add_line(said, room,
                 _("Pack number %u is there. It waits until the interview under way is finished."),
                 r->pack_waits);
    else if (ss->waiting != NULL)
        add_line(said, room,
                 _("Pack number %u changes who reads the results or where they go. It waits for a "
                   "person: sync from the screens of this laptop."),
                 ss->waiting->pack->number);
}

enum err session_sync(struct session *ss, const char *target, char *said, size_t room)
{
    enum err e = session_ready(ss), failed = ERR_OK;
    struct round r = {0};
    unsigned done = 0;
    snprintf(said, room, "%s", err_text(e));
    if (e != ERR_OK)
        return e;
    uint32_t before = ss->pack->number;
    session_drop_waiting(ss);
    e = copy_targets(ss, target, &r);
    for (size_t i = 0; e == ERR_OK && i < r.targets; i++) {
        unsigned more = 0;
        enum err one = session_ready(ss); /* the target before may have found the disk full */
        if (one == ERR_OK)
            one = sync_one(ss, r.target[i], &more, &r.pack_waits);
        r.written += more;
        done += one == ERR_OK;
        failed = one != ERR_OK ? one : failed;
    }
    if (e == ERR_OK)
        tell(ss, &r, before, said, room);
    for (size_t i = 0; i < r.targets; i++)
        free(r.target[i]);
    free(r.target);
    if (e != ERR_OK)
        return e;
    return failed == ERR_OK ? ERR_OK : done > 0 ? ERR_PARTIAL : failed;
}
