#include "kiosk/session_inside.h"

#include <stdio.h>
#include <string.h>

#include "core/log.h"
#include "kiosk/home.h"

enum err session_stream(struct session *ss)
{
    enum err e = session_ready(ss);
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
    return session_keep(ss, KEEP_ENTRY);
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
    return session_keep(ss, KEEP_ENTRY);
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
    state_day(ss->state, home_today());
    state_count(ss->state, iv->ending, device_position(ss->device));
    secret_wipe(iv, sizeof *iv);
    ss->state->open = ss->state->begun = false;
    return session_keep(ss, KEEP_ENTRY);
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
enum err session_settle(struct session *ss)
{
    enum err e = ERR_OK;
    size_t list = 0;
    while (e == ERR_OK && ss->state->open) {
        bool unasked = unasked_list(ss, &list);
        if (!unasked && ss->state->iv.ending == 0)
            break;
        e = session_stream(ss);
        if (e == ERR_OK)
            e = unasked ? seal_count(ss, list, ANSWER_NOT_ASKED, 0, ss->state->iv.language)
                        : seal_owed(ss);
    }
    return e;
}

enum err session_begin(struct session *ss, uint32_t point, uint8_t language)
{
    enum err e = session_ready(ss);
    if (e != ERR_OK)
        return e;
    if (ss->state->open || point >= ss->points->count || language >= ss->study->languages)
        return ERR_STATE;
    interview_start(&ss->state->iv, device_contact(ss->device), point,
                    ss->points->stratum_of[point], language);
    ss->state->open = true;
    ss->state->begun = ss->interrupted = false;
    return session_keep(ss, KEEP_STATE);
}

enum err session_save(struct session *ss)
{
    enum err e = session_ready(ss);
    if (e != ERR_OK)
        return e;
    return ss->state->open && ss->state->iv.ending != 0 ? session_settle(ss)
                                                        : session_keep(ss, KEEP_STATE);
}

enum err session_assign(struct session *ss)
{
    enum err e = session_stream(ss);
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
    e = session_keep(ss, KEEP_ENTRY);
    return e == ERR_OK ? session_settle(ss) : e;
}

enum err session_count(struct session *ss, size_t list, int count, unsigned seconds,
                       uint8_t language)
{
    enum err e = session_stream(ss);
    if (e != ERR_OK)
        return e;
    const struct interview *iv = &ss->state->iv;
    if (!ss->state->open || !iv->assigned || list >= ss->study->lists ||
        (iv->counted >> list & 1) != 0 || count < ANSWER_REFUSED ||
        count > (int)ss->study->list[list].items + 1)
        return ERR_STATE;
    return seal_count(ss, list, count, seconds, language);
}

enum err session_end(struct session *ss, uint16_t disposition)
{
    enum err e = session_stream(ss);
    if (e != ERR_OK)
        return e;
    if (!ss->state->open || disposition_find(disposition) == NULL)
        return ERR_STATE;
    ss->state->iv.ending = disposition;
    return session_settle(ss);
}

static enum err seal_event(struct session *ss, enum entry_kind kind, uint32_t contact,
                           uint16_t reason)
{
    struct entry_field f = field_of(kind, ss->state->open ? ss->state->iv.contact : 0);
    struct entry_answers a = {.kind = kind};
    f.u.event.contact = contact;
    f.u.event.reason = reason;
    device_seal(ss->device, &f, &a, ss->entry);
    return session_keep(ss, KEEP_ENTRY);
}

enum err session_void(struct session *ss, uint32_t contact, uint16_t reason)
{
    enum err e = session_stream(ss);
    if (e != ERR_OK)
        return e;
    if (contact <= ss->state->since || contact > ss->state->last)
        return ERR_STATE;
    return seal_event(ss, ENTRY_VOID, contact, reason);
}

enum err session_withdraw(struct session *ss)
{
    enum err e = session_stream(ss);
    if (e != ERR_OK)
        return e;
    if (!ss->state->open)
        return ERR_STATE;
    ss->state->iv.ending = DISPOSITION_BREAK_OFF;
    e = seal_event(ss, ENTRY_WITHDRAWN, ss->state->iv.contact, 0);
    return e == ERR_OK ? session_settle(ss) : e;
}
