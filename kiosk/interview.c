#include "kiosk/interview.h"

#include <string.h>

#include "core/disposition.h"

enum { SAVED_VERSION = 1, NO_PLACE = 255 };

/* What study_when_holds needs to look up a column of the sampling point. */
struct place {
    const struct points *points;
    size_t point;
};

static const char *column(void *ctx, const char *name)
{
    const struct place *at = ctx;
    return points_value(at->points, at->point, name);
}

static bool holds(const struct interview *iv, const struct study *s, const struct points *p,
                  const struct study_when *when)
{
    struct place at = {p, iv->point};
    return study_when_holds(s, when, iv->answer, column, &at);
}

void interview_start(struct interview *iv, uint32_t contact, uint32_t point, uint16_t stratum,
                     uint8_t language)
{
    memset(iv, 0, sizeof *iv);
    iv->contact = contact;
    iv->point = point;
    iv->stratum = stratum;
    iv->language = language;
    iv->step = INTERVIEW_CONSENT;
    for (size_t q = 0; q < STUDY_MAX_QUESTIONS; q++)
        iv->answer[q] = ANSWER_NONE;
}

size_t interview_size(const struct study *s)
{
    return 1 + 4 + 4 + 2 + 1 + 1 + 2 + 1 + 4 + 2 + s->lists * (1 + 1 + 8) + s->questions * 4;
}

void interview_save(const struct interview *iv, const struct study *s, uint8_t *out)
{
    struct writer w = writer_of(out, interview_size(s));
    write_u8(&w, SAVED_VERSION);
    write_u32(&w, iv->contact);
    write_u32(&w, iv->point);
    write_u16(&w, iv->stratum);
    write_u8(&w, iv->language);
    write_u8(&w, iv->step);
    write_u16(&w, iv->at);
    write_u8(&w, iv->assigned);
    write_u32(&w, iv->counted);
    write_u16(&w, iv->ending);
    for (size_t l = 0; l < s->lists; l++) {
        write_u8(&w, iv->draw.arm[l]);
        write_u8(&w, iv->draw.position[l]);
        write_u64(&w, iv->draw.order[l]);
    }
    for (size_t q = 0; q < s->questions; q++)
        write_u32(&w, (uint32_t)iv->answer[q]);
}

static void load_fields(struct interview *iv, const struct study *s, struct reader *r)
{
    iv->contact = read_u32(r);
    iv->point = read_u32(r);
    iv->stratum = read_u16(r);
    iv->language = read_u8(r);
    iv->step = read_u8(r);
    iv->at = read_u16(r);
    uint8_t assigned = read_u8(r);
    r->failed = r->failed || assigned > 1;
    iv->assigned = assigned == 1;
    iv->counted = read_u32(r);
    iv->ending = read_u16(r);
    for (size_t l = 0; l < s->lists; l++) {
        iv->draw.arm[l] = read_u8(r);
        iv->draw.position[l] = read_u8(r);
        iv->draw.order[l] = read_u64(r);
    }
    for (size_t q = 0; q < s->questions; q++)
        iv->answer[q] = (int32_t)read_u32(r);
}

/* True if steps of this kind point at a question; its section is in *section. */
static bool section_of(uint8_t step, enum study_section *section)
{
    switch (step) {
    case INTERVIEW_QUESTION:
        *section = STUDY_BEFORE;
        return true;
    case INTERVIEW_AFTER:
        *section = STUDY_AFTER;
        return true;
    case INTERVIEW_OBSERVE:
        *section = STUDY_OBSERVATION;
        return true;
    default:
        return false;
    }
}

static bool step_fits(const struct interview *iv, const struct study *s)
{
    enum study_section section;
    if (iv->step > INTERVIEW_DONE)
        return false;
    if (section_of(iv->step, &section))
        return iv->at < s->questions && s->question[iv->at].section == section;
    if (iv->step == INTERVIEW_CARD)
        return iv->assigned && iv->at < s->lists && iv->draw.arm[iv->at] != ARM_NOT_ASKED;
    return iv->at == 0 || (iv->step == INTERVIEW_HANDOVER && iv->at < s->lists);
}

