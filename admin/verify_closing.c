/* Closing codes: what was read out over the telephone must be among what came. They need no key:
 * the mac of an entry is in clear. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/closing.h"
#include "admin/verify_device.h"

enum {
    DIGITS = CLOSING_DIGITS,
    POSITION = 4 /* digits of it that say the position */,
    TURN = 10000
};

static enum err add_code(void *ctx, const char *digits, const uint8_t *device, bool taken_back)
{
    struct verify_report *r = ctx;
    struct verify_code *more = realloc(r->code, (r->codes + 1) * sizeof *more);
    if (more == NULL)
        return ERR_NOMEM;
    r->code = more;
    struct verify_code *c = &r->code[r->codes++];
    *c = (struct verify_code){.state = taken_back ? CODE_TAKEN_BACK : CODE_AWAITED};
    snprintf(c->digits, sizeof c->digits, "%s", digits);
    c->bound = device != NULL;
    if (device != NULL)
        memcpy(c->device, device, 32);
    return ERR_OK;
}

enum err verify_closing_read(struct verify_run *run)
{
    return archive_each_closing(run->archive, add_code, run->report);
}

/* ---- among what came ---- */

static void digits_of(const struct verify_slot *s, char out[STREAM_CLOSING])
{
    char spaced[STREAM_CLOSING];
    size_t n = 0;
    stream_closing(s->n, s->sealed.p + s->sealed.len - SIGN_LEN - STREAM_MAC_LEN, spaced);
    for (const char *p = spaced; *p != '\0'; p++)
        if (*p != ' ')
            out[n++] = *p;
    out[n] = '\0';
}

/* One digit misheard, two neighbours that changed places, or the position wrong and all else right:
 * by chance once in 10^18, so the code is of this entry. */
static bool nearly(const char *said, const char *is)
{
    size_t differ = 0, at = 0;
    for (size_t i = 0; i < DIGITS; i++)
        if (said[i] != is[i] && differ++ == 0)
            at = i;
    if (differ <= 1 || strcmp(said + POSITION, is + POSITION) == 0)
        return true;
    return differ == 2 && at + 1 < DIGITS && said[at] == is[at + 1] && said[at + 1] == is[at];
}

static bool is_left_out(const struct verify_slot *s)
{
    return s->verdict == VERDICT_REVOKED || s->verdict == VERDICT_NOT_CHOSEN;
}

static void look_in(struct verify_code *c, size_t device, const struct verify_slot *slot,
                    size_t slots)
{
    for (size_t i = 0; i < slots && c->state > CODE_THERE && c->state != CODE_TAKEN_BACK; i++) {
        char is[STREAM_CLOSING];
        digits_of(&slot[i], is);
        bool same = strcmp(c->digits, is) == 0;
        if (!same && (c->state <= CODE_LEFT_OUT || !nearly(c->digits, is)))
            continue;
        c->state = !same ? CODE_MISHEARD : is_left_out(&slot[i]) ? CODE_LEFT_OUT : CODE_THERE;
        c->placed = true;
        c->at = device;
        c->n = slot[i].n;
    }
}

/* ---- where it is not ---- */

static bool has(const struct verify_history *h, uint64_t n)
{
    for (size_t i = 0; i < h->slots; i++)
        if (h->slot[i].n == n)
            return true;
    return false;
}

/* Which position of this device the code can be of, and what that means. A code tells the position
 * but for multiples of 10,000; the one nearest to the end of what came is meant. */
static void judge(struct verify_code *c, size_t device, const struct verify_history *h,
                  uint64_t counts)
{
    uint64_t end = h->slots > 0 ? h->slot[h->slots - 1].n : 0, p = 0;
    for (size_t i = 0; i < POSITION; i++)
        p = 10 * p + (uint64_t)(c->digits[i] - '0');
    uint64_t above =
        end + 1 + (p + TURN - (end + 1) % TURN) % TURN; /* the next such one behind it */
    uint64_t below = above > TURN ? above - TURN : 0;
    bool came = below > 0 && end - below <= above - end;
    c->placed = true;
    c->at = device;
    c->n = came ? below : above;
    c->last = end;
    c->state = c->n > counts ? CODE_NEEDLESS : came && has(h, below) ? CODE_DIFFERS : CODE_AWAITED;
}

void verify_closing_look(struct verify_run *run, size_t device, const struct verify_history *h,
                         uint64_t last)
{
    struct verify_report *r = run->report;
    for (size_t i = 0; i < r->codes; i++) {
        struct verify_code *c = &r->code[i];
        bool whose = c->bound && memcmp(c->device, r->device[device].id, 32) == 0;
        look_in(c, device, h->slot, h->slots);
        look_in(c, device, h->loose, h->looses);
        if (c->state >= CODE_NEEDLESS && (whose || (!c->bound && r->devices == 1)))
            judge(c, device, h, last);
    }
}

enum err verify_closing_end(struct verify_run *run)
{
    struct verify_report *r = run->report;
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < r->codes; i++) {
        const struct verify_code *c = &r->code[i];
        if (c->placed && c->state == CODE_AWAITED)
            e = verify_add(run, c->at, VERDICT_AWAITED, NULL, 0,
                           c->last < c->n ? c->last + 1 : c->n, c->n);
        if (c->placed && c->state == CODE_DIFFERS)
            e = verify_add(run, c->at, VERDICT_DIFFERS, NULL, 0, c->n, c->n);
    }
    return e;
}

/* ---- for people ---- */

enum err verify_code_err(const struct verify_code *c)
{
    return c->state == CODE_DIFFERS                                ? ERR_DOUBT
           : c->state == CODE_AWAITED || c->state == CODE_LEFT_OUT ? ERR_PARTIAL
                                                                   : ERR_OK;
}

void verify_code_text(const struct verify_report *r, const struct verify_code *c,
                      char out[VERIFY_SENTENCE])
{
    static const char *const text[] = {
        [CODE_THERE] = "its entry is there",
        [CODE_MISHEARD] = "its entry is there; a digit was misheard or mistyped",
        [CODE_LEFT_OUT] =
            "its entry is there, but in what does not count: somebody read it out from "
            "a laptop with that history",
        [CODE_TAKEN_BACK] = "taken back; see the log for the reason",
        [CODE_NEEDLESS] = "not there, and behind the last position that counts",
        [CODE_AWAITED] =
            "not there: not brought in yet, or deleted since; sync or collect from the "
            "laptop, then pull",
        [CODE_DIFFERS] =
            "another entry came at its position: the laptop's history was changed after "
            "the code was read out, or the code was misheard (then take it back)"};
    char spaced[CLOSING_SPACED], where[160] = "";
    closing_space(c->digits, spaced);
    if (c->placed)
        snprintf(where, sizeof where, "%s, entry %" PRIu64, r->device[c->at].words, c->n);
    else if (c->bound)
        snprintf(where, sizeof where, "a laptop of which nothing has come");
    else
        snprintf(where, sizeof where, "an entry of some laptop at a position ending in %.4s",
                 c->digits);
    if (c->placed && c->state == CODE_AWAITED && c->last < c->n)
        snprintf(out, VERIFY_SENTENCE,
                 "closing code %s: %s: %" PRIu64 " entries behind %" PRIu64 " are %s", spaced,
                 where, c->n - c->last, c->last, text[c->state]);
    else
        snprintf(out, VERIFY_SENTENCE, "closing code %s: %s: %s", spaced, where, text[c->state]);
}
