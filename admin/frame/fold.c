#include "admin/frame/fold.h"

#include <stdlib.h>
#include <string.h>

static struct fold_contact *last_of(struct fold *f, size_t device, uint32_t number)
{
    for (size_t i = f->contacts; i > 0 && f->contact[i - 1].device == device; i--)
        if (f->contact[i - 1].number == number)
            return &f->contact[i - 1];
    return NULL;
}

static struct fold_contact *add(struct fold *f, const struct verify_report *r, size_t device,
                                const struct entry_field *field)
{
    if (f->contacts == f->room) {
        size_t room = f->room > 0 ? 2 * f->room : 256;
        struct fold_contact *more = realloc(f->contact, room * sizeof *more);
        if (more == NULL)
            return NULL;
        f->contact = more;
        f->room = room;
    }
    struct fold_contact *c = &f->contact[f->contacts++];
    memset(c, 0, sizeof *c);
    c->device = device;
    c->pack = r->device[device].pack;
    c->number = field->contact;
    c->test = (field->flags & ENTRY_TEST) != 0;
    c->simulated = (field->flags & ENTRY_SIMULATED) != 0;
    memcpy(c->interviewer, field->u.contact.interviewer, sizeof c->interviewer);
    memcpy(c->point, field->u.contact.point, sizeof c->point);
    c->stratum = field->u.contact.stratum;
    c->eligible = field->u.contact.eligible;
    c->address = field->u.contact.address;
    c->attempt = field->u.contact.attempt;
    c->era = f->era;
    c->broken = f->broken;
    return c;
}

static enum err take_outcome(struct fold_contact *c, const struct entry_field *field,
                             const struct entry_answers *answers, size_t questions)
{
    c->ended = true;
    c->disposition = field->u.outcome.disposition;
    if (answers == NULL)
        return ERR_OK;
    c->answer = malloc((questions > 0 ? questions : 1) * sizeof *c->answer);
    if (c->answer == NULL)
        return ERR_NOMEM;
    memcpy(c->answer, answers->u.answer, questions * sizeof *c->answer);
    return ERR_OK;
}

/* Nothing is edited after it was confirmed: one count a list, one outcome, and nothing behind that.
 */
static bool is_irregular(const struct fold_contact *c, const struct entry_field *field,
                         const struct entry_answers *answers)
{
    if (field->kind == ENTRY_COUNTED)
        return c->ended || (answers != NULL && (c->counted >> answers->u.counted.list & 1) != 0);
    return field->kind == ENTRY_OUTCOME && c->ended;
}

/* Chains begin anew at the device's approval, at a further root and under another pack; what was
 * drawn in a gap is not known. */
static void follow_chains(struct fold *f, size_t device, const struct verify_pack *pack, uint64_t n,
                          enum entry_kind kind)
{
    if (f->next == 0 || f->device != device) {
        f->device = device;
        f->next = 2; /* position 1 is the root, which is no event */
        f->era = 0;
        f->broken = false;
        f->pack = pack;
    }
    if (f->pack != pack) {
        f->pack = pack;
        f->next++; /* its root is no event either */
        f->era++;
        f->broken = false;
    }
    if (n > f->next) {
        f->era++;
        f->broken = true;
    }
    f->next = n + 1;
    if (kind == ENTRY_APPROVED || kind == ENTRY_ROOT) {
        f->era++;
        f->broken = false;
    }
}

enum err fold_event(void *ctx, const struct verify_report *r, size_t device, uint64_t n,
                    const struct entry_field *field, const struct entry_answers *answers)
{
    struct fold *f = ctx;
    struct fold_contact *c = NULL;
    f->answers = answers != NULL;
    follow_chains(f, device, r->device[device].pack, n, field->kind);
    if (field->kind == ENTRY_ASSIGNED || field->kind == ENTRY_CONTACT) {
        f->irregular += last_of(f, device, field->contact) != NULL;
        if ((c = add(f, r, device, field)) == NULL)
            return ERR_NOMEM;
        c->n = n;
        c->assigned = field->kind == ENTRY_ASSIGNED;
        if (c->assigned && answers != NULL)
            c->draw = answers->u.draw;
        return ERR_OK;
    }
    if (field->kind == ENTRY_VOID || field->kind == ENTRY_WITHDRAWN) {
        if ((c = last_of(f, device, field->u.event.contact)) != NULL) {
            c->voided = c->voided || field->kind == ENTRY_VOID;
            c->withdrawn = c->withdrawn || field->kind == ENTRY_WITHDRAWN;
        }
        return ERR_OK;
    }
    if ((c = last_of(f, device, field->contact)) == NULL) /* its beginning is in a gap */
        return ERR_OK;
    if (is_irregular(c, field, answers)) {
        f->irregular++;
        return ERR_OK;
    }
    if (field->kind == ENTRY_COUNTED && answers != NULL) {
        c->counted |= UINT32_C(1) << answers->u.counted.list;
        c->count[answers->u.counted.list] = answers->u.counted.count;
        c->language[answers->u.counted.list] = answers->u.counted.language;
    }
    return field->kind == ENTRY_OUTCOME ? take_outcome(c, field, answers, c->pack->study->questions)
                                        : ERR_OK;
}

void fold_free(struct fold *f)
{
    for (size_t i = 0; i < f->contacts; i++)
        free(f->contact[i].answer);
    free(f->contact);
    *f = (struct fold){0};
}

bool fold_in_frame(const struct fold_contact *c)
{
    return c->assigned && c->ended && !c->voided && !c->withdrawn;
}

static void count_draw(const struct fold_contact *c, size_t list, struct fold_draws *d)
{
    bool counted = (c->counted >> list & 1) != 0;
    d->assigned++;
    d->test += c->test;
    d->simulated += c->simulated;
    if (c->withdrawn)
        d->withdrawn++;
    else if (c->voided)
        d->voided++;
    else if (!counted)
        d->unfinished++;
    else if (c->count[list] >= 0)
        d->counted++;
    else if (c->count[list] == ANSWER_DONT_KNOW)
        d->dont_know++;
    else if (c->count[list] == ANSWER_REFUSED)
        d->refused++;
    else
        d->broken_off++;
}

void fold_draws(const struct fold *f, struct fold_draws *out)
{
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < f->contacts; i++) {
        const struct fold_contact *c = &f->contact[i];
        size_t lists = c->pack->study->lists;
        for (size_t l = 0; c->assigned && l < lists; l++)
            if (c->draw.arm[l] != ARM_NOT_ASKED)
                count_draw(c, l, out);
    }
}

void fold_finals(const struct fold *f, uint64_t *count)
{
    size_t codes = 0;
    const struct disposition *table = disposition_table(&codes);
    memset(count, 0, codes * sizeof *count);
    for (size_t i = 0; i < f->contacts; i++)
        for (size_t k = 0; f->contact[i].ended && k < codes; k++)
            count[k] += table[k].code == f->contact[i].disposition;
}

bool fold_has_live(const struct fold *f)
{
    for (size_t i = 0; i < f->contacts; i++)
        if (!f->contact[i].test && !f->contact[i].simulated)
            return true;
    return false;
}
