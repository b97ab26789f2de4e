#include "core/entry.h"

#include <assert.h>
#include <string.h>

#include "core/disposition.h"
#include "core/study_word.h"

enum { ENTRY_VERSION = 1, FLAGS_KNOWN = ENTRY_TEST | ENTRY_SIMULATED, SECONDS_STEP = 5 };
enum { DRAW_LEN = 1 + 1 + 8, ANSWER_LEN = 4, ROOT_LEN = 2 * HASH_LEN, HEAD_LEN = 2, ROUND_TO = 16 };
enum { ANSWERS_MAX = HEAD_LEN + ANSWER_LEN * STUDY_MAX_QUESTIONS + ROUND_TO };
_Static_assert(ENTRY_ANSWERS_MIN >= HEAD_LEN + ROOT_LEN, "a root entry fits");

size_t entry_per_contact(const struct study *s)
{
    return 2 + s->lists;
}

size_t entry_answers_len(const struct study *s)
{
    size_t draws = HEAD_LEN + DRAW_LEN * s->lists, answers = HEAD_LEN + ANSWER_LEN * s->questions;
    size_t len = ENTRY_ANSWERS_MIN;
    len = draws > len ? draws : len;
    len = answers > len ? answers : len;
    return (len + ROUND_TO - 1) / ROUND_TO * ROUND_TO;
}

/* The field part. */

static void put_text(struct writer *w, const char *text, size_t room)
{
    size_t len = strnlen(text, room);
    write_raw(w, text, len);
    write_zeros(w, room - len);
}

static void write_field(const struct entry_field *f, struct writer *w)
{
    write_u8(w, ENTRY_VERSION);
    write_u8(w, (uint8_t)f->kind);
    write_u8(w, f->flags);
    write_u8(w, 0);
    write_u32(w, f->contact);
    write_u32(w, f->clocks.wall);
    write_u32(w, f->clocks.monotonic);
    write_raw(w, f->clocks.boot, sizeof f->clocks.boot);
    switch (f->kind) {
    case ENTRY_ROOT:
        write_u32(w, f->u.root.pack_number);
        write_raw(w, f->u.root.replaces, sizeof f->u.root.replaces);
        write_u64(w, f->u.root.cost_ops);
        write_u64(w, f->u.root.cost_mem);
        write_raw(w, f->u.root.machine, sizeof f->u.root.machine);
        break;
    case ENTRY_ASSIGNED:
    case ENTRY_CONTACT:
        put_text(w, f->u.contact.interviewer, ENTRY_CODE_LEN);
        put_text(w, f->u.contact.point, POINTS_MAX_ID);
        write_u32(w, f->u.contact.address);
        write_u8(w, f->u.contact.attempt);
        write_u16(w, f->u.contact.stratum);
        write_u8(w, f->u.contact.eligible);
        write_u8(w, f->u.contact.selected);
        break;
    case ENTRY_OUTCOME:
        write_u16(w, f->u.outcome.disposition);
        write_u32(w, f->u.outcome.appointment_day);
        write_u8(w, f->u.outcome.appointment_hour);
        write_u64(w, f->u.outcome.link);
        break;
    case ENTRY_APPROVED:
        write_raw(w, f->u.event.hash, sizeof f->u.event.hash);
        break;
    case ENTRY_VOID:
    case ENTRY_WITHDRAWN:
        write_zeros(w, HASH_LEN);
        write_u32(w, f->u.event.contact);
        write_u16(w, f->u.event.reason);
        break;
    case ENTRY_COUNTED:
    case ENTRY_FILLER:
        break;
    }
    write_zeros(w, w->left);
}

