#include "kiosk/session_inside.h"

#include <stdio.h>
#include <string.h>

#include "core/log.h"
#include "core/notice.h"
#include "kiosk/home.h"
#include "kiosk/sync.h"
#include "kiosk/text.h"

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
    enum err e = session_stream(ss);
    if (e != ERR_OK)
        return e;
    notice_hash(b, hash);
    home_clocks(&clocks);
    e = device_approve(ss->device, n.value, hash, &clocks, ss->entry);
    return e == ERR_OK ? session_keep(ss, KEEP_ENTRY) : e;
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
        return log_fail(ERR_SIGNATURE, _("the go-live file found there is not signed by everybody "
                                         "who reads this study's results; it was not taken"));
    device_golive(ss->device);
    return session_keep(ss, KEEP_STATE);
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
        e = session_fill(ss);
    if (e == ERR_OK)
        e = sync_out(ss->store, ss->pack, device_key(ss->device), ss->confirmed, folder, written);
    sync_in_free(&in);
    return e == ERR_OK ? taken : e;
}

enum err session_sync(struct session *ss, const char *target, char *said, size_t room)
{
    enum err e = session_ready(ss), failed = ERR_OK;
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
        e = session_ready(ss); /* the target before may have found the disk full */
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