static bool draw_fits(const struct interview *iv, const struct study *s)
{
    uint8_t shown[STUDY_MAX_ITEMS + 1];
    for (size_t l = 0; l < s->lists; l++) {
        const struct study_list *list = &s->list[l];
        uint8_t arm = iv->draw.arm[l];
        if (arm == ARM_NOT_ASKED) {
            if (iv->draw.order[l] != 0 || iv->draw.position[l] != NO_PLACE)
                return false;
        } else if (arm > list->sensitives || iv->draw.position[l] >= s->lists ||
                   !assign_order(iv->draw.order[l], study_shown(list, arm), shown)) {
            return false;
        }
    }
    return true;
}

enum err interview_load(const struct study *s, const struct points *p, struct bytes in,
                        struct interview *out)
{
    struct interview iv;
    struct reader r = reader_of(in);
    interview_start(&iv, 0, 0, 0, 0);
    if (read_u8(&r) != SAVED_VERSION)
        return ERR_FORMAT;
    load_fields(&iv, s, &r);
    if (!reader_done(&r) || iv.contact == 0 || iv.point >= p->count || iv.stratum > p->strata ||
        iv.language >= s->languages || iv.counted >> s->lists != 0 || !step_fits(&iv, s))
        return ERR_FORMAT;
    if (iv.ending != 0 && disposition_find(iv.ending) == NULL)
        return ERR_FORMAT;
    if (iv.assigned ? !draw_fits(&iv, s) : iv.counted != 0 && iv.ending == 0)
        return ERR_FORMAT;
    for (size_t q = 0; q < s->questions; q++)
        if (iv.answer[q] != ANSWER_NONE && !study_answer_fits(&s->question[q], iv.answer[q]))
            return ERR_FORMAT;
    *out = iv;
    return ERR_OK;
}

uint32_t interview_asked(const struct interview *iv, const struct study *s, const struct points *p)
{
    uint32_t asked = 0;
    for (size_t l = 0; l < s->lists; l++)
        if (holds(iv, s, p, &s->list[l].when))
            asked |= (uint32_t)1 << l;
    return asked;
}

void interview_answer(struct interview *iv, const struct study *s, const struct points *p,
                      int32_t value)
{
    iv->answer[iv->at] = value;
    /* Conditions name earlier questions only, so one pass in order settles everything. Questions
     * that were not reached yet stay open: interview_next judges them when it comes there. */
    for (size_t q = iv->at + (size_t)1; q < s->questions; q++) {
        if (iv->answer[q] == ANSWER_NONE)
            continue;
        bool asked = holds(iv, s, p, &s->question[q].when);
        if (!asked)
            iv->answer[q] = ANSWER_NOT_ASKED;
        else if (iv->answer[q] == ANSWER_NOT_ASKED)
            iv->answer[q] = ANSWER_NONE;
    }
}

/* Go to the first question of ${step}'s section from index ${from} on that is asked; those passed
 * over are marked. False, with nothing moved, if there is none. */
static bool to_question(struct interview *iv, const struct study *s, const struct points *p,
                        uint8_t step, size_t from)
{
    enum study_section section = STUDY_BEFORE;
    section_of(step, &section);
    for (size_t q = from; q < s->questions; q++) {
        if (s->question[q].section != section)
            continue;
        if (!holds(iv, s, p, &s->question[q].when)) {
            iv->answer[q] = ANSWER_NOT_ASKED;
            continue;
        }
        iv->step = step;
        iv->at = (uint16_t)q;
        return true;
    }
    return false;
}

/* The list whose card comes next; s->lists if all are counted. */
static size_t next_list(const struct interview *iv, const struct study *s)
{
    size_t next = s->lists;
    for (size_t l = 0; l < s->lists; l++) {
        if (!iv->assigned || (iv->counted >> l & 1) != 0 || iv->draw.arm[l] == ARM_NOT_ASKED)
            continue;
        if (next == s->lists || iv->draw.position[l] < iv->draw.position[next])
            next = l;
    }
    return next;
}

static void to(struct interview *iv, uint8_t step, size_t at)
{
    iv->step = step;
    iv->at = (uint16_t)at;
}

