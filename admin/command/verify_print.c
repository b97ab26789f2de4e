#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "admin/command/verify_report.h"

/* ---- forks ---- */

static void print_minute(const char *before, uint32_t minutes)
{
    time_t t = (time_t)minutes * 60;
    struct tm tm;
    char text[32] = "";
    if (gmtime_r(&t, &tm) != NULL)
        strftime(text, sizeof text, "%Y-%m-%d %H:%M", &tm);
    printf("%s%s", before, text);
}

static void print_branch(const struct verify_fork *f, size_t i)
{
    static const char *const chain[] = {
        [CHAIN_UNKNOWN] = "",
        [CHAIN_OWN] = "; sealed by the laptop's own chain",
        [CHAIN_RESTARTED] = "; begins with a new root: the laptop had lost its state",
        [CHAIN_OTHER] = "; not sealed by the laptop's own chain"};
    const struct verify_branch *b = &f->branch[i];
    printf("    %c) ", (char)('a' + (int)i));
    if (b->entries == 0)
        printf("ends with entry %" PRIu64, b->at);
    else
        printf("entries %" PRIu64 " to %" PRIu64 ", %" PRIu64 " came; %s session %" PRIu64,
               b->first, b->last, b->entries, b->new_session ? "begins" : "goes on in", b->stream);
    if (b->opened) {
        print_minute("; from ", b->from);
        print_minute(" to ", b->to);
        printf(" (UTC, the laptop's clock), %s%s",
               b->same_start ? "the same start of the machine as the entry in front"
                             : "another start of the machine than the entry in front",
               chain[b->chain]);
    }
    if (!b->choosable)
        printf("; its beginning never came: bring that first");
    puts(f->chosen == (int)i ? "; CHOSEN" : "");
}

/* What two branches say together. */
static void print_together(const struct verify_report *r, const struct verify_fork *f)
{
    const struct verify_branch *x = NULL, *y = NULL;
    for (size_t i = 0; i < f->branches; i++)
        if (f->branch[i].opened) {
            y = x != NULL && y == NULL ? &f->branch[i] : y;
            x = x == NULL ? &f->branch[i] : x;
        }
    if (!f->locked)
        puts("    in front of it the session was not ended by a lock: power may have gone, or a "
             "program "
             "was stopped");
    if (r->opened)
        puts(r->device[f->device].has_machine
                 ? "    the laptop knows its machine, and the program refuses to run on another one"
                 : "    the laptop has no machine id: a copy on another machine would not be "
                   "noticed");
    if (y == NULL)
        return;
    if (sodium_memcmp(x->boot, y->boot, sizeof x->boot) == 0)
        puts("    both were written in one start of one machine");
    else if (x->from <= y->to && y->from <= x->to)
        puts("    their times overlap: both may have been in use at once");
    else
        puts("    one begins when the other had ended: an older state may have been put back");
}

void verify_print_fork(const struct verify_report *r, const struct verify_fork *f)
{
    const char *words = r->device[f->device].words;
    printf("  %s: two histories from entry %" PRIu64 " on%s\n", words, f->n,
           f->decided ? "; a person has chosen, and the other is kept"
                      : "; neither counts until a person chooses");
    for (size_t i = 0; i < f->branches; i++)
        print_branch(f, i);
    print_together(r, f);
    if (!f->decided)
        printf("    ask the interviewer, then: sanaq-admin devices ARCHIVE choose \"%s\" --branch "
               "LETTER --reason TEXT --key KEY\n",
               words);
}

/* ---- laptops and sessions ---- */

static void print_packs(const struct verify_report *r)
{
    for (size_t i = 0; i < r->packs; i++) {
        char words[WORDS_TEXT];
        words_of(r->pack[i].pack->hash, words);
        printf("study %s, pack %" PRIu32 ": %s\n", r->pack[i].study->id, r->pack[i].pack->number,
               words);
    }
}

static void print_link(const struct verify_report *r, const struct verify_device *d)
{
    const struct verify_device *old = NULL;
    for (size_t i = 0; i < r->devices && d->has_replaced; i++)
        if (sodium_memcmp(r->device[i].id, d->replaced, 32) == 0)
            old = &r->device[i];
    if (d->has_replaced)
        printf("  set up anew in the place of: %s\n",
               old != NULL ? old->words : "a laptop that sent nothing here");
    if (d->retired)
        puts("  retired: another laptop was set up in its place");
    if (d->restarted > 0 && d->verdict >= VERDICT_RESTARTED)
        printf(
            "  when you have asked: sanaq-admin devices ARCHIVE choose \"%s\" --position %" PRIu64
            " --reason TEXT --key KEY\n",
            d->words, d->restarted);
}

