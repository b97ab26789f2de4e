#include <jansson.h>
#include <stdio.h>

#include "admin/command/verify_report.h"
#include "core/segment.h"

static json_t *number(uint64_t n)
{
    return json_integer((json_int_t)n);
}

static json_t *hex(const uint8_t *p, size_t n)
{
    char text[2 * HASH_LEN + 1];
    segment_hex(p, n, text);
    return json_string(text);
}

static json_t *id_of(const struct verify_report *r, size_t device)
{
    return hex(r->device[device].id, 32);
}

static json_t *json_run(const struct verify_line *l)
{
    return json_pack("{so so ss ss}", "first", number(l->first), "last", number(l->last), "verdict",
                     verdict_name(l->verdict), "what", l->why);
}

static json_t *json_streams(const struct verify_report *r, size_t device)
{
    json_t *all = json_array();
    for (size_t i = 0; i < r->streams; i++) {
        const struct verify_stream *s = &r->stream[i];
        json_t *runs = s->device == device ? json_array() : NULL;
        if (s->device != device)
            continue;
        for (size_t k = s->run; k < s->run + s->runs; k++)
            json_array_append_new(runs, json_run(&r->run[k]));
        json_array_append_new(all, json_pack("{so so so so so ss so}", "number", number(s->number),
                                             "id", hex(s->id, HASH_LEN), "pack", number(s->pack),
                                             "first", number(s->first), "last", number(s->last),
                                             "verdict", verdict_name(s->verdict), "runs", runs));
    }
    return all;
}

static json_t *json_devices(const struct verify_report *r)
{
    json_t *all = json_array();
    for (size_t i = 0; i < r->devices; i++) {
        const struct verify_device *d = &r->device[i];
        json_array_append_new(all, json_pack("{so ss ss so sb sb so so sb so}", "id", id_of(r, i),
                                             "words", d->words, "verdict", verdict_name(d->verdict),
                                             "entries", number(d->entries), "approved", d->approved,
                                             "revoked", d->revoked, "whole_to", number(d->whole_to),
                                             "replaces",
                                             d->has_replaced ? hex(d->replaced, 32) : json_null(),
                                             "retired", d->retired, "streams", json_streams(r, i)));
    }
    return all;
}

static json_t *json_draws(const struct verify_report *r, const struct fold_draws *d)
{
    if (!r->answers)
        return json_null();
    return json_pack("{so so so so so so so so so so}", "assigned", number(d->assigned), "counted",
                     number(d->counted), "dont_know", number(d->dont_know), "refused",
                     number(d->refused), "broken_off", number(d->broken_off), "void",
                     number(d->voided), "withdrawn", number(d->withdrawn), "unfinished",
                     number(d->unfinished), "test", number(d->test), "simulated",
                     number(d->simulated));
}

static json_t *json_addresses(const struct ledgers *l)
{
    size_t codes = 0;
    const struct disposition *table = disposition_table(&codes);
    json_t *final = json_object();
    for (size_t k = 0; k < codes; k++)
        if (l->final[k] > 0)
            json_object_set_new(final, table[k].number, number(l->final[k]));
    return json_pack("{so so so so so}", "issued", json_null(), "contacts", number(l->contacts),
                     "final", final, "open", number(l->unfinished), "open_device_retired",
                     number(l->retired));
}

static json_t *json_verdicts(const struct verify_report *r)
{
    json_t *all = json_array();
    for (size_t i = 0; i < r->lines; i++) {
        const struct verify_line *l = &r->line[i];
        json_t *one = json_run(l);
        json_object_set_new(one, "device", id_of(r, l->device));
        json_object_set_new(one, "stream", number(l->stream));
        json_array_append_new(all, one);
    }
    return all;
}

static json_t *json_branch(const struct verify_branch *b, size_t i)
{
    static const char *const chain[] = {[CHAIN_UNKNOWN] = NULL,
                                        [CHAIN_OWN] = "own",
                                        [CHAIN_RESTARTED] = "restarted",
                                        [CHAIN_OTHER] = "other"};
    char letter[2] = {(char)('a' + (int)i), '\0'};
    json_t *one =
        json_pack("{ss so so so so sb sb}", "branch", letter, "position", number(b->at), "head",
                  hex(b->head, HASH_LEN), "entries", number(b->entries), "last", number(b->last),
                  "choosable", b->choosable, "new_session", b->new_session);
    if (b->opened) {
        json_object_set_new(one, "same_start", json_boolean(b->same_start));
        json_object_set_new(one, "from_minute", number(b->from));
        json_object_set_new(one, "to_minute", number(b->to));
        json_object_set_new(one, "chain",
                            b->chain == CHAIN_UNKNOWN ? json_null() : json_string(chain[b->chain]));
    }
    return one;
}

static json_t *json_forks(const struct verify_report *r)
{
    json_t *all = json_array();
    for (size_t i = 0; i < r->forks; i++) {
        const struct verify_fork *f = &r->fork[i];
        json_t *branches = json_array();
        char letter[2] = {(char)('a' + (f->chosen < 0 ? 0 : f->chosen)), '\0'};
        for (size_t k = 0; k < f->branches; k++)
            json_array_append_new(branches, json_branch(&f->branch[k], k));
        json_array_append_new(all, json_pack("{so so sb sb so so}", "device", id_of(r, f->device),
                                             "position", number(f->n), "decided", f->decided,
                                             "locked_in_front", f->locked, "chosen",
                                             f->chosen < 0 ? json_null() : json_string(letter),
                                             "branches", branches));
    }
    return all;
}

static json_t *json_codes(const struct verify_report *r)
{
    static const char *const state[] = {[CODE_THERE] = "there",
                                        [CODE_MISHEARD] = "there, misheard",
                                        [CODE_LEFT_OUT] = "not counted",
                                        [CODE_TAKEN_BACK] = "taken back",
                                        [CODE_NEEDLESS] = "behind the last that counts",
                                        [CODE_AWAITED] = "not yet there",
                                        [CODE_DIFFERS] = "differs"};
    char sentence[VERIFY_SENTENCE];
    json_t *all = json_array();
    for (size_t i = 0; i < r->codes; i++) {
        const struct verify_code *c = &r->code[i];
        verify_code_text(r, c, sentence);
        json_array_append_new(all, json_pack("{ss ss ss so so}", "code", c->digits, "verdict",
                                             state[c->state], "what", sentence, "device",
                                             c->placed  ? id_of(r, c->at)
                                             : c->bound ? hex(c->device, 32)
                                                        : json_null(),
                                             "position", c->placed ? number(c->n) : json_null()));
    }
    return all;
}

enum err verify_print_json(const struct verify_report *r, const struct ledgers *l, enum err e)
{
    json_t *assignment =
        r->answers ? json_pack("{so so so}", "replayed", number(r->replayed), "mismatched",
                               number(r->mismatched), "before_approval", number(r->before_approval))
                   : json_null();
    json_t *all = json_pack("{sb so so so so so so so}", "ok", e == ERR_OK, "devices",
                            json_devices(r), "draws", json_draws(r, &l->draws), "addresses",
                            json_addresses(l), "assignment", assignment, "verdicts",
                            json_verdicts(r), "forks", json_forks(r), "closing", json_codes(r));
    bool ok = all != NULL && json_dumpf(all, stdout, JSON_INDENT(2)) == 0 && putchar('\n') != EOF;
    json_decref(all);
    return ok ? e : ERR_NOMEM;
}
