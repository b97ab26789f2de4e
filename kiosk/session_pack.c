#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/log.h"
#include "core/notice.h"
#include "kiosk/session_inside.h"
#include "kiosk/setup.h"
#include "kiosk/successor.h"
#include "kiosk/text.h"

void session_use_pack(struct session *ss, struct packed *p)
{
    struct packed before = {ss->pack, ss->study, ss->points};
    ss->pack = p->pack;
    ss->study = p->study;
    ss->points = p->points;
    *p = (struct packed){0};
    packed_close(&before);
    if (ss->study != NULL && ss->study->timezone != NULL) {
        setenv("TZ", ss->study->timezone, 1);
        tzset();
    }
}

enum err session_pack_of(struct session *ss, struct bytes notice, struct pack **out)
{
    uint8_t hash[HASH_LEN];
    *out = NULL;
    return notice_pack(notice, hash) ? successor_own(ss->store, hash, out) : ERR_OK;
}

void session_drop_waiting(struct session *ss)
{
    if (ss->waiting != NULL)
        packed_close(ss->waiting);
    free(ss->waiting);
    ss->waiting = NULL;
}

/* One transaction: the pack, a new stream with its root, and the state. Whatever fails, the store
 * says afterwards under which pack things stand. */
static enum err take(struct session *ss, struct packed *to, bool live)
{
    struct device *d = NULL;
    struct entry_field root;
    struct packed before = {ss->pack, ss->study, ss->points};
    enum err e = device_follow(ss->device, to->pack, to->study, &d);
    if (e != ERR_OK)
        return e;
    device_free(ss->device);
    ss->device = d;
    ss->stream = 0;
    ss->preamble_kept = ss->pack_kept = false;
    buffer_free(&ss->preamble);
    if (live)
        device_golive(d);
    ss->pack = NULL, ss->study = NULL, ss->points = NULL; /* released below */
    session_use_pack(ss, to);
    e = session_room(ss);
    if (e == ERR_OK)
        e = device_stream(d, &ss->stream, &ss->preamble);
    setup_root(keyfile_public(ss->keyfile), NULL, &root);
    if (e == ERR_OK)
        e = device_root(d, &root, NULL, ss->entry);
    packed_close(&before);
    if (e == ERR_OK)
        return session_keep(ss, KEEP_ENTRY);
    session_drop_stream(ss); /* session_ready reads the store again */
    return e;
}

static enum err keep_waiting(struct session *ss, struct successor *s)
{
    if (ss->waiting != NULL && ss->waiting->pack->number >= s->to.pack->number)
        return ERR_OK;
    struct packed *p = malloc(sizeof *p);
    if (p == NULL)
        return ERR_NOMEM;
    session_drop_waiting(ss);
    *p = s->to;
    s->to = (struct packed){0};
    ss->waiting = p;
    ss->waiting_live = s->live;
    return ERR_OK;
}

enum err session_find_pack(struct session *ss, const char *folder, uint32_t *waits)
{
    struct edition now = {ss->pack, ss->study};
    struct successor s = {0};
    enum err found = successor_find(ss->store, &now, !device_test(ss->device), folder, &s);
    enum err e = ERR_OK;
    if (s.waits != 0)
        log_note(
            _("pack number %u adds a reader: it is taken once everybody has signed for going live "
              "under it"),
            (unsigned)s.waits);
    if (s.to.pack != NULL) {
        struct edition next = packed_edition(&s.to);
        if (ss->state->open)
            *waits = s.to.pack->number;
        if (succession_changes(&now, &next))
            e = keep_waiting(ss, &s);
        else if (!ss->state->open)
            e = take(ss, &s.to, s.live);
    }
    successor_free(&s);
    return e != ERR_OK ? e : found;
}

bool session_waiting(const struct session *ss, struct edition *now, struct edition *next)
{
    if (ss->waiting == NULL)
        return false;
    *now = (struct edition){ss->pack, ss->study};
    *next = packed_edition(ss->waiting);
    return true;
}

enum err session_take_waiting(struct session *ss)
{
    enum err e = session_ready(ss);
    if (e != ERR_OK)
        return e;
    if (ss->waiting == NULL || ss->state->open)
        return ERR_STATE;
    e = take(ss, ss->waiting, ss->waiting_live);
    session_drop_waiting(ss);
    return e;
}