static void read_field(struct reader *r, struct entry_field *f)
{
    read_u8(r); /* the version: compared by entry_get_field */
    f->kind = (enum entry_kind)read_u8(r);
    f->flags = read_u8(r);
    read_u8(r);
    f->contact = read_u32(r);
    f->clocks.wall = read_u32(r);
    f->clocks.monotonic = read_u32(r);
    read_raw(r, f->clocks.boot, sizeof f->clocks.boot);
    switch (f->kind) {
    case ENTRY_ROOT:
        f->u.root.pack_number = read_u32(r);
        read_raw(r, f->u.root.replaces, sizeof f->u.root.replaces);
        f->u.root.cost_ops = read_u64(r);
        f->u.root.cost_mem = read_u64(r);
        read_raw(r, f->u.root.machine, sizeof f->u.root.machine);
        break;
    case ENTRY_ASSIGNED:
    case ENTRY_CONTACT:
        read_raw(r, (uint8_t *)f->u.contact.interviewer, ENTRY_CODE_LEN);
        read_raw(r, (uint8_t *)f->u.contact.point, POINTS_MAX_ID);
        f->u.contact.address = read_u32(r);
        f->u.contact.attempt = read_u8(r);
        f->u.contact.stratum = read_u16(r);
        f->u.contact.eligible = read_u8(r);
        f->u.contact.selected = read_u8(r);
        break;
    case ENTRY_OUTCOME:
        f->u.outcome.disposition = read_u16(r);
        f->u.outcome.appointment_day = read_u32(r);
        f->u.outcome.appointment_hour = read_u8(r);
        f->u.outcome.link = read_u64(r);
        break;
    case ENTRY_APPROVED:
        read_raw(r, f->u.event.hash, sizeof f->u.event.hash);
        break;
    case ENTRY_VOID:
    case ENTRY_WITHDRAWN:
        read_view(r, HASH_LEN);
        f->u.event.contact = read_u32(r);
        f->u.event.reason = read_u16(r);
        break;
    case ENTRY_COUNTED:
    case ENTRY_FILLER:
        break;
    }
}

static bool code_fits(const char *code)
{
    size_t len = strnlen(code, ENTRY_CODE_LEN + 1);
    for (size_t i = 0; i < len; i++)
        if (code[i] < ' ' || code[i] > '~')
            return false;
    return len > 0 && len <= ENTRY_CODE_LEN;
}

static bool point_fits(const char *point)
{
    const uint8_t *p = (const uint8_t *)point;
    size_t left = strnlen(point, POINTS_MAX_ID + 1);
    if (left == 0 || left > POINTS_MAX_ID)
        return false;
    while (left > 0) {
        uint32_t code;
        size_t n = study_word_char(p, left, &code);
        if (n == 0 || study_word_hidden(code))
            return false;
        p += n;
        left -= n;
    }
    return true;
}

/* Kinds that belong to no contact carry 0, void and withdrawn name theirs on their own. */
static bool contact_fits(const struct entry_field *f)
{
    switch (f->kind) {
    case ENTRY_ROOT:
    case ENTRY_APPROVED:
    case ENTRY_FILLER:
        return f->contact == 0;
    case ENTRY_VOID:
    case ENTRY_WITHDRAWN:
        return true;
    case ENTRY_ASSIGNED:
    case ENTRY_CONTACT:
    case ENTRY_COUNTED:
    case ENTRY_OUTCOME:
        return f->contact > 0;
    }
    return false; /* no kind at all */
}

static bool field_fits(const struct entry_field *f)
{
    if (!contact_fits(f) || (f->flags & ~FLAGS_KNOWN) != 0)
        return false;
    switch (f->kind) {
    case ENTRY_ROOT:
        return f->u.root.pack_number > 0;
    case ENTRY_ASSIGNED:
    case ENTRY_CONTACT:
        return code_fits(f->u.contact.interviewer) && point_fits(f->u.contact.point) &&
               f->u.contact.attempt > 0 && f->u.contact.stratum <= STUDY_MAX_STRATA &&
               f->u.contact.selected <= f->u.contact.eligible;
    case ENTRY_OUTCOME:
        return disposition_find(f->u.outcome.disposition) != NULL &&
               f->u.outcome.appointment_hour < 24 &&
               (f->u.outcome.appointment_day > 0 || f->u.outcome.appointment_hour == 0);
    case ENTRY_VOID:
    case ENTRY_WITHDRAWN:
        return f->u.event.contact > 0;
    case ENTRY_COUNTED:
    case ENTRY_APPROVED:
    case ENTRY_FILLER:
        break;
    }
    return true;
}