static void after_hand_back(struct interview *iv, const struct study *s, const struct points *p,
                            size_t from)
{
    if (to_question(iv, s, p, INTERVIEW_OBSERVE, from))
        return;
    to(iv, s->debrief.in[0] != NULL ? INTERVIEW_DEBRIEF : INTERVIEW_DONE, 0);
}

/* From the draw on: the respondent holds the laptop only if there is something for them in it. */
static void after_draw(struct interview *iv, const struct study *s, const struct points *p)
{
    size_t l = next_list(iv, s);
    if (l < s->lists || to_question(iv, s, p, INTERVIEW_AFTER, 0))
        to(iv, INTERVIEW_HANDOVER, l < s->lists ? l : 0);
    else
        after_hand_back(iv, s, p, 0);
}

static void to_card_or_after(struct interview *iv, const struct study *s, const struct points *p)
{
    size_t l = next_list(iv, s);
    if (l < s->lists)
        to(iv, INTERVIEW_CARD, l);
    else if (!to_question(iv, s, p, INTERVIEW_AFTER, 0))
        to(iv, INTERVIEW_THANKS, 0);
}

void interview_next(struct interview *iv, const struct study *s, const struct points *p)
{
    size_t next = iv->at + (size_t)1;
    switch (iv->step) {
    case INTERVIEW_CONSENT:
        next = 0;
        /* fall through */
    case INTERVIEW_QUESTION:
        if (!to_question(iv, s, p, INTERVIEW_QUESTION, next))
            to(iv, INTERVIEW_READY, 0);
        break;
    case INTERVIEW_READY:
        after_draw(iv, s, p);
        break;
    case INTERVIEW_HANDOVER:
    case INTERVIEW_CARD:
        to_card_or_after(iv, s, p);
        break;
    case INTERVIEW_AFTER:
        if (!to_question(iv, s, p, INTERVIEW_AFTER, next))
            to(iv, INTERVIEW_THANKS, 0);
        break;
    case INTERVIEW_THANKS:
        after_hand_back(iv, s, p, 0);
        break;
    case INTERVIEW_OBSERVE:
        after_hand_back(iv, s, p, next);
        break;
    default:
        to(iv, INTERVIEW_DONE, 0);
    }
}

bool interview_back(struct interview *iv, const struct study *s, const struct points *p)
{
    enum study_section section;
    uint8_t step = iv->step;
    size_t q = iv->at;
    if (step == INTERVIEW_READY && !iv->assigned)
        step = INTERVIEW_QUESTION, q = s->questions;
    else if (step == INTERVIEW_DEBRIEF || step == INTERVIEW_DONE)
        step = INTERVIEW_OBSERVE, q = s->questions;
    if (!section_of(step, &section))
        return false;
    while (q-- > 0)
        if (s->question[q].section == section && holds(iv, s, p, &s->question[q].when)) {
            to(iv, step, q);
            return true;
        }
    return false;
}

void interview_resume(struct interview *iv, const struct study *s, const struct points *p)
{
    if (!iv->assigned)
        return;
    if (next_list(iv, s) < s->lists)
        to(iv, INTERVIEW_HANDOVER, next_list(iv, s));
    else if (iv->step < INTERVIEW_HANDOVER)
        after_draw(iv, s, p);
    else if (iv->step == INTERVIEW_CARD)
        to_card_or_after(iv, s, p);
}

void interview_progress(const struct interview *iv, const struct study *s, const struct points *p,
                        unsigned *which, unsigned *of)
{
    enum study_section section;
    *which = *of = 0;
    if (!section_of(iv->step, &section))
        return;
    for (size_t q = 0; q < s->questions; q++) {
        if (s->question[q].section != section || !holds(iv, s, p, &s->question[q].when))
            continue;
        (*of)++;
        if (q <= iv->at)
            (*which)++;
    }
}

size_t interview_card(const struct interview *iv, const struct study *s, size_t l,
                      uint8_t place[STUDY_MAX_ITEMS + 1])
{
    size_t n = study_shown(&s->list[l], iv->draw.arm[l]);
    return assign_order(iv->draw.order[l], n, place) ? n : 0;
}

uint16_t interview_disposition(const struct interview *iv, const struct study *s)
{
    return iv->assigned ? disposition_of(s, iv->counted, iv->answer) : DISPOSITION_BREAK_OFF;
}