/* Sessions that are intact are counted; the others are shown run by run. */
static void print_streams(const struct verify_report *r, size_t device)
{
    uint64_t intact = 0;
    for (size_t i = 0; i < r->streams; i++) {
        const struct verify_stream *s = &r->stream[i];
        if (s->device != device)
            continue;
        intact += s->verdict == VERDICT_INTACT;
        for (size_t k = s->run; s->verdict != VERDICT_INTACT && k < s->run + s->runs; k++)
            printf("    session %4" PRIu64 "  entries %6" PRIu64 " to %6" PRIu64 "  %s\n",
                   s->number, r->run[k].first, r->run[k].last, verdict_name(r->run[k].verdict));
    }
    printf("    sessions intact: %" PRIu64 "\n", intact);
}

static void print_devices(const struct verify_report *r)
{
    for (size_t i = 0; i < r->devices; i++) {
        const struct verify_device *d = &r->device[i];
        printf("%-24s %7" PRIu64 " entries  %s\n", verdict_name(d->verdict), d->entries, d->words);
        print_link(r, d);
        if (d->verdict != VERDICT_INTACT)
            print_streams(r, i);
    }
    for (size_t i = 0; i < r->lines; i++) {
        const struct verify_line *l = &r->line[i];
        printf("  %s: stream %" PRIu64 ", entries %" PRIu64 " to %" PRIu64 ": %s: %s\n",
               r->device[l->device].words, l->stream, l->first, l->last, verdict_name(l->verdict),
               l->why);
    }
    for (size_t i = 0; i < r->forks; i++)
        verify_print_fork(r, &r->fork[i]);
}

static void print_codes(const struct verify_report *r)
{
    char sentence[VERIFY_SENTENCE];
    for (size_t i = 0; i < r->codes; i++) {
        verify_code_text(r, &r->code[i], sentence);
        puts(sentence);
    }
}

/* ---- ledgers ---- */

static void print_ledgers(const struct verify_report *r, const struct ledgers *l)
{
    size_t codes = 0;
    const struct disposition *table = disposition_table(&codes);
    printf("\naddresses: issued not known; %" PRIu64 " contacts, %" PRIu64 " still open\n",
           l->contacts, l->unfinished);
    if (l->retired > 0)
        printf("  of them %" PRIu64
               " open, device retired: nobody can end them; issue their addresses "
               "again\n",
               l->retired);
    for (size_t k = 0; k < codes; k++)
        if (l->final[k] > 0)
            printf("  %-6s %7" PRIu64 "  %s\n", table[k].number, l->final[k], table[k].text);
    if (!r->answers) {
        puts("draws, assignment: not checked with this key");
        return;
    }
    const struct fold_draws *d = &l->draws;
    printf("draws: %" PRIu64 " assigned = %" PRIu64 " counted + %" PRIu64 " don't know + %" PRIu64
           " refused + %" PRIu64 " broken off + %" PRIu64 " void + %" PRIu64 " withdrawn + %" PRIu64
           " unfinished\n",
           d->assigned, d->counted, d->dont_know, d->refused, d->broken_off, d->voided,
           d->withdrawn, d->unfinished);
    if (d->test + d->simulated > 0)
        printf("  of them %" PRIu64 " in test interviews and %" PRIu64 " simulated\n", d->test,
               d->simulated);
    printf("assignment: %" PRIu64 " interviews replayed, %" PRIu64
           " not as the key dictates; %" PRIu64 " drawn before approval\n",
           r->replayed, r->mismatched, r->before_approval);
}

void verify_print_text(const struct verify_report *r, const struct ledgers *l, enum err e)
{
    print_packs(r);
    print_devices(r);
    print_codes(r);
    print_ledgers(r, l);
    puts(e == ERR_OK      ? "all intact"
         : e == ERR_DOUBT ? "SOMETHING COUNTED IS IN DOUBT: see above"
                          : "some pieces were set aside: see above");
}