void entry_put_field(const struct entry_field *f, uint8_t out[ENTRY_FIELD_LEN])
{
    assert(field_fits(f));
    struct writer w = writer_of(out, ENTRY_FIELD_LEN);
    write_field(f, &w);
    assert(!w.failed);
}

/* What is accepted must write the same bytes again: that is the check of version, padding and the
 * ends of texts in one. */
enum err entry_get_field(const uint8_t in[ENTRY_FIELD_LEN], struct entry_field *out)
{
    struct entry_field f;
    uint8_t again[ENTRY_FIELD_LEN];
    memset(&f, 0, sizeof f);
    struct reader r = reader_of((struct bytes){in, ENTRY_FIELD_LEN});
    read_field(&r, &f);
    if (!field_fits(&f))
        return ERR_FORMAT;
    struct writer w = writer_of(again, sizeof again);
    write_field(&f, &w);
    if (memcmp(in, again, sizeof again) != 0)
        return ERR_FORMAT;
    *out = f;
    return ERR_OK;
}

/* The answers part. */

static void write_answers(const struct study *s, const struct entry_answers *a, struct writer *w)
{
    write_u8(w, ENTRY_VERSION);
    write_u8(w, (uint8_t)a->kind);
    if (a->kind == ENTRY_ROOT) {
        write_raw(w, a->u.root.mac, sizeof a->u.root.mac);
        write_raw(w, a->u.root.assign, sizeof a->u.root.assign);
    } else if (a->kind == ENTRY_ASSIGNED) {
        for (size_t i = 0; i < s->lists; i++) {
            write_u8(w, a->u.draw.arm[i]);
            write_u8(w, a->u.draw.position[i]);
            write_u64(w, a->u.draw.order[i]);
        }
    } else if (a->kind == ENTRY_COUNTED) {
        write_u8(w, a->u.counted.list);
        write_u8(w, (uint8_t)a->u.counted.count);
        write_u16(w, a->u.counted.seconds);
        write_u8(w, a->u.counted.language);
        write_u8(w, a->u.counted.mode);
        write_u8(w, a->u.counted.flags);
    } else if (a->kind == ENTRY_OUTCOME) {
        for (size_t i = 0; i < s->questions; i++)
            write_u32(w, (uint32_t)a->u.answer[i]);
    }
    write_zeros(w, w->left);
}

/* Two's complement, whatever the machine's conversion does. */
static int32_t signed_of(uint32_t v)
{
    return v <= INT32_MAX ? (int32_t)v : -(int32_t)(UINT32_MAX - v) - 1;
}

static void read_answers(const struct study *s, struct reader *r, struct entry_answers *a)
{
    read_u8(r); /* the version: compared by entry_get_answers, as is the kind */
    read_u8(r);
    if (a->kind == ENTRY_ROOT) {
        read_raw(r, a->u.root.mac, sizeof a->u.root.mac);
        read_raw(r, a->u.root.assign, sizeof a->u.root.assign);
    } else if (a->kind == ENTRY_ASSIGNED) {
        memset(a->u.draw.arm, ARM_NOT_ASKED, sizeof a->u.draw.arm);
        memset(a->u.draw.position, ARM_NOT_ASKED, sizeof a->u.draw.position);
        for (size_t i = 0; i < s->lists; i++) {
            a->u.draw.arm[i] = read_u8(r);
            a->u.draw.position[i] = read_u8(r);
            a->u.draw.order[i] = read_u64(r);
        }
    } else if (a->kind == ENTRY_COUNTED) {
        a->u.counted.list = read_u8(r);
        uint8_t count = read_u8(r);
        a->u.counted.count = (int8_t)(count <= INT8_MAX ? count : count - 256);
        a->u.counted.seconds = read_u16(r);
        a->u.counted.language = read_u8(r);
        a->u.counted.mode = read_u8(r);
        a->u.counted.flags = read_u8(r);
    } else if (a->kind == ENTRY_OUTCOME) {
        for (size_t i = 0; i < s->questions; i++)
            a->u.answer[i] = signed_of(read_u32(r));
    }
}

