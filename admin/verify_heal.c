/* What a carrier changed and the signatures put right: a number or a head in front of the entries,
 * one bit of an entry, an entry that another copy has whole. Nothing is guessed that no signature
 * of the laptop vouches for. */
#include <string.h>

#include "admin/verify_device.h"

/* Entries tried bit by bit in one reading: each costs some thousand signatures. */
enum { MAX_BITWISE = 32 };

/* The file that vouches for entry ${n} of stream ${id}, or NULL. */
static const struct verify_file *whole_copy(const struct verify_files *files,
                                            const uint8_t id[HASH_LEN], uint64_t n)
{
    for (size_t i = 0; i < files->count; i++) {
        const struct verify_file *f = &files->file[i];
        if (f->head != NULL && memcmp(f->s.pre.id, id, HASH_LEN) == 0 && n >= f->s.first &&
            n - f->s.first < f->good)
            return f;
    }
    return NULL;
}

/* With the number that the name gives, and the head that the entry in front has elsewhere. */
static void heal_front(const struct verify_files *files, struct verify_file *f)
{
    struct segment s = f->s;
    s.first = f->name.first;
    if (!intake_in_range(&s))
        return;
    const struct verify_file *front =
        s.first > s.pre.first ? whole_copy(files, s.pre.id, s.first - 1) : NULL;
    if (front != NULL)
        memcpy(s.before, front->head[s.first - 1 - front->s.first], HASH_LEN);
    uint32_t good = intake_check_entries(&s, f->head);
    if (good > 0) {
        f->s = s;
        f->good = good;
    }
}

static uint8_t *bytes_of(const struct verify_file *f, uint32_t i)
{
    return f->bytes + (intake_entry(&f->s, i).p - f->bytes);
}

static bool copy_entry(const struct verify_files *files, struct verify_file *f)
{
    uint64_t n = f->s.first + f->good;
    const struct verify_file *from = whole_copy(files, f->s.pre.id, n);
    if (from == NULL || from->s.entry_len != f->s.entry_len)
        return false;
    memcpy(bytes_of(f, f->good), intake_entry(&from->s, (uint32_t)(n - from->s.first)).p,
           f->s.entry_len);
    return true;
}

/* The one bit whose change makes the entry's own signature fit. */
static bool flip_back(struct verify_file *f)
{
    uint8_t head[HASH_LEN], *e = bytes_of(f, f->good);
    const uint8_t *before = f->good > 0                    ? f->head[f->good - 1]
                            : f->s.first == f->s.pre.first ? f->s.pre.id
                                                           : f->s.before;
    for (size_t bit = 0; bit < 8 * f->s.entry_len; bit++) {
        e[bit / 8] = (uint8_t)(e[bit / 8] ^ 1u << bit % 8);
        stream_head(before, (struct bytes){e, f->s.entry_len}, head);
        if (intake_vouches(&f->s, f->good, head))
            return true;
        e[bit / 8] = (uint8_t)(e[bit / 8] ^ 1u << bit % 8);
    }
    return false;
}

void verify_heal(struct verify_run *run, const struct verify_files *files, struct verify_file *f)
{
    if (f->good == 0)
        heal_front(files, f);
    if (f->s.first != f->name.first || !intake_in_range(&f->s))
        return;
    while (f->good < f->s.count) {
        uint32_t good = f->good;
        if (!copy_entry(files, f) &&
            (run->bitwise >= MAX_BITWISE || (run->bitwise++, !flip_back(f))))
            return;
        f->good = intake_check_entries(&f->s, f->head);
        if (f->good <= good)
            return;
    }
}
