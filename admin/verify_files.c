/* Steps 1 to 5, segment by segment. */
#include <stdlib.h>
#include <string.h>

#include "admin/verify_device.h"
#include "core/segment.h"

struct reading {
    struct verify_run *run;
    size_t device;
    struct verify_files *files;
};

/* Only a segment that is whole is called foreign, or of an unknown pack: damaged bytes are nobody's
 * doing. */
static enum verdict judge_front(const struct reading *g, struct verify_file *f, struct bytes bytes)
{
    const struct verify_device *d = &g->run->report->device[g->device];
    if (intake_read(bytes, &f->s) != ERR_OK)
        return VERDICT_DAMAGED;
    f->pack = verify_find_pack(g->run->report, f->s.pre.pack);
    if (intake_check_preamble(&f->s.pre, f->pack != NULL ? f->pack->pack : NULL) != ERR_OK)
        return VERDICT_DAMAGED;
    if (f->pack == NULL)
        return VERDICT_UNKNOWN_PACK;
    if (f->s.pre.field_len != ENTRY_FIELD_LEN + STREAM_TAG_LEN ||
        f->s.pre.answers_len != entry_answers_len(f->pack->study) + STREAM_TAG_LEN)
        return VERDICT_DAMAGED;
    if (memcmp(f->s.pre.device, d->id, 32) != 0 || f->s.pre.number != f->name.stream)
        return VERDICT_FOREIGN;
    return VERDICT_INTACT;
}

static enum err judge_file(const struct reading *g, struct verify_file *f, struct bytes bytes)
{
    f->fault = judge_front(g, f, bytes);
    if (f->fault != VERDICT_INTACT)
        return ERR_OK;
    f->head = malloc((f->s.count > 0 ? f->s.count : 1) * sizeof *f->head);
    if (f->head == NULL)
        return ERR_NOMEM;
    bool named = f->s.first == f->name.first && intake_in_range(&f->s);
    bool hit = f->s.first == f->s.pre.first && memcmp(f->s.before, f->s.pre.id, HASH_LEN) != 0;
    f->good = named ? intake_check_entries(&f->s, f->head) : 0;
    f->fault = f->good < f->s.count || !named || hit ? VERDICT_DAMAGED
               : f->s.truncated                      ? VERDICT_TRUNCATED
                                                     : VERDICT_INTACT;
    return ERR_OK;
}

static enum err add_file(void *ctx, const char *text, struct bytes bytes)
{
    const struct reading *g = ctx;
    struct verify_files *all = g->files;
    struct verify_file *more = realloc(all->file, (all->count + 1) * sizeof *more);
    if (more == NULL)
        return ERR_NOMEM;
    all->file = more;
    struct verify_file *f = &all->file[all->count];
    memset(f, 0, sizeof *f);
    f->bytes = malloc(bytes.len > 0 ? bytes.len : 1);
    if (f->bytes == NULL)
        return ERR_NOMEM;
    if (bytes.len > 0)
        memcpy(f->bytes, bytes.p, bytes.len);
    segment_get_name(text, &f->name);
    enum err e = judge_file(g, f, (struct bytes){f->bytes, bytes.len});
    all->count++;
    return e;
}

enum err verify_files_read(struct verify_run *run, size_t device, struct verify_files *out)
{
    struct reading g = {run, device, out};
    uint8_t id[32];
    *out = (struct verify_files){NULL, 0};
    memcpy(id, run->report->device[device].id, sizeof id);
    enum err e = archive_each_segment(run->archive, id, add_file, &g);
    for (size_t i = 0; e == ERR_OK && i < out->count; i++) {
        struct verify_file *f = &out->file[i];
        if (f->head == NULL || f->fault == VERDICT_INTACT)
            continue;
        verify_heal(run, out, f);
        if (f->s.first != f->name.first || !intake_in_range(&f->s)) { /* of another range */
            free(f->head);
            f->head = NULL;
        }
    }
    return e;
}

void verify_files_free(struct verify_files *f)
{
    for (size_t i = 0; i < f->count; i++) {
        free(f->file[i].head);
        free(f->file[i].bytes);
    }
    free(f->file);
    *f = (struct verify_files){NULL, 0};
}

/* ---- what is wrong with them ---- */

/* True if all positions from ${first} to ${last} came whole, in whichever history. */
static bool came(const struct verify_history *h, uint64_t first, uint64_t last)
{
    size_t low = 0, high = h->slots;
    if (last - first >= h->slots)
        return false;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (h->slot[mid].n < first)
            low = mid + 1;
        else
            high = mid;
    }
    for (uint64_t n = first; low < h->slots && h->slot[low].n == n; low++)
        if (low + 1 == h->slots || h->slot[low + 1].n != n) {
            if (n == last)
                return true;
            n++;
        }
    return false;
}

static enum err say_refused(struct verify_run *run, size_t device, const struct verify_file *f,
                            const struct verify_history *h)
{
    uint64_t stream = f->name.stream, first = f->name.first, last = f->name.last;
    bool own = f->fault == VERDICT_FOREIGN &&
               memcmp(f->s.pre.device, run->report->device[device].id, 32) == 0;
    if (own) { /* our own under a wrong name is harmless if it came under its right one too */
        stream = f->s.pre.number;
        first = f->s.first;
        last = f->s.first + f->s.count - 1;
    }
    if ((own || f->fault != VERDICT_FOREIGN) && last >= first && came(h, first, last))
        return verify_add(run, device, VERDICT_DUPLICATE, NULL, stream, first, last);
    return verify_add(run, device, f->fault, NULL, f->name.stream, f->name.first, f->name.last);
}

/* What is there but not vouched for has its verdict by entry; here is what its name promises beyond
 * that. */
static enum err say_part(struct verify_run *run, size_t device, const struct verify_file *f,
                         const struct verify_history *h)
{
    uint64_t end = f->s.first + f->s.count - 1, bad = f->s.first + f->good;
    uint64_t last = f->name.last > end ? f->name.last : end;
    if (bad > last)
        return verify_add(run, device, VERDICT_REPAIRED, NULL, f->name.stream, f->name.first, last);
    if (came(h, bad, last))
        return verify_add(run, device, VERDICT_DUPLICATE, NULL, f->name.stream, f->name.first,
                          last);
    if (last > end && !came(h, end + 1, last))
        return verify_add(run, device, VERDICT_TRUNCATED, NULL, f->name.stream, end + 1, last);
    return ERR_OK;
}

enum err verify_files_say(struct verify_run *run, size_t device, const struct verify_files *all,
                          const struct verify_history *h)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < all->count; i++) {
        const struct verify_file *f = &all->file[i];
        if (f->fault != VERDICT_INTACT)
            e = f->head == NULL ? say_refused(run, device, f, h) : say_part(run, device, f, h);
    }
    return e;
}