static bool list_draw_fits(const struct study_list *list, uint8_t arm, uint64_t order)
{
    uint8_t place[STUDY_MAX_ITEMS];
    if (arm > list->sensitives)
        return false;
    return list->random_order ? assign_order(order, study_shown(list, arm), place) : order == 0;
}

static bool draw_fits(const struct study *s, const struct draw *d)
{
    size_t asked = 0;
    uint32_t positions = 0;
    for (size_t i = 0; i < s->lists; i++) {
        if (d->arm[i] == ARM_NOT_ASKED && d->position[i] == ARM_NOT_ASKED && d->order[i] == 0)
            continue;
        if (d->position[i] >= s->lists || !list_draw_fits(&s->list[i], d->arm[i], d->order[i]))
            return false;
        positions |= UINT32_C(1) << d->position[i];
        asked++;
    }
    return positions == (UINT32_C(1) << asked) - 1; /* each of 0..asked-1, hence each once */
}

static bool answers_fit(const struct study *s, const struct entry_answers *a)
{
    switch (a->kind) {
    case ENTRY_ASSIGNED:
        return draw_fits(s, &a->u.draw);
    case ENTRY_COUNTED:
        return a->u.counted.list < s->lists && a->u.counted.count >= ANSWER_INVALID &&
               a->u.counted.count <= (int)s->list[a->u.counted.list].items + 1 &&
               a->u.counted.seconds % SECONDS_STEP == 0 && a->u.counted.language < s->languages &&
               a->u.counted.mode <= MODE_SCREEN_INTERVIEWER && a->u.counted.flags == 0;
    case ENTRY_OUTCOME:
        for (size_t i = 0; i < s->questions; i++)
            if (!study_answer_fits(&s->question[i], a->u.answer[i]))
                return false;
        return true;
    case ENTRY_ROOT:
    case ENTRY_CONTACT:
    case ENTRY_APPROVED:
    case ENTRY_VOID:
    case ENTRY_WITHDRAWN:
    case ENTRY_FILLER:
        return true;
    }
    return false; /* no kind at all */
}

void entry_put_answers(const struct study *s, const struct entry_answers *a, uint8_t *out)
{
    assert(answers_fit(s, a));
    struct writer w = writer_of(out, entry_answers_len(s));
    write_answers(s, a, &w);
    assert(!w.failed);
}

enum err entry_get_answers(const struct study *s, enum entry_kind kind, struct bytes in,
                           struct entry_answers *out)
{
    struct entry_answers a;
    uint8_t again[ANSWERS_MAX];
    enum err e = ERR_FORMAT;
    if (in.len != entry_answers_len(s) || in.len > sizeof again)
        return ERR_FORMAT;
    memset(&a, 0, sizeof a);
    a.kind = kind;
    struct reader r = reader_of(in);
    read_answers(s, &r, &a);
    if (!answers_fit(s, &a))
        goto out;
    struct writer w = writer_of(again, in.len);
    write_answers(s, &a, &w);
    if (memcmp(in.p, again, in.len) != 0)
        goto out;
    *out = a;
    e = ERR_OK;
out:
    secret_wipe(&a, sizeof a); /* a root entry holds keys */
    secret_wipe(again, sizeof again);
    return e;
}
